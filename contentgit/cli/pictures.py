"""Pictures of a media folder as ``data:`` URIs, for a report that is one file.

The names are content and hostile: a file counts only if it is inside the folder, and a picture only if its
first bytes are those of a picture. Nothing is decoded here; the browser makes it small. No SVG, which can
hold scripts.
"""

from __future__ import annotations

import base64
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LARGEST: Final = 200_000
"""Bytes of one picture."""

ALL: Final = 5_000_000
"""Bytes of all pictures of a report."""

_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
_SIGNS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


@dataclass
class Pictures:
    """The pictures of one report; ``left`` is how many bytes of them it may still take."""

    folder: Path
    left: int = ALL

    def uri(self, name: str) -> str:
        """The ``data:`` URI of a picture by its name in the folder; ``""`` where there is none to show."""
        path = self._inside(name)
        if path is None:
            return ""
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError:
            return ""
        kind = next((kind for sign, kind in _SIGNS if sign.match(data)), "")
        if not kind or len(data) > min(LARGEST, self.left):
            return ""
        self.left -= len(data)
        return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"

    def _inside(self, name: str) -> Path | None:
        """The regular file of that name, if it is inside the folder after links are followed."""
        given = Path(name)
        if given.suffix.lower() not in _SUFFIXES or given.is_absolute() or ".." in given.parts:
            return None
        try:
            folder = self.folder.resolve(strict=True)
            path = (folder / given).resolve(strict=True)
            plain = stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):  # NUL, half a surrogate, a ring of links
            return None
        return path if plain and path.is_relative_to(folder) else None

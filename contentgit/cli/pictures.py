"""Pictures as ``data:`` URIs, for a report that is one file: those of commits, and of a media folder.

The names are content and hostile: a file counts only if it is inside the folder, and a picture only if its
first bytes are those of a picture. Nothing is decoded here; the browser makes it small. No SVG, which can
hold scripts.
"""

from __future__ import annotations

import base64
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from contentgit.content.records import CarriedFile, Value

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


ReadFile: TypeAlias = Callable[[CarriedFile], bytes]


def nobody(_file: CarriedFile) -> bytes:
    """Nothing: the bytes of no file are known."""
    return b""


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _SUFFIXES


@dataclass
class Pictures:
    """The pictures of one report; ``left`` is how many bytes of them it may still take.

    ``read`` gives the bytes of a file that travels with its row, at most as many as it has.
    """

    folder: Path | None
    left: int = ALL
    read: ReadFile = nobody

    def uri(self, value: Value) -> str:
        """The ``data:`` URI of a file, or of a name in the folder; ``""`` if there is none to show."""
        if type(value) is CarriedFile:
            small = value.size <= min(LARGEST, self.left)
            data = self.read(value) if small and _is_picture(value.name) else b""
        else:
            data = self._named(value) if isinstance(value, str) else b""
        kind = next((kind for sign, kind in _SIGNS if sign.match(data)), "")
        if not kind or len(data) > min(LARGEST, self.left):
            return ""
        self.left -= len(data)
        return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"

    def _named(self, name: str) -> bytes:
        path = self._inside(name)
        if path is None:
            return b""
        try:
            with path.open("rb") as file:
                return file.read(LARGEST + 1)
        except OSError:
            return b""

    def _inside(self, name: str) -> Path | None:
        """The regular file of that name, if it is inside the folder after links are followed."""
        given = Path(name)
        if self.folder is None or not _is_picture(name):
            return None
        if given.is_absolute() or ".." in given.parts:
            return None
        try:
            folder = self.folder.resolve(strict=True)
            path = (folder / given).resolve(strict=True)
            plain = stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):  # NUL, half a surrogate, a ring of links
            return None
        return path if plain and path.is_relative_to(folder) else None

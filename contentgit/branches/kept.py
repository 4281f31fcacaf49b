"""JSON files of our own beside the content, which a crash, a full disk or a hand may have damaged."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Final

from contentgit.content.documents import parse_document
from contentgit.errors import FormatError

LARGEST: Final = 2**28
"""Bytes of such a file: it holds what people decided, and no text of theirs is so long."""


def read_kept(path: Path) -> tuple[bytes, Any]:
    """The bytes of a file and the JSON value in them, of bounded size and depth.

    Raises:
        OSError: it is not there, or cannot be read.
        FormatError: it is no plain file, too large, or no JSON that we write.
    """
    # A pipe in its place would else be waited for.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise FormatError("it is not a file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FormatError(f"it has more than {LARGEST:,} bytes")
    return data, parse_document(data)

"""A folder for files that tells what is done with it, so that a test can break it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.files.storage import FileSystemStorage


class Watched(FileSystemStorage):
    """Calls ``hook`` with ``"save"``, ``"saved"``, ``"delete"``, ``"deleted"``, ``"open"``, ``"size"``."""

    hook: ClassVar[Callable[[str, str], object]] = staticmethod(lambda _what, _name: None)

    def save(self, name: Any, content: Any, max_length: Any = None) -> str:
        type(self).hook("save", name)
        found = super().save(name, content, max_length)
        type(self).hook("saved", name)
        return found

    def delete(self, name: Any) -> None:
        type(self).hook("delete", name)
        super().delete(name)
        type(self).hook("deleted", name)

    def open(self, name: Any, mode: str = "rb") -> Any:
        type(self).hook("open", name)
        return super().open(name, mode)

    def size(self, name: Any) -> int:
        type(self).hook("size", name)
        return super().size(name)

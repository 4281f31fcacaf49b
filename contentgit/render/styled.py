"""Styled text as a value: what a terminal shows in colour, and a file or a pipe as it is.

The words of styles are rich's, which is imported only where a terminal shows them.
"""

from __future__ import annotations

from typing import Final, Self, TypeAlias

_DROPPED: Final = dict.fromkeys(
    (7, 8, 11, 12, 13)
)  # bell, backspace and others, as rich drops them


class Text:
    """A line, or several, whose ``parts`` have styles of their own beside the ``style`` of the whole."""

    __slots__ = ("parts", "style")

    def __init__(self, text: str = "", style: str = "") -> None:
        self.style = style
        self.parts: list[Part] = []
        self.append(text)

    def append(self, text: str, style: str = "") -> Self:
        """Adds text; gives itself."""
        if text:
            self.parts.append((text.translate(_DROPPED), style))
        return self

    def append_text(self, text: Text) -> Self:
        """Adds styled text; gives itself."""
        self.parts.append(text)
        return self

    @classmethod
    def assemble(cls, *parts: str | tuple[str, str]) -> Self:
        """Text of parts, each with its style if it has one."""
        made = cls()
        for part in parts:
            made.append(*((part,) if isinstance(part, str) else part))
        return made

    def __str__(self) -> str:
        return self.plain

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return "".join(each.plain if isinstance(each, Text) else each[0] for each in self.parts)


Part: TypeAlias = "tuple[str, str] | Text"
"""Text and its style, or text that has its own."""

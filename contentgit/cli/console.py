"""The console that writes to a terminal, in a module of its own: it takes long to import."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as RichText

from contentgit.render.styled import Text


class QuietConsole(Console):
    """A console that leaves a closed pipe to the caller; rich would end the process with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def rich_text(text: Text) -> RichText:
    """The text as rich has it."""
    made = RichText(style=text.style)
    for part in text.parts:
        if isinstance(part, Text):
            made.append_text(rich_text(part))
        else:
            made.append(*part)
    return made

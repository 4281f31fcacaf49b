"""The console that writes to a terminal, in a module of its own: it takes long to import."""

from __future__ import annotations

from rich.console import Console


class QuietConsole(Console):
    """A console that leaves a closed pipe to the caller; rich would end the process with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError

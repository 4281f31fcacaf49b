"""Progress of long work, in a module of its own: most calls never show any."""

from __future__ import annotations

from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn


class ProgressBar:
    """Progress on a terminal; gone when the work is done."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """See :data:`contentgit.workingcopy.project.Progress`."""
        self._bar.start()  # which does nothing to one that is shown
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done, total=total)

    def pause(self) -> None:
        """Takes the bar away until there is more to show."""
        if self._bar.live.is_started:
            self._bar.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.pause()

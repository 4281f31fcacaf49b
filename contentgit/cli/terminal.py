"""The terminal: the only place that prints, asks, and shows progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from contentgit.canonical import dump_document
from contentgit.errors import ContentgitError, UsageError
from contentgit.render import data
from contentgit.render.text import safe

ITEMS_SHOWN = 200
"""Refused items that are listed in full; beyond that a count says how many more ``--json`` lists."""


class Terminal:
    """Standard output for results, standard error for messages, questions and progress."""

    def __init__(self, *, colour: bool | None = None, as_json: bool = False) -> None:
        options: dict[str, Any] = {"highlight": False, "soft_wrap": True, "markup": False}
        if colour is not None:
            options |= {"no_color": not colour, "force_terminal": colour or None}
        self.out = Console(**options)
        self.err = Console(stderr=True, **options)
        self.as_json = as_json

    def line(self, text: Text | str = "", style: str | None = None) -> None:
        """One line of a result; nothing with ``--json``, whose output is one document."""
        if not self.as_json:
            self.out.print(text, style=style)

    def lines(self, lines: Iterable[Text | str]) -> None:
        """Several lines of a result."""
        for line in lines:
            self.line(line)

    def document(self, value: Any) -> None:
        """The one JSON document of a call with ``--json``."""
        sys.stdout.write(dump_document(data.plain(value)).decode())

    def items(self, head: dict[str, Any], name: str, items: Iterable[Any]) -> int:
        """A JSON document whose list ``name`` is streamed; gives how many items it has."""
        count = 0
        sys.stdout.write("{\n")
        for key, value in head.items():
            sys.stdout.write(f"  {_inline(key)}: {_inline(value)},\n")
        sys.stdout.write(f"  {_inline(name)}: [")
        for count, item in enumerate(items, 1):
            sys.stdout.write(",\n    " if count > 1 else "\n    ")
            sys.stdout.write(_inline(item))
        sys.stdout.write("\n  ]\n}\n" if count else "]\n}\n")
        return count

    def note(self, text: str) -> None:
        """A message beside the result, on standard error."""
        self.err.print(text, style="dim")

    def error(self, error: ContentgitError) -> None:
        """What failed, what was refused, and what to do next."""
        if self.as_json:
            self.document(data.error(error))
            return
        word = "refused" if error.exit_code == 3 else "error"
        self.err.print(Text.assemble((f"{word}: ", "bold red"), safe(error.message)))
        for item in error.items[:ITEMS_SHOWN]:
            self.err.print(Text(f"  {safe(item)}"))
        if len(error.items) > ITEMS_SHOWN:
            self.err.print(f"  … and {len(error.items) - ITEMS_SHOWN:,} more (--json lists all)")
        if error.hint:
            self.err.print(Text.assemble(("hint: ", "bold"), safe(error.hint)))

    def confirm(self, question: str, *, flag: str) -> bool:
        """Asks on a terminal.

        Raises:
            UsageError: there is no terminal to ask on; the hint names ``flag``.
        """
        if not (sys.stdin.isatty() and self.err.is_terminal):
            raise UsageError("there is no terminal to ask on", hint=f"add {flag} to go on unasked")
        return self.err.input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _inline(value: Any) -> str:
    return dump_document(data.plain(value)).decode().rstrip().replace("\n", "\n    ")


class ProgressBar:
    """Progress of long work on standard error, on a terminal only; gone when the work is done."""

    def __init__(self, terminal: Terminal) -> None:
        # FORCE_COLOR makes rich take a pipe for a terminal; colours may be forced, a moving bar not.
        self._shown = sys.stderr.isatty() and not terminal.as_json
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=terminal.err,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}
        self._started = False

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """See :data:`contentgit.porcelain.project.Progress`."""
        if not self._shown:
            return
        if not self._started:
            self._bar.start()
            self._started = True
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done, total=total)

    def pause(self) -> None:
        """Takes the bar away, so that something else can be printed."""
        if self._started:
            self._bar.stop()
            self._started = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """A reader that goes away early (``contentgit log | head``) is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  the interpreter flushes it at exit

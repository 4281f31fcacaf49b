"""The terminal: the only place that prints, asks, and shows progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from contentgit.canonical import dump_document
from contentgit.errors import ContentgitError, UsageError
from contentgit.render import data
from contentgit.render.values import safe

if TYPE_CHECKING:
    from contentgit.cli.progress import ProgressBar

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
        self.bar: ProgressBar | None = None

    def pause(self) -> None:
        """Takes a progress bar away, so that something else can use the terminal."""
        if self.bar is not None:
            self.bar.pause()

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
        self.pause()
        return self.err.input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _inline(value: Any) -> str:
    return dump_document(data.plain(value)).decode().rstrip().replace("\n", "\n    ")


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """A reader that goes away early (``contentgit log | head``) is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  the interpreter flushes it at exit

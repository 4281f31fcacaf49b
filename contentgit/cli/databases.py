"""One question to every database of the project, whatever one of them answers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from contentgit import config
from contentgit.cli.project import open_project, start_project
from contentgit.cli.terminal import Terminal
from contentgit.errors import ContentgitError, UsageError
from contentgit.render import data

if TYPE_CHECKING:
    from contentgit.workingcopy.project import Project

T = TypeVar("T")


@dataclass(frozen=True)
class DatabaseAnswer(Generic[T]):
    """What one database answered; or what it lacks, so that it was not asked; or its error."""

    using: str
    value: T | None = None
    lacks: str = ""
    error: ContentgitError | None = None

    @property
    def exit_code(self) -> int:
        """0 unless the database failed; a missing ledger is not a failure."""
        return self.error.exit_code if self.error else 0

    def document(self, form: Callable[[T], dict[str, object]]) -> dict[str, object]:
        """As JSON, with ``form`` for the value."""
        if self.value is not None:
            return form(self.value)
        if self.error is not None:
            return {"database": self.using, "error": data.error(self.error)}
        return {"database": self.using, "lacks": self.lacks}


def ask_all(
    args: argparse.Namespace, terminal: Terminal, ask: Callable[[Project], T]
) -> Iterator[DatabaseAnswer[T]]:
    """Asks each alias of ``DATABASES``; prints which were not asked, and which failed.

    Hints name the database meanwhile.

    Raises:
        UsageError: the call's words are wrong, whatever the database.
    """
    start_project(args)
    call = terminal.call
    for alias in config.aliases():
        terminal.call = replace(call, database=alias)
        answer = _answer(argparse.Namespace(**{**vars(args), "database": alias}), terminal, ask)
        if answer.error and not terminal.as_json:
            terminal.error(answer.error)
        elif answer.lacks:
            terminal.hint(f"Database {alias}: {answer.lacks}")
        yield answer
    terminal.call = call


def _answer(
    args: argparse.Namespace, terminal: Terminal, ask: Callable[[Project], T]
) -> DatabaseAnswer[T]:
    from contentgit.db import ledger  # needs Django to be set up

    try:
        with open_project(args, terminal) as project:
            lacks = ledger.lacking(args.database)
            if lacks:
                return DatabaseAnswer(args.database, lacks=lacks)
            return DatabaseAnswer(args.database, ask(project))
    except UsageError:
        raise
    except ContentgitError as error:
        return DatabaseAnswer(args.database, error=error)

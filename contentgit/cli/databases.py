"""The same look at every database of the project, whatever one of them says."""

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
class Looked(Generic[T]):
    """What was found in one database; or why it is passed over; or the error that it gave."""

    using: str
    found: T | None = None
    lacks: str = ""
    error: ContentgitError | None = None

    @property
    def exit_code(self) -> int:
        """0 where nothing failed: to have no ledger is no failure."""
        return self.error.exit_code if self.error else 0

    def document(self, form: Callable[[T], dict[str, object]]) -> dict[str, object]:
        """As JSON, with ``form`` for what was found."""
        if self.found is not None:
            return form(self.found)
        if self.error is not None:
            return {"database": self.using, "error": data.error(self.error)}
        return {"database": self.using, "lacks": self.lacks}


def everywhere(
    args: argparse.Namespace, terminal: Terminal, look: Callable[[Project], T]
) -> Iterator[Looked[T]]:
    """Looks at each alias of ``DATABASES``; says itself which are passed over, and which fail.

    Hints name the database meanwhile.

    Raises:
        UsageError: the call's words are wrong, whatever the database.
    """
    start_project(args)
    call = terminal.call
    for alias in config.aliases():
        terminal.call = replace(call, database=alias)
        here = argparse.Namespace(**{**vars(args), "database": alias})
        looked = _looked(here, terminal, look)
        if looked.error and not terminal.as_json:
            terminal.error(looked.error)
        elif looked.lacks:
            terminal.line(terminal.call.typed(f"Database {alias}: {looked.lacks}"), style="dim")
        yield looked
    terminal.call = call


def _looked(
    args: argparse.Namespace, terminal: Terminal, look: Callable[[Project], T]
) -> Looked[T]:
    from contentgit.db import ledger  # needs Django to be set up

    try:
        with open_project(args, terminal) as project:
            lacks = ledger.lacking(args.database)
            if lacks:
                return Looked(args.database, lacks=lacks)
            return Looked(args.database, look(project))
    except UsageError:
        raise
    except ContentgitError as error:
        return Looked(args.database, error=error)

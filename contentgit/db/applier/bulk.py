"""Writes many rows at once, and finds the row that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias, TypeVar

from django.db import Error, transaction

from contentgit.content.portions import batches
from contentgit.db.backends import Backend
from contentgit.db.failures import TooLongError, words
from contentgit.db.tables import Rows
from contentgit.errors import ContentgitError, DatabaseError, RefusedError
from contentgit.plan.steps import Step

REFUSALS = (Error, ValueError, OverflowError)
"""What a driver raises for a row: an error of the database, or a value that it cannot send."""


T = TypeVar("T")

BATCH = 1000
"""Records, rows and references that are held at a time."""


def step_batches(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Consecutive steps that do the same to the same model, in lists of bounded length."""
    for _, same in groupby(steps, key=lambda step: (step.action, step.key.model, step.fields)):
        yield from batches(same, BATCH)


Explain: TypeAlias = Callable[[Step, Error], ContentgitError | None]
"""The error that says why the database refuses the row of a step, if that is known."""


class Bulk:
    """Writes the rows of steps within a savepoint; each step has one row."""

    def __init__(self, backend: Backend, explain: Explain) -> None:
        self.backend = backend
        self.explain = explain

    def write(self, steps: Sequence[Step], rows: Rows, write: Callable[[Rows], int]) -> None:
        """Call ``write`` with the rows; it gives the number of rows that were there.

        Raises:
            BusyError: somebody else writes the same rows.
            RefusedError: a row is not there.
            DatabaseError: the database refuses; the message names the record where one is at fault.
        """
        try:
            with transaction.atomic(using=self.backend.using):
                if write(rows) == len(rows):
                    return
                transaction.set_rollback(True, using=self.backend.using)
        except REFUSALS as error:
            over = self.backend.connection.needs_rollback
            if not (self.backend.is_over(error) if isinstance(error, Error) else over):
                self._one_by_one(steps, rows, write)
            raise self._failure(_named(steps), error) from error
        self._one_by_one(steps, rows, write)
        raise _moved(_named(steps))

    def _one_by_one(self, steps: Sequence[Step], rows: Rows, write: Callable[[Rows], int]) -> None:
        """Raises for the first row that cannot be written alone."""
        for step, row in zip(steps, rows, strict=True):
            try:
                with transaction.atomic(using=self.backend.using):
                    count = write([row])
            except REFUSALS as error:
                known = self.explain(step, error) if isinstance(error, Error) else None
                raise known or self._failure(str(step.key), error) from error
            if not count:
                raise _moved(str(step.key))

    def _failure(self, what: str, error: Exception) -> ContentgitError:
        where = f"{what} in database {self.backend.using!r}"
        if isinstance(error, Error):
            return self.backend.failure(where, error)
        hint = error.hint if isinstance(error, TooLongError) else ""
        return DatabaseError(f"{where}: {words(error)}", hint=hint)


def _named(steps: Sequence[Step]) -> str:
    first, *more = steps
    return f"{first.key} and {len(more)} others" if more else str(first.key)


def _moved(what: str) -> RefusedError:
    return RefusedError(
        f"{what} was changed or deleted while the apply was about to write it",
        hint="nothing has changed; run the command again, the plan will show it",
    )

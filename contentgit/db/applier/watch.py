"""Records which tables the project's own code writes during an apply, and which function does so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from django.db import IntegrityError, connections

from contentgit.errors import ContentgitError, RefusedError

ANY: Final = ""
"""The table of a statement of which it is not known what it writes."""

_PART: Final = r"""(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\w$]+)"""
_NAME: Final = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_WRITES: Final = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+|\s+IGNORE)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?(?:\s+ONLY)?"
    rf"|DELETE\s+FROM(?:\s+ONLY)?)\s+{_NAME}",
    re.IGNORECASE,
)
_READS: Final = re.compile(
    r"[\s(]*(?:SELECT|VALUES|SHOW|EXPLAIN|PRAGMA|SET|SAVEPOINT|RELEASE|ROLLBACK|DECLARE|FETCH|CLOSE|LOCK)\b",
    re.IGNORECASE,
)
_WITH: Final = re.compile(r"\s*WITH\b", re.IGNORECASE)
_WORDS: Final = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Write:
    """A write of the project's code: the table, the function, and why the function was called."""

    table: str
    function: str
    cause: str
    model: str = ""

    def __str__(self) -> str:
        what = f"table {self.table}" if self.table else "the database, in SQL of its own,"
        return f"{self.function} ({self.cause}) wrote to {what}"


class Watch:
    """The writes of the project's code in the database ``using``, each kind once."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.writes: dict[Write, None] = {}

    @property
    def tables(self) -> set[str]:
        """The plain names of the tables, :data:`ANY` where one is not known."""
        return {each.table for each in self.writes}

    def forget(self, tables: AbstractSet[str]) -> None:
        """What was written to the tables has been made right."""
        self.writes = {each: None for each in self.writes if each.table not in tables}

    @contextmanager
    def calling(self, cause: str, model: str = "") -> Iterator[None]:
        """Record the writes of the body, which calls the project's code; ``cause`` says why it does."""

        def note(
            execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
        ) -> Any:
            table = written_table(str(sql))
            if table is not None:
                function = _function(sys._getframe(1))
                self.writes[Write(table, function, cause, model)] = None
            return execute(sql, params, many, context)

        with connections[self.using].execute_wrapper(note):
            yield


def collides(error: ContentgitError) -> bool:
    """Whether rows that others have written may be why a row could not be written."""
    return isinstance(error.__cause__, IntegrityError) or type(error) is RefusedError


def plain_name(table: str) -> str:
    """A table's name without schema and quotes, to be compared."""
    return re.split(r"""["`]?\s*\.\s*["`]?""", table.strip())[-1].strip('"`').casefold()


def written_table(sql: str) -> str | None:
    """The plain name of the table that a statement writes; ``None`` for one that reads."""
    found = _WRITES.match(sql)
    if found:
        return plain_name(found[1])
    if _READS.match(sql) or (_WITH.match(sql) and not _WORDS.search(sql)):
        return None
    return ANY


def _function(frame: FrameType | None) -> str:
    """The function of the project that contentgit, or a signal, has called.

    Of a decorator's inner function, what that calls in its own module.
    """
    name, called, inner = "", "", ""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == "contentgit":
            break
        if module == "django.dispatch.dispatcher":
            name = called
        function = f"{module}.{frame.f_code.co_qualname}"
        wraps = "<locals>" in function and inner.startswith(f"{module}.")
        called, inner = (inner if wraps else function), function
        frame = frame.f_back
    return name or called

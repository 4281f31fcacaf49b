"""Database exceptions as errors of :mod:`contentgit.errors`."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from contentgit.errors import ConfigurationError, ContentgitError, DatabaseError

LONGEST = 400
"""Characters of the database's words that are shown; some quote the whole row."""


class TooLongError(ValueError):
    """No statement can hold a row; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Fault(enum.StrEnum):
    """Why a database refused, if its error code says so."""

    OVERTAKEN = "overtaken"  # others have changed the same rows
    DEADLOCK = "deadlock"
    LOCKED = "locked"  # a lock that another session holds was not granted
    LOST = "lost"  # the session has ended
    ENDED = "ended"  # a statement was cancelled: a time limit, or an administrator
    PRIVILEGE = "privilege"
    READ_ONLY = "read-only"
    FULL = "full"
    RAISED = "raised"  # a trigger refused


_AGAIN: Final = "nothing has changed; run the command again"

REASONS: Final[Mapping[Fault, tuple[str, str]]] = {
    Fault.OVERTAKEN: ("somebody else writes to it at this moment", _AGAIN),
    Fault.DEADLOCK: ("this and another session waited for each other's locks (a deadlock)", _AGAIN),
    Fault.LOCKED: (
        "another session holds a lock that was not released in time",
        "nothing has changed; wait for the other session or end it, then run the command again",
    ),
    Fault.LOST: (
        "the connection was lost",
        "the database has all of it or nothing; run the command again",
    ),
    Fault.ENDED: (
        "a statement was cancelled, by a time limit or an administrator",
        "nothing has changed; raise the limit ({limit}) for this database user, then run the command again",
    ),
    Fault.PRIVILEGE: (
        "the database user lacks a privilege",
        "nothing has changed; grant it to the user in DATABASES[{using!r}], then run the command again",
    ),
    Fault.READ_ONLY: (
        "it takes no writes",
        "nothing has changed; it may be a replica, or its file, user or server is set to read-only",
    ),
    Fault.FULL: (
        "it has no space left",
        "nothing has changed; free some space, then run the command again",
    ),
    Fault.RAISED: (
        "a trigger refuses it",
        "nothing has changed; 'exclude' of the spec leaves out a field that the trigger guards",
    ),
}


def words(error: BaseException) -> str:
    """The database's own words in one line: the message, and its detail where it gives one."""
    if len(error.args) > 1 and isinstance(error.args[0], int):
        text = str(error.args[1])  # MariaDB and MySQL: number, message
    else:
        message, *more = str(error).strip().splitlines() or [type(error).__name__]
        details = [line.removeprefix("DETAIL:") for line in more if line.startswith("DETAIL:")]
        text = ": ".join(part.strip() for part in (message, *details))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Every database exception of the body becomes a :class:`DatabaseError` that begins with ``what``."""
    try:
        yield
    except Error as error:
        raise DatabaseError(f"{what}: {words(error)}") from error


@contextmanager
def connecting(using: str) -> Iterator[None]:
    """For a body that connects to a database: settings, drivers and backends may raise any error.

    Raises:
        ConfigurationError: the settings of the database are wrong.
        DatabaseError: it cannot be reached.
    """
    what = f"database {using!r} cannot be reached"
    try:
        with translated(what):
            yield
    except ContentgitError as error:
        error.hint = error.hint or (
            f"check DATABASES[{using!r}] in the settings: NAME, and of a server HOST, PORT, USER, PASSWORD"
        )
        raise
    except ImproperlyConfigured as error:
        raise ConfigurationError(
            f"{what}: {words(error)}", hint=f"correct DATABASES[{using!r}] in the settings"
        ) from error
    except Exception as error:
        raise DatabaseError(
            f"{what}: {type(error).__name__}: {words(error)}",
            hint=f"its settings (DATABASES[{using!r}]) or its backend are at fault",
        ) from error

"""What a database says when it refuses, in the words of the error tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error

from contentgit.errors import DatabaseError

LONGEST = 400
"""Characters of the database's words that are shown; some quote the whole row."""


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

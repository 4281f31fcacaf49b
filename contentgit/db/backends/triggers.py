"""Triggers as the database has them, and which tables each may write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_CALLS: Final = re.compile(r"\b(?:CALL|EXECUTE|PERFORM)\b", re.IGNORECASE)


class Trigger(NamedTuple):
    """A trigger on ``table``; ``body`` is what it runs, ``""`` where that is no SQL."""

    table: str
    name: str
    body: str

    def reached(self, tables: Iterable[str]) -> set[str]:
        """Those of the tables that it may write: all where it calls something, else those that it names."""
        if _CALLS.search(self.body):
            return set(tables)
        body = self.body.casefold()
        return {table for table in tables if table.casefold() in body}

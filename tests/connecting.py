"""The ways in which projects set their connections up, by what they are and not by whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections


@contextmanager
def options(alias: str, values: Mapping[str, Any]) -> Iterator[None]:
    """New connections of the alias, on every thread, are made with these OPTIONS as well."""
    settings: dict[str, Any] = connections[alias].settings_dict
    before = settings["OPTIONS"]
    connections[alias].close()
    settings["OPTIONS"] = {**before, **values}
    # Some backends read their options once, when the connection object is made.
    made = connections[alias]
    del connections[alias]
    try:
        yield
    finally:
        connections[alias].close()
        connections[alias] = made
        settings["OPTIONS"] = before


def isolations(vendor: str) -> Mapping[str, Mapping[str, Any]]:
    """How strictly one transaction is kept from another: as Django has it, least, most."""
    if vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import IsolationLevel

        return {
            "usual": {},
            "least": {"isolation_level": IsolationLevel.READ_UNCOMMITTED},
            "snapshot": {"isolation_level": IsolationLevel.REPEATABLE_READ},
            "most": {"isolation_level": IsolationLevel.SERIALIZABLE},
        }
    if vendor == "mysql":
        return {
            "usual": {},
            "least": {"isolation_level": "read uncommitted"},
            "snapshot": {"isolation_level": "repeatable read"},
            "most": {"isolation_level": "serializable"},
        }
    return {
        "usual": {},
        "least": {"init_command": "PRAGMA synchronous = OFF; PRAGMA read_uncommitted = ON"},
        "snapshot": {"init_command": "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL"},
        "most": {"transaction_mode": "EXCLUSIVE"},
    }

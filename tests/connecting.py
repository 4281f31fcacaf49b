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


def sessions(vendor: str) -> Mapping[str, Mapping[str, Any]]:
    """Sessions that speak otherwise: of numbers, of quotes, of the time, of values that do not fit."""
    if vendor == "postgresql":
        settings = {
            "few digits": "extra_float_digits=-6",
            "quotes": "standard_conforming_strings=off -c bytea_output=escape",
            "elsewhere": "TimeZone=Asia/Kathmandu",
            "careless": "check_function_bodies=off",
        }
        return {name: {"options": f"-c {each}"} for name, each in settings.items()}
    if vendor == "mysql":
        settings = {
            "few digits": "sql_mode = 'REAL_AS_FLOAT,STRICT_ALL_TABLES'",
            "quotes": "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
            "elsewhere": "time_zone = '+05:45'",
            "careless": "sql_mode = ''",
        }
        return {name: {"init_command": f"SET SESSION {each}"} for name, each in settings.items()}
    settings = {
        "few digits": "reverse_unordered_selects = ON",
        "quotes": "legacy_alter_table = ON",
        "elsewhere": "case_sensitive_like = ON",
        "careless": "ignore_check_constraints = ON",
    }
    usual = "PRAGMA synchronous = OFF; PRAGMA"
    return {name: {"init_command": f"{usual} {each}"} for name, each in settings.items()}


@contextmanager
def time_zone(alias: str, name: str) -> Iterator[None]:
    """The alias keeps its times in this zone, as ``TIME_ZONE`` of a database says."""
    settings: dict[str, Any] = connections[alias].settings_dict
    before = settings["TIME_ZONE"]
    settings["TIME_ZONE"] = name
    with options(alias, {}):
        try:
            yield
        finally:
            settings["TIME_ZONE"] = before

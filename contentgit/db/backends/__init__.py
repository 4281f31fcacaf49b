"""What differs between databases: one class each, and nothing about it anywhere else."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from contentgit.db.backends.base import Backend
from contentgit.db.backends.mysql import MySQL
from contentgit.db.backends.patience import Patience
from contentgit.db.backends.postgresql import PostgreSQL
from contentgit.db.backends.sqlite import SQLite
from contentgit.db.backends.triggers import Trigger
from contentgit.errors import ConfigurationError, UnknownNameError

__all__ = ["Backend", "Patience", "Trigger", "backend"]

BACKENDS: dict[str, type[Backend]] = {each.name: each for each in (SQLite, PostgreSQL, MySQL)}


def backend(using: str) -> Backend:
    """The ways of the database that the alias ``using`` names; nothing is connected yet.

    Raises:
        UnknownNameError: there is no such alias.
        ConfigurationError: contentgit does not know that kind of database.
    """
    try:
        vendor = connections[using].vendor
    except ConnectionDoesNotExist as error:
        raise UnknownNameError(
            f"there is no database {using!r}",
            hint=f"databases of this project: {', '.join(sorted(connections))}",
        ) from error
    except (ImproperlyConfigured, ImportError) as error:  # its driver is not installed
        message = str(error).strip().splitlines()[0]
        raise ConfigurationError(f"database {using!r} cannot be used: {message}") from error
    if vendor not in BACKENDS:
        raise ConfigurationError(
            f"database {using!r} is of the kind {vendor!r}, which contentgit does not know",
            hint=f"it knows {', '.join(sorted(BACKENDS))} (mysql includes MariaDB)",
        )
    return BACKENDS[vendor](using)

"""What differs between databases: one class for each."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.connection import ConnectionDoesNotExist

from contentgit.db.backends.base import Backend, LockWait
from contentgit.db.backends.catalog import Trigger
from contentgit.db.backends.mysql import MySQL
from contentgit.db.backends.postgresql import PostgreSQL
from contentgit.db.backends.sqlite import SQLite
from contentgit.errors import ConfigurationError, UnknownNameError

__all__ = ["Backend", "LockWait", "Trigger", "backend"]

BACKENDS: dict[str, type[Backend]] = {cls.name: cls for cls in (SQLite, PostgreSQL, MySQL)}


def backend(using: str) -> Backend:
    """The backend of the database alias ``using``; it does not connect.

    Raises:
        UnknownNameError: there is no such alias.
        ConfigurationError: contentgit does not support that kind of database.
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

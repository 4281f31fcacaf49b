"""Settings of the tests: one of three databases, chosen by CONTENTGIT_TEST_DATABASE.

Environment variables, all optional:

CONTENTGIT_TEST_DATABASE             sqlite (default), postgresql or mysql (MariaDB too); with GeoDjango
                                     spatialite, postgis and mysqlgis
CONTENTGIT_TEST_NAME                 name of the test databases; the tests set it for each process,
                                     so that programs they start find the same databases
CONTENTGIT_TEST_DATASETS             dotted path of a function, for programs that a test starts
CONTENTGIT_TEST_POSTGRESQL_HOST, _PORT, _USER, _PASSWORD
                                     default 127.0.0.1, 5432, $PGUSER or the current user, none
CONTENTGIT_TEST_MYSQL_HOST, _PORT, _USER, _PASSWORD
                                     default 127.0.0.1, 3306, root, none
"""

from __future__ import annotations

import getpass
import os
import tempfile
from pathlib import Path
from typing import Any

import django

# Tests need no data that survives a power cut; without fsync they take a tenth of the time.
SQLITE_OPTIONS = {"timeout": 20, "init_command": "PRAGMA synchronous = OFF"}
BASE_DIR = Path(__file__).parent
DATABASE = os.environ.get("CONTENTGIT_TEST_DATABASE") or "sqlite"
NAME = os.environ.get("CONTENTGIT_TEST_NAME") or "cg_test"
ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "spatialite": "django.contrib.gis.db.backends.spatialite",
    "postgis": "django.contrib.gis.db.backends.postgis",
    "mysqlgis": "django.contrib.gis.db.backends.mysql",
}
IS_SPATIAL = DATABASE in ("spatialite", "postgis", "mysqlgis")


def _server(prefix: str, port: str, user: str) -> dict[str, Any]:
    def read(name: str, default: str) -> str:
        return os.environ.get(f"CONTENTGIT_TEST_{prefix}_{name}") or default

    return {
        "HOST": read("HOST", "127.0.0.1"),
        "PORT": read("PORT", port),
        "USER": read("USER", user),
        "PASSWORD": read("PASSWORD", ""),
    }


def database(name: str) -> dict[str, Any]:
    """The settings of a test database."""
    # NAME is the test database's own name, so that a program which a test starts finds it.
    if DATABASE not in ENGINES:
        raise ValueError(f"CONTENTGIT_TEST_DATABASE={DATABASE!r}; use {', '.join(ENGINES)}")
    server: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if DATABASE in ("postgresql", "postgis"):
        server = _server("POSTGRESQL", "5432", os.environ.get("PGUSER") or getpass.getuser())
        # As with SQLite: what was committed need not survive a power cut.
        options = {"options": "-c synchronous_commit=off"}
    elif DATABASE in ("mysql", "mysqlgis"):
        server = _server("MYSQL", "3306", "root")
        options = {"charset": "utf8mb4"}
    else:
        # A file: programs that a test starts and second connections must see the same database.
        name = str(Path(tempfile.gettempdir()) / f"{name}.sqlite3")
        options = SQLITE_OPTIONS
    test = {"NAME": name, "CHARSET": "utf8mb4" if "charset" in options else None}
    return {
        "ENGINE": ENGINES[DATABASE],
        "NAME": name,
        "OPTIONS": options,
        "TEST": test,
        **server,
    }


def _test_apps() -> list[str]:
    """Every folder here that has models.

    Those named only_<database> only for that database, since_<digits> only from that Django on.
    """
    names = sorted(path.parent.name for path in BASE_DIR.glob("*/models.py"))
    version = int("".join(map(str, django.VERSION[:2])))
    own = {f"only_{DATABASE}", "only_spatial" if IS_SPATIAL else ""}
    return [
        f"tests.{name}"
        for name in names
        if (not name.startswith("only_") or name in own)
        and (not name.startswith("since_") or int(name.partition("_")[2]) <= version)
    ]


DATABASES = {"default": database(NAME), "other": database(f"{NAME}_other")}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sites",
    *(["django.contrib.postgres"] if DATABASE == "postgresql" else []),
    *(["django.contrib.gis"] if IS_SPATIAL else []),
    "contentgit",
    *_test_apps(),
]

CONTENTGIT = {
    "REPOSITORY": os.environ.get("CONTENTGIT_TEST_REPOSITORY") or None,
    "DATASETS": os.environ.get("CONTENTGIT_TEST_DATASETS") or "tests.bakery.datasets.datasets",
    "ENVIRONMENT": "test",
}

# The model tests.odd.Replaced is swapped for.
ODD_REPLACED_MODEL = "bakery.Tag"

# The model tests.zoo.Keeper is swapped for.
ZOO_KEEPER_MODEL = "zoo.HeadKeeper"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
MEDIA_ROOT = str(Path(tempfile.gettempdir()) / f"{NAME}_media")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "only for the tests"
SITE_ID = 1
TIME_ZONE = "Europe/Zurich"
USE_TZ = True

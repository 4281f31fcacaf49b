"""Finds the Django project and starts Django, on the project's databases or on a scratch database alone."""

from __future__ import annotations

import ast
import gc
import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from contentgit.errors import ConfigurationError

SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"


class FoundSettings(NamedTuple):
    """A settings module, and the folder to import it from; ``None`` where only installed code is trusted."""

    module: str
    folder: Path | None


def project_folders(start: Path) -> list[Path]:
    """The folders with a ``manage.py`` around ``start``, the next one first."""
    start = start.resolve()
    return [folder for folder in (start, *start.parents) if (folder / "manage.py").is_file()]


def find_settings(
    start: Path, named: str | None = None, foreign: Callable[[Path], bool] = lambda _folder: False
) -> FoundSettings | None:
    """The settings of the project around ``start``; ``None`` where there is none.

    That is the module ``named``, else ``DJANGO_SETTINGS_MODULE``, else what the next ``manage.py`` upwards
    sets it to; the file is read, never run. Folders that are ``foreign`` are passed over, except for a module
    that is named and has no other folder.
    """
    folders = project_folders(start)
    own = (folder for folder in folders if not foreign(folder))
    module = named or os.environ.get(SETTINGS_VARIABLE)
    if module:
        folder = next(own, None)
        if folder is None and (named or not foreign(start.resolve())):
            folder = folders[0] if folders else start.resolve()
        return FoundSettings(module, folder)
    for folder in own:
        module = _module_named_in(folder / "manage.py")
        if module:
            return FoundSettings(module, folder)
    return None


class ScratchDatabase(NamedTuple):
    """A scratch database: the settings of database ``alias`` with another name.

    Without an alias a file of SQLite; without a name the database of the alias itself. Migrations see it as
    database ``called``, and as ``default``.
    """

    alias: str
    name: str
    called: str = "default"

    @property
    def is_lent(self) -> bool:
        """Whether it is the caller's own, which was empty and is to be empty again."""
        return not self.name


def use_scratch(database: ScratchDatabase) -> None:
    """Makes a scratch database the only one of this process, before Django starts.

    Caches are in the process alone: what is computed from the scratch database must not reach the site's.
    """
    from django.conf import settings

    found: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3"}
    if database.alias:
        found = dict(settings.DATABASES[database.alias])
    if database.name:
        found["NAME"] = database.name
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.DATABASES = {"default": found, database.called: found}
    settings.DATABASE_ROUTERS = []
    settings.CACHES = {alias: {**own, "LOCATION": f"scratch-{alias}"} for alias in settings.CACHES}


def call_scratch(database: ScratchDatabase) -> None:
    """Gives the one connection to the scratch database its second name, after Django has started."""
    from django.db import connections

    connection = connections["default"]
    connection.alias = database.called
    connections[database.called] = connection


def is_installed(module: str) -> bool:
    """Whether Python finds the package of ``module``, which is not imported."""
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def in_use() -> bool:
    """Whether settings are imported or chosen already, as ``manage.py`` does it."""
    if "django.conf" not in sys.modules:  # nobody can have: Django is not imported to find that out
        return False
    from django.conf import settings

    return bool(settings.configured)


def use_settings(found: FoundSettings) -> None:
    """Choose the settings module for Django and add its folder to ``sys.path``, as ``manage.py`` does."""
    if found.folder is not None and str(found.folder) not in sys.path:
        sys.path.insert(0, str(found.folder))
    os.environ[SETTINGS_VARIABLE] = found.module


def start_django() -> None:
    """Sets Django up with the settings that are in use, unless ``manage.py`` has done so.

    Raises:
        ConfigurationError: the settings or apps cannot be imported.
    """
    import django
    from django.apps import apps

    if apps.ready:
        return
    module = os.environ.get(SETTINGS_VARIABLE, "")
    # What is imported stays: to look through it for garbage is time lost, now and in the verb.
    collects = gc.isenabled()
    gc.disable()
    try:
        django.setup()
    except Exception as error:
        words = str(error).splitlines() or [""]
        raise ConfigurationError(
            f"the project cannot be started with settings {module}: {type(error).__name__}: {words[0]}",
            hint="python manage.py check  (says the same with where it happens)",
        ) from error
    finally:
        gc.freeze()
        if collects:
            gc.enable()
    if not apps.is_installed("contentgit"):
        raise ConfigurationError(
            '"contentgit" is not in INSTALLED_APPS',
            hint='add "contentgit" to INSTALLED_APPS, then run: python manage.py migrate',
        )


def _module_named_in(script: Path) -> str | None:
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setdefault"),
                args=[ast.Constant(value="DJANGO_SETTINGS_MODULE"), ast.Constant(value=str(name))],
            ):
                return name
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="DJANGO_SETTINGS_MODULE"))],
                value=ast.Constant(value=str(name)),
            ):
                return name
    return None


def scratch_environment() -> dict[str, str]:
    """The environment of a process that works on a scratch database for this one.

    Raises:
        ConfigurationError: the settings are not a module, which such a process could import.
    """
    if not os.environ.get(SETTINGS_VARIABLE):
        raise ConfigurationError(
            f"{SETTINGS_VARIABLE} is not set: another process cannot import the settings",
            hint=f"set {SETTINGS_VARIABLE} in the environment, or use manage.py",
        )
    return dict(os.environ)


def has_started() -> bool:
    """Whether Django has started, so that the project's code can be imported."""
    from django.apps import apps

    return apps.ready

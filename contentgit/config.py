"""Settings and environment, read here and nowhere else."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contentgit.errors import UnknownNameError
from contentgit.specs import Identity, Mistake, parse_identities, raise_errors, suggestion

KEYS = ("REPOSITORY", "DATASETS", "ENVIRONMENT", "CHECK", "CODECS", "IDENTITIES", "FILE_LIMIT")
CHECK_KEYS = ("FORBIDDEN_MODELS",)
DEFAULT_FILE_LIMIT = 50 * 1024 * 1024
"""Bytes of a file above which hosts such as GitHub warn; they take none of 100 MiB."""
DEFAULT_ENVIRONMENT = "local"
"""The environment's name if the settings have none: most deployments are on a developer's machine."""

# An environment's name becomes a part of names of git refs.
_ENVIRONMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$))*")


@dataclass(frozen=True)
class Config:
    """What the settings say.

    ``repository`` is an absolute path; ``datasets`` the dotted path of a function; both ``None``
    where they are not set. ``environment`` names this deployment and may stand in a ref's name.
    ``forbidden_models`` are patterns of labels that ``check`` finds in no tree (``"sessions.*"``).
    ``identities`` say what names the rows of models that are in no dataset, by label. ``file_limit`` is how
    many bytes a file may have that goes into the repository.
    """

    repository: Path | None
    datasets: str | None
    environment: str
    forbidden_models: tuple[str, ...] = ()
    codecs: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    file_limit: int = DEFAULT_FILE_LIMIT


def read() -> Config:
    """The settings ``CONTENTGIT``, ``FEINCMS3_DATA_DATASETS`` and ``BASE_DIR``.

    Raises:
        ConfigurationError: a setting is wrong (all are listed), or there are no settings.
    """
    config, found = parse(_settings())
    raise_errors(found, "the settings")
    return config


def problems() -> list[Mistake]:
    """Everything that is wrong with the settings, and warnings.

    Raises:
        ConfigurationError: there are no settings.
    """
    config, found = parse(_settings())
    if found:
        return found
    unset = (
        ("contentgit.W001", "DATASETS", "app.datasets.datasets", config.datasets),
        ("contentgit.W002", "REPOSITORY", "content", config.repository),
    )
    return [
        Mistake(
            number,
            f'CONTENTGIT["{key}"] is not set',
            f'write CONTENTGIT = {{"{key}": "{example}", ...}}',
        )
        for number, key, example, value in unset
        if value is None
    ]


def _settings() -> Mapping[str, Any]:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    names = ("CONTENTGIT", "FEINCMS3_DATA_DATASETS", "BASE_DIR")
    try:
        return {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    except ImproperlyConfigured:
        hint = "set DJANGO_SETTINGS_MODULE, or go to the folder of the project's manage.py"
        raise_errors([Mistake("contentgit.E001", "there are no Django settings", hint)], "")
        raise


def parse(settings: Mapping[str, Any]) -> tuple[Config, list[Mistake]]:
    """What these settings say, by their names, and everything that is wrong with them."""
    given = settings.get("CONTENTGIT") or {}
    if not isinstance(given, Mapping):
        hint = 'write CONTENTGIT = {"REPOSITORY": "content", "DATASETS": "app.datasets.datasets"}'
        message = f"CONTENTGIT is a dictionary, not {type(given).__name__}"
        return Config(None, None, DEFAULT_ENVIRONMENT), [Mistake("contentgit.E001", message, hint)]
    found = [
        Mistake("contentgit.E002", f"CONTENTGIT has an unknown key {key!r}", suggestion(key, KEYS))
        for key in given
        if key not in KEYS
    ]
    fallback = settings.get("FEINCMS3_DATA_DATASETS")
    name = 'CONTENTGIT["DATASETS"]' if given.get("DATASETS") else "FEINCMS3_DATA_DATASETS"
    config = Config(
        _repository(given.get("REPOSITORY"), settings.get("BASE_DIR"), found),
        _datasets(given.get("DATASETS") or fallback, name, found),
        _environment(given.get("ENVIRONMENT"), found),
        _forbidden_models(given.get("CHECK"), found),
        _codecs(given.get("CODECS"), found),
        _identities(given.get("IDENTITIES"), found),
        _file_limit(given.get("FILE_LIMIT", DEFAULT_FILE_LIMIT), found),
    )
    return config, found


def _file_limit(raw: object, found: list[Mistake]) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and raw > 0:
        return raw
    message = f'CONTENTGIT["FILE_LIMIT"] is a number of bytes, not {raw!r}'
    hint = f"write {DEFAULT_FILE_LIMIT} for 50 MiB"
    found.append(Mistake("contentgit.E008", message, hint))
    return DEFAULT_FILE_LIMIT


def codecs() -> Mapping[str, str]:
    """The codecs of the project's own: dotted paths, by those of the classes of fields."""
    given = _settings().get("CONTENTGIT")
    return _codecs(given.get("CODECS"), []) if isinstance(given, Mapping) else {}


def _repository(value: object, base: object, found: list[Mistake]) -> Path | None:
    if value is None or value == "":
        return None
    if not isinstance(value, (str, os.PathLike)) or isinstance(os.fspath(value), bytes):
        message = f'CONTENTGIT["REPOSITORY"] is a path, not {value!r}'
        hint = 'write the path of a folder: "REPOSITORY": "content"'
        found.append(Mistake("contentgit.E003", message, hint))
        return None
    start = Path(base) if isinstance(base, (str, Path)) else Path.cwd()
    return Path(os.path.abspath(start / Path(value).expanduser()))


def _datasets(value: object, name: str, found: list[Mistake]) -> str | None:
    if value is None or value == "":
        return None
    if _is_path(value):
        return str(value)
    message = f"{name} is the dotted path of a function, not {value!r}"
    hint = 'write "app.datasets.datasets" for the function datasets() in app/datasets.py'
    found.append(Mistake("contentgit.E003", message, hint))
    return None


def _environment(value: object, found: list[Mistake]) -> str:
    if value is None or value == "":
        return DEFAULT_ENVIRONMENT
    if isinstance(value, str) and _ENVIRONMENT.fullmatch(value):
        return value
    message = f'CONTENTGIT["ENVIRONMENT"] is a short name, not {value!r}'
    hint = 'use letters, digits, "-", "_" and single dots: "production"'
    found.append(Mistake("contentgit.E004", message, hint))
    return DEFAULT_ENVIRONMENT


def _forbidden_models(value: object, found: list[Mistake]) -> tuple[str, ...]:
    example = 'write "CHECK": {"FORBIDDEN_MODELS": ["auth.user", "sessions.*"]}'
    if not value:
        return ()
    if not isinstance(value, Mapping):
        message = f'CONTENTGIT["CHECK"] is a dictionary, not {type(value).__name__}'
        found.append(Mistake("contentgit.E007", message, example))
        return ()
    for key in value:
        if key not in CHECK_KEYS:
            message = f'CONTENTGIT["CHECK"] has an unknown key {key!r}'
            found.append(Mistake("contentgit.E007", message, suggestion(key, CHECK_KEYS)))
    models = value.get("FORBIDDEN_MODELS") or ()
    if isinstance(models, (list, tuple, set, frozenset)) and all(
        isinstance(pattern, str) and pattern.strip() for pattern in models
    ):
        return tuple(sorted(models) if isinstance(models, (set, frozenset)) else models)
    message = f'CONTENTGIT["CHECK"]["FORBIDDEN_MODELS"] is a list of labels, not {models!r}'
    found.append(Mistake("contentgit.E007", message, example))
    return ()


def _codecs(value: object, found: list[Mistake]) -> Mapping[str, str]:
    if not value:
        return {}
    if isinstance(value, Mapping) and all(map(_is_path, [*value, *value.values()])):
        return {str(cls): str(codec) for cls, codec in value.items()}
    message = f'CONTENTGIT["CODECS"] is a dictionary of dotted paths, not {value!r}'
    hint = 'write "CODECS": {"app.fields.ShapeField": "app.codecs.ShapeCodec"}'
    found.append(Mistake("contentgit.E051", message, hint))
    return {}


def _identities(value: object, found: list[Mistake]) -> Mapping[str, Identity]:
    identities, problems = parse_identities(value)
    found += problems
    return identities


def _is_path(value: object) -> bool:
    parts = value.split(".") if isinstance(value, str) else []
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


# Environment


def media_folder() -> Path | None:
    """The folder of uploaded files, where the settings name one (``MEDIA_ROOT``)."""
    from django.conf import settings

    return Path(settings.MEDIA_ROOT) if settings.MEDIA_ROOT else None


def aliases() -> list[str]:
    """The database aliases of the settings, in their order."""
    from django.db import connections

    return list(connections)


def check_alias(alias: str) -> None:
    """Refuses a database alias that the settings do not have.

    Raises:
        UnknownNameError: there is no such alias; the hint lists them.
    """
    from django.db import connections

    if alias not in connections:
        raise UnknownNameError(
            f"there is no database alias {alias!r}",
            hint=f"aliases in DATABASES: {', '.join(sorted(connections))}",
        )


def colour() -> bool | None:
    """Whether output is coloured: ``None`` leaves it to whether a terminal reads it."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def names_terminal() -> bool:
    """Whether the environment says for itself whether a terminal reads the output."""
    return "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ


def editor(configured: str | None = None) -> str | None:
    """The command line of the editor for messages, as git finds it; ``None`` where none is named.

    ``configured`` is git's ``core.editor``, which stands between ``GIT_EDITOR`` and ``VISUAL``.
    """
    names = ("GIT_EDITOR", None, "VISUAL", "EDITOR")
    found = (configured if name is None else os.environ.get(name) for name in names)
    return next((command for command in found if command), None)


def user() -> str:
    """The name of the user of this process, for the ledger; ``"unknown"`` where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def child_environment(*, colour: bool) -> dict[str, str]:
    """The environment without git's own variables, for programs of the demo: a hook's would mislead."""
    inner = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    inner.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        inner.pop(name, None)
    inner["FORCE_COLOR" if colour else "NO_COLOR"] = "1"
    if colour:
        inner.update(GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="color.ui", GIT_CONFIG_VALUE_0="always")
    return inner

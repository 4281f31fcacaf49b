"""References in fields of installed packages that say themselves where these are.

A package names the class of its field, and a function, in its metadata::

    [project.entry-points."contentgit.references"]
    "prose.fields.ProseField" = "prose.contentgit:references"

The function takes the field of a model and gives what the ``"references"`` of a spec take for it, or
``None``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from django.db.models import Field, Model

from contentgit.errors import ConfigurationError

GROUP: Final = "contentgit.references"


def references_of(model: type[Model]) -> dict[str, Any]:
    """The ``"references"`` of a spec for the model's own fields whose classes installed packages know.

    Of a field the nearest class counts, itself or one that it is derived from.

    Raises:
        ConfigurationError: two packages name one class, or what a package names cannot be called.
    """
    known, found = _known(), dict[str, Any]()
    for field in model._meta.local_concrete_fields:
        named = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(field).__mro__)
        entry = next((known[name] for name in named if name in known), None)
        places = None if entry is None else _places(entry, field)
        if places is not None:
            found[field.name] = places
    return found


@cache
def _known() -> Mapping[str, EntryPoint]:
    """What installed packages name, by class. Their metadata is read once: that takes milliseconds."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise ConfigurationError(
                f"{_package(other)} and {_package(entry)} both say where references are in {entry.name}",
                hint=f'write the "references" of such fields into the spec, without {__name__}',
            )
    return found


def _places(entry: EntryPoint, field: Field[Any, Any]) -> Any:
    try:
        function: Callable[[Field[Any, Any]], Any] = entry.load()
        return function(field)
    except Exception as error:  # the package's code may raise anything
        raise ConfigurationError(
            f"{entry.value} of {_package(entry)} fails for {field}: {type(error).__name__}: {error}",
            hint=f"update {_package(entry)}, or write the references of such fields into the spec, "
            f"without {__name__}",
        ) from error


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value

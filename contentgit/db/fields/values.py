"""The three forms of a column's value, and the refusal of values that have no exact form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.errors import RecordError


def itself(value: Any) -> Any:
    """The value as it is."""
    return value


@dataclass(frozen=True)
class Codec:
    """What the driver gives (``read``), the Python value, content (``encode``, ``value``), ``param``.

    ``encode`` turns a Python value into content and ``value`` content into a Python value, ``param`` turns
    that into a parameter for the placeholder ``cast``. None of them is called with ``None``. ``same``,
    ``read`` and ``select`` are those of :class:`contentgit.db.tables.BoundField` and
    :class:`contentgit.db.tables.Column`.

    Raises (``encode``, ``value`` and ``param``):
        RecordError: the value has no exact form; the message names neither record nor field.
    """

    kind: FieldKind
    encode: Callable[[Any], Value]
    value: Callable[[Value], Any]
    param: Callable[[Any], Any] = itself
    same: frozenset[type] = frozenset()
    read: Callable[[Any], Any] | None = None
    cast: str = "%s"
    select: str = "%s"

    def decoded(self, content: Value) -> Any:
        """The SQL parameter for a content value, which may be ``None``."""
        return None if content is None else self.param(self.value(content))


def refused(value: Any, wanted: str) -> RecordError:
    """The error that says that ``value`` is not what is ``wanted`` (``"a date"``)."""
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}…"
    return RecordError(f"{shown} is not {wanted}")


def typed(wanted: str, *types: type) -> Callable[[Any], Any]:
    """A check that gives back values of exactly these types and refuses all others."""
    allowed = frozenset(types)

    def check(value: Any) -> Any:
        if type(value) not in allowed:
            raise refused(value, wanted)
        return value

    return check


def unsigned_zero(number: float) -> float:
    """The number; ``0.0`` for ``-0.0``, which is equal and which most databases do not have."""
    return number + 0.0

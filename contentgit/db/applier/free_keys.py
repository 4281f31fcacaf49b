"""Primary keys that texts or JSON hold and that are no row's: no new row may get one."""

from __future__ import annotations

from collections.abc import Container, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from django.db import connections
from django.db.models import AutoField, Max

from contentgit.db.backends import backend
from contentgit.db.identity import Identities
from contentgit.db.queries import rows_of
from contentgit.errors import OvertakenError

_REACH: Final = 1_000_000
"""So far above the highest key of a table one is reserved: a commit can name any number."""

_DIGITS: Final = 18


def reserve(free: Mapping[str, AbstractSet[str]], identities: Identities) -> None:
    """Let the database give higher keys to new rows than those that are free, by model.

    Only where rows have other names than their primary keys: those come from the commit.
    """
    for label, pks in free.items():
        numbers = [int(pk) for pk in pks if pk.isdecimal() and pk.isascii() and len(pk) <= _DIGITS]
        if not numbers or not identities.is_model(label) or not identities.is_local(label):
            continue
        model = identities.model(identities.base(label))
        field: Any = model._meta.pk
        if not isinstance(field, AutoField):
            continue
        top = rows_of(model, identities.using).aggregate(top=Max("pk"))["top"] or 0
        kind = field.get_internal_type()
        _, possible = connections[identities.using].ops.integer_field_range(kind)
        room = (2**63 if possible is None else possible) - top
        near = [number for number in numbers if number <= top + min(_REACH, room // 100)]
        if near:
            backend(identities.using).reserve(field, max(near))


def check(
    free: Mapping[str, AbstractSet[str]], created: Container[str], identities: Identities
) -> None:
    """Refuses to go on where a row of the ``created`` models got one of the keys that are free.

    Raises:
        OvertakenError: one did.
    """
    for label, pks in free.items():
        if label not in created or not identities.is_local(label):
            continue
        for pk in sorted(pks):
            if identities.is_named(label, pk):
                raise OvertakenError(
                    f"a new row of {label} got the primary key {pk}, which a text or JSON of the commit "
                    "has for a row that is not there",
                    hint="run the command again: the database gives higher keys then",
                )

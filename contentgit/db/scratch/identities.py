"""Keys to primary keys in a scratch database: what names a row is known before any row is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from django.apps.registry import Apps
from django.db.models import AutoField, Model

from contentgit.content.records import Value
from contentgit.content.schema import KeyKind
from contentgit.db.identity import ALWAYS, Identities
from contentgit.db.identity.keys import Keys
from contentgit.errors import ConfigurationError
from contentgit.specs import Identity


class GivenKeys:
    """Keys that are made of other fields: each gets a primary key when it is first asked for.

    With ``closed`` only those that were given one before.
    """

    def __init__(self, kind: KeyKind, fields: tuple[str, ...], new: Callable[[], Any]) -> None:
        self.kind = kind
        self.fields = fields
        self.new = new
        self.closed = False
        self.pks: dict[str, Any] = {}

    def text(self, pk: Any) -> str | None:
        """The key of the row with this primary key."""
        return next((text for text, each in self.pks.items() if each == pk), None)

    def pk(self, text: str) -> Any:
        """The primary key of the row with this key."""
        if text not in self.pks and not self.closed:
            self.pks[text] = self.new()
        return self.pks.get(text)


class ScratchIdentities(Identities):
    """The keys of the rows that are to be loaded into an empty database.

    ``identity`` is that of the recorded models, ``models`` are those of the migrations' state. ``values`` has
    the unique values that references hold in place of a primary key: by model, field and key.
    """

    def __init__(self, using: str, identity: Mapping[str, Identity], models: Apps) -> None:
        super().__init__(using, identity, models)
        self.recorded = frozenset(identity)
        self.given: dict[str, GivenKeys] = {}
        self.values: dict[tuple[str, str], dict[str, Value]] = {}

    @property
    def open(self) -> frozenset[str]:
        """The models of which a row is made where a record refers to it: each site makes its own."""
        return frozenset(ALWAYS) - self.recorded

    def to_field_value(self, label: str, field: str, text: str) -> Any | None:
        """See the base class."""
        content = self.values.get((label, field), {}).get(text)
        model = self._models.get_model(label)
        made = self.codec(model._meta.get_field(field))
        return None if content is None else made.value(content)

    def close(self) -> None:
        """From now on, only records have keys."""
        for label, keys in self.given.items():
            keys.closed = label in self.recorded

    def _mapped(self, label: str, model: type[Model], paths: tuple[str, ...]) -> Keys:
        kind = super()._mapped(label, model, paths).kind
        self.given[label] = GivenKeys(kind, paths, _new_key(label, model))
        return self.given[label]


def _new_key(label: str, model: type[Model]) -> Callable[[], Any]:
    (field, *more) = model._meta.pk_fields
    if not more and isinstance(field, AutoField):
        return count(1).__next__
    if not more and field.has_default() and not field.is_relation:
        return field.get_default
    raise ConfigurationError(
        f"{label}: its rows have an identity of their own, and nothing gives them a primary key",
        hint=f"upgrade needs a primary key of {label} that is automatic or has a default",
    )

"""Keys to primary keys in a scratch database: what names a row is known before any row is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any

from django.apps.registry import Apps
from django.db.models import AutoField, Model

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import UUID_NAME, KeyKind
from contentgit.db.identity import Identities
from contentgit.db.identity.keys import Keys
from contentgit.db.identity.paths import ALWAYS
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


class HeldKeys:
    """Keys that are made of other fields, of rows whose primary key is content: their records hold it.

    ``read`` gives the primary key of a record's fields.
    """

    def __init__(
        self, kind: KeyKind, fields: tuple[str, ...], read: Callable[[Mapping[str, Value]], Any]
    ) -> None:
        self.kind = kind
        self.fields = fields
        self.read = read
        self.held: dict[str, Mapping[str, Value]] = {}
        self.pks: dict[str, Any] = {}
        self._texts: tuple[int, dict[Any, str]] = 0, {}

    def text(self, pk: Any) -> str | None:
        """The key of the row with this primary key."""
        count, texts = self._texts
        if count < len(self.held):
            texts = {self.pk(text): text for text in self.held}
            self._texts = len(self.held), texts
        return texts.get(pk)

    def pk(self, text: str) -> Any:
        """The primary key of the row with this key, which another record may hold in turn."""
        if text not in self.pks and text in self.held:
            self.pks[text] = self.read(self.held[text])
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
        self._held: dict[str, HeldKeys] = {}
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

    def learn(self, record: Record) -> None:
        """Knows the record's primary key from now on; before :meth:`close`, and of each record."""
        self.kind(record.key.model)
        held = self._held.get(record.key.model)
        if held is not None:
            model = self._models.get_model(record.key.model)
            names = [field.name for field in model._meta.pk_fields]
            if not record.fields.keys() >= {*names}:
                label = record.key.model
                raise ConfigurationError(
                    f"{label}: its rows have an identity of their own, and nothing gives them a primary key",
                    hint=f"upgrade needs a primary key of {label} that is automatic, has a default, or is "
                    "in the commit",
                )
            held.held[record.key.key] = {name: record.fields[name] for name in names}
        else:
            self.pk(*record.key)

    def close(self) -> None:
        """From now on, only records have keys."""
        for label, keys in self.given.items():
            keys.closed = label in self.recorded

    def _uuids(self, label: str, model: type[Model]) -> Keys:
        new = _new_key(model)
        if new is None:
            return super()._uuids(label, model)
        self.given[label] = GivenKeys(KeyKind.TEXT, (UUID_NAME,), new)
        return self.given[label]

    def _mapped(self, label: str, model: type[Model], paths: tuple[str, ...]) -> Keys:
        kind = super()._mapped(label, model, paths).kind
        new = _new_key(model)
        if new is None:
            self._held[label] = HeldKeys(kind, paths, partial(self._pk_of, model))
            return self._held[label]
        self.given[label] = GivenKeys(kind, paths, new)
        return self.given[label]

    def _pk_of(self, model: type[Model], values: Mapping[str, Value]) -> Any:
        """The primary key that a record's fields hold."""
        found = []
        for field in model._meta.pk_fields:
            value = values[field.name]
            if field.is_relation:
                _, _, _, pk = self._target(field)
                found.append(pk(RecordKey.parse(str(value)).key))
            else:
                found.append(self.codec(field).value(value))
        return found[0] if len(found) == 1 else tuple(found)


def _new_key(model: type[Model]) -> Callable[[], Any] | None:
    """What gives a row its primary key; ``None`` if its record holds it."""
    (field, *more) = model._meta.pk_fields
    if not more and isinstance(field, AutoField):
        return count(1).__next__
    if not more and field.has_default() and not field.is_relation:
        return field.get_default
    return None

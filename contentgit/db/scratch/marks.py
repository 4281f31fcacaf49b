"""References inside of texts and JSON in a scratch database: primary keys of its rows, and marks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from django.db import connection
from django.db.models import Field, Model

from contentgit.content.embedded import NO_ROW, filled, unknown_pk
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import redirected
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.errors import RecordError

_HIGHEST: Final = 2**31 - 1


@dataclass
class Marks:
    """Puts primary keys of the scratch database in place of marks.

    What the commit has no row for gets a primary key that no row has, and is known by it again: ``missing``
    has the key that it had, by the base model there and the primary key as text. ``fields`` are those with
    references inside, by model; ``has`` is whether the commit has a record.
    """

    identities: ScratchIdentities
    fields: Mapping[str, list[FieldSchema]]
    has: Callable[[RecordKey], bool]
    missing: dict[tuple[str, str], RecordKey] = field(default_factory=dict)
    _given: dict[tuple[str, str], str] = field(default_factory=dict)
    _free: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def without(self, record: Record) -> Record:
        """The record with primary keys in place of its marks.

        Raises:
            RecordError: a mark names what no row can be.
        """
        values = dict(record.fields)
        for each in self.fields.get(record.key.model, ()):
            try:
                values[each.name] = filled(
                    values[each.name], self._pk, is_number=each.kind is FieldKind.INTEGER
                )
            except RecordError as error:
                raise RecordError(f"{record.key}: {each.name}: {error.message}") from error
        return Record(record.key, values)

    def put_back(
        self,
        record: Record,
        model: ModelSchema,
        older: Mapping[str, str],
        name: Callable[[str, str], str],
    ) -> Record:
        """A record as the scratch database has it, with the keys that missing rows had in the commit.

        ``older`` are the commit's labels by today's; ``name`` gives what a key there is called now.
        """

        def known(key: RecordKey) -> RecordKey:
            pk, label = unknown_pk(key), older.get(key.model, key.model)
            if pk is None:
                return key
            if not self.identities.is_model(label):
                if any(pk == given for _, given in self.missing):
                    message = (
                        f"{record.key} refers to {key.model}, and no dump says what that was called"
                    )
                    raise RecordError(message)
                return key
            was = self.missing.get((self.identities.base(label), pk))
            if was is None:
                return key
            text = was.key if unknown_pk(was) is not None else name(key.model, was.key)
            return RecordKey(key.model, text)

        fields = model.by_name
        values = {
            each: redirected(value, fields[each], known) if fields[each].embeds else value
            for each, value in record.fields.items()
        }
        return Record(record.key, values)

    def _pk(self, key: RecordKey) -> str:
        text = unknown_pk(key)
        if not self.identities.is_model(key.model):
            if text is not None:
                return text
            raise RecordError(f"it refers to {key}, of a model that the commit's migrations lack")
        if text is not None:
            return self._kept(key, text)
        if not self.identities.is_local(key.model) or self.has(key):
            pk = self.identities.pk(key.model, key.key)
            if pk is None:
                raise RecordError(f"it refers to {key}, which is not a key of {key.model}")
            return self.identities.text_of(key.model, pk)
        return self._stand_in(key)

    def _kept(self, key: RecordKey, text: str) -> str:
        """A primary key without a row, or another one if a row here could have it."""
        pk = self.identities.pk_in_text(key.model, text)
        if text == NO_ROW or pk is None or not self.identities.is_local(key.model):
            return text
        return self._stand_in(key) if self.identities.text_of(key.model, pk) == text else text

    def _stand_in(self, key: RecordKey) -> str:
        base = self.identities.base(key.model)
        place = base, key.key
        if place not in self._given:
            if base not in self._free:
                self._free[base] = self._unused(base)
            text = self.identities.text_of(base, self._free[base]())
            self._given[place] = text
            self.missing[base, text] = key
        return self._given[place]

    def _unused(self, base: str) -> Callable[[], Any]:
        """Gives primary keys of a model that no row has: the highest numbers, or what is made at random."""
        model: type[Model] = self.identities.model(base)
        (column,) = model._meta.pk_fields
        highest = _highest(column)
        if highest is not None:
            numbers = count(highest, -1)
            return lambda: next(numbers)
        if column.has_default():
            return column.get_default
        raise RecordError(
            f"it refers to a row of {base} that is not in the commit, which no primary key can stand for"
        )


def _highest(column: Field[Any, Any]) -> int | None:
    kind = column.get_internal_type()
    if not kind.endswith(("IntegerField", "AutoField")):
        return None
    return min(connection.ops.integer_field_range(kind)[1] or _HIGHEST, _HIGHEST)

"""Record keys to local primary keys and back, in bulk.

A model whose key is its primary key needs no query for that. For all others keys and primary keys
of the whole table are held in memory, read with one query when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from django.apps import apps
from django.apps.registry import Apps
from django.db import connections
from django.db.models import CharField, F, Model, TextField

from contentgit.content.layout import decode_part, key_text
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import KeyKind
from contentgit.content.uuids import is_uuid_key, uuid_of
from contentgit.db.failures import translated
from contentgit.db.fields import key_codec, selected
from contentgit.db.fields.plain import AnyField, generic_keys, leaf, plain
from contentgit.db.fields.spelling import is_exact
from contentgit.db.fields.values import Codec, itself
from contentgit.db.identity.copies import CopiedModels, CopyKeys
from contentgit.db.identity.keys import (
    KeyPart,
    Keys,
    MappedKeys,
    PrimaryKeys,
    TargetKeys,
    natural_fields,
    pks,
    plain_part,
    reference_part,
)
from contentgit.db.identity.paths import (
    ALWAYS,
    concrete,
    end_of,
    is_uuid,
    label_of,
    points_at_key,
    shared_key,
)
from contentgit.db.identity.spellings import Spellings
from contentgit.db.identity.uuids import UuidKeys
from contentgit.db.queries import Row, Selected, fetch, rows_of
from contentgit.errors import ConfigurationError, RecordError
from contentgit.specs import Identity


class Identities:
    """The keys of the rows of each model of a project, in one database.

    ``identity`` has the specs' choices by label; all other models are identified by their primary key.
    Primary keys are Python values: what the plain Django field of the column holds, a tuple for
    several columns. ``models`` is where models are looked up by label: the project's own, if not those of
    another state of its migrations. ``names`` gives for a model what finds the UUIDs of rows that have none.
    ``copies`` are the models whose rows are those of a copy, ``own`` the keys that rows have apart from it.

    Raises (all methods):
        ConfigurationError: a declared identity does not fit its model.
        RecordError: two rows have the same key, or a key's value has no exact form.
        DatabaseError: the database refuses.
    """

    def __init__(
        self,
        using: str,
        identity: Mapping[str, Identity],
        models: Apps = apps,
        names: Callable[[str, AbstractSet[str], bool], Callable[[Any], str | None]] | None = None,
        copies: CopiedModels | None = None,
        own: Identities | None = None,
    ) -> None:
        self.using = using
        self._names = names
        self._models = models
        self._copies = copies
        self._own = own or self
        if copies:
            identity = {**identity, **dict.fromkeys(copies.labels, "uuid")}
        self._identity = {**{label.lower(): each for label, each in identity.items()}, **ALWAYS}
        self._below(identity)
        self._known: dict[str, Keys] = {}
        self._making: set[str] = set()
        self._by_value: dict[tuple[str, str], tuple[dict[Any, str], dict[str, Any]]] = {}
        self._spellings: dict[str, Spellings | None] = {}
        self._columns: dict[str, KeyPart] = {}
        self._called: set[str] = set()
        self.generation = 0

    def _below(self, identity: Mapping[str, Identity]) -> None:
        """A model is named by UUIDs where one is whose primary key refers to it: a row shares its name."""
        for label in [each for each in identity if is_uuid(identity[each])]:
            model = concrete(self._models.get_model(label)) if self.is_model(label) else None
            while model is not None and (target := shared_key(model)) is not None:
                model = concrete(target.related_model)  # type: ignore[arg-type]
                label = model._meta.label_lower
                if self._identity.get(label, "pk") == "pk":
                    self._identity[label] = "uuid"

    @property
    def chosen(self) -> frozenset[str]:
        """The models whose identity is chosen, by specs or settings, and is not the primary key."""
        return frozenset(
            label for label, each in self._identity.items() if each != "pk" and label not in ALWAYS
        )

    def key_text(self, label: str, pk: Any) -> str | None:
        """The key of the row with this primary key; ``None`` if it cannot be known."""
        return self._keys(label).text(pk)

    def pk(self, label: str, text: str) -> Any | None:
        """The primary key of the row with this key.

        ``None`` if no such row exists, or the key is not valid for this model. For a model that is
        identified by its primary key, the row need not exist.
        """
        try:
            return self._keys(label).pk(text)
        except (ValueError, RecordError):
            return None

    def possible(self, keys: Iterable[RecordKey]) -> list[RecordKey]:
        """Those of the keys that a row can have."""
        return [key for key in keys if self.pk(key.model, key.key) is not None]

    def is_by_row(self, key: RecordKey) -> bool:
        """Whether a column can refer to the key only as long as its row is there."""
        fields = self.fields(key.model)
        if fields and not is_uuid(fields):
            return True
        return self.is_local(key.model) and self.pk(key.model, key.key) is None

    def is_named(self, label: str, text: str) -> bool:
        """Whether the row with this primary key, as text, has a key."""
        pk = self.pk_in_text(label, text)
        return pk is not None and self.key_text(label, pk) is not None

    def row_pk(self, label: str, text: str) -> Any:
        """Like :meth:`pk`, for a row that must be there or can be created.

        Raises:
            RecordError: there is no such row, or no row of this database can have the key.
        """
        try:
            pk = self._keys(label).pk(text)
        except RecordError as error:
            raise RecordError(f"{label}:{text}: $key: {error.message}", hint=error.hint) from error
        except ValueError as error:
            raise RecordError(f"{label}:{text}: $key: this is not a key of {label}") from error
        if pk is None:
            raise RecordError(f"{label}:{text} does not exist in this database")
        return pk

    def row_pks(self, label: str, texts: Sequence[str]) -> list[Any]:
        """:meth:`row_pk` of each key; raises for the first that has none."""
        try:
            found = pks(self._keys(label), texts)
        except (RecordError, ValueError):
            found = []
        if len(found) < len(texts) or any(pk is None for pk in found):
            return [self.row_pk(label, text) for text in texts]
        return found

    def kind(self, label: str) -> KeyKind:
        """How ``$key`` is written."""
        return self._keys(label).kind

    def fields(self, label: str) -> tuple[str, ...]:
        """The fields, possibly through relations, that make the key; empty for the primary key."""
        return self._keys(label).fields

    def base(self, label: str) -> str:
        """The model whose rows give those of this one their keys, where the primary key is a reference."""
        model = concrete(self._models.get_model(label))
        while (target := shared_key(model)) is not None:
            model = concrete(target.related_model)  # type: ignore[arg-type]
        return model._meta.label_lower

    def family(self, base: str) -> list[str]:
        """The models whose rows have their keys from this one, with itself."""
        models = (model for model in self._models.get_models() if concrete(model) is model)
        labels = (model._meta.label_lower for model in models)
        return [label for label in labels if self.base(label) == base]

    def is_shared(self, label: str) -> bool:
        """Whether a row has the key of the row that its primary key refers to."""
        return isinstance(self._keys(label), TargetKeys)

    def call(self, keys: Mapping[RecordKey, RecordKey]) -> None:
        """Call rows by the keys that they are about to get, until this is called again.

        Their models are identified by primary keys of their own. Whatever was read must be read anew.
        """
        labels = {key.model for key in keys}
        for label in labels | self._called:
            found = self._keys(label)
            assert isinstance(found, PrimaryKeys), label
            found.call({old.key: new.key for old, new in keys.items() if old.model == label})
        self._called = labels
        self.generation += 1
        for each in self._known.values():
            if isinstance(each, MappedKeys):
                each.forget()
        self._by_value.clear()

    def is_number(self, label: str) -> bool:
        """Whether rows are identified by a number of their own, which could be another one."""
        found = self._keys(label)
        return isinstance(found, PrimaryKeys) and found.kind is KeyKind.INTEGER

    def is_local(self, label: str) -> bool:
        """Whether the key of a row can be another text than its primary key."""
        return bool(self.fields(label)) or (bool(self._called) and self.base(label) in self._called)

    def reload(self, label: str, *, learned: bool = False) -> None:
        """Forget the rows of ``label``, which have changed.

        ``learned`` is whether the UUIDs of those that are new are known already.
        """
        keys = self._known.get(label)
        if isinstance(keys, MappedKeys) or (isinstance(keys, UuidKeys) and not learned):
            keys.forget()
        for known in [known for known in self._by_value if known[0] == label]:
            del self._by_value[known]
        self._spellings.pop(label, None)

    def to_field_key(self, label: str, field: str, value: Any) -> str | None:
        """The key of the row whose unique ``field`` has this Python value."""
        return self._values(label, field)[0].get(value)

    def to_field_value(self, label: str, field: str, text: str) -> Any | None:
        """The Python value of the unique ``field`` in the row with this key."""
        return self._values(label, field)[1].get(text)

    def spelled(self, label: str, values: Iterable[Value]) -> Mapping[Value, Value]:
        """The spelling of the primary key in the row of ``label`` that the database finds by each text.

        Values without a row, and those that the database distinguishes as Python does, are left out.
        """
        if label not in self._spellings:
            self._spellings[label] = self._spelling(label)
        known = self._spellings[label]
        return {} if known is None else known.of(values)

    def _spelling(self, label: str) -> Spellings | None:
        fields = self._models.get_model(label)._meta.pk_fields if self.is_model(label) else []
        connection = connections[self.using]
        if len(fields) != 1 or is_exact(leaf(fields[0]), connection):
            return None
        made = self.codec(fields[0])
        if not isinstance(plain(leaf(fields[0])), (CharField, TextField)):
            return None
        return Spellings(fields[0], selected(fields[0], made, connection), made.cast, self.using)

    def model(self, label: str) -> type[Model]:
        """The model with this label; LookupError if the project has none."""
        return self._models.get_model(label)

    def is_model(self, label: str) -> bool:
        """Whether the project has this model."""
        try:
            self._models.get_model(label)
        except (LookupError, ValueError):
            return False
        return True

    def text_of(self, label: str, pk: Any) -> str:
        """A primary key of one column as text, as generic foreign keys hold it."""
        return str(self._key_column(label).encode(pk))

    def pk_in_text(self, label: str, text: str) -> Any | None:
        """The primary key that :meth:`text_of` writes like this; ``None`` if there is none."""
        try:
            return self._key_column(label).decode(text)
        except (ValueError, RecordError):
            return None

    def _key_column(self, label: str) -> KeyPart:
        found = self._columns.get(label)  # texts ask for each reference in them
        if found is None:
            fields = self._models.get_model(label)._meta.pk_fields
            if len(fields) > 1:
                raise RecordError(f"{label} has a key of several columns")
            found = self._columns[label] = plain_part(self.codec(fields[0]))
        return found

    def _keys(self, label: str) -> Keys:
        found = self._known.get(label)
        if found is None:
            if label in self._making:
                raise ConfigurationError(f"{label}: its identity is made of its own key")
            self._making.add(label)
            try:
                found = self._known[label] = self._make(
                    label, concrete(self._models.get_model(label))
                )
            finally:
                self._making.discard(label)
        return found

    def _make(self, label: str, model: type[Model]) -> Keys:
        identity = self._identity.get(model._meta.label_lower, "pk")
        if identity == "natural":
            identity = natural_fields(model)
        fields = model._meta.pk_fields
        shared = shared_key(model)
        if is_uuid(identity):
            return self._same(shared) if shared else self._uuids(label, model)
        if identity == "pk":
            return self._same(shared) if shared else PrimaryKeys(list(map(self._part, fields)))
        paths = tuple(identity)
        if shared and all(path.startswith(f"{shared.name}__") for path in paths):
            same = self._same(shared)
            if same.fields == paths:
                return same
        return self._mapped(label, model, paths)

    def _target(
        self, field: AnyField
    ) -> tuple[str, Keys, Callable[[Any], str | None], Callable[[str], Any]]:
        """The model that a reference points at, its keys, and the column's values to keys and back."""
        target = label_of(field.related_model)  # type: ignore[arg-type]
        keys = self._keys(target)
        if points_at_key(field):
            return target, keys, keys.text, keys.pk
        to = field.target_field.name  # type: ignore[attr-defined]
        return (
            target,
            keys,
            partial(self.to_field_key, target, to),
            partial(self.to_field_value, target, to),
        )

    def _same(self, field: AnyField) -> Keys:
        return TargetKeys(field.name, *self._target(field)[1:])

    def _mapped(self, label: str, model: type[Model], paths: tuple[str, ...]) -> Keys:
        parts: list[KeyPart] = []
        wanted = list(model._meta.pk_fields)
        names = [field.attname for field in wanted]
        for path in paths:
            columns = generic_keys(model).get(path, (path,))
            ends = [end_of(model, column) for column in columns]
            parts.append(self._generic(*ends) if len(ends) > 1 else self._part(ends[0]))
            wanted += ends
            names += columns
        return MappedKeys(label, paths, parts, lambda: self._rows(model, names, wanted))

    def _uuids(self, label: str, model: type[Model]) -> Keys:
        copies = self._copies
        if copies is not None and label not in copies.labels and self._own is not self:
            return self._own._keys(label)  # so that a row without a UUID gets one, and not two
        fields = model._meta.pk_fields
        if len(fields) > 1:
            raise ConfigurationError(
                f"{label}: its primary key has several columns, which 'uuid' cannot name",
                hint="use 'pk', or name unique fields: 'identity': ['slug']",
            )
        (field,) = fields

        def rows() -> Iterator[Any]:
            return (pk for pk, _ in self._rows(model, [field.attname], [field]))

        names = partial(self._names, label) if self._names else None
        encode = plain_part(self.codec(field)).encode

        def spell(pk: Any) -> str:
            return str(pk if type(pk) is int else encode(pk))

        parse = partial(self.pk_in_text, label)
        if copies is None:
            return UuidKeys(self.using, label, rows, spell, parse, names)
        return CopyKeys(
            self.using,
            copies.stored(label),
            rows,
            spell,
            parse,
            own_key=partial(self._own.key_text, label),
            own_pk=partial(self._pk_by_uuid, label),
            expected=copies.of(label),
        )

    def _pk_by_uuid(self, label: str, text: str) -> Any | None:
        """The primary key of the row with this UUID apart from copies, also of one that is gone."""
        keys = self._own._keys(label)
        return keys.pk(text) if isinstance(keys, UuidKeys) else None

    @property
    def copies(self) -> frozenset[str]:
        """The labels of models whose rows are copied."""
        return self._copies.labels if self._copies else frozenset()

    def copied(self, label: str) -> CopyKeys | None:
        """What names the copied rows of the model; ``None`` if no rows of it are copied."""
        if self._copies is None or label not in self._copies.labels:
            return None
        keys = self._keys(self.base(label))
        return keys if isinstance(keys, CopyKeys) else None

    def expect(self, keys: Iterable[RecordKey], origins: Iterable[RecordKey]) -> None:
        """Note the records that a commit has, by their names in the copy and by their keys in the commit.

        No row that is not copied has such a name.
        """
        if self._copies is None:
            return
        bases = {label: self.base(label) for label in self._copies.labels}
        for key in keys:
            if key.model in bases:
                self._copies.expected.setdefault(bases[key.model], set()).add(key.key)
        texts = (key.key for key in origins if not is_uuid_key(key.key))
        self._copies.origins.update({uuid_of(text): text for text in texts})

    def origin(self, label: str, text: str) -> tuple[str, bool] | None:
        """The key that a record of the copy, or another row, has apart from it; and whether it is copied.

        ``None`` if the name is neither's.
        """
        copied = self.copied(label)
        if copied is None or self._copies is None:
            return None
        if text in copied.expected or copied.pk_of_copy(text) is not None:
            return self._copies.origins.get(text, text), True
        pk = copied.pk(text)
        own = None if pk is None else self._own.key_text(label, pk)
        if own is None:  # a row that is not here
            key = self._copies.origins.get(text)
            return None if key is None else (key, True)
        return own, False

    def learn_origins(self, record: Record) -> None:
        """Note the keys in the references of a record, as a commit has it."""
        if self._copies is None:
            return
        for value in record.fields.values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and ":" in each:
                    key = each.partition(":")[2]
                    self._copies.origins.setdefault(uuid_of(key), key)

    def uuids(self, label: str) -> UuidKeys | None:
        """The UUIDs that name the model's rows; ``None`` if something else does."""
        keys = self._keys(label)
        return keys if isinstance(keys, UuidKeys) else None

    @property
    def unsaved(self) -> Sequence[UuidKeys]:
        """Those that know something of rows which the database does not say yet."""
        keys = self._known.values()
        return [each for each in keys if isinstance(each, UuidKeys) and each.unsaved]

    def _generic(self, content_type: AnyField, object_id: AnyField) -> KeyPart:
        """A generic foreign key as a part of a key, of two columns: the reference that it is."""
        types, codec = label_of(content_type.related_model), self.codec(object_id)  # type: ignore[arg-type]

        def text(type_pk: Any, value: Any) -> str | None:
            named = self.key_text(types, type_pk)
            if named is None:
                raise RecordError(f"{types} with primary key {type_pk!r} does not exist")
            label = ".".join(map(decode_part, named.split(",")))
            raw = codec.encode(value)
            if not self.is_model(label) or not self.is_local(label):
                return f"{label}:{key_text(raw)}"
            pk = self.pk_in_text(label, str(raw))
            key = None if pk is None else self.key_text(label, pk)
            return None if key is None else f"{label}:{key}"

        return KeyPart(KeyKind.TEXT, text, itself, width=2)

    def _rows(
        self, model: type[Model], names: Sequence[str], fields: Sequence[AnyField]
    ) -> list[tuple[Any, Row]]:
        """(primary key, the other values) of every row, in Python values."""
        count = len(model._meta.pk_fields)
        codecs = [self.codec(field) for field in fields]
        wanted = [
            Selected(F(name), selected(field, made, connections[self.using]))
            for name, field, made in zip(names, fields, codecs, strict=True)
        ]
        with translated(f"{model._meta.label_lower} in database {self.using!r}"):
            rows = fetch(rows_of(model, self.using).values_list(*wanted), self.using)
        readers = [made.read for made in codecs]
        found = []
        for row in rows:
            values = tuple(
                value if read is None or value is None else read(value)
                for read, value in zip(readers, row, strict=True)
            )
            found.append((values[0] if count == 1 else values[:count], values[count:]))
        return found

    def _values(self, label: str, field: str) -> tuple[dict[Any, str], dict[str, Any]]:
        known = self._by_value.get((label, field))
        if known is None:
            model = concrete(self._models.get_model(label))
            keys = model._meta.pk_fields
            names = [*(each.attname for each in keys), field]
            rows = self._rows(model, names, [*keys, end_of(model, field)])
            pairs = [(self.key_text(label, pk), value) for pk, (value,) in rows]
            complete = [(key, value) for key, value in pairs if key is not None]
            known = ({value: key for key, value in complete}, dict(complete))
            self._by_value[label, field] = known
        return known

    def _part(self, field: AnyField) -> KeyPart:
        """One field as a part of a key."""
        if not field.is_relation:
            return plain_part(self.codec(field))
        target, keys, text, pk = self._target(field)
        return reference_part(target, keys.kind, text, pk)

    def codec(self, field: AnyField) -> Codec:
        """The codec of a column whose values are keys, or parts of keys."""
        found = key_codec(field, connections[self.using])
        if found is None:
            raise ConfigurationError(f"{field} cannot be a key")
        return found

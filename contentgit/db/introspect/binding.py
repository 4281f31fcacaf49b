"""Fields of a model bound to their columns: plain ones, references, generic and many-to-many ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from django.db import connections

from contentgit.content.layout import decode_part, key_text
from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, OnDelete
from contentgit.db.coverage import own_columns
from contentgit.db.fields import codec, key_codec, selected
from contentgit.db.fields.plain import AnyField
from contentgit.db.fields.values import Codec, refused
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import label_of, points_at_key
from contentgit.db.tables import BoundField, BoundRelation, Column
from contentgit.errors import RecordError


def column(field: AnyField, made: Codec, using: str) -> Column:
    """The column of ``field``, whose values ``made`` converts; a reference is read as its row has it."""
    param = made.param
    return Column(
        name=str(field.column),
        attname=field.attname,
        param=lambda value: None if value is None else param(value),
        cast=made.cast,
        select=selected(field, made, connections[using]),
        read=made.read,
    )


def column_codec(field: AnyField, using: str) -> Codec | None:
    """The codec of the column of any field, a reference or not; ``None`` if no record can hold it."""
    if field.is_relation:
        return key_codec(field, connections[using])
    return codec(field, connections[using])


def bound_field(field: AnyField, identities: Identities) -> BoundField | None:
    """One field with a column of its own; ``None`` if no record can hold its values."""
    made = column_codec(field, identities.using)
    if made is None:
        return None
    if field.is_relation:
        return _reference(field, made, identities)
    encode = made.encode
    # Choices of a function are left out: it may query a database.
    choices = field.flatchoices if isinstance(field.choices, (list, tuple)) else ()
    return BoundField(
        schema=FieldSchema(
            field.name,
            made.kind,
            null=bool(field.null),
            moment=bool(getattr(field, "auto_now", False)),
            choices=tuple(str(value) for value, _ in choices),
            srid=max(0, getattr(field, "srid", 0)) if made.kind is FieldKind.GEOMETRY else 0,
            length=_length(field, made.kind, identities.using),
        ),
        columns=(column(field, made, identities.using),),
        encode=lambda value: None if value is None else encode(value),
        decode=lambda content: (made.decoded(content),),
        same=made.same | {type(None)},
    )


def _length(field: AnyField, kind: FieldKind, using: str) -> int | None:
    """How many characters the column holds; ``None`` where nothing bounds them, as on SQLite."""
    connection = connections[using]
    if kind not in (FieldKind.TEXT, FieldKind.FILE) or connection.vendor == "sqlite":
        return None
    bounded = (field.db_type(connection) or "").startswith("varchar")
    return field.max_length if bounded else None


# References


class Pointer(NamedTuple):
    """A column that points at rows of ``target``: its Python values to references and back."""

    target: str
    text: Callable[[Any], str | None]
    pk: Callable[[str], Any]

    def encode(self, value: Any) -> str:
        """The reference.

        Raises:
            RecordError: the row that ``value`` points at does not exist, and so has no key.
        """
        text = self.text(value)
        if text is None:
            raise RecordError(
                f"it points at {self.target} {value!r}, which does not exist, or has no key"
            )
        return f"{self.target}:{text}"

    def decode(self, content: Value) -> Any:
        """The Python value of the column.

        Raises:
            RecordError: this is no reference to ``target``, or no such row exists.
        """
        label, _, text = content.partition(":") if isinstance(content, str) else ("", "", "")
        if label != self.target or not text:
            raise refused(content, f"a reference to {self.target}")
        value = self.pk(text)
        if value is None:
            raise RecordError(f"it refers to {content}, which does not exist in this database")
        return value


def pointer(field: AnyField, identities: Identities) -> Pointer:
    """The pointer of a foreign key, one-to-one field, or column of a through table."""
    target = label_of(field.related_model)  # type: ignore[arg-type]
    if points_at_key(field):
        return Pointer(target, partial(identities.key_text, target), partial(identities.pk, target))
    to = (target, field.target_field.name)  # type: ignore[attr-defined]
    return Pointer(
        target, partial(identities.to_field_key, *to), partial(identities.to_field_value, *to)
    )


def _reference(field: AnyField, made: Codec, identities: Identities) -> BoundField:
    found = pointer(field, identities)

    def encode(value: Any) -> str | None:
        return None if value is None else found.encode(value)

    def decode(content: Value) -> tuple[Any]:
        return (None if content is None else made.param(found.decode(content)),)

    schema = FieldSchema(
        field.name,
        FieldKind.REFERENCE,
        null=bool(field.null),
        target=found.target,
        on_delete=on_delete(field),
        constrained=is_constrained(field),
        by_value=not points_at_key(field),
    )
    return BoundField(schema, (column(field, made, identities.using),), encode, decode)


def on_delete(field: AnyField) -> OnDelete:
    """What becomes of the row when the row that ``field`` points at is deleted."""
    remote: Any = field.remote_field
    name = getattr(remote.on_delete, "__name__", "")
    try:
        return OnDelete(name.lower().removeprefix("db_"))
    except ValueError:
        return OnDelete.SET  # a function of SET(...), or of the project's own


def is_constrained(field: Any) -> bool:
    """Whether the database refuses a reference to a row that does not exist."""
    return bool(getattr(field, "db_constraint", True))


# Generic foreign keys


def bound_generic(gfk: Any, identities: Identities) -> BoundField | None:
    """A generic foreign key; ``None`` if no record can hold the values of its columns."""
    content_type = gfk.model._meta.get_field(gfk.ct_field)
    object_id = gfk.model._meta.get_field(gfk.fk_field)
    first, second = (column_codec(field, identities.using) for field in (content_type, object_id))
    if first is None or second is None or object_id.is_relation:
        return None
    generic = Generic(pointer(content_type, identities), second, identities)

    def decode(content: Value) -> tuple[Any, Any]:
        pk, raw = generic.decode(content)
        return (None if pk is None else first.param(pk), second.decoded(raw))

    pairs = ((content_type, first), (object_id, second))
    return BoundField(
        FieldSchema(gfk.name, FieldKind.GENERIC, null=content_type.null and object_id.null),
        tuple(column(field, made, identities.using) for field, made in pairs),
        generic.encode,
        decode,
        prepare=generic.prepare if second.kind is FieldKind.TEXT else None,
    )


class Generic(NamedTuple):
    """The two columns of a generic foreign key as one reference."""

    content_type: Pointer
    object_id: Codec
    identities: Identities

    def encode(self, content_type: Any, object_id: Any) -> Value:
        """The reference, or both columns where they are none."""
        if content_type is None and object_id is None:
            return None
        raw = None if object_id is None else self.object_id.encode(object_id)
        reference = None if content_type is None else self.content_type.encode(content_type)
        if raw is not None and reference is not None:
            label = _label(reference)
            text = self._key_text(label, self.identities.spelled(label, [raw]).get(raw, raw))
            if text is not None:
                return f"{label}:{text}"
        return {"content_type": reference, "object_id": raw}

    def prepare(self, content_types: Sequence[Any], object_ids: Sequence[Any]) -> None:
        """Looks up how the rows that these values find spell their keys, for all at once."""
        by_type: dict[Any, set[Any]] = {}
        for content_type, object_id in zip(content_types, object_ids, strict=True):
            if content_type is not None and object_id is not None:
                by_type.setdefault(content_type, set()).add(object_id)
        for content_type, values in by_type.items():
            text = self.content_type.text(content_type)
            if text is not None:
                self.identities.spelled(_label(f":{text}"), values)

    def decode(self, content: Value) -> tuple[Any, Value]:
        """The content type's primary key, and the content value of the object id.

        Raises:
            RecordError: this is no reference, or the database lacks what it refers to.
        """
        if content is None:
            return None, None
        if isinstance(content, dict) and content.keys() == {"content_type", "object_id"}:
            reference, raw = content["content_type"], content["object_id"]
            return (None if reference is None else self.content_type.decode(reference)), raw
        try:
            key = RecordKey.parse(content)
            raw = self._raw(key)
        except (AttributeError, ValueError):
            raise refused(content, "a reference like app.model:key") from None
        name = key_text(key.model.split("."))
        return self.content_type.decode(f"{self.content_type.target}:{name}"), raw

    def _key_text(self, label: str, raw: Value) -> str | None:
        """The key in the reference; ``None`` if the two columns must be told apart."""
        if isinstance(raw, bool) or not isinstance(raw, (int, str)):
            return None
        if not self._is_local(label):
            return key_text(raw)
        pk = self.identities.pk_in_text(label, str(raw))
        return None if pk is None else self.identities.key_text(label, pk)

    def _raw(self, key: RecordKey) -> Value:
        if not self._is_local(key.model):
            text = decode_part(key.key)
            return int(text) if self.object_id.kind is FieldKind.INTEGER else text
        pk = self.identities.pk(key.model, key.key)
        if pk is None:
            raise RecordError(f"it refers to {key}, which does not exist in this database")
        text = self.identities.text_of(key.model, pk)
        return int(text) if self.object_id.kind is FieldKind.INTEGER else text

    def _is_local(self, label: str) -> bool:
        return self.identities.is_model(label) and self.identities.is_local(label)


def _label(content_type: str) -> str:
    """The model of a reference to a content type."""
    return ".".join(map(decode_part, content_type.partition(":")[2].split(",")))


# Many-to-many fields


def bound_relation(field: Any, identities: Identities) -> BoundRelation:
    """A many-to-many field over an automatic through table."""
    through = field.remote_field.through
    source = through._meta.get_field(field.m2m_field_name())
    target = through._meta.get_field(field.m2m_reverse_field_name())
    found = pointer(target, identities)
    order, _ = own_columns(field)
    columns = []
    for end in filter(None, (source, target, order, *through._meta.pk_fields)):
        made = column_codec(end, identities.using)
        assert made is not None
        columns.append((made, column(end, made, identities.using)))
    (_, source_column), (target_codec, target_column), (_, numbers), *ties = columns
    param = target_codec.param
    return BoundRelation(
        FieldSchema(
            field.name,
            FieldKind.REFERENCES,
            target=found.target,
            constrained=is_constrained(target),
            ordered=order is not None,
        ),
        through,
        through._meta.db_table,
        source_column,
        target_column,
        found.encode,
        lambda reference: param(found.decode(reference)),
        *(() if order is None else (numbers, tuple(tie for _, tie in ties))),
    )

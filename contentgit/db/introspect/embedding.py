"""Fields whose texts or JSON hold references inside: primary keys of this database to marks and back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from contentgit.content.embedded import (
    NO_ROW,
    escaped,
    filled,
    number_mark,
    text_mark,
    unknown_pk,
    unknown_row,
)
from contentgit.content.records import JSON_NULL, RecordKey, Value
from contentgit.content.schema import FieldKind
from contentgit.content.values import same
from contentgit.db.identity import Identities
from contentgit.db.identity.paths import concrete
from contentgit.db.tables import BoundField, Column
from contentgit.errors import RecordError
from contentgit.references import Html, References
from contentgit.references.listed import rules_of

_KNOWN: Final = 1 << 14
"""So many texts of primary keys are remembered for a field."""


@dataclass(slots=True)
class _Parsed:
    """The label of the concrete model, and the primary key if a row can have it in this spelling.

    ``named`` is the last name of the row, ``key`` and ``mark`` what stood for it.
    """

    label: str
    pk: Any
    named: str | None = None
    key: RecordKey | None = None
    mark: str = ""


def embedding(
    bound: BoundField,
    references: References,
    identities: Identities,
    beside: tuple[Column, ...] = (),
) -> BoundField:
    """The field with keys of records in place of the primary keys that ``references`` finds in its values.

    ``beside`` are the columns whose values it is given, too.
    """

    restored = partial(filled, is_number=bound.schema.kind is FieldKind.INTEGER)

    known: dict[tuple[str, str], _Parsed | None] = {}
    # These put in nothing but what the names give: they need not be read back.
    is_exact = type(references).named is Html.named

    def embed(content: Value, *others: Any) -> Value:
        if content is None or content is JSON_NULL:
            return content
        names = _MarkedNames(identities, known)
        try:
            plain = escaped(content)
            found = _named(references, plain, names, *others)
            if is_exact or found is plain:
                return found
            back = restored(found, lambda key: names.pks.get(key, ""))
        except RecursionError:
            raise RecordError("lists and dictionaries are nested too deep") from None
        if not same(back, content):
            raise RecordError(
                f"{type(references).__name__} does not give back the value it was given",
                hint="put what the names give in place of whole primary keys, and change nothing else",
            )
        return found

    def encode(value: Any, *others: Any) -> Value:
        return None if value is None else embed(bound.encode(value), *others)

    def bare(content: Value) -> Value:
        return restored(content, lambda key: _pk(identities, key))

    def decode(content: Value) -> tuple[Any, ...]:
        if content is None or content is JSON_NULL:
            return bound.decode(content)
        return bound.decode(bare(content))

    # The marks are longer than what the column holds.
    rules, null = rules_of(references), frozenset([type(None)])
    schema = replace(bound.schema, embeds=True, rules=rules, length=None)
    given: dict[str, Any] = {"schema": schema, "encode": encode, "decode": decode, "same": null}
    return replace(bound, **given, embed=embed, bare=bare, beside=beside)


def _named(references: Any, content: Value, names: _MarkedNames, *others: Any) -> Value:
    try:
        return references.named(content, names, *others)
    except RecordError:
        raise
    except Exception as error:
        # Any: a class of the project may stand in a spec.
        raise RecordError(
            f"references: {type(references).__name__}: {type(error).__name__}: {error}",
            hint="the error comes from the project's code",
        ) from error


def _pk(identities: Identities, key: RecordKey) -> str:
    """The primary key, as text, of the row that a mark names."""
    unknown = unknown_pk(key)
    if unknown is not None:
        return unknown
    pk = identities.pk(key.model, key.key) if identities.is_model(key.model) else None
    if pk is None:
        raise RecordError(f"it refers to {key}, which does not exist in this database")
    return identities.text_of(key.model, pk)


@dataclass
class _MarkedNames:
    """Gives marks; ``pks`` are the primary keys for which it gave some, by the key in the mark.

    ``known`` are texts that were primary keys before, by model, since many texts refer to the same rows.
    """

    identities: Identities
    known: dict[tuple[str, str], _Parsed | None]
    pks: dict[RecordKey, str] = field(default_factory=dict)

    def text(self, model: str, pk: str) -> str:
        """See :class:`contentgit.references.Names`."""
        found = self._found(model, pk)
        return pk if found is None else found.mark

    def number(self, model: str, pk: int) -> int | str:
        """See :class:`contentgit.references.Names`."""
        found = self._found(model, str(pk))
        return pk if found is None or found.key is None else number_mark(found.key)

    def _found(self, model: str, pk: str) -> _Parsed | None:
        """What stands for the primary key; ``None`` if no row of the model can have this one."""
        try:
            parsed = self.known[model, pk]
        except KeyError:
            if len(self.known) >= _KNOWN:
                self.known.clear()
            parsed = self.known[model, pk] = self._parsed(model, pk)
        if parsed is None:
            return None
        label, value, key = parsed.label, parsed.pk, parsed.key
        named = None if value is None else self.identities.key_text(label, value)
        if key is None or named != parsed.named:  # the row may have come or gone since
            key = unknown_row(label, pk) if named is None else RecordKey(label, named)
            parsed.named, parsed.key, parsed.mark = named, key, text_mark(key)
        self.pks[key] = pk
        return parsed

    def _parsed(self, model: str, pk: str) -> _Parsed | None:
        if "$" in pk or not self.identities.is_model(model):
            return None  # what looks like a mark has been escaped already
        label = concrete(self.identities.model(model))._meta.label_lower
        found = self.identities.pk_in_text(label, pk)
        if found is None:
            return _Parsed(label, None) if pk == NO_ROW else None
        is_spelled = self.identities.text_of(label, found) == pk
        return _Parsed(label, found if is_spelled else None)

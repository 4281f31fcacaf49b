"""Rows and records as they are compared to be paired: what they hold, and what they refer to.

A row of a multi-table chain is one with its parents: what is read of each table is put together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha1
from sys import intern
from typing import Any, Final, NamedTuple

from contentgit.content.canonical import encode_value
from contentgit.content.diff import ABSENT
from contentgit.content.embedded import keys_in, redirected
from contentgit.content.lenses import NOTHING
from contentgit.content.pairing import Paired, References
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, ModelSchema
from contentgit.content.uuids import is_uuid_identity
from contentgit.db.identity import Identities
from contentgit.errors import UsageError

PK: Final = "pk"
"""In place of a field: the primary key from which the UUID of a record follows."""

_ALL: Final = ""
"""The rule of models for which no fields are given: all are compared."""


class _Part(NamedTuple):
    """What one table says of a row or record, by rule: a digest, what it refers to, if it is empty."""

    label: str
    seen: tuple[tuple[str, bytes, References, bool], ...]


@dataclass(frozen=True)
class PairingRules:
    """What is compared of the ``models`` that UUIDs name.

    ``by`` are the fields of a model and its parents that are compared alone. ``unsaid`` are fields, by model,
    of which the commit may not say what the database has.

    Raises:
        UsageError: ``by`` names a model or field that is not there.
    """

    identities: Identities
    models: Mapping[str, ModelSchema]
    by: Mapping[str, Sequence[str]]
    unsaid: Mapping[str, frozenset[str]]

    def __post_init__(self) -> None:
        problems = [line for label in self.by for line in self._problems(label)]
        if problems:
            raise UsageError(
                "--by names what is not there",
                items=problems,
                hint=f"models that UUIDs name here: {', '.join(sorted(self.models))}",
            )

    def _problems(self, label: str) -> Iterator[str]:
        if label not in self.models:
            yield f"{label} is not in these dumps, or not named by UUIDs"
            return
        names = [name for name in self.by[label] if name != PK]
        if not names:
            yield (
                f"{label}: primary keys alone pair rows that two sites made under one key; name fields that "
                f"must agree, too: --by {label}=pk,FIELD"
            )
        known = sorted({name for each in self.chain(label) for name in self.models[each].by_name})
        for name in names:
            if name not in known:
                yield f"{label} has no field {name!r}; it has {', '.join(known)}"

    def chain(self, label: str) -> list[str]:
        """The model and its multi-table parents."""
        found = [label]
        for each in found:
            found += [one for one in self.models[each].parents if one in self.models]
        return list(dict.fromkeys(found))

    def name(self, key: RecordKey) -> str:
        """The name of a row or record: one for all tables of a chain."""
        return intern(f"{self.bases[key.model]}:{key.key}")

    @cached_property
    def bases(self) -> Mapping[str, str]:
        """The models whose rows give those of each model their names."""
        return {label: self.identities.base(label) for label in self.models}

    @cached_property
    def wanted(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """The fields that are compared of each model, by rule."""
        found: dict[str, dict[str, Sequence[str]]] = defaultdict(dict)
        for label, model in self.models.items():
            left_out = model.derived | self.unsaid.get(label, frozenset())
            found[label][_ALL] = [each for each in sorted(model.by_name) if each not in left_out]
        for label, names in self.by.items():
            for name in sorted(set(names)):
                having = (
                    each
                    for each in self.chain(label)
                    if name == PK or name in self.models[each].by_name
                )
                place = next(having)
                found[place][label] = [*found[place].get(label, ()), name]
        return found

    def rule(self, labels: Iterable[str]) -> str:
        """The rule for a row that is in these tables: that of the model furthest from the base."""
        given = [label for label in labels if label in self.by]
        return max(given, key=lambda label: (len(self.chain(label)), label), default=_ALL)

    def model(self, labels: Iterable[str]) -> str:
        """The model of a row that is in these tables."""
        return max(labels, key=lambda label: (len(self.chain(label)), label))


@dataclass
class PairingSide:
    """The rows, or the records, that are to be paired; ``pk`` gives what ``"pk"`` in a rule compares."""

    rules: PairingRules
    pk: Callable[[RecordKey], str]
    parts: dict[str, list[_Part]] = field(default_factory=lambda: defaultdict(list))
    _uuid: dict[str, str] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Takes what one table says; a record that another dump has as well counts once."""
        parts = self.parts[self.rules.name(record.key)]
        label = record.key.model
        if all(each.label != label for each in parts):
            wanted = self.rules.wanted[label].items()
            seen = tuple((rule, *self._seen(record, names)) for rule, names in wanted)
            parts.append(_Part(label, seen))

    def paired(self, names: Iterable[str]) -> dict[str, Paired]:
        """Those of these names as they are compared."""
        return {name: self._paired(name) for name in names}

    def _paired(self, name: str) -> Paired:
        parts = sorted(self.parts[name], key=lambda each: each.label)
        labels = tuple(each.label for each in parts)
        rule = self.rules.rule(labels)
        seen = [each for part in parts for each in part.seen if each[0] == rule]
        if rule and all(empty for _, _, _, empty in seen):
            return Paired((id(self), name))  # equal to nothing
        digests = b"".join(digest for _, digest, _, _ in seen)
        content = sha1(f"{labels} {rule}\0".encode() + digests, usedforsecurity=False).digest()
        return Paired(content, tuple(each for _, _, found, _ in seen for each in found))

    def _seen(self, record: Record, names: Sequence[str]) -> tuple[bytes, References, bool]:
        model = self.rules.models[record.key.model]
        digest, references = sha1(usedforsecurity=False), list[tuple[str, ...] | frozenset[str]]()
        for name in names:
            value = self.pk(record.key) if name == PK else record.fields.get(name, ABSENT)
            schema = model.by_name.get(name)
            targets = self._targets(schema, value)
            if schema is not None and schema.embeds and targets is not None:
                digest.update(encode_value(self._nameless(value)))
            digest.update(f"{name}\0".encode())
            if targets is not None:
                references.append(targets)
                digest.update(b"refers")
            elif value is not ABSENT:
                digest.update(encode_value(value))
            digest.update(b"\0")
        values = (record.fields.get(name) for name in names if name != PK)
        return digest.digest(), tuple(references), all(value in NOTHING for value in values)

    def _targets(
        self, schema: FieldSchema | None, value: Any
    ) -> tuple[str, ...] | frozenset[str] | None:
        """The names of what a field refers to; ``None`` if that is not named by UUIDs, or nothing."""
        if schema is None or not value or value is ABSENT:
            return None
        if schema.embeds:
            inside = [self._target(str(key)) for key in keys_in(value)]
            return tuple(filter(None, inside)) or None
        match schema.kind:
            case FieldKind.REFERENCE | FieldKind.GENERIC:
                found = self._target(value)
                return (found,) if found else None
            case FieldKind.REFERENCES if isinstance(value, list):
                several = [*map(self._target, value)]
                if all(several):
                    return tuple(several) if schema.ordered else frozenset(several)
        return None

    def _nameless(self, value: Value) -> Value:
        """The value without the names of what UUIDs name inside of it."""
        return redirected(
            value, lambda key: RecordKey(key.model, "~") if self._target(str(key)) else key
        )

    def _target(self, value: Value) -> str:
        if not isinstance(value, str) or ":" not in value:
            return ""
        label, _, key = value.partition(":")
        base = self._uuid.get(label)
        if base is None:
            base = self._uuid[label] = self._base(label)
        return intern(f"{base}:{key}") if base else ""

    def _base(self, label: str) -> str:
        identities = self.rules.identities
        if not identities.is_model(label) or not is_uuid_identity(identities.fields(label)):
            return ""
        return identities.base(label)

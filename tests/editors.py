"""Random edits of content as people make them: valid each by itself, and told apart by words of their own.

An :class:`Editor` works on records in memory and needs neither a database nor git. What it may not do,
it finds out as a project would: :func:`problems` says what is wrong with the whole content, and an edit
that adds to it was not made.
"""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, ModelSchema
from contentgit.content.text import in_segments, segments
from contentgit.integrity.relations import claims, references

Records: TypeAlias = Mapping[RecordKey, Record]
Models: TypeAlias = Mapping[str, ModelSchema]

SHARED: Final = 900_000
"""The first of the keys that both editors give to new records, each to others."""


def problems(records: Records, models: Models) -> set[tuple[str, ...]]:
    """What is wrong with content: references to nothing, values that are there twice, circles of parents."""
    found: set[tuple[str, ...]] = set()
    wanted: dict[Any, RecordKey] = {}
    above: dict[tuple[str, str], dict[RecordKey, RecordKey]] = {}
    for key, record in records.items():
        schema = models[key.model]
        for each in references(record, schema):
            if each.target.model in models and each.constrained and each.target not in records:
                found.add(("dangling", str(key), each.field, str(each.target)))
            known = schema.by_name.get(each.field)
            if each.target.model == key.model and known and known.kind is FieldKind.REFERENCE:
                above.setdefault((key.model, each.field), {})[key] = each.target
        for claim in claims(record, schema.unique):
            other = wanted.setdefault(claim, key)
            if other != key:
                found.add(("twice", claim[1], *sorted((str(key), str(other)))))
    for (_, name), parents in above.items():
        found |= {("circle", name, *each) for each in _circles(parents)}
    return found


def _circles(parents: Mapping[RecordKey, RecordKey]) -> Iterator[tuple[str, ...]]:
    for start in parents:
        trail, key = [start], parents.get(start)
        while key is not None and key not in trail:
            trail.append(key)
            key = parents.get(key)
        if key == start:
            yield tuple(sorted(map(str, trail)))


@dataclass
class Editor:
    """Changes ``records``, whose models are ``models``; ``name`` is in every text that is written.

    New records get keys from ``first_key`` on. ``may_edit`` says which fields are this editor's.
    To the records ``busy`` more happens than to others. ``shares`` is how often a new key or a short text is
    one that the other editor may give as well.
    """

    name: str
    seed: str
    records: dict[RecordKey, Record]
    models: Models
    first_key: int
    may_edit: Callable[[RecordKey, str], bool] = lambda _key, _field: True
    shares: float = 0.15
    busy: Sequence[RecordKey] = ()
    done: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._wrong = problems(self.records, self.models)
        self._shared = SHARED

    def work(self, times: int) -> None:
        """Edits, moves, adds and deletes, as often; an edit that would be wrong is not made."""
        kinds: list[Callable[[], str]] = [
            *[self._edit] * 12, *[self._add] * 3, *[self._delete] * 2, *[self._move] * 4,
        ]  # fmt: skip
        for _ in range(times):
            self._try(self.random.choice(kinds))

    def add(self, first_key: int, times: int) -> None:
        """Adds records, whose keys count on from the first also where there is none to add."""
        for number in range(times):
            self.first_key = first_key + number
            self._try(self._add)

    def edit_fields(self, times: int) -> None:
        """Edits fields only; nothing comes, goes or moves."""
        for _ in range(times):
            self._try(self._edit_alone)

    def _try(self, work: Callable[[], str]) -> None:
        before = dict(self.records)
        did = work()
        if not did:
            return
        if problems(self.records, self.models) - self._wrong:
            self.records.clear()
            self.records |= before
        else:
            self.done.append(did)

    def token(self) -> str:
        """A word that stands nowhere else."""
        self.count += 1
        return f"{self.name}{self.count}q"

    def _some(self) -> RecordKey:
        busy = [each for each in self.busy if each in self.records]
        return self.random.choice(busy if busy and self.random.random() < 0.5 else [*self.records])

    # Fields

    def _edit(self) -> str:
        return self._edit_some({FieldKind.COLUMN, FieldKind.RANGE})

    def _edit_alone(self) -> str:
        return self._edit_some({FieldKind.COLUMN, FieldKind.RANGE, FieldKind.REFERENCE}, alone=True)

    def _edit_some(self, leave: set[FieldKind], *, alone: bool = False) -> str:
        key = self._some()
        record = self.records[key]
        fields = [
            each
            for each in self.models[key.model].fields
            if each.kind not in leave and self._may(record, each)
            # What orders records is merged together with others' places.
            if not alone or each.order_within is None
        ]
        if not fields:
            return ""
        chosen = self.random.choice(fields)
        return self._put(key, chosen.name, self._changed(chosen, record.fields[chosen.name]))

    def _may(self, record: Record, field: FieldSchema) -> bool:
        value = record.fields.get(field.name)
        link = field.kind is FieldKind.REFERENCE and str(value).endswith(f":{record.key.key}")
        named = field.name in {
            name.partition("__")[0] for name in self.models[record.key.model].identity
        }
        there = field.name in record.fields and self.may_edit(record.key, field.name)
        return there and not named and not (link and not field.null)

    def _put(self, key: RecordKey, name: str, value: Value) -> str:
        record = self.records[key]
        if record.fields[name] == value:
            return ""
        self.records[key] = Record(key, {**record.fields, name: value})
        return f"{key}/{name}"

    def _move(self) -> str:
        """A reference is pointed elsewhere."""
        key = self._some()
        record = self.records[key]
        fields = [
            each
            for each in self.models[key.model].fields
            if each.kind is FieldKind.REFERENCE and self._may(record, each)
        ]
        if not fields:
            return ""
        chosen = self.random.choice(fields)
        return self._put(key, chosen.name, self._reference(chosen, record.fields[chosen.name]))

    def _changed(self, field: FieldSchema, value: Value) -> Value:
        if field.null and self.random.random() < 0.1:
            return None
        if field.kind is FieldKind.REFERENCE:
            return self._reference(field, value)
        if field.kind is FieldKind.GENERIC:
            return str(self.random.choice([*self.records])) if isinstance(value, str) else value
        if field.kind is FieldKind.REFERENCES:
            return self._toggled(field, value)
        if field.kind is FieldKind.DECIMAL:
            places = len(str(value or "").partition(".")[2])
            return f"{self.random.randint(1, 9999)}{'.' if places else ''}{'5' * places}"
        made = PLAIN.get(field.kind)
        return made(self, value) if made else value

    def _reference(self, field: FieldSchema, value: Value) -> Value:
        there = sorted(key for key in self.records if key.model == field.target)
        there += [each for each in self.busy if each in there] * 3
        return str(self.random.choice(there)) if there else value

    def _toggled(self, field: FieldSchema, value: Value) -> Value:
        there = sorted(key for key in self.records if key.model == field.target)
        if not there or not isinstance(value, list):
            return value
        some = {RecordKey.parse(str(each)) for each in value} ^ {self.random.choice(there)}
        return [str(each) for each in sorted(some)]

    def text(self, value: Value) -> Value:
        """A short text is another one; one sentence of a long one has a new word."""
        if not isinstance(value, str) or not in_segments(value):
            if self.random.random() < self.shares:
                return f"both {self.random.randint(1, 3)}"
            return f"{self.token()} text"
        parts = list(segments(value))
        place = self.random.randrange(len(parts))
        at = self.random.choice([0, len(parts[place].rstrip()) // 2])
        parts[place] = f"{parts[place][:at]} {self.token()} {parts[place][at:]}"
        if self.random.random() < 0.2:
            parts.insert(place, f"<p>{self.token()} is new. </p>\n")
        return "".join(parts)

    def json(self, value: Value) -> Value:
        """One more key, another value of one, an element more or less."""
        if isinstance(value, dict):
            name = self.random.choice([*value, self.token()])
            return {**value, name: self.json(value.get(name, ""))}
        if isinstance(value, list):
            if value and isinstance(value[-1], dict) and self.random.random() < 0.5:
                return [*value[:-1], {**value[-1], "x": self.token()}]
            return [*value, {"id": self.token(), "is": 1}]
        return self.random.choice([self.text(value), {"rows": [{"id": 1, "x": self.token()}]}])

    # Records

    def _family(self, label: str) -> set[str]:
        """The models that share a row's key."""
        family = {label}
        while True:
            more = {name for each in family for name in self.models[each].parents[:1]}
            more |= {name for name, each in self.models.items() if {*each.parents[:1]} & family}
            if more <= family:
                return family
            family |= more

    def _add(self) -> str:
        """A record as another one is, under a new key, with whatever shares its row."""
        like = self._some()
        schema = self.models[like.model]
        if schema.identity or schema.key_kind is KeyKind.COMPOSITE:
            return ""
        old = [RecordKey(label, like.key) for label in self._family(like.model)]
        if schema.parents and self.random.random() < 0.5:
            old = [like]  # one more child of a row that is there, or refused
        key = self._new_key(schema.key_kind)
        for each in old:
            if each in self.records:
                self._copy(each, RecordKey(each.model, key), like.key)
        return f"+{like.model}:{key}"

    def _new_key(self, kind: KeyKind) -> str:
        if kind is KeyKind.TEXT:
            return str(uuid.UUID(int=self.random.getrandbits(128)))
        if self.random.random() < self.shares:
            self._shared += 1
            return str(self._shared)
        self.first_key += 1
        return str(self.first_key)

    def _copy(self, old: RecordKey, new: RecordKey, key: str) -> None:
        record, schema = self.records[old], self.models[old.model]
        fields = dict(record.fields)
        for name, value in fields.items():
            known = schema.by_name[name]
            if known.kind is FieldKind.REFERENCE and str(value).endswith(f":{key}"):
                fields[name] = f"{known.target}:{new.key}"
        self.records[new] = Record(new, fields)
        for each in schema.unique:
            names = [name for name in each.fields if name in fields]
            loose = [name for name in names if self._may(self.records[new], schema.by_name[name])]
            if loose and len(names) == len(each.fields):
                self._put(
                    new, loose[-1], self._changed(schema.by_name[loose[-1]], fields[loose[-1]])
                )

    def _delete(self) -> str:
        """A record goes, with all that cannot be without it; what can, lets go of it."""
        key = self._some()
        if self.models[key.model].key_kind is KeyKind.COMPOSITE:
            return ""
        gone: set[RecordKey] = set()
        waiting = [key]
        while waiting:
            each = waiting.pop()
            if each in gone or each not in self.records:
                continue
            gone.add(each)
            waiting += [RecordKey(label, each.key) for label in self._family(each.model)]
            waiting += [one for one, hard in self._referrers(each) if hard]
        if len(gone) > max(6, len(self.records) // 10):
            return ""
        for each in gone:
            del self.records[each]
        self._let_go(gone)
        return f"-{key}"

    def _referrers(self, target: RecordKey) -> Iterator[tuple[RecordKey, bool]]:
        for key, record in self.records.items():
            for each in references(record, self.models[key.model]):
                if each.target == target:
                    yield key, each.hard

    def _let_go(self, gone: Iterable[RecordKey]) -> None:
        texts = {str(each) for each in gone}
        for key, record in self.records.items():
            fields = dict(record.fields)
            for name, value in fields.items():
                kind = self.models[key.model].by_name[name].kind
                if kind is FieldKind.REFERENCES and isinstance(value, list):
                    fields[name] = [each for each in value if each not in texts]
                elif kind in (FieldKind.REFERENCE, FieldKind.GENERIC) and str(value) in texts:
                    fields[name] = None
            if fields != record.fields:
                self.records[key] = Record(key, fields)


PLAIN: Final[Mapping[FieldKind, Callable[[Editor, Value], Value]]] = {
    FieldKind.TEXT: Editor.text,
    FieldKind.INTEGER: lambda by, _: by.random.randint(0, 10**6),
    FieldKind.FLOAT: lambda by, _: by.random.randint(0, 10**6) / 8,
    FieldKind.BOOLEAN: lambda _, value: not value,
    FieldKind.DATE: lambda by, _: f"20{by.random.randint(10, 99)}-02-{by.random.randint(10, 28)}",
    FieldKind.TIME: lambda by, _: f"{by.random.randint(10, 23)}:05:00.000000",
    FieldKind.DATETIME: lambda by, _: f"2026-11-{by.random.randint(10, 30)}T13:05:00.000000Z",
    FieldKind.DURATION: lambda by, _: f"P{by.random.randint(1, 99)}DT02H03M04.000005S",
    FieldKind.UUID: lambda by, _: str(uuid.UUID(int=by.random.getrandbits(128))),
    FieldKind.BINARY: lambda by, _: base64.b64encode(by.random.randbytes(9)).decode(),
    FieldKind.JSON: Editor.json,
    FieldKind.FILE: lambda by, _: f"photos/{by.token()}.jpg",
    FieldKind.ARRAY: lambda by, _: [by.token()],
    FieldKind.MAPPING: lambda by, value: {**(value or {}), by.token(): by.token()},  # type: ignore[dict-item]
}

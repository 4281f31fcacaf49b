"""Rules for how the records of a tree go together.

Fed with a stream of records, they keep keys, digests of unique values and the references that have not
met their record yet; never whole records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from contentgit.check.constraints import Constraints
from contentgit.check.files import DescribedDump, shown
from contentgit.check.findings import Finding, Level, finding
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import ModelSchema
from contentgit.integrity.index import Dangling, References
from contentgit.integrity.relations import PARENT, circles, hashable, own_references
from contentgit.integrity.rules import digest

_LISTED: Final = 5
"""At most so many records of a tie or a cycle are named; the others are counted."""

_BITS: Final = 64


class Tree:
    """The records of one commit: hand in each with :meth:`add`, then ask for the :meth:`findings`."""

    def __init__(self, dumps: Sequence[DescribedDump], forbidden: Sequence[str] = ()) -> None:
        self._keys = _Keys(dumps)
        self._constraints = Constraints()
        self._links = _Links(dumps, self._keys)
        self._parents = _Parents()
        self._orders = _Orders()
        self._policy = _Policy(dumps, forbidden)

    def add(
        self, dump: DescribedDump, record: Record, path: str, blob: str, *, usual: bool
    ) -> list[Finding]:
        """Takes a record in; what it clashes with among those before it.

        ``path`` is in the dump's folder, ``blob`` the id of the file, ``usual`` whether the record lies
        where its key says.
        """
        model = dump.models.get(record.key.model)
        twice = self._keys.has(record.key)
        found = self._keys.add(dump, record.key, path, blob, usual=usual and model is not None)
        self._policy.add(dump, record.key, path)
        if model is None:
            return found
        where = f"{dump.folder}/{path}"
        self._links.add(dump, record, model)
        if twice:
            return found
        self._parents.add(record, model)
        self._orders.add(record, model)
        return [*found, *self._constraints.add(record, model, where)]

    def findings(self) -> Iterator[Finding]:
        """What is wrong with all of them together."""
        yield from self._keys.findings()
        yield from self._policy.findings()
        yield from self._links.findings()
        yield from self._parents.findings(self._keys)
        yield from self._orders.findings(self._keys)

    def leaving(self) -> list[Finding]:
        """The references to models that no dump holds, counted by field and model."""
        return list(self._links.leaving())


# Keys


class _Keys:
    """Which records the tree has, and where."""

    def __init__(self, dumps: Sequence[DescribedDump]) -> None:
        self._dumps = dumps
        self._numbers = {dump.folder: number for number, dump in enumerate(dumps)}
        self._known: dict[str, dict[str, int]] = defaultdict(dict)
        self._odd: dict[tuple[int, RecordKey], str] = {}
        self._alike: Counter[tuple[str, str]] = Counter()

    def has(self, key: RecordKey) -> bool:
        return key.key in self._known.get(key.model, ())

    def add(
        self, dump: DescribedDump, key: RecordKey, path: str, blob: str, *, usual: bool
    ) -> list[Finding]:
        number = self._numbers[dump.folder]
        # Number of the dump and half an id in one integer: a tuple of them takes three times the memory.
        packed = number << _BITS | int(blob[:16], 16)
        before = self._known[key.model].setdefault(key.key, packed)
        if not usual:
            self._odd.setdefault((number, key), path)
        if before is packed:
            return []
        other = self._dumps[before >> _BITS]
        mask = (1 << _BITS) - 1
        if other is not dump and before & mask == packed & mask:
            self._alike[other.folder, dump.folder] += 1
            return []
        message, level = f"{key} is in {self.place(key)} too", Level.ERROR
        if other is not dump:
            message = f"{message}, with different content: the last one applied wins"
            level = Level.WARNING
        where = f"{dump.folder}/{path}"
        return [finding("duplicate-key", message, path=where, record=key, level=level)]

    def findings(self) -> Iterator[Finding]:
        """The dumps that have records in common: dumps with arguments may well overlap."""
        for (one, other), count in sorted(self._alike.items()):
            what = "1 record is" if count == 1 else f"{count:,} records are"
            message = f"{what} in {one} too, with the same content"
            place = f"{other}/{DATASET_FILE}"
            yield finding("duplicate-key", message, path=place, level=Level.NOTE)

    def place(self, key: RecordKey) -> str:
        """The path in the repository of a record that the tree has; of the first, if it has two."""
        return self.place_in(self._dumps[self._known[key.model][key.key] >> _BITS], key)

    def place_in(self, dump: DescribedDump, key: RecordKey) -> str:
        """The path of a record that this dump has."""
        path = self._odd.get((self._numbers[dump.folder], key))
        if path is None:
            path = record_path(key, dump.models[key.model].layout)
        return f"{dump.folder}/{path}"


# References


class _Links:
    """References that have not met their record yet, and the count of those that leave the dumps."""

    def __init__(self, dumps: Sequence[DescribedDump], keys: _Keys) -> None:
        held = {label for dump in dumps for label in dump.models}
        whole = {label for dump in dumps for label in dump.models.keys() - dump.filtered}
        self._partial = held - whole
        # A row that is named by something else than its primary key has none to be written.
        self._named = {each.label for d in dumps for each in d.models.values() if each.identity}
        self._dumps = {dump.folder: dump for dump in dumps}
        self._keys = keys
        self._references = References[str](keys.has, held)

    def add(self, dump: DescribedDump, record: Record, model: ModelSchema) -> None:
        self._references.add(record, model, dump.folder)

    def findings(self) -> Iterator[Finding]:
        for each in self._references.dangling():
            level, message, hint = self._judged(each)
            yield finding(
                "dangling-reference",
                message,
                path=self._keys.place_in(self._dumps[each.origin], each.key),
                record=each.key,
                field=each.field,
                hint=hint,
                level=level,
            )

    def _judged(self, each: Dangling[str]) -> tuple[Level, str, str]:
        if each.field == PARENT and each.constrained:
            return Level.ERROR, f"its parent {each.target} is not in the tree", ""
        message = f"refers to {each.target}, which is not in the tree"
        if (each.key.model, each.field) in self._dumps[each.origin].lenient:
            return Level.NOTE, f"{message}; the dump ignores this", ""
        if each.target.model in self._partial:
            message += ": it may be a row that the dump's filter leaves out"
            return Level.WARNING, message, ""
        if not each.constrained:
            if each.target.model in self._named:
                return Level.WARNING, f"{message}; a database that lacks it, too, refuses this", ""
            return Level.WARNING, f"{message}; the database accepts this", ""
        return Level.ERROR, message, "restore the record or clear the field"

    def leaving(self) -> Iterator[Finding]:
        for (folder, model, name, target), count in sorted(self._references.leaving.items()):
            what = "1 reference" if count == 1 else f"{count:,} references"
            label = model if name == PARENT else f"{model} {name}"
            message = f"{what} of {label} to {target}, which no dump holds"
            yield finding("leaves-dumps", message, path=f"{folder}/{DATASET_FILE}", field=name)


# Trees


class _Parents:
    """For each reference of a model to itself, who is whose parent."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._single: set[tuple[str, str]] = set()

    def add(self, record: Record, model: ModelSchema) -> None:
        for field, key in own_references(record, model):
            place = (model.label, field.name)
            self._of[place][record.key.key] = key
            if any(unique.fields == (field.name,) for unique in model.unique):
                self._single.add(place)

    def findings(self, keys: _Keys) -> Iterator[Finding]:
        for (label, name), parents in sorted(self._of.items()):
            for circle in circles(parents, lambda key: RecordKey("", key).sort_key):
                ordered = [*circle[:_LISTED], *(["…"] if len(circle) > _LISTED else []), circle[0]]
                message = f"is in a cycle: {' -> '.join(ordered)}"
                key = RecordKey(label, circle[0])
                # Of a one-to-one field it may be meant: two records that are each other's counterpart.
                level = Level.WARNING if (label, name) in self._single else Level.ERROR
                if len(circle) == 1:  # as roots do in some trees
                    level, message = Level.WARNING, "refers to itself"
                yield finding(
                    "cycle", message, path=keys.place(key), record=key, field=name, level=level
                )


# Orders


class _Orders:
    """The records at each place of an order; for a place with one record, only its key."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], dict[bytes, str]] = defaultdict(dict)
        self._ties: dict[tuple[str, str, bytes], _Tie] = {}

    def add(self, record: Record, model: ModelSchema) -> None:
        for field in model.fields:
            if (within := field.order_within) is None:
                continue
            name, value = field.name, record.fields.get(field.name)
            if value is None:
                continue
            group = tuple(hashable(record.fields.get(other)) for other in within)
            place_digest = digest((value, group))
            key = record.key.key
            first = self._first[model.label, name].setdefault(place_digest, key)
            if first != key:
                place = (model.label, name, place_digest)
                tie = self._ties.setdefault(place, _Tie(value, tuple(within), [first], 1))
                tie.count += 1
                if len(tie.keys) < _LISTED:
                    tie.keys.append(key)

    def findings(self, keys: _Keys) -> Iterator[Finding]:
        for (label, name, _), tie in self._ties.items():
            key = RecordKey(label, tie.keys[0])
            place = f" of the same {' and '.join(tie.within)}" if tie.within else ""
            unlisted = tie.count - len(tie.keys)
            more = f" and {unlisted:,} more" if unlisted else ""
            message = (
                f"{shown(tie.value)} is the place of {tie.count:,} records{place}; their order is "
                f"undefined: {', '.join(tie.keys)}{more}"
            )
            yield finding("order-tie", message, path=keys.place(key), record=key, field=name)


@dataclass
class _Tie:
    """A place of several records, of which the first are named."""

    value: Value
    within: tuple[str, ...]
    keys: list[str]
    count: int


# Policy


class _Policy:
    """The models that are forbidden, as patterns in which ``*`` stands for any characters."""

    def __init__(self, dumps: Sequence[DescribedDump], forbidden: Sequence[str]) -> None:
        self._patterns = [pattern.lower() for pattern in forbidden]
        self._judged: dict[str, str] = {}
        self._counts: dict[tuple[str, str], int] = {
            (dump.folder, label): 0
            for dump in dumps
            for label in dump.models
            if self._pattern(label)
        }
        self._first: dict[tuple[str, str], str] = {}

    def _pattern(self, label: str) -> str:
        if label not in self._judged:
            hits = (pattern for pattern in self._patterns if fnmatchcase(label.lower(), pattern))
            self._judged[label] = next(hits, "")
        return self._judged[label]

    def add(self, dump: DescribedDump, key: RecordKey, path: str) -> None:
        if self._patterns and self._pattern(key.model):
            place = dump.folder, key.model
            self._first.setdefault(place, f"{dump.folder}/{path}")
            self._counts[place] = self._counts.get(place, 0) + 1

    def findings(self) -> Iterator[Finding]:
        for (folder, label), count in sorted(self._counts.items()):
            what = "1 record" if count == 1 else f"{count:,} records"
            message = f"{what} of {label}, which the policy forbids ({self._pattern(label)})"
            hint = "remove the model from the dataset and its records from the history"
            path = self._first.get((folder, label), f"{folder}/{DATASET_FILE}")
            yield finding("forbidden-model", message, path=path, hint=hint)

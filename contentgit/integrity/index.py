"""One index of references and unique values, fed with records and where each comes from.

It holds keys, digests and origins, never records, and answers which references dangle and which unique values
are held twice; :func:`~contentgit.integrity.relations.circles` answers which records form a circle. What that
means is for the caller to say: a finding of ``check``, a conflict of a merge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import ModelSchema, UniqueSet
from contentgit.integrity.relations import Claim, references
from contentgit.integrity.rules import digest, wanted

Origin = TypeVar("Origin", bound=Hashable)


class Dangling(NamedTuple, Generic[Origin]):
    """A reference of the record ``key`` to one that is not there."""

    origin: Origin
    key: RecordKey
    field: str
    target: RecordKey
    constrained: bool


class References(Generic[Origin]):
    """References that have not met their record yet."""

    def __init__(
        self, has: Callable[[RecordKey], bool], models: Container[str] | None = None
    ) -> None:
        """``has`` gives whether a record is known by now. References to models other than ``models`` are
        counted by origin, model, field and target model in ``leaving``.
        """
        self.leaving: Counter[tuple[Origin, str, str, str]] = Counter()
        self._has, self._models = has, models
        # Plain tuples: most are met soon, and a named one takes longer to make.
        self._waiting: list[tuple[Origin, RecordKey, str, RecordKey, bool]] = []

    def add(self, record: Record, model: ModelSchema, origin: Origin) -> None:
        """Takes in what a record refers to."""
        for name, target, _, constrained in references(record, model):
            if self._has(target):
                continue
            if self._models is None or target.model in self._models:
                self._waiting.append((origin, record.key, name, target, constrained))
            else:
                self.leaving[origin, record.key.model, name, target.model] += 1

    def dangling(self) -> Iterator[Dangling[Origin]]:
        """The references to records that are not there, in the order in which they came."""
        return (Dangling(*each) for each in self._waiting if not self._has(each[3]))


class Clash(NamedTuple, Generic[Origin]):
    """Unique values that another record wants too: where the first one comes from, and the values."""

    first: Origin
    unique: UniqueSet
    values: tuple[Value, ...]


class UniqueValues(Generic[Origin]):
    """Which unique values are held, and by whom first."""

    def __init__(self, claims: Callable[[Record, ModelSchema], Iterator[Claim]] = wanted) -> None:
        self._claims = claims
        self._first: dict[bytes, Origin] = {}

    def add(
        self,
        record: Record,
        model: ModelSchema,
        origin: Origin,
        among: Container[bytes] | None = None,
    ) -> Iterator[Clash[Origin]]:
        """Takes in the values that a record wants, and gives those that another origin wants already.

        With ``among`` only values of which the digest is there count.
        """
        for claim in self._claims(record, model):
            mark = digest(claim)
            if among is None or mark in among:
                first = self._first.setdefault(mark, origin)
                if first != origin:
                    yield Clash(first, model.unique_by_name[claim[1]], claim[2])

"""The names of copied rows: a map of its own for each copy, beside the keys that rows have otherwise.

A copy is named by UUIDs, which follow from the keys of its records. Only rows that the map knows are the
copy; every other row of the table keeps its key, also where the commit has a record of that key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from contentgit.content.uuids import is_uuid_key, uuid_of
from contentgit.db.identity.uuids import UuidKeys


@dataclass(frozen=True)
class CopiedModels:
    """The models whose rows are copied, by label, and by what their maps are called in the table.

    ``expected`` are the UUIDs of records that commits have, by the model that gives their rows the primary
    keys: no other row has such a name, also before there is a row for the record. ``origins`` are the keys
    that these UUIDs follow from.
    """

    name: str
    labels: frozenset[str]
    expected: dict[str, set[str]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def stored(self, label: str) -> str:
        """The label of the map in the table."""
        return f"{self.name} {label}"

    def of(self, base: str) -> AbstractSet[str]:
        """The UUIDs that are expected of a model."""
        return self.expected.setdefault(base, set())


@dataclass
class CopyKeys(UuidKeys):
    """Copied rows have the names of the map, all others names that follow from their own keys.

    ``own_key`` is the key that a row has apart from any copy, ``own_pk`` the primary key by a UUID
    of that, ``expected`` the names that no other row gets. A row that is gone has the name that it had.
    """

    own_key: Callable[[Any], str | None] = lambda _pk: None
    own_pk: Callable[[str], Any] = lambda _text: None
    expected: AbstractSet[str] = frozenset()
    _others: set[Any] = field(default_factory=set)

    def text(self, pk: Any) -> str | None:
        """See :class:`UuidKeys`."""
        found = super().text(pk)
        own = self.own_key(pk) if found is None else None
        return own if own and is_uuid_key(own) and own not in self.expected else found

    def pk(self, text: str) -> Any:
        """See :class:`UuidKeys`."""
        found = super().pk(text)
        if found is None and text not in self.expected:
            found = self.own_pk(text)
            return None if found in self._loaded()[0] else found
        return found

    def copied(self) -> Iterable[str]:
        """The UUIDs of the copied rows that are there, or were before some were put away."""
        return [text for pk, text in self._loaded()[0].items() if pk not in self._others]

    def ever_copied(self) -> set[str]:
        """The UUIDs of copied rows that are there or were."""
        return {*self.copied(), *self._former}

    def pk_of_copy(self, text: str) -> Any:
        """The primary key of the copied row of this name; ``None`` if there is none."""
        pk = self._loaded()[1].get(text)
        return None if pk in self._others else pk

    def learn(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """As for all rows that are made for records: they are copies."""
        pairs = list(pairs)
        super().learn(pairs)
        self._others.difference_update(pk for _, pk in pairs)

    def _named(
        self,
        unnamed: Sequence[tuple[Any, str]],
        known: AbstractSet[str],
        _name: Callable[[Any], str | None] | None,
    ) -> Mapping[Any, str]:
        """The rows that are not copied, under names that are no copy's."""
        found = {}
        self._others = {pk for pk, _ in unnamed}
        for pk, row in unnamed:
            key = self.own_key(pk)
            text = key if key is not None and is_uuid_key(key) else uuid_of(key or f"row {row}")
            if text in known or text in self.expected:  # a copy of this very row has it
                text = uuid_of(f"other than a copy {text}")
            found[pk] = text
        return found

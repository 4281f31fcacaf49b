"""A commit's positions in trees as an apply has written them.

A commit may have two rows at one position, or gaps where the library leaves none: plain git merges files,
and records are picked, restored or decided alone. An apply keeps their order, and writes the numbers that
the library would. That is no edit: such a record is compared with the position that it has here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeAlias

from contentgit.content import canonical
from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.db.tables import Tree
from contentgit.db.trees.numbering import Child, Place, Standing
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.project import Dump

Records: TypeAlias = Callable[[Sequence[Delta]], Iterator[Record | None]]


def as_placed(
    dump: Dump, side: CommitSide, deltas: Sequence[Delta], *, exact: bool = False
) -> tuple[CommitSide, list[Delta]]:
    """The commit's snapshot with the positions that its records have here, and what differs then.

    ``deltas`` are those between the database and the snapshot ``side``. A position is taken from here, if
    an apply of the commit's would write it: of all rows here that are below one parent, those that the commit
    does not have with their own positions. With ``exact`` only if the commit has the same rows below the
    parent.
    """
    found = positions_here(dump, deltas, side.records_of, exact=exact)
    return _rewritten(dump, side, deltas, found) if found else (side, list(deltas))


def base_as_placed(
    dump: Dump, base: CommitSide, ids: dict[str, str], here: Mapping[str, str]
) -> tuple[CommitSide, dict[str, str]]:
    """Like :func:`as_placed`, of a snapshot with these ``ids``; ``here`` are those of the rows of trees."""
    differing = {path: ids[path] for path, blob in here.items() if ids.get(path, blob) != blob}
    keys = zip(base.keys(differing), differing.items(), strict=True)
    side, deltas = as_placed(
        dump, base, [Delta(key, path, here[path], blob) for key, (path, blob) in keys]
    )
    now = {path: here[path] for path in differing} | {each.path: each.commit for each in deltas}
    return side, {**ids, **now}


def positions_here(
    dump: Dump, deltas: Sequence[Delta], records: Records, *, exact: bool
) -> dict[RecordKey, int]:
    """The position of each row that an apply of its record in the commit would put there.

    See :func:`as_placed`; ``records`` reads what the commit has of some of the deltas.
    """
    found: dict[RecordKey, int] = {}
    for label, table in dump.tables.items():
        if table.tree is None or not table.tree.numbering.position:
            continue
        own = [delta for delta in deltas if delta.key.model == label]
        if any(each.commit and each.database for each in own):
            found |= _Tree(dump, label, table.tree, table.tree.read(), exact).here(own, records)
    return found


def placed(dump: Dump, record: Record, positions: Mapping[RecordKey, int]) -> Record:
    """The record at the position that it has here, if it is one of these."""
    tree = dump.tables[record.key.model].tree
    if tree is None or record.key not in positions:
        return record
    position = {tree.numbering.position: positions[record.key]}
    return replace(record, fields={**record.fields, **position})


@dataclass
class _Tree:
    """The rows of a model; ``said`` are the positions that the commit has for rows whose position differs.

    ``unlike`` are the parents below which the commit has other rows.
    """

    dump: Dump
    label: str
    tree: Tree
    standing: Standing
    exact: bool
    said: dict[Any, int] = field(default_factory=dict)
    unlike: set[Any] = field(default_factory=set)

    def here(self, deltas: Sequence[Delta], read: Records) -> dict[RecordKey, int]:
        """The position here of each record that an apply of the commit would put there."""
        keys: dict[Any, RecordKey] = {}
        for batch in batches(deltas):
            for delta, record in zip(batch, read(batch), strict=True):
                pk = self._pk(delta.key) if delta.database else None
                self._compare(self.standing.places.get(pk), self._place(record), pk)
                keys[pk] = delta.key
        parents = {self.standing.places[pk].parent for pk in self.said}
        if self.exact:
            parents -= self.unlike
        there = self._siblings(parents).items()
        given = [
            self._given(siblings) for parent, siblings in there if self._fits(parent, siblings)
        ]
        members = self._members(given)
        found: dict[RecordKey, int] = {}
        for siblings in given:
            if self._is_in_order(siblings, members):
                own = [each.pk for each in siblings if each.pk in self.said]
                found |= {keys[pk]: self.standing.places[pk].position for pk in own}
        return found

    def _compare(self, here: Place | None, there: Place | None, pk: Any) -> None:
        if here is None or there is None or here.parent != there.parent:
            self.unlike |= {each.parent for each in (here, there) if each}
        elif here != there:
            self.said[pk] = there.position

    def _place(self, record: Record | None) -> Place | None:
        """Where the record stands; ``None`` if that is no place of a row that is here."""
        if record is None:
            return None
        names = self.tree.numbering
        above, position = record.fields.get(names.parent), record.fields.get(names.position)
        if type(position) is not int:
            return None
        if above is None:
            return Place(None, position)
        parent = self._pk(RecordKey(self.label, str(above).partition(":")[2]))
        return Place(parent, position) if parent in self.standing.rows else None

    def _pk(self, key: RecordKey) -> Any | None:
        return self.dump.reader.identities.pk(self.label, key.key)

    def _siblings(self, parents: AbstractSet[Any]) -> Mapping[Any, list[Child]]:
        """The rows below each of these, as they stand here."""
        found: dict[Any, list[Child]] = defaultdict(list)
        for pk, (parent, position) in self.standing.places.items():
            if parent in parents:
                found[parent].append(Child(position, pk))
        for siblings in found.values():
            siblings.sort(key=lambda each: each.position)
        return found

    def _given(self, siblings: Iterable[Child]) -> list[Child]:
        """The rows at the positions that the commit has, where it has others."""
        return [Child(self.said.get(each.pk, each.position), each.pk) for each in siblings]

    def _fits(self, parent: Any, siblings: Sequence[Child]) -> bool:
        """Whether an apply that is given the positions of the commit leaves the rows as they are here."""
        written = self.tree.numbering.positions(parent, self._given(siblings))
        return [(each.pk, each.position) for each in siblings] == [*written]

    def _members(self, given: Iterable[Iterable[Child]]) -> AbstractSet[RecordKey] | None:
        """Which of the rows are in the dump; ``None`` if all are."""
        if self.dump.reader.holds_all(self.label):
            return None
        keys = (self._key(each.pk) for siblings in given for each in siblings)
        return self.dump.reader.members(self.label, keys)

    def _is_in_order(
        self, siblings: Iterable[Child], members: AbstractSet[RecordKey] | None
    ) -> bool:
        """Whether rows of the dump are in this order in the commit; others are among them anywhere."""
        keyed = ((each.position, self._key(each.pk)) for each in siblings)
        own = [(at, key) for at, key in keyed if members is None or key in members]
        return all(one < other for one, other in pairwise(own))

    def _key(self, pk: Any) -> RecordKey:
        text = self.dump.reader.identities.key_text(self.label, pk)
        return RecordKey(self.label, text or "")


def _rewritten(
    dump: Dump, side: CommitSide, deltas: Sequence[Delta], found: Mapping[RecordKey, int]
) -> tuple[CommitSide, list[Delta]]:
    repository, ids = side.repository, dict[str, str]()

    def changes() -> Iterator[tuple[str, bytes]]:
        for batch in batches(delta for delta in deltas if delta.key in found):
            for delta, record in zip(batch, side.records_of(batch), strict=True):
                assert record is not None
                key_kind = dump.tables[delta.key.model].schema.key_kind
                data = canonical.encode(placed(dump, record, found), key_kind)
                ids[delta.path] = canonical.blob_id(data, repository.algorithm)
                yield f"{side.folder}/{delta.path}", data

    repository.writer.allow_reading_only()
    root = repository.trees.root(side.commit)
    tree = repository.writer.write_tree(None, changes(), {"": root})
    now = (delta._replace(commit=ids.get(delta.path, delta.commit)) for delta in deltas)
    return side._replace(commit=tree), [each for each in now if each.commit != each.database]

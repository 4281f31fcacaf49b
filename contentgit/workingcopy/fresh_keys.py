"""Primary keys that nobody has, for rows that make room."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from contentgit.content.embedded import numbers_in
from contentgit.content.layout import integer_key, model_folder
from contentgit.content.records import RecordKey
from contentgit.db.queries import highest, highest_possible
from contentgit.db.tables import Table
from contentgit.errors import RefusedError
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.project import Dump, Project, all_tables


@dataclass
class FreshKeys:
    """Gives keys that no row has or had, nor a record of the ``commits``, and that are not ``given``."""

    project: Project
    dumps: Sequence[Dump]
    commits: Collection[str]
    given: Collection[RecordKey]
    _next: dict[str, Iterator[int]] = field(default_factory=dict)

    def of(self, label: str) -> RecordKey:
        """A key for a row of a model that gives the keys of its family.

        Raises:
            RefusedError: there is none above those in use.
        """
        if label not in self._next:
            dead = self._dead(label)
            numbers = count(self._highest(label) + 1)
            self._next[label] = (each for each in numbers if each not in dead)
        number, top = (
            next(self._next[label]),
            highest_possible(self._table(label), self.project.using),
        )
        if number > top:
            raise RefusedError(
                f"a row of {label} that makes room can get no primary key: {label}:{number - 1} is in use, "
                f"in database {self.project.using!r} or a commit, and {top} is the highest possible",
                hint=f"give {label}:{number - 1} a lower key, on the site or in a commit, and run the "
                "command again",
            )
        return RecordKey(label, str(number))

    def _highest(self, label: str) -> int:
        table = self._table(label)
        numbers = (integer_key(key.key) or 0 for key in self.given if key.model == label)
        recorded = (integer_key(name) or 0 for name in self._names(label))
        # What refers to a row that is gone, as generic references do, must not get another one.
        last = self.project.backend.last_key(table.name, table.key_columns[0].name)
        return max(highest(table, self.project.using), last, 0, *numbers, *recorded)

    def _dead(self, label: str) -> set[int]:
        """The numbers by which texts or JSON refer to rows: one that is free may be a dead link."""
        family = {
            each for each in all_tables(self.dumps) if self.project.identities.base(each) == label
        }
        family.add(label)
        found = set[int]()
        for dump in self.dumps:
            labels = [
                each
                for each, table in dump.tables.items()
                if any(one.embeds for one in table.schema.fields)
            ]
            for _, _, data in dump.reader.entries(labels) if labels else ():
                found.update(numbers_in(data, family))
            found.update(self._in_commits(dump, labels, family))
        return found

    def _in_commits(
        self, dump: Dump, labels: Sequence[str], family: Collection[str]
    ) -> Iterator[int]:
        sides = (CommitSide(self.project.repository, each, dump.folder) for each in self.commits)
        ids = {blob for side in sides if labels for blob in side.ids(labels).values()}
        for some in batches(ids):
            for data in self.project.repository.objects.blobs(some):
                yield from numbers_in(data, family)

    def _table(self, label: str) -> Table:
        return all_tables(self.dumps).get(label) or self.project.table(label)

    def _names(self, label: str) -> Iterator[str]:
        """The keys of all records in the commits, of each model whose rows share their keys."""
        identities, trees = self.project.identities, self.project.repository.trees
        family = [each for each in all_tables(self.dumps) if identities.base(each) == label]
        for commit in filter(None, self.commits):
            for folder in trees.folders(commit):
                for each in family:
                    for path, _ in trees.entries(commit, model_folder(folder, each)):
                        yield path.rpartition("/")[2].removesuffix(".json")

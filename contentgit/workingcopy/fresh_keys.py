"""Primary keys that nobody has, for rows that make room."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from contentgit.content.layout import integer_key, model_folder
from contentgit.content.records import RecordKey
from contentgit.db.queries import highest
from contentgit.workingcopy.project import Dump, Project, all_tables


@dataclass
class FreshKeys:
    """Gives keys that no row has, no record of the ``commits``, and that are not among the ``given``."""

    project: Project
    dumps: Sequence[Dump]
    commits: Collection[str]
    given: Collection[RecordKey]
    _next: dict[str, Iterator[int]] = field(default_factory=dict)

    def of(self, label: str) -> RecordKey:
        """A key for a row of a model that gives the keys of its family."""
        if label not in self._next:
            self._next[label] = count(self._highest(label) + 1)
        return RecordKey(label, str(next(self._next[label])))

    def _highest(self, label: str) -> int:
        tables = all_tables(self.dumps)
        table = tables.get(label) or self.project.table(label)
        numbers = (integer_key(key.key) or 0 for key in self.given if key.model == label)
        recorded = (integer_key(name) or 0 for name in self._names(label, tables))
        return max(highest(table, self.project.using), 0, *numbers, *recorded)

    def _names(self, label: str, labels: Collection[str]) -> Iterator[str]:
        """The keys of all records in the commits, of each model whose rows share their keys."""
        identities, trees = self.project.identities, self.project.repository.trees
        family = [each for each in labels if identities.base(each) == label]
        for commit in filter(None, self.commits):
            for folder in trees.folders(commit):
                for each in family:
                    for path, _ in trees.entries(commit, model_folder(folder, each)):
                        yield path.rpartition("/")[2].removesuffix(".json")

"""What the applied commits say of rows: their earlier key, that UUIDs are lost, what they referred to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final

from contentgit.content.labels import ModelLabels
from contentgit.content.layout import dump_name, in_dump, model_folder, of_models
from contentgit.content.uuids import uuid_of
from contentgit.db.identity import Identities
from contentgit.errors import ConfigurationError, FormatError, RefusedError
from contentgit.history.snapshots import CommitSide, batches
from contentgit.render.plain import plural
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import NAMES, current
from contentgit.workingcopy.missing import found_commit
from contentgit.workingcopy.unapplied import Unapplied

if TYPE_CHECKING:
    from contentgit.content.records import Record, RecordKey
    from contentgit.db.ledger import Applied
    from contentgit.specs import Identity
    from contentgit.workingcopy.project import Dump, Project

_SHOWN: Final = 5
_SAMPLE: Final = 20
"""Records of a model that are looked up at each call."""


@dataclass(frozen=True)
class AppliedDump:
    """A dump of the ledger with its line there, and the commit that it is at."""

    project: Project
    line: Applied
    dump: Dump
    commit: str

    @cached_property
    def evolution(self) -> Evolution:
        """What became of the commit."""
        return Evolution.since(self.project, self.dump, self.commit)

    @cached_property
    def side(self) -> CommitSide:
        """The commit as it was applied."""
        return Unapplied.since(self.project, self.evolution, self.line).side

    def models(self, label: str) -> list[str]:
        """The models of the dump whose rows have the names of those of ``label``."""
        identities = self.dump.reader.identities
        return [each for each in self.dump.tables if identities.base(each) == label]

    def is_named(self, label: str) -> bool:
        """Whether the rows of the model had UUIDs, perhaps while it was called otherwise."""
        labels = ModelLabels(self.evolution.standing)
        history = self.evolution.standing.history
        named = (labels.label(labels.origin(each.naming)) for each in history if each.naming)
        newer = ((older, self.evolution.newer(older)) for older in named if older)
        return any(label in (older, model and model.label) for older, model in newer)

    def few_keys(self, label: str) -> set[str]:
        """A few of :meth:`keys`, which need no list of all records."""
        trees, evolution = self.project.repository.trees, self.evolution
        side = CommitSide(evolution.repository, evolution.commit, evolution.dump.folder)
        left = {str(entry.get("record", "")).partition(":")[2] for entry in self.line.withheld}
        found: set[str] = set()
        for each in _recorded(evolution, label):
            folder = model_folder(side.folder, each)
            with suppress(FormatError):  # whoever reads all of them says what is wrong
                some = trees.sample(side.commit, folder, _SAMPLE).items()
                places = {f"{in_dump(folder)[1]}/{path}": blob for path, blob in some}
                found |= {key.key for key in side.keys(places)}
        return found - left

    def keys(self, label: str) -> set[str]:
        """The keys of the commit's records, as the code has them, of which the database had rows."""
        return {key.key for key in self.side.keys(self.side.ids(self.models(label)))}


@dataclass
class EarlierNames:
    """What gives rows without a UUID the one that follows from their key in the applied commit.

    ``trusting`` is for who is about to find out which rows the records are whose UUIDs are lost.
    """

    trusting: bool = False
    _asked: Identities | None = None
    _dumps: Sequence[AppliedDump] = ()

    def __call__(
        self, project: Project, label: str, known: AbstractSet[str], is_complete: bool
    ) -> Callable[[Any], str | None]:
        """What gives a primary key of the model its UUID, if the applied commit has the row.

        Only rows that this commit has: nobody else knows another row of the same key. ``known`` are the UUIDs
        that rows of this database have or had; ``is_complete`` is whether each row has one.

        Raises:
            RefusedError: the applied commit has records whose rows had UUIDs that are not among these.
        """
        if self._asked is not project.identities:  # rows and ledger are read again
            self._asked, self._dumps = project.identities, list(applied_dumps(project))
        dumps = [each for each in self._dumps if each.models(label)]
        named = [each for each in dumps if each.is_named(label)]
        if not self.trusting and not (is_complete and self._has_all(label, known, named)):
            for dump in named:
                lost = dump.keys(label) - known
                if lost:
                    raise _lost(project, label, dump.commit, lost)
        before = [each.evolution for each in dumps if each not in named]
        return _KeysBefore(project.using, label, before).name

    def _has_all(self, label: str, known: AbstractSet[str], dumps: Sequence[AppliedDump]) -> bool:
        """Whether the table is neither an older one nor that of another database, as far as that shows.

        There are as many names as when the ledger was written, and a few of the commit's records have theirs.
        """
        counts = (each.line.counts.get(f"{NAMES}{label}", inf) for each in dumps)
        return all(count <= len(known) for count in counts) and all(
            each.few_keys(label) <= known for each in dumps
        )


@dataclass
class AppliedRecords:
    """The records of a dump as they were applied to the database, or committed from it, last."""

    _asked: Identities | None = None
    _dumps: Mapping[str, AppliedDump] = field(default_factory=dict)

    def __call__(
        self, project: Project, folder: str, keys: Sequence[RecordKey]
    ) -> Mapping[RecordKey, Record]:
        """The records with these keys; none of copies, whose rows have other keys."""
        if project.copy:
            return {}
        if self._asked is not project.identities:  # rows and ledger are read again
            self._asked = project.identities
            self._dumps = {each.dump.folder: each for each in applied_dumps(project)}
        applied = self._dumps.get(folder)
        found: dict[RecordKey, Record] = {}
        if applied is None:
            return found
        for batch in batches(keys):
            ids = applied.side.ids_at(map(applied.dump.path, batch))
            records = filter(None, applied.side.records([*ids.items()]))
            found |= {record.key: record for record in records}
        return found


def applied_dumps(project: Project) -> Iterator[AppliedDump]:
    """The dumps of the ledger that the code has, without those whose commit the repository lacks."""
    for line in current(project).values():
        name, arguments = dump_name(line.dump)
        commit = found_commit(project, line)
        if commit and name in project.definitions:
            with suppress(ConfigurationError):  # a call for another dump goes on
                dump = project.bind(project.definitions[name].dump(arguments))
                yield AppliedDump(project, line, dump, commit)


@dataclass(frozen=True)
class _KeysBefore:
    """UUIDs that follow from the keys of rows in commits from before UUIDs named them."""

    using: str
    label: str
    evolutions: Sequence[Evolution]

    def name(self, pk: Any) -> str | None:
        """The UUID for a primary key; ``None`` if no commit has the row."""
        texts = ((each.key_text(self.label, pk), keys) for each, keys in self._found)
        return next((uuid_of(text) for text, keys in texts if text and text in keys), None)

    @cached_property
    def _found(self) -> Sequence[tuple[Identities, AbstractSet[str]]]:
        some = ((_identity(each), _keys(each, self.label)) for each in self.evolutions)
        return [(Identities(self.using, identity), keys) for identity, keys in some if keys]


def _keys(evolution: Evolution, label: str) -> set[str]:
    """The keys of the commit's records whose rows are named by those of the model."""
    side = CommitSide(evolution.repository, evolution.commit, evolution.dump.folder)
    return {key.key for key in side.keys(of_models(_recorded(evolution, label), side.ids()))}


def _recorded(evolution: Evolution, label: str) -> set[str]:
    """What the commit calls the models whose rows have the names of those of ``label``."""
    identities = evolution.dump.reader.identities
    newer = {each: evolution.newer(each) for each in evolution.recorded}
    return {
        each
        for each, model in newer.items()
        if model and identities.is_model(model.label) and identities.base(model.label) == label
    }


def _identity(evolution: Evolution) -> dict[str, Identity]:
    """What named rows in the commit, by the newer names of models and of their own fields."""
    found: dict[str, Identity] = {}
    for each, model in evolution.recorded.items():
        newer = evolution.newer(each)
        if newer is not None:
            split = (path.partition("__") for path in model.identity)
            paths = (f"{newer.fields.get(one, one)}{dash}{rest}" for one, dash, rest in split)
            found[newer.label] = tuple(paths) or "pk"
    return found


def _lost(project: Project, label: str, commit: str, lost: Collection[str]) -> RefusedError:
    shown = [f"{label}:{text}" for text in sorted(lost)[:_SHOWN]]
    more = len(lost) - len(shown)
    return RefusedError(
        f"database {project.using!r} does not know which of its rows of {label} are "
        f"{plural(len(lost), 'record')} of the applied commit {commit[:10]}",
        items=[*shown, *([f"and {more:,} more"] if more else [])],
        hint="restore the table contentgit_identity from the backup that the rows are of\n"
        f"contentgit identity adopt {commit[:10]}  (pairs the rows with the records; shows the pairs first)",
        data={"model": label, "lost": len(lost)},
    )

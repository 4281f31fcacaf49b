"""A dump of a commit as a newer schema has it: a tree that is written once, and then read like any other.

The tree follows from the commit's records by a pure function. It is in no branch. A ref keeps it, and a file
in the git directory says that it was made here: a ref alone can be pushed by others.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from contentgit.content import canonical
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.evolution import Migration, Standing, history_document
from contentgit.content.layout import DATASET_FILE, model_of, record_path
from contentgit.content.lenses import Lens, LostValues, SchemaChange
from contentgit.content.schema import ModelSchema
from contentgit.errors import ContentgitError
from contentgit.git import Repository
from contentgit.git.values import Placed
from contentgit.history.dumps import recorded_schema, recorded_standing
from contentgit.history.snapshots import CommitSide, batches

PREFIX = "refs/contentgit/lens"
"""The refs that keep such trees."""

_LOST = "lost.json"


class Seen(NamedTuple):
    """A tree with the dump's folder as the newer schema has it, and the values that are not in it."""

    tree: str
    lost: tuple[LostValues, ...] = ()


@dataclass(frozen=True)
class View:
    """How a dump is to be read: its ``migrations`` since then, and the newer models with their document.

    ``fill`` is that of :class:`contentgit.content.lenses.Lens`.
    """

    migrations: Sequence[Migration]
    models: Mapping[str, ModelSchema]
    document: bytes
    fill: bool = True


def seen_through(repository: Repository, commit: str, folder: str, view: View) -> Seen:
    """The dump in ``folder`` of a commit, or of a tree, as the view has it.

    Raises:
        FormatError: a file is no record, or two records have one key in the newer schema.
        RepositoryError: the repository cannot be written.
    """
    tree = repository.trees.folder_id(commit, folder)
    if tree is None:
        return Seen(repository.trees.root(commit))
    kept = _Kept(repository, _name(tree, folder, view))
    found = kept.read()
    if found is None:
        found = _made(repository, commit, folder, tree, view)
        kept.write(found)
    data = repository.blob(found, _LOST)
    lost = parse_document(data) if data else []
    return Seen(found, tuple(LostValues(*each) for each in lost))


def _name(tree: str, folder: str, view: View) -> str:
    history = dump_document(history_document(Standing(tuple(view.migrations))))
    parts = (tree.encode(), folder.encode(), history, view.document, b"%d" % view.fill)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@dataclass(frozen=True)
class _Kept:
    """Where a tree is kept that was made before."""

    repository: Repository
    name: str

    @property
    def _ref(self) -> str:
        return f"{PREFIX}/{self.name}"

    @property
    def _file(self) -> Path:
        return self.repository.git_dir / "contentgit" / "lenses" / self.name

    def read(self) -> str | None:
        try:
            tree = self._file.read_text("ascii").strip()
        except (OSError, ValueError):
            return None
        return tree if self.repository.refs.read(self._ref) == tree else None

    def write(self, tree: str) -> None:
        # What is not kept is made again.
        with suppress(OSError, ContentgitError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self.repository.refs.move(self._ref, tree, self.repository.refs.read(self._ref), "lens")
            self._file.write_text(tree, "ascii")


def _made(repository: Repository, commit: str, folder: str, tree: str, view: View) -> str:
    older = recorded_schema(repository, commit, folder)
    lens = Lens(older, view.migrations, fill=view.fill, newer=view.models)
    lost: Counter[tuple[str, str, str]] = Counter()
    bare = repository.writer.write_tree(None, (), {folder: tree})
    side = CommitSide(repository, commit, folder)
    changes = _changes(side, older, lens, view, lost)
    placed = ((f"{folder}/{path}", data) for path, data in changes)
    made = repository.writer.write_tree(None, placed, {"": bare})
    listed = [[*names, count] for names, count in sorted(lost.items())]
    if not listed:
        return made
    return repository.writer.write_tree(None, [(_LOST, dump_document(listed))], {"": made})


def _changes(
    side: CommitSide,
    older: Mapping[str, ModelSchema],
    lens: Lens,
    view: View,
    lost: Counter[tuple[str, str, str]],
) -> Iterator[tuple[str, Placed]]:
    """What differs in the newer schema, by path in the dump's folder."""
    yield DATASET_FILE, view.document
    labels: dict[str, bool] = {}
    entries = []
    for path, blob in side.ids().items():
        label = model_of(f"{side.folder}/{path}")
        if label not in labels:
            labels[label] = lens.changes(label)
        if labels[label]:
            entries.append((path, blob))
    for batch in batches(entries):
        for (path, _), record in zip(batch, side.records(batch), strict=True):
            assert record is not None
            read = lens.read(record)
            lost.update((record.key.model, each.field, each.migration) for each in read.lost)
            if read.record is None:
                yield path, None
                continue
            label = read.record.key.model
            model = view.models.get(label, older[record.key.model])
            place = record_path(read.record.key, model.layout)
            if place != path:
                yield path, None
            yield place, canonical.encode(read.record, model.key_kind)


class Meeting(NamedTuple):
    """A dump of two commits in one schema, the newer one's: trees to compare, and how it changed."""

    before: str
    after: str
    change: SchemaChange | None = None


def meeting(repository: Repository, before: str, after: str, folder: str) -> Meeting:
    """The dump of two commits so that they can be compared.

    Where neither has the other's migrations, they are as they are: what is recorded does not say how to read
    one as the other.

    Raises:
        FormatError: a ``dataset.json`` or a record is damaged.
    """
    path = f"{folder}/{DATASET_FILE}"
    documents = [repository.blob(commit, path) if commit else None for commit in (before, after)]
    if None in documents or documents[0] == documents[1]:
        return Meeting(before, after)
    older, newer = (recorded_standing(repository, commit, folder) for commit in (before, after))
    for migrations, one, other in (
        (newer.since(older), before, after),
        (older.since(newer), after, before),
    ):
        if migrations and any(each.steps for each in migrations):
            models = recorded_schema(repository, other, folder)
            document = repository.blob(other, path) or b""
            seen = seen_through(repository, one, folder, View(migrations, models, document))
            change = SchemaChange(folder, migrations, seen.lost, backwards=one == after)
            sides = (before, seen.tree) if one == after else (seen.tree, after)
            return Meeting(*sides, change)
    return Meeting(before, after)

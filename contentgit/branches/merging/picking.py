"""``revert`` and ``cherry-pick``: changes of one commit, merged into HEAD's branch.

Each is a merge with a base and a side of its own: a revert's base is the commit and its side what was
before, a cherry-pick's the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from contentgit.branches.merging.ending import Concluded, conclude_or_keep
from contentgit.branches.merging.losing import refuse_losses, way_across
from contentgit.branches.operation import Operation, head_of, refuse_unfinished
from contentgit.branches.trees import Base, Sides, in_one_schema
from contentgit.branches.trees.following import keys_of
from contentgit.branches.trees.rekeying import with_keys
from contentgit.branches.trees.sides import BATCH, PLAIN, decoded
from contentgit.content.layout import DATASET_FILE, dump_of, in_dump, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import ModelSchema
from contentgit.content.titles import best_text
from contentgit.errors import RefusedError, UnknownNameError, UsageError
from contentgit.git import GONE, Commit, FileEntry, Placed, Repository
from contentgit.history.carried import completed
from contentgit.history.commits import Selection, check_format
from contentgit.history.dumps import dump_folders, recorded_schema
from contentgit.history.renumbered import without_new_keys
from contentgit.history.snapshots import batches
from contentgit.integrity.relations import references
from contentgit.render.plain import plural


@dataclass(frozen=True)
class Picking:
    """How a change is taken: of which parent, which records only, and with what they refer to.

    ``drop_fields`` permits to lose values of fields that migrations removed.
    """

    mainline: int = 0
    names: tuple[str, ...] = ()
    with_dependencies: bool = False
    commit: bool = True
    note_source: bool = False
    drop_fields: bool = False
    message: str = ""


def revert(repository: Repository, revision: str, how: Picking = Picking()) -> Concluded:
    """Takes back what a commit changed, in a new commit on HEAD's branch.

    Raises:
        ConflictError: it was changed since.
        RefusedError: what comes back refers to records that are not there.
        UsageError: the commit is the first, or a merge and ``mainline`` does not say of which parent.
    """
    source, parent = _change(repository, revision, how.mainline, "revert")
    message = how.message or (f'Revert "{source.subject}"\n\nThis reverts commit {source.id}.\n')
    theirs, base = _as_in_head(repository, parent, source.id)
    return run(repository, "revert", revision, (base, theirs), message, how)


def cherry_pick(repository: Repository, revision: str, how: Picking = Picking()) -> Concluded:
    """Takes over what a commit changed, with its author and message.

    Raises:
        ConflictError: HEAD's branch changed the same things.
        RefusedError: what comes refers to records that are not there.
        UsageError: the commit is the first, or a merge and ``mainline`` does not say of which parent.
    """
    source, parent = _change(repository, revision, how.mainline, "cherry-pick")
    message = how.message or without_new_keys(source.message)
    if how.note_source:
        message = f"{message.rstrip()}\n\n(cherry picked from commit {source.id})\n"
    sides = _as_in_head(repository, parent, source.id)
    return run(repository, "cherry-pick", revision, sides, message, how, source)


def _as_in_head(repository: Repository, parent: str, commit: str) -> tuple[str, str]:
    """The trees of a commit and of the one before it, with the keys that records have in HEAD."""
    reading = keys_of(repository, repository.refs.resolve("HEAD"), parent, commit)
    return with_keys(repository, parent, reading), with_keys(repository, commit, reading)


def _change(repository: Repository, revision: str, mainline: int, verb: str) -> tuple[Commit, str]:
    """A commit and the one before it."""
    commit = repository.history.commit(repository.refs.resolve(revision))
    check_format(repository, commit.id)
    count = len(commit.parents)
    if not count:
        raise UsageError(
            f"{revision} is the first commit: there is nothing before it",
            hint="contentgit restore RECORD --from REV  brings single records back",
        )
    if count > 1 and not mainline:
        raise UsageError(
            f"{revision} is a merge: against which of its {count} parents do the changes count?",
            hint=f"contentgit {verb} {revision} -m 1  counts them against its branch",
        )
    if mainline > count or (mainline and count == 1):
        raise UsageError(
            f"{revision} has {plural(count, 'parent')}, so -m {mainline} is out of range",
            hint="-m is for merges",
        )
    return commit, commit.parents[max(mainline, 1) - 1]


def run(
    repository: Repository,
    verb: str,
    source: str,
    sides: tuple[str, str],
    message: str,
    how: Picking,
    author: Commit | None = None,
    *,
    wider: str = "",
) -> Concluded:
    """Merges what differs between two sides into HEAD's branch; ``wider`` has what their records refer to."""
    refuse_unfinished(repository)
    branch, head = head_of(repository, "commit to")
    check_format(repository, head)
    repository.settings.identity()
    operation = Operation(
        verb=verb,
        source=source,
        branch=branch,
        ours=head,
        theirs=sides[1],
        parents=(head,),
        message=message,
        base=sides[0],
        author=author.signature if author else None,
        author_date=author.date if author else None,
    )
    picked, all_of_theirs = _picked(repository, operation, how)
    assert picked.base.tree
    sides = (picked.base.tree, picked.theirs)
    base, theirs = _with_dependencies(repository, picked.ours, sides, wider or all_of_theirs, how)
    operation = replace(operation, base=base, theirs=theirs)
    return conclude_or_keep(repository, operation, commit=how.commit)


def _picked(repository: Repository, operation: Operation, how: Picking) -> tuple[Sides, str]:
    """The sides in one schema, theirs with the records and dumps only that are picked by name; all of theirs.

    What a picked record refers to may be in the same commit and not be picked.
    """
    base, theirs = operation.base, operation.theirs
    changed = repository.trees.changed_files(base, theirs) if how.names else ()
    migrates = any(in_dump(path)[1] == DATASET_FILE for path, _, _ in changed)
    if how.names and not migrates:
        with suppress(UnknownNameError):  # the name may be one of HEAD's schema
            selected = _selected(repository, base, theirs, how.names, operation.source)
            sides = _in_one_schema(repository, replace(operation, theirs=selected), how)
            return sides, in_one_schema(repository, Base(base), operation.ours, theirs).theirs
    sides = _in_one_schema(repository, operation, how)
    whole = sides.theirs
    if how.names:
        base = sides.base.tree or base
        sides.theirs = _selected(repository, base, whole, how.names, operation.source)
    return sides, whole


def _in_one_schema(repository: Repository, operation: Operation, how: Picking) -> Sides:
    if not how.drop_fields:
        refuse_losses(repository, operation)
    try:
        return in_one_schema(repository, Base(operation.base), operation.ours, operation.theirs)
    except RefusedError as error:
        if "opaque" in error.data:
            error.hint = way_across(operation, error.data["side"])
        raise


def _selected(
    repository: Repository, base: str, theirs: str, names: Sequence[str], source: str
) -> str:
    """The base with what the other side has of the records and dumps called ``names`` only."""
    selection = Selection.parse(names)
    folders = set(selection.folders(repository, [base, theirs])) if selection.dumps else set()
    wanted: dict[str, Placed] = {}
    for path, _, after in repository.trees.changed_files(base, theirs):
        folder, rest = in_dump(path)
        if folder in folders or (rest in selection.paths and not folder.startswith(".")):
            wanted[path] = after or GONE
    if not wanted:
        raise UnknownNameError(
            f"{source} changes nothing in {', '.join(names)}",
            hint=f"contentgit show {source}  lists what it changes",
        )
    tree = repository.writer.write_tree(None, wanted.items(), {"": base})
    return completed(repository, tree, base, [theirs])


# What records refer to


def _with_dependencies(
    repository: Repository, head: str, sides: tuple[str, str], wider: str, how: Picking
) -> tuple[str, str]:
    """Both sides, with the records added that those which come refer to and HEAD does not have.

    Raises:
        RefusedError: there are such, and they are not asked for.
    """
    base, theirs = sides
    search = _Dependencies(repository, head, wider)
    missing = search.of(base, theirs)
    if not missing:
        return sides
    if not how.with_dependencies:
        verb = "is" if len(missing) == 1 else "are"
        items = [f"{who} refers to {each}{search.titled(each)}" for each, who in missing.items()]
        raise RefusedError(
            f"{plural(len(missing), 'record')} that this needs {verb} not on the branch",
            items=items,
            hint="--with-dependencies  brings them along",
            data={"missing": [str(each) for each in missing]},
        )
    gone = ((path, GONE) for path in search.files)
    come = ((path, FileEntry(PLAIN, blob)) for path, blob in search.files.items())
    coming = repository.writer.write_tree(None, come, {"": theirs})
    return (
        repository.writer.write_tree(None, gone, {"": base}),
        completed(repository, coming, theirs, [wider]),
    )


class _Dependencies:
    """Finds what records refer to, a generation at a time, where HEAD does not have it."""

    def __init__(self, repository: Repository, head: str, source: str) -> None:
        self.repository = repository
        self.head = head
        self.source = source
        self.files: dict[str, str] = {}
        self._titles: dict[RecordKey, str] = {}
        self._folders = dump_folders(repository, source)
        self._schemas = {
            folder: recorded_schema(repository, source, folder) for folder in self._folders
        }

    def of(self, base: str, theirs: str) -> dict[RecordKey, RecordKey]:
        """The missing records of the source, each with one that needs it."""
        changed = self.repository.trees.changed_files(base, theirs)
        coming = {
            path: after
            for path, _, after in changed
            if after and dump_of(path) in self._schemas and in_dump(path)[1] != DATASET_FILE
        }
        missing: dict[RecordKey, RecordKey] = {}
        wanted = dict(self._wanted(coming.items()))
        while wanted:
            found = self._absent(wanted, coming)
            self.files |= found
            files = [(path, FileEntry(PLAIN, blob)) for path, blob in found.items()]
            for record, schema in self._records(files):
                self._titles[record.key] = best_text(record, schema)
                missing[record.key] = wanted[record.key]
            wanted = {key: who for key, who in self._wanted(files) if key not in missing}
        return missing

    def titled(self, key: RecordKey) -> str:
        """The title of a missing record, in brackets."""
        title = self._titles.get(key)
        return f" ({title})" if title else ""

    def _records(
        self, files: Iterable[tuple[str, FileEntry]]
    ) -> Iterator[tuple[Record, ModelSchema]]:
        for batch in batches(files, BATCH):
            for (path, _), record in zip(batch, decoded(self.repository, batch), strict=True):
                assert record is not None
                schema = self._schemas[dump_of(path)].get(record.key.model)
                if schema is not None:
                    yield record, schema

    def _wanted(
        self, files: Iterable[tuple[str, FileEntry]]
    ) -> Iterator[tuple[RecordKey, RecordKey]]:
        for record, schema in self._records(files):
            for each in references(record, schema):
                yield each.target, record.key

    def _absent(self, wanted: Iterable[RecordKey], coming: Mapping[str, object]) -> dict[str, str]:
        """Path and blob of those that the source has, and neither HEAD nor what comes."""
        paths = [
            f"{folder}/{record_path(key, schema.layout)}"
            for key in sorted(wanted)
            for folder, models in self._schemas.items()
            if (schema := models.get(key.model))
        ]
        fresh = [path for path in paths if path not in coming and path not in self.files]
        there = self.repository.trees.files_at(self.source, fresh)
        here = self.repository.trees.files_at(self.head, list(there))
        return {path: blob for path, blob in there.items() if path not in here}

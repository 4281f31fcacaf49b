"""``commit``: the database becomes a commit whose content has the applied commit as its base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contentgit.branches.merging.operation import refuse_under_way
from contentgit.content import canonical
from contentgit.content.description import schema_document
from contentgit.content.diff import Delta
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE
from contentgit.db.calling import HookFailure
from contentgit.db.introspect import schema
from contentgit.db.ledger import Applied, Entry
from contentgit.errors import UsageError
from contentgit.git import LeftAlone, Signature
from contentgit.history.commits import check_format, repository_document
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.anchors import anchor
from contentgit.workingcopy.database_side import DatabaseSide, Missing, Spool, pairs
from contentgit.workingcopy.hooks import committed
from contentgit.workingcopy.ledger import current, enter, pending, settle
from contentgit.workingcopy.parents import LostUpdates, parent_of
from contentgit.workingcopy.places import place
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.withheld import WithheldBefore, with_ignored


@dataclass(frozen=True)
class DumpCounts:
    """What a commit changes in one dump: records created, updated and deleted, by model.

    ``described`` is whether ``dataset.json``, which describes its models, changes.
    """

    label: str
    folder: str
    created: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, int] = field(default_factory=dict)
    described: bool = False

    @property
    def totals(self) -> tuple[int, int, int]:
        """Created, updated, deleted."""
        return (
            sum(self.created.values()),
            sum(self.updated.values()),
            sum(self.deleted.values()),
        )


class Draft(NamedTuple):
    """What is about to be committed, for whoever writes the message."""

    branch: str
    environment: str
    dumps: tuple[DumpCounts, ...]


class Committed(NamedTuple):
    """What a commit did; ``commit`` is ``""`` when there was nothing to commit.

    ``adopted`` are the dumps whose content already was what the branch has, but which the ledger did not
    know to be there; ``failures`` tell what of the project's own code failed behind the commit.
    """

    commit: str
    branch: str
    dumps: tuple[DumpCounts, ...]
    adopted: tuple[str, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    failures: tuple[HookFailure, ...] = ()


@dataclass
class _Work:
    """One dump between reading and writing."""

    dump: Dump
    side: DatabaseSide
    base: Applied | None
    deltas: Sequence[Delta]
    document: bytes
    recorded: bytes | None
    withheld: Sequence[object] = ()

    @property
    def changed(self) -> bool:
        return bool(self.deltas) or self.recorded != self.document

    @property
    def is_new(self) -> bool:
        """Whether neither the parent nor the ledger knows the dump."""
        return self.base is None and not self.recorded

    def counts(self) -> DumpCounts:
        kinds: dict[str, Counter[str]] = {"+": Counter(), "~": Counter(), "-": Counter()}
        for delta in self.deltas:
            kind = "+" if not delta.commit else "~" if delta.database else "-"
            kinds[kind][delta.key.model] += 1
        return DumpCounts(
            self.dump.dataset.label,
            self.dump.folder,
            *(kinds["+"], kinds["~"], kinds["-"]),
            described=self.recorded != self.document,
        )


def commit(
    project: Project,
    names: Sequence[str],
    message: Callable[[Draft], str],
    *,
    author: Signature | None = None,
    new_branch: str | None = None,
    dry_run: bool = False,
) -> Committed:
    """Commits the dumps ``names`` of the project's database; nothing changed makes no commit.

    ``message`` is called after the snapshot has been taken. With ``new_branch`` the commit's parent is the
    applied commit and the new branch is made to point at it; without a commit there is no new branch.

    Raises:
        BranchMovedError: the branch has other content in a dump's folder than the applied commit.
        RefusedError: the database has no applied commit while the branch has the dump; or the branch is at a
            remote only.
        UnknownNameError: a dump does not exist.
        RepositoryError: git refused.
    """
    repository = project.repository
    repository.settings.identity()
    if project.wait and not dry_run:
        with project.exclusive():  # the snapshot shall have what is being applied
            pass
    settle(project)
    with project.backend.snapshot():
        branch, parent, works = _read(project, names, new_branch)
        draft = Draft(branch, project.config.environment, tuple(each.counts() for each in works))
        changed = any(work.changed for work in works)
        if changed and not dry_run:
            tree = repository.writer.write_tree(parent, _files(works, with_format=not parent))
    if dry_run or not changed:
        adopted = [] if new_branch else [w for w in works if not _is_at(project, w, parent)]
        if parent and not dry_run:
            if adopted:
                entries = [_entry(project, work, branch, parent, "adopt") for work in adopted]
                enter(project, entries, {work.dump.folder: work.base for work in adopted})
            anchor(project)
        labels = tuple(work.dump.dataset.label for work in adopted)
        return Committed("", branch, draft.dumps, labels)
    text = with_trailers(message(draft), draft)
    new = repository.writer.commit_tree(tree, [parent] if parent else [], text, author=author)
    left = _publish(project, branch, None if new_branch else parent, new, works)
    anchor(project)
    folders = [(work.dump.dataset.label, work.dump.folder) for work in works if work.changed]
    failures = committed(project, branch, parent, new, folders)
    return Committed(new, branch, draft.dumps, left_alone=tuple(left), failures=failures)


def _read(
    project: Project, names: Sequence[str], new_branch: str | None
) -> tuple[str, str | None, list[_Work]]:
    """The branch to write, the commit to build on, and what differs from that in each dump."""
    ledger = current(project)
    dumps = project.dumps(names)
    branch, parent = parent_of(project, dumps, ledger, new_branch)
    refuse_under_way(project.repository, branch)
    if parent:
        check_format(project.repository, parent)
    works = [_work(project, dump, parent, ledger.get(dump.folder)) for dump in dumps]
    if not names:
        # A dataset that wants arguments may give an empty dump without them.
        works = [work for work in works if work.side.size or not work.is_new]
    for work in works:
        if parent and work.deltas:
            lost = LostUpdates(project, work.dump, work.base, branch, parent)
            lost.refuse(is_new=bool(new_branch))
    return branch, parent, works


def _work(project: Project, dump: Dump, parent: str | None, base: Applied | None) -> _Work:
    # What was encoded once need not be read and encoded again, as far as a file of 256 MB takes it.
    spool = Spool(limit=2**28)
    side = DatabaseSide(dump, project.repository.algorithm, project.progress, spool=spool)
    before = CommitSide(project.repository, parent or "", dump.folder)
    deltas = side.compare(before, before.ids())
    document = canonical.dump_document(schema_document(dump.dataset, schema(dump.tables)))
    place = f"{dump.folder}/{DATASET_FILE}"
    recorded = project.repository.blob(parent, place) if parent else None
    withheld = WithheldBefore.by(base)
    ignored = withheld.ignored_fields(dump.tables)
    edited = list(_without_kept(side, before, ignored, withheld.edits(deltas)))
    carried = withheld.carried(dump.tables, deltas)
    return _Work(dump, side, base, edited, document, recorded, carried)


def _without_kept(
    side: DatabaseSide,
    before: CommitSide,
    ignored: Container[tuple[str, str]],
    deltas: Sequence[Delta],
) -> Iterator[Delta]:
    """The deltas, less those that consist of references or ``ignored`` fields which the database lacks."""
    missing = Missing(side.dump)
    if not missing.fields and not ignored:
        yield from deltas
        return
    for batch in batches(pairs(deltas, before, side)):
        kept_references = missing.kept([pair for _, pair in batch])
        for (delta, (was, own)), linked in zip(batch, kept_references, strict=True):
            kept = with_ignored(ignored, was, linked or own) or linked
            if kept is None:
                yield delta
                continue
            data = canonical.encode(kept, side.dump.tables[kept.key.model].schema.key_kind)
            blob = canonical.blob_id(data, side.algorithm)
            if blob != delta.commit:
                side.kept[delta.key] = data
                yield delta._replace(database=blob)


def _is_at(project: Project, work: _Work, parent: str | None) -> bool:
    own = project.config.environment
    return work.base is not None and (work.base.commit, work.base.environment) == (parent, own)


def _files(works: Sequence[_Work], *, with_format: bool) -> Iterator[tuple[str, bytes | None]]:
    """What the commit writes and removes, streamed."""
    if with_format:
        yield REPOSITORY_FILE, repository_document()
    for work in works:
        if work.recorded != work.document:
            yield f"{work.dump.folder}/{DATASET_FILE}", work.document
        yield from work.side.files(work.deltas)


def _entry(project: Project, work: _Work, branch: str, commit_id: str, action: str) -> Entry:
    created, updated, deleted = work.counts().totals
    return Entry(
        dump=work.dump.folder,
        commit=commit_id,
        tree=project.repository.trees.folder_id(commit_id, work.dump.folder) or "",
        branch=branch,
        environment=project.config.environment,
        action=action,
        who=project.operator.name,
        at=project.operator.now,
        counts={"rows": work.side.size, "create": created, "update": updated, "delete": deleted},
        withheld=work.withheld,
        previous=work.base.commit if work.base else "",
        place=place(project, work.dump.folder),
    )


def _publish(
    project: Project, branch: str, old: str | None, new: str, works: Sequence[_Work]
) -> list[LeftAlone]:
    """Ledger first, as pending; then the branch; then the ledger again.

    Whatever breaks between these, the next call finds the row pending and asks the branch whether the
    commit is part of it.
    """
    entries = [_entry(project, work, branch, new, "commit") for work in works]
    with pending(project, entries, expected={work.dump.folder: work.base for work in works}):
        reason = f"contentgit commit: {project.config.environment}"
        left = project.repository.worktrees.advance(branch, new, old, reason)
    project.repository.housekeeping.maintain()
    return left


def with_trailers(message: str, draft: Draft) -> str:
    """The message with trailers that name dump, environment and counts.

    Raises:
        UsageError: the message is empty.
    """
    lines = [line.rstrip() for line in message.strip().splitlines()]
    if not any(lines):
        raise UsageError(
            "the commit message is empty, so nothing is committed", hint="use -m MESSAGE"
        )
    trailers = []
    for dump in draft.dumps:
        created, updated, deleted = dump.totals
        if created or updated or deleted:
            trailers.append(f"Contentgit-Dump: {dump.label} (+{created} ~{updated} -{deleted})")
    if draft.environment:
        trailers.append(f"Contentgit-Environment: {draft.environment}")
    return "\n".join([*lines, "", *trailers]).rstrip() + "\n"

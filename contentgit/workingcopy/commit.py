"""``commit``: the database becomes a commit whose content has the applied commit as its base."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from contentgit.branches.operation import refuse_under_way
from contentgit.content import canonical
from contentgit.content.description import is_same_dump
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE
from contentgit.db.ledger import Applied, Entry
from contentgit.errors import UsageError
from contentgit.history.commits import check_format, repository_document
from contentgit.workingcopy.anchors import anchor
from contentgit.workingcopy.as_applied import with_committed
from contentgit.workingcopy.as_placed import as_placed
from contentgit.workingcopy.commit_hooks import committed
from contentgit.workingcopy.committable import without_ignored, without_unapplied
from contentgit.workingcopy.copies import without_copies
from contentgit.workingcopy.database_side import DatabaseSide, Spool
from contentgit.workingcopy.dropping import dropped_values, refuse_dropping
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.ledger import current, enter, pending, settle
from contentgit.workingcopy.looked import Looked, rows_in
from contentgit.workingcopy.new_files import NewFiles, carries
from contentgit.workingcopy.parents import LostUpdates, parent_of
from contentgit.workingcopy.places import place
from contentgit.workingcopy.standing import refuse_pending
from contentgit.workingcopy.tracking import Tracked, compared_with, is_plain, renew, written_down
from contentgit.workingcopy.unapplied import Unapplied
from contentgit.workingcopy.withheld import WithheldBefore

if TYPE_CHECKING:
    from contentgit.content.diff import Delta
    from contentgit.content.evolution import SchemaChange
    from contentgit.content.records import RecordKey
    from contentgit.db.calling import HookFailure
    from contentgit.git import LeftAlone, Signature
    from contentgit.workingcopy.project import Dump, Project


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
        return sum(self.created.values()), sum(self.updated.values()), sum(self.deleted.values())


class Draft(NamedTuple):
    """What is about to be committed, for whoever writes the message."""

    branch: str
    environment: str
    dumps: tuple[DumpCounts, ...]


class Committed(NamedTuple):
    """What a commit did; ``commit`` is ``""`` when there was nothing to commit.

    ``adopted`` are the dumps whose content already was what the branch has, but which the ledger did not
    know to be there; ``failures`` tell what of the project's own code failed behind the commit. ``schema`` is
    what happened to the schemas of the dumps since the commit before, ``dropped`` are models and fields that
    the code does not have, each with how many records it has, or holds a value in. ``lacking_files`` are
    names in rows of files that a storage does not have: of these the commit has what is known.
    """

    commit: str
    branch: str
    dumps: tuple[DumpCounts, ...]
    adopted: tuple[str, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    failures: tuple[HookFailure, ...] = ()
    schema: tuple[SchemaChange, ...] = ()
    dropped: Mapping[str, int] = MappingProxyType({})
    lacking_files: tuple[str, ...] = ()


class _Onto(NamedTuple):
    """The branch to write, which may be ``new``, and the commit to build on."""

    branch: str
    parent: str | None
    is_new: bool

    @property
    def revision(self) -> str:
        """A name of that commit."""
        return (self.parent or "")[:10] if self.is_new else self.branch


@dataclass
class _DumpDraft:
    """One dump between reading and writing.

    ``differing`` are the records that differ from the commit all the same, ``rows`` how many each model has.
    ``deltas`` are ``None`` where all rows are new: they pass by only once, when they are written.
    """

    dump: Dump
    side: DatabaseSide
    base: Applied | None
    deltas: Sequence[Delta] | None
    evolution: Evolution
    recorded: bytes | None
    rows: Mapping[str, int]
    withheld: Sequence[object] = ()
    tracked: Tracked | None = None
    differing: Collection[RecordKey] = ()

    @property
    def changed(self) -> bool:
        return self.differs or self.described

    @property
    def differs(self) -> bool:
        """Whether rows do."""
        return any(self.rows.values()) if self.deltas is None else bool(self.deltas)

    @property
    def described(self) -> bool:
        """Whether ``dataset.json`` changes.

        The migrations of apps that have nothing to do with the dump are written with other changes alone.
        """
        known = self.recorded or b""
        return self.rewritten and not is_same_dump(known, self.evolution.document)

    @property
    def rewritten(self) -> bool:
        """Whether ``dataset.json`` is written anew, if something is."""
        return self.recorded != self.evolution.document

    @property
    def is_new(self) -> bool:
        """Whether neither the parent nor the ledger knows the dump."""
        return self.base is None and not self.recorded

    @cached_property
    def counts(self) -> DumpCounts:
        created, updated, deleted = Counter[str](), Counter[str](), Counter[str]()
        if self.deltas is None:
            created.update({label: rows for label, rows in self.rows.items() if rows})
        for delta in self.deltas or ():
            counted = created if not delta.commit else updated if delta.database else deleted
            counted[delta.key.model] += 1
        label = self.dump.dataset.label
        return DumpCounts(label, self.dump.folder, created, updated, deleted, self.described)

    def prove(self, new: NewFiles) -> None:
        """Reads what was not read yet, as a commit would: it may be refused."""
        if self.deltas is None or carries(self.dump.tables):
            deque(new.seen(self.dump.tables, self.files()), maxlen=0)

    def files(self) -> Iterator[tuple[str, bytes | None]]:
        """What the commit writes and removes, streamed."""
        if self.rewritten:
            yield f"{self.dump.folder}/{DATASET_FILE}", self.evolution.document
        yield from self.side.all_files() if self.deltas is None else self.side.files(self.deltas)


def commit(
    project: Project,
    names: Sequence[str],
    message: Callable[[Draft], str],
    *,
    author: Signature | None = None,
    new_branch: str | None = None,
    dry_run: bool = False,
    drop_fields: bool = False,
) -> Committed:
    """Commits the dumps ``names`` of the project's database; nothing changed makes no commit.

    ``message`` is called after the snapshot has been taken. With ``new_branch`` the commit's parent is the
    applied commit and the new branch is made to point at it; without a commit there is no new branch.
    With ``drop_fields`` the commit leaves out models and fields of its parent that the code does not have.

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
    if not dry_run:
        renew(project, names)
    with project.snapshot():
        branch, parent, drafts = _read(project, names, new_branch, drop_fields=drop_fields)
        evolved = tuple(filter(None, (draft.evolution.schema_change for draft in drafts)))
        dropped = dict(chain.from_iterable(dropped_values(d.evolution).items() for d in drafts))
        whole = Draft(branch, project.config.environment, tuple(draft.counts for draft in drafts))
        changed = any(draft.changed for draft in drafts)
        if dry_run:
            carried = NewFiles(project)
            for draft in drafts:
                draft.prove(carried)
            carried.new(parent)
        elif changed:
            tree = _tree(project, parent, drafts)
    if dry_run or not changed:
        adoptable = [] if new_branch else drafts
        adopted = [draft for draft in adoptable if not _is_at(project, draft, parent)]
        if parent and not dry_run:
            _adopt(project, branch, parent, adopted)
            _note_tracked(project, drafts)
        labels = tuple(draft.dump.dataset.label for draft in adopted)
        done = Committed("", branch, whole.dumps, labels, schema=evolved, dropped=dropped)
        return done._replace(lacking_files=project.lacking_files)
    text = with_trailers(message(whole), whole)
    new = repository.writer.commit_tree(tree, [parent] if parent else [], text, author=author)
    left = _publish(project, branch, None if new_branch else parent, new, drafts)
    _note_tracked(project, drafts)
    anchor(project)
    failures = committed(project, branch, parent, new, [d.dump for d in drafts if d.changed])
    done = Committed(new, branch, whole.dumps, (), tuple(left), tuple(failures), evolved, dropped)
    return done._replace(lacking_files=project.lacking_files)


def _read(
    project: Project, names: Sequence[str], new_branch: str | None, *, drop_fields: bool
) -> tuple[str, str | None, list[_DumpDraft]]:
    """The branch to write, the commit to build on, and what differs from that in each dump."""
    ledger = current(project)
    dumps = without_copies(project, project.dumps(names), names, ledger)
    branch, parent = parent_of(project, dumps, ledger, new_branch)
    refuse_under_way(project.repository, branch)
    if parent:
        check_format(project.repository, parent)
    refuse_pending(project, dumps)
    drafts = [
        _drafted(
            project,
            dump,
            _Onto(branch, parent, bool(new_branch)),
            ledger.get(dump.folder),
            drop_fields=drop_fields,
        )
        for dump in dumps
    ]
    if not names:
        # A dataset that wants arguments may give an empty dump without them.
        drafts = [d for d in drafts if any(d.rows.values()) or not d.is_new]
    for draft in drafts:
        if parent and draft.differs:
            lost = LostUpdates(project, draft.dump, draft.base, branch, parent)
            lost.refuse(is_new=bool(new_branch))
    return branch, parent, drafts


def _drafted(
    project: Project, dump: Dump, onto: _Onto, base: Applied | None, *, drop_fields: bool
) -> _DumpDraft:
    parent = onto.parent
    # What was encoded once need not be read and encoded again, as far as a file of 256 MB takes it.
    spool = Spool(limit=2**28)
    side = DatabaseSide(dump, project.repository.algorithm, project.progress, spool=spool)
    # What it describes wrongly this commit describes anew.
    evolution = Evolution.since(project, dump, parent or "", damaged=True)
    if parent:
        tree = project.repository.trees.folder_id(parent, dump.folder)
        has_moved = bool(base and base.tree != tree and not onto.is_new)
        refuse_dropping(evolution, permitted=drop_fields, has_moved=has_moved)
    before = evolution.side
    tracked = written_down(project, dump, base)
    place = f"{dump.folder}/{DATASET_FILE}"
    recorded = project.repository.blob(parent, place) if parent else None
    part = _part(evolution, base, tracked)
    ids = part.ids(before) if part else before.ids()
    if base is None and not ids:
        return _DumpDraft(
            dump, side, None, None, evolution, recorded, dump.reader.counts(), tracked=tracked
        )
    deltas = side.compare(
        before, ids, rows_in(dump, part, tracked.keys) if part and tracked else None
    )
    before, deltas = as_placed(dump, before, deltas)
    withheld = WithheldBefore.by(base)
    ignored = {} if drop_fields else withheld.ignored_fields(dump.tables)
    unapplied = Unapplied.since(project, evolution, base)
    found = list(without_unapplied(side, unapplied, withheld.edits(deltas), onto.revision))
    edited = list(without_ignored(side, before, ignored, found))
    kept = unapplied.kept_by_commit(side, edited)
    deleted = {str(delta.key) for delta in edited if not delta.database}
    missing = with_committed(unapplied.replaced.named(), kept, deleted)
    carried = [*withheld.carried(ignored, deltas), *missing]
    differing = {each.key for each in deltas} - {each.key for each in edited} | side.kept.keys()
    rows = dump.reader.counts() if part else {"": side.size}
    return _DumpDraft(
        dump, side, base, edited, evolution, recorded, rows, carried, tracked, differing
    )


def _part(evolution: Evolution, base: Applied | None, tracked: Tracked | None) -> Looked | None:
    """The part of the dump in which it may differ from the parent, as far as that is known."""
    if base is None or tracked is None or not is_plain(evolution, base):
        return None
    return tracked.part(evolution.dump)


def _note_tracked(project: Project, drafts: Sequence[_DumpDraft]) -> None:
    """What was written down of the rows is in the commit, or they were found to be as it has them."""
    compared_with(project, [(each.dump, each.tracked, each.differing) for each in drafts])


def _is_at(project: Project, draft: _DumpDraft, parent: str | None) -> bool:
    own = project.config.environment
    return draft.base is not None and (draft.base.commit, draft.base.environment) == (parent, own)


def _tree(project: Project, parent: str | None, drafts: Sequence[_DumpDraft]) -> str:
    """The tree of the commit: that of the parent, as the code has it, with what differs."""
    repository = project.repository
    older = not parent or check_format(repository, parent) < canonical.FORMAT_VERSION
    newer = (draft.evolution.side for draft in drafts if draft.evolution.is_newer)
    folders = {
        side.folder: repository.trees.folder_id(side.commit, side.folder) or "" for side in newer
    }
    new = NewFiles(project)
    tree = repository.writer.write_tree(parent, _files(drafts, new, with_format=older), folders)
    bases = [draft.base.commit for draft in drafts if draft.base]
    return new.tree(tree, parent, [each for each in bases if repository.objects.has_commit(each)])


def _adopt(project: Project, branch: str, commit_id: str, adopted: Sequence[_DumpDraft]) -> None:
    """Writes into the ledger that the database is at a commit whose content it already has."""
    if adopted:
        entries = [_entry(project, draft, branch, commit_id, "adopt") for draft in adopted]
        enter(project, entries, {draft.dump.folder: draft.base for draft in adopted})
    anchor(project)


def _files(
    drafts: Sequence[_DumpDraft], new: NewFiles, *, with_format: bool
) -> Iterator[tuple[str, bytes | None]]:
    """What the commit writes and removes, streamed."""
    if with_format:
        yield REPOSITORY_FILE, repository_document()
    for draft in drafts:
        yield from new.seen(draft.dump.tables, draft.files())


def _entry(project: Project, draft: _DumpDraft, branch: str, commit_id: str, action: str) -> Entry:
    created, updated, deleted = draft.counts.totals
    return Entry(
        dump=draft.dump.folder,
        commit=commit_id,
        tree=project.repository.trees.folder_id(commit_id, draft.dump.folder) or "",
        branch=branch,
        environment=project.config.environment,
        action=action,
        who=project.operator.name,
        at=project.operator.now,
        counts={
            "rows": sum(draft.rows.values()),
            "create": created,
            "update": updated,
            "delete": deleted,
        },
        withheld=draft.withheld,
        previous=draft.base.commit if draft.base else "",
        place=place(project, draft.dump.folder),
    )


def _publish(
    project: Project, branch: str, old: str | None, new: str, drafts: Sequence[_DumpDraft]
) -> list[LeftAlone]:
    """Ledger first, as pending; then the branch; then the ledger again.

    Whatever breaks between these, the next call finds the row pending and asks the branch whether the
    commit is part of it.
    """
    entries = [_entry(project, draft, branch, new, "commit") for draft in drafts]
    with pending(project, entries, expected={draft.dump.folder: draft.base for draft in drafts}):
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

"""The plan that turns the database into a commit: three snapshots read, one pure decision made."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import groupby

from contentgit import canonical
from contentgit.db import facts
from contentgit.db.introspect import table
from contentgit.db.ledger import Applied
from contentgit.db.titles import titles
from contentgit.diff import ABSENT, Change
from contentgit.errors import DriftError, RefusedError, UnknownNameError
from contentgit.layout import record_path
from contentgit.plan import Candidate, Licences, Size, build, survey
from contentgit.porcelain.commits import check_format
from contentgit.porcelain.compare import titled
from contentgit.porcelain.ledger import applied_commit, current
from contentgit.porcelain.project import Dump, Project, all_tables
from contentgit.porcelain.snapshots import CommitSide, Difference, batches
from contentgit.porcelain.working_copy import DatabaseSide, Missing, from_commit_to_database
from contentgit.records import Record
from contentgit.render.plain import plural
from contentgit.render.values import apart
from contentgit.steps import Action, Plan, Problem, ProblemKind, Step

FIELDS_SHOWN = 20
"""Fields of a record edited here whose values a refusal lists; a record with more is named alone."""


@dataclass(frozen=True)
class Target:
    """The commit to become: the revision as given, its commit, and its branch if it is one."""

    revision: str
    commit: str
    branch: str


@dataclass
class DumpPlan:
    """One dump of a planned checkout, with the three snapshots that it lies between."""

    dump: Dump
    applied: Applied | None
    tree: str
    base: CommitSide
    ours: DatabaseSide
    theirs: CommitSide
    differences: list[Difference] = field(default_factory=list)
    base_ids: Mapping[str, str] = field(default_factory=dict)
    shared_ids: Mapping[str, str] = field(default_factory=dict)
    size: Size = field(default_factory=lambda: Size(0, 0, 0))

    @property
    def folder(self) -> str:
        """The dump's folder in the repository."""
        return self.dump.folder


@dataclass(frozen=True)
class Planned:
    """A plan with what it was made from; ``digest`` changes when commit, rows or licences do.

    ``names`` and ``licences`` are those that were asked for.
    """

    target: Target
    dumps: tuple[DumpPlan, ...]
    plan: Plan
    skipped: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    licences: Licences = field(default_factory=Licences)

    @property
    def digest(self) -> str:
        """SHA-256 over the commit and every step and problem with the ids they are bound to."""
        digest = hashlib.sha256(self.target.commit.encode())
        for step in self.plan.steps:
            digest.update(
                repr((step.action, step.key, step.before, step.after, step.links)).encode()
            )
        for problem in self.plan.problems:
            digest.update(repr((problem.kind, problem.key, problem.text)).encode())
        return digest.hexdigest()


def plan(project: Project, revision: str, names: Sequence[str], licences: Licences) -> Planned:
    """What an apply would do now, and what of it is refused. Nothing is written.

    Call it inside ``project.backend.snapshot()``, as its records are read on demand.

    Raises:
        UnknownNameError: the revision, or a dump in it, does not exist.
        FormatError: the commit holds something that is no record.
    """
    target = _target(project, revision)
    rows = current(project)
    dumps, skipped = _dumps(project, target, names, rows)
    labels = Counter(label for dump in dumps for label in dump.tables)
    shared = {label for label, count in labels.items() if count > 1}
    works = [_work(project, target, dump, rows.get(dump.folder), shared) for dump in dumps]
    tables = all_tables(dumps)
    found = survey(
        (candidate for work in works for candidate in _candidates(work)),
        models={label: bound.enforced for label, bound in tables.items()},
        datasets={work.dump.folder: work.dump.dataset for work in works},
        first={work.dump.folder for work in works if work.applied is None},
        sizes={work.dump.folder: work.size for work in works},
    )
    readers = {dump.folder: dump.reader for dump in dumps}
    fetched = facts.fetch(project.using, tables, found, readers)
    planned = build(found, fetched, licences)
    if shared:
        twice = tuple(_twice(project, works, planned))
        planned = replace(planned, problems=planned.problems + twice)
    return Planned(target, tuple(works), planned, tuple(skipped), tuple(names), licences)


def _twice(project: Project, works: Sequence[DumpPlan], built: Plan) -> Iterator[Problem]:
    """The records to be written that another dump of the commit holds with other content.

    The other dump may agree with the database, and so have no step of its own.
    """
    known = {each.key for each in built.problems if each.kind is ProblemKind.TWICE}
    for step in built.steps:
        if not step.after or step.key in known:
            continue
        for work in works:
            bound = work.dump.tables.get(step.key.model)
            if work.folder == step.dump or bound is None:
                continue
            blob = work.shared_ids.get(record_path(step.key, bound.schema.layout), step.after)
            if blob == step.after:
                continue
            one, other = map(canonical.decode, project.repository.blobs([step.after, blob]))
            if Change(step.key, one, other).fields:
                text = f"{step.key} has different content in {step.dump} and {work.folder}"
                yield Problem(
                    ProblemKind.TWICE, f"{text} of the commit", key=step.key, dump=step.dump
                )
                break


def _target(project: Project, revision: str) -> Target:
    repository = project.repository
    commit = repository.resolve(revision)
    check_format(repository, commit)
    branch = revision if repository.branch_tip(revision) == commit else ""
    return Target(revision, commit, branch)


def _dumps(
    project: Project, target: Target, names: Sequence[str], rows: Mapping[str, Applied]
) -> tuple[list[Dump], list[str]]:
    """The dumps to apply, and those that the commit does not have and nobody asked for."""
    found, skipped = [], []
    for dump in project.dumps(names, also=list(rows)):
        if project.repository.tree_id(target.commit, dump.folder):
            found.append(dump)
        elif dump.dataset.label in names:
            raise UnknownNameError(
                f"{target.revision} has no dump {dump.dataset.label!r}",
                hint=_known_dumps(project, target.commit),
            )
        elif dump.folder in rows:
            skipped.append(dump.dataset.label)
    if not found:
        raise UnknownNameError(
            f"{target.revision} has none of this project's dumps",
            hint=_known_dumps(project, target.commit),
        )
    return found, skipped


def _known_dumps(project: Project, commit: str) -> str:
    folders = project.repository.folders(commit)
    if not folders:
        return "nothing was committed yet: contentgit commit  (where the database has the content)"
    return f"dumps in that commit: {', '.join(folders)}"


def _work(
    project: Project, target: Target, dump: Dump, row: Applied | None, shared: AbstractSet[str]
) -> DumpPlan:
    repository = project.repository
    tree = repository.tree_id(target.commit, dump.folder) or ""
    theirs = CommitSide(repository, target.commit, dump.folder)
    ours = DatabaseSide(dump, repository.algorithm, project.progress)
    ids = theirs.ids()
    count = len(ids)
    base, base_ids = _base(project, dump, row, theirs, tree, ids)
    work = DumpPlan(dump, row, tree, base, ours, theirs, base_ids=base_ids)
    if not shared.isdisjoint(dump.tables):
        work.shared_ids = {path: ids[path] for path in ids if path.partition("/")[0] in shared}
    work.differences = from_commit_to_database(ids, ours)
    work.size = Size(len(base_ids), ours.size, count)
    return work


def _base(
    project: Project,
    dump: Dump,
    row: Applied | None,
    theirs: CommitSide,
    tree: str,
    ids: Mapping[str, str],
) -> tuple[CommitSide, Mapping[str, str]]:
    if row is None:
        return CommitSide(project.repository, "", dump.folder), {}
    if row.tree == tree:
        return theirs, dict(ids)
    base = CommitSide(project.repository, applied_commit(project, row), dump.folder)
    return base, base.ids()


def _candidates(work: DumpPlan) -> Iterator[Candidate]:
    """The three records of every path that differs in content, streamed in batches."""
    for batch in batches(work.differences):
        theirs = work.theirs.records([(each.path, each.before) for each in batch])
        ours = work.ours.records([(each.path, each.after) for each in batch])
        base = work.base.records([(e.path, work.base_ids.get(e.path, "")) for e in batch])
        for each, was, here, there in zip(batch, base, ours, theirs, strict=True):
            record = here or there
            if record is None or (_same(here, there) and not _brings_unknown(was, here, there)):
                continue
            yield Candidate(record.key, work.dump.folder, was, here, there, each.after, each.before)


def _same(ours: Record | None, theirs: Record | None) -> bool:
    return ours is not None and theirs is not None and not Change(ours.key, ours, theirs).fields


def _brings_unknown(base: Record | None, ours: Record | None, theirs: Record | None) -> bool:
    """Whether the commit has a field that is not managed here, with a value that is new here."""
    if ours is None or theirs is None:
        return False
    was = base.fields if base else {}
    return any(
        name not in was or not canonical.same(was[name], theirs.fields[name])
        for name in theirs.fields.keys() - ours.fields.keys()
    )


@dataclass(frozen=True)
class StepDetail:
    """A step with its record's title and, where records are on both sides or new, what changes."""

    step: Step
    title: str
    change: Change | None
    references: Mapping[str, str]


def details(project: Project, planned: Planned) -> Iterator[StepDetail]:
    """The plan's steps with titles and values, streamed; parking is no step for a reader.

    Call it inside the snapshot that the plan was made in.
    """
    works = {work.folder: work for work in planned.dumps}
    steps = [step for step in planned.plan.steps if step.action is not Action.PARK]
    for folder, group in groupby(steps, key=lambda step: step.dump):
        for batch in batches(group, 200):
            if folder in works:
                yield from _details(project, works[folder], batch)
            else:
                yield from _outside(project, planned, batch)


def _details(project: Project, work: DumpPlan, batch: Sequence[Step]) -> Iterator[StepDetail]:
    theirs = {
        step.key: canonical.decode(data)
        for step, data in zip(
            [step for step in batch if step.after],
            project.repository.blobs([step.after for step in batch if step.after]),
            strict=True,
        )
    }
    ours = {r.key: r for r in work.dump.reader.records([step.key for step in batch if step.before])}
    found = [Change(step.key, ours.get(step.key), theirs.get(step.key)) for step in batch]
    pairs = Missing(work.dump).leave_out([(each.before, each.after) for each in found])
    found = [Change(step.key, *pair) for step, pair in zip(batch, pairs, strict=True)]
    for step, entry in zip(batch, titled(project, work.dump, found), strict=True):
        yield StepDetail(step, entry.title, entry.change, entry.references)


def _outside(project: Project, planned: Planned, batch: Sequence[Step]) -> Iterator[StepDetail]:
    tables = all_tables([work.dump for work in planned.dumps])
    for label in {step.key.model for step in batch} - set(tables):
        tables[label] = table(label, project.identities, project.using)
    found = titles(project.using, tables, [step.key for step in batch], {})
    for step in batch:
        yield StepDetail(step, found.get(step.key, ""), None, {})


def refuse(planned: Planned) -> None:
    """Raises what a plan's problems amount to; a plan without problems passes.

    Raises:
        DriftError: edits of the target would be overwritten.
        RefusedError: anything else.
    """
    problems = planned.plan.problems
    if not problems:
        return
    command = " ".join(["contentgit checkout", planned.target.revision, *planned.names, "--apply"])
    given = {f"--{name}" for name in _given(planned.licences)}
    permits = " ".join(sorted(given | {each.permit for each in problems if each.permit}))
    items = [line for each in problems for line in _lines(each)]
    data = {"problems": problems}
    drift = [each for each in problems if each.kind is ProblemKind.DRIFT]
    if drift:
        raise DriftError(
            f"{plural(len(drift), 'record')} edited in this database would be overwritten, and the "
            "edits are in no commit",
            items=items,
            hint="contentgit commit --branch NEW  (captures them), or "
            f"{command} {permits}  (overwrites them; what was there is kept under "
            "refs/contentgit/backup/)",
            data=data,
        )
    hint = "correct the commit or the database first"
    if all(each.permit for each in problems):
        hint = f"{command} {permits}  (permits it)"
    message = f"{plural(len(problems), 'problem')} in the plan; nothing has been written"
    raise RefusedError(message, items=items, hint=hint, data=data)


def _given(licences: Licences) -> Iterator[str]:
    for name in ("force", "allow_cascade", "allow_empty", "ignore_unknown_fields"):
        if getattr(licences, name):
            yield name.replace("_", "-")


def _lines(problem: Problem) -> Iterator[str]:
    """A problem and, for edits, what was applied, what is there and what would be written."""
    yield problem.text
    if problem.kind is not ProblemKind.DRIFT or len(problem.fields) > FIELDS_SHOWN:
        return
    for state in problem.fields:
        applied, there, wanted = apart([state.applied, state.there, state.wanted])
        before = f"applied {applied}, " if state.applied is not ABSENT else ""
        yield f"  {state.name}: {before}here {there}, would become {wanted}"

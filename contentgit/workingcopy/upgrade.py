"""``upgrade``: the project's own migrations move the content of a commit to today's code.

That happens in another process, in a scratch database: no database of the project is touched.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from contentgit.branches.operation import refuse_under_way
from contentgit.content import canonical
from contentgit.content.description import parse_schema
from contentgit.content.evolution import OpaqueStep
from contentgit.content.evolved import evolved_description
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE, dump_name, model_of
from contentgit.content.lenses import Lens
from contentgit.content.unlike import bare_fields, kept_files
from contentgit.errors import DatabaseError, RefusedError, UsageError
from contentgit.git import LeftAlone, Repository
from contentgit.history.carried import completed
from contentgit.history.commits import check_format, refuse_recorded, repository_document
from contentgit.history.dumps import (
    dump_folders,
    recorded_schema,
    refuse_undescribed,
)
from contentgit.history.snapshots import CommitSide
from contentgit.render.plain import plural
from contentgit.workingcopy.commit import Draft, DumpCounts, with_trailers
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.naming import without_names
from contentgit.workingcopy.project import Dump, Project, defines
from contentgit.workingcopy.scratch import scratch_database, worked, write_dump
from contentgit.workingcopy.standing import way_past_cut
from contentgit.workingcopy.upgrade_job import Job, Report, after, read_files


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did; ``commit`` is ``""`` where the commit stands at today's code already.

    ``notes`` are lines about dumps that stay as they are and references that lead out of the commit.
    """

    commit: str
    branch: str
    dumps: tuple[DumpCounts, ...] = ()
    migrations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_alone: tuple[LeftAlone, ...] = field(default=())


class _Target(NamedTuple):
    """The commit to upgrade, and the branch that gets the new one, if any; ``old`` is where that is now."""

    source: str
    branch: str
    old: str | None


def upgrade(
    project: Project,
    revision: str,
    *,
    new_branch: str | None = None,
    message: str = "",
    scratch: str = "",
) -> Upgraded:
    """Commits what the project's migrations make of a commit, on top of it.

    ``scratch`` is the alias of an empty database that is used for that.

    Raises:
        UsageError: the commit is not that of HEAD's branch, and no new branch is named.
        RefusedError: the commit's migrations are not known or not in the code, its schema is not theirs, or
            references lead out of it.
        DatabaseError: a migration failed, or a record does not fit its table.
    """
    repository = project.repository
    repository.settings.identity()
    return _upgrade(project, revision, _target(repository, revision, new_branch), message, scratch)


def upgraded(project: Project, revision: str, *, scratch: str = "", name: str = "") -> str:
    """A commit on top of another with what the project's migrations make of it; that one if it is at today's.

    It is in no branch. ``name`` is what errors call the revision, if not that. Raises as :func:`upgrade`.
    """
    source = project.repository.refs.resolve(revision)
    check_format(project.repository, source)
    refuse_recorded(project.repository, source)
    done = _upgrade(project, name or revision, _Target(source, "", None), "", scratch)
    return done.commit or source


def _upgrade(
    project: Project, revision: str, target: _Target, message: str, scratch: str
) -> Upgraded:
    repository = project.repository
    dumps, unknown = _dumps(project, target.source, revision)
    evolutions = [Evolution.since(project, dump, target.source) for dump in dumps]
    leaves = _leaves(project, evolutions, revision)
    if not any(each.migrations for each in evolutions):
        return Upgraded("", target.branch)
    _refuse_bare(evolutions)
    with tempfile.TemporaryDirectory(prefix="contentgit-upgrade-") as name:
        folder = Path(name)
        for dump in dumps:
            write_dump(repository, target.source, dump.folder, folder)
        names = {dump.folder: dump.dataset.label for dump in dumps}
        apps = {label.partition(".")[0] for dump in dumps for label in dump.tables}
        apps |= project.migrations.not_in([each.standing for each in evolutions])
        with scratch_database(project, evolutions, folder, scratch) as database:
            database = database._replace(called=project.using)
            older = dict(chain.from_iterable(map(_older_labels, evolutions)))
            Job(database, tuple(sorted(leaves)), names, tuple(sorted(apps)), older).write(folder)
            try:
                report = worked(project, folder)
            except DatabaseError as error:
                _say_way_on(error, revision)
                raise
        counts = _Counts(repository, target.source, folder)
        tree = repository.writer.write_tree(target.source, counts.files(evolutions))
        tree = completed(repository, tree, target.source)
    done = _committed(project, target, tree, counts.dumps, report, message)
    notes = [f"{each} is not defined in this project, and stays as it is" for each in unknown]
    return replace(done, notes=(*notes, *done.notes))


def _refuse_bare(evolutions: Sequence[Evolution]) -> None:
    """Refuses references inside of fields on one side alone, as rows have other keys in a scratch database.

    Raises:
        RefusedError: this code has references where the commit has primary keys, or the other way round.
    """
    there, here, files = list[str](), list[str](), list[str]()
    for each in evolutions:
        path = f"{each.dump.folder}/{DATASET_FILE}"
        data = each.repository.blob(each.commit, path)
        document = canonical.parse_document(data) if data else None
        if document is None:
            continue
        models = parse_schema(evolved_description(document, each.migrations)).models
        there += bare_fields(each.models, models)
        here += bare_fields(models, each.models)
        files += kept_files(each.models, models) + kept_files(models, each.models)
    hint = "check the commit out with the code of its time, migrate there, and commit"
    if there:
        raise RefusedError(
            "the commit has primary keys inside of texts or JSON where this code has references",
            items=there,
            hint=hint,
        )
    if here:
        raise RefusedError(
            "the commit has references inside of texts or JSON where this code has none",
            items=here,
            hint="name these in 'references' of their spec, as where the commit was made",
        )
    if files:
        raise RefusedError(
            "the commit, or this code, has names in place of files that the other has",
            items=files,
            hint="let 'files' of their specs be what it was where the commit was made",
        )


def _older_labels(evolution: Evolution) -> Iterator[tuple[str, str]]:
    """Today's label of each model of the commit, and the one that it has there."""
    for label in evolution.recorded:
        newer = evolution.newer(label)
        if newer is not None:
            yield newer.label, label


def _say_way_on(error: DatabaseError, revision: str) -> None:
    """Of a migration that failed on the commit's content, says what can be done about either."""
    migration = error.data.get("migration")
    if migration and error.data["loaded"]:
        error.message += f"; it ran on the content of {revision}, and nothing has changed"
        error.hint = (
            f"mend {migration} so that it takes this content, then run the command again\n"
            f"contentgit checkout {quote(revision)} --apply  (with code from before {migration}: edit there, "
            "commit, then run the command again)"
        )


def _target(repository: Repository, revision: str, new_branch: str | None) -> _Target:
    source = repository.refs.resolve(revision)
    check_format(repository, source)
    refuse_recorded(repository, source)
    if new_branch is not None:
        repository.refs.check_branch_name(new_branch)
        if repository.refs.tip(new_branch) is not None:
            raise UsageError(
                f"branch {new_branch!r} exists already",
                hint="--branch makes a new branch; choose a name that is free",
            )
        return _Target(source, new_branch, None)
    head = repository.refs.head_branch()
    if head is None or repository.refs.tip(head) != source:
        where = f"branch {head}, which HEAD is on" if head else "a branch that HEAD is on"
        raise UsageError(
            f"{revision} is not the last commit of {where}, so the upgraded commit needs a branch",
            hint=f"contentgit upgrade {revision} --branch NEW  (makes a branch of it)",
        )
    refuse_under_way(repository, head)
    return _Target(source, head, source)


def _dumps(project: Project, source: str, revision: str) -> tuple[list[Dump], list[str]]:
    """The dumps of the commit that the code defines, and the names of the others."""
    folders = dump_folders(project.repository, source)
    known = [each for each in folders if defines(_label(each))]
    if not known:
        raise UsageError(
            f"{revision} has no dump that this project defines",
            hint=f"dumps there: {', '.join(map(_label, folders)) or 'none'}",
        )
    for folder in known:
        refuse_undescribed(project.repository, source, folder)
    dumps = project.dumps([_label(each) for each in known])
    others = [_label(each) for each in folders if each not in known]
    return [dump for dump in dumps if dump.folder in known], others


def _leaves(project: Project, evolutions: Sequence[Evolution], revision: str) -> set[str]:
    """The migrations of the code where the commit stands."""
    unknown: list[str] = []
    missing: set[str] = set()
    removed: set[str] = set()
    recorded: set[str] = set()
    leaves: set[str] = set()
    for each in evolutions:
        if not each.standing.history and each.code.standing.history:
            unknown.append(each.dump.dataset.label)
        recording, code = without_names(each.standing), without_names(each.code.standing)
        here, lacking = project.migrations.standing_leaves(
            recording, each.code._replace(standing=code)
        )
        newer = {*each.code.missing} - {*each.code.cut}
        missing |= newer
        removed |= lacking - newer
        leaves |= here
        leaves |= {*filter(project.migrations.holds, each.standing.others)}
        recorded |= each.standing.leaves
    if unknown:
        raise RefusedError(
            f"{revision} records no migrations in {', '.join(unknown)}: an older contentgit wrote it",
            hint="apply it on a site with the code of that time, migrate that site, and commit there",
        )
    if missing or removed:
        names = sorted(missing | removed)
        raise RefusedError(
            f"the code lacks {plural(len(names), 'migration')} where {revision} stands",
            items=names,
            hint=way_past_cut(revision).partition("\n")[0]
            if removed
            else "deploy code that has them: newer code, or the files of migrations that were removed",
            data={"missing": names},
        )
    _refuse_apart(project.repository, evolutions, recorded, revision)
    return leaves


def _refuse_apart(
    repository: Repository, evolutions: Sequence[Evolution], leaves: set[str], revision: str
) -> None:
    """Refuses dumps at different migrations, if one lacks what those of another did to its content.

    All records go into one database, which stands at one state of the models.
    """
    found = []
    for each in evolutions:
        models = recorded_schema(repository, each.commit, each.dump.folder)
        own = {label.partition(".")[0] for label in models}
        between = [one for one in each.migrations if one.name in _past(each, leaves)]
        lens = Lens(models, between)
        changed = any(map(lens.changes, models))
        for one in between:
            opaque = one.app in own and any(isinstance(step, OpaqueStep) for step in one.steps)
            if one.steps and (changed or opaque):
                found.append(f"{each.dump.dataset.label} is from before {one.name}")
    if found:
        raise RefusedError(
            f"the dumps of {revision} stand at different migrations",
            items=found,
            hint="contentgit commit  (commits all dumps at the same migrations; upgrade that commit)",
            data={"apart": found},
        )


def _past(evolution: Evolution, leaves: set[str]) -> set[str]:
    """The migrations that any of the leaves is, or needs."""
    needed = {each.name: each.after for each in evolution.code.standing.history}
    found: set[str] = set()
    left = [leaf for leaf in leaves if leaf in needed]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needed[name]
    return found


# The commit


@dataclass
class _Counts:
    """What the upgrade changes, by dump: the files, and how many records differ as today's code has them."""

    repository: Repository
    source: str
    folder: Path
    dumps: list[DumpCounts] = field(default_factory=list)

    def files(self, evolutions: Sequence[Evolution]) -> Iterator[tuple[str, bytes | None]]:
        """What differs from the commit, streamed."""
        if check_format(self.repository, self.source) < canonical.FORMAT_VERSION:
            yield REPOSITORY_FILE, repository_document()
        for each in evolutions:
            yield from self._files(each)

    def _files(self, evolution: Evolution) -> Iterator[tuple[str, bytes | None]]:
        dump = evolution.dump
        created, updated, deleted = Counter[str](), Counter[str](), Counter[str]()
        ids = CommitSide(self.repository, self.source, dump.folder).ids()
        seen = dict(evolution.side.ids())
        for path, data in read_files(after(self.folder, dump.folder)):
            blob, was = canonical.blob_id(data, self.repository.algorithm), seen.pop(path, "")
            if was != blob:
                (updated if was else created)[model_of(f"{dump.folder}/{path}")] += 1
            if ids.pop(path, "") != blob:
                yield f"{dump.folder}/{path}", data
        deleted.update(model_of(f"{dump.folder}/{path}") for path in seen)
        yield from ((f"{dump.folder}/{path}", None) for path in ids)
        place = f"{dump.folder}/{DATASET_FILE}"
        described = self.repository.blob(self.source, place) != evolution.document
        if described:
            yield place, evolution.document
        label = dump.dataset.label
        found = DumpCounts(label, dump.folder, created, updated, deleted, described)
        self.dumps.append(found)


def _committed(
    project: Project,
    target: _Target,
    tree: str,
    dumps: Sequence[DumpCounts],
    report: Report,
    message: str,
) -> Upgraded:
    repository = project.repository
    text = message or f"Upgrade to {', '.join(report.migrations[-3:])}"
    if not message and len(report.migrations) > 3:
        text = f"Upgrade through {len(report.migrations)} migrations"
    whole = with_trailers(text, Draft(target.branch, "", tuple(dumps)))
    new = repository.writer.commit_tree(tree, [target.source], whole)
    left: list[LeftAlone] = []
    if target.branch:
        reason = f"contentgit upgrade: {target.source[:10]}"
        left = repository.worktrees.advance(target.branch, new, target.old, reason)
    repository.housekeeping.maintain()
    return Upgraded(
        new,
        target.branch,
        tuple(dumps),
        tuple(report.migrations),
        tuple(report.notes),
        tuple(left),
    )


def _label(folder: str) -> str:
    """The name of the dump in a folder, as people write it."""
    name, arguments = dump_name(folder)
    return f"{name}:{arguments}" if arguments else name

"""The files of an apply: brought before its transaction, and removed after it.

Never is a row without its file: what the commit's records name and the storage lacks is put there first,
under a name that nobody has. A crash leaves files too many. They are written down before they are put, and
the next apply removes those that no row names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contentgit.content.portions import batches
from contentgit.content.records import CarriedFile, Record
from contentgit.db import stored_files
from contentgit.db.stored_files import State
from contentgit.db.tables import FilePlace
from contentgit.errors import ContentgitError, StorageError
from contentgit.history.carried import blob_of, fetch_files, reading
from contentgit.models import StoredFile
from contentgit.plan.steps import Action, Plan
from contentgit.storages import Files, Held, free_name, is_folder, put, remove, storage_key
from contentgit.workingcopy.file_plans import Brought, Cleared, FilePlan, Named, Stored
from contentgit.workingcopy.planned import Contents, DumpPlan, Planned
from contentgit.workingcopy.project import Project

_BATCH = 100
_WRITING = (Action.CREATE, Action.UPDATE)
_LEAVING = (Action.DELETE, Action.CASCADE, Action.UPDATE)


class FilesNeededError(ContentgitError):
    """An apply has begun whose files have to be brought before."""

    def __init__(self, files: Sequence[Brought]) -> None:
        super().__init__("files have to be brought first")
        self.files = files


def file_plan(
    project: Project, dump_plans: Sequence[DumpPlan], plan: Plan, contents: Contents
) -> FilePlan:
    """The files of a plan. Of the storages only what records name is asked."""
    places = {
        label: [each for each in table.fields if each.place is not None]
        for work in dump_plans
        for label, table in work.dump.tables.items()
    }
    if not any(places.values()):
        return FilePlan()
    stored_files.check_table(project.using)
    carrier = project.carrier
    carrier.forget()
    steps = [step for step in plan.steps if places.get(step.key.model)]
    written = [step for step in steps if step.action in _WRITING and step.after]
    wanted, alone = list[Named](), set[tuple[str, str]]()
    for record in contents.records(step.after for step in written):
        for field in places[record.key.model]:
            value = record.fields.get(field.name)
            if type(value) is CarriedFile and field.place:
                wanted.append(Named(field.place, value, record.key))
            elif isinstance(value, str) and value and field.place:
                alone.add((field.place.field, value))
    here, absent = _held(project, wanted)
    trees = list(
        dict.fromkeys(
            tree for work in dump_plans for tree in (work.theirs.commit, work.goal.commit)
        )
    )
    blobs = {each: blob_of(project.repository, filter(None, trees), each.file) for each in absent}
    brought = {
        (storage_key(each.place.storage), each.file): Brought(each.place, each.file, blob)
        for each, blob in blobs.items()
        if blob is not None
    }
    kept = {(each.place.field, each.name) for each in here}
    left = [
        each
        for each in _left(project, dump_plans, plan)
        if (each.place.field, each.name) not in kept
    ]
    lacking = [each for each, blob in blobs.items() if blob is None]
    return FilePlan(here, [*brought.values()], left, lacking, sorted(alone))


def _held(project: Project, wanted: Sequence[Named]) -> tuple[list[Stored], list[Named]]:
    """Those of the files that the storages have, by their names there, and those that are not there."""
    carrier = project.carrier
    here, absent = list[Stored](), list[Named]()
    by_place: dict[str, list[Named]] = {}
    for each in wanted:
        by_place.setdefault(each.place.field, []).append(each)
    for some in by_place.values():
        place = some[0].place
        names = [carrier.names(place, each.file) for each in some]
        held = carrier.files.held(place.storage, (name for each in names for name in each))
        for each, candidates in zip(some, names, strict=True):
            same = Held(each.file.sha256, each.file.size)
            name = next((name for name in candidates if held.get(name) == same), None)
            if name is None:
                absent.append(each)
            else:
                carrier.find(place, name, each.file)
                here.append(Stored(place, name, each.file))
    return here, absent


def _left(project: Project, dump_plans: Sequence[DumpPlan], plan: Plan) -> Iterator[Stored]:
    """The files that rows name now and will not name, as far as a commit has them."""
    carrier, repository = project.carrier, project.repository
    for work in dump_plans:
        at = work.applied.commit if work.applied else ""
        if not at or not repository.objects.has_commit(at):
            continue
        keys = [
            step.key
            for step in plan.steps
            if step.action in _LEAVING and step.key.model in work.dump.tables
        ]
        for some in batches(keys, _BATCH):
            for record in work.dump.reader.records(some):
                for place, file in _files_of(work, record):
                    name = carrier.stored(place, file)
                    if blob_of(repository, [at], file) is not None:
                        yield Stored(place, name, file)


def _files_of(work: DumpPlan, record: Record) -> Iterator[tuple[FilePlace, CarriedFile]]:
    for field in work.dump.tables[record.key.model].fields:
        value = record.fields.get(field.name)
        if field.place is not None and type(value) is CarriedFile:
            yield field.place, value


# Acting


def bring(project: Project, files: Sequence[Brought]) -> None:
    """Puts the files into their storages, each written down before.

    Raises:
        StorageError: a storage refuses; what was put is removed by the next apply.
        RepositoryError: the repository cannot be read, or git-lfs cannot bring what is not here.
    """
    fetch_files(project.repository, ((each.blob, each.file) for each in files), project.progress)
    done, carrier = 0, project.carrier
    by_place: dict[str, list[Brought]] = {}
    for each in files:
        by_place.setdefault(each.place.field, []).append(each)
    for every in by_place.values():
        for some in batches(every, _BATCH):
            names = [
                free_name(each.place.storage, each.file.name, each.place.length) for each in some
            ]
            pairs = [
                (each.place.field, name, each.file) for name, each in zip(names, some, strict=True)
            ]
            stored_files.remember(project.using, State.BROUGHT, pairs)
            work = list(zip(names, some, strict=True))
            saved = carrier.files.each(some[0].place.storage, work, lambda one: _put(project, *one))
            moved = []
            for (name, each), there in zip(work, saved, strict=True):
                done += 1
                project.progress("bringing files", done, len(files))
                if there != name:
                    moved.append((each.place.field, there, each.file))
                carrier.put(each.place, there, each.file)
            stored_files.remember(project.using, State.BROUGHT, moved)


def _put(project: Project, name: str, each: Brought) -> str:
    held = Held(each.file.sha256, each.file.size)
    with reading(project.repository, each.blob, each.file) as pieces:
        return put(each.place.storage, name, held, pieces, each.place.length)


def settle_files(project: Project, planned: Planned) -> None:
    """Writes down which files rows name now, and which they left, in the apply's transaction."""
    files = planned.files
    if files.here or files.left or files.alone:
        stored_files.settle(
            project.using,
            ((each.place.field, each.name, each.file) for each in files.here),
            ((each.place.field, each.name, each.file) for each in files.left),
            files.alone,
        )


def clear_files(project: Project, *, dry_run: bool = False) -> Cleared:
    """Removes files that were brought or left and that no row names; on a ``dry_run`` only says which.

    No other apply is under way meanwhile: the files of one are named by no row yet.
    """
    files = project.carrier.files  # which need the repository
    if not stored_files.open_files(project.using):
        return Cleared()
    removed, failed = list[str](), list[str]()
    with project.exclusive():
        by_field: dict[str, list[StoredFile]] = {}
        for row in stored_files.open_files(project.using):
            by_field.setdefault(row.field, []).append(row)
        for field, rows in by_field.items():
            try:
                removed += _clear(project, files, field, rows, dry_run=dry_run)
            except StorageError as error:
                failed.append(error.message)
    return Cleared(tuple(removed), tuple(failed))


def _clear(
    project: Project, files: Files, field: str, rows: Sequence[StoredFile], *, dry_run: bool
) -> list[str]:
    storage = stored_files.storage_of(field)
    if storage is None:
        return []
    named = stored_files.named(project.using, storage, (row.name for row in rows))
    unnamed = [row for row in rows if row.name.lower() not in named]
    held = files.held(storage, (row.name for row in unnamed))
    ours = [
        row.name
        for row in unnamed
        if (found := held.get(row.name))
        and (
            found == Held(row.sha256, row.size)
            # A part of it, where a file appears before it is whole.
            or (row.state == State.BROUGHT and found.size < row.size and is_folder(storage))
        )
    ]
    if dry_run:
        return ours
    for _ in files.each(storage, ours, lambda name: remove(storage, name)):
        pass
    stored_files.forget(project.using, unnamed)
    stored_files.keep(project.using, [row for row in rows if row.name.lower() in named])
    return ours

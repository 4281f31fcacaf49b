"""The process of an upgrade, whose only database is the scratch database; it ends with its caller."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from django.db import connections

from contentgit import config, startup
from contentgit.content import canonical
from contentgit.content.description import parse_outside
from contentgit.content.embedded import references_in
from contentgit.content.records import Record
from contentgit.content.uuids import is_uuid_identity, uuid_of
from contentgit.db.failures import translated
from contentgit.db.identity import Identities
from contentgit.db.scratch.databases import check_own, drop_own, drop_tables
from contentgit.db.scratch.files import ScratchCarrier
from contentgit.db.scratch.fitting import RecordedModel, bound, recorded_models
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.db.scratch.replay import Replay
from contentgit.db.scratch.rows import Load, empty, forget_content_types
from contentgit.errors import ContentgitError, RecordError, RefusedError
from contentgit.render.plain import plural
from contentgit.specs import Identity
from contentgit.workingcopy.project import Dump, Operator, Progress, Project
from contentgit.workingcopy.upgrade_job import (
    Job,
    Report,
    after,
    before,
    document,
    read_files,
    write_files,
)

_LEFT: Final = "left"
"""A file that says that the caller was killed, and its own database is to be emptied."""


def main(folder: Path) -> int:
    """Does the job in the folder; its lines go to standard output, all else to standard error."""
    if (folder / _LEFT).exists():
        _empty_lent(folder)
        return 1
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_caller, args=(folder,), daemon=True).start()
    try:
        _tell(out, "done", _run(folder, Job.read(folder), out).as_data())
    except ContentgitError as error:
        found = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        _tell(out, "error", {**found, "items": error.items, "data": error.data})
        return 1
    return 0


def _tell(out: TextIO, what: str, value: object) -> None:
    out.write(json.dumps({what: value}) + "\n")


def _end_with_caller(folder: Path) -> None:
    """Waits for the caller's end of standard input, which it closes at its own end, and ends then."""
    while os.read(0, 1024):
        pass
    with suppress(Exception):  # any: the project may not have started
        if Job.read(folder).database.is_lent:
            # Another thread works on it: the process begins anew, without that thread and its connection.
            (folder / _LEFT).touch()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        drop_own()
    while (
        folder.exists()
    ):  # a caller that was killed has left it, and the other thread writes to it
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _empty_lent(folder: Path) -> None:
    """Empties the database that a caller lent who was killed since."""
    try:
        startup.use_scratch(Job.read(folder).database)
        startup.start_django()
        drop_tables(connections["default"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, job: Job, out: TextIO) -> Report:
    startup.use_scratch(job.database)
    startup.start_django()
    startup.call_scratch(job.database)

    def progress(what: str, done: int, total: int | None) -> None:
        _tell(out, "progress", [what, done, total])

    with translated("the scratch database"):
        check_own(job.database.name)
        return _upgraded(folder, job, progress)


def _upgraded(folder: Path, job: Job, progress: Progress) -> Report:
    replay = Replay(job.leaves, job.apps, progress)
    models = replay.to_commit()
    empty(models)
    recorded = _recorded(folder, job)
    identity: dict[str, Identity] = {
        **_outside(folder, job),
        **{label: each.schema.identity or "pk" for label, each in recorded.items()},
    }
    identities = ScratchIdentities("default", identity, models)
    embedded = {
        label: [each for each in made.schema.fields if each.embeds]
        for label, made in recorded.items()
    }
    now = {was: label for label, was in job.older.items()}
    load = Load(bound(recorded, models, identities, now), identities, models, embedded)
    carrier = ScratchCarrier("default")
    count = load.run(lambda: map(carrier.named, _records(folder, job)), progress)
    forget_content_types()
    migrations = replay.to_code()
    operator = Operator(config.user(), datetime.now(UTC))
    project = Project(config.read(), "default", operator, progress)
    project.carrier = carrier
    project.earlier_names = partial(_names, folder=folder, job=job, identities=identities)
    with project.snapshot():
        for dump in project.dumps([*job.dumps.values()]):
            if dump.folder in job.dumps:
                name = _name(identities, dump.reader.identities, job.older)
                entries = _entries(dump, load, name, job.older)
                write_files(after(folder, dump.folder), entries)
    return Report(migrations, count, [*_notes(load.notes)])


def _entries(
    dump: Dump, load: Load, name: Callable[[str, str], str], older: Mapping[str, str]
) -> Iterator[tuple[str, bytes]]:
    """The files of a dump as they are now, with the commit's references to what it lacks as they were."""
    for path, key, data in dump.reader.entries():
        if load.marks.missing and any(b":?" in each for each in references_in(data)):
            model = dump.tables[key.model].schema
            record = load.marks.put_back(canonical.decode(data), model, older, name)
            data = canonical.encode(record, model.key_kind)
        yield path, data


def _name(
    identities: ScratchIdentities, now: Identities, older: Mapping[str, str]
) -> Callable[[str, str], str]:
    """What a row that the commit lacks is called now, by its model's label now and its key there.

    Raises:
        RecordError: other fields name the rows of the model than in the commit, and only the row has them.
    """

    def name(label: str, text: str) -> str:
        was = older.get(label, label)
        if is_uuid_identity(now.fields(label)):
            return text if is_uuid_identity(identities.fields(was)) else uuid_of(text)
        if now.fields(label) != identities.fields(was):
            raise RecordError(
                f"{label}:{text} is not in the commit, and what names its rows is another since",
                hint="take the references to it out where the commit was made, and commit",
            )
        return text

    return name


def _names(
    _project: Project,
    label: str,
    _known: AbstractSet[str],
    _is_complete: bool,
    *,
    folder: Path,
    job: Job,
    identities: ScratchIdentities,
) -> Callable[[Any], str]:
    """What names a row of a model by a UUID: its own in the commit, or that which follows from its key there.

    A row that the migrations made gets one that follows from its primary key: content that is upgraded twice
    has the same rows.
    """
    older = job.older.get(label, label)
    kept = is_uuid_identity(identities.fields(older))
    keys = (record.key for record in _records(folder, job))
    shared = (key.key for key in keys if identities.base(key.model) == older)
    texts = {identities.pk(older, text): text for text in shared}

    def name(pk: Any) -> str:
        text = texts.get(pk)
        if text is None:
            return uuid_of(f"made by a migration: {identities.text_of(older, pk)}")
        return text if kept else uuid_of(text)

    return name


def _recorded(folder: Path, job: Job) -> Mapping[str, RecordedModel]:
    """The models of all dumps as the commit has them."""
    found: dict[str, RecordedModel] = {}
    for dump in job.dumps:
        described = canonical.parse_document(document(folder, dump).read_bytes())
        for label, made in recorded_models(described).items():
            if found.setdefault(label, made).schema.by_name != made.schema.by_name:
                raise RefusedError(
                    f"{label} is in several dumps of the commit, with different fields",
                    hint="upgrade the commit with code in which one dataset has the model",
                )
    return found


def _outside(folder: Path, job: Job) -> Mapping[str, tuple[str, ...]]:
    """What names the rows of models that are in no dump of the commit."""
    documents = (document(folder, dump).read_bytes() for dump in job.dumps)
    found = (parse_outside(canonical.parse_document(each)) for each in documents)
    return {label: names for each in found for label, names in each.items()}


def _records(folder: Path, job: Job) -> Iterator[Record]:
    for dump in job.dumps:
        for _, data in read_files(before(folder, dump)):
            yield canonical.decode(data)


def _notes(found: Mapping[tuple[str, str, str], int]) -> Iterator[str]:
    """References that lead out of the commit, a line for each field and target."""
    for (model, name, target), count in sorted(found.items()):
        where = plural(count, "record")
        yield f"{model}.{name}: {target} is not in the commit, and is left out of {where}"

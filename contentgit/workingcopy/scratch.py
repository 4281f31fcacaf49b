"""The scratch database of an upgrade, and the process that works on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import connections

from contentgit import config, errors, startup
from contentgit.content.evolution import Conversion, OpaqueStep, RetypedField
from contentgit.content.layout import DATASET_FILE
from contentgit.content.schema import FieldKind
from contentgit.db.scratch import databases
from contentgit.errors import ContentgitError, DatabaseError, UsageError
from contentgit.git import Repository
from contentgit.history.snapshots import CommitSide, batches
from contentgit.startup import ScratchDatabase
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.upgrade_job import Report, before, document, write_files

_CHILD = (
    "from pathlib import Path; from contentgit.workingcopy.upgrading import main; "
    "sys.exit(main(Path(sys.argv[1])))"
)
_OWN_KINDS = frozenset(
    {
        FieldKind.ARRAY,
        FieldKind.COLUMN,
        FieldKind.GEOMETRY,
        FieldKind.MAPPING,
        FieldKind.RANGE,
    }
)
"""Kinds of values that a database holds in a way of its own."""
_LAST = 4000
"""Characters of what the process printed that are shown where it was killed."""


@contextmanager
def scratch_database(
    project: Project, evolutions: Sequence[Evolution], folder: Path, alias: str
) -> Iterator[ScratchDatabase]:
    """A scratch database that is gone, or empty, afterwards; ``alias`` is one of the caller's, or ``""``.

    It is a file of SQLite in the folder if the project's own database is one, or if the migrations do the
    same on SQLite; else it is made on the server of the project's own.

    Raises:
        RefusedError: the database of the alias is not empty, or the server lets nobody make one.
        UsageError: the alias is that of the project's own database.
    """
    own = connections[project.using]
    if alias:
        config.check_alias(alias)
        if connections[alias].settings_dict["NAME"] == own.settings_dict["NAME"]:
            raise UsageError(
                f"database {alias!r} is the project's own, and no scratch database",
                hint="name an empty database with --scratch ALIAS",
            )
        with databases.lent(alias):
            yield ScratchDatabase(alias, "")
    elif own.vendor == "sqlite":
        yield ScratchDatabase(project.using, str(folder / "scratch.sqlite3"))
    elif not any(map(_differs, evolutions)) and not databases.needing_server():
        yield ScratchDatabase("", str(folder / "scratch.sqlite3"))
    else:
        project.notice(f"making a scratch database on the server of database {project.using!r}")
        with databases.on_server(project.using) as name:
            yield ScratchDatabase(project.using, name)


def _differs(evolution: Evolution) -> bool:
    """Whether SQLite may do something else than other databases: hold or convert values, or run SQL."""
    fields = (each for model in evolution.models.values() for each in model.fields)
    return any(each.kind in _OWN_KINDS for each in fields) or any(
        (isinstance(step, RetypedField) and step.conversion is Conversion.NONE)
        or (isinstance(step, OpaqueStep) and not step.operation.startswith("RunPython("))
        for migration in evolution.migrations
        for step in migration.steps
    )


# The process


def write_dump(repository: Repository, source: str, dump: str, folder: Path) -> None:
    """Writes the dump's files of the commit, for the process."""
    described = repository.blob(source, f"{dump}/{DATASET_FILE}")
    document(folder, dump).write_bytes(described or b"")
    side = CommitSide(repository, source, dump)

    def files() -> Iterator[tuple[str, bytes]]:
        for batch in batches(side.ids().items()):
            for record, (path, _), data in zip(
                side.records(batch),
                batch,
                repository.objects.blobs([blob for _, blob in batch]),
                strict=True,
            ):
                assert record is not None
                yield path, data

    write_files(before(folder, dump), files())


def worked(project: Project, folder: Path) -> Report:
    """Starts the process, follows it, and gives what it reports."""
    with (folder / "errors").open("w+b") as printed:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", f"{_own_path()}; {_CHILD}", str(folder)],
            env=startup.scratch_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=printed,
        )
        try:
            report = _followed(project, process)
            code = 0 if report else process.wait()  # threads of the project's may keep it
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        if report is not None:
            return report
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace")[-_LAST:].strip().splitlines()
    raise DatabaseError(
        f"the process of the upgrade ended early (exit code {code})",
        items=lines[-1:],
        hint="nothing has changed; run the command again",
    )


def _own_path() -> str:
    """A statement that gives another process this one's path, before it imports from its own.

    An empty entry of PYTHONPATH is the current folder, which may hold content.
    """
    return f"import sys; sys.path[:] = {[each for each in sys.path if isinstance(each, str)]!r}"


def _followed(project: Project, process: subprocess.Popen[bytes]) -> Report | None:
    """The process's report, at its end; ``None`` if it ended without one."""
    assert process.stdout is not None
    for line in process.stdout:
        ((what, value),) = json.loads(line).items()
        if what == "progress":
            project.progress(*value)
        elif what == "error":
            raise _error(value)
        else:
            return Report(**value)
    return None


def _error(value: Mapping[str, Any]) -> ContentgitError:
    kind = getattr(errors, value["kind"])
    found: ContentgitError = kind(
        value["message"], hint=value["hint"], items=value["items"], data=value["data"]
    )
    return found

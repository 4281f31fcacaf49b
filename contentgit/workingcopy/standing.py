"""Where the code of a dump stands, and which migrations the database has not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from contentgit.content.canonical import parse_document
from contentgit.content.evolution import NO_STANDING, Standing
from contentgit.content.layout import DATASET_FILE
from contentgit.db.evolution import CodeStanding, code_standing
from contentgit.db.evolution.pending import pending
from contentgit.db.introspect import outside_names
from contentgit.db.scratch.fitting import RecordedModel, recorded_models
from contentgit.errors import FormatError, RefusedError
from contentgit.history.dumps import recorded_standing
from contentgit.workingcopy.naming import with_names, without_names

if TYPE_CHECKING:
    from contentgit.workingcopy.project import Dump, Project
    from contentgit.workingcopy.request import Request


def dump_standing(
    project: Project,
    dump: Dump,
    recorded: Standing | None,
    models: Mapping[str, RecordedModel] | None = None,
) -> CodeStanding:
    """Where the code of a dump stands, as the continuation of what is recorded.

    ``models`` are the recorded ones, see :func:`contentgit.db.evolution.code_standing`.

    Raises:
        ConfigurationError: the project's migrations cannot be loaded.
    """
    own = {*dump.tables}
    referred = {
        label
        for table in dump.tables.values()
        for label in (*table.schema.parents, *(each.target for each in table.schema.fields))
        if label
    }
    recorded = recorded or NO_STANDING
    known = without_names(recorded)
    code = code_standing(project.migrations, own, referred - own, known, project.using, models)
    identity = {label: table.schema.identity for label, table in dump.tables.items()}
    return with_names(
        code, recorded, {**outside_names(dump.tables, dump.reader.identities), **identity}
    )


def way_past_cut(revision: str) -> str:
    """What helps where migrations of a commit were removed from the code."""
    return (
        f"contentgit upgrade {revision} --branch NEW  (with code that has them; then go on with NEW)\n"
        "or let the squashed migration name them in `replaces` until a database that ran them was committed\n"
        "or, if they are on another branch of the code, deploy code in which the two are merged, and migrate"
    )


def behind_migrations(
    message: str, items: Sequence[str], migrations: Sequence[str], commit: str, request: Request
) -> RefusedError:
    """The error that a commit cannot be applied before these migrations have run on its content."""
    call = f"contentgit upgrade {commit} --branch NEW"
    hint = f"{call}  (runs them on the content of the commit)"
    if request.verb == "checkout":
        hint = (
            f"{request.command('--upgrade')}  (runs them on its content, and applies that)\n{hint}"
        )
    if request.verb == "undo":  # the commit is what was here before an apply
        hint = (
            "contentgit commit -m 'Before the undo'  (captures what is here now)\n"
            f"{call}  (runs them on what was here before the apply)\n"
            "contentgit checkout NEW --apply  (brings that back)"
        )
    return RefusedError(message, items=items, hint=hint, data={"migrations": [*migrations]})


def bridged(project: Project, dump: Dump, commit: str, standing: Standing) -> CodeStanding | None:
    """The code's standing where migrations of the commit were removed from the code, if it can be known.

    Other commits may have what happened then, and the database what the removed ones were squashed into.
    """
    repository, folder = project.repository, dump.folder
    branches = [each.commit for each in repository.refs.branches()]
    documents: dict[bytes, Standing] = {}
    for each in dict.fromkeys([commit, repository.refs.head_commit() or commit, *branches]):
        with suppress(FormatError):
            data = repository.blob(each, f"{folder}/{DATASET_FILE}") or b""
            documents.setdefault(data, recorded_standing(repository, each, folder))
    for asking in (False, True):
        for data, later in documents.items():
            if later.since(standing) is None:
                continue
            models = recorded_models(parse_document(data)) if asking else None
            code = dump_standing(project, dump, later, models)
            if not code.cut and not code.missing and code.standing.since(standing) is not None:
                return code
    return None


def pending_code(project: Project, dumps: Iterable[Dump]) -> list[str]:
    """The migrations of the dumps' apps with code or SQL that the database has not run.

    Raises:
        ConfigurationError: the project's migrations cannot be loaded.
        DatabaseError: the database cannot tell what it has run.
    """
    apps = {label.partition(".")[0] for dump in dumps for label in dump.tables}
    with project.errors():
        return pending(project.migrations, apps, project.using)


def refuse_pending(project: Project, dumps: Iterable[Dump]) -> None:
    """Refuses content that code would change once more, or as if it had: see :func:`pending_code`.

    Raises:
        RefusedError: the database lacks such migrations.
    """
    found = pending_code(project, dumps)
    if found:
        raise RefusedError(
            f"database {project.using!r} has not run migrations that change content by code or SQL",
            items=found,
            hint=f"python manage.py migrate --database {project.using}  (runs them first)",
            data={"pending": found},
        )

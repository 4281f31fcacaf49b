"""Which working copy of a database a dump is: the schemas in which its tables are.

PostgreSQL looks for a table in the schemas of the session's search path, so two sessions can mean two
tables by one name and yet share a ledger: sites with a schema for each tenant work so. A line of the
ledger therefore names the schemas of its dump's tables, apart from the ledger's own schema. Named this way
it stays true in a copy of the database, and in a copy of one schema that has the ledger in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from contentgit.content.layout import dump_name, encode_part
from contentgit.db.ledger import Applied, history
from contentgit.errors import ContentgitError
from contentgit.render.values import dump_label
from contentgit.workingcopy.project import Copy, Project

LEDGER = "contentgit_ledger"
COPIED: Final = "+"
"""What stands in front of the kind of a copy; no name of a schema is written with it."""


def schemas(project: Project, folder: str) -> Sequence[str]:
    """The schemas of the dump's tables; none where the database has no search path."""
    known = project.schemas
    if folder not in known:
        path = project.search_path
        found = project.backend.schemas(_tables(project, folder)) if len(path) > 1 else set()
        known[folder] = tuple(sorted(found)) or tuple(path[:1])
    return known[folder]


def place(project: Project, folder: str) -> str:
    """What a line of the ledger says of where the dump's tables are, and that it is of a copy."""
    copied = f"{COPIED}{project.copy.kind}" if project.copy else ""
    if len(project.search_path) < 2:
        return copied
    own = project.backend.schemas([LEDGER])
    names = (encode_part(name) for name in schemas(project, folder) if name not in own)
    return f"{','.join(names)}{copied}"


def copy_at(folder: str, place: str | None) -> Copy | None:
    """The copy that is at a line's place; ``None`` for the rows that have the records' keys."""
    kind = (place or "").partition(COPIED)[2]
    return Copy(folder, kind) if kind else None


def is_own(project: Project, *, copies: bool = False) -> Callable[[Applied], bool]:
    """Whether a line of the ledger is of the tables that this connection sees, as it sees them.

    With ``copies`` also if it is of a copy in them.
    """
    places: dict[str, str] = {}

    def holds(line: Applied) -> bool:
        if project.copy and project.copy.folder != line.dump:
            return False
        if line.dump not in places:
            places[line.dump] = place(project, line.dump)
        here = places[line.dump]
        if line.place is None:
            return (not project.copy and not here) or _is_only(project, line.dump)
        return (line.place.partition(COPIED)[0] if copies else line.place) == here

    return holds


def named(project: Project, folder: str) -> str:
    """The database, with the schemas of the dump's tables where sessions may differ in these."""
    if len(project.search_path) < 2:
        return f"database {project.using!r}"
    return f"schema {', '.join(schemas(project, folder))} of database {project.using!r}"


def others(project: Project, folder: str) -> list[str]:
    """A line for each other working copy of the dump that the ledger knows."""
    own = is_own(project)
    latest: dict[str | None, Applied] = {}
    for line in history(project.using, folder):
        if not own(line) and not copy_at(line.dump, line.place):
            latest.setdefault(line.place, line)
    return [
        f"the ledger has {dump_label(folder)} of {_place_named(place)} at {line.commit[:10]}; "
        "those are other tables"
        for place, line in latest.items()
    ]


def _place_named(place: str | None) -> str:
    if place is None:
        return "an unknown schema"
    return f"schema {place}" if place else "its own schema"


def _is_only(project: Project, folder: str) -> bool:
    """Whether the dump's tables are in these schemas alone, so that a line can be of no others."""
    tables = _tables(project, folder)
    return project.backend.schemas(tables, hidden=True) == set(schemas(project, folder))


def _tables(project: Project, folder: str) -> list[str]:
    """The tables of a dump; none where the code does not define it."""
    name, arguments = dump_name(folder)
    try:
        dump = project.bind(project.definitions[name].dump(arguments))
    except (KeyError, ContentgitError):
        return []
    tables = list(dump.tables.values())
    return [t.name for t in tables] + [relation.table for t in tables for relation in t.relations]

"""Refs that keep the commits alive which the database is at, so that drift can always be told.

A branch may be deleted, or moved away by force; git would then collect its commits. So each dump has a ref
``refs/contentgit/applied/ENVIRONMENT/ALIAS/DUMP``, where ALIAS is ``ALIAS@SCHEMA`` for tables in a schema of
PostgreSQL that is not ``public``, and ``ALIAS@as-new`` for a copy.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from contentgit.content.layout import encode_part
from contentgit.errors import ContentgitError
from contentgit.workingcopy.ledger import current
from contentgit.workingcopy.places import schemas

if TYPE_CHECKING:
    from contentgit.workingcopy.project import Project

PREFIX = "refs/contentgit/applied"
BACKUPS = "refs/contentgit/backup"

STAMP = "%Y%m%dT%H%M%S.%f"
"""How the name of a ref writes the moment of its backup, in UTC."""


def anchor(project: Project) -> None:
    """Moves the refs of all dumps to where the ledger says the database is.

    Called when all is done and can no more be undone, so nothing is raised: what could not be moved (the
    repository is read-only, or lacks the commit) is moved by the next apply or commit that can.
    """
    with suppress(ContentgitError):
        there = dict(project.repository.refs.under(_place(project)))
        for folder, row in current(project).items():
            ref = anchor_ref(project, folder)
            if there.get(ref) != row.commit:
                with suppress(ContentgitError):
                    reason = f"contentgit: {project.using} is at it"
                    project.repository.refs.move(ref, row.commit, there.get(ref), reason)


def anchor_ref(project: Project, folder: str) -> str:
    """The full name of the ref that keeps the commit which a dump of the database is at."""
    apart = [schema for schema in schemas(project, folder) if schema != "public"]
    names = (project.using, *apart, *([project.copy.kind] if project.copy else []))
    return f"{_place(project)}/{'@'.join(map(part, names))}/{part(folder, encoded=True)}"


def _place(project: Project) -> str:
    return f"{PREFIX}/{encode_part(project.config.environment)}"


def backups(project: Project) -> str:
    """The folder of the refs that keep this environment's backups."""
    return f"{BACKUPS}/{encode_part(project.config.environment)}"


def part(name: str, *, encoded: bool = False) -> str:
    """A name as one part of a ref's: git takes no ``..`` and no ``.lock`` at the end."""
    return (name if encoded else encode_part(name)).replace(".", "%2e")

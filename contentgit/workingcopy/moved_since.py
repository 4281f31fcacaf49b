"""Which rows got other primary keys after a dump was applied or committed, in applies of other dumps.

Dumps can share models, and be applied one after the other. A row moves once, and the ledger
of the database has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from contentgit.branches.trees.following import composed
from contentgit.content.records import RecordKey
from contentgit.db import ledger
from contentgit.db.ledger import Applied
from contentgit.workingcopy.places import is_own
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.withheld import MOVED

Keys = Mapping[RecordKey, RecordKey]


def moved_by(line: Applied) -> dict[RecordKey, RecordKey]:
    """The keys that the apply of a line gave to rows of whichever dump, by those that they had."""
    entries = (entry for entry in line.withheld if MOVED in entry)
    return {RecordKey.parse(each["record"]): RecordKey.parse(each[MOVED]) for each in entries}


class MovedSince:
    """Says for lines of the ledger which rows got other keys later."""

    def __init__(self, project: Project, lines: Collection[Applied]) -> None:
        first = min((line.id for line in lines), default=0)
        later = ledger.history(project.using, own=is_own(project), since=first) if lines else []
        self._later = [line for line in reversed(later) if moved_by(line)]

    def keys(self, line: Applied) -> Keys:
        """The keys that rows have now, by those that they had when the line was written."""
        found: Keys = {}
        calls = {_call(line)}
        for other in self._later:
            if other.id > line.id and _call(other) not in calls:
                calls.add(_call(other))  # each line of a call lists all that it moved
                found = composed(found, moved_by(other))
        return found


def _call(line: Applied) -> object:
    return line.at, line.who

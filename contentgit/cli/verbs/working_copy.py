"""The verbs that read or write a database: ``commit``, ``status``, ``checkout``, ``update``, ``undo``."""

from __future__ import annotations

import argparse
from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _commit(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "commit",
        "write the database's content into a commit",
        "Reads the dumps in one snapshot of the database and commits what has changed.",
        [
            'contentgit commit pages -m "Summer breads"',
            "contentgit commit districts:42,43 -F note.txt",
        ],
    )
    options.with_dumps(parser, "dumps to commit (default: all that need no arguments)")
    message = parser.add_mutually_exclusive_group()
    message.add_argument("-m", "--message", action="append", metavar="TEXT", help="commit message")
    message.add_argument(
        "-F", "--file", metavar="FILE", help="take the message from FILE (-: stdin)"
    )
    parser.add_argument("--author", metavar="'NAME <EMAIL>'", help="author, if not you")
    parser.add_argument(
        "--branch", metavar="NEW", help="commit to a new branch whose parent is the applied commit"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be committed")
    options.with_wait(parser)
    options.with_repository(parser)
    options.with_database(parser)


def _status(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "status",
        "show which commit the database is at, and what was edited since",
        "Compares each dump of the database with the commit that it is at.",
        [
            "contentgit status",
            "contentgit status pages --database production",
            "contentgit status --all-databases --exit-code",
        ],
    )
    options.with_dumps(parser, "dumps to look at (default: all)")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything was edited")
    options.with_repository(parser)
    options.with_databases(parser)


def _checkout(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "checkout",
        "show the plan that turns the database into a commit; with --apply run it",
        "Shows what an apply of REV would do to the database and what of it is refused. With --apply "
        "runs that same plan in one transaction.",
        [
            "contentgit checkout main",
            "contentgit checkout main --apply",
            "contentgit checkout main pages --apply --no-input --database production",
            "contentgit checkout main --apply --pull --no-input",
            "contentgit checkout -b summer",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", help="branch, tag or commit")
    options.with_dumps(
        parser, "dumps to apply (default: all of the code, and those applied before)"
    )
    parser.add_argument(
        "-b", dest="new_branch", metavar="NEW", help="make a branch and move HEAD there"
    )
    parser.add_argument("--apply", action="store_true", help="run the plan")
    parser.add_argument(
        "--pull", action="store_true", help="first fetch, and bring branch REV forward"
    )
    parser.add_argument(
        "--plan", metavar="FILE", help="with --apply: run the plan in FILE, if nothing has moved"
    )
    parser.add_argument(
        "--merge",
        action="store_true",
        help="keep edits made here beside what the commit changes, field by field",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="overwrite edits made here (they are backed up in git first)",
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="where the repository lacks the commit that the database is at: begin anew at REV",
    )
    _with_plan(parser)


def _with_plan(parser: argparse.ArgumentParser) -> None:
    """What every verb takes that runs a plan."""
    parser.add_argument(
        "--take",
        choices=("ours", "theirs"),
        help="where both sides changed the same thing, take this database's (ours) or theirs",
    )
    parser.add_argument(
        "--no-input",
        "--yes",
        dest="no_input",
        action="store_true",
        help="do not ask before applying",
    )
    parser.add_argument(
        "--allow-cascade", action="store_true", help="permit deletes to reach rows outside the dump"
    )
    parser.add_argument(
        "--max-deletes", metavar="N|N%", help="refuse to delete more records, or a larger share"
    )
    parser.add_argument(
        "--allow-empty", action="store_true", help="permit a dump that is empty where it was not"
    )
    parser.add_argument(
        "--ignore-unknown-fields",
        action="store_true",
        help="leave out fields that the commit has and the code does not",
    )
    parser.add_argument(
        "--full",
        "--verbose",
        action="store_true",
        help="list every record of the plan, and every one that is refused",
    )
    parser.add_argument(
        "--plan-out", metavar="FILE", help="write the plan that is shown to FILE, to run it later"
    )
    options.with_wait(parser)
    options.with_repository(parser)
    options.with_database(parser)


def _update(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "update",
        "merge the branch into the database",
        "Brings what was committed to HEAD's branch into the database and keeps what was edited here, field "
        "by field. What both sides changed is a conflict: listed, and nothing is written.",
        ["contentgit update", "contentgit update pages --dry-run"],
    )
    options.with_dumps(
        parser, "dumps to update (default: all of the code, and those applied before)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan only")
    _with_plan(parser)


def _undo(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "undo",
        "bring back what the last apply changed",
        "Brings back what the last apply changed in the database and keeps what was edited since, field by "
        "field. Once more undoes the apply before that.",
        ["contentgit undo", "contentgit undo pages --dry-run"],
    )
    options.with_dumps(parser, "dumps to look at (default: those of the last apply)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan only")
    _with_plan(parser)


def _gc(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "gc",
        "remove old backups and what killed calls left in the repository",
        "Removes backups that are old and that no undo needs, refs of databases that the settings lack by "
        "now, and temporary files; then lets git collect what no ref reaches. The ledgers of all databases "
        "are asked what an undo needs.",
        ["contentgit gc --dry-run", "contentgit gc", "contentgit gc --older-than 30"],
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed")
    parser.add_argument(
        "--older-than",
        type=options.days,
        metavar="DAYS",
        default=90,
        help="remove only what is older (default: 90, as long as git keeps a reflog)",
    )
    options.with_repository(parser)


VERBS: Final = {
    "commit": Verb("commit", _commit, database=True, names=True),
    "status": Verb("status", _status, database=True, names=True),
    "checkout": Verb("checkout", _checkout, database=True, names=True),
    "update": Verb("checkout", _update, database=True, names=True),
    "undo": Verb("checkout", _undo, database=True, names=True),
    "gc": Verb("collecting", _gc),
}

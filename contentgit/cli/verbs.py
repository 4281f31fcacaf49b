"""The verbs of the command line: options and examples."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

EXIT_CODES = (
    "exit codes: 0 done; 1 failed, or differences with --exit-code; 2 wrong use; "
    "3 refused for safety"
)


def add_verbs(verbs: Any) -> None:
    """Adds a parser for each verb to argparse's subparsers."""
    for add in (
        _init, _datasets, _commit, _status, _diff, _log, _show, _branch, _checkout, _update,
        _undo, _demo,
    ):  # fmt: skip
        add(verbs)


def _verb(
    verbs: Any, name: str, summary: str, description: str, examples: Sequence[str]
) -> argparse.ArgumentParser:
    shown = "\n".join(f"  $ {each}" for each in examples)
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"example:\n{shown}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    # Django's commands take these behind the verb; said there, they must not be lost.
    for name in ("--settings", "--pythonpath"):
        parser.add_argument(name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"takes a number from 0 up, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of seconds, not {text!r}")
    return seconds


def _with_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=_seconds,
        metavar="SECONDS",
        default=0,
        help="wait so long for another apply to end (default: 0, refuse at once)",
    )


def _with_repository(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repository", metavar="PATH", help="the git repository, if not the settings' own"
    )


def _with_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database", metavar="ALIAS", default="default", help="database alias (default: default)"
    )


def _with_databases(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--database", metavar="ALIAS", default="default", help="database alias (default: default)"
    )
    group.add_argument(
        "--all-databases", action="store_true", help="every database of the settings, one by one"
    )


def _with_dumps(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("dumps", metavar="DUMP", nargs="*", help=help_text)


def _init(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "init",
        "make a repository for content",
        "Makes the git repository that the settings name (or PATH), with a first commit.",
        ["contentgit init", "contentgit init --bare /srv/content.git"],
    )
    parser.add_argument("path", metavar="PATH", nargs="?", help="folder, if not the settings' own")
    parser.add_argument("--bare", action="store_true", help="without a worktree")
    parser.add_argument(
        "-b",
        "--initial-branch",
        metavar="NAME",
        default="main",
        help="first branch (default: main)",
    )


def _datasets(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "datasets",
        "list what each dataset holds",
        "Lists the datasets of the code: models, rows in the database, and what no record can hold.",
        ["contentgit datasets", "contentgit datasets pages"],
    )
    _with_dumps(parser, "datasets to list (default: all that need no arguments)")
    _with_database(parser)


def _commit(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "commit",
        "write the database's content into a commit",
        "Reads the dumps in one snapshot of the database and commits what has changed.",
        [
            'contentgit commit pages -m "Summer breads"',
            "contentgit commit districts:42,43 -F note.txt",
        ],
    )
    _with_dumps(parser, "dumps to commit (default: all that need no arguments)")
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
    _with_wait(parser)
    _with_repository(parser)
    _with_database(parser)


def _status(verbs: Any) -> None:
    parser = _verb(
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
    _with_dumps(parser, "dumps to look at (default: all)")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything was edited")
    _with_repository(parser)
    _with_databases(parser)


def _diff(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "diff",
        "show what differs, record by record and field by field",
        "Compares two commits; a commit with the database; or, without a revision, the applied commit "
        "with the database. 'A..B' is 'A B'; 'A...B' compares the merge base with B. Names of dumps and "
        "records follow '--'.",
        [
            "contentgit diff main summer",
            "contentgit diff",
            "contentgit diff main -- pages.page:42",
        ],
    )
    parser.add_argument("revisions", metavar="REV", nargs="*", help="none, one or two revisions")
    parser.add_argument("--stat", action="store_true", help="counts by model only")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything differs")
    _with_repository(parser)
    _with_database(parser)


def _log(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "log",
        "list commits",
        "Lists the commits of a revision, newest first; with --applied what was applied to the database.",
        [
            "contentgit log",
            "contentgit log -n 5 --oneline main -- pages",
            "contentgit log --applied",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", default="HEAD", help="default: HEAD")
    parser.add_argument("-n", "--max-count", type=_count, metavar="N", help="at most N commits")
    parser.add_argument("--oneline", action="store_true", help="one line a commit")
    parser.add_argument("--applied", action="store_true", help="the ledger of the database")
    _with_repository(parser)
    _with_databases(parser)


def _show(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "show",
        "show a commit and what it changes, or a record",
        "Shows a commit with its changes; with a RECORD behind '--', that record as the commit has it.",
        [
            "contentgit show",
            "contentgit show main~2 --stat",
            "contentgit show main -- pages.page:42",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", default="HEAD", help="default: HEAD")
    parser.add_argument("--stat", action="store_true", help="counts by model only")
    _with_repository(parser)


def _branch(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "branch",
        "list, make or delete branches",
        "Without a name lists the branches. With one makes it at START (default: HEAD).",
        ["contentgit branch", "contentgit branch summer main", "contentgit branch -d summer"],
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="branch to make")
    parser.add_argument("start", metavar="START", nargs="?", help="where it starts (default: HEAD)")
    delete = parser.add_mutually_exclusive_group()
    delete.add_argument("-d", "--delete", metavar="BRANCH", help="delete a merged branch")
    delete.add_argument(
        "-D", dest="force_delete", metavar="BRANCH", help="delete it though unmerged"
    )
    parser.add_argument("--show-current", action="store_true", help="print HEAD's branch only")
    _with_repository(parser)


def _checkout(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "checkout",
        "show the plan that turns the database into a commit; with --apply run it",
        "Shows what an apply of REV would do to the database and what of it is refused. With --apply "
        "runs that same plan in one transaction.",
        [
            "contentgit checkout main",
            "contentgit checkout main --apply",
            "contentgit checkout main pages --apply --no-input --database production",
            "contentgit checkout -b summer",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", help="branch, tag or commit")
    _with_dumps(parser, "dumps to apply (default: all of the code, and those applied before)")
    parser.add_argument(
        "-b", dest="new_branch", metavar="NEW", help="make a branch and move HEAD there"
    )
    parser.add_argument("--apply", action="store_true", help="run the plan")
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
    parser.add_argument("--full", action="store_true", help="list every record of the plan")
    parser.add_argument(
        "--plan-out", metavar="FILE", help="write the plan that is shown to FILE, to run it later"
    )
    _with_wait(parser)
    _with_repository(parser)
    _with_database(parser)


def _update(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "update",
        "merge the branch into the database",
        "Brings what was committed to HEAD's branch into the database and keeps what was edited here, field "
        "by field. What both sides changed is a conflict: listed, and nothing is written.",
        ["contentgit update", "contentgit update pages --dry-run"],
    )
    _with_dumps(parser, "dumps to update (default: all of the code, and those applied before)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan only")
    _with_plan(parser)


def _undo(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "undo",
        "bring back what the last apply changed",
        "Brings back what the last apply changed in the database and keeps what was edited since, field by "
        "field. Once more undoes the apply before that.",
        ["contentgit undo", "contentgit undo pages --dry-run"],
    )
    _with_dumps(parser, "dumps to look at (default: those of the last apply)")
    parser.add_argument("--dry-run", action="store_true", help="show the plan only")
    _with_plan(parser)


def _demo(verbs: Any) -> None:
    parser = _verb(
        verbs,
        "demo",
        "build a bakery site with two databases and show the main job",
        "Builds a small site in FOLDER, with a stage and a production database, and runs the main job.",
        ["contentgit demo", "contentgit demo /tmp/bakery --reset"],
    )
    parser.add_argument(
        "path",
        metavar="FOLDER",
        nargs="?",
        default="contentgit-demo",
        help="default: contentgit-demo",
    )
    parser.add_argument(
        "--reset", action="store_true", help="delete the demo that FOLDER holds and build it anew"
    )

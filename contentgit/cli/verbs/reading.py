"""``diff``, ``log``, ``show``, ``blame``, ``branch``, ``tag``."""

from __future__ import annotations

import argparse
from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _diff(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "diff",
        "show what differs, record by record and field by field",
        "Compares two commits; a commit with the database; or, without a revision, the applied commit "
        "with the database. 'A..B' is 'A B'; 'A...B' compares the merge base with B. Names of dumps and "
        "records follow '--'. With --format it is a report for review: the verdict first, then what to look "
        "at, a table by model, and each record.",
        [
            "contentgit diff main summer",
            "contentgit diff",
            "contentgit diff main -- pages.page:42",
            "contentgit diff main...summer --format html -o report.html",
        ],
    )
    parser.add_argument("revisions", metavar="REV", nargs="*", help="none, one or two revisions")
    parser.add_argument("--stat", action="store_true", help="counts by model only")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if anything differs")
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown", "html"),
        help="a report in this format (json is --json)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the report to FILE, whose suffix tells the format",
    )
    parser.add_argument("--full", action="store_true", help="show values whole, however long")
    parser.add_argument(
        "--limit",
        type=_limit,
        metavar="N|github|gitlab",
        help="bytes that a Markdown report may have (default: github, 65,000; 0: no limit)",
    )
    parser.add_argument(
        "--media", metavar="FOLDER", help="show pictures of FOLDER in an HTML report"
    )
    options.with_repository(parser)
    options.with_database(parser)


_LEAST = 8_000  # bytes that a Markdown report needs for its verdict and the note that it is cut


def _limit(text: str) -> int:
    """The bytes of a Markdown report; 0 is no limit."""
    from contentgit.render.markdown import LIMITS

    if text in LIMITS:
        return LIMITS[text]
    number = options.count(text)
    if 0 < number < _LEAST:
        raise argparse.ArgumentTypeError(f"takes 0, or {_LEAST:,} and more, not {number}")
    return number


def _log(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "log",
        "list commits",
        "Lists the commits of a revision, newest first; with --applied what was applied to the database. The "
        "key of a record in place of the revision lists the commits that changed it.",
        [
            "contentgit log",
            "contentgit log pages.page:42 -p",
            "contentgit log -n 5 --oneline main -- pages",
            "contentgit log --applied",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", default="HEAD", help="default: HEAD")
    parser.add_argument(
        "-n", "--max-count", type=options.count, metavar="N", help="at most N commits"
    )
    parser.add_argument("-p", "--patch", action="store_true", help="show what each commit changes")
    parser.add_argument("--oneline", action="store_true", help="one line a commit")
    parser.add_argument("--applied", action="store_true", help="the ledger of the database")
    options.with_repository(parser)
    options.with_databases(parser)


def _show(verbs: Any) -> None:
    parser = options.verb(
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
    options.with_repository(parser)


def _blame(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "blame",
        "say who last changed each field of a record",
        "Names, for each field of RECORD and each sentence of its long texts, the commit that last changed "
        "it.",
        ["contentgit blame pages.page:42", "contentgit blame pages.page:42 --rev summer"],
    )
    parser.add_argument("record", metavar="RECORD", nargs="?", help="its key, pages.page:42")
    parser.add_argument(
        "--rev", metavar="REV", default="HEAD", help="the record as REV has it (default: HEAD)"
    )
    options.with_repository(parser)


def _branch(verbs: Any) -> None:
    parser = options.verb(
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
    options.with_repository(parser)


def _tag(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "tag",
        "list, make or delete tags",
        "Without a name lists the tags. With one makes it at REV (default: HEAD). A tag is a revision for "
        "every verb.",
        [
            'contentgit tag 2026-summer main -m "As shown to the board"',
            "contentgit tag -d 2026-summer",
        ],
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="tag to make; with -l a pattern")
    parser.add_argument("revision", metavar="REV", nargs="?", help="what it names (default: HEAD)")
    parser.add_argument(
        "-m", "--message", action="append", metavar="TEXT", help="why: makes an annotated tag"
    )
    parser.add_argument("-d", "--delete", metavar="NAME", help="delete a tag")
    parser.add_argument("-l", "--list", action="store_true", help="list tags, those like NAME only")
    options.with_repository(parser)


VERBS: Final = {
    "diff": Verb("reading", _diff, database=True, names=True),
    "log": Verb("reading", _log, database=True, names=True),
    "show": Verb("reading", _show, names=True),
    "blame": Verb("blame", _blame, names=True),
    "branch": Verb("branches", _branch),
    "tag": Verb("branches", _tag),
}

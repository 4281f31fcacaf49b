"""What the options of several verbs have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

EXIT_CODES = (
    "exit codes: 0 done; 1 failed, or differences with --exit-code; 2 wrong use; "
    "3 refused for safety"
)


INSTEAD: Final[Mapping[str, str]] = {
    "add": "contentgit commit DUMP  (commits what the database holds; nothing is staged)",
    "apply": "contentgit checkout REV --apply  (shows the plan, asks, and runs it)",
    "clone": "git clone URL content  (then contentgit checkout main --apply brings the database to it)",
    "config": "git -C REPOSITORY config NAME VALUE  (the settings of the repository are git's)",
    "dumpdata": "contentgit commit -m MESSAGE  (commits what the database holds)",
    "loaddata": "contentgit checkout REV --apply  (brings the database to a commit)",
    "rebase": "contentgit merge REV  (brings both together in a merge commit)\n"
    "contentgit update  (merges the branch into the database)",
    "remote": "git -C REPOSITORY remote add origin URL  (remotes are git's; contentgit fetch, pull and push "
    "use them)",
    "reset": "contentgit checkout HEAD --apply --force  (overwrites edits of the database, with "
    "a backup)\ncontentgit undo  (takes back the last apply)\n"
    "contentgit revert REV  (takes back what a commit changed)",
    "rm": "delete the rows on the site, then: contentgit commit -m MESSAGE",
    "stash": "contentgit commit --branch NEW -m MESSAGE  (keeps edits of the database in a branch)",
    "switch": "contentgit checkout BRANCH --apply  (brings the database and HEAD to a branch)\n"
    "contentgit checkout -b NEW  (makes a branch)",
    "sync": "contentgit checkout main --apply --pull  (fetches, then brings the database to the branch)",
}
"""Verbs of git and Django that people type here, and the hint for each."""


class Verb(NamedTuple):
    """A verb: the module of ``contentgit.cli`` with its function, and what adds its parser.

    The rest says which words every such verb takes: ``--repository``, ``--database``, and names of dumps
    (and some of records) behind ``--``.
    """

    module: str
    add: Callable[[Any], None]
    repository: bool = True
    database: bool = False
    names: bool = False


def verb(
    verbs: Any,
    name: str,
    summary: str,
    description: str,
    examples: Sequence[str],
    *,
    json: bool = True,
) -> argparse.ArgumentParser:
    """Adds the parser of a verb: its line in the list of verbs, its description, its examples.

    ``json`` is whether it has a result that could be a document.
    """
    shown = "\n".join(f"  $ {each}" for each in examples)
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"example:\n{shown}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if json:
        parser.add_argument("--json", action="store_true", help="print one JSON document")
    # Django's commands take these behind the verb; said there, they must not be lost.
    for name in ("--settings", "--pythonpath"):
        parser.add_argument(name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def count(text: str) -> int:
    """A number from 0 up, of an option."""
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"takes a number from 0 up, not {text!r}")
    return int(text)


def days(text: str) -> int:
    """A number of days from 1 to 36500, of an option."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 36500:
        raise argparse.ArgumentTypeError(f"takes a number of days from 1 up, not {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds, of an option."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of seconds, not {text!r}")
    return seconds


def with_wait(parser: argparse.ArgumentParser) -> None:
    """Adds ``--wait``."""
    parser.add_argument(
        "--wait",
        type=seconds,
        metavar="SECONDS",
        default=0,
        help="wait so long for another apply to end (default: 0, refuse at once)",
    )


def with_repository(parser: argparse.ArgumentParser) -> None:
    """Adds ``--repository``."""
    parser.add_argument(
        "--repository", metavar="PATH", help="the git repository, if not the settings' own"
    )


def with_database(parser: argparse.ArgumentParser) -> None:
    """Adds ``--database``."""
    parser.add_argument(
        "--database", metavar="ALIAS", default="default", help="database alias (default: default)"
    )


def with_databases(parser: argparse.ArgumentParser) -> None:
    """Adds ``--database`` and ``--all-databases``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--database", metavar="ALIAS", default="default", help="database alias (default: default)"
    )
    group.add_argument(
        "--all-databases", action="store_true", help="every database of the settings, one by one"
    )


def with_dumps(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Adds names of dumps."""
    parser.add_argument("dumps", metavar="DUMP", nargs="*", help=help_text)

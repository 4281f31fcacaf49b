"""What stands between git and contentgit: ``setup-git``, ``merge-driver``, ``diff-driver``."""

from __future__ import annotations

from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _setup_git(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "setup-git",
        "let git's own merge and diff understand records",
        "Sets, in the repository's own configuration and attributes, the drivers by which git merge, git "
        "rebase, git diff and git log -p treat records field by field, and says each setting.",
        ["contentgit setup-git", "contentgit setup-git --check", "contentgit setup-git --remove"],
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check",
        action="store_true",
        help="set nothing; exit 1 if a setting is not as it should be",
    )
    what.add_argument("--remove", action="store_true", help="take out what setup-git has set")
    parser.add_argument(
        "--force", action="store_true", help="replace values that you have set yourself"
    )
    options.with_repository(parser)


def _merge_driver(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "merge-driver",
        "merge one file (git calls it)",
        "Merges the record in three files into OURS, field by field. On a conflict OURS stays as it is, "
        "the conflicts stand on standard error, and the exit code is 1. setup-git tells git of it.",
        ["contentgit merge-driver base.json ours.json theirs.json pages/pages.page/0/0/42.json"],
        json=False,
    )
    parser.add_argument("base_file", metavar="BASE", nargs="?", help="empty: there is none")
    parser.add_argument("ours", metavar="OURS", nargs="?", help="gets the result")
    parser.add_argument("theirs", metavar="THEIRS", nargs="?")
    parser.add_argument("path", metavar="PATH", nargs="?", help="where it lies in the repository")
    parser.add_argument(
        "--base",
        action="store_true",
        help="merge bases of another merge: a conflict gives BASE, and exit code 0",
    )


def _diff_driver(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "diff-driver",
        "print one file for git diff (git calls it)",
        "Prints the record in FILE for people: a line a field, a line a sentence.",
        ["contentgit diff-driver pages/pages.page/0/0/42.json"],
        json=False,
    )
    parser.add_argument("file", metavar="FILE", nargs="?")


VERBS: Final = {
    "setup-git": Verb("git_setup", _setup_git),
    "merge-driver": Verb("drivers", _merge_driver, repository=False),
    "diff-driver": Verb("drivers", _diff_driver, repository=False),
}

"""The verbs that join branches: ``merge`` and what decides it, ``revert``, ``cherry-pick``, ``restore``."""

from __future__ import annotations

import argparse
from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _with_ends(parser: argparse.ArgumentParser) -> None:
    """How an operation that stopped at conflicts ends, as git has it."""
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument(
        "--continue", dest="go_on", action="store_true", help="conclude it when all is decided"
    )
    ends.add_argument("--abort", action="store_true", help="give it up")


def _merge(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "merge",
        "merge a branch into HEAD's branch, record by record and field by field",
        "Joins REV with HEAD's branch in a merge commit; needs neither a worktree nor a database. What both "
        "sides changed is a conflict: it is kept to be decided on, and the branch does not move.",
        [
            "contentgit merge summer",
            "contentgit merge --continue",
            "contentgit merge summer --take theirs",
        ],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", help="branch, tag or commit to merge")
    _with_ends(parser)
    ff = parser.add_mutually_exclusive_group()
    ff.add_argument(
        "--no-ff", action="store_true", help="make a merge commit even where HEAD has nothing new"
    )
    ff.add_argument("--ff-only", action="store_true", help="refuse what needs a merge commit")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--no-commit", action="store_true", help="stop before the commit; --continue makes it"
    )
    what.add_argument(
        "--record",
        action="store_true",
        help="make the commit with its conflicts in it as files, to be decided on a host",
    )
    parser.add_argument(
        "--take",
        choices=("ours", "theirs", "base"),
        help="decide every conflict for one side",
    )
    parser.add_argument("-m", "--message", action="append", metavar="TEXT", help="commit message")
    parser.add_argument(
        "--allow-unrelated-histories",
        action="store_true",
        help="merge what has no commit in common",
    )
    options.with_repository(parser)


def _conflicts(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "conflicts",
        "list what is undecided in a merge",
        "Lists the conflicts of the merge, revert or cherry-pick under way with what each side has; "
        "where none is, those that a commit holds.",
        ["contentgit conflicts", "contentgit conflicts main --json"],
    )
    parser.add_argument("revision", metavar="REV", nargs="?", help="commit with recorded conflicts")
    parser.add_argument("--exit-code", action="store_true", help="exit 1 if there are any")
    options.with_repository(parser)


def _resolve(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "resolve",
        "decide conflicts of a merge",
        "Decides the conflicts with these labels; 'pages.page:*' and 'pages.page:[4-9]' name many. A "
        "label is a record, a field of it, or a place within: pages.page:42, pages.page:42/title, as "
        "contentgit conflicts shows them.",
        [
            "contentgit resolve pages.page:42 --take theirs",
            "contentgit resolve pages.page:42/title --value '\"Summer bread\"'",
            "contentgit resolve pages.page:42/body --edit",
            "contentgit resolve 'pages.*' --take ours",
        ],
    )
    parser.add_argument("labels", metavar="LABEL", nargs="*", help="what to decide")
    parser.add_argument("--all", action="store_true", help="every conflict")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--take", choices=("ours", "theirs", "base", "delete"), help="whose content stands there"
    )
    how.add_argument("--value", metavar="JSON", help="what stands there")
    how.add_argument("--edit", action="store_true", help="write what stands there in your editor")
    how.add_argument(
        "--renumber",
        action="store_true",
        help="give the record that they added under the same key a new one, and what refers to it, too",
    )
    how.add_argument(
        "--recorded",
        action="store_true",
        help="do what the conflict files of HEAD's commit say",
    )
    options.with_repository(parser)


def _picked(parser: argparse.ArgumentParser) -> None:
    """What ``revert`` and ``cherry-pick`` have in common."""
    parser.add_argument("revision", metavar="REV", nargs="?", help="the commit")
    _with_ends(parser)
    parser.add_argument(
        "-m",
        "--mainline",
        type=options.count,
        metavar="N",
        help="of a merge: the changes against its parent N (1 is the branch merged into)",
    )
    parser.add_argument(
        "-n",
        "--no-commit",
        action="store_true",
        help="stop before the commit; --continue makes it",
    )
    _with_source(parser)


def _with_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with-dependencies",
        action="store_true",
        help="bring along what the records refer to, where the branch does not have it",
    )
    parser.add_argument("--message", action="append", metavar="TEXT", help="commit message")
    options.with_repository(parser)


def _revert(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "revert",
        "take back what a commit changed, in a new commit",
        "Takes back what REV changed and keeps what was changed since, field by field. Names of dumps and "
        "records behind '--' take back that part only.",
        ["contentgit revert main~2", "contentgit revert main~2 -- pages.page:42"],
    )
    _picked(parser)


def _cherry_pick(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "cherry-pick",
        "take over what a commit of another branch changed",
        "Merges what REV changed into HEAD's branch, with its author and message. Names of dumps and "
        "records behind '--' take over that part only.",
        [
            "contentgit cherry-pick summer",
            "contentgit cherry-pick summer --with-dependencies -- pages.page:42",
        ],
    )
    parser.add_argument(
        "-x", dest="note_source", action="store_true", help="name the commit in the message"
    )
    _picked(parser)


def _restore(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "restore",
        "make records what they were in another commit",
        "Makes records, or single fields of them, what they are in REV, in a new commit on HEAD's branch.",
        [
            "contentgit restore pages.page:42 --from main~3",
            "contentgit restore pages.page:42/title --from v1",
        ],
    )
    parser.add_argument("records", metavar="RECORD", nargs="*", help="records, or fields of them")
    parser.add_argument("--from", dest="source", metavar="REV", help="from where")
    _with_ends(parser)
    _with_source(parser)


VERBS: Final = {
    "merge": Verb("merging", _merge),
    "conflicts": Verb("merging", _conflicts),
    "resolve": Verb("merging", _resolve),
    "revert": Verb("picking", _revert, names=True),
    "cherry-pick": Verb("picking", _cherry_pick, names=True),
    "restore": Verb("picking", _restore, names=True),
}

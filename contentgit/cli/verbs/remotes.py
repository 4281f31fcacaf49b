"""``fetch``, ``pull``, ``push``."""

from __future__ import annotations

import argparse
from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _fetch(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "fetch",
        "bring commits of another repository",
        "Brings the branches of REMOTE to remote branches such as origin/main, and says which moved. No "
        "branch of this repository moves.",
        ["contentgit fetch", "contentgit fetch --all --prune"],
    )
    parser.add_argument(
        "remote", metavar="REMOTE", nargs="?", help="default: that of HEAD's branch"
    )
    parser.add_argument("--all", action="store_true", help="every remote")
    parser.add_argument(
        "--prune", action="store_true", help="delete remote branches that are gone there"
    )
    options.with_repository(parser)


def _pull(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "pull",
        "fetch, and merge into HEAD's branch",
        "Fetches, then merges the branch that HEAD's follows into it, as merge does. The database is not "
        "touched: checkout --apply or update does that.",
        ["contentgit pull", "contentgit pull origin main --ff-only"],
    )
    parser.add_argument(
        "remote", metavar="REMOTE", nargs="?", help="default: that of HEAD's branch"
    )
    parser.add_argument("branch", metavar="BRANCH", nargs="?", help="default: what HEAD's follows")
    parser.add_argument(
        "--ff-only", action="store_true", help="refuse where both sides have commits of their own"
    )
    options.with_repository(parser)


def _push(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "push",
        "send commits to another repository",
        "Sends branches (default: HEAD's) and tags to those of the same name. Never by force: where the "
        "other repository has commits that are not here, it is refused.",
        ["contentgit push", "contentgit push -u origin summer", "contentgit push --tags"],
    )
    parser.add_argument(
        "remote", metavar="REMOTE", nargs="?", help="default: that of HEAD's branch"
    )
    parser.add_argument("branches", metavar="BRANCH", nargs="*", help="or a tag; default: HEAD's")
    parser.add_argument(
        "-u", "--set-upstream", action="store_true", help="follow these branches from now on"
    )
    parser.add_argument("--tags", action="store_true", help="send all tags")
    parser.add_argument("--delete", action="append", metavar="BRANCH", help="delete a branch there")
    parser.add_argument("-f", "--force", action="store_true", help=argparse.SUPPRESS)
    options.with_repository(parser)


VERBS: Final = {
    "fetch": Verb("remotes", _fetch),
    "pull": Verb("remotes", _pull),
    "push": Verb("remotes", _push),
}

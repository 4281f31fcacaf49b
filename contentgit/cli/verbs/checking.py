"""``check``."""

from __future__ import annotations

from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _check(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "check",
        "say what is wrong with a commit's content",
        "Reads the tree of REV (default: HEAD) without a database and lists what is wrong with it, by file "
        "and field. With 'A..B' it reads B, and does not count what A has already. With settings it also "
        "compares the tree with the project's code. Exits with 1 if there are errors.",
        [
            "contentgit check",
            "contentgit check main..summer --merges",
            "contentgit check --fix",
            "contentgit check --format sarif",
        ],
    )
    parser.add_argument(
        "revision", metavar="REV", nargs="?", default="HEAD", help="REV or A..B (default: HEAD)"
    )
    parser.add_argument(
        "--merges", action="store_true", help="recompute every merge commit of the history or range"
    )
    parser.add_argument(
        "--fix", action="store_true", help="write files canonically, in a commit on HEAD's branch"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 for warnings too")
    parser.add_argument(
        "--forbid",
        action="append",
        metavar="MODEL",
        default=[],
        help="a model that must not be there, such as auth.user or 'sessions.*'; repeatable",
    )
    parser.add_argument(
        "--no-code", action="store_true", help="do not compare with the project's code"
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        help="how to write it (default: text)",
    )
    options.with_repository(parser)


VERBS: Final = {"check": Verb("check", _check)}

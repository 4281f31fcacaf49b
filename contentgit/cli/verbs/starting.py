"""``init``, ``datasets``, ``demo``."""

from __future__ import annotations

from typing import Any, Final

from contentgit.cli.verbs import options
from contentgit.cli.verbs.options import Verb


def _init(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "init",
        "make a repository for content",
        "Makes the git repository that the settings name (or PATH), with a first commit. With --ci also a "
        "workflow that reviews content on a host of repositories and applies it, in a commit of its own.",
        [
            "contentgit init",
            "contentgit init --bare /srv/content.git",
            "contentgit init --ci github",
        ],
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
    parser.add_argument(
        "--ci", choices=("github", "gitlab"), help="commit a workflow for this host of repositories"
    )
    parser.add_argument(
        "--force", action="store_true", help="with --ci: replace another file in its place"
    )


def _datasets(verbs: Any) -> None:
    parser = options.verb(
        verbs,
        "datasets",
        "list what each dataset holds",
        "Lists the datasets of the code: models, rows in the database, and what no record can hold.",
        ["contentgit datasets", "contentgit datasets pages"],
    )
    options.with_dumps(parser, "datasets to list (default: all that need no arguments)")
    options.with_database(parser)


def _demo(verbs: Any) -> None:
    parser = options.verb(
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


VERBS: Final = {
    "init": Verb("setup", _init, repository=False),
    "datasets": Verb("setup", _datasets, repository=False, database=True, names=True),
    "demo": Verb("setup", _demo, repository=False),
}

"""The verbs of the command line: options and examples, a file for each family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contentgit.cli.verbs import (
    beside_git,
    checking,
    merging,
    reading,
    remotes,
    starting,
    working_copy,
)
from contentgit.cli.verbs.options import EXIT_CODES, Verb

__all__ = ["EXIT_CODES", "VERBS", "Verb", "add_verbs"]

_FAMILIES = {
    **starting.VERBS,
    **working_copy.VERBS,
    **reading.VERBS,
    **merging.VERBS,
    **beside_git.VERBS,
    **remotes.VERBS,
    **checking.VERBS,
}
_ORDER = (
    "init", "datasets", "commit", "status", "diff", "log", "show", "blame", "branch", "tag", "checkout",
    "update", "undo", "merge", "conflicts", "resolve", "revert", "cherry-pick", "restore", "check",
    "fetch", "pull", "push", "gc", "setup-git", "merge-driver", "diff-driver", "demo",
)  # fmt: skip

VERBS: Final[Mapping[str, Verb]] = {name: _FAMILIES[name] for name in _ORDER}
"""Every verb by its name, in the order in which people meet them."""


def add_verbs(verbs: Any) -> None:
    """Adds a parser for each verb to argparse's subparsers."""
    for verb in VERBS.values():
        verb.add(verbs)

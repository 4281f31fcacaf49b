"""Where the program starts: git's drivers at once, every other verb by way of :mod:`contentgit.cli.main`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

DRIVERS = ("merge-driver", "diff-driver")


def main(argv: Sequence[str] | None = None, prog: str = "contentgit") -> int:
    """Runs one verb; gives its exit code.

    git calls the drivers once a file, so they start without the options of other verbs and the terminal.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] and words[0] in DRIVERS and not {"-h", "--help", "--json"} & set(words):
        from contentgit.cli import drivers

        return drivers.main(words)
    from contentgit.cli.main import main as full

    return full(words, prog)


if __name__ == "__main__":
    sys.exit(main())

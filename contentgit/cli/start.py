"""The start of the program: git's drivers at once, every other verb through :mod:`contentgit.cli.main`."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # what is imported here comes from wherever sys.path says, see main
if TYPE_CHECKING:
    from collections.abc import Sequence

DRIVERS = ("merge-driver", "diff-driver")

_GARBAGE = 50_000


def main(argv: Sequence[str] | None = None, prog: str = "contentgit") -> int:
    """Runs one verb; gives its exit code.

    git calls the drivers once a file, so they start without the options of other verbs and the terminal.
    """
    if argv is None:
        own_process()
    _leave_current_folder()
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] and words[0] in DRIVERS and not {"-h", "--help", "--json"} & set(words):
        from contentgit.cli.verbs import drivers

        return drivers.main(words)
    try:
        from contentgit.cli.main import main as full
    except KeyboardInterrupt:  # nothing is begun
        return 130
    return full(words, prog)


def own_process() -> None:
    """Has Python look for garbage seldom, in a process that is ours alone and ends soon.

    What is imported is none, and rows and records hold no cycles.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE, *gc.get_threshold()[1:])


def _leave_current_folder() -> None:
    """Takes the current folder off ``sys.path``, before anything more is imported: it may hold content.

    ``python -m`` puts it there, and so does an empty entry of PYTHONPATH. The project's own folder comes back
    when it is found.
    """
    try:
        here = os.getcwd()
    except OSError:  # the folder is gone, which the verb says
        return
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != here]


if __name__ == "__main__":
    sys.exit(main())

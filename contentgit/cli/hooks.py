"""What is said of the project's own code behind an apply or a commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contentgit.cli.terminal import Terminal
from contentgit.errors import HookError
from contentgit.render.plain import plural

if TYPE_CHECKING:
    from contentgit.db.calling import HookFailure


def tell(failures: Sequence[HookFailure], done: str, terminal: Terminal) -> int:
    """Names what failed although all is ``done``; the call's exit code.

    With ``--json`` the failures are part of the call's one document.
    """
    if not failures:
        return 0
    if not terminal.as_json:
        error = HookError(
            f"{done}, but {plural(len(failures), 'hook')} of the project behind it failed",
            items=[f"{each.hook}: {each.error}" for each in failures],
            hint="nothing is undone; mend it, then do by hand what it did not do",
        )
        terminal.error(error)
    return HookError.exit_code

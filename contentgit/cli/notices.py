"""What is worth a line beside a result, on standard error."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from contentgit import startup
from contentgit.cli.call import Call
from contentgit.cli.project import surroundings
from contentgit.cli.terminal import Terminal
from contentgit.errors import ConfigurationError, HookError
from contentgit.render.plain import plural, safe

if TYPE_CHECKING:
    from contentgit.branches.merging import Doubt, FreeKey
    from contentgit.db.calling import HookFailure
    from contentgit.workingcopy.project import Project


def tell_copied(project: Project, names: Sequence[str], terminal: Terminal) -> None:
    """Says that the database comes from another environment, as far as these dumps are concerned."""
    from contentgit.workingcopy.status import copied

    if line := copied(project, names):
        terminal.note(line)


def tell_untouched(branch: str, terminal: Terminal) -> None:
    """Says that only git has moved, and how to bring a database to the branch."""
    text = "The database has not changed. To apply the branch:"
    if not _is_in_project(terminal.call):
        text = "No database has changed. To apply the branch, in the site's project:"
    terminal.hint(f"{text} contentgit checkout {shlex.quote(branch)} --apply")


def _is_in_project(call: Call) -> bool:
    if startup.in_use():
        return True
    with suppress(ConfigurationError):  # nothing is started here, so nothing is refused
        return surroundings(call.settings, call.repository, call.here).found is not None
    return False


def tell_next(commands: Sequence[str], terminal: Terminal, other: str = "or:") -> None:
    """Says what can be typed next, one command per line; ``other`` precedes all but the first."""
    for number, command in enumerate(commands):
        head = other if number else "Next:"
        terminal.hint(f"{head.ljust(5)} {command}")


def tell_doubts(doubts: Sequence[Doubt], terminal: Terminal) -> None:
    """Names the constraints that only a database can judge of a merge."""
    for doubt in doubts:
        terminal.note(f"warning: {doubt.text}")


def tell_new_keys(keys: Sequence[FreeKey], terminal: Terminal) -> None:
    """Names the records to which a merge gave another key because another record has theirs."""
    for old, of, new in keys:
        terminal.line(f"  {old} of {safe(of)} becomes {new}: another record has its key")


def tell_unremoved(failures: Sequence[str], terminal: Terminal) -> int:
    """Names the storages that refused to delete files; the call's exit code, since nothing is lost by it."""
    if failures and not terminal.as_json:
        for failure in failures:
            terminal.note(f"files that no row names are still there: {failure}")
        terminal.note("contentgit files --prune  (removes them, as the next apply does)")
    return 0


def tell_failures(failures: Sequence[HookFailure], done: str, terminal: Terminal) -> int:
    """Names the project's own code that failed after all was ``done``; gives the call's exit code.

    With ``--json`` the failures are part of the call's one document.
    """
    if not failures:
        return 0
    if not terminal.as_json:
        error = HookError(
            f"{done}, but {plural(len(failures), 'project hook')} failed afterwards",
            items=[f"{failure.hook}: {failure.error}" for failure in failures],
            hint="nothing was undone; fix the hook, then do by hand what it did not do",
        )
        terminal.error(error)
    return HookError.exit_code

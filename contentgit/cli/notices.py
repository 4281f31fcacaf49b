"""What is worth a line beside a result, on standard error."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from contentgit import config
from contentgit.cli.call import Call
from contentgit.cli.project import surroundings
from contentgit.cli.terminal import Terminal
from contentgit.errors import ConfigurationError, HookError
from contentgit.render.plain import plural, safe

if TYPE_CHECKING:
    from contentgit.branches.merging import Doubt
    from contentgit.db.calling import HookFailure
    from contentgit.workingcopy.project import Project


def tell_copied(project: Project, names: Sequence[str], terminal: Terminal) -> None:
    """Says that the database comes from another environment, as far as these dumps are concerned."""
    from contentgit.workingcopy.status import copied

    line = copied(project, names)
    if line:
        terminal.note(line)


def tell_untouched(branch: str, terminal: Terminal) -> None:
    """Says that git alone has moved, and what brings a database along."""
    command = terminal.call.typed(f"contentgit checkout {shlex.quote(branch)} --apply")
    if not _is_in_project(terminal.call):
        text = f"No database is touched; to bring one along, in the site's project: {command}"
    else:
        text = f"The database is not touched; to bring it along: {command}"
    terminal.line(safe(text), style="dim")


def _is_in_project(call: Call) -> bool:
    if config.in_use():
        return True
    with suppress(ConfigurationError):  # nothing is started here, so nothing is refused
        return surroundings(call.settings, call.repository, call.here).found is not None
    return False


def tell_next(commands: Sequence[str], terminal: Terminal, other: str = "or:") -> None:
    """Says what can be typed next, a command a line; ``other`` stands before all but the first."""
    for number, command in enumerate(commands):
        head = other if number else "Next:"
        terminal.line(terminal.call.typed(safe(f"{head.ljust(5)} {command}")), style="dim")


def tell_doubts(doubts: Sequence[Doubt], terminal: Terminal) -> None:
    """Names the constraints that only a database can judge of a merge."""
    for each in doubts:
        terminal.note(safe(f"warning: {each.text}"))


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

"""What is worth a line beside a result, on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contentgit.cli.terminal import Terminal

if TYPE_CHECKING:
    from contentgit.porcelain.project import Project
    from contentgit.repository import LeftAlone


def tell_copied(project: Project, names: Sequence[str], terminal: Terminal) -> None:
    """Says that the database comes from another environment, as far as these dumps are concerned."""
    from contentgit.porcelain.compare import copied

    line = copied(project, names)
    if line:
        terminal.note(line)


def tell_left_alone(left: Sequence[LeftAlone], terminal: Terminal) -> None:
    """Names the files of worktrees that stayed as their users have them."""
    for each in left:
        more = f" and {len(each.paths) - 5} more" if len(each.paths) > 5 else ""
        paths = f"{', '.join(each.paths[:5])}{more}"
        terminal.note(f"left alone in {each.worktree}, because of edits there: {paths}")

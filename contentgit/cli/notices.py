"""What is worth a line beside a result, on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contentgit.cli.terminal import Terminal

if TYPE_CHECKING:
    from contentgit.porcelain.project import Project


def tell_copied(project: Project, names: Sequence[str], terminal: Terminal) -> None:
    """Says that the database comes from another environment, as far as these dumps are concerned."""
    from contentgit.porcelain.compare import copied

    line = copied(project, names)
    if line:
        terminal.note(line)

"""What is said of the worktrees that follow a branch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contentgit.cli.terminal import SHORT, Terminal
from contentgit.render.plain import safe

if TYPE_CHECKING:
    from contentgit.repository import LeftAlone, Repository


def tell_left_alone(left: Sequence[LeftAlone], terminal: Terminal) -> None:
    """Names the files of worktrees that stayed as their users have them."""
    for each in left:
        for line in left_alone_lines(each):
            terminal.note(line)


def tell_finished(repository: Repository, terminal: Terminal) -> None:
    """Brings worktrees along that a killed process has left behind their branch, and says so."""
    for each in repository.finish_moves():
        what = (
            f"a contentgit that was killed had moved branch {each.branch} to {each.commit[:SHORT]}"
        )
        terminal.note(safe(f"{what} and not its worktree; it is brought along now"))
        tell_left_alone(each.left, terminal)


def left_alone_lines(left: LeftAlone) -> Iterator[str]:
    """Which files stayed in a worktree, why, and what a commit of them would do."""
    more = f" and {len(left.paths) - 5:,} more" if len(left.paths) > 5 else ""
    paths = f"{', '.join(map(safe, left.paths[:5]))}{more}"
    why = safe(left.reason) or "edits there"
    yield f"left alone in {safe(str(left.worktree))}, because of {why}: {paths}"
    yield "  these files are older than the branch; committing them with git there would revert it"

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
            " and not its worktree"
        )
        done = not any(left.reason for left in each.left)
        terminal.note(safe(f"{what}; it is brought along now" if done else what))
        tell_left_alone(each.left, terminal)


def left_alone_lines(left: LeftAlone) -> Iterator[str]:
    """Which files stayed in a worktree, why, and what a commit of them would do."""
    more = f" and {len(left.paths) - 5:,} more" if len(left.paths) > 5 else ""
    paths = f"{', '.join(map(safe, left.paths[:5]))}{more}"
    if left.reason:
        yield f"not written in {safe(str(left.worktree))}: {paths}"
        yield from (f"  {safe(line)}" for line in (left.reason, *left.hint.splitlines()))
    else:
        yield f"left alone in {safe(str(left.worktree))}, because of edits there: {paths}"
    yield "  these files are older than the branch; committing them with git there would revert it"

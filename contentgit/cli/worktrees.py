"""Messages about the worktrees that follow a branch."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contentgit.cli.terminal import SHORT, Terminal
from contentgit.render.plain import safe

if TYPE_CHECKING:
    from contentgit.git import Finished, LeftAlone, Repository

OLDER = "these files are older than the branch; committing them with git there would revert it"


def tell_left_alone(
    left: Sequence[LeftAlone], terminal: Terminal, consequence: str = OLDER
) -> None:
    """Names the files of worktrees that stayed as their users have them."""
    for worktree in left:
        for line in left_alone_lines(worktree, consequence):
            terminal.note(line)


def tell_finished(repository: Repository, terminal: Terminal) -> None:
    """Finishes the moves of worktrees that an earlier call left unfinished, and reports them."""
    for move in repository.worktrees.finish_moves():
        done = not any(left.reason for left in move.left)
        if move.back is not None:
            _tell_back(move, done, terminal)
            continue
        to = f"{move.branch} to {move.commit[:SHORT]}"
        what = f"an earlier contentgit had moved branch {to} but not its worktree"
        terminal.note(f"{what}; the worktree has been updated now" if done else what)
        tell_left_alone(move.left, terminal)


def _tell_back(move: Finished, done: bool, terminal: Terminal) -> None:
    what = f"an earlier contentgit was bringing the worktree {move.back} to branch {move.branch}"
    terminal.note(f"{what}; it has been put back to HEAD" if done else what)
    consequence = f"these files may hold what branch {move.branch} has, and HEAD is on another"
    tell_left_alone(move.left, terminal, consequence)
    if done:
        way = f"git -C {shlex.quote(str(move.back))} checkout {shlex.quote(move.branch)}"
        terminal.note(f"  {way}  (brings it there)")


def left_alone_lines(left: LeftAlone, consequence: str = OLDER) -> Iterator[str]:
    """Which files stayed in a worktree, why, and what a commit of them would do."""
    more = f" and {len(left.paths) - 5:,} more" if len(left.paths) > 5 else ""
    paths = f"{', '.join(map(safe, left.paths[:5]))}{more}"
    if left.reason:
        yield f"not written in {safe(str(left.worktree))}" + (f": {paths}" if paths else "")
        yield from (f"  {safe(line)}" for line in (left.reason, *left.hint.splitlines()))
        if paths:
            yield "  the next contentgit call updates them"
    else:
        yield f"left alone in {safe(str(left.worktree))}, because of edits there: {paths}"
    yield f"  {safe(consequence)}"

"""What brings a commit that the repository lacks, as commands for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from contentgit.git import Repository


def fetching(repository: Repository, commit: str, ref: str = "") -> Iterator[str]:
    """What may bring a commit, a command a line; ``ref`` keeps it afterwards."""
    if repository.history.is_shallow():
        unshallow = repository.command("fetch --unshallow")
        yield f"{unshallow}  (this clone is shallow and lacks older commits)"
        return
    remotes = repository.remotes.names()
    if remotes:
        yield "contentgit fetch --all  (brings the branches of the remotes)"
    where = remotes[0] if len(remotes) == 1 else "OTHER"
    words = f"fetch {where} {shlex.quote(f'+{commit}:{ref}' if ref else commit)}"
    yield f"{repository.command(words)}  (brings the commit alone, from a remote or clone that still has it)"

"""What a merge across migrations would lose, refused before it begins."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from contentgit.branches.operation import Operation
from contentgit.branches.trees import losses
from contentgit.errors import RefusedError
from contentgit.git import Repository
from contentgit.merge import Side

_AHEAD: Final = {"merge": (Side.OURS, Side.THEIRS), "cherry-pick": (Side.THEIRS,)}
"""The sides that were made from the base; of a revert the base is the newer one."""


def refuse_losses(repository: Repository, operation: Operation) -> None:
    """Refuses an operation that would lose values which a side edited.

    Raises:
        RefusedError: there are such, or code that is in no record changed the content of a side.
    """
    base = operation.base_of(repository)
    ahead = _AHEAD.get(operation.verb, ())
    found = [
        each.text for each in losses(repository, base, operation.ours, operation.theirs, ahead)
    ]
    if found:
        merges = operation.verb == "merge"
        call = f"contentgit merge {shlex.quote(operation.source)} --drop-fields" if merges else ""
        error = dropping(f"{operation.named} drops fields that hold edited values", found, call)
        if merges:
            source = shlex.quote(operation.source)
            why = "first runs the migrations, whose code may keep the values"
            error.hint = f"contentgit merge {source} --upgrade  ({why})\n{error.hint}"
        raise error


def dropping(message: str, items: Sequence[str], call: str = "") -> RefusedError:
    """The error that fields, one an item, would be dropped, with the call that permits it."""
    return RefusedError(
        message,
        items=items,
        hint=f"{call or 'add --drop-fields to the call'}  (drops them; older commits keep the values)",
        data={"dropped": [*items]},
    )

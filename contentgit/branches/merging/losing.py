"""What a merge across migrations would lose, refused before it begins."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from contentgit.branches.operation import Operation
from contentgit.branches.trees import Base, Loss, losses
from contentgit.errors import RefusedError
from contentgit.git import Repository
from contentgit.merge import Side

_AHEAD: Final = {"merge": (Side.OURS, Side.THEIRS), "cherry-pick": (Side.THEIRS,)}
"""The sides that were made from the base; of a revert the base is the newer one."""

_KEPT: Final = "drops them; older commits keep the values"


def refuse_losses(
    repository: Repository,
    operation: Operation,
    *,
    base: Base | None = None,
    upgrading: bool = False,
) -> None:
    """Refuses an operation that would lose values which a side edited.

    ``base`` is the operation's, if it is at hand. With ``upgrading`` migrations are run on the sides first:
    what they may carry is not counted.

    Raises:
        RefusedError: there are such, or code that is in no record changed the content of a side.
    """
    base = base or operation.base_of(repository)
    ahead = _AHEAD.get(operation.verb, ())
    found = [*losses(repository, base, operation.ours, operation.theirs, ahead)]
    if upgrading:
        found = [each for each in found if not each.carried]
    if not found:
        return
    error = dropping(
        f"{operation.named} drops fields that hold edited values", [each.text for each in found]
    )
    ways = [_upgrading(operation, found)] if any(each.carried for each in found) else []
    if not any(each.code for each in found):
        ways.append(_dropping(operation, upgrading=upgrading) or error.hint)
    error.hint = "\n".join(ways)
    raise error


def _upgrading(operation: Operation, found: Sequence[Loss]) -> str:
    """The commands that run the migrations, which may carry values of those that would be lost."""
    if operation.verb != "merge":
        return way_across(operation)
    runs = "whose code may keep" if any(each.code for each in found) else "which convert"
    options, why = "--upgrade", f"first runs the migrations, {runs} the values"
    if not all(each.carried for each in found):
        options, why = f"{options} --drop-fields", f"{why}; drops the others"
    return f"contentgit merge {shlex.quote(operation.source)} {options}  ({why})"


def _dropping(operation: Operation, *, upgrading: bool) -> str:
    if operation.verb != "merge":
        return ""
    options = "--upgrade --drop-fields" if upgrading else "--drop-fields"
    return f"contentgit merge {shlex.quote(operation.source)} {options}  ({_KEPT})"


def way_across(operation: Operation, side: str = "theirs") -> str:
    """The commands with which an operation goes on that code of a migration stops, on one of its sides."""
    source, merges = operation.source, operation.verb == "merge"
    first = f"contentgit merge {shlex.quote(source)} --upgrade  (runs them on both sides, then merges)\n"
    if side == "ours":
        again = f"contentgit upgrade {shlex.quote(operation.branch)}  (then run the command again)"
        return f"{first}{again}" if merges else again
    wanted = shlex.quote(f"{source}^" if operation.verb == "revert" else source)
    call = f"contentgit upgrade {wanted} --branch NEW"
    if merges:
        return f"{first}{call}  (runs them on that side, then merge NEW)"
    return (
        f"{call}  (runs them on the content that is to come)\n"
        "contentgit restore RECORD --from NEW  (takes a record from there)"
    )


def dropping(message: str, items: Sequence[str]) -> RefusedError:
    """The error that fields, one an item, would be dropped, with what permits it."""
    return RefusedError(
        message,
        items=items,
        hint=f"add --drop-fields to the call  ({_KEPT})",
        data={"dropped": [*items]},
    )

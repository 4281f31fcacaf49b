"""Signals for a project's own code: before and after an apply, and after a commit.

::

    from django.dispatch import receiver
    from contentgit.signals import post_apply

    @receiver(post_apply)
    def tell_the_shop(*, using, environment, commit, changes, **more):
        for change in changes:
            ...

The sender is contentgit's ``AppConfig``. Keyword arguments of all three: ``using``, the database alias;
``environment``; ``commit``, a full id; ``branch``, ``""`` where an apply was asked for something else;
``dumps``, labels such as ``"districts:42"``; ``changes``, see :class:`Changes`. Those of an apply
also get ``plan``, a :class:`contentgit.plan.steps.Plan`, and ``verb``: ``"checkout"``, ``"update"`` or
``"undo"``, whose ``commit`` is the one that is undone; those of a commit ``parent``, an id or ``""``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.dispatch import Signal

from contentgit.content.diff import Change

__all__ = ["Changes", "post_apply", "post_commit", "pre_apply"]

pre_apply = Signal()
"""Inside the apply: the plan has no problems, and nothing is written. What a receiver raises stops it."""

post_apply = Signal()
"""The database has committed. What a receiver raises is told, and undoes nothing."""

post_commit = Signal()
"""The branch has moved. What a receiver raises is told, and undoes nothing."""


@dataclass(frozen=True)
class Changes:
    """What an apply or a commit changes, record by record; read when it is iterated, and again each time.

    Memory holds one batch. Those of ``pre_apply`` can be read until the receiver returns.
    """

    read: Callable[[], Iterator[Change]]

    def __iter__(self) -> Iterator[Change]:
        return self.read()

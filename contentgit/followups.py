"""``after_apply`` of a dataset: what the project's code wants to run once an apply has changed rows of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TypeAlias

from django.core.management import get_commands

from contentgit.specs import Mistake, suggestion

Followup: TypeAlias = Callable[..., object] | tuple[str, ...]
"""A function, or a management command with its arguments."""

OFFERED = ("using", "dumps", "plan")
"""The keyword arguments that a function may take."""

_HINT = (
    "write a list of functions and of commands: [refresh, 'update_index', ['rebuild', '--quick']]"
)


def parse_followups(value: object) -> tuple[Followup, ...]:
    """The functions and commands of a value that has no problems."""
    listed = value if isinstance(value, (list, tuple)) else ()
    commands = ([one] if isinstance(one, str) else one for one in listed)
    return tuple(one if callable(one) else tuple(one) for one in commands)


def followup_problems(value: object, where: str) -> Iterator[Mistake]:
    """Everything wrong with the value that can be found without running anything."""
    if value is None:
        return
    if not isinstance(value, (list, tuple)):
        message = f"'after_apply' must be a list of functions and commands, not {value!r}"
        yield Mistake("contentgit.E018", message, _HINT, where)
        return
    for each in value:
        if callable(each):
            yield from _function_problems(each, where)
            continue
        words = [each] if isinstance(each, str) else each
        listed = isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)
        if not listed or not words:
            message = f"'after_apply' has {each!r}, which is neither a function nor a command"
            yield Mistake("contentgit.E018", message, _HINT, where)
        elif words[0] not in get_commands():
            message = f"'after_apply' names the command {words[0]!r}, which no installed app has"
            yield Mistake("contentgit.E019", message, suggestion(words[0], get_commands()), where)


def _function_problems(function: Callable[..., object], where: str) -> Iterator[Mistake]:
    """A function is called with keywords only, and with none but those it is offered."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # written in C, and says nothing of itself
        return
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        and (each.kind is each.POSITIONAL_ONLY or each.name not in OFFERED)
    ]
    if needed:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        message = f"'after_apply' has {name}, which wants the argument {needed[0]!r}"
        hint = "def refresh(*, using, dumps, plan): these are given, those that it takes"
        yield Mistake("contentgit.E018", message, hint, where)

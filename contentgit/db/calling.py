"""Calls the project's own code: receivers of signals, functions and commands of ``after_apply``.

An error before anything is written stops an apply. An error after the apply cannot undo it: it is returned
as a :class:`HookFailure`. Output goes to standard error, since standard output belongs to the command.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from typing import Any, NamedTuple

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db import Error
from django.dispatch import Signal

from contentgit.errors import ContentgitError, DatabaseError, RefusedError
from contentgit.followups import Followup


class HookFailure(NamedTuple):
    """Code of the project that failed after the apply: its name, and its error."""

    hook: str
    error: str


def _sender() -> AppConfig:
    return apps.get_app_config("contentgit")


def has_receivers(signal: Signal) -> bool:
    """Whether one of contentgit's signals has receivers."""
    return bool(signal.has_listeners(_sender()))


def send_pre(signal: Signal, **arguments: Any) -> None:
    """Sends ``pre_apply``; the first receiver that raises ends it.

    Raises:
        RefusedError: a receiver raised one.
        ContentgitError: a receiver raised something else.
    """
    try:
        with redirect_stdout(sys.stderr):
            signal.send(_sender(), **arguments)
    except (Exception, SystemExit) as error:
        name = f"{_place(error)}, a receiver of pre_apply,"
        if isinstance(error, RefusedError):
            raise RefusedError(
                f"{name} refuses: {error.message}",
                hint=error.hint or "nothing has been written",
                items=error.items,
                data=error.data,
            ) from error
        raise ContentgitError(
            f"{name} raised {_words(error)}", hint="nothing has been written; mend the receiver"
        ) from error


def call(function: Callable[[], Any], what: str, hint: str, named: Any = None) -> Any:
    """Calls a function of the project whose result an apply needs; ``what`` begins the error.

    ``named`` is the project's own function, if ``function`` wraps it.

    Raises:
        ContentgitError: the function raised.
    """
    try:
        with redirect_stdout(sys.stderr):
            return function()
    except (Exception, SystemExit) as error:
        kind = DatabaseError if isinstance(error, Error) else ContentgitError
        raise kind(
            f"{what}: {name_of(named or function)} raised {_words(error)}", hint=hint
        ) from error


def send_post(signal: Signal, **arguments: Any) -> Iterator[HookFailure]:
    """Sends a signal to all its receivers, whatever they raise."""
    try:
        with redirect_stdout(sys.stderr):
            answers = signal.send_robust(_sender(), **arguments)
    except SystemExit as error:
        answers = []
        yield HookFailure(_place(error), _words(error))
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            yield HookFailure(name_of(receiver), _words(answer))


def run_followup(followup: Followup, offered: Mapping[str, Any]) -> Iterator[HookFailure]:
    """Runs a command, or calls a function with those of the arguments that it takes."""
    try:
        with redirect_stdout(sys.stderr):
            if isinstance(followup, tuple):
                call_command(*followup)
            else:
                followup(**_accepted(followup, offered))
    except (Exception, SystemExit) as error:
        if not isinstance(error, SystemExit) or error.code not in (None, 0):
            yield HookFailure(name_of(followup), _words(error))


def _accepted(function: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # written in C, without a signature
        return {}
    all_accepted = inspect.Parameter.VAR_KEYWORD in (one.kind for one in parameters.values())
    return {name: value for name, value in offered.items() if all_accepted or name in parameters}


def name_of(hook: Any) -> str:
    """Its name in messages: a command as it is typed, a function with its module."""
    if isinstance(hook, tuple):
        return " ".join(hook)
    hook = getattr(hook, "func", hook)  # functools.partial
    named = hook if hasattr(hook, "__qualname__") else type(hook)
    return f"{named.__module__}.{named.__qualname__}"


def _place(error: BaseException) -> str:
    """The project's function that Django called and that raised the error."""
    trace = error.__traceback__
    while trace is not None:
        code, module = trace.tb_frame.f_code, trace.tb_frame.f_globals.get("__name__", "")
        if module != __name__ and module.partition(".")[0] not in ("django", "asgiref", "asyncio"):
            return f"{module}.{code.co_qualname}"
        trace = trace.tb_next
    return "something"


def _words(error: BaseException) -> str:
    if isinstance(error, ContentgitError):
        return error.message
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__

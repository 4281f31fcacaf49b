"""What others do in the middle of a call: before it starts git, or sends a statement to a database."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

_HOOKS: list[Callable[[str], None]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and _HOOKS:
        command = " ".join(str(word) for word in arguments[1])
        for hook in tuple(_HOOKS):
            hook(command)


sys.addaudithook(_audit)  # it cannot be taken away again, so there is one for all


class Once:
    """Does something once (or ``times``), on a thread with connections of its own, and waits for it."""

    def __init__(self, act: Callable[[], object], words: str, times: int = 1) -> None:
        self.act, self.words, self.times = act, words, times
        self.error: BaseException | None = None

    def look(self, text: str) -> None:
        """Acts if ``text`` is what it waits for."""
        if self.done or self.words not in text:
            return
        self.times -= 1
        thread = threading.Thread(target=self._run)
        thread.start()
        thread.join(60)

    @property
    def done(self) -> bool:
        return self.times == 0

    def _run(self) -> None:
        try:
            self.act()
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()


@contextmanager
def before_git(words: str, act: Callable[[], object]) -> Iterator[None]:
    """``act`` is done just before the first git command that contains ``words``."""
    once = Once(act, words)
    _HOOKS.append(once.look)
    try:
        yield
    finally:
        _HOOKS.remove(once.look)
    assert once.done, f"git was never called with {words}"
    assert once.error is None, once.error


@contextmanager
def before_statement(
    alias: str, words: str, act: Callable[[], object], times: int = 1
) -> Iterator[None]:
    """``act`` is done just before the first ``times`` statements to ``alias`` that contain ``words``."""
    once = Once(act, words, times)

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        once.look(sql)
        return execute(sql, *rest)

    with connections[alias].execute_wrapper(look):
        yield
    assert once.done, f"the database was never told {words}"
    assert once.error is None, once.error

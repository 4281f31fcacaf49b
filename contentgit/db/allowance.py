"""Lets the project's own code run for a title: it may read a little, and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Self, TypeVar

from django.db import Error, connections

T = TypeVar("T")

_READS: Final = re.compile(r"[\s(]*(SELECT|WITH|VALUES)\b", re.IGNORECASE)


class QueryRefusedError(Exception):
    """The project's code asked the database more than it may."""


class Allowance:
    """Bounds the queries of the body on every open connection, and takes back what they did.

    The body may make ``queries`` queries, each of which reads. They run in a savepoint, which is made for the
    first of them, so that one that fails does not end the transaction. Queries within :meth:`own` are
    not the project's.
    """

    def __init__(self, queries: int) -> None:
        self._left = queries
        self._free = 0
        self._failed = False
        self._savepoints: dict[str, Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for connection in connections.all(initialized_only=True):
            self._stack.enter_context(connection.execute_wrapper(self._execute))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for alias, savepoint in self._savepoints.items():
            with suppress(Error):  # a lost connection is told by the next query
                connections[alias].savepoint_rollback(savepoint)
                connections[alias].savepoint_commit(savepoint)

    @contextmanager
    def own(self) -> Iterator[None]:
        """The next query is no query of the project's code."""
        self._free, self._failed = 1, False
        try:
            yield
        finally:
            self._free = 0

    def result(self, call: Callable[[], T]) -> T | None:
        """What ``call`` gives; ``None`` where the project's code raises in it.

        Raises:
            Error: the database refuses a query that is not the project's.
        """
        try:
            return call()
        except Exception:
            if self._failed:
                raise
            return None

    def _execute(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if self._free:
            self._free -= 1
            try:
                return execute(sql, params, many, context)
            except Error:
                self._failed = True
                raise
        if self._left <= 0 or not _READS.match(str(sql)):
            raise QueryRefusedError(sql)
        self._left -= 1
        connection = context["connection"]
        savepoint = self._savepoint(connection)
        try:
            return execute(sql, params, many, context)
        except Error:
            if savepoint:
                self._free = 1
                connection.savepoint_rollback(savepoint)
            raise

    def _savepoint(self, connection: Any) -> Any:
        """The savepoint of the connection, if it is in a transaction."""
        if connection.alias not in self._savepoints and connection.in_atomic_block:
            self._free = 1
            self._savepoints[connection.alias] = connection.savepoint()
        return self._savepoints.get(connection.alias)

"""What files were when they were read last, in a SQLite file beside the repository."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

_CHUNK: Final = 500
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS files (
    storage TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, moment TEXT NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (storage, name)
) WITHOUT ROWID
"""


class State(NamedTuple):
    """A file's size in bytes, and when it was written, as the storage says that."""

    size: int
    moment: str


@dataclass
class Cache:
    """SHA-256 of files by storage and name, of a state that each had.

    Losing it costs that all files are read again: where its file cannot be used, there is none.
    """

    path: Path | None = None
    _connection: sqlite3.Connection | None = field(default=None, init=False)

    def known(self, storage: str, names: Iterable[str]) -> Mapping[str, tuple[State, str]]:
        """The last known state and SHA-256 of each of the files."""
        found: dict[str, tuple[State, str]] = {}
        wanted = list(names)
        for start in range(0, len(wanted), _CHUNK):
            some = wanted[start : start + _CHUNK]
            marks = ", ".join("?" * len(some))
            query = f"SELECT name, size, moment, sha256 FROM files WHERE storage = ? AND name IN ({marks})"  # noqa: S608
            for name, size, moment, sha256 in self._execute(query, (storage, *some)):
                found[name] = State(size, moment), sha256
        return found

    def learn(self, storage: str, files: Mapping[str, tuple[State, str]]) -> None:
        """Remember what the files are."""
        rows = [(storage, name, *state, sha256) for name, (state, sha256) in files.items()]
        connection = self._opened() if rows else None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
                connection.execute("COMMIT")

    def _execute(self, query: str, values: tuple[str, ...]) -> Iterable[tuple[str, int, str, str]]:
        connection = self._opened()
        if connection is None:
            return ()
        try:
            return connection.execute(query, values).fetchall()
        except sqlite3.Error:
            return ()

    def _opened(self) -> sqlite3.Connection | None:
        if self._connection is None and self.path is not None:
            path, self.path = self.path, None  # tried once
            with suppress(sqlite3.Error, OSError):
                path.parent.mkdir(exist_ok=True)
                connection = sqlite3.connect(
                    path, timeout=2, isolation_level=None, check_same_thread=False
                )
                connection.execute(_TABLE)
                self._connection = connection
        return self._connection

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self.close()

"""What people and machines meet, whatever the database is: these tests run on SQLite only."""

from __future__ import annotations

from tests.verbs.conftest import git, ok, run

__all__ = ["git", "ok", "run"]

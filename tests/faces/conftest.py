"""What people and machines meet, whatever the database is: these tests run on SQLite only."""

from __future__ import annotations

from tests.verbs.conftest import begin, beginnings, committed, git, ok, run, twins

__all__ = ["begin", "beginnings", "committed", "git", "ok", "run", "twins"]

"""These tests import models, so Django is started before they are collected."""

from __future__ import annotations

from tests import databases

databases.start_django()

from tests.verbs.conftest import beginnings, git, ok, run  # noqa: E402, F401

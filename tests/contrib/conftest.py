"""These tests ask models, so Django is started before they are collected."""

from __future__ import annotations

from tests import databases

databases.start_django()

"""These tests import models, so Django is started before they are collected."""

from __future__ import annotations

from tests import databases
from tests.verbs.conftest import beginnings as beginnings
from tests.verbs.conftest import ok as ok
from tests.verbs.conftest import run as run

databases.start_django()

"""Two calls see a new row at the same time: one names it, the other is to run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import override_settings

from contentgit.models import RowIdentity
from tests.bakery.models import Tag
from tests.uuid_sites import SETTING
from tests.verbs.conftest import Run
from tests.verbs.meanwhile import before_statement
from tests.verbs.test_killed_uuid import in_commit, names

Ok = Callable[..., str]


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT=SETTING):
        yield


def test_a_status_names_a_row_that_a_commit_is_about_to_name(
    db: str, run: Run, ok: Ok, git: Ok
) -> None:
    Tag.objects.create(name="Vegan", slug="vegan")
    ok("init")
    ok("commit", "-m", "Before")
    Tag.objects.create(name="Sweet", slug="sweet")
    table = connection.ops.quote_name(RowIdentity._meta.db_table)
    before = git("rev-parse", "main")
    with before_statement("default", f"INSERT INTO {table}", lambda: run("status")):
        said = run("commit", "-m", "After")
    assert said.code == 3, said
    assert "another call has named new rows of bakery.tag in database 'default'" in said.err
    assert "run the command again; nothing has changed" in said.err
    assert git("rev-parse", "main") == before
    assert "1 created" in ok("commit", "-m", "After")
    assert in_commit(git, "main") == names("default")
    assert "clean" in ok("status")

"""A database that is put back from a backup of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from django.db import connections

from tests.bakery.content import fill
from tests.bakery.models import Tag

Ok = Callable[..., str]


def test_a_restored_database_is_at_the_commit_it_was_at(db: str, ok: Ok, tmp_path: Path) -> None:
    """The file of SQLite is the database: a copy of it, put back, knows its own commit."""
    connection = connections["default"]
    path, saved = Path(str(connection.settings_dict["NAME"])), tmp_path / "saved"
    fill()
    ok("init")
    ok("commit", "-m", "The whole shop")
    before = ok("status")
    connection.close()
    shutil.copy(path, saved)
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Nuts")
    connection.close()
    shutil.copy(saved, path)
    after = ok("status")
    assert after.startswith(before.splitlines()[0])
    assert "  branch main has 1 commit more: contentgit checkout" in after
    ok("checkout", "main", "--apply", "--yes")
    assert Tag.objects.filter(slug="nuts").exists()

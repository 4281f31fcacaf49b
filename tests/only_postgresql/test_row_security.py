"""Row level security hides rows from a role: they must not count as deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.db import connections

from contentgit.db.backends import backend
from contentgit.errors import DatabaseError
from tests.bakery.content import fill
from tests.bakery.models import Tag

ROLE = f"{os.environ['CONTENTGIT_TEST_NAME']}_reader"  # of the whole server
TABLE = "bakery_tag"


@pytest.fixture
def hidden(db: str) -> Iterator[None]:
    """A role that sees one of the tags only."""
    fill()
    with connections[db].cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {ROLE}")
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(f"GRANT SELECT ON {TABLE} TO {ROLE}")
        cursor.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
        cursor.execute(f"CREATE POLICY a_part ON {TABLE} FOR SELECT TO {ROLE} USING (id = 3)")
    yield
    with connections[db].cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(f"DROP POLICY a_part ON {TABLE}")
        cursor.execute(f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY")
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


def test_a_snapshot_refuses_to_see_a_part(hidden: None, db: str) -> None:
    with connections[db].cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
    assert Tag.objects.using(db).count() == 1
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        backend(db).snapshot(),
    ):
        Tag.objects.using(db).count()

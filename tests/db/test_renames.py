"""Names of rows follow their model through a migration, on each database."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.state import ProjectState

from contentgit.db.renames import MoveNames
from contentgit.models import RowIdentity


def entries() -> list[tuple[str, str | None, str, str | None]]:
    return sorted(RowIdentity._base_manager.values_list("label", "row", "uuid", "was"))


def test_names_move_and_come_back(db: str) -> None:
    for label, row, uuid in (
        ("a.page", "1", "one"),
        ("a.page", "2", "two"),
        ("a.old", "1", "gone"),
    ):
        RowIdentity._base_manager.create(label=label, row=row, uuid=uuid)
    move, state = MoveNames("a.page", "a.old"), ProjectState()
    with connection.schema_editor() as editor:
        move.database_forwards("a", editor, state, state)
    assert entries() == [("a.old", "1", "one", None), ("a.old", "2", "two", None)]
    with connection.schema_editor() as editor:
        move.database_backwards("a", editor, state, state)
    assert entries() == [("a.page", "1", "one", None), ("a.page", "2", "two", None)]


def test_rows_of_a_model_that_is_removed_are_gone(db: str) -> None:
    RowIdentity._base_manager.create(label="a.page", row="1", uuid="one")
    state = ProjectState()
    with connection.schema_editor() as editor:
        MoveNames("a.page").database_forwards("a", editor, state, state)
    assert entries() == [("a.page", None, "one", "1")]
    with connection.schema_editor() as editor:
        MoveNames("a.page").database_backwards("a", editor, state, state)
    assert entries() == [("a.page", None, "one", "1")]

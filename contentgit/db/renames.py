"""Names of rows follow their model when a migration renames it, as content types do."""

from __future__ import annotations

from typing import Any, cast

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import DeleteModel, Migration, RenameModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from contentgit.models import RowIdentity

_TABLE = RowIdentity._meta.db_table


class MoveNames(Operation):
    """The names of the rows of a model go to its new label, or are those of rows that are gone."""

    reduces_to_sql = False
    reversible = True

    def __init__(self, label: str, to: str = "") -> None:
        self.label, self.to = label, to

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are."""

    def database_forwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Write the table, if it is there."""
        self._move(schema_editor, self.label, self.to)

    def database_backwards(
        self,
        app_label: str,  # noqa: ARG002
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002
        to_state: ProjectState,  # noqa: ARG002
    ) -> None:
        """Take a rename back; rows of a model that was removed stay gone."""
        if self.to:
            self._move(schema_editor, self.to, self.label)

    def describe(self) -> str:
        """What it does, in a line."""
        return f"Move the names of rows of {self.label}"

    def _move(self, editor: BaseDatabaseSchemaEditor, label: str, to: str) -> None:
        connection = editor.connection
        if editor.collect_sql or not router.allow_migrate_model(connection.alias, RowIdentity):
            return
        with connection.cursor() as cursor:
            if _TABLE not in connection.introspection.table_names(cursor):
                return
            row = connection.ops.quote_name("row")
            cursor.execute(f"SELECT DISTINCT label FROM {_TABLE}")  # noqa: S608
            known = [str(each) for (each,) in cursor.fetchall()]
            # Those of a copy have its name in front.
            for before in (each.removesuffix(label) for each in known if _is_of(each, label)):
                old, new = f"{before}{label}", f"{before}{to}"
                if to:
                    # What has that label still was of a model that is no more.
                    cursor.execute(f"DELETE FROM {_TABLE} WHERE label = %s", [new])  # noqa: S608
                    cursor.execute(f"UPDATE {_TABLE} SET label = %s WHERE label = %s", [new, old])  # noqa: S608
                else:
                    cursor.execute(
                        f"UPDATE {_TABLE} SET was = {row}, {row} = NULL"  # noqa: S608
                        f" WHERE label = %s AND {row} IS NOT NULL",
                        [old],
                    )


def _is_of(stored: str, label: str) -> bool:
    return stored == label or stored.endswith(f" {label}")


def follow_renames(*, plan: list[tuple[Migration, bool]] | None = None, **_given: Any) -> None:
    """Put the operations behind those of a plan that rename or remove models."""
    for migration, _is_backwards in plan or ():
        operations: list[Operation] = []
        for each in migration.operations:
            operations.append(each)
            app = migration.app_label
            if isinstance(each, RenameModel):
                names = (f"{app}.{name}" for name in (each.old_name_lower, each.new_name_lower))
                operations.append(MoveNames(*names))
            elif isinstance(each, DeleteModel):
                operations.append(MoveNames(f"{app}.{each.name_lower}"))
        cast("list[Operation]", migration.operations)[:] = operations

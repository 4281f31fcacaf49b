"""What a migration does to a schema, as steps.

Only what is certain becomes a step of its own: operations of exactly Django's classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.db import Error as DatabaseError
from django.db import connections, migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.utils import resolve_relation  # type: ignore[attr-defined]
from django.db.models.expressions import Value as SQLValue

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.evolution import (
    KEY,
    AddedField,
    AddedModel,
    Conversion,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
)
from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.db.fields import codec
from contentgit.db.fields.plain import AnyField

Node: TypeAlias = tuple[str, str]
"""App label and name of a migration, as Django's graph has it."""

_EXACT = {
    (FieldKind.INTEGER, FieldKind.TEXT): Conversion.TEXT,
    (FieldKind.BOOLEAN, FieldKind.INTEGER): Conversion.INTEGER,
    (FieldKind.TEXT, FieldKind.UUID): Conversion.UUID,
    (FieldKind.TEXT, FieldKind.FILE): Conversion.SAME,
    (FieldKind.FILE, FieldKind.TEXT): Conversion.SAME,
}
"""The conversions that SQLite, PostgreSQL and MariaDB make alike."""

_BY_CLASS = frozenset({FieldKind.CUSTOM, FieldKind.COLUMN, FieldKind.RANGE})
"""Kinds whose values have one form only within one class of fields."""

_WITHOUT_CONTENT: frozenset[type[Operation]] = frozenset(
    {
        migrations.AddConstraint,
        migrations.AddIndex,
        migrations.AlterIndexTogether,
        migrations.AlterModelManagers,
        migrations.AlterModelOptions,
        migrations.AlterModelTable,
        migrations.AlterModelTableComment,
        migrations.AlterUniqueTogether,
        migrations.RemoveConstraint,
        migrations.RemoveIndex,
        migrations.RenameIndex,
        *(
            found
            for name in ("AlterConstraint",)  # since Django 6.0
            if (found := getattr(migrations, name, None))
        ),
    }
)


class StepReader:
    """Reads migrations one after the other, from the first of the project on, into steps."""

    def __init__(self, loader: MigrationLoader, using: str) -> None:
        self._state = ProjectState(real_apps=loader.unmigrated_apps)
        self._connection = connections[using]
        self._tables: dict[tuple[str, str], str] = {}
        self._arriving: dict[str, str] = {}
        self._leaving: dict[str, tuple[str, SchemaStep]] = {}
        self._moved: dict[str, str] = {}
        self._redirected: list[tuple[RetypedField, str, str]] = []
        self._read: list[list[SchemaStep]] = []

    def steps(self, migration: migrations.Migration) -> list[SchemaStep]:
        """What the migration does; the state moves on.

        A later call may take steps out again: of a model which seemed to be gone and was moved, and of fields
        that refer to a model which seemed to be another.
        """
        found: list[SchemaStep] = []
        self._read.append(found)
        for operation in migration.operations:
            for step in self._operation(migration.app_label, operation):
                # One by one: what is read next may take it out.
                found.append(step)  # noqa: PERF402
        return found

    def _operation(self, app: str, operation: Operation) -> Iterator[SchemaStep]:
        if type(operation) is migrations.SeparateDatabaseAndState:
            yield from self._separate(app, operation)
            return
        found = self._steps_of(app, operation)
        operation.state_forwards(app, self._state)
        yield from found

    def _steps_of(self, app: str, operation: Any) -> list[SchemaStep]:
        """The steps of one operation, read in the state before it."""
        label = f"{app}.{getattr(operation, 'model_name_lower', '')}"
        match type(operation):
            case migrations.CreateModel:
                label = f"{app}.{operation.name_lower}"
                self._moved.pop(label, None)
                return [AddedModel(label)]
            case migrations.DeleteModel:
                return [RemovedModel(f"{app}.{operation.name_lower}")]
            case migrations.RenameModel:
                to = f"{app}.{operation.new_name_lower}"
                return [RenamedModel(f"{app}.{operation.old_name_lower}", to)]
            case migrations.RenameField:
                return [RenamedField(label, operation.old_name, operation.new_name)]
            case migrations.AddField:
                return self._added(label, operation.name, operation.field)
            case migrations.RemoveField:
                return self._removed(label, operation.name)
            case migrations.AlterField:
                return self._altered(label, operation.name, operation.field)
            case migrations.AlterOrderWithRespectTo:
                label = f"{app}.{operation.name_lower}"
                if operation.order_with_respect_to:
                    return [AddedField(label, "_order", 0)]
                return [RemovedField(label, "_order")]
            case migrations.RunPython:
                if operation.code is migrations.RunPython.noop:
                    return []
                return [OpaqueStep(f"RunPython({getattr(operation.code, '__name__', '')})")]
            case migrations.RunSQL if operation.sql == migrations.RunSQL.noop:
                return []
        kind = type(operation)
        if kind in _WITHOUT_CONTENT or kind.__module__ == "django.contrib.postgres.operations":
            return []
        return [OpaqueStep(kind.__name__)]

    # Fields

    def _field(self, label: str, name: str) -> AnyField | None:
        app, _, model = label.partition(".")
        state = self._state.models.get((app, model))
        return None if state is None else state.fields.get(name)

    def _added(self, label: str, name: str, field: AnyField) -> list[SchemaStep]:
        if field.primary_key:
            return [RetypedField(label, KEY, Conversion.NONE)]
        return [AddedField(label, name, self._given(field))]

    def _removed(self, label: str, name: str) -> list[SchemaStep]:
        field = self._field(label, name)
        if field is not None and field.primary_key:
            return [RetypedField(label, KEY, Conversion.NONE)]
        return [RemovedField(label, name)]

    def _altered(self, label: str, name: str, field: AnyField) -> list[SchemaStep]:
        before = self._field(label, name)
        if before is None:
            return [OpaqueStep(f"AlterField({label}.{name})")]
        conversion, places = self._conversion(label, before, field)
        null = self._given(field) if before.null and not field.null else ABSENT
        if conversion is Conversion.SAME and null is ABSENT:
            return []
        of = KEY if before.primary_key or field.primary_key else name
        step = RetypedField(label, of, conversion, places, null)
        if before.is_relation and self._kind(before) is self._kind(field):
            self._redirected.append((step, _target(label, before), _target(label, field)))
        return [step]

    def _conversion(
        self, label: str, before: AnyField, after: AnyField
    ) -> tuple[Conversion, int | None]:
        """How the values of one field are read as those of the other, and a decimal's places."""
        old, new = self._kind(before), self._kind(after)
        if old is None or new is None:
            return Conversion.NONE, None
        if old != new:
            return _EXACT.get((old, new), Conversion.NONE), None
        if before.is_relation:
            same = self._is_same(_target(label, before), _target(label, after))
        else:
            same = _form(before, old) == _form(after, new)
        if old is FieldKind.DECIMAL and not same:
            return Conversion.PLACES, after.decimal_places  # type: ignore[attr-defined]
        return (Conversion.SAME if same else Conversion.NONE), None

    def _kind(self, field: AnyField) -> FieldKind | None:
        if field.many_to_many:
            return FieldKind.REFERENCES
        if field.is_relation:
            return FieldKind.REFERENCE
        try:
            found = codec(field, self._connection)
        except DatabaseError:
            raise
        except Exception:
            # Any: a class of the project's own may need a model, which a field of a state does not have.
            return None
        return found.kind if found else None

    def _given(self, field: Any) -> Value | Absent:
        """What the migration writes into the rows there are; ``ABSENT`` if only the database knows."""
        if field.many_to_many:
            return []
        if field.has_db_default():
            value = field.db_default
            value = value.value if isinstance(value, SQLValue) else value
            return ABSENT if hasattr(value, "resolve_expression") else self._content(field, value)
        if field.is_relation and field.has_default():
            return ABSENT  # the row, by a primary key of the database that the migration ran on
        if field.has_default():
            return self._default(field)
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            return ABSENT
        if field.null:
            return None
        return "" if field.blank and self._kind(field) is FieldKind.TEXT else ABSENT

    def _default(self, field: Any) -> Value | Absent:
        try:
            value = field.get_default()
            # A function may return another value each time: what it returned then is in no migration.
            same = not callable(field.default) or value == field.get_default()
        except Exception:
            # Any: a function of the project's own.
            return ABSENT
        return self._content(field, value) if same else ABSENT

    def _content(self, field: AnyField, value: Any) -> Value | Absent:
        if value is None:
            return None
        try:
            made = codec(field, self._connection)
            return made.encode(field.to_python(value)) if made else ABSENT
        except DatabaseError:
            raise
        except Exception:
            # Any: conversions of the project's own.
            return ABSENT

    # Moves from app to app

    def _separate(self, app: str, operation: Any) -> Iterator[SchemaStep]:
        """A model that goes to another app keeps its table: the state says removed and added."""
        state, database = operation.state_operations, operation.database_operations
        if not {*map(type, database)} <= {migrations.AlterModelTable}:
            yield OpaqueStep("SeparateDatabaseAndState")
        for each in database:
            if type(each) is migrations.AlterModelTable:
                self._tables[app, each.name_lower] = each.table or f"{app}_{each.name_lower}"
        for each in state:
            table, label = self._table(app, each), f"{app}.{getattr(each, 'name_lower', '')}"
            found = [*self._operation(app, each)]
            if type(each) is migrations.CreateModel:
                left = self._leaving.pop(self._table(app, each), None)
                if left is None:
                    self._arriving[self._table(app, each)] = label
                else:
                    found = [self._move(left[0], label)]
                    self._put(left[1])
            elif type(each) is migrations.DeleteModel:
                arrived = self._arriving.pop(table, "")
                gone = OpaqueStep(f"{label} left")
                found = [self._move(label, arrived) if arrived else gone]
                if not arrived:
                    self._leaving[table] = label, gone
            yield from found

    def _move(self, label: str, to: str) -> RenamedModel:
        """The step of a move. It says what references become, so fields that changed with it are the same."""
        if label != to:
            self._moved[label] = to
        for redirected in [*self._redirected]:
            step, *targets = redirected
            if self._is_same(*targets):
                self._redirected.remove(redirected)
                same = step._replace(conversion=Conversion.SAME)
                self._put(step, *([] if same.null is ABSENT else [same]))
        return RenamedModel(label, to)

    def _is_same(self, label: str, newer: str) -> bool:
        """Whether both are one model, which moved from the one label to the other."""
        while label != newer and label in self._moved:
            label = self._moved[label]
        return label == newer

    def _put(self, step: SchemaStep, *instead: SchemaStep) -> None:
        for found in self._read:
            found[:] = [new for each in found for new in (instead if each is step else (each,))]

    def _table(self, app: str, operation: Any) -> str:
        name = getattr(operation, "name_lower", "")
        state = self._state.models.get((app, name))
        given = state.options.get("db_table") if state else None
        return self._tables.get((app, name)) or given or f"{app}_{name}"


def _form(field: Any, kind: FieldKind) -> object:
    """What decides the form of a field's values within one kind."""
    base = getattr(field, "base_field", None)
    if base is not None:
        return type(field), type(base), getattr(base, "decimal_places", None)
    return type(field) if kind in _BY_CLASS else getattr(field, "decimal_places", None)


def _target(label: str, field: Any) -> str:
    """The label of the model that a field of the model ``label`` refers to."""
    return ".".join(resolve_relation(field.remote_field.model, *label.split("."))).lower()

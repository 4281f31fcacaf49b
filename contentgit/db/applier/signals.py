"""Django's model signals, sent as ``loaddata`` sends them, if they have receivers.

Rows are written without model instances. Instances are read back from the database only for signals with
receivers, so that they hold exactly what the columns hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import django
from django.db import Error, models, transaction
from django.db.models import Model, QuerySet, signals

from contentgit.db.applier.watch import Watch
from contentgit.db.fields.plain import leaf, plain
from contentgit.db.queries import hashable, instances_of, rows_of
from contentgit.db.tables import BoundRelation, Column, Rows, Table, model_field
from contentgit.errors import ContentgitError, RecordError

Key = tuple[Any, ...]

# Django tells receivers of m2m_changed that data is raw since 6.1.
M2M_RAW: Mapping[str, bool] = {"raw": True} if django.VERSION >= (6, 1) else {}


def instances(using: str, table: Table, keys: Rows) -> list[Model]:
    """The rows with these keys as instances, in order.

    Of the model's own class: a manager may give others, or hide some.

    Raises:
        ContentgitError: the project's code cannot build one, or has deleted its row; the message names
            the record.
    """
    rows = rows_of(table.model, using)
    try:
        found = instances_of(rows, table, keys, using)
        by_key = {hashable(table.decode_key(text)): instance for text, instance in found}
    except Error:
        raise
    except Exception as error:
        record, name = _unbuildable(using, table, keys)
        raise ContentgitError(
            f"{record}{f', field {name},' if name else ''} cannot be read as an instance for the "
            f"receivers of signals: {type(error).__name__}: {error}",
            hint=f'nothing has changed; correct the record, or write "signals": False into the spec of '
            f"{table.label}: then its receivers are not called",
        ) from error
    gone = next((key for key in keys if hashable(key) not in by_key), None)
    if gone is not None:
        raise ContentgitError(
            f"{_named(table, gone)} is not there any more, though the apply did not delete it",
            hint="nothing has changed; a receiver of signals or a trigger may have deleted the row",
        )
    return [by_key[hashable(key)] for key in keys]


def _unbuildable(using: str, table: Table, keys: Rows) -> tuple[str, str]:
    """The record whose instance cannot be built, and the field that alone makes it fail."""
    rows = rows_of(table.model, using)
    while len(keys) > 1:
        half = keys[: len(keys) // 2]
        keys = half if _fails(rows, using, table, half) else keys[len(half) :]
    names = [field.name for field in table.model._meta.concrete_fields]
    name = next((name for name in names if _fails(rows.only(name), using, table, keys)), "")
    return _named(table, keys[0]), name


def _fails(rows: QuerySet[Any], using: str, table: Table, keys: Rows) -> bool:
    try:
        list(instances_of(rows, table, keys, using))
    except Exception:  # the project's own code
        return True
    return False


def _named(table: Table, key: Key) -> str:
    pairs = zip(table.key_columns, key, strict=True)
    return f"{table.label}:{table.encode_key(*(_python(table.model, *pair) for pair in pairs))}"


def _python(model: type[Model], column: Column, parameter: Any) -> Any:
    """The Python value of an SQL parameter, as the plain Django field of the column has it."""
    value = parameter
    if column.read is not None:
        with suppress(RecordError):
            value = column.read(parameter)
    field = plain(leaf(model_field(model, column)))
    made = value if field is None else field.to_python(value)
    return made if isinstance(made, Hashable) else value


class Signals:
    """Sends the signals of rows in the database ``using`` that have receivers."""

    def __init__(self, using: str, watch: Watch) -> None:
        self.using = using
        self.watch = watch

    def save(
        self, table: Table, write: Callable[[], None], keys: Callable[[], Rows], *, created: bool
    ) -> None:
        """Write rows, with ``pre_save`` before and ``post_save`` after if these have receivers.

        ``keys`` returns the rows' keys once they are written. Changes that a receiver of ``pre_save`` makes
        to its instance are not written: a raw save writes the commit.
        """
        before = listened(table, signals.pre_save)
        told = self._rehearsed(table, write, keys, created=created) if before else []
        for instance in told:
            self._send(signals.pre_save, instance, raw=True, update_fields=None)
        write()
        if not listened(table, signals.post_save):
            return
        found = told or instances(self.using, table, keys())
        if told and created and table.schema.local_key:
            for instance, saved in zip(told, instances(self.using, table, keys()), strict=True):
                key = tuple(saved.__dict__[column.attname] for column in table.key_columns)
                _set_key(table, instance, key)
        for instance in found:
            instance._state.adding = False
            self._send(signals.post_save, instance, created=created, update_fields=None, raw=True)

    def _rehearsed(
        self, table: Table, write: Callable[[], None], keys: Callable[[], Rows], *, created: bool
    ) -> list[Model]:
        """The instances as they will be: written, read, and taken back."""
        with transaction.atomic(using=self.using):
            write()
            found = instances(self.using, table, keys())
            transaction.set_rollback(True, using=self.using)
        for instance in found:
            instance._state.adding = created
            if created and table.schema.local_key:
                _set_key(table, instance, tuple(None for _ in table.key_columns))
        return found

    def doomed(self, table: Table, keys: Rows) -> list[Model]:
        """The rows to be deleted, as instances, if the signals have receivers; otherwise none."""
        told = listened(table, signals.pre_delete, signals.post_delete)
        return instances(self.using, table, keys) if told else []

    def deletion(self, signal: models.signals.ModelSignal, rows: Iterable[Model]) -> None:
        """Send ``pre_delete`` or ``post_delete`` for each of the rows."""
        for instance in rows:
            self._send(signal, instance, origin=instance)

    def link(
        self,
        table: Table,
        relation: BoundRelation,
        rows: Rows,
        action: str,
        write: Callable[[], None],
    ) -> None:
        """Write rows (source, target) of a through table, between ``pre_`` and ``post_`` of ``action``.

        ``action`` is ``"add"`` or ``"remove"``; as in Django each source is told all its targets at once.
        """
        if not table.signals or not signals.m2m_changed.has_listeners(relation.through):
            write()
            return
        field = model_field(relation.through, relation.target)
        targets: dict[Any, set[Any]] = {}
        for source, target in rows:
            value = _python(relation.through, relation.target, target)
            targets.setdefault(hashable(source), set()).add(value)
        sources = instances(self.using, table, [(source,) for source in targets])
        for moment in ("pre", "post"):
            if moment == "post":
                write()
            for instance, pk_set in zip(sources, targets.values(), strict=True):
                self._send(
                    signals.m2m_changed,
                    instance,
                    sender=relation.through,
                    action=f"{moment}_{action}",
                    reverse=False,
                    model=field.related_model,
                    pk_set=pk_set,
                    **M2M_RAW,
                )

    def _send(
        self,
        signal: models.signals.ModelSignal,
        instance: Model,
        sender: type[Model] | None = None,
        **named: Any,
    ) -> None:
        """Send a signal of one row, by its model unless another sender is given.

        Raises:
            ContentgitError: a receiver raised something else; the message names the row.
        """
        name, label = _NAMES[signal], instance._meta.label_lower
        try:
            with self.watch.calling(f"{name} of {label}", label):
                signal.send(
                    sender=sender or type(instance), instance=instance, using=self.using, **named
                )
        except ContentgitError:
            raise
        except Exception as error:
            row = f"{label} with primary key {instance.pk!r}"
            raise ContentgitError(
                f"a receiver of {name} of {row} raised {type(error).__name__}: {error}",
                hint=f'nothing has changed; some receivers know the default database only; "signals": '
                f"False in the spec of {label} calls none",
            ) from error


_NAMES: Mapping[models.signals.ModelSignal, str] = {
    each: name
    for name, each in vars(signals).items()
    if isinstance(each, models.signals.ModelSignal)
}


def listened(table: Table, *wanted: models.signals.ModelSignal) -> bool:
    """Whether one of these signals of the model has receivers, and its specs permit them."""
    model = table.model
    if not table.signals or model._meta.auto_created:
        return False
    return any(each.has_listeners(model) for each in wanted)


def _set_key(table: Table, instance: Model, key: Key) -> None:
    for column, value in zip(table.key_columns, key, strict=True):
        setattr(instance, column.attname, value)

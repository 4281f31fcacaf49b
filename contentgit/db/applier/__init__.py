"""Runs the steps of a plan, in their order, and decides nothing.

Called inside of :meth:`contentgit.db.backends.Backend.exclusive`. Steps that follow each other and do the
same to the same model are written together. Foreign keys may point nowhere meanwhile; they are checked
when all is written, then sequences are moved on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from django.db.models import Model
from django.db.models.signals import post_delete, pre_delete

from contentgit.content import portions
from contentgit.content.embedded import NO_ROW, keys_in, redirected, unknown_row
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.referring import refers
from contentgit.content.schema import FieldSchema, looked_up
from contentgit.db.applier import free_keys
from contentgit.db.applier.breaches import Breaches
from contentgit.db.applier.bulk import BATCH, Bulk, step_batches
from contentgit.db.applier.codes import Codes
from contentgit.db.applier.detaching import Detaching
from contentgit.db.applier.links import LinkWriter, own_links
from contentgit.db.applier.parking import Parking
from contentgit.db.applier.rows import Creation, StandIn, Update, Values, by_value, naming, renamed
from contentgit.db.applier.signals import Signals
from contentgit.db.applier.trees import TreeWriter
from contentgit.db.applier.watch import Watch
from contentgit.db.backends import Backend, backend
from contentgit.db.identity import Identities
from contentgit.db.queries import python_rows
from contentgit.db.tables import Rows, Table, Tables
from contentgit.errors import ContentgitError, RecordError, RefusedError
from contentgit.integrity.rules import broken
from contentgit.plan.steps import Action, Plan, Step

_LAST = frozenset({Action.PARK, Action.UPDATE, Action.CREATE})
_LEAVING = frozenset({Action.DELETE, Action.CASCADE, Action.CLEAR})
_UPDATING = frozenset({Action.CLEAR, Action.PARK, Action.UPDATE})

Rewrite: TypeAlias = Callable[[Sequence[Step], AbstractSet[str]], Sequence[Step]]
"""Returns what to run instead of the steps of models written last, given the tables written so far."""


@dataclass(frozen=True)
class ApplyResult:
    """What was written: for each model, how many steps of each action; and the names of all tables."""

    written: Mapping[str, Mapping[Action, int]]
    tables: frozenset[str] = frozenset()


def apply(
    *,
    using: str,
    tables: Tables,
    plan: Plan,
    identities: Identities,
    records: Callable[[Sequence[Step]], Iterator[Record]],
    progress: Callable[[int], None],
    outside: Callable[[str], Table],
    watch: Watch | None = None,
    rewrite: Rewrite = lambda steps, _: steps,
) -> ApplyResult:
    """Make the database what the plan says.

    ``records`` gives the commit's records of create and update steps, in their order. ``outside`` binds
    a model that is in no dump, for rows that a delete reaches. ``progress`` is told the number of steps
    done since it was last told. ``watch`` sees what receivers write. ``rewrite`` is called when all is
    written but the rows of models that are written last.

    Raises:
        RefusedError: the plan has problems, or a row is no longer what the plan saw.
        RecordError: a record's value does not fit its column.
        DatabaseError: the database refused; the message names the record where it can be found.
    """
    if plan.problems:
        texts = [problem.text for problem in plan.problems]
        raise RefusedError("the plan is refused", items=texts)
    watch = watch or Watch(using)
    run = _Run(backend(using), tables, identities, records, outside, plan.steps, watch)
    run.backend.defer_constraints()
    free_keys.reserve(plan.free, identities)
    late = {label for label, each in tables.items() if each.write_last}
    parts: tuple[list[Step], list[Step]] = [], []
    for step in plan.steps:
        parts[step.key.model in late and step.action in _LAST].append(step)
    first, last = parts
    run.part(first, progress)
    run.connect(first, last=False)
    if late:
        again = rewrite(last, run.tables_written)
        run.forget(late, again)
        run.part(again, progress if again is last else lambda _: None)
        run.connect([*first, *again], last=True)
    run.finish()
    free_keys.check(plan.free, run.created, identities)
    return ApplyResult(run.written, run.tables_written)


@dataclass
class _Run:
    """One apply under way.

    ``looked_up`` are the models of which a row must exist before a reference to it has a column value;
    ``columns`` are those of rows that were updated, by table, ``None`` where rows were made or deleted.
    ``watched`` adds those that references name by other values than primary keys. ``awaited`` are the
    records of these that do not exist yet, ``later`` the references that wait for all rows to be written.
    """

    backend: Backend
    tables: Tables
    identities: Identities
    records: Callable[[Sequence[Step]], Iterator[Record]]
    outside: Callable[[str], Table]
    steps: Sequence[Step]
    watch: Watch
    written: dict[str, Counter[Action]] = field(default_factory=dict)
    touched: dict[type[Model], None] = field(default_factory=dict)
    later: list[tuple[Step, str, Any]] = field(default_factory=list)
    doomed: dict[RecordKey, Model] = field(default_factory=dict)
    keeping: set[str] = field(default_factory=set)
    columns: dict[str, frozenset[str] | None] = field(default_factory=dict)
    referring: dict[tuple[str, tuple[str, ...]], list[FieldSchema]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signals = Signals(self.backend.using, self.watch)
        self.bulk = Bulk(self.backend, Breaches(self.backend, self.table, self.records))
        self.codes = Codes(self.backend)
        self.parking = Parking(self.backend, self.codes)
        self.detaching = Detaching(self.backend, self.parking, self.outside)
        self.trees = TreeWriter(self.backend, self.identities)
        self.links = LinkWriter(self.bulk, self.signals, self.tables, self.steps)
        self.looked_up = looked_up({label: each.schema for label, each in self.tables.items()})
        self.watched = self.looked_up | set(by_value(self.tables))
        self.awaited = self._awaited(self.steps)

    def _awaited(self, steps: Sequence[Step]) -> set[str]:
        creates = (step.key for step in steps if step.action is Action.CREATE)
        return {str(key) for key in creates if key.model in self.watched}

    @property
    def created(self) -> frozenset[str]:
        """The models of which rows were made so far."""
        return frozenset(label for label, each in self.written.items() if each[Action.CREATE])

    @property
    def tables_written(self) -> frozenset[str]:
        """The names of the tables that were written so far."""
        return frozenset(model._meta.db_table for model in self.touched)

    def table(self, step: Step) -> Table:
        """The table of the step's row, in a dump or outside."""
        found = self.tables.get(step.key.model)
        if found is not None and all(name in found.field for name in step.fields):
            return found
        outside = self.outside(step.key.model)  # also for a field that is no content in the dump
        return outside if found is None else outside.written_like(found)

    def part(self, steps: Sequence[Step], progress: Callable[[int], None]) -> None:
        """Run the steps in their order; their many-to-many references are left to :meth:`connect`."""
        self.announce_deletes(steps)
        for some in step_batches(steps):
            self.write(some)
            progress(len(some))

    def forget(self, labels: AbstractSet[str], steps: Sequence[Step]) -> None:
        """Others have written rows of these models; the ``steps`` are all that is still to be run."""
        for label in labels & self.watched:
            self.identities.reload(label)
        self.awaited = self._awaited(steps)

    def write(self, steps: Sequence[Step]) -> None:
        """Run steps that do the same to the same model."""
        action, table = steps[0].action, self.table(steps[0])
        self.touched[table.model] = None
        if action in _LEAVING:
            self.trees.touch(table)
        self._note(action, table, steps[0].fields)
        ways: Mapping[Action, Callable[[Table, Sequence[Step]], None]] = {
            Action.DELETE: self._delete,
            Action.CASCADE: self._delete,
            Action.CLEAR: self._clear,
            Action.PARK: self._park,
            Action.UPDATE: self._update,
            Action.CREATE: self._create,
        }
        ways[action](table, steps)
        self.written.setdefault(table.label, Counter())[action] += len(steps)

    def _note(self, action: Action, table: Table, fields: Sequence[str]) -> None:
        known = self.columns.get(table.name, frozenset())
        if action not in _UPDATING or known is None:
            self.columns[table.name] = None
            return
        self.columns[table.name] = known.union(
            column.name for name in fields for column in table.field[name].columns
        )

    def connect(self, steps: Sequence[Step], *, last: bool) -> None:
        """Write what needs the rows: references that waited for them, and links."""
        self._write_later()
        for through in self.links.write(steps, last=last):
            self.touched[through] = None

    def finish(self) -> None:
        """Do what needs all rows: check constraints, reset sequences, tell whose rows are gone or new."""
        self.trees.write()
        for label in self.written:
            uuids = self.identities.uuids(label)
            if uuids is not None:
                uuids.see(anew=True)
        self.parking.close()
        self.backend.check_constraints(self.tables_written, self._updated())
        self.backend.reset_sequences(each for each in self.touched if self._has_new_rows(each))

    def _has_new_rows(self, model: type[Model]) -> bool:
        """Whether rows of the model were made or deleted, and not updated alone."""
        return self.columns.get(model._meta.db_table) is None

    def _updated(self) -> Mapping[str, AbstractSet[str]]:
        """The columns by table in which alone rows were written; none where others may have written too."""
        if self.watch.tables or self.backend.triggers():
            return {}
        return {name: columns for name, columns in self.columns.items() if columns is not None}

    # Deleting

    def announce_deletes(self, steps: Sequence[Step]) -> None:
        """Send ``pre_delete`` for all rows before the first is deleted, as Django does.

        A receiver may read rows that are deleted with its own, such as those of multi-table children.
        """
        gone = [s for s in steps if s.action in (Action.DELETE, Action.CASCADE)]
        told: list[Model] = []
        for some in step_batches(gone):
            table = self.table(some[0])
            found = self.signals.doomed(table, self._keys(table, some))
            self.doomed |= dict(zip((step.key for step in some), found, strict=False))
            told += found
        self.signals.deletion(pre_delete, told)

    def _delete(self, table: Table, steps: Sequence[Step]) -> None:
        keys = self._keys(table, steps)

        def delete(rows: Rows) -> int:
            self.detaching.detach(table, rows)
            count = self.backend.delete(table.name, table.key_columns, rows)
            # Rows of automatic tables may have been deleted with the record that they belong to.
            return len(rows) if table.model._meta.auto_created else count

        for through, column in own_links(table.model):
            self.touched[through] = None
            (key,) = table.key_columns
            self.backend.delete(through._meta.db_table, [renamed(key, column)], keys)
        self.bulk.write(steps, keys, delete)
        if uuids := self.identities.uuids(table.label):
            uuids.lose(step.key.key for step in steps)
        found = [self.doomed[step.key] for step in steps if step.key in self.doomed]
        self.signals.deletion(post_delete, found)

    def _keys(self, table: Table, steps: Sequence[Step]) -> Rows:
        return table.decode_keys([step.key.key for step in steps])

    # Updating

    def _clear(self, table: Table, steps: Sequence[Step]) -> None:
        update = Update(table, steps[0].fields)
        values = [dict.fromkeys(step.fields, step.value) for step in steps]
        rows = update.rows([step.key for step in steps], values)
        self.bulk.write(steps, rows, lambda some: self._update_rows(update, some))

    def _park(self, table: Table, steps: Sequence[Step]) -> None:
        fields = steps[0].fields
        keys = self._keys(table, steps)
        self.bulk.write(steps, keys, lambda some: self.parking.park(table, fields, some))
        if table.label in self.watched:
            self.identities.reload(table.label)

    def _update(self, table: Table, steps: Sequence[Step]) -> None:
        if not steps[0].fields:  # only links
            return
        update = Update(table, steps[0].fields)
        if not update.given:  # only places in a tree
            for step, record in self._records(steps):
                self.trees.place(table, step.key, step.fields, record.fields)
            return
        rows, heavy = list[tuple[Step, Values]](), 0
        for step, record in self._records(steps):
            self.trees.place(table, step.key, step.fields, record.fields)
            late = self._late(table, update.written, record.fields)
            if late:
                # The row keeps its values until the row that it is to refer to exists.
                self.later += [(step, name, value) for name, value in late.items()]
                names = tuple(name for name in update.written if name not in late)
                if names:
                    present = Update(table, names)
                    self._save_update(table, present, [(step, record.fields)])
                continue
            rows.append((step, record.fields))
            heavy += portions.record_size(record)
            if heavy > portions.ROOM:
                self._save_update(table, update, rows)
                rows, heavy = [], 0
        self._save_update(table, update, rows)

    def _save_update(
        self, table: Table, update: Update, rows: Sequence[tuple[Step, Values]]
    ) -> None:
        if not rows:
            return
        steps = [step for step, _ in rows]
        parameters = update.rows([step.key for step in steps], [values for _, values in rows])
        keys = [row[len(update.given) :] for row in parameters]
        self.signals.save(
            table,
            lambda: self.bulk.write(
                steps, parameters, lambda some: self._update_rows(update, some)
            ),
            lambda: keys,
            created=False,
        )
        self._reload(update)

    def _reload(self, update: Update) -> None:
        """Forget what is known of the rows if references hold the values that were written."""
        table = update.table
        if table.label in self.watched and self.codes.is_held(table, update.given):
            self.identities.reload(table.label)

    def _update_rows(self, update: Update, rows: Rows) -> int:
        """Write the rows; the number of those that were there, or had been put away."""
        table, width = update.table, len(update.given)
        away = self.parking.away.get(table.label, set())
        back = [row for row in rows if row[width:] in away]
        present = [row for row in rows if row[width:] not in away] if back else rows
        count = self.codes.update(table, update.given, present)
        for row in back:
            found = self.parking.bring_back(table, update.given, row)
            count += found or self.codes.update(table, update.given, [row])
        return count

    # Creating

    def _create(self, table: Table, steps: Sequence[Step]) -> None:
        """Insert in the order given, together as far as columns and references allow."""
        names: dict[tuple[str, ...], tuple[str, ...]] = {}
        batch, heavy, creation = list[tuple[Step, Values]](), 0, Creation(table, ())
        here: set[str] = set()
        uuids = self.identities.uuids(table.label)
        if uuids is not None and table.keep_pk and table.label not in self.keeping:
            self.keeping.add(table.label)
            uuids.keep(
                each.key.key
                for each in self.steps
                if each.action is Action.CREATE and each.key.model == table.label
            )
        for step, record in self._records(steps):
            keyed = uuids is not None and uuids.resume(step.key.key)
            values, there = record.fields, tuple(record.fields)
            self.trees.make(table, step.key, values)
            if there not in names:
                names[there] = tuple(
                    f.name for f in table.fields if f.name in values and not f.placed
                )
            given = names[there]
            late = self._late(table, given, values)
            if late and self._waits_for(table, late, here):
                self._insert(creation, batch)  # a row of this batch must be there first
                batch, heavy, here = [], 0, set()
                late = self._late(table, given, values)
            if late:
                values = {**values, **self._stand_ins(table, step, record, late)}
            if (given, keyed) != (creation.names, creation.keyed) or heavy > portions.ROOM:
                self._insert(creation, batch)
                batch, heavy, here = [], 0, set()
                creation = Creation(table, given, keyed)
            batch.append((step, values))
            if self.awaited:
                here.add(str(step.key))
            heavy += portions.record_size(record)
        self._insert(creation, batch)

    def _stand_ins(
        self, table: Table, step: Step, record: Record, late: Mapping[str, Any]
    ) -> Mapping[str, StandIn]:
        """What the row holds until the rows that it refers to exist: NULL unless a check constraint
        forbids it. It gets these references later."""
        found, fields = {}, dict(record.fields)
        named = naming(table)
        for name, value in late.items():
            self.later.append((step, name, value))
            if table.field[name].schema.embeds:
                found[name] = StandIn(table.field[name].decode(self._without_awaited(value)))
                continue
            empty = fields | {name: None}
            filled = any(broken(Record(record.key, empty), table.enforced))
            stand_in = self.parking.stand_in(table, table.field[name], filled=filled)
            if stand_in is None or name in named:
                raise RecordError(
                    f"{step.key}: {name} refers to {value}, which cannot be created before it",
                    hint="each is named by the other, and neither can be the first"
                    if name in named
                    else "no other value can stand in the column until then",
                )
            found[name] = stand_in
            fields = fields if filled else empty
        return found

    def _without_awaited(self, value: Value) -> Value:
        """The value with 0 for the primary keys of rows that do not exist yet."""
        return redirected(
            value, lambda key: unknown_row(key.model, NO_ROW) if str(key) in self.awaited else key
        )

    def _insert(self, creation: Creation, batch: Sequence[tuple[Step, Values]]) -> None:
        if not batch:
            return
        table, steps = creation.table, [step for step, _ in batch]
        rows = creation.rows([step.key for step in steps], [values for _, values in batch])

        def write() -> None:
            self.bulk.write(steps, rows, lambda some: self._insert_rows(creation, steps, some))
            if table.label in self.watched:
                self.identities.reload(table.label, learned=True)

        self.signals.save(table, write, lambda: self._keys(table, steps), created=True)
        if self.awaited:
            self.awaited.difference_update(str(step.key) for step in steps)

    def _insert_rows(self, creation: Creation, steps: Sequence[Step], rows: Rows) -> int:
        """Insert the rows; the number of rows inserted."""
        table, uuids = creation.table, self.identities.uuids(creation.table.label)
        if uuids is None:
            return self.backend.insert(table.name, creation.columns, rows)
        if not creation.keyed:  # somebody may have made rows under keys ahead of the sequence
            self.backend.reset_sequences([table.model])
        keys = table.key_columns
        made = self.backend.insert_returning(table.name, creation.columns, keys, rows)
        pks = (pk for (pk,) in python_rows(keys, made))
        uuids.learn(zip((step.key.key for step in steps), pks, strict=False))
        return len(made)

    # References that wait

    def _late(self, table: Table, names: tuple[str, ...], values: Values) -> dict[str, Any]:
        """The references among the values of these fields whose columns have no value yet."""
        if not self.awaited:
            return {}
        return {
            field.name: value
            for field in self._referring(table, names)
            if self._awaited_in(field, value := values[field.name])
        }

    def _referring(self, table: Table, names: tuple[str, ...]) -> Sequence[FieldSchema]:
        """Those of the fields that can refer to rows."""
        known = self.referring.get((table.label, names))
        if known is None:
            schemas = [table.field[name].schema for name in names]
            known = self.referring[table.label, names] = [*filter(refers, schemas)]
        return known

    def _awaited_in(self, field: FieldSchema, value: Value) -> Collection[str]:
        """The references in a value to rows that do not exist yet."""
        if field.embeds:
            found = (str(key) for key in keys_in(value) if key.model in self.looked_up)
            return self.awaited.intersection(found)
        if not isinstance(value, str) or value not in self.awaited:
            return ()
        return (value,) if field.by_value or value.partition(":")[0] in self.looked_up else ()

    def _waits_for(self, table: Table, late: Values, here: AbstractSet[str]) -> bool:
        """Whether one of these references is to a row that is made just now."""
        fields = ((table.field[name].schema, value) for name, value in late.items())
        return any(not here.isdisjoint(self._awaited_in(*each)) for each in fields)

    def _write_later(self) -> None:
        waiting: dict[tuple[str, str], list[tuple[Step, Any]]] = {}
        left, self.later = self.later, []
        for step, name, value in left:
            if self._awaited_in(self.tables[step.key.model].field[name].schema, value):
                self.later.append((step, name, value))
                continue
            waiting.setdefault((step.key.model, name), []).append((step, value))
        for (label, name), found in waiting.items():
            update = Update(self.tables[label], (name,))
            write = partial(self._update_rows, update)
            for some in portions.batches(found, BATCH):
                steps = [step for step, _ in some]
                values = [{name: value} for _, value in some]
                rows = update.rows([step.key for step in steps], values)
                self.bulk.write(steps, rows, write)
            self._reload(update)

    # Errors

    def _records(self, steps: Sequence[Step]) -> Iterator[tuple[Step, Record]]:
        for step, record in zip(steps, self.records(steps), strict=True):
            if record.key != step.key:
                raise ContentgitError(f"the commit gave {record.key} where the plan has {step.key}")
            yield step, record

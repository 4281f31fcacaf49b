"""A plan as values: what an apply would do, step by step, and why parts of it are refused."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from contentgit.content.records import RecordKey, Value


class _Computed(enum.Enum):
    """The value of a step that is known only while the plan is run."""

    COMPUTED = "computed"


COMPUTED: Final = _Computed.COMPUTED
"""What a clear writes is said by the project's code or the database, which are asked in the apply."""


class Action(enum.StrEnum):
    """What a step does to one row."""

    DELETE = "delete"  # a record of the dump that the commit does not have
    CASCADE = "cascade"  # a row outside the dump that Django deletes with a deleted record
    CLEAR = "clear"  # a row outside the dump whose reference Django sets to NULL or a default
    MOVE = "move"  # the row gets another primary key, and what refers to it follows
    PARK = "park"  # the row gives up unique values that another row is about to take
    UPDATE = "update"
    CREATE = "create"


class Links(NamedTuple):
    """What changes in one many-to-many field: references to add and to remove, sorted.

    ``order`` is the whole list as it will be, where its order is content, else ``None``.
    """

    field: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None

    @classmethod
    def between(
        cls, field: str, there: Sequence[str], wanted: Sequence[str], *, ordered: bool
    ) -> Links:
        """What makes the list ``wanted`` out of the list ``there``."""
        if not wanted and not there:
            return cls(field)
        add, remove = set(wanted).difference(there), set(there).difference(wanted)
        order = tuple(wanted) if ordered and tuple(wanted) != tuple(there) else None
        return cls(field, tuple(sorted(add)), tuple(sorted(remove)), order)

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.add and not self.remove and self.order is None


class Step(NamedTuple):
    """One row's part of a plan.

    ``fields`` are the column fields that an update, a park or a clear writes (empty for the others; a
    create writes all); ``links`` the many-to-many fields that change. ``before`` is the blob id of the
    record as the target holds it, ``after`` that of the record in the commit; ``""`` where there is none.
    ``dump`` is the dump's folder, ``""`` for a row outside. ``value`` is what a clear writes (``None`` or a
    reference; :data:`COMPUTED` until the plan is run), or the record that a moved row becomes. ``via`` names,
    for a cascade or a clear, the record whose deletion causes it; for a move, a row that was deleted here, to
    which something still refers.
    """

    action: Action
    key: RecordKey
    dump: str = ""
    fields: tuple[str, ...] = ()
    links: tuple[Links, ...] = ()
    before: str = ""
    after: str = ""
    value: Value = None
    via: RecordKey | None = None


class ProblemKind(enum.StrEnum):
    """Why a part of a plan is refused."""

    DRIFT = "drift"  # the target's own edit would be overwritten or deleted
    CONFLICT = "conflict"  # the target and the commit have changed the same thing
    OUTSIDE = "outside"  # a row with that key exists, but the dump's filter does not match it
    PARENT = "parent"  # the multi-table parent of a record is another child here, which the commit has not
    CASCADE = "cascade"  # a delete reaches rows outside the dump
    PROTECTED = "protected"  # PROTECT, RESTRICT or DO_NOTHING rows refer to a record to be deleted
    DANGLING = "dangling"  # a record refers to a row that will not exist
    LEFT_OUT = "left-out"  # a record refers to one of a model that is left out
    MISSING = "missing"  # a record refers to a row that is not here, of a model in no dump
    NUMBER = (
        "number"  # a record has the number of a row without a name, which is another row's here
    )
    UNIQUE = "unique"  # a row that stays holds a unique value that a record wants
    BROKEN = "broken"  # a record breaks a check constraint of its table
    FIELD = "field"  # the commit has a field that the model does not have
    MODEL = "model"  # the commit has records of a model that the dataset does not have
    TAKEN = "taken"  # a row is to get the primary key of another that stays
    TWICE = "twice"  # two dumps of the commit hold the record, with different content
    FILE = "file"  # a record names a file that nobody has
    EMPTY = "empty"  # the commit is empty where the applied commit was not
    MAX_DELETES = "max-deletes"


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field in drift or conflict: what was applied, what is there, what would be written."""

    name: str
    applied: Value
    there: Value
    wanted: Value


class Missing(NamedTuple):
    """The row that a record refers to in ``field`` (``"$key"``: by its key), and that is not here."""

    row: RecordKey
    field: str


class Problem(NamedTuple):
    """One refused thing, said in a line; ``permit`` is the option that permits it (``""``: none).

    ``rows`` are those that a delete of ``key`` reaches, or that forbid it. ``missing`` is the row that is not
    here, of a model in none of the dumps.
    """

    kind: ProblemKind
    text: str
    key: RecordKey | None = None
    dump: str = ""
    fields: tuple[FieldState, ...] = ()
    permit: str = ""
    rows: tuple[RecordKey, ...] = ()
    missing: Missing | None = None


class Withheld(NamedTuple):
    """Something of the commit that is not written, by declaration; ``reason`` says which."""

    key: RecordKey
    field: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """All that an apply would do, in the order in which it does it; refused while it has problems.

    ``overwritten`` names the records whose content in the target is in no commit and that a step overwrites
    or deletes, whether that is permitted or not. ``free`` are the primary keys, as text and by model, that
    texts or JSON to be written hold and that are no row's: new rows must get others.
    """

    steps: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    overwritten: tuple[RecordKey, ...] = ()
    free: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        """How many steps of each action."""
        return Counter(step.action for step in self.steps)

    @property
    def empty(self) -> bool:
        """Whether the target already is what the commit says."""
        return not self.steps and not self.problems

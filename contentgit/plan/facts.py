"""What a planner must know of the target beyond the two snapshots, as values.

:mod:`contentgit.db.facts` fetches them in bulk; :mod:`contentgit.plan` makes no query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from contentgit.content.records import RecordKey, Value
from contentgit.content.schema import OnDelete
from contentgit.integrity.relations import Claim


@dataclass(frozen=True, slots=True)
class Referrer:
    """A row whose field refers to ``target``, a row that may be deleted.

    For a many-to-many field over an automatic table, ``key`` is the row that has the field and
    ``through`` the row of that table. ``dump`` is the folder of the applied dump that the row belongs
    to, ``""`` for a row outside of all. ``managed`` tells whether the field is content there.
    ``value`` is what SET_NULL, SET_DEFAULT or SET write, see :class:`contentgit.plan.steps.Step`. ``parent``
    turns the arrow round: ``key`` is the multi-table parent of ``target`` and goes with it. ``related``
    is the relation to such rows in the model of ``target``, if it has a name there.

    The through rows of a row's own many-to-many fields are a part of the row, and no referrers.
    """

    key: RecordKey
    field: str
    target: RecordKey
    on_delete: OnDelete
    dump: str = ""
    managed: bool = False
    constrained: bool = True
    through: RecordKey | None = None
    value: Value = None
    parent: bool = False
    related: str = ""


class Sibling(NamedTuple):
    """A row ``key`` that is another child of the multi-table ``parent`` that ``child`` is about to get.

    ``dump`` is the folder of the applied dump that the row belongs to, ``""`` for a row outside of all.
    """

    child: RecordKey
    parent: RecordKey
    key: RecordKey
    dump: str = ""


@dataclass(frozen=True)
class Presence:
    """Which rows the target has, as far as :func:`contentgit.plan.choose` asks.

    existing:
        Those of the wanted references and of the records to create that have a row, whether or not a
        dump's filter matches it.
    kept:
        Records that one dump would delete and that another applied dump, whose folder is given, holds
        in database and commit alike.
    licensed:
        (dump, record) of deletes whose model has several specs, where a spec with ``delete_missing``
        matches the row.
    links:
        The present many-to-many references of existing rows that no dump's filter matches, by field; sorted,
        also where their order is content.
    uninstalled:
        Labels in wanted references that are no models of this project.
    by_row:
        Those of the wanted references that have a value in this database only as long as the row is there, as
        its key is not its primary key; and numbers of rows without a name that are other rows' here.
    """

    existing: frozenset[RecordKey] = frozenset()
    kept: Mapping[RecordKey, str] = field(default_factory=dict)
    licensed: frozenset[tuple[str, RecordKey]] = frozenset()
    links: Mapping[RecordKey, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    uninstalled: frozenset[str] = frozenset()
    by_row: frozenset[RecordKey] = frozenset()


@dataclass(frozen=True)
class Facts(Presence):
    """Also what a choice would bring about, as far as :func:`contentgit.plan.build` asks.

    referrers:
        Rows that refer to records to be deleted, or to rows that such a delete takes along.
    siblings:
        Rows that are other children of multi-table parents which records are about to get.
    holders:
        Which row holds the unique values of a claim now; equality is the database's own.
    copied:
        The dump, as people name it, whose copy has the row that a record new to the target would take over.
    """

    referrers: tuple[Referrer, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    holders: Mapping[Claim, RecordKey] = field(default_factory=dict)
    copied: Mapping[RecordKey, str] = field(default_factory=dict)

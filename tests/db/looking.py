"""Looks at a database of the tests for the planner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.db import applier
from contentgit.db.backends import backend
from contentgit.db.facts import consequences, present
from contentgit.db.facts.referrers import Source
from contentgit.db.identity import Identities
from contentgit.db.introspect import table, tables
from contentgit.db.reader import Reader
from contentgit.plan import Candidate, Choice, Licences, Size, Survey, build, choose, survey
from contentgit.plan.facts import Facts
from contentgit.plan.steps import Plan
from contentgit.specs import Dataset, ModelSpec
from tests.brands.models import (
    Brand,
)

IDENTITY = {"bakery.tag": "natural"}


def key(text: str) -> RecordKey:
    """``"item:1"`` is ``brands.item:1``; a full label stays."""
    return RecordKey.parse(text if "." in text.partition(":")[0] else f"brands.{text}")


def spec(model: str, **options: Any) -> ModelSpec:
    label = model if "." in model else f"brands.{model}"
    return ModelSpec(label, **{"delete_missing": True, **options})


def dump(*specs: str | ModelSpec, name: str = "brands") -> Dataset:
    return Dataset(name, "", tuple(spec(each) if isinstance(each, str) else each for each in specs))


class Look:
    """Looks at the database for the planner, through these dumps."""

    def __init__(self, *datasets: Dataset) -> None:
        self.datasets = {each.name: each for each in datasets}
        identities = Identities("default", IDENTITY)
        bound = {name: tables(each, identities, "default") for name, each in self.datasets.items()}
        self.tables = {label: found for each in bound.values() for label, found in each.items()}
        self.readers = {
            name: Reader("default", dataset, bound[name], identities)
            for name, dataset in self.datasets.items()
        }

    def survey(self, candidates: Iterable[Candidate]) -> Survey:
        return survey(
            candidates,
            models={label: each.enforced for label, each in self.tables.items()},
            datasets=self.datasets,
            first=set(),
            sizes={name: Size(99, 99, 99) for name in self.datasets},
        )

    def facts(self, *candidates: Candidate) -> Facts:
        return self._decided(*candidates)[-1]

    def plan(self, *candidates: Candidate, **licences: Any) -> Plan:
        return build(*self._decided(*candidates), Licences(**licences))

    def _decided(self, *candidates: Candidate) -> tuple[Survey, Choice, Facts]:
        source = Source("default", self.tables, self.survey(candidates), self.readers)
        presence = present(source)
        choice = choose(source.survey, presence)
        return source.survey, choice, consequences(source, presence, choice)

    def apply(self, plan: Plan, *candidates: Candidate) -> None:
        """Runs the plan; the records are those that the candidates want."""
        theirs = {one.delta.key: one.theirs for one in candidates if one.theirs}
        identities = Identities("default", IDENTITY)
        with backend("default").exclusive():
            applier.apply(
                using="default",
                tables=self.tables,
                plan=plan,
                identities=identities,
                records=lambda steps: (theirs[step.key] for step in steps),
                progress=lambda count: None,
                outside=lambda label: table(label, identities, "default"),
            )

    def delete(self, *rows: Model, dump: str = "brands") -> list[Candidate]:
        """The rows as they are, which the commit does not have."""
        records = self.readers[dump].records([of(row) for row in rows])
        return [Candidate(Delta(each.key, "", "o", ""), dump, each, each, None) for each in records]

    def update(self, row: Model, dump: str = "brands", **fields: Any) -> Candidate:
        """The row as it is, and with other values in the commit."""
        (ours,) = self.readers[dump].records([of(row)])
        theirs = Record(ours.key, {**ours.fields, **fields})
        return Candidate(Delta(ours.key, "", "o", "t"), dump, ours, ours, theirs)


def create(text: str, dump: str = "brands", **fields: Any) -> Candidate:
    return Candidate(Delta(key(text), "", "", "t"), dump, None, None, Record(key(text), fields))


def of(row: Model) -> RecordKey:
    pk = row.pk if isinstance(row.pk, tuple) else (row.pk,)
    return RecordKey(row._meta.label_lower, ",".join(map(str, pk)))


def brand(name: str = "gone", **fields: Any) -> Brand:
    return Brand.objects.create(name=name, **fields)


def found(facts: Facts) -> set[tuple[str, str, str]]:
    """(referrer, field, target) of each, without the application's name."""
    return {(str(each.key)[7:], each.field, str(each.target)[7:]) for each in facts.referrers}


ONLY_BRANDS = dump("brand")

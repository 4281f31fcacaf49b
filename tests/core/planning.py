"""A small shop as values, and short ways to plan with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    OnDelete,
    UniqueSet,
)
from contentgit.plan import Candidate, Licences, Size, build, choose, survey
from contentgit.plan.facts import Facts, Referrer
from contentgit.plan.steps import Plan, Problem, ProblemKind, Step
from contentgit.specs import Dataset, ModelSpec

Fields = Mapping[str, Any] | None


def key(text: str) -> RecordKey:
    """``"tag:1"`` is ``shop.tag:1``; a full label stays."""
    return RecordKey.parse(text if "." in text.partition(":")[0] else f"shop.{text}")


def schema(
    label: str,
    *fields: FieldSchema,
    unique: tuple[UniqueSet, ...] = (),
    identity: tuple[str, ...] = (),
    parents: tuple[str, ...] = (),
) -> ModelSchema:
    return ModelSchema(
        label,
        KeyKind.TEXT if identity else KeyKind.INTEGER,
        Layout.FLAT,
        fields,
        identity=identity,
        unique=unique,
        parents=parents,
    )


def text(name: str) -> FieldSchema:
    return FieldSchema(name, FieldKind.TEXT)


def to(name: str, target: str, null: bool = False, constrained: bool = True) -> FieldSchema:
    return FieldSchema(
        name,
        FieldKind.REFERENCE if target else FieldKind.GENERIC,
        null,
        target,
        OnDelete.CASCADE if target else None,
        constrained=constrained,
    )


def many(name: str, target: str) -> FieldSchema:
    return FieldSchema(name, FieldKind.REFERENCES, target=target)


TAG = schema("shop.tag", text("name"), text("slug"), unique=(UniqueSet("slug", ("slug",)),))
CATEGORY = schema("shop.category", text("name"), to("parent", "shop.category", null=True))
PRODUCT = schema(
    "shop.product",
    text("name"),
    text("slug"),
    to("category", "shop.category"),
    many("tags", "shop.tag"),
    to("about", ""),
    to("seller", "people.seller", null=True, constrained=False),
    unique=(UniqueSet("slug", ("slug",)),),
)
PAGE = schema("shop.page", text("title"))
NEWS = schema("shop.news", text("body"), parents=("shop.page",))
MODELS = {each.label: each for each in (TAG, CATEGORY, PRODUCT, PAGE, NEWS)}


def dataset(*models: ModelSpec | str, name: str = "shop") -> Dataset:
    specs = (each if isinstance(each, ModelSpec) else spec(each) for each in models)
    return Dataset(name, "", tuple(specs))


def spec(model: str, **options: Any) -> ModelSpec:
    return ModelSpec(f"shop.{model}", **{"delete_missing": True, **options})


SHOP = dataset("tag", "category", "product", "page", "news")


def candidate(
    name: str,
    base: Fields = None,
    ours: Fields = None,
    theirs: Fields = None,
    dump: str = "shop",
) -> Candidate:
    """One record; blob ids are ``o`` and ``t`` with the record's name."""

    def record(fields: Fields) -> Record | None:
        return None if fields is None else Record(key(name), fields)

    here = f"o {name}" if ours is not None else ""
    there = f"t {name}" if theirs is not None else ""
    delta = Delta(key(name), "", here, there)
    return Candidate(delta, dump, record(base), record(ours), record(theirs))


def create(name: str, dump: str = "shop", /, **fields: Any) -> Candidate:
    return candidate(name, None, None, fields, dump)


def delete(name: str, dump: str = "shop", /, **fields: Any) -> Candidate:
    """The row is as it was applied."""
    return candidate(name, fields, fields, None, dump)


def update(name: str, dump: str = "shop", /, **fields: tuple[Any, Any]) -> Candidate:
    """From the first to the second value of each field; the row is as it was applied."""
    ours = {field: before for field, (before, _) in fields.items()}
    theirs = {field: after for field, (_, after) in fields.items()}
    return candidate(name, ours, ours, theirs, dump)


def planned(
    *candidates: Candidate,
    facts: Facts | None = None,
    models: Mapping[str, ModelSchema] = MODELS,
    datasets: Mapping[str, Dataset] | None = None,
    first: Iterable[str] = (),
    sizes: Mapping[str, Size] | None = None,
    held: Iterable[tuple[str, RecordKey]] = (),
    **licences: Any,
) -> Plan:
    """The plan of these candidates."""
    found = survey(
        candidates,
        models=models,
        datasets=datasets or {"shop": SHOP},
        first=set(first),
        sizes=sizes or {"shop": Size(9, 9, 9)},
    )
    found = replace(found, held=frozenset(held))
    facts = facts or Facts()
    return build(found, choose(found, facts), facts, Licences(**licences))


def existing(*names: str, **others: Any) -> Facts:
    return Facts(existing=frozenset(map(key, names)), **others)


def referrer(
    name: str, field: str, target: str, on_delete: OnDelete = OnDelete.CASCADE, **others: Any
) -> Referrer:
    return Referrer(key(name), field, key(target), on_delete, **others)


def said(plan: Plan) -> list[str]:
    """Each step as ``"update tag:1 name"``."""
    return [_said(step) for step in plan.steps]


def _said(step: Step) -> str:
    words = [step.action.value, str(step.key).removeprefix("shop."), *step.fields]
    for links in step.links:
        words += [f"+{links.field}={each.removeprefix('shop.')}" for each in links.add]
        words += [f"-{links.field}={each.removeprefix('shop.')}" for each in links.remove]
    return " ".join(words)


def only(plan: Plan, kind: ProblemKind) -> Problem:
    """The plan's single problem, which must be of this kind."""
    (problem,) = plan.problems
    assert problem.kind is kind, problem
    return problem

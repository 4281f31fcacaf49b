"""Plans whose records constraints are about: what is refused, and which rows make way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contentgit.conditions import Comparison, How, Other, Unknown
from contentgit.schema import CheckRule, FieldKind, FieldSchema, Function, Part, UniqueSet
from contentgit.steps import ProblemKind
from tests.core.planning import create, dataset, planned, said, schema, text, update

FRONT = Comparison("state", How.EXACT, "front")
SETS = (
    UniqueSet("lower", ("name",), plain=False, parts=(Part("name", ((Function.LOWER, None),)),)),
    UniqueSet("front", ("site",), plain=False, parts=(Part("site"),), condition=FRONT),
)
SPAN = CheckRule("span", ("low", "high"), Comparison("low", How.LT, Other("high")))
LEAF = schema(
    "shop.leaf",
    FieldSchema("low", FieldKind.INTEGER),
    FieldSchema("high", FieldKind.INTEGER),
    text("name"),
    text("site"),
    text("state"),
    unique=SETS,
)


def plan(*candidates: Any, checks: tuple[CheckRule, ...] = (SPAN,)) -> Any:
    models = {"shop.leaf": replace(LEAF, checks=checks)}
    return planned(*candidates, models=models, datasets={"shop": dataset("leaf")})


def leaf(**fields: Any) -> dict[str, Any]:
    return {"low": 1, "high": 2, "name": "n", "site": "s", "state": "", **fields}


def changed(label: str, before: dict[str, Any], /, **after: Any) -> Any:
    return update(label, **{key: (value, after.get(key, value)) for key, value in before.items()})


def test_records_that_break_a_check_refuse_the_plan_all_at_once() -> None:
    found = plan(
        create("leaf:1", **leaf(low=3)),
        changed("leaf:2", leaf(name="b"), high=0),
        changed("leaf:3", leaf(name="c"), high=9),
        changed("leaf:4", leaf(name="d", low=5), site="x"),
    )
    assert [(each.kind, each.text) for each in found.problems] == [
        (
            ProblemKind.BROKEN,
            "shop.leaf:1 breaks the check constraint span, low < high: low=3, high=2",
        ),
        (
            ProblemKind.BROKEN,
            "shop.leaf:2 breaks the check constraint span, low < high: low=1, high=0",
        ),
    ]


def test_what_is_not_certain_is_left_to_the_database() -> None:
    unknown = CheckRule("rule", ("low",), Unknown(("low",)))
    assert plan(create("leaf:1", **leaf()), checks=(unknown,)).problems == ()


def test_rows_whose_values_a_function_makes_equal_make_way() -> None:
    found = plan(
        changed("leaf:1", leaf(name="a"), name="B"),
        changed("leaf:2", leaf(name="b"), name="A"),
        changed("leaf:3", leaf(name="c"), name="d"),
    )
    parks = [each for each in said(found) if each.startswith("park")]
    assert parks == ["park leaf:1 name", "park leaf:2 name"]


def test_a_row_that_leaves_a_condition_makes_way_for_one_that_enters_it() -> None:
    found = plan(
        changed("leaf:1", leaf(name="a"), state="front"),
        changed("leaf:2", leaf(name="b", state="front"), state=""),
        changed("leaf:3", leaf(name="c", site="t", state="front"), state=""),
    )
    parks = [each for each in said(found) if each.startswith("park")]
    assert parks == ["park leaf:2 state"]


def test_of_a_set_that_only_the_database_knows_every_row_that_changes_makes_way() -> None:
    odd = replace(LEAF, unique=(UniqueSet("odd", ("site",), plain=False),))
    found = planned(
        changed("leaf:1", leaf(), site="x"),
        changed("leaf:2", leaf(), site="y"),
        models={"shop.leaf": odd},
        datasets={"shop": dataset("leaf")},
    )
    assert [each for each in said(found) if each.startswith("park")] == [
        "park leaf:1 site",
        "park leaf:2 site",
    ]

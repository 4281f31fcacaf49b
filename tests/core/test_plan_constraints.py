"""Plans whose records constraints are about: what is refused, and which rows make way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contentgit.content.conditions import Comparison, How, Other, Unknown
from contentgit.content.schema import (
    CheckRule,
    FieldKind,
    FieldSchema,
    Function,
    UniquePart,
    UniqueSet,
)
from contentgit.plan.facts import Facts
from contentgit.plan.steps import ProblemKind
from tests.core.planning import create, dataset, key, planned, said, schema, text, update

FRONT = Comparison("state", How.EXACT, "front")
SETS = (
    UniqueSet(
        "lower", ("name",), plain=False, parts=(UniquePart("name", ((Function.LOWER, None),)),)
    ),
    UniqueSet("front", ("site",), plain=False, parts=(UniquePart("site"),), condition=FRONT),
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


def plan(
    *candidates: Any, checks: tuple[CheckRule, ...] = (SPAN,), facts: Facts | None = None
) -> Any:
    models = {"shop.leaf": replace(LEAF, checks=checks)}
    datasets = {"shop": dataset("leaf")}
    return planned(*candidates, models=models, datasets=datasets, facts=facts or Facts())


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


def test_text_that_is_longer_than_its_column_refuses_the_plan() -> None:
    fields = (replace(each, length=3) if each.name == "name" else each for each in LEAF.fields)
    models = {"shop.leaf": replace(LEAF, fields=tuple(fields))}
    found = planned(
        create("leaf:1", **leaf(name="äöüß")),
        changed("leaf:2", leaf(name="abc"), name="abd"),
        changed("leaf:3", leaf(name="as it was here"), site="x"),
        models=models,
        datasets={"shop": dataset("leaf")},
        facts=Facts(),
    )
    assert [(each.kind, each.text) for each in found.problems] == [
        (
            ProblemKind.BROKEN,
            "shop.leaf:1 breaks the length of 'name', which holds 3 characters: the value has 4",
        )
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


def refused(found: Any) -> list[str]:
    return [each.text for each in found.problems if each.kind is ProblemKind.UNIQUE]


def test_two_records_whose_values_a_function_makes_equal_are_refused() -> None:
    found = plan(
        create("leaf:1", **leaf(name="Rye")), changed("leaf:2", leaf(name="x"), name="rYE")
    )
    assert refused(found) == [
        "shop.leaf:2 wants the unique lower(name)='rye' of shop.leaf:1, which in the commit has it too"
    ]


def test_a_condition_alone_decides_whether_equal_values_collide() -> None:
    front, back = leaf(name="a", state="front"), leaf(name="b", state="")
    assert refused(plan(create("leaf:1", **front), create("leaf:2", **back))) == []
    both = plan(create("leaf:1", **front), changed("leaf:2", back, state="front"))
    assert refused(both) == [
        "shop.leaf:2 wants the unique site='s' of shop.leaf:1, which in the commit has it too"
    ]


@pytest.mark.parametrize(
    ("claim", "stays", "parked"),
    [
        (("shop.leaf", "lower", ("rye",)), {"site": "x"}, "name"),
        (("shop.leaf", "front", ("s",)), {"low": 0}, "name state"),
    ],
)
def test_a_row_that_keeps_a_computed_value_refuses_the_record_that_wants_it(
    claim: Any, stays: dict[str, Any], parked: str
) -> None:
    wants = create("leaf:1", **leaf(name="Rye", state="front"))
    facts = Facts(holders={claim: key("leaf:9")})
    other = leaf(name="RYE", site="t", state="")
    assert len(refused(plan(wants, facts=facts))) == 1
    assert len(refused(plan(wants, changed("leaf:9", other, **stays), facts=facts))) == 1
    way = plan(wants, changed("leaf:9", other, name="y", state="z"), facts=facts)
    assert refused(way) == []
    assert [each for each in said(way) if each.startswith("park")] == [f"park leaf:9 {parked}"]


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

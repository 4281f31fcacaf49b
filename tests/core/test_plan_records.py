"""References of a plan's records, rows outside of the dump, and records in several dumps."""

from __future__ import annotations

from dataclasses import replace

from contentgit.content.schema import FieldKind, FieldSchema, UniqueSet
from contentgit.plan import Size
from contentgit.plan.facts import Facts, Sibling
from contentgit.plan.steps import FieldState, Links, Missing, ProblemKind, Withheld
from tests.core.planning import (
    MODELS,
    PRODUCT,
    candidate,
    create,
    dataset,
    delete,
    existing,
    key,
    only,
    planned,
    said,
    schema,
    spec,
    text,
    to,
    update,
)

# References


def test_a_reference_to_nothing() -> None:
    problem = only(planned(create("product:1", category="shop.category:9")), ProblemKind.DANGLING)
    assert problem.text == (
        "shop.product:1 refers in category (not nullable) to shop.category:9, "
        "which neither the database nor the applied dumps have"
    )
    assert (problem.key, problem.permit) == (key("product:1"), "")
    only(planned(update("category:1", parent=(None, "shop.category:9"))), ProblemKind.DANGLING)
    only(planned(create("product:1", tags=["shop.tag:1"])), ProblemKind.DANGLING)


def test_a_reference_to_a_row_of_a_model_in_no_dump() -> None:
    models = {**MODELS, "shop.product": schema("shop.product", to("maker", "people.seller"))}
    plan = planned(create("product:1", maker="people.seller:3"), models=models)
    problem = only(plan, ProblemKind.MISSING)
    assert problem.missing == Missing(key("people.seller:3"), "maker")
    assert problem.text == (
        "shop.product:1 refers in maker (not nullable) to people.seller:3, "
        "which neither the database nor the applied dumps have"
    )


def test_a_reference_to_what_is_created_or_stays() -> None:
    plan = planned(
        create("product:1", category="shop.category:2", tags=["shop.tag:1"]),
        create("category:2", parent="shop.category:1"),
        facts=existing("category:1", "tag:1"),
    )
    assert plan.problems == ()


def test_a_reference_to_what_this_apply_deletes() -> None:
    problem = only(
        planned(
            update("product:1", category=("shop.category:1", "shop.category:2")),
            delete("category:2", name="a"),
            facts=existing("category:2"),
        ),
        ProblemKind.DANGLING,
    )
    assert problem.text.endswith("to shop.category:2, which this apply deletes")


def test_references_that_may_dangle() -> None:
    plan = planned(create("product:1", about="shop.page:7", seller="people.seller:3"))
    assert plan.problems == ()


def test_a_generic_reference_to_no_model_or_to_a_local_key_cannot_be_written() -> None:
    facts = Facts(uninstalled=frozenset({"gone.model"}))
    problem = only(
        planned(create("product:1", about="gone.model:7"), facts=facts), ProblemKind.DANGLING
    )
    assert problem.text.endswith("but this project has no model gone.model")
    models = {**MODELS, "shop.page": schema("shop.page", text("slug"), identity=("slug",))}
    only(planned(create("product:1", about="shop.page:a"), models=models), ProblemKind.DANGLING)


def test_a_reference_that_only_a_row_gives_a_value() -> None:
    """The models of these rows are in no dump, and the database lets the references dangle."""
    named = {key("people.seller:anna"), key("people.city:bern"), key("people.tag:new")}
    loose = FieldSchema("tags", FieldKind.REFERENCES, target="people.tag", constrained=False)
    product = replace(PRODUCT, fields=(*PRODUCT.fields[:3], loose, *PRODUCT.fields[4:]))
    there = {
        "about": "people.city:bern",
        "seller": "people.seller:anna",
        "tags": ["people.tag:new"],
    }
    row = create("product:1", **there)
    models = {**MODELS, "shop.product": product}
    assert planned(row, models=models).problems == ()
    plan = planned(row, models=models, facts=Facts(by_row=frozenset(named)))
    assert {problem.missing for problem in plan.problems} == {
        Missing(key("people.city:bern"), "about"),
        Missing(key("people.seller:anna"), "seller"),
        Missing(key("people.tag:new"), "tags"),
    }
    facts = Facts(by_row=frozenset(named), existing=frozenset(named))
    assert planned(row, models=models, facts=facts).problems == ()


def test_a_reference_to_a_model_that_is_left_out() -> None:
    rows = create("product:1", category="shop.category:9"), create("category:9", name="K")
    plan = planned(*rows, datasets={"shop": dataset("product")}, ignore_unknown_models=True)
    assert only(plan, ProblemKind.LEFT_OUT).text.endswith(
        "to shop.category:9, of a model that the dataset does not have"
    )


def test_a_child_needs_its_parent() -> None:
    problem = only(planned(create("news:1", body="a")), ProblemKind.DANGLING)
    assert problem.text == (
        "shop.news:1 needs shop.page:1, which neither the database nor the applied dumps have"
    )
    plan = planned(create("news:1", body="a"), create("page:1", title="b"))
    assert said(plan) == ["create page:1", "create news:1"]


IGNORING = {"shop": dataset("tag", "category", spec("product", ignore_missing_m2m=("tags",)))}
ONE, TWO, SIX = "shop.tag:1", "shop.tag:2", "shop.tag:6"


def test_missing_many_to_many_references_are_withheld_where_the_spec_says_so() -> None:
    plan = planned(
        create("product:1", tags=[ONE, TWO, SIX]),
        create("tag:2", name="new"),
        datasets=IGNORING,
        facts=existing("tag:1"),
    )
    assert said(plan) == ["create tag:2", "create product:1 +tags=tag:1 +tags=tag:2"]
    reason = "shop.tag:6 is not in this database (ignore_missing_m2m)"
    assert plan.withheld == (Withheld(key("product:1"), "tags", reason),)
    assert plan.problems == ()


def test_what_was_withheld_before_is_neither_a_change_nor_drift() -> None:
    row = candidate("product:1", {"tags": [ONE]}, {"tags": [ONE]}, {"tags": [ONE, SIX]})
    plan = planned(row, datasets=IGNORING, facts=existing("tag:1"))
    assert plan.steps == plan.problems == ()
    row = candidate("product:1", {"tags": [ONE]}, {"tags": [ONE]}, {"tags": [TWO, SIX]})
    plan = planned(row, datasets=IGNORING, facts=existing("tag:1", "tag:2"))
    assert plan.problems == ()
    assert said(plan) == ["update product:1 +tags=tag:2 -tags=tag:1"]
    row = candidate("product:1", {"tags": [ONE]}, {"tags": [ONE]}, None)
    assert planned(row, datasets=IGNORING, facts=existing("tag:1")).problems == ()


def test_edits_of_such_a_field_are_drift() -> None:
    row = candidate("product:1", {"tags": [ONE, SIX]}, {"tags": []}, {"tags": [ONE, SIX]})
    problem = only(planned(row, datasets=IGNORING, facts=existing("tag:1")), ProblemKind.DRIFT)
    assert problem.fields == (FieldState("tags", (ONE, SIX), (), (ONE, SIX)),)
    row = candidate("product:1", {"tags": [ONE]}, {"tags": []}, None)
    only(planned(row, datasets=IGNORING, facts=existing("tag:1")), ProblemKind.DRIFT)
    # A reference was removed, and its row too.
    row = candidate("product:1", {"tags": [ONE, SIX]}, {"tags": [ONE]}, {"tags": [TWO, SIX]})
    facts = existing("tag:1", "tag:2")
    problem = only(planned(row, datasets=IGNORING, facts=facts), ProblemKind.DRIFT)
    assert problem.fields == (FieldState("tags", (ONE, SIX), (ONE,), (TWO, SIX)),)


def test_a_generic_reference_told_by_its_columns() -> None:
    """What the columns hold is no reference; the content type is one."""
    half = {"content_type": "contenttypes.contenttype:shop,page", "object_id": None}
    only(planned(create("product:1", about=half)), ProblemKind.MISSING)
    facts = existing("contenttypes.contenttype:shop,page")
    assert planned(create("product:1", about=half), facts=facts).problems == ()
    assert planned(create("product:1", about={"content_type": None, "object_id": 3})).problems == ()


def test_the_number_of_a_row_without_a_name() -> None:
    """Written where it is free or there is no telling, but not where another row has it."""
    kind = "contenttypes.contenttype:people,seller"
    row = create("product:1", about={"content_type": kind, "object_id": 7})
    facts = existing(kind)
    assert planned(row, facts=facts).problems == ()
    assert planned(row, facts=replace(facts, uninstalled=frozenset({"people.seller"}))).steps
    taken = replace(facts, by_row=frozenset({key("people.seller:?7")}))
    problem = only(planned(row, facts=taken), ProblemKind.NUMBER)
    assert problem.text == (
        "shop.product:1 has the number 7 of a row of people.seller in about, which was deleted where it was "
        "committed; here it is another row's"
    )


def test_many_to_many_references_without_a_constraint_may_dangle() -> None:
    loose = FieldSchema("tags", FieldKind.REFERENCES, target="shop.tag", constrained=False)
    models = {**MODELS, "shop.product": schema("shop.product", loose)}
    plan = planned(create("product:1", tags=["shop.tag:1"]), models=models)
    assert plan.problems == ()
    assert said(plan) == ["create product:1 +tags=tag:1"]


def test_a_link_to_a_parent_that_is_a_field_of_its_own() -> None:
    link = to("page", "shop.page")
    own_key = schema(
        "shop.news", link, unique=(UniqueSet("page", ("page",)),), parents=("shop.page",)
    )
    local_key = schema("shop.news", link, text("slug"), identity=("slug",), parents=("shop.page",))
    another = schema("shop.news", link, parents=("shop.page",))
    for news, wanted in [(own_key, 0), (local_key, 0), (another, 1)]:
        plan = planned(
            create("news:7", page="shop.page:1"),
            models={**MODELS, "shop.news": news},
            facts=existing("page:1"),
        )
        assert len(plan.problems) == wanted


# Rows outside, and several dumps


def test_a_row_that_the_filter_does_not_match() -> None:
    row = create("product:1", name="a", tags=[ONE, TWO])
    facts = existing("product:1", "tag:1", "tag:2", links={key("product:1"): {"tags": (TWO, SIX)}})
    plan = planned(row, facts=facts)
    problem = only(plan, ProblemKind.OUTSIDE)
    assert problem.text == "shop.product:1 exists here, but does not match the filter of shop"
    assert problem.permit == "--force"
    plan = planned(row, facts=facts, force=True)
    assert plan.problems == ()
    assert plan.overwritten == (key("product:1"),)
    assert said(plan) == ["update product:1 name +tags=tag:1 -tags=tag:6"]


TWO_DUMPS = {"a": dataset("product", "tag", name="a"), "b": dataset("product", "tag", name="b")}
SIZES = {"a": Size(9, 9, 9), "b": Size(9, 9, 9)}


def test_a_record_that_moves_between_dumps_is_updated() -> None:
    left = delete("product:1", "a", name="x", tags=[ONE])
    entered = create("product:1", "b", name="y", tags=[TWO])
    for rows in [(left, entered), (entered, left)]:
        plan = planned(
            *rows, datasets=TWO_DUMPS, sizes=SIZES, facts=existing("tag:1", "tag:2", "product:1")
        )
        assert plan.problems == plan.withheld == ()
        assert said(plan) == ["update product:1 name +tags=tag:2 -tags=tag:1"]
        assert (plan.steps[0].dump, plan.steps[0].before) == ("b", "o product:1")


def test_the_order_of_links_of_a_row_outside_is_written() -> None:
    """The facts do not tell the order that it has."""
    ordered = FieldSchema("tags", FieldKind.REFERENCES, target="shop.tag", ordered=True)
    models = {**MODELS, "shop.product": schema("shop.product", ordered)}
    there = {key("product:1"): {"tags": (ONE, TWO)}}
    plan = planned(
        create("product:1", tags=[ONE, TWO]),
        datasets=IGNORING,
        models=models,
        facts=existing("product:1", "tag:1", "tag:2", links=there),
        force=True,
    )
    (step,) = plan.steps
    assert step.links == (Links("tags", order=(ONE, TWO)),)


def test_edits_of_a_record_that_moves_are_drift() -> None:
    plan = planned(
        candidate("tag:1", {"name": "x"}, {"name": "here"}, None, "a"),
        create("tag:1", "b", name="y"),
        datasets=TWO_DUMPS,
        sizes=SIZES,
    )
    only(plan, ProblemKind.DRIFT)


def test_what_another_dump_holds_is_not_deleted() -> None:
    facts = Facts(kept={key("tag:1"): "b"})
    plan = planned(delete("tag:1", "a", name="x"), datasets=TWO_DUMPS, sizes=SIZES, facts=facts)
    assert plan.steps == plan.problems == ()
    assert plan.withheld == (Withheld(key("tag:1"), "", "b holds it too"),)
    plan = planned(
        delete("tag:1", "a", name="x"),
        update("tag:1", "b", name=("x", "y")),
        datasets=TWO_DUMPS,
        sizes=SIZES,
    )
    assert said(plan) == ["update tag:1 name"]


def test_a_record_in_two_dumps_is_written_once() -> None:
    rows = [update("tag:1", dump, name=("x", "y")) for dump in "ab"]
    plan = planned(*rows, datasets=TWO_DUMPS, sizes=SIZES)
    assert said(plan) == ["update tag:1 name"]
    rows = [delete("tag:1", dump, name="x") for dump in "ab"]
    assert said(planned(*rows, datasets=TWO_DUMPS, sizes=SIZES)) == ["delete tag:1"]


def test_two_dumps_that_disagree() -> None:
    first = update("tag:1", "a", name=("x", "y"))
    other = candidate("tag:1", {"name": "x"}, {"name": "x"}, {"name": "z"}, "b")
    second = other._replace(dump="b", delta=other.delta._replace(commit="another"))
    problem = only(planned(first, second, datasets=TWO_DUMPS, sizes=SIZES), ProblemKind.TWICE)
    assert problem.text == "shop.tag:1 has different content in a and b of the commit"


# Children that share a parent's row


def test_a_parent_that_is_another_child_here() -> None:
    outside = Sibling(key("news:1"), key("page:1"), key("people.event:1"))
    facts = Facts(existing=frozenset({key("page:1")}), siblings=(outside,))
    plan = planned(create("news:1", body=""), facts=facts)
    assert [(each.kind, each.text, each.permit) for each in plan.problems] == [
        (
            ProblemKind.PARENT,
            "shop.news:1 would share shop.page:1 with people.event:1, which the commit does not have",
            "--force",
        )
    ]
    assert planned(create("news:1", body=""), facts=facts, force=True).problems == ()


def test_a_parent_that_is_another_child_in_the_commit_too_or_no_more() -> None:
    shared = Sibling(key("news:1"), key("page:1"), key("product:1"), "shop")
    facts = Facts(existing=frozenset({key("page:1")}), siblings=(shared,))
    assert planned(create("news:1", body=""), facts=facts).problems == ()
    gone = delete("product:1", name="")
    assert planned(create("news:1", body=""), gone, facts=facts).problems == ()
    kept = {"shop": dataset(spec("product", delete_missing=False), "news")}
    plan = planned(create("news:1", body=""), gone, facts=facts, datasets=kept)
    assert [each.kind for each in plan.problems] == [ProblemKind.PARENT]

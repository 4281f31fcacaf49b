"""What deletes reach, and unique values that change rows."""

from __future__ import annotations

import pytest

from contentgit.content.schema import OnDelete, UniqueSet
from contentgit.plan.facts import Facts
from contentgit.plan.steps import Action, Problem, ProblemKind, Step
from tests.core.planning import (
    candidate,
    create,
    dataset,
    delete,
    existing,
    key,
    only,
    planned,
    referrer,
    said,
    schema,
    spec,
    text,
    to,
    update,
)

GONE = delete("category:1", name="a")


def reaching(*referrers: object, **others: object) -> Facts:
    return Facts(referrers=referrers, **others)  # type: ignore[arg-type]


# Rows outside


def test_a_cascade_leaves_the_dump_with_a_licence_only() -> None:
    facts = reaching(
        referrer("people.review:7", "category", "category:1"),
        referrer("people.review:8", "category", "category:1"),
        referrer("people.vote:1", "review", "people.review:7"),
    )
    plan = planned(GONE, facts=facts)
    assert [(each.kind, each.text, each.permit) for each in plan.problems] == [
        (
            ProblemKind.CASCADE,
            "deleting shop.category:1 also deletes people.review:7, people.review:8, outside of the dump",
            "--allow-cascade",
        ),
        (
            ProblemKind.CASCADE,
            "deleting people.review:7 also deletes people.vote:1, outside of the dump",
            "--allow-cascade",
        ),
    ]
    assert said(plan) == ["delete category:1"]
    plan = planned(GONE, facts=facts, allow_cascade=True)
    assert plan.problems == ()
    assert plan.steps == (
        Step(Action.CASCADE, key("people.vote:1"), via=key("people.review:7")),
        Step(Action.CASCADE, key("people.review:8"), via=key("category:1")),
        Step(Action.CASCADE, key("people.review:7"), via=key("category:1")),
        Step(Action.DELETE, key("category:1"), "shop", before="o category:1"),
    )


def test_cascades_count_as_deletes() -> None:
    facts = reaching(referrer("people.review:7", "category", "category:1"))
    plan = planned(GONE, facts=facts, allow_cascade=True, max_deletes=1)
    only(plan, ProblemKind.MAX_DELETES)


def test_rows_that_the_site_computes_go_without_a_licence() -> None:
    """The spec of what is deleted names the relation; so do rows that belong to such rows."""
    facts = reaching(
        referrer("search.entry:7", "about", "category:1", related="entries"),
        referrer("search.word:1", "entry", "search.entry:7", related="word"),
        referrer("search.hit:1", "category", "category:1", OnDelete.SET_NULL, related="hits"),
        referrer("people.review:7", "category", "category:1", related="reviews"),
        referrer("people.vote:1", "category", "category:1", OnDelete.SET_NULL, related="votes"),
    )
    computing = {"shop": dataset(spec("category", derived=("name", "entries", "hits")))}
    plan = planned(GONE, facts=facts, datasets=computing, max_deletes=1)
    assert said(plan) == [
        "cascade search.word:1",
        "cascade search.entry:7",
        "delete category:1",
        "clear search.hit:1 category",
    ]
    assert [each.text for each in plan.problems] == [
        "deleting shop.category:1 also deletes people.review:7, outside of the dump",
        "deleting shop.category:1 also clears category of people.vote:1, outside of the dump",
    ]
    licensed = planned(GONE, facts=facts, datasets=computing, allow_cascade=True)
    assert licensed.counts == {Action.CASCADE: 3, Action.DELETE: 1, Action.CLEAR: 2}


def test_a_row_that_only_mentions_a_computed_row_keeps_its_protection() -> None:
    """It is cleared, not deleted along, so it does not belong to that row."""
    facts = reaching(
        referrer("search.entry:7", "about", "category:1", related="entries"),
        referrer("people.review:7", "entry", "search.entry:7", OnDelete.SET_NULL),
        referrer("people.review:7", "category", "category:1", related="reviews"),
        referrer("people.vote:1", "entry", "search.entry:7", OnDelete.SET_NULL),
    )
    computing = {"shop": dataset(spec("category", derived=("entries",)))}
    plan = planned(GONE, facts=facts, datasets=computing)
    assert said(plan) == ["cascade search.entry:7", "delete category:1"]
    assert [each.text for each in plan.problems] == [
        "deleting shop.category:1 also deletes people.review:7, outside of the dump",
        "deleting search.entry:7 also clears entry of people.vote:1, outside of the dump",
    ]


def test_rows_of_a_dump_are_not_what_the_site_computes() -> None:
    facts = reaching(
        referrer("product:1", "category", "category:1", dump="shop", related="products"),
        referrer("people.review:1", "product", "product:1"),
    )
    computing = {"shop": dataset(spec("category", derived=("products",)), "product")}
    plan = planned(GONE, delete("product:1", name="a"), facts=facts, datasets=computing)
    problem = only(plan, ProblemKind.CASCADE)
    assert (
        problem.text == "deleting shop.product:1 also deletes people.review:1, outside of the dump"
    )
    assert only(planned(GONE, facts=facts, datasets=computing), ProblemKind.DANGLING)


def test_a_cycle_of_cascades_ends() -> None:
    facts = reaching(
        referrer("people.a:1", "category", "category:1"),
        referrer("people.b:1", "a", "people.a:1"),
        referrer("people.a:1", "b", "people.b:1"),
        referrer("people.a:1", "a", "people.a:1"),
    )
    plan = planned(GONE, facts=facts, allow_cascade=True)
    assert said(plan) == ["cascade people.b:1", "cascade people.a:1", "delete category:1"]


@pytest.mark.parametrize("way", [OnDelete.SET_NULL, OnDelete.SET_DEFAULT, OnDelete.SET])
def test_references_outside_are_cleared_with_a_licence(way: OnDelete) -> None:
    facts = reaching(referrer("people.review:7", "about", "category:1", way, value="shop.tag:1"))
    problem = only(planned(GONE, facts=facts), ProblemKind.CASCADE)
    assert problem.text == (
        "deleting shop.category:1 also clears about of people.review:7, outside of the dump"
    )
    plan = planned(GONE, facts=facts, allow_cascade=True)
    assert plan.steps[1:] == (
        Step(
            Action.CLEAR,
            key("people.review:7"),
            fields=("about",),
            value="shop.tag:1",
            via=key("category:1"),
        ),
    )


@pytest.mark.parametrize("way", [OnDelete.PROTECT, OnDelete.RESTRICT, OnDelete.DO_NOTHING])
def test_rows_that_protect(way: OnDelete) -> None:
    rows = [referrer(f"people.review:{n}", "about", "category:1", way) for n in range(7)]
    plan = planned(GONE, facts=reaching(*rows), allow_cascade=True, force=True)
    problem = only(plan, ProblemKind.PROTECTED)
    assert problem.text == (
        "shop.category:1 cannot be deleted: people.review:0, people.review:1, people.review:2, "
        f"people.review:3, people.review:4 and 2 more refer to it in about ({way.value.upper()})"
    )
    assert problem.permit == ""


def test_restrict_gives_way_to_a_cascade_and_protect_does_not() -> None:
    def facts(way: OnDelete) -> Facts:
        return reaching(
            referrer("people.review:7", "about", "category:1", way),
            referrer("people.author:1", "category", "category:1"),
            referrer("people.review:7", "author", "people.author:1"),
        )

    assert planned(GONE, facts=facts(OnDelete.RESTRICT), allow_cascade=True).problems == ()
    assert planned(GONE, facts=facts(OnDelete.SET_NULL), allow_cascade=True).counts == {
        Action.DELETE: 1,
        Action.CASCADE: 2,
    }
    plan = planned(GONE, facts=facts(OnDelete.PROTECT), allow_cascade=True)
    only(plan, ProblemKind.PROTECTED)


def test_a_reference_that_may_dangle_is_left_alone() -> None:
    nothing = referrer(
        "people.review:7", "about", "category:1", OnDelete.DO_NOTHING, constrained=False
    )
    assert said(planned(GONE, facts=reaching(nothing))) == ["delete category:1"]


def test_a_child_outside_goes_with_its_parents() -> None:
    facts = reaching(
        referrer("people.child:5", "category", "category:1"),
        referrer("people.base:5", "base_ptr", "people.child:5", parent=True),
        referrer("people.note:1", "base", "people.base:5"),
    )
    plan = planned(GONE, facts=facts, allow_cascade=True)
    assert said(plan)[:3] == [
        "cascade people.note:1",
        "cascade people.base:5",
        "cascade people.child:5",
    ]


def test_a_parent_that_is_in_the_commit_stays() -> None:
    facts = reaching(
        referrer("people.child:5", "category", "category:1"),
        referrer("page:5", "page_ptr", "people.child:5", parent=True, dump="shop"),
    )
    plan = planned(GONE, facts=facts, allow_cascade=True)
    assert said(plan) == ["cascade people.child:5", "delete category:1"]


def test_a_deleted_child_keeps_its_parent() -> None:
    facts = reaching(referrer("page:5", "page_ptr", "news:5", parent=True))
    assert said(planned(delete("news:5", body="a"), facts=facts)) == ["delete news:5"]


def test_a_parent_goes_with_its_child_but_not_without() -> None:
    child = referrer("news:5", "page_ptr", "page:5", dump="shop", managed=True)
    both = [delete("page:5", title="a"), delete("news:5", body="a")]
    assert said(planned(*both, facts=reaching(child))) == ["delete news:5", "delete page:5"]
    problem = only(planned(both[0], facts=reaching(child)), ProblemKind.DANGLING)
    assert problem.text == (
        "shop.page:5 is not in the commit, but shop.news:5 of the commit refers to it in page_ptr"
    )


# Records of the dumps


def member(name: str, field: str, target: str, way: OnDelete = OnDelete.CASCADE, **more: object):  # type: ignore[no-untyped-def]
    options = {"dump": "shop", "managed": True, **more}
    return referrer(name, field, target, way, **options)


@pytest.mark.parametrize("way", list(OnDelete))
def test_a_record_that_stays_makes_the_commit_dangle(way: OnDelete) -> None:
    plan = planned(GONE, facts=reaching(member("product:1", "category", "category:1", way)))
    problem = only(plan, ProblemKind.DANGLING)
    assert problem.text == (
        "shop.category:1 is not in the commit, but shop.product:1 of the commit refers to it in category"
    )
    assert (problem.key, problem.permit) == (key("category:1"), "")


@pytest.mark.parametrize("way", list(OnDelete))
def test_records_that_go_or_get_another_value_are_no_problem(way: OnDelete) -> None:
    facts = reaching(
        member("product:1", "category", "category:1", way),
        member("product:2", "category", "category:1", way),
        existing=frozenset({key("category:2")}),
    )
    plan = planned(
        GONE,
        delete("product:1", category="shop.category:1"),
        update("product:2", category=("shop.category:1", "shop.category:2")),
        facts=facts,
    )
    assert plan.problems == ()
    assert said(plan) == ["delete product:1", "delete category:1", "update product:2 category"]


def test_a_row_without_licence_counts_as_outside() -> None:
    keep = {"shop": dataset("category", spec("product", delete_missing=False))}
    rows = [GONE, delete("product:1", category="shop.category:1")]
    facts = reaching(member("product:1", "category", "category:1"))
    only(planned(*rows, datasets=keep, facts=facts), ProblemKind.CASCADE)
    plan = planned(*rows, datasets=keep, facts=facts, allow_cascade=True)
    assert plan.problems == plan.withheld == ()
    assert said(plan) == ["cascade product:1", "delete category:1"]
    protect = reaching(member("product:1", "category", "category:1", OnDelete.PROTECT))
    only(planned(*rows, datasets=keep, facts=protect), ProblemKind.PROTECTED)


def test_what_another_dump_keeps_stays() -> None:
    facts = reaching(
        member("product:1", "category", "category:1"), kept={key("product:1"): "other"}
    )
    rows = [GONE, delete("product:1", category="shop.category:1")]
    only(planned(*rows, facts=facts), ProblemKind.DANGLING)


def test_a_column_that_is_no_content_is_cleared_or_forbids() -> None:
    def facts(way: OnDelete) -> Facts:
        return reaching(member("product:1", "owner", "category:1", way, managed=False))

    plan = planned(GONE, facts=facts(OnDelete.SET_NULL), allow_cascade=True)
    assert said(plan) == ["delete category:1", "clear product:1 owner"]
    only(planned(GONE, facts=facts(OnDelete.PROTECT)), ProblemKind.PROTECTED)
    problem = only(planned(GONE, facts=facts(OnDelete.CASCADE)), ProblemKind.DANGLING)
    assert problem.text == (
        "shop.category:1 is not in the commit, "
        "but shop.product:1 of the commit refers to it in owner, which is not content"
    )


def test_a_link_of_a_record_that_stays() -> None:
    tag = delete("tag:1", name="a")
    link = member("product:1", "tags", "tag:1", through=key("product_tags:9"))
    only(planned(tag, facts=reaching(link)), ProblemKind.DANGLING)
    ignoring = {"shop": dataset("tag", spec("product", ignore_missing_m2m=("tags",)))}
    plan = planned(tag, facts=reaching(link), datasets=ignoring)
    assert plan.problems == ()
    assert said(plan) == ["cascade product_tags:9", "delete tag:1"]
    assert [(str(each.key), each.field) for each in plan.withheld] == [("shop.product:1", "tags")]
    unlinked = update("product:1", tags=(["shop.tag:1"], []))
    assert said(planned(tag, unlinked, facts=reaching(link))) == [
        "delete tag:1",
        "update product:1 -tags=tag:1",
    ]


def test_a_link_of_a_row_outside() -> None:
    tag = delete("tag:1", name="a")
    link = referrer("product:1", "tags", "tag:1", through=key("product_tags:9"))
    only(planned(tag, facts=reaching(link)), ProblemKind.CASCADE)
    plan = planned(tag, facts=reaching(link), allow_cascade=True)
    assert said(plan) == ["cascade product_tags:9", "delete tag:1"]


def test_a_create_that_refers_to_what_goes_along() -> None:
    facts = reaching(
        referrer("tag:5", "category", "category:1"), existing=frozenset({key("tag:5")})
    )
    plan = planned(GONE, create("product:1", tags=["shop.tag:5"]), facts=facts, allow_cascade=True)
    only(plan, ProblemKind.DANGLING)


# Unique values


def holding(**slugs: str) -> Facts:
    """Which tag holds which slug."""
    return Facts(
        holders={("shop.tag", "slug", (slug,)): key(f"tag:{n[1:]}") for n, slug in slugs.items()}
    )


def test_rows_that_swap_values_are_parked() -> None:
    plan = planned(
        update("tag:1", slug=("a", "b")),
        update("tag:2", slug=("b", "a")),
        update("tag:3", slug=("c", "d")),
        facts=holding(t1="a", t2="b"),
    )
    assert plan.problems == ()
    assert said(plan) == [
        "park tag:1 slug",
        "park tag:2 slug",
        "update tag:1 slug",
        "update tag:2 slug",
        "update tag:3 slug",
    ]
    assert (plan.steps[0].before, plan.steps[0].after) == ("o tag:1", "")


def test_a_value_that_is_handed_on_is_parked_once() -> None:
    plan = planned(
        update("tag:1", slug=("a", "b"), name=("x", "y")),
        create("tag:2", slug="a"),
        facts=holding(t1="a"),
    )
    assert said(plan) == ["park tag:1 slug", "update tag:1 name slug", "create tag:2"]


def test_the_value_of_a_deleted_row_is_free() -> None:
    plan = planned(delete("tag:1", slug="a"), create("tag:2", slug="a"), facts=holding(t1="a"))
    assert said(plan) == ["delete tag:1", "create tag:2"]


def test_a_row_may_keep_its_value_in_another_spelling() -> None:
    assert said(
        planned(
            update("tag:1", slug=("a", "A")),
            facts=Facts(holders={("shop.tag", "slug", ("A",)): key("tag:1")}),
        )
    ) == ["update tag:1 slug"]


def test_a_row_that_stays_holds_its_value() -> None:
    plan = planned(create("tag:2", slug="a"), facts=holding(t1="a"))
    problem = only(plan, ProblemKind.UNIQUE)
    assert problem.text == (
        "shop.tag:2 wants the unique slug='a' of shop.tag:1, which holds and keeps it"
    )
    assert problem.permit == ""
    other = update("tag:1", name=("x", "y"))
    only(planned(create("tag:2", slug="a"), other, facts=holding(t1="a")), ProblemKind.UNIQUE)


def test_two_records_of_the_commit_want_one_value() -> None:
    problem = only(
        planned(create("tag:1", slug="a"), create("tag:2", slug="a")), ProblemKind.UNIQUE
    )
    assert problem.text == (
        "shop.tag:2 wants the unique slug='a' of shop.tag:1, which in the commit has it too"
    )


SEAT = schema(
    "shop.seat",
    text("row"),
    text("number"),
    to("guest", "shop.tag", null=True),
    text("about"),
    unique=(
        UniqueSet("place", ("row", "number")),
        UniqueSet("guest", ("guest",)),
        UniqueSet("about", ("about",)),
        UniqueSet("one", ("row",), nulls_distinct=False),
        UniqueSet("odd", ("number",), plain=False),
    ),
)
SEATS = {"models": {"shop.seat": SEAT}, "datasets": {"shop": dataset("seat")}}


def claims(*rows: object, **holders: str) -> list[Problem]:
    facts = existing(
        "tag:1",
        holders={("shop.seat", name, values): key("seat:9") for name, values in holders.items()},
    )
    return list(planned(*rows, facts=facts, **SEATS).problems)  # type: ignore[arg-type]


def test_sets_of_fields_nulls_and_fields_that_do_not_change() -> None:
    assert claims(create("seat:1", row="a", number="1"), place=("a", "1"))
    assert claims(update("seat:1", row=("b", "a"), number=("1", "1")), place=("a", "1"))
    assert claims(create("seat:1", guest="shop.tag:1"), guest=("shop.tag:1",))
    assert not claims(create("seat:1", guest=None), guest=(None,))
    assert claims(create("seat:1", row=None), one=(None,))
    assert not claims(create("seat:1", row="a"), place=("a", None))
    assert not claims(update("seat:1", guest=(None, "shop.tag:1")), one=("a",))
    half = {"content_type": "shop.kind:1", "object_id": None}
    assert not claims(create("seat:1", about=half), create("seat:2", about=half))


def test_values_that_python_alone_takes_for_equal_are_two() -> None:
    for one, other in ((1, True), ({"x": 1}, {"x": True}), ([0], [False]), (1, 1.0)):
        assert not claims(create("seat:1", about=one), create("seat:2", about=other))
    (problem,) = claims(
        create("seat:1", about={"x": [True]}), create("seat:2", about={"x": [True]})
    )
    assert "the unique about={'x': [True]} of" in problem.text


def test_where_only_the_database_can_tell_all_changing_rows_are_parked() -> None:
    one, two = update("seat:1", number=("1", "2")), update("seat:2", number=("2", "1"))
    new = create("seat:3", row="x")
    assert said(planned(one, **SEATS)) == ["update seat:1 number"]  # type: ignore[arg-type]
    parks = ["park seat:1 number", "park seat:2 number"]
    assert said(planned(one, two, **SEATS))[:2] == parks  # type: ignore[arg-type]
    assert said(planned(one, new, **SEATS))[:1] == parks[:1]  # type: ignore[arg-type]
    other = update("seat:4", guest=("shop.tag:2", None))
    assert said(planned(one, other, **SEATS))[0] == "update seat:1 number"  # type: ignore[arg-type]


def test_an_edited_row_is_parked_too() -> None:
    plan = planned(
        candidate("tag:1", {"slug": "x"}, {"slug": "a"}, {"slug": "b"}),
        create("tag:2", slug="a"),
        facts=holding(t1="a"),
        force=True,
    )
    assert said(plan) == ["park tag:1 slug", "update tag:1 slug", "create tag:2"]

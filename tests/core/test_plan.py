"""What a plan does, refuses and withholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from contentgit.content.diff import ABSENT
from contentgit.content.records import JSON_NULL, Record
from contentgit.content.schema import UUID_NAME, FieldKind, FieldSchema, ModelSchema
from contentgit.content.uuids import new_uuid, uuid_of
from contentgit.errors import FormatError
from contentgit.plan import Size
from contentgit.plan.facts import Facts
from contentgit.plan.steps import Action, FieldState, Links, ProblemKind, Step, Withheld
from contentgit.specs import OWNED
from tests.core.planning import (
    CATEGORY,
    MODELS,
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


def test_nothing_differs() -> None:
    plan = planned()
    assert plan.empty
    assert plan.counts == {}


def test_one_of_each() -> None:
    plan = planned(
        update("tag:1", name=("a", "b"), slug=("s", "s")),
        create("tag:2", name="c", slug="c"),
        delete("tag:3", name="d", slug="d"),
    )
    assert plan.problems == plan.withheld == ()
    assert plan.steps == (
        Step(Action.DELETE, key("tag:3"), "shop", before="o tag:3"),
        Step(Action.UPDATE, key("tag:1"), "shop", ("name",), (), "o tag:1", "t tag:1"),
        Step(Action.CREATE, key("tag:2"), "shop", after="t tag:2"),
    )
    assert plan.counts == {Action.DELETE: 1, Action.UPDATE: 1, Action.CREATE: 1}


def test_rows_with_uuids_are_made_in_the_order_of_their_age() -> None:
    """Projects sort by primary keys. A UUID of a key from before says none."""
    models = {**MODELS, "shop.tag": schema("shop.tag", text("name"), identity=(UUID_NAME,))}
    new, old, older = (new_uuid(pk) for pk in (300, 20, 1))
    other = uuid_of("7")
    made = planned(
        *(create(f"tag:{each}", name="x") for each in (new, other, older, old)), models=models
    )
    assert [step.key.key for step in made.steps] == [other, older, old, new]


def test_many_to_many_fields_change_by_what_is_added_and_removed() -> None:
    tags = (["shop.tag:1", "shop.tag:2"], ["shop.tag:10", "shop.tag:2"])
    plan = planned(update("product:1", tags=tags), facts=existing("tag:10"))
    (step,) = plan.steps
    assert step.fields == ()
    assert step.links == (Links("tags", ("shop.tag:10",), ("shop.tag:1",)),)


def test_a_create_adds_links_and_a_delete_removes_them() -> None:
    plan = planned(
        create("product:1", tags=["shop.tag:1"]),
        create("product:2", tags=[]),
        delete("product:3", tags=["shop.tag:1"]),
        facts=existing("tag:1"),
    )
    assert said(plan) == [
        "delete product:3 -tags=tag:1",
        "create product:1 +tags=tag:1",
        "create product:2",
    ]


def test_values_are_compared_as_content_not_as_python_does() -> None:
    models = {"shop.tag": schema("shop.tag", FieldSchema("data", FieldKind.JSON))}
    for before, after in [({"x": 1}, {"x": True}), (1, 1.0), (0.0, -0.0), (None, JSON_NULL)]:
        assert said(planned(update("tag:1", data=(before, after)), models=models)) == [
            "update tag:1 data"
        ]
    assert planned(update("tag:1", data=({"a": 1, "b": 2}, {"b": 2, "a": 1})), models=models).empty


def test_a_field_that_one_side_does_not_have_is_not_managed() -> None:
    plan = planned(candidate("tag:1", {"name": "a"}, {"name": "a", "slug": "s"}, {"name": "a"}))
    assert plan.empty
    plan = planned(candidate("tag:1", {"name": "a"}, {"name": "a"}, {"name": "a", "slug": "s"}))
    assert plan.empty


# The target's own edits


def test_an_edited_field_that_would_be_overwritten_is_drift() -> None:
    edited = candidate(
        "tag:1",
        {"name": "a", "slug": "s"},
        {"name": "here", "slug": "s"},
        {"name": "a", "slug": "t"},
    )
    problem = only(planned(edited), ProblemKind.DRIFT)
    assert problem.text == "shop.tag:1 was edited here and would be overwritten: name"
    assert problem.permit == "--force"
    assert problem.fields == (FieldState("name", "a", "here", "a"),)
    plan = planned(edited, force=True)
    assert plan.problems == ()
    assert plan.overwritten == (key("tag:1"),)
    assert said(plan) == ["update tag:1 name slug"]


def test_an_edit_that_the_commit_has_too_or_leaves_alone_is_no_drift() -> None:
    plan = planned(
        candidate(
            "tag:1",
            {"name": "a", "slug": "s"},
            {"name": "b", "slug": "s"},
            {"name": "b", "slug": "t"},
        ),
        candidate("tag:2", {"slug": "s"}, {"name": "", "slug": "s"}, {"name": "c", "slug": "s"}),
    )
    assert plan.problems == ()
    assert plan.overwritten == ()
    assert said(plan) == ["update tag:1 slug", "update tag:2 name"]


def test_a_field_that_the_applied_commit_did_not_have_may_have_been_filled_here() -> None:
    plan = planned(
        candidate("tag:1", {"slug": "s"}, {"name": "b", "slug": "s"}, {"name": "c", "slug": "s"}),
        candidate("tag:2", {"slug": "t"}, {"name": "b", "slug": "t"}, None),
    )
    assert [each.fields for each in plan.problems] == [
        (FieldState("name", ABSENT, "b", "c"),),
        (FieldState("name", ABSENT, "b", ABSENT),),
    ]
    assert plan.overwritten == (key("tag:1"), key("tag:2"))


def test_a_row_created_here_would_be_overwritten_or_deleted() -> None:
    plan = planned(
        candidate("tag:1", None, {"name": "a"}, {"name": "b"}),
        candidate("tag:2", None, {"name": "a"}, None),
    )
    assert [each.text for each in plan.problems] == [
        "shop.tag:1 would be overwritten, it is in no applied commit: name",
        "shop.tag:2 would be deleted: it is in no applied commit",
    ]
    assert plan.problems[0].fields == (FieldState("name", ABSENT, "a", "b"),)
    assert plan.overwritten == (key("tag:1"), key("tag:2"))


def test_the_first_apply_says_so() -> None:
    plan = planned(candidate("tag:1", None, {"name": "a"}, {"name": "b"}), first={"shop"})
    assert only(plan, ProblemKind.DRIFT).text == (
        "shop.tag:1 would be overwritten, nothing was applied here yet: name"
    )


def test_an_edited_row_would_be_deleted() -> None:
    plan = planned(candidate("tag:1", {"name": "a"}, {"name": "b"}, None))
    problem = only(plan, ProblemKind.DRIFT)
    assert problem.text == "shop.tag:1 would be deleted: name edited here"
    assert problem.fields == (FieldState("name", "a", "b", ABSENT),)


def test_a_row_deleted_here_would_be_created_again() -> None:
    gone = candidate("tag:1", {"name": "a"}, None, {"name": "b"})
    assert only(planned(gone), ProblemKind.DRIFT).text == (
        "shop.tag:1 was deleted here and would be created again"
    )
    assert said(planned(gone, force=True)) == ["create tag:1"]


COUNTED = schema("shop.tag", text("name"), FieldSchema("count", FieldKind.INTEGER, derived=True))


def test_drift_in_derived_fields_alone_refuses_nothing_and_is_backed_up() -> None:
    models = {**MODELS, "shop.tag": COUNTED}
    plan = planned(
        candidate("tag:1", {"count": 1}, {"count": 2}, {"count": 3}),
        candidate("tag:2", {"name": "a", "count": 1}, {"name": "a", "count": 2}, None),
        candidate("tag:3", {"name": "a", "count": 1}, {"name": "a", "count": 2}, {"name": "b"}),
        models=models,
    )
    assert plan.problems == ()
    assert said(plan) == ["delete tag:2", "update tag:1 count", "update tag:3 name"]
    assert plan.overwritten == (key("tag:1"), key("tag:2"))


def test_of_fields_that_are_one_value_each_is_overwritten_with_the_others() -> None:
    fields = (text("amount"), text("currency"), text("name"))
    money = replace(schema("shop.tag", *fields), together=(("amount", "currency"),))
    before = {"amount": "100", "currency": "EUR", "name": "a"}
    yen = {"currency": "JPY"}
    problem = only(
        planned(
            candidate("tag:1", before, before | yen, before | yen | {"amount": "120"}),
            candidate("tag:2", before, before | yen, before | yen | {"name": "b"}),
            candidate("tag:3", {"amount": "1"}, {"amount": "1"} | yen, {"amount": "2"} | yen),
            models={**MODELS, "shop.tag": money},
        ),
        ProblemKind.DRIFT,
    )
    assert problem.key == key("tag:1")
    assert problem.fields == (
        FieldState("amount", "100", "100", "120"),
        FieldState("currency", "EUR", "JPY", "JPY"),
    )


def test_of_a_drifting_record_derived_fields_are_not_listed() -> None:
    models = {**MODELS, "shop.tag": COUNTED}
    before = {"name": "a", "count": 1}
    plan = planned(
        candidate("tag:1", before, {"name": "b", "count": 2}, {"name": "c", "count": 3}),
        candidate("tag:2", before, {"name": "b", "count": 2}, None),
        models=models,
    )
    assert [[state.name for state in each.fields] for each in plan.problems] == [["name"]] * 2
    assert plan.overwritten == (key("tag:1"), key("tag:2"))


def test_a_first_apply_adopts_records_that_differ_in_derived_fields_alone() -> None:
    plan = planned(
        candidate("tag:1", None, {"name": "a", "count": 1}, {"name": "a", "count": 2}),
        models={**MODELS, "shop.tag": COUNTED},
        first={"shop"},
    )
    assert plan.problems == ()
    assert said(plan) == ["update tag:1 count"]


def test_deleted_on_both_sides_is_nothing() -> None:
    assert planned(candidate("tag:1", {"name": "a"}, None, None)).empty


# Deletes and their licences


def test_a_row_without_licence_stays() -> None:
    keep = {"shop": dataset(spec("tag", delete_missing=False))}
    plan = planned(delete("tag:1", name="a"), datasets=keep)
    assert plan.steps == plan.problems == ()
    assert plan.withheld == (Withheld(key("tag:1"), "", "delete_missing is not set for shop.tag"),)


def test_edits_of_a_row_that_stays_are_no_drift() -> None:
    keep = {"shop": dataset(spec("tag", delete_missing=False))}
    plan = planned(candidate("tag:1", None, {"name": "a"}, None), datasets=keep)
    assert plan.problems == plan.overwritten == ()


def test_with_several_specs_the_one_that_matches_the_row_decides() -> None:
    mixed = {"shop": dataset(spec("tag"), spec("tag", delete_missing=False))}
    rows = [delete("tag:1", name="a"), delete("tag:2", name="b")]
    plan = planned(*rows, datasets=mixed, facts=Facts(licensed=frozenset({("shop", key("tag:2"))})))
    assert said(plan) == ["delete tag:2"]
    assert [each.key for each in plan.withheld] == [key("tag:1")]


def test_only_records_that_were_held_are_deleted() -> None:
    owned = {"shop": dataset(spec("tag", delete_missing=OWNED))}
    rows = [candidate("tag:1", None, {"name": "a"}, None), delete("tag:2", name="b")]
    plan = planned(*rows, datasets=owned, held={("shop", key("tag:2")), ("other", key("tag:1"))})
    assert said(plan) == ["delete tag:2"]
    assert plan.problems == plan.overwritten == ()
    why = "no commit applied or made here before had it (delete_missing: 'owned')"
    assert plan.withheld == (Withheld(key("tag:1"), "", why),)


def test_a_record_that_was_held_and_made_again_is_drift() -> None:
    owned = {"shop": dataset(spec("tag", delete_missing=OWNED))}
    row = candidate("tag:1", None, {"name": "a"}, None)
    plan = planned(row, datasets=owned, held={("shop", key("tag:1"))})
    assert only(plan, ProblemKind.DRIFT).key == key("tag:1")


def test_owned_beside_other_licences() -> None:
    """Only which filter matches the row tells which of the specs counts."""
    row = delete("tag:1", name="a")
    for other, held, deletes in ((True, True, True), (True, False, False), (False, True, False)):
        both = dataset(spec("tag", delete_missing=OWNED), spec("tag", delete_missing=other))
        found = {("shop", key("tag:1"))} if held else set()
        assert bool(planned(row, datasets={"shop": both}, held=found).steps) == deletes


def test_a_limit_on_deletes() -> None:
    rows = [delete(f"tag:{number}", name="a") for number in range(3)]
    assert planned(*rows, max_deletes=3).problems == ()
    problem = only(planned(*rows, max_deletes=2), ProblemKind.MAX_DELETES)
    assert problem.text == "3 rows would be deleted, more than --max-deletes 2"
    assert problem.permit == "--max-deletes 3"
    sizes = {"shop": Size(30, 30, 27)}
    assert planned(*rows, sizes=sizes, max_deletes_percent=10).problems == ()
    problem = only(planned(*rows, sizes=sizes, max_deletes_percent=9.9), ProblemKind.MAX_DELETES)
    assert problem.text == "3 rows would be deleted, more than --max-deletes 9.9% of 30"


@pytest.mark.parametrize(
    ("size", "first", "where"),
    [
        (Size(3, 3, 0), (), "the applied commit"),
        (Size(3, 0, 0), (), "the applied commit"),
        (Size(0, 3, 0), ("shop",), "this database"),
    ],
)
def test_an_empty_commit_is_stopped(size: Size, first: tuple[str, ...], where: str) -> None:
    problem = only(planned(sizes={"shop": size}, first=first), ProblemKind.EMPTY)
    assert problem.text == f"shop is empty in the commit and has 3 records in {where}"
    assert problem.permit == "--allow-empty"
    assert planned(sizes={"shop": size}, first=first, allow_empty=True).empty


def test_an_empty_commit_on_empty_ground_is_fine() -> None:
    assert planned(sizes={"shop": Size(0, 0, 0)}, first={"shop"}).empty
    assert planned(sizes={"shop": Size(0, 5, 0)}).empty


# What the code does not know


def test_a_field_that_the_model_does_not_have() -> None:
    rows = [create("tag:1", name="a", colour="red"), create("tag:2", name="b", colour="blue")]
    problem = only(planned(*rows), ProblemKind.FIELD)
    assert problem.text == "shop.tag has no field colour, but 2 records of the commit have it"
    assert problem.permit == "--ignore-unknown-fields"
    plan = planned(*rows, ignore_unknown_fields=True)
    assert plan.problems == ()
    assert [(str(each.key), each.field) for each in plan.withheld] == [
        ("shop.tag:1", "colour"),
        ("shop.tag:2", "colour"),
    ]


def test_an_excluded_field_is_ignored_in_silence() -> None:
    without = {"shop": dataset(spec("tag", exclude=("colour",)))}
    plan = planned(create("tag:1", name="a", colour="red"), datasets=without)
    assert plan.problems == plan.withheld == ()


def test_a_model_outside_the_dataset() -> None:
    problem = only(planned(create("auth.user:1", name="root")), ProblemKind.MODEL)
    assert problem.text == (
        "shop of the commit has 1 record of auth.user, a model the dataset does not have"
    )
    assert problem.permit == "--ignore-unknown-models"
    only(planned(create("page:1", title="a"), datasets={"shop": dataset("tag")}), ProblemKind.MODEL)


@pytest.mark.parametrize("value", [5, "nonsense", ["shop.category:1"], {"a": 1}, "shop.category:"])
def test_no_reference_in_a_reference_field(value: object) -> None:
    with pytest.raises(FormatError, match=r"shop\.product:1: field category holds"):
        planned(create("product:1", category=value))


@pytest.mark.parametrize("value", [5, None, "shop.tag:1", [1], {}])
def test_no_references_in_a_many_to_many_field(value: object) -> None:
    with pytest.raises(FormatError, match=r"shop\.product:1: field tags holds"):
        planned(create("product:1", tags=value))


# Order


def test_the_order_of_steps() -> None:
    plan = planned(
        create("product:1", category="shop.category:2"),
        create("category:2", name="a"),
        create("category:10", name="a"),
        delete("category:3", name="b"),
        delete("product:3", name="b"),
        update("product:2", name=("a", "b")),
        update("category:1", name=("a", "b")),
        facts=existing("category:1"),
    )
    assert said(plan) == [
        "delete product:3",
        "delete category:3",
        "update category:1 name",
        "update product:2 name",
        "create category:2",
        "create category:10",
        "create product:1",
    ]


LOCAL = {
    "shop.tag": schema(
        "shop.tag", text("slug"), to("parent", "shop.tag", null=True), identity=("slug",)
    ),
    "shop.a": schema("shop.a", to("tag", "shop.tag"), to("z", "shop.z")),
    "shop.z": schema("shop.z", to("a", "shop.a")),
    "shop.note": schema("shop.note", to("about", "")),
}
LOCALS = {"shop": dataset("tag", "a", "z", "note")}


def test_rows_with_local_keys_come_before_those_that_refer_to_them() -> None:
    plan = planned(
        create("tag:b", parent="shop.tag:z"),
        create("tag:c", parent=None),
        create("tag:z", parent="shop.tag:y"),
        create("tag:y", parent=None),
        create("a:1", tag="shop.tag:b"),
        create("z:1", a="shop.a:1"),
        create("note:1", about="shop.tag:c"),
        update("a:2", tag=("shop.tag:old", "shop.tag:b")),
        update("a:3", tag=("shop.tag:old", "shop.tag:older")),
        models=LOCAL,
        datasets=LOCALS,
        facts=existing("tag:older"),
    )
    assert plan.problems == ()
    order = said(plan)
    assert order[0] == "update a:3 tag"
    assert order[1:5] == ["create tag:c", "create tag:y", "create tag:z", "create tag:b"]
    assert sorted(order[5:8]) == ["create a:1", "create note:1", "create z:1"]
    assert order[8] == "update a:2 tag"


def test_a_long_chain_of_local_keys() -> None:
    count = 5000
    rows = [
        create(
            f"tag:{number:04}", parent=f"shop.tag:{number + 1:04}" if number < count - 1 else None
        )
        for number in range(count)
    ]
    plan = planned(*rows, models=LOCAL, datasets=LOCALS)
    assert [step.key.key for step in plan.steps] == [f"{n:04}" for n in reversed(range(count))]


SLUG = ("slug",)


def circle(front: FieldSchema, *, album: tuple[str, ...] = SLUG) -> Mapping[str, ModelSchema]:
    """Albums with photos, one of them in front, both named by their slugs."""
    photo = schema("shop.photo", to("album", "shop.album"), text("slug"), identity=SLUG)
    other = to("shown", "shop.album")
    jar = schema("shop.jar", replace(other, by_value=True))
    return {
        "shop.album": schema("shop.album", front, text("slug"), identity=album),
        "shop.photo": photo,
        "shop.jar": jar,
    }


CIRCLE = {"shop": dataset("album", "photo", "jar")}


@pytest.mark.parametrize("null", [True, False])
def test_a_circle_is_cut_where_a_reference_may_be_empty(null: bool) -> None:
    """If neither may be, another value stands in for one of them."""
    plan = planned(
        *(create(f"album:{slug}", front=f"shop.photo:{slug}") for slug in "ab"),
        *(create(f"photo:{slug}", album=f"shop.album:{slug}") for slug in "ab"),
        models=circle(to("front", "shop.photo", null=null)),
        datasets=CIRCLE,
    )
    albums, photos = (["create album:a", "create album:b"], ["create photo:a", "create photo:b"])
    assert (said(plan), plan.problems) == ([*albums, *photos], ())


def test_a_circle_is_never_cut_where_a_reference_names_its_record() -> None:
    plan = planned(
        create("album:a", front="shop.photo:a"),
        create("photo:a", album="shop.album:a"),
        models=circle(to("front", "shop.photo", null=True), album=("front", "slug")),
        datasets=CIRCLE,
    )
    assert said(plan) == ["create photo:a", "create album:a"]


def test_a_model_that_is_referred_to_by_another_value_makes_no_other_reference_wait() -> None:
    models = circle(to("front", "shop.photo"), album=())
    models = {**models, "shop.photo": schema("shop.photo", to("album", "shop.album"))}
    late, early = (
        update("jar:1", shown=("shop.album:0", "shop.album:1")),
        update("photo:7", album=("shop.album:0", "shop.album:1")),
    )
    plan = planned(
        create("album:1", front="shop.photo:1"),
        create("photo:1", album="shop.album:1"),
        late,
        early,
        models=models,
        datasets=CIRCLE,
    )
    order = said(plan)
    assert order[0] == "update photo:7 album"
    assert order[-1] == "update jar:1 shown"


def test_the_base_of_a_record_may_have_other_fields() -> None:
    old = Record(key("category:1"), {"colour": "red", "name": "a"})
    row = candidate(
        "category:1", old.fields, {"name": "a", "parent": None}, {"name": "b", "parent": None}
    )
    assert said(planned(row, models={"shop.category": CATEGORY})) == ["update category:1 name"]

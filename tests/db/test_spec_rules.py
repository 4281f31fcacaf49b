"""What the models say to a spec. No query is made, so no test here has a database."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import models
from django.test.utils import isolate_apps

from contentgit.datasets import DatasetDefinition, specs_for_models
from contentgit.db.coverage import unheld_problems
from contentgit.db.spec_rules.models import has_uuid_key
from contentgit.specs import ModelSpec
from tests.bakery.models import Tag
from tests.fieldzoo.models import SharedKey
from tests.odd.models import ProxySection
from tests.workshop.models import Outline
from tests.zoo.models import Leaf, Pair, Passport, Tie


def define(raws: list[Any]) -> DatasetDefinition:
    return DatasetDefinition("shop", lambda args: raws)


def problems_of(*specs: object) -> list[tuple[str, str]]:
    """Ids and messages of what is wrong with a dataset of these specs."""
    return [(p.id, p.message) for p in define(list(specs)).evaluate()[1]]


def hints_of(*specs: object) -> list[str]:
    return [p.hint for p in define(list(specs)).evaluate()[1]]


@pytest.mark.parametrize("half", ["object_id", "content_type", "content_type__model"])
def test_half_a_generic_key_names_nothing(half: str) -> None:
    raw = {"model": "fronts.grant", "identity": ["who", half]}
    message = f"'identity' names {half!r}, one column of the generic foreign key 'about'"
    assert problems_of(raw) == [("contentgit.E042", message)]
    assert hints_of(raw) == ["name 'about': its columns hold keys of this database alone"]
    assert problems_of({**raw, "identity": ["who", "about"]}) == []


@pytest.mark.parametrize(
    ("raw", "message", "hint"),
    [
        (
            {"model": "bakery.page"},
            ", whose identity is not 'uuid'",
            "remove it: it means nothing here",
        ),
        (
            {"model": "bakery.newspage", "identity": "uuid"},
            ", whose primary key is that of bakery.page",
            "write it into the spec of bakery.page",
        ),
        (
            {"model": "fieldzoo.uuidkey", "identity": "uuid"},
            ", whose primary key id is no number",
            "remove it: it means nothing here",
        ),
        ({"model": "bakery.page", "identity": "uuid"}, "", ""),
    ],
)
def test_primary_keys_that_are_not_kept(raw: dict[str, Any], message: str, hint: str) -> None:
    said = [("contentgit.E031", f"'keep_pk' of {raw['model']}{message}")] if message else []
    assert problems_of({**raw, "keep_pk": True}) == said
    assert hints_of({**raw, "keep_pk": True}) == ([hint] if hint else [])


# Models


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("bakery.produkt", "did you mean 'bakery.product'?"),
        ("bakry.product", "is the app 'bakry' in INSTALLED_APPS? did you mean 'bakery.product'?"),
        ("odd.named", None),
    ],
)
def test_models_that_do_not_exist(model: str, hint: str | None) -> None:
    assert problems_of({"model": model}) == [("contentgit.E022", f"there is no model {model!r}")]
    assert hint is None or hints_of({"model": model}) == [hint]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("odd.proxysection", "is a proxy of odd.section"),
        ("odd.foreign", "is not managed by Django"),
        ("odd.replaced", "is swapped for bakery.Tag"),
        ("bakery.product_tags", "belongs to a many-to-many field of bakery.product"),
    ],
)
def test_models_without_rows_of_their_own_are_skipped(model: str, reason: str) -> None:
    raws = [{"model": model}, {"model": "bakery.tag"}]
    assert problems_of(*raws) == [("contentgit.W006", f"{model} {reason}; the spec is skipped")]
    assert define(raws).dump().models == ("bakery.tag",)


def test_a_helper_given_a_proxy_says_so_too() -> None:
    assert [number for number, _ in problems_of(*specs_for_models([ProxySection]))] == [
        "contentgit.W006"
    ]


# Filters


def test_filters_are_taken_as_they_are() -> None:
    tags = Tag.objects.filter(slug="a")
    lookups = {
        "category__slug__in": {"a", "b"},
        "tags__in": tags,
        "price__gte": 3,
        "created__year": 2026,
        "pk__in": [],
    }
    (spec,) = define([{"model": "bakery.product", "filter": lookups}]).dump().specs
    assert spec.filter == lookups
    assert spec.filter["tags__in"] is tags


def test_every_wrong_lookup_is_told() -> None:
    lookups = {"colour": 3, "slug__like": "a", "pk": "x", "created": "now", "pk__in": 3}
    found = problems_of({"model": "bakery.product", "filter": lookups})
    assert [number for number, _message in found] == [
        "contentgit.E023",
        "contentgit.E023",
        "contentgit.E024",
        "contentgit.E024",
        "contentgit.E024",
    ]
    assert found[0][1].startswith(
        "'filter' has 'colour', which bakery.product refuses: "
        "FieldError: Cannot resolve keyword 'colour' into field."
    )
    assert found[2][1] == (
        "'filter' has 'pk', which bakery.product refuses: "
        "ValueError: Field 'id' expected a number but got 'x'."
    )


# Names of fields


def test_names_of_fields_that_do_not_exist() -> None:
    spec = {
        "model": "bakery.product",
        "ignore_missing_m2m": ["tag", "category"],
        "defer_values": ["slgu"],
        "exclude": ["changd", "category_id", "ingredients"],
    }
    assert problems_of(spec) == [
        (
            "contentgit.E025",
            f"'{key}' names '{name}', which is not a {what} of bakery.product",
        )
        for key, name, what in (
            ("ignore_missing_m2m", "tag", "many-to-many field"),
            ("ignore_missing_m2m", "category", "many-to-many field"),
            ("defer_values", "slgu", "field"),
            ("exclude", "changd", "field"),
            ("exclude", "category_id", "field"),
            ("exclude", "ingredients", "field"),
        )
    ]
    assert hints_of(spec)[0] == "did you mean 'tags'?"


def test_fields_that_may_be_excluded() -> None:
    names = ["name", "size", "rating", "weight", "double", "changed", "sections"]
    (spec,) = define([{"model": "odd.article", "exclude": names}]).dump().specs
    assert spec.exclude == tuple(names)


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        (
            {"model": "bakery.product", "exclude": ["id"]},
            "'exclude' names 'id', which is the primary key",
            "remove it, or name another field",
        ),
        (
            {"model": "bakery.newspage", "exclude": ["page_ptr"]},
            "'exclude' names 'page_ptr', which is the primary key",
            "remove it, or name another field",
        ),
        (
            {"model": "odd.line", "exclude": ["position"]},
            "'exclude' names 'position', which is the primary key",
            "remove it, or name another field",
        ),
        (
            {"model": "bakery.newspage", "exclude": ["title"]},
            "'exclude' names 'title', which is a field of bakery.page",
            "name it in the spec of bakery.page",
        ),
        (
            {"model": "odd.article", "exclude": ["number"]},
            (
                "'exclude' names 'number', which must have a value and has no default: "
                "no row could be created"
            ),
            "give the field a default, a db_default or null=True, or keep it",
        ),
        (
            {"model": "odd.article", "exclude": ["section"]},
            (
                "'exclude' names 'section', which must have a value and has no default: "
                "no row could be created"
            ),
            "give the field a default, a db_default or null=True, or keep it",
        ),
        (
            {"model": "bakery.tag", "exclude": ["slug"], "identity": ["slug"]},
            "'exclude' names 'slug', which 'identity' needs",
            "remove it from one of them",
        ),
    ],
)
def test_fields_that_may_not_be_excluded(spec: dict[str, Any], message: str, hint: str) -> None:
    assert problems_of(spec) == [("contentgit.E026", message)]
    assert hints_of(spec) == [hint]


def test_fields_that_no_record_can_hold() -> None:
    spec = {"model": "workshop.place"}
    assert problems_of(spec) == [
        (
            "contentgit.E049",
            (
                "no record can hold field 'shape' of workshop.place: "
                "contentgit has no codec for Outline"
            ),
        )
    ]
    assert hints_of(spec) == [
        (
            "leave it out of the dataset: 'exclude': ['shape'], or write a codec for its class and "
            'name that in CONTENTGIT["CODECS"]'
        )
    ]
    assert problems_of({**spec, "exclude": ["shape"]}) == [
        ("contentgit.W014", "'exclude' names 'shape', which must have a value and has no default")
    ]


@isolate_apps("tests.workshop")
def test_a_key_that_no_record_can_hold_is_not_to_be_excluded() -> None:
    class Outlined(models.Model):
        shape = Outline(primary_key=True)

        class Meta:
            app_label = "workshop"

    (problem,) = unheld_problems(Outlined, (), "here")
    assert problem.hint == (
        'write a codec for its class and name that in CONTENTGIT["CODECS"], or leave workshop.outlined '
        "out of the dataset"
    )


def test_primary_keys_that_are_uuids_are_the_same_on_all_sites() -> None:
    """Also that of a child, which has its parent's; a text, a number, a key of several columns are none."""
    found = {each for each in (Tie, Leaf, SharedKey, Passport, Pair, Tag) if has_uuid_key(each)}
    assert found == {Tie, Leaf, SharedKey}


# Orders and derived fields


def test_orders_and_derived_fields() -> None:
    raws: list[Any] = [
        {"model": "odd.article", "order": {"number": ["section", "slug"], "size": []}},
        {"model": "odd.section", "derived": ["name", "slug"]},
    ]
    assert problems_of(*raws) == []
    article, section = define(raws).dump().specs
    assert article.order == {"number": ("section", "slug"), "size": ()}
    assert section.derived == ("name", "slug")


def test_relations_that_lead_to_what_the_site_computes() -> None:
    raws: list[Any] = [
        {"model": "brands.brand", "derived": ["year", "remarks", "item_set", "motto"]},
        {"model": "brands.store", "derived": ["visit_set", "choice", "friends+"]},
    ]
    assert [f"{number[-4:]} {message}" for number, message in problems_of(*raws)] == [
        "E025 'derived' names 'visit_set', which is not a field of brands.store",  # its parent's
        "E025 'derived' names 'choice', which is not a field of brands.store",
        "E025 'derived' names 'friends+', which is not a field of brands.store",
    ]


def test_orders_that_cannot_be() -> None:
    spec = {
        "model": "odd.article",
        "order": {
            "slug": [],
            "numbr": [],
            "double": [],
            "id": [],
            "number": ["number", "sectoin", "changed", "id"],
            "size": [],
        },
        "exclude": ["changed", "rating"],
        "derived": ["size", "id", "rating", "sise", "section"],
        "identity": ["section__slug", "slug"],
    }
    assert [f"{number[-4:]} {message}" for number, message in problems_of(spec)] == [
        "E025 'order' names 'numbr', which is not a field of odd.article",
        "E025 'derived' names 'sise', which is not a field of odd.article",
        "E032 'order' names 'slug', which is not an integer",
        "E032 'order' names 'double', which the database computes",
        "E032 'order' names 'id', which is the primary key",
        "E032 'order' orders 'number' within 'number', which is the same field",
        "E025 'order' orders 'number' within 'sectoin', which is not a column of odd.article",
        "E032 'order' orders 'number' within 'changed', which 'exclude' leaves out",
        "E032 'order' orders 'number' within 'id', which is the primary key",
        "E032 'order' names 'size', which 'derived' names too",
        "E033 'derived' names 'id', which is the primary key",
        "E033 'derived' names 'rating', which 'exclude' leaves out",
        "E033 'derived' names 'section', which 'identity' needs",
    ]
    assert all(hints_of(spec))


def test_fields_that_go_together() -> None:
    assert problems_of({"model": "odd.article", "together": [["slug", "section"]]}) == []
    spec = {
        "model": "odd.article",
        "together": [
            ["slug", "numbr", "double", "id", "section"],
            ["rating", "size", "number", "rating2"],
            ["slug", "changed"],
        ],
        "order": {"number": []},
        "exclude": ["rating"],
        "derived": ["size"],
        "identity": ["section__slug", "slug"],
    }
    found = [f"{number[-4:]} {message}" for number, message in problems_of(spec)]
    assert [each for each in found if each[5:].startswith("'together'")] == [
        "E034 'together' names 'slug', which 'identity' needs",
        "E025 'together' names 'numbr', which is not a column of odd.article",
        "E034 'together' names 'double', which the database computes",
        "E034 'together' names 'id', which is the primary key",
        "E034 'together' names 'section', which 'identity' needs",
        "E034 'together' names 'rating', which 'exclude' leaves out",
        "E034 'together' names 'size', which 'derived' names too",
        "E034 'together' names 'number', which 'order' names too",
        "E025 'together' names 'rating2', which is not a column of odd.article",
        "E034 'together' names 'slug', which 'identity' needs",
        "E035 'together' names 'slug' in several groups",
        "E034 'together' names 'changed', of which a merge takes the newer one (auto_now)",
    ]
    assert all(hints_of(spec))
    spec["together"] = [["sections", "weight"]]
    message = "'together' names 'sections', which is not a column of odd.article"
    assert ("contentgit.E025", message) in problems_of(spec)


def test_generic_references_go_together_with_others() -> None:
    spec = {"model": "fieldzoo.texttag", "together": [["weight", "item"]]}
    assert problems_of(spec) == []
    wrong = {"model": "fieldzoo.texttag", "together": [["weight", "key"]]}
    message = "'together' names 'key', which is a part of 'item'"
    assert problems_of(wrong) == [("contentgit.E034", message)]


def test_orders_and_generic_references() -> None:
    spec = {"model": "fieldzoo.texttag", "order": {"weight": ["item"]}}
    assert problems_of(spec) == []
    wrong = {"model": "fieldzoo.texttag", "order": {"weight": ["key"]}}
    message = "'order' orders 'weight' within 'key', which is a part of 'item'"
    assert problems_of(wrong) == [("contentgit.E032", message)]
    assert hints_of(wrong) == ["name 'item', where a reference can be"]
    wrong = {"model": "fieldzoo.numbertag", "order": {"object_id": []}}
    message = "'order' names 'object_id', which is a part of 'item'"
    assert problems_of(wrong) == [("contentgit.E032", message)]


def test_fields_of_a_parent_are_declared_there() -> None:
    spec = {"model": "bakery.newspage", "derived": ["title"]}
    assert problems_of(spec) == [
        ("contentgit.E033", "'derived' names 'title', which is a field of bakery.page")
    ]
    assert hints_of(spec) == ["name it in the spec of bakery.page"]


# Identity


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        ("bakery.tag", ["slug"]),
        ("bakery.tag", ["slug", "name"]),
        ("bakery.tag", ["id"]),
        ("bakery.ingredient", ["product", "name"]),
        ("bakery.ingredient", ["product__slug", "name"]),
        ("bakery.ingredient", ["product__category__slug", "product__slug", "name"]),
        ("bakery.newspage", ["slug"]),
        ("bakery.newspage", ["page_ptr__slug"]),
        ("odd.article", ["section__slug", "slug"]),
        ("odd.extended", ["tag__slug"]),
        ("odd.line", ["section__slug", "position"]),
    ],
)
def test_fields_that_name_a_row(model: str, identity: list[str]) -> None:
    raw = {"model": model, "identity": identity}
    assert problems_of(raw) == []
    assert define([raw]).dump().specs[0].identity == tuple(identity)


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        ("bakery.tag", ["name"]),
        ("bakery.ingredient", ["name"]),
        ("bakery.ingredient", ["product__name", "name"]),
        ("odd.halfnatural", ["number"]),  # unique on a condition only
        ("odd.article", ["section__slug"]),
        ("odd.line", ["section"]),
    ],
)
def test_fields_that_do_not_name_one_row(model: str, identity: list[str]) -> None:
    assert problems_of({"model": model, "identity": identity}) == [
        ("contentgit.E028", f"'identity' {identity!r} is not unique: several rows could share it")
    ]


def test_the_hint_names_what_is_unique() -> None:
    assert hints_of({"model": "bakery.ingredient", "identity": ["name"]}) == [
        (
            "add a UniqueConstraint, or name fields that are unique "
            "(unique sets: ['id']; ['name', 'product'])"
        )
    ]


@pytest.mark.parametrize(
    ("identity", "message", "hint"),
    [
        (
            ["slgu"],
            "'identity' names 'slgu', but 'slgu' is not a column of odd.article",
            "did you mean 'slug'?",
        ),
        (
            ["section__slgu", "slug"],
            "'identity' names 'section__slgu', but 'slgu' is not a column of odd.section",
            "did you mean 'slug'?",
        ),
        (
            ["slug__upper"],
            "'identity' names 'slug__upper', but 'slug' is not a relation",
            "name a foreign key or a field of it",
        ),
        (
            ["sections"],
            "'identity' names 'sections', but 'sections' is not a column of odd.article",
            "",
        ),
        (["pk"], "'identity' names 'pk', but 'pk' is not a column of odd.article", "'pk'"),
    ],
)
def test_paths_that_lead_nowhere(identity: list[str], message: str, hint: str) -> None:
    raw = {"model": "odd.article", "identity": identity}
    assert problems_of(raw) == [("contentgit.E027", message)]
    assert hint in hints_of(raw)[0]


def test_fields_that_may_be_null_are_worth_a_word() -> None:
    raw = {"model": "odd.article", "identity": ["rating"]}
    assert problems_of(raw) == [
        (
            "contentgit.W005",
            "'identity' names 'rating', which may be NULL: a row with NULL there cannot be named",
        )
    ]
    assert define([raw]).dump().specs[0].identity == ("rating",)


def test_natural_keys() -> None:
    assert define([{"model": "bakery.tag", "identity": "natural"}]).dump().specs == (
        ModelSpec("bakery.tag", identity="natural"),
    )
    label = Permission._meta.label_lower
    assert problems_of({"model": label, "identity": "natural"}) == []
    assert problems_of({"model": "odd.halfnatural", "identity": "natural"}) == [
        (
            "contentgit.E028",
            (
                "'identity' is 'natural', but odd.halfnatural lacks "
                "get_by_natural_key() on its default manager"
            ),
        )
    ]
    assert problems_of({"model": "bakery.page", "identity": "natural"}) == [
        (
            "contentgit.E028",
            (
                "'identity' is 'natural', but bakery.page lacks the method natural_key() and "
                "get_by_natural_key() on its default manager"
            ),
        )
    ]


# Missing rows


def missing(model: str, **rules: object) -> list[tuple[str, str]]:
    return problems_of({"model": model, "missing": rules})


def test_rules_about_missing_rows() -> None:
    assert missing("bakery.newspage", about="null") == []
    assert missing("bakery.product", category="skip", tags="skip") == []
    assert missing("bakery.product", category={"key": "bakery.category:3"}) == []
    assert missing("bakery.note", about={"key": "bakery.tag:3"}) == []
    assert missing("zoo.note", item="null") == []
    assert missing("zoo.note", item="keep") == []
    assert missing("workshop.trail", about="keep") == []


@pytest.mark.parametrize(
    ("model", "name", "rule", "message"),
    [
        ("product", "category", "null", "which cannot be NULL"),
        ("product", "tags", "null", "which is a many-to-many field and cannot be NULL"),
        ("note", "about", "null", "which cannot be NULL"),
        (
            "product",
            "category",
            "keep",
            "whose row must be there: the database has a constraint",
        ),
        ("product", "tags", "keep", "whose row must be there: the database has a constraint"),
        (
            "product",
            "category",
            {"key": "bakery.tag:3"},
            "with the key 'bakery.tag:3', but it refers to bakery.category",
        ),
        (
            "note",
            "about",
            {"key": "bakery.tagg:3"},
            "with the key 'bakery.tagg:3', whose model does not exist",
        ),
        (
            "note",
            "about",
            {"key": "odd.proxysection:3"},
            "with the key 'odd.proxysection:3', whose model is a proxy of odd.section",
        ),
        ("note", "about", {"key": "tag"}, "with the key 'tag', which is not a reference"),
    ],
)
def test_rules_that_cannot_be_followed(model: str, name: str, rule: object, message: str) -> None:
    found = missing(f"bakery.{model}", **{name: rule})
    assert found == [("contentgit.E055", f"'missing' names {name!r}, {message}")]


def test_a_rule_for_a_reference_that_names_the_row() -> None:
    raw = {"model": "fronts.grant", "identity": ["who", "about"], "missing": {"about": "null"}}
    message = "'missing' names 'about', which names the row and cannot have another value"
    assert problems_of(raw) == [("contentgit.E055", message)]
    assert problems_of({**raw, "missing": {"about": "skip"}}) == []


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("product", "name"),
        ("product", "categry"),
        ("note", "content_type"),
        ("newspage", "page_ptr"),
    ],
)
def test_rules_for_what_is_no_reference(model: str, name: str) -> None:
    message = f"'missing' names {name!r}, which is not a reference in records of bakery.{model}"
    assert missing(f"bakery.{model}", **{name: "skip"}) == [("contentgit.E025", message)]


def test_specs_that_disagree_about_missing_rows() -> None:
    raws = [
        {"model": "bakery.newspage", "filter": {"pk": pk}, "missing": {"about": rule}}
        for pk, rule in ((1, "null"), (2, "refuse"))
    ]
    message = "the specs of bakery.newspage differ in 'missing'"
    assert problems_of(*raws) == [("contentgit.E029", message)]
    del raws[1]["missing"]
    raws[0]["missing"] = {"about": "refuse"}
    assert problems_of(*raws) == []


def test_files_that_travel() -> None:
    parent = "'files' of gallery.report, whose files are those of gallery.article"
    raw = {"model": "gallery.report", "files": "carry"}
    assert problems_of(raw) == [("contentgit.E038", parent)]
    assert hints_of(raw) == ["write it into the spec of gallery.article"]
    # One spec may be that of many models.
    assert problems_of(*specs_for_models([Tag], {"files": "carry"})) == []
    raw = {"model": "gallery.article", "files": "carry"}
    assert problems_of(raw) == []
    assert problems_of({**raw, "derived": ["picture"]}) == [
        ("contentgit.E038", "'files' carries 'picture', which 'derived' names too")
    ]
    assert problems_of({**raw, "files": "copy"}) == [
        ("contentgit.E021", "'files' must be 'keep' or 'carry', not 'copy'")
    ]

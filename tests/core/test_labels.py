"""What a model was called, and which model a label meant."""

from __future__ import annotations

from contentgit.content.evolution import (
    AddedModel,
    Migration,
    RemovedModel,
    RenamedModel,
    SchemaStep,
    Standing,
)
from contentgit.content.labels import ModelLabels, ModelOrigin

PAGE = ModelOrigin("site.page")


def labels(*steps: SchemaStep) -> ModelLabels:
    """Each step in a migration of its own."""
    return ModelLabels(
        Standing(tuple(Migration(f"site.m{n}", (), (s,)) for n, s in enumerate(steps)))
    )


def test_a_model_that_no_step_names_has_one_label() -> None:
    found = labels()
    assert found.origin("site.page") == PAGE
    assert found.label(PAGE) == "site.page"
    assert found.every(PAGE) == ("site.page",)
    assert "site.page" not in found


def test_a_model_keeps_its_origin_through_renames() -> None:
    found = labels(
        RenamedModel("site.page", "site.article"), RenamedModel("site.article", "blog.post")
    )
    for each in ("site.page", "site.article", "blog.post"):
        assert found.origin(each) == PAGE
    assert found.label(PAGE) == "blog.post"
    assert found.every(PAGE) == ("blog.post", "site.article", "site.page")


def test_a_label_that_is_taken_again_means_another_model() -> None:
    steps = RenamedModel("site.page", "site.article"), AddedModel("site.page")
    found = labels(*steps)
    other = ModelOrigin("site.page", "site.m1")
    assert found.origin("site.page") == other
    assert (found.label(other), found.label(PAGE)) == ("site.page", "site.article")
    assert found.origin("site.article") == PAGE
    older = labels(steps[0])
    assert older.label(other) is None
    assert older.label(PAGE) == "site.article"
    assert labels().label(PAGE) == "site.page"


def test_labels_that_two_models_exchange() -> None:
    found = labels(
        RenamedModel("site.page", "site.x"),
        RenamedModel("site.tag", "site.page"),
        RenamedModel("site.x", "site.tag"),
    )
    assert found.origin("site.tag") == PAGE
    assert found.origin("site.page") == ModelOrigin("site.tag")
    assert found.every(PAGE) == ("site.tag", "site.x", "site.page")


def test_a_removed_model_keeps_its_last_label() -> None:
    found = labels(
        RenamedModel("site.page", "site.article"),
        RemovedModel("site.article"),
        RenamedModel("site.article", "site.again"),
    )
    assert found.label(found.origin("site.page")) == "site.article"
    assert found.origin("site.again") == ModelOrigin("site.again")

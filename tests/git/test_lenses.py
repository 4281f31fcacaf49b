"""A dump of a commit as a newer schema has it, written as a tree and kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import (
    Conversion,
    LostValues,
    Migration,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.content.layout import DATASET_FILE
from contentgit.content.records import Record
from contentgit.content.schema import Schema
from contentgit.git import Repository
from contentgit.history.lenses import PREFIX, Seen, View, meeting, seen_through
from contentgit.history.snapshots import CommitSide
from tests.git.content import DATASET, PAGE, SCHEMA, Site, page

BEGUN = Migration("site.0001")
START = {
    "site.page:1": page("One", tags=["site.tag:1"]),
    "site.page:2": page("Two", parent="site.page:1"),
    "site.tag:1": {"name": "Bread"},
    "site.teaser:1": {"page": "site.page:1", "text": "Read"},
}


def migration(*steps: SchemaStep) -> Migration:
    return Migration("site.0002", (BEGUN.name,), steps)


def renamed(old: str, new: str) -> Schema:
    """The schema with another name for a field of pages."""
    fields = (replace(each, name=new) if each.name == old else each for each in PAGE.fields)
    ordered = tuple(sorted(fields, key=lambda each: each.name))
    return Schema({**SCHEMA.models, "site.page": replace(PAGE, fields=ordered)})


def document(schema: Schema, *history: Migration) -> bytes:
    return dump_document(schema_document(DATASET, schema, Standing(history)))


RENAMED = renamed("title", "name")
RENAME = migration(RenamedField("site.page", "title", "name"))
VIEW = View([RENAME], RENAMED.models, document(RENAMED, BEGUN, RENAME))


@pytest.fixture
def site(repository: Repository) -> Site:
    """A site whose dump records where the code stood."""
    made = Site(repository, START)
    made.commit_files("main", {f"pages/{DATASET_FILE}": document(SCHEMA, BEGUN)})
    return made


def fields(site: Site, seen: Seen) -> dict[str, Any]:
    side = CommitSide(site.repository, seen.tree, "pages")
    found = side.records(list(side.ids().items()))
    return {str(each.key): each.fields for each in found if isinstance(each, Record)}


def tip(site: Site, branch: str = "main") -> str:
    found = site.repository.refs.tip(branch)
    assert found
    return found


def test_records_and_description_are_those_of_the_newer_schema(site: Site) -> None:
    seen = seen_through(site.repository, tip(site), "pages", VIEW)
    found = fields(site, seen)
    assert found["site.page:1"]["name"] == "One"
    assert "title" not in found["site.page:1"]
    assert found["site.tag:1"] == START["site.tag:1"]
    assert site.repository.blob(seen.tree, f"pages/{DATASET_FILE}") == VIEW.document
    assert not seen.lost


def test_lost_values_are_counted(site: Site) -> None:
    removed = migration(RemovedField("site.page", "tags"))
    view = View([removed], SCHEMA.models, VIEW.document)
    seen = seen_through(site.repository, tip(site), "pages", view)
    assert seen.lost == (LostValues("site.page", "tags", "site.0002", 1),)
    site.commit("main", {"site.page:2": {"tags": ["site.tag:1"]}, "site.page:1": None})
    again = seen_through(site.repository, tip(site), "pages", view)
    assert again.lost == (LostValues("site.page", "tags", "site.0002", 1),)
    site.commit("main", {"site.page:2": {"tags": []}})
    assert not seen_through(site.repository, tip(site), "pages", view).lost


def test_what_has_no_form_in_another_kind_of_field_is_shown(site: Site) -> None:
    steps = RENAME.steps, (RetypedField("site.page", "name", Conversion.NONE),)
    view = replace(VIEW, migrations=[migration(*steps[0], *steps[1])])

    def shown() -> dict[str, Any]:
        seen = seen_through(site.repository, tip(site), "pages", view)
        side = CommitSide(site.repository, seen.tree, "pages")
        assert "name" not in fields(site, seen)["site.page:1"]
        found = side.shown([*side.ids().items(), ("site.page/9.json", "")])
        return {str(each.key): each.fields.get("name") for each in found if each}

    held = {
        "site.page:1": "One",
        "site.page:2": "Two",
        "site.tag:1": "Bread",
        "site.teaser:1": None,
    }
    assert shown() == held
    site.commit("main", {"site.page:1": page("Uno"), "site.page:2": None})
    assert shown() == {key: held[key] for key in held if key != "site.page:2"} | {
        "site.page:1": "Uno"
    }


def test_a_removed_model_has_no_records(site: Site) -> None:
    removed = migration(RemovedModel("site.teaser"))
    view = View([removed], SCHEMA.models, VIEW.document)
    seen = seen_through(site.repository, tip(site), "pages", view)
    assert "site.teaser:1" not in fields(site, seen)
    assert {each.field for each in seen.lost} == {"page", "text"}


def test_a_renamed_model_takes_its_references_along(site: Site) -> None:
    models = {each.label.replace("tag", "label"): each for each in SCHEMA.models.values()}
    view = View([migration(RenamedModel("site.tag", "site.label"))], models, VIEW.document)
    found = fields(site, seen_through(site.repository, tip(site), "pages", view))
    assert found["site.label:1"] == {"name": "Bread"}
    assert found["site.page:1"]["tags"] == ["site.label:1"]


def test_what_is_kept_is_not_made_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = seen_through(site.repository, tip(site), "pages", VIEW)
    monkeypatch.delattr("contentgit.history.lenses.Lens")
    assert seen_through(site.repository, tip(site), "pages", VIEW) == seen


def test_a_ref_alone_is_not_believed(site: Site) -> None:
    seen = seen_through(site.repository, tip(site), "pages", VIEW)
    ((ref, _),) = site.repository.refs.under(PREFIX)
    site.repository.refs.move(ref, site.repository.trees.root(tip(site)), seen.tree, "push")
    assert seen_through(site.repository, tip(site), "pages", VIEW) == seen
    shutil.rmtree(site.repository.git_dir / "contentgit/lenses")
    assert seen_through(site.repository, tip(site), "pages", VIEW) == seen


KEYS = ["site.page:1", "site.page:2", "site.page:3", "site.tag:1", "site.tag:2", "site.teaser:1"]
CHANGE = st.one_of(st.none(), st.sampled_from(["A", "B"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(changes=st.dictionaries(st.sampled_from(KEYS), CHANGE, min_size=1))
def test_a_tree_made_from_one_like_it_is_the_same(
    site: Site, changes: dict[str, str | None]
) -> None:
    view = replace(VIEW, migrations=[migration(*RENAME.steps, RemovedField("site.page", "tags"))])
    seen_through(site.repository, tip(site), "pages", view)

    def new(key: str, text: str | None) -> dict[str, Any] | None:
        if text is None:
            return None
        if key.startswith("site.page"):
            return page(text, tags=["site.tag:1"] if text == "A" else [])
        return (
            {"name": text} if key.startswith("site.tag") else {"page": "site.page:1", "text": text}
        )

    there = site.all(tip(site))
    site.commit(
        "main", {key: new(key, text) for key, text in changes.items() if text or key in there}
    )
    made = seen_through(site.repository, tip(site), "pages", view)
    shutil.rmtree(site.repository.git_dir / "contentgit/lenses")
    assert seen_through(site.repository, tip(site), "pages", view) == made


def test_commits_meet_in_the_newer_schema(site: Site) -> None:
    old = tip(site)
    new = site.commit_files("main", {**_newer(site), f"pages/{DATASET_FILE}": VIEW.document})
    met = meeting(site.repository, old, new, "pages")
    assert met.after == new
    (change,) = met.changes
    assert change.migrations == (RENAME,)
    assert not [*site.repository.trees.diff_entries(met.before, new, "pages")]
    back = meeting(site.repository, new, old, "pages")
    assert back.before == new
    (change,) = back.changes
    assert change.backwards


def _newer(site: Site) -> dict[str, bytes | None]:
    """The pages as main has them after the rename."""
    seen = seen_through(site.repository, tip(site), "pages", VIEW)
    ids = CommitSide(site.repository, seen.tree, "pages").ids()
    blobs = site.repository.objects.blobs(ids.values())
    return {f"pages/{path}": data for path, data in zip(ids, blobs, strict=True)}

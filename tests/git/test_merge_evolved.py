"""Trees of different schemas merged: each dump as the migrations of both sides make it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches import merging
from contentgit.branches.check_merges import differing, tip_doubts
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.naming import reference_titles
from contentgit.branches.merging.picking import Picking, cherry_pick, revert
from contentgit.branches.merging.recorded import resolve_recorded
from contentgit.branches.merging.restoring import restore
from contentgit.branches.operation import current
from contentgit.branches.trees import TreeMerge, merge_commits
from contentgit.check import Finding, Level
from contentgit.content.canonical import dump_document, parse_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import (
    KEY,
    AddedField,
    AddedModel,
    Conversion,
    Migration,
    OpaqueStep,
    RemovedField,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.content.evolution.documents import RECORDED, parse_standing
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema, Schema
from contentgit.errors import ConflictError, FormatError, RefusedError, UnknownNameError
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.merge import Side, Take
from contentgit.specs import Dataset, ModelSpec
from tests.git.content import Site, bytes_of, path_of

T = FieldKind
FIRST = Migration("site.0001")


def model(label: str, **kinds: FieldKind | FieldSchema) -> ModelSchema:
    fields = (
        each if isinstance(each, FieldSchema) else FieldSchema(name, each)
        for name, each in sorted(kinds.items())
    )
    return ModelSchema(label, KeyKind.INTEGER, Layout.INTEGER, tuple(fields))


def after(name: str, *steps: SchemaStep, needs: str = "site.0001") -> Migration:
    return Migration(name, (needs,), steps)


def described(models: Sequence[ModelSchema], *migrations: Migration) -> bytes:
    """``dataset.json`` of a dump of these models after the migrations."""
    dataset = Dataset("pages", "", specs=tuple(ModelSpec(each.label) for each in models))
    schema = Schema({each.label: each for each in models})
    return dump_document(schema_document(dataset, schema, Standing((FIRST, *migrations))))


PAGE = model("site.page", body=T.TEXT, title=T.TEXT)
TEASER = model("site.teaser", page=FieldSchema("page", T.REFERENCE, target="site.page"))
OLD = described([PAGE, TEASER])
RENAME = after("site.0002_text", RenamedField("site.page", "body", "text"))
RENAMED = model("site.page", text=T.TEXT, title=T.TEXT)

Make = Callable[..., Site]


@pytest.fixture
def make(repository_path: Path) -> Make:
    def make(document: bytes = OLD, **records: Mapping[str, Any]) -> Site:
        site = Site(Repository.init(repository_path))
        start = {f"site.page:{name[1:]}": fields for name, fields in records.items()}
        files = {path_of(key): bytes_of(key, fields) for key, fields in start.items()}
        site.commit_files("main", {"pages/dataset.json": document, **files})
        return site

    return make


def page(name: str, **fields: Any) -> dict[str, Any]:
    return {"body": f"{name}.", "title": name, **fields}


def renamed(name: str, **fields: Any) -> dict[str, Any]:
    return {"text": f"{name}.", "title": name, **fields}


def commit(
    site: Site, branch: str, document: bytes | None = None, **records: Mapping[str, Any] | None
) -> str:
    """A commit in which records are these, and the description is that."""
    files: dict[str, bytes | None] = {"pages/dataset.json": document} if document else {}
    for name, fields in records.items():
        key = f"site.page:{name[1:]}"
        files[path_of(key)] = None if fields is None else bytes_of(key, fields)
    return site.commit_files(branch, files)


def both(site: Site) -> TreeMerge:
    """The merge, which must be the same whatever side is which."""
    ours, theirs = (site.repository.refs.resolve(name) for name in ("ours", "theirs"))
    found, swapped = (
        merge_commits(site.repository, *sides) for sides in ((ours, theirs), (theirs, ours))
    )
    if not found.conflicts:
        assert found.tree == swapped.tree
    assert len(found.conflicts) == len(swapped.conflicts)
    return found


def document_of(site: Site, tree: str) -> Any:
    data = site.repository.blob(tree, "pages/dataset.json")
    assert data is not None
    return parse_document(data)


def test_an_edit_from_before_a_rename_comes_under_the_new_name(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"), p3=page("Three"))
    new = described([RENAMED, TEASER], RENAME)
    commit(site, "ours", new, p1=renamed("One"), p2=renamed("Two", title="2"), p3=renamed("Three"))
    commit(site, "theirs", p2=page("Two", body="Edited."), p3=None, p4=page("Four"))
    found = both(site)
    assert found.conflicts == ()
    assert site.all(found.tree) == {
        "site.page:1": renamed("One"),
        "site.page:2": {"text": "Edited.", "title": "2"},
        "site.page:4": renamed("Four"),
    }
    assert site.repository.blob(found.tree, "pages/dataset.json") == new


def test_a_conflict_across_a_rename_has_the_new_name_and_is_resolved(make: Make) -> None:
    site = make(p1=page("One"))
    commit(site, "ours", described([RENAMED, TEASER], RENAME), p1=renamed("One", text="Ours"))
    commit(site, "theirs", p1=page("One", body="Theirs"))
    assert [each.labels for each in both(site).conflicts] == [("site.page:1/text",)]
    site.repository.refs.set_head("ours")
    with pytest.raises(ConflictError):
        merging.merge(site.repository, "theirs")
    assert not resolve(site.repository, ["site.page:1/text"], Decision(Take.THEIRS)).conflicts
    done = merging.continue_merge(site.repository)
    assert site.record(done.commit, "site.page:1") == renamed("One", text="Theirs")
    findings: list[Finding] = []
    assert differing(site.repository, "ours", findings.append) == 1
    assert findings == []


def test_two_branches_with_a_migration_each(make: Make) -> None:
    rank = after("site.0002_rank", AddedField("site.page", "rank", 0))
    site = make(p1=page("One"), p2=page("Two"))
    ours = model("site.page", body=T.TEXT, rank=T.INTEGER, title=T.TEXT)
    commit(
        site,
        "ours",
        described([ours, TEASER], rank),
        p1=page("One", rank=3),
        p2=page("Two", rank=0),
        p3=page("Three", rank=1),
    )
    commit(
        site,
        "theirs",
        described([RENAMED, TEASER], RENAME),
        p1=renamed("One", text="Edited"),
        p2=renamed("Two"),
        p4=renamed("Four"),
    )
    found = both(site)
    assert found.conflicts == ()
    assert site.all(found.tree) == {
        "site.page:1": renamed("One", text="Edited", rank=3),
        "site.page:2": renamed("Two", rank=0),
        "site.page:3": renamed("Three", rank=1),
        "site.page:4": renamed("Four", rank=0),
    }
    document = document_of(site, found.tree)
    assert [*document["models"]["site.page"]["fields"]] == ["rank", "text", "title"]
    assert document["migrations"] == {"site": ["0002_rank", "0002_text"]}
    assert parse_standing(document).names == {"site.0001", "site.0002_rank", "site.0002_text"}


def test_a_renamed_model_moves_what_the_other_side_adds(make: Make) -> None:
    site = make(p1=page("One"))
    article = model("site.article", body=T.TEXT, title=T.TEXT)
    teaser = model("site.teaser", page=FieldSchema("page", T.REFERENCE, target="site.article"))
    rename = after("site.0002", RenamedModel("site.page", "site.article"))
    files = {
        "pages/dataset.json": described([article, teaser], rename),
        path_of("site.page:1"): None,
        path_of("site.article:1"): bytes_of("site.article:1", page("One")),
    }
    site.commit_files("ours", files)
    commit(site, "theirs", p1=page("One", title="1"), p2=page("Two"))
    link = {path_of("site.teaser:1"): bytes_of("site.teaser:1", {"page": "site.page:2"})}
    site.commit_files("theirs", link)
    found = both(site)
    assert found.conflicts == ()
    assert site.all(found.tree) == {
        "site.article:1": page("One", title="1"),
        "site.article:2": page("Two"),
        "site.teaser:1": {"page": "site.article:2"},
    }


def test_code_that_changed_content_is_refused(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    code = after("site.0002_upper", OpaqueStep("RunPython"))
    commit(site, "ours", described([PAGE, TEASER], code), p1=page("ONE"))
    commit(site, "theirs", p2=page("Two", body="2"))
    with pytest.raises(RefusedError, match="from before migrations") as refused:
        both(site)
    assert refused.value.items == ("site.0002_upper: RunPython",)
    site.repository.refs.set_head("ours")
    with pytest.raises(RefusedError) as refused:
        merging.merge(site.repository, "theirs")
    assert str(refused.value.hint).startswith("contentgit merge theirs --upgrade  (")
    with pytest.raises(RefusedError) as refused:
        cherry_pick(site.repository, "theirs")
    assert str(refused.value.hint).startswith("contentgit upgrade theirs --branch NEW  (")
    site.repository.refs.set_head("theirs")
    with pytest.raises(RefusedError) as refused:
        cherry_pick(site.repository, "ours")
    assert refused.value.hint == "contentgit upgrade theirs  (then run the command again)"


def test_what_code_may_keep_of_a_removed_field_is_not_to_be_dropped(make: Make) -> None:
    site = make(p1=page("One"))
    code = after("site.0002", OpaqueStep("RunPython"), RemovedField("site.page", "body"))
    without = described([model("site.page", title=T.TEXT), TEASER], code)
    commit(site, "ours", without, p1={"title": "One, moved"})
    commit(site, "theirs", p1=page("One", body="Edited."))
    site.repository.refs.set_head("ours")
    with pytest.raises(RefusedError, match="drops fields") as refused:
        merging.merge(site.repository, "theirs")
    assert refused.value.hint == (
        "contentgit merge theirs --upgrade  (first runs the migrations, whose code may keep the values)"
    )
    with pytest.raises(RefusedError, match="drops fields") as refused:
        cherry_pick(site.repository, "theirs")
    assert str(refused.value.hint).startswith("contentgit upgrade theirs --branch NEW  (")


def test_code_is_not_asked_for_where_the_other_side_has_nothing_of_its_own(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    code = after(
        "site.0002_upper", OpaqueStep("RunPython"), RenamedField("site.page", "body", "text")
    )
    document = described([RENAMED, TEASER], code)
    edits: dict[str, Any] = {"p1": renamed("ONE"), "p2": None, "p3": renamed("THREE")}
    commit(site, "ours", document, **edits)
    site.commit_files("theirs", {"README": b"Pages."})
    found = both(site)
    assert not found.conflicts
    assert site.all(found.tree) == {"site.page:1": renamed("ONE"), "site.page:3": renamed("THREE")}
    assert site.repository.blob(found.tree, "pages/dataset.json") == document
    tip = commit(site, "ahead", document, **edits)
    done = merging.merge(site.repository, "ahead", fast_forward=merging.FastForward.NEVER)
    assert site.repository.trees.root(done.commit) == site.repository.trees.root(tip)


def test_other_keys_that_code_gave_are_refused_also_where_nothing_was_edited(make: Make) -> None:
    site = make(p1=page("One"))
    code = after("site.0002_key", RetypedField("site.page", KEY, Conversion.NONE))
    commit(site, "ours", described([PAGE, TEASER], code), p1=None, p7=page("One"))
    site.commit_files("theirs", {"README": b"Pages."})
    with pytest.raises(RefusedError, match="from before migrations"):
        both(site)


def test_code_that_both_sides_ran_is_not_asked_for(make: Make) -> None:
    code = after("site.0002_upper", OpaqueStep("RunPython"))
    rename = after("site.0003", RenamedField("site.page", "body", "text"), needs=code.name)
    site = make(described([PAGE, TEASER], code), p1=page("One"))
    commit(site, "ours", described([RENAMED, TEASER], code, rename), p1=renamed("One"))
    commit(site, "theirs", p1=page("One", body="1"))
    assert site.all(both(site).tree) == {"site.page:1": renamed("One", text="1")}


def test_edits_of_a_removed_field_are_listed_and_refused(make: Make) -> None:
    remove = after("site.0002", RemovedField("site.page", "body"))
    without = model("site.page", title=T.TEXT)
    site = make(p1=page("One"), p2=page("Two"), p3=page("Three"))
    titles = {
        f"p{number}": {"title": each} for number, each in enumerate(("One", "Two", "Three"), 1)
    }
    commit(site, "ours", described([without, TEASER], remove), **titles)
    site.repository.refs.set_head("ours")
    commit(site, "theirs", p1=page("One", title="1"), p2=page("Two", body="2"), p4=page("Four"))
    with pytest.raises(RefusedError) as refused:
        merging.merge(site.repository, "theirs")
    assert refused.value.items == (
        "site.page.body of theirs: 2 records have an edited value that is gone since site.0002",
    )
    assert "--drop-fields" in (refused.value.hint or "")
    done = merging.merge(site.repository, "theirs", drop_fields=True)
    assert site.all(done.commit) == {
        "site.page:1": {"title": "1"},
        "site.page:2": {"title": "Two"},
        "site.page:3": {"title": "Three"},
        "site.page:4": {"title": "Four"},
    }


def test_an_unchanged_value_of_a_removed_field_is_not_asked_for(make: Make) -> None:
    remove = after("site.0002", RemovedField("site.page", "body"))
    site = make(p1=page("One"))
    without = described([model("site.page", title=T.TEXT), TEASER], remove)
    commit(site, "ours", without, p1={"title": "One"})
    commit(site, "theirs", p1=page("One", title="1"))
    site.repository.refs.set_head("ours")
    done = merging.merge(site.repository, "theirs")
    assert site.all(done.commit) == {"site.page:1": {"title": "1"}}


def test_a_commit_of_older_code_is_refused(make: Make) -> None:
    site = make(described([RENAMED, TEASER], RENAME), p1=renamed("One"), p2=renamed("Two"))
    commit(site, "theirs", OLD, p1={"title": "1"}, p2={"title": "Two"})
    commit(site, "ours", p2=renamed("Two", text="2"))
    site.repository.refs.set_head("ours")
    with pytest.raises(RefusedError) as refused:
        merging.merge(site.repository, "theirs")
    assert "site.0002_text" in refused.value.items[0]


def test_a_format_that_recorded_nothing_says_nothing(make: Make) -> None:
    before = schema_document(
        Dataset("pages", "", specs=(ModelSpec("site.page"),)), Schema({"site.page": PAGE})
    )
    site = make(dump_document(before), p1=page("One"))
    known = described([PAGE, TEASER])
    commit(site, "ours", known, p1=page("One", title="1"))
    commit(site, "theirs", p1=page("One", body="2"))
    found = both(site)
    assert site.all(found.tree) == {"site.page:1": page("One", title="1", body="2")}
    assert site.repository.blob(found.tree, "pages/dataset.json") == known


def test_a_rename_that_is_not_recorded_is_not_guessed(make: Make) -> None:
    unrecorded = schema_document(
        Dataset("pages", "", (ModelSpec("site.page"),)), Schema({"site.page": PAGE})
    )
    site = make(dump_document(unrecorded), p1=page("One"), p2=page("Two"))
    commit(site, "ours", described([RENAMED, TEASER]), p1=renamed("One"), p2=renamed("Two"))
    commit(site, "theirs", p1=page("One", title="1"))
    site.repository.refs.set_head("ours")
    assert site.all(both(site).tree) == {
        "site.page:1": renamed("One", title="1"),
        "site.page:2": renamed("Two"),
    }
    commit(site, "theirs", p2=page("Two", body="2"))
    with pytest.raises(RefusedError) as refused:
        merging.merge(site.repository, "theirs")
    lost = "1 record has an edited value that is gone since migrations that are not recorded"
    assert refused.value.items == (f"site.page.body of theirs: {lost}",)


@pytest.mark.parametrize("recorded", [True, False])
def test_fields_that_differ_by_no_recorded_migration_are_not_mixed(
    make: Make, *, recorded: bool
) -> None:
    """As in an app without migrations."""

    def bare(*models: ModelSchema) -> bytes:
        document = parse_document(described(models))
        kept = () if recorded else RECORDED
        return dump_document({name: document[name] for name in document if name not in kept})

    site = make(bare(PAGE, TEASER), p1=page("One"), p2=page("Two"))
    commit(site, "ours", bare(RENAMED, TEASER), p1=renamed("One"), p2=renamed("Two"))
    commit(site, "theirs", p1=page("One", title="1"), p3=page("Three"))
    site.repository.refs.set_head("ours")
    with pytest.raises(RefusedError, match="drops fields") as caught:
        merging.merge(site.repository, "theirs")
    lost = "1 record has an edited value that is gone since migrations that are not recorded"
    assert caught.value.items == (f"site.page.body of theirs: {lost}",)
    done = merging.merge(site.repository, "theirs", drop_fields=True)
    assert site.all(done.commit) == {
        "site.page:1": renamed("One", title="1"),
        "site.page:2": renamed("Two"),
        "site.page:3": {"title": "Three"},
    }
    assert "unknown-field" not in {each.rule for each in check(site.repository, "ours").findings}


def test_the_higher_format_wins(make: Make) -> None:
    site = make(p1=page("One"))
    site.commit_files("ours", {"contentgit.json": dump_document({"format": 2})})
    commit(site, "theirs", p1=page("One", body="2"))
    assert document_at(site, both(site).tree) == {"format": 2}


def document_at(site: Site, tree: str) -> Any:
    data = site.repository.blob(tree, "contentgit.json")
    assert data is not None
    return parse_document(data)


def test_what_a_side_adds_to_the_schema_stays(make: Make) -> None:
    site = make(p1=page("One"))
    tag = model("site.tag", name=T.TEXT)
    commit(site, "ours", described([RENAMED, TEASER], RENAME), p1=renamed("One"))
    commit(site, "theirs", described([PAGE, tag, TEASER]))
    document = document_of(site, both(site).tree)
    assert [each["model"] for each in document["specs"]] == ["site.page", "site.tag", "site.teaser"]
    assert [*document["models"]["site.page"]["fields"]] == ["text", "title"]


def test_a_dump_that_a_side_gave_up_stays_given_up(make: Make) -> None:
    site = make(p1=page("One"))
    commit(site, "ours", described([RENAMED, TEASER], RENAME), p1=renamed("One"))
    site.commit_files("theirs", {"pages/dataset.json": None, path_of("site.page:1"): None})
    found = both(site)
    assert site.repository.trees.folders(found.tree) == []


# One commit, or records of one


def test_a_pick_from_before_a_rename_comes_under_the_new_name(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    commit(site, "ours", described([RENAMED, TEASER], RENAME), p1=renamed("One"), p2=renamed("Two"))
    picked = commit(site, "theirs", p1=page("One", body="1"), p2=page("Two", body="2"))
    site.repository.refs.set_head("ours")
    done = cherry_pick(site.repository, picked, Picking(names=("site.page:1",)))
    assert site.all(done.commit) == {
        "site.page:1": renamed("One", text="1"),
        "site.page:2": renamed("Two"),
    }
    done = cherry_pick(site.repository, picked)
    assert site.record(done.commit, "site.page:2") == renamed("Two", text="2")


def test_a_pick_of_newer_code_brings_its_schema(make: Make) -> None:
    rank = after("site.0002_rank", AddedField("site.page", "rank", 0))
    ranked = model("site.page", body=T.TEXT, rank=T.INTEGER, title=T.TEXT)
    site = make(p1=page("One"), p2=page("Two"))
    new = described([ranked, TEASER], rank)
    commit(site, "theirs", new, p1=page("One", rank=0), p2=page("Two", rank=0))
    picked = commit(site, "theirs", p1=page("One", rank=1))
    commit(site, "ours", p2=page("Two", body="2"))
    site.repository.refs.set_head("ours")
    done = cherry_pick(site.repository, picked)
    assert site.all(done.commit) == {
        "site.page:1": page("One", rank=1),
        "site.page:2": page("Two", body="2", rank=0),
    }
    assert site.repository.blob(done.commit, "pages/dataset.json") == new


def test_a_revert_of_a_commit_with_a_migration_keeps_the_migration(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    new = described([RENAMED, TEASER], RENAME)
    made = commit(site, "main", new, p1=renamed("One", text="1"), p2=renamed("Two"))
    commit(site, "main", p2=renamed("Two", title="2"))
    done = revert(site.repository, made)
    assert site.all(done.commit) == {
        "site.page:1": renamed("One"),
        "site.page:2": renamed("Two", title="2"),
    }
    assert site.repository.blob(done.commit, "pages/dataset.json") == new


def test_a_commit_that_dropped_fields_is_reverted(make: Make) -> None:
    new = described([RENAMED, TEASER], RENAME)
    site = make(new, p1=renamed("One"))
    made = commit(site, "main", OLD, p1={"title": "1"})
    done = revert(site.repository, made)
    assert site.all(done.commit) == {"site.page:1": renamed("One")}
    assert site.repository.blob(done.commit, "pages/dataset.json") == new


@pytest.mark.parametrize("name", ["body", "text"])
def test_a_field_is_restored_by_either_of_its_names(make: Make, name: str) -> None:
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    commit(site, "main", described([RENAMED, TEASER], RENAME), p1=renamed("1", text="Edited"))
    done = restore(site.repository, [f"site.page:1/{name}"], old)
    assert site.record(done.commit, "site.page:1") == {"text": "One.", "title": "1"}


@pytest.mark.parametrize("label", ["site.page", "site.article"])
def test_a_record_is_restored_by_either_of_its_labels(make: Make, label: str) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    old = site.repository.refs.resolve("main")
    article = model("site.article", body=T.TEXT, rank=T.INTEGER, title=T.TEXT)
    steps = RenamedModel("site.page", "site.article"), AddedField("site.article", "rank", 0)
    files = {
        "pages/dataset.json": described([article], after("site.0002", *steps)),
        **{path_of(f"site.page:{number}"): None for number in (1, 2)},
        path_of("site.article:1"): bytes_of("site.article:1", page("1", rank=3)),
    }
    site.commit_files("main", files)
    done = restore(site.repository, [f"{label}:1", f"{label}:2"], old)
    assert site.all(done.commit) == {
        "site.article:1": page("One", rank=3),
        "site.article:2": page("Two", rank=0),
    }


def test_what_cannot_be_restored_is_listed(make: Make) -> None:
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    remove = after("site.0002", RemovedField("site.page", "body"))
    commit(
        site, "main", described([model("site.page", title=T.TEXT)], remove), p1={"title": "Edited"}
    )
    with pytest.raises(RefusedError) as refused:
        restore(site.repository, ["site.page:1"], old)
    assert refused.value.items == ("site.page:1/body: gone since site.0002",)
    done = restore(site.repository, ["site.page:1"], old, Picking(drop_fields=True))
    assert site.all(done.commit) == {"site.page:1": {"title": "One"}}


def test_a_field_that_came_since_is_not_restored(make: Make) -> None:
    """Of the same name or not: it is another one, and the default of its migration is nobody's value."""
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    remove = after("site.0002", RemovedField("site.page", "body"))
    fields = AddedField("site.page", "body", "fresh"), AddedField("site.page", "rank", 1)
    again = after("site.0003", *fields, needs="site.0002")
    new = described([model("site.page", body=T.TEXT, rank=T.INTEGER, title=T.TEXT)], remove, again)
    commit(site, "main", new, p1=page("1", body="New.", rank=7))
    for how in (Picking(), Picking(drop_fields=True)):
        with pytest.raises(RefusedError, match=r"site\.0002 removed the field"):
            restore(site.repository, ["site.page:1/body"], old, how)
        with pytest.raises(UnknownNameError, match="has no field rank in"):
            restore(site.repository, ["site.page:1/rank"], old, how)
    with pytest.raises(RefusedError) as refused:
        restore(site.repository, ["site.page:1"], old)
    assert refused.value.items == ("site.page:1/body: gone since site.0002",)
    done = restore(site.repository, ["site.page:1"], old, Picking(drop_fields=True))
    assert site.record(done.commit, "site.page:1") == page("One", body="New.", rank=7)


def test_a_name_that_another_has_since_means_the_one_of_today(make: Make) -> None:
    site = make(p1=page("One", body="Rye."))
    old = site.repository.refs.resolve("main")
    rename = after("site.0002", RenamedField("site.page", "body", "text"))
    again = after("site.0003", AddedField("site.page", "body", "fresh"), needs="site.0002")
    new = described([model("site.page", body=T.TEXT, text=T.TEXT, title=T.TEXT)], rename, again)
    commit(site, "main", new, p1=page("One", body="New.", text="Oat."))
    with pytest.raises(UnknownNameError, match="its body is text in HEAD's schema") as refused:
        restore(site.repository, ["site.page:1/body"], old)
    assert f"restore site.page:1/text --from {old}" in refused.value.hint
    done = restore(site.repository, ["site.page:1/text"], old)
    assert site.record(done.commit, "site.page:1") == page("One", body="New.", text="Rye.")

    moved = after("site.0004", RenamedModel("site.page", "site.leaf"), needs="site.0003")
    other = after("site.0005", AddedModel("site.page"), needs="site.0004")
    schema = [model("site.leaf", text=T.TEXT, title=T.TEXT), model("site.page", title=T.TEXT)]
    newest = described(schema, rename, again, moved, other)
    records = {"site.leaf:1": renamed("One"), "site.page:1": {"title": "Other"}}
    files = {path_of(key): bytes_of(key, fields) for key, fields in records.items()}
    site.commit_files("main", {"pages/dataset.json": newest, **files})
    for name in ("", "/title"):
        with pytest.raises(
            UnknownNameError, match=r"its site\.page is site\.leaf in HEAD's"
        ) as refused:
            restore(site.repository, [f"site.page:1{name}"], old)
        assert f"restore site.leaf:1{name} --from {old}" in refused.value.hint


def test_a_dump_is_restored_as_the_migrations_since_make_it(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    old = site.repository.refs.resolve("main")
    article = model("site.article", rank=T.INTEGER, text=T.TEXT, title=T.TEXT)
    tag = model("site.tag", name=T.TEXT)
    steps = (
        RenamedModel("site.page", "site.article"),
        RenamedField("site.article", "body", "text"),
        AddedField("site.article", "rank", 0),
        AddedModel("site.tag"),
    )
    new = described([article, tag], after("site.0002", *steps))
    files = {
        "pages/dataset.json": new,
        **{path_of(f"site.page:{number}"): None for number in (1, 2)},
        path_of("site.article:1"): bytes_of("site.article:1", renamed("1", rank=3)),
        path_of("site.article:9"): bytes_of("site.article:9", renamed("9", rank=3)),
        path_of("site.tag:1"): bytes_of("site.tag:1", {"name": "Bread"}),
    }
    site.commit_files("main", files)
    done = restore(site.repository, ["pages"], old)
    assert site.all(done.commit) == {
        "site.article:1": renamed("One", rank=3),
        "site.article:2": renamed("Two", rank=0),
        "site.tag:1": {"name": "Bread"},
    }
    assert site.repository.blob(done.commit, "pages/dataset.json") == new


def test_a_dump_is_not_restored_from_below_what_refers_to_it(make: Make) -> None:
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    note = model("site.note", page=FieldSchema("page", T.REFERENCE, target="site.page"))
    related = FieldSchema("related", T.REFERENCE, null=True, target="site.page")
    newer = model("site.page", body=T.TEXT, related=related, title=T.TEXT)
    steps = AddedModel("site.note"), AddedField("site.page", "related", None)
    pages = {
        "site.page:1": page("One", related="site.page:5"),
        "site.page:4": page("Four", related=None),
        "site.page:5": page("Five", related=None),
        "site.note:1": {"page": "site.page:4"},
        "site.note:2": {"page": "site.page:1"},
    }
    files = {path_of(key): bytes_of(key, fields) for key, fields in pages.items()}
    document = described([newer, TEASER, note], after("site.0002", *steps))
    site.commit_files("main", {"pages/dataset.json": document, **files})
    with pytest.raises(RefusedError, match="2 references of records that stay are to") as refused:
        restore(site.repository, ["pages"], old)
    assert refused.value.items == (
        "site.page:1/related refers to site.page:5",
        "site.note:1/page refers to site.page:4",
    )
    mended = {"site.page:1": page("1", related=None), "site.note:1": {"page": "site.page:1"}}
    files = {path_of(key): bytes_of(key, fields) for key, fields in mended.items()}
    site.commit_files("main", files)
    done = restore(site.repository, ["pages"], old)
    assert site.all(done.commit) == {
        "site.page:1": page("One", related=None),
        "site.note:1": {"page": "site.page:1"},
        "site.note:2": {"page": "site.page:1"},
    }


@pytest.mark.parametrize(
    "said",
    [{"page": None, "text": "$ref(site.page:4)"}, {"page": "site.page:4", "text": ""}],
)
def test_a_dump_is_not_restored_from_below_what_refers_to_it_unseen_by_databases(
    make: Make, said: Any
) -> None:
    """The text of the first page had a link that dangled, and has it again."""
    embeds = FieldSchema("", T.TEXT, embeds=True)
    link = FieldSchema("page", T.REFERENCE, null=True, target="site.page", constrained=False)
    site = make()
    body = "$ref(site.page:5)"
    old_pages = model("site.page", body=replace(embeds, name="body"), title=T.TEXT)
    files = {path_of("site.page:1"): bytes_of("site.page:1", page("One", body=body))}
    site.commit_files("main", {"pages/dataset.json": described([old_pages, TEASER]), **files})
    old = site.repository.refs.resolve("main")
    note = model("site.note", text=replace(embeds, name="text"), page=link)
    pages = {
        "site.page:1": page("Uno", body=body),
        "site.page:4": page("Four"),
        "site.page:5": page("Five"),
        "site.note:1": said,
    }
    files = {path_of(key): bytes_of(key, fields) for key, fields in pages.items()}
    document = described([old_pages, TEASER, note], after("site.0002", AddedModel("site.note")))
    site.commit_files("main", {"pages/dataset.json": document, **files})
    with pytest.raises(RefusedError, match="1 reference of records that stay is to") as refused:
        restore(site.repository, ["pages"], old)
    name = "page" if said["page"] else "text"
    assert refused.value.items == (f"site.note:1/{name} refers to site.page:4",)
    mended = bytes_of("site.note:1", {"page": None, "text": ""})
    site.commit_files("main", {path_of("site.note:1"): mended})
    done = restore(site.repository, ["pages"], old)
    assert site.all(done.commit)["site.page:1"] == page("One", body=body)


def test_what_of_a_dump_has_no_place_any_more_is_listed(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"), p3=page("Three", body=""))
    old = site.repository.refs.resolve("main")
    remove = after("site.0002", RemovedField("site.page", "body"))
    document = described([model("site.page", title=T.TEXT)], remove)
    commit(site, "main", document, p1={"title": "Edited"}, p2={"title": "Two"}, p3={"title": "T"})
    with pytest.raises(RefusedError) as refused:
        restore(site.repository, ["pages"], old)
    assert refused.value.items == ("site.page.body: 2 records, gone since site.0002",)
    done = restore(site.repository, ["pages"], old, Picking(drop_fields=True))
    titles = {f"site.page:{n}": {"title": t} for n, t in ((1, "One"), (2, "Two"), (3, "Three"))}
    assert site.all(done.commit) == titles


def test_a_dump_from_before_code_is_not_restored(make: Make) -> None:
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    code = after("site.0002", OpaqueStep("RunPython"))
    commit(site, "main", described([PAGE, TEASER], code), p1=page("ONE"))
    with pytest.raises(RefusedError, match=r"pages of .* migrations are between") as refused:
        restore(site.repository, ["pages"], old)
    assert refused.value.items == ("site.0002: RunPython",)


def test_what_code_changed_since_is_not_restored(make: Make) -> None:
    site = make(p1=page("One"))
    old = site.repository.refs.resolve("main")
    code = after("site.0002", OpaqueStep("RunPython"))
    new = commit(site, "main", described([PAGE, TEASER], code), p1=page("ONE"))
    with pytest.raises(RefusedError, match="migrations are between") as refused:
        restore(site.repository, ["site.page:1"], old)
    assert "contentgit upgrade" in (refused.value.hint or "")
    site.repository.refs.move("refs/heads/older", old, None, "test")
    site.repository.refs.set_head("older")
    with pytest.raises(RefusedError) as refused:
        restore(site.repository, ["site.page:1"], new)
    assert refused.value.items == ("site.0002, which HEAD lacks",)


def test_a_pick_of_older_code_that_dropped_fields_is_refused(make: Make) -> None:
    new = described([RENAMED, TEASER], RENAME)
    site = make(new, p1=renamed("One"))
    commit(site, "ours", p1=renamed("One", text="1"))
    made = commit(site, "theirs", OLD, p1={"title": "1"})
    site.repository.refs.set_head("ours")
    with pytest.raises(RefusedError) as refused:
        cherry_pick(site.repository, made)
    assert "committed without the migration site.0002_text" in refused.value.items[0]


def test_one_record_of_a_commit_with_a_migration_is_picked(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    new = described([RENAMED, TEASER], RENAME)
    edited = {"p1": renamed("One", text="1"), "p2": renamed("Two", text="2")}
    picked = commit(site, "theirs", new, **edited)
    commit(site, "ours", p1=page("One", title="One!"))
    site.repository.refs.set_head("ours")
    done = cherry_pick(site.repository, picked, Picking(names=("site.page:1",)))
    assert site.all(done.commit) == {
        "site.page:1": renamed("One", title="One!", text="1"),
        "site.page:2": renamed("Two"),
    }


# More merges


def test_a_recorded_conflict_across_a_rename_is_decided(make: Make) -> None:
    site = make(p1=page("One"))
    new = described([RENAMED, TEASER], RENAME)
    commit(site, "ours", new, p1=renamed("One", text="Ours"))
    commit(site, "theirs", p1=page("One", body="Theirs", title="1"))
    site.repository.refs.set_head("ours")
    merging.merge(site.repository, "theirs", record=True)
    decided = resolve_recorded(site.repository, ["site.page:1/text"], Decision(Take.THEIRS))
    assert site.record(decided.done.commit, "site.page:1") == {"text": "Theirs", "title": "1"}


def test_branches_that_were_merged_into_each_other_before_and_after_a_rename(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    new = described([RENAMED, TEASER], RENAME)
    ours = commit(site, "ours", new, p1=renamed("One"), p2=renamed("Two", text="2"))
    theirs = commit(site, "theirs", p1=page("One", body="1"))
    both_of = both(site).tree
    for branch, parents in (("ours", [ours, theirs]), ("theirs", [theirs, ours])):
        tree = site.repository.writer.commit_tree(both_of, parents, "Merge\n")
        site.repository.refs.move(
            f"refs/heads/{branch}", tree, site.repository.refs.tip(branch), "test"
        )
    commit(site, "ours", p1=renamed("One", text="1", title="1"))
    commit(site, "theirs", p2=renamed("Two", text="2", title="2"))
    assert site.all(both(site).tree) == {
        "site.page:1": {"text": "1", "title": "1"},
        "site.page:2": {"text": "2", "title": "2"},
    }


def test_sites_that_both_migrated_merge_what_they_edited(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    new = described([RENAMED, TEASER], RENAME)
    commit(site, "ours", new, p1=renamed("One", text="1"), p2=renamed("Two"))
    commit(site, "theirs", new, p1=renamed("One"), p2=renamed("Two", text="2"))
    assert site.all(both(site).tree) == {
        "site.page:1": renamed("One", text="1"),
        "site.page:2": renamed("Two", text="2"),
    }


def test_migrations_that_need_each_other_are_an_error(make: Make) -> None:
    site = make(p1=page("One"))
    one, two = Migration("site.0002"), Migration("site.0003")
    for branch, pair in (("ours", (one, two)), ("theirs", (two, one))):
        last = pair[1]._replace(after=(pair[0].name,))
        commit(site, branch, described([PAGE, TEASER], pair[0], last))
    with pytest.raises(FormatError, match=r"pages/dataset.json of both sides: its migrations need"):
        both(site)


def test_a_key_that_both_gave_away_is_given_anew_across_a_rename(make: Make) -> None:
    site = make(p1=page("One"))
    article = model("site.article", body=T.TEXT, title=T.TEXT)
    teaser = model("site.teaser", page=FieldSchema("page", T.REFERENCE, target="site.article"))
    rename = after("site.0002", RenamedModel("site.page", "site.article"))
    files = {
        "pages/dataset.json": described([article, teaser], rename),
        path_of("site.page:1"): None,
        path_of("site.article:1"): bytes_of("site.article:1", page("One")),
        path_of("site.article:2"): bytes_of("site.article:2", page("Ours")),
    }
    site.commit_files("ours", files)
    link = {path_of("site.teaser:1"): bytes_of("site.teaser:1", {"page": "site.page:2"})}
    commit(site, "theirs", p2=page("Theirs"))
    site.commit_files("theirs", link)
    site.repository.refs.set_head("ours")
    with pytest.raises(ConflictError):
        merging.merge(site.repository, "theirs")
    resolve(site.repository, ["site.article:2"], Decision(renumber=Side.THEIRS))
    done = merging.continue_merge(site.repository)
    found = site.all(done.commit)
    assert found["site.article:2"] == page("Ours")
    assert found["site.article:3"] == page("Theirs")
    assert found["site.teaser:1"] == {"page": "site.article:3"}
    findings: list[Finding] = []
    assert differing(site.repository, "ours", findings.append) == 1
    assert findings == []
    # The other branch, which has the older label, goes on.
    commit(site, "theirs", p2=page("Theirs", text="Edited."), p3=page("Third"))
    found = site.all(merging.merge(site.repository, "theirs").commit)
    assert found["site.article:2"] == page("Ours")
    assert found["site.article:3"] == page("Theirs", text="Edited.")
    assert found["site.article:4"] == page("Third")
    assert differing(site.repository, "ours", findings.append) == 2
    assert findings == []


def test_a_record_that_one_side_deleted_and_the_other_edited(make: Make) -> None:
    site = make(p1=page("One"), p2=page("Two"))
    commit(site, "ours", described([RENAMED, TEASER], RENAME), p1=None, p2=renamed("Two"))
    commit(site, "theirs", p1=page("One", body="1"), p2=None)
    assert [each.labels for each in both(site).conflicts] == [("site.page:1",)]
    site.repository.refs.set_head("ours")
    done = merging.merge(site.repository, "theirs", take=Take.THEIRS)
    assert site.all(done.commit) == {"site.page:1": renamed("One", text="1")}


@pytest.mark.parametrize("seed", range(6))
def test_no_edit_is_lost(make: Make, seed: int) -> None:
    """Each field of each record is edited by one side, or by nobody."""
    chance = random.Random(seed)
    start = {f"p{number}": page(f"Page {number}", note="n") for number in range(1, 9)}
    steps = RenamedField("site.page", "body", "text"), AddedField("site.page", "rank", 5)
    old = model("site.page", body=T.TEXT, note=T.TEXT, title=T.TEXT)
    new = model("site.page", note=T.TEXT, rank=T.INTEGER, text=T.TEXT, title=T.TEXT)
    site = make(described([old, TEASER]), **start)

    def migrated(fields: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in fields.items() if name != "body"}
        return {**rest, "text": fields["body"], "rank": 5}

    ours = {name: migrated(fields) for name, fields in start.items()}
    theirs = {name: dict(fields) for name, fields in start.items()}
    expected = {name: migrated(fields) for name, fields in start.items()}
    for name, field in product(start, ("body", "note", "title")):
        newer = "text" if field == "body" else field
        who = chance.choice(("ours", "theirs", "", ""))
        if who == "ours":
            ours[name][newer] = expected[name][newer] = who
        elif who == "theirs":
            theirs[name][field] = expected[name][newer] = who
    ours["p3"]["rank"] = expected["p3"]["rank"] = 9
    ours["p20"] = expected["p20"] = migrated(page("Ours", note=""))
    theirs["p21"] = page("Theirs", note="")
    expected["p21"] = migrated(theirs["p21"])
    commit(site, "ours", described([new, TEASER], after("site.0002", *steps)), **ours)
    commit(site, "theirs", **theirs)
    found = both(site)
    assert found.conflicts == ()
    assert site.all(found.tree) == {f"site.page:{key[1:]}": each for key, each in expected.items()}


def test_records_that_git_merged_across_migrations_are_mended(make: Make) -> None:
    """Git takes a new file of an old branch as it is: nothing calls the merge driver."""
    site = make(p1=page("One"))
    old = commit(site, "old", p8=page("Eight"), p9=page("Nine"))
    article = model("site.article", rank=T.INTEGER, text=T.TEXT, title=T.TEXT)
    steps = (
        RenamedField("site.page", "body", "text"),
        RenamedModel("site.page", "site.article"),
        AddedField("site.article", "rank", 0),
    )
    files = {
        "pages/dataset.json": described([article], after("site.0002", *steps)),
        path_of("site.page:1"): None,
        path_of("site.article:1"): bytes_of("site.article:1", renamed("One", rank=0)),
    }
    site.commit_files("main", files)
    there = {
        path_of(key): site.repository.blob(old, path_of(key))
        for key in ("site.page:8", "site.page:9")
    }
    parents = [site.repository.refs.resolve(each) for each in ("main", "old")]
    site.commit_files("main", there, parents=parents)
    found = check(site.repository, "main").findings
    assert [(each.rule, each.hint.partition("  ")[0]) for each in found] == [
        ("unknown-model", f"contentgit restore site.page:{number} --from {old[:10]}")
        for number in (8, 9)
    ]
    done = restore(site.repository, ["site.page:8", "site.article:9"], old[:10])
    assert site.all(done.commit) == {
        f"site.article:{number}": renamed(title, rank=0)
        for number, title in ((1, "One"), (8, "Eight"), (9, "Nine"))
    }
    assert check(site.repository, "main").findings == ()


def test_a_record_that_git_merged_across_a_rename_of_a_field_is_mended(make: Make) -> None:
    site = make(p1=page("One"))
    old = commit(site, "old", p9=page("Nine"))
    commit(site, "main", described([RENAMED, TEASER], RENAME), p1=renamed("One"))
    parents = [site.repository.refs.resolve(each) for each in ("main", "old")]
    merged = {path_of("site.page:9"): site.repository.blob(old, path_of("site.page:9"))}
    site.commit_files("main", merged, parents=parents)
    found = check(site.repository, "main").findings
    assert {each.rule for each in found} == {"missing-field", "unknown-field"}
    assert {each.hint.partition("  ")[0] for each in found} == {
        f"contentgit restore site.page:9 --from {old[:10]}"
    }
    done = restore(site.repository, ["site.page:9"], "old")
    assert site.record(done.commit, "site.page:9") == renamed("Nine")


def test_a_merge_by_git_across_code_is_named(make: Make) -> None:
    site = make(p1=page("One"))
    old = commit(site, "old", p9=page("Nine"))
    code = after("site.0002", OpaqueStep("RunPython(up)"))
    commit(site, "main", described([PAGE, TEASER], code), p1=page("ONE"))
    parents = [site.repository.refs.resolve(each) for each in ("main", "old")]
    merged = {path_of("site.page:9"): site.repository.blob(old, path_of("site.page:9"))}
    site.commit_files("main", merged, parents=parents)
    for hand_in in (differing, tip_doubts):
        found: list[Finding] = []
        hand_in(site.repository, "main", found.append)
        (one,) = found
        assert (one.rule, one.level) == ("merge-not-checked", Level.WARNING)
        assert one.message == (
            f"records of pages that come from {old[:10]} are from before site.0002: RunPython(up)"
        )
        assert one.hint.startswith(f"contentgit upgrade {old[:10]} --branch NEW")


# Conflicts under names from before a migration


@pytest.fixture
def renamed_model(make: Make) -> Site:
    """A branch that edited two pages, and HEAD's, on which they are articles with a text."""
    site = make(p1=page("One"), p2=page("Two"))
    teaser = bytes_of("site.teaser:1", {"page": "site.page:1"})
    site.commit_files("main", {path_of("site.teaser:1"): teaser})
    there = {**{f"p{n}": page(str(n), body=f"Their {n}.") for n in (1, 2)}, "p9": page("Nine")}
    commit(site, "theirs", **there)
    site.commit_files(
        "theirs", {path_of("site.teaser:1"): bytes_of("site.teaser:1", {"page": "site.page:9"})}
    )
    steps = RenamedField("site.page", "body", "text"), RenamedModel("site.page", "site.article")
    referring = FieldSchema("page", T.REFERENCE, target="site.article")
    models = [
        model("site.article", text=T.TEXT, title=T.TEXT),
        model("site.teaser", page=referring),
    ]
    files: dict[str, bytes | None] = {
        "pages/dataset.json": described(models, after("site.0002", *steps)),
        path_of("site.teaser:1"): bytes_of("site.teaser:1", {"page": "site.article:2"}),
    }
    for number in (1, 2):
        fields = renamed(f"our {number}", text=f"Our {number}.")
        key = f"site.article:{number}"
        files |= {path_of(f"site.page:{number}"): None, path_of(key): bytes_of(key, fields)}
    site.commit_files("main", files)
    return site


@pytest.mark.parametrize("record", [False, True])
def test_a_conflict_is_decided_under_names_from_before_a_migration(
    renamed_model: Site, record: bool
) -> None:
    site, repository = renamed_model, renamed_model.repository

    def decide(pattern: str, decision: Decision) -> None:
        if record:
            resolve_recorded(repository, [pattern], decision)
        else:
            resolve(repository, [pattern], decision)

    with suppress(ConflictError):
        merging.merge(repository, "theirs", record=record)
    decide("site.page:1/body", Decision(Take.THEIRS))
    decide("site.article:1/title", Decision(Take.OURS))
    decide("site.page:2/body", Decision(value="Mine."))
    decide("site.page:*", Decision(Take.THEIRS))
    decide("site.teaser:1", Decision(Take.THEIRS))
    if not record:
        merging.continue_merge(repository)
    tip = repository.refs.resolve("main")
    assert site.record(tip, "site.article:1")["text"] == "Their 1."
    assert site.record(tip, "site.article:2") == {"text": "Mine.", "title": "2"}
    assert site.record(tip, "site.teaser:1") == {"page": "site.article:9"}


def test_what_a_conflict_refers_to_has_its_title(renamed_model: Site) -> None:
    repository = renamed_model.repository
    with pytest.raises(ConflictError):
        merging.merge(repository, "theirs")
    operation = current(repository)
    assert operation
    assert reference_titles(repository, operation.tree(repository)) == {
        "site.article:1": "our 1",
        "site.article:2": "our 2",
        "site.article:9": "Nine",
    }


def test_sides_that_name_rows_in_no_dump_differently_are_refused(make: Make) -> None:
    """What names them is followed through the migrations; what only one side refers to may be new."""
    author = FieldSchema("author", T.REFERENCE, target="auth.user")
    old, new = (
        model("site.page", author=author, title=T.TEXT, **{name: T.TEXT})
        for name in ("body", "text")
    )
    rename = after("site.0002_text", *RENAME.steps, RenamedField("auth.user", "username", "login"))

    def naming(field: str, *made: Any) -> bytes:
        return dump_document(
            {**parse_document(described(*made)), "identities": {"auth.user": [field]}}
        )

    site = make(described([old]), p1=page("One", author="auth.user:5"))
    commit(site, "ours", naming("login", [new], rename), p1=renamed("One", author="auth.user:anna"))
    commit(site, "theirs", p2=page("Two", author="auth.user:6"))
    with pytest.raises(RefusedError, match="name the rows that its records refer to") as refused:
        both(site)
    assert refused.value.items == ("auth.user: by login in ours, by their primary key in theirs",)
    commit(site, "theirs", naming("username", [old]), p1=page("One", author="auth.user:anna"))
    commit(site, "theirs", p2=page("Two", author="auth.user:bob"))
    assert site.all(both(site).tree)["site.page:2"] == renamed("Two", author="auth.user:bob")

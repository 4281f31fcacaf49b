"""``revert``, ``cherry-pick`` and ``restore`` in a real repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.picking import Picking, cherry_pick, revert
from contentgit.branches.merging.restoring import restore
from contentgit.content.canonical import dump_document, encode
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, Schema
from contentgit.errors import ConflictError, RefusedError, UnknownNameError, UsageError
from contentgit.git import Repository
from contentgit.merge import Take
from tests.git.conftest import DATE
from tests.git.content import DATASET, SCHEMA, TAG, Site, bytes_of, page, path_of, teaser
from tests.git.plain import git
from tests.git.test_tree_merge import START


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def field(site: Site, key: str, name: str) -> Any:
    record = site.record(site.repository.refs.resolve("main"), key)
    return record and record[name]


def test_a_revert_takes_back_one_commit_and_keeps_what_came_after(site: Site) -> None:
    repository = site.repository
    site.commit(
        "main", {"site.page:1": {"title": "Start", "slug": "start"}, "site.tag:9": {"name": "new"}}
    )
    bad = repository.refs.resolve("main")
    site.commit("main", {"site.page:1": {"body": "Later"}})
    done = revert(repository, "main~1")
    assert repository.refs.resolve("main") == done.commit
    assert [field(site, "site.page:1", name) for name in ("title", "slug", "body")] == [
        "Home", "home", "Later",
    ]  # fmt: skip
    assert field(site, "site.tag:9", "name") is None
    commit = repository.history.commit(done.commit)
    assert commit.message == f'Revert "Change main"\n\nThis reverts commit {bad}.\n'
    assert len(commit.parents) == 1
    # Reverting the revert brings it back.
    revert(repository, "main")
    assert field(site, "site.page:1", "title") == "Start"
    assert revert(repository, "main", Picking(commit=False)).commit == ""
    continue_merge(repository)
    assert field(site, "site.page:1", "title") == "Home"


def test_a_revert_of_what_was_changed_since_is_a_conflict(site: Site) -> None:
    repository = site.repository
    site.commit("main", {"site.page:1": {"title": "Start"}})
    tip = site.commit("main", {"site.page:1": {"title": "Welcome"}})
    with pytest.raises(ConflictError) as caught:
        revert(repository, "main~1")
    assert caught.value.message.startswith("revert of main~1 on main: 1 conflict")
    (place,) = caught.value.data["conflicts"][0]["places"]
    assert [place[each] for each in ("base", "ours", "theirs")] == ["Start", "Welcome", "Home"]
    assert repository.refs.resolve("main") == tip
    resolve(repository, [], Decision(Take.THEIRS))
    continue_merge(repository)
    assert field(site, "site.page:1", "title") == "Home"


def test_a_part_of_a_commit(site: Site) -> None:
    repository = site.repository
    site.commit("main", {"site.page:1": {"title": "Start"}, "site.tag:1": {"name": "eins"}})
    revert(repository, "main", Picking(names=("site.tag:1",)))
    assert (field(site, "site.page:1", "title"), field(site, "site.tag:1", "name")) == (
        "Start",
        "one",
    )
    with pytest.raises(UnknownNameError, match="changes nothing in"):
        revert(repository, "main", Picking(names=("site.tag:2",)))
    revert(repository, "main~1", Picking(names=("pages",), message="Back\n"))
    assert field(site, "site.page:1", "title") == "Home"
    assert repository.history.commit(repository.refs.resolve("main")).message == "Back\n"


def test_a_cherry_pick_does_not_say_which_records_got_other_keys(site: Site) -> None:
    """They are records of other commits, and may have yet others here."""
    commit = site.commit("summer", {"site.page:1": {"title": "Summer"}})
    site.commit("main", {"site.page:1": {"slug": "start"}})
    message = f"Shorter\n\nContentgit-Renumbered: site.tag:3 of {commit} is site.tag:4\n"
    tree = site.repository.trees.root(commit)
    parents = site.repository.history.commit(commit).parents
    picked = site.repository.writer.commit_tree(tree, parents, message)
    done = cherry_pick(site.repository, picked)
    assert site.repository.history.commit(done.commit).message == "Shorter\n"


def test_a_cherry_pick_keeps_author_and_message(site: Site) -> None:
    repository = site.repository
    site.commit("summer", {"site.tag:2": {"name": "zwei"}})
    picked = site.commit("summer", {"site.page:1": {"title": "Summer"}})
    site.commit("main", {"site.page:1": {"slug": "start"}})
    done = cherry_pick(repository, "summer", Picking(note_source=True))
    commit = repository.history.commit(done.commit)
    assert (commit.author, commit.date, commit.subject) == ("Anna", DATE, "Change summer")
    assert commit.committed > DATE
    assert commit.message.endswith(f"\n\n(cherry picked from commit {picked})\n")
    assert field(site, "site.page:1", "title") == "Summer"
    assert field(site, "site.tag:2", "name") == "two"
    assert cherry_pick(repository, "summer").commit == ""


def test_a_cherry_pick_brings_along_what_its_records_refer_to(site: Site) -> None:
    repository = site.repository
    site.commit(
        "summer",
        {"site.page:20": page("Season", parent="site.page:1"), "site.tag:7": {"name": "warm"}},
    )
    site.commit(
        "summer", {"site.page:21": page("Month", parent="site.page:20", tags=["site.tag:7"])}
    )
    site.commit("summer", {"site.teaser:5": teaser("Look", "site.page:21")})
    tip = site.commit("main", {"site.page:1": {"slug": "start"}})
    with pytest.raises(RefusedError) as caught:
        cherry_pick(repository, "summer")
    assert caught.value.message == "3 records that this needs are not on the branch"
    assert caught.value.items[0] == "site.teaser:5 refers to site.page:21 (Month)"
    assert caught.value.hint == "--with-dependencies  brings them along"
    assert repository.refs.resolve("main") == tip
    cherry_pick(repository, "summer", Picking(with_dependencies=True))
    records = site.all(repository.refs.resolve("main"))
    assert records.keys() - START.keys() == {
        "site.teaser:5", "site.page:21", "site.page:20", "site.tag:7",
    }  # fmt: skip
    assert records["site.page:1"]["slug"] == "start"


def test_what_a_record_picked_by_name_refers_to_may_be_in_the_same_commit(site: Site) -> None:
    repository = site.repository
    parent, child = page("Season", parent="site.page:1"), page("Month", parent="site.page:20")
    site.commit("summer", {"site.page:20": parent, "site.page:21": child})
    names = ("site.page:21",)
    with pytest.raises(RefusedError) as caught:
        cherry_pick(repository, "summer", Picking(names=names))
    assert caught.value.items == ("site.page:21 refers to site.page:20 (Season)",)
    cherry_pick(repository, "summer", Picking(names=names, with_dependencies=True))
    assert field(site, "site.page:20", "title") == "Season"

    site.commit("main", {"site.page:20": None, "site.page:21": None})
    with pytest.raises(RefusedError) as caught:
        revert(repository, "main", Picking(names=names))
    assert caught.value.items == ("site.page:21 refers to site.page:20 (Season)",)
    revert(repository, "main", Picking(names=names, with_dependencies=True))
    assert field(site, "site.page:20", "title") == "Season"


def test_merges_and_first_commits(site: Site) -> None:
    repository = site.repository
    with pytest.raises(UsageError, match="main is the first commit"):
        revert(repository, "main")
    site.commit("summer", {"site.tag:2": {"name": "zwei"}})
    site.commit("main", {"site.tag:1": {"name": "eins"}})
    merge(repository, "summer")
    with pytest.raises(UsageError, match="main is a merge: against which of its 2 parents"):
        revert(repository, "main")
    with pytest.raises(UsageError, match="has 2 parents, so -m 3 is out of range"):
        revert(repository, "main", Picking(mainline=3))
    revert(repository, "main", Picking(mainline=1))
    assert (field(site, "site.tag:1", "name"), field(site, "site.tag:2", "name")) == ("eins", "two")
    with pytest.raises(UsageError, match="has 1 parent, so -m 1 is out of range"):
        revert(repository, "main", Picking(mainline=1))


def test_restore_brings_records_and_fields_back(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    site.commit("main", {"site.page:1": {"title": "Start", "slug": "start"}})
    site.commit("main", {"site.page:2": None, "site.teaser:1": None})
    restore(repository, ["site.page:1/title"], "v1")
    assert (field(site, "site.page:1", "title"), field(site, "site.page:1", "slug")) == (
        "Home",
        "start",
    )
    with pytest.raises(RefusedError) as caught:
        restore(repository, ["site.teaser:1"], "v1")
    assert caught.value.items == ("site.teaser:1 refers to site.page:2 (About)",)
    done = restore(repository, ["site.teaser:1"], "v1", Picking(with_dependencies=True))
    assert repository.history.commit(done.commit).subject == "Restore site.teaser:1 from v1"
    records = site.all(done.commit)
    assert {key: records[key] for key in ("site.page:2", "site.teaser:1")} == {
        key: dict(START[key]) for key in ("site.page:2", "site.teaser:1")
    }
    assert restore(repository, ["site.teaser:1"], "v1").commit == ""


def test_several_fields_of_one_record_are_restored(site: Site) -> None:
    git(site.repository.path, "tag", "v1")
    new = {"title": "Start", "slug": "start", "body": "New."}
    site.commit("main", {"site.page:1": new, "site.page:2": {"title": "You"}})
    labels = ["site.page:1/title", "site.page:2/title", "site.page:1/slug"]
    commit = restore(site.repository, labels, "v1").commit
    for number in (1, 2):
        fields = {**START[f"site.page:{number}"], **({"body": "New."} if number == 1 else {})}
        assert site.record(commit, f"site.page:{number}") == fields


def test_a_text_key_that_looks_like_a_number_stays_one(site: Site) -> None:
    models = {**SCHEMA.models, "site.tag": replace(TAG, key_kind=KeyKind.TEXT, layout=Layout.FLAT)}
    document = dump_document(schema_document(DATASET, Schema(models)))
    key = RecordKey("site.tag", "7")
    place = f"pages/{record_path(key, Layout.FLAT)}"
    gone = {path_of(f"site.tag:{number}"): None for number in (1, 2)}
    for name in ("one", "two"):
        data = encode(Record(key, {"name": name}), KeyKind.TEXT)
        site.commit_files("main", {**gone, f"pages/{DATASET_FILE}": document, place: data})
    commit = restore(site.repository, ["site.tag:7/name"], "HEAD~1").commit
    data = encode(Record(key, {"name": "one"}), KeyKind.TEXT)
    assert site.repository.blob(commit, place) == data


def test_what_comes_back_has_to_fit_what_was_done_since(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    site.commit("main", {"site.page:2": None, "site.teaser:1": None})
    site.commit("main", {"site.page:9": page("About")})
    tip = site.commit(
        "main", {"site.page:1": {"parent": "site.page:3"}, "site.page:3": {"parent": None}}
    )
    with pytest.raises(ConflictError) as caught:
        restore(repository, ["site.page:2"], "v1")
    assert [each["reason"] for each in caught.value.data["conflicts"]] == ["same-value"]
    assert repository.refs.resolve("main") == tip
    resolve(repository, ["site.page:9/slug"], Decision(value="about-2"))
    assert continue_merge(repository).verb == "restore"
    with pytest.raises(ConflictError) as caught:
        restore(repository, ["site.page:3/parent"], "v1")
    assert [each["reason"] for each in caught.value.data["conflicts"]] == ["cycle"]


def test_a_restored_record_has_the_fields_that_are_managed_now(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    fields = [each for each in TAG.fields if each.name != "name"]
    fields += [FieldSchema("color", FieldKind.TEXT), FieldSchema("label", FieldKind.TEXT)]
    models = {**SCHEMA.models, "site.tag": replace(TAG, fields=tuple(fields))}
    document = dump_document(schema_document(DATASET, Schema(models)))
    site.commit_files(
        "main",
        {
            f"pages/{DATASET_FILE}": document,
            path_of("site.tag:1"): bytes_of("site.tag:1", {"color": "red", "label": "One"}),
            path_of("site.tag:2"): None,
        },
    )
    with pytest.raises(RefusedError) as caught:
        restore(repository, ["site.tag:1"], "v1")
    assert caught.value.items == ("site.tag:1/name: HEAD's schema has no such field",)
    assert restore(repository, ["site.tag:1"], "v1", Picking(drop_fields=True)).commit == ""
    assert field(site, "site.tag:1", "color") == "red"
    site.commit_files("main", {path_of("site.page:4"): None, f"pages/{DATASET_FILE}": dump_document(
        schema_document(DATASET, Schema({"site.tag": TAG})))})  # fmt: skip
    with pytest.raises(UnknownNameError, match=r"HEAD has no site\.page in pages"):
        restore(repository, ["site.page:4"], "v1")


@pytest.mark.parametrize(
    ("label", "error"),
    [
        ("site.page:77", "v1 has no record site.page:77"),
        ("site.page:1/nothing", "site.page:1 has no field nothing in v1"),
        ("site.page:9/title", "v1 has no record site.page:9"),
        ("page", "v1 has no dump 'page'"),
        ("", "v1 has no dump ''"),
    ],
)
def test_what_cannot_be_restored(site: Site, label: str, error: str) -> None:
    git(site.repository.path, "tag", "v1")
    site.commit("main", {"site.page:9": page("Jobs")})
    with pytest.raises(UsageError) as caught:
        restore(site.repository, [label], "v1")
    assert caught.value.message == error


def test_a_field_of_a_record_that_is_gone(site: Site) -> None:
    git(site.repository.path, "tag", "v1")
    site.commit("main", {"site.tag:2": None})
    with pytest.raises(UsageError, match=r"HEAD has no record site\.tag:2 whose name"):
        restore(site.repository, ["site.tag:2/name"], "v1")


def test_a_dump_is_restored(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    changes: dict[str, Any] = {
        "site.page:1": {"title": "Start"},
        "site.teaser:1": None,
        "site.tag:9": {"name": "new"},
    }
    document = repository.blob(repository.refs.resolve("main"), f"pages/{DATASET_FILE}")
    other = {f"other/{DATASET_FILE}": document}
    site.commit_files(
        "main", {**other, path_of("site.tag:5", "other"): bytes_of("site.tag:5", {"name": "o"})}
    )
    tip = site.commit("main", changes)
    done = restore(repository, ["pages"], "v1")
    assert site.all(done.commit) == {key: dict(fields) for key, fields in START.items()}
    assert repository.history.commit(done.commit).subject == "Restore pages from v1"
    assert repository.trees.folder_id(done.commit, "other") == repository.trees.folder_id(
        tip, "other"
    )
    assert restore(repository, ["pages"], "v1").commit == ""
    with pytest.raises(UnknownNameError, match="v1 has no dump 'other'"):
        restore(repository, ["other"], "v1")


def test_a_dump_that_others_refer_to_is_a_conflict(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    document = repository.blob(repository.refs.resolve("main"), f"pages/{DATASET_FILE}")
    files = {
        f"other/{DATASET_FILE}": document,
        path_of("site.page:7"): bytes_of("site.page:7", page("Seven")),
        path_of("site.teaser:7", "other"): bytes_of("site.teaser:7", teaser("On", "site.page:7")),
    }
    tip = site.commit_files("main", files)
    with pytest.raises(ConflictError) as caught:
        restore(repository, ["pages"], "v1")
    assert "site.teaser:7" in caught.value.items[0]
    assert repository.refs.resolve("main") == tip
    resolve(repository, [], Decision(Take.OURS))
    assert continue_merge(repository, "restore").commit == ""


def test_a_dump_that_the_branch_has_lost_comes_back_whole(site: Site) -> None:
    repository = site.repository
    git(repository.path, "tag", "v1")
    files = {path_of(key): None for key in START}
    site.commit_files("main", {**files, f"pages/{DATASET_FILE}": None})
    with pytest.raises(UnknownNameError) as caught:
        restore(repository, ["site.page:1"], "v1")
    assert "contentgit restore pages --from v1" in (caught.value.hint or "")
    done = restore(repository, ["pages"], "v1")
    assert repository.trees.root(done.commit) == repository.trees.root(
        repository.refs.resolve("v1")
    )

"""Fields that are one value, in merges, decisions and what is restored, without a project's code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.check_merges import differing
from contentgit.branches.drivers import merge_file
from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.recorded import resolve_recorded
from contentgit.branches.merging.restoring import restore
from contentgit.branches.operation import under_way
from contentgit.check import Finding
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.diff import ABSENT
from contentgit.content.layout import DATASET_FILE
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
)
from contentgit.errors import ConflictError, FormatError, UsageError
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.history.commits import Selection, compare_commits
from contentgit.merge import Take, TreeConflict
from contentgit.render.conflicts import headline
from tests.git.content import DATASET, SCHEMA, Site, bytes_of, path_of
from tests.git.plain import git

LOOSE = ModelSchema(
    "site.ware",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("amount", FieldKind.DECIMAL),
        FieldSchema("currency", FieldKind.TEXT),
        FieldSchema("name", FieldKind.TEXT),
    ),
)
WARE = replace(LOOSE, together=(("amount", "currency"),))
KEY = "site.ware:1"
DEARER, YEN = {"amount": "120.00"}, {"currency": "JPY"}


def description(ware: ModelSchema) -> bytes:
    models = {**SCHEMA.models, ware.label: ware}
    return dump_document(schema_document(DATASET, Schema(models)))


@pytest.fixture
def site(repository_path: Path) -> Site:
    """A site that sells one thing for 100 euros."""
    site = Site(Repository.init(repository_path, bare=True))
    ware = bytes_of(KEY, {"amount": "100.00", "currency": "EUR", "name": "Bread"})
    site.commit_files("main", {f"pages/{DATASET_FILE}": description(WARE), path_of(KEY): ware})
    return site


def stopped(site: Site, ours: Any, theirs: Any) -> tuple[TreeConflict, ...]:
    """The conflicts of a merge that is under way then."""
    site.commit("other", {KEY: theirs})
    site.commit("main", {KEY: ours})
    with pytest.raises(ConflictError):
        merge(site.repository, "other")
    return under_way(site.repository).tree(site.repository).conflicts


def price(site: Site, commit: str) -> tuple[str, str]:
    record = site.record(commit, KEY)
    assert record is not None
    return record["amount"], record["currency"]


def test_edits_of_two_parts_of_a_value_are_one_conflict(site: Site) -> None:
    (conflict,) = stopped(site, DEARER, YEN)
    assert conflict.labels == (f"{KEY}/amount", f"{KEY}/currency")
    assert headline(conflict) == (
        "site.ware:1/amount  Bread: both sides changed it; amount and currency are one value"
    )


def test_what_one_side_alone_changed_is_taken(site: Site) -> None:
    site.commit("other", {KEY: {**DEARER, **YEN}})
    site.commit("main", {KEY: {"name": "Rye"}})
    commit = merge(site.repository, "other").commit
    assert price(site, commit) == ("120.00", "JPY")


@pytest.mark.parametrize("label", ["amount", "currency"])
@pytest.mark.parametrize(
    ("take", "expected"),
    [
        (Take.OURS, ("120.00", "EUR")),
        (Take.THEIRS, ("100.00", "JPY")),
        (Take.BASE, ("100.00", "EUR")),
    ],
)
def test_a_side_is_taken_as_a_whole(
    site: Site, label: str, take: Take, expected: tuple[str, str]
) -> None:
    stopped(site, DEARER, YEN)
    assert resolve(site.repository, [f"{KEY}/{label}"], Decision(take)).conflicts == ()
    assert price(site, continue_merge(site.repository).commit) == expected


def test_the_base_is_taken_as_a_whole_where_both_agree_in_a_part(site: Site) -> None:
    (conflict,) = stopped(site, {**DEARER, **YEN}, {"amount": "130.00", **YEN})
    assert conflict.labels == (f"{KEY}/amount",)
    resolve(site.repository, [], Decision(Take.BASE))
    assert price(site, continue_merge(site.repository).commit) == ("100.00", "EUR")


def test_a_value_goes_to_one_field_and_leaves_the_others_open(site: Site) -> None:
    repository = site.repository
    stopped(site, DEARER, YEN)
    with pytest.raises(UsageError, match="2 places are named"):
        resolve(repository, [KEY], Decision(value="110.00"))
    (left,) = resolve(repository, [f"{KEY}/amount"], Decision(value="110.00")).conflicts
    assert left.labels == (f"{KEY}/currency",)
    assert resolve(repository, [f"{KEY}/currency"], Decision(value="CHF")).conflicts == ()
    assert price(site, continue_merge(repository).commit) == ("110.00", "CHF")


def test_a_recorded_conflict_is_decided_as_a_whole(site: Site) -> None:
    repository = site.repository
    repository.refs.set_head("main")
    site.commit("other", {KEY: YEN})
    site.commit("main", {KEY: DEARER})
    merge(repository, "other", record=True)
    done = resolve_recorded(repository, [f"{KEY}/currency"], Decision(Take.THEIRS))
    assert done.left == ()
    assert price(site, done.done.commit) == ("100.00", "JPY")


@pytest.mark.parametrize("sides", [(WARE, LOOSE), (LOOSE, WARE)])
def test_it_is_enough_that_one_side_says_so(
    site: Site, sides: tuple[ModelSchema, ModelSchema]
) -> None:
    for branch, ware in zip(("main", "other"), sides, strict=True):
        site.commit_files(branch, {f"pages/{DATASET_FILE}": description(ware)})
    conflicts = stopped(site, DEARER, YEN)
    assert conflicts[-1].labels == (f"{KEY}/amount", f"{KEY}/currency")


def test_a_restored_field_brings_its_companions_along(site: Site) -> None:
    git(site.repository.path, "tag", "v1")
    site.commit("main", {KEY: {**DEARER, **YEN, "name": "Rye"}})
    commit = restore(site.repository, [f"{KEY}/amount"], "v1").commit
    assert site.record(commit, KEY) == {"amount": "100.00", "currency": "EUR", "name": "Rye"}


def test_a_record_that_both_sides_added(site: Site) -> None:
    other = "site.ware:2"
    site.commit("other", {other: {"amount": "5.00", "currency": "JPY", "name": "Roll"}})
    site.commit("main", {other: {"amount": "5.00", "currency": "EUR", "name": "Roll"}})
    with pytest.raises(ConflictError):
        merge(site.repository, "other")
    (conflict,) = under_way(site.repository).tree(site.repository).conflicts
    assert conflict.labels == (f"{other}/currency",)
    assert conflict.places[0].base is ABSENT


def test_gits_merge_driver_knows_what_is_one_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / DATASET_FILE).write_bytes(description(WARE))
    base = {"amount": "100.00", "currency": "EUR", "name": "Bread"}
    sides = [bytes_of(KEY, {**base, **each}) for each in ({}, DEARER, YEN)]
    merged = merge_file(path_of(KEY), sides[0], sides[1], sides[2])
    assert merged.data == sides[1]
    assert merged.conflicts == (
        "site.ware:1: both sides changed amount",
        "site.ware:1: both sides changed currency",
    )


def test_a_merge_of_lines_that_gave_a_value_nobody_wrote_is_told(site: Site) -> None:
    repository = site.repository
    site.commit("other", {KEY: YEN})
    site.commit("main", {KEY: DEARER})
    ours, theirs = repository.refs.resolve("main"), repository.refs.resolve("other")
    mixed = bytes_of(KEY, {**DEARER, **YEN, "name": "Bread"})
    tree = repository.writer.write_tree(ours, [(path_of(KEY), mixed)])
    commit = repository.writer.commit_tree(tree, (ours, theirs), "Merged on the host\n")
    told: list[Finding] = []
    assert differing(repository, commit, told.append) == 1
    assert [
        (each.rule, each.field, each.message.partition(": the commit")[2]) for each in told
    ] == [
        ("merge-differs", "amount", ' has "120.00"'),
        ("merge-differs", "currency", ' has "JPY"'),
    ]
    assert told[0].message.startswith("both sides changed it; amount and currency are one value,")


def test_check_names_a_group_of_what_is_not_described(site: Site) -> None:
    assert check(site.repository, "main").findings == ()
    wrong = replace(WARE, together=(("amount", "curency"),))
    site.commit_files("main", {f"pages/{DATASET_FILE}": description(wrong)})
    (found,) = check(site.repository, "main").findings
    assert (found.rule, found.level.value, found.field) == ("unknown-field", "warning", "curency")
    assert found.message == "'together' names \"curency\", which is not a field of site.ware"


def test_a_dataset_file_that_cannot_be_read_is_named_with_its_commit(site: Site) -> None:
    site.commit_files("summer", {f"pages/{DATASET_FILE}": b'{"models": [], "specs": []}'})
    tip = site.repository.refs.resolve("summer")[:10]
    words = f"^pages/dataset.json in {tip}: does not describe a dump: a list, an object or a text "
    with pytest.raises(FormatError, match=words) as caught:
        assert compare_commits(site.repository, "main", "summer", Selection()).schemas
    assert caught.value.hint == "commit the dump again, or choose another revision"
    site.commit("main", {KEY: YEN})
    site.commit("summer", {KEY: DEARER})
    with pytest.raises(FormatError, match=words.replace(tip, ".*")):
        merge(site.repository, "summer")


@pytest.mark.parametrize("groups", ["amount", {"amount": []}, ["amount"], [["amount", 3]]])
def test_check_refuses_groups_of_another_form(site: Site, groups: Any) -> None:
    document = json.loads(description(WARE))
    document["models"]["site.ware"]["together"] = groups
    site.commit_files("main", {f"pages/{DATASET_FILE}": dump_document(document)})
    rules = {each.rule for each in check(site.repository, "main").findings}
    assert "no-schema" in rules

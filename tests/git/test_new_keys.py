"""``resolve --renumber`` in one call or many: no record gets a key that another has, had or was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.picking import revert
from contentgit.branches.merging.recorded import recorded_in, resolve_recorded
from contentgit.branches.operation import current, keep
from contentgit.content.canonical import dump_document, encode
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import KeyKind, Layout, Schema
from contentgit.errors import ConflictError, RefusedError, UsageError
from contentgit.git import Repository
from contentgit.history.renumbered import NewKey, new_keys_since, said_by
from contentgit.merge import Place, Resolution, Side, Take
from contentgit.specs import ModelSpec
from tests.git.content import DATASET, NEWS, SCHEMA, TAG, Site, bytes_of, page, path_of
from tests.git.test_decisions import findings, stopped
from tests.git.test_tree_merge import START

NEW = Decision(renumber=Side.THEIRS)
OURS, THEIRS = Decision(Take.OURS), Decision(Take.THEIRS)


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def tags(prefix: str, *numbers: int) -> dict[str, Any]:
    return {f"site.tag:{number}": {"name": f"{prefix}{number}"} for number in numbers}


def names(site: Site, commit: str) -> list[str]:
    """The names of all tags but the first two."""
    records = site.all(commit).items()
    found = [fields["name"] for key, fields in records if key.startswith("site.tag:")]
    return sorted(each for each in found if each not in ("one", "two"))


def given(site: Site, *patterns: str) -> list[tuple[str, str]]:
    found = resolve(site.repository, patterns, NEW).resolutions
    return [(each.label, each.key) for each in found]


def test_new_keys_given_one_call_after_the_other(site: Site) -> None:
    stopped(site, tags("w", 3, 4, 5), tags("s", 3, 4, 5))
    assert given(site, "site.tag:3") == [("site.tag:3", "6")]
    assert given(site, "site.tag:5", "site.tag:4") == [("site.tag:4", "7"), ("site.tag:5", "8")]
    commit = continue_merge(site.repository).commit
    assert names(site, commit) == ["s3", "s4", "s5", "w3", "w4", "w5"]
    assert findings(site, commit) == []


def test_there_may_be_no_key_above(site: Site) -> None:
    """No database has a row under the next number: an apply could not write it."""
    stopped(site, tags("w", 3), tags("s", 3, 2**63 - 1))
    for patterns in (["site.tag:3"], []):
        with pytest.raises(RefusedError, match=f"site.tag:{2**63 - 1} is in use") as told:
            resolve(site.repository, patterns, NEW)
        assert "a lower one before merging" in told.value.hint


def test_a_key_that_both_sides_gave_up_is_not_given_again(site: Site) -> None:
    """The base has it: the new record would be taken for an edit of the one that is gone."""
    site.commit("main", tags("old", 9))
    site.commit("summer", {"site.tag:9": None})
    stopped(site, {"site.tag:9": None, **tags("w", 3)}, tags("s", 3))
    assert given(site, "site.tag:3") == [("site.tag:3", "10")]
    assert names(site, continue_merge(site.repository).commit) == ["s3", "w3"]


def test_a_new_key_given_anew(site: Site) -> None:
    """What was decided about the record under its new key goes with that key."""
    same = {"site.page:9": page("Jobs"), "site.page:8": page("A")}
    stopped(site, same, {"site.page:9": page("Jobs", body="Other."), "site.page:8": page("B")})
    assert given(site, "site.page:9") == [("site.page:9", "10")]
    found = resolve(site.repository, ["site.page:10/slug"], Decision(value="jobs-2"))
    assert [each.labels[0] for each in found.conflicts] == [
        "site.page:8/slug",
        "site.page:8/title",
    ]
    assert (
        resolve(site.repository, ["site.page:9"], THEIRS)
        .resolutions[0]
        .label.startswith("site.page:9")
    )
    operation = current(site.repository)
    assert operation is not None
    assert not [each for each in operation.resolutions if each.label.startswith("site.page:10")]
    assert given(site, "site.page:8") == [("site.page:8", "10")]
    commit = continue_merge(site.repository).commit
    assert site.all(commit)["site.page:10"]["slug"] == "b"
    assert site.all(commit)["site.page:9"]["body"] == "Other."


def test_a_key_that_a_decision_refers_to_is_not_taken_back(site: Site) -> None:
    stopped(
        site,
        {"site.page:9": page("W"), "site.page:2": {"parent": "site.page:3"}},
        {"site.page:9": page("S"), "site.page:2": {"parent": "site.page:4"}},
    )
    assert given(site, "site.page:9") == [("site.page:9", "10")]
    resolve(site.repository, ["site.page:2/parent"], Decision(value="site.page:10"))
    with pytest.raises(
        RefusedError, match=r"site\.page:2/parent was decided to refer to site\.page:10"
    ):
        resolve(site.repository, ["site.page:9"], OURS)
    resolve(site.repository, ["site.page:2/parent"], OURS)
    resolve(site.repository, ["site.page:9"], OURS)
    assert findings(site, continue_merge(site.repository).commit) == []


@pytest.mark.parametrize("earlier", [OURS, THEIRS, Decision(value="x")])
def test_a_new_key_for_a_record_that_was_decided_in_part(site: Site, earlier: Decision) -> None:
    """Both records stay as they are: what was decided for one of both is no answer for two."""
    ours, theirs = page("W"), page("S")
    stopped(site, {"site.page:9": ours}, {"site.page:9": theirs})
    resolve(site.repository, ["site.page:9/title"], earlier)
    assert given(site, "site.page:9") == [("site.page:9", "10")]
    commit = continue_merge(site.repository).commit
    assert site.record(commit, "site.page:9") == ours
    assert site.record(commit, "site.page:10") == theirs


def test_a_row_keeps_one_key_in_all_its_models(site: Site) -> None:
    """Its multi-table child stands in another dump, and what takes the key back takes both back."""
    document = dump_document(
        schema_document(
            replace(DATASET, name="more", specs=(ModelSpec("site.news"), ModelSpec("site.page"))),
            Schema({"site.news": NEWS, "site.page": SCHEMA.models["site.page"]}),
        )
    )
    site.commit_files("main", {f"more/{DATASET_FILE}": document})
    place = path_of("site.news:9", "more")
    data = bytes_of("site.news:9", {"date": "2026-02-02"})
    site.commit_files("summer", {place: data})
    stopped(site, {"site.page:9": page("W")}, {"site.page:9": page("S")})
    both = [("site.news:9", "10"), ("site.page:9", "10")]
    assert given(site, "site.page:9") == both
    resolve(site.repository, ["site.page:9"], OURS)
    operation = current(site.repository)
    assert operation is not None
    assert not [each for each in operation.resolutions if each.key]
    assert given(site, "site.page:9") == both
    commit = continue_merge(site.repository).commit
    assert site.repository.blob(commit, place) is None
    assert site.repository.blob(commit, path_of("site.news:10", "more")) is not None
    assert findings(site, commit) == []


def test_a_part_of_a_row_that_was_there_keeps_its_key(site: Site) -> None:
    """Its multi-table parent would be left without it."""
    dates = [{"site.news:2": {"date": f"2026-0{month}-01"}} for month in (1, 2)]
    stopped(site, *dates)
    with pytest.raises(RefusedError, match=r"is a part of site\.page:2, which was there before"):
        resolve(site.repository, ["site.news:2"], NEW)


@pytest.mark.parametrize("everything", [False, True])
def test_all_that_can_have_new_keys_get_them(site: Site, everything: bool) -> None:
    """The others are left to be decided otherwise; who names one of these is told."""
    ours = {**tags("w", 3, 4), "site.page:1": {"title": "W"}}
    theirs = {**tags("s", 3, 4), "site.page:1": {"title": "S"}}
    stopped(site, ours, theirs)
    with pytest.raises(UsageError, match=r"site\.page:1/title is not a key that both"):
        resolve(site.repository, ["site.page:1", "site.tag:3"], NEW)
    found = resolve(site.repository, [] if everything else ["site.*"], NEW)
    assert [(each.label, each.key) for each in found.resolutions] == [
        ("site.tag:3", "5"),
        ("site.tag:4", "6"),
    ]
    assert [each.labels for each in found.conflicts] == [("site.page:1/title",)]
    with pytest.raises(UsageError, match="is not a key that both"):
        resolve(site.repository, [], NEW)


def test_what_a_revert_brings_back_gets_a_new_key(site: Site) -> None:
    site.commit("main", tags("old", 3, 4))
    site.commit("main", {f"site.tag:{number}": None for number in (3, 4)})
    site.commit("main", tags("new", 3, 4))
    with pytest.raises(ConflictError):
        revert(site.repository, "HEAD~1")
    assert given(site, "site.tag:4") == [("site.tag:4", "5")]
    assert given(site, "site.tag:3") == [("site.tag:3", "6")]
    commit = continue_merge(site.repository).commit
    assert names(site, commit) == ["new3", "new4", "old3", "old4"]


def test_conflicts_in_a_commit_get_new_keys(site: Site) -> None:
    """One call after the other, with edits of the branch between them."""
    links = {"site.page:3": {"tags": ["site.tag:1", "site.tag:3", "site.tag:4"]}}
    site.commit("summer", {**tags("s", 3, 4), **links})
    site.commit("main", tags("w", 3, 4))
    merge(site.repository, "summer", record=True)
    resolve_recorded(site.repository, ["site.tag:3"], NEW)
    site.commit("main", tags("later", 6))
    done = resolve_recorded(site.repository, [], NEW).done
    assert names(site, done.commit) == ["later6", "s3", "s4", "w3", "w4"]
    assert site.all(done.commit)["site.page:3"]["tags"] == [
        "site.tag:1",
        "site.tag:5",
        "site.tag:7",
    ]
    assert findings(site, done.commit) == []


def test_a_record_in_a_commit_gets_one_new_key_for_all_its_fields(site: Site) -> None:
    site.commit("summer", {"site.page:9": page("S"), "site.page:1": {"title": "S"}})
    site.commit("main", {"site.page:9": page("W"), "site.page:1": {"title": "W"}})
    merge(site.repository, "summer", record=True)
    assert len(recorded_in(site.repository, site.repository.refs.resolve("main"))) == 3
    found = resolve_recorded(site.repository, [], NEW)
    assert [each.labels[0] for each in found.left] == ["site.page:1/title"]
    assert site.all(found.done.commit)["site.page:9"]["title"] == "W"
    assert site.all(found.done.commit)["site.page:10"]["title"] == "S"
    with pytest.raises(UsageError, match="is not a key that both"):
        resolve_recorded(site.repository, ["site.page:1"], NEW)


def test_a_record_in_a_commit_gets_one_new_key_in_all_its_models(site: Site) -> None:
    for branch, day in (("summer", "02"), ("main", "03")):
        site.commit(
            branch, {"site.page:9": page(branch), "site.news:9": {"date": f"2026-02-{day}"}}
        )
    merge(site.repository, "summer", record=True)
    found = resolve_recorded(site.repository, ["site.page:9"], NEW)
    assert found.left == ()
    there = site.all(found.done.commit)
    assert (there["site.news:9"], there["site.news:10"]) == (
        {"date": "2026-02-03"},
        {"date": "2026-02-02"},
    )
    assert "site.page:11" not in there
    assert findings(site, found.done.commit) == []


@pytest.mark.parametrize("pattern", ["", "site.*"])
def test_of_conflicts_in_a_commit_those_that_can_get_new_keys(site: Site, pattern: str) -> None:
    """The others stay recorded; who names one of these is told."""
    word = replace(TAG, label="site.word", key_kind=KeyKind.TEXT, layout=Layout.FLAT)
    models = Schema({**SCHEMA.models, word.label: word})
    site.commit_files(
        "main", {f"pages/{DATASET_FILE}": dump_document(schema_document(DATASET, models))}
    )
    key = RecordKey("site.word", "red")
    for branch in ("summer", "main"):
        data = encode(Record(key, {"name": branch}), KeyKind.TEXT)
        site.commit_files(branch, {"pages/site.word/red.json": data})
        site.commit(branch, tags(branch, 3))
    merge(site.repository, "summer", record=True)
    with pytest.raises(RefusedError, match="the key is not a number"):
        resolve_recorded(site.repository, ["site.word:red", "site.tag:3"], NEW)
    found = resolve_recorded(site.repository, [pattern] if pattern else [], NEW)
    assert found.labels == ("site.tag:3/name",)
    assert [each.labels for each in found.left] == [("site.word:red/name",)]
    assert names(site, found.done.commit) == ["main3", "summer3"]
    with pytest.raises(RefusedError, match="the key is not a number"):
        resolve_recorded(site.repository, [], NEW)


@pytest.mark.parametrize(
    "keys", [{"3": "5", "4": "5"}, {"3": "1"}, {"3": "6"}, {"3": "4"}], ids=str
)
def test_decisions_that_give_a_key_away_twice_are_refused(site: Site, keys: dict[str, str]) -> None:
    """To two records, or one that a side or the base has: whoever wrote them down."""
    stopped(site, {**tags("w", 3, 4), **tags("", 6)}, tags("s", 3, 4))
    operation = current(site.repository)
    assert operation is not None
    new = [Resolution(Place(RecordKey("site.tag", old)), key=key) for old, key in keys.items()]
    keep(site.repository, replace(operation, resolutions=tuple(new)))
    with pytest.raises(RefusedError, match="cannot be a record's new key: another record has it"):
        continue_merge(site.repository)


def test_keys_of_theirs_may_move_up_one_by_one(site: Site) -> None:
    """A chain: each moves to where another was."""
    stopped(site, tags("w", 3), tags("s", 3, 4, 5))
    operation = current(site.repository)
    assert operation is not None
    chain = {"3": "4", "4": "5", "5": "6"}
    new = [Resolution(Place(RecordKey("site.tag", old)), key=key) for old, key in chain.items()]
    keep(site.repository, replace(operation, resolutions=tuple(new)))
    commit = continue_merge(site.repository).commit
    assert names(site, commit) == ["s3", "s4", "s5", "w3"]
    assert site.all(commit)["site.tag:6"] == {"name": "s5"}


# Whose record gets the key


@pytest.mark.parametrize("side", list(Side))
def test_a_record_of_either_side_gets_the_new_key(site: Site, side: Side) -> None:
    """With what refers to it; the merge says so, and so it can be checked."""
    links = {"site.page:3": {"tags": ["site.tag:3"]}}
    stopped(
        site, {**tags("w", 3), **links}, {**tags("s", 3), "site.page:2": {"tags": ["site.tag:3"]}}
    )
    resolve(site.repository, ["site.tag:3"], Decision(renumber=side))
    commit = continue_merge(site.repository).commit
    there = site.all(commit)
    moved, stayed = ("w", "s") if side is Side.OURS else ("s", "w")
    assert there["site.tag:3"]["name"] == f"{stayed}3"
    assert there["site.tag:4"]["name"] == f"{moved}3"
    pages = {"site.page:3": "w", "site.page:2": "s"}
    for key, whose in pages.items():
        assert there[key]["tags"] == ["site.tag:4" if whose == moved else "site.tag:3"]
    assert findings(site, commit) == []
    ours, theirs = site.repository.history.commit(commit).parents
    source = ours if side is Side.OURS else theirs
    old, new = RecordKey("site.tag", "3"), RecordKey("site.tag", "4")
    assert [*said_by(site.repository.history.commit(commit))] == [NewKey(old, source, new)]
    assert new_keys_since(site.repository, source, commit) == {old: new}
    assert new_keys_since(site.repository, theirs if side is Side.OURS else ours, commit) == {}


def test_a_number_that_a_text_has_without_a_record_is_not_given(site: Site) -> None:
    """The link would lead somewhere all at once."""
    pages = SCHEMA.models["site.page"]
    fields = tuple(replace(each, embeds=each.name in ("body", "data")) for each in pages.fields)
    schema = Schema({**SCHEMA.models, "site.page": replace(pages, fields=fields)})
    description = dump_document(schema_document(DATASET, schema))
    site.commit_files("main", {f"pages/{DATASET_FILE}": description})
    dead = {
        "site.page:3": {"body": "$ref(site.tag:4) $ref(site.tag:70)"},
        "site.page:2": {"data": {"tag": "$num(site.tag:?5)"}},
    }
    stopped(site, {**tags("w", 3), **dead}, tags("s", 3))
    resolve(site.repository, ["site.tag:3"], Decision(renumber=Side.THEIRS))
    there = site.all(continue_merge(site.repository).commit)
    assert there["site.tag:6"] == {"name": "s3"}


def test_new_keys_for_both(site: Site) -> None:
    """One call each: what was decided last about a key counts, and each side keeps its own."""
    stopped(site, tags("w", 3, 4), tags("s", 3, 4))
    resolve(site.repository, ["site.tag:3"], Decision(renumber=Side.OURS))
    resolve(site.repository, ["site.tag:4"], NEW)
    operation = current(site.repository)
    assert operation is not None
    assert [Resolution.parse(each.document()) for each in operation.resolutions] == [
        *operation.resolutions
    ]
    commit = continue_merge(site.repository).commit
    there = site.all(commit)
    assert [there[f"site.tag:{number}"]["name"] for number in (3, 4, 5, 6)] == [
        "s3",
        "w4",
        "w3",
        "s4",
    ]
    assert findings(site, commit) == []


@pytest.mark.parametrize("side", list(Side))
def test_a_decision_in_a_commit_says_so_too(site: Site, side: Side) -> None:
    theirs = site.commit("summer", tags("s", 3))
    ours = site.commit("main", tags("w", 3))
    merge(site.repository, "summer", record=True)
    done = resolve_recorded(site.repository, ["site.tag:3"], Decision(renumber=side)).done
    source = ours if side is Side.OURS else theirs
    pair = {RecordKey("site.tag", "3"): RecordKey("site.tag", "4")}
    assert new_keys_since(site.repository, source, done.commit) == pair

"""``merge`` and what belongs to it, as people and programs meet it at the command line."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contentgit.cli.main import main
from contentgit.content.canonical import dump_document, encode
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import KeyKind, Layout, Schema
from contentgit.git import Repository
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.git.content import DATASET, TAG, Site, page, teaser
from tests.git.test_tree_merge import START
from tests.verbs.conftest import Run

Ok = Callable[..., str]


@pytest.fixture
def site(repository_path: Path) -> Site:
    site = Site(Repository.init(repository_path, bare=True), START)
    site.commit("summer", {"site.page:1": {"title": "Summer"}, "site.page:9": page("Bread")})
    site.commit("main", {"site.page:1": {"title": "Winter\x1b[31m"}, "site.page:8": page("Bread")})
    return site


def test_from_a_conflict_to_the_commit(site: Site, run: Run, ok: Ok) -> None:
    refused = run("merge", "summer")
    assert (refused.code, refused.out) == (3, "")
    at = f"--repository {site.repository.path}"
    assert refused.err.splitlines() == [
        "refused: merge of summer into main: 2 conflicts to decide on; the branch has not moved",
        "  site.page:1/title  Winter[31m: both sides changed it",
        '  site.page:8  Bread: has the same slug "bread" as site.page:9',
        f"hint: contentgit conflicts {at}  (shows what each side has)",
        f"hint: contentgit resolve {at} LABEL --take ours|theirs  (decides one)",
        f"hint: contentgit resolve {at} site.page:9/slug --value JSON  (gives it another slug)",
        f"hint: contentgit merge {at} --continue  (when all are decided)",
        f"hint: contentgit merge {at} --abort  (gives up)",
    ]
    assert ok("conflicts").splitlines()[:12] == [
        "Merge of summer into main: 2 conflicts",
        "",
        "site.page:1/title  Winter[31m",
        "  both sides changed it",
        '    base    "Home"',
        '    ours    "Winter\\u001b[31m"',
        '    theirs  "Summer"',
        "",
        "site.page:8  Bread",
        '  has the same slug "bread" as site.page:9',
        "  site.page:8  Bread",
        "    is in ours",
    ]
    assert run("conflicts", "--exit-code").code == 1
    assert ok("resolve", "site.page:1", "--take", "theirs").splitlines() == [
        "Decided site.page:1/title: theirs",
        "1 conflict left:",
        '  site.page:8  Bread: has the same slug "bread" as site.page:9',
    ]
    found = json.loads(ok("resolve", "site.page:9/slug", "--value", '"bread-2"', "--json"))
    assert found == {
        "resolved": [{"at": "site.page:9/slug", "value": "bread-2"}],
        "conflicts": [],
    }
    tip = site.repository.refs.resolve("main")
    assert ok("merge", "--continue").startswith("Merged summer into main: ")
    commit = site.repository.history.commit(site.repository.refs.resolve("main"))
    assert commit.parents == (tip, site.repository.refs.resolve("summer"))
    assert "No conflicts" in ok("conflicts")
    assert ok("merge", "summer") == "main is up to date with summer\n"


def test_two_new_records_under_one_key_are_told_how_both_are_kept(
    repository_path: Path, ok: Ok, run: Run
) -> None:
    site = Site(Repository.init(repository_path, bare=True), START)
    site.commit("summer", {"site.page:9": page("Jobs")})
    site.commit("main", {"site.page:9": page("Team")})
    assert run("merge", "summer").code == 3
    shown = ok("conflicts").splitlines()
    where = site.repository.path
    command = f"contentgit resolve --repository {where} site.page:9 --renumber"
    assert shown[-3:] == [
        f"Next: contentgit resolve --repository {where} LABEL --take ours|theirs",
        f"or:   {command}  (keeps both new records, theirs under a new key)",
        f"or:   contentgit merge --repository {where} --abort  (gives up)",
    ]
    ok("resolve", "site.page:9", "--renumber")
    assert "--renumber" not in ok("conflicts")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_new_key_that_nobody_asked_for_is_told(
    repository_path: Path, ok: Ok, run: Run, form: tuple[str, ...]
) -> None:
    """The other branch has a record of its own under the key that an earlier merge gave."""
    site = Site(Repository.init(repository_path, bare=True), START)
    for branch in ("summer", "main"):
        site.commit(branch, {"site.tag:3": {"name": branch}})
    assert run("merge", "summer").code == 3
    ok("resolve", "site.tag:3", "--renumber")
    assert "becomes" not in ok("merge", "--continue")
    site.commit("summer", {"site.tag:4": {"name": "another"}})
    said = ok("merge", "summer", *form)
    if form:
        key = {"old": "site.tag:4", "of": "summer", "new": "site.tag:5"}
        assert json.loads(said)["new_keys"] == [key]
    else:
        line = "  site.tag:4 of summer becomes site.tag:5: another record has its key"
        assert said.splitlines()[1] == line


def test_a_key_that_is_no_number_is_not_told_to_be_renumbered(
    repository_path: Path, ok: Ok, run: Run
) -> None:
    text = replace(TAG, key_kind=KeyKind.TEXT, layout=Layout.FLAT)
    site = Site(Repository.init(repository_path, bare=True))
    document = dump_document(schema_document(DATASET, Schema({"site.tag": text})))
    site.commit_files("main", {f"pages/{DATASET_FILE}": document})
    key = RecordKey("site.tag", "red")
    for branch in ("summer", "main"):
        data = encode(Record(key, {"name": branch}), KeyKind.TEXT)
        site.commit_files(branch, {f"pages/{record_path(key, Layout.FLAT)}": data})
    refused = run("merge", "summer")
    assert "both sides added this record" in refused.err
    assert "--renumber" not in refused.err + ok("conflicts")


@pytest.mark.parametrize(
    ("verb", "ours", "why"),
    [
        ("revert", {"site.tag:1": {"name": "uno"}}, "the commit changed it, and it was changed again since"),
        ("revert", {"site.tag:1": None}, "the commit edited it, and it was deleted since"),
        ("revert", {"site.tag:9": {"name": "neun"}}, "the commit added it, and it was edited since"),
        (
            "revert",
            {"site.tag:2": {"name": "zwei"}},
            "the commit deleted this record, and another one has its key since",
        ),
        (
            "revert",
            {"site.page:2": {"tags": ["site.tag:9"]}},
            "the commit added it, and what was changed since refers to it: site.page:2/tags",
        ),
        (
            "cherry-pick",
            {"site.tag:1": {"name": "uno"}},
            "the commit changed it, and the branch has something else there",
        ),
        ("cherry-pick", {"site.tag:1": None}, "the commit edited it, and the branch does not have it"),
        (
            "cherry-pick",
            {"site.tag:2": {"name": "zwei"}},
            "the commit deleted it, and the branch has an edited one",
        ),
        (
            "cherry-pick",
            {"site.tag:9": {"name": "neun"}},
            "the commit added this record, and the branch has another one with its key",
        ),
        (
            "cherry-pick",
            {"site.page:2": {"tags": ["site.tag:2"]}},
            "the commit deleted it, and what is on the branch refers to it: site.page:2/tags",
        ),
    ],
)  # fmt: skip
def test_a_commit_taken_back_or_over_is_no_merge_of_two_sides(
    repository_path: Path, ok: Ok, run: Run, verb: str, ours: Any, why: str
) -> None:
    """Its conflicts, hints and end are spoken of as what it is."""
    site = Site(Repository.init(repository_path, bare=True), START)
    change = {"site.tag:1": {"name": "eins"}, "site.tag:2": None, "site.tag:9": {"name": "nine"}}
    branch = "main" if verb == "revert" else "summer"
    site.commit(branch, change)
    site.commit("main", ours)
    commit = "HEAD^" if verb == "revert" else "summer"
    at = f"--repository {repository_path}"
    refused = run(verb, commit)
    assert refused.code == 3
    assert f": {why}" in refused.err
    assert f"hint: contentgit {verb} {at} --continue  (when all are decided)\n" in refused.err
    shown = ok("conflicts")
    told = {
        "revert": f"ours is main, theirs what was there before {commit}, the base {commit}",
        "cherry-pick": f"ours is main, theirs {commit}, the base what was there before {commit}",
    }
    assert shown.splitlines()[0].startswith(f"{verb.capitalize()} of {commit} on main: ")
    assert told[verb] in shown.splitlines()[1]
    assert f"  {why}\n" in shown
    assert run("conflicts", "--json").json["conflicts"][0]["why"] == why
    for said in (refused.err, shown):
        for word in ("contentgit merge", "both sides", "we ", "they ", "new record"):
            assert word not in said
    assert ("--renumber" in shown) == ("another one" in why)
    assert f"a {verb} of {commit} on main is under way" in run("merge", "summer").err
    ok(verb, "--abort")
    assert run(verb, "--abort").err.startswith(f"error: no {verb} is under way\n")


@pytest.mark.parametrize("verb", ["revert", "cherry-pick", "restore"])
def test_each_operation_ends_by_its_own_verb(site: Site, run: Run, ok: Ok, verb: str) -> None:
    """As in git: who types another verb has another operation in mind."""
    if verb == "restore":
        site.commit("main", {"site.page:8": {"slug": "other"}, "site.page:7": page("Bread")})
        words = ["site.page:8/slug", "--from", "main~1"]
        label = "site.page:8/slug"
    else:
        site.commit("main", {"site.page:1": {"title": "Spring"}})
        words = ["main~1"] if verb == "revert" else ["summer", "--", "site.page:1"]
        label = "site.page:1/title"
    assert run(verb, *words).code == 3
    for option in ("--abort", "--continue"):
        refused = run("merge", option)
        assert refused.code == 2
        assert refused.err.startswith(f"error: no merge is under way, but a {verb} of ")
        command = f"contentgit {verb} --repository {site.repository.path}"
        assert refused.err.splitlines()[1:] == [
            f"hint: {command} --continue",
            f"hint: {command} --abort  (gives up)",
        ]
        assert run(verb, option, *words).code == 2
    ok(verb, "--abort")
    assert run(verb, *words).code == 3
    value = '"x"'
    said = ok("resolve", label, "--value", value)
    assert f"Next: contentgit {verb} --repository {site.repository.path} --continue" in said
    tip = site.repository.refs.resolve("main")
    done = ok(verb, "--continue").splitlines()
    assert site.repository.refs.resolve("main") != tip
    assert done[-1].startswith(
        "The database has not changed. To apply the branch: contentgit checkout "
    )


def test_two_records_that_share_several_values_are_told_apart(
    repository_path: Path, ok: Ok, run: Run
) -> None:
    """The value is the one that both would have, whoever gave it, and no record is its own rival."""
    site = Site(Repository.init(repository_path, bare=True), START)
    start = {
        f"site.teaser:{number}": teaser(text, f"site.page:{number - 2}")
        for number, text in ((4, "a"), (5, "b"))
    }
    site.commit("main", start)
    site.commit("summer", {"site.teaser:5": {"text": "x", "page": "site.page:1"}})
    site.commit("main", {"site.teaser:4": {"text": "x", "page": "site.page:1"}})
    refused = run("merge", "summer")
    assert refused.err.splitlines()[1] == (
        '  site.teaser:4/page  x: has the same page, text "site.page:1", "x" as site.teaser:5'
    )
    assert "site.teaser:5/text --value JSON  (gives it another text)" in ok("conflicts")


@pytest.mark.parametrize("swapped", [False, True])
def test_a_shared_value_is_the_one_that_the_merge_has(
    repository_path: Path, run: Run, swapped: bool
) -> None:
    """Not what our side has had all along."""
    site = Site(Repository.init(repository_path, bare=True), START)
    one, two = ("main", "summer") if swapped else ("summer", "main")
    site.commit("summer", {"site.tag:2": {"name": "x"}})
    site.commit(one, {"site.page:1": {"slug": "bread"}})
    site.commit(two, {"site.page:9": page("Bread")})
    assert 'has the same slug "bread" as site.page:' in run("merge", "summer").err


def test_what_moves_a_branch_says_that_the_database_stays(
    site: Site, run: Run, ok: Ok, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at = f"--repository {site.repository.path}"
    site.repository.refs.create_branch("autumn", site.repository.refs.resolve("main"))
    site.commit("autumn", {"site.tag:1": {"name": "eins"}})
    said = (
        f"The database has not changed. To apply the branch: contentgit checkout {at} main --apply"
    )
    assert ok("merge", "autumn").splitlines()[-1] == said
    assert ok("merge", "summer", "--take", "theirs").splitlines()[-1] == said
    assert "database" not in ok("merge", "summer")
    assert ok("revert", "main", "-m", "1").splitlines()[-1] == said
    assert "database" not in ok("revert", "-n", "main")
    assert ok("revert", "--continue").splitlines()[-1] == said
    assert ok("restore", "site.tag:1", "--from", "summer").splitlines()[-1] == said
    # As where no project is around.
    monkeypatch.setattr("contentgit.startup.in_use", lambda: False)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert ok("revert", "main").splitlines()[-1] == (
        "No database has changed. To apply the branch, in the site's project: "
        f"contentgit checkout {at} main --apply"
    )


def test_conflicts_as_data(site: Site, run: Run) -> None:
    refused = run("merge", "summer", "--json")
    assert (refused.code, refused.err) == (3, "")
    labels = [each["label"] for each in refused.json["data"]["conflicts"]]
    assert labels == ["site.page:1/title", "site.page:8"]
    found = run("conflicts", "--json").json
    assert (found["verb"], found["source"], found["branch"]) == ("merge", "summer", "main")
    first, second = found["conflicts"]
    assert first["places"] == [
        {
            "label": "site.page:1/title",
            "file": "pages/site.page/0/0/1.json",
            "title": "Winter[31m",
            "base": "Home",
            "ours": "Winter\x1b[31m",
            "theirs": "Summer",
        }
    ]
    assert (second["reason"], second["about"]) == ("same-value", "slug")
    assert second["places"][0]["ours"]["fields"]["slug"] == "bread"
    assert second["places"][0]["theirs"] == {"$absent": True}
    assert run("merge", "--abort", "--json").json == {"aborted": "merge of summer into main"}


def test_recorded_conflicts(site: Site, run: Run, ok: Ok) -> None:
    assert (
        ok("merge", "summer", "--record")
        .splitlines()[0]
        .endswith("with 2 conflicts recorded in it")
    )
    listed = ok("conflicts")
    assert "  site.page:1/title: both sides changed it" in listed
    assert "    .conflicts/001-site.page-1-title.json" in listed
    assert run("resolve", "--recorded").code == 2
    assert ok("resolve", "--all", "--take", "ours").splitlines()[:2] == [
        "Decided site.page:1/title",
        "Decided site.page:8",
    ]
    assert run("conflicts", "main", "--json").json == {"conflicts": []}


def test_a_value_from_an_editor(
    site: Site, run: Run, ok: Ok, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("merge", "summer")
    seen = tmp_path / "seen.txt"
    monkeypatch.setenv("GIT_EDITOR", f"cp \"$1\" {seen}; sed -i '1s/.*/Spring/'")
    assert ok("resolve", "site.page:1/title", "--edit").startswith("Decided site.page:1/title")
    assert seen.read_text().splitlines() == [
        "Winter\x1b[31m",
        "# ------------------------ >8 ------------------------",
        "# The value is the text above this line. For comparison:",
        "# theirs:",
        "Summer",
        "# base:",
        "Home",
    ]
    ok("resolve", "site.page:9", "--take", "delete")
    ok("merge", "--continue")
    record = site.record(site.repository.refs.resolve("main"), "site.page:1")
    assert record is not None
    assert record["title"] == "Spring"
    monkeypatch.setenv("GIT_EDITOR", "false")
    assert run("resolve", "site.page:1", "--edit").code == 2


def test_a_file_that_is_no_record_says_how_to_look_at_it(site: Site, run: Run, ok: Ok) -> None:
    for branch in ("summer", "main"):
        site.commit_files(branch, {"README.md": branch.encode()})
    run("merge", "summer")
    said = ok("conflicts").splitlines()
    at = said.index("README.md")
    assert said[at + 1] == "  both sides changed this file"
    command, _, why = said[at + 2].strip().partition("  ")
    assert why == "(shows how ours and theirs differ)"
    done = subprocess.run(command.split(), capture_output=True, text=True, check=True)
    assert "+summer" in done.stdout  # typed as it stands, where the person is


CRLF_EDITOR = "sed -i '1s/^/\\xef\\xbb\\xbf/; s/Nord/Süd/; s/$/\\r/'"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_ends_of_an_editor_are_no_edit(
    site: Site, run: Run, ok: Ok, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """A browser sends CR LF and an editor of Windows writes them; a text can hold git's own scissors."""
    lines = ["Nord", "", "# ------------------------ >8 ------------------------", "End", ""]
    site.commit("summer", {"site.page:1": {"slug": "one" + end + "two"}})
    site.commit("main", {"site.page:1": {"slug": end.join(lines)}})
    run("merge", "summer")
    monkeypatch.setenv("GIT_EDITOR", CRLF_EDITOR)
    ok("resolve", "site.page:1/slug", "--edit")
    (found,) = run("conflicts", "--json").json["decided"]
    assert found["value"] == end.join(["Süd", *lines[1:]])


def test_an_editor_that_fails_changes_nothing(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("merge", "summer")
    for editor, said in (
        ("false", "ended with exit code 1"),
        ("echo >", "the line that marks the end"),
        ("printf '\\377' >", "cannot be read: it is not UTF-8"),
        ("rm", "cannot be read: the file is gone"),
    ):
        monkeypatch.setenv("GIT_EDITOR", editor)
        failed = run("resolve", "site.page:1/title", "--edit")
        assert failed.code in (1, 3)
        assert said in failed.err
        assert "Traceback" not in failed.err
    assert run("conflicts", "--json").json["decided"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge"], "merge requires a revision"),
        (["merge", "nope"], "unknown revision 'nope'"),
        (["merge", "--upload-pack=x"], "merge does not know the option '--upload-pack=x'"),
        (["merge", "summer", "--continue"], "--continue takes no other words"),
        (["restore", "a.b:1", "--abort"], "--abort takes no other words"),
        (["cherry-pick", "--abort"], "no cherry-pick is under way"),
        (["restore", "--continue"], "no restore is under way"),
        (["merge", "--continue"], "no merge is under way"),
        (["merge", "--abort"], "no merge is under way"),
        (["merge", "summer", "--no-ff", "--ff-only"], "not allowed with argument"),
        (["resolve"], "resolve requires a decision"),
        (["resolve", "--take", "ours"], "resolve requires a label, or --all"),
        (["resolve", "x", "--all", "--take", "ours"], "--all takes no labels"),
        (["resolve", "x", "--take", "ours"], "no merge is under way"),
        (["resolve", "x", "--value", "bread"], "--value takes JSON: not JSON"),
        (["resolve", "x", "--value", '{"$text": 1}'], "--value takes JSON"),
        (["conflicts", "nope"], "unknown revision 'nope'"),
        (["revert"], "revert requires a commit"),
        (["cherry-pick"], "cherry-pick requires a commit"),
        (["restore"], "restore requires a dump or a record"),
        (["restore", "a.b:1"], "restore requires --from REV"),
        (["restore", "what", "--from", "main"], "main has no dump 'what'"),
        (["revert", "main", "-m", "x"], "takes a number from 0 up"),
    ],
)
def test_wrong_words(site: Site, run: Run, words: list[str], said: str) -> None:
    before = site.repository.refs.under("refs/")
    failed = run(*words)
    assert (failed.code, failed.out) == (2, "")
    assert said in failed.err
    assert len(failed.err.splitlines()) <= 2
    assert site.repository.refs.under("refs/") == before


def test_a_commit_that_is_no_content(site: Site, run: Run) -> None:
    git_tree = site.repository.writer.write_tree(None, [("README.md", b"x\n")])
    commit = site.repository.writer.commit_tree(
        git_tree, [site.repository.refs.resolve("main")], "No\n"
    )
    site.repository.refs.create_branch("code", commit)
    failed = run("merge", "code")
    assert (failed.code, failed.err.splitlines()[0]) == (
        1,
        f"error: commit {commit[:10]} has no contentgit.json: it is not content of contentgit",
    )


def test_picking_from_the_command_line(site: Site, run: Run, ok: Ok) -> None:
    site.commit("summer", {"site.tag:2": {"name": "zwei"}})
    assert ok("cherry-pick", "summer", "-x").startswith("Picked summer on main: ")
    assert ok("cherry-pick", "summer").startswith("Nothing to commit: main has all of it already")
    assert ok("revert", "main", "--no-commit").splitlines()[0] == (
        "Prepared the revert; nothing is committed yet"
    )
    assert ok("revert", "--continue").startswith("Reverted main on main: ")
    said = ok("restore", "site.tag:2/name", "--from", "summer", "--message", "Back again")
    assert said.startswith("Restored site.tag:2/name on main: ")
    assert main(["log", f"--repository={site.repository.path}", "-n", "1", "--oneline"]) == 0


def test_a_database_takes_no_commit_with_undecided_conflicts(db: str, run: Run, ok: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "All")
    tags = Tag.objects.order_by("pk")[:1]
    key = tags[0].pk
    Tag.objects.filter(pk=key).update(name="Theirs")
    ok("commit", "--branch", "other", "-m", "Theirs")
    ok("checkout", "main", "--apply", "--yes")
    Tag.objects.filter(pk=key).update(name="Ours")
    ok("commit", "-m", "Ours")
    assert run("merge", "other").code == 3
    lines = ok("status").splitlines()
    at = lines.index("A merge of other into main is under way:")
    assert re.fullmatch(r"  contentgit merge .*--continue", lines[at + 1])
    assert re.fullmatch(r"  contentgit merge .*--abort  \(gives up\)", lines[at + 2])
    assert run("status", "--json").json["under_way"] == "merge of other into main"
    Tag.objects.filter(pk=key).update(slug="ours")
    refused = run("commit", "-m", "Meanwhile")
    assert refused.code == 3
    assert "a merge of other into main is under way" in refused.err
    ok("commit", "--branch", "meanwhile", "-m", "Meanwhile")
    ok("merge", "--abort")
    ok("merge", "other", "--record")
    refused = run("checkout", "main", "--apply", "--yes")
    assert refused.code == 3
    assert "holds 1 undecided conflict of a merge" in refused.err
    assert Tag.objects.get(pk=key).name == "Ours"
    ok("resolve", "--all", "--take", "theirs")
    ok("checkout", "main", "--apply", "--yes")
    assert Tag.objects.get(pk=key).name == "Theirs"


def test_conflicts_name_what_is_referred_to(repository_path: Path, ok: Ok, run: Run) -> None:
    site = Site(Repository.init(repository_path, bare=True), START)
    site.commit("summer", {"site.page:3": {"parent": "site.page:2"}})
    site.commit("main", {"site.page:3": {"parent": "site.page:4"}})
    assert run("merge", "summer").code == 3
    assert ok("conflicts").splitlines()[2:7] == [
        "site.page:3/parent  News",
        "  both sides changed it",
        "    base    site.page:1 (Home)",
        "    ours    site.page:4 (Shop)",
        "    theirs  site.page:2 (About)",
    ]


def rewritten(site: Site, **values: str) -> None:
    """The file that keeps what is under way names other commits, as where these were collected."""
    path = site.repository.git_dir / "contentgit" / "merge.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


RESOLVE = ["resolve", "--all", "--take", "ours"]


@pytest.mark.parametrize(
    ("side", "words"),
    [
        *(("ours", ["conflicts"]), ("theirs", ["conflicts"]), ("base", ["conflicts"])),
        *(("theirs", RESOLVE), ("base", RESOLVE), ("theirs", ["merge", "--continue"])),
    ],
)
def test_a_merge_whose_commits_are_gone_names_the_ways_on(
    site: Site, run: Run, ok: Ok, side: str, words: list[str]
) -> None:
    run("merge", "summer")
    rewritten(site, **{side: "1" * 40})
    said = run(*words)
    assert said.code == 1
    assert (
        "the merge of summer into main needs 1111111111, which is not in the repository" in said.err
    )
    assert f"fetch OTHER {'1' * 40}  (brings the commit alone" in said.err
    assert "merge --abort" not in said.err.partition("hint:")[0]
    assert "--abort  (gives up)" in said.err
    assert (
        ok("merge", "--abort")
        == "Gave up the merge of summer into main; the branch has not changed\n"
    )


def test_a_merge_that_was_done_and_is_gone_is_given_up(site: Site, run: Run, ok: Ok) -> None:
    """It was killed behind its end, and then the branch was reset and its commits collected."""
    run("merge", "summer")
    rewritten(site, made="1" * 40)
    site.commit("main", {"site.page:8": {"title": "Bread of today"}})
    assert run("conflicts").code == 0
    refused = run("resolve", "--all", "--take", "ours")
    assert (refused.code, "branch main has moved since the merge began" in refused.err) == (3, True)
    ok("merge", "--abort")


def test_a_merge_into_a_branch_that_is_gone_brings_back_what_is_there(
    site: Site, run: Run, ok: Ok
) -> None:
    run("merge", "summer")
    ours = site.repository.refs.resolve("main")
    site.repository.refs.delete("refs/heads/main", ours)
    said = run("merge", "--continue")
    assert (
        f"branch --repository {site.repository.path} main {ours[:10]}  (brings it back)" in said.err
    )
    rewritten(site, ours="1" * 40)
    said = run("merge", "--continue")
    assert (said.code, "brings it back" in said.err) == (3, False)
    ok("merge", "--abort")


def test_a_broken_file_of_a_merge_is_given_up(site: Site, run: Run, ok: Ok) -> None:
    run("merge", "summer")
    (site.repository.git_dir / "contentgit" / "merge.json").write_text("{")
    assert ok("merge", "--abort") == "Gave up what was under way; the branch has not changed\n"

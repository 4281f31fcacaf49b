"""``merge`` and what belongs to it, as people and programs meet it at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.cli.main import main
from contentgit.repository import Repository
from tests.bakery.content import fill
from tests.bakery.models import Tag
from tests.git.content import Site, page
from tests.git.plain import git
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
    where = site.repository.path
    hint = (
        f"hint: contentgit conflicts --repository {where} shows both sides; contentgit resolve "
        f"--repository {where} LABEL --take ours|theirs decides; then contentgit merge --repository "
        f"{where} --continue, or contentgit merge --repository {where} --abort"
    )
    assert refused.err.splitlines() == [
        "refused: merge of summer into main: 2 conflicts to decide on; the branch has not moved",
        "  site.page:1/title  Winter[31m: both sides changed it",
        '  site.page:8  Bread: has the same slug "bread" as site.page:9',
        hint,
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
    tip = site.repository.resolve("main")
    assert ok("merge", "--continue").startswith("Merged summer into main: ")
    commit = site.repository.commit(site.repository.resolve("main"))
    assert commit.parents == (tip, site.repository.resolve("summer"))
    assert "No conflicts" in ok("conflicts")
    assert ok("merge", "summer") == "main has everything of summer already\n"


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
    assert shown[-2] == f"Two new records have one key: {command} keeps both"
    ok("resolve", "site.page:9", "--renumber")
    assert "one key" not in ok("conflicts")


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
        "# What stands above this line is taken. For comparison:",
        "# theirs:",
        "Summer",
        "# base:",
        "Home",
    ]
    ok("resolve", "site.page:9", "--take", "delete")
    ok("merge", "--continue")
    record = site.record(site.repository.resolve("main"), "site.page:1")
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
    assert why == "shows how ours and theirs differ"
    assert "+summer" in git(site.repository.path, *command.split()[1:])


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
        ("echo >", "the line that ends the value"),
        ("printf '\\377' >", "cannot be read: it is no UTF-8"),
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
        (["merge"], "merge needs a revision"),
        (["merge", "nope"], "unknown revision 'nope'"),
        (["merge", "--upload-pack=x"], "merge does not know the option '--upload-pack=x'"),
        (["merge", "summer", "--continue"], "--continue takes no revision"),
        (["merge", "--continue"], "no merge is under way"),
        (["merge", "--abort"], "no merge is under way"),
        (["merge", "summer", "--no-ff", "--ff-only"], "not allowed with argument"),
        (["resolve"], "resolve needs to be told how"),
        (["resolve", "--take", "ours"], "resolve needs a label, or --all"),
        (["resolve", "x", "--all", "--take", "ours"], "--all goes without labels"),
        (["resolve", "x", "--take", "ours"], "no merge is under way"),
        (["resolve", "x", "--value", "bread"], "--value takes JSON: not JSON"),
        (["resolve", "x", "--value", '{"$text": 1}'], "--value takes JSON"),
        (["conflicts", "nope"], "unknown revision 'nope'"),
        (["revert"], "revert needs a commit"),
        (["cherry-pick"], "cherry-pick needs a commit"),
        (["restore"], "restore needs a record"),
        (["restore", "a.b:1"], "restore needs to be told from where"),
        (["restore", "what", "--from", "main"], "'what' is no record"),
        (["revert", "main", "-m", "x"], "takes a number from 0 up"),
    ],
)
def test_wrong_words(site: Site, run: Run, words: list[str], said: str) -> None:
    before = site.repository.refs("refs/")
    failed = run(*words)
    assert (failed.code, failed.out) == (2, "")
    assert said in failed.err
    assert len(failed.err.splitlines()) <= 2
    assert site.repository.refs("refs/") == before


def test_a_commit_that_is_no_content(site: Site, run: Run) -> None:
    git_tree = site.repository.write_tree(None, [("README.md", b"x\n")])
    commit = site.repository.commit_tree(git_tree, [site.repository.resolve("main")], "No\n")
    site.repository.create_branch("code", commit)
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
    assert "A merge of other into main is under way: contentgit merge" in ok("status")
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

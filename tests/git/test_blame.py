"""Who wrote what, through merges of every kind."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from contentgit.branches.repositories import init
from contentgit.cli.main import main
from contentgit.content.documents import dump_document
from contentgit.content.records import RecordKey, Value
from contentgit.errors import UnknownNameError
from contentgit.git import Repository
from contentgit.history.blame import Blame, blame
from tests.git.pages import DATASET, SENTENCES, body, change, page, path_of
from tests.git.plain import git

KEY = RecordKey("pages.page", "42")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one page, plain git merging text."""
    folder = tmp_path / "content"
    init(folder)
    change(folder, {"pages/dataset.json": dump_document(DATASET), path_of(42): page()})
    return folder


def edit(folder: Path, **fields: Value) -> str:
    change(folder, {path_of(42): page(**fields)})
    return git(folder, "rev-parse", "HEAD")


def blamed(folder: Path, revision: str = "HEAD") -> Blame:
    return blame(Repository.open(folder), revision, KEY)


def by_name(found: Blame) -> Mapping[str, str]:
    return {each.name: each.commit for each in found.fields}


def pieces(found: Blame) -> list[str]:
    return [each.commit for field in found.fields if field.name == "body" for each in field.pieces]


def merged(folder: Path, **fields: Value) -> str:
    """A merge of ``other`` into main whose page is what is given."""
    subprocess.run(["git", "merge", "--no-commit", "other"], cwd=folder, capture_output=True)
    return edit(folder, **fields)


def test_each_field_and_each_sentence(folder: Path) -> None:
    first = git(folder, "rev-parse", "HEAD")
    title = edit(folder, title="Summer bread")
    change(folder, {path_of(1): page(1)})  # another record
    text = edit(folder, title="Summer bread", body=body(s2="New. "))
    back = edit(folder, title="Bread", body=body(s2="New. "))
    found = blamed(folder)
    assert by_name(found) == {"body": text, "tags": first, "title": back}
    assert pieces(found) == [first, first, text, first, first, first, first, first]
    assert "".join(each.text for each in found.fields[0].pieces) == body(s2="New. ")
    assert {*found.commits} == {first, text, back}
    assert by_name(blamed(folder, title))["title"] == title
    assert found.folder == "pages"


def test_a_merge_passes_on_what_a_side_has(folder: Path) -> None:
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "-c", "other")
    theirs = edit(folder, title="Theirs", body=body(s3="Theirs. "))
    git(folder, "switch", "--quiet", "main")
    ours = edit(folder, tags=[], body=body(s2="Ours. "))
    both = body(s2="Ours. ", s3="Theirs. ")
    merge = merged(folder, title="Theirs", tags=[], body=both)
    found = blamed(folder)
    assert by_name(found) == {"body": merge, "tags": ours, "title": theirs}
    assert pieces(found) == [first, first, ours, theirs, first, first, first, first]


def test_a_merge_that_takes_one_side_whole(folder: Path) -> None:
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "-c", "other")
    edit(folder, title="Theirs")
    git(folder, "switch", "--quiet", "main")
    ours = edit(folder, tags=[])
    git(folder, "merge", "--quiet", "-s", "ours", "-m", "Merge", "other")
    assert by_name(blamed(folder)) == {"body": first, "tags": ours, "title": first}


def test_what_a_merge_says_itself_is_its_own(folder: Path) -> None:
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "-c", "other")
    edit(folder, title="Theirs")
    git(folder, "switch", "--quiet", "main")
    edit(folder, title="Ours")
    merge = merged(folder, title="Both")
    assert by_name(blamed(folder)) == {"body": first, "tags": first, "title": merge}


def test_values_are_compared_as_content(folder: Path) -> None:
    edit(folder, count=1)
    last = edit(folder, count=True)
    assert by_name(blamed(folder))["count"] == last


def test_a_record_that_was_away_and_one_that_was_broken(folder: Path) -> None:
    change(folder, {path_of(42): None})
    again = edit(folder)
    assert {*by_name(blamed(folder)).values()} == {again}
    change(folder, {path_of(42): b"<<<<<<<"})
    mended = edit(folder)
    assert {*by_name(blamed(folder)).values()} == {mended}
    change(folder, {path_of(42): None})
    with pytest.raises(UnknownNameError, match="HEAD has no record pages"):
        blamed(folder)


def test_a_long_history_is_read_in_few_processes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    for number in range(450):
        data = page(title=f"Title {number}")
        lines.append(
            f"commit refs/heads/main\ncommitter A <a@b> {number + 2 * 10**9} +0000\ndata 0\n".encode()
            + (b"from refs/heads/main^0\n" if not number else b"")
            + f"M 100644 inline {path_of(42)}\ndata {len(data)}\n".encode()
            + data
            + b"\n"
        )
    git(folder, "fast-import", "--quiet", data=b"".join(lines))
    from contentgit.git.program import Program

    started = []
    start = Program.start
    monkeypatch.setattr(
        Program,
        "start",
        lambda self, verb, *a, **o: started.append(verb) or start(self, verb, *a, **o),
    )
    found = blamed(folder, "main")
    assert by_name(found)["body"] == git(folder, "rev-parse", "main~450")
    assert len(started) < 20


# The command line


def said(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main([words[0], f"--repository={folder}", *words[1:]]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def test_blame_on_a_terminal_and_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = git(folder, "rev-parse", "HEAD"), edit(folder, title="a\x1b[31m")
    lines = said(capsys, folder, "blame", "pages.page:42").splitlines()
    assert lines[0] == "pages.page:42  in pages"
    day = git(folder, "log", "-1", "--format=%as")
    assert lines[1] == f"{first[:10]} {day} Test Author  body:"
    assert lines[2] == f"{first[:10]} {day} Test Author    {SENTENCES[0].rstrip()}"
    assert lines[-1] == f'{last[:10]} {day} Test Author  title: "a\\u001b[31m"'
    document = json.loads(
        said(capsys, folder, "blame", "pages.page:42", "--rev", "HEAD~1", "--json")
    )
    assert [(each["name"], each["commit"]) for each in document["fields"]] == [
        ("body", first),
        ("tags", first),
        ("title", first),
    ]
    assert document["commits"][first]["subject"] == "Change things"
    for words in (["blame"], ["blame", "pages"], ["blame", "a.b:1", "a.b:2"]):
        assert main([words[0], f"--repository={folder}", *words[1:]]) == 2
    refused = said(capsys, folder, "blame", "pages.page:7", code=2)
    assert refused.startswith("error: HEAD has no record pages.page:7\n")


def test_blame_in_a_shallow_clone_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(folder, title="Summer bread")
    git(tmp_path, "clone", "--quiet", "--depth=1", folder.as_uri(), "clone")
    assert main(["blame", f"--repository={tmp_path / 'clone'}", "pages.page:42"]) == 0
    told = capsys.readouterr().err
    assert told.startswith(
        "this is a shallow clone: older changes are attributed to the oldest commit"
    )


def test_the_patches_of_a_shallow_clone_end_at_its_boundary(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the oldest commit changed is not known there, and what the others changed is shown."""
    last = edit(folder, title="Summer bread")
    git(tmp_path, "clone", "--quiet", "--depth=1", folder.as_uri(), "clone")
    clone = tmp_path / "clone"
    ends = "The shallow clone ends here: the changes of this commit are not known"
    way = f"  git -C {clone} fetch --unshallow  (brings the older commits)"
    assert said(capsys, clone, "log", "-p").splitlines()[-2:] == [ends, way]
    (commit,) = json.loads(said(capsys, clone, "log", "-p", "--json"))["commits"]
    assert (commit["id"], commit["changes"]) == (last, None)
    git(clone, "fetch", "--quiet", "--unshallow")
    whole = said(capsys, clone, "log", "-p")
    assert ends not in whole
    assert "Summer bread" in whole


def test_the_log_of_a_record(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = git(folder, "rev-parse", "HEAD"), edit(folder, title="Summer bread")
    change(folder, {path_of(1): page(1)})
    shown = said(capsys, folder, "log", "pages.page:42", "--oneline")
    assert shown == f"{last[:10]} Change things\n{first[:10]} Change things\n"
    assert shown == said(capsys, folder, "log", "--oneline", "--", "pages.page:42")
    patch = said(capsys, folder, "log", "pages.page:42", "--oneline", "-p", "-n", "1")
    assert patch == (
        f"{last[:10]} Change things\n\n~ pages.page:42  Summer bread\n"
        '    title: "Bread" → "Summer bread"\n\n1 updated\n'
    )
    document = json.loads(said(capsys, folder, "log", "pages.page:42", "-p", "--json"))
    (title,) = document["commits"][0]["changes"][0]["fields"]
    assert (title["before"], title["after"]) == ("Bread", "Summer bread")
    assert "no commit of HEAD touches pages.page:7" in said(
        capsys, folder, "log", "pages.page:7", code=2
    )
    assert said(capsys, folder, "log", "--applied", "-p", code=2).startswith(
        "error: -p/--patch: not allowed with argument --applied"
    )

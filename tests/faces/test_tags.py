"""``tag`` as people meet it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.objects import Objects
from tests.verbs.conftest import Run

Ok = Callable[..., str]


@pytest.fixture
def first(ok: Ok, git: Ok) -> str:
    ok("init")
    return git("rev-parse", "HEAD")


def test_tags_are_made_listed_and_deleted(first: str, ok: Ok, run: Run, git: Ok) -> None:
    assert ok("tag") == ""
    assert ok("tag", "v1") == f"Made tag v1 at {first[:10]}\n"
    ok("tag", "2026/summer", "main", "-m", "As shown\nto all", "-m", "# and kept")
    assert git("cat-file", "-p", "2026/summer").endswith("\n\nAs shown\nto all\n\n# and kept")
    assert ok("tag") == f"2026/summer  {first[:10]}  As shown\nv1           {first[:10]}\n"
    assert ok("tag", "-l", "2026*") == f"2026/summer  {first[:10]}  As shown\n"
    found = run("tag", "--json").json["tags"]
    assert [(each["name"], each["annotated"]) for each in found] == [
        ("2026/summer", True),
        ("v1", False),
    ]
    assert found[0]["tagger"] == {"name": "Test Author", "email": "author@example.com"}
    assert found[0]["commit"] == first
    for verb in ("show", "log"):
        assert first in ok(verb, "2026/summer")
    assert ok("diff", "v1", "2026/summer") == ""
    assert ok("tag", "-d", "v1") == f"Deleted tag v1 (was {first[:10]})\n"
    assert git("tag") == "2026/summer"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["v1"], "tag 'v1' exists already, and stays where it is"),
        (["v1", "-m", "x"], "tag 'v1' exists already, and stays where it is"),
        (
            ["v1/a"],
            "cannot lock ref 'refs/tags/v1/a': 'refs/tags/v1' exists; cannot create 'refs/tags/v1/a'",
        ),
        (["a..b"], "'a..b' cannot be the name of a tag"),
        (["v2", "nowhere"], "unknown revision 'nowhere'"),
        (["-d", "v2"], "there is no tag 'v2'"),
        (["-d", "v1", "-m", "x"], "-d takes one tag, and no other name or message"),
        (["-m", "x"], "-m requires the name of a new tag"),
    ],
)
def test_wrong_words_change_nothing(
    first: str, words: list[str], said: str, ok: Ok, run: Run, git: Ok
) -> None:
    ok("tag", "v1")
    refused = run("tag", *words)
    assert refused.code == 2
    assert refused.err.startswith(f"error: {said}")
    assert git("for-each-ref", "refs/tags") == f"{first} commit\trefs/tags/v1"


def test_signed_where_git_is_told_so(first: str, ok: Ok, run: Run, git: Ok, tmp_path: Path) -> None:
    gpg = tmp_path / "gpg"
    gpg.write_text(
        "#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n"
        "echo '-----BEGIN PGP SIGNATURE-----'; echo x; echo '-----END PGP SIGNATURE-----'\n"
    )
    gpg.chmod(0o755)
    git("config", "tag.gpgSign", "true")
    git("config", "gpg.program", str(gpg))
    assert "only a tag with a message is signed" in run("tag", "v1").err
    ok("tag", "v1", "-m", "Signed")
    assert "BEGIN PGP SIGNATURE" in git("cat-file", "-p", "v1")
    assert ok("tag") == f"v1  {first[:10]}  Signed\n"
    gpg.write_text("#!/bin/sh\nexit 1\n")
    failed = run("tag", "v2", "-m", "x")
    assert failed.code == 1
    assert failed.err.startswith("error: git cannot sign the tag: ")


def test_tags_that_cannot_be_read_are_named_beside_the_others(
    first: str, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    git_dir = repository_path / ".git"
    objects = Objects(git_dir)

    def annotated(target: str, kind: str = "commit") -> str:
        lines = f"object {target}\ntype {kind}\ntag x\ntagger A <a@b> 1700000000 +0000\n\nSee\n"
        return objects.write("tag", lines.encode())

    torn = annotated(first, "commit")
    bad = {
        "missing": "f" * 40,
        "of-missing": annotated("f" * 40),
        "deep": annotated(annotated("f" * 40), "tag"),
        "other": annotated(first, "tree"),
        "cut": objects.write("tag", b"object x\n"),
        "torn": objects.write("tag", b"torn"),
    }
    (git_dir / "objects" / bad["torn"][:2] / bad["torn"][2:]).write_bytes(b"x\x9c\xff")
    for name, target in {
        **bad,
        "noise": "noise",
        "good": torn,
        "twice": annotated(torn, "tag"),
    }.items():
        (git_dir / "refs/tags" / name).write_text(f"{target}\n")
    said = run("tag")
    assert said.out == f"good   {first[:10]}  See\ntwice  {first[:10]}  See\n"
    assert [line.split()[1] for line in said.err.splitlines() if line.startswith("tag ")] == sorted(
        [*bad, "noise"]
    )
    found = run("tag", "--json").json["broken"]
    assert {each["name"] for each in found} == {*bad, "noise"}
    assert run("tag", "-d", "nosuch").code == 2
    for each in found:
        command = each["hint"].splitlines()[0].partition("  (")[0]
        assert command.startswith("rm " if each["name"] == "noise" else "contentgit tag ")
        if each["name"] == "noise":
            subprocess.run(command, shell=True, check=True)
        else:
            ok("tag", "-d", each["name"])
    assert run("tag").err == ""


def test_branches_that_hold_no_commit_are_named(
    first: str, run: Run, repository_path: Path
) -> None:
    (repository_path / ".git/refs/heads/noise").write_text("noise\n")
    said = run("branch")
    assert said.out == "* main\n"
    assert said.err.startswith("branch noise cannot be read: its file ")
    assert [each["name"] for each in run("branch", "--json").json["broken"]] == ["noise"]
    assert "refs/heads/noise is broken" in run("log", "noise").err

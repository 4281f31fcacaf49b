"""``tag`` as people meet it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
        (["-d", "v1", "-m", "x"], "-d deletes one tag and makes none"),
        (["-m", "x"], "a message goes with the name of a new tag"),
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

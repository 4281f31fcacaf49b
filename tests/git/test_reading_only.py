"""Who may read a repository and not write it compares commits of different schemas, too."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contentgit.branches.repositories import init
from contentgit.content.documents import dump_document
from contentgit.git import Repository
from contentgit.history.commits import Selection, compare_commits
from tests.git.pages import DATASET, change, page, path_of
from tests.git.plain import git

NOBODY = 65534
FIRST = {"migration": "pages.m0"}
RENAME = {
    "after": ["pages.m0"],
    "migration": "pages.m1",
    "steps": [{"rename_field": "pages.page.headline", "to": "title"}],
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A field was renamed from the first commit to the second; this process may read both."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory(prefix='contentgit-"test"-') as name:
        top = Path(name)
        top.chmod(0o755)
        (top / "config").write_text("[user]\n\tname = A\n\temail = a@b\n[safe]\n\tdirectory = *\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(top / "config"))
        monkeypatch.setenv("HOME", name)
        content = top / "content"
        init(content)
        older = dump_document(DATASET | {"history": [FIRST]}).replace(b'"title"', b'"headline"')
        before = page().replace(b'"title"', b'"headline"')
        change(content, {"pages/dataset.json": older, path_of(42): before})
        newer = dump_document(DATASET | {"history": [FIRST, RENAME]})
        change(content, {"pages/dataset.json": newer, path_of(42): page(title="Rye")})
        os.seteuid(NOBODY)
        try:
            yield content
        finally:
            os.seteuid(0)


def test_who_may_only_read_sees_the_edit_and_the_rename(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = folder.parent / "aside"
    os.seteuid(0)
    aside.mkdir()
    aside.chmod(0o777)
    os.seteuid(NOBODY)
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    repository = Repository.open(folder)
    before = {*(folder / ".git").rglob("*")}
    for _ in range(2):
        found = compare_commits(repository, "HEAD~1", "HEAD", Selection())
        (entry,) = found.changes
        assert [tuple(each) for each in entry.change.fields] == [("title", "Bread", "Rye")]
        assert [each.name for each in found.schema_changes[0].migrations] == ["pages.m1"]
    assert {*(folder / ".git").rglob("*")} == before
    assert [*aside.rglob("*.pack")]
    del repository, found
    gc.collect()
    assert [*aside.iterdir()] == []


def test_the_owner_writes_into_the_repository(folder: Path) -> None:
    os.seteuid(0)
    (entry,) = compare_commits(Repository.open(folder), "HEAD~1", "HEAD", Selection()).changes
    assert entry.change.fields
    assert git(folder, "for-each-ref", "refs/contentgit/lens")
    os.seteuid(NOBODY)

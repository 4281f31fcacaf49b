"""The mark of a repository of content: which commits are read, and which are refused."""

from __future__ import annotations

import pytest

from contentgit.errors import FormatError
from contentgit.git import Repository
from contentgit.history.commits import check_format, repository_document
from tests.git.conftest import Commits


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "has no contentgit.json: it is not content of contentgit"),
        (b"{", "contentgit.json of commit {commit}: "),
        (b"[1]\n", "contentgit.json of commit {commit} names no format number"),
        (b'{"format": true}\n', "names no format number"),
        (b'{"format": 0}\n', "names no format number"),
        (b'{"format": 3}\n', "has format 3; this contentgit reads up to format 2"),
    ],
)
def test_a_mark_that_is_refused(
    repository: Repository, commit: Commits, data: bytes | None, says: str
) -> None:
    made = commit(repository, {"README.md": b"Content\n", "contentgit.json": data}).commit
    with pytest.raises(FormatError) as caught:
        check_format(repository, made)
    assert says.format(commit=made[:10]) in caught.value.message


def test_the_mark_that_is_written(repository: Repository, commit: Commits) -> None:
    check_format(repository, commit(repository, {"contentgit.json": repository_document()}).commit)

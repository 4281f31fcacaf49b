"""Commits as they are read back, whatever other programs have put into them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contentgit.errors import RepositoryError, UnknownNameError
from contentgit.git import Commit, Repository, Signature
from contentgit.git.values import parse_commit, split_message
from tests.git.conftest import ANNA, DATE, ONE, THREE, TWO, Commits
from tests.git.plain import git

MESSAGE = """\
Bake bread

Rye and
wheat.

Contentgit-Dump: pages (+1 ~0 -0)
Contentgit-Dump: districts:42
  and 43 (+0 ~2 -0)
Reviewed-by: Zoë <zoe@example.com>
"""


def test_a_commit_as_a_value(repository: Repository) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    each = repository.writer.commit_tree(tree, [], MESSAGE, author=ANNA, committer=ANNA, date=DATE)
    assert repository.history.commit(each) == Commit(
        id=each,
        tree=tree,
        parents=(),
        author="Anna",
        email="anna@example.com",
        date=DATE,
        committer=Signature("Anna", "anna@example.com"),
        committed=DATE,
        message=MESSAGE,
        subject="Bake bread",
        body="Rye and\nwheat.",
        trailers={
            "Contentgit-Dump": "pages (+1 ~0 -0)\ndistricts:42 and 43 (+0 ~2 -0)",
            "Reviewed-by": "Zoë <zoe@example.com>",
        },
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ("", "", {})),
        ("subject", ("subject", "", {})),
        ("Key: value\n", ("Key: value", "", {})),
        ("a\nb\n\nc\n", ("a b", "c", {})),
        ("a\n\nKey: v", ("a", "", {"Key": "v"})),
        ("a\n\nKey: v\nno trailer", ("a", "Key: v\nno trailer", {})),
        ("a\n\nb: c d\n\nlast words\n", ("a", "b: c d\n\nlast words", {})),
        ("\n\n a \n \n\n\nb\n", ("a", "b", {})),
        ("a\r\n\r\nb\r\n", ("a b", "", {})),
    ],
)
def test_messages_are_split(message: str, expected: tuple[str, str, dict[str, str]]) -> None:
    assert split_message(message) == expected


def raw(repository: Repository, data: bytes) -> str:
    return git(
        repository.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", data=data
    )


def test_commits_of_broken_programs(repository: Repository) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")]).encode()
    head = b"tree " + tree + b"\nauthor "
    cases = {
        head + b"A <a> 99999999999999999 +0000\ncommitter A <a> 1 +0000\n\nx\0y\n": (
            Signature("A", "a"), datetime.fromtimestamp(0, UTC), "x\ufffdy\n",
        ),
        head + b"A <a> 1 +9999\n\n": (
            Signature("A", "a"), datetime.fromtimestamp(1, UTC), "",
        ),
        head + b"A\0B <a> " + b"9" * 5000 + b" +0000\n\n": (
            Signature("A\ufffdB", "a"), datetime.fromtimestamp(0, UTC), "",
        ),
        head + b"A <a> -" + b"9" * 5000 + b" +0000\n\n": (
            Signature("A", "a"), datetime.fromtimestamp(0, UTC), "",
        ),
        head + b"A <a> 253402300799 +1400\n\n": (
            Signature("A", "a"), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "",
        ),
        head + b"<> 86400 -0130\n\nx": (
            Signature("", ""), datetime.fromtimestamp(86400, UTC), "x",
        ),
        head + b"nobody\n\nx": (Signature("nobody", ""), datetime.fromtimestamp(0, UTC), "x"),
        head + b"caf\xe9 <\xff> 1 +0000\n\ncaf\xe9": (
            Signature("caf\ufffd", "\ufffd"), datetime.fromtimestamp(1, UTC), "caf\ufffd",
        ),
        head + b"caf\xe9 <e> 1 +0000\nencoding ISO-8859-1\n\ncaf\xe9": (
            Signature("café", "e"), datetime.fromtimestamp(1, UTC), "café",
        ),
        head + b"A <a> 1 +0000\nencoding no-such\n\nx": (
            Signature("A", "a"), datetime.fromtimestamp(1, UTC), "x",
        ),
        head + b"A <a> 1 +0000\ngpgsig -----\n author B <b> 2 +0000\n \n ----\n\nx\n\ny": (
            Signature("A", "a"), datetime.fromtimestamp(1, UTC), "x\n\ny",
        ),
    }  # fmt: skip
    for data, (author, date, message) in cases.items():
        found = repository.history.commit(raw(repository, data))
        assert (found.author, found.email) == (author.name, author.email)
        assert found.date == date
        assert found.date.utcoffset() is not None
        assert found.message == message
        assert found.tree == tree.decode()


@pytest.mark.parametrize(
    ("encoding", "message", "expected"),
    [
        (b"idna", b"caf\xe9", "caf\ufffd"),
        (b"punycode", b"caf\xe9", "caf\ufffd"),
        (b"undefined", b"x", "x"),
        (b"hex", b"x", "x"),
        (b"rot13", b"x", "x"),
        (b"a\0b", b"x", "x"),
        (b"\xff", b"x", "x"),
        (b"", b"x", "x"),
        (b"x" * 5000, b"x", "x"),
        (b"unicode_escape", b"a\\nb", "a\\nb"),
        (b"Raw-Unicode-Escape", b"\\ud800", "\\ud800"),
        (b"utf-7", b"+2AA-", "\ufffd"),
        (b"utf-16", b"\xd8", "\ufffd"),
        (b"utf-8", b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    ],
)
def test_encodings_that_nobody_reads(encoding: bytes, message: bytes, expected: str) -> None:
    found = parse_commit("1", b"author A <a> 1 +0000\nencoding " + encoding + b"\n\n" + message)
    assert found.message == expected


def test_log(filled: Repository, commit: Commits) -> None:
    first = filled.refs.resolve("main")
    second = commit(filled, {ONE: b"uno\n"}).commit
    third = commit(filled, {THREE: b"drei\n"}).commit
    assert [each.id for each in filled.history.log("main")] == [third, second, first]
    assert [each.id for each in filled.history.log("main", limit=2)] == [third, second]
    assert list(filled.history.log("main", limit=0)) == []
    assert [each.id for each in filled.history.log("main", paths=["pages"])] == [second, first]
    assert [each.id for each in filled.history.log("main", paths=["tags"], limit=1)] == [third]
    assert [each.id for each in filled.history.log("main", paths=["pages", "tags"])] == [
        third, second, first,
    ]  # fmt: skip
    assert list(filled.history.log("main", paths=["missing"])) == []
    assert list(filled.history.log("main", paths=["*"])) == []
    assert [each.parents for each in filled.history.log("main")] == [(second,), (first,), ()]
    for revision in (f"{first}..main", "main~2..", f"{first}..{third}"):
        assert [each.id for each in filled.history.log(revision)] == [third, second]
    assert [each.id for each in filled.history.log(f"{first}..main", paths=["pages"])] == [second]


@pytest.mark.parametrize("revision", ["mian", "--all", "main..x", "x..main", "", "main...main"])
def test_log_of_what_is_not_there(filled: Repository, revision: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        list(filled.history.log(revision))
    assert ("two" in caught.value.message) == ("..." in revision)


def test_log_is_streamed(repository: Repository) -> None:
    stream = b"".join(
        b"commit refs/heads/main\ncommitter A <a> %d +0100\ndata <<E\nnumber %d\nE\n" % (n, n)
        for n in range(2000)
    )
    git(repository.path, "fast-import", "--quiet", data=stream)
    found = repository.history.log("main")
    assert next(found).subject == "number 1999"
    found.close()  # type: ignore[attr-defined]
    everything = list(repository.history.log("main"))
    assert [each.subject for each in everything] == [f"number {n}" for n in reversed(range(2000))]
    assert everything[0].date.utcoffset() == timedelta(hours=1)


def test_descent(filled: Repository, commit: Commits) -> None:
    first = filled.refs.resolve("main")
    filled.refs.create_branch("side", first)
    main = commit(filled, {ONE: b"uno\n"}).commit
    side = commit(filled, {TWO: b"due\n"}, branch="side").commit
    assert filled.history.merge_bases(main, side) == [first]
    assert filled.history.merge_bases(main, main) == [main]
    assert filled.history.is_ancestor(first, main)
    assert filled.history.is_ancestor(main, main)
    assert not filled.history.is_ancestor(main, side)
    tree = filled.trees.folder_id(main)
    assert tree is not None
    one = filled.writer.commit_tree(tree, [main, side], "one")
    other = filled.writer.commit_tree(tree, [side, main], "other")
    assert sorted(filled.history.merge_bases(one, other)) == sorted([main, side])
    assert filled.history.merge_bases(filled.writer.commit_tree(tree, [], "alone"), main) == []


def test_history_of_sha256_in_a_bare_repository(
    repository_path: Path, commit: Commits, algorithm: str
) -> None:
    repository = Repository.init(repository_path, bare=True)
    first = commit(repository, {ONE: b"one\n"}).commit
    second = commit(repository, {ONE: b"uno\n"}).commit
    assert [each.id for each in repository.history.log("main", paths=["pages"])] == [second, first]
    assert repository.history.merge_bases(first, second) == [first]


def test_a_history_that_cannot_be_read_is_not_one_that_ends(filled: Repository) -> None:
    """Else a merge would take two branches for strangers."""
    main = filled.refs.resolve("main")
    data = git(filled.path, "cat-file", "commit", main).replace("\n", f"\nparent {'f' * 40}\n", 1)
    tip = git(filled.path, "hash-object", "-t", "commit", "-w", "--stdin", data=data.encode())
    ways: list[Callable[[], object]] = [
        lambda: filled.history.merge_bases(main, tip),
        lambda: filled.history.is_ancestor(main, tip),
        lambda: list(filled.history.log(tip)),
        lambda: filled.history.versions(tip, [ONE]),
    ]
    for way in ways:
        with pytest.raises(RepositoryError) as caught:
            way()
        assert "is damaged or incomplete: " in caught.value.message
        assert "f" * 40 in caught.value.message
        assert "fsck" in caught.value.hint

"""Trees and blobs as they are read, hostile and damaged ones too."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from contentgit.errors import FormatError, RepositoryError, UsageError
from contentgit.git import Repository
from tests.git.conftest import ONE, THREE, TWO, Commits
from tests.git.plain import git
from tests.memory import printed


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data).hexdigest()


def raw_tree(repository: Repository, *entries: tuple[str, bytes, str]) -> str:
    """A tree object of any entries, as only a hostile program writes it."""
    data = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(each) for mode, name, each in entries
    )
    return git(
        repository.path, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=data
    )


def commit_of(repository: Repository, tree: str) -> str:
    return repository.writer.commit_tree(tree, [], "hostile")


def test_entries_are_all_files_of_a_folder(
    repository_path: Path, commit: Commits, algorithm: str
) -> None:
    repository = Repository.init(repository_path)
    paths = [f"pages/a.b/{n // 7}/{n % 7}/{n}.json" for n in range(100)]
    contents = {path: f"{path}\n".encode() for path in paths}
    tip = commit(repository, {**contents, "pages/dataset.json": b"{}", THREE: b"three"}).commit
    found = sorted(repository.trees.entries(tip, "pages"))
    expected = {path.removeprefix("pages/"): data for path, data in contents.items()}
    expected["dataset.json"] = b"{}"
    assert found == sorted((path, blob_id(data, algorithm)) for path, data in expected.items())
    assert list(repository.trees.entries(tip, "tags/a.c")) == [
        ("x.json", blob_id(b"three", algorithm))
    ]
    assert len(list(repository.trees.entries(tip, ""))) == 102
    assert list(repository.trees.entries(tip, "missing")) == []
    with pytest.raises(FormatError, match=r"'pages/dataset\.json' in .* is a file, where a folder"):
        list(repository.trees.entries(tip, "pages/dataset.json"))


def test_a_sample_is_from_all_over_a_folder(repository: Repository, commit: Commits) -> None:
    """And few trees are read for it, however many there are."""
    names = [f"{number:03}" for number in range(200)]
    tip = commit(repository, {f"pages/{name}/{name[0]}/{name}.json": b"" for name in names}).commit
    found = Repository.open(repository.path).trees.sample(tip, "pages", 4)
    assert [*found] == [f"{name}/{name[0]}/{name}.json" for name in ("000", "050", "100", "150")]
    assert {*found.items()} <= {*repository.trees.entries(tip, "pages")}
    few = repository.trees.sample(tip, "pages/007", 4)
    assert [*few] == ["0/007.json"]
    assert repository.trees.sample(tip, "missing", 4) == {}
    deep = commit(repository, {f"deep/{'a/' * 50}b": b""}).commit
    assert repository.trees.sample(deep, "deep", 4) == {}


def test_trees_folders_and_files(filled: Repository) -> None:
    tip = filled.refs.resolve("main")
    assert filled.trees.folders(tip) == ["pages", "tags"]
    assert filled.trees.folder_id(tip) == git(filled.path, "rev-parse", "main^{tree}")
    assert filled.trees.folder_id(tip, "pages") == git(filled.path, "rev-parse", "main:pages")
    assert filled.trees.folder_id(tip, "pages/a.b") == git(
        filled.path, "rev-parse", "main:pages/a.b"
    )
    assert filled.trees.entry(tip, ONE) == blob_id(b"one\n")
    assert filled.blob(tip, ONE) == b"one\n"
    with pytest.raises(FormatError, match="is a file, where a folder is expected"):
        filled.trees.folder_id(tip, ONE)
    for path in ("missing", "pages/../tags", "./pages", "pages/", "/pages", "", "*", "a\0b"):
        assert filled.trees.folder_id(tip, path or "..") is None
    for path in ("pages", "missing", f"./{ONE}", f"{ONE}/x", "--help", ":/", "a\nb", "a\0b", ""):
        assert filled.trees.entry(tip, path) is None
        assert filled.blob(tip, path) is None


def test_which_paths_any_of_many_trees_has(
    repository: Repository, commit: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = []
    for n in range(20):
        made = commit(repository, {f"pages/a.b/{n % 3}/{n}.json": b"1", "pages/a.c/1.json": b"2"})
        trees.append(repository.trees.folder_id(made.commit, "pages") or "")
    missing = "1" * len(trees[0])
    fresh = Repository.open(repository.path)
    asked: list[str] = []
    run = type(fresh.trees).rows
    monkeypatch.setattr(type(fresh.trees), "rows", lambda self, ids: run(self, _noted(asked, ids)))
    wanted = ["a.b/0/3.json", "a.b/1/3.json", "a.c/1.json", "a.c", "a.b/2/19.json/x", "z/1.json"]
    found = fresh.trees.in_any([missing, *trees, *trees], wanted)
    assert found == {"a.b/0/3.json", "a.c/1.json"}
    assert len(asked) == len(set(asked))  # each folder once
    assert fresh.trees.in_any([missing], wanted) == set()
    assert fresh.trees.in_any(trees, []) == set()


def _noted(asked: list[str], ids: Iterable[str]) -> list[str]:
    listed = [*ids]
    asked += listed
    return listed


def test_a_commit_must_be_an_id(filled: Repository) -> None:
    for commit in ("main", "--help", "", "HEAD", "A" * 40, f"{'a' * 40}\n"):
        ways: list[Callable[[], object]] = [
            lambda commit=commit: filled.trees.folder_id(commit),
            lambda commit=commit: filled.trees.entry(commit, ONE),
            lambda commit=commit: filled.trees.folders(commit),
            lambda commit=commit: list(filled.objects.blobs([commit])),
            lambda commit=commit: filled.history.is_ancestor(commit, commit),
            lambda commit=commit: filled.history.commit(commit),
            lambda commit=commit: filled.refs.move("refs/heads/x", commit or "x", None, "x"),
        ]
        for way in ways:
            with pytest.raises(UsageError, match="is not a commit id"):
                way()


def test_blobs_come_in_the_order_asked(repository: Repository, commit: Commits) -> None:
    contents = [f"{n}\n".encode() * (n % 50) for n in range(20000)]
    tip = commit(
        repository, {f"f/{n % 100}/{n}.json": data for n, data in enumerate(contents)}
    ).commit
    ids = dict(repository.trees.entries(tip, "f"))
    asked = [n * 7919 % 20000 for n in range(20000)]
    found = repository.objects.blobs(ids[f"{n % 100}/{n}.json"] for n in asked)
    assert list(found) == [contents[n] for n in asked]
    assert list(repository.objects.blobs([])) == []
    one = ids["1/1.json"]
    assert list(repository.objects.blobs([one, one])) == [contents[1]] * 2


def test_blobs_may_be_left_unread(filled: Repository) -> None:
    blobs = filled.objects.blobs([blob_id(b"one\n")] * 10000)
    assert next(blobs) == b"one\n"
    blobs.close()  # type: ignore[attr-defined]


def test_one_blob_comes_in_pieces_whatever_its_size(filled: Repository) -> None:
    small, edge, large = b"small", b"e" * (1 << 20), b"large" * 500_000
    blobs = [filled.writer.write_blob(each) for each in (small, edge, large, small + small)]
    for blob, data in zip(blobs, (small, edge, large, small + small), strict=True):
        with filled.objects.reading(blob) as pieces:
            found = [*pieces]
        assert b"".join(found) == data
        assert max(map(len, found)) <= 1 << 20
    with filled.objects.reading(blobs[2]) as pieces:
        assert next(pieces) == large[: 1 << 20]
    assert [*filled.objects.blobs(blobs[:1])] == [small]
    for wrong in ("0" * len(blobs[0]), filled.refs.resolve("main")):
        with pytest.raises(RepositoryError), filled.objects.reading(wrong):
            pass


def test_a_blob_that_is_missing(filled: Repository) -> None:
    blobs = filled.objects.blobs([blob_id(b"one\n"), "1" * 40])
    assert next(blobs) == b"one\n"
    with pytest.raises(RepositoryError) as caught:
        next(blobs)
    assert caught.value.message == (
        f"the repository {filled.path} is damaged or incomplete: object {'1' * 40} is missing"
    )
    assert caught.value.hint == (
        f"git -C {filled.path} fsck  (says more)\n"
        "contentgit fetch --all  (brings back what another repository has)"
    )


def test_a_blob_that_is_a_tree(filled: Repository) -> None:
    tree = filled.trees.folder_id(filled.refs.resolve("main"))
    assert tree is not None
    with pytest.raises(RepositoryError, match=f"object {tree} is a tree, not a blob"):
        list(filled.objects.blobs([tree]))
    with pytest.raises(RepositoryError, match=f"object {tree} is a tree, not a commit"):
        filled.history.commit(tree)


def test_a_damaged_blob(repository: Repository) -> None:
    each = git(repository.path, "hash-object", "-w", "--stdin", data=b"one\n" * 1000)
    path = repository.git_dir / "objects" / each[:2] / each[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob 4000\0" + b"one\n" * 10)[:-6])
    with pytest.raises(RepositoryError, match=f"{repository.path} is damaged or incomplete: "):
        list(repository.objects.blobs([each]))
    path.write_bytes(b"garbage")
    with pytest.raises(RepositoryError, match=f"{repository.path} is damaged or incomplete: "):
        list(repository.objects.blobs([each]))


def test_a_damaged_tree(filled: Repository) -> None:
    commit = commit_of(filled, raw_tree(filled, ("40000", b"pages", "1" * 40)))
    with pytest.raises(RepositoryError, match="is missing"):
        list(filled.trees.entries(commit, "pages"))
    for way in (filled.trees.folder_id, filled.trees.folders):
        with pytest.raises(RepositoryError, match="is damaged or incomplete: "):
            way("2" * 40)
    with pytest.raises(RepositoryError, match="is damaged or incomplete: "):
        filled.trees.entry("2" * 40, ONE)


@pytest.mark.parametrize("left", [b"", b"\0" * 7, b"100644 \0"])
def test_a_tree_that_is_cut_off_is_not_a_smaller_one(filled: Repository, left: bytes) -> None:
    """Else what is lost would be taken for deleted."""
    entry = b"100644 a\0" + bytes.fromhex("1" * 40)
    data = entry + b"100644 b\0" + left
    options = ("-t", "tree", "-w", "--stdin", "--literally")
    commit = commit_of(filled, git(filled.path, "hash-object", *options, data=data))
    main = filled.refs.resolve("main")
    ways: list[Callable[[], object]] = [
        lambda: list(filled.trees.entries(commit, "")),
        lambda: filled.trees.entry(commit, "a"),
        lambda: filled.trees.folders(commit),
        lambda: list(filled.trees.changed_files(main, commit)),
        lambda: list(filled.trees.listing(commit, lambda _: True, print)),
    ]
    for way in ways:
        with pytest.raises(
            RepositoryError, match=r"damaged or incomplete: tree \w+ cannot be read"
        ):
            way()


def test_differences(filled: Repository, commit: Commits) -> None:
    before = filled.refs.resolve("main")
    after = commit(filled, {ONE: b"uno\n", TWO: None, "pages/new": b"", THREE: b"drei\n"}).commit
    one, two, uno, none = map(blob_id, (b"one\n", b"two\n", b"uno\n", b""))
    assert list(filled.trees.diff_entries(before, after, "pages")) == [
        ("a.b/0/0/1.json", one, uno),
        ("a.b/0/0/2.json", two, None),
        ("new", None, none),
    ]
    assert list(filled.trees.diff_entries(None, before, "pages")) == [
        ("a.b/0/0/1.json", None, one),
        ("a.b/0/0/2.json", None, two),
    ]
    assert [path for path, _, _ in filled.trees.diff_entries(before, after)] == [
        ONE, TWO, "pages/new", THREE,
    ]  # fmt: skip
    assert list(filled.trees.diff_entries(before, None, "tags")) == [
        ("a.c/x.json", blob_id(b"three\n"), None)
    ]
    assert list(filled.trees.diff_entries(before, before, "pages")) == []
    assert list(filled.trees.diff_entries(None, None, "pages")) == []
    assert list(filled.trees.diff_entries(before, after, "missing")) == []


def test_similar_files_are_no_renames(repository: Repository, commit: Commits) -> None:
    data = b"".join(b"line %d\n" % n for n in range(100))
    before = commit(repository, {"f/1.json": data}).commit
    git(repository.path, "config", "diff.renames", "copies")
    after = commit(repository, {"f/1.json": None, "f/2.json": data}).commit
    assert list(repository.trees.diff_entries(before, after, "f")) == [
        ("1.json", blob_id(data), None),
        ("2.json", None, blob_id(data)),
    ]


def test_differences_of_thousands(repository: Repository, commit: Commits, algorithm: str) -> None:
    before = commit(repository, {f"f/{n % 100}/{n}.json": b"" for n in range(10000)}).commit
    found = list(repository.trees.diff_entries(None, before, "f"))
    assert len(found) == len({path for path, _, _ in found}) == 10000
    assert {(old, new) for _, old, new in found} == {(None, blob_id(b""))}


def many_folders(repository: Repository, odd: str, *odd_too: str) -> str:
    """A commit with so many folders of plain files that they are read in bulk, and a few others."""
    plain = [
        ("40000", b"%03d" % n, raw_tree(repository, ("100644", b"x", blob_id(b"one\n"))))
        for n in range(100)
    ]
    folders = [("40000", b"odd%d" % n, each) for n, each in enumerate((odd, *odd_too))]
    return commit_of(repository, raw_tree(repository, *plain, *folders))


def differing_folders(repository: Repository, *entries: tuple[str, bytes, str]) -> str:
    """Like :func:`many_folders`, with other files, and these entries in folders of each kind."""
    one, two = blob_id(b"one\n"), blob_id(b"two\n")
    names = ((b"a", one), (b"x", two), (b"x.y", one))
    plain = [
        (
            "40000",
            b"%03d" % n,
            raw_tree(repository, *(("100644", *each) for each in names[: n % 4])),
        )
        for n in range(5, 103)
    ]
    odd = [
        ("40000", b"odd%d" % n, raw_tree(repository, *entries[:n], ("100644", b"zz", one)))
        for n in range(len(entries) + 1)
    ]
    return commit_of(repository, raw_tree(repository, *plain, *odd))


def test_differences_of_many_folders_are_those_of_git(filled: Repository) -> None:
    """Folders of plain files alone are compared in another way than all others."""
    one, two = blob_id(b"one\n"), blob_id(b"two\n")
    inner = raw_tree(filled, ("100644", b"deep", two))
    before = many_folders(
        filled,
        raw_tree(filled, ("100644", b"x", one), ("100755", b"y", one)),
        raw_tree(filled, ("100644", b"x", one)),
        raw_tree(filled, ("120000", b"l", one), ("40000", b"x", inner)),
        raw_tree(filled, ("100644", b"x", one), ("100644", b"y", two)),
    )
    after = differing_folders(
        filled, ("100644", b"100644 a", one), ("100755", b"l", two), ("40000", b"x", inner)
    )
    for sides in ((before, after), (after, before)):
        raw = git(filled.path, "diff-tree", "-r", "-z", "--no-renames", *sides)
        words = raw.rstrip("\0").split("\0")
        expected = {}
        for about, path in zip(words[::2], words[1::2], strict=True):
            old, new, was, is_, _ = about.removeprefix(":").split(" ")
            expected[path] = tuple(
                (mode, each) if int(mode) else None for mode, each in ((old, was), (new, is_))
            )
        found = {
            path: tuple(file and (file.mode, file.id) for file in files)
            for path, *files in filled.trees.changed_files(*sides)
        }
        assert found == expected
        assert len(found) > 150


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"100644 x\0%b100644 x\0%b", FormatError, "odd1/ holds two files of one name"),
        (b"100644 x\0%b100755 x\0%b", FormatError, "odd1/ holds two files of one name"),
        (b"100644 x\0%b100644 y\0%b1", RepositoryError, r"tree \w+ cannot be read"),
        (b"100644 x\0%b 100644 y\0%b", RepositoryError, r"tree \w+ cannot be read"),
    ],
)
def test_what_many_folders_are_refused_for(
    filled: Repository, data: bytes, error: type[Exception], message: str
) -> None:
    one, two = (bytes.fromhex(blob_id(each)) for each in (b"one\n", b"two\n"))
    plain = raw_tree(filled, ("100644", b"x", one.hex()))
    options = ("-t", "tree", "-w", "--stdin", "--literally")
    bad = git(filled.path, "hash-object", *options, data=data % (one, two))
    hostile = many_folders(filled, plain, bad, plain)
    good = differing_folders(filled, ("100644", b"x", two.hex()))
    for sides in ((hostile, good), (good, hostile)):
        with pytest.raises(error, match=message):
            list(filled.trees.changed_files(*sides))


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        ("120000", "is a symbolic link"),
        ("160000", "is a submodule"),
        ("100755", "is an executable file"),
        ("100664", "is of mode 100664"),
    ],
)
def test_modes_that_contentgit_does_not_write(filled: Repository, mode: str, what: str) -> None:
    folder = raw_tree(filled, (mode, b"x", blob_id(b"one\n")))
    commit = commit_of(filled, raw_tree(filled, ("40000", b"pages", folder)))
    before = filled.refs.resolve("main")
    ways = [
        filled.trees.entries(commit, "pages"),
        filled.trees.diff_entries(before, commit, "pages"),
        filled.trees.diff_entries(commit, before, "pages"),
    ]
    if mode == "100664":
        del ways[1:]  # diff-tree shows it as 100644, which is what git checks out
    for way in ways:
        with pytest.raises(FormatError) as caught:
            list(way)
        assert caught.value.message == f"'pages/x' {what}; contentgit writes plain files only"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"caf\xe9", "the name of 'pages/caf\\udce9' is not UTF-8"),
        (b"a/b", "'pages/' holds a file named 'a/b'"),
        (b"..", "'pages/' holds a file named '..'"),
    ],
)
def test_names_that_no_file_can_have(filled: Repository, name: bytes, message: str) -> None:
    folder = raw_tree(filled, ("100644", name, blob_id(b"one\n")))
    commit = commit_of(filled, raw_tree(filled, ("40000", b"pages", folder)))
    with pytest.raises(FormatError) as caught:
        list(filled.trees.entries(commit, "pages"))
    assert caught.value.message == message


def test_two_files_of_one_name(filled: Repository) -> None:
    one, two = blob_id(b"one\n"), blob_id(b"two\n")
    folder = raw_tree(filled, ("100644", b"x", one), ("100644", b"x", two))
    commit = commit_of(filled, raw_tree(filled, ("40000", b"pages", folder)))
    with pytest.raises(FormatError, match="'pages/' holds two files of one name"):
        list(filled.trees.entries(commit, "pages"))
    before = filled.refs.resolve("main")
    for sides in ((before, commit), (commit, before)):
        with pytest.raises(FormatError, match="holds two files of one name"):
            list(filled.trees.diff_entries(*sides, "pages"))


def test_names_that_are_only_odd(filled: Repository) -> None:
    """They come as they are: what a record may be called is not known here."""
    names = ["--upload-pack=x", "a\nb", 'q"', "é", " "]
    each = blob_id(b"one\n")
    folder = raw_tree(filled, *sorted(("100644", name.encode(), each) for name in names))
    commit = commit_of(filled, raw_tree(filled, ("40000", b"--help\n", folder)))
    assert filled.trees.folders(commit) == ["--help\n"]
    assert sorted(filled.trees.entries(commit, "--help\n")) == sorted(
        (name, each) for name in names
    )
    assert sorted(filled.trees.diff_entries(None, commit, "--help\n")) == sorted(
        (name, None, each) for name in names
    )
    for name in names:
        assert filled.blob(commit, f"--help\n/{name}") == b"one\n"


def test_replaced_objects_are_not_shown(filled: Repository) -> None:
    git(filled.path, "replace", blob_id(b"one\n"), blob_id(b"two\n"))
    assert git(filled.path, "show", f"main:{ONE}") == "two"
    assert filled.blob(filled.refs.resolve("main"), ONE) == b"one\n"


def test_a_partial_clone_does_not_fetch_by_itself(filled: Repository, tmp_path: Path) -> None:
    """A lazy fetch runs a program that the repository's configuration names."""
    git(filled.path, "config", "uploadpack.allowFilter", "true")
    url = f"file://{filled.path}"
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", url, "partial")
    program = tmp_path / "upload-pack"
    program.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexec git upload-pack "$@"\n')
    program.chmod(0o755)
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(program))
    partial = Repository.open(tmp_path / "partial")
    with pytest.raises(RepositoryError, match=r"is a partial clone .*: object 5626abf"):
        partial.blob(partial.refs.resolve("main"), ONE)
    assert not (tmp_path / "ran").exists()


def test_memory_does_not_grow_with_the_size_of_a_file(repository: Repository) -> None:
    code = """
import gc
import os
from pathlib import Path
from contentgit.git import FileStream, Repository

repository = Repository.open(Path(sys.argv[1]))
count, piece = 100, 1 << 20
pieces = (os.urandom(piece) for _ in range(count))
tree = repository.writer.write_tree(None, [("files/a", FileStream(count * piece, pieces))])
blob = repository.trees.entry(tree, "files/a")
with repository.objects.reading(blob) as pieces:
    print(sum(map(len, pieces)))
for pieces in repository.objects.in_pieces([blob]):
    print(sum(map(len, pieces)))
streams = ((f"files/{n}", FileStream(piece, [os.urandom(piece)])) for n in range(count))
tree = repository.writer.write_tree(None, streams)
for _, blob in repository.trees.entries(tree, "files"):
    with repository.objects.reading(blob) as pieces:
        assert sum(map(len, pieces)) == piece
del repository  # ends its processes, of which nothing is known before
gc.collect()
print(peak())
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""
    *sizes, own, of_git = printed(code, str(repository.path))
    assert sizes == [100 << 20] * 2
    assert max(own, of_git) < 70 << 20


def test_sizes_of_blobs_and_their_content_in_pieces(repository: Repository) -> None:
    contents = [b"", b"some", b"x" * (3 << 20)]
    entries = [(f"{number}", data) for number, data in enumerate(contents)]
    tree = repository.writer.write_tree(None, entries)
    blobs = [repository.trees.entry(tree, name) or "" for name, _ in entries]
    assert list(repository.objects.sizes(blobs)) == [len(data) for data in contents]
    found = [[len(piece) for piece in pieces] for pieces in repository.objects.in_pieces(blobs)]
    assert [sum(each) for each in found] == [len(data) for data in contents]
    assert max(map(max, filter(None, found))) <= 1 << 20
    # What is not read of one is passed over.
    firsts = [next(pieces, b"")[:2] for pieces in repository.objects.in_pieces(blobs[::-1])]
    assert firsts == [b"xx", b"so", b""]
    for ask in (repository.objects.sizes, repository.objects.in_pieces):
        with pytest.raises(RepositoryError, match="is missing"):
            list(map(repr, ask([blobs[0], "f" * 40])))
    assert list(repository.objects.sizes([])) == []

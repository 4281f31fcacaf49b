"""Folders in which many files change at once get the tree that fast-import would make of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contentgit.errors import RecordError, RepositoryError
from contentgit.git import GONE, FileEntry, Placed, Repository, crowds
from contentgit.git.program import Program
from tests.git.conftest import ANNA, DATE
from tests.git.plain import git
from tests.memory import printed

PARTS = ("a", "b", "a.b", "a-b", "c", "ab")
Many = Callable[[int], None]
ODD = ("é", 'q"q', "l\nl", "b\\s", "a ")


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Many:
    """Sets how many changes of one folder are left to fast-import."""
    return lambda count: monkeypatch.setattr(crowds, "MANY", count)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of git that are started."""
    verbs: list[str] = []
    start = Program.start

    def noted(program: Program, verb: str, *arguments: str, **options: Any) -> Any:
        verbs.append(verb)
        return start(program, verb, *arguments, **options)

    monkeypatch.setattr(Program, "start", noted)
    return verbs


def some_changes(random: Random, blobs: list[str]) -> list[tuple[str, Placed]]:
    """Files that come, go and take each other's or a folder's place; no two at one path."""
    placed: set[str] = set()
    found: list[tuple[str, Placed]] = []
    for _ in range(random.choice((1, 5, 40))):
        parts = [random.choice(PARTS) for _ in range(random.choice((1, 1, 2, 2, 2, 3)))]
        kind = random.randrange(6)
        data: Placed = b"%d" % random.randrange(4)
        if kind == 0:
            data = None
        elif kind < 3:
            if random.random() < 0.3:
                parts[random.randrange(len(parts))] = random.choice(ODD)
            mode = random.choice(("100644", "100755", "120000"))
            data = GONE if random.random() < 0.4 else FileEntry(mode, random.choice(blobs))
        path = "/".join(parts)
        if path not in placed:
            found.append((path, data))
            if data not in (None, GONE):
                placed.add(path)
    return found


def test_the_tree_is_that_of_fast_import(
    repository: Repository, algorithm: str, many: Many
) -> None:
    blobs = [repository.writer.write_blob(b"%d" % number) for number in range(3)]
    trees = [repository.writer.write_tree(None, [("a/b", b"1"), ("c", b"2")])]
    for seed in range(60):
        random = Random(seed)
        changes = some_changes(random, blobs)
        root = {"": random.choice(trees)} if random.random() < 0.8 else {}
        folders = {**root, **({"a": random.choice(trees)} if random.random() < 0.2 else {})}
        parent = repository.writer.commit_tree(
            random.choice(trees), [], "x", author=ANNA, committer=ANNA, date=DATE
        )
        parents = parent if random.random() < 0.3 else None
        many(10**6)
        expected = repository.writer.write_tree(parents, changes, folders)
        for count in (0, 1, 3):
            many(count)
            assert repository.writer.write_tree(parents, changes, folders) == expected, (
                seed,
                count,
            )
        trees = [*trees[-9:], expected]
    assert git(repository.path, "fsck", "--strict", "--no-dangling") == ""


def test_only_a_crowd_takes_more_processes(repository: Repository, started: list[str]) -> None:
    started.clear()
    spread = [(f"f/{number % 9}/{number}.json", b"x") for number in range(3000)]
    tree = repository.writer.write_tree(None, spread)
    assert started == ["fast-import"]
    one = repository.writer.write_tree(None, [*spread, ("g/x", b"x")], {"": tree})
    assert started == ["fast-import"] * 2
    flat = [(f"f/{number}.json", b"x") for number in range(1001)]
    repository.writer.write_tree(None, flat, {"": one})
    assert started[2:] == ["fast-import", "mktree", "cat-file", "fast-import"]


def test_what_was_in_the_folder_stays(repository: Repository, many: Many) -> None:
    many(2)
    there = [(f"f/{name}", b"1") for name in "abcdefg"]
    tree = repository.writer.write_tree(None, there)
    changed = [("f/a", b"2"), ("f/b", None), ("f/c", b"3"), ("f/d", None), ("f/d.x", b"4")]
    found = repository.writer.write_tree(None, [*changed, ("e", b"5")], {"": tree})
    assert git(repository.path, "ls-tree", "-r", "--name-only", found).split() == [
        *("e", "f/a", "f/c", "f/d.x", "f/e", "f/f", "f/g"),
    ]
    texts = [repository.blob(found, path) for path in ("f/a", "f/c", "f/d.x", "f/e")]
    assert texts == [b"2", b"3", b"4", b"1"]
    gone = [(f"f/{name}", None) for name in ("a", "c", "d.x", "e", "f", "g")]
    last = repository.writer.write_tree(None, gone, {"": found})
    assert git(repository.path, "ls-tree", "-r", "--name-only", last) == "e"


def test_two_records_at_one_path_are_refused(repository: Repository) -> None:
    names = [*(f"f/{number}" for number in range(1500)), "f/1400"]
    with pytest.raises(RecordError, match="two records have the path f/1400"):
        repository.writer.write_tree(None, ((name, b"x") for name in names))
    assert not list((repository.git_dir / "objects" / "pack").glob("tmp_*"))


def test_a_source_that_fails_midway_writes_nothing(repository: Repository) -> None:
    def source() -> Iterator[tuple[str, bytes]]:
        for number in range(5000):
            yield f"pages/{number}.json", b"x" * 1000
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        repository.writer.write_tree(None, source())
    assert not list((repository.git_dir / "objects" / "pack").glob("tmp_*"))
    assert not list(repository.git_dir.glob("fast_import_crash_*"))
    assert git(repository.path, "fsck", "--strict", "--no-dangling") == ""


def test_a_folder_that_cannot_be_written(
    repository: Repository, repository_path: Path, many: Many
) -> None:
    """In our words, as where fast-import cannot write."""
    many(0)
    changes = [("f/a", b"1"), ("f/b", b"2")]
    folder = repository.trees.folder_id(repository.writer.write_tree(None, changes), "f") or ""
    path = repository.git_dir / "objects" / folder[:2]
    shutil.rmtree(path)
    path.write_text("in the way")
    with pytest.raises(RepositoryError, match=f"^cannot write to {repository_path}: "):
        repository.writer.write_tree(None, changes)
    assert not list((repository.git_dir / "objects" / "pack").glob("tmp_*"))


def test_a_file_that_is_missing_may_stay_and_may_not_come(
    repository: Repository, many: Many
) -> None:
    """Also a partial clone is written to."""
    many(0)
    blob = repository.writer.write_blob(b"gone")
    tree = repository.writer.write_tree(None, [("f/a", FileEntry("100644", blob)), ("f/b", b"2")])
    (repository.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    found = repository.writer.write_tree(None, [("f/c", b"3")], {"": tree})
    assert git(repository.path, "ls-tree", "-r", "--name-only", found).split() == [
        *("f/a", "f/b", "f/c"),
    ]
    with pytest.raises(RepositoryError, match=r"[Bb]lob not found"):
        repository.writer.write_tree(None, [("f/d", FileEntry("100644", blob))], {"": tree})


def test_memory_does_not_grow_with_what_a_folder_holds(repository: Repository) -> None:
    program = (
        "from pathlib import Path\n"
        "from contentgit.git import Repository\n"
        "repository = Repository.open(Path(sys.argv[1]))\n"
        "repository.writer.write_tree(None, [('f/0.json', b'x')])\nbefore = peak()\n"
        "repository.writer.write_tree(None, ((f'f/{n}.json', b'%07d' % n * 1000) for n in range(10000)))\n"
        "print(peak() - before)\n"
    )
    (more,) = printed(program, str(repository.path))
    assert more < 20 * 2**20

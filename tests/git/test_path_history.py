"""The history of a path is the one that git shows, and ends on what git does not come to the end of."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contentgit.errors import RepositoryError
from contentgit.git import Repository
from contentgit.git.program import Program
from tests.fuzz.objects import Objects
from tests.git.plain import git

PATHS = ("pages", "pages/a.b/0/0/1.json", "shop")


class History:
    """Commits on any parents, each with a tree of its own."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository.init(folder, bare=True)
        self.objects = Objects(folder)

    def file(self, text: str) -> tuple[bytes, str]:
        return b"100644", self.objects.write("blob", text.encode())

    def commit(self, tree: str, parents: list[str], date: int) -> str:
        who = b"A <a@example.com> %d +0000" % date
        lines = [b"tree " + tree.encode(), *(b"parent " + each.encode() for each in parents)]
        lines += [b"author " + who, b"committer " + who]
        return self.objects.write("commit", b"\n".join(lines) + b"\n\nChange things\n")

    def tree(self, random: Random) -> str:
        """One of few: that both sides of a merge have the same at a path is no rare thing."""
        record = {b"1.json": self.file(str(random.randrange(3)))} if random.random() < 0.9 else {}
        top = {
            b"pages": {
                b"a.b": {b"0": {b"0": record}},
                b"other": self.file(str(random.randrange(2))),
            },
            b"beside": self.file(str(random.randrange(9))),
        }
        if random.random() < 0.8:
            top[b"shop"] = {b"x": self.file(str(random.randrange(2)))}
        return self.objects.write_tree(top)  # type: ignore[arg-type]

    def grow(self, random: Random, count: int, *, skewed: bool) -> list[str]:
        """Commits with up to three parents, some without any."""
        found: list[str] = []
        for number in range(count):
            tips = found[-6:]
            parents = random.sample(tips, min(len(tips), random.choice((0, 1, 1, 1, 2, 2, 3))))
            tree = self.tree(random)
            if parents and random.random() < 0.4:
                tree = git(self.repository.path, "rev-parse", f"{random.choice(parents)}^{{tree}}")
            date = random.randrange(10**6) if skewed else number
            found.append(self.commit(tree, parents, 10**9 + date))
        return found


@pytest.mark.parametrize("skewed", [False, True])
def test_the_commits_are_those_of_git(tmp_path: Path, skewed: bool) -> None:
    for seed in range(25):
        random, history = Random(seed), History(tmp_path / f"{seed}{skewed}")
        commits = history.grow(random, 30, skewed=skewed)
        path, tip = history.repository.path, commits[-1]
        for paths in (PATHS[:1], PATHS[1:2], PATHS[2:], PATHS[1:]):
            found = [each.id for each in history.repository.history.log(tip, paths=paths)]
            expected = git(path, "rev-list", tip, "--", *paths).split()
            assert sorted(found) == sorted(expected), (seed, paths)
            assert skewed or found == expected
            some = history.repository.history.log(tip, paths=paths, limit=2)
            assert [each.id for each in some] == found[:2]


def test_a_range_has_no_less_than_git_says(tmp_path: Path) -> None:
    """Which sides of a merge lie outside, git may not know yet when it comes to the merge."""
    for seed in range(25):
        random, history = Random(seed), History(tmp_path / str(seed))
        *others, tip = history.grow(random, 30, skewed=False)
        path, within = history.repository.path, f"{random.choice(others)}..{tip}"
        for paths in (PATHS[:1], PATHS[1:]):
            found = {each.id for each in history.repository.history.log(within, paths=paths)}
            assert {*git(path, "rev-list", within, "--", *paths).split()} <= found
            whole = ("rev-list", "--full-history", "--parents", tip, "--", *paths)
            assert found <= {line.split()[0] for line in git(path, *whole).splitlines()}


def test_the_versions_are_those_of_git(tmp_path: Path) -> None:
    for seed in range(25):
        history = History(tmp_path / str(seed))
        tip = history.grow(Random(seed), 30, skewed=True)[-1]
        asked = ("--full-history", "--parents", "--topo-order", tip, "--", *PATHS[1:])
        expected = git(history.repository.path, "rev-list", *asked).splitlines()
        found = history.repository.history.versions(tip, PATHS[1:])
        assert [" ".join((each.commit, *each.parents)) for each in found] == expected


@pytest.mark.parametrize("graph", [False, True])
def test_a_lost_parent_is_no_end(tmp_path: Path, graph: bool) -> None:
    """git's own walk along a commit graph takes it for one."""
    history = History(tmp_path / "content")
    repository, tree = history.repository, history.tree(Random(1))
    first = history.commit(tree, [], 10**9)
    git(repository.path, "update-ref", "refs/heads/main", first)
    if graph:
        git(repository.path, "commit-graph", "write", "--reachable")
    for parents in ([first, "f" * 40], ["f" * 40]):
        tip = history.commit(history.tree(Random(2)), parents, 10**9 + 2)
        for end in (tip, history.commit(history.tree(Random(3)), [tip], 10**9 + 3)):
            for read in (
                lambda end=end: list(repository.history.log(end, paths=["pages"])),
                lambda end=end: repository.history.versions(end, PATHS[:1]),
            ):
                with pytest.raises(RepositoryError, match=r"f{40} is missing|could not read f{40}"):
                    read()


def test_names_that_git_does_not_look_up(tmp_path: Path) -> None:
    history = History(tmp_path / "content")
    repository, file = history.repository, history.file("1")
    for name in ("\xe4", "l\nl", "\udcff", ".a", "a b", "sub"):
        entry = (b"160000", "1" * 40) if name == "sub" else file
        tips: list[str] = []
        for number in range(4):
            there = {os.fsencode(name): entry} if number in (1, 2) else {}
            tree = history.objects.write_tree({b"x": {b"d": {b"y": file, **there}}})
            tips.append(history.commit(tree, tips[-1:], 10**9 + number))
        log = repository.history.log(tips[-1], paths=[f"x/d/{name}"])
        assert [each.id for each in log] == [tips[3], tips[1]], name
    for name in (".", "..", "\ud800", "y/x", ""):
        assert not list(repository.history.log(tips[-1], paths=[f"x/d/{name}"])), name


def test_a_lost_folder_on_the_way_is_no_deletion(tmp_path: Path) -> None:
    history = History(tmp_path / "content")
    repository, objects = history.repository, history.objects
    lost = objects.write_tree({b"1.json": history.file("1")})
    tips: list[str] = []
    for number, record in enumerate(((b"40000", lost), {b"1.json": history.file("2")})):
        tree = objects.write_tree({b"pages": {b"a.b": {b"0": record}}})  # type: ignore[dict-item]
        tips.append(history.commit(tree, tips[-1:], 10**9 + number))
    (repository.path / "objects" / lost[:2] / lost[2:]).unlink()
    for path in ("pages/a.b/0/1.json", "pages/a.b/0/2.json"):
        with pytest.raises(RepositoryError, match=f"{lost} is missing"):
            list(repository.history.log(tips[-1], paths=[path]))
    assert [each.id for each in repository.history.log(tips[-1], paths=["pages/a.b/0"])] == tips[
        ::-1
    ]


def test_a_record_that_is_missing_may_have_a_history(tmp_path: Path) -> None:
    """As in a partial clone."""
    history = History(tmp_path / "content")
    repository, tips = history.repository, list[str]()
    for number in range(3):
        record = {b"1.json": history.file(str(number))}
        tree = history.objects.write_tree({b"pages": {b"a.b": record}})  # type: ignore[dict-item]
        tips.append(history.commit(tree, tips[-1:], 10**9 + number))
    blob = history.file("1")[1]
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    log = repository.history.log(tips[-1], paths=["pages/a.b/1.json"])
    assert [each.id for each in log] == tips[::-1]


def test_a_long_history_is_looked_up_in_few_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(tmp_path / "content")
    repository, random, tips = history.repository, Random(1), list[str]()
    trees = [history.tree(random) for _ in range(20)]
    for number in range(400):
        tips.append(history.commit(random.choice(trees), tips[-1:], 10**9 + number))
    git(repository.path, "update-ref", "refs/heads/main", tips[-1])
    started: list[str] = []
    start = Program.start

    def noted(program: Program, verb: str, *arguments: str, **options: Any) -> Any:
        started.append(verb)
        return start(program, verb, *arguments, **options)

    monkeypatch.setattr(Program, "start", noted)
    for path in PATHS[1:]:
        found = [each.id for each in repository.history.log("main", paths=[path])]
        assert found == git(repository.path, "rev-list", "main", "--", path).split()
    assert len(started) < 20


def multiplied(history: History, times: int) -> tuple[bytes, str]:
    """A folder that stands for ``10 ** times`` folders without a file."""
    found = history.objects.write_tree({})
    for _ in range(times):
        found = history.objects.write_tree({b"%d" % each: (b"40000", found) for each in range(10)})
    return b"40000", found


def test_folders_without_files_end(tmp_path: Path) -> None:
    history = History(tmp_path / "content")
    wide = multiplied(history, 9)
    record = {b"1.json": history.file("{}"), b"2.json": wide, b"zzz": wide}
    trees = [
        {b"pages": {b"a.b": {b"0": {b"0": record}}}},
        {b"pages": {b"a.b": {b"0": {b"0": {**record, b"2.json": multiplied(history, 8)}}}}},
        {b"pages": wide, b"contentgit.json": wide},
    ]
    tips: list[str] = []
    for number, tree in enumerate(trees):
        root = history.objects.write_tree(tree)  # type: ignore[arg-type]
        tips.append(history.commit(root, tips[-1:], 10**9 + number))
    repository, paths = history.repository, ("pages/a.b/0/0/1.json", "pages/a.b/0/0/2.json")
    git(repository.path, "update-ref", "refs/heads/main", tips[-1])
    assert [each.id for each in repository.history.log("main", paths=["pages"])] == tips[::-1]
    assert [each.id for each in repository.history.log("main", paths=paths[:1])] == [
        tips[2],
        tips[0],
    ]
    assert [each.id for each in repository.history.log("main", paths=paths[1:])] == tips[::-1]
    assert [each.commit for each in repository.history.versions(tips[-1], paths)] == tips[::-1]
    assert not repository.history.ever_had("other.json")
    assert repository.history.ever_had("pages/a.b/0/0/2.json")


def test_maintenance_ends(tmp_path: Path) -> None:
    """git notes for each commit the paths that it changed, once somebody has told it to."""
    history = History(tmp_path / "content")
    repository, path = history.repository, history.repository.path
    first = history.commit(history.objects.write_tree({b"a": history.file("1")}), [], 10**9)
    git(path, "update-ref", "refs/heads/main", first)
    git(path, "commit-graph", "write", "--reachable", "--changed-paths")
    tree = history.objects.write_tree({b"pages": multiplied(history, 9)})
    git(path, "update-ref", "refs/heads/main", history.commit(tree, [first], 10**9 + 1))
    for number in range(52):
        _, blob = history.file(f"{number}")
        git(path, "pack-objects", "-q", "objects/pack/pack", data=blob.encode())
    repository.housekeeping.maintain()
    assert len([*path.glob("objects/pack/*.pack")]) < 5
    assert (path / "objects/info/commit-graph").exists()
    git(path, "update-ref", "refs/heads/main", first)
    git(path, "commit-graph", "write", "--reachable", "--changed-paths")
    git(path, "update-ref", "refs/heads/main", history.commit(tree, [first], 10**9 + 1))
    repository.housekeeping.collect([])
    assert len(list(repository.history.log("main"))) == 2

"""Trees that a few objects make endless: refused with a path, in bounded time, by whoever walks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.cli.main import main
from contentgit.content.canonical import dump_document
from contentgit.content.layout import FOLDERS, record_path
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout
from contentgit.errors import FormatError
from contentgit.git import Repository
from contentgit.git.bounds import DEEPEST, DEEPEST_BESIDE
from tests.git.conftest import Commits
from tests.git.pages import DATASET, page
from tests.git.plain import git
from tests.git.test_reading import raw_tree

Entry = tuple[str, str]
"""Mode and id."""


class Site:
    """A repository of one dump on main, and commits on top of it with trees of any kind."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository.init(folder)
        self.leaf = self.tree({"1.json": self.file(page(1))})
        self.main = self.commit({})
        git(folder, "update-ref", "refs/heads/main", self.main)
        git(folder, "reset", "--quiet", "--hard")

    def file(self, data: bytes) -> Entry:
        return "100644", self.repository.writer.write_blob(data)

    def tree(self, entries: dict[str, Entry]) -> Entry:
        rows = sorted((name.encode(), *entry) for name, entry in entries.items())
        return "40000", raw_tree(
            self.repository, *((mode, name, each) for name, mode, each in rows)
        )

    def nested(self, depth: int) -> Entry:
        found = self.leaf
        for _ in range(depth - 1):
            found = self.tree({"0": found})
        return found

    def multiplied(self, levels: int, leaf: Entry, times: int = 10) -> Entry:
        """``times ** levels`` folders."""
        for _ in range(levels):
            leaf = self.tree({str(number): leaf for number in range(times)})
        return leaf

    def commit(self, models: dict[str, Entry], beside: dict[str, Entry] | None = None) -> str:
        record = self.tree({"0": self.tree({"0": self.leaf})})
        dataset = self.file(dump_document(DATASET))
        dump = self.tree({"dataset.json": dataset, "pages.page": record, **models})
        form = self.file(dump_document({"format": 1}))
        top = self.tree({"contentgit.json": form, "pages": dump, **(beside or {})})
        parents = [self.main] if hasattr(self, "main") else []
        return self.repository.writer.commit_tree(top[1], parents, "Change things")


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(repository_path)


def walks(repository: Repository, before: str, after: str) -> list[Callable[[], object]]:
    return [
        lambda: list(repository.trees.entries(after, "pages")),
        lambda: list(repository.trees.diff_entries(before, after, "pages")),
        lambda: list(repository.trees.diff_entries(after, before, "pages")),
        lambda: list(repository.trees.changed_files(before, after)),
    ]


@pytest.mark.parametrize("empty", [False, True], ids=["files", "no files"])
def test_folders_that_multiply(site: Site, empty: bool) -> None:
    repository, leaf = site.repository, site.tree({}) if empty else site.leaf
    commit = site.commit({"pages.page": site.multiplied(2, leaf, 1000)})
    for walk in walks(repository, site.main, commit):
        with pytest.raises(FormatError) as caught:
            walk()
        assert caught.value.message.startswith("'pages/pages.page/")
        assert "is the same as another folder" in caught.value.message
    left_out: list[str] = []
    listed = [path for path, _ in repository.trees.listing(commit, lambda _: True, left_out.append)]
    assert len(listed) + len(left_out) < 1_100_000
    assert left_out[-1].startswith("pages/pages.page/")


def test_folders_nested_too_deep(site: Site) -> None:
    commit = site.commit({"pages.page": site.nested(FOLDERS + 1)})
    for walk in walks(site.repository, site.main, commit)[:-1]:
        with pytest.raises(FormatError) as caught:
            walk()
        assert caught.value.message == (
            "'pages/pages.page/0/0/0/' is nested too deep: at most 4 folders are read there"
        )
    assert len(list(site.repository.trees.changed_files(site.main, commit))) == 2


def test_other_files_may_lie_deeper(site: Site) -> None:
    repository = site.repository
    good = site.commit({}, {".docs": site.nested(DEEPEST_BESIDE)})
    assert len(list(repository.trees.changed_files(site.main, good))) == 1
    bad = site.commit({}, {".docs": site.nested(DEEPEST_BESIDE + 1)})
    with pytest.raises(FormatError, match=r"'\.docs/0/.* is nested too deep: at most 100"):
        list(repository.trees.changed_files(site.main, bad))


def test_dumps_may_have_the_same_records(site: Site) -> None:
    shared = site.tree({f"{number}.json": site.file(page(number)) for number in range(10)})
    model = site.tree({str(number): shared for number in range(50)})
    dumps = {f"pages@{number}": site.tree({"pages.page": model}) for number in range(150)}
    commit = site.commit({}, dumps)
    assert len(list(site.repository.trees.changed_files(site.main, commit))) == 150 * 500
    left_out: list[str] = []
    listed = site.repository.trees.listing(commit, lambda _: True, left_out.append)
    assert sum(len(entries) for _, entries in listed) > 150 * 500
    assert not left_out


def test_dumps_that_are_one_tree_are_bounded_together(site: Site) -> None:
    shared = site.tree({f"{number}.json": site.file(page(number)) for number in range(10)})
    dump = site.tree({"pages.page": site.tree({str(number): shared for number in range(100)})})
    commit = site.commit({}, {f"pages@{number}": dump for number in range(150)})

    def read(*numbers: int) -> None:
        for number in numbers:
            list(site.repository.trees.diff_entries(site.main, commit, f"pages@{number}"))

    read(*[7] * 120)  # again and again is another comparison each time
    read(*range(50))
    with pytest.raises(FormatError, match="is the same as another folder"):
        read(*range(150))
    read(149)


def test_no_layout_needs_more_folders() -> None:
    keys = ("42", "0", "-7", str(2**63 - 1), "a", "x" * 400)
    paths = [
        record_path(RecordKey("pages.page", key), layout)
        for layout in Layout
        for key in keys
        if layout is not Layout.INTEGER or key.lstrip("-").isdigit()
    ]
    assert max(path.count("/") for path in paths) == FOLDERS == DEEPEST - 1


VERBS = ("check BRANCH", "diff main BRANCH", "show BRANCH", "log -p BRANCH", "merge BRANCH")


@pytest.mark.parametrize("words", [*VERBS, "merge --no-ff BRANCH"])
def test_verbs_refuse_with_the_path(
    site: Site, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = site.multiplied(9, site.leaf)
    kinds = {
        "wide": ({"pages.zzz": wide}, {}, "pages/pages.zzz"),
        "other": ({}, {"other": wide}, "other/"),
        "deep": ({"pages.zzz": site.nested(DEEPEST_BESIDE + 1)}, {}, "pages/pages.zzz"),
    }
    for branch, (models, beside, path) in kinds.items():
        git(site.repository.path, "branch", branch, site.commit(models, beside))
        verb, *rest = words.replace("BRANCH", branch).split()
        code = 0 if verb == "log" else 1  # a history goes on behind what cannot be shown
        assert main([verb, f"--repository={site.repository.path}", *rest]) == code
        said = "".join(capsys.readouterr())
        assert path in said
        assert len(said) < 2_000_000
    assert site.repository.refs.resolve("main") == site.main
    assert git(site.repository.path, "status", "--porcelain") == ""


def test_git_goes_through_no_such_commit(site: Site) -> None:
    """What git compares with the worktree, or writes there, is looked at before."""
    repository, leaf = site.repository, site.leaf
    wide, empty = site.multiplied(9, leaf), site.multiplied(9, site.tree({}))
    deep = site.nested(DEEPEST_BESIDE + 1)
    for name, folder in {"wide": wide, "empty": empty, "deep": deep}.items():
        git(repository.path, "branch", name, site.commit({}, {".docs": folder}))
        with pytest.raises(FormatError, match=r"'\.docs/"):
            repository.worktrees.checkout_head(name)
        repository.refs.set_head(name)
        with pytest.raises(FormatError, match=r"'\.docs/") as caught:
            repository.worktrees.edited_files()
        with pytest.raises(FormatError, match=r"'\.docs/"):
            repository.worktrees.checkout_head("main")
        way = caught.value.hint.splitlines()[-1]
        assert way.startswith(f"git -C {repository.path} ")
        git(repository.path, *way.replace("BRANCH", "main").partition("  (")[0].split()[3:])
        assert repository.worktrees.edited_files() == []
    git(repository.path, "branch", "good", site.commit({}, {".docs": site.multiplied(3, leaf)}))
    repository.worktrees.checkout_head("good")
    assert repository.worktrees.edited_files() == []


def test_a_mode_of_any_length_is_looked_at(site: Site) -> None:
    """git takes what is left of it in 32 bits."""
    wide = site.multiplied(9, site.leaf)[1]
    odd = site.commit({}, {".x": ("7" * 30, wide)})
    folder = site.commit({}, {".x": ("1" + "0" * 30 + "40000", wide)})
    git(site.repository.path, "update-ref", "refs/heads/main", odd)
    assert site.repository.worktrees.edited_files() == []
    git(site.repository.path, "update-ref", "refs/heads/main", folder)
    with pytest.raises(FormatError, match=r"'\.x/"):
        site.repository.worktrees.edited_files()


def test_check_names_a_folder_that_is_too_deep_once(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = site.commit({"pages.page": site.tree({"0": site.tree({"0": site.nested(5)})})})
    assert main(["check", f"--repository={site.repository.path}", commit]) == 1
    said = capsys.readouterr().out
    assert said.count("foreign-file") == 1
    assert "pages/pages.page/0/0/0\n" in said


# What the walks cost


def test_many_paths_are_looked_up_in_one_process(
    repository: Repository, commit: Commits, started: list[str]
) -> None:
    paths = [f"pages/a.b/{n // 10000}/{n // 100 % 100}/{n}.json" for n in range(5000)]
    tip = commit(repository, {path: path.encode() for path in paths}).commit
    started.clear()
    fresh = Repository.open(repository.path)
    assert len(fresh.trees.files_at(tip, paths)) == 5000
    assert fresh.blob(tip, paths[7]) == paths[7].encode()
    assert len(list(fresh.trees.entries(tip, "pages"))) == 5000
    assert [verb for verb in started if verb != "rev-parse"] == ["cat-file"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of the git processes that were started."""
    from contentgit.git.program import Program

    found: list[str] = []
    start = Program.start
    monkeypatch.setattr(
        Program,
        "start",
        lambda self, verb, *a, **o: found.append(verb) or start(self, verb, *a, **o),
    )
    return found

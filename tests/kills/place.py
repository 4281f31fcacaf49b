"""The shop whose verbs are killed: two databases, one repository, and a state for each verb to begin in."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import contentgit
from contentgit.models import AppliedCommit
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag
from tests.databases import Cleaner
from tests.fuzz import judge

TAGS: Final = range(100, 220)
PRODUCT: Final = "shop/bakery.product/0/0/42.json"
OTHER: Final = "--database=other"
SELDOM: Final = 5
TEMPORARY: Final = "contentgit-"
"""What folders of ours in a git directory are called; locks in them are in nobody's way."""


@dataclass(frozen=True)
class Found:
    """What there is, said so that two runs of one verb are equal: new commits by what they hold.

    ``applied`` is the ledger's last line of each dump: a pending one before it counts no more, and the next
    call forgets it. ``refs`` are branches, ``head`` is the branch that the worktree is on, ``changed`` what
    git status shows, ``left`` are lock files and files of ours that only a process at work or a merge under
    way has; temporary ones are for gc.
    """

    content: Mapping[str, Sequence[Any]]
    applied: Sequence[tuple[str, ...]]
    refs: Sequence[str]
    head: str
    changed: Sequence[str]
    left: Sequence[str]

    def differences(self, other: Found) -> str:
        """The names of what is not equal, with both sides where they are short."""
        pairs = ((name, value, getattr(other, name)) for name, value in vars(self).items())
        return "; ".join(
            name if name == "content" else f"{name}: {one!r:.600} is not {two!r:.600}"
            for name, one, two in pairs
            if one != two
        )


@dataclass(frozen=True)
class State:
    """Where a verb begins: a copy of the repository, the rows of one database, the commits there are.

    ``share`` is in how many kills of the proof one is of this verb.
    """

    verb: str
    words: tuple[str, ...]
    using: str
    share: int
    copy: Path
    cleaner: Cleaner
    known: frozenset[str]


class Place:
    """The repository and the databases, and the states that verbs begin in."""

    def __init__(self, folder: Path) -> None:
        _import_all()
        self.folder = folder
        self.path = folder / "content"
        self.states = {state.verb: state for state in self._build()}

    def _build(self) -> Iterator[State]:
        """Goes through a story of the shop; each verb's state is kept when the story is there."""
        fill()
        for number in TAGS:
            Tag.objects.create(pk=number, name=f"Tag {number}", slug=f"tag-{number}")
        self.ok("init", str(self.path))
        self.ok("commit", "-m", "Before")
        self.ok("checkout", "main", "--apply", "--yes", OTHER)
        _edit()
        yield self._keep("commit", ("commit", "-m", "Killed"), "default")
        self.ok("checkout", "-b", "summer")
        self.ok("commit", "-m", "Summer")
        self.ok("checkout", "main", OTHER)
        self.git("checkout", "-q", "main")  # HEAD and worktree move, too
        yield self._keep("apply", ("checkout", "summer", "--apply", "--yes", OTHER), "other")
        self._edit_file("main", "autumn", "6.40")
        self.git("clone", "-q", "--bare", str(self.path), str(self.folder / "origin"))
        self.git("remote", "add", "origin", str(self.folder / "origin"))
        self.git("push", "-q", "origin", "summer:main")
        yield self._keep("pull", ("pull", "origin", "autumn"), "other", SELDOM)
        yield self._keep("checkout -b", ("checkout", "-b", "winter", "summer"), "other", SELDOM)
        yield self._keep("cherry-pick", ("cherry-pick", "summer"), "other", SELDOM)
        self._edit_file("main", "main", "6.30")
        yield self._keep("revert", ("revert", "main"), "other", SELDOM)
        restore = ("restore", "bakery.product:42", "--from", "autumn")
        yield self._keep("restore", restore, "other", SELDOM)
        yield self._keep("pull that merges", ("pull",), "other", SELDOM)
        yield self._keep("merge", ("merge", "summer"), "other", 3)
        yield self._keep("merge in conflict", ("merge", "autumn"), "other", 3)
        self.ok("merge", "autumn", code=3)
        yield self._keep("merge --abort", ("merge", "--abort"), "other", SELDOM)
        self.ok("resolve", "--all", "--take", "theirs")
        yield self._keep("merge --continue", ("merge", "--continue"), "other", 3)
        self.ok("merge", "--abort")
        self._indent(PRODUCT)
        yield self._keep("check --fix", ("check", "--fix", "--no-code"), "other", SELDOM)
        self.git("reset", "-q", "--hard", "main~1")
        self.ok("merge", "summer")
        Category.objects.using("other").filter(pk=1).update(name="Edited here")
        yield self._keep("update", ("update", "--yes", OTHER), "other")
        self.ok("update", "--yes", OTHER)
        yield self._keep("undo", ("undo", "--yes", OTHER), "other")

    def _indent(self, path: str) -> None:
        """Writes a file in another form on main."""
        file = self.path / path
        file.write_text(json.dumps(json.loads(file.read_text()), indent=8))
        self.git("commit", "-q", "-a", "-m", "Write a file by hand")

    def _edit_file(self, start: str, branch: str, price: str) -> None:
        """Sets a price on a branch as somebody with an editor does, and comes back to main."""
        if branch != start:
            self.git("checkout", "-q", "-b", branch, start)
        file = self.path / PRODUCT
        file.write_text(file.read_text().replace('"6.20"', f'"{price}"'))
        self.git("commit", "-q", "-a", "-m", f"Set a price on {branch}")
        self.git("checkout", "-q", "main")

    def _keep(self, verb: str, words: tuple[str, ...], using: str, share: int = 1) -> State:
        copy = self.folder / f"at-{verb.replace(' ', '-')}"
        shutil.copytree(self.path, copy, symlinks=True)
        known = frozenset(self.git("rev-list", "--all").split())
        return State(verb, words, using, share, copy, Cleaner(using), known)

    def bring_back(self, state: State) -> None:
        """All is as it was when the state was kept."""
        shutil.rmtree(self.path)
        shutil.copytree(state.copy, self.path, symlinks=True)
        state.cleaner.clean()

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.path, capture_output=True, text=True, check=True
        )
        return done.stdout.rstrip("\n")

    def words(self, *words: str) -> list[str]:
        return (
            [*words] if words[0] == "init" else [words[0], f"--repository={self.path}", *words[1:]]
        )

    def ok(self, *words: str, code: int = 0) -> None:
        ended = judge.call(self.words(*words), self.folder)
        assert ended.code == code, f"contentgit {' '.join(words)}\n{ended.out}{ended.err}"

    def found(self, state: State) -> Found:
        """Looks at everything, without contentgit."""
        tips = dict(
            line.split(" ")[:2]
            for line in self.git(
                "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"
            ).splitlines()
        )

        def named(commit: str) -> str:
            return commit if commit in state.known else tips.get(commit, "unknown")

        what = "%(refname) %(objectname) %(tree) %(parent) %(subject)"
        refs = []
        for line in self.git("for-each-ref", f"--format={what}", "refs/heads").splitlines():
            ref, commit, rest = line.split(" ", 2)
            refs.append(f"{ref} {commit}" if commit in state.known else f"{ref} {rest}")
        rows = AppliedCommit._base_manager.using(state.using).order_by("id")
        last = {row.dump: row for row in rows}
        own = self.path / ".git"
        locks = (each for each in own.rglob("*.lock") if not each.parent.name.startswith(TEMPORARY))
        left = {*locks, *(own / "contentgit").glob("*.json")}
        return Found(
            raw.snapshot(state.using),
            [(r.dump, named(r.commit), r.tree, r.action, r.state) for r in last.values()],
            refs,
            self.git("symbolic-ref", "-q", "HEAD"),
            # status must not write the index: that would mend what the next call has to.
            self.git("--no-optional-locks", "status", "--porcelain", "-uall").splitlines(),
            sorted(str(each.relative_to(own)) for each in left),
        )


def _import_all() -> None:
    """Children are forked with all modules, so that what is killed is the verb and not its imports."""
    for module in pkgutil.walk_packages(contentgit.__path__, "contentgit."):
        if not re.search(r"\.(demo|migrations|__main__)\b", module.name):
            importlib.import_module(module.name)


def _edit() -> None:
    for tag in Tag.objects.filter(pk__in=TAGS):
        Tag.objects.filter(pk=tag.pk).update(name=f"{tag.name}, edited")
    Tag.objects.filter(pk=3).update(slug="tmp")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")
    Product._base_manager.get(pk=41).delete()
    Category.objects.create(pk=9, name="Cake", slug="cake")

"""Two branches under the same keys, merged both ways at random: no edit and no reference is another record's.

Each record holds a name that is its own for ever: what a merge must give is computed from these, whatever the
keys are.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contentgit.branches.check_merges import differing
from contentgit.branches.merging import continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.operation import under_way
from contentgit.check import Finding
from contentgit.errors import ConflictError, RefusedError
from contentgit.git import Repository
from contentgit.history.check import check
from contentgit.history.renumbered import new_keys_since
from contentgit.merge import Reason, Side, Take
from tests.git.content import Site, page, teaser

SEEDS = int(os.environ.get("CONTENTGIT_TEST_SEEDS", "4"))
BRANCHES = ("main", "summer", "autumn")
NAMED_BY = {"site.tag": "name", "site.page": "slug", "site.teaser": "text", "site.news": "date"}
START = {
    "site.tag:1": {"name": "t0|"},
    "site.page:1": page("p0"),
    "site.teaser:1": teaser("a0|", "site.page:1"),
}

Content = Mapping[str, Mapping[str, Any]]
"""What records hold, by their own names; references are the names, too."""


@dataclass
class World:
    site: Site
    random: random.Random
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    count: int = 0

    @property
    def repository(self) -> Repository:
        return self.site.repository

    def tip(self, branch: str) -> str:
        return self.repository.refs.resolve(branch)

    def named(self, commit: str) -> dict[str, str]:
        """The name of each record that a commit has, by its key."""
        found = {}
        for key, fields in self.site.all(commit).items():
            label = key.partition(":")[0]
            if label != "site.news":
                found[key] = f"{label} {fields[NAMED_BY[label]].partition('|')[0]}"
        for key in self.site.all(commit):
            if key.startswith("site.news:"):
                found[key] = "news of " + found[key.replace("news", "page")]
        return found

    def content(self, commit: str) -> Content:
        names = self.named(commit)
        return {
            names[key]: {
                name: sorted(names[each] for each in value)
                if isinstance(value, list)
                else names.get(value, value)
                if isinstance(value, str)
                else value
                for name, value in fields.items()
            }
            for key, fields in self.site.all(commit).items()
        }

    def new_key(self, branch: str, label: str) -> str:
        """As a database gives them: above all that it had."""
        self.last[branch, label] += 1
        return f"{label}:{self.last[branch, label]}"

    def seen(self, branch: str) -> None:
        """The keys that a branch's database has now."""
        for key in self.site.all(self.tip(branch)):
            label, _, number = key.partition(":")
            self.last[branch, label] = max(self.last.get((branch, label), 0), int(number))

    def edit(self, branch: str) -> None:
        """One commit with what people do on a site."""
        there: dict[str, Any] = dict(self.site.all(self.tip(branch)))
        changes: dict[str, Any] = {}
        for _ in range(self.random.randrange(1, 6)):
            self.one_edit(branch, there, changes)
        if changes:
            self.site.commit(branch, changes)

    def one_edit(self, branch: str, there: dict[str, Any], changes: dict[str, Any]) -> None:
        self.count += 1
        pick, mark = self.random.choice, f"{branch}{self.count}"
        of = {
            label: sorted(key for key in there if key.startswith(f"{label}:")) for label in NAMED_BY
        }
        made: dict[str, Any] = {
            "site.tag": {"name": f"t{mark}|"},
            "site.page": page(
                f"p{mark}",
                parent=pick([None, *of["site.page"]]),
                tags=sorted(
                    self.random.sample(of["site.tag"], min(2, len(of["site.tag"]))),
                    key=lambda key: int(key[9:]),
                ),
            ),
            "site.teaser": teaser(f"a{mark}|", pick(of["site.page"])),
        }
        what = pick(
            ["create", "create", "edit", "edit", "edit", "refer", "refer", "child", "delete"]
        )
        label = pick(sorted(made))
        if what == "create":
            key = self.new_key(branch, label)
            there[key] = changes[key] = made[label]
            return
        if what == "child":
            key = pick(of["site.page"]).replace("page", "news")
            there[key] = changes[key] = {"date": f"20{self.random.randrange(10, 99)}-01-01"}
            return
        if what == "refer":
            key = pick(of["site.page"])
            new = {"tags": made["site.page"]["tags"]} if pick([True, False]) else {}
            self.put(there, changes, key, new)
            if of["site.teaser"]:
                self.put(there, changes, pick(of["site.teaser"]), {"page": pick(of["site.page"])})
            return
        if not of[label]:
            return
        key = pick(of[label])
        if what == "delete":
            self.delete(there, changes, key)
        elif label == "site.page":
            self.put(there, changes, key, {"title": mark, "body": f"Body {mark}."})
        else:
            name = NAMED_BY[label]
            self.put(there, changes, key, {name: f"{there[key][name].partition('|')[0]}|{mark}"})

    def put(self, there: dict[str, Any], changes: dict[str, Any], key: str, new: Any) -> None:
        there[key] = changes[key] = {**there[key], **new}

    def delete(self, there: dict[str, Any], changes: dict[str, Any], key: str) -> None:
        """With what refers to it, unless these are pages."""
        if key == "site.page:1" or any(fields.get("parent") == key for fields in there.values()):
            return
        gone = {key, key.replace("page", "news")}
        gone |= {other for other, fields in there.items() if fields.get("page") == key}
        for other, fields in sorted(there.items()):
            if key in fields.get("tags", ()) and other not in gone:
                tags = [each for each in fields["tags"] if each != key]
                self.put(there, changes, other, {"tags": tags})
        for other in sorted(gone & there.keys()):
            del there[other]
            changes[other] = None

    # Merges

    def merge(self, branch: str, source: str) -> None:
        ours, theirs = self.tip(branch), self.tip(source)
        bases = self.repository.history.merge_bases(ours, theirs)
        self.repository.refs.set_head(branch)
        contested: set[str] = set()
        try:
            merge(self.repository, source)
        except ConflictError:
            contested = self.decided()
        done = self.tip(branch)
        self.seen(branch)
        assert [(each.record, each.message) for each in check(self.repository, done).findings] == []
        self.compare([*bases], ours, theirs, done, decided=bool(contested))
        for before in (ours, theirs):
            self.keys_are_known(before, done)

    def decided(self) -> set[str]:
        found: set[str] = set()
        conflicts = under_way(self.repository).tree(self.repository).conflicts
        while conflicts:
            one = self.random.choice(conflicts)
            decision = Decision(self.random.choice([Take.OURS, Take.THEIRS]))
            if one.reason is Reason.ADDED:
                with suppress(RefusedError):  # the page of the news is one that both have
                    new = Decision(renumber=self.random.choice([*Side]))
                    conflicts = resolve(self.repository, [one.labels[0]], new).conflicts
                    continue
            found.add(one.labels[0])
            conflicts = resolve(self.repository, [one.labels[0]], decision).conflicts
        continue_merge(self.repository)
        return found

    def compare(
        self, bases: list[str], ours: str, theirs: str, done: str, *, decided: bool
    ) -> None:
        """Each record and field of a merge is what both sides, by the records' own names, make of it."""
        was = self.content(bases[0]) if len(bases) == 1 else None
        here, there, now = map(self.content, (ours, theirs, done))
        for name in {*here, *there, *now}:
            if was is not None and not decided:
                kept = (name in here and name in there) or name in (
                    here.keys() ^ there.keys()
                ) - was.keys()
                assert (name in now) == kept, name
            if name not in now:
                continue
            for each, value in now[name].items():
                sides = [side[name][each] for side in (here, there) if name in side]
                before = was[name][each] if was is not None and name in was else None
                assert self.may_be(value, sides, before, strict=was is not None and not decided), (
                    name, each, before, sides, value,
                )  # fmt: skip

    def may_be(self, value: Any, sides: list[Any], before: Any, *, strict: bool) -> bool:
        if isinstance(value, list):
            known = {*before} if before else set()
            mine, other = {*sides[0]}, {*sides[-1]}
            if not strict:
                return {*value} <= mine | other | known
            return {*value} == (mine & other) | ((mine ^ other) - known)
        if len(sides) == 1 or sides[0] == sides[1] or not strict:
            return value in sides
        return value == (sides[1] if sides[0] == before else sides[0])

    def keys_are_known(self, before: str, after: str) -> None:
        """What a later commit calls a record is known from the messages."""
        keys = {
            str(old): str(new)
            for old, new in new_keys_since(self.repository, before, after).items()
        }
        old = self.named(before)
        new = {name: key for key, name in self.named(after).items()}
        for key, name in old.items():
            if name in new:
                assert keys.get(key, key) == new[name], name


@pytest.mark.parametrize("seed", range(SEEDS))
def test_merges_of_branches_that_use_the_same_keys(seed: int, tmp_path: Path) -> None:
    world = World(
        Site(Repository.init(tmp_path / "content", bare=True), START), random.Random(seed)
    )
    branches = BRANCHES[: 2 + seed % 2]
    for branch in branches[1:]:
        world.repository.refs.create_branch(branch, world.tip("main"))
    for branch in branches:
        world.seen(branch)
    for _ in range(8):
        for branch in branches:
            if world.random.random() < 0.8:
                world.edit(branch)
        world.merge(*world.random.sample(branches, 2))
    found: list[Finding] = []
    for branch in branches:
        differing(world.repository, branch, found.append)
    assert [(each.commit, each.record, each.message) for each in found] == []

"""Whatever two sites do to their trees by a library, both end with one tree that it finds sound."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.verbs import test_trees as trees
from tests.verbs.conftest import Run
from tests.verbs.test_trees import _datasets as _datasets

Ok = Callable[..., str]
SITES = ("default", "other")
STEPS = 8
SEEDS = range(int(os.environ.get("CONTENTGIT_TEST_SEEDS", "2")))


class Site:
    """One of the two, which edits at random."""

    def __init__(self, model: Any, alias: str, chance: random.Random) -> None:
        self.model, self.alias, self.chance, self.made = model, alias, chance, 0

    @property
    def names(self) -> list[str]:
        rows = self.model._base_manager.using(self.alias)
        return sorted(rows.values_list("name", flat=True))

    def edit(self) -> None:
        """A new row, one elsewhere, or one less with all below it."""
        act = self.chance.choice([self.add, self.add, self.move, self.move, self.remove])
        act()

    def add(self) -> None:
        self.made += 1
        under = self.chance.choice([None, *self.names])
        trees.add(self.model, f"{self.alias}-{self.made}", under, self.alias)

    def move(self) -> None:
        if len(self.names) < 3:
            return
        name, target = self.chance.sample(self.names, 2)
        if target in self.below(name):
            return
        where = self.chance.choice(["left", "right", "first-child", "last-child"])
        trees.move(self.model, name, target, where, self.alias)

    def remove(self) -> None:
        name = self.chance.choice(self.names)
        if len(self.names) - len(self.below(name)) > 5:
            trees.remove(self.model, name, self.alias)

    def below(self, name: str) -> list[str]:
        """All rows below this one."""
        with trees.site(self.alias):
            row = self.model.objects.get(name=name)
            objects, given = (
                (row, ()) if self.model in trees.LINKED else (self.model.objects, (row,))
            )
            return [each.name for each in objects.get_descendants(*given)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("model", [*trees.NUMBERED, *trees.SORTED])
def test_two_sites_end_with_one_sound_tree(
    databases: tuple[str, str], ok: Ok, run: Run, model: Any, seed: int
) -> None:
    trees.specs(model, identity="uuid")
    chance = random.Random(f"{model.__name__} {seed}")
    sites = [Site(model, alias, random.Random(f"{alias} {seed}")) for alias in SITES]
    trees.grow(model)
    ok("init")
    ok("commit", "-m", "Begin")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    applied = 0
    for step in range(STEPS):
        site = chance.choice(sites)
        for _ in range(chance.randint(1, 4)):
            site.edit()
        trees.assert_sound(model, site.alias)
        said = run("update", "--yes", f"--database={site.alias}", "--take", "ours")
        assert said.code in (0, 3), said
        trees.assert_sound(model, site.alias)
        if said.code == 0:
            applied += 1
            ok("commit", "-m", f"Step {step}", f"--database={site.alias}")
        ok("check")
    for site in sites:
        run("update", "--yes", f"--database={site.alias}", "--take", "theirs", "--force")
        ok("checkout", "main", "--apply", "--yes", "--force", f"--database={site.alias}")
        trees.assert_sound(model, site.alias)
    assert trees.outline(model) == trees.outline(model, "other")
    if model not in trees.SORTED:  # there gaps are nobody's content
        assert trees.numbers(model) == trees.numbers(model, "other")
    assert applied

"""Whatever two sites do to each other's cards: a link leads to the card whose title it says, or to none."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Max
from django.test import override_settings

from tests.verbs.conftest import Run
from tests.verbs.test_references import PLACES
from tests.workshop.models import Card

Ok = Callable[..., str]
SITES = ("default", "other")
SPEC: dict[str, Any] = {"model": "workshop.card", "delete_missing": True, "references": PLACES}
STEPS = 14


def datasets() -> dict[str, Any]:
    return {"cards": {"specs": lambda _: [SPEC]}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


class Site:
    """One of the two, which edits at random."""

    def __init__(self, alias: str, chance: random.Random) -> None:
        self.alias, self.chance, self.made = alias, chance, 0

    @property
    def cards(self) -> Any:
        return Card.objects.using(self.alias).order_by("pk")

    def edit(self) -> None:
        """A new card, other links, or one card less."""
        act = self.chance.choice([self.create, self.create, self.link, self.link, self.delete])
        act()

    def create(self) -> None:
        self.made += 1
        self.cards.create(title=f"{self.alias}-{self.made}")
        self.link()

    def link(self) -> None:
        cards = list(self.cards)
        if not cards:
            return
        row = self.chance.choice(cards)
        to = self.chance.sample(cards, min(len(cards), self.chance.randint(0, 3)))
        row.text = "\n".join(f"[[card {each.pk}]] is {each.title}." for each in to)
        row.data = [part for each in to for part in (each.pk, f"={each.title}")]
        row.save()

    def delete(self) -> None:
        cards = list(self.cards)
        if len(cards) > 3:
            self.chance.choice(cards).delete()

    def links(self) -> Iterator[tuple[str, int]]:
        """The titles and primary keys of all links, as they stand in the rows."""
        for text, data in self.cards.values_list("text", "data"):
            for pk, title in re.findall(r"\[\[card (\w+)\]\] is ([\w-]+)\.", text):
                yield title, int(pk)
            for pk, title in zip((data or [])[::2], (data or [])[1::2], strict=True):
                yield title[1:], pk

    def check(self) -> None:
        titles = dict(self.cards.values_list("pk", "title"))
        wrong = [(title, pk) for title, pk in self.links() if titles.get(pk, title) != title]
        assert wrong == [], self.alias


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("identity", ["uuid", "pk"])
def test_links_lead_where_they_say(
    databases: tuple[str, str], ok: Ok, run: Run, identity: str, seed: int
) -> None:
    SPEC["identity"] = identity
    chance = random.Random(f"{identity} {seed}")
    here, there = sites = [Site(alias, random.Random(f"{alias} {seed}")) for alias in SITES]
    if identity == "uuid":
        for n in range(5):
            there.cards.create(title=f"gone-{n}").delete()
    for _ in range(4):
        here.edit()
    ok("init")
    ok("commit", "-m", "Begin")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    for step in range(STEPS):
        site = chance.choice(sites)
        for _ in range(chance.randint(1, 3)):
            site.edit()
        words = ["--renumber"] if identity == "pk" else []
        said = run("update", "--yes", f"--database={site.alias}", *words, "--take", "ours")
        assert said.code in (0, 3), said
        if said.code == 0:
            site.check()
            ok("commit", "-m", f"Step {step}", f"--database={site.alias}")
            site.check()
    for site in (here, there, here):
        said = run("update", "--yes", f"--database={site.alias}", "--take", "theirs", "--force")
        site.check()
    assert Card.objects.using("other").aggregate(Max("pk"))["pk__max"]

"""Places of references that are other ones than those of a commit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models.signals import post_save
from django.test import override_settings

from contentgit.references import Names
from tests.verbs.conftest import Run
from tests.verbs.test_references import APPLY, OTHER, Shortcodes, card
from tests.workshop.models import Card

Ok = Callable[..., str]
LINK = 'a[linktype="card"][id] workshop.card'
BUTTON = "button[data-id] workshop.card"
FEW = {"a[linktype=card][id]": "workshop.card"}
MORE = {**FEW, "button[data-id]": "workshop.card"}
SPEC: dict[str, Any] = {"model": "workshop.card", "identity": "uuid", "delete_missing": True}


def datasets() -> dict[str, Any]:
    return {"cards": {"specs": lambda _: [SPEC]}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    SPEC.update(references={"text": FEW})
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def text_of(pk: int) -> str:
    return f'<a linktype="card" id="{pk}">Two</a><button data-id="{pk}">Two</button>'


@pytest.fixture
def cards(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases with other keys at a commit of two cards, one of which refers to the other."""
    card("other", "Gone").delete()
    two = card("default", "Two")
    card("default", "One", text=text_of(two.pk))
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)


def test_dataset_json_says_the_rules(cards: None, ok: Ok, git: Ok) -> None:
    SPEC.update(references={"text": MORE, "data": {"cards.*": "workshop.card"}})
    ok("commit", "-m", "More")
    said = git("show", "HEAD:cards/dataset.json")
    fields = json.loads(said)["models"]["workshop.card"]["fields"]
    assert fields["text"]["rules"] == [LINK, BUTTON]
    assert fields["data"]["rules"] == ["cards.* workshop.card"]


def test_a_commit_whose_rules_lack_a_place(cards: None, ok: Ok, run: Run) -> None:
    """Its primary keys there are those of the database that made it."""
    SPEC.update(references={"text": MORE})
    ok("commit", "-m", "More places")
    assert "clean" in ok("status")
    said = run("checkout", "HEAD~1", "--apply", "--yes", "--force")
    assert said.code == 3
    assert (
        "has primary keys inside of fields in cards that hold references in this code" in said.err
    )
    assert f"workshop.card.text: {BUTTON}" in said.err
    there = Card.objects.using("other").get(title="Two")
    Card.objects.using("other").filter(title="One").update(text=text_of(there.pk))
    ok(*APPLY)
    assert Card.objects.using("other").get(title="One").text == text_of(there.pk)
    assert "clean" in ok("status", OTHER)


def test_code_whose_rules_lack_a_place(cards: None, ok: Ok, run: Run) -> None:
    SPEC.update(references={"text": MORE})
    ok("commit", "-m", "More places")
    SPEC.update(references={"text": FEW})
    Card.objects.create(title="Three")
    for words in (("commit", "-m", "Less"), APPLY):
        said = run(*words)
        assert said.code == 3, words
        assert f"workshop.card.text: {BUTTON}" in said.err
        assert "name these in 'references' of their spec" in said.err
    ok("commit", "-m", "Less", "--drop-fields")


def test_branches_with_other_places(cards: None, ok: Ok, run: Run, git: Ok) -> None:
    card("other", "Late")
    ok("commit", "--branch", "late", "-m", "Late", OTHER)
    SPEC.update(references={"text": MORE})
    ok("commit", "-m", "More places")
    head = git("rev-parse", "HEAD")
    for words in (("merge", "late"), ("cherry-pick", "late"), ("revert", "HEAD")):
        said = run(*words)
        assert said.code == 3, words
        assert "workshop.card.text holds references in" in said.err
        assert f"alone at {BUTTON}" in said.err
        assert "with the same 'references'" in said.err
        assert git("rev-parse", "HEAD") == head


@pytest.fixture
def receive() -> Iterator[Callable[[Any], None]]:
    """Has a function called after each card that is saved."""
    connected: list[Any] = []

    def connect(receiver: Any) -> None:
        post_save.connect(receiver, sender=Card)
        connected.append(receiver)

    yield connect
    for each in connected:
        post_save.disconnect(each, sender=Card)


class Second(Shortcodes):
    version = 2


class Third(Shortcodes):
    version = 3


def test_another_version_of_a_class_has_other_places(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    SPEC.update(references={"text": Second()})
    card("default", "One")
    ok("init")
    ok("commit", "-m", "Second")
    SPEC.update(references={"text": Third()})
    said = run("commit", "-m", "Third")
    assert said.code == 3
    assert f"workshop.card.text: {__name__}.Second 2" in said.err
    ok("commit", "-m", "Third", "--drop-fields")


def test_a_commit_that_does_not_say_its_rules_counts_as_made_under_the_same(
    cards: None, ok: Ok, git: Ok, repository_path: Path
) -> None:
    file = repository_path / "cards/dataset.json"
    git("checkout", "-q", "main")
    document = json.loads(file.read_text())
    del document["models"]["workshop.card"]["fields"]["text"]["rules"]
    file.write_text(json.dumps(document, indent=2))
    git("commit", "-qam", "As of before")
    assert '"rules"' not in git("show", "HEAD:cards/dataset.json")
    ok("checkout", "main", "--apply", "--yes")
    SPEC.update(references={"text": MORE})
    ok("commit", "-m", "With rules")
    SPEC.update(references={"text": FEW})
    ok("checkout", "HEAD~1", "--apply", "--yes", "--force")


class Grown(Shortcodes):
    """Finds more than it did, and does not say so."""

    more = False

    def named(self, value: str, names: Names) -> str:
        value = super().named(value, names)
        return re.sub(r"(?<=#)\d+", self._name(names), value) if self.more else value

    def _name(self, names: Names) -> Callable[[re.Match[str]], str]:
        return lambda found: names.text("workshop.card", found[0])


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("receives", [True, False])
def test_an_apply_says_where_a_class_finds_other_places_than_it_did(
    databases: tuple[str, str],
    ok: Ok,
    run: Run,
    receive: Callable[[Any], None],
    more: bool,
    receives: bool,
) -> None:
    """Also where receivers write to the same table."""
    SPEC.update(references={"text": Grown()})
    card("other", "Gone").delete()
    two = card("default", "Two")
    card("default", "One", text=f"#{two.pk}")
    ok("init")
    Grown.more = not more
    ok("commit", "-m", "Cards")
    Grown.more = more
    if receives:
        receive(lambda **_: Card.objects.using("other").filter(title="Three").update(title="Four"))
    said = run(*APPLY)
    assert said.code == 3, said
    assert "nothing has been written" in said.err
    assert "the commit has references at other places in text than this code finds" in said.err
    assert "trigger" not in said.err
    assert not Card.objects.using("other").exists()
    ok("commit", "-m", "With the places of today")
    ok(*APPLY)
    named = Card.objects.using("other").get(title="Two").pk if more else two.pk
    assert Card.objects.using("other").get(title="One").text == f"#{named}"

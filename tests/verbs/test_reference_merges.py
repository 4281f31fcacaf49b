"""A merge into a database of what one side deleted, and the other refers to inside of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from tests.verbs.conftest import Run
from tests.verbs.test_references import APPLY, PLACES, UPDATE, card
from tests.workshop.models import Card

Ok = Callable[..., str]
SPEC: dict[str, Any] = {"model": "workshop.card", "references": PLACES}
MERGE = (*APPLY, "--merge")


def datasets() -> dict[str, Any]:
    return {"cards": {"specs": lambda _: [SPEC]}}


@pytest.fixture(autouse=True, params=["uuid", "pk"])
def _datasets(request: pytest.FixtureRequest) -> Iterator[None]:
    SPEC.update(identity=request.param, delete_missing=True, missing={})
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


@pytest.fixture
def cards(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases at one commit of two cards."""
    card("default", "One")
    card("default", "Two")
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)


def refer(alias: str, **fields: Any) -> None:
    """The first card refers to the second, with ``fields`` as that is in the database."""
    cards = Card.objects.using(alias)
    text = f"[[card {cards.get(title='Two').pk}]]"
    cards.filter(title="One").update(text=text, **fields)


@pytest.mark.parametrize("words", [MERGE, UPDATE])
@pytest.mark.parametrize("data", [None, []])
def test_a_link_made_here_to_what_the_commit_deletes(
    cards: None, ok: Ok, run: Run, words: tuple[str, ...], data: Any
) -> None:
    """Also where the commit changes the record that has it."""
    Card.objects.get(title="Two").delete()
    Card.objects.filter(title="One").update(data=data)
    ok("commit", "-m", "Without the second")
    refer("other")
    said = run(*words)
    assert said.code == 3, said
    assert re.search("refers in text to workshop.card:\\S+, which this apply deletes", said.err)
    assert "--branch NEW  (to decide each in a merge of the branch)" in said.err
    assert Card.objects.using("other").count() == 2
    Card.objects.using("other").filter(title="One").update(text="")
    ok(*words)
    assert Card.objects.using("other").get().data == data


@pytest.mark.parametrize("words", [MERGE, UPDATE])
def test_a_link_of_the_commit_to_what_was_deleted_here(
    cards: None, ok: Ok, run: Run, words: tuple[str, ...]
) -> None:
    refer("default")
    ok("commit", "-m", "A link")
    Card.objects.using("other").get(title="Two").delete()
    said = run(*words)
    assert said.code == 3, said
    lines = [line for line in said.err.splitlines() if "refers in text to" in line]
    assert len(lines) == 1, said.err
    assert "which neither the database nor" in lines[0]
    assert Card.objects.using("other").get().text == ""
    assert "--branch NEW  (to decide each in a merge of the branch)" in said.err
    ok("commit", "-m", "Mine", "--branch", "mine", "--database", "other")
    said = run("merge", "mine")
    assert (said.code, "1 conflict" in said.err) == (3, True), said


def test_a_link_that_the_commit_has_without_its_record(cards: None, ok: Ok) -> None:
    """The site that deleted the card left the link; here is nothing new."""
    refer("default")
    ok("commit", "-m", "A link")
    ok(*APPLY)
    Card.objects.get(title="Two").delete()
    ok("commit", "-m", "Without the second")
    Card.objects.using("other").filter(title="One").update(title="First")
    ok(*MERGE)
    assert Card.objects.using("other").get().title == "First"


def test_what_stays_for_want_of_a_licence_can_be_referred_to(cards: None, ok: Ok) -> None:
    Card.objects.get(title="Two").delete()
    ok("commit", "-m", "Without the second")
    SPEC.update(delete_missing=False)
    refer("other")
    ok(*MERGE)
    assert Card.objects.using("other").count() == 2


@pytest.mark.parametrize("words", [MERGE, UPDATE])
@pytest.mark.parametrize("here", ["other", "default"])
def test_a_reference_that_a_delete_emptied_is_no_edit_of_what_the_other_side_deleted(
    databases: tuple[str, str], ok: Ok, words: tuple[str, ...], here: str
) -> None:
    """Whichever side deleted which."""
    two = card("default", "Two")
    card("default", "One", on=two)
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    there = "default" if here == "other" else "other"
    Card.objects.using(here).get(title="Two").delete()
    Card.objects.using(there).get(title="One").delete()
    ok("commit", "-m", "One less")
    ok(*words)
    assert not Card.objects.using("other").exists()


@pytest.mark.parametrize("words", [MERGE, UPDATE])
def test_a_reference_that_people_emptied_is_an_edit(
    databases: tuple[str, str], ok: Ok, run: Run, words: tuple[str, ...]
) -> None:
    two = card("default", "Two")
    card("default", "One", on=two)
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    Card.objects.using("other").filter(title="One").update(on=None)
    Card.objects.get(title="One").delete()
    ok("commit", "-m", "One less")
    assert run(*words).code == 3
    assert Card.objects.using("other").count() == 2


@pytest.mark.parametrize("words", [MERGE, UPDATE])
@pytest.mark.parametrize("here", ["other", "default"])
def test_a_merge_keeps_what_refers_to_the_past(
    cards: None, ok: Ok, run: Run, words: tuple[str, ...], here: str
) -> None:
    """Whichever side deleted what the other refers to, since both have been at it."""
    there = "default" if here == "other" else "other"
    gone = Card.objects.using(there).get(title="Two").pk
    refer(here)
    Card.objects.using(there).get(title="Two").delete()
    ok("commit", "-m", "One side")
    assert run(*words).code == 3
    SPEC.update(missing={"text": "keep"})
    ok(*words)
    kept = Card.objects.using("other").get()
    pk = re.fullmatch(r"\[\[card (\d+)\]\]", kept.text)
    assert pk is not None
    assert (kept.title, int(pk[1])) == ("One", gone)
    assert not Card.objects.using("other").filter(pk=gone).exists()
    ok("commit", "-m", "Both", "--database=other")
    ok("checkout", "main", "--apply", "--yes")
    assert "[[card" in Card.objects.get().text

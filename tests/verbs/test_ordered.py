"""Many-to-many fields whose table has columns of its own: an order is content, the rest is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.models import signals
from django.test import override_settings

from contentgit.datasets import specs_for_models
from contentgit.db.coverage import own_columns
from contentgit.errors import RecordError
from tests.fieldzoo.reading import only, reader
from tests.verbs.conftest import Begin, Run
from tests.zoo.models import Animal, Parade

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
KEYS: dict[str, Any] = {}


def datasets() -> dict[str, Any]:
    specs = specs_for_models([Animal, Parade], {"delete_missing": True, **KEYS})
    return {"zoo": {"specs": lambda _arguments: specs}}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    KEYS.clear()
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


@pytest.fixture
def parade(begin: Begin, ok: Ok) -> None:
    def make() -> None:
        for pk, name in enumerate("abcd", start=1):
            Animal.objects.create(pk=pk, name=name, tag=name)
        Parade.objects.create(pk=1, name="May")
        walk("cab")
        ok("init")
        ok("commit", "-m", "May")
        ok(*APPLY)

    begin(__name__, make)


def walk(names: str, using: str = "default") -> None:
    """Let them walk in this order."""
    through: Any = Parade.animals.through
    rows = through.objects.using(using)
    rows.filter(parade=1).delete()
    for place, name in enumerate(names):
        animal = Animal.objects.using(using).get(name=name)
        rows.create(parade_id=1, animal=animal, place=place * 10)


def walking(using: str) -> str:
    through: Any = Parade.animals.through
    rows = through.objects.using(using).filter(parade=1).order_by("place")
    assert len({row.place for row in rows}) == len(rows)
    return "".join(row.animal.name for row in rows)


def test_the_order_is_content(parade: None, ok: Ok, git: Ok) -> None:
    record = json.loads(git("show", "main:zoo/zoo.parade/0/0/1.json"))
    assert record["animals"] == ["zoo.animal:3", "zoo.animal:1", "zoo.animal:2"]
    document = json.loads(git("show", "main:zoo/dataset.json"))
    assert document["models"]["zoo.parade"]["fields"]["animals"]["ordered"] is True
    assert walking("other") == "cab"
    assert "clean" in ok("status", "--database=other")


@pytest.mark.parametrize("names", ["abc", "dcab", "cdab", "ac", "bd", "", "dcba"])
def test_another_order_is_applied(parade: None, ok: Ok, names: str) -> None:
    walk(names)
    ok("commit", "-m", "Another")
    ok(*APPLY)
    assert walking("other") == names
    assert "clean" in ok("status", "--database=other")
    ok("undo", "--yes", "--database=other")
    assert walking("other") == "cab"


def test_numbers_alone_are_no_content(parade: None, ok: Ok) -> None:
    Parade.animals.through.objects.filter(place=10).update(place=15)
    assert "clean" in ok("status")


def test_a_new_order_is_seen_and_is_drift(parade: None, ok: Ok, run: Run) -> None:
    walk("abc", "other")
    out = ok("diff", "--database=other")
    assert "animals: zoo.animal:3 (c), zoo.animal:1 (a), zoo.animal:2 (b) → " in out, out
    walk("bca")
    ok("commit", "-m", "Ours")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "animals" in said.err + said.out
    assert walking("other") == "abc"


def test_both_sides_changes_are_merged_into_a_database(parade: None, ok: Ok) -> None:
    walk("acb", "other")
    walk("cabd")
    ok("commit", "-m", "One more")
    ok(*APPLY, "--merge")
    assert walking("other") == "acbd"


@pytest.mark.parametrize(
    ("here", "there"), [("bca", "abcd"), ("dbac", "bacd"), ("bdca", "acd"), ("acb", "dcba")]
)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_an_undo_brings_back_the_order_that_a_conflict_was_decided_about(
    parade: None, ok: Ok, here: str, there: str, side: str
) -> None:
    walk(here, "other")
    walk(there)
    ok("commit", "-m", "Another")
    ok(*APPLY, "--merge", f"--take={side}")
    ok("undo", "--yes", "--database=other")
    assert walking("other") == here


def test_a_deleted_target_leaves_the_list(parade: None, ok: Ok) -> None:
    Animal.objects.get(name="a").delete()
    ok("commit", "-m", "Less")
    ok(*APPLY)
    assert walking("other") == "cb"


def test_receivers_are_told_who_came_and_who_went(parade: None, ok: Ok) -> None:
    walk("dca")
    ok("commit", "-m", "Another")
    told: list[Any] = []

    def hear(sender: Any, action: str, pk_set: set[int], **_: Any) -> None:
        told.append((action, pk_set))

    signals.m2m_changed.connect(hear, sender=Parade.animals.through)
    try:
        ok(*APPLY)
    finally:
        signals.m2m_changed.disconnect(hear, sender=Parade.animals.through)
    assert told == [
        ("pre_remove", {2}),
        ("post_remove", {2}),
        ("pre_add", {4}),
        ("post_add", {4}),
    ]
    assert walking("other") == "dca"


def test_missing_members_keep_their_place_in_the_repository(parade: None, ok: Ok, git: Ok) -> None:
    KEYS["ignore_missing_m2m"] = []
    specs = [
        {"model": "zoo.parade", "delete_missing": True, "ignore_missing_m2m": ["animals"]},
    ]
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.parades", "ENVIRONMENT": "test"}):
        SPECS[:] = specs
        ok("commit", "-m", "Parades", "parades")
        Animal.objects.using("other").filter(name="a").delete()
        ok("checkout", "main", "parades", "--apply", "--yes", "--database=other", "--force")
        assert walking("other") == "cb"
        walk("bc", "other")
        ok("commit", "-m", "Turned", "parades", "--database=other")
    record = json.loads(git("show", "main:parades/zoo.parade/0/0/1.json"))
    assert sorted(record["animals"]) == [f"zoo.animal:{pk}" for pk in (1, 2, 3)]


SPECS: list[dict[str, Any]] = []


def parades() -> dict[str, Any]:
    return {"parades": {"specs": lambda _arguments: SPECS}}


def test_equal_numbers_have_an_order_too(db: str) -> None:
    for pk in (2, 1):
        Animal.objects.create(pk=pk, name="x", tag=str(pk))
    row = Parade.objects.create(pk=1, name="June")
    row.animals.add(2)
    row.animals.add(1)
    assert only(reader(Parade))["animals"] == ["zoo.animal:2", "zoo.animal:1"]


def test_a_list_with_one_twice_is_refused(db: str) -> None:
    Animal.objects.create(pk=1, name="x", tag="x")
    row = Parade.objects.create(pk=1, name="June")
    row.animals.add(1)
    with connections[db].schema_editor() as editor:
        editor.alter_unique_together(Parade.animals.through, {("parade", "animal")}, set())
    try:
        Parade.animals.through.objects.create(parade=row, animal_id=1, place=3)
        with pytest.raises(RecordError, match=r"'animals'.* lists zoo\.animal:1 twice"):
            only(reader(Parade))
        row.animals.through.objects.filter(place=3).delete()
    finally:
        with connections[db].schema_editor() as editor:
            editor.alter_unique_together(Parade.animals.through, set(), {("parade", "animal")})


def test_an_order_is_one_integer_column_that_is_never_null() -> None:
    many = Parade._meta.get_field("animals")
    through: Any = Parade.animals.through
    place = through._meta.get_field("place")
    assert own_columns(many) == (place, [])
    try:
        for ordering in ([], ["-place"], ["place", "id"], ["parade"]):
            through._meta.ordering = ordering
            assert own_columns(many) == (None, ["place"])
        through._meta.ordering = ["place"]
        place.null = True
        assert own_columns(many) == (None, ["place"])
    finally:
        through._meta.ordering, place.null = ["place"], False


def test_other_columns_are_refused(parade: None, run: Run, ok: Ok) -> None:
    through: Any = Parade.animals.through
    through._meta.ordering = []
    try:
        said = run("commit", "-m", "No")
        assert said.code == 2, said
        assert "has columns of its own that no record can hold" in said.err
        assert "place of zoo_parade_animals" in said.err
        assert "'exclude': ['animals']" in said.err
    finally:
        through._meta.ordering = ["place"]

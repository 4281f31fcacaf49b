"""Codecs of the project's own: held to their word at a commit, used by an apply."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from contentgit.errors import RecordError
from tests.fieldzoo.fields import Money
from tests.fieldzoo.models import Custom
from tests.fieldzoo.reading import only, reader
from tests.verbs.conftest import Run
from tests.workshop.models import Place

Ok = Callable[..., str]
HERE = __name__
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")


class MoneyCodec:
    """Shows cents as euros."""

    def to_content(self, value: Any) -> Any:
        return {"euros": str(value)}

    def from_content(self, content: Any) -> Any:
        return Money(round(float(content["euros"]) * 100))


class Forgetful(MoneyCodec):
    """Loses the cents."""

    def from_content(self, content: Any) -> Any:
        return Money(int(float(content["euros"])) * 100)


class Whole(MoneyCodec):
    """Loses the cents on the way to content, so that content stays what it is."""

    def to_content(self, value: Any) -> Any:
        return {"euros": str(value).partition(".")[0]}


class Strange(MoneyCodec):
    """Writes what no file can hold."""

    def to_content(self, value: Any) -> Any:
        return value


class Wanting(MoneyCodec):
    """Cannot be made without being told more."""

    def __init__(self, currency: str) -> None:
        self.currency = currency


class Nothing(MoneyCodec):
    """Makes nothing of something."""

    def to_content(self, value: Any) -> Any:
        return None


class Raising:
    """Neither reads nor writes."""

    @staticmethod
    def to_content(value: Any) -> Any:
        raise TypeError("no such shape")

    from_content = to_content


class Half:
    """Lacks a method."""

    def to_content(self, value: Any) -> Any:
        return value


class OutlineCodec:
    """Makes a field held that no record could hold."""

    def to_content(self, value: str) -> str:
        return value

    from_content = to_content


def datasets() -> dict[str, Any]:
    specs = [
        {"model": "fieldzoo.custom", "delete_missing": True},
        {"model": "workshop.place", "delete_missing": True},
    ]
    return {"own": {"specs": lambda _arguments: specs}}


def configured(codec: str, **more: str) -> Any:
    codecs = {
        "tests.fieldzoo.fields.MoneyField": f"{HERE}.{codec}",
        "tests.workshop.models.Outline": f"{HERE}.OutlineCodec",
        **more,
    }
    return override_settings(
        CONTENTGIT={"DATASETS": f"{HERE}.datasets", "ENVIRONMENT": "test", "CODECS": codecs}
    )


@pytest.fixture
def _codec() -> Iterator[None]:
    with configured("MoneyCodec"):
        yield


@pytest.mark.usefixtures("_codec")
def test_content_is_what_the_codec_writes(databases: tuple[str, str], ok: Ok, git: Ok) -> None:
    here = Custom.objects.using("default")
    here.create(pk=1, money=Money(350))
    here.create(pk=2, money=None)
    Place.objects.create(pk=1, name="Mill", shape="round")
    ok("init")
    ok("commit", "-m", "Own")
    record = json.loads(git("show", "main:own/fieldzoo.custom/0/0/1.json"))
    assert record["money"] == {"euros": "3.50"}
    document = json.loads(git("show", "main:own/dataset.json"))
    assert document["models"]["fieldzoo.custom"]["fields"]["money"]["kind"] == "custom"
    ok(*APPLY)
    there = Custom.objects.using("other")
    assert there.get(pk=1).money.cents == 350
    assert there.get(pk=2).money is None
    assert Place.objects.using("other").get().shape == "round"
    here.filter(pk=1).update(money=Money(351))
    ok("commit", "-m", "More")
    ok(*APPLY)
    assert there.get(pk=1).money.cents == 351
    assert "clean" in ok("status", "--database=other")
    ok("check")


@pytest.mark.usefixtures("_codec")
def test_content_that_the_codec_does_not_write_is_refused(db: str) -> None:
    decode = reader(Custom).tables["fieldzoo.custom"].field["money"].decode
    for content in ({"euros": "3.5"}, {}, "3.50"):
        with pytest.raises(RecordError, match="MoneyCodec"):
            decode(content)


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("Forgetful", r"Forgetful: from_content does not read back .* becomes \{'euros': '3.00'\}"),
        ("Whole", "Whole: from_content does not give back what to_content was given"),
        ("Strange", "Strange: a value of type Money cannot be written"),
        ("Nothing", "Nothing made null of a value that is not NULL"),
        ("Raising", "Raising: TypeError: no such shape"),
    ],
)
def test_a_codec_that_breaks_its_word_is_refused_at_a_commit(
    db: str, codec: str, words: str
) -> None:
    Custom.objects.create(pk=7, money=Money(350))
    with configured(codec), pytest.raises(RecordError, match=f"custom:7: field 'money': .*{words}"):
        only(reader(Custom))


def test_a_first_commit_that_is_refused_at_its_last_row(db: str, ok: Ok, run: Run) -> None:
    """Rows pass from the database to git one by one: nothing is left of those before it."""
    ok("init")
    Custom.objects.bulk_create(Custom(pk=pk, money=Money(100 * pk)) for pk in range(1, 3000))
    Custom.objects.create(pk=3000, money=Money(350))
    with configured("Whole"):
        for words in (("commit", "--dry-run"), ("commit", "-m", "All")):
            said = run(*words)
            assert said.code == 1
            assert "custom:3000: field 'money'" in said.err
    with configured("MoneyCodec"):
        assert "never at a commit" in ok("status")
        assert "3,000 created" in ok("commit", "-m", "All")
        ok("check")


@pytest.mark.parametrize(
    ("codec", "more", "found"),
    [
        ("Half", {}, [("contentgit.E052", "has no method from_content")]),
        ("Wanting", {}, [("contentgit.E052", "no codec can be made of")]),
        ("None_", {}, [("contentgit.E052", "cannot be imported: ImportError")]),
        ("MoneyCodec", {"tests.gone.Field": f"{HERE}.MoneyCodec"}, [("contentgit.E052", "Module")]),
        (
            "MoneyCodec",
            {"tests.fieldzoo.fields.Money": f"{HERE}.MoneyCodec"},
            [("contentgit.E053", "is not a field class")],
        ),
        ("not-a-path", {}, [("contentgit.E051", "is a dictionary of dotted paths")]),
    ],
)
def test_what_is_wrong_with_codecs_is_told_by_the_checks(
    databases: tuple[str, str],
    run: Run,
    codec: str,
    more: dict[str, str],
    found: list[tuple[str, str]],
) -> None:
    with configured(codec, **more):
        told = [each for each in run_checks() if (each.id or "").startswith("contentgit.E")]
        assert [each.id for each in told] == [number for number, _ in found]
        assert all(words in each.msg for each, (_, words) in zip(told, found, strict=True))
        assert run("status").code == 2

"""Primary keys whose Python value has no hash, or is not what the column holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model, signals
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.fieldzoo.fields import Code
from tests.fieldzoo.growing import JSON
from tests.fieldzoo.models import (
    CodeKey,
    DateTimeKey,
    DecimalKey,
    DurationKey,
    JSONKey,
    JSONKeyed,
    Keyed,
    TextKey,
)
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--force")
MODELS = (CodeKey, DateTimeKey, DurationKey, DecimalKey, Keyed, *JSON)
NOON = dt.datetime(2026, 3, 29, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
DATA = {"a": [1, True, None], "b": "x"}

has_json_keys = pytest.mark.skipif(not JSON, reason="this database has no key of type JSON")


def datasets() -> dict[str, dict[str, Any]]:
    return {"all": {"specs": lambda _: specs_for_models(MODELS, {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def fill() -> None:
    code = CodeKey.objects.create(code=Code("a"), name="first")
    moment = DateTimeKey.objects.create(moment=NOON, name="noon")
    time = DurationKey.objects.create(time=dt.timedelta(days=1, microseconds=5), name="a day")
    number = DecimalKey.objects.create(number=Decimal("1.500"), name="one and a half")
    row = Keyed.objects.create(pk=1, code=code, moment=moment, time=time, number=number)
    row.moments.add(moment)
    row.numbers.add(number)
    if JSON:
        for data in (DATA, [1], [True], 1, "1", "x"):
            JSONKeyed.objects.create(data=JSONKey.objects.create(data=data, name="data"))


@contextmanager
def told(*models: type[Model]) -> Iterator[list[tuple[str, str, Any]]]:
    """What receivers are told of rows of the models."""
    found: list[tuple[str, str, Any]] = []
    wanted = {
        name: each
        for name, each in vars(signals).items()
        if name in ("pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")
    }

    def receive(signal: Any, instance: Model, pk_set: Any = None, **_more: Any) -> None:
        name = next(name for name, each in wanted.items() if each is signal)
        if pk_set is None:
            found.append((name, type(instance).__name__, instance.pk))
        else:
            found.append((name, type(instance).__name__, pk_set))

    for each in wanted.values():
        each.connect(receive)
    try:
        yield found
    finally:
        for each in wanted.values():
            each.disconnect(receive)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich"])
def test_there_and_back(ok: Ok, run: Run, zone: str) -> None:
    with override_settings(TIME_ZONE=zone):
        connection.close()
        fill()
        before = raw.snapshot("default", ("fieldzoo_",))
        ok("init")
        ok("commit", "-m", "All")
        assert run("check", "--json").json["findings"] == []
        assert "clean" in ok("status")
        raw.wipe("default", ("fieldzoo_",))
        assert "deleted" in ok("diff")
        ok(*APPLY, "--allow-empty")
        assert raw.snapshot("default", ("fieldzoo_",)) == before
        assert "clean" in ok("status")
    connection.close()


def test_titles_of_what_was_edited(ok: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "All")
    for model in MODELS:
        if model not in (Keyed, JSONKeyed):
            model._base_manager.update(name="other")
    shown = ok("status")
    assert "fieldzoo.codekey:a  other" in shown
    assert "fieldzoo.decimalkey:1.500" in shown
    assert 'name: "noon" → "other"' in ok("diff")
    ok(*APPLY)
    assert "clean" in ok("status")


def test_receivers_are_told_of_each_row(ok: Ok) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "All")
    raw.wipe("default", ("fieldzoo_",))
    with told() as found:
        ok(*APPLY, "--allow-empty")
    assert ("pre_save", "CodeKey", Code("a")) in found
    assert ("post_save", "DateTimeKey", NOON) in found
    assert ("post_save", "DurationKey", dt.timedelta(days=1, microseconds=5)) in found
    assert ("post_save", "DecimalKey", Decimal("1.500")) in found
    assert ("m2m_changed", "Keyed", {NOON}) in found
    assert ("m2m_changed", "Keyed", {Decimal("1.500")}) in found
    if JSON:
        assert ("post_save", "JSONKey", DATA) in found
    assert "clean" in ok("status")
    raw.wipe("default", ("fieldzoo_",))
    ok("commit", "-m", "None")
    ok("checkout", "main~1", "--apply", "--yes")
    with told() as found:
        ok(*APPLY, "--allow-empty")
    gone = [(name, pk) for name, model, pk in found if model == "CodeKey"]
    assert gone == [("pre_delete", Code("a")), ("post_delete", Code("a"))]
    assert ("post_delete", "DateTimeKey", NOON) in found


@has_json_keys
def test_json_that_no_row_would_be_found_by(ok: Ok, run: Run) -> None:
    """SQLite compares JSON as text: the order of names would tell keys apart that are the same."""
    ok("init")
    JSONKey.objects.create(data={"b": 1, "a": 2}, name="turned")
    said = run("commit", "-m", "All")
    if connection.vendor == "postgresql":
        assert said.code == 0
        return
    assert said.code == 1
    assert "fieldzoo.jsonkey" in said.err
    assert "names sorted, as Django writes it" in said.err


def texts() -> dict[str, dict[str, Any]]:
    return {"texts": {"specs": lambda _: specs_for_models([TextKey], {"delete_missing": True})}}


def test_a_record_whose_path_tells_only_the_beginning_of_its_key(ok: Ok) -> None:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.texts", "ENVIRONMENT": "test"}):
        TextKey.objects.create(code="short", name="short")
        TextKey.objects.create(code="x" * 200, name="long")
        ok("init")
        ok("commit", "-m", "All")
        TextKey.objects.filter(name="long").delete()
        assert f"fieldzoo.textkey:{'x' * 200}" in ok("diff")
        ok("commit", "-m", "Delete the long one")
        ok("checkout", "main~1", "--apply", "--yes")
        assert TextKey.objects.get(name="long").code == "x" * 200
        TextKey.objects.filter(name="long").delete()
        ok("checkout", "main", "--apply", "--yes", "--merge")
        assert "clean" in ok("status")

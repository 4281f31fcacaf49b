"""Keys and unique texts of which the database takes several spellings for one: who refers to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connections
from django.test import override_settings

from contentgit.datasets import specs_for_models
from tests import raw
from tests.fieldzoo.models import FoldedChild, FoldedKey, Folding
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
RED = "fieldzoo.foldedkey:%52ed"


def datasets() -> dict[str, dict[str, Any]]:
    models = [FoldedKey, FoldedChild, Folding]
    return {"all": {"specs": lambda _: specs_for_models(models, {"delete_missing": True})}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def write(table: str, column: str, value: str, where: str) -> None:
    """Writes behind Django's back; what the database takes for equal satisfies its constraints."""
    with connections["default"].cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [value])


@pytest.fixture
def respelt(databases: tuple[str, str]) -> None:
    """Rows that refer to ``Red`` in each way, each in capitals of its own."""
    red = FoldedChild.objects.create(code="Red", name="Colour", text="child")
    write("fieldzoo_foldedchild", "foldedkey_ptr_id", "RED", "text = 'child'")
    target = ContentType.objects.get_for_model(FoldedKey)
    row = Folding.objects.create(
        pk=1, key=red, name=red, child=red, content_type=target, object_id="RED"
    )
    row.keys.add(red)
    for column, value in (("key_id", "RED"), ("name_id", "COLOUR"), ("child_id", "rED")):
        write("fieldzoo_folding", column, value, "id = 1")
    write("fieldzoo_folding_keys", "foldedkey_id", "reD", "folding_id = 1")


def test_the_record_says_the_key_of_the_row(respelt: None, ok: Ok, run: Run) -> None:
    ok("init")
    ok("commit", "-m", "All")
    shown = ok("show", "HEAD")
    for line in (f"key: {RED}", f"name: {RED}", "child: fieldzoo.foldedchild:%52ed"):
        assert line in shown
    assert f"target: {RED}" in shown
    assert "+ fieldzoo.foldedchild:%52ed" in shown
    assert run("check", "--json").json["findings"] == []
    assert "clean" in ok("status")


def test_other_databases_get_the_spelling_of_the_row(respelt: None, ok: Ok) -> None:
    ok("init")
    ok("commit", "-m", "All")
    before = raw.snapshot("default", ("fieldzoo_fold",))
    ok(*APPLY)
    assert "clean" in ok("status", "--database=other")
    row = Folding.objects.using("other").get()
    assert (row.key_id, row.name_id, row.child_id, row.object_id) == ("Red", "Colour", "Red", "Red")
    assert [each.code for each in row.keys.all()] == ["Red"]
    ok("checkout", "main", "--apply", "--yes")
    assert raw.snapshot("default", ("fieldzoo_fold",)) == before  # a reference that holds stays
    Folding.objects.using("other").update(kept="Red")
    ok("commit", "--database=other", "-m", "Kept")
    ok("checkout", "main", "--apply", "--yes")
    row = Folding.objects.get()
    assert (row.kept_id, row.key_id) == ("Red", "RED")
    assert "clean" in ok("status")


def test_a_plan_sees_what_goes_along(respelt: None, ok: Ok) -> None:
    FoldedKey.objects.create(code="blue", name="blue")
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    Folding.objects.all().delete()
    FoldedKey.objects.filter(code="Red").delete()
    ok("commit", "-m", "None")
    shown = ok("checkout", "main", "--database=other")
    assert "3 to delete" in shown
    ok(*APPLY)
    assert not Folding.objects.using("other").exists()


def test_a_plan_sees_rows_outside_of_the_dump(respelt: None, ok: Ok, run: Run) -> None:
    """They would go by a cascade, or forbid it."""
    ok("init")
    keys = [FoldedKey, FoldedChild]
    dump = {"all": {"specs": lambda _: specs_for_models(keys, {"delete_missing": True})}}
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.only_keys", "ENVIRONMENT": "test"}):
        globals()["only_keys"] = lambda: dump
        FoldedKey.objects.create(code="blue", name="blue")
        ok("commit", "-m", "All")
        ok("checkout", "HEAD", "--apply", "--yes")
        ok("commit", "--branch", "without", "-m", "Same")
        FoldedKey.objects.filter(code="blue").delete()
        ok("commit", "-m", "Without blue")
        FoldedKey.objects.create(code="blue", name="blue")
        ok("commit", "-m", "With blue")
        Folding.objects.create(pk=2, kept_id="BLUE")
        said = run("checkout", "main~1", "--apply", "--yes")
        assert said.code == 3
        assert "fieldzoo.folding:2" in said.err
        Folding.objects.filter(pk=2).update(kept=None, key="Blue")
        said = run("checkout", "main~1", "--apply", "--yes")
        assert said.code == 3
        assert "--allow-cascade" in said.err
        ok("checkout", "main~1", "--apply", "--yes", "--allow-cascade")
        assert [row.pk for row in Folding.objects.all()] == [1]


def test_a_row_spelt_otherwise_takes_its_references_along(respelt: None, ok: Ok) -> None:
    """The spelling of a row's own key is content: it is another record."""
    ok("init")
    ok("commit", "-m", "All")
    ok(*APPLY)
    for table in ("fieldzoo_foldedkey", "fieldzoo_foldedchild"):
        column = "code" if table == "fieldzoo_foldedkey" else "foldedkey_ptr_id"
        try:
            write(table, column, "RED", "1 = 1")
        except IntegrityError:
            pytest.skip("this database does not let a key be written while others refer to it")
    ok("commit", "-m", "In capitals")
    ok(*APPLY)
    assert "clean" in ok("status", "--database=other")
    assert FoldedKey.objects.using("other").get().code == "RED"
    assert Folding.objects.using("other").get().key_id == "RED"


def test_a_row_is_not_made_beside_one_that_the_database_takes_for_it(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    ok("init")
    FoldedKey.objects.create(code="RED", name="one")
    ok("commit", "-m", "Capitals")
    FoldedKey.objects.using("other").create(code="Red", name="two")
    said = run(*APPLY)
    assert said.code == 3, said
    assert [row.code for row in FoldedKey.objects.using("other").all()] == ["Red"]
    ok(*APPLY, "--force")
    assert [row.code for row in FoldedKey.objects.using("other").all()] == ["RED"]
    assert "clean" in ok("status", "--database=other")


def only_added() -> dict[str, dict[str, Any]]:
    return {"all": {"specs": lambda _: specs_for_models([FoldedKey], {})}}


def test_a_row_is_not_made_beside_one_that_stays(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """The spec permits no deletes."""
    setting = {"DATASETS": f"{__name__}.only_added", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        ok("init")
        FoldedKey.objects.create(code="RED", name="one")
        ok("commit", "-m", "Capitals")
        FoldedKey.objects.using("other").create(code="Red", name="two")
        said = run(*APPLY)
        assert said.code == 3
        assert "fieldzoo.foldedkey:%52%45%44 wants the unique key=" in said.err
        assert "of fieldzoo.foldedkey:%52ed, which holds and keeps it" in said.err

"""Two databases that grew apart are joined: no row is taken for another, and none is there twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from contentgit import config
from contentgit.errors import RefusedError
from contentgit.models import RowIdentity
from contentgit.workingcopy.adopting import adopt, adoption
from contentgit.workingcopy.adoption import AdoptRequest
from contentgit.workingcopy.project import Operator, Project
from tests.bakery import models
from tests.uuid_sites import KINDS, NULLABLE, SETTING, SITES, Fields, Site, State, state

Ok = Callable[..., str]
OTHER = "--database=other"
COMMON, NEW = 400, 60


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with override_settings(CONTENTGIT=SETTING):
        yield


def work(site: Site, letter: str, count: int) -> None:
    """Rows of every kind that refer to any that are there; many have a name that others have."""
    for number in range(count):
        name = list(KINDS)[number % len(KINDS)]
        kind, values = KINDS[name], dict[str, Any]()
        if kind.text:
            values[kind.text] = site.chance.choice(("Rye", "Oat", f"{name} {letter}{number}"))
        for key, kinds in kind.references.items():
            found = [each for each in sorted(site.rows) if site.rows[each]["kind"] in kinds]
            empty = (name, key) in NULLABLE and (not found or site.chance.random() < 0.3)
            values[key] = None if empty else site.chance.choice(found)
        site.create(f"{letter}{number}", name, values, None)
        if name == "product":
            tags = [each for each in sorted(site.rows) if site.rows[each]["kind"] == "tag"]
            for tag in site.chance.sample(tags, min(2, len(tags))):
                site.link(f"{letter}{number}", tag)


def copy(rows: State, to: Site, *, shuffled: bool) -> None:
    """The same rows in another database, in the same order, or made in another."""
    names = list(KINDS)
    order = sorted(rows, key=lambda each: (names.index(rows[each]["kind"]), int(each[1:])))
    if shuffled:
        last = len([each for each in rows if rows[each]["kind"] == "category"])
        later = order[last:]
        to.chance.shuffle(later)
        order = [*order[:last], *sorted(later, key=lambda each: names.index(rows[each]["kind"]))]
    for origin in order:
        values: Fields = {**rows[origin]}
        name, tags = values.pop("kind"), values.pop("tags", ())
        to.create(origin, name, values, None)
        for tag in sorted(tags):
            to.link(origin, tag)


def apart(seed: int, *, shuffled: bool, common: int = COMMON, new: int = NEW) -> list[Site]:
    """Both sites with rows in common and as many new ones each, under the same primary keys."""
    here, there = (Site(alias, random.Random(f"{alias} {seed}")) for alias in SITES)
    work(here, "c", common)
    copy(here.rows, there, shuffled=shuffled)
    for site in (here, there):
        products = models.Product._base_manager.using(site.alias)
        products.update(created="2026-01-01T00:00:00Z", changed="2026-01-01T00:00:00Z")
    work(here, "d", new)
    work(there, "o", new)
    return [here, there]


def names(alias: str) -> dict[tuple[str, str], str]:
    """The origin of each row by what names it."""
    entries = RowIdentity.objects.using(alias).filter(row__isnull=False)
    uuids = {(each.label, each.row): each.uuid for each in entries}
    found = {}
    for kind in KINDS.values():
        label = "bakery.page" if kind.model is models.NewsPage else kind.model._meta.label_lower
        for pk, origin in kind.model._base_manager.using(alias).values_list("pk", kind.origin):
            if (label, str(pk)) in uuids:
                found[label, uuids[label, str(pk)]] = origin
    return found


def common_names() -> dict[str, str]:
    """The origins of rows in the two databases that have one name."""
    here, there = map(names, SITES)
    return {here[name]: there[name] for name in here.keys() & there.keys()}


@pytest.mark.parametrize("shuffled", [False, True])
def test_databases_that_grew_apart(databases: object, ok: Ok, shuffled: bool) -> None:
    here, there = apart(1, shuffled=shuffled)
    ok("init")
    ok("commit", "-m", "Here")
    ok("identity", "adopt", "main", "--apply", "--yes", OTHER)
    found = common_names()
    assert {origin: other for origin, other in found.items() if origin != other} == {}
    assert len(found) == COMMON
    ok("checkout", "main", "--apply", "--merge", "--yes", OTHER)
    joined = {**here.rows, **there.rows}
    assert state("other") == joined
    ok("commit", "-m", "There", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert state("default") == joined
    for database in ("--database=default", OTHER):
        assert "edited since" not in ok("status", "--exit-code", database)


def test_rows_that_both_edited_pair_by_their_slugs(databases: object, ok: Ok) -> None:
    """Those that refer to them pair by all that they hold; children of a chain by the base's field."""
    here, there = apart(2, shuffled=True)
    for site in (here, there):
        for origin in [each for each in sorted(site.rows) if each[0] == "c"][::5]:
            kind = KINDS[site.rows[origin]["kind"]]
            if kind.text:
                site.edit(origin, kind.text, f"Edited in {site.alias}")
    ok("init")
    ok("commit", "-m", "Here")
    by = [f"--by=bakery.{name}=slug" for name in ("category", "tag", "product", "page")]
    apply = ("--apply", "--yes", OTHER)
    ok("identity", "adopt", "main", *apply)
    found = common_names()
    assert {origin: other for origin, other in found.items() if origin != other} == {}
    assert len(found) < COMMON
    ok("identity", "adopt", "main", *by, *apply)  # goes on with the others
    found = common_names()
    assert {origin: other for origin, other in found.items() if origin != other} == {}
    assert len(found) == COMMON
    ok("checkout", "main", "--apply", "--merge", "--take=theirs", "--yes", OTHER)
    assert state("other") == {**there.rows, **here.rows}


def test_a_pair_of_a_child_that_the_record_is_not(
    databases: object, ok: Ok, run: Any, tmp_path: Path
) -> None:
    apart(6, shuffled=False, common=14, new=0)
    ok("init")
    ok("commit", "-m", "Here")
    page = models.Page._base_manager.filter(newspage=None)[0]
    uuid = RowIdentity.objects.get(label="bakery.page", row=str(page.pk)).uuid
    pairs = tmp_path / "pairs"
    for pk in (page.pk, models.NewsPage._base_manager.using("other")[0].pk):
        pairs.write_text(f"bakery.newspage:{uuid},{pk}")
        done = run("identity", "adopt", "main", "--pairs", str(pairs), OTHER)
        assert done.code == 2
        assert f"line 1: main has no record bakery.newspage:{uuid}" in done.err


def test_pairs_of_one_row_or_record_under_two_labels(
    databases: object, ok: Ok, run: Any, tmp_path: Path
) -> None:
    apart(6, shuffled=False, common=28, new=0)
    ok("init")
    ok("commit", "-m", "Here")
    one, two = models.NewsPage._base_manager.using("other").order_by("pk")[:2]
    news = [str(each) for each in models.NewsPage._base_manager.values_list("pk", flat=True)]
    entries = RowIdentity.objects.filter(label="bakery.page", row__in=news)
    first, second = entries.values_list("uuid", flat=True)[:2]
    pairs = tmp_path / "pairs"
    for line, problem in {
        f"bakery.newspage:{second},{one.pk}": f"row {one.pk} of bakery.newspage",
        f"bakery.newspage:{first},{two.pk}": f"bakery.newspage:{first}",
    }.items():
        pairs.write_text(f"bakery.page:{first},{one.pk}\n{line}")
        done = run("identity", "adopt", "main", "--pairs", str(pairs), "--apply", "--yes", OTHER)
        assert done.code == 2
        assert f"line 2: {problem} is in line 1, too" in done.err


def on_sale(_arguments: str) -> list[dict[str, Any]]:
    product = {"model": "bakery.product", "identity": "uuid", "filter": {"price__gt": 0}}
    return [
        {"model": "bakery.category", "identity": "uuid"},
        {**product, "exclude": ["created", "changed", "slug"], "delete_missing": True},
    ]


def shelves() -> dict[str, Any]:
    return {"shelf": {"specs": on_sale}}


def test_the_name_of_a_row_that_is_in_no_dump(databases: object, ok: Ok) -> None:
    """It left the filter since. An equal row is another one, as long as nobody says otherwise."""
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.shelves"}):
        bread = models.Category.objects.create(name="Bread", slug="bread", position=1)
        loaf = {"name": "Rye", "price": "2.00"}
        models.Product.objects.create(pk=1, slug="a", category=bread, **loaf)
        ok("init")
        ok("commit", "-m", "Here")
        ok("checkout", "main", "--apply", "--yes", OTHER)
        there = models.Product._base_manager.using("other")
        there.update(price="0.00")
        category = models.Category.objects.using("other").get()
        there.create(pk=2, slug="b", category=category, **loaf)
        entries = RowIdentity.objects.using("other").filter(label="bakery.product", row="1")
        before = entries.get().uuid
        said = ok("identity", "adopt", "main", "--apply", "--yes", OTHER)
        assert entries.get().uuid == before, said


def test_names_that_are_lost_are_found_again(databases: object, ok: Ok, run: Any) -> None:
    apart(3, shuffled=False, common=70, new=0)
    ok("init")
    ok("commit", "-m", "Here")
    before = names("default")
    RowIdentity.objects.all().delete()
    assert run("status").code == 3
    ok("identity", "adopt", "main", "--apply", "--yes")
    assert names("default") == before
    assert "edited since" not in ok("status", "--exit-code")


def test_names_of_another_database(databases: object, ok: Ok, run: Any) -> None:
    """There are as many, and each row has one, and yet none is that of its record."""
    apart(3, shuffled=False, common=70, new=0)
    ok("init")
    ok("commit", "-m", "Here")
    before = names("default")
    for entry in RowIdentity.objects.filter(label="bakery.tag"):
        entry.uuid = str(uuid4())
        entry.save()
    for verb in (("status",), ("commit", "-m", "Again")):
        said = run(*verb)
        assert said.code == 3
        assert "does not know which of its rows of bakery.tag are 10 records" in said.err
    ok("identity", "adopt", "main", "--apply", "--yes")
    assert names("default") == before


def test_queries_do_not_grow_with_the_rows(databases: object, ok: Ok) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connections["other"]) as captured:
            ok("identity", "adopt", "main", "--all", OTHER)
        return len(captured)

    here, there = apart(4, shuffled=False, common=35, new=7)
    ok("init")
    ok("commit", "-m", "Few")
    few = queries()
    work(here, "e", 350)
    work(there, "p", 350)
    ok("commit", "-m", "Many")
    assert queries() <= few + 30


def test_pairs_that_were_not_shown_are_not_written(
    databases: object, ok: Ok, repository_path: Path
) -> None:
    apart(5, shuffled=False, common=14, new=0)
    ok("init")
    ok("commit", "-m", "Here")
    operator = Operator("test", datetime.now(UTC))
    project = Project(config.read(), "other", operator, repository_path=repository_path)
    shown = adoption(project, AdoptRequest("main"))
    models.Tag._base_manager.using("other").update(name="Another")
    with pytest.raises(RefusedError, match="have changed since the pairs were shown"):
        adopt(project, AdoptRequest("main"), digest=shown.digest)
    assert not RowIdentity.objects.using("other").exists()

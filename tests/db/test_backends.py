"""Transactions, locks and bulk writes, on whatever database the tests run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from contentgit.db.backends import Backend, LockWait, backend
from contentgit.db.tables import Column
from contentgit.errors import BusyError, DatabaseError, RefusedError, UnknownNameError
from tests.bakery.models import Category, Product, Tag
from tests.brands.models import Shop
from tests.db.sessions import another_apply, another_connection, do_not_wait
from tests.workshop.models import Egg, Hen, Slot, Word

NAME = Column("name", "name", str)
SLUG = Column("slug", "slug", str)
ID = Column("id", "id", int)


@pytest.fixture
def ways(db: str) -> Iterator[Backend]:
    yield backend(db)
    connections[db].close()


def slugs() -> list[str]:
    return sorted(Tag.objects.values_list("slug", flat=True))


def test_an_unknown_alias_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="there is no database 'prod'") as caught:
        backend("prod")
    assert caught.value.hint == "databases of this project: default, other"


# Snapshots


def test_a_snapshot_does_not_see_what_others_write_meanwhile(ways: Backend) -> None:
    """Where writers wait for readers to end, the other one is done when the snapshot is."""
    Tag.objects.create(name="a", slug="a")
    with ExitStack() as others, ways.snapshot():
        write = another_connection(lambda: Tag.objects.create(name="b", slug="b"))
        others.enter_context(write).join(0.5)
        assert slugs() == ["a"]
    assert slugs() == ["a", "b"]


def test_a_snapshot_writes_nothing(ways: Backend) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)read.?only"), ways.snapshot():
        Tag.objects.create(name="a", slug="a")
    assert slugs() == []
    Tag.objects.create(name="a", slug="a")


@pytest.mark.parametrize("name", ["snapshot", "exclusive"])
def test_an_open_transaction_of_the_caller_is_refused(ways: Backend, name: str) -> None:
    with (
        transaction.atomic(),
        pytest.raises(DatabaseError, match="a transaction is open on database 'default'"),
        getattr(ways, name)(),
    ):
        pass
    with transaction.atomic(), pytest.raises(DatabaseError):
        ways.snapshot().__enter__()


def test_what_is_read_and_written_exclusively_is_one_moment(ways: Backend) -> None:
    if not ways.rows_can_move:
        return
    Tag.objects.create(name="a", slug="a")
    with ways.exclusive():
        with another_connection(lambda: Tag.objects.create(name="b", slug="b")):
            pass
        assert slugs() == ["a"]
        Tag.objects.create(name="c", slug="c")
    assert slugs() == ["a", "b", "c"]


def test_a_row_that_moved_meanwhile_refuses_to_be_written(ways: Backend) -> None:
    if not ways.rows_can_move:
        return
    Tag.objects.create(id=1, name="a", slug="a")
    Tag.objects.create(id=2, name="b", slug="b")

    def apply() -> None:
        with ways.exclusive():
            ways.update("bakery_tag", [NAME], [ID], [("ours", 2)])
            with another_connection(lambda: Tag.objects.filter(id=1).update(name="theirs")):
                pass
            ways.update("bakery_tag", [NAME], [ID], [("ours", 1)])

    with pytest.raises(BusyError) as caught:
        apply()
    assert "somebody else writes to it at this moment" in caught.value.message
    assert list(Tag.objects.order_by("id").values_list("name", flat=True)) == ["theirs", "b"]


# The lock


def test_a_second_apply_is_told_who_holds_the_database(ways: Backend) -> None:
    do_not_wait("default")
    with another_apply() as process:
        with pytest.raises(BusyError) as caught, ways.exclusive():
            pass
        assert "database 'default'" in caught.value.message
        if ways.rows_can_move:
            assert "user" in caught.value.message
        process.communicate()
    assert slugs() == ["unfinished"]
    with ways.exclusive():
        Tag.objects.create(name="next", slug="next")


@pytest.mark.parametrize("killed", [False, True])
def test_one_who_waits_gets_in_when_the_other_has_ended(ways: Backend, killed: bool) -> None:
    """What it reads begins after the other's end, however that was."""
    told: list[str] = []
    with another_apply() as process:

        def end(what: str) -> None:
            told.append(what)
            if killed:
                process.kill()
            assert process.stdin is not None
            process.stdin.close()

        with ways.exclusive(LockWait(20, end)):
            assert slugs() == ([] if killed else ["unfinished"])
            Tag.objects.create(name="next", slug="next")
        process.stdin = None
    (line,) = told
    assert line.startswith("waiting for ")
    assert line.endswith(", 20 seconds at most")
    assert "database 'default'" in line
    assert "next" in slugs()


def test_one_who_has_waited_long_enough_is_refused(ways: Backend) -> None:
    wait = LockWait(0.5)
    with another_apply():
        before = time.monotonic()
        with pytest.raises(BusyError) as caught, ways.exclusive(wait):
            pass
    assert 0.5 <= time.monotonic() - before < 5
    assert caught.value.message.endswith("; waited 0.5 seconds")
    assert caught.value.hint == "run the command again when it has ended, or with --wait SECONDS"
    assert not wait.lasts("more")
    assert slugs() == []


def test_a_killed_apply_leaves_no_lock_and_no_rows(ways: Backend) -> None:
    with another_apply() as process:
        process.kill()
        process.wait()
    for _ in range(50):
        try:
            with ways.exclusive():
                break
        except BusyError:  # a server takes a moment to see that its client has gone
            time.sleep(0.1)
    with ways.exclusive():
        assert slugs() == []


def test_the_databases_of_one_server_have_locks_of_their_own(databases: tuple[str, str]) -> None:
    with backend("default").exclusive(), backend("other").exclusive():
        Tag.objects.using("other").create(name="a", slug="a")
    assert Tag.objects.using("other").exists()
    connections["other"].close()


def test_an_error_gives_the_lock_back_and_takes_all_rows(ways: Backend) -> None:
    def apply(slug: str, error: Exception | None = None) -> None:
        with backend("default").exclusive():
            Tag.objects.create(name="a", slug=slug)
            if error:
                raise error

    with pytest.raises(RefusedError):
        apply("a", RefusedError("no"))
    assert slugs() == []
    with another_connection(lambda: apply("b")):
        pass
    assert slugs() == ["b"]


def test_what_a_session_was_set_to_is_as_before(ways: Backend) -> None:
    connection = connections["default"]
    if connection.vendor != "mysql":
        return
    question = "SELECT @@foreign_key_checks, @@sql_mode, @@innodb_snapshot_isolation"

    def settings() -> tuple[object, ...]:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return tuple(cursor.fetchone())

    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")
    before = settings()

    def apply() -> None:
        with ways.exclusive():
            ways.defer_constraints()
            foreign_keys, mode, isolation = settings()
            assert (foreign_keys, isolation) == (0, 1)
            assert set(str(mode).split(",")) == {
                "STRICT_ALL_TABLES",
                "NO_AUTO_VALUE_ON_ZERO",
                "NO_ENGINE_SUBSTITUTION",
            }
            raise RefusedError("no")

    with pytest.raises(RefusedError):
        apply()
    assert settings() == before


# Constraints


def test_cycles_may_be_open_until_the_end(ways: Backend) -> None:
    egg, hen = Column("egg_id", "egg_id", int), Column("hen_id", "hen_id", int)
    with ways.exclusive():
        ways.defer_constraints()
        ways.insert("workshop_hen", [ID, egg], [(1, 7)])
        ways.insert("workshop_egg", [ID, hen], [(7, 1)])
        ways.check_constraints({"workshop_hen", "workshop_egg"})
    assert (Hen.objects.get().egg_id, Egg.objects.get().hen_id) == (7, 1)


def test_a_reference_to_nothing_is_named(ways: Backend) -> None:
    egg = Column("egg_id", "egg_id", int)

    def apply() -> None:
        with ways.exclusive():
            ways.defer_constraints()
            ways.insert("workshop_hen", [ID, egg], [(1, 7), (2, 8)])
            ways.check_constraints({"workshop_hen"})

    with pytest.raises(DatabaseError) as caught:
        apply()
    assert caught.value.items == (
        "workshop_hen row 1: egg_id refers to 7, which workshop_egg does not have",
        "workshop_hen row 2: egg_id refers to 8, which workshop_egg does not have",
    )
    assert not Hen.objects.exists()


def test_only_what_updates_may_break_is_looked_for(ways: Backend) -> None:
    """The rows of a table that were only updated, in other columns, are not read for it."""
    category = Category.objects.create(id=3, name="Bread", slug="bread")
    Product.objects.create(id=4, name="Rye", slug="rye", category=category, price=1)
    both = {"bakery_product", "bakery_category"}

    def read(updated: dict[str, set[str]]) -> list[str]:
        with ways.exclusive(), CaptureQueriesContext(ways.connection) as made:
            ways.check_constraints(both, updated)
        found = (re.search(r"FROM \W(\w+)\W referring", q["sql"]) for q in made.captured_queries)
        return sorted({match[1] for match in found if match})

    if ways.name == "postgresql":  # it keeps a list of its own
        assert read({}) == []
        return
    product = {"bakery_product", "bakery_product_tags", "bakery_review", "bakery_newspage"}
    assert product < {*read({})}
    assert read({"bakery_product": {"name"}, "bakery_category": {"name"}}) == []
    assert read({"bakery_product": {"category_id"}, "bakery_category": {"name"}}) == [
        "bakery_product"
    ]
    assert "bakery_category" in read({"bakery_product": {"name"}})


def test_a_row_that_others_refer_to_does_not_vanish(ways: Backend) -> None:
    category = Category.objects.create(id=3, name="Bread", slug="bread")
    Product.objects.create(id=4, name="Rye", slug="rye", category=category, price=1)

    def apply() -> None:
        with ways.exclusive():
            ways.defer_constraints()
            assert ways.delete("bakery_category", [ID], [(3,)]) == 1
            ways.check_constraints({"bakery_category"})

    with pytest.raises(DatabaseError) as caught:
        apply()
    assert caught.value.items == (
        "bakery_product row 4: category_id refers to 3, which bakery_category does not have",
    )
    assert Category.objects.exists()


# Bulk writes


def tags(count: int, text: str = "") -> list[tuple[int, str, str]]:
    return [(number, f"name {text}", f"slug-{number}") for number in range(1, count + 1)]


def test_rows_are_inserted_updated_and_deleted_in_bulk(ways: Backend) -> None:
    columns = [ID, NAME, SLUG]
    with ways.exclusive():
        assert ways.insert("bakery_tag", columns, iter(tags(450))) == 450
        assert ways.update("bakery_tag", [NAME], [ID], [("%s 'x'", 7), ("none", 451)]) == 1
        assert ways.delete("bakery_tag", [ID], [(n,) for n in range(8, 500)]) == 443
        assert ways.insert("bakery_tag", columns, []) == 0
        assert ways.update("bakery_tag", [NAME], [ID], []) == 0
        assert ways.delete("bakery_tag", [ID], []) == 0
    assert list(Tag.objects.order_by("id").values_list("id", "name"))[5:] == [
        (6, "name "),
        (7, "%s 'x'"),
    ]


@pytest.mark.parametrize("together", [True, False])
def test_inserted_rows_tell_their_keys(
    ways: Backend, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the database, as MySQL, does not return them: then one by one."""
    features = ways.connection.features
    if ways.connection.vendor == "postgresql" and not together:
        pytest.skip("PostgreSQL always returns them")
    monkeypatch.setattr(type(features), "can_return_rows_from_bulk_insert", together)
    returning: set[bool] = set()

    def watched(execute: Any, sql: str, *more: Any) -> Any:
        if sql.startswith("INSERT"):
            returning.add("RETURNING" in sql)
        return execute(sql, *more)

    with ways.connection.execute_wrapper(watched), ways.exclusive():
        given = [(number + 5000, name, f"given-{slug}") for number, name, slug in tags(450)]
        made = ways.insert_returning("bakery_tag", [ID, NAME, SLUG], [ID], given)
        assert made == [(number,) for number, _, _ in given]
        new = [(name, slug) for _, name, slug in tags(450)]
        found = ways.insert_returning("bakery_tag", [NAME, SLUG], [ID], new)
        assert ways.insert_returning("bakery_tag", [NAME, SLUG], [ID], []) == []
        bare = ways.insert_returning("brands_shop", [], [ID], [()] * 450)
    assert [*Shop.objects.order_by("id").values_list("id")] == sorted(set(bare))
    assert returning == {together}
    slugs = dict(Tag.objects.values_list("id", "slug"))
    assert [slugs[key] for (key,) in found] == [slug for _, slug in new]


def test_a_row_that_is_written_as_it_is_counts(ways: Backend) -> None:
    Tag.objects.create(id=1, name="a", slug="a")
    with ways.exclusive():
        assert ways.update("bakery_tag", [NAME], [ID], [("a", 1)]) == 1


def test_rows_with_a_composite_key(ways: Backend) -> None:
    term, language = Column("term_id", "term_id", int), Column("language", "language", str)
    text = Column("text", "text", str)
    with ways.exclusive():
        ways.defer_constraints()
        rows = [(1, "de", "Brot"), (1, "en", "bread"), (2, "de", "Roggen")]
        ways.insert("workshop_word", [term, language, text], rows)
        changed = [("loaf", 1, "en"), ("?", 3, "en")]
        assert ways.update("workshop_word", [text], [term, language], changed) == 1
        assert ways.delete("workshop_word", [term, language], [(1, "de"), (2, "de")]) == 2
        assert list(Word.objects.values_list("text", flat=True)) == ["loaf"]
        ways.delete("workshop_word", [term, language], [(1, "en")])


def test_statements_are_bounded_by_rows_and_by_size(ways: Backend) -> None:
    connection = connections["default"]
    note = [Column(name, name, str) for name in ("id", "content_type_id", "object_id", "text")]
    long = [(number, 1, number, "x" * 150_000) for number in range(1, 9)]
    with ways.exclusive():
        with CaptureQueriesContext(connection) as queries:
            ways.insert("bakery_tag", [ID, NAME, SLUG], tags(1000))
        inserts = [each for each in queries.captured_queries if each["sql"].startswith("INSERT")]
        assert len(inserts) <= 5
        with CaptureQueriesContext(connection) as queries:
            ways.insert("bakery_note", note, long)
        assert max(len(each["sql"]) for each in queries.captured_queries) < 600_000


def test_ten_thousand_rows_take_about_a_second(ways: Backend) -> None:
    columns = [Column(name, name, str) for name in ("id", "content_type_id", "object_id", "text")]
    rows = [(number, 1, number, "x" * 2000) for number in range(1, 10_001)]
    with ways.exclusive():
        before = time.perf_counter()
        ways.insert("bakery_note", columns, rows)
        taken = time.perf_counter() - before
        ways.delete("bakery_note", [ID], [(number,) for number, *_ in rows])
    assert taken < 8, taken  # twice as long where others work beside


# Sequences


def test_the_next_key_is_free_after_keys_were_given(ways: Backend) -> None:
    with ways.exclusive():
        ways.insert("bakery_tag", [ID, NAME, SLUG], tags(20))
        ways.delete("bakery_tag", [ID], [(1,)])
        ways.reset_sequences([Tag, Slot, Word])
    assert Tag.objects.create(name="next", slug="next").pk == 21


def test_a_counter_is_never_moved_back(ways: Backend) -> None:
    first = Tag.objects.create(name="a", slug="a").pk
    Tag.objects.create(name="b", slug="b").delete()
    with ways.exclusive():
        ways.reset_sequences([Tag])
    assert Tag.objects.create(name="c", slug="c").pk == first + 2

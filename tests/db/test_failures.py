"""What databases refuse, called what it is, on whatever database the tests run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, OperationalError, connections, transaction

from contentgit.db import ledger
from contentgit.db.backends import Backend, backend
from contentgit.errors import BusyError, ConfigurationError, ContentgitError, DatabaseError
from contentgit.plan.steps import Action
from tests.bakery.models import Tag
from tests.db.sessions import another_connection, do_not_wait
from tests.db.test_applier import Runner, create, step, tag
from tests.zoo.models import Generated, Slot


@pytest.fixture
def ways(db: str) -> Iterator[Backend]:
    yield backend(db)
    connections[db].close()


@pytest.fixture
def run(db: str) -> Runner:
    return Runner(db)


def execute(sql: str, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(sql)


def vendor() -> str:
    return connections["default"].vendor


def refusal(run: Runner, *args: Any) -> ContentgitError:
    with pytest.raises(ContentgitError) as caught:
        run(*args)
    return caught.value


# Constraints


def slot(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "active": True, "low": 1, "high": 5, "place": 1, **fields}


def test_a_check_constraint_is_named_with_the_record_and_the_way_on(run: Runner) -> None:
    found = refusal(run, [create("zoo.slot:7")], {"zoo.slot:7": slot(low=6)})
    assert found.message == (
        "zoo.slot:7 in database 'default': it breaks the check constraint zoo_slot_span, low < high: "
        "low=6, high=5"
    )
    assert found.hint == (
        "nothing has changed; correct low or high where the content is edited and commit, or "
        "contentgit restore zoo.slot:7/low --from REV, then apply that commit"
    )
    assert (found.data["constraint"], found.data["records"]) == ("zoo_slot_span", ["zoo.slot:7"])
    assert not Slot.objects.exists()


def test_an_update_that_breaks_a_check_changes_nothing(run: Runner) -> None:
    Slot.objects.create(id=7, **slot())
    Slot.objects.create(id=8, **slot(name="b", high=8, place=8))
    steps = [step(Action.UPDATE, f"zoo.slot:{number}", "high") for number in (7, 8)]
    contents = {"zoo.slot:7": slot(high=9), "zoo.slot:8": slot(name="b", high=0, place=8)}
    found = refusal(run, steps, contents)
    assert found.message.startswith(
        "zoo.slot:8 in database 'default': it breaks the check constraint"
    )
    assert list(Slot.objects.order_by("id").values_list("high", flat=True)) == [5, 8]


def test_a_unique_value_is_named_with_the_other_record(run: Runner) -> None:
    Tag.objects.create(id=3, name="x", slug="bread")
    found = refusal(run, [create("bakery.tag:4")], {"bakery.tag:4": tag("bread")})
    assert found.message.startswith(
        "bakery.tag:4 in database 'default': it has the same slug as bakery.tag:3, against the "
        "constraint slug: "
    )
    assert found.data["records"] == ["bakery.tag:4", "bakery.tag:3"]


def test_a_functional_unique_value_is_named_with_the_other_record(run: Runner) -> None:
    if not connections["default"].features.supports_expression_indexes:
        return
    Slot.objects.create(id=1, **slot(name="mill"))
    record = slot(name="MILL", high=6, place=2)
    found = refusal(run, [create("zoo.slot:2")], {"zoo.slot:2": record})
    assert found.message.startswith(
        "zoo.slot:2 in database 'default': it has the same upper(name), active as zoo.slot:1, against the "
        "constraint zoo_slot_name: "
    )


def test_a_conditional_unique_value_is_named_with_the_other_record(run: Runner) -> None:
    if not connections["default"].features.supports_partial_indexes:
        return
    Slot.objects.create(id=1, **slot(active=False, name="z", place=9))
    Slot.objects.create(id=2, **slot(name="b"))
    found = refusal(run, [create("zoo.slot:3")], {"zoo.slot:3": slot(name="c", place=2)})
    assert found.data["records"] == ["zoo.slot:3", "zoo.slot:2"]
    assert found.data["constraint"] == "zoo_slot_high"


def test_a_unique_generated_value_is_named_with_the_other_record(run: Runner) -> None:
    Generated.objects.create(id=1, name="Mill", width=1, height=1)
    record = {"name": "MILL", "width": 2, "height": 2}
    found = refusal(run, [create("zoo.generated:2")], {"zoo.generated:2": record})
    assert found.data["records"] == ["zoo.generated:2", "zoo.generated:1"]


# Triggers


GUARD = "CREATE TRIGGER guard_tag BEFORE UPDATE"
TRIGGERS = {
    "sqlite": (f"{GUARD} ON bakery_tag BEGIN SELECT RAISE(ABORT, 'names are for good'); END",),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'names are for good'; END $$""",
        f"{GUARD} OR DELETE ON bakery_tag FOR EACH ROW EXECUTE FUNCTION guard()",
    ),
    "mysql": (
        f"""{GUARD} ON bakery_tag FOR EACH ROW
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'names are for good'""",
    ),
}


@contextmanager
def guarded(*statements: str) -> Iterator[None]:
    for each in statements or TRIGGERS[vendor()]:
        execute(each)
    try:
        yield
    finally:
        on = " ON bakery_tag" if vendor() == "postgresql" else ""
        execute(f"DROP TRIGGER guard_tag{on}")


def test_a_trigger_that_refuses_is_named_with_exclude(run: Runner) -> None:
    Tag.objects.create(id=1, name="a", slug="a")
    with guarded():
        found = refusal(
            run, [step(Action.UPDATE, "bakery.tag:1", "name")], {"bakery.tag:1": tag("b")}
        )
    assert found.message.startswith(
        "bakery.tag:1 in database 'default': a trigger refuses it (triggers of bakery_tag: guard_tag): names "
        "are for good"
    )
    assert found.hint == (
        "nothing has changed; correct the record in a commit; if the trigger guards name, name it in "
        "'exclude' of the spec of bakery.tag"
    )
    assert Tag.objects.get().name == "a"


def test_a_trigger_that_refuses_with_the_code_of_a_constraint_is_one(run: Runner) -> None:
    if vendor() != "postgresql":
        return
    Tag.objects.create(id=1, name="a", slug="a")
    function, trigger = TRIGGERS["postgresql"]
    raising = function.replace("good';", "good' USING ERRCODE = 'check_violation';")
    with guarded(raising, trigger):
        found = refusal(run, [step(Action.DELETE, "bakery.tag:1")], {})
    assert "a trigger refuses it (triggers of bakery_tag: guard_tag)" in found.message
    assert found.hint.startswith("nothing has changed; leave 'delete_missing' out of the spec")


# Locks, limits, privileges


def failure(ways: Backend, sql: str, *before: str) -> ContentgitError:
    def work() -> None:
        with ways.exclusive():
            for each in (*before, sql):
                execute(each)

    with pytest.raises(ContentgitError) as caught:
        work()
    return caught.value


def test_a_lock_that_is_not_granted_is_called_so(ways: Backend) -> None:
    limits = {
        "postgresql": "SET LOCAL lock_timeout = '50ms'",
        "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    }
    if vendor() not in limits:
        return
    Tag.objects.create(id=1, name="a", slug="a")
    with another_transaction("UPDATE bakery_tag SET name = 'b' WHERE id = 1"):
        sql = "UPDATE bakery_tag SET name = 'c' WHERE id = 1"
        found = failure(ways, sql, limits[vendor()])
    assert isinstance(found, BusyError)
    assert found.data["cause"] == "locked"
    assert "another session holds a lock that was not released in time" in found.message


@contextmanager
def another_transaction(sql: str) -> Iterator[None]:
    import threading

    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            execute(sql)
            begun.set()
            end.wait(30)

    with another_connection(hold):
        assert begun.wait(30)
        try:
            yield
        finally:
            end.set()


def test_a_statement_that_takes_too_long_is_called_so(ways: Backend) -> None:
    slow = {
        "postgresql": ("SELECT pg_sleep(5)", "SET LOCAL statement_timeout = '50ms'"),
        "mysql": ("SELECT SLEEP(5)", "SET SESSION max_statement_time = 0.05"),
    }
    if vendor() not in slow:
        return
    sql, limit = slow[vendor()]
    found = failure(ways, sql, limit)
    assert found.data["cause"] == "ended"
    assert "a statement was cancelled, by a time limit or an administrator" in found.message
    assert f"raise the limit ({ways.time_limit})" in found.hint


def test_a_lost_privilege_is_called_so(ways: Backend) -> None:
    if vendor() == "sqlite":
        return
    with weak_user() as using:
        found = failure_in(using, "UPDATE bakery_tag SET name = 'b'")
        assert found.data["cause"] == "privilege"
        assert "the database user lacks a privilege" in found.message
        assert f"grant it to the user in DATABASES['{using}']" in found.hint


def failure_in(using: str, sql: str) -> ContentgitError:
    with pytest.raises(DatabaseError) as caught, backend(using).exclusive():
        execute(sql, using)
    return caught.value


@contextmanager
def weak_user() -> Iterator[str]:
    """An alias of the same database for a user who may only read."""
    settings = {**connections["default"].settings_dict, "USER": "contentgit_weak"}
    if vendor() == "postgresql":
        make = [
            "CREATE ROLE contentgit_weak LOGIN",
            "GRANT SELECT ON bakery_tag TO contentgit_weak",
        ]
        drop = ["DROP OWNED BY contentgit_weak", "DROP ROLE contentgit_weak"]
    else:
        name = settings["NAME"]
        make = [
            "CREATE USER contentgit_weak@'%'",
            f"GRANT SELECT ON `{name}`.* TO contentgit_weak@'%'",
        ]
        drop = ["DROP USER contentgit_weak@'%'"]
    for each in drop:
        with suppress(Error):
            execute(each)
    for each in make:
        execute(each)
    connections.databases["weak"] = settings
    try:
        yield "weak"
    finally:
        connections["weak"].close()
        del connections["weak"], connections.databases["weak"]
        for each in drop:
            execute(each)


def test_a_database_that_takes_no_writes_is_called_so(ways: Backend) -> None:
    with pytest.raises(DatabaseError, match="it takes no writes") as caught, ways.snapshot():
        Tag.objects.create(name="a", slug="a")
    assert caught.value.data["cause"] == "read-only"


def test_a_full_database_is_called_so(ways: Backend) -> None:
    if vendor() != "sqlite":
        return
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
        )
        pages, free = cursor.fetchone()
    more = "x" * (100_000 + free * 4096)  # than the pages that deleted rows have left
    rows = f"INSERT INTO bakery_tag (name, slug) VALUES ('a', '{more}')"
    found = failure(ways, rows, f"PRAGMA max_page_count = {pages}")
    execute("PRAGMA max_page_count = 1073741823")
    assert (found.data["cause"], found.exit_code) == ("full", 1)
    assert not Tag.objects.exists()


def test_a_locked_file_is_called_so(ways: Backend, tmp_path: Path) -> None:
    if vendor() != "sqlite":
        return
    do_not_wait("default")
    writing = another_transaction("UPDATE bakery_tag SET name = 'b'")
    with writing, pytest.raises(BusyError) as caught, transaction.atomic(), ways._errors():
        Tag.objects.create(name="a", slug="a")
    assert "another session holds a lock that was not released in time" in caught.value.message


# Connecting


@pytest.mark.parametrize(
    ("error", "cls", "words"),
    [
        (ImproperlyConfigured("no NAME\nmore"), ConfigurationError, ": no NAME"),
        (KeyError("PGPASSWORD"), DatabaseError, ": KeyError: 'PGPASSWORD'"),
        (OperationalError("password is wrong"), DatabaseError, ": password is wrong"),
    ],
)
def test_what_a_backend_raises_on_connecting_is_no_traceback(
    error: Exception, cls: type[ContentgitError], words: str, db: str
) -> None:
    """A backend of the project's own, which asks for a password somewhere, for one."""

    class Connection(type(connections[db])):  # type: ignore[misc]
        def get_connection_params(self) -> Any:
            raise error

    connections.databases["odd"] = connections[db].settings_dict
    connections["odd"] = Connection(connections.databases["odd"], "odd")
    try:
        for use in (backend("odd").snapshot, backend("odd").exclusive):
            with pytest.raises(cls) as caught, use():
                pass
            assert caught.value.message == f"database 'odd' cannot be reached{words}"
            assert "DATABASES['odd']" in caught.value.hint
        with pytest.raises(cls, match="cannot be reached"):
            ledger.applied("odd", "shop")
    finally:
        del connections["odd"], connections.databases["odd"]

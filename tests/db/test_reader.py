"""Rows as records: which rows, which bytes, how many queries, in which database."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError as DjangoDatabaseError
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from contentgit.content import canonical
from contentgit.content.layout import key_value, record_key
from contentgit.content.records import RecordKey
from contentgit.db import queries
from contentgit.errors import DatabaseError, RecordError
from tests.fieldzoo.models import (
    Article,
    Child,
    Club,
    Coded,
    CompositeKey,
    DateKey,
    Draft,
    Everything,
    GrandChild,
    LongArticle,
    Member,
    Membership,
    NumberTag,
    Order,
    Parent,
    Pointing,
    Scoped,
    Section,
    SharedKey,
    SharedTwice,
    Tagged,
    TextKey,
    TextTag,
    UuidKey,
)
from tests.fieldzoo.reading import (
    all_bytes,
    all_records,
    dataset,
    only,
    raw,
    reader,
    rewrite,
    spec,
    store,
)

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


def keys(label: str, *texts: str) -> list[RecordKey]:
    return [RecordKey(label, text) for text in texts]


@contextmanager
def untouchable(using: str) -> Iterator[None]:
    """The database must not be asked anything."""

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        raise AssertionError(f"database {using!r} was asked: {sql}")

    with connections[using].execute_wrapper(refuse):
        yield


# References


def test_keys_of_every_sort(db: str) -> None:
    TextKey.objects.create(code="Ä,b", name="")
    owner = UuidKey.objects.create(id=ONE, name="")
    shared = SharedKey.objects.create(owner=owner, name="")
    SharedTwice.objects.create(shared=shared, name="x")
    CompositeKey.objects.create(text_key_id="Ä,b", number=-1, name="y")
    found = reader(TextKey, UuidKey, SharedKey, SharedTwice, CompositeKey)
    assert [str(record.key) for record in all_records(found)] == [
        "fieldzoo.compositekey:%c3%84%2cb,-1",
        "fieldzoo.sharedkey:00000000-0000-0000-0000-000000000001",
        "fieldzoo.sharedtwice:00000000-0000-0000-0000-000000000001",
        "fieldzoo.textkey:%c3%84%2cb",
        "fieldzoo.uuidkey:00000000-0000-0000-0000-000000000001",
    ]
    for path, data in all_bytes(found).items():
        assert record_key(path) == canonical.decode(data).key
        assert canonical.is_canonical(data)
    assert (
        b'"$key": [\n    "\xc3\x84,b",\n    -1\n  ]'
        in next(iter(found.stream("fieldzoo.compositekey")))[1]
    )


def test_references_of_every_sort(db: str) -> None:
    coded = Coded.objects.create(pk=5, code="five")
    owner = UuidKey.objects.create(id=ONE)
    shared = SharedTwice.objects.create(shared=SharedKey.objects.create(owner=owner))
    child = Child.objects.create(title="t", text="")
    kind = ContentType.objects.get(app_label="fieldzoo", model="child")
    Pointing.objects.create(
        coded=coded,
        dangling_id=77,
        uuid_key=owner,
        shared=shared,
        content_type=kind,
        child=child,
        proxy_id=5,
    )
    found = reader(Pointing)
    assert only(found) == {
        "child": f"fieldzoo.child:{child.pk}",
        "coded": "fieldzoo.coded:5",
        "content_type": "contenttypes.contenttype:fieldzoo,child",
        "dangling": "fieldzoo.coded:77",
        "dangling_code": None,
        "proxy": "fieldzoo.coded:5",
        "shared": "fieldzoo.sharedtwice:00000000-0000-0000-0000-000000000001",
        "uuid_key": "fieldzoo.uuidkey:00000000-0000-0000-0000-000000000001",
    }
    rows = raw(Pointing)
    rewrite(found)
    assert raw(Pointing) == rows


def test_a_dangling_reference_that_has_no_key(db: str) -> None:
    pointing = Pointing.objects.create(dangling_code_id="nowhere")
    message = (
        f"fieldzoo.pointing:{pointing.pk}: field 'dangling_code': it points at fieldzoo.coded "
        "'nowhere', which does not exist, or has no key"
    )
    with pytest.raises(RecordError) as caught:
        all_bytes(reader(Pointing))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "fieldzoo.coded:9",
            "it refers to fieldzoo.coded:9, which does not exist in this database",
        ),
        ("fieldzoo.parent:5", "'fieldzoo.parent:5' is not a reference to fieldzoo.coded"),
        ("5", "'5' is not a reference to fieldzoo.coded"),
        (5, "5 is not a reference to fieldzoo.coded"),
    ],
)
def test_references_that_are_wrong(db: str, content: Any, message: str) -> None:
    field = reader(Pointing).tables["fieldzoo.pointing"].field["coded"]
    with pytest.raises(RecordError) as caught:
        field.decode(content)
    assert caught.value.message == message


def test_users_with_groups_and_permissions(db: str) -> None:
    user = User.objects.create(username="ann")
    user.groups.add(Group.objects.create(name="b"), Group.objects.create(name="a"))
    user.user_permissions.add(
        Permission.objects.get(codename="add_article", content_type__app_label="fieldzoo")
    )
    values = only(reader(User))
    assert values["groups"] == ["auth.group:a", "auth.group:b"]
    assert values["user_permissions"] == ["auth.permission:add_article,fieldzoo,article"]


# Many-to-many fields


def test_references_are_sorted_by_number(db: str) -> None:
    parent = Parent.objects.create(title="")
    parent.links.add(*(Coded.objects.create(pk=pk, code=str(pk)) for pk in (30, 4, 100)))
    assert only(reader(Parent))["links"] == [
        "fieldzoo.coded:4",
        "fieldzoo.coded:30",
        "fieldzoo.coded:100",
    ]


def test_references_among_themselves(db: str) -> None:
    one, two = UuidKey.objects.create(id=ONE), UuidKey.objects.create(id=TWO)
    one.friends.add(two, one)
    one.texts.add(TextKey.objects.create(code="b"), TextKey.objects.create(code="10"))
    first, second = all_records(reader(UuidKey))
    assert first.fields["friends"] == [f"fieldzoo.uuidkey:{ONE}", f"fieldzoo.uuidkey:{TWO}"]
    assert first.fields["texts"] == ["fieldzoo.textkey:10", "fieldzoo.textkey:b"]
    assert second.fields["friends"] == []
    a, b = Order.objects.create(select=1, order=""), Order.objects.create(select=2, order="")
    a.group.add(b)
    assert [each.fields["group"] for each in all_records(reader(Order))] == [
        [f"fieldzoo.order:{b.pk}"],
        [f"fieldzoo.order:{a.pk}"],
    ]


def test_through_models_of_their_own_are_records(db: str) -> None:
    club, member = Club.objects.create(name="c"), Member.objects.create(name="m")
    Membership.objects.create(club=club, member=member, since=dt.date(2026, 1, 1))
    found = reader(Club, Membership)
    club_record, membership = all_records(found)
    assert club_record.fields == {"name": "c"}
    assert membership.fields == {
        "club": f"fieldzoo.club:{club.pk}",
        "member": f"fieldzoo.member:{member.pk}",
        "since": "2026-01-01",
    }


def test_references_column_values(db: str) -> None:
    links = reader(UuidKey).tables["fieldzoo.uuidkey"].relation["texts"]
    assert links.encode_target("a b") == "fieldzoo.textkey:a%20b"
    assert links.decode_target("fieldzoo.textkey:a%20b") == "a b"


# Multi-table inheritance


def test_two_levels_and_two_parents(db: str) -> None:
    made = GrandChild.objects.create(title="t", text="x", subtitle="s", note="n")
    found = reader(Parent, Child, GrandChild)
    assert {record.key.model: record.fields for record in all_records(found)} == {
        "fieldzoo.child": {"text": "x"},
        "fieldzoo.grandchild": {
            "note": "n",
            "otherparent_ptr": f"fieldzoo.otherparent:{made.otherparent_ptr_id}",
        },
        "fieldzoo.parent": {"title": "t", "links": []},
    }
    assert {record.key.key for record in all_records(found)} == {str(made.pk)}


def test_a_child_of_a_row_with_a_natural_key(db: str) -> None:
    LongArticle.objects.create(section=Section.objects.create(slug="s"), slug="a", text="x")
    found = reader(
        spec(Section, identity="natural"), spec(Article, identity="natural"), LongArticle
    )
    assert sorted(all_bytes(found)) == [
        "fieldzoo.article/s,a.json",
        "fieldzoo.longarticle/s,a.json",
        "fieldzoo.section/s.json",
    ]
    kinds = [found.tables[f"fieldzoo.{name}"].schema.key_kind for name in ("section", "article")]
    assert key_value("s", kinds[0]) == "s"
    assert key_value("s,a", kinds[1]) == ["s", "a"]


def test_a_row_without_a_key(db: str) -> None:
    article = Article.objects.create(section=Section.objects.create(slug="s"), slug="a")
    with pytest.raises(RecordError) as caught:
        all_bytes(reader(spec(Article, identity=("number",))))
    assert caught.value.message == (
        f"fieldzoo.article with primary key {article.pk} has no key: number must not be NULL or lead nowhere"
    )


# Generic foreign keys


def test_generic_foreign_keys(db: str) -> None:
    tagged = Tagged.objects.create(name="")
    NumberTag.objects.create(item=tagged)
    NumberTag.objects.create()
    found = reader(NumberTag)
    first, second = all_records(found)
    assert first.fields == {"item": f"fieldzoo.tagged:{tagged.pk}"}
    assert second.fields == {"item": None}
    rows = raw(NumberTag)
    rewrite(found)
    assert raw(NumberTag) == rows


@pytest.mark.parametrize(
    ("model", "key", "content"),
    [
        ("tagged", "007", "fieldzoo.tagged:007"),
        ("tagged", "", "fieldzoo.tagged:%"),
        ("uuidkey", ONE.hex, f"fieldzoo.uuidkey:{ONE.hex}"),
        ("textkey", "a b", "fieldzoo.textkey:a%20b"),
        ("codedproxy", "5", "fieldzoo.codedproxy:5"),
        ("article", "1", "fieldzoo.article:s,a"),
        (
            "article",
            "01",
            {"content_type": "contenttypes.contenttype:fieldzoo,article", "object_id": "01"},
        ),
        (
            "article",
            "99",
            {"content_type": "contenttypes.contenttype:fieldzoo,article", "object_id": "99"},
        ),
        (
            "tagged",
            None,
            {"content_type": "contenttypes.contenttype:fieldzoo,tagged", "object_id": None},
        ),
        (None, "5", {"content_type": None, "object_id": "5"}),
        ("gone", "5", "fieldzoo.gone:5"),
    ],
)
def test_generic_foreign_keys_in_text(
    db: str, model: str | None, key: str | None, content: Any
) -> None:
    Article.objects.create(pk=1, section=Section.objects.create(slug="s"), slug="a")
    ContentType.objects.create(app_label="fieldzoo", model="gone")
    kind = ContentType.objects.get(app_label="fieldzoo", model=model) if model else None
    TextTag.objects.create(kind=kind, key=key)
    found = reader(TextTag, spec(Article, identity="natural"))
    del found.tables["fieldzoo.article"]  # type: ignore[attr-defined]
    assert only(found)["item"] == content
    rows = raw(TextTag)
    rewrite(found)
    assert raw(TextTag) == rows


@pytest.mark.parametrize("content", [5, "x", "fieldzoo.tagged", {"content_type": None}, []])
def test_generic_references_that_are_wrong(db: str, content: Any) -> None:
    field = reader(TextTag).tables["fieldzoo.texttag"].field["item"]
    with pytest.raises(RecordError, match=r"is not a reference like app\.model:key"):
        field.decode(content)


def test_generic_references_to_what_is_not_there(db: str) -> None:
    field = (
        reader(TextTag, spec(Article, identity="natural")).tables["fieldzoo.texttag"].field["item"]
    )
    with pytest.raises(RecordError, match=r"refers to fieldzoo\.article:s,a, which does not exist"):
        field.decode("fieldzoo.article:s,a")
    with pytest.raises(RecordError, match=r"contenttypes\.contenttype:fieldzoo,nowhere"):
        field.decode("fieldzoo.nowhere:1")


# Which rows


def test_rows_that_managers_hide(db: str) -> None:
    for published in (True, False, False):
        draft = Draft(name="x", published=published)
        draft.save_base(raw=True)
    Scoped.objects.model(name="y").save_base(raw=True)
    found = reader(Draft, Scoped)
    assert len(all_bytes(found)) == 4
    assert found.counts() == {"fieldzoo.draft": 3, "fieldzoo.scoped": 1}
    assert found.hidden() == {"fieldzoo.draft": 2, "fieldzoo.scoped": 1}


def test_filters(db: str) -> None:
    news, blog = Section.objects.create(slug="news"), Section.objects.create(slug="blog")
    one = Article.objects.create(section=news, slug="one", number=1)
    two = Article.objects.create(section=blog, slug="two", number=2)
    three = Article.objects.create(section=blog, slug="three", number=3)
    for article in (one, two):
        article.sections.add(news, blog)

    def found(*filters: dict[str, Any]) -> list[int]:
        specs = [spec(Article, filter=each) for each in filters]
        records = all_records(reader(*specs))
        assert sum(reader(*specs).counts().values()) == len(records)
        return [int(record.key.key) for record in records]

    assert found({}) == [one.pk, two.pk, three.pk]
    assert found({"section__slug": "blog"}) == [two.pk, three.pk]
    assert found({"sections__slug__in": ["news", "blog"]}) == [one.pk, two.pk]
    assert found({"number": 1}, {"section__slug": "blog", "number__gt": 2}) == [one.pk, three.pk]
    assert found({"number": 1}, {}) == [one.pk, two.pk, three.pk]
    assert found({"number__in": []}) == []
    assert found({"number__in": []}, {"number": 2}) == [two.pk]
    assert found({"number__in": Article.objects.filter(slug="one").values("number")}) == [one.pk]


def test_filters_on_composite_keys_and_children(db: str) -> None:
    for number in range(3):
        CompositeKey.objects.create(
            text_key=TextKey.objects.create(code=f"c{number}", name="x"), number=number
        )
    found = reader(spec(CompositeKey, filter={"text_key__code__gte": "c1"}))
    assert [record.key.key for record in all_records(found)] == ["c1,1", "c2,2"]
    a, _ = Child.objects.create(title="a", text=""), Child.objects.create(title="b", text="")
    (record,) = all_records(reader(spec(Child, filter={"title": "a"})))
    assert record.key.key == str(a.pk)


def test_rows_by_their_keys(db: str) -> None:
    for pk in (1, 2, 3):
        Coded.objects.create(pk=pk, code=str(pk))
    found = reader(spec(Coded, filter={"pk": 1}))
    wanted = [*keys("fieldzoo.coded", "1", "3", "9", "x"), *keys("no.model", "1")]
    assert sorted(record.key.key for record in found.records(wanted)) == ["1", "3"]
    assert {key.key: canonical.decode(data).key for key, data in found.encoded(wanted)} == {
        "1": wanted[0],
        "3": wanted[1],
    }
    assert found.members("fieldzoo.coded", wanted[:4]) == {wanted[0]}
    assert found.existing(wanted) == {wanted[0], wanted[1]}


def test_bytes_and_records_are_the_same(db: str) -> None:
    parent = Parent.objects.create(title="x\n")
    parent.links.add(Coded.objects.create(code="c"))
    found = reader(Parent, Coded)
    for _, key, data in found.entries():
        (record,) = found.records([key])
        assert canonical.encode(record) == data


def test_existing_rows_of_any_model(db: str) -> None:
    section = Section.objects.create(slug="s")
    Coded.objects.create(pk=4, code="x")
    CompositeKey.objects.create(text_key=TextKey.objects.create(code="c"), number=1)
    found = reader(spec(Article, identity="natural"), spec(Section, identity="natural"))
    there = [
        *keys("fieldzoo.section", "s"),
        *keys("fieldzoo.codedproxy", "4"),
        *keys("fieldzoo.compositekey", "c,1"),
        *keys("contenttypes.contenttype", "fieldzoo,article"),
        *keys("sites.site", "example.com"),
    ]
    absent = [
        *keys("fieldzoo.section", str(section.pk), "t"),
        *keys("fieldzoo.compositekey", "c,2", "c"),
        *keys("contenttypes.contenttype", "fieldzoo,nothing"),
        *keys("fieldzoo.unmanaged", "1"),
        *keys("no.model", "1"),
    ]
    assert found.existing([*there, *absent]) == set(there)


def test_capitals_make_another_key(db: str) -> None:
    TextKey.objects.create(code="a")
    found = reader(TextKey)
    assert not found.existing(keys("fieldzoo.textkey", "%41"))
    assert not found.members("fieldzoo.textkey", keys("fieldzoo.textkey", "%41"))


# How


@pytest.mark.parametrize("dense", [True, False])
def test_chunks(db: str, monkeypatch: pytest.MonkeyPatch, dense: bool) -> None:
    monkeypatch.setattr(queries, "CHUNK", 10)
    step = 1 if dense else 1000
    Parent.objects.bulk_create(Parent(pk=1 + n * step, title=str(n)) for n in range(35))
    coded = Coded.objects.create(code="c")
    for parent in Parent.objects.all():
        parent.links.add(coded)
    with CaptureQueriesContext(connection) as made:
        data = all_bytes(reader(Parent))
    assert len(data) == 35
    assert all(b"fieldzoo.coded:" in each for each in data.values())
    assert len([each for each in made.captured_queries if "links" in each["sql"]]) == 4


def test_composite_keys_in_chunks(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COMPOSITE_CHUNK", 3)
    TextKey.objects.create(code="c")
    for number in range(8):
        CompositeKey.objects.create(text_key_id="c", number=number)
    found = reader(CompositeKey)
    every = [key for key, _ in found.stream("fieldzoo.compositekey")]
    assert len(list(found.records(every))) == 8
    assert found.members("fieldzoo.compositekey", every) == set(every)


def test_rows_can_be_locked(db: str) -> None:
    Coded.objects.create(pk=1, code="x")
    found = reader(Coded)
    with transaction.atomic(), CaptureQueriesContext(connection) as made:
        assert len(list(found.encoded(keys("fieldzoo.coded", "1"), lock=True))) == 1
    locked = any("FOR UPDATE" in each["sql"] for each in made.captured_queries)
    assert locked == connection.features.has_select_for_update


def test_reading_while_reading(db: str) -> None:
    Coded.objects.bulk_create(Coded(code=str(n)) for n in range(5))
    found = reader(Coded)
    with transaction.atomic():
        for key, data in found.stream("fieldzoo.coded"):
            assert dict(found.encoded([key])) == {key: data}


def test_every_query_goes_to_the_database_asked_for(databases: tuple[str, str]) -> None:
    section = Section.objects.using("other").create(slug="s")
    article = Article.objects.using("other").create(section=section, slug="a", number=1)
    article.sections.add(section)
    kind = ContentType.objects.using("other").get(app_label="fieldzoo", model="article")
    TextTag.objects.using("other").create(kind_id=kind.pk, key=str(article.pk))
    Draft(name="d").save_base(raw=True, using="other")
    with untouchable("default"), transaction.atomic(using="other"):
        found = reader(
            spec(Section, identity="natural"),
            spec(Article, identity="natural", filter={"section__slug": "s"}),
            TextTag,
            Draft,
            using="other",
        )
        every = [key for _, key, _ in found.entries()]
        assert len(every) == 4
        assert len(list(found.records(every))) == 4
        assert len(dict(found.encoded(every, lock=True))) == 4
        assert found.existing(every) == set(every)
        assert sum(found.counts().values()) == 4
        assert found.hidden()["fieldzoo.draft"] == 1
        assert found.members("fieldzoo.article", keys("fieldzoo.article", "s,a"))
    assert not raw(Article)


# What goes wrong


def test_a_value_without_an_exact_form_is_named(db: str) -> None:
    Everything.objects.create(pk=3)
    store(Everything, {"id": 4, "json": '{"x": 0.12345678901234567891}'})
    with pytest.raises(RecordError) as caught:
        all_bytes(reader(Everything))
    assert caught.value.message.startswith("fieldzoo.everything:4: field 'json': the number 0.1")


def test_a_missing_table(databases: tuple[str, str]) -> None:
    with connections["other"].schema_editor() as editor:
        editor.delete_model(DateKey)
    try:
        with pytest.raises(DatabaseError) as caught:
            all_bytes(reader(Coded, DateKey, using="other"))
        assert caught.value.message == (
            "table 'fieldzoo_datekey' of fieldzoo.datekey does not exist in database 'other'"
        )
        assert caught.value.hint == "python manage.py migrate --database other"
        assert not reader(Coded, using="other").existing(keys("fieldzoo.datekey", "2026-01-02"))
    finally:
        with connections["other"].schema_editor() as editor:
            editor.create_model(DateKey)


def test_a_missing_column(databases: tuple[str, str]) -> None:
    field = DateKey._meta.get_field("name")
    DateKey.objects.using("other").create(day=dt.date(2026, 1, 2))
    with connections["other"].schema_editor() as editor:
        editor.remove_field(DateKey, field)
    try:
        with pytest.raises(
            DatabaseError, match=r"cannot read fieldzoo\.datekey in database 'other': "
        ):
            all_bytes(reader(DateKey, using="other"))
    finally:
        with connections["other"].schema_editor() as editor:
            default, field.default = field.default, ""
            editor.add_field(DateKey, field)
            field.default = default


def test_a_dump_without_rows(db: str) -> None:
    found = reader(*dataset(Coded, Parent).specs)
    assert all_bytes(found) == {}
    assert list(found.records([])) == []
    assert found.existing([]) == set()


@pytest.mark.parametrize(
    ("column", "value"),
    [("date", "infinity"), ("date", "0044-03-15 BC"), ("datetime", "-infinity"), ("time", "24:00")],
)
@pytest.mark.parametrize("number", [1, 2, 3, 2001])
def test_what_python_has_not_is_refused_with_record_and_field(
    db: str, column: str, value: str, number: int
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has dates that Python has not")
    Everything.objects.bulk_create(Everything(pk=pk) for pk in range(1, max(number, 3) + 1))
    table = Everything._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, number])
    with pytest.raises(RecordError, match=f"^fieldzoo.everything:{number}: field '{column}': "):
        only(reader(Everything))


def test_a_key_that_python_has_not_is_called_one(db: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has dates that Python has not")
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {DateKey._meta.db_table} (day, name) VALUES ('infinity', '')")
    with pytest.raises(RecordError, match=r"fieldzoo\.datekey: a primary key: "):
        all_bytes(reader(DateKey))


def refusal() -> str:
    """What is said of a row that cannot be read; ``""`` where all can be."""
    try:
        only(reader(Everything))
    except RecordError as error:
        return error.message
    return ""


@pytest.mark.parametrize("value", [7, -1, 1.5, 2**62, "x", "", "1e400", "9" * 400, b"\xff"])
def test_whatever_sqlite_holds_in_a_column_is_read_or_refused_by_name(db: str, value: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite holds any value in any column")
    Everything.objects.create(pk=1)
    table = Everything._meta.db_table
    for field in Everything._meta.local_concrete_fields:
        if field.primary_key or field.generated:
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            try:
                with transaction.atomic():
                    cursor.execute(f'UPDATE {table} SET "{field.column}" = %s', [value])
            except DjangoDatabaseError:  # a check constraint keeps it out
                continue
            said = refusal()
            assert not said or said.startswith(f"fieldzoo.everything:1: field '{field.name}': ")
            transaction.set_rollback(True)

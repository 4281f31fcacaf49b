"""Keys and primary keys, whatever a model goes by."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.db import connections, models
from django.db.migrations.state import ModelState, ProjectState
from django.test.utils import CaptureQueriesContext

from contentgit.content.schema import KeyKind
from contentgit.content.uuids import uuid_of
from contentgit.db.identity import Identities
from contentgit.db.identity.copies import CopyKeys
from contentgit.errors import ConfigurationError, RecordError
from tests.fieldzoo.models import Article, Coded, Computed, LongArticle, Section

ID = uuid.UUID("0c9a7a52-6d2f-4f6c-9d3c-0123456789ab")


def queries(using: str = "default") -> CaptureQueriesContext:
    return CaptureQueriesContext(connections[using])


@pytest.mark.parametrize(
    ("label", "pk", "text"),
    [
        ("fieldzoo.everything", 42, "42"),
        ("fieldzoo.everything", -1, "-1"),
        ("fieldzoo.textkey", "", "%"),
        ("fieldzoo.textkey", "Ä/b", "%c3%84%2fb"),
        ("fieldzoo.textkey", "42", "42"),
        ("fieldzoo.uuidkey", ID, str(ID)),
        ("fieldzoo.datekey", dt.date(2026, 1, 2), "2026-01-02"),
        ("fieldzoo.sharedkey", ID, str(ID)),
        ("fieldzoo.sharedtwice", ID, str(ID)),
        ("fieldzoo.compositekey", ("a,b", 7), "a%2cb,7"),
        ("fieldzoo.grandchild", 5, "5"),
        ("fieldzoo.codedproxy", 5, "5"),
    ],
)
def test_primary_keys_need_no_query(db: str, label: str, pk: Any, text: str) -> None:
    identities = Identities(db, {})
    with queries() as made:
        assert identities.key_text(label, pk) == text
        assert identities.pk(label, text) == pk
    assert not made.captured_queries
    assert not identities.fields(label)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("fieldzoo.everything", "x"),
        ("fieldzoo.everything", "007"),
        ("fieldzoo.everything", "1,2"),
        ("fieldzoo.uuidkey", "1"),
        ("fieldzoo.uuidkey", ID.hex),
        ("fieldzoo.datekey", "2026-02-30"),
        ("fieldzoo.compositekey", "1"),
        ("fieldzoo.compositekey", "a,b"),
        ("fieldzoo.textkey", "A"),
    ],
)
def test_keys_that_are_none(db: str, label: str, text: str) -> None:
    identities = Identities(db, {})
    assert identities.pk(label, text) is None
    with pytest.raises(RecordError, match=rf"^{label}:{text}: \$key: "):
        identities.row_pk(label, text)


def test_a_key_without_a_row(db: str) -> None:
    with pytest.raises(RecordError, match=r"^auth.group:x does not exist in this database$"):
        Identities(db, {}).row_pk("auth.group", "x")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("fieldzoo.everything", KeyKind.INTEGER),
        ("fieldzoo.grandchild", KeyKind.INTEGER),
        ("fieldzoo.textkey", KeyKind.TEXT),
        ("fieldzoo.sharedtwice", KeyKind.TEXT),
        ("fieldzoo.compositekey", KeyKind.COMPOSITE),
        ("auth.group", KeyKind.TEXT),
        ("contenttypes.contenttype", KeyKind.COMPOSITE),
    ],
)
def test_kinds(db: str, label: str, kind: KeyKind) -> None:
    assert Identities(db, {}).kind(label) is kind


def test_rows_that_each_database_numbers_itself(db: str) -> None:
    group = Group.objects.create(name="Éditeurs, 2")
    kind = ContentType.objects.get(app_label="fieldzoo", model="article")
    permission = Permission.objects.get(codename="add_article", content_type=kind)
    identities = Identities(db, {"auth.group": "pk", "sites.site": "pk"})
    with queries() as made:
        found = [
            identities.key_text("auth.group", group.pk),
            identities.key_text("sites.site", 1),
            identities.key_text("contenttypes.contenttype", kind.pk),
            identities.key_text("auth.permission", permission.pk),
        ]
        assert identities.pk("auth.permission", found[3] or "") == permission.pk
        assert identities.pk("contenttypes.contenttype", found[2] or "") == kind.pk
        assert identities.pk("sites.site", "example.org") is None
        assert identities.key_text("auth.group", 999) is None
    assert found == [
        "%c3%89diteurs%2c%202",
        "example.com",
        "fieldzoo,article",
        "add_article,fieldzoo,article",
    ]
    assert len(made.captured_queries) == 4


def test_wagtail_locales_have_numbers_of_their_database_too(db: str) -> None:
    fields = [
        ("id", models.AutoField(primary_key=True)),
        ("language_code", models.CharField(max_length=100, unique=True)),
    ]
    state = ProjectState()
    state.add_model(ModelState("wagtailcore", "Locale", fields))
    own = state.apps
    assert Identities(db, {}, own).fields("wagtailcore.locale") == ("language_code",)


def test_reading_makes_no_content_types(databases: tuple[str, str]) -> None:
    ContentType.objects.using("other").filter(app_label="fieldzoo").delete()
    Identities("other", {}).key_text("contenttypes.contenttype", 1)
    assert not ContentType.objects.using("other").filter(app_label="fieldzoo").exists()


@pytest.fixture
def article(db: str) -> Article:
    section = Section.objects.create(pk=7, slug="news")
    return Article.objects.create(pk=3, section=section, slug="one")


NATURAL: dict[str, Any] = {"fieldzoo.article": "natural", "fieldzoo.section": "natural"}


def test_natural_keys_by_the_fields_they_are_made_of(article: Article) -> None:
    identities = Identities("default", NATURAL)
    assert identities.fields("fieldzoo.article") == ("section__slug", "slug")
    assert identities.key_text("fieldzoo.article", 3) == "news,one"
    assert identities.pk("fieldzoo.article", "news,one") == 3
    assert identities.fields("fieldzoo.section") == ("slug",)


def test_declared_fields(article: Article) -> None:
    identities = Identities(
        "default", {"fieldzoo.article": ("slug", "section"), "fieldzoo.section": ("slug",)}
    )
    assert identities.key_text("fieldzoo.article", 3) == "one,news"
    assert identities.pk("fieldzoo.article", "one,news") == 3


def test_a_reference_to_a_key_of_several_parts_is_one_part(article: Article) -> None:
    LongArticle.objects.create(article_ptr=article, section=article.section, slug="one", text="")
    identities = Identities("default", {**NATURAL, "fieldzoo.longarticle": ("article_ptr", "text")})
    assert identities.key_text("fieldzoo.longarticle", 3) == "news%2cone,%"
    assert identities.pk("fieldzoo.longarticle", "news%2cone,%") == 3


def test_a_child_goes_by_its_parents_key(article: Article) -> None:
    identities = Identities("default", NATURAL)
    assert identities.key_text("fieldzoo.longarticle", 3) == "news,one"
    assert identities.pk("fieldzoo.longarticle", "news,one") == 3
    assert identities.fields("fieldzoo.longarticle") == (
        "article_ptr__section__slug",
        "article_ptr__slug",
    )


def test_one_query_for_each_model_and_again_after_reload(article: Article) -> None:
    identities = Identities("default", NATURAL)
    with queries() as made:
        for _ in range(3):
            identities.key_text("fieldzoo.article", 3)
            identities.pk("fieldzoo.article", "news,two")
    assert len(made.captured_queries) == 1
    two = Article.objects.create(section=article.section, slug="two")
    assert identities.pk("fieldzoo.article", "news,two") is None
    identities.reload("fieldzoo.article")
    assert identities.pk("fieldzoo.article", "news,two") == two.pk


def test_a_row_without_a_key(article: Article) -> None:
    identities = Identities("default", {"fieldzoo.article": ("number",)})
    assert identities.key_text("fieldzoo.article", 3) is None


def test_a_row_that_refers_to_one_without_a_key(article: Article) -> None:
    """It has none either, and keeps nobody from the keys of others."""
    named = Article.objects.create(section=article.section, slug="two", number=2)
    for row in (article, named):
        LongArticle.objects.create(
            article_ptr=row,
            section=article.section,
            slug=row.slug,
            number=row.number,
            text=row.slug,
        )
    chosen = {"fieldzoo.article": ("number",), "fieldzoo.longarticle": ("article_ptr", "text")}
    identities = Identities("default", chosen)
    assert identities.key_text("fieldzoo.longarticle", article.pk) is None
    assert identities.key_text("fieldzoo.longarticle", named.pk) == "2,two"


def test_two_rows_with_one_key(article: Article) -> None:
    Article.objects.create(section=Section.objects.create(slug="x"), slug="two")
    Article.objects.update(number=5)
    identities = Identities("default", {"fieldzoo.article": ("number",)})
    with pytest.raises(RecordError, match=r"fieldzoo\.article: two rows have the key 5") as caught:
        identities.key_text("fieldzoo.article", 3)
    assert caught.value.hint == "make number unique, or choose another identity"


def test_unique_fields_that_others_point_at(db: str) -> None:
    Coded.objects.create(pk=9, code="X 1")
    identities = Identities(db, {})
    with queries() as made:
        assert identities.to_field_key("fieldzoo.coded", "code", "X 1") == "9"
        assert identities.to_field_value("fieldzoo.coded", "code", "9") == "X 1"
        assert identities.to_field_key("fieldzoo.coded", "code", "Y") is None
    assert len(made.captured_queries) == 1


def test_natural_keys_that_are_computed(db: str) -> None:
    identities = Identities(db, {"fieldzoo.computed": "natural", "fieldzoo.coded": "natural"})
    with pytest.raises(ConfigurationError, match="does not give fields as they are") as caught:
        identities.key_text(Computed._meta.label_lower, 1)
    assert caught.value.hint == 'write "identity": [field names] into the spec of fieldzoo.computed'
    with pytest.raises(ConfigurationError, match=r"fieldzoo.coded has no natural_key\(\)"):
        identities.key_text("fieldzoo.coded", 1)


@pytest.mark.parametrize("identity", [("nothing",), ("sections",), ("section__nothing",)])
def test_identities_that_are_no_columns(db: str, identity: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="has no column"):
        Identities(db, {"fieldzoo.article": identity}).key_text("fieldzoo.article", 1)


def test_every_query_goes_to_the_database_asked_for(databases: tuple[str, str]) -> None:
    Site.objects.using("other").update(domain="other.example.com")
    with queries("default") as made:
        assert Identities("other", {}).key_text("sites.site", 1) == "other.example.com"
    assert not made.captured_queries


def test_a_name_of_what_is_gone_is_never_that_of_a_row_of_a_copy(db: str) -> None:
    gone, new = uuid_of("gone"), uuid_of("new")
    own = {"own_key": lambda _pk: gone, "own_pk": lambda _text: 7}
    keys = CopyKeys(db, "a copy", list, str, int, **own)
    assert (keys.pk(gone), keys.text(7)) == (7, gone)
    keys.learn([(new, 7)])
    assert (keys.pk(gone), keys.text(7)) == (None, new)
    expecting = CopyKeys(db, "a copy", list, str, int, **own, expected={gone})
    assert (expecting.pk(gone), expecting.text(7)) == (None, None)

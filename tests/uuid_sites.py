"""One of two sites whose rows are named by UUIDs, and who works there; see ``tests/uuid_laws.py``."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from django.contrib.contenttypes.models import ContentType
from django.db import connections

from contentgit.datasets import specs_for_models
from tests.bakery import models

Fields: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Fields]
"""The fields of each row by its origin; ``kind`` is one of them, references are origins."""


class Kind(NamedTuple):
    """Rows of a model: the field that has their origin, a field of text, references and their kinds."""

    model: Any
    origin: str
    text: str
    references: dict[str, tuple[str, ...]] = {}  # noqa: RUF012


KINDS = {
    "category": Kind(models.Category, "slug", "name", {"parent": ("category",)}),
    "tag": Kind(models.Tag, "slug", "name"),
    "product": Kind(models.Product, "slug", "name", {"category": ("category",)}),
    "page": Kind(models.Page, "slug", "title"),
    "news": Kind(models.NewsPage, "slug", "title", {"about": ("product",)}),
    "review": Kind(models.Review, "text", "", {"product": ("product",)}),
    "note": Kind(models.Note, "text", "", {"about": ("product", "page", "news", "category")}),
}
NULLABLE = {("category", "parent"), ("news", "about")}
SITES = ("default", "other")
BRANCH = {"default": "main", "other": "live"}
READ = {
    "category": "SELECT a.slug, a.name, b.slug FROM bakery_category a"
    " LEFT JOIN bakery_category b ON b.id = a.parent_id",
    "tag": "SELECT slug, name FROM bakery_tag",
    "product": "SELECT a.slug, a.name, b.slug FROM bakery_product a"
    " LEFT JOIN bakery_category b ON b.id = a.category_id",
    "page": "SELECT a.slug, a.title FROM bakery_page a WHERE NOT EXISTS"
    " (SELECT 1 FROM bakery_newspage b WHERE b.page_ptr_id = a.id)",
    "news": "SELECT a.slug, a.title, c.slug FROM bakery_page a"
    " JOIN bakery_newspage b ON b.page_ptr_id = a.id LEFT JOIN bakery_product c ON c.id = b.about_id",
    "review": "SELECT a.text, b.slug FROM bakery_review a"
    " LEFT JOIN bakery_product b ON b.id = a.product_id",
    "note": "SELECT a.text, CASE t.model WHEN 'product' THEN p.slug WHEN 'category' THEN c.slug"
    " ELSE q.slug END FROM bakery_note a JOIN django_content_type t ON t.id = a.content_type_id"
    " LEFT JOIN bakery_product p ON p.id = a.object_id LEFT JOIN bakery_category c ON c.id = a.object_id"
    " LEFT JOIN bakery_page q ON q.id = a.object_id",
}
LINKS = (
    "SELECT p.slug, t.slug FROM bakery_product_tags l LEFT JOIN bakery_product p ON p.id = l.product_id"
    " LEFT JOIN bakery_tag t ON t.id = l.tag_id"
)


SETTING = {"DATASETS": "tests.uuid_sites.datasets", "ENVIRONMENT": "test"}


NUMBERED = {**SETTING, "DATASETS": "tests.uuid_sites.numbered"}


def datasets() -> dict[str, Any]:
    """Two datasets, one of which refers to the other."""
    return _datasets("uuid")


def numbered() -> dict[str, Any]:
    """The same, with rows named by their primary keys."""
    return _datasets("pk")


def _datasets(identity: str) -> dict[str, Any]:
    shop = [KINDS[name].model for name in ("category", "tag", "product", "page", "news")]
    said = [KINDS[name].model for name in ("review", "note")]
    how = {"delete_missing": True, "identity": identity}
    return {
        "shop": {"specs": lambda _arguments: specs_for_models(shop, how)},
        "said": {"specs": lambda _arguments: specs_for_models(said, how), "depends_on": ["shop"]},
    }


def state(alias: str) -> State:
    """The rows of a database, read in SQL."""
    found: State = {}
    with connections[alias].cursor() as cursor:
        for name, statement in READ.items():
            cursor.execute(statement)
            kind = KINDS[name]
            names = [*([kind.text] if kind.text else []), *kind.references]
            for origin, *values in cursor.fetchall():
                assert origin not in found, f"{origin} is there twice"
                found[origin] = {"kind": name, **dict(zip(names, values, strict=True))}
                if name == "product":
                    found[origin]["tags"] = set()
        cursor.execute(LINKS)
        for product, tag in cursor.fetchall():
            found[product]["tags"].add(tag)
    return found


@dataclass
class Site:
    """One of the two databases, and who works there in a round."""

    alias: str
    chance: random.Random
    rows: State = field(default_factory=dict)
    freed: dict[Any, list[int]] = field(default_factory=dict)

    def pk(self, origin: str) -> int:
        """The primary key of a row."""
        kind = KINDS[self.rows[origin]["kind"]]
        found = kind.model._base_manager.using(self.alias).get(**{kind.origin: origin})
        return int(found.pk)

    def columns(self, name: str, values: Fields) -> Fields:
        """Fields as the model is written with them."""
        found = {}
        for key, value in values.items():
            if key not in KINDS[name].references:
                found[key] = value
            elif name != "note":
                found[f"{key}_id"] = value and self.pk(value)
            else:
                model = KINDS[self.rows[value]["kind"]].model
                types = ContentType.objects.db_manager(self.alias)
                found |= {"content_type_id": types.get_for_model(model).pk}
                found |= {"object_id": self.pk(value)}
        return found

    def create(self, origin: str, name: str, values: Fields, pk: int | None) -> None:
        """Make a row, under a primary key or the database's next."""
        kind = KINDS[name]
        words = {kind.origin: origin, **self.columns(name, values)}
        words |= {"product": {"price": 1}, "news": {"day": "2026-01-01"}}.get(name, {})
        kind.model._base_manager.using(self.alias).create(pk=pk, **words)
        self.rows[origin] = {"kind": name, **values}
        if name == "product":
            self.rows[origin]["tags"] = set()

    def edit(self, origin: str, key: str, value: Any) -> None:
        """Edit a field."""
        name = self.rows[origin]["kind"]
        model = KINDS[name].model
        columns = self.columns(name, {key: value})
        model._base_manager.using(self.alias).filter(pk=self.pk(origin)).update(**columns)
        self.rows[origin][key] = value

    def link(self, origin: str, tag: str) -> None:
        """Give a product a tag, or take it away."""
        tags = self.rows[origin]["tags"]
        product = models.Product._base_manager.using(self.alias).get(pk=self.pk(origin))
        (product.tags.remove if tag in tags else product.tags.add)(self.pk(tag))
        tags ^= {tag}

    def delete(self, origin: str) -> None:
        """Delete a row that nothing refers to."""
        pk, kind = self.pk(origin), KINDS[self.rows[origin]["kind"]]
        kind.model._base_manager.using(self.alias).get(pk=pk).delete()
        self.freed.setdefault(kind.model, []).append(pk)
        del self.rows[origin]

    def is_referred_to(self, origin: str) -> bool:
        """Whether a row here refers to this one."""
        return any(
            origin in row.get("tags", ())
            or any(row[key] == origin for key in KINDS[row["kind"]].references)
            for row in self.rows.values()
        )


def copied(rows: State) -> State:
    """The same rows, which may be changed without these."""
    return {
        origin: {key: set(value) if isinstance(value, set) else value for key, value in row.items()}
        for origin, row in rows.items()
    }

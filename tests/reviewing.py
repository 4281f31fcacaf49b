"""A small shop as values, for tests of reviews: no Django, no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from contentgit.content.canonical import dump_document, encode
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    OnDelete,
    Schema,
)
from contentgit.content.titles import TitledChange, best_text
from contentgit.git import Repository
from contentgit.history.commits import repository_document
from contentgit.review import Review, Reviewer
from contentgit.specs import Dataset, ModelSpec
from tests.core.oracle import between

Snapshot: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Fields by the key of their record."""


def _reference(name: str, target: str, rule: OnDelete, *, null: bool = False) -> FieldSchema:
    return FieldSchema(name, FieldKind.REFERENCE, null=null, target=target, on_delete=rule)


def _model(label: str, *fields: FieldSchema, **rest: Any) -> ModelSchema:
    return ModelSchema(label, KeyKind.INTEGER, Layout.INTEGER, fields, **rest)


def _text(name: str) -> FieldSchema:
    return FieldSchema(name, FieldKind.TEXT)


SHOP = Schema(
    {
        model.label: model
        for model in (
            _model(
                "shop.category",
                _text("name"),
                _reference("parent", "shop.category", OnDelete.CASCADE, null=True),
            ),
            _model(
                "shop.product",
                _text("name"),
                _text("body"),
                _reference("category", "shop.category", OnDelete.CASCADE),
                _reference("next", "shop.product", OnDelete.SET_NULL, null=True),
                FieldSchema("photo", FieldKind.FILE),
                FieldSchema("tags", FieldKind.REFERENCES, target="shop.tag"),
            ),
            _model("shop.bread", _text("flour"), parents=("shop.product",)),
            _model("shop.tag", _text("name")),
            _model("shop.note", _text("text"), FieldSchema("about", FieldKind.GENERIC)),
        )
    }
)
SCHEMAS = {"shop": SHOP.models}


def records(snapshot: Snapshot) -> dict[RecordKey, Record]:
    keys = {text: RecordKey.parse(text) for text in snapshot}
    return {key: Record(key, snapshot[text]) for text, key in keys.items()}


def entries(before: Snapshot, after: Snapshot) -> list[TitledChange]:
    """The changes with their titles."""
    old, new = records(before), records(after)
    every = {**old, **new}
    titles = {str(key): best_text(each, SHOP.models.get(key.model)) for key, each in every.items()}
    return [
        TitledChange("shop", change, titles[str(change.key)], titles)
        for change in between(old, new)
    ]


def review(before: Snapshot, after: Snapshot, schemas: Any = SCHEMAS) -> Review:
    """The passes of ``history.review`` over values."""
    reviewer = Reviewer(schemas)
    for each in entries(before, after):
        reviewer.count(each)
    if reviewer.deleted:
        for each in entries(before, after):
            reviewer.follow(each)
        for record in records(after).values():
            reviewer.stay("shop", record)
    return reviewer.review("main", "summer")


def commit(repository: Repository, snapshot: Snapshot, branch: str = "main") -> str:
    """Commits the snapshot, and nothing else, to a branch; the commit's id."""
    specs = tuple(ModelSpec(label) for label in SHOP.models)
    document = schema_document(Dataset("shop", "", specs), SHOP)

    def files() -> Iterator[tuple[str, bytes | None]]:
        yield REPOSITORY_FILE, repository_document()
        yield f"shop/{DATASET_FILE}", dump_document(document)
        for key, record in records(snapshot).items():
            yield f"shop/{record_path(key, Layout.INTEGER)}", encode(record)

    tip = repository.refs.tip(branch)
    main = repository.refs.tip("main")
    tree = repository.writer.write_tree(None, files())
    new = repository.writer.commit_tree(tree, [tip or main] if tip or main else [], "Content\n")
    repository.refs.move(f"refs/heads/{branch}", new, tip, "test")
    return new

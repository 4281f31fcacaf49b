"""A small site's content written straight into a repository, as branches that people change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
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
    UniqueSet,
)
from contentgit.git import Repository
from contentgit.specs import Dataset, ModelSpec
from tests.git.conftest import ANNA, DATE

T = FieldKind


def _model(label: str, *fields: FieldSchema, **rest: Any) -> ModelSchema:
    ordered = tuple(sorted(fields, key=lambda each: each.name))
    return ModelSchema(label, KeyKind.INTEGER, Layout.INTEGER, ordered, **rest)


PAGE = _model(
    "site.page",
    FieldSchema("body", T.TEXT),
    FieldSchema("data", T.JSON, null=True),
    FieldSchema("edited", T.DATETIME, moment=True),
    FieldSchema("parent", T.REFERENCE, null=True, target="site.page", on_delete=OnDelete.CASCADE),
    FieldSchema("slug", T.TEXT),
    FieldSchema("tags", T.REFERENCES, target="site.tag"),
    FieldSchema("title", T.TEXT),
    unique=(UniqueSet("slug", ("slug",)),),
)
TEASER = _model(
    "site.teaser",
    FieldSchema("page", T.REFERENCE, target="site.page", on_delete=OnDelete.CASCADE),
    FieldSchema("text", T.TEXT),
    unique=(UniqueSet("once", ("page", "text")),),
)
ITEM = _model(
    "site.item",
    FieldSchema("menu", T.REFERENCE, target="site.menu", on_delete=OnDelete.CASCADE),
    FieldSchema("position", T.INTEGER, order_within=("menu",)),
    FieldSchema("text", T.TEXT),
)
MENU = _model(
    "site.menu",
    FieldSchema("items", T.INTEGER, derived=True),
    FieldSchema("name", T.TEXT),
)
TAG = _model("site.tag", FieldSchema("name", T.TEXT))
NEWS = _model("site.news", FieldSchema("date", T.DATE), parents=("site.page",))
SCHEMA = Schema({each.label: each for each in (PAGE, TEASER, TAG, NEWS, MENU, ITEM)})
DATASET = Dataset("pages", "", specs=tuple(ModelSpec(label) for label in SCHEMA.models))

Content = Mapping[str, Mapping[str, Any]]
"""Fields by the text of the record's key."""

PAGE_FIELDS: Mapping[str, Any] = {
    "body": "",
    "data": None,
    "edited": "2026-01-01T00:00:00.000000Z",
    "parent": None,
    "tags": [],
}


def page(title: str, **fields: Any) -> dict[str, Any]:
    """The fields of a page whose slug is its title in lower case."""
    return {**PAGE_FIELDS, "title": title, "slug": title.lower().replace(" ", "-"), **fields}


def teaser(text: str, page: str) -> dict[str, Any]:
    """The fields of a teaser."""
    return {"text": text, "page": page}


def path_of(key: str, folder: str = "pages") -> str:
    """Where a record lies."""
    return f"{folder}/{record_path(RecordKey.parse(key), Layout.INTEGER)}"


def bytes_of(key: str, fields: Mapping[str, Any]) -> bytes:
    """A record's file."""
    return canonical.encode(Record(RecordKey.parse(key), dict(sorted(fields.items()))))


@dataclass
class Site:
    """Branches of a repository by name, each moved by :meth:`commit`."""

    repository: Repository
    start: Content = field(default_factory=dict)

    def __post_init__(self) -> None:
        files: dict[str, bytes | None] = {
            REPOSITORY_FILE: dump_document({"format": 1}),
            f"pages/{DATASET_FILE}": dump_document(schema_document(DATASET, SCHEMA)),
        }
        files |= {path_of(key): bytes_of(key, fields) for key, fields in self.start.items()}
        self.commit_files("main", files, parents=[])

    def commit_files(
        self, branch: str, files: Mapping[str, bytes | None], parents: list[str] | None = None
    ) -> str:
        """A commit of files on a branch, which starts at main; ``None`` deletes."""
        tip = self.repository.refs.tip(branch)
        parent = tip or (self.repository.refs.tip("main") if parents is None else None)
        tree = self.repository.writer.write_tree(parent, files.items())
        above = parents if parents is not None else [parent] if parent else []
        commit = self.repository.writer.commit_tree(
            tree, above, f"Change {branch}\n", author=ANNA, committer=ANNA, date=DATE
        )
        self.repository.refs.move(f"refs/heads/{branch}", commit, tip, "test")
        return commit

    def commit(self, branch: str, changes: Mapping[str, Mapping[str, Any] | None]) -> str:
        """A commit in which records have other fields (the rest stays), are new, or gone (``None``)."""
        tip = self.repository.refs.tip(branch) or self.repository.refs.tip("main")
        files: dict[str, bytes | None] = {}
        for key, fields in changes.items():
            if fields is None:
                files[path_of(key)] = None
                continue
            there = self.record(tip or "", key) or {}
            files[path_of(key)] = bytes_of(key, {**there, **fields})
        return self.commit_files(branch, files)

    def record(self, commit: str, key: str) -> dict[str, Any] | None:
        """The fields of a record in a commit or tree."""
        data = self.repository.blob(commit, path_of(key))
        return None if data is None else dict(canonical.decode(data).fields)

    def all(self, commit: str) -> dict[str, dict[str, Any]]:
        """Every record of a commit or tree, by key."""
        found = {}
        entries = sorted(self.repository.trees.entries(commit, "pages"))
        records = [(path, blob) for path, blob in entries if path != DATASET_FILE]
        blobs = self.repository.objects.blobs([blob for _, blob in records])
        for data in blobs:
            record = canonical.decode(data)
            found[str(record.key)] = dict(record.fields)
        return found

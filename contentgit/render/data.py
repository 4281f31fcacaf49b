"""Changes, plans and refusals as JSON values for ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from contentgit.content.canonical import json_value
from contentgit.content.diff import ABSENT, Change, FieldChange
from contentgit.content.records import JSON_NULL, CarriedFile, Record, RecordKey, Value
from contentgit.errors import ContentgitError


def value(content: Value) -> Any:
    """A content value as JSON; JSON null and what a side does not manage are marked."""
    return {"$absent": True} if content is ABSENT else json_value(content)


def record(content: Record) -> dict[str, Any]:
    """A record: its key and the value of every field."""
    return {
        "record": str(content.key),
        "fields": {name: value(each) for name, each in sorted(content.fields.items())},
    }


def change(dump: str, content: Change, title: str, references: Mapping[str, str]) -> dict[str, Any]:
    """A change: kind, record, title, and each field with before and after."""
    return {
        "dump": dump,
        "record": str(content.key),
        "kind": content.kind,
        "title": title,
        "fields": [field(changed) for changed in content.fields],
        "references": dict(references),
    }


def field(content: FieldChange) -> dict[str, Any]:
    """A field of a change, before and after."""
    before, after = value(content.before), value(content.after)
    return {"name": content.name, "before": before, "after": after}


def error(content: ContentgitError) -> dict[str, Any]:
    """An error: what, what to do, what was refused, and its exit code."""
    return {
        "error": type(content).__name__,
        "message": content.message,
        "hint": content.hint,
        "items": list(content.items),
        "data": plain(content.data),
        "exit_code": content.exit_code,
    }


def plain(content: Any) -> Any:
    """Frozen values (dataclasses, named tuples, keys, times, paths) as JSON values, field by field."""
    if content is JSON_NULL or content is ABSENT or type(content) is CarriedFile:
        return value(content)
    if isinstance(content, RecordKey | Path):
        return str(content)
    if isinstance(content, datetime):
        return content.isoformat()
    if isinstance(content, Enum):
        return content.value
    if is_dataclass(content) and not isinstance(content, type):
        return {each.name: plain(getattr(content, each.name)) for each in fields(content)}
    if isinstance(content, Mapping):
        return {str(name): plain(each) for name, each in content.items()}
    if isinstance(content, tuple) and hasattr(content, "_asdict"):
        return {name: plain(each) for name, each in content._asdict().items()}
    if isinstance(content, list | tuple | set | frozenset):
        return [plain(each) for each in content]
    return content

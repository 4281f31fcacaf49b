"""Rows that applies have left in the database, by the keys that they have once rows have moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from contentgit.content import canonical
from contentgit.content.records import RecordKey
from contentgit.db.ledger import Applied
from contentgit.history.snapshots import batches
from contentgit.merge import renumbered
from contentgit.workingcopy.moved_since import Keys
from contentgit.workingcopy.project import Dump


def has_staying(line: Applied) -> bool:
    """Whether the line lists rows that stay for want of a licence to delete them."""
    return any(entry.get("blob") for entry in line.withheld)


def with_new_keys(line: Applied, dump: Dump, keys: Keys, algorithm: str) -> Applied:
    """The line with the rows that stay under new ``keys``; one that is as it was is so under these, too.

    The dump's rows are called by the new keys already.
    """
    entries = [_with_new_key(entry, keys) for entry in line.withheld]
    blobs = _blobs(entries, dump, keys, algorithm) if keys else {}
    entries = [
        {**entry, "blob": blobs.get(entry["record"], entry["blob"])} if entry.get("blob") else entry
        for entry in entries
    ]
    return replace(line, withheld=entries)


def _with_new_key(entry: Mapping[str, Any], keys: Keys) -> Mapping[str, Any]:
    if not entry.get("blob"):
        return entry
    key = RecordKey.parse(entry["record"])
    return {**entry, "record": str(keys.get(key, key))}


def _blobs(
    entries: Sequence[Mapping[str, Any]], dump: Dump, keys: Keys, algorithm: str
) -> dict[str, str]:
    """The blob ids of the rows that are as they were, but for keys in them."""
    before = {entry["record"]: entry["blob"] for entry in entries if entry.get("blob")}
    back = {new: old for old, new in keys.items()}
    rows = [key for key in map(RecordKey.parse, before) if key.model in dump.tables]
    found: dict[str, str] = {}
    for batch in batches(rows):
        for key, data in dump.reader.encoded(batch):
            schema = dump.tables[key.model].schema
            was = canonical.encode(
                renumbered(canonical.decode(data), schema, back), schema.key_kind
            )
            if canonical.blob_id(was, algorithm) == before[str(key)]:
                found[str(key)] = canonical.blob_id(data, algorithm)
    return found

"""A comparison read for people who review it: what changes in all, and what its deletes bring about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from contentgit.check.files import describe
from contentgit.content.layout import DATASET_FILE, model_of, of_models, record_key, record_paths
from contentgit.content.records import RecordKey
from contentgit.content.referring import refers_to_any
from contentgit.content.schema import ModelSchema
from contentgit.history.commits import CommitComparison, CommitTrees
from contentgit.history.snapshots import BATCH, CommitSide, batches
from contentgit.review import Review, Reviewer, Schemas

READ = 200_000
"""Records that are read for references to deleted ones, beside the changed ones."""

_REFERENCE = re.compile(rb'["(]([a-z0-9_]+\.[a-z0-9_]+:[a-z0-9._%,~-]+)[")]')


def review(comparison: CommitComparison) -> Review:
    """Reads the changes once, and twice where records are deleted; then what may refer to these.

    Raises:
        FormatError: a commit holds what contentgit does not write.
    """
    reviewer = Reviewer(comparison.schemas, _lenient(comparison.trees))
    for entry in comparison.changes:
        reviewer.count(entry)
    if reviewer.deleted:
        if comparison.trees is not None:
            _keep_elsewhere(reviewer, comparison.trees)
        for entry in comparison.changes:
            reviewer.follow(entry)
        if comparison.trees is not None:
            _read_referrers(reviewer, comparison.trees, comparison.schemas)
    found = reviewer.review(comparison.before, comparison.after)
    return replace(found, schema=comparison.schema_changes)


def _lenient(trees: CommitTrees | None) -> set[tuple[str, str, str]]:
    """Dump, model and field of the references that may refer to what is not there."""
    found = set()
    for folder in trees.folders if trees else ():
        assert trees is not None
        data = trees.repository.blob(trees.after, f"{folder}/{DATASET_FILE}")
        found |= {(folder, *field) for field in describe(folder, data)[0].lenient}
    return found


def _keep_elsewhere(reviewer: Reviewer, trees: CommitTrees) -> None:
    """A record can be in several dumps; it is deleted when it is in none of them any more."""
    places = reviewer.dumps()
    for folder in trees.folders:
        if places == {folder}:
            continue
        for keys in batches(list(reviewer.deleted)):
            wanted = {f"{folder}/{path}": key for key in keys for path in record_paths(key)}
            for path in trees.repository.trees.files_at(trees.after, list(wanted)):
                reviewer.keep(wanted[path])


def _read_referrers(reviewer: Reviewer, trees: CommitTrees, schemas: Schemas) -> None:
    models = {key.model for key in reviewer.deleted}
    for folder in trees.folders:
        side = CommitSide(trees.repository, trees.after, folder)
        found = {label: each for label, each in schemas[folder].items() if _refers(each, models)}
        entries = sorted(of_models(found, side.ids()).items())
        reviewer.unread += max(0, len(entries) - READ)
        for batch in batches(entries[:READ], BATCH):
            candidates = list(_candidates(reviewer, side, found, batch))
            for record in side.records(candidates):
                if record is not None:
                    reviewer.stay(folder, record)


def _refers(model: ModelSchema, models: set[str]) -> bool:
    """Whether the model's records may refer to one of ``models``."""
    return bool(models & {*model.parents}) or any(
        refers_to_any(field) or field.target in models for field in model.fields
    )


def _candidates(
    reviewer: Reviewer,
    side: CommitSide,
    models: Mapping[str, ModelSchema],
    entries: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    """Those entries whose bytes name a deleted record, so that few have to be decoded."""
    blobs = side.repository.objects.blobs([blob for _, blob in entries])
    for (path, blob), data in zip(entries, blobs, strict=True):
        named = (RecordKey.parse(text.decode()) for text in _REFERENCE.findall(data))
        parents = models[model_of(f"{side.folder}/{path}")].parents
        if any(key in reviewer.deleted for key in named) or _lost_parent(reviewer, path, parents):
            yield path, blob


def _lost_parent(reviewer: Reviewer, path: str, parents: Sequence[str]) -> bool:
    key = record_key(path) if parents else None
    return bool(parents) and (
        key is None or any(RecordKey(each, key.key) in reviewer.deleted for each in parents)
    )

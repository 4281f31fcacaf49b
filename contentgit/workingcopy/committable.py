"""What of the differences between a commit and the database goes into the next commit."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from contentgit.content import canonical
from contentgit.content.diff import Delta
from contentgit.content.records import Record, RecordKey
from contentgit.history.snapshots import CommitSide, batches
from contentgit.workingcopy.database_side import DatabaseSide, pairs
from contentgit.workingcopy.unapplied import Unapplied
from contentgit.workingcopy.withheld import with_ignored


def without_unapplied(
    side: DatabaseSide, unapplied: Unapplied, deltas: Sequence[Delta], revision: str
) -> Iterator[Delta]:
    """The deltas, less what older code has left out and this code has not applied yet.

    ``revision`` has that.

    Raises:
        RefusedError: something else was put here in place of that.
    """
    if unapplied.is_empty:
        yield from deltas
        return
    applied, whole = unapplied.side, unapplied.evolution.side
    ids, refused = applied.ids(), dict[RecordKey, Sequence[str]]()
    own = [delta for delta in deltas if ids.get(delta.path, "") != delta.database]
    for batch in batches(pairs(own, whole, side)):
        before = applied.records([(delta.path, ids.get(delta.path, "")) for delta, _ in batch])
        for (delta, (was, here)), then in zip(batch, before, strict=True):
            if was is None or (here is None and delta.key not in unapplied.replaced.left_out):
                yield delta
                continue
            lines = unapplied.contradictions(was, here, then) if here else ["it is not here"]
            if lines or here is None or then is None:
                refused[delta.key] = lines
                continue
            kept = unapplied.kept(was, here, then)
            if not kept:
                yield delta
                continue
            record = Record(here.key, {**here.fields, **kept})
            data = canonical.encode(record, side.dump.tables[here.key.model].schema.key_kind)
            blob = canonical.blob_id(data, side.algorithm)
            if blob != delta.commit:
                side.kept[delta.key] = data
                yield delta._replace(database=blob)
    if refused:
        raise unapplied.refusal(refused, revision)


def without_ignored(
    side: DatabaseSide,
    before: CommitSide,
    ignored: Container[tuple[str, str]],
    deltas: Sequence[Delta],
) -> Iterator[Delta]:
    """The deltas, less those that consist of ``ignored`` fields."""
    if not ignored:
        yield from deltas
        return
    for delta, (was, own) in pairs(deltas, before, side):
        data = side.kept.get(delta.key)
        kept = with_ignored(ignored, was, canonical.decode(data) if data else own)
        if kept is None:
            yield delta
            continue
        data = canonical.encode(kept, side.dump.tables[kept.key.model].schema.key_kind)
        blob = canonical.blob_id(data, side.algorithm)
        if blob != delta.commit:
            side.kept[delta.key] = data
            yield delta._replace(database=blob)

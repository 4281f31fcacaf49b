"""``check --merges``: every merge commit recomputed, and compared with what it holds.

A host merges text: it may take one record for another that was renamed, or put together lines that no
record holds together, and call it clean.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from contentgit.branches.trees import Doubt
from contentgit.branches.trees.decided import recomputed
from contentgit.check import Finding, Level, finding
from contentgit.check.files import shown
from contentgit.content import canonical
from contentgit.content.diff import ABSENT, Change
from contentgit.content.layout import CONFLICTS_FOLDER, FILES_FOLDER, dump_of
from contentgit.content.records import Record, Value
from contentgit.errors import ContentgitError, FormatError, RefusedError, RepositoryError
from contentgit.git import Commit, FileEntry, Repository
from contentgit.history.check import Take
from contentgit.history.renumbered import borne_out
from contentgit.history.snapshots import batches
from contentgit.merge import TreeConflict, value_at
from contentgit.render.conflicts import why

_HINT = "contentgit show COMMIT  shows it; correct the content in a separate commit"


def differing(repository: Repository, revision: str, take: Take) -> int:
    """Hands in where merge commits of a revision's history, or of a range, differ from the merge.

    Returns:
        How many merge commits were recomputed.

    Raises:
        RepositoryError: this is a shallow clone, which lacks the merged commits.
    """
    if repository.history.is_shallow():
        raise RepositoryError(
            "this is a shallow clone: it does not have the commits that merges are made of",
            hint=f"{repository.command('fetch --unshallow')}  (brings them; in CI: fetch-depth: 0)",
        )
    count = 0
    for commit in repository.history.log(revision):
        if len(commit.parents) == 2:
            count += 1
            for each in _merge(repository, commit):
                take(each)
        elif len(commit.parents) > 2:
            message = f"merges {len(commit.parents)} branches at once, and is not recomputed"
            take(finding("merge-not-checked", message, commit=commit.id))
    return count


def _merge(repository: Repository, commit: Commit) -> Iterator[Finding]:
    try:
        ours, theirs = commit.parents
        merged = recomputed(repository, ours, theirs, commit.tree, borne_out(repository, commit))
    except (FormatError, RefusedError) as error:
        yield _unchecked(error, commit)
        return
    for each in merged.doubts:
        yield _unproven(each, commit.id)
    for conflict, record in merged.unasked:
        yield from _put_together(conflict, record, commit.id)
    found = (
        (path, right, here)
        for path, right, here in repository.trees.changed_files(merged.tree, commit.tree)
        # Which files there are follows from the records.
        if path not in merged.decided and dump_of(path) not in (CONFLICTS_FOLDER, FILES_FOLDER)
    )
    for batch in batches(found):
        rights = _contents(repository, [right for _, right, _ in batch])
        heres = _contents(repository, [here for _, _, here in batch])
        for (path, _, _), right, here in zip(batch, rights, heres, strict=True):
            yield from _file(path, commit.id, right, here)


def _unchecked(error: ContentgitError, commit: Commit) -> Finding:
    """The finding for a merge that cannot be made anew; a warning where code of migrations is the reason."""
    number = ["ours", "theirs"].index(error.data["side"]) if error.data.get("opaque") else None
    if number is None:
        message = f"cannot be recomputed: {error.message}"
        return finding("merge-not-checked", message, commit=commit.id, hint=error.hint)
    side = commit.parents[number][:10]
    names = ", ".join(error.data["opaque"])
    message = f"records of {error.data['dump']} that come from {side} are from before {names}"
    hint = f"contentgit upgrade {side} --branch NEW  (runs their code; then restore from NEW)"
    return finding("merge-not-checked", message, commit=commit.id, hint=hint, level=Level.WARNING)


def _unproven(doubt: Doubt, commit: str) -> Finding:
    return finding("merge-unproven", doubt.text, commit=commit, record=doubt.records[0])


def tip_doubts(repository: Repository, revision: str, take: Take) -> None:
    """Hands in what cannot be known of the merge that a revision is; nothing where it is none.

    That is what only a database can judge, or only the code of migrations. A clone that lacks the merged
    commits gives nothing.
    """
    with suppress(FormatError, RepositoryError):
        commit = next(iter(repository.history.log(revision, limit=1)), None)
        if commit is None or len(commit.parents) != 2 or repository.history.is_shallow():
            return
        ours, theirs = commit.parents
        try:
            merged = recomputed(
                repository, ours, theirs, commit.tree, borne_out(repository, commit)
            )
        except RefusedError as error:
            if error.data.get("opaque"):
                take(_unchecked(error, commit))
            return
        for each in merged.doubts:
            take(_unproven(each, commit.id))


def _put_together(conflict: TreeConflict, record: Record, commit: str) -> Iterator[Finding]:
    for each in conflict.places:
        if each.place is not None:
            has = value_at(record, each.place)
            message = (
                f"{why(conflict)}, and git combined lines of both: the commit has {_value(has)}"
            )
            yield _differs(message, each.file, commit, record.key, each.place.field)


def _contents(repository: Repository, entries: list[FileEntry | None]) -> Iterator[bytes | None]:
    blobs = repository.objects.blobs([each.id for each in entries if each and _is_file(each)])
    for each in entries:
        yield next(blobs) if _is_file(each) else None


def _is_file(entry: FileEntry | None) -> bool:
    return entry is not None and entry.mode != "160000"


def _file(path: str, commit: str, right: bytes | None, here: bytes | None) -> Iterator[Finding]:
    given, held = _record(right), _record(here)
    key = held.key if held else given.key if given else ""
    if given is None or held is None or given.key != held.key:
        message = f"the merge gives {_said(right, given)}, the commit has {_said(here, held)}"
        yield _differs(message, path, commit, key)
        return
    both = [each.name for each in Change(given.key, given, held).fields]
    for name in [*both, *sorted(given.fields.keys() ^ held.fields.keys())]:
        gives, has = (_value(side.fields.get(name, ABSENT)) for side in (given, held))
        message = f"the merge gives {gives}, the commit has {has}"
        yield _differs(message, path, commit, key, name)


def _differs(message: str, path: str, commit: str, key: object, field: str = "") -> Finding:
    hint = _HINT.replace("COMMIT", commit[:10])
    return finding(
        "merge-differs", message, path=path, record=key, field=field, commit=commit, hint=hint
    )


def _record(data: bytes | None) -> Record | None:
    try:
        return None if data is None else canonical.decode(data)
    except FormatError:
        return None


def _said(data: bytes | None, record: Record | None) -> str:
    if data is None:
        return "no file"
    return str(record.key) if record else "other bytes"


def _value(value: Value) -> str:
    return "nothing" if value is ABSENT else shown(value)

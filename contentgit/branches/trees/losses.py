"""What the sides of a merge changed and the merged schema has no place for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from contentgit.branches.trees.evolving import Description, DumpSide, DumpSides, evolved_dumps
from contentgit.branches.trees.sides import BATCH, Base, decoded
from contentgit.content.documents import dump_document
from contentgit.content.evolution import RemovedField, RemovedModel, RetypedField
from contentgit.content.layout import DATASET_FILE, dump_of, in_dump, record_key
from contentgit.content.lenses import Lens
from contentgit.errors import FormatError
from contentgit.git import Repository
from contentgit.history.snapshots import batches
from contentgit.merge import Side

_LOSING: Final = (RemovedField, RemovedModel, RetypedField)


class Loss(NamedTuple):
    """What the merged schema has no place for, in one line.

    ``code`` is whether code lies among the migrations that the side lacks: it may have carried the value.
    ``retyped`` is whether the field is there with another kind of value, to which its migration converts it.
    """

    side: str
    text: str
    code: bool = False
    retyped: bool = False

    @property
    def carried(self) -> bool:
        """Whether the value may be there if the migrations run on the side's content."""
        return self.code or self.retyped


def losses(
    repository: Repository, base: Base, ours: str, theirs: str, ahead: Sequence[Side]
) -> Iterator[Loss]:
    """The values that ours or theirs changed since the base, and that no field has after all migrations.

    Of the sides ``ahead``, which were made from the base, also the migrations of the base that they lack: a
    commit of older code has dropped the fields of these.
    """
    for dump in evolved_dumps(repository, base, ours, theirs):
        for side, there in ((Side.OURS, dump.ours), (Side.THEIRS, dump.theirs)):
            if there is None:
                continue
            if side in ahead and dump.base:
                for name in sorted(dump.base.standing.names - there.standing.names):
                    text = (
                        f"{there.folder} of {side.value} was committed without the migration {name}"
                    )
                    yield Loss(side.value, f"{text}, and lacks its fields")
            code = bool(Lens(there.models, dump.missing(there)).opaque)
            for (label, field, migration, now), count in sorted(_lost(dump, there).items()):
                records = "1 record has" if count == 1 else f"{count:,} records have"
                text = f"{label}.{field} of {side.value}: {records} an edited value that "
                text += f"{migration} converts" if now else f"is gone since {migration}"
                yield Loss(side.value, text, code, retyped=bool(now))


def _lost(dump: DumpSides, side: DumpSide) -> Counter[tuple[str, str, str, str]]:
    """How many records have a lost value that the base does not have.

    By model, field, migration, and the field's newer name if it is there.
    """
    migrations = dump.missing(side)
    found: Counter[tuple[str, str, str, str]] = Counter()
    steps = (step for migration in migrations for step in migration.steps)
    if not any(isinstance(step, _LOSING) for step in steps):
        return found
    lens = Lens(side.models, migrations)
    before = None
    if dump.base:
        own = Description(dump_document(side.document), side.models)
        before = dump.base.seen(side.standing.since(dump.base.standing) or (), own)
    repository = side.repository
    changed = (
        (path, [was, now])
        for path, was, now in repository.trees.changed_files(before, side.tree)
        if now and dump_of(path) == side.folder and _is_record(path)
    )
    for batch in batches(changed, BATCH):
        files = [(path, version) for path, versions in batch for version in versions]
        records = decoded(repository, files)
        for _ in batch:
            was, now = next(records), next(records)
            assert now is not None
            known = lens.read(was).lost if was else ()
            lost = (each for each in lens.read(now).lost if each not in known)
            found.update((now.key.model, each.field, each.migration, each.now) for each in lost)
    return found


def _is_record(path: str) -> bool:
    rest = in_dump(path)[1]
    if rest == DATASET_FILE:
        return False
    try:
        record_key(rest)
    except FormatError:
        return False
    return True

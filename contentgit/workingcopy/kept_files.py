"""The files that stay where they are: which of those that records name the storages do not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from contentgit.content.schema import FieldKind
from contentgit.content.values import misnamed
from contentgit.db.stored_files import storage_of
from contentgit.plan.steps import Action
from contentgit.storages import absent, storage_name
from contentgit.workingcopy.file_plans import AbsentFiles

if TYPE_CHECKING:
    from contentgit.workingcopy.planned import Planned

RECORDS: Final = 10_000
"""Records of a plan whose files are looked for."""


def absent_files(planned: Planned) -> tuple[AbsentFiles, ...]:
    """Of the records that a plan writes. Of files that travel the plan itself knows."""
    places = {
        label: [
            each.name
            for each in table.fields
            if each.schema.kind is FieldKind.FILE and each.place is None
        ]
        for work in planned.dump_plans
        for label, table in work.dump.tables.items()
    }
    written = [
        step.after
        for step in planned.plan.steps
        if step.action in (Action.CREATE, Action.UPDATE)
        and step.after
        and places.get(step.key.model)
    ]
    named: dict[str, dict[str, None]] = {}
    for record in planned.contents.records(written[:RECORDS]):
        for name in places[record.key.model]:
            value = record.fields.get(name)
            if isinstance(value, str):
                named.setdefault(f"{record.key.model}.{name}", {})[value] = None
    whole = len(written) <= RECORDS
    return tuple(each._replace(whole=each.whole and whole) for each in looked_for(named))


def looked_for(named: Mapping[str, Iterable[str]]) -> Iterator[AbsentFiles]:
    """Of the names by field, those without a file; a field without any is left out.

    A storage that cannot be asked has no say here.
    """
    for field, names in named.items():
        found = _absent(field, [name for name in names if name and not misnamed(name)])
        if found is not None and found.names:
            yield found


def _absent(field: str, names: Sequence[str]) -> AbsentFiles | None:
    try:
        storage = storage_of(field) if names else None
        if storage is not None:
            return AbsentFiles(field, storage_name(storage), *absent(storage, names))
    except Exception:  # noqa: S110
        # Any: the storage is the project's code, and what it has is worth a line only.
        pass
    return None

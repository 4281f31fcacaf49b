"""Records that stay and refer, inside of texts or JSON, to records that a plan deletes.

Neither Django nor the database knows of these references. A plan names them, and a merge refuses those that
one of its sides made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Final

from contentgit.content.embedded import references_in
from contentgit.content.layout import of_models
from contentgit.content.records import Record, RecordKey
from contentgit.content.referring import targets
from contentgit.db.titles import titles
from contentgit.errors import RecordError
from contentgit.history.snapshots import BATCH, batches
from contentgit.plan import Survey
from contentgit.plan.steps import Action, Plan
from contentgit.workingcopy.planned import BrokenLink, DumpPlan
from contentgit.workingcopy.project import Project, all_tables

READ: Final = 200_000
"""Records of a dump that are read for them."""

SHOWN: Final = 100
"""So many of them are found; who deletes more than that looks at a review."""


def broken_links(
    project: Project, dump_plans: Sequence[DumpPlan], plan: Plan
) -> tuple[BrokenLink, ...]:
    """The first of them, as the commit has them. Only where a plan deletes records are any read."""
    actions = (Action.DELETE, Action.CASCADE)
    gone = {str(step.key).encode(): step.key for step in plan.steps if step.action in actions}
    if not gone:
        return ()
    found = [*islice((each for work in dump_plans for each in _in_dump(work, gone)), SHOWN)]
    if not found:
        return ()
    records = {record.key: record for record, _, _ in found}
    keys = [*records, *(target for _, _, target in found)]
    tables = all_tables([work.dump for work in dump_plans])
    named = titles(project.using, tables, keys, records, project.identities)
    return tuple(
        BrokenLink(record.key, named.get(record.key, ""), field, target, named.get(target, ""))
        for record, field, target in found
    )


def with_links(dump_plans: Sequence[DumpPlan], survey: Survey) -> Survey:
    """The survey with the records to which links of a commit that is merged lead, and which it has."""
    wanted = {link.target for link in survey.new_links if not link.ours}
    found = set[RecordKey]()
    for work in dump_plans if wanted else ():
        paths = dict[str, RecordKey]()
        for key in wanted:
            with suppress(RecordError):  # a generic reference may name what no row can be
                paths[work.dump.path(key)] = key
        paths.pop("", None)
        found |= {paths[path] for path in work.theirs.ids_at(paths)}
    return replace(survey, in_commit=frozenset(found))


def _in_dump(
    work: DumpPlan, gone: Mapping[bytes, RecordKey]
) -> Iterator[tuple[Record, str, RecordKey]]:
    fields = {
        label: [each for each in table.schema.fields if each.embeds]
        for label, table in work.dump.tables.items()
    }
    labels = [label for label, each in fields.items() if each]
    entries = sorted(of_models(labels, work.theirs.ids()).items()) if labels else []
    for batch in batches(entries[:READ], BATCH):
        blobs = work.theirs.repository.objects.blobs([blob for _, blob in batch])
        named = [
            entry
            for entry, data in zip(batch, blobs, strict=True)
            if any(text in gone for text in references_in(data))
        ]
        for record in work.theirs.records(named):
            if record is None or str(record.key).encode() in gone:
                continue
            for each in fields[record.key.model]:
                inside = dict.fromkeys(targets(record.fields.get(each.name), each))
                yield from ((record, each.name, key) for key in inside if str(key).encode() in gone)

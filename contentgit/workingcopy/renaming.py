"""Records of a commit that a database held, with the names that the code has for rows outside of the dump."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from contentgit.content.records import Record, Value, in_order
from contentgit.content.schema import FieldKind
from contentgit.db.identity import Identities
from contentgit.db.introspect import outside_names
from contentgit.errors import ContentgitError, RefusedError
from contentgit.history.naming import difference, named_in, recorded_names
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.project import Project

Rename: TypeAlias = Callable[[Record], Record]


def _other_names(project: Project, evolution: Evolution) -> Mapping[str, tuple[str, ...]]:
    """The fields by which the commit names rows outside of the dump, where the code has others for them.

    Models of which no record names a row are left out. An older commit does not say what names the rows of a
    model in another dataset: they are taken for named as in the code.
    """
    if not evolution.commit:
        return {}
    repository, folder = evolution.repository, evolution.dump.folder
    there = recorded_names(repository, evolution.commit, folder, evolution.migrations)
    here = outside_names(evolution.dump.tables, evolution.dump.reader.identities, there)
    said = there.keys() | project.config.identities.keys()
    differing = [each for each in said & here.keys() if there.get(each, ()) != here[each]]
    named = named_in(repository, evolution.seen.tree, folder, differing) if differing else ()
    return {label: there.get(label, ()) for label in sorted(named)}


def refuse_renamed(project: Project, evolution: Evolution, *, undoing: bool = False) -> None:
    """Refuses to apply the commit if it names rows outside of the dump otherwise than the code.

    Raises:
        RefusedError: it does, and its references may mean other rows here.
    """
    there = _other_names(project, evolution)
    if not there:
        return
    dump = evolution.dump
    here = {label: dump.reader.identities.fields(label) for label in there}
    names = {label: list(each) for label, each in there.items() if each}
    hint = (
        f'write CONTENTGIT = {{"IDENTITIES": {json.dumps(names)}, ...}}  (as where the commit was made)'
        if names
        else "commit where the content is edited, with these settings: that writes the references anew; then "
        "apply that commit"
    )
    if undoing:
        hint = 'contentgit undo  (with CONTENTGIT["IDENTITIES"] as it was at the apply)'
    raise RefusedError(
        f"commit {evolution.commit[:10]} names rows that {dump.dataset.label} refers to otherwise than "
        "this code",
        items=[difference(each, there, here, ("in the commit", "in this code")) for each in there],
        hint=hint,
        data={"dump": dump.folder, "models": [*there]},
    )


def as_named_here(project: Project, evolution: Evolution) -> Rename | None:
    """What makes the references of the commit's records those of this code; ``None`` if they are so already.

    The commit must be one that this database held: a primary key in it is one of this database. A reference
    whose row is gone stays as it is.
    """
    names, newer = _other_names(project, evolution), evolution.dump.reader.identities
    if not names:
        return None
    chosen: dict[str, Any] = {label: each or "pk" for label, each in names.items()}
    older = Identities(newer.using, chosen)

    def reference(value: Value) -> Value:
        if not isinstance(value, str) or value.partition(":")[0] not in names:
            return value
        label, _, key = value.partition(":")
        try:
            pk = older.pk(label, key)
            text = None if pk is None else newer.key_text(label, pk)
        except ContentgitError:
            text = None  # two rows have the name
        return value if text is None else f"{label}:{text}"

    def renamed(record: Record) -> Record:
        model = evolution.models.get(record.key.model)
        fields: Mapping[str, Any] = model.by_name if model else {}
        values = dict(record.fields)
        for name in values.keys() & fields.keys():
            match fields[name].kind:
                case FieldKind.REFERENCE | FieldKind.GENERIC:
                    values[name] = reference(values[name])
                case FieldKind.REFERENCES if isinstance(values[name], list):
                    found = [*map(reference, values[name])]
                    texts = all(isinstance(each, str) for each in found)
                    values[name] = in_order(found) if texts and not fields[name].ordered else found
        return replace(record, fields=values)

    return renamed

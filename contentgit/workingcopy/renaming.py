"""Records of a commit that a database held, with the names that the code has for rows outside of the dump."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.referring import redirected
from contentgit.content.schema import FieldSchema
from contentgit.content.unlike import bare_places
from contentgit.db.identity import Identities
from contentgit.db.introspect import outside_names
from contentgit.errors import ContentgitError, RecordError, RefusedError
from contentgit.history.naming import difference, named_in, recorded_names
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.project import Project

Rename: TypeAlias = Callable[[Record], Record]
_Change: TypeAlias = Callable[[Value], Value]


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


def _embedding(evolution: Evolution) -> Mapping[str, Mapping[str, _Change]]:
    """What puts references into fields that hold them in this code, and primary keys in the commit.

    Also where that is so at some places of a field.
    """
    found: dict[str, dict[str, _Change]] = {}
    for label, bound in evolution.dump.tables.items():
        there = evolution.recorded[label].by_name if label in evolution.recorded else {}
        for name, each in bound.field.items():
            if each.embed is None or each.bare is None or name not in there:
                continue
            sides = each.schema, there[name]
            if any(bare_places(*some) is not None for some in (sides, sides[::-1])):
                again = partial(_embedded_anew, each.embed, each.bare)
                found.setdefault(label, {})[name] = again if there[name].embeds else each.embed
    return found


def _embedded_anew(embed: _Change, bare: _Change, value: Value) -> Value:
    try:
        return embed(bare(value))
    except RecordError:
        return value  # it names a row that is gone


def as_named_here(project: Project, evolution: Evolution) -> Rename | None:
    """What makes the references of the commit's records those of this code; ``None`` if they are so already.

    The commit must be one that this database held: a primary key in it is one of this database. A reference
    whose row is gone stays as it is.
    """
    names, newer = _other_names(project, evolution), evolution.dump.reader.identities
    embedding = _embedding(evolution)
    if not names and not embedding:
        return None
    chosen: dict[str, Any] = {label: each or "pk" for label, each in names.items()}
    older = Identities(newer.using, chosen)

    def called(key: RecordKey) -> RecordKey:
        if key.model not in names:
            return key
        try:
            pk = older.pk(key.model, key.key)
            text = None if pk is None else newer.key_text(key.model, pk)
        except ContentgitError:
            text = None  # two rows have the name
        return key if text is None else RecordKey(key.model, text)

    def renamed(record: Record) -> Record:
        model = evolution.models.get(record.key.model)
        fields: Mapping[str, FieldSchema] = model.by_name if model else {}
        values = {
            name: redirected(value, fields[name], called) if name in fields else value
            for name, value in record.fields.items()
        }
        for name, embed in embedding.get(record.key.model, {}).items():
            if name in values:
                values[name] = embed(values[name])
        return replace(record, fields=values)

    return renamed

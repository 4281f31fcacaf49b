"""What a commit would take out of its branch because the code or its dataset does not have it."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from contentgit.content.layout import of_models
from contentgit.content.lenses import NOTHING
from contentgit.content.unlike import bare_fields, kept_files
from contentgit.errors import RefusedError
from contentgit.history.snapshots import batches
from contentgit.render.plain import named_first, plural
from contentgit.workingcopy.evolution import Evolution


def refuse_dropping(evolution: Evolution, *, permitted: bool, has_moved: bool) -> None:
    """Refuses to write a commit without what the code lacks, unless leaving it out is ``permitted``.

    ``has_moved`` is whether the branch has other content than the database was at.

    Raises:
        RefusedError: the code or its dataset lacks something that the commit has.
    """
    evolution.refuse_code_ahead()
    if permitted:
        return
    commit, label = evolution.commit[:10], evolution.dump.dataset.label
    new = " --branch NEW" if has_moved else ""
    call = f"contentgit commit {quote(label)}{new} --drop-fields"
    way = f"{call}  (commits without them)"
    if evolution.dropped or evolution.ahead:
        missing = named_first(evolution.lacking)
        lacks = f"; the code lacks the migrations {missing}" if missing else ""
        raise RefusedError(
            f"commit {commit} has models or fields in {label} that this code does not have{lacks}",
            items=evolution.dropped or evolution.ahead,
            hint=f"deploy the code that has them, then commit\n{way}",
            data={"dropped": list(evolution.dropped), "missing": list(evolution.lacking)},
        )
    bare = [*bare_fields(evolution.recorded, evolution.models)]
    if bare:
        raise RefusedError(
            f"commit {commit} has references inside of fields in {label}; this code would write primary keys",
            items=bare,
            hint="name these in 'references' of their spec, as where the commit was made\n"
            f"{call}  (commits primary keys of this database)",
            data={"fields": bare},
        )
    kept = kept_files(evolution.recorded, evolution.models)
    if kept:
        raise RefusedError(
            f"commit {commit} has files in {label}; this code would write their names alone",
            items=kept,
            hint='write "files": "carry" in their specs, as where the commit was made\n'
            f"{call}  (commits names alone)",
            data={"fields": kept},
        )
    counts = sorted({**evolution.left_out, **evolution.excluded}.items())
    if counts:
        raise RefusedError(
            f"commit {commit} has content in {label} that its dataset does not have any more",
            items=[f"{name}: {plural(count, 'record')}" for name, count in counts],
            hint=f"let the dataset have it again, then commit\n{way}",
            data={"left_out": dict(counts)},
        )


def dropped_values(evolution: Evolution) -> Mapping[str, int]:
    """What a commit with ``--drop-fields`` drops: how many records a model has, or a field a value in."""
    found: dict[str, int] = {**dict.fromkeys(evolution.dropped, 0), **evolution.left_out}
    found |= evolution.excluded
    fields: dict[str, list[str]] = {}
    for label, name in evolution.dropped_fields:
        fields.setdefault(label, []).append(name)
    ids = of_models(fields, evolution.side.ids()) if fields else {}
    for batch in batches(ids.items()):
        for record in filter(None, evolution.side.records(batch)):
            for name in fields[record.key.model]:
                found[f"{record.key.model}.{name}"] += record.fields.get(name) not in NOTHING
    return found

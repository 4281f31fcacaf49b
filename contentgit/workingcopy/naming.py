"""That rows are named by UUIDs, in a history of migrations: no operation says so, but the specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from contentgit.content.evolution import Migration, NamedByUuid, Standing
from contentgit.content.labels import ModelLabels
from contentgit.content.uuids import is_uuid_identity
from contentgit.db.evolution import CodeStanding


def without_names(standing: Standing) -> Standing:
    """The standing with nothing but the project's own migrations."""
    names = {each.name for each in standing.history if each.naming}
    if not names:
        return standing
    history = (each for each in standing.history if not each.naming)
    return replace(
        standing,
        history=tuple(
            each._replace(after=tuple(name for name in each.after if name not in names))
            for each in history
        ),
    )


def with_names(
    code: CodeStanding, recorded: Standing, identity: Mapping[str, tuple[str, ...]]
) -> CodeStanding:
    """The code's standing with what names rows: as it is recorded, and what the code has come to since.

    ``identity`` are the fields that name the rows of each model of the dump, and of those that it refers to.
    Missing is what the code had to name by UUIDs, and does not.
    """
    wanted = [label for label in sorted(identity) if is_uuid_identity(identity[label])]
    kept = {*_kept(recorded, identity)}
    history: list[Migration] = []
    names = {each.name for each in code.standing.history}
    for each in recorded.history:
        if each.name in (kept if each.naming else names):
            parents = (name for name in each.after if name in names or name in kept)
            history.append(each._replace(after=tuple(parents)))
    known = {each.name for each in history}
    for each in code.standing.history:
        if each.name not in known:
            before = (one.name for one in history if one.naming and one.app == each.app)
            history.append(each._replace(after=tuple(sorted({*each.after, *before}))))
    labels = ModelLabels(Standing(tuple(history)))
    named = {labels.label(labels.origin(one.naming)) for one in history if one.naming}
    for label in wanted:
        if label not in named:
            step = NamedByUuid(label)
            app = label.partition(".")[0]
            leaves = Standing(tuple(history)).leaves
            after = tuple(sorted(name for name in leaves if name.partition(".")[0] == app))
            history.append(Migration(step.migration, after, (step,)))
    lost = {each.name for each in recorded.history if each.naming} - kept
    standing = replace(code.standing, history=tuple(history))
    return code._replace(standing=standing, missing=(*code.missing, *sorted(lost)))


def _kept(recorded: Standing, identity: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The recorded namings that the code still has, or of whose model it knows nothing."""
    labels = ModelLabels(recorded)
    for each in recorded.history:
        if each.naming:
            names = labels.every(labels.origin(each.naming))
            here = next((name for name in names if name in identity), "")
            if not here or is_uuid_identity(identity[here]):
                yield each.name

"""What stands for migrations that were squashed and removed, where the code no longer says so.

It is known exactly where two things hold. The database ran the commit's migrations, and after them none that
the code has no more: so nothing lies between the commit and what the rest was squashed into. And one state of
the code's migrations has the models of the commit, or several between which no content changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import dropwhile

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from contentgit.content.schema import FieldKind
from contentgit.db.evolution.steps import Node, StepReader
from contentgit.db.failures import translated
from contentgit.db.scratch.fitting import RecordedModel, bound
from contentgit.db.scratch.identities import ScratchIdentities
from contentgit.errors import ContentgitError
from contentgit.specs import Identity


def squashed_into(
    loader: MigrationLoader,
    leaves: Collection[Node],
    known: Collection[Node],
    models: Mapping[str, RecordedModel],
    using: str,
) -> Node | None:
    """The migration behind which the ``models`` of an app are as behind its ``leaves``, which are removed.

    ``known`` are migrations that come before. ``None`` where that is not certain.

    Raises:
        DatabaseError: the database refuses.
    """
    ((app, *_), *_) = leaves
    own = {label: each for label, each in models.items() if label.partition(".")[0] == app}
    if not own or not _are_last(loader, app, leaves, using):
        return None
    plans = map(loader.graph.forwards_plan, loader.graph.leaf_nodes(app))
    nodes: list[Node] = [*dict.fromkeys(node for plan in plans for node in plan if node[0] == app)]
    same = [node for node in nodes if node not in known and _fits(loader, node, own, using)]
    return same[0] if same and not _changes(loader, same, using) else None


def _are_last(loader: MigrationLoader, app: str, leaves: Collection[Node], using: str) -> bool:
    """Whether the database ran the leaves, and behind them no migration of the app that is removed."""
    with translated(f"database {using!r}"):
        rows = MigrationRecorder(connections[using]).applied_migrations()
    places = {node: row.pk for node, row in rows.items() if node[0] == app}
    if not places.keys() >= {*leaves}:
        return False
    last = max(places[leaf] for leaf in leaves)
    return all(node in loader.disk_migrations or place <= last for node, place in places.items())


def _fits(
    loader: MigrationLoader, node: Node, models: Mapping[str, RecordedModel], using: str
) -> bool:
    """Whether the state behind the migration has exactly the models."""
    state = loader.project_state(node)
    for label, each in models.items():
        app, _, name = label.partition(".")
        made = state.models.get((app, name))
        names = (one.name for one in each.schema.fields if one.kind is not FieldKind.GENERIC)
        if made is None or not made.fields.keys() >= {*names}:
            return False
    identity: dict[str, Identity] = {
        label: each.schema.identity or "pk" for label, each in models.items()
    }
    try:
        bound(models, state.apps, ScratchIdentities(using, identity, state.apps), {})
    except ContentgitError:
        return False
    return True


def _changes(loader: MigrationLoader, same: list[Node], using: str) -> bool:
    """Whether a migration between the first and the last of them changes content."""
    reader = StepReader(loader, using)
    plan = loader.graph.forwards_plan(same[-1])
    steps = [(node, reader.steps(loader.disk_migrations[node])) for node in plan]
    between = [*dropwhile(lambda each: each[0] != same[0], steps)][1:]
    return any(found for node, found in between if node[0] == same[0][0])

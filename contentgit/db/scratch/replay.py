"""The project's migrations on a scratch database: to where a commit stands, and on to today's code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from django.apps import apps
from django.apps.registry import Apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from contentgit.db.spec_rules.models import no_rows
from contentgit.errors import ContentgitError, DatabaseError, RefusedError

Node: TypeAlias = tuple[str, str]
Plan: TypeAlias = list[tuple[Migration, bool]]
Progress: TypeAlias = Callable[[str, int, int | None], None]


class Replay:
    """Runs the migrations on database ``default``.

    ``leaves`` are the migrations where the commit stands, ``later`` the apps whose other migrations run after
    its records are there.
    """

    def __init__(self, leaves: Collection[str], later: Collection[str], progress: Progress) -> None:
        self.leaves = [_node(name) for name in sorted(leaves)]
        self.later = {*later, *(label for label, _ in self.leaves)}
        self.progress = progress

    def to_commit(self) -> Apps:
        """Migrates the empty database to where the commit stands; the models there.

        Apps of which the commit records nothing stand as near to today's code as that permits.

        Raises:
            RefusedError: the code lacks a migration.
            DatabaseError: a migration failed.
        """
        executor = MigrationExecutor(connection)
        if not executor.loader.graph.nodes.keys() >= {*self.leaves}:
            executor.loader = MigrationLoader(connection, replace_migrations=False)
        graph = executor.loader.graph
        missing = [".".join(each) for each in self.leaves if each not in graph.nodes]
        if missing:
            raise RefusedError("the code lacks migrations where the commit stands", items=missing)
        nodes = self._before(graph)
        plan = [(graph.nodes[node], False) for node in nodes]
        with self._running(executor, plan, "migrating to the commit's code"):
            state = executor.migrate(nodes, plan=plan)
            _make_tables(executor.loader.unmigrated_apps)
        return _models(state)

    def to_code(self) -> list[str]:
        """Migrates to today's code as ``migrate`` does; the names of the migrations.

        Raises:
            DatabaseError: a migration failed.
        """
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        targets = executor.loader.graph.leaf_nodes()
        plan: Plan = executor.migration_plan(targets)
        if any(backwards for _, backwards in plan):
            raise RefusedError("the migrations to today's code would go backwards")
        whole: Any = executor
        state = whole._create_project_state(with_applied_migrations=True)
        with self._running(executor, plan, "migrating to today's code", loaded=True):
            emit_pre_migrate_signal(0, False, connection.alias, apps=state.apps, plan=plan)
            after = executor.migrate(targets, plan=plan, state=state.clone())
            emit_post_migrate_signal(0, False, connection.alias, apps=_todays(after), plan=plan)
        return [f"{each.app_label}.{each.name}" for each, _ in plan]

    def _before(self, graph: MigrationGraph) -> list[Node]:
        """The migrations of the first part, each after those that it needs."""
        found = dict.fromkeys(node for leaf in self.leaves for node in graph.forwards_plan(leaf))
        replaced = {
            node
            for node, migration in graph.nodes.items()
            if migration and any(each in graph.nodes for each in migration.replaces)
        }
        for leaf in graph.leaf_nodes():
            for node in graph.forwards_plan(leaf):
                parents = (parent.key for parent in graph.node_map[node].parents)
                if (
                    node[0] not in self.later
                    and node not in replaced
                    and found.keys() >= {*parents}
                ):
                    found[node] = None
        return [*found]

    @contextmanager
    def _running(
        self, executor: MigrationExecutor, plan: Plan, what: str, *, loaded: bool = False
    ) -> Iterator[None]:
        """Tells the progress of the body; its errors name the migration that runs.

        ``loaded`` is whether the database has the commit's records.
        """
        current: list[str] = []

        def watch(
            event: str, migration: Migration | None = None, fake: bool | None = None, /
        ) -> None:
            del fake
            if event == "apply_start" and migration is not None:
                self.progress(what, len(current), len(plan))
                current.append(f"{migration.app_label}.{migration.name}")
            elif event == "apply_success" and len(current) == len(plan):
                self.progress(what, len(plan), len(plan))

        executor.progress_callback = watch
        try:
            yield
        except ContentgitError:
            raise
        except Exception as error:
            # Any: migrations are the project's own code.
            raise _failure(current[-1] if current else "", error, loaded=loaded) from error


def _models(state: ProjectState) -> Apps:
    """The models of a state, and those of apps without migrations, which lack their relations there."""
    found = ProjectState(models={key: each.clone() for key, each in state.models.items()})
    for label in sorted(state.real_apps):
        for model in apps.get_app_config(label).get_models():
            found.add_model(ModelState.from_model(model))
    return found.apps


def _make_tables(labels: Iterable[str]) -> None:
    """The tables of apps without migrations, which have one state alone."""
    models = (
        model for label in sorted(labels) for model in apps.get_app_config(label).get_models()
    )
    with connection.schema_editor() as editor:
        for model in models:
            if not no_rows(model):
                editor.create_model(model)


def _todays(state: ProjectState) -> Any:
    """The models after the migrations, as the receivers of ``post_migrate`` get them from ``migrate``."""
    state.clear_delayed_apps_cache()
    found: Any = state.apps
    with found.bulk_update():
        keys = [(each.app_label, each.name_lower) for each in found.real_models]
        for key in keys:
            found.unregister_model(*key)
    found.render_multiple([ModelState.from_model(apps.get_model(*key)) for key in keys])
    return found


def _failure(migration: str, error: Exception, *, loaded: bool) -> DatabaseError:
    words = (str(error).strip().splitlines() or [""])[0]
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if "/django/" not in each.filename.replace("\\", "/")]
    place = (own or frames)[-1]
    what = "the migrations failed on the scratch database"
    if migration:
        what = f"migration {migration} failed on the scratch database"
    return DatabaseError(
        f"{what}: {type(error).__name__}: {words}",
        items=[f"{place.filename}:{place.lineno} in {place.name}"],
        hint="nothing has changed; the scratch database has the commit's records alone\n"
        "contentgit upgrade REV --scratch ALIAS  (uses an empty database of your own)",
        data={"migration": migration, "loaded": loaded},
    )


def _node(name: str) -> Node:
    label, _, migration = name.partition(".")
    return label, migration

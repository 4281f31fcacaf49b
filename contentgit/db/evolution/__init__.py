"""Where the project's code stands: its migrations as the continuation of what a commit records.

Nothing of a migration is run, and no query is made, unless migrations were removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from django.db.migrations.loader import MigrationLoader

from contentgit.content.evolution import (
    NO_STANDING,
    Migration,
    OpaqueStep,
    RenamedModel,
    SchemaStep,
    Standing,
)
from contentgit.db.evolution.squashed import squashed_into
from contentgit.db.evolution.steps import Node, StepReader
from contentgit.db.scratch.fitting import RecordedModel
from contentgit.errors import ConfigurationError

_LEDGER: Final = "contentgit"
"""The app that has no content, and migrations with each release of contentgit."""

_GONE: SchemaStep = OpaqueStep("migrations that the code no longer has")


class CodeStanding(NamedTuple):
    """Where the code stands, as the continuation of what a commit records.

    ``missing`` are the migrations where the commit stands and that the code does not have. ``cut`` are those
    of them that were removed from it, not those of newer code, and those from which what was squashed has no
    steps any more: what happened since is then not known. ``renamed`` are those that have another name there.
    """

    standing: Standing
    missing: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    renamed: Mapping[str, Node] = MappingProxyType({})


def project_migrations() -> ProjectMigrations:
    """All migrations of the project; reads their modules.

    Raises:
        ConfigurationError: they cannot be loaded.
    """
    try:
        return ProjectMigrations(MigrationLoader(None))
    except Exception as error:
        # Any: the modules are the project's code.
        raise ConfigurationError(
            f"the project's migrations cannot be loaded: {type(error).__name__}: {error}",
            hint="python manage.py showmigrations  (shows the error)",
        ) from error


def code_standing(
    graph: ProjectMigrations,
    labels: Collection[str],
    referred: Collection[str],
    recorded: Standing | None,
    using: str,
    models: Mapping[str, RecordedModel] | None = None,
) -> CodeStanding:
    """The code's standing for a dump with the models ``labels``, which continues the history ``recorded``.

    ``referred`` are models outside that its records refer to: of their apps, only other names matter. An app
    that is not in the history yet, or any if there is none, begins with its leaves of that time, or of today
    where these are not recorded. With ``models``, those that are recorded, the database is asked what stands
    for migrations that were removed.
    """
    recorded = recorded or NO_STANDING
    own, outer = ({label.partition(".")[0] for label in each} for each in (labels, referred))
    every = own | outer
    every |= {each.app for each in recorded.history}  # a model may have moved out of the app
    renamed = graph.renamed(recorded, every, using)
    missing = sorted(
        name for name in recorded.leaves if not graph.has(name) and name not in renamed
    )
    stands = graph.standing_for(missing, recorded, models, using) if models else {}
    missing = [name for name in missing if name not in stands]
    lost = {_node(name)[0] for name in missing}
    leaves = graph.leaves(lost)
    # The leaves of code that is older than the commit are in its history.
    older = {_node(name)[0] for name in leaves if name in recorded.names}
    history = [each for each in recorded.history if each.app not in older or graph.has(each.name)]
    known = graph.past(name for name in recorded.names if graph.has(name)) | {*renamed.values()}
    history += graph.squashes(recorded, known)
    for node in sorted({*stands.values()}):
        after = tuple(sorted(name for name in stands if stands[name] == node))
        history.append(Migration(".".join(node), after))
    known |= graph.past(".".join(node) for node in stands.values())
    gone = [leaf for leaf in leaves if _node(leaf)[0] not in older]
    history += (_in_place(leaf, missing) for leaf in gone)
    known |= graph.past(gone)
    begun = {each.app for each in history}
    for leaf in graph.beginnings(every - begun, begun, frozenset(known), recorded.others):
        history.append(Migration(leaf))
        known |= graph.past([leaf])
    steps = [*graph.steps_after(known, graph.leaves(every), using)]
    coming = [each for each in steps if each[0][0] in every]
    history += graph.continued(history, coming, own, renamed)
    standing = Standing(tuple(history))
    standing = replace(standing, others=graph.others(standing, recorded.others))
    elsewhere = {_node(each)[0] for each in gone}
    cut = [name for name in missing if _node(name)[0] in elsewhere]
    cut += _within_squashes(graph, recorded, standing)
    return CodeStanding(standing, tuple(missing), tuple(sorted({*cut})), renamed)


def _within_squashes(
    graph: ProjectMigrations, recorded: Standing, standing: Standing
) -> Iterator[str]:
    """The recorded leaves within a squash whose files are gone."""
    apart = {each.app for each in standing.history if _GONE in each.steps}
    for name in recorded.leaves:
        if _node(name)[0] in apart and graph.is_within(name):
            yield name


def _in_place(leaf: str, missing: Iterable[str]) -> Migration:
    """Today's migration after those of its app that the code does not have: what they did is not known."""
    after = tuple(name for name in missing if _node(name)[0] == _node(leaf)[0])
    step = OpaqueStep(f"in place of {', '.join(after)}, which the code does not have")
    return Migration(leaf, after, (step,))


class ProjectMigrations:
    """The migrations of the project as Django orders them; squashed ones in place of what they replace."""

    def __init__(self, loader: MigrationLoader) -> None:
        self.loader = loader
        self._apps = {label for label, _ in loader.disk_migrations} - {_LEDGER}
        self.squashed = {
            node: key for key, each in loader.replacements.items() for node in each.replaces
        }

    def has(self, name: str) -> bool:
        """Whether the code has the migration, or one in place of it."""
        node = _node(name)
        return node in self.loader.graph.nodes or node in self.squashed

    def is_within(self, name: str) -> bool:
        """Whether it was squashed, and files of those that were squashed with it are gone."""
        key = self.squashed.get(_node(name))
        replaced = self.loader.replacements[key].replaces if key else ()
        return not {*replaced} <= self.loader.disk_migrations.keys()

    def holds(self, name: str) -> bool:
        """Whether the code has the file of the migration itself."""
        return _node(name) in self.loader.disk_migrations

    def standing_for(
        self,
        missing: Collection[str],
        recorded: Standing,
        models: Mapping[str, RecordedModel],
        using: str,
    ) -> Mapping[str, Node]:
        """What migrations were squashed into that the code does not have, see :func:`squashed_into`."""
        found: dict[str, Node] = {}
        known = self.past(name for name in recorded.names if self.has(name))
        for app in sorted({_node(name)[0] for name in missing}):
            nodes = [_node(name) for name in missing if _node(name)[0] == app]
            node = squashed_into(self.loader, nodes, known, models, using)
            if node is not None:
                found |= {".".join(each): node for each in nodes}
        return found

    def standing_leaves(self, recorded: Standing, code: CodeStanding) -> tuple[set[str], set[str]]:
        """Where the recorded leaves are in the code, which may have another name for the same state.

        And those of which the code has nothing like that.
        """
        names = {name: ".".join(code.renamed.get(name, (name,))) for name in recorded.leaves}
        found = {*names.values()}
        reached = {*recorded.names}
        for each in code.standing.since(recorded) or ():
            if not each.steps and reached.issuperset(each.after):
                reached.add(each.name)
                removed = {name for name in each.after if not self.holds(name)} & found
                if removed and self.holds(each.name):
                    found = found - removed | {each.name}
        here = {name for name in found if self.holds(name)}
        return here, found - here

    def leaves(self, labels: Collection[str]) -> list[str]:
        """The leaves of the apps, by name."""
        return sorted(
            ".".join(node) for label in labels for node in self.loader.graph.leaf_nodes(label)
        )

    def others(self, standing: Standing, recorded: Collection[str]) -> frozenset[str]:
        """The leaves of the apps that are not in a history, as the continuation of those that are recorded.

        Of an app of which the code lacks these it is older, or another site's: they stay.
        """
        if not standing.history:
            return frozenset()
        own = {each.app for each in standing.history}
        apart = {_node(name)[0] for name in recorded if not self.has(name)}
        apps = self._apps - apart - own
        kept = {name for name in recorded if _node(name)[0] in apart - own}
        return frozenset({*self.leaves(apps)} | kept)

    def not_in(self, standings: Sequence[Standing]) -> set[str]:
        """The apps that the code of these did not have; none where one does not record that."""
        if not all(each.others for each in standings):
            return set()
        known = {_node(name)[0] for each in standings for name in each.names | each.others}
        return self._apps - known

    def beginnings(
        self,
        labels: Collection[str],
        begun: Collection[str],
        known: AbstractSet[Node],
        recorded: Collection[str],
    ) -> Iterator[str]:
        """Where apps begin that are not in a history yet: at the leaves that are ``recorded``.

        If none of any app are, at their last migrations that need nothing new. New are migrations of the apps
        ``begun`` that are not ``known``. An app may have come with one.
        """
        for label in sorted(labels):
            there = [name for name in sorted(recorded) if _node(name)[0] == label]
            if recorded and all(map(self.has, there)):
                yield from there
                continue
            plans = map(self.loader.graph.forwards_plan, self.loader.graph.leaf_nodes(label))
            nodes = dict.fromkeys(node for plan in plans for node in plan if node[0] == label)
            old = [
                node
                for node in nodes
                if all(
                    each in known
                    for each in self.loader.graph.forwards_plan(node)
                    if each[0] in begun
                )
            ]
            needed = {each for node in old for each in self._needed(node)}
            yield from (".".join(node) for node in old if node not in needed)

    def past(self, names: Iterable[str]) -> set[Node]:
        """The migrations, and all that they need. Of squashed ones those that the named one needs."""
        found: set[Node] = set()
        for name in names:
            node = _node(name)
            key = self.squashed.get(node)
            if node in self.loader.graph.nodes:
                found |= {*self.loader.graph.forwards_plan(node)}
            elif key is not None:
                replaced = self.loader.replacements[key].replaces
                before = replaced[: replaced.index(node) + 1]
                found |= {*self.loader.graph.forwards_plan(key)} - {key} | {*before}
                if len(before) == len(replaced):
                    found.add(key)
        return found

    def squashes(self, recorded: Standing, known: AbstractSet[Node]) -> Iterator[Migration]:
        """The squashed migrations that stand for leaves, for the time when those are deleted."""
        for key, squashed in sorted(self.loader.replacements.items()):
            names = {".".join(node) for node in squashed.replaces}
            if key in known and ".".join(key) not in recorded.names and names & recorded.leaves:
                yield Migration(".".join(key), tuple(sorted(names & recorded.leaves)))

    def renamed(
        self, recorded: Standing, labels: Collection[str], using: str
    ) -> Mapping[str, Node]:
        """Recorded migrations that the code has under another name: what they did is the same.

        Of several that were squashed it is the last. Of code it is the same where it has the same name, too,
        but for the number.
        """
        lost = [each for each in recorded.history if each.steps and not self.has(each.name)]
        found: dict[str, Node] = {}
        if not lost:
            return found
        known = self.past(name for name in recorded.names if self.has(name))
        for node, steps in [*self.steps_after(known, self.leaves(labels), using)]:
            code = any(isinstance(step, OpaqueStep) for step in steps)
            for each, alone in _equal_runs(lost, node[0], tuple(steps)):
                named = alone and _title(each.name) == _title(".".join(node))
                if (named or not code) and each.name not in found:
                    found[each.name] = node
                    break
        return found

    def steps_after(
        self, known: AbstractSet[Node], leaves: Iterable[str], using: str
    ) -> Iterator[tuple[Node, list[SchemaStep]]]:
        """The migrations up to the leaves that are not ``known``, with their steps, in order."""
        graph, disk = self.loader.graph, self.loader.disk_migrations
        plans = (graph.forwards_plan(_node(name)) for name in leaves)
        plan = list(dict.fromkeys(node for found in plans for node in found))
        if all(node in known for node in plan):
            return
        reader = StepReader(self.loader, using)
        for node in plan:
            squashed = self.loader.replacements.get(node)
            replaced = squashed.replaces if squashed else []
            if node not in known and not known.isdisjoint(replaced):
                # The commit stands between two of them.
                whole = all(each in disk for each in replaced)
                if not whole:
                    reader.steps(disk[node])  # for the state behind them
                for each in replaced:
                    found = reader.steps(disk[each]) if whole else [_GONE]
                    if each not in known:
                        yield each, found
            else:
                steps = reader.steps(disk[node])
                if node not in known:
                    yield node, steps

    def continued(
        self,
        history: Iterable[Migration],
        plan: Iterable[tuple[Node, Sequence[SchemaStep]]],
        own: Collection[str],
        renamed: Mapping[str, Node],
    ) -> Iterator[Migration]:
        """The migrations of a plan after a history; of apps that are not ``own``, other names alone."""
        names = {each.name for each in history}
        for node, steps in plan:
            name = ".".join(node)
            if name not in names:
                if node[0] not in own:
                    steps = [step for step in steps if isinstance(step, RenamedModel)]
                yield Migration(name, self.recorded_parents(node, names, renamed), tuple(steps))
                names.add(name)

    def recorded_parents(
        self, node: Node, names: Collection[str], renamed: Mapping[str, Node]
    ) -> tuple[str, ...]:
        """The nearest migrations of the history that it needs; ``renamed`` have another name there."""
        found: set[str] = set()
        older = {new: name for name, new in renamed.items()}
        left = self._needed(node)
        seen: set[Node] = set()
        while left:
            parent = left.pop()
            if parent in seen:
                continue
            seen.add(parent)
            replaced = self.loader.replacements.get(parent)
            stands = [parent, *(replaced.replaces[::-1] if replaced else ())]
            name = older.get(parent) or next(
                (".".join(each) for each in stands if ".".join(each) in names), None
            )
            if name:
                found.add(name)
            else:
                left += self._needed(parent)
        return tuple(sorted(found))

    def _needed(self, node: Node) -> list[Node]:
        known = self.loader.graph.node_map.get(node)
        if known is not None:
            return [each.key for each in known.parents]
        migration = self.loader.disk_migrations.get(node)  # one that was squashed
        return [*migration.dependencies] if migration else []


def _equal_runs(
    lost: Sequence[Migration], app: str, steps: tuple[SchemaStep, ...]
) -> Iterator[tuple[Migration, bool]]:
    """The last of each run of an app's migrations that together have the steps, and whether it is alone."""
    own = [each for each in lost if each.app == app]
    for start in range(len(own)):
        together: tuple[SchemaStep, ...] = ()
        for place, each in enumerate(own[start:]):
            together += each.steps
            if together == steps:
                yield each, place == 0
            if len(together) >= len(steps):
                break


def _title(name: str) -> str:
    """The name of a migration without its app and number."""
    return name.partition(".")[2].lstrip("0123456789_")


def _node(name: str) -> Node:
    label, _, migration = name.partition(".")
    return label, migration

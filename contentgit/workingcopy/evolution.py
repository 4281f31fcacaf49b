"""What happened to a dump's schema since a commit: the code's migrations, and a commit read through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import (
    NO_STANDING,
    Conversion,
    Migration,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RetypedField,
    SchemaChange,
    Standing,
)
from contentgit.content.layout import DATASET_FILE, model_folder, of_models
from contentgit.content.lenses import NOTHING, Lens, NewerModel
from contentgit.content.unlike import departed
from contentgit.db.introspect import has_field, outside_names, schema
from contentgit.errors import FormatError, RefusedError
from contentgit.history.dumps import recorded_schema, recorded_standing
from contentgit.history.lenses import Seen, View, seen_through
from contentgit.history.snapshots import CommitSide, batches
from contentgit.render.schema import step_words
from contentgit.workingcopy.standing import bridged, dump_standing

if TYPE_CHECKING:
    from contentgit.content.schema import ModelSchema
    from contentgit.db.evolution import CodeStanding
    from contentgit.git import Repository
    from contentgit.workingcopy.project import Dump, Project


class _Lacking(NamedTuple):
    """A model or field (else ``""``) that the code lacks, as the commit has it; ``name`` is the newer one."""

    model: str
    field: str
    name: str


@dataclass(frozen=True)
class Evolution:
    """A dump's schema in the code, as what became of that in ``commit`` (``""``: there is none).

    ``recorded`` are the models there, and ``standing`` is where the code stood. ``missing`` in ``code`` are
    migrations that the code lacks.
    """

    repository: Repository
    dump: Dump
    commit: str
    recorded: Mapping[str, ModelSchema]
    standing: Standing
    code: CodeStanding

    @classmethod
    def since(
        cls, project: Project, dump: Dump, commit: str, *, damaged: bool = False
    ) -> Evolution:
        """What happened since the commit. With ``damaged``, a damaged ``dataset.json`` says nothing.

        Raises:
            FormatError: the commit's ``dataset.json`` is damaged.
            ConfigurationError: the project's migrations cannot be loaded.
        """
        repository = project.repository
        recorded: Mapping[str, ModelSchema] = {}
        standing = NO_STANDING
        try:
            if commit:
                recorded = recorded_schema(repository, commit, dump.folder)
                standing = recorded_standing(repository, commit, dump.folder)
        except FormatError:
            if not damaged:
                raise
        code = dump_standing(project, dump, standing)
        if code.cut:
            code = bridged(project, dump, commit, standing) or code
        return cls(repository, dump, commit, recorded, standing, code)

    @cached_property
    def models(self) -> Mapping[str, ModelSchema]:
        """The models as the code has them."""
        return schema(self.dump.tables).models

    @cached_property
    def document(self) -> bytes:
        """``dataset.json`` as the code gives it."""
        names = outside_names(self.dump.tables, self.dump.reader.identities)
        made = schema(self.dump.tables)
        found = schema_document(self.dump.dataset, made, self.code.standing, names)
        return dump_document(found)

    @cached_property
    def migrations(self) -> tuple[Migration, ...]:
        """The migrations since the commit; none where nothing is recorded there."""
        return self.code.standing.since(self.standing) or ()

    @property
    def is_newer(self) -> bool:
        """Whether the commit's records are to be read through a lens."""
        return any(each.steps for each in self.migrations)

    @cached_property
    def seen(self) -> Seen:
        """The commit's dump as the code has it, see :func:`contentgit.history.lenses.seen_through`."""
        if not self.is_newer:
            return Seen(self.commit)
        view = View(self.migrations, self.models, self.document)
        return seen_through(self.repository, self.commit, self.dump.folder, view)

    @property
    def side(self) -> CommitSide:
        """The snapshot of the dump in the commit, as the code has it."""
        return CommitSide(self.repository, self.seen.tree, self.dump.folder)

    def expect_copies(self) -> None:
        """Tell the identities which records the commit has, where the dump is seen as a copy."""
        if self.dump.copied and self.commit:
            was = self.side._replace(commit=self.commit)
            keys = self.side.keys(self.side.ids())
            self.dump.reader.identities.expect(keys, was.keys(was.ids()))

    @property
    def schema_change(self) -> SchemaChange | None:
        """What happened to the schema; ``None`` if nothing did."""
        left_out = {**self.left_out, **self.excluded}
        migrations = self.migrations if self.is_newer else ()
        # That a copy has other names says nothing of the schema.
        migrations = tuple(each for each in migrations if each.naming not in self.dump.copied)
        if not any(each.steps for each in migrations) and not left_out and not self._unrecorded:
            return None
        went = departed(self.models, self.newer_steps)
        names = sorted(
            f"{label}.{name}" for label, found in self._unrecorded.items() for name in found
        )
        return SchemaChange(
            self.dump.folder,
            migrations,
            self.seen.lost,
            left_out=tuple(sorted(left_out.items())),
            unrecorded=tuple(name for name in names if name not in went),
            went=tuple((name, went[name]) for name in names if name in went),
        )

    @cached_property
    def left_out(self) -> Mapping[str, int]:
        """How many records the commit has of models that the code's dataset does not have.

        Raises:
            FormatError: it has something where contentgit writes no record.
        """
        folder, trees = self.dump.folder, self.repository.trees
        tree = trees.folder_id(self.seen.tree, folder) if self.commit else None
        names = trees.folders(tree) if tree else ()
        known = {model_folder("", label).strip("/") for label in self.dump.tables}
        if known.issuperset(names):
            return {}
        ids = self.side.ids()
        own = of_models(self.dump.tables.keys(), ids)
        others = {path: blob for path, blob in ids.items() if path not in own}
        return Counter(key.model for key in self.side.keys(others))

    @cached_property
    def _lens(self) -> Lens:
        return Lens(self.recorded, self.migrations, newer=self.models)

    @property
    def opaque(self) -> Sequence[tuple[str, OpaqueStep]]:
        """The operations since the commit of which nothing is known, each with its migration."""
        return self._lens.opaque

    @cached_property
    def newer_steps(self) -> tuple[Migration, ...]:
        """The migrations that were there in the commit, and that the code does not have."""
        return self.standing.beyond(self.code.standing)

    def newer(self, label: str) -> NewerModel | None:
        """What became of a model of the commit and of its fields; ``None`` if it is gone, or not known."""
        return self._lens.newer(label)

    @property
    def not_here(self) -> tuple[tuple[str, str], ...]:
        """Models and fields that an apply leaves out, as the commit names them; ``""`` is all fields."""
        was = {newer.label: label for label in self.recorded if (newer := self.newer(label))}
        fields = (each for each in self._lacking if each.field)
        return (
            *((was.get(label, label), "") for label in sorted(self.left_out)),
            *((each.model, each.field) for each in fields),
        )

    @property
    def added(self) -> Mapping[str, frozenset[str]]:
        """The fields by model of which the commit knows nothing, as they came later."""
        return self._lens.added

    @property
    def unsaid(self) -> Mapping[str, frozenset[str]]:
        """The fields by model of which the commit may not say what the database has in them."""
        none = frozenset[str]()
        both = self._lens.unsaid, self._unrecorded
        return {label: both[0].get(label, none) | both[1].get(label, none) for label in self.models}

    @cached_property
    def _unrecorded(self) -> Mapping[str, frozenset[str]]:
        """The fields by model that the commit does not have, and that no known migration added since."""
        found = {}
        for label, model in self.models.items():
            known = self._lens.fields(label)
            if known is not None and (names := model.by_name.keys() - known):
                found[label] = frozenset(names)
        return found

    def recording(self, goal: str) -> str:
        """The first commit on the way to ``goal`` that holds what only the code of migrations since knows.

        ``""`` where there is none, or nothing that only their code knows.
        """
        lens, found = self._lens, ""
        names = {migration for migration, _ in lens.opaque}
        if any(lens.unsaid.values()):
            names |= {each.name for each in self.migrations}
        if names and self.commit:
            path = f"{self.dump.folder}/{DATASET_FILE}"
            for commit in self.repository.history.log(f"{self.commit}..{goal}", paths=[path]):
                with suppress(FormatError):
                    standing = recorded_standing(self.repository, commit.id, self.dump.folder)
                    found = commit.id if names <= standing.names else found
        return found

    @property
    def dropped(self) -> tuple[str, ...]:
        """The models and fields of the commit that the code lacks, and that no migration of it removed."""
        return tuple(each.name for each in self._lacking)

    @property
    def dropped_fields(self) -> tuple[tuple[str, str], ...]:
        """Those of them that are fields of models which the code has: model and field."""
        names = (each.name.rpartition(".") for each in self._lacking if each.field)
        return tuple((label, name) for label, _, name in names)

    @cached_property
    def excluded(self) -> Mapping[str, int]:
        """The fields of the commit that the code has and the dataset does not, where records have a value.

        Without those that a library for trees computes from what records have in their place.
        """
        names: dict[str, list[str]] = {}
        for label, model in self.recorded.items():
            newer = self._lens.newer(label)
            table = self.dump.tables.get(newer.label) if newer else None
            if newer is None or table is None:
                continue
            here = filter(None, (newer.fields.get(each.name) for each in model.fields))
            known = {*table.schema.by_name, *(table.tree.numbering.columns if table.tree else ())}
            gone = [name for name in here if name not in known]
            names[newer.label] = [name for name in gone if has_field(newer.label, name)]
        names = {label: found for label, found in names.items() if found}
        found: Counter[str] = Counter()
        ids = of_models(names, self.side.ids()) if names else {}
        for batch in batches(ids.items()):
            for record in filter(None, self.side.records(batch)):
                label = record.key.model
                held = (name for name in names[label] if record.fields.get(name) not in NOTHING)
                found.update(f"{label}.{name}" for name in held)
        return found

    @cached_property
    def _lacking(self) -> tuple[_Lacking, ...]:
        found = []
        for label, model in self.recorded.items():
            newer = self._lens.newer(label)
            if newer is None:
                continue
            table = self.dump.tables.get(newer.label)
            if table is None and not has_field(newer.label, ""):
                found.append(_Lacking(label, "", label))
            elif table is not None:
                names = ((each.name, newer.fields.get(each.name)) for each in model.fields)
                known = table.schema.by_name
                found += [
                    _Lacking(label, was, f"{newer.label}.{name}")
                    for was, name in names
                    if name and name not in known and not has_field(newer.label, name)
                ]
        return tuple(found)

    @cached_property
    def lacking(self) -> tuple[str, ...]:
        """The migrations of the commit that this code does not have, as they follow each other."""
        if not self.code.missing:
            return ()
        found = [each.name for each in self.newer_steps]
        return tuple(dict.fromkeys([*found, *self.code.missing]))

    @cached_property
    def ahead(self) -> tuple[str, ...]:
        """What migrations of newer code took out of the commit or changed there, a line each."""
        return tuple(
            f"{step_words(step)} ({migration.name})"
            for migration in self.newer_steps
            for step in migration.steps
            if isinstance(step, RemovedField | RemovedModel | RetypedField)
            and step.model in self.dump.tables
            and not (isinstance(step, RetypedField) and step.conversion is Conversion.SAME)
        )

    def refuse_code_ahead(self) -> None:
        """Refuses what would run code of migrations a second time, once this code has them.

        Raises:
            RefusedError: the content comes from behind code of migrations that this code does not have.
        """
        ahead = self.newer_steps
        names = [
            one.name for one in ahead if any(isinstance(each, OpaqueStep) for each in one.steps)
        ]
        self._refuse_other_names([one.naming for one in ahead if one.naming])
        if names:
            raise RefusedError(
                f"commit {self.commit[:10]} was made by newer code: this code lacks migrations of "
                f"{self.dump.dataset.label} that changed its content by code or SQL",
                items=names,
                hint="deploy the code that has them, and migrate; they would run once more on this content",
                data={"missing": names},
            )

    def _refuse_other_names(self, labels: Sequence[str]) -> None:
        """Refuses to read keys that the code takes for others.

        Raises:
            RefusedError: the commit names rows by UUIDs, and the code does not.
        """
        if labels:
            raise RefusedError(
                f"commit {self.commit[:10]} names rows of {self.dump.dataset.label} by UUIDs, and this code "
                "does not",
                items=labels,
                hint='deploy the code whose specs say "identity": "uuid" for them; what has such names '
                "keeps them",
                data={"uuid": list(labels)},
            )

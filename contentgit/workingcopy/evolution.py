"""What happened to a dump's schema since a commit: the code's migrations, and a commit read through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import Migration
from contentgit.content.lenses import Lens
from contentgit.content.schema import ModelSchema
from contentgit.db.evolution import CodeStanding, code_standing
from contentgit.db.introspect import has_field, schema
from contentgit.errors import RefusedError
from contentgit.git import Repository
from contentgit.history.dumps import recorded_schema, recorded_standing
from contentgit.history.lenses import Seen, View, seen_through
from contentgit.workingcopy.project import Dump, Project


@dataclass(frozen=True)
class Evolution:
    """A dump's schema in the code, as what became of that in ``commit`` (``""``: there is none).

    ``missing`` in ``code`` are migrations that the code lacks.
    """

    repository: Repository
    dump: Dump
    commit: str
    code: CodeStanding

    @classmethod
    def since(cls, project: Project, dump: Dump, commit: str) -> Evolution:
        """What happened since the commit.

        Raises:
            FormatError: the commit's ``dataset.json`` is damaged.
            ConfigurationError: the project's migrations cannot be loaded.
        """
        repository = project.repository
        recorded = recorded_standing(repository, commit, dump.folder) if commit else None
        own = {*dump.tables}
        referred = {
            label
            for table in dump.tables.values()
            for label in (*table.schema.parents, *(each.target for each in table.schema.fields))
            if label
        }
        code = code_standing(own, referred - own, recorded, project.using)
        return cls(repository, dump, commit, code)

    @cached_property
    def models(self) -> Mapping[str, ModelSchema]:
        """The models as the code has them."""
        return schema(self.dump.tables).models

    @cached_property
    def document(self) -> bytes:
        """``dataset.json`` as the code gives it."""
        found = schema_document(self.dump.dataset, schema(self.dump.tables), self.code.standing)
        return dump_document(found)

    @cached_property
    def migrations(self) -> tuple[Migration, ...]:
        """The migrations since the commit; none where nothing is recorded there."""
        if not self.commit:
            return ()
        recorded = recorded_standing(self.repository, self.commit, self.dump.folder)
        return self.code.standing.since(recorded) or ()

    @property
    def is_newer(self) -> bool:
        """Whether the commit's records are to be read through a lens."""
        return any(each.steps for each in self.migrations)

    def seen(self, *, fill: bool) -> Seen:
        """The commit's dump as the code has it, see :func:`contentgit.history.lenses.seen_through`."""
        if not self.is_newer:
            return Seen(self.commit)
        view = View(self.migrations, self.models, self.document, fill)
        return seen_through(self.repository, self.commit, self.dump.folder, view)

    @cached_property
    def dropped(self) -> tuple[str, ...]:
        """The models and fields of the commit that the code lacks, and that no migration of it removed."""
        recorded = recorded_schema(self.repository, self.commit, self.dump.folder)
        lens = Lens(recorded, self.migrations)
        found = []
        for label, model in recorded.items():
            newer = lens.newer(label)
            if newer is None:
                continue
            table = self.dump.tables.get(newer.label)
            if table is None and not has_field(newer.label, ""):
                found.append(label)
            elif table is not None:
                names = (newer.fields.get(each.name) for each in model.fields)
                known = table.schema.by_name
                found += [
                    f"{newer.label}.{name}"
                    for name in names
                    if name and name not in known and not has_field(newer.label, name)
                ]
        return tuple(found)

    def refuse_dropping(self) -> None:
        """Refuses to write a commit without what the code lacks.

        Raises:
            RefusedError: the code lacks something that the commit has.
        """
        if not self.commit or not self.dropped:
            return
        missing = ", ".join(self.code.missing)
        lacks = f"; the code lacks the migrations {missing}" if missing else ""
        raise RefusedError(
            f"commit {self.commit[:10]} has {len(self.dropped)} models and fields in "
            f"{self.dump.dataset.label} that this code does not have{lacks}",
            items=self.dropped,
            hint="deploy the code that has them, then commit\n"
            "contentgit commit --drop-fields  (commits without them)",
            data={"dropped": list(self.dropped), "missing": list(self.code.missing)},
        )

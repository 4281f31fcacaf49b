"""What a verb works on: a repository, the project's datasets, and one database of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from django.db import transaction

from contentgit import config, startup
from contentgit.config import Config
from contentgit.content.layout import dump_folder, dump_name, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.datasets import (
    DatasetDefinition,
    identities,
    load_datasets,
    parse_dump_argument,
)
from contentgit.db.backends import Backend, LockWait, backend
from contentgit.db.carrying import Carrier
from contentgit.db.copying import as_copied, copied_models
from contentgit.db.evolution import ProjectMigrations, project_migrations
from contentgit.db.failures import translated
from contentgit.db.identity import Identities
from contentgit.db.introspect import table, tables
from contentgit.db.reader import Reader
from contentgit.db.tables import Table, Tables
from contentgit.db.trees import numbering_of
from contentgit.errors import ConfigurationError, ContentgitError, DatabaseError, UnknownNameError
from contentgit.git import Repository, finish_moves
from contentgit.specs import Dataset
from contentgit.storages import Files
from contentgit.storages.cache import Cache

if TYPE_CHECKING:
    from contentgit.db.tracking.log import Tracking

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and of how many (``None``: not known)."""


Notice: TypeAlias = Callable[[str], None]
"""Called with a line that says why nothing happens for a while."""


def no_progress(_what: str, _done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


def no_notice(_text: str) -> None:
    """Notices that nobody reads."""


class Operator(NamedTuple):
    """Who calls, and when; handed in, so that the library reads neither clock nor environment."""

    name: str
    now: datetime


@dataclass(frozen=True)
class Dump:
    """One dump of the project bound to a database: its folder, its tables, its reader.

    ``copied`` are the labels of the models whose rows are copies, where the dump is seen as one.
    """

    dataset: Dataset
    folder: str
    tables: Tables
    reader: Reader
    copied: frozenset[str] = frozenset()

    def path(self, key: RecordKey) -> str:
        """Where the record lies in the dump's folder; ``""`` where the dump does not have its model."""
        table = self.tables.get(key.model)
        return record_path(key, table.schema.layout) if table else ""


class Copy(NamedTuple):
    """The dump in ``folder`` seen as a copy: rows of its own, beside those that have the keys of its records.

    ``kind`` is ``"as-new"`` for a copy of all models, ``"save_as_new"`` for one of those whose specs say so.
    """

    folder: str
    kind: str


_COPY_NAME: Final = re.compile(
    r"([a-z_]\w*\.[a-z_]\w*):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)

AS_NEW: Final = "as-new"
BY_SPEC: Final = "save_as_new"

NamesBefore: TypeAlias = Callable[
    ["Project", str, AbstractSet[str], bool], Callable[[Any], str | None]
]
"""See :class:`contentgit.workingcopy.earlier.EarlierNames`."""

EarlierRecords: TypeAlias = Callable[
    ["Project", str, Sequence[RecordKey]], Mapping[RecordKey, Record]
]
"""See :class:`contentgit.workingcopy.earlier.AppliedRecords`."""


@dataclass
class Project:
    """A project's datasets, its repository, and the database ``using`` seen through them.

    Nothing is read before it is asked for. ``progress`` is told about long work, ``notice`` what is waited
    for; ``wait`` is for how many seconds at most, where another apply holds the database. ``opened`` is
    called with the repository when it is opened. ``schemas`` keeps what
    :mod:`contentgit.workingcopy.places` has found out. ``earlier_names`` is asked for the UUIDs of rows that
    had another name before, ``earlier_records`` for the records of rows as they were applied.
    With ``copy`` the database is seen as that copy alone, one of the ``views`` of ``origin``, which sees it
    apart from copies. ``tracked`` is what :mod:`contentgit.workingcopy.tracking` has read of the database.
    """

    config: Config
    using: str
    operator: Operator
    progress: Progress = no_progress
    repository_path: Path | None = None
    wait: float = 0
    notice: Notice = no_notice
    opened: Callable[[Repository], object] = finish_moves
    schemas: dict[str, Sequence[str]] = field(default_factory=dict)
    earlier_names: NamesBefore | None = None
    earlier_records: EarlierRecords = lambda _project, _folder, _keys: {}
    copy: Copy | None = None
    origin: Project | None = None
    views: list[Project] = field(default_factory=list)
    tracked: Sequence[Tracking] | None = None

    @cached_property
    def repository(self) -> Repository:
        """The repository named in the call, else the settings' own.

        Raises:
            ConfigurationError: none is named.
            RepositoryError: there is none.
        """
        path = self.repository_path or self.config.repository
        if path is None:
            raise ConfigurationError(
                'no repository is configured: CONTENTGIT["REPOSITORY"] is not set',
                hint='write CONTENTGIT = {"REPOSITORY": "content", ...} into the settings, '
                "or use --repository PATH",
            )
        repository = Repository.open(path)
        self.opened(repository)
        return repository

    @cached_property
    def definitions(self) -> Mapping[str, DatasetDefinition]:
        """The datasets that the project's code defines, by name.

        Raises:
            ConfigurationError: no datasets are configured, or they cannot be imported.
        """
        if not self.config.datasets:
            raise ConfigurationError(
                'no datasets are configured: CONTENTGIT["DATASETS"] is not set',
                hint='write CONTENTGIT = {"REPOSITORY": "content", '
                '"DATASETS": "app.datasets.datasets"} into the settings',
            )
        return load_datasets(self.config.datasets, self.config.identities)

    @cached_property
    def backend(self) -> Backend:
        """The database's own ways."""
        return backend(self.using)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Every database exception of the body becomes an error that says why, where the database tells."""
        try:
            with translated(f"database {self.using!r}"):
                yield
        except DatabaseError as error:
            raise self.backend.explained(error) from error

    @cached_property
    def search_path(self) -> Sequence[str]:
        """:meth:`Backend.search_path` of the session."""
        return self.backend.search_path()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """:meth:`Backend.snapshot`; rows that were seen for the first time then keep their names.

        Where the database takes no writes of this user, the next call gives them others.
        """
        self.tracked = None
        with self.backend.snapshot():
            yield
        with suppress(ContentgitError):
            self.save_names()

    def save_names(self) -> None:
        """Write the UUIDs of rows that have none yet, in a transaction.

        Raises:
            DatabaseError: the database refuses.
        """
        read = (each.identities for each in self._every if "identities" in each.__dict__)
        # A copy shares those of rows that it does not copy.
        unsaved = {id(keys): keys for identities in read for keys in identities.unsaved}.values()
        if unsaved:
            with self.errors(), transaction.atomic(using=self.using):
                for keys in unsaved:
                    keys.save()
            for keys in unsaved:
                keys.saved()

    @property
    def _every(self) -> list[Project]:
        """The database seen apart from copies, and as each copy that this call sees."""
        origin = self.origin or self
        return [origin, *origin.views]

    def exclusive(self) -> AbstractContextManager[None]:
        """:meth:`Backend.exclusive`, which waits for the lock as long as the call may."""
        return self.backend.exclusive(LockWait(self.wait, self.notice))

    @cached_property
    def identities(self) -> Identities:
        """Record keys to primary keys of this database and back."""
        chosen = identities(self.definitions, self.config.identities)
        if self.copy and self.origin:
            own = self.origin.identities
            (dataset,) = self.datasets([])
            copied = copied_models(dataset, *self.copy, own)
            return Identities(self.using, chosen, copies=copied, own=own)
        names = self.earlier_names
        return Identities(self.using, chosen, names=partial(names, self) if names else None)

    @cached_property
    def carrier(self) -> Carrier:
        """The files that travel with rows of this database."""
        from contentgit.db.stored_files import alone, renamed  # its table is a model's

        cache = Cache(self.repository.git_dir / "contentgit" / "files.sqlite3")
        return Carrier(self.using, Files(cache, self.operator.now, self.progress), renamed, alone)

    @property
    def lacking_files(self) -> tuple[str, ...]:
        """The files that rows name which were read, and that their storages do not have."""
        known = [self.carrier.lacking] if "carrier" in self.__dict__ else []
        names = {name for lacking in known for _, name in lacking}
        return tuple(sorted(names.union(*(each.lacking_files for each in self.views))))

    def seen_as(self, copy: Copy) -> Project:
        """The same database, seen as a copy."""
        origin = self.origin or self
        made = replace(self, copy=copy, schemas={}, origin=origin, views=[], tracked=None)
        origin.views.append(made)
        same = {
            "repository",
            "definitions",
            "backend",
            "migrations",
            "carrier",
        } & self.__dict__.keys()
        made.__dict__.update({name: self.__dict__[name] for name in same})
        return made

    def shown(self, text: str) -> str:
        """A text with the keys of the repository for records of the copy, and other rows' own keys."""

        def own(match: re.Match[str]) -> str:
            found = self.identities.origin(match[1], match[2])
            if found is None:
                return match[0]
            return f"{match[1]}:{found[0]}{'' if found[1] else ' (not of the copy)'}"

        return _COPY_NAME.sub(own, text) if self.copy else text

    def shown_key(self, key: RecordKey) -> RecordKey:
        """The key as :meth:`shown` writes it."""
        return RecordKey(key.model, self.shown(str(key)).partition(":")[2])

    def forget_rows(self) -> None:
        """Forgets what was read of the database, before it is read again."""
        for each in self._every:
            each.__dict__.pop("identities", None)
            each.tracked = None

    def datasets(self, names: Sequence[str], also: Sequence[str] = ()) -> list[Dataset]:
        """The dumps called ``names``, each behind those it depends on.

        Without names: the datasets that need no arguments, and the dumps in the folders ``also`` which
        the code still defines.

        Raises:
            UnknownNameError: the code defines no such dataset.
            ConfigurationError: a dataset's specs are wrong.
        """
        found: dict[str, Dataset] = {}
        if self.copy:  # without what it depends on
            name, arguments = dump_name(self.copy.folder)
            return [self.definitions[name].dump(arguments)]
        for name, arguments in self._wanted(names, also):
            self._add(name, arguments, found)
        return list(found.values())

    def _wanted(self, names: Sequence[str], also: Sequence[str]) -> list[tuple[str, str]]:
        if names:
            return [parse_dump_argument(name) for name in names]
        known = [dump_name(folder) for folder in also]
        definitions = self.definitions.items()
        own = [(name, "") for name, definition in definitions if not definition.needs_arguments]
        return own + [(name, given) for name, given in known if given and name in self.definitions]

    def _add(self, name: str, arguments: str, found: dict[str, Dataset]) -> None:
        if name not in self.definitions:
            raise UnknownNameError(
                f"there is no dataset {name!r}",
                hint=f"datasets of this project: {', '.join(sorted(self.definitions)) or 'none'}",
            )
        dataset = self.definitions[name].dump(arguments)
        if dataset.label in found:
            return
        for needed in dataset.depends_on:
            self._add(*parse_dump_argument(needed), found)
        found[dataset.label] = dataset

    @cached_property
    def _trees(self) -> set[str]:
        return set()

    def bind(self, dataset: Dataset) -> Dump:
        """The dataset's models bound to the tables of this database."""
        copied = self.identities.copies & {*dataset.models}
        dataset = as_copied(dataset, copied) if copied else dataset
        carrier = self.carrier if any(each.files == "carry" for each in dataset.specs) else None
        bound = tables(dataset, self.identities, self.using, carrier)
        self._trees.update(label for label, each in bound.items() if each.tree is not None)
        folder = dump_folder(dataset.name, dataset.arguments)
        before = partial(self.earlier_records, self, folder)
        reader = Reader(self.using, dataset, bound, self.identities, before)
        return Dump(dataset, folder, bound, reader, copied)

    @cached_property
    def migrations(self) -> ProjectMigrations:
        """The project's migrations.

        Raises:
            ConfigurationError: they cannot be loaded.
        """
        return project_migrations()

    def table(self, label: str) -> Table:
        """The table of a model outside of any dump; as a tree, where a dump so far has it as one."""
        numbering = numbering_of(self.identities.model(label)) if label in self._trees else None
        return table(label, self.identities, self.using, tree=numbering)

    def dumps(self, names: Sequence[str], also: Sequence[str] = ()) -> list[Dump]:
        """:meth:`datasets`, bound to this database."""
        return [self.bind(dataset) for dataset in self.datasets(names, also)]


def all_tables(dumps: Sequence[Dump]) -> dict[str, Table]:
    """The tables of all dumps by model label."""
    return {label: table for dump in dumps for label, table in dump.tables.items()}


def defines(dump: str) -> bool:
    """Whether the code of the project that is started has a dataset for ``dump``."""
    if not startup.has_started():
        return False
    with suppress(ContentgitError):
        return parse_dump_argument(dump)[0] in load_datasets(config.read().datasets or "")
    return False

"""What is remembered of carried files in storages, and whether rows name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.apps import apps
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import F, FileField, QuerySet
from django.db.models.functions import Lower

from contentgit.content.portions import batches
from contentgit.content.records import CarriedFile
from contentgit.db.failures import translated
from contentgit.db.own_tables import migrating
from contentgit.db.queries import table_test
from contentgit.errors import DatabaseError
from contentgit.models import StoredFile
from contentgit.storages import storage_key

_CHUNK = 200
State = StoredFile.State


def check_table(using: str) -> None:
    """Refuse to go on without the table.

    Raises:
        DatabaseError: it is not there.
    """
    table = StoredFile._meta.db_table
    if not table_test(using)(table):
        raise DatabaseError(
            f"database {using!r} has no table {table}, which carried files need",
            hint=migrating(using),
        )


def remember(using: str, state: str, files: Iterable[tuple[str, str, CarriedFile]]) -> None:
    """Write down files, each as field, name in the storage, and what it is.

    Raises (as all functions here):
        DatabaseError: the database refuses.
    """
    rows = [
        StoredFile(
            field=field,
            name=name,
            recorded=file.name,
            sha256=file.sha256,
            size=file.size,
            state=state,
        )
        for field, name, file in files
    ]
    with translated(f"database {using!r}"), transaction.atomic(using=using):
        StoredFile._base_manager.using(using).bulk_create(rows, batch_size=_CHUNK)


def forget(using: str, rows: Sequence[StoredFile]) -> None:
    """Delete what was written down."""
    with translated(f"database {using!r}"):
        for some in batches([row.id for row in rows], _CHUNK):
            _rows(using).filter(id__in=some).delete()


def keep(using: str, rows: Sequence[StoredFile]) -> None:
    """Forget files that rows name still, but for the names that records have."""
    renamed = [row for row in rows if row.recorded != row.name]
    forget(using, [row for row in rows if row.recorded == row.name])
    with translated(f"database {using!r}"):
        for some in batches([row.id for row in renamed], _CHUNK):
            _rows(using).filter(id__in=some).update(state=State.NAMED)


def open_files(using: str) -> list[StoredFile]:
    """The files that may be in nobody's use: brought for an apply, or left by one."""
    if not table_test(using)(StoredFile._meta.db_table):
        return []
    with translated(f"database {using!r}"):
        return list(_rows(using).exclude(state=State.NAMED))


def renamed(using: str) -> dict[tuple[str, str], str]:
    """The names that records have, by field and the name in the storage, where these differ."""
    if not table_test(using)(StoredFile._meta.db_table):
        return {}
    with translated(f"database {using!r}"):
        others = _rows(using).exclude(recorded=F("name"))
        return {(row.field, row.name): row.recorded for row in others}


def alone(using: str) -> dict[str, set[str]]:
    """The names of files, by field, of which a record that was applied has the name alone."""
    found: dict[str, set[str]] = {}
    if table_test(using)(StoredFile._meta.db_table):
        with translated(f"database {using!r}"):
            for row in _rows(using).filter(state=State.NAMED, sha256=""):
                found.setdefault(row.field, set()).add(row.name)
    return found


def settle(
    using: str,
    here: Iterable[tuple[str, str, CarriedFile]],
    left: Iterable[tuple[str, str, CarriedFile]],
    alone: Iterable[tuple[str, str]] = (),
) -> None:
    """Write down, in the apply's transaction, which files rows name by now and which they left.

    Each is a field, the name in the storage, and what the file is. Of those ``alone`` only the name is known.
    """
    named, gone, bare = {each[:2]: each for each in here}, [*left], {*alone}
    settled = {*named, *(each[:2] for each in gone), *bare}
    forget(using, [row for row in _rows(using) if (row.field, row.name) in settled])
    unknown = ((field, name, CarriedFile(name, "", 0)) for field, name in sorted(bare))
    remember(using, State.NAMED, unknown)
    remember(using, State.NAMED, (each for each in named.values() if each[1] != each[2].name))
    remember(using, State.LEFT, gone)


def _rows(using: str) -> QuerySet[StoredFile]:
    return StoredFile._base_manager.using(using).order_by("id")


def storage_of(field: str) -> Storage | None:
    """The storage of ``"app.model.field"``; ``None`` if the code has no such field for files."""
    label, _, name = field.rpartition(".")
    try:
        found = apps.get_model(label)._meta.get_field(name)
    except (LookupError, ValueError):
        return None
    return found.storage if isinstance(found, FileField) else None


def named(using: str, storage: Storage, names: Iterable[str]) -> set[str]:
    """Those of the names, in lower case, that a row of any model names in the storage.

    In lower case, since on some systems they are one file.
    """
    wanted, key = sorted({name.lower() for name in names}), storage_key(storage)
    found: set[str] = set()
    with translated(f"database {using!r}"):
        for field in _file_fields(using, key):
            rows = field.model._base_manager.using(using).annotate(
                contentgit_name=Lower(field.name)
            )
            for some in batches(wanted, _CHUNK):
                there = rows.filter(contentgit_name__in=some)
                found.update(map(str.lower, there.values_list("contentgit_name", flat=True)))
    return found


def _file_fields(using: str, key: str) -> Iterator[FileField]:
    exists = table_test(using)
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            if not isinstance(field, FileField) or storage_key(field.storage) != key:
                continue
            if not model._meta.proxy and exists(model._meta.db_table):
                yield field

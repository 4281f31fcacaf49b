"""The identity ``"uuid"``: rows named by UUIDs that a table of contentgit in the same database holds.

A row gets its UUID when it is first read, and keeps it as long as it is there, whatever becomes of its
content. What is only known here is written by :meth:`UuidKeys.save`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import Error, IntegrityError
from django.db.models import Count, F, Model, QuerySet

from contentgit.content.portions import batches
from contentgit.content.schema import UUID_NAME, KeyKind
from contentgit.content.uuids import EARLIER_KEY, first_pk, is_uuid_key, new_uuid
from contentgit.db.backends import backend
from contentgit.db.fields.values import itself
from contentgit.db.own_tables import migrating
from contentgit.db.queries import rows_of
from contentgit.db.tables import Column
from contentgit.errors import BusyError, ContentgitError, DatabaseError, RecordError

_TOGETHER: Final = 500
"""Entries that one statement names."""

_LABEL, _ROW, _UUID = (Column(name, name, itself) for name in ("label", "row", "uuid"))


@dataclass
class UuidKeys:
    """The key is a UUID that is held beside the rows; both ways are held in memory.

    ``label`` is that of the model whose table gives the primary keys. ``rows`` reads all of these, ``spell``
    writes one as text and ``parse`` reads that. ``names`` is called if there are rows, with all UUIDs that
    rows here have or had, and whether each row has one; it refuses where that cannot be right. What it
    returns gives rows without a UUID those that it knows.
    """

    using: str
    label: str
    rows: Callable[[], Iterable[Any]]
    spell: Callable[[Any], str]
    parse: Callable[[str], Any]
    names: Callable[[AbstractSet[str], bool], Callable[[Any], str | None]] | None = None
    _fresh: dict[str, str] = field(default_factory=dict)  # UUIDs of rows that no entry has yet
    _away: dict[Any, str] = field(default_factory=dict)  # UUIDs of rows as they were before
    _both: tuple[dict[Any, str], dict[str, Any]] | None = None
    _gone: set[str] = field(default_factory=set)  # UUIDs in entries whose rows are gone
    _former: dict[str, str | None] = field(default_factory=dict)  # rows that had these UUIDs
    _by_row: dict[str, str] | None = None  # the same the other way round
    _beyond: Any = None  # a primary key after which the database gives none that is kept for a row

    kind = KeyKind.TEXT
    fields: tuple[str, ...] = (UUID_NAME,)

    def text(self, pk: Any) -> str | None:
        """The UUID of the row with this primary key, or of the last one that had it."""
        found = self._loaded()[0].get(pk)
        return found if found is not None or not self._former else self._last.get(self.spell(pk))

    def pk(self, text: str) -> Any:
        """The primary key of the row with this UUID; that which it had, as long as no other row has it."""
        texts, pks = self._loaded()
        found = pks.get(text)
        was = self._former.get(text)
        if found is None and was is not None:
            former = self.parse(was)
            return None if former in texts else former
        return found

    def has(self, text: str) -> bool:
        """Whether a row of the database, in a dump or not, has this UUID."""
        return text in self._loaded()[1]

    def was(self, text: str) -> str | None:
        """The primary key, as text, of the row that had this UUID and is gone; ``None`` if none is known."""
        return None if text in self._loaded()[1] else self._former.get(text)

    @property
    def known(self) -> set[str]:
        """The UUIDs that the table has, those of rows that are gone among them."""
        rows = {*self._loaded()[0].values()} - {*self._fresh.values()}
        return rows | self._former.keys()

    @property
    def has_rows(self) -> bool:
        """Whether the database has a row of the model."""
        return bool(self._loaded()[0])

    def is_new(self, text: str) -> bool:
        """Whether the table does not have this UUID of a row yet."""
        return text in self._fresh.values()

    @property
    def gone(self) -> AbstractSet[str]:
        """The UUIDs of which the table has a row that is not there any more."""
        self._loaded()
        return self._gone

    @property
    def _last(self) -> Mapping[str, str]:
        """The UUIDs by primary key of rows that are gone."""
        if self._by_row is None:
            self._by_row = {row: text for text, row in self._former.items() if row is not None}
        return self._by_row

    def forget(self) -> None:
        """Forget the rows, which have changed. What is not there now may only be put away for a while."""
        if self._both is not None:
            self._away, self._both = self._both[0], None

    def see(self, *, anew: bool = False) -> None:
        """Learn which rows there are: some may be gone, and others new. With ``anew`` they are read again."""
        if anew:
            self._away, self._both = {}, None
        self._loaded()

    def learn(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Rows that are made for records: UUID and primary key of each."""
        texts, pks = self._loaded()
        for text, pk in pairs:
            before = pks.pop(text, None)
            if before is not None:  # a rehearsal that was taken back
                texts.pop(before, None)
                self._fresh.pop(self.spell(before), None)
            pks.pop(texts.get(pk, ""), None)
            texts[pk], pks[text] = text, pk
            self._fresh[self.spell(pk)] = text

    def lose(self, keys: Iterable[str]) -> None:
        """Rows that were deleted: their UUIDs."""
        texts, pks = self._loaded()
        for text in keys:
            pk = pks.pop(text, None)
            if texts.pop(pk, None) is not None:
                self._former[text] = self.spell(pk)
                self._by_row = None

    def keep(self, keys: Iterable[str]) -> None:
        """Keeps for rows that are to be made the primary keys that they had first, where these are free."""
        texts = self._loaded()[0]
        kept = []
        for text in keys:
            first = first_pk(text) if is_uuid_key(text) and self.pk(text) is None else None
            pk = None if first is None else self.parse(str(first))
            if pk is not None and pk not in texts:
                kept.append((text, pk))
                texts[pk] = text
        last = max((pk for _, pk in kept), default=0)
        if kept and last >= max(texts):
            self._beyond = self.parse(str(last + 1))
        self.learn(kept)

    def resume(self, text: str) -> bool:
        """Gives the row that is to be made for a record the primary key that it had, if that is free.

        Raises:
            RecordError: the key is no UUID.
        """
        if not is_uuid_key(text):
            raise RecordError(f"{self.label}:{text}: $key: this is not a UUID", hint=EARLIER_KEY)
        pk = self.pk(text)
        if pk is None:
            pk, self._beyond = self._beyond, None
        if pk is None:
            return False
        self.learn([(text, pk)])
        return True

    # What the table lacks

    @property
    def unsaved(self) -> bool:
        """Whether :meth:`save` has something to write."""
        return bool(self._fresh or self._gone)

    def save(self) -> None:
        """Write the UUIDs of new rows, and that rows are gone; inside of the caller's transaction.

        Whoever has committed that calls :meth:`saved`.

        Raises:
            BusyError: another call has named the same rows since they were read.
            DatabaseError: the database refuses.
        """
        entries = _entries(self.using, self.label)
        again = self._former.keys() & self._fresh.values()
        rows = ((self.label, row, text) for row, text in self._fresh.items())
        with _naming(self.using, self.label):
            for some in batches(sorted(self._gone - again), _TOGETHER):
                entries.filter(uuid__in=some).update(was=F("row"), row=None)
            for some in batches(sorted(again), _TOGETHER):
                entries.filter(uuid__in=some).delete()
            backend(self.using).insert(entries.model._meta.db_table, (_LABEL, _ROW, _UUID), rows)

    def saved(self) -> None:
        """The database has what :meth:`save` wrote."""
        self._fresh, self._gone = {}, set()

    # What is known

    def _loaded(self) -> tuple[dict[Any, str], dict[str, Any]]:
        if self._both is None:
            self._both = self._load()
        return self._both

    def _load(self) -> tuple[dict[Any, str], dict[str, Any]]:
        stored, self._former = _read(self.using, self.label)
        self._by_row = None
        known = {*stored.values(), *self._former, *self._fresh.values()}
        texts, fresh, unnamed = dict[Any, str](), dict[str, str](), list[tuple[Any, str]]()
        for pk in self.rows():
            row = self.spell(pk)
            if row in self._fresh:  # perhaps in place of one that is gone
                texts[pk] = fresh[row] = self._fresh[row]
            elif row in stored:
                texts[pk] = stored.pop(row)
            else:
                unnamed.append((pk, row))
        self._fresh = fresh
        self._gone = {*stored.values()}
        self._former |= {text: row for row, text in stored.items()}
        rows = texts or unnamed
        name = self.names(known, not unnamed) if self.names and rows else None
        texts |= self._named(unnamed, known, name)
        there = {*texts.values()}
        texts |= {
            pk: text for pk, text in self._away.items() if pk not in texts and text not in there
        }
        return texts, {text: pk for pk, text in texts.items()}

    def _named(
        self,
        unnamed: Sequence[tuple[Any, str]],
        known: AbstractSet[str],
        name: Callable[[Any], str | None] | None,
    ) -> Mapping[Any, str]:
        """UUIDs for rows that have none; ``known`` are those that rows here have or had."""
        found = {}
        for pk, row in unnamed:
            text = name(pk) if name else None
            if text is None or text in known:  # another row has it, or had it
                text = new_uuid(pk)
            found[pk] = self._fresh[row] = text
        return found


def count_names(using: str) -> dict[str, int]:
    """How many UUIDs the table has by model, also of rows that are gone: calls make these more, not fewer.

    Raises:
        DatabaseError: the database refuses.
    """
    entries = rows_of(apps.get_model("contentgit", "RowIdentity"), using)
    try:
        return dict(entries.values_list("label").annotate(Count("id")))
    except Error as error:
        raise _refusal(using, error) from error


def rows_named(using: str, label: str, rows: Iterable[str]) -> Iterator[str]:
    """Those of the primary keys, as text, to which the table gives a UUID under the label.

    Raises:
        DatabaseError: the database refuses.
    """
    try:
        for some in batches(sorted(rows), _TOGETHER):
            yield from _entries(using, label).filter(row__in=some).values_list("row", flat=True)
    except Error as error:
        raise _refusal(using, error) from error


def rename_rows(
    using: str,
    label: str,
    names: Mapping[str, str],
    *,
    gone: Iterable[str] = (),
    retired: Iterable[str] = (),
    forgotten: Iterable[str] = (),
) -> None:
    """Give rows other UUIDs, inside of the caller's transaction; whoever has read the names forgets them.

    ``names`` has them by primary key, as text. ``gone`` are UUIDs of records without a row, ``retired`` UUIDs
    whose rows are not there any more, ``forgotten`` primary keys of rows that lose theirs.

    Raises:
        BusyError: another call has named the same rows meanwhile.
        DatabaseError: the database refuses.
    """
    entries, gone = _entries(using, label), sorted(gone)
    table = entries.model._meta.db_table
    with _naming(using, label):
        for rows in batches(sorted({*names, *forgotten}), _TOGETHER):
            entries.filter(row__in=rows).delete()
        for texts in batches(sorted({*names.values(), *gone}), _TOGETHER):
            entries.filter(uuid__in=texts).delete()
        for texts in batches(sorted(retired), _TOGETHER):
            entries.filter(uuid__in=texts, row__isnull=False).update(was=F("row"), row=None)
        pairs = [*names.items(), *((None, text) for text in gone)]
        rows_of_table = ((label, row, text) for row, text in pairs)
        backend(using).insert(table, (_LABEL, _ROW, _UUID), rows_of_table)


@contextmanager
def _naming(using: str, label: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise BusyError(
            f"another call has named new rows of {label} in database {using!r} meanwhile",
            hint="run the command again; nothing has changed",
        ) from error
    except Error as error:
        raise _refusal(using, error) from error


def _entries(using: str, label: str) -> QuerySet[Model]:
    # By name: this module is imported before the project's models are loaded, too.
    return rows_of(apps.get_model("contentgit", "RowIdentity"), using).filter(label=label)


def _read(using: str, label: str) -> tuple[dict[str, str], dict[str, str | None]]:
    """The UUIDs of a model's rows by primary key, and by UUID what primary keys rows had that are gone."""
    try:
        found = list(_entries(using, label).values_list("row", "uuid", "was"))
    except Error as error:
        raise _refusal(using, error) from error
    rows = {row: uuid for row, uuid, _ in found if row is not None}
    return rows, {uuid: was for row, uuid, was in found if row is None}


def _refusal(using: str, error: Error) -> ContentgitError:
    ways = backend(using)
    if ways.is_missing_table(error):
        return DatabaseError(
            f"the database {using!r} has no table of identities, which 'uuid' needs",
            hint=migrating(using),
        )
    return ways.failure(f"the identities of rows in database {using!r}", error)

"""Django's storages: the only user of them. What the files are that rows name; files are put and removed.

Of a storage only ``open``, ``save``, ``exists``, ``delete``, ``size`` and ``get_modified_time`` are used, and
files pass in pieces. A storage that is not a folder of this machine is asked by several threads at once.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import SpooledTemporaryFile
from threading import Thread
from time import monotonic
from typing import IO, Any, Final, NamedTuple, TypeVar

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.crypto import get_random_string
from django.utils.functional import LazyObject

from contentgit.errors import FormatError, StorageError
from contentgit.storages.cache import Cache, State

PIECE: Final = 1 << 20
"""Bytes of a file that are held at a time."""

_THREADS: Final = 8
_ASKED: Final = 10_000
"""Names of files that are asked for where the answer is only worth a line."""
_PATIENCE: Final = 10.0
"""Seconds that a storage which is not a folder has for that."""
_FRESH: Final = 2.0
"""Seconds within which a file may be written again without another time of its last change."""

T = TypeVar("T")
R = TypeVar("R")


class Held(NamedTuple):
    """What a storage has under a name: SHA-256 as hexadecimal digits, and the size in bytes."""

    sha256: str
    size: int


class Absent(NamedTuple):
    """The files that a storage does not have, by name; ``whole`` says whether it was asked for all."""

    names: tuple[str, ...] = ()
    whole: bool = True


def _no_progress(_what: str, _done: int, _total: int | None) -> None:
    pass


@dataclass
class Files:
    """The files in the project's storages, each read once for as long as it does not change.

    ``now`` is the moment of the call: a file that was written since, or just before, is read again next time.
    """

    cache: Cache = field(default_factory=Cache)
    now: datetime | None = None
    progress: Callable[[str, int, int | None], None] = _no_progress
    _trusted: dict[tuple[str, str], Held] = field(default_factory=dict)

    def trust(self, storage: Storage, name: str, held: Held) -> None:
        """A file was just put there."""
        self._trusted[storage_key(storage), name] = held

    def held(self, storage: Storage, names: Iterable[str]) -> Mapping[str, Held]:
        """What the storage has under each of the names; a name without a file is left out.

        Raises:
            StorageError: the storage cannot be asked, or a file changes whenever it is read.
        """
        wanted = list(dict.fromkeys(names))
        key = storage_key(storage)
        states = dict(self.each(storage, wanted, lambda name: (name, _state(storage, name))))
        there = {name: state for name, state in states.items() if state is not None}
        known = self.cache.known(key, there)
        put = {name: self._trusted.get((key, name)) for name in there}
        found = {name: one for name, one in put.items() if one and one.size == there[name].size}
        found |= {
            name: Held(known[name][1], state.size)
            for name, state in there.items()
            if state.moment and name in known and known[name][0] == state
        }
        unread = [name for name in there if name not in found]
        learned: dict[str, tuple[State, str]] = {}
        read = self.each(storage, unread, lambda name: (name, _read(storage, name, there[name])))
        for done, (name, (state, held)) in enumerate(read, 1):
            self.progress("reading files", done, len(unread))
            found[name] = held
            if self._is_settled(state):
                learned[name] = state, held.sha256
        self.cache.learn(key, learned)
        return found

    def _is_settled(self, state: State) -> bool:
        return bool(
            state.moment
            and self.now is not None
            and float(state.moment) < self.now.timestamp() - _FRESH
        )

    def each(self, storage: Storage, names: Sequence[T], work: Callable[[T], R]) -> Iterator[R]:
        """The work for each of the names, several at once where the storage is not a folder."""
        if len(names) < 2 or is_folder(storage):
            yield from map(work, names)
            return
        with ThreadPoolExecutor(_THREADS) as pool:
            yield from pool.map(work, names)


def absent(storage: Storage, names: Iterable[str]) -> Absent:
    """Those of the files that the storage does not have. What it does not answer in time is left out."""
    wanted, there = list(dict.fromkeys(names)), dict[str, bool]()
    asked = wanted[:_ASKED]
    if is_folder(storage):
        with suppress(StorageError):
            there.update((name, _exists(storage, name)) for name in asked)
    else:
        _ask_all(storage, deque(asked), there)
    known = dict(there)  # a thread that is late may add more
    lacking = tuple(name for name in asked if known.get(name) is False)
    return Absent(lacking, len(known) == len(wanted))


def _ask_all(storage: Storage, names: deque[str], there: dict[str, bool]) -> None:
    """Ask by several threads, which nobody waits for beyond some seconds: the storage may be down."""

    def ask() -> None:
        with suppress(IndexError):
            while True:
                name = names.popleft()
                try:
                    there[name] = _exists(storage, name)
                except StorageError:
                    names.clear()

    threads = [Thread(target=ask, daemon=True) for _ in range(min(_THREADS, len(names)))]
    for each in threads:
        each.start()
    end = monotonic() + _PATIENCE
    for each in threads:
        each.join(max(0.0, end - monotonic()))
    names.clear()


def _exists(storage: Storage, name: str) -> bool:
    with suppress(FileNotFoundError), asking(storage, name):
        return bool(storage.exists(name))
    return False


def storage_key(storage: Storage) -> str:
    """A text by which storages are told apart between calls; it holds no secret of theirs."""
    whole = _unwrapped(storage)
    folder = str(whole.base_location) if isinstance(whole, FileSystemStorage) else ""
    made: Any = getattr(whole, "_constructor_args", ((), {}))
    text = repr((type(whole).__module__, type(whole).__qualname__, folder, made))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def is_folder(storage: Storage) -> bool:
    """Whether the storage is a folder of this machine."""
    return isinstance(_unwrapped(storage), FileSystemStorage)


def _unwrapped(storage: Any) -> Any:
    """The storage behind ``default_storage`` and other lazy ones."""
    while isinstance(storage, LazyObject):
        bool(storage)  # sets it up
        storage = storage._wrapped  # type: ignore[attr-defined]
    return storage


def storage_name(storage: Storage) -> str:
    """How people are told which storage is meant."""
    whole = _unwrapped(storage)
    if isinstance(whole, FileSystemStorage):
        return str(whole.base_location)
    return type(whole).__name__


@contextmanager
def asking(storage: Storage, name: str) -> Iterator[None]:
    """Whatever the body raises says which storage and which file it was.

    Raises:
        StorageError: the body raised something else than our own errors or that there is no file.
    """
    try:
        yield
    except (StorageError, FileNotFoundError):
        raise
    except Exception as error:
        # Any: each storage has exceptions of its own.
        words = " ".join(str(error).split()) or type(error).__name__
        raise StorageError(
            f"the storage {storage_name(storage)} fails at {name!r}: {words[:300]}",
            hint="make the storage available, then run the command again",
        ) from error


def _state(storage: Storage, name: str) -> State | None:
    """Size and moment of a file; ``None`` if there is none."""
    with asking(storage, name):
        try:
            size = storage.size(name)
        except FileNotFoundError:
            return None
        except Exception:
            if storage.exists(name):
                raise
            return None
        try:
            moment = repr(storage.get_modified_time(name).timestamp())
        except FileNotFoundError:
            return None
        except NotImplementedError:
            moment = ""
        return State(size, moment)


def _read(storage: Storage, name: str, state: State) -> tuple[State, Held]:
    """The file's state and what it is; it must not change meanwhile."""
    for _ in range(2):
        try:
            with asking(storage, name), storage.open(name) as file:
                held = digest(file)
        except FileNotFoundError:
            break
        after = _state(storage, name)
        if after == state and held.size == state.size:
            return state, held
        if after is None:
            break
        state = after
    raise StorageError(
        f"{name!r} in {storage_name(storage)} changed while it was read",
        hint="run the command again when nobody writes the file",
    )


def digest(file: IO[bytes] | File[bytes]) -> Held:
    """What a file is, read in pieces."""
    found, size = hashlib.sha256(), 0
    while piece := file.read(PIECE):
        found.update(piece)
        size += len(piece)
    return Held(found.hexdigest(), size)


def pieces(storage: Storage, name: str, sha256: str, size: int) -> Iterator[bytes]:
    """The content of a file, which must be what is known of it.

    Raises:
        StorageError: it is not, or the storage cannot be read.
    """
    found, read = hashlib.sha256(), 0
    try:
        with asking(storage, name), storage.open(name) as file:
            while piece := file.read(PIECE):
                read += len(piece)
                if read > size:
                    break
                found.update(piece)
                yield piece
    except FileNotFoundError:
        read = -1
    if read != size or found.hexdigest() != sha256:
        raise StorageError(
            f"{name!r} in {storage_name(storage)} changed while it was read",
            hint="run the command again when nobody writes the file",
        )


def free_name(storage: Storage, name: str, length: int | None) -> str:
    """A name like this one that no file has, of at most ``length`` characters.

    Storages that let uploads write over files, as those of django-storages do unless told otherwise, call
    every name available.

    Raises:
        StorageError: there is none, or the storage cannot be asked.
    """
    with asking(storage, name):
        found = str(storage.get_available_name(name, max_length=length))
        while storage.exists(found):
            folder, _, last = name.rpartition("/")
            root, dot, suffix = last.rpartition(".")
            root, end = (root, dot + suffix) if root else (last, "")
            if length is not None:
                over = len(name) + len("_1234567") - length
                root = root[: len(root) - over] if over > 0 else root
            if not root:
                raise StorageError(
                    f"{name!r} is taken in {storage_name(storage)}, and no longer name fits its column",
                    hint="rename the file that has the name, or make the column longer",
                )
            # Not get_alternative_name: where uploads write over files, that gives back the name.
            found = f"{folder}{'/' * bool(folder)}{root}_{get_random_string(7)}{end}"
        return found


def put(
    storage: Storage, name: str, wanted: Held, content: Iterable[bytes], length: int | None
) -> str:
    """Put a file into the storage; the name that it got, which has no more characters than ``length``.

    Nothing is put before all of the content is known to be what is wanted.

    Raises:
        FormatError: it is not.
        StorageError: the storage refuses.
    """
    found, size = hashlib.sha256(), 0
    with SpooledTemporaryFile(PIECE) as spool:
        for piece in content:
            found.update(piece)
            size += len(piece)
            spool.write(piece)
        if (found.hexdigest(), size) != wanted:
            raise FormatError(
                f"the repository has other bytes than those of {name!r}: SHA-256 {wanted.sha256}",
                hint="contentgit check  (lists files that are not what records say)",
            )
        spool.seek(0)
        with asking(storage, name):
            return str(storage.save(name, File(spool, name), max_length=length))


def remove(storage: Storage, name: str) -> None:
    """Delete a file, if it is there.

    Raises:
        StorageError: the storage refuses.
    """
    with suppress(FileNotFoundError), asking(storage, name):
        storage.delete(name)

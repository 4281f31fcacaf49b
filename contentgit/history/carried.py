"""The files that travel with rows, as commits have them: beside the records, by their SHA-256.

The folder ``files`` of a commit has what its records name, and nothing else: it follows from them. Whoever
writes a tree of records completes it here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice

from contentgit.content import canonical
from contentgit.content.canonical import blob_id
from contentgit.content.layout import FILES_FOLDER, file_path, model_folder
from contentgit.content.pointers import ATTRIBUTES_FILE, keeps_pointers, pointer, with_pointers
from contentgit.content.records import CarriedFile, Record
from contentgit.errors import FormatError, RepositoryError
from contentgit.git import FileEntry, FileStream, Placed, Repository, Wanted
from contentgit.history.dumps import dump_folders, recorded_schema

_BATCH = 2000
_MARK = b'"$file"'
_SHA256 = re.compile(r"[0-9a-f]{64}")


def files_in(data: bytes) -> Iterator[tuple[Record, str, CarriedFile]]:
    """The files that a record names: the record, the field, the file."""
    if _MARK not in data:
        return
    with suppress(FormatError):  # a file that cannot be read is said where it is read as a record
        record = canonical.decode(data)
        for name, value in record.fields.items():
            if type(value) is CarriedFile:
                yield record, name, value


def carrying_folders(repository: Repository, tree: str) -> list[str]:
    """The folders of models whose records may name files."""
    found = []
    for folder in dump_folders(repository, tree):
        with suppress(FormatError):
            for label, model in recorded_schema(repository, tree, folder).items():
                if any(field.carried for field in model.fields):
                    found.append(model_folder(folder, label))
    return found


def blob_of(repository: Repository, trees: Iterable[str], file: CarriedFile) -> FileEntry | None:
    """Where the bytes of a file are, as the first of the commits or trees has it that has them."""
    path = file_path(file.sha256)
    for tree in trees:
        found = repository.trees.at_path(tree, path)
        if found is not None:
            return FileEntry(*found)
    return None


@contextmanager
def reading(
    repository: Repository, blob: FileEntry, file: CarriedFile
) -> Iterator[Iterator[bytes]]:
    """The bytes of a file in pieces, from its blob or from git-lfs; what they are nobody has checked.

    Raises:
        RepositoryError: they are not here, or cannot be read; see :func:`fetch_files`.
    """
    if _is_pointer(repository, blob, file):
        with repository.lfs.reading(file.sha256) as pieces:
            yield pieces
    else:
        with repository.objects.reading(blob.id) as pieces:
            yield pieces


def _is_pointer(repository: Repository, blob: FileEntry, file: CarriedFile) -> bool:
    """Whether the blob says that git-lfs has this file; one that says anything else is a file itself."""
    return file.size > 0 and blob.id == blob_id(pointer(file), repository.algorithm)


def is_here(repository: Repository, blob: FileEntry, file: CarriedFile) -> bool:
    """Whether the bytes of a file need not be fetched first."""
    if not _is_pointer(repository, blob, file):
        return True
    return repository.lfs.has(file.sha256, file.size)


def read_file(repository: Repository, trees: Iterable[str], file: CarriedFile) -> bytes:
    """The bytes of a file, for one that is small; ``b""`` if none of the commits or trees has it as it is.

    Nothing is fetched: a file that git-lfs has elsewhere is not here.
    """
    found = blob_of(repository, trees, file)
    with suppress(RepositoryError):  # git-lfs is not installed
        if found and not is_here(repository, found, file):
            found = None
    if found is None:
        return b""
    with reading(repository, found, file) as pieces:
        data = b""
        for piece in pieces:
            data += piece
            if len(data) > file.size:
                return b""
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else b""


def fetch_files(
    repository: Repository,
    files: Iterable[tuple[FileEntry, CarriedFile]],
    progress: Callable[[str, int, int | None], None],
) -> None:
    """Brings those of the files that git-lfs keeps and this repository lacks, from the remote of HEAD.

    Raises:
        RepositoryError: there is no remote, it cannot be reached, or lacks them; ``items`` lists them.
    """
    lacking = {
        file.sha256: (Wanted(file.size, blob.id), file.name)
        for blob, file in files
        if not is_here(repository, blob, file)
    }
    if not lacking:
        return
    wanted = {sha256: each for sha256, (each, _) in lacking.items()}
    try:
        remote = repository.remotes.default(repository.refs.head_branch())
        repository.lfs.fetch(remote, wanted, partial(progress, "fetching files"))
    except RepositoryError as error:
        missing = [each for each in error.items if each in lacking] or [*lacking]
        sizes = (f"{lacking[each][1]}: {wanted[each].size:,} bytes" for each in missing)
        error.items = tuple(sizes)
        error.message = f"{len(missing)} files of git-lfs are not here: {error.message}"
        raise


def keeps_files_in_lfs(repository: Repository, tree: str) -> bool:
    """Whether the tree of a commit has pointers for its files: what its own ``.gitattributes`` says."""
    return keeps_pointers(repository.blob(tree, ATTRIBUTES_FILE) or b"")


def completed(
    repository: Repository,
    tree: str,
    before: str | None,
    sources: Sequence[str] = (),
    streams: Mapping[str, FileStream] | None = None,
    *,
    plain: bool = False,
) -> str:
    """The tree with the files that its records name, and without those that none names any more.

    ``before`` is a commit or tree that is complete, with whose folder ``files`` the tree was made. New files
    are taken from ``streams``, by SHA-256, or from the ``sources``, which are commits and trees. A file that
    nobody has is left out: ``check`` finds it. Where the tree says so, git-lfs keeps new files, unless they
    are to be ``plain``.
    """
    folders = carrying_folders(repository, tree)
    folders += carrying_folders(repository, before) if before else []
    if not folders:
        return tree
    old, new = _changed(repository, before, tree, dict.fromkeys(folders))
    given = streams or {}
    changes: dict[str, Placed] = {}
    for sha256, file in new.items():
        path = file_path(sha256)
        if repository.trees.at_path(tree, path) is not None:
            continue
        found = given.get(sha256) or blob_of(repository, sources, file)
        if found is not None:
            changes[path] = found
    if not plain and keeps_files_in_lfs(repository, tree):
        changes |= _as_pointers(repository, new, changes)
    gone = set(old.keys() - new.keys())
    gone -= _still_named(repository, tree, dict.fromkeys(folders), gone)
    for sha256 in gone:
        if repository.trees.at_path(tree, file_path(sha256)) is not None:
            changes[file_path(sha256)] = None
    if not changes:
        return tree
    return repository.writer.write_tree(None, sorted(changes.items()), {"": tree})


def with_files_in_lfs(repository: Repository, commit: str) -> tuple[str, int]:
    """The tree of a commit with pointers in place of its files, which are in git-lfs then; how many were not.

    Raises:
        RepositoryError: git-lfs is not installed, or its store cannot be written.
    """
    attributes = repository.blob(commit, ATTRIBUTES_FILE) or b""
    changes: dict[str, Placed] = {}
    if not keeps_pointers(attributes):
        changes[ATTRIBUTES_FILE] = with_pointers(attributes)
    entries = repository.trees.entries(commit, FILES_FOLDER)
    names = ((path.replace("/", ""), blob) for path, blob in entries)
    # A blob that is a pointer already does not have the SHA-256 that its path says.
    streams = {name: _read(repository, blob) for name, blob in names if _SHA256.fullmatch(name)}
    kept = repository.lfs.store(streams)
    for sha256, size in kept.items():
        changes[file_path(sha256)] = pointer(CarriedFile("", sha256, size))
    return repository.writer.write_tree(commit, sorted(changes.items())), len(kept)


def _as_pointers(
    repository: Repository, files: Mapping[str, CarriedFile], placed: Mapping[str, Placed]
) -> dict[str, Placed]:
    """What is put at the paths of files once git-lfs has them."""
    streams: dict[str, Iterable[bytes]] = {}
    for sha256, file in files.items():
        found = placed.get(file_path(sha256)) if file.size else None
        if isinstance(found, FileStream):
            streams[sha256] = found.pieces
        elif isinstance(found, FileEntry) and not _is_pointer(repository, found, file):
            streams[sha256] = _read(repository, found.id)
    kept = repository.lfs.store(streams)
    return {file_path(sha256): pointer(files[sha256]) for sha256 in kept}


def _read(repository: Repository, blob: str) -> Iterator[bytes]:
    with repository.objects.reading(blob) as pieces:
        yield from pieces


def _changed(
    repository: Repository, before: str | None, after: str, folders: Iterable[str]
) -> tuple[dict[str, CarriedFile], dict[str, CarriedFile]]:
    """The files that records which differ name before and after, by SHA-256."""
    sides: tuple[dict[str, CarriedFile], dict[str, CarriedFile]] = {}, {}
    for folder in folders:
        entries = repository.trees.diff_entries(before, after, folder)
        while some := list(islice(entries, _BATCH)):
            for found, ids in zip(
                sides, ([old for _, old, _ in some], [new for _, _, new in some]), strict=True
            ):
                for data in repository.objects.blobs([each for each in ids if each]):
                    found.update((file.sha256, file) for _, _, file in files_in(data))
    return sides


def _still_named(
    repository: Repository, tree: str, folders: Iterable[str], wanted: Collection[str]
) -> set[str]:
    """Those of the files, by SHA-256, that a record of the tree names."""
    found: set[str] = set()
    for folder in folders if wanted else ():
        ids = (blob for _, blob in repository.trees.entries(tree, folder))
        for data in repository.objects.blobs(ids):
            found.update(file.sha256 for _, _, file in files_in(data) if file.sha256 in wanted)
            if len(found) == len(wanted):
                return found
    return found

"""The place of a record in the repository: a key to a path and back, and the folders of dumps.

Everything that becomes a name is percent-encoded into ``a-z0-9._-``, so that it is one file on every
file system and one word in a reference. Each key has exactly one encoding and each record exactly one
path; readers refuse all others, for git itself would take ``a/../b`` or ``.git/config``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha1
from typing import Final

from contentgit.content.records import RecordKey
from contentgit.content.schema import KeyKind, Layout
from contentgit.errors import FormatError, RecordError, UsageError

REPOSITORY_FILE = "contentgit.json"
DATASET_FILE = "dataset.json"
CONFLICTS_FOLDER = ".conflicts"
"""At the top of a commit: a file for each conflict that a merge has put into it, to be decided there."""

FILES_FOLDER = "files"
"""At the top of a commit: the bytes of the files that its records name, by their SHA-256."""

FOLDERS = 3
"""The most folders of a record in its dump's folder: the model's, and two that follow from its key."""

NAME_LIMIT = 150
"""The longest key text, in bytes, that is a file's name unchanged."""

_KEPT = 100  # so many bytes of a longer key text stay in its file's name
_FOLDER_LIMIT = 200
_SUFFIX = ".json"

_SAFE = re.compile(r"[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?")
_UNSAFE = re.compile(r"[^a-z0-9._-]")
_ESCAPE = re.compile(rb"%([0-9a-f]{2})")
# What Windows takes for a device, alone or in front of an extension, and our own files.
_TAKEN = re.compile(
    r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?"
    rf"|{re.escape(REPOSITORY_FILE)}|{re.escape(DATASET_FILE)}"
)
_NUMBERED = re.compile(r"([^/]+)/-?[0-9]+/[0-9]+/(-?[0-9]{1,18})\.json")  # the usual path
_KEY_TEXT = re.compile(r"(?!\.)[a-z0-9._%,-]+")
_SHORTENED = re.compile(rf"(?!\.)[a-z0-9._%,-]{{{_KEPT}}}~([0-9a-f]{{40}})")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,19}")


def encode_part(text: str) -> str:
    """One part of a key, as a name of ``a-z0-9._-`` and of ``%xx`` for the bytes of its UTF-8.

    ``""`` becomes ``%``. A dot at the beginning or the end is encoded too, and so is the first
    character of a name that is taken: a device on Windows (``con``, ``con.txt``) or our own file.
    """
    if _SAFE.fullmatch(text) and not _TAKEN.fullmatch(text):
        return text
    if not text:
        return "%"
    name = _UNSAFE.sub(lambda match: _escaped(match[0]), text)
    if name[0] == "." or _TAKEN.fullmatch(name):
        name = _escaped(name[0]) + name[1:]
    if name[-1] == ".":
        name = name[:-1] + _escaped(".")
    return name


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


_folder = lru_cache(maxsize=1024)(encode_part)


def decode_part(text: str) -> str:
    """The inverse of :func:`encode_part`.

    Raises:
        ValueError: :func:`encode_part` gives ``text`` for nothing.
    """
    if text == "%":
        return ""
    try:
        octets = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode("ascii"))
        decoded = octets.decode("utf-8", "surrogatepass")
    except UnicodeError:
        decoded = ""
    if not decoded or encode_part(decoded) != text:
        raise ValueError(f"{text!r} is not an encoded name")
    return decoded


def key_text(value: int | str | Sequence[int | str]) -> str:
    """The key text of a ``$key``: its parts, each encoded, joined by commas.

    Raises:
        TypeError: a part is neither an integer nor a string.
        ValueError: ``value`` has no parts.
    """
    if not isinstance(value, list | tuple):
        return _part(value)
    if not value:
        raise ValueError("a key has at least one part")
    return ",".join(map(_part, value))


def _part(value: object) -> str:
    if isinstance(value, str):
        return encode_part(str.__str__(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    raise TypeError(f"a key is made of integers and strings, not of {type(value).__name__}")


def key_value(text: str, kind: KeyKind) -> int | str | list[int | str]:
    """The ``$key`` of a key text; the inverse of :func:`key_text`.

    A part of a composite key that reads as an integer is one: ``"42,de"`` gives ``[42, "de"]``. That
    loses nothing, since the key text of ``"42"`` and of ``42`` is the same.

    Raises:
        ValueError: ``text`` is no key text of this kind.
    """
    if kind is KeyKind.TEXT:
        return decode_part(text)
    if kind is KeyKind.COMPOSITE:
        numbers = [(part, integer_key(part)) for part in text.split(",")]
        return [decode_part(part) if number is None else number for part, number in numbers]
    number = integer_key(text)
    if number is None:
        raise ValueError(f"{text!r} is not an integer key")
    return number


HIGHEST_KEY: Final = 2**63 - 1
"""The highest number that a database holds as a primary key."""


def integer_key(text: str) -> int | None:
    """The integer that a key text or one part of it represents; ``None`` if it is not an integer.

    These are the integers of 64 bits, signed or unsigned, in their shortest form.
    """
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**64 else None


def record_path(key: RecordKey, layout: Layout) -> str:
    """The path of a record, relative to the folder of its dump: ``pages.page/0/0/42.json``.

    Raises:
        RecordError: the key cannot lie in this layout, or is no key text at all.
    """
    text = key.key
    folder = _folder(key.model)
    if layout is Layout.INTEGER:
        number = integer_key(text)
        if number is None:
            raise RecordError(f"{key}: the layout of this model takes integer keys only")
        return _numbered(folder, number)
    if not _KEY_TEXT.fullmatch(text):
        raise RecordError(f"{key}: this is not a key as contentgit writes it")
    digest = ""
    if layout is Layout.HASHED or len(text) > NAME_LIMIT:
        digest = sha1(text.encode("ascii"), usedforsecurity=False).hexdigest()
    name = text if len(text) <= NAME_LIMIT else f"{text[:_KEPT]}~{digest}"
    if layout is Layout.HASHED:
        return f"{folder}/{digest[:2]}/{digest[2]}/{name}.json"
    return f"{folder}/{name}.json"


def paths_of(keys: Sequence[RecordKey], layout: Layout) -> list[str]:
    """:func:`record_path` of many keys of one model."""
    if layout is Layout.INTEGER and keys:
        folder = _folder(keys[0].model)
        with suppress(ValueError):
            numbers = [int(key.key) for key in keys]
            exact = [*map(str, numbers)] == [key.key for key in keys]
            if exact and min(numbers) >= -(2**63) and max(numbers) < 2**64:
                return [_numbered(folder, number) for number in numbers]
    return [record_path(key, layout) for key in keys]


def record_paths(key: RecordKey) -> Iterator[str]:
    """The paths that a record can have in a dump's folder: one for each layout of its model."""
    for layout in Layout:
        with suppress(RecordError):
            yield record_path(key, layout)


def _numbered(folder: str, number: int) -> str:
    return f"{folder}/{number // 10000}/{number // 100 % 100}/{number}.json"


def model_folder(folder: str, label: str) -> str:
    """The folder of a model's records within the repository: ``pages/pages.page``."""
    return f"{folder}/{_folder(label)}"


def file_path(sha256: str) -> str:
    """Where the bytes of a carried file are in a commit: ``files/ab/cd…``."""
    return f"{FILES_FOLDER}/{sha256[:2]}/{sha256[2:]}"


def in_dump(path: str) -> tuple[str, str]:
    """The folder of a file's dump, and the path of the file in there; ``""`` for a file at the top."""
    folder, _, rest = path.partition("/")
    return folder, rest


def dump_of(path: str) -> str:
    """The folder of a file's dump, or the name of a file at the top."""
    return path.partition("/")[0]


def model_of(path: str) -> str:
    """The label of the model in whose folder a record's file is.

    Raises:
        ValueError: the folder has a name that contentgit does not write.
    """
    return _label(in_dump(path)[1].partition("/")[0])


def is_shortened(path: str) -> bool:
    """Whether the file's name contains only the beginning of a long key."""
    return "~" in path


def record_key(path: str) -> RecordKey | None:
    """The key of the record at ``path``, which is relative to the folder of the dump.

    Returns:
        The key, or ``None`` where the name holds only the beginning of a long key: the record
        itself then says the rest, and :func:`record_path` of it must be ``path``.

    Raises:
        FormatError: contentgit writes no record there.
    """
    usual = _NUMBERED.fullmatch(path)
    if usual and path == _numbered(usual[1], int(usual[2])):
        return RecordKey(_model(usual[1], path), usual[2])
    folder, *between = path.split("/")
    name = between.pop() if between else ""
    if len(between) not in (0, 2) or not name.endswith(_SUFFIX):
        raise _foreign(path)
    text = name.removesuffix(_SUFFIX)
    model = _model(folder, path)
    if shortened := _SHORTENED.fullmatch(text):
        digest = shortened[1]
        if between and between != [digest[:2], digest[2]]:
            raise _foreign(path)
        return None
    key = RecordKey(model, text)
    _check_place(key, path, flat=not between)
    return key


def _model(folder: str, path: str) -> str:
    try:
        return _label(folder)
    except ValueError:
        raise _foreign(path) from None


@lru_cache(maxsize=1024)
def _label(folder: str) -> str:
    """The label of the model in a folder.

    Raises:
        ValueError: no label is encoded like this.
    """
    model = decode_part(folder)
    app, _, name = model.partition(".")
    if not app or not name or "." in name or ":" in model:
        raise ValueError(f"{model!r} is not a label")
    return model


def of_models(labels: Collection[str], ids: Mapping[str, str]) -> dict[str, str]:
    """The blob ids of records of these models, by path relative to the dump's folder."""
    folders = {encode_part(label) for label in labels}
    if not folders:
        return {}
    return {path: blob for path, blob in ids.items() if path.partition("/")[0] in folders}


def _check_place(key: RecordKey, path: str, *, flat: bool) -> None:
    """Refuse a key that is not encoded as contentgit does it, and a folder that is not its own."""
    try:
        if not flat and integer_key(key.key) is not None:
            if record_path(key, Layout.INTEGER) == path:
                return
        else:
            key_value(key.key, KeyKind.COMPOSITE)
        if record_path(key, Layout.FLAT if flat else Layout.HASHED) == path:
            return
    except (ValueError, RecordError):
        pass
    raise _foreign(path)


def _foreign(path: str) -> FormatError:
    return FormatError(
        f"{path!r} is not a path that contentgit writes",
        hint="Remove the file from the branch; records are written by contentgit commit only.",
        data={"path": path},
    )


def dump_folder(name: str, arguments: str) -> str:
    """The folder of a dump: ``pages``, or ``districts@42,43`` where there are arguments.

    Raises:
        UsageError: the name is empty, or both together are too long for a folder's name.
    """
    if not name:
        raise UsageError("a dataset needs a name")
    parts = [encode_part(part) for part in arguments.split(",")] if arguments else []
    folder = encode_part(name) + ("@" + ",".join(parts) if parts else "")
    if len(folder) > _FOLDER_LIMIT:
        raise UsageError(
            f"{name}: the name with its arguments is longer than {_FOLDER_LIMIT} bytes",
            hint="Give the dataset shorter arguments, for example the name of a group of rows.",
        )
    return folder


def dump_name(folder: str) -> tuple[str, str]:
    """The name and the arguments of the dump in ``folder``; the inverse of :func:`dump_folder`.

    Raises:
        FormatError: contentgit makes no such folder.
    """
    name, at, arguments = folder.partition("@")
    try:
        parts = [decode_part(part) for part in arguments.split(",")] if at else []
        dump = decode_part(name), ",".join(parts)
        if dump_folder(*dump) == folder:
            return dump
    except (ValueError, UsageError):
        pass
    raise FormatError(f"{folder!r} is not a folder that contentgit creates", data={"path": folder})

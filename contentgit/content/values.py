"""Content values and their JSON: which values are the same, which have a special form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from contentgit.content.documents import quoted
from contentgit.content.records import JSON_NULL, CarriedFile, Value
from contentgit.errors import FormatError, RecordError

DEPTH_LIMIT: Final = 200
"""The deepest nesting of lists and dictionaries in one field."""

SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""Integers between these are JSON numbers; all others have a special form."""

_EXACT = frozenset({str, int, bool, float, list, dict, type(None)})
_TEXT, _NESTED = frozenset({str}), frozenset({list, dict})
_DECIMAL = re.compile(r"0|-?[1-9][0-9]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ODD = re.compile("[\x00-\x1f\x7f\\\\\ud800-\udfff]")
_LONGEST_NAME: Final = 1024
_FILE_NAMES: Final = frozenset({"$file", "sha256", "size"})
_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def base(value: Value) -> Value:
    """A value of a subclass (an enum's member, a safe string) or a tuple, as what it is in a file.

    Raises:
        RecordError: it is no content value.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return value if isinstance(value, bool) else int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return dict(value)
    raise RecordError(f"a value of type {type(value).__name__} cannot be written")


def same(a: Value, b: Value) -> bool:
    """Whether two content values are the same content, which differs from ``==``.

    ``1``, ``1.0`` and ``True`` differ, and so do ``0.0`` and ``-0.0``; NaN is the same as NaN; the
    order in a dictionary does not count; subclasses are their base types, and tuples are lists.
    What is no content value is the same as itself only.
    """
    pairs = [(a, b)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if type(a) not in _EXACT or type(b) not in _EXACT:
            a, b = _exact(a), _exact(b)
        if type(a) is not type(b):
            return False
        if type(a) is list:
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif type(a) is dict:
            if a.keys() != b.keys():
                return False
            pairs += ((a[name], b[name]) for name in a)
        elif a != b if type(a) is not float else repr(a) != repr(b):
            return False
    return True


def _exact(value: Value) -> Value:
    try:
        return value if type(value) in _EXACT else base(value)
    except RecordError:
        return value


def check_depth(level: int) -> None:
    """Refuse a list or dictionary inside of ``level - 1`` others.

    Raises:
        RecordError: that is too deep.
    """
    if level > DEPTH_LIMIT:
        raise RecordError(f"lists and dictionaries are nested more than {DEPTH_LIMIT} deep")


def written_name(name: object) -> str:
    """A dictionary's key as written in a file, where one more ``$`` distinguishes it from our own names.

    Raises:
        RecordError: it is no string.
    """
    if not isinstance(name, str):
        raise RecordError(f"a dictionary's key of type {type(name).__name__} cannot be written")
    return "$" + name if name[:1] == "$" else str.__str__(name)


def json_value(value: Value) -> Any:
    """A content value as plain JSON, as in a file except that text is one string.

    Raises:
        RecordError: it is no content value.
    """
    return _json_value(value, 1)


def _json_value(value: Value, level: int) -> Any:
    if value is JSON_NULL:
        return {"$json": None}
    if type(value) is CarriedFile:
        return file_document(value)
    exact = value if type(value) in _EXACT else base(value)
    if type(exact) is list:
        check_depth(level)
        return [_json_value(item, level + 1) for item in exact]
    if type(exact) is dict:
        check_depth(level)
        return {written_name(name): _json_value(item, level + 1) for name, item in exact.items()}
    if type(exact) is int and not SMALLEST <= exact <= LARGEST:
        return {"$int": decimal(exact)}
    if type(exact) is float and not math.isfinite(exact):
        return {"$float": repr(exact)}
    return exact


def decimal(number: int) -> str:
    """The digits of an integer.

    Raises:
        RecordError: it has more of them than Python turns into text.
    """
    try:
        return str(number)
    except ValueError:
        raise RecordError("an integer has too many digits to be written") from None


def content_value(raw: Any) -> Value:
    """The content value of parsed JSON; ``raw`` is modified, so that memory does not hold both.

    Raises:
        FormatError: a name with ``$`` is not used as the format says, or it is nested too deep.
    """
    if type(raw) is dict and "$file" in raw:
        return _read_file(raw)
    return _read(raw, 1)


def _read_file(raw: Mapping[str, Any]) -> CarriedFile:
    """The file that stands for the whole value of a field; none is inside of others."""
    name, sha256, size = map(raw.get, ("$file", "sha256", "size"))
    if raw.keys() != _FILE_NAMES or type(name) is not str or type(size) is not int or size < 0:
        raise FormatError("a file has a name, a SHA-256 and a size, and nothing else")
    if type(sha256) is not str or not _SHA256.fullmatch(sha256) or size > LARGEST:
        raise FormatError("a file's SHA-256 has 64 digits of 0-9 and a-f, and its size 64 bits")
    wrong = misnamed(name)
    if wrong:
        raise FormatError(f"a file is named {quoted(name)}, which {wrong}")
    return CarriedFile(name, sha256, size)


def file_document(file: CarriedFile) -> dict[str, Any]:
    """A file as it is in a record."""
    return {"$file": file.name, "sha256": file.sha256, "size": file.size}


def misnamed(name: str) -> str:
    """Why this cannot be a file's name within a storage; ``""`` if it can.

    Names come from repositories: none may lead out of the storage, on any system.
    """
    parts = name.split("/")
    if not name or len(name) > _LONGEST_NAME:
        return f"is empty or has more than {_LONGEST_NAME} characters"
    if any(part in ("", ".", "..") for part in parts):
        return "is not the name of a file below the storage's folder"
    if _ODD.search(name) or (len(parts[0]) > 1 and parts[0][1] == ":"):
        return (
            "has characters that lead elsewhere on some systems, or are none that a file's name has"
        )
    return ""


def _read(raw: Any, level: int) -> Value:
    if type(raw) is list:
        _check_read_depth(level)
        for place, item in enumerate(raw):
            if type(item) in _NESTED:
                raw[place] = _read(item, level + 1)
        return raw
    if type(raw) is not dict:
        return raw
    if len(raw) == 1:
        name, held = next(iter(raw.items()))
        if name[:1] == "$" and name[:2] != "$$":
            return _read_form(name, held)
    _check_read_depth(level)
    for name, item in raw.items():
        if type(item) in _NESTED:
            raw[name] = _read(item, level + 1)
    dollars = [name for name in raw if name[:1] == "$"]
    for name in dollars:
        if name[:2] != "$$":
            raise FormatError(f"{quoted(name)} is unknown, or is not the only name")
    return {name.removeprefix("$"): item for name, item in raw.items()} if dollars else raw


def _check_read_depth(level: int) -> None:
    if level > DEPTH_LIMIT:
        raise FormatError(f"lists and objects are nested more than {DEPTH_LIMIT} deep")


def _read_form(name: str, held: Any) -> Value:
    """The value of a special form, of which ``name`` is the only name."""
    match name, held:
        case "$text", list() if _TEXT.issuperset(map(type, held)):
            return "".join(held)
        case "$json", None:
            return JSON_NULL
        case "$float", str() if held in _FLOATS:
            return _FLOATS[held]
        case "$int", str() if _DECIMAL.fullmatch(held):
            try:
                return int(held)
            except ValueError:
                raise FormatError("an integer has too many digits") from None
    raise FormatError(f"{quoted(name)} is unknown, or what it holds is not what it takes")

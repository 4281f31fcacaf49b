"""Plain JSON documents, strictly read and always written alike.

``contentgit.json``, ``dataset.json`` and the output of ``--json`` are such documents; records, which
have a form of their own, are the subject of :mod:`contentgit.content.canonical`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

from contentgit.errors import FormatError, RecordError

T = TypeVar("T")

UNSEEN = re.compile(
    "[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What is written as ``\\uXXXX`` besides the controls that every writer of JSON escapes.

Controls, and characters that are invisible or turn the direction of writing: who reviews a change
must see them. Lone surrogates have no UTF-8.
"""

# In UTF-8, by the byte that each begins with: to look for one byte costs next to nothing.
_UNSEEN_BYTES: Final = {
    b"\x7f": re.compile(rb"\x7f"),
    b"\xc2": re.compile(rb"\xc2[\x80-\x9f\xad]"),
    b"\xd8": re.compile(rb"\xd8\x9c"),
    b"\xe1": re.compile(rb"\xe1\xa0\x8e"),
    b"\xe2": re.compile(rb"\xe2(?:\x80[\x8b-\x8f\xa8-\xae]|\x81[\xa0-\xaf])"),
    b"\xef": re.compile(rb"\xef(?:\xbb\xbf|\xbf[\xb9-\xbb])"),
    b"\xf3": re.compile(rb"\xf3\xa0[\x80\x81]"),
}


def has_unseen(utf8: bytes) -> bool:
    """Whether one of the characters ``UNSEEN`` is in a text, given as UTF-8."""
    if utf8.isascii():
        return b"\x7f" in utf8
    return any(first in utf8 and found.search(utf8) for first, found in _UNSEEN_BYTES.items())


NESTING: Final = 256
"""The deepest nesting of lists and objects in a document: a record's field has 200 levels."""

_NESTED = frozenset({list, dict})


def quoted(text: str) -> str:
    """``text`` as a JSON string with invisible characters escaped."""
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(document: str) -> str:
    """JSON with invisible characters escaped; they occur only in its strings."""
    return UNSEEN.sub(lambda match: json.dumps(match[0])[1:-1], document)


def dump_document(value: Any) -> bytes:
    """A JSON value as UTF-8, keys sorted, two spaces a level, one newline at the end.

    Raises:
        RecordError: ``value`` is or holds what JSON has no form for, non-finite floats among them.
    """
    try:
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"this cannot be written as JSON: {error}") from None
    return escaped(text).encode() + b"\n"


def parse_document(data: bytes) -> Any:
    """The JSON value in ``data``, exactly: integers of any size stay integers.

    Raises:
        FormatError: no UTF-8, no JSON, a name that occurs twice in one object, a number that is
            none (``NaN``) or that no float can hold, nesting deeper than ``NESTING``.
    """
    try:
        document = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON: {error}") from None
    except ValueError:
        raise FormatError("an integer has too many digits") from None
    except RecursionError:
        raise _too_deep() from None
    _check_nesting(document)
    return document


def _check_nesting(document: Any) -> None:
    """Refuses what a later function could not walk through; how deep Python parses differs by version."""
    level, depth = [document] if type(document) in _NESTED else [], 0
    while level:
        depth += 1
        if depth > NESTING:
            raise _too_deep()
        inner = (each.values() if type(each) is dict else each for each in level)
        level = [value for values in inner for value in values if type(value) in _NESTED]


def _too_deep() -> FormatError:
    return FormatError(f"lists and objects are nested more than {NESTING} deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in result if times[name] > 1)
        raise FormatError(f"the name {quoted(twice)} occurs twice in one object")
    return result


def _no_number(text: str) -> NoReturn:
    raise FormatError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise FormatError(f"no float can hold {text}")
    return number


MISFITS = (FormatError, KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading a document raises if it is JSON but not the expected document."""


def misfit(error: Exception) -> str:
    """The message of one of ``MISFITS`` about the document."""
    if isinstance(error, FormatError):
        return error.message
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, ValueError):
        return str(error)
    return "a list, an object or a text is where another is expected"


_WORDS: Final[Mapping[type, str]] = {
    str: "text",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    int: "an integer",
}


def typed(value: Any, cls: type[T]) -> T:
    """``value``, which must be of the class.

    Raises:
        ValueError: it is not; the message says what it is.
    """
    if not isinstance(value, cls):
        raise ValueError(f"{value!r:.60} is not {_WORDS[cls]}")
    return value


def texts(values: Any) -> tuple[str, ...]:
    """``values``, which must be a list of texts.

    Raises:
        ValueError: it is not.
    """
    return tuple(typed(value, str) for value in typed(values, list))

"""Values, lines and bytes that nobody's content should hold, and documents damaged with them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

DEEP = "[" * 250 + "]" * 250
DEEPER = '{"a":' * 6000 + "1" + "}" * 6000

TEXTS = (
    *(
        "",
        " ",
        "a",
        "\\u0000",
        "\\ud800",
        "\\udfff\\ud800",
        "\\ud83d\\ude00",
        "\\u001b[31mred",
        "\\u202eabc",
    ),
    *(
        "../../x",
        "/",
        "%",
        "%2",
        "%2f",
        "%zz",
        "%c3%28",
        "nosuch.model:1",
        "bakery.tag:999",
        "bakery.tag:3",
    ),
    *(
        "bakery.tag:",
        ":",
        "a:b:c",
        "bakery.category:%ff",
        "auth.user:1",
        "bakery.product:41",
        ",",
        "1,2",
    ),
    *("2026-02-30", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "-1", "1e400", "NaN"),
    *(
        "0" * 40,
        "f" * 64,
        "x" * 300,
        "word. " * 400,
        "\\n\\r\\t",
        "[bold]x[/]",
        "<script>",
        "`|*_",
        "a\\nb",
    ),
)
"""The insides of JSON strings."""

VALUES = (
    *(f'"{text}"' for text in TEXTS),
    *(
        "null",
        "true",
        "false",
        "0",
        "-1",
        "7",
        "2147483648",
        "9223372036854775808",
        "1" + "0" * 400,
    ),
    *(
        "1.5",
        "-0.0",
        "1e308",
        "1e999",
        "-1e-400",
        "NaN",
        "9" * 5000,
        "[]",
        "{}",
        "[null]",
        '[[["x"]]]',
    ),
    *(
        '{"$text": ["a", "b"]}',
        '{"$text": "a"}',
        '{"$text": [1]}',
        '{"$json": null}',
        '{"$json": 1}',
    ),
    *('{"$int": "1"}', '{"$int": "' + "9" * 5000 + '"}', '{"$float": "nan"}', '{"$bogus": 1}'),
    *('{"$$a": 1}', '{"$": 1}', '{"a": 1, "a": 2}', '{"\\ud800": 1}', '{"": {"": {"": 0}}}'),
    *('["bakery.tag:3", "bakery.tag:3"]', '["nonsense"]', '{"base64": "?"}', DEEP, DEEPER),
)
"""JSON texts: kinds, borders of numbers, forms of the format rightly and wrongly used, depth."""

PIECES = (
    *(
        b"",
        b"\0",
        b"\n",
        b"\n\n",
        b" ",
        b"\r\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3",
        b"\xed\xa0\x80",
    ),
    *(
        b"{",
        b"}",
        b'"',
        b"\\",
        b"\\ud800",
        b"<",
        b">",
        b"ref: ",
        b"0" * 40,
        b"f" * 40,
        b"9" * 30,
        b"-",
    ),
    *(b"\x1b[2J", b"\xe2\x80\xae", b"a" * 5000, b"/", b"..", b"[" * 3000, b"\t", b"^", b":", b"%"),
)


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """The bytes with one to four places cut out, doubled, changed, or with something put there."""
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(data))
        end = min(len(data), start + random.choice((1, 1, 4, 20, 41, 1000)))
        match random.randrange(6):
            case 0:
                data = data[:start]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:end] + data[start:]
            case 3:
                data = data[:start] + random.randbytes(end - start) + data[end:]
            case _:
                data = data[:start] + random.choice(PIECES) + data[random.choice((start, end)) :]
    return data


def damaged_document(random: Random, data: bytes) -> bytes:
    """A JSON document with one to three values or names replaced, dropped, doubled or moved."""
    try:
        document = json.loads(data)
    except ValueError:
        return damaged_bytes(random, data)
    raws: list[str] = []
    for _ in range(random.randint(1, 3)):
        document = _damaged(random, document, raws)
    text = json.dumps(document, indent=random.choice((None, 2)))
    for number, raw in enumerate(raws):
        text = text.replace(f'"@raw{number}@"', raw)
    # A place of our own that became the end of a moved name may be left in the text; it does no harm.
    return text.encode("utf-8", "surrogatepass") + random.choice((b"", b"\n"))


def _damaged(random: Random, document: Any, raws: list[str]) -> Any:
    """The document with one change somewhere in it."""

    def hostile(kind: tuple[str, ...]) -> str:
        raws.append(random.choice(kind))
        return f"@raw{len(raws) - 1}@"

    places = [*_places(document)]
    if not places or random.random() < 0.03:
        return hostile(VALUES)
    holder, name = random.choice(places)
    match random.randrange(8):
        case 0:
            del holder[name]
        case 1 if isinstance(holder, dict):
            holder[hostile(tuple(f'"{text}"' for text in TEXTS))] = holder[name]
        case 2 if isinstance(holder, dict):
            holder[random.choice(("$key", "$model", "format", "nosuch", "take", "value"))] = holder[
                name
            ]
        case 3:
            other, place = random.choice(places)
            holder[name], other[place] = other[place], holder[name]
            if _is_circular(document):
                holder[name] = other[place] = None
        case 4 if isinstance(holder, list):
            holder += [holder[name]] * random.choice((1, 50))
        case _:
            holder[name] = hostile(VALUES)
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every list or object in the document with the index or name of each value in it."""
    found: list[tuple[Any, Any]] = []
    rest = [document]
    while rest:
        each = rest.pop()
        names = (
            each if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
        )
        for name in names:
            found.append((each, name))
            rest.append(each[name])
    return found


def _is_circular(document: Any) -> bool:
    try:
        json.dumps(document)
    except ValueError:
        return True
    return False


def damaged_lines(random: Random, data: bytes) -> bytes:
    """Lines dropped, doubled or moved: for headers and packed refs."""
    lines = data.split(b"\n")
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(lines))
        match random.randrange(4):
            case 0:
                lines.insert(random.randint(0, len(lines)), lines[place])
            case 1:
                lines.insert(random.randint(0, len(lines)), lines.pop(place))
            case 2:
                del lines[place]
            case _:
                lines[place] = damaged_bytes(random, lines[place])
        lines = lines or [b""]
    return b"\n".join(lines)

"""Records as bytes: exactly these, and back without a loss."""

from __future__ import annotations

import enum
import hashlib
import json
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.canonical import (
    FORMAT_VERSION,
    RecordEncoder,
    blob_id,
    decode,
    encode,
    is_canonical,
    same,
    same_fields,
)
from contentgit.content.documents import UNSEEN
from contentgit.content.layout import key_value
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import KeyKind
from contentgit.errors import FormatError, RecordError
from tests.core import reference_format
from tests.core.golden_records import PAGE, RECORDS
from tests.core.strategies import records, values

GOLDEN = Path(__file__).with_name("golden")


def same_record(a: Record, b: Record) -> bool:
    return a.key == b.key and same(dict(a.fields), dict(b.fields))


def read_with_value(text: str) -> Value:
    """The value of the field ``f`` in a file that somebody has written by hand."""
    data = f'{{"$key": 1, "$model": "a.b", "f": {text}}}'.encode("utf-8", "surrogatepass")
    return decode(data).fields["f"]


# ------------------------------------------------------------------------------------ golden files


def test_every_golden_file_has_its_record() -> None:
    assert FORMAT_VERSION == 2
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_golden_bytes(name: str) -> None:
    record, kind = RECORDS[name]
    data = (GOLDEN / f"{name}.json").read_bytes()
    assert encode(record, kind).decode() == data.decode()
    assert same_record(decode(data), record)
    assert is_canonical(data)


@pytest.mark.parametrize("name", RECORDS)
def test_golden_files_are_json_as_others_read_it(name: str) -> None:
    data = (GOLDEN / f"{name}.json").read_bytes()
    document = json.loads(data)
    assert list(document) == sorted(document)
    assert document["$model"] == RECORDS[name][0].key.model


# -------------------------------------------------------------------------------------- properties


@settings(deadline=None)
@given(records)
def test_a_record_and_back(record: Record) -> None:
    data = encode(record)
    assert same_record(decode(data), record)
    assert encode(decode(data)) == data
    assert is_canonical(data)
    assert UNSEEN.search(data.decode()) is None
    assert min(data.replace(b"\n", b"")) >= 0x20


@settings(deadline=None)
@given(records)
def test_the_bytes_are_those_of_the_slow_writer(record: Record) -> None:
    kind = KeyKind.COMPOSITE if "," in record.key.key else KeyKind.TEXT
    text = reference_format.record_text(record, key_value(record.key.key, kind))
    assert encode(record, kind).decode() == text


@settings(deadline=None)
@given(records, st.randoms())
def test_the_order_of_the_fields_does_not_count(record: Record, chance: Any) -> None:
    names = list(record.fields)
    chance.shuffle(names)
    shuffled = [record.fields[name] for name in names]
    kind = KeyKind.COMPOSITE
    key = key_value(record.key.key, kind)
    assert RecordEncoder(record.key.model, names).encode(key, shuffled) == encode(record, kind)


@settings(deadline=None)
@given(records)
def test_any_json_of_the_same_content_is_read_alike(record: Record) -> None:
    by_hand = json.dumps(json.loads(encode(record)), indent="\t")
    assert same_record(decode(by_hand.encode()), record)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except FormatError:
        assert not is_canonical(data)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["$key", "$model", "$text", "$int", "$json", "$float", "$$", "a"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["$x", "f", "#", ""]), json_values, max_size=3))
def test_what_is_read_can_be_written(document: dict[str, Any]) -> None:
    data = json.dumps({"$key": 1, "$model": "a.b"} | document).encode()
    try:
        record = decode(data)
    except FormatError:
        return
    assert same_record(decode(encode(record)), record)


# --------------------------------------------------------------------------------- what is written


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


class Words(str):
    """As Django's SafeString."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class Number(float):
    __slots__ = ()

    def __repr__(self) -> str:
        return "a number"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Colour.RED, "red"),
        (Size.LARGE, 3),
        (Words("a"), "a"),
        (Words("a\nb"), "a\nb"),
        (Number(1.5), 1.5),
        ((1, (2,)), [1, [2]]),
        ({Words("$a"): Colour.RED, Colour.RED: 1}, {"$a": "red", "red": 1}),
    ],
)
def test_subclasses_are_written_as_their_base_types(value: Value, plain: Value) -> None:
    data = encode(Record(PAGE, {"f": value}))
    assert data == encode(Record(PAGE, {"f": plain}))
    assert same(decode(data).fields["f"], plain)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a", "a value of type bytes cannot be written"),
        ({1, 2}, "a value of type set cannot be written"),
        ([object()], "a value of type object cannot be written"),
        ({1: "a"}, "a dictionary's key of type int cannot be written"),
        ({None: "a"}, "a dictionary's key of type NoneType cannot be written"),
        ({"\ud83d\ude00": 1}, "two surrogates in a row cannot be written in a key"),
        (10**5000, "an integer has too many digits to be written"),
    ],
    ids=range(7),
)
def test_what_has_no_form_is_refused_by_record_and_field(value: Value, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        encode(Record(PAGE, {"a": 1, "f": value}))
    assert caught.value.message == f"pages.page:42: field 'f': {message}"


@pytest.mark.parametrize("name", ["", "$", "$key", "$a", "#a", " "])
def test_names_that_no_field_can_have_are_refused(name: str) -> None:
    with pytest.raises(RecordError, match="cannot be the name of a field"):
        encode(Record(PAGE, {name: 1}))


def test_a_name_stands_once() -> None:
    with pytest.raises(RecordError, match="a field occurs twice"):
        RecordEncoder("a.b", ["x", "x"])


@pytest.mark.parametrize(
    ("text", "kind"), [("a", KeyKind.INTEGER), ("A", None), ("a,b", KeyKind.TEXT), ("", None)]
)
def test_a_key_of_another_kind_is_refused(text: str, kind: KeyKind | None) -> None:
    with pytest.raises(RecordError, match=r"^pages\.page:.*: '.*' is not an "):
        encode(Record(RecordKey("pages.page", text), {}), kind)


def nested(depth: int, leaf: Value = "x\n") -> Value:
    value = leaf
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_values_may_lie_in_each_other_two_hundred_deep() -> None:
    record = Record(PAGE, {"f": nested(200)})
    assert same_record(decode(encode(record)), record)
    assert encode(record).decode() == reference_format.record_text(record, 42)


@pytest.mark.parametrize("depth", [199, 200, 50_000])
def test_deeper_values_are_refused(depth: int) -> None:
    with pytest.raises(RecordError, match="are nested more than 200 deep"):
        encode(Record(PAGE, {"f": nested(depth, [[]])}))


def test_a_changed_word_is_one_short_changed_line() -> None:
    body = "".join(f"<p>Loaf {n} is made of rye. It rests for two hours.</p>\n" for n in range(99))
    before = encode(Record(PAGE, {"body": body, "title": "Rye"}))
    after = encode(
        Record(PAGE, {"body": body.replace("Loaf 50 is", "Loaf 50 was"), "title": "Rye"})
    )
    lines = unified_diff(
        before.decode().splitlines(), after.decode().splitlines(), n=0, lineterm=""
    )
    assert list(lines)[3:] == [
        '-      "<p>Loaf 50 is made of rye. ",',
        '+      "<p>Loaf 50 was made of rye. ",',
    ]


# ------------------------------------------------------------------------------------ what is read

GOOD = b'{"$key": 1, "$model": "a.b"}'
START = "line 1 column 1 (char 0)"
LOST = [
    (b"", "not JSON: Expecting value: " + START),
    (b"[]", "not a JSON object"),
    (b"null", "not a JSON object"),
    (b"{} {}", "not JSON: Extra data: line 1 column 4 (char 3)"),
    (b"\xef\xbb\xbf" + GOOD, "not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig): " + START),
    (b'{"\xff": 1}', "not UTF-8 at byte 2"),
    (b'{"\xed\xa0\x80": 1}', "not UTF-8 at byte 2"),
    (GOOD.decode().encode("utf-16"), "not UTF-8 at byte 0"),
    (b'{"$model": "a.b"}', "$key is missing, or not an integer, a string, or a list of these"),
    (b'{"$key": 1}', '$model is missing, or not a label like "pages.page"'),
    (b'{"$key": 1, "$key": 2, "$model": "a.b"}', 'the name "$key" occurs twice in one object'),
    (b'{"$key": 1, "$model": "a.b", "f": [{"x": 1, "x": 1}]}', 'the name "x" occurs twice in one object'),
    (b'{"$key": 18446744073709551616, "$model": "a.b"}', "$key is an integer of more than 64 bits"),
    (b'{"$key": 1, "$model": "a.b", "f": NaN}', "NaN is not a JSON number"),
    (b'{"$key": 1, "$model": "a.b", "f": [-Infinity]}', "-Infinity is not a JSON number"),
    (b'{"$key": 1, "$model": "a.b", "f": 1e999}', "no float can hold 1e999"),
    (b'{"$key": 1, "$model": "a.b", "f": ' + b"9" * 5000 + b"}", "an integer has too many digits"),
    (
        b'{"$key": 1, "$model": "a.b", "f": {"$int": "' + b"9" * 5000 + b'"}}',
        "field 'f': an integer has too many digits",
    ),
    (
        b'{"$key": 1, "$model": "a.b", "f": "\n"}',
        "not JSON: Invalid control character at: line 1 column 36 (char 35)",
    ),
    (b'{"$key": 1, "$model": "a.b", "$new": 1}', '"$new" cannot be the name of a field'),
    (b'{"$key": 1, "$model": "a.b", "": 1}', '"" cannot be the name of a field'),
    (b'{"$key": 1, "$model": "a.b", "#": 1}', '"#" cannot be the name of a field'),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), LOST, ids=range(len(LOST)))
def test_what_is_no_record_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode(data)
    assert caught.value.message == message
    assert not is_canonical(data)


@pytest.mark.parametrize(
    "key", ["null", "true", "1.0", "1e2", "[]", "[null]", "[[1]]", "[true]", "{}"]
)
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(FormatError, match=r"^\$key is missing, or not"):
        decode(f'{{"$key": {key}, "$model": "a.b"}}'.encode())


@pytest.mark.parametrize("model", ["1", '"a"', '"a.b.c"', '"a."', '".b"', '"a.b:c"', "null", '""'])
def test_other_models_are_refused(model: str) -> None:
    with pytest.raises(FormatError, match=r"^\$model is missing, or not"):
        decode(f'{{"$key": 1, "$model": {model}}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"$text": "a"}',
        '{"$text": [1]}',
        '{"$text": [null]}',
        '{"$json": 1}',
        '{"$json": false}',
        '{"$int": 5}',
        '{"$int": "05"}',
        '{"$int": "٥"}',
        '{"$int": "1\\n"}',
        '{"$int": ""}',
        '{"$float": "NaN"}',
        '{"$float": 1.5}',
        '{"$float": []}',
        '{"$new": 1}',
        '{"$": 1}',
        '{"$text": ["a"], "b": 1}',
        '{"$$a": 1, "$b": 1}',
        '[{"$key": 1}]',
    ],
)
def test_special_forms_are_read_as_defined_only(text: str) -> None:
    with pytest.raises(FormatError, match=r"^field 'f': \"\$\w*\" (is unknown|cannot)"):
        read_with_value(text)


@pytest.mark.parametrize("depth", [201, 300, 1000, 100_000])
@pytest.mark.parametrize("brackets", ["[]", ('{"a":', "}")])
def test_deep_files_are_refused(depth: int, brackets: str) -> None:
    with pytest.raises(FormatError, match="are nested"):
        read_with_value(brackets[0] * depth + "1" * (brackets != "[]") + brackets[1] * depth)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-9223372036854775809", -9223372036854775809),
        ('{"$int": "5"}', 5),
        ("1.50", 1.5),
        ("1E2", 100.0),
        ("-0", 0),
        ("-0.0", -0.0),
        ('"\\u00e9\\/"', "é/"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ud83d"),
        ('{"$text": []}', ""),
        ('{"$text": ["a", "b c. d"]}', "ab c. d"),
        ('{"b": 1, "a": 2}', {"a": 2, "b": 1}),
        ('"' + "long " * 50 + '"', "long " * 50),
        ('"\u202e"', "\u202e"),
        ('{"$$$a": {"$$text": 1}}', {"$$a": {"$text": 1}}),
    ],
)
def test_edited_by_hand(text: str, value: Value) -> None:
    assert same(read_with_value(text), value)
    assert not is_canonical(f'{{"$key": 1, "$model": "a.b", "f": {text}}}'.encode())


def test_a_key_is_read_as_its_key_text() -> None:
    for key, text in {"42": "42", '"42"': "42", '[42, "de"]': "42,de", '"A b"': "%41%20b"}.items():
        assert decode(f'{{"$key": {key}, "$model": "a.b"}}'.encode()).key.key == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n\n", "\n"),
        ("\n\n", "\n\n\n"),
        ("\n", "\r\n"),
        ("}\n", "}"),
        ("}\n", "}\n\n"),
        ("  ", " "),
        ("First sentence. ", "First sentence.\",\n\n      \" "),
        ('"tags.tag:3",\n    "tags.tag:12"', '"tags.tag:3", "tags.tag:12"'),
        ("é", "\\u00e9"),
    ],
)  # fmt: skip
def test_other_bytes_of_the_same_record_are_not_canonical(old: str, new: str) -> None:
    text = (GOLDEN / "page.json").read_text().replace("Summer", "Été")
    assert is_canonical(text.encode())
    changed = text.replace(old, new)
    assert changed != text
    assert not is_canonical(changed.encode())
    assert same_record(decode(changed.encode()), decode(text.encode()))


def test_blob_ids_are_those_of_git() -> None:
    # git hash-object of the bytes b"hello\n", and of nothing
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id(b"", "sha256") == hashlib.sha256(b"blob 0\0").hexdigest()


@settings(deadline=None)
@given(values)
def test_values_are_the_same_as_what_is_read_back(value: Value) -> None:
    assert same(decode(encode(Record(PAGE, {"f": value}))).fields["f"], value)


def test_fields_are_compared_as_they_are_written() -> None:
    def written(**fields: Value) -> bytes:
        return encode(Record(RecordKey("a.b", "1"), dict(sorted(fields.items()))))

    text = 'A long text.\n\n  "slug": is no field\n' * 5
    one = written(body=text, data={"slug": 1, "x": []}, slug="a", title="T")
    assert same_fields(one, written(body="", data=None, slug="a", title="T"), ["slug", "title"])
    for other in (
        written(body=text, data={"slug": 1, "x": []}, slug="b", title="T"),
        written(body=text, data={"slug": 1, "x": []}, title="T"),
        written(body=text, data={"slug": 1, "x": []}, slug="a", title="T").replace(b"\n", b"\r\n"),
        b"",
    ):
        assert not same_fields(one, other, ["slug", "title"])
        assert not same_fields(other, one, ["slug", "title"])
    assert not same_fields(one, one, ["nothing"])
    assert same_fields(one, written(data={"slug": 2, "x": []}, body="", slug="a"), ["slug"])
    assert same_fields(one, b"", [])

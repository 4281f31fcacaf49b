"""Keys as paths: one path a key, one key a path, and nothing else is accepted."""

from __future__ import annotations

import re
from hashlib import sha1

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contentgit.content.layout import (
    decode_part,
    dump_folder,
    dump_name,
    encode_part,
    integer_key,
    key_text,
    key_value,
    paths_of,
    record_key,
    record_path,
)
from contentgit.content.records import RecordKey, sorted_keys
from contentgit.content.schema import KeyKind, Layout
from contentgit.errors import FormatError, RecordError, UsageError
from tests.core.strategies import key_values, keys, texts

PARTS = {
    "summer": "summer",
    "summer-2026_a.b": "summer-2026_a.b",
    "": "%",
    "Summer": "%53ummer",
    "a b": "a%20b",
    "a,b:c@d/e%f~g": "a%2cb%3ac%40d%2fe%25f%7eg",
    "größe": "gr%c3%b6%c3%9fe",
    "😀": "%f0%9f%98%80",
    "\ud83d": "%ed%a0%bd",
    "\0\n\\": "%00%0a%5c",
    ".": "%2e",
    "..": "%2e%2e",
    ".git": "%2egit",
    "a.": "a%2e",
    "con": "%63on",
    "con.txt": "%63on.txt",
    "con.": "%63on%2e",
    "com1": "%63om1",
    "lpt9.a.b": "%6cpt9.a.b",
    "nul.ä": "%6eul.%c3%a4",
    "com0": "com0",
    "console": "console",
    "CON": "%43%4f%4e",
    "dataset.json": "%64ataset.json",
    "contentgit.json": "%63ontentgit.json",
    "-1": "-1",
}


@pytest.mark.parametrize(("text", "name"), PARTS.items())
def test_a_part_and_back(text: str, name: str) -> None:
    assert encode_part(text) == name
    assert decode_part(name) == text


@pytest.mark.parametrize(
    "name",
    [
        "", "A", "a b", "a,b", "a/b", "..", ".", ".a", "a.", "con", "nul.x", "%61", "%2E", "%2d",
        "%zz", "%2", "a%", "%%", "%ff", "%c3", "%c0%af", "ä", "a~b", "%f4%90%80%80", "a\n", "%63",
        "%63ons", "dataset.json",
    ],
)  # fmt: skip
def test_what_is_never_written_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not an encoded name"):
        decode_part(name)


@settings(deadline=None)
@given(texts)
def test_every_text_is_a_safe_name_and_back(text: str) -> None:
    name = encode_part(text)
    assert re.fullmatch(r"[a-z0-9._%-]+", name)
    assert name[0] != "."
    assert name[-1] != "."
    assert decode_part(name) == text


@given(st.text("%0123456789abcdef.-_conulpt", max_size=12))
def test_a_name_is_refused_or_the_only_one_of_its_text(name: str) -> None:
    try:
        text = decode_part(name)
    except ValueError:
        return
    assert encode_part(text) == name


def test_key_texts() -> None:
    assert key_text(42) == "42"
    assert key_text(-7) == "-7"
    assert key_text("42") == "42"
    assert key_text("Summer") == "%53ummer"
    assert key_text([42, "de"]) == "42,de"
    assert key_text(("", "a,b")) == "%,a%2cb"


@pytest.mark.parametrize("value", [True, 1.5, None, [None], [True], b"a"])
def test_other_values_are_no_keys(value: object) -> None:
    with pytest.raises(TypeError):
        key_text(value)  # type: ignore[arg-type]


def test_a_key_has_a_part() -> None:
    with pytest.raises(ValueError, match="at least one part"):
        key_text([])


def test_key_values() -> None:
    assert key_value("42", KeyKind.INTEGER) == 42
    assert key_value("42", KeyKind.TEXT) == "42"
    assert key_value("42,de", KeyKind.COMPOSITE) == [42, "de"]
    assert key_value("%,007,-0", KeyKind.COMPOSITE) == ["", "007", "-0"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("summer", KeyKind.INTEGER),
        ("042", KeyKind.INTEGER),
        ("-0", KeyKind.INTEGER),
        ("18446744073709551616", KeyKind.INTEGER),
        ("a,b", KeyKind.TEXT),
        ("A", KeyKind.TEXT),
        ("a,", KeyKind.COMPOSITE),
    ],
)
def test_key_texts_of_another_kind_are_refused(text: str, kind: KeyKind) -> None:
    with pytest.raises(ValueError, match="is no"):
        key_value(text, kind)


@settings(deadline=None)
@given(key_values)
def test_a_key_text_stands_for_one_key(value: int | str | list[int | str]) -> None:
    text = key_text(value)
    assert key_text(key_value(text, KeyKind.COMPOSITE)) == text
    if not isinstance(value, list):
        kind = KeyKind.INTEGER if isinstance(value, int) else KeyKind.TEXT
        assert key_value(text, kind) == value


LONG = "a" * 151
LONG_SHA1 = sha1(LONG.encode()).hexdigest()
PATHS = [
    ("42", Layout.INTEGER, "pages.page/0/0/42.json"),
    ("1207", Layout.INTEGER, "pages.page/0/12/1207.json"),
    ("1234567", Layout.INTEGER, "pages.page/123/45/1234567.json"),
    ("-5", Layout.INTEGER, "pages.page/-1/99/-5.json"),
    ("summer", Layout.FLAT, "pages.page/summer.json"),
    ("42", Layout.FLAT, "pages.page/42.json"),
    ("42,de", Layout.FLAT, "pages.page/42,de.json"),
    ("summer", Layout.HASHED, "pages.page/64/2/summer.json"),
    ("a" * 150, Layout.FLAT, f"pages.page/{'a' * 150}.json"),
]


@pytest.mark.parametrize(("text", "layout", "path"), PATHS)
def test_a_path_and_back(text: str, layout: Layout, path: str) -> None:
    key = RecordKey("pages.page", text)
    assert record_path(key, layout) == path
    assert record_key(path) == key


@pytest.mark.parametrize("layout", [Layout.FLAT, Layout.HASHED])
def test_a_long_key_is_shortened_in_the_name_of_its_file(layout: Layout) -> None:
    path = record_path(RecordKey("pages.page", LONG), layout)
    between = f"{LONG_SHA1[:2]}/{LONG_SHA1[2]}/" if layout is Layout.HASHED else ""
    assert path == f"pages.page/{between}{'a' * 100}~{LONG_SHA1}.json"
    assert record_key(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "dataset.json",
        "pages.page",
        "pages.page/42",
        "pages.page/42.JSON",
        "pages.page/42.json/x",
        "pages.page/42.xml",
        "pages.page/.json",
        "pages.page/a/42.json",
        "pages.page/0/1/42.json",
        "pages.page/1/0/42.json",
        "pages.page/0/0/042.json",
        "pages.page/00/0/42.json",
        "pages.page/0/0/0/42.json",
        "pages.page/64/3/summer.json",
        "pages.page/64/2/Summer.json",
        "pages.page/Summer.json",
        "pages.page/con.json",
        "pages.page/.git.json",
        "pages.page/a,.json",
        "pages.page/%61.json",
        "pages.page/a\n.json",
        f"pages.page/{LONG}.json",
        f"pages.page/{'a' * 99}~{LONG_SHA1}.json",
        f"pages.page/{'a' * 100}~{LONG_SHA1.upper()}.json",
        f"pages.page/00/0/{'a' * 100}~{LONG_SHA1}.json",
        "../pages.page/42.json",
        "pages.page/../../42.json",
        "/pages.page/42.json",
        "pages.page//42.json",
        ".git/hooks/a/post-checkout.json",
        ".git/a.json",
        "pages/42.json",
        "a.b.c/42.json",
        "Pages.Page/42.json",
        "pages./42.json",
        "pages.page/42.json\0",
        "pages.page\\42.json",
    ],
)
def test_foreign_paths_are_refused(path: str) -> None:
    with pytest.raises(FormatError) as caught:
        record_key(path)
    assert caught.value.message == f"{path!r} is not a path that contentgit writes"
    assert caught.value.data == {"path": path}


@settings(deadline=None)
@given(keys, st.sampled_from(Layout))
def test_each_record_has_one_path(key: RecordKey, layout: Layout) -> None:
    if layout is Layout.INTEGER and integer_key(key.key) is None:
        with pytest.raises(RecordError, match="integer keys only"):
            record_path(key, layout)
        return
    path = record_path(key, layout)
    assert max(map(len, path.split("/"))) <= 155
    assert record_key(path) == (key if len(key.key) <= 150 else None)


@pytest.mark.parametrize("text", ["", "../../x", "a/b", "A", ".git", "a\n", "a~b"])
def test_no_path_for_what_is_no_key(text: str) -> None:
    with pytest.raises(RecordError, match="not a key as contentgit writes it"):
        record_path(RecordKey("pages.page", text), Layout.FLAT)


@pytest.mark.parametrize(
    ("name", "arguments", "folder"),
    [
        ("pages", "", "pages"),
        ("districts", "42,43", "districts@42,43"),
        ("districts", "Nord", "districts@%4eord"),
        ("my pages", "a b,,c", "my%20pages@a%20b,%,c"),
        ("districts", ",", "districts@%,%"),
        ("a@b", "", "a%40b"),
        ("contentgit.json", "", "%63ontentgit.json"),
        (".git", "", "%2egit"),
        ("aux", "1", "%61ux@1"),
    ],
)
def test_dump_folders(name: str, arguments: str, folder: str) -> None:
    assert dump_folder(name, arguments) == folder
    assert dump_name(folder) == (name, arguments)


@pytest.mark.parametrize(
    "folder",
    ["", "Pages", ".git", "pages@", "@42", "pages@42@43", "pages@a,", "pages@a%2cb", "a/b", "%",
     "contentgit.json", "con", "pages@..", "a" * 201],
)  # fmt: skip
def test_foreign_folders_are_refused(folder: str) -> None:
    with pytest.raises(FormatError, match="is not a folder that contentgit creates"):
        dump_name(folder)


@given(st.text(min_size=1, max_size=5), st.text(max_size=11))
def test_a_dump_and_its_folder(name: str, arguments: str) -> None:
    assert dump_name(dump_folder(name, arguments)) == (name, arguments)


def test_a_dump_needs_a_name_of_moderate_length() -> None:
    with pytest.raises(UsageError, match="a dataset needs a name"):
        dump_folder("", "42")
    with pytest.raises(UsageError, match="longer than 200 bytes"):
        dump_folder("districts", ",".join(map(str, range(100))))


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.integers(-(2**65), 2**65).map(str), st.sampled_from(["a", "007", "-0", "1,2"]))
    )
)
def test_paths_of_many_are_those_of_each(texts: list[str]) -> None:
    for layout in Layout:
        found = [RecordKey("pages.page", text) for text in texts]
        try:
            expected: object = [record_path(key, layout) for key in found]
        except RecordError as error:
            expected = error.message
        try:
            paths: object = paths_of(found, layout)
        except RecordError as error:
            paths = error.message
        assert paths == expected


@given(st.lists(keys))
def test_many_keys_are_sorted_as_two_are(found: list[RecordKey]) -> None:
    assert sorted_keys(found) == sorted(found)

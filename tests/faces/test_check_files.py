"""``check`` of the files that travel with rows."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.layout import file_path
from contentgit.content.records import CarriedFile, Record, RecordKey
from contentgit.content.schema import FieldKind, FieldSchema, KeyKind, Layout, ModelSchema, Schema
from contentgit.specs import Dataset, ModelSpec
from tests.faces.test_check import Check, Ok, Site, check, place, rules, site

__all__ = ["check", "site"]

PAGE = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("picture", FieldKind.FILE, carried=True),
    ),
)
DOCUMENT = dump_document(
    schema_document(
        Dataset("pages", "", (ModelSpec("pages.page", files="carry"),)),
        Schema({"pages.page": PAGE}),
    )
)
LOAF = b"a picture of a loaf"
OTHER = b"another picture that"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path_of(data: bytes) -> str:
    return file_path(sha(data))


def file(data: bytes, name: str = "news/loaf.jpg", **other: Any) -> CarriedFile:
    return CarriedFile(name, other.get("sha256", sha(data)), other.get("size", len(data)))


def page(key: int, **fields: Any) -> bytes:
    return canonical.encode(
        Record(RecordKey("pages.page", str(key)), {"body": "", "picture": "", **fields})
    )


def pointer(data: bytes, size: int | None = None) -> bytes:
    told = f"oid sha256:{sha(data)}\nsize {len(data) if size is None else size}\n"
    return b"version https://git-lfs.github.com/spec/v1\n" + told.encode()


@pytest.fixture
def start(site: Site) -> str:
    """A commit with a record and its file."""
    return site.commit(
        {
            "pages/dataset.json": DOCUMENT,
            place(1): page(1, picture=file(LOAF)),
            path_of(LOAF): LOAF,
        }
    )


def test_files_that_are_there_are_no_finding(site: Site, start: str, check: Check) -> None:
    said = check("--strict")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"1 record in 1 dump at {start[:10]}: nothing found\n"


def test_a_file_that_is_not_there(site: Site, start: str, check: Check) -> None:
    site.commit({place(2): page(2, picture=file(OTHER)), place(3): page(3, picture=file(OTHER))})
    said = check()
    assert said.code == 1
    assert said.out == (
        f"{place(2)}\n"
        "  error    missing-file  8: pages.page:2 picture: names the file "
        '"news/loaf.jpg", which the tree does not have\n'
        "           commit again from a database whose storage has the file, or fetch the commit "
        "whole\n"
        f"3 records in 1 dump at {site.repository.refs.resolve('HEAD')[:10]}: 1 error\n"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (OTHER[: len(LOAF)], "is not the file of 19 bytes that pages.page:1 picture names"),
        (LOAF + b"more", "is not the file of 19 bytes that pages.page:1 picture names"),
        (pointer(LOAF), ""),
        (pointer(LOAF, 18), "is not the file of 19 bytes"),
        (pointer(OTHER), "is not the file of 19 bytes that pages.page:1 picture names"),
        (b"x" * 4000, "is not the file of 19 bytes that pages.page:1 picture names"),
    ],
)
def test_the_bytes_are_those_of_the_name(
    site: Site, start: str, check: Check, data: bytes, message: str
) -> None:
    """Or a pointer of git-lfs stands for them."""
    site.commit({path_of(LOAF): data})
    said = check("--json").json["findings"]
    assert [each["rule"] for each in said] == (["wrong-file"] if message else [])
    assert all(message in each["message"] for each in said)


def test_a_record_that_gives_a_file_another_size(site: Site, start: str, check: Check) -> None:
    site.commit({place(2): page(2, picture=file(LOAF, size=18))})
    found = check("--json").json["findings"]
    assert [(each["rule"], each["record"]) for each in found] == [("wrong-file", "pages.page:2")]
    assert found[0]["message"] == 'says that "news/loaf.jpg" has 18 bytes: it has 19'


def test_a_file_that_is_a_pointer_itself(site: Site, start: str, check: Check) -> None:
    text = pointer(OTHER)
    site.commit({place(2): page(2, picture=file(text)), path_of(text): text})
    assert check("--strict").code == 0


def test_files_that_no_record_names_and_what_is_none(site: Site, start: str, check: Check) -> None:
    strange = ["files/README", "files/ab/short", "files/xy/zz", f"files/{'a' * 64}"]
    strange += [path_of(OTHER) + "/deeper", "files/dataset.json"]
    site.commit({**dict.fromkeys(strange, b"what"), path_of(b"nobody's"): b"nobody's"})
    found = rules(check("--json"))
    assert ("unnamed-file", path_of(b"nobody's"), "") in found
    foreign = {path for rule, path, _ in found if rule == "foreign-file"}
    assert foreign == {
        "files/README",
        "files/ab/short",
        "files/xy",
        f"files/{'a' * 64}",
        path_of(OTHER),
        "files/dataset.json",
    }
    assert len(found) == 7


def test_a_range_counts_what_its_beginning_has(site: Site, start: str, check: Check) -> None:
    before = site.commit({path_of(LOAF): None, path_of(b"nobody's"): b"nobody's"})
    site.commit({place(2): page(2, picture=file(OTHER)), path_of(OTHER): LOAF})
    said = check("--json", f"{before}..HEAD").json
    assert [each["path"] for each in said["findings"]] == [path_of(OTHER)]
    assert said["before"] == 2


@pytest.mark.parametrize("name", ["../loaf.jpg", "/etc/passwd", "a//b", "c:/x", "a\\b", ""])
def test_a_name_that_leads_elsewhere(site: Site, start: str, check: Check, name: str) -> None:
    """The rest of the tree is read; the hint says what is to be done."""
    text = page(2, picture=file(LOAF)).replace(b"news/loaf.jpg", name.encode())
    if "\\" in name:
        text = text.replace(b"a\\b", b"a\\\\b")
    site.commit({place(2): text})
    found = check("--json").json["findings"]
    assert [(each["rule"], each["path"]) for each in found] == [("not-a-record", place(2))]
    assert "a file is named" in found[0]["message"]
    assert found[0]["hint"] == "correct or remove the file"


def test_a_file_in_a_field_that_carries_none(site: Site, start: str, check: Check) -> None:
    site.commit({place(2): page(2, body=file(LOAF))})
    found = check("--json").json["findings"]
    assert [(each["rule"], each["field"]) for each in found] == [("wrong-type", "body")]
    assert "is a file, and the field carries none" in found[0]["message"]


def test_fix_leaves_files_alone(site: Site, start: str, check: Check, ok: Ok) -> None:
    odd = page(2, picture=file(OTHER)).replace(b"{\n", b"{\n\n", 1)
    site.commit({place(2): odd, path_of(OTHER): OTHER, path_of(b"nobody's"): b"nobody's"})
    said = check("--fix")
    assert said.out.startswith("Rewrote 1 file canonically on main")
    assert [rule for rule, _, _ in rules(check("--json"))] == ["unnamed-file"]

"""What a commit has in place of a file that git-lfs keeps."""

from __future__ import annotations

import pytest

from contentgit.content.pointers import ATTRIBUTE, keeps_pointers, pointer, with_pointers
from contentgit.content.records import CarriedFile

SHA = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"


def test_a_pointer_is_the_text_of_the_specification() -> None:
    assert pointer(CarriedFile("news/loaf.jpg", SHA, 12345)) == (
        b"version https://git-lfs.github.com/spec/v1\n"
        b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
        b"size 12345\n"
    )


def test_the_pointer_of_an_empty_file_is_empty() -> None:
    assert pointer(CarriedFile("empty.txt", SHA, 0)) == b""


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ("", False),
        (ATTRIBUTE, True),
        ("/files/**\tfilter=lfs", True),
        ("# files/** filter=lfs", False),
        ("*.json text\nfiles/** -text filter=lfs\n", True),
        ("files/** filter=lfs\nfiles/** -text\n", True),
        ("files/** filter=lfs\nfiles/** -filter\n", False),
        ("files/** filter=lfs\n* !filter\n", False),
        ("files/** filter=other", False),
        ("files/** -filter\nfiles/*/* filter=lfs", True),
        ("*.jpg filter=lfs", False),
        ("pages/** filter=lfs", False),
        ("files/ab/** filter=lfs", False),
        ("files/**", False),
        ("files/** \udcff filter=lfs", True),
    ],
)
def test_a_tree_says_by_its_attributes_whether_it_has_pointers(attributes: str, kept: bool) -> None:
    assert keeps_pointers(attributes.encode("utf-8", "surrogateescape")) is kept


@pytest.mark.parametrize("before", [b"", b"*.txt text\n", b"*.txt text", b"files/** -filter\n"])
def test_attributes_get_a_line(before: bytes) -> None:
    after = with_pointers(before)
    assert after.startswith(before)
    assert after.endswith(f"{ATTRIBUTE}\n".encode())
    assert keeps_pointers(after)

"""``SECURITY.md`` says nothing that no test shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.pages import ROOT

_NAME = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> Iterator[str]:
    """The lines of the tables, without their heads."""
    for line in (ROOT / "SECURITY.md").read_text().splitlines():
        if line.startswith("|") and not line.startswith(("|---", "| what |")):
            yield line


def defined_in(path: str) -> set[str]:
    """The tests of a module."""
    body = ast.parse((ROOT / path).read_text()).body
    names = (node.name for node in body if isinstance(node, ast.FunctionDef))
    return {name for name in names if name.startswith("test_")}


def test_every_line_names_tests_that_exist() -> None:
    found = list(rows())
    assert len(found) > 30
    for row in found:
        _, what, comes, named, _ = re.split(r"(?<!\\)\|", row)
        assert what.strip()
        assert comes.strip()
        names = _NAME.findall(named)
        assert names, f"no test: {row}"
        assert _NAME.sub("", named).strip(" ,") == "", f"not a test: {row}"
        for path, name in names:
            assert name in defined_in(path), f"{path}::{name} does not exist"


def test_every_test_of_foreign_repositories_is_in_the_tables() -> None:
    named = {name for row in rows() for _, name in _NAME.findall(row)}
    assert defined_in("tests/faces/test_foreign_repository.py") <= named

"""Messages and numbers on pages for operators are those of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from contentgit.cli import pictures, terminal
from contentgit.content import conditions, layout, lenses, text
from contentgit.content import values as content
from contentgit.content.evolution import documents
from contentgit.db.backends import base
from contentgit.git import bounds, housekeeping, program
from contentgit.history import check
from contentgit.render import markdown
from tests import databases
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"


def messages() -> list[str]:
    page = (DOCS / "troubleshooting.md").read_text()
    return re.findall(r"^### `([^`]*…[^`]*|[^`]* [^`]*)`$", page, re.MULTILINE)


@cache
def templates() -> list[str]:
    """Every text in the code, with … for each value that is put into it."""
    found = []
    for path in (ROOT / "contentgit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found += _template(node)
    return found


def _template(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )


@pytest.mark.parametrize("message", messages())
def test_every_message_is_one_of_the_program(message: str) -> None:
    assert any(message in template for template in templates())


def test_there_are_many_messages() -> None:
    assert len(messages()) > 20


LIMITS = {
    "lists and objects within one field": content.DEPTH_LIMIT,
    "text in one line": text.SHORT_TEXT,
    "key text that names a file": layout.NAME_LIMIT,
    "folder of a dump": layout._FOLDER_LIMIT,
    "folders above a record": bounds.DEEPEST,
    "folders above any other file": bounds.DEEPEST_BESIDE,
    "entries of folders that repeat": bounds.REPEATED,
    "characters in a name of a recorded migration": documents.LONGEST,
    "conversions of one field": lenses.CONVERSIONS,
    "comparisons in a constraint": conditions.LARGEST,
    "causes in an error": terminal.ITEMS_SHOWN,
    "a line of an error": terminal.LINE,
    "findings of one rule": check.KEPT,
    "Markdown report for GitHub": markdown.LIMITS["github"],
    "Markdown report for GitLab": markdown.LIMITS["gitlab"],
    "a picture": pictures.LARGEST,
    "all pictures": pictures.ALL,
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_the_one_of_the_program(name: str) -> None:
    page = (DOCS / "limits.md").read_text()
    row = re.search(rf"^\| {name}[^|]*\| ([\d,]+)", page, re.MULTILINE)
    assert row
    assert int(row[1].replace(",", "")) == LIMITS[name]


def test_the_bounds_of_a_statement_are_those_of_the_program() -> None:
    sentence = re.search(
        r"at most ([\d,]+) rows, ([\d,]+) characters and ([\d,]+) parameters",
        (DOCS / "limits.md").read_text(),
    )
    assert sentence
    bounds_there = [int(number.replace(",", "")) for number in sentence.groups()]
    assert bounds_there == [
        base.STATEMENT_ROWS,
        base.STATEMENT_CHARACTERS,
        base.STATEMENT_PARAMETERS,
    ]


def test_other_numbers_on_the_pages_are_those_of_the_program() -> None:
    databases.start_django()
    from contentgit.workingcopy import backlog

    house, installing = (
        (DOCS / name).read_text() for name in ("keeping-house.md", "installing.md")
    )
    assert f"Beyond {housekeeping._MANY_PACKS} packs" in house
    assert f"more than {backlog.MANY} backups" in house
    assert f"git {'.'.join(map(str, program.OLDEST))} or newer" in installing

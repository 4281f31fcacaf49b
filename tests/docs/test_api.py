"""docs/api.md has every public name, and every name on it exists."""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from contentgit.errors import ContentgitError
from tests import databases
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/api.md").read_text()
PARTS = re.split(r"^## (.*)\n", PAGE, flags=re.MULTILINE)
SECTIONS = {
    title.strip("`"): body
    for title, body in zip(PARTS[1::2], PARTS[2::2], strict=True)
    if title.startswith("`")
}
INTERNAL = {
    "contentgit.content.diff": {"Absent", "Delta", "Kind", "deltas"},
    "contentgit.content.records": {"JSONNull", "Value"},
    "RecordKey": {"sort_key"},
    "Links": {"between", "empty"},
    "Html": {"places"},
    "JsonText": {"paths"},
}
"""Names of a module or class, without an underscore, that projects have no use for."""


def module(name: str) -> ModuleType:
    databases.start_django()
    return importlib.import_module(name)


def names(section: str) -> Iterator[tuple[str, str]]:
    """What a section explains: each name with its entry."""
    entries = re.split(r"^`(\w+)[^\n]*`\n(?=: )", section, flags=re.MULTILINE)
    yield from zip(entries[1::2], entries[2::2], strict=True)
    for name in re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE):
        yield name, ""


def members(entry: str) -> set[str]:
    """The attributes and methods that an entry lists."""
    heads = re.findall(r"^  - (`[^:]*`):", entry, re.MULTILINE)
    return {name for head in heads for name in re.findall(r"`(\w+)", head)}


def public(thing: Any) -> set[str]:
    """The attributes and methods of a class that are its own and have no underscore."""
    fields = (
        {each.name for each in dataclasses.fields(thing)}
        if dataclasses.is_dataclass(thing)
        else set()
    )
    fields |= set(getattr(thing, "_fields", ()))
    return {name for name in {*fields, *vars(thing)} if not name.startswith("_")}


def defined(name: str) -> set[str]:
    """The public names of a module: those that it defines itself, or its ``__all__``."""
    found = module(name)
    if hasattr(found, "__all__"):
        return set(found.__all__) - INTERNAL.get(name, set())
    if name == "contentgit.datasets":  # the rest evaluates what these made
        return {each for each in vars(found) if each.startswith("specs_for_")}
    tree = ast.parse(inspect.getsource(found)).body
    made = {node.name for node in tree if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    made |= {
        node.target.id
        for node in tree
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return {each for each in made if not each.startswith("_")} - INTERNAL.get(name, set())


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_has_the_names_of_its_module(name: str) -> None:
    assert {each for each, _ in names(SECTIONS[name])} == defined(name)


@pytest.mark.parametrize("name", SECTIONS)
def test_an_entry_lists_the_members_of_its_class(name: str) -> None:
    for each, entry in names(SECTIONS[name]):
        thing = getattr(module(name), each)
        if not inspect.isclass(thing) or not members(entry) or issubclass(thing, Exception):
            continue
        assert members(entry) == public(thing) - INTERNAL.get(each, set()), each


def test_the_values_of_enumerations_are_all_there() -> None:
    for each, entry in names(SECTIONS["contentgit.plan.steps"]):
        thing = getattr(module("contentgit.plan.steps"), each)
        if inspect.isclass(thing) and issubclass(thing, enum.Enum):
            assert set(re.findall(r"`([A-Z_]+)`", entry)) == set(thing.__members__), each


def test_signatures_are_those_of_the_functions() -> None:
    datasets = module("contentgit.datasets")
    for name, arguments in re.findall(r"^`(specs_\w+)\((.*)\)`$", PAGE, re.MULTILINE):
        parameters = inspect.signature(getattr(datasets, name)).parameters.values()
        written = [
            f"{p.name}={p.default}" if p.default is not p.empty else p.name for p in parameters
        ]
        assert ", ".join(written) == arguments


def test_errors_have_the_bases_and_exit_codes_of_the_table() -> None:
    errors = module("contentgit.errors")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\d) \|", PAGE, re.MULTILINE)
    assert len(rows) == len(list(descendants(ContentgitError)))
    for name, base, code in rows:
        found = getattr(errors, name)
        assert (found.__bases__[0].__name__, found.exit_code) == (base, int(code))
    listed = dict(names(SECTIONS["contentgit.errors"]))["ContentgitError"]
    assert members(listed) == {*vars(ContentgitError("x")), "exit_code"}


def descendants(cls: type) -> Iterator[type]:
    for each in cls.__subclasses__():
        if each.__module__ == cls.__module__:
            yield each
        yield from descendants(each)


def test_the_call_from_python_gives_a_document(db: str) -> None:
    code = re.search(r"^```python\n(import contextlib\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert code
    space: dict[str, Any] = {}
    exec(code[1], space)
    assert "datasets" in space["found"]

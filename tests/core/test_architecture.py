"""The import block of docs/architecture.md is the law: this reads it and checks every import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "contentgit"
OUTSIDE = {"django": "django", "git": "GitPython", "orjson": "orjson", "rich": "rich"}
"""What is imported from outside, and its name in the block."""
PURE = (
    "content",
    "integrity",
    "plan",
    "merge",
    "check",
    "review",
    "missing",
    "references",
    "specs",
    "render",
)


def rules() -> dict[str, set[str]]:
    """Module to what it may import, from the block fenced with ```imports."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    block = re.search(r"^```imports\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block, "docs/architecture.md has no imports block"
    found: dict[str, set[str]] = {}
    for line in block.group(1).splitlines():
        name, _, allowed = line.partition(":")
        if name.strip():
            found[name.strip()] = set(allowed.split())
    return found


def modules() -> dict[str, Path]:
    """Every module of the package by its name without the package's own."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if "migrations" in parts or parts[:2] == ("demo", "site"):
            continue
        found[".".join(parts).removesuffix(".__init__") or "__init__"] = path
    return found


def imports(name: str, path: Path, known: set[str]) -> Iterator[str]:
    """What a module imports: modules of the package, and the outside things that have one place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively in line {node.lineno}"
            module = node.module or ""
            names = [
                f"{module}.{alias.name}"
                if f"{module}.{alias.name}".removeprefix("contentgit.") in known
                else module
                for alias in node.names
            ]
        else:
            continue
        for each in names:
            top = each.split(".")[0]
            if top == "contentgit":
                yield each.removeprefix("contentgit.") if each != "contentgit" else "__init__"
            elif top in OUTSIDE:
                yield OUTSIDE[top]


def room(name: str, rooms: dict[str, set[str]]) -> str:
    """The line of the block that a module belongs to: its own, or that of the package it is in."""
    while name not in rooms:
        assert "." in name, f"no line of the imports block holds {name!r}"
        name = name.rpartition(".")[0]
    return name


MODULES = modules()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_what_the_architecture_allows(name: str) -> None:
    rooms = rules()
    own = room(name, rooms)
    for imported in imports(name, MODULES[name], set(MODULES)):
        if imported == "__init__":
            continue
        target = imported if imported in OUTSIDE.values() else room(imported, rooms)
        assert target == own or target in rooms[own], f"{name} imports {imported}: {own} may not"


def test_no_line_of_the_block_allows_more_than_is_used() -> None:
    rooms = rules()
    used: dict[str, set[str]] = {name: set() for name in rooms}
    for name, path in MODULES.items():
        for imported in imports(name, path, set(MODULES)):
            outside = imported in OUTSIDE.values()
            used[room(name, rooms)].add(imported if outside else room(imported, rooms))
    for name, allowed in rooms.items():
        assert allowed <= used[name], f"{name} does not use {sorted(allowed - used[name])}"


def test_the_block_names_only_rooms_that_exist() -> None:
    for name, allowed in rules().items():
        for each in {name} | allowed - set(OUTSIDE.values()):
            assert each in MODULES or (PACKAGE / each.replace(".", "/")).is_dir(), each


def test_there_is_no_cycle_between_rooms() -> None:
    rooms = rules()
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' -> '.join((*path, name))}"
        if name in done or name in OUTSIDE.values():
            return
        for each in rooms[name]:
            visit(each, (*path, name))
        done.add(name)

    for name in rooms:
        visit(name, ())


def test_the_walks_name_functions_that_exist() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Two walks\n")[2].partition("\n## ")[0]
    walks = re.findall(r"`(\w+(?:\.\w+)+)`", section)
    assert len(walks) > 30
    for walk in walks:
        module = walk
        while module not in MODULES:
            assert "." in module, walk
            module = module.rpartition(".")[0]
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        defined = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        imported = {
            n.name for node in tree.body if isinstance(node, ast.ImportFrom) for n in node.names
        }
        names = walk.removeprefix(f"{module}.").split(".")
        assert set(names) <= defined | imported, walk


def test_the_rules_import_without_django_and_without_git() -> None:
    """In a new interpreter, where nothing has imported them before."""
    names = [name for name in MODULES if name.split(".")[0] in PURE]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module('contentgit.' + name)\n"
        "found = {'django', 'git'} & {name.split('.')[0] for name in sys.modules}\n"
        "sys.exit(f'imported: {found}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_one_place_per_outside_thing() -> None:
    """git and orjson have one importer each; settings and environment the reader and what starts Django."""
    git = {
        name for name, path in MODULES.items() if "GitPython" in imports(name, path, set(MODULES))
    }
    assert {name.split(".")[0] for name in git} == {"git"}
    orjson = {
        name for name, path in MODULES.items() if "orjson" in imports(name, path, set(MODULES))
    }
    assert len(orjson) == 1
    for name, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        if name not in ("config", "startup"):
            assert "os.environ" not in text or name.startswith("git."), name
            assert "django.conf" not in text, name

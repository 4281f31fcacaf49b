"""What a contributor is given: the same versions everywhere, and pages that name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from tests.docs.pages import ROOT


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def hooks() -> dict[str, dict[str, Any]]:
    """The repositories of ``.pre-commit-config.yaml`` by the first word of their last hook."""
    found = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    return {each["hooks"][-1]["id"].partition("-")[0]: each for each in found}


def test_the_hooks_before_a_commit_run_the_versions_of_the_group_lint() -> None:
    lint = project()["dependency-groups"]["lint"]
    ranges = [re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", each) for each in lint]
    bounds = {each[1]: (numbers(each[2]), numbers(each[3])) for each in ranges if each}
    for name, hook in hooks().items():
        low, high = bounds[name]
        assert low <= numbers(hook["rev"].removeprefix("v")) < high, name


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_mypy_before_a_commit_sees_the_dependencies_and_the_stubs() -> None:
    stubs = [each for each in project()["dependency-groups"]["lint"] if "stubs" in each]
    wanted = {*project()["project"]["dependencies"], *stubs}
    assert set(hooks()["mypy"]["hooks"][0]["additional_dependencies"]) == wanted


def test_every_app_with_models_is_described() -> None:
    page = (ROOT / "tests/README.md").read_text()
    apps = {path.parent.name for path in Path(ROOT / "tests").glob("*/models.py")}
    assert {name for name in apps if f"| `{name}` |" not in page} == set()


def test_every_folder_of_tests_is_described() -> None:
    page = (ROOT / "tests/README.md").read_text()
    folders = {path.parent.name for path in Path(ROOT / "tests").glob("*/test_*.py")}
    assert {name for name in folders if f"`{name}`" not in page} == set()


def test_every_variable_of_the_tests_is_described() -> None:
    page = (ROOT / "tests/README.md").read_text()
    files = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    named = {
        name for text in files for name in re.findall(r'environ[^\n]*"(CONTENTGIT_TEST_\w+)"', text)
    }
    assert len(named) > 4
    assert {name for name in named if name not in page} == set()


def test_files_that_the_pages_for_contributors_name_exist() -> None:
    for page in ("CONTRIBUTING.md", "tests/README.md"):
        text = (ROOT / page).read_text()
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert ((ROOT / page).parent / target).exists(), target
        for path in re.findall(r"`((?:tests|scripts|docs|\.ci)/[\w./]*\w)`", text):
            assert (ROOT / path).exists(), path

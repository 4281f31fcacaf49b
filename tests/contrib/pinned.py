"""Which packages of others are installed, and at the release that was tried."""

from __future__ import annotations

import importlib.util
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PINS = Path(__file__).parents[2] / "scripts" / "realworld" / "packages_site" / "pins.py"


def _pins() -> ModuleType:
    """By its path: the folder of the scripts has modules that are named like packages."""
    spec = importlib.util.spec_from_file_location("contentgit_pins", PINS)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


PACKAGES: dict[str, Any] = _pins().PACKAGES


def needs(name: str) -> None:
    """Skips a test where a release is missing that the site of this name was tried with."""
    for pin in PACKAGES[name].pins:
        found = re.fullmatch(r"([\w-]+)(?:\[\w+\])?(?:==([\w.]+))?", pin)
        assert found is not None
        try:
            there = version(found[1])
        except PackageNotFoundError:
            there = ""
        if not there or there != (found[2] or there):
            pytest.skip(f"{pin} is not installed" + (f", but {there}" if there else ""))

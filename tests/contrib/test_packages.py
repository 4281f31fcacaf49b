"""Sites with packages of others, as in docs/realworld.md: between databases with other primary keys."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contrib import pinned

SCRIPTS = Path(__file__).parent.parent.parent / "scripts" / "realworld"


@pytest.mark.parametrize("name", pinned.PACKAGES)
def test_a_package(name: str, tmp_path: Path) -> None:
    pinned.needs(name)
    words = ["--no-install", f"--venv={sys.prefix}", f"--folder={tmp_path}"]
    done = subprocess.run(
        [sys.executable, SCRIPTS / "packages.py", name, *words],
        check=False,
        text=True,
        capture_output=True,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Everything is equal."), done

"""Sites whose content simulated editors change: the demo's and the zoo's, each committed once."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import override_settings

from contentgit import demo
from contentgit.cli.main import main
from contentgit.datasets import specs_for_models
from contentgit.git import Repository
from tests.growing import Grower
from tests.merge_laws import Start
from tests.zoo.growing import POPULATION


def zoo_datasets() -> dict[str, Any]:
    """All of the zoo's models, in one dump."""
    found = specs_for_models(POPULATION.models, {"delete_missing": True})
    return {"zoo": {"specs": lambda _arguments: found}}


def zoo(folder: Path) -> Start:
    """The zoo, grown in the clean database ``default``."""
    Grower(POPULATION, 1, "default").grow(6)
    setting = {"DATASETS": f"{__name__}.zoo_datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        _quietly("init", "--bare", str(folder))
        _quietly("commit", f"--repository={folder}", "-m", "The zoo")
    return Start.at(Repository.open(folder))


def _quietly(*words: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(list(words)) == 0, words


def demo_site(folder: Path) -> Start:
    """The demo's bakery."""
    demo.build(folder, python=sys.executable)
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    for words in (["init"], ["commit", "-m", "The bakery"]):
        subprocess.run(
            [folder / "stage", "contentgit", *words],
            cwd=folder, env=environment, check=True, capture_output=True,
        )  # fmt: skip
    return Start.at(Repository.open(folder / "content"))


STARTS: dict[str, Callable[[Path], Start]] = {"demo": demo_site, "zoo": zoo}

"""What many tests begin with: made once in each process of a run, then brought back as a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path


class Beginnings:
    """Databases and a repository as they were when they were made, by name, kept in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def begin(
        self, name: str, make: Callable[[], object], aliases: Sequence[str], repository: Path
    ) -> None:
        """Bring a beginning back; ``make`` makes it where this process has none under the name.

        A database that is no file is filled by ``make`` each time.
        """
        from django.conf import settings
        from django.db import connections

        if any(connections[alias].vendor != "sqlite" for alias in aliases):
            make()
            return
        name = f"{name} {settings.CONTENTGIT}"
        known = self._made.get(name)
        if known is None:
            make()
            kept = self._folder / str(len(self._made))
            shutil.copytree(repository, kept / "repository", symlinks=True)
        else:
            kept = known
            shutil.copytree(kept / "repository", repository, symlinks=True)
        for alias in aliases:
            connections[alias].close()
            there = connections[alias].settings_dict["NAME"]
            files = (there, kept / alias) if known is None else (kept / alias, there)
            shutil.copy(*files)
        self._made[name] = kept

"""Cases one after the other: a fresh copy of the site, damage, calls."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from django.db import connections

import contentgit
from tests.databases import Cleaner
from tests.fuzz import judge, words
from tests.fuzz.case import Case
from tests.fuzz.damage import damage
from tests.fuzz.site import Site, build


@dataclass(frozen=True)
class Did:
    """One call of a case."""

    damage: str
    shown: str
    ended: judge.Ended
    faults: list[str]


def _import_everything() -> None:
    """Each call runs in a copy of this process, which would else import most of it anew."""
    for each in pkgutil.walk_packages(contentgit.__path__, "contentgit."):
        if ".demo.site" not in each.name and not each.name.endswith("__main__"):
            importlib.import_module(each.name)
    gc.freeze()


class Database:
    """A database as it was when this was made: each case begins with that."""

    def __init__(self, alias: str, folder: Path) -> None:
        self.connection = connections[alias]
        self._cleaner = Cleaner(alias)
        self._copy = folder / f"{alias}.sqlite3"
        if self.connection.vendor == "sqlite":
            self.connection.close()
            shutil.copy(self.connection.settings_dict["NAME"], self._copy)

    def restore(self) -> None:
        """Brings it back."""
        if self.connection.vendor == "sqlite":
            self.connection.close()
            shutil.copy(self._copy, self.connection.settings_dict["NAME"])
        else:
            self._cleaner.clean()


@dataclass(frozen=True)
class Ground:
    """The site that cases are copies of, and what brings its databases back."""

    site: Site
    databases: list[Database]
    case_folder: Path

    @classmethod
    def build(cls, folder: Path) -> Ground:
        """The site in a new folder; its content is in ``default``, the ledger too."""
        site = build(folder / "site")
        _import_everything()
        return cls(
            site, [Database(alias, folder) for alias in ("default", "other")], folder / "case"
        )

    def case(self, seed: int, calls: int) -> Iterator[Did]:
        """Runs one case."""
        random = Random(seed)
        self.site.copy(self.case_folder)
        for database in self.databases:
            database.restore()
        case = Case(random, self.case_folder, self.site.repository)
        damage(case)
        told = ", ".join(case.told)
        for _ in range(calls):
            each = words.call(random, str(self.case_folder), case.damaged)
            ended = judge.call(each, self.case_folder)
            shown = " ".join(map(ascii, each)).replace(str(self.case_folder), "CASE")
            yield Did(told, shown, ended, judge.faults(ended, each))

"""A small project whose models change: its files are written anew, and it is called as people call it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent

from tests.python import ROOT, python

_SETTINGS = """
    import os
    from pathlib import Path

    HERE = Path(__file__).parent
    SECRET_KEY = "evolving"
    USE_TZ = True
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    INSTALLED_APPS = ["django.contrib.contenttypes", "contentgit", *APPS]
    NAME = os.environ.get("SITE", "site")
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(HERE / f"{NAME}.sqlite3"),
            "OPTIONS": {"init_command": "PRAGMA synchronous = OFF"},
        }
    }
    if os.environ.get("EVOLVING_PREFIX"):  # on a server
        from tests.settings import database

        DATABASES = {"default": database(f"{os.environ['EVOLVING_PREFIX']}_{NAME}")}
    CONTENTGIT = {
        "REPOSITORY": HERE / "content",
        "DATASETS": "datasets.datasets",
        "ENVIRONMENT": NAME,
    }
"""
_MANAGE = """
    import os
    import sys

    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
_DATASETS = """
def pages(args):
    return {specs!r}

def datasets():
    return {{"pages": {{"specs": pages}}}}
"""
_MIGRATION = """
from django.db import migrations as m, models as f

{code}

class Migration(m.Migration):
    initial = {initial}
    dependencies = {dependencies}
    operations = [{operations}]
"""


class Project:
    """A project in ``folder`` with one app ``site1``; its databases are files of SQLite, one for a site.

    ``databases`` are its databases, if it has others.
    """

    def __init__(self, folder: Path, databases: Mapping[str, object] | None = None) -> None:
        self.folder = folder
        own = f"DATABASES = {databases!r}\n" if databases else ""
        self.write("settings.py", f"APPS = ['site1']\n{dedent(_SETTINGS)}{own}")
        self.write("manage.py", dedent(_MANAGE))
        self.write("site1/__init__.py", "")

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def code(
        self, models: str, migrations: Sequence[str], specs: Sequence[object], code: str = ""
    ) -> None:
        """The code of a moment: models, the operations of each migration, and the specs of dataset pages.

        ``code`` is put in front of each migration.
        """
        self.write("site1/models.py", f"from django.db import models\n{dedent(models)}")
        shutil.rmtree(self.folder / "site1/migrations", ignore_errors=True)
        self.write("site1/migrations/__init__.py", "")
        for number, operations in enumerate(migrations):
            after = [f"m{number - 1}"] if number else []
            self.migration(f"m{number}", operations, *after, code=code)
        self.write("datasets.py", _DATASETS.format(specs=list(specs)))

    def migration(self, name: str, operations: str, *after: str, code: str = "") -> None:
        """A further migration after others."""
        source = _MIGRATION.format(
            code=dedent(code),
            initial=not after,
            dependencies=[("site1", each) for each in after],
            operations=operations,
        )
        self.write(f"site1/migrations/{name}.py", source)

    def env(self, site: str) -> dict[str, str]:
        """The environment of a call on a site."""
        path = os.pathsep.join([str(ROOT), str(self.folder)])
        return {**os.environ, "PYTHONPATH": path, "SITE": site}

    def started(self, *words: str, site: str = "stage") -> subprocess.Popen[str]:
        """``manage.py`` with these words on a site, as it begins: from the shell, as people call it."""
        return subprocess.Popen(
            [sys.executable, "-B", str(self.folder / "manage.py"), *words],
            env=self.env(site),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manage(self, *words: str, site: str = "stage") -> subprocess.CompletedProcess[str]:
        """``manage.py`` with these words on a site."""
        return python(self.folder / "manage.py", *words, cwd=self.folder, env=self.env(site))

    def ok(self, *words: str, site: str = "stage") -> str:
        """What ``contentgit`` prints, which must succeed."""
        done = self.manage("contentgit", *words, site=site)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *words: str, site: str = "stage") -> str:
        """What ``contentgit`` says, which must refuse without a traceback."""
        done = self.manage("contentgit", *words, site=site)
        assert done.returncode in (1, 2, 3), (
            f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def migrate(self, site: str = "stage") -> None:
        """Bring the database of a site to the code."""
        done = self.manage("migrate", "-v0", site=site)
        assert done.returncode == 0, done.stderr

    def sql(self, statement: str, *values: object, site: str = "stage") -> list[tuple[object, ...]]:
        """The rows that a statement of SQL gives."""
        opened = sqlite3.connect(self.folder / f"{site}.sqlite3")
        with contextlib.closing(opened), opened:
            return opened.execute(statement, values).fetchall()

    def run(self, statement: str) -> None:
        """Run a statement of SQL by the project itself, on a database of any kind."""
        code = f"from django.db import connection\nconnection.cursor().execute({statement!r})"
        done = self.manage("shell", "-c", code)
        assert done.returncode == 0, done.stderr

    def git(self, *words: str) -> str:
        """What git prints in the repository of content."""
        done = subprocess.run(
            ["git", "-C", str(self.folder / "content"), *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

"""A Wagtail site from 6.0 to 8.0: its content, upgraded in git, is what ``migrate`` makes of its database.

    python scripts/realworld/upgrade.py             needs Python, git and a package index
    python scripts/realworld/upgrade.py --keep DIR  the project stays there, to be looked at

The content is committed with the old release, and a copy of the database kept. With the new release, and an
app of the site's own that renames a field and a model and fills a new field by code, ``contentgit upgrade``
commits what all migrations make of the commit. The copy is migrated in place: a commit of it has the same
tree, and a new database to which the upgraded commit is applied has the same rows in every table, in raw SQL.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tables

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
OLD = ("wagtail==6.0.6", "Django>=5.2,<5.3")
NEW = ("wagtail>=8.0,<8.1", "Django>=5.2,<5.3")
OWN = (
    "django_session",
    "wagtailcore_referenceindex",
    "modelsearch_indexentry",
    "wagtailsearch_indexentry",
)
"""Tables that are computed, or that are of one database alone."""
LINKS = ("auth_group_permissions", "auth_user_groups", "auth_user_user_permissions")
"""Tables of automatic many-to-many fields, whose rows have ids of one database alone."""

SPLIT = """
from django.db import migrations, models


def fill(apps, editor):
    for page in apps.get_model("blog", "PostPage").objects.all():
        page.summary = f"In short: {page.teaser}"
        page.save(update_fields=["summary"])


class Migration(migrations.Migration):
    dependencies = [("blog", "0001_initial")]
    operations = [
        migrations.RenameField("PostPage", "intro", "teaser"),
        migrations.RenameModel("Author", "Writer"),
        migrations.AddField("PostPage", "summary", models.TextField(default="", blank=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
"""


class Failed(Exception):  # noqa: N818
    """A step did not come out as it must; the text says how."""


class Project:
    """The site's project in ``folder``, with a virtual environment for each release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(HERE / "upgrade_site", folder)

    def install(self, name: str, packages: tuple[str, ...]) -> None:
        """A virtual environment with these packages and contentgit."""
        venv = self.folder / name
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        words = ["install", "--quiet", "--editable", str(CHECKOUT), *packages]
        subprocess.run([venv / "bin/pip", *words], check=True)

    def run(self, venv: str, site: str, *words: str) -> str:
        """What a program of the project prints with one of the releases, on a site."""
        start = time.monotonic()
        done = subprocess.run(
            [self.folder / venv / "bin/python", *words],
            cwd=self.folder,
            env={
                **os.environ,
                "SITE": site,
                "PYTHONWARNINGS": "ignore",
                "HOME": str(self.folder),
                **{
                    f"GIT_{role}_{what}": value
                    for role in ("AUTHOR", "COMMITTER")
                    for what, value in (("NAME", "Anna"), ("EMAIL", "anna@example.com"))
                },
            },
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"  {venv} {' '.join(words):<60} {time.monotonic() - start:6.1f} s", flush=True)
        if done.returncode:
            raise Failed(f"{words} gave {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def contentgit(self, venv: str, site: str, *words: str) -> str:
        return self.run(venv, site, "manage.py", "contentgit", *words)

    def tree(self, revision: str) -> str:
        """The tree of a commit."""
        words = ["git", "-C", str(self.folder / "content"), "rev-parse", f"{revision}^{{tree}}"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


MANAGE = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""


def prove(folder: Path) -> None:
    project = Project(folder)
    (folder / "manage.py").write_text(MANAGE)
    (folder / "blog/migrations").mkdir()
    (folder / "blog/migrations/__init__.py").touch()
    project.install("old", OLD)
    project.install("new", NEW)
    project.run("old", "old", "manage.py", "makemigrations", "blog")
    project.run("old", "old", "manage.py", "migrate", "-v0")
    project.run("old", "old", "fill.py")
    project.contentgit("old", "old", "init")
    print(project.contentgit("old", "old", "commit", "-m", "Old"))
    shutil.copy(folder / "old.sqlite3", folder / "inplace.sqlite3")
    models = folder / "blog/models.py"
    text = models.read_text().replace("Author", "Writer").replace("intro =", "teaser =")
    models.write_text(f'{text}    summary = models.TextField(default="", blank=True)\n')
    (folder / "blog/migrations/0002_split.py").write_text(SPLIT)
    print(project.contentgit("new", "inplace", "upgrade", "main", "--branch", "upgraded"))
    project.run("new", "inplace", "manage.py", "migrate", "-v0")
    print(project.contentgit("new", "inplace", "commit", "--branch", "inplace", "-m", "In place"))
    if project.tree("upgraded") != project.tree("inplace"):
        raise Failed("the upgraded commit and that of the migrated database have different trees")
    project.run("new", "fresh", "manage.py", "migrate", "-v0")
    words = ("checkout", "upgraded", "--apply", "--yes", "--force")
    project.contentgit("new", "fresh", *words)
    found, wanted = (
        tables.read(folder / f"{name}.sqlite3", LINKS, OWN) for name in ("fresh", "inplace")
    )
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if other:
        raise Failed(f"these tables differ: {', '.join(other)}")
    rows = sum(sum(each.values()) for each in wanted.values())
    print(f"the same tree, and the same {rows:,} rows in {len(wanted)} tables")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, metavar="DIR")
    options = parser.parse_args()
    try:
        if options.keep:
            prove(options.keep.resolve())
        else:
            with tempfile.TemporaryDirectory() as name:
                prove(Path(name) / "project")
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

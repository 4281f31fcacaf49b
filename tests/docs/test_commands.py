"""The commands on pages of reference run: each part of a page on a fresh copy of one site."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import has_lfs
from tests.docs.pages import ROOT, Command, environment_of, follow, run

DOCS = ROOT / "docs"
PARTS = re.split(r"^(?=## )", (DOCS / "cli.md").read_text(), flags=re.MULTILINE)
TASKS = {part.partition("\n")[0][3:]: part for part in PARTS if "```console" in part}

MODELS = """
from django.db import models

class Page(models.Model):
    title = models.CharField(max_length=80)
    body = models.TextField()

    def __str__(self):
        return self.title

class District(models.Model):
    name = models.CharField(max_length=80)
"""
DATASETS = """
def districts(arguments):
    keys = [int(key) for key in arguments.split(",") if key]
    return [{"model": "pages.district", "filter": {"pk__in": keys}}]

def datasets():
    specs = [{"model": "pages.page", "delete_missing": True}]
    return {"pages": {"specs": lambda arguments: specs}, "districts": {"specs": districts}}
"""
SETTINGS = """
DEBUG = False
INSTALLED_APPS += ["pages", "contentgit"]
CONTENTGIT = {"REPOSITORY": BASE_DIR / "content", "DATASETS": "pages.datasets.datasets"}
DATABASES["production"] = DATABASES["default"] | {"NAME": BASE_DIR / "production.sqlite3"}
"""
EDIT = 'python manage.py shell -v0 -c "from pages.models import *; {}"'
STEPS = [
    "python manage.py makemigrations -v0 pages",
    "python manage.py migrate -v0",
    "python manage.py migrate -v0 --database production",
    EDIT.format("[District.objects.create(pk=pk, name='North') for pk in (42, 43)]"),
    EDIT.format(
        "[Page.objects.create(pk=pk, title='Bread', body='One. Two. ') for pk in (41, 42)]"
    ),
    "contentgit init",
    "contentgit commit -m Pages",
    "git -C content branch summer",
    EDIT.format("Page.objects.filter(pk=42).update(title='Rye bread')"),
    "contentgit commit -m Rye",
    EDIT.format("Page.objects.filter(pk=41).update(title='Wheat bread')"),
    "contentgit commit -m Wheat",
    "contentgit checkout summer --apply --yes",
    EDIT.format("Page.objects.filter(pk=42).update(body='One. Two more. ')"),
    "contentgit commit -m Summer",
    "contentgit checkout main --apply --yes",
    "git init -q --bare -b main origin.git",
    "git -C content remote add origin ../origin.git",
    "contentgit push -u origin main",
    "cp content/pages/pages.page/0/0/42.json base.json",
    "cp base.json ours.json && cp base.json theirs.json",
    "mkdir media && echo Note > note.txt",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of pages with two databases, three commits on main, a branch summer, and a remote."""
    folder = tmp_path_factory.mktemp("commands") / "site"
    folder.mkdir()
    environment = environment_of(folder)
    for line in ("django startproject mysite .", "django startapp pages"):
        run(Command(f"python -m {line}", ()), folder, environment)
    (folder / "pages/models.py").write_text(MODELS)
    (folder / "pages/datasets.py").write_text(DATASETS)
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write(SETTINGS)
    for line in STEPS:
        run(Command(line, ()), folder, environment)
    return folder


def walk(text: str, site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder, symlinks=True)
    page = tmp_path / "page.md"
    page.write_text(text)
    follow(page, folder)


@pytest.mark.parametrize("task", TASKS)
def test_the_commands_for_a_task_run(task: str, site: Path, tmp_path: Path) -> None:
    # The demo has a test of its own; git-lfs may be missing, which the end of a run says.
    left_out = "contentgit demo" if has_lfs() else "contentgit (?:demo|init --lfs)"
    walk(re.sub(rf"^\$ {left_out}.*\n", "", TASKS[task], flags=re.MULTILINE), site, tmp_path)


@pytest.mark.parametrize("name", ["check.md", "review.md", "tracking.md"])
def test_the_commands_on_a_page_run(name: str, site: Path, tmp_path: Path) -> None:
    walk((DOCS / name).read_text(), site, tmp_path)

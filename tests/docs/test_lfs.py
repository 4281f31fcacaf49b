"""The commands for git-lfs on the page on files run, on a site that has a picture in git."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, Command, environment_of, follow, run

MODELS = """
from django.db import models

class Article(models.Model):
    title = models.CharField(max_length=80)
    picture = models.FileField(upload_to="news")
"""
DATASETS = """
def datasets():
    specs = [{"model": "news.article", "files": "carry"}]
    return {"news": {"specs": lambda arguments: specs}}
"""
SETTINGS = """
INSTALLED_APPS += ["news", "contentgit"]
MEDIA_ROOT = BASE_DIR / "media"
CONTENTGIT = {"REPOSITORY": BASE_DIR / "content", "DATASETS": "news.datasets.datasets"}
DATABASES["production"] = DATABASES["default"] | {"NAME": BASE_DIR / "production.sqlite3"}
"""
ADD = (
    "from django.core.files.base import ContentFile; from news.models import Article; "
    "Article().picture.save('{0}.jpg', ContentFile(b'{0}'), save=True)"
)
STEPS = (
    "python manage.py makemigrations -v0 news",
    "python manage.py migrate -v0",
    "python manage.py migrate -v0 --database production",
    f'python manage.py shell -v0 -c "{ADD.format("loaf")}"',
    "contentgit init",
    "contentgit commit -m Loaf",
    f'python manage.py shell -v0 -c "{ADD.format("roll")}"',
    "git init -q --bare -b main origin.git",
    'git -C content remote add origin "file://$PWD/origin.git"',
)


def test_the_commands_for_git_lfs_run(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    environment = environment_of(folder)
    for line in ("django startproject mysite .", "django startapp news"):
        run(Command(f"python -m {line}", ()), folder, environment)
    (folder / "news/models.py").write_text(MODELS)
    (folder / "news/datasets.py").write_text(DATASETS)
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write(SETTINGS)
    for line in STEPS:
        run(Command(line, ()), folder, environment)
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs/files.md").read_text().partition("\n## git-lfs\n")[2])
    follow(page, folder)
    pictures = run(Command("ls media/news origin.git/lfs", ()), folder, environment)
    assert pictures.split() == ["media/news:", "loaf.jpg", "roll.jpg", "origin.git/lfs:", "objects"]


def test_the_benchmark_of_files_runs() -> None:
    command = [sys.executable, "scripts/bench/files.py", "--large=1", "--count=2", "--size=1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n| first apply, git-lfs ") == 2

"""The demo as a person meets it: it runs as told, and leaves a site that serves both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contentgit import demo
from contentgit.cli.main import main
from contentgit.errors import RefusedError, UsageError

OTHERS_ROOMS = [
    "branches.check_merges",
    "branches.merging",
    "branches.trees",
    "check",
    "db.applier",
    "db.facts",
    "history.check",
    "history.review",
    "merge",
    "plan",
    "render.html",
    "render.markdown",
    "render.problems",
    "render.report",
    "review",
    "workingcopy.adopting",
    "workingcopy.checkout",
    "workingcopy.collecting",
    "workingcopy.planned",
    "workingcopy.planning",
    "workingcopy.scratch",
    "workingcopy.undo",
    "workingcopy.upgrade",
]
"""What status and commit have no use for: to load it takes longer than to compare clean dumps."""


def ask(folder: Path, site: str, code: str) -> str:
    """What the site's own Python prints."""
    done = subprocess.run(
        ["sh", folder / site, "shell", "-v0", "-c", code],
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo_runs_as_told_and_leaves_two_sites(tmp_path: Path) -> None:
    # One test, for the walk takes its time and the rest looks at what it left.
    folder = tmp_path / "a folder's name"
    printed: list[str] = []
    code = demo.run(folder, write=printed.append, python=sys.executable, colour=False)
    text = "".join(printed)
    assert code == 0, text
    every_step_shows_what_was_typed(text)
    the_refusal_names_record_and_field(text)
    both_databases_are_equal(folder)
    the_site_serves_its_pages_and_its_admin(folder)
    small_calls_load_no_rooms_of_other_verbs(folder)


def every_step_shows_what_was_typed(text: str) -> None:
    prompts = [line for line in text.splitlines() if line.startswith("$ ")]
    assert len(prompts) == len(demo.STEPS)
    assert "$ ./production contentgit checkout main --apply --yes" in prompts
    assert "\x1b" not in text


def the_refusal_names_record_and_field(text: str) -> None:
    refusal, _, _ = text.partition("(exit code 3)")
    refusal = refusal.rpartition("$ ./production")[2]
    assert "shop.product:7" in refusal
    assert "price" in refusal
    assert "--branch" in refusal


def both_databases_are_equal(folder: Path) -> None:
    code = (
        "from shop.models import Product\n"
        "for each in Product.objects.order_by('pk'): print(each.pk, each.name, each.slug, each.price)\n"
        "print(Product.objects.get(slug='pretzel').summary)"
    )
    stage, production = (ask(folder, site, code) for site in ("stage", "production"))
    assert stage == production
    assert "1 Miller's farmhouse loaf farmhouse-loaf 6.80\n" in stage
    assert "3 Walnut bread walnut-bread 7.90\n4 Hazelnut bread hazelnut-bread 7.90\n" in stage
    assert "Pumpkin" not in stage
    assert "7 Pretzel pretzel 2.40\n" in stage
    assert stage.endswith("Thrown, not laid: thin arms that crack, a belly that does not.\n")


def the_site_serves_its_pages_and_its_admin(folder: Path) -> None:
    code = (
        "from django.test import Client\n"
        "from shop.models import Product\n"
        "client = Client(headers={'host': 'localhost'})\n"
        "addresses = ['/', '/shop/', '/shop/?tag=nuts', '/news/', '/news/the-oven-is-back/']\n"
        "addresses += ['/bakery/story/', '/school/sourdough-weekend/', '/admin/login/']\n"
        "addresses += [each.get_absolute_url() for each in Product.objects.all()]\n"
        "print({client.get(each).status_code for each in addresses})\n"
        "print(client.get('/nowhere/').status_code, client.login(username='admin', password='admin'))\n"
        "print(client.get('/admin/shop/product/').status_code)\n"
        "print(client.get('/admin/shop/product/7/change/').status_code)"
    )
    assert ask(folder, "production", code) == "{200}\n404 True\n200\n200\n"


def small_calls_load_no_rooms_of_other_verbs(folder: Path) -> None:
    for words in (["status"], ["commit", "-m", "All", "--dry-run"]):
        code = (
            "import sys\n"
            "from contentgit.cli.start import main\n"
            f"print('code', main({words}))\n"
            f"rooms = {tuple(f'contentgit.{room}' for room in OTHERS_ROOMS)}\n"
            "print('loaded', [each for each in rooms if each in sys.modules])"
        )
        said = ask(folder, "production", code)
        assert said.endswith("code 0\nloaded []\n"), said


def test_a_folder_with_somebody_s_work_is_refused(tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("Chapter one")
    with pytest.raises(UsageError, match="is not empty"):
        demo.build(tmp_path, python=sys.executable, reset=True)
    assert (tmp_path / "novel.txt").read_text() == "Chapter one"


@pytest.mark.parametrize("folder", [".", "demo", "deep/er/demo"])
def test_a_folder_inside_content_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: str,
) -> None:
    """The demo's verbs would take the repository around them for theirs."""
    assert main(["init", str(tmp_path / "content")]) == 0
    monkeypatch.chdir(tmp_path / "content")
    before = sorted(tmp_path.rglob("*"))
    assert main(["demo", folder]) == 2
    assert f"{folder} is inside the repository of content" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text("Chapter one")
    with pytest.raises(UsageError, match="is a file"):
        demo.build(path, python=sys.executable)


def test_an_earlier_demo_is_kept_unless_reset(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / demo.MARKER).touch()
    (folder / "stage.sqlite3").write_text("edits")
    with pytest.raises(RefusedError) as refused:
        demo.build(folder, python=sys.executable)
    assert "--reset" in refused.value.hint
    assert (folder / "stage.sqlite3").read_text() == "edits"

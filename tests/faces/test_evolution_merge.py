"""A project that migrates on one branch while its content is edited on another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evolving import Project

MODELS = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
        body = models.TextField()

    class Teaser(models.Model):
        page = models.ForeignKey(Page, models.CASCADE)
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)),
        ("title", f.CharField(max_length=50)),
        ("body", f.TextField()),
    ]),
    m.CreateModel("Teaser", [
        ("id", f.BigAutoField(primary_key=True)),
        ("page", f.ForeignKey(to="site1.page", on_delete=f.CASCADE)),
    ]),
"""
SPECS = [
    {"model": "site1.page", "delete_missing": True},
    {"model": "site1.teaser", "delete_missing": True},
]
RENAMED = MODELS.replace("body", "text")
RENAME = 'm.RenameField("Page", "body", "text")'
WITHOUT = MODELS.replace("        body = models.TextField()\n", "")
REMOVE = 'm.RemoveField("Page", "body")'
UPPER = """
    def upper(apps, editor):
        for page in apps.get_model("site1", "Page").objects.all():
            page.body = page.body.upper()
            page.save()
"""
OTHER = "production"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites with three pages; branch ``summer`` starts at the first commit of ``main``."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], SPECS)
    for site in ("stage", OTHER):
        made.migrate(site)
    made.sql(
        "INSERT INTO site1_page (id, title, body)"
        " VALUES (1, 'One', 'Rye.'), (2, 'Two', 'Oat.'), (3, 'Three', 'Spelt.')"
    )
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site=OTHER)
    return made


def edit(project: Project, *statements: str, site: str = OTHER, branch: str = "summer") -> None:
    """Edits on a site, committed on a branch of its own."""
    for statement in statements:
        project.sql(statement, site=site)
    words = [] if branch == "main" else ["--branch", branch]
    project.ok("commit", "-m", f"Edits on {site}", *words, site=site)


def migrate(project: Project, models: str, *migrations: str, **more: Any) -> None:
    """New code, and stage migrated."""
    project.code(models, [INITIAL, *migrations], more.pop("specs", SPECS), **more)
    project.migrate()


def record(project: Project, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.git("show", f"main:pages/{path}"))
    return {name: value for name, value in found.items() if name[0] != "$"}


def test_a_branch_from_before_a_rename_is_merged_and_applied(project: Project) -> None:
    edit(
        project,
        "UPDATE site1_page SET body = 'Barley.' WHERE id = 1",
        "UPDATE site1_page SET title = '2' WHERE id = 2",
        "DELETE FROM site1_page WHERE id = 3",
        "INSERT INTO site1_page (id, title, body) VALUES (4, 'Four', 'Millet.')",
    )
    migrate(project, RENAMED, RENAME)
    edit(
        project,
        "UPDATE site1_page SET title = '1' WHERE id = 1",
        "UPDATE site1_page SET text = 'Oats.' WHERE id = 2",
        site="stage",
        branch="main",
    )
    project.ok("merge", "summer")
    project.ok("checkout", "main", "--apply", "--yes")
    expected = [(1, "1", "Barley."), (2, "2", "Oats."), (4, "Four", "Millet.")]
    assert project.sql("SELECT id, title, text FROM site1_page ORDER BY id") == expected
    assert '"body"' not in project.git("grep", "-h", "", "main", "--", "pages/site1.page")
    project.ok("check", "--merges")


def test_a_conflict_across_a_rename_is_decided(project: Project) -> None:
    edit(project, "UPDATE site1_page SET body = 'Barley.' WHERE id = 1")
    migrate(project, RENAMED, RENAME)
    edit(project, "UPDATE site1_page SET text = 'Wheat.' WHERE id = 1", site="stage", branch="main")
    assert "site1.page:1/text" in project.refused("merge", "summer")
    shown = project.ok("conflicts")
    assert '"Barley."' in shown
    assert '"Wheat."' in shown
    assert '"Rye."' in shown
    project.ok("resolve", "site1.page:1/text", "--value", '"Both."')
    project.ok("merge", "--continue")
    assert record(project, "site1.page/0/0/1.json") == {"text": "Both.", "title": "One"}
    project.ok("check", "--merges")


def test_a_renamed_model_takes_the_other_sides_references_along(project: Project) -> None:
    edit(
        project,
        "INSERT INTO site1_page (id, title, body) VALUES (4, 'Four', 'Millet.')",
        "INSERT INTO site1_teaser (id, page_id) VALUES (1, 4), (2, 1)",
    )
    specs = [{**SPECS[0], "model": "site1.article"}, SPECS[1]]
    models = MODELS.replace("class Page", "class Article").replace("(Page,", "(Article,")
    migrate(project, models, 'm.RenameModel("Page", "Article")', specs=specs)
    edit(project, "UPDATE site1_article SET title = '1' WHERE id = 1", site="stage", branch="main")
    project.ok("merge", "summer")
    project.ok("checkout", "main", "--apply", "--yes")
    assert project.sql("SELECT id, title FROM site1_article ORDER BY id") == [
        (1, "1"),
        (2, "Two"),
        (3, "Three"),
        (4, "Four"),
    ]
    assert project.sql("SELECT id, page_id FROM site1_teaser ORDER BY id") == [(1, 4), (2, 1)]
    assert "site1.page" not in project.git("ls-tree", "-r", "--name-only", "main")


def test_an_edit_of_a_removed_field_is_listed(project: Project) -> None:
    edit(
        project,
        "UPDATE site1_page SET body = 'Barley.' WHERE id = 1",
        "UPDATE site1_page SET title = '2' WHERE id = 2",
    )
    migrate(project, WITHOUT, REMOVE)
    edit(project, site="stage", branch="main")
    said = project.refused("merge", "summer")
    assert "site1.page.body of theirs: 1 record has an edited value" in said
    assert "--drop-fields" in said
    assert "--upgrade" not in said  # no code carries the value
    before = project.git("rev-parse", "main")
    assert "--upgrade --drop-fields" in project.refused("merge", "summer", "--upgrade")
    assert project.git("rev-parse", "main") == before
    project.ok("merge", "summer", "--drop-fields")
    assert record(project, "site1.page/0/0/2.json") == {"title": "2"}


RANK = "        rank = models.IntegerField(default=7)\n        body = models.TextField()\n"
RANKED = MODELS.replace("        body = models.TextField()\n", RANK)
ADD_RANK = 'm.AddField("Page", "rank", f.IntegerField(default=7))'


def test_two_branches_with_a_migration_each(project: Project) -> None:
    project.code(RANKED, [INITIAL], SPECS)
    project.migration("m1_rank", ADD_RANK, "m0")
    project.migrate(OTHER)
    edit(
        project,
        "UPDATE site1_page SET rank = 1 WHERE id = 1",
        "INSERT INTO site1_page (id, title, body, rank) VALUES (4, 'Four', 'Millet.', 4)",
    )
    project.code(RENAMED, [INITIAL], SPECS)
    project.migration("m1_text", RENAME, "m0")
    project.migrate()
    edit(project, "UPDATE site1_page SET text = 'Wheat.' WHERE id = 1", site="stage", branch="main")
    project.ok("merge", "summer")
    project.code(RANKED.replace("body", "text"), [INITIAL], SPECS)
    project.migration("m1_rank", ADD_RANK, "m0")
    project.migration("m1_text", RENAME, "m0")
    project.migration("m2_both", "", "m1_rank", "m1_text")
    expected = [(1, "Wheat.", 1), (2, "Oat.", 7), (3, "Spelt.", 7), (4, "Millet.", 4)]
    for site in ("stage", OTHER):
        project.migrate(site)
        project.ok("checkout", "main", "--apply", "--yes", site=site)
        assert (
            project.sql("SELECT id, text, rank FROM site1_page ORDER BY id", site=site) == expected
        )
    edit(project, "UPDATE site1_page SET title = '1' WHERE id = 1", site="stage", branch="main")
    assert "1 updated" in project.ok("show", "--stat")


def test_a_commit_of_older_code_that_dropped_fields_is_refused(project: Project) -> None:
    migrate(project, RANKED, ADD_RANK)
    edit(
        project,
        "UPDATE site1_page SET rank = 1, title = '1' WHERE id = 1",
        site="stage",
        branch="main",
    )
    project.code(MODELS, [INITIAL], SPECS)
    project.sql("UPDATE site1_page SET title = '2' WHERE id = 2")
    project.ok("commit", "-m", "Older code", "--drop-fields", "--branch", "older")
    assert "committed without the migration site1.m1" in project.refused("merge", "older")
    project.ok("restore", "site1.page:1/title", "--from", "main~1")
    assert "committed without the migration site1.m1" in project.refused("merge", "older")
    assert record(project, "site1.page/0/0/1.json")["rank"] == 1


def test_no_verb_loses_the_fields_that_older_code_dropped(project: Project) -> None:
    migrate(project, RANKED, ADD_RANK)
    edit(project, "UPDATE site1_page SET rank = 1 WHERE id = 1", site="stage", branch="main")
    project.code(MODELS, [INITIAL], SPECS)
    project.sql("UPDATE site1_page SET title = '2' WHERE id = 2")
    project.ok("commit", "-m", "Older code", "--drop-fields", "--branch", "older")
    project.code(RANKED, [INITIAL, ADD_RANK], SPECS)
    project.git("remote", "add", "origin", ".")
    project.git("branch", "other", "main")
    for words in (
        ["merge", "older", "--upgrade"],
        ["pull", "origin", "older"],
        ["pull", "origin", "older", "--ff-only"],
    ):
        said = project.refused(*words)
        assert "pages of theirs was committed without the migration site1.m1" in said
        assert "--drop-fields" in said
        assert "may keep the values" not in said
    project.git("config", "branch.other.remote", "origin")
    project.git("config", "branch.other.merge", "refs/heads/older")
    said = project.refused("checkout", "other", "--pull", "--apply", "--yes")
    assert "git -C content switch other  (moves HEAD there)" in said
    project.ok("checkout", "older", "--apply", "--merge", "--yes")
    rows = project.sql("SELECT title, rank FROM site1_page ORDER BY id")
    assert rows == [("One", 1), ("2", 7), ("Three", 7)]


def test_a_data_migration_needs_an_upgrade(project: Project) -> None:
    edit(project, "UPDATE site1_page SET body = 'Barley.' WHERE id = 1")
    migrate(project, MODELS, "m.RunPython(upper)", code=UPPER)
    edit(project, "UPDATE site1_page SET title = '2' WHERE id = 2", site="stage", branch="main")
    said = project.refused("merge", "summer")
    assert "site1.m1: RunPython" in said
    assert "contentgit upgrade" in said
    project.ok("upgrade", "summer", "--branch", "upgraded")
    # What the migration made of the common commit is not known: a value that the branch edited is a conflict.
    assert "site1.page:1/body  One: both sides changed it" in project.refused("merge", "upgraded")
    project.ok("resolve", "--all", "--take", "theirs")
    project.ok("merge", "--continue")
    assert record(project, "site1.page/0/0/1.json") == {"body": "BARLEY.", "title": "One"}
    assert record(project, "site1.page/0/0/2.json") == {"body": "OAT.", "title": "2"}


def test_a_merge_that_upgrades_is_the_same_when_it_is_recomputed(project: Project) -> None:
    edit(
        project,
        "UPDATE site1_page SET body = 'Barley.' WHERE id = 1",
        "INSERT INTO site1_page (id, title, body) VALUES (4, 'Four', 'Millet.')",
    )
    migrate(project, MODELS, "m.RunPython(upper)", code=UPPER)
    edit(project, "UPDATE site1_page SET title = '1' WHERE id = 1", site="stage", branch="main")
    project.ok("merge", "summer", "--upgrade")
    assert record(project, "site1.page/0/0/1.json") == {"body": "BARLEY.", "title": "1"}
    assert record(project, "site1.page/0/0/4.json") == {"body": "MILLET.", "title": "Four"}
    project.ok("check", "--merges")


COMING = """
from django.db import migrations as m, models as f

def move(apps, editor):
    Page = apps.get_model("site1", "Page")
    for page in Page.objects.order_by("pk"):
        apps.get_model("extra", "Note").objects.create(page=page, text=page.body)
    Page.objects.update(body="moved")

class Migration(m.Migration):
    dependencies = {dependencies}
    operations = [{operations}]
"""
NOTE = """
from django.db import models

class Note(models.Model):
    page = models.ForeignKey("site1.Page", models.CASCADE)
    text = models.TextField()
"""
MAKE_NOTE = """m.CreateModel("Note", [
    ("id", f.BigAutoField(primary_key=True)),
    ("page", f.ForeignKey(to="site1.page", on_delete=f.CASCADE)),
    ("text", f.TextField()),
])"""


def test_code_of_an_app_that_came_later_needs_an_upgrade(project: Project) -> None:
    edit(
        project,
        "UPDATE site1_page SET title = '1' WHERE id = 1",
        "INSERT INTO site1_page (id, title, body) VALUES (4, 'Four', 'Millet.')",
    )
    settings = (project.folder / "settings.py").read_text()
    project.write("settings.py", settings.replace("['site1']", "['site1', 'extra']"))
    project.write("extra/__init__.py", "")
    project.write("extra/models.py", NOTE)
    project.write("extra/migrations/__init__.py", "")
    after = {"n0": ("site1", "m0", MAKE_NOTE), "n1": ("extra", "n0", "m.RunPython(move)")}
    for name, (app, needed, operations) in after.items():
        text = COMING.format(dependencies=[(app, needed)], operations=operations)
        project.write(f"extra/migrations/{name}.py", text)
    specs = [*SPECS, {"model": "extra.note", "delete_missing": True}]
    migrate(project, MODELS, specs=specs)
    project.ok("commit", "-m", "Notes")
    assert "extra.n1: RunPython(move)" in project.refused("merge", "summer")
    assert "extra.n1: RunPython(move)" in project.refused("checkout", "main~1", "--apply")
    project.ok("merge", "summer", "--upgrade")
    project.ok("checkout", "main", "--apply", "--yes")
    notes = project.sql("SELECT page_id, text FROM extra_note ORDER BY page_id")
    assert notes == [(1, "Rye."), (2, "Oat."), (3, "Spelt."), (4, "Millet.")]
    assert project.sql("SELECT DISTINCT body FROM site1_page") == [("moved",)]
    assert "clean" in project.ok("status")

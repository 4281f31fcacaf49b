"""A project that migrates: its content is committed, compared and applied across the migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolving import Project

PAGE = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
        body = models.TextField()
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)),
        ("title", f.CharField(max_length=50)),
        ("body", f.TextField()),
    ])
"""
WITH_INTRO = PAGE + "        intro = models.TextField(default='None yet')\n"
ADD_INTRO = 'm.AddField("Page", "intro", f.TextField(default="None yet"))'
RENAMED = PAGE.replace("body", "text")
RENAME = 'm.RenameField("Page", "body", "text")'
SPECS = [{"model": "site1.page", "delete_missing": True}]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Stage with two pages that are committed."""
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], SPECS)
    made.migrate()
    made.sql(
        "INSERT INTO site1_page (id, title, body) VALUES (1, 'One', 'Rye.'), (2, 'Two', 'Oat.')"
    )
    made.ok("init")
    made.ok("commit", "-m", "First")
    return made


def test_code_that_is_one_migration_behind_does_not_drop_a_field(project: Project) -> None:
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET intro = 'Read this' WHERE id = 1")
    assert "1 updated" in project.ok("commit", "-m", "With an intro")
    project.code(PAGE, [INITIAL], SPECS)
    project.sql("UPDATE site1_page SET body = 'Spelt.' WHERE id = 2")
    said = project.refused("commit", "-m", "Behind")
    assert "site1.page.intro" in said
    assert "site1.m1" in said
    assert "--drop-fields" in said
    assert "2 updated" in project.ok("commit", "-m", "Behind", "--drop-fields")
    assert "intro" not in project.git("show", "HEAD:pages/site1.page/0/0/1.json")


def test_a_diff_across_a_rename_shows_the_edit_and_the_rename(project: Project) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Renamed")
    for words in (["diff", "HEAD~1", "HEAD"], ["show"], ["log", "-p", "-n", "1"]):
        shown = project.ok(*words)
        assert "site1.page.body renamed to text (site1.m1)" in shown
        assert 'text: "Oat." → "Spelt."' in shown
        assert "1 updated" in shown
    assert "the first commit is the newer one" in project.ok("diff", "HEAD", "HEAD~1")
    assert "1 record changes in 1 model" in project.ok(
        "diff", "HEAD~1", "HEAD", "--format", "markdown"
    )
    assert "1 updated" in project.ok("show", "--stat")


def test_what_a_removed_field_held_is_counted(project: Project) -> None:
    project.code(
        PAGE.replace("body", "gone").replace("TextField()", "TextField()"), [INITIAL], SPECS
    )
    without = PAGE.rpartition("        body")[0]
    project.code(without, [INITIAL, 'm.RemoveField("Page", "body")'], SPECS)
    project.migrate()
    said = project.ok("commit", "-m", "Without")
    assert "site1.page.body: 2 records had a value that is gone (site1.m1)" in said
    shown = project.ok("diff", "HEAD~1", "HEAD")
    assert "site1.page.body: 2 records had a value that is gone (site1.m1)" in shown


def test_a_rename_is_no_edit(project: Project) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    assert "0 created, 1 updated, 0 deleted" in project.ok("commit", "-m", "Renamed")
    assert '"text": "Rye."' in project.git("show", "HEAD:pages/site1.page/0/0/1.json")

"""Code that is older than a commit or a database: what it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolving import Project

PAGE = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
        body = models.TextField(default="")
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)), ("title", f.CharField(max_length=50)),
        ("body", f.TextField(default="")),
    ])
"""
SPECS = [{"model": "site1.page", "delete_missing": True}]
B = "production"
BRING = ("checkout", "main", "--apply", "--yes")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites with the same two pages."""
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], SPECS)
    made.migrate()
    made.migrate(B)
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'One', ''), (2, 'Two', '')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok(*BRING, site=B)
    return made


def newer(project: Project, fields: str, operations: list[str]) -> None:
    """The stage commits with newer code, and the code is the older one again."""
    project.code(fields, [INITIAL, *operations], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET title = 'Uno' WHERE id = 1")
    project.ok("commit", "-m", "Newer")
    project.code(PAGE, [INITIAL], SPECS)


def test_a_database_that_is_ahead_of_the_code_is_not_to_be_migrated(project: Project) -> None:
    newer(
        project,
        PAGE.replace("body", "text"),
        ['m.RenameField("Page", "body", "text")'],
    )
    for words in (["status"], ["diff"]):
        said = project.refused(*words)
        assert "hint: deploy the code that has site1.m1: the database has run it" in said
        assert "manage.py migrate" not in said
    project.code(PAGE + "        more = models.TextField()\n", [INITIAL], SPECS)
    assert "manage.py migrate" in project.refused("status", site=B)


def test_a_commit_by_code_that_removed_a_field_waits_for_that_code(project: Project) -> None:
    """Its edits here would have no place, and its values would all count as edited."""
    newer(
        project,
        PAGE.partition("        body")[0],
        ['m.RemoveField("Page", "body")'],
    )
    for more in ([], ["--ignore-unknown-fields"]):
        said = project.refused(*BRING, *more, site=B)
        assert "rename or remove what it has in pages\n  site1.page.body removed (site1.m1)" in said
        assert "--ignore" not in said


def test_all_missing_migrations_are_named(project: Project) -> None:
    names = [f"f{number}" for number in range(9)]
    more = "".join(f"        {name} = models.TextField(default='')\n" for name in names)
    operations = [f'm.AddField("Page", "{name}", f.TextField(default=""))' for name in names]
    newer(project, PAGE + more, operations)
    named = "site1.m1, site1.m2, site1.m3, site1.m4, site1.m5 and 4 more"
    assert f"lacks the migrations {named} of pages" in project.refused(*BRING, site=B)
    said = project.refused("commit", "-m", "Older", site=B)
    assert f"lacks the migrations {named}\n" in said


def test_a_commit_by_older_code_names_what_goes_on_where_the_branch_has_moved(
    project: Project,
) -> None:
    newer(
        project,
        PAGE + "        intro = models.TextField(default='')\n",
        ['m.AddField("Page", "intro", f.TextField(default="")), '],
    )
    project.sql("UPDATE site1_page SET title = 'Zwei' WHERE id = 2", site=B)
    said = project.refused("commit", "-m", "Older", site=B)
    assert " commit pages --branch NEW --drop-fields" in said
    words = ("commit", "pages", "--branch", "own", "--drop-fields", "-m", "Older")
    assert "1 updated" in project.ok(*words, site=B)

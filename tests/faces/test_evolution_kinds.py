"""A field whose kind a migration changes, where only the database can convert the values."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.evolving import Project

MODELS = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
        code = models.CharField(max_length=20)
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)),
        ("title", f.CharField(max_length=50)),
        ("code", f.CharField(max_length=20)),
    ])
"""
SPECS = [{"model": "site1.page", "delete_missing": True}]
COUNTED = MODELS.replace("code = models.CharField(max_length=20)", "code = models.IntegerField()")
COUNT = 'm.AlterField("Page", "code", f.IntegerField())'
ROWS = "SELECT id, title, code FROM site1_page ORDER BY id"
OTHER = "production"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Branch ``summer`` has edited codes as text; on ``main`` they are numbers."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], SPECS)
    for site in ("stage", OTHER):
        made.migrate(site)
    made.sql("INSERT INTO site1_page (id, title, code) VALUES (1, 'One', '10'), (2, 'Two', '20')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site=OTHER)
    made.sql("UPDATE site1_page SET code = '11' WHERE id = 1", site=OTHER)
    made.sql("INSERT INTO site1_page (id, title, code) VALUES (4, 'Four', '44')", site=OTHER)
    made.ok("commit", "-m", "Summer", "--branch", "summer", site=OTHER)
    made.code(COUNTED, [INITIAL, COUNT], SPECS)
    made.migrate()
    made.ok("commit", "-m", "Numbers")
    return made


def hints(said: str) -> list[list[str]]:
    """The commands that a message names."""
    found = re.findall(r"^hint: (?:.*contentgit )?(.*?)(?:  \(.*)?$", said, re.MULTILINE)
    return [shlex.split(each) for each in found]


def test_a_commit_whose_values_only_the_database_converts_is_not_applied(project: Project) -> None:
    for revision in ("summer", "main~1"):
        said = project.refused("checkout", revision)
        assert "only the database can convert" in said
        assert "site1.page.code: " in said
    assert "4 records" not in said
    assert "2 records (site1.m1)" in said
    said = project.refused("checkout", "summer", "--apply", "--yes")
    first, second = hints(said)
    assert second[:1] == ["upgrade"]
    project.ok(*first, "--yes")
    assert project.sql(ROWS) == [(1, "One", 11), (2, "Two", 20), (4, "Four", 44)]


def test_a_database_that_is_at_the_commit_has_nothing_to_do(project: Project) -> None:
    project.migrate(OTHER)
    assert "nothing to write" in project.ok("checkout", "summer", "--apply", "--yes", site=OTHER)
    project.sql("DELETE FROM site1_page WHERE id = 1", site=OTHER)
    said = project.refused("checkout", "summer", "--apply", "--yes", "--force", site=OTHER)
    assert "only the database can convert" in said


def test_a_merge_that_upgrades_keeps_what_the_migration_converts(project: Project) -> None:
    said = project.refused("merge", "summer")
    assert "2 records have an edited value that site1.m1 converts" in said
    assert hints(said) == [["merge", "summer", "--upgrade"], ["merge", "summer", "--drop-fields"]]
    project.ok("merge", "summer", "--upgrade")
    project.ok("checkout", "main", "--apply", "--yes")
    assert project.sql(ROWS) == [(1, "One", 11), (2, "Two", 20), (4, "Four", 44)]
    assert "clean" in project.ok("status")


def test_what_is_brought_back_is_upgraded_first(project: Project) -> None:
    for call in (
        "cherry-pick summer",
        "restore site1.page:4 --from summer",
        "restore pages --from summer",
    ):
        said = project.refused(*call.split())
        first, *_, last = hints(said)
        assert first == ["upgrade", "summer", "--branch", "NEW"]
        assert "--drop-fields" in last
    project.ok(*first)
    project.ok("restore", "site1.page:4", "--from", "NEW")
    assert '"code": 44' in project.git("show", "main:pages/site1.page/0/0/4.json")


CODED = """
    class Page(models.Model):
        code = models.CharField(max_length=9, primary_key=True)
        title = models.CharField(max_length=50)
"""
CODED_INITIAL = """
    m.CreateModel("Page", [
        ("code", f.CharField(max_length=9, primary_key=True)),
        ("title", f.CharField(max_length=50)),
    ])
"""
NUMBERED = CODED.replace("CharField(max_length=9, ", "IntegerField(")
NUMBER = 'm.AlterField("Page", "code", f.IntegerField(primary_key=True))'


def test_keys_that_only_the_database_converts_are_read_and_upgraded(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.code(CODED, [CODED_INITIAL], SPECS)
    project.migrate()
    project.sql("INSERT INTO site1_page (code, title) VALUES ('10', 'Ten'), ('007', 'Seven')")
    project.ok("init")
    project.ok("commit", "-m", "Text")
    project.code(NUMBERED, [CODED_INITIAL, NUMBER], SPECS)
    project.migrate()
    said = project.ok("status")
    assert "site1.page: 1 record had a key that is gone (site1.m1)" in said
    assert "+ site1.page:7" in said
    assert "site1.page:10" not in said
    project.ok("commit", "-m", "Numbers")
    assert "clean" in project.ok("status")
    assert "nothing found" in project.ok("check")
    project.sql("DELETE FROM site1_page WHERE code = 7")
    said = project.refused("checkout", "main~1", "--apply", "--yes", "--force")
    assert "another key of site1.page" in said
    (first, second) = hints(said)
    project.ok(*second)
    project.ok(*first, "--yes")
    assert project.sql("SELECT code, title FROM site1_page ORDER BY code") == [
        (7, "Seven"),
        (10, "Ten"),
    ]
    assert project.git("diff", "main", "NEW") == ""


def test_a_value_that_sqlite_has_not_converted_is_named_with_what_mends_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    real = MODELS.replace("CharField(max_length=20)", "FloatField()")
    made = INITIAL.replace("CharField(max_length=20)", "FloatField()")
    project.code(real, [made], SPECS)
    project.migrate()
    project.sql("INSERT INTO site1_page (id, title, code) VALUES (1, 'One', 1.0), (2, 'Two', 2.7)")
    project.ok("init")
    project.ok("commit", "-m", "Real")
    project.code(COUNTED, [made, COUNT], SPECS)
    project.migrate()
    said = project.refused("status")
    assert "site1.page:2: field 'code': 2.7 is not an integer" in said
    assert "give the row of table site1_page with primary key 2 a value of the field's kind" in said
    assert "'exclude': ['code'] in the spec of site1.page" in said
    project.sql("UPDATE site1_page SET code = 3 WHERE id = 2")
    project.ok("status")
    project.ok("commit", "-m", "Whole")

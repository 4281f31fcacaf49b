"""Two branches with a migration each, before one merges them: what differs is content, not the schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evolving import Project
from tests.faces.test_evolution import ADD_INTRO, INITIAL, PAGE, RENAME, RENAMED, SPECS

WITH_INTRO = PAGE + "        intro = models.TextField(default='None yet')\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """``main`` renamed a field, ``summer`` added another; on each, one page was edited."""
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], SPECS)
    for site in ("stage", "laptop"):
        made.migrate(site)
        made.sql(
            "INSERT INTO site1_page (id, title, body) VALUES (1, 'One', 'Rye.'), (2, 'Two', 'Oat.')",
            site=site,
        )
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site="laptop")
    made.code(WITH_INTRO, [INITIAL], SPECS)
    made.migration("m1_intro", ADD_INTRO, "m0")
    made.migrate("laptop")
    made.sql("UPDATE site1_page SET title = 'First' WHERE id = 1", site="laptop")
    made.ok("commit", "-m", "With an intro", "--branch", "summer", site="laptop")
    made.code(RENAMED, [INITIAL], SPECS)
    made.migration("m1_text", RENAME, "m0")
    made.migrate()
    made.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    made.ok("commit", "-m", "Renamed")
    return made


def test_a_diff_shows_the_edits_of_both_and_what_each_alone_has(project: Project) -> None:
    shown = project.ok("diff", "main", "summer")
    assert (
        "the first commit alone has this\n    site1.page.body renamed to text (site1.m1_text)"
        in (shown)
    )
    assert "the second commit alone has this\n    site1.page.intro added" in shown
    assert 'title: "One" → "First"' in shown
    assert 'text: "Spelt." → "Oat."' in shown
    assert "2 updated" in shown
    assert "intro:" not in shown


def test_the_other_way_round_is_the_inverse(project: Project) -> None:
    shown = project.ok("diff", "summer", "main")
    assert 'title: "First" → "One"' in shown
    assert 'text: "Oat." → "Spelt."' in shown
    schema = json.loads(project.ok("diff", "summer", "main", "--json"))["schema"]
    assert [(each["apart"], each["backwards"]) for each in schema] == [(True, False), (True, True)]


def test_a_value_that_only_one_side_can_hold_is_counted(project: Project) -> None:
    project.code(PAGE.rpartition("        body")[0], [INITIAL], SPECS)
    project.migration("m1_without", 'm.RemoveField("Page", "body")', "m0")
    project.migrate("third")
    project.ok("checkout", "main~1", "--apply", "--yes", site="third")
    project.ok("commit", "-m", "Without", "--branch", "bare", site="third")
    shown = project.ok("diff", "bare", "summer")
    assert "site1.page.body: 2 records had a value that is gone (site1.m1_without)" in shown
    assert "1 updated" in shown


def test_a_report_has_both(project: Project) -> None:
    shown = project.ok("diff", "main", "summer", "--format", "markdown")
    assert "2 records change in 1 model" in shown
    assert "The first commit alone has this." in shown
    assert "The second commit alone has this." in shown

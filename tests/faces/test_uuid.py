"""Rows named by UUIDs: two sites create rows under the same primary keys, and none is taken for another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evolving import Project

MODELS = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
        views = models.IntegerField(default=0)

    class Comment(models.Model):
        page = models.ForeignKey(Page, models.CASCADE)
        text = models.TextField()
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)),
        ("title", f.CharField(max_length=50)),
        ("views", f.IntegerField(default=0)),
    ]),
    m.CreateModel("Comment", [
        ("id", f.BigAutoField(primary_key=True)),
        ("page", f.ForeignKey(to="site1.page", on_delete=f.CASCADE)),
        ("text", f.TextField()),
    ]),
"""
SPECS = [
    {"model": "site1.page", "delete_missing": True, "identity": "uuid", "exclude": ["views"]},
    {"model": "site1.comment", "delete_missing": True, "identity": "uuid"},
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Stage with a page and a comment, committed and applied on production."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], SPECS)
    made.migrate()
    made.migrate("production")
    made.sql("INSERT INTO site1_page (id, title, views) VALUES (7, 'Rye', 5)")
    made.sql("INSERT INTO site1_comment (id, page_id, text) VALUES (1, 7, 'Good.')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site="production")
    return made


def pages(project: Project, site: str = "stage") -> dict[str, str]:
    """Title and comment of each page."""
    rows = project.sql(
        "SELECT p.title, c.text FROM site1_page p LEFT JOIN site1_comment c ON c.page_id = p.id",
        site=site,
    )
    return {str(title): str(text) for title, text in rows}


def test_a_new_row_gets_the_databases_key_and_stays_the_same_row(project: Project) -> None:
    assert pages(project, "production") == {"Rye": "Good."}
    assert project.sql("SELECT id FROM site1_page", site="production") == [(1,)]
    assert "delete_missing; identity uuid; without views" in project.ok("datasets")
    for site in ("stage", "production"):
        status = json.loads(project.ok("status", "--json", site=site))
        assert status["dumps"][0]["changes"] == []
    project.sql("UPDATE site1_page SET title = 'Spelt', views = 9", site="production")
    done = project.ok("commit", "-m", "Renamed", site="production")
    assert "0 created, 1 updated, 0 deleted" in done
    project.ok("checkout", "main", "--apply", "--yes")
    assert project.sql("SELECT id, title, views FROM site1_page") == [(7, "Spelt", 5)]


def test_rows_of_two_sites_under_one_key_are_two_rows(project: Project) -> None:
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (8, 'Oat', 0)")
    project.sql("INSERT INTO site1_comment (id, page_id, text) VALUES (2, 8, 'Of stage.')")
    project.sql(
        "INSERT INTO site1_page (id, title, views) VALUES (8, 'Bran', 0)", site="production"
    )
    project.sql(
        "INSERT INTO site1_comment (id, page_id, text) VALUES (2, 8, 'Of production.')",
        site="production",
    )
    project.ok("commit", "-m", "Oat")
    project.ok("commit", "-m", "Bran", "--branch", "live", site="production")
    project.ok("merge", "live")
    both = {"Rye": "Good.", "Oat": "Of stage.", "Bran": "Of production."}
    for site in ("stage", "production"):
        project.ok("checkout", "main", "--apply", "--yes", site=site)
        assert pages(project, site) == both
        assert "clean" in project.ok("status", site=site)
    assert "Nothing to commit" in project.ok("commit", "-m", "Again", site="production")


def test_a_row_made_under_the_key_of_a_deleted_one_is_another(project: Project) -> None:
    before = project.git("ls-tree", "-r", "--name-only", "main", "pages/site1.page")
    project.sql("DELETE FROM site1_comment")
    project.sql("DELETE FROM site1_page")
    project.ok("commit", "-m", "None")
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (7, 'Rye', 0)")
    assert "1 created" in project.ok("commit", "-m", "Another")
    after = project.git("ls-tree", "-r", "--name-only", "main", "pages/site1.page")
    assert {bool(before), bool(after), before != after} == {True}


def test_an_undo_brings_back_a_row_under_its_name(project: Project) -> None:
    project.sql("DELETE FROM site1_comment")
    project.sql("DELETE FROM site1_page")
    project.ok("commit", "-m", "None")
    project.ok("checkout", "main", "--apply", "--yes", "--allow-empty", site="production")
    assert pages(project, "production") == {}
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (5, 'Oat', 0)", site="production")
    project.ok("undo", "--yes", site="production")
    assert project.sql("SELECT id, title FROM site1_page ORDER BY id", site="production") == [
        (1, "Rye"),
        (5, "Oat"),
    ]
    project.sql("DELETE FROM site1_page WHERE id = 5", site="production")
    assert "clean" in project.ok("status", site="production")
    project.sql("UPDATE site1_page SET title = 'Spelt'", site="production")
    done = project.ok("commit", "-m", "Edited", "--branch", "back", site="production")
    assert "0 created, 1 updated, 0 deleted" in done


def by_key() -> list[dict[str, object]]:
    """The specs before rows were named by UUIDs."""
    return [{name: spec[name] for name in spec if name != "identity"} for spec in SPECS]


@pytest.fixture
def switched(tmp_path: Path) -> Project:
    """Two sites at a commit by primary keys, that have edited since; then the code names rows by UUIDs."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], by_key())
    for site in ("stage", "production"):
        made.migrate(site)
    made.sql("INSERT INTO site1_page (id, title, views) VALUES (1, 'Rye', 5), (2, 'Oat', 6)")
    made.sql("INSERT INTO site1_comment (id, page_id, text) VALUES (1, 1, 'Good.')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site="production")
    made.sql("UPDATE site1_page SET views = 70", site="production")
    made.sql("UPDATE site1_page SET title = 'Spelt' WHERE id = 2", site="production")
    for site, title in (("stage", "Of stage"), ("production", "Of production")):
        made.sql(f"INSERT INTO site1_page (id, title, views) VALUES (3, '{title}', 1)", site=site)
    made.code(MODELS, [INITIAL], SPECS)
    return made


def test_rows_that_a_commit_has_by_key_keep_their_identity(switched: Project) -> None:
    assert "1 created, 0 updated, 0 deleted" in switched.ok("commit", "-m", "By UUID")
    shown = switched.ok("show")
    assert "site1.page is named by UUIDs" in shown
    assert "1 created" in shown
    assert "Rye" not in shown
    status = switched.ok("status", site="production")
    assert "2 records edited since" in status
    switched.ok("commit", "-m", "Of production", "--branch", "live", site="production")
    switched.ok("merge", "live")
    for site in ("stage", "production"):
        switched.ok("checkout", "main", "--apply", "--yes", site=site)
        rows = switched.sql("SELECT id, title FROM site1_page ORDER BY id", site=site)
        assert {title for _, title in rows} == {"Rye", "Spelt", "Of stage", "Of production"}
        assert rows[:2] == [(1, "Rye"), (2, "Spelt")]
        assert pages(switched, site)["Rye"] == "Good."
    assert switched.sql("SELECT views FROM site1_page WHERE id < 3", site="production") == [
        (70,),
        (70,),
    ]


def test_a_branch_from_before_is_merged(switched: Project) -> None:
    switched.code(MODELS, [INITIAL], by_key())
    switched.ok("commit", "-m", "By key", "--branch", "live", site="production")
    switched.code(MODELS, [INITIAL], SPECS)
    switched.sql("DELETE FROM site1_page WHERE id = 3")
    switched.sql("UPDATE site1_page SET title = 'Rye bread' WHERE id = 1")
    switched.ok("commit", "-m", "By UUID")
    switched.ok("merge", "live")
    switched.ok("checkout", "main", "--apply", "--yes")
    assert pages(switched).keys() == {"Rye bread", "Spelt", "Of production"}
    assert "clean" in switched.ok("status")


def test_two_rows_that_were_committed_under_one_key_before(switched: Project) -> None:
    """A merge at the last commit from before keeps both; no merge by UUIDs can."""
    switched.code(MODELS, [INITIAL], by_key())
    switched.ok("commit", "-m", "Of stage")
    switched.ok("commit", "-m", "Of production", "--branch", "live", site="production")
    switched.code(MODELS, [INITIAL], SPECS)
    switched.ok("commit", "-m", "By UUID")
    said = switched.refused("update", "--yes", site="production")
    assert "commit --branch NEW  (to decide each in a merge of the branch)" in said
    way = "contentgit checkout -b NEW COMMIT  (after --abort, at the last commit before UUIDs"
    assert way in switched.refused("merge", "live")
    said = switched.refused("resolve", "--all", "--renumber")
    assert (
        "both sides gave one primary key to a record of their own before UUIDs named them" in said
    )
    assert way in said
    switched.ok("merge", "--abort")
    switched.ok("checkout", "-b", "joined", "main~1")
    switched.refused("merge", "live")
    switched.ok("resolve", "--all", "--renumber")
    switched.ok("merge", "--continue")
    switched.git("symbolic-ref", "HEAD", "refs/heads/main")
    switched.ok("merge", "joined")
    said = switched.refused("checkout", "main", "--apply", "--yes", site="production")
    assert "apply a commit from before the UUIDs with the code of then" in said
    switched.code(MODELS, [INITIAL], by_key())
    switched.ok("checkout", "joined", "--apply", "--yes", site="production")
    switched.code(MODELS, [INITIAL], SPECS)
    for site in ("stage", "production"):
        switched.ok("checkout", "main", "--apply", "--yes", site=site)
        titles = {title for (title,) in switched.sql("SELECT title FROM site1_page", site=site)}
        assert titles == {"Rye", "Spelt", "Of stage", "Of production"}
        assert "clean" in switched.ok("status", site=site)


def test_code_from_before_neither_commits_nor_applies(switched: Project) -> None:
    switched.ok("commit", "-m", "By UUID")
    switched.code(MODELS, [INITIAL], by_key())
    for words in (
        ["commit", "-m", "Old", "--drop-fields"],
        ["checkout", "main", "--apply", "--yes"],
    ):
        said = switched.refused(*words, site="stage")
        assert "names rows of pages by UUIDs, and this code does not" in said, said


def test_lost_identities_are_refused_and_nothing_is_guessed(project: Project) -> None:
    project.sql("DELETE FROM contentgit_identity", site="production")
    for words in (["status"], ["commit", "-m", "Lost"], ["checkout", "main", "--apply", "--yes"]):
        said = project.refused(*words, site="production")
        assert "which of its rows of site1.page are 1 record of the applied commit" in said
        assert "restore the table contentgit_identity" in said
    assert pages(project, "production") == {"Rye": "Good."}


def test_what_a_status_has_seen_has_a_name_from_then_on(project: Project) -> None:
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (8, 'Oat', 0)")
    first, second = (json.loads(project.ok("status", "--json")) for _ in range(2))
    assert first["dumps"][0]["changes"] == second["dumps"][0]["changes"] != []


SHOUT = """
    def shout(apps, editor):
        for page in apps.get_model("site1", "Page").objects.all():
            page.title = page.title.upper()
            page.save()
"""


def test_an_upgrade_keeps_the_names_of_rows(project: Project) -> None:
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (8, 'Oat', 0)", site="production")
    project.ok("commit", "-m", "Oat", "--branch", "live", site="production")
    project.code(MODELS, [INITIAL, "m.RunPython(shout)"], SPECS, code=SHOUT)
    project.migrate()
    project.ok("commit", "-m", "Loud")
    project.ok("merge", "live", "--upgrade")
    project.ok("checkout", "main", "--apply", "--yes")
    assert pages(project) == {"RYE": "Good.", "OAT": "None"}
    files = project.git("ls-tree", "-r", "--name-only", "main", "pages/site1.page")
    assert len(files.split()) == 2


def test_an_upgrade_from_before_names_rows_as_every_site_does(switched: Project) -> None:
    switched.code(MODELS, [INITIAL], by_key())
    switched.ok("commit", "-m", "By key", "--branch", "live", site="production")
    switched.code(MODELS, [INITIAL, "m.RunPython(shout)"], SPECS, code=SHOUT)
    switched.migrate()
    switched.sql("DELETE FROM site1_page WHERE id = 3")
    switched.ok("commit", "-m", "Loud, by UUID")
    switched.ok("merge", "live", "--upgrade")
    switched.ok("checkout", "main", "--apply", "--yes")
    assert pages(switched).keys() == {"RYE", "SPELT", "OF PRODUCTION"}


def test_a_row_made_again_under_an_earlier_key_is_another(switched: Project) -> None:
    """Also while the applied commit still names rows by their keys."""
    assert "1 record edited since" in switched.ok("status")
    switched.sql("DELETE FROM site1_page WHERE id = 2")
    assert "- site1.page:" in switched.ok("status")
    switched.sql("INSERT INTO site1_page (id, title, views) VALUES (2, 'Oat', 0)")
    status = switched.ok("status")
    assert "3 records edited since" in status
    assert "~ site1.page:" not in status

"""A record is followed through renames of its model and of its fields."""

from __future__ import annotations

import json
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
ARTICLE = PAGE.replace("Page", "Article").replace("body", "text")
RENAMES = 'm.RenameField("Page", "body", "text"), m.RenameModel("Page", "Article")'
TEXT = "".join(f"Sentence {n} is about bread and how it is baked. " for n in range(1, 7))


def specs(*labels: str) -> list[object]:
    return [{"model": f"site1.{label}", "delete_missing": True} for label in labels]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Written, edited, renamed by a migration, and edited again: a tag for each commit."""
    made = Project(tmp_path_factory.mktemp("followed") / "project")
    made.code(PAGE, [INITIAL], specs("page"))
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'Rye', ?), (2, 'Oat', '')", TEXT)
    made.ok("init")
    commit(made, "written")
    made.sql("UPDATE site1_page SET body = replace(body, 'Sentence 2', 'The second')")
    commit(made, "edited")
    made.code(ARTICLE, [INITIAL, RENAMES], specs("article"))
    made.migrate()
    commit(made, "renamed")
    made.sql("UPDATE site1_article SET title = 'Spelt' WHERE id = 1")
    commit(made, "titled")
    return made


def commit(project: Project, name: str) -> None:
    project.ok("commit", "-m", f"Was {name}")
    project.git("tag", name)


def subjects(shown: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in shown.splitlines()]


KEYS = pytest.mark.parametrize("key", ["site1.page:1", "site1.article:1"])


@KEYS
def test_log_lists_the_commits_under_both_labels(project: Project, key: str) -> None:
    every = ["Was titled", "Was renamed", "Was edited", "Was written"]
    assert subjects(project.ok("log", key, "--oneline")) == every
    assert subjects(project.ok("log", "--oneline", "edited", "--", key)) == every[2:]
    patches = project.ok("log", "-p", key)
    assert 'title: "Rye" → "Spelt"' in patches
    assert "The second" in patches
    assert "site1.page:1" in patches
    assert "site1.page renamed to site1.article" in patches


@KEYS
def test_show_finds_the_record_under_the_label_of_the_commit(project: Project, key: str) -> None:
    assert "site1.article:1" in project.ok("show", "--", key)
    assert "site1.page:1" in project.ok("show", "edited", "--", key)
    assert "no record" in project.refused("show", "edited", "--", key.replace(":1", ":3"))


@KEYS
def test_diff_is_restricted_to_the_record(project: Project, key: str) -> None:
    shown = project.ok("diff", "written", "titled", "--", key)
    assert 'title: "Rye" → "Spelt"' in shown
    assert "The second" in shown
    assert "1 record" not in project.ok("diff", "edited", "renamed", "--", key)
    assert "The second" in project.ok("diff", "titled", "written", "--", key)
    assert "site1.page:1" in project.ok("diff", "written", "edited", "--", key)


@KEYS
def test_blame_does_not_blame_the_commit_of_a_rename(project: Project, key: str) -> None:
    shown = json.loads(project.ok("blame", key, "--json"))
    names = {commit: each["subject"] for commit, each in shown["commits"].items()}
    assert {each["name"]: names[each["commit"]] for each in shown["fields"]} == {
        "text": "Was edited",
        "title": "Was titled",
    }
    pieces = next(each["pieces"] for each in shown["fields"] if each["name"] == "text")
    assert [names[each["commit"]] for each in pieces] == [
        "Was written",
        "Was edited",
        *["Was written"] * 4,
    ]
    older = json.loads(project.ok("blame", key, "--json", "--rev", "edited"))
    assert older["record"] == "site1.page:1"


def test_a_field_that_a_migration_added_is_of_the_commit_that_had_it_first(tmp_path: Path) -> None:
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], specs("page"))
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'Rye', 'Bread')")
    made.ok("init")
    commit(made, "written")
    made.code(
        PAGE + "        intro = models.TextField(default='None yet')\n",
        [INITIAL, 'm.AddField("Page", "intro", f.TextField(default="None yet"))'],
        specs("page"),
    )
    made.migrate()
    commit(made, "introduced")
    shown = json.loads(made.ok("blame", "site1.page:1", "--json"))
    names = {commit: each["subject"] for commit, each in shown["commits"].items()}
    fields = {each["name"]: names[each["commit"]] for each in shown["fields"]}
    assert fields == {"title": "Was written", "body": "Was written", "intro": "Was introduced"}


def test_a_label_that_another_model_has_now_is_followed_to_its_own_past(tmp_path: Path) -> None:
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], specs("page"))
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'Old', '')")
    made.ok("init")
    commit(made, "old")
    made.code(ARTICLE + PAGE, [INITIAL, RENAMES, INITIAL], specs("article", "page"))
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'New', '')")
    commit(made, "new")
    titles = {}
    for key in ("site1.article:1", "site1.page:1"):
        shown = json.loads(made.ok("blame", key, "--json"))
        (each,) = [each for each in shown["fields"] if each["name"] == "title"]
        titles[key] = each["value"], shown["commits"][each["commit"]]["subject"]
    assert titles == {"site1.article:1": ("Old", "Was old"), "site1.page:1": ("New", "Was new")}
    assert "Old" in made.ok("show", "old", "--", "site1.page:1")

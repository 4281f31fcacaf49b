"""Older code applies a commit and leaves out what it lacks; then the newer code comes, and migrates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolving import Project

PAGE = """
    class Page(models.Model):
        title = models.CharField(max_length=50)
"""
WITH_INTRO = PAGE + "        intro = models.TextField(default='None yet')\n"
TAG = """
    class Tag(models.Model):
        name = models.CharField(max_length=50)
"""
INITIAL = """
    m.CreateModel("Page", [
        ("id", f.BigAutoField(primary_key=True)), ("title", f.CharField(max_length=50)),
    ])
"""
ADD_INTRO = 'm.AddField("Page", "intro", f.TextField(default="None yet"))'
CREATE_TAG = """
    m.CreateModel("Tag", [
        ("id", f.BigAutoField(primary_key=True)), ("name", f.CharField(max_length=50)),
    ])
"""
SPECS = [{"model": "site1.page", "delete_missing": True}]
BOTH = [*SPECS, {"model": "site1.tag", "delete_missing": True}]
B = "production"
RENAME_INTRO = 'm.RenameField("Page", "intro", "lead")'
WITH_LEAD = WITH_INTRO.replace("intro", "lead")
LABEL = TAG.replace("Tag", "Label")
RENAME_TAG = 'm.RenameModel("Tag", "Label")'
LABELS = [*SPECS, {"model": "site1.label", "delete_missing": True}]
BRING = ("checkout", "main", "--apply", "--yes")


def hinted(said: str, side: str) -> list[str]:
    """The command of a hint that takes a side, as it is printed."""
    (line,) = [line for line in said.splitlines() if f"--take {side}" in line]
    return line.partition(" contentgit ")[2].partition("  (")[0].split()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two sites with the same two pages."""
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], SPECS)
    made.migrate()
    made.migrate(B)
    made.sql("INSERT INTO site1_page (id, title) VALUES (1, 'One'), (2, 'Two')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok(*BRING, site=B)
    return made


@pytest.fixture
def fields(project: Project) -> Project:
    """Production has left out a field, which its code has now."""
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET intro = 'Read this', title = 'Uno' WHERE id = 1")
    project.ok("commit", "-m", "With an intro")
    project.code(PAGE, [INITIAL], SPECS)
    project.ok(*BRING, "--ignore-unknown-fields", site=B)
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate(B)
    return project


@pytest.fixture
def models(project: Project) -> Project:
    """Production has left out a model, which its code has now."""
    project.code(PAGE + TAG, [INITIAL, CREATE_TAG], BOTH)
    project.migrate()
    project.sql("INSERT INTO site1_tag (id, name) VALUES (1, 'Bread'), (2, 'Cake')")
    project.ok("commit", "-m", "With tags")
    project.code(PAGE, [INITIAL], SPECS)
    project.ok(*BRING, "--ignore-unknown-models", site=B)
    project.code(PAGE + TAG, [INITIAL, CREATE_TAG], BOTH)
    project.migrate(B)
    return project


def test_a_field_that_was_left_out_waits_and_is_brought(fields: Project) -> None:
    status = fields.ok("status", site=B)
    assert "not applied yet, as older code left it out:\n    site1.page: 1 record" in status
    assert "contentgit checkout main pages --apply" in status
    assert "edited" not in status
    assert "clean" not in status
    assert "Nothing to commit" in fields.ok("commit", "-m", "Nothing", site=B)
    assert "not applied yet" in fields.ok("status", site=B)
    assert 'intro: "None yet" → "Read this"' in fields.ok("checkout", "main", site=B)
    fields.ok(*BRING, site=B)
    assert fields.sql("SELECT intro FROM site1_page WHERE id = 1", site=B) == [("Read this",)]
    assert "clean" in fields.ok("status", site=B)
    fields.sql("UPDATE site1_page SET intro = 'None yet' WHERE id = 1", site=B)
    assert "1 record edited since" in fields.ok("status", site=B)
    assert "1 updated" in fields.ok("commit", "-m", "Edited", site=B)


def test_an_edit_of_a_record_keeps_the_value_that_waits(fields: Project) -> None:
    fields.sql("UPDATE site1_page SET title = 'Eins' WHERE id = 1", site=B)
    fields.sql("UPDATE site1_page SET intro = 'Mine' WHERE id = 2", site=B)
    status = fields.ok("status", site=B)
    assert "2 records edited since" in status
    assert "site1.page:1  Eins  title\n" in status
    assert "2 updated" in fields.ok("commit", "-m", "Edited", site=B)
    shown = fields.ok("show")
    assert 'title: "Uno" → "Eins"' in shown
    assert 'intro: "None yet" → "Mine"' in shown
    assert "Read this" not in shown
    status = fields.ok("status", site=B)
    assert "site1.page: 1 record" in status
    assert "edited" not in status
    fields.ok("update", "--yes", site=B)
    found = fields.sql("SELECT title, intro FROM site1_page ORDER BY id", site=B)
    assert found == [("Eins", "Read this"), ("Two", "Mine")]
    assert "clean" in fields.ok("status", site=B)


def test_the_apply_of_what_was_left_out_is_undone(fields: Project) -> None:
    fields.ok("update", "--yes", site=B)
    fields.ok("undo", "--yes", site=B)
    found = fields.sql("SELECT intro FROM site1_page ORDER BY id", site=B)
    assert found == [("None yet",), ("None yet",)]
    assert "not applied yet" in fields.ok("status", site=B)


def test_an_own_value_of_a_field_that_was_left_out_is_a_conflict(fields: Project) -> None:
    fields.sql("UPDATE site1_page SET intro = 'Mine' WHERE id = 1", site=B)
    assert "1 record edited since" in fields.ok("status", site=B)
    assert "was edited here" in fields.refused(*BRING, site=B)
    fields.ok(*BRING, "--merge", "--take", "ours", site=B)
    assert fields.sql("SELECT intro FROM site1_page WHERE id = 1", site=B) == [("Mine",)]
    assert "1 record edited since" in fields.ok("status", site=B)


def test_a_model_that_was_left_out_waits_and_is_brought(models: Project) -> None:
    status = models.ok("status", site=B)
    assert "not applied yet, as older code left it out:\n    site1.tag: 2 records" in status
    assert "edited" not in status
    models.sql("UPDATE site1_page SET title = 'Uno' WHERE id = 1", site=B)
    models.sql("INSERT INTO site1_tag (id, name) VALUES (3, 'Mine')", site=B)
    assert "1 created, 1 updated, 0 deleted" in models.ok("commit", "-m", "Edited", site=B)
    status = models.ok("status", site=B)
    assert "site1.tag: 2 records" in status
    assert "edited" not in status
    assert "2 created" in models.ok("update", "--yes", site=B)
    found = models.sql("SELECT name FROM site1_tag ORDER BY id", site=B)
    assert found == [("Bread",), ("Cake",), ("Mine",)]
    assert "clean" in models.ok("status", site=B)
    models.sql("DELETE FROM site1_tag WHERE id = 1", site=B)
    assert "1 record edited since" in models.ok("status", site=B)
    assert "1 deleted" in models.ok("commit", "-m", "Deleted", site=B)


def test_a_row_in_place_of_one_that_was_left_out_is_not_committed(models: Project) -> None:
    models.sql("INSERT INTO site1_tag (id, name) VALUES (1, 'Mine')", site=B)
    assert "site1.tag:1" in models.ok("status", site=B)
    said = models.refused("commit", "-m", "Over it", site=B)
    assert 'site1.tag:1 name: here "Mine", there "Bread"' in said
    models.ok(*hinted(said, "theirs"), "--yes", site=B)
    found = models.sql("SELECT name FROM site1_tag ORDER BY id", site=B)
    assert found == [("Bread",), ("Cake",)]


def test_what_was_left_out_comes_with_a_later_commit(models: Project) -> None:
    models.sql("UPDATE site1_tag SET name = 'Rolls' WHERE id = 2")
    models.ok("commit", "-m", "Rolls")
    assert "2 to create" in models.ok("checkout", "main", site=B)
    models.ok("update", "--yes", site=B)
    found = models.sql("SELECT name FROM site1_tag ORDER BY id", site=B)
    assert found == [("Bread",), ("Rolls",)]
    assert "clean" in models.ok("status", site=B)


def test_a_default_that_only_the_database_knows_is_no_edit(project: Project) -> None:
    code = "import uuid\n\ndef new():\n    return uuid.uuid4().hex\n"
    migrations = [INITIAL, 'm.AddField("Page", "intro", f.TextField(default=new))']
    models = PAGE + "        intro = models.TextField(default='None yet')\n"
    project.code(models, migrations, SPECS, code)
    project.migrate()
    project.sql("UPDATE site1_page SET intro = 'Read this'")
    project.ok("commit", "-m", "With an intro")
    project.code(PAGE, [INITIAL], SPECS)
    project.ok(*BRING, "--ignore-unknown-fields", site=B)
    project.code(models, migrations, SPECS, code)
    project.migrate(B)
    project.sql("UPDATE site1_page SET title = 'Eins' WHERE id = 1", site=B)
    status = project.ok("status", site=B)
    assert "site1.page: 2 records" in status
    assert "1 record edited since" in status
    assert "1 updated" in project.ok("commit", "-m", "Edited", site=B)
    assert "intro" not in project.ok("show")
    assert "intro" in project.refused(*BRING, site=B)
    project.ok(*BRING, "--merge", "--take", "theirs", site=B)
    assert project.sql("SELECT DISTINCT intro FROM site1_page", site=B) == [("Read this",)]
    assert "clean" in project.ok("status", site=B)


def test_a_field_that_was_left_out_is_dropped_from_records_and_description(fields: Project) -> None:
    fields.code(PAGE, [INITIAL], SPECS)
    fields.sql("UPDATE site1_page SET title = 'Eins' WHERE id = 1", site=B)
    done = fields.ok("commit", "-m", "Behind", "--drop-fields", site=B)
    assert "2 updated" in done
    assert "site1.page.intro: 2 records had a value" in done
    assert "intro" not in fields.git("grep", "-h", "", "HEAD", "--", "pages/site1.page")
    assert "unknown-field" not in fields.ok("check", "HEAD", site=B)
    assert "clean" in fields.ok("status", site=B)


def test_a_field_that_is_renamed_before_it_is_brought_waits_also_after_commits(
    fields: Project,
) -> None:
    fields.code(WITH_LEAD, [INITIAL, ADD_INTRO, RENAME_INTRO], SPECS)
    fields.migrate(B)
    fields.sql("UPDATE site1_page SET title = 'Zwei' WHERE id = 2", site=B)
    for message in ("Two", "Nothing"):
        fields.ok("commit", "-m", message, site=B)
        status = fields.ok("status", site=B)
        assert "site1.page: 1 record" in status
        assert "edited" not in status
    assert "lead:" not in fields.ok("show")
    fields.ok("update", "--yes", site=B)
    found = fields.sql("SELECT title, lead FROM site1_page ORDER BY id", site=B)
    assert found == [("Uno", "Read this"), ("Zwei", "None yet")]
    assert "clean" in fields.ok("status", site=B)


def test_a_field_that_is_renamed_before_it_is_brought_is_no_edit(fields: Project) -> None:
    fields.code(WITH_LEAD, [INITIAL, ADD_INTRO, RENAME_INTRO], SPECS)
    fields.migrate()
    fields.sql("UPDATE site1_page SET lead = 'Later' WHERE id = 2")
    fields.ok("commit", "-m", "Renamed")
    fields.migrate(B)
    fields.ok(*BRING, site=B)
    found = fields.sql("SELECT lead FROM site1_page ORDER BY id", site=B)
    assert found == [("Read this",), ("Later",)]


def test_a_model_that_is_renamed_before_it_is_brought_waits_also_after_commits(
    models: Project,
) -> None:
    models.code(PAGE + LABEL, [INITIAL, CREATE_TAG, RENAME_TAG], LABELS)
    models.migrate(B)
    for title in ("Zwei", "Deux"):
        models.sql("UPDATE site1_page SET title = ? WHERE id = 2", title, site=B)
        assert "0 created, 1 updated, 0 deleted" in models.ok("commit", "-m", title, site=B)
        status = models.ok("status", site=B)
        assert "site1.label: 2 records" in status
        assert "edited" not in status
    models.ok("update", "--yes", site=B)
    assert models.sql("SELECT name FROM site1_label", site=B) == [("Bread",), ("Cake",)]
    assert "clean" in models.ok("status", site=B)


def test_what_newer_code_has_renamed_is_not_left_out(project: Project) -> None:
    renaming = 'm.RenameField("Page", "title", "name"), m.RenameModel("Page", "Article")'
    article = PAGE.replace("Page", "Article").replace("title", "name")
    specs = [{"model": "site1.article", "delete_missing": True}]
    project.code(article, [INITIAL, renaming], specs)
    project.migrate()
    project.sql("UPDATE site1_article SET name = 'Uno' WHERE id = 1")
    project.ok("commit", "-m", "Renamed")
    project.code(PAGE, [INITIAL], SPECS)
    ignoring = ("--ignore-unknown-models", "--ignore-unknown-fields", "--allow-empty")
    for options in ((), ignoring):
        said = project.refused(*BRING, *options, site=B)
        assert "site1.page renamed to site1.article (site1.m1)\n" in said
        assert "site1.page.title renamed to name (site1.m1)\n" in said
        assert "hint: deploy the code that has them, and migrate" in said
        assert "--ignore" not in said
    assert "Uno" not in str(project.sql("SELECT title FROM site1_page", site=B))
    project.code(article, [INITIAL, renaming], specs)
    project.migrate(B)
    assert "1 updated" in project.ok(*BRING, site=B)


@pytest.mark.parametrize(("side", "intro"), [("ours", "Mine"), ("theirs", "Read this")])
def test_an_own_value_is_not_committed_over_one_that_was_left_out(
    fields: Project, side: str, intro: str
) -> None:
    fields.sql("UPDATE site1_page SET intro = 'Mine', title = 'Eins' WHERE id = 1", site=B)
    said = fields.refused("commit", "-m", "Over it", site=B)
    assert 'site1.page:1 intro: here "Mine", there "Read this"\n' in said
    other = fields.refused("commit", "-m", "Over it", "--branch", "mine", site=B)
    fields.ok(*hinted(other if side == "theirs" else said, side), "--yes", site=B)
    found = fields.sql("SELECT intro, title FROM site1_page WHERE id = 1", site=B)
    assert found == [(intro, "Eins")]
    fields.ok("commit", "-m", "Decided", site=B)
    assert intro in fields.git("grep", "-h", "intro", "main", "--", "pages/site1.page")


def test_a_model_that_is_taken_out_of_its_dataset_is_not_dropped_unasked(models: Project) -> None:
    models.ok(*BRING, site=B)
    models.code(PAGE + TAG, [INITIAL, CREATE_TAG], SPECS)
    models.sql("UPDATE site1_page SET title = 'Eins' WHERE id = 1", site=B)
    said = models.refused("commit", "-m", "Without", site=B)
    assert (
        "content in pages that its dataset does not have any more\n  site1.tag: 2 records\n" in said
    )
    assert "--drop-fields" in said
    models.ok("checkout", "main", "--apply", "--force", "--ignore-unknown-models", "--yes", site=B)
    status = models.ok("status", site=B)
    assert "clean" not in status
    assert "site1.tag: 2 records of the commit left out" in status
    assert "site1.tag: 2 records" in models.refused("commit", "-m", "Without", site=B)
    models.ok("commit", "-m", "Without", "--drop-fields", site=B)
    assert "site1.tag" not in models.git("ls-tree", "-r", "main")


def test_a_field_that_left_the_dataset_is_not_dropped_unasked(project: Project) -> None:
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate()
    project.ok("commit", "-m", "With an intro")
    without = [{**spec, "exclude": ["intro"]} for spec in SPECS]
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], without)
    said = "site1.page.intro: 2 records of the commit left out; the dataset of this code does not have it"
    status = project.ok("status")
    assert said in status
    assert "clean" not in status
    project.sql("UPDATE site1_page SET title = 'First' WHERE id = 1")
    refused = project.refused("commit", "-m", "Less")
    assert "site1.page.intro: 2 records" in refused
    assert "--drop-fields" in refused
    done = project.ok("commit", "-m", "Less", "--drop-fields")
    assert "site1.page.intro: 2 records had a value" in done
    assert "clean" in project.ok("status")
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    assert "2 records edited since" in project.ok("status"), (
        "what a commit would bring is no secret"
    )

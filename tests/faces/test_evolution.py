"""A project that migrates: its content is committed, compared and applied across the migrations."""

from __future__ import annotations

import re
import shlex
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
INTRO_FIELD = '("intro", f.TextField(default="None yet")),'
ADD_INTRO = 'm.AddField("Page", "intro", f.TextField(default="None yet"))'
RENAMED = PAGE.replace("body", "text")
RENAME = 'm.RenameField("Page", "body", "text")'
SPECS = [{"model": "site1.page", "delete_missing": True}]
LOUD = """
    def loud(apps, editor):
        model = apps.get_model("site1", "Page")
        for page in model.objects.all():
            model.objects.filter(pk=page.pk).update(body=page.body.upper())
"""


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
    status = project.ok("status")
    assert "this code does not have, and does not compare:\n    site1.page.intro" in status
    said = project.refused("commit", "-m", "Behind")
    assert "site1.page.intro" in said
    assert "site1.m1" in said
    assert "--drop-fields" in said
    done = project.ok("commit", "-m", "Behind", "--drop-fields")
    assert "2 updated" in done
    assert (
        "Left out, as this code does not have it:\n    site1.page.intro: 2 records had a value"
        in done
    )
    assert "intro" not in project.git("show", "HEAD:pages/site1.page/0/0/1.json")
    shown = project.ok("show")
    assert "the second commit was made by code from before" in shown
    assert 'intro: "Read this" → (nothing)' in shown
    assert 'intro: "None yet" → (nothing)' in shown


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


TAG = """
    class Tag(models.Model):
        name = models.CharField(max_length=50)
"""
CREATE_TAG = """
    m.CreateModel("Tag", [
        ("id", f.BigAutoField(primary_key=True)), ("name", f.CharField(max_length=50)),
    ])
"""
BOTH = [*SPECS, {"model": "site1.tag", "delete_missing": True}]


@pytest.fixture
def tagged(tmp_path: Path) -> Project:
    """Stage with a page and a tag, both committed."""
    made = Project(tmp_path / "project")
    made.code(PAGE + TAG, [INITIAL, CREATE_TAG], BOTH)
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'One', 'Rye.')")
    made.sql("INSERT INTO site1_tag (id, name) VALUES (1, 'Bread')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    return made


def test_a_model_that_left_the_dataset_is_counted(tagged: Project, tmp_path: Path) -> None:
    tagged.code(PAGE + TAG, [INITIAL, CREATE_TAG], SPECS)
    left = "site1.tag: 1 record of the commit left out"
    assert left in tagged.ok("status")
    assert left in tagged.ok("diff")
    assert left in tagged.ok("diff", "HEAD")
    tagged.ok("diff", "HEAD", "-o", str(tmp_path / "report.html"))
    assert "site1.tag" in (tmp_path / "report.html").read_text()
    refused = tagged.refused("checkout", "main", "--apply", "--yes")
    assert "--ignore-unknown-models" in refused
    tagged.ok("checkout", "main", "--apply", "--yes", "--ignore-unknown-models")


def test_a_site_without_a_model_of_the_commit_applies_the_rest(project: Project) -> None:
    project.code(PAGE + TAG, [INITIAL, CREATE_TAG], BOTH)
    project.migrate()
    project.sql("INSERT INTO site1_tag (id, name) VALUES (1, 'Bread')")
    project.ok("commit", "-m", "A tag")
    project.code(PAGE, [INITIAL], SPECS)
    project.migrate(site="older")
    said = project.refused("checkout", "main", "--apply", "--yes", site="older")
    assert "site1.tag is not in this code" in said
    assert "contentgit checkout main --apply --ignore-unknown-models" in said
    project.ok("checkout", "main", "--apply", "--yes", "--ignore-unknown-models", site="older")
    assert project.sql("SELECT title FROM site1_page", site="older") == [("One",), ("Two",)]
    status = project.ok("status", site="older")
    assert "site1.tag: 1 record of the commit left out" in status


def test_a_model_that_a_migration_deleted_is_listed_and_old_commits_apply(tagged: Project) -> None:
    tagged.code(PAGE, [INITIAL, CREATE_TAG, 'm.DeleteModel("Tag")'], SPECS)
    tagged.migrate()
    gone = "site1.tag.name: 1 record had a value that is gone (site1.m2)"
    assert gone in tagged.ok("status")
    assert gone in tagged.ok("diff")
    tagged.sql("UPDATE site1_page SET body = 'Oat.'")
    assert "1 updated" in tagged.ok("commit", "-m", "Without tags")
    assert gone in tagged.ok("checkout", "HEAD~1")
    tagged.ok("checkout", "HEAD~1", "--apply", "--yes")
    assert tagged.sql("SELECT body FROM site1_page") == [("Rye.",)]
    assert "clean" in tagged.ok("status")


def test_a_model_that_was_renamed_is_no_delete(tagged: Project) -> None:
    renamed = TAG.replace("Tag", "Label")
    specs = [*SPECS, {"model": "site1.label", "delete_missing": True}]
    tagged.code(PAGE + renamed, [INITIAL, CREATE_TAG, 'm.RenameModel("Tag", "Label")'], specs)
    tagged.migrate()
    assert "clean" in tagged.ok("status")
    assert "Nothing to do" in tagged.ok("checkout", "main")
    assert "0 created, 0 updated, 0 deleted" in tagged.ok("commit", "-m", "Renamed")
    assert "site1.tag renamed to site1.label" in tagged.ok("show")


def test_references_to_a_model_that_was_moved_are_merged_from_before(tmp_path: Path) -> None:
    """By Django's recipe: two models on one table, each reference altered, the old model gone."""
    tag = "class Tag(models.Model):\n    name = models.CharField(max_length=9)\n"
    page = (
        "class Page(models.Model):\n"
        "    main = models.ForeignKey('Tag', models.PROTECT, related_name='+')\n"
        "    tags = models.ManyToManyField('Tag')\n"
    )
    key = '("id", f.BigAutoField(primary_key=True))'
    initial = f"""
        m.CreateModel("Tag", [{key}, ("name", f.CharField(max_length=9))]),
        m.CreateModel("Page", [
            {key},
            ("main", f.ForeignKey("Tag", f.PROTECT, related_name="+")),
            ("tags", f.ManyToManyField("site1.Tag")),
        ])
    """
    move = f"""
        m.SeparateDatabaseAndState(state_operations=[
            m.CreateModel("Label", [{key}, ("name", f.CharField(max_length=9))],
                {{"db_table": "site1_tag"}})
        ]),
        m.AlterField("Page", "main", f.ForeignKey("site1.Label", f.PROTECT, related_name="+")),
        m.AlterField("Page", "tags", f.ManyToManyField("site1.Label")),
        m.SeparateDatabaseAndState(state_operations=[m.DeleteModel("Tag")])
    """
    project = Project(tmp_path / "project")
    specs = [{"model": "site1.tag"}, {"model": "site1.page", "delete_missing": True}]
    project.code(tag + page, [initial], specs)
    project.migrate()
    project.sql("INSERT INTO site1_tag (id, name) VALUES (1, 'rye'), (2, 'oat')")
    project.sql("INSERT INTO site1_page (id, main_id) VALUES (1, 1)")
    project.sql("INSERT INTO site1_page_tags (page_id, tag_id) VALUES (1, 1)")
    project.ok("init")
    project.ok("commit", "-m", "First")
    project.ok("branch", "before")
    project.ok("checkout", "before", "--apply", "--yes")
    project.sql("UPDATE site1_page SET main_id = 2")
    project.sql("INSERT INTO site1_page_tags (page_id, tag_id) VALUES (1, 2)")
    project.ok("commit", "-m", "Edited")
    project.ok("checkout", "main", "--apply", "--yes")

    moved = tag.replace("Tag", "Label") + "    class Meta:\n        db_table = 'site1_tag'\n"
    specs[0] = {"model": "site1.label"}
    project.code(moved + page.replace("Tag", "Label"), [initial, move], specs)
    project.migrate()
    assert "clean" in project.ok("status")
    project.ok("commit", "-m", "Moved")
    project.ok("merge", "before")
    project.ok("checkout", "main", "--apply", "--yes")
    assert project.sql("SELECT main_id FROM site1_page") == [(2,)]
    assert project.sql("SELECT label_id FROM site1_page_tags ORDER BY 1") == [(1,), (2,)]
    assert "clean" in project.ok("status")


def test_the_first_apply_after_a_rename_sees_real_edits_alone(project: Project) -> None:
    project.migrate("production")
    project.ok("checkout", "main", "--apply", "--yes", site="production")
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.migrate("production")
    assert "clean" in project.ok("status", site="production")
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Spelt")
    project.sql("UPDATE site1_page SET title = 'Uno' WHERE id = 1", site="production")
    project.sql("UPDATE site1_page SET text = 'Emmer.' WHERE id = 2", site="production")
    refused = project.refused("checkout", "main", "--apply", "--yes", site="production")
    assert "site1.page:1" in refused
    assert "site1.page:2" in refused
    project.sql("UPDATE site1_page SET text = 'Oat.' WHERE id = 2", site="production")
    project.ok("update", "--yes", site="production")
    found = project.sql("SELECT title, text FROM site1_page ORDER BY id", site="production")
    assert found == [("Uno", "Rye."), ("Two", "Spelt.")]


def test_an_old_commit_applies_across_a_rename(project: Project) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Spelt")
    plan = project.ok("checkout", "HEAD~1")
    assert "site1.page.body renamed to text (site1.m1)" in plan
    assert 'text: "Spelt." → "Oat."' in plan
    project.ok("checkout", "HEAD~1", "--apply", "--yes", "--ignore-unknown-fields")
    assert project.sql("SELECT text FROM site1_page ORDER BY id") == [("Rye.",), ("Oat.",)]
    project.ok("undo", "--yes")
    assert project.sql("SELECT text FROM site1_page ORDER BY id") == [("Rye.",), ("Spelt.",)]


def test_a_field_that_came_later_keeps_what_is_here(project: Project) -> None:
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate()
    assert "clean" in project.ok("status")
    project.sql("UPDATE site1_page SET intro = 'Read this' WHERE id = 1")
    project.sql("UPDATE site1_page SET body = 'Spelt.' WHERE id = 1")
    project.sql("DELETE FROM site1_page WHERE id = 2")
    assert "1 updated, 1 deleted" in project.ok("commit", "-m", "Later")
    project.ok("checkout", "HEAD~1", "--apply", "--yes")
    found = project.sql("SELECT body, intro FROM site1_page ORDER BY id")
    assert found == [("Rye.", "Read this"), ("Oat.", "None yet")]


RETYPED = PAGE.replace("title = models.CharField(max_length=50)", "title = models.IntegerField()")


def test_another_kind_of_values_is_read_where_that_is_exact(tmp_path: Path) -> None:
    made = Project(tmp_path / "project")
    initial = INITIAL.replace("f.CharField(max_length=50)", "f.IntegerField()")
    made.code(RETYPED, [initial], SPECS)
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 7, 'Rye.')")
    made.ok("init")
    made.ok("commit", "-m", "First")
    alter = 'm.AlterField("Page", "title", f.CharField(max_length=50))'
    made.code(PAGE, [initial, alter], SPECS)
    made.migrate()
    assert "clean" in made.ok("status")
    made.sql("UPDATE site1_page SET title = 'Seven'")
    made.ok("commit", "-m", "Seven")
    made.ok("checkout", "HEAD~1", "--apply", "--yes")
    assert made.sql("SELECT title FROM site1_page") == [("7",)]


def test_another_kind_of_values_of_which_nothing_is_recorded_is_refused(project: Project) -> None:
    project.code(
        RETYPED, [INITIAL.replace("f.CharField(max_length=50)", "f.IntegerField()")], SPECS
    )
    project.sql("DELETE FROM site1_page")
    refused = project.refused("checkout", "main", "--apply", "--yes")
    assert "site1.page.title is text there and integer here" in refused


def test_code_of_a_migration_between_is_named(project: Project) -> None:
    code = (
        "def split(apps, editor):\n    apps.get_model('site1', 'page').objects.update(body='Split')"
    )
    project.code(PAGE, [INITIAL, "m.RunPython(split)"], SPECS, code)
    project.migrate()
    refused = project.refused("checkout", "main", "--apply", "--yes")
    assert "site1.m1: RunPython(split)" in refused
    assert "contentgit upgrade" in refused


def test_a_commit_of_newer_code_names_the_missing_migrations(project: Project) -> None:
    project.migrate("production")
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET intro = 'Read this' WHERE id = 1")
    project.ok("commit", "-m", "With an intro")
    project.code(PAGE, [INITIAL], SPECS)
    refused = project.refused("checkout", "main", "--apply", "--yes", site="production")
    assert "lacks the migrations site1.m1" in refused
    assert "site1.page.intro" in refused
    words = ("checkout", "main", "--apply", "--yes", "--ignore-unknown-fields")
    project.ok(*words, site="production")
    status = project.ok("status", site="production")
    assert "edited" not in status
    assert "does not compare:\n    site1.page.intro" in status


SPLIT = """
def split(apps, editor):
    for page in apps.get_model("site1", "page").objects.all():
        page.body = f"{page.body} ({page.title})"
        page.save()
"""


@pytest.fixture
def split(project: Project) -> Project:
    """Both sites migrated through code of a migration; a branch from before has an edit of a title."""
    project.migrate("production")
    project.ok("checkout", "main", "--apply", "--yes", site="production")
    project.sql("UPDATE site1_page SET title = 'Zwei' WHERE id = 2", site="production")
    project.ok("commit", "-m", "Zwei", "--branch", "branch", site="production")
    project.code(PAGE, [INITIAL, "m.RunPython(split)"], SPECS, SPLIT)
    project.migrate()
    project.migrate("production")
    project.sql("UPDATE site1_page SET title = 'Uno' WHERE id = 1")
    project.ok("commit", "-m", "Uno")
    return project


def test_a_merge_upgrades_both_sides_and_what_they_come_from(split: Project) -> None:
    assert "site1.m1" in split.refused("merge", "branch")
    said = split.ok("merge", "branch", "--upgrade")
    assert "Merged branch into main" in said
    tip = split.git("rev-parse", "main")
    assert "main is up to date with branch" in split.ok("merge", "branch", "--upgrade")
    assert split.git("rev-parse", "main") == tip
    split.ok("checkout", "main", "--apply", "--yes")
    found = split.sql("SELECT title, body FROM site1_page ORDER BY id")
    assert found == [("Uno", "Rye. (One)"), ("Zwei", "Oat. (Zwei)")]


def test_a_checkout_upgrades_what_it_applies(split: Project) -> None:
    assert "contentgit upgrade" in split.refused("checkout", "branch", "--apply", "--yes")
    split.ok("checkout", "branch", "--upgrade", "--apply", "--yes")
    found = split.sql("SELECT title, body FROM site1_page ORDER BY id")
    assert found == [("One", "Rye. (One)"), ("Zwei", "Oat. (Zwei)")]
    assert "clean" in split.ok("status")


def test_an_undo_across_code_names_commands_that_bring_back_what_was_here(project: Project) -> None:
    project.sql("UPDATE site1_page SET title = 'Zwei' WHERE id = 2")
    project.ok("commit", "-m", "Zwei")
    project.ok("checkout", "HEAD~1", "--apply", "--yes")
    project.sql("UPDATE site1_page SET body = 'Here.' WHERE id = 1")
    project.ok("checkout", "main", "--apply", "--yes", "--force")
    project.code(PAGE, [INITIAL, "m.RunPython(split)"], SPECS, SPLIT)
    project.migrate()
    project.sql("UPDATE site1_page SET title = 'Later' WHERE id = 1")
    said = project.refused("undo", "--yes")
    calls = re.findall(r"^hint: python \S+ contentgit (.*?)(?:  \(.*)?$", said, re.MULTILINE)
    assert [each.split()[0] for each in calls] == ["commit", "upgrade", "checkout"]
    for each in calls:
        project.ok(*shlex.split(each), *(["--yes"] if "checkout" in each else []))
    held = "SELECT title, body FROM site1_page ORDER BY id"
    assert project.sql(held) == [("One", "Here. (One)"), ("Two", "Oat. (Two)")]
    project.ok("undo", "--yes")
    assert project.sql(held) == [("Later", "Rye. (One)"), ("Zwei", "Oat. (Zwei)")]


SQUASHED = """
from django.db import migrations as m, models as f

class Migration(m.Migration):
    initial = True
    {replaces}
    operations = [{operations}]
"""


def test_commits_from_before_a_squash_go_on_when_the_replaced_files_are_gone(
    project: Project,
) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Renamed")
    folder = project.folder / "site1/migrations"
    operations = INITIAL.replace("body", "text")
    replaces = 'replaces = [("site1", "m0"), ("site1", "m1")]'
    squashed = SQUASHED.format(replaces=replaces, operations=operations)
    (folder / "s.py").write_text(squashed)
    project.migrate()
    project.ok("commit", "-m", "Squashed")
    (folder / "s.py").write_text(SQUASHED.format(replaces="", operations=operations))
    for name in ("m0.py", "m1.py"):
        (folder / name).unlink()
    project.migrate()
    assert "clean" in project.ok("status")
    project.ok("checkout", "HEAD~2", "--apply", "--yes")
    assert project.sql("SELECT text FROM site1_page ORDER BY id") == [("Rye.",), ("Oat.",)]
    project.ok("checkout", "main", "--apply", "--yes")
    assert project.sql("SELECT text FROM site1_page ORDER BY id") == [("Rye.",), ("Spelt.",)]


@pytest.mark.parametrize("replaces", ['replaces = [("site1", "m0"), ("site1", "m1")]', ""])
def test_commits_go_on_when_the_replaced_files_went_before_any_commit_with_the_squash(
    project: Project, replaces: str
) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Renamed")
    folder = project.folder / "site1/migrations"
    operations = INITIAL.replace("body", "text")
    (folder / "s.py").write_text(SQUASHED.format(replaces=replaces, operations=operations))
    for name in ("m0.py", "m1.py"):
        (folder / name).unlink()
    if not replaces:  # a database that ran the squash alone does not know what that is
        project.migrate("new")
        refused = project.refused("checkout", "HEAD~1", site="new")
        assert "stands at migrations that this code does not have" in refused
        assert "site1.m0" in refused
    assert project.manage("migrate", "-v0", *(() if replaces else ("--fake",))).returncode == 0
    assert "clean\n" in project.ok("status")
    assert "on upgraded" in project.ok("upgrade", "main", "--branch", "upgraded")
    said = project.refused("upgrade", "main~1", "--branch", "older")
    assert "--branch NEW  (with code that has them; then go on with NEW)" in said
    project.ok("checkout", "HEAD~1", "--apply", "--yes")
    assert project.sql("SELECT text FROM site1_page ORDER BY id") == [("Rye.",), ("Oat.",)]


def test_a_commit_from_within_a_squash_is_refused_when_the_replaced_files_are_gone(
    project: Project,
) -> None:
    longer = RENAMED.replace("text = models.TextField()", "text = models.TextField(null=True)")
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    project.migrate()
    folder = project.folder / "site1/migrations"
    project.code(longer, [], SPECS)
    replaces = 'replaces = [("site1", "m0"), ("site1", "m1")]'
    operations = INITIAL.replace("body", "text")
    (folder / "s.py").write_text(SQUASHED.format(replaces=replaces, operations=operations))
    project.migration("t", 'm.AlterField("Page", "text", f.TextField(null=True))', "s")
    project.migrate()
    for call in ("checkout main", "upgrade main"):
        said = project.refused(*call.split())
        assert "site1.m0" in said
        assert "code that has them" in said
    assert "renamed" not in project.ok("status")
    assert "deploy" in project.refused("commit", "-m", "Over it")
    for call in ("diff", "log -p", "show"):
        project.ok(*call.split())
    assert "cannot be reached" not in project.manage("contentgit", "check").stdout


def test_a_renumbered_migration_is_the_same(project: Project) -> None:
    project.code(RENAMED, [INITIAL, RENAME], SPECS)
    folder = project.folder / "site1/migrations"
    (folder / "m1.py").rename(folder / "text.py")
    project.migrate()
    project.sql("UPDATE site1_page SET text = 'Spelt.' WHERE id = 2")
    project.ok("commit", "-m", "Renamed")
    added = ADD_INTRO
    intro = RENAMED + "        intro = models.TextField(default='None yet')\n"
    project.code(intro, [INITIAL, added, RENAME], SPECS)
    (folder / "text.py").unlink(missing_ok=True)
    project.sql("ALTER TABLE site1_page ADD COLUMN intro text NOT NULL DEFAULT 'None yet'")
    assert "clean" in project.ok("status")
    project.sql("UPDATE site1_page SET intro = 'Read' WHERE id = 1")
    assert "1 updated" in project.ok("commit", "-m", "Intro")
    project.ok("checkout", "HEAD~2", "--apply", "--yes")
    found = project.sql("SELECT text, intro FROM site1_page ORDER BY id")
    assert found == [("Rye.", "Read"), ("Oat.", "None yet")]


def test_values_of_another_kind_are_uncommitted_and_shown_beside_the_old_ones(
    project: Project,
) -> None:
    project.sql("UPDATE site1_page SET body = '0' || id")
    project.ok("commit", "-m", "Numbers")
    number = PAGE.replace("models.TextField()", "models.IntegerField()")
    project.code(number, [INITIAL, 'm.AlterField("Page", "body", f.IntegerField())'], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET body = 77 WHERE id = 2")
    assert "2 records edited since" in project.ok("status")
    assert 'body: "01" → 1\n' in project.ok("diff")
    assert "2 updated" in project.ok("commit", "-m", "As numbers")
    shown = project.ok("show")
    assert 'body: "01" → 1\n' in shown
    assert 'body: "02" → 77\n' in shown


def test_what_a_migration_wrote_on_two_sites_is_no_edit_on_the_second(project: Project) -> None:
    project.migrate("live")
    project.ok("checkout", "main", "--apply", "--yes", site="live")
    project.code(PAGE, [INITIAL, "m.RunPython(loud)"], SPECS, code=LOUD)
    for site in ("stage", "live"):
        project.migrate(site)
    project.ok("commit", "-m", "Loud")
    project.sql("UPDATE site1_page SET body = 'Spelt.' WHERE id = 1")
    project.ok("commit", "-m", "Spelt")
    project.sql("UPDATE site1_page SET body = 'Barley.' WHERE id = 2", site="live")
    refused = project.refused("checkout", "main", "--apply", "--yes", site="live")
    assert "1 record edited in this database would be overwritten" in refused
    assert "site1.page:2" in refused
    project.sql("UPDATE site1_page SET body = 'OAT.' WHERE id = 2", site="live")
    project.ok("checkout", "main", "--apply", "--yes", site="live")
    assert project.sql("SELECT body FROM site1_page ORDER BY id", site="live") == [
        ("Spelt.",),
        ("OAT.",),
    ]


def test_content_from_before_a_migration_that_did_not_run_is_neither_committed_nor_replaced(
    project: Project,
) -> None:
    project.code(PAGE, [INITIAL, "m.RunPython(loud)"], SPECS, code=LOUD)
    project.sql("UPDATE site1_page SET body = 'Spelt.' WHERE id = 1")
    for words in (["commit", "-m", "Quiet"], ["checkout", "main", "--apply", "--yes"]):
        said = project.refused(*words)
        assert "has not run migrations that change content" in said
        assert "site1.m1" in said
        assert "migrate --database default" in said
    assert "has not run migrations with code: site1.m1" in project.ok("status")
    project.migrate()
    assert "2 updated" in project.ok("commit", "-m", "Loud")
    project.sql("DELETE FROM django_migrations WHERE app = 'site1'")
    assert "site1.m1" not in project.ok("status"), "nothing is known of such an app"


def test_older_code_neither_applies_nor_commits_what_code_of_a_migration_made(
    project: Project,
) -> None:
    project.migrate("live")
    project.ok("checkout", "main", "--apply", "--yes", site="live")
    project.code(PAGE, [INITIAL, "m.RunPython(loud)"], SPECS, code=LOUD)
    project.migrate()
    project.ok("commit", "-m", "Loud")
    project.code(PAGE, [INITIAL], SPECS)
    apply = ("checkout", "main", "--apply", "--yes")
    edit = "UPDATE site1_page SET body = 'Spelt.' WHERE id = 1"
    project.sql(edit, site="live")
    for words in ([*apply, "--ignore-unknown-fields"], ["update", "--yes"]):
        said = project.refused(*words, site="live")
        assert "changed its content by code or SQL" in said
        assert "site1.m1" in said
    project.sql(edit)
    assert "site1.m1" in project.refused("commit", "-m", "Behind", "--drop-fields")


def test_older_code_does_not_bring_back_a_removed_field_unasked(project: Project) -> None:
    project.migrate("live")
    apply = ("checkout", "main", "--apply", "--yes")
    project.ok(*apply, site="live")
    without = PAGE.rpartition("        body")[0]
    project.code(without, [INITIAL, 'm.RemoveField("Page", "body")'], SPECS)
    project.migrate()
    project.sql("UPDATE site1_page SET title = 'Uno' WHERE id = 1")
    project.ok("commit", "-m", "Without")
    project.code(PAGE, [INITIAL], SPECS)
    for words in (apply, [*apply, "--ignore-unknown-fields"], ["update", "--yes"]):
        said = project.refused(*words, site="live")
        assert "site1.page.body removed (site1.m1)" in said
    project.sql("UPDATE site1_page SET body = 'Due' WHERE id = 2", site="live")
    said = project.refused("commit", "-m", "Behind", site="live")
    assert "site1.page.body removed (site1.m1)" in said
    project.ok("commit", "-m", "Behind", "--branch", "live", "--drop-fields", site="live")
    assert 'body: "Oat." → "Due"' in project.ok("show", "live")


def test_a_field_that_no_recorded_migration_added_is_seen(project: Project) -> None:
    project.code(WITH_INTRO, [INITIAL.replace("])", f"    {INTRO_FIELD}\n    ])")], SPECS)
    project.sql("ALTER TABLE site1_page ADD COLUMN intro text NOT NULL DEFAULT 'None yet'")
    project.sql("UPDATE site1_page SET intro = 'Read this' WHERE id = 1")
    status = project.ok("status")
    assert "site1.page.intro is new in this code, by no migration that is recorded" in status
    assert "2 records edited since" in status
    assert 'intro: (nothing) → "Read this"' in project.ok("diff")
    assert "site1.page.intro is new in this code" in project.ok("commit", "-m", "With an intro")
    project.sql("UPDATE site1_page SET intro = 'Read that' WHERE id = 1")
    assert "1 record edited since" in project.ok("status")


def test_migrations_of_apps_outside_of_the_dump_are_recorded_with_other_changes_alone(
    project: Project,
) -> None:
    settings = (project.folder / "settings.py").read_text()
    project.write("settings.py", settings.replace("['site1']", "['site1', 'extra']"))
    for path in ("extra/__init__.py", "extra/migrations/__init__.py"):
        project.write(path, "")
    project.write(
        "extra/migrations/m0.py",
        "from django.db.migrations import Migration as M\nclass Migration(M): initial = True\n",
    )
    project.migrate()
    assert "clean" in project.ok("status")
    assert "Nothing to commit" in project.ok("commit", "-m", "Nothing")
    project.sql("UPDATE site1_page SET title = '1' WHERE id = 1")
    project.ok("commit", "-m", "One")
    assert '"extra"' in project.git("show", "main:pages/dataset.json")
    assert "dataset" not in project.ok("show")
    assert "nothing found" in project.ok("check")


def test_an_upgrade_counts_what_differs_in_the_newer_schema(project: Project) -> None:
    code = """
    def one(apps, editor):
        apps.get_model("site1", "Page").objects.filter(pk=1).update(title="1")
    """
    project.code(RENAMED, [INITIAL, RENAME, "m.RunPython(one)"], SPECS, code)
    said = project.ok("upgrade", "main", "--branch", "upgraded")
    assert "pages: 0 created, 1 updated, 0 deleted" in said
    assert '"text": "Oat."' in project.git("show", "upgraded:pages/site1.page/0/0/2.json")


def test_an_undo_takes_back_a_field_that_came_after_what_was_here(project: Project) -> None:
    project.migrate("production")
    project.ok("checkout", "main", "--apply", "--yes", site="production")
    project.code(WITH_INTRO, [INITIAL, ADD_INTRO], SPECS)
    for site in ("stage", "production"):
        project.migrate(site)
    project.sql("UPDATE site1_page SET intro = 'Read this', body = 'Spelt.' WHERE id = 1")
    project.ok("commit", "-m", "With an intro")
    for words in (["checkout", "main", "--apply", "--yes"], ["update", "--yes"]):
        project.ok(*words, site="production")
        project.sql("UPDATE site1_page SET intro = 'Of production' WHERE id = 2", site="production")
        project.ok("undo", "--yes", site="production")
        rows = project.sql("SELECT body, intro FROM site1_page ORDER BY id", site="production")
        assert rows == [("Rye.", "None yet"), ("Oat.", "Of production")]
        project.sql("UPDATE site1_page SET intro = 'None yet' WHERE id = 2", site="production")
        assert "clean" in project.ok("status", site="production")


def test_a_record_of_a_removed_model_has_no_place_to_be_restored_to(tagged: Project) -> None:
    tagged.code(PAGE, [INITIAL, CREATE_TAG, 'm.DeleteModel("Tag")'], SPECS)
    tagged.migrate()
    tagged.ok("commit", "-m", "Without tags")
    for more in ([], ["--drop-fields"]):
        said = tagged.refused("restore", "site1.tag:1", "--from", "HEAD~1", *more)
        assert "has no place in HEAD's schema: site1.m2 removed the model" in said
        assert "--drop-fields" not in said
    assert 'name: "' in tagged.ok("show", "HEAD~1", "--", "site1.tag:1")

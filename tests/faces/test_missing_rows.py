"""Two sites with their own authors, which are in no dataset: what an apply does where one is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evolving import Project

MODELS = """
    class Author(models.Model):
        name = models.CharField(max_length=50, unique=True)

    class Article(models.Model):
        title = models.CharField(max_length=50)
        author = models.ForeignKey(Author, models.PROTECT, null=True)

    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, null=True)
        text = models.CharField(max_length=50)
"""
ID = '("id", f.BigAutoField(primary_key=True))'
CREATE = f"""
    m.CreateModel("Author", [{ID}, ("name", f.CharField(max_length=50, unique=True))]),
    m.CreateModel("Article", [
        {ID}, ("title", f.CharField(max_length=50)),
        ("author", f.ForeignKey("site1.Author", f.PROTECT, null=True)),
    ]),
    m.CreateModel("Comment", [
        {ID}, ("article", f.ForeignKey("site1.Article", f.CASCADE, null=True)),
        ("text", f.CharField(max_length=50)),
    ])
"""
LINK = "parent_link=True, primary_key=True, serialize=False, auto_created=True"
B = "production"
BRING = ("checkout", "main", "--apply", "--yes")


def specs(**missing: Any) -> list[dict[str, object]]:
    """The specs of articles and comments, with rules for their references."""
    of = {
        "site1.article": {"author": missing["author"]} if "author" in missing else {},
        "site1.comment": {"article": missing["article"]} if "article" in missing else {},
    }
    return [
        {"model": label, "delete_missing": True, **({"missing": rules} if rules else {})}
        for label, rules in of.items()
    ]


def code(project: Project, **missing: Any) -> None:
    project.code(MODELS, [CREATE], specs(**missing))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Anna and Bob write on the first site; production has Bob alone, as another number."""
    made = Project(tmp_path / "project")
    settings = made.folder / "settings.py"
    settings.write_text(
        settings.read_text() + 'CONTENTGIT["IDENTITIES"] = {"site1.author": ["name"]}\n'
    )
    code(made)
    made.migrate()
    made.migrate(B)
    made.sql("INSERT INTO site1_author (id, name) VALUES (1, 'anna'), (2, 'bob')")
    articles = "(1, 'Rye', 1), (2, 'Oat', 2), (3, 'Bun', 1)"
    made.sql(f"INSERT INTO site1_article (id, title, author_id) VALUES {articles}")
    made.sql(
        "INSERT INTO site1_comment (id, article_id, text) VALUES (1, 1, 'Good'), (2, 2, 'Bad')"
    )
    made.sql("INSERT INTO site1_author (id, name) VALUES (1, 'bob'), (7, 'editor')", site=B)
    made.ok("init")
    made.ok("commit", "-m", "First")
    return made


def authors(project: Project) -> list[tuple[object, ...]]:
    query = (
        "SELECT a.id, b.name FROM site1_article a LEFT JOIN site1_author b ON a.author_id = b.id "
        "ORDER BY a.id"
    )
    return project.sql(query, site=B)


def clean(project: Project) -> None:
    status = project.ok("status", site=B)
    assert "clean" in status, status
    assert "edited" not in status
    said = project.ok("commit", "-m", "Nothing", site=B)
    # The first commit after another spec records that.
    assert "Nothing to commit" in said or "0 created, 0 updated, 0 deleted" in said


def test_without_a_rule_it_is_refused_and_the_rule_is_named(project: Project) -> None:
    said = project.refused(*BRING, site=B)
    assert said.count("anna is not in this database: 2 records refer to it") == 1
    assert 'or write "missing": {"author": "null"} into the spec of site1.article' in said
    assert "IDENTITIES" not in said  # authors have one
    assert authors(project) == []


def test_null_until_the_row_is_there(project: Project) -> None:
    code(project, author="null")
    line = "site1.author:anna is missing: site1.article.author of 2 records is NULL (site1.article:1, …)"
    assert line in project.ok("checkout", "main", site=B)
    assert line in project.ok(*BRING, site=B)
    assert authors(project) == [(1, None), (2, "bob"), (3, None)]
    assert line in project.ok("status", site=B)
    clean(project)
    assert "nothing to write" in project.ok(*BRING, site=B)
    # What is edited here goes into the commit, and the reference stays there.
    project.sql("UPDATE site1_article SET title = 'Rye bread' WHERE id = 1", site=B)
    project.ok("commit", "-m", "Rye bread", site=B)
    shown = project.ok("show")
    assert "Rye bread" in shown
    assert " author:" not in shown
    clean(project)
    # The row comes: it is still no edit, and the next apply sets the reference.
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    clean(project)
    assert "author: – → site1.author:anna (anna)" in project.ok("checkout", "main", site=B).replace(
        "null", "–"
    )
    assert "2 updated" in project.ok(*BRING, site=B)
    assert authors(project) == [(1, "anna"), (2, "bob"), (3, "anna")]
    assert "missing" not in project.ok("status", site=B)
    clean(project)


def test_an_edit_of_the_field_wins(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1 WHERE id = 1", site=B)
    assert "1 record edited since" in project.ok("status", site=B)
    assert "was edited here" in project.refused(*BRING, site=B)
    assert "1 updated" in project.ok("commit", "-m", "By Bob", site=B)
    assert "site1.author:bob" in project.ok("show")
    clean(project)
    assert "author of 1 record is NULL (site1.article:3)" in project.ok("status", site=B)
    assert authors(project) == [(1, "bob"), (2, "bob"), (3, None)]


def test_a_deleted_record_is_not_listed_any_more(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("DELETE FROM site1_comment WHERE article_id = 1", site=B)
    project.sql("DELETE FROM site1_article WHERE id = 1", site=B)
    assert "2 deleted" in project.ok("commit", "-m", "No rye", site=B)
    status = project.ok("status", site=B)
    assert "author of 1 record is NULL (site1.article:3)" in status
    assert "clean" in status
    clean(project)


def test_another_row(project: Project) -> None:
    code(project, author={"key": "site1.author:editor"})
    line = "site1.author:anna is missing: site1.article.author of 2 records is site1.author:editor"
    assert line in project.ok(*BRING, site=B)
    assert authors(project) == [(1, "editor"), (2, "bob"), (3, "editor")]
    clean(project)
    data = json.loads(project.ok("checkout", "main", "--json", site=B))
    assert data["missing"] == [
        {
            "row": "site1.author:anna",
            "model": "site1.article",
            "field": "author",
            "rule": {"key": "site1.author:editor"},
            "left_out": False,
            "records": 2,
            "staying": 0,
            "first": "site1.article:1",
        }
    ]
    code(project, author={"key": "site1.author:nobody"})
    said = project.refused(*BRING, site=B)
    assert "site1.author:nobody is not in this database: 2 records refer to it" in said
    assert "'missing' of site1.article names site1.author:nobody for author" in said


def test_skip(project: Project) -> None:
    code(project, author="skip", article="skip")
    said = project.ok(*BRING, site=B)
    assert "2 records that refer to it in site1.article.author are left out" in said
    assert "site1.article:1 is missing: 1 record that refers to it in site1.comment.article" in said
    assert authors(project) == [(2, "bob")]
    assert project.sql("SELECT id FROM site1_comment", site=B) == [(2,)]
    clean(project)
    assert "nothing to write" in project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET title = 'Oats' WHERE id = 2", site=B)
    assert "1 updated" in project.ok("commit", "-m", "Oats", site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    clean(project)
    assert "3 created" in project.ok(*BRING, site=B)
    assert authors(project) == [(1, "anna"), (2, "bob"), (3, "anna")]
    clean(project)


def test_a_record_that_refers_to_one_that_is_left_out_follows_its_own_rule(
    project: Project,
) -> None:
    code(project, author="skip", article="null")
    project.ok(*BRING, site=B)
    assert project.sql("SELECT id, article_id FROM site1_comment", site=B) == [(1, None), (2, 2)]
    clean(project)
    code(project, author="skip")
    project.sql("DELETE FROM site1_comment", site=B)
    assert "refers in article to site1.article:1" in project.refused(*BRING, "--force", site=B)


def test_a_row_that_is_left_out_stays_as_it_is(project: Project) -> None:
    code(project, author="skip")
    project.sql("DELETE FROM site1_comment")
    project.sql("UPDATE site1_article SET author_id = 2")
    project.ok("commit", "-m", "All by Bob")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1, title = 'Rye 2' WHERE id = 1")
    project.ok("commit", "-m", "By Anna")
    line = (
        "1 record that refers to it in site1.article.author is left out (site1.article:1); it stays"
    )
    assert line in project.ok("checkout", "main", site=B)
    assert line in project.ok(*BRING, site=B)
    assert authors(project) == [(1, "bob"), (2, "bob"), (3, "bob")]
    clean(project)
    assert "nothing to write" in project.ok("update", "--yes", site=B)
    # An edit is merged into the record of the branch, unless it changed the same.
    project.sql("UPDATE site1_article SET title = 'Mine' WHERE id = 1", site=B)
    assert "1 record edited since" in project.ok("status", site=B)
    said = project.refused("commit", "-m", "Mine", site=B)
    assert "was left out here, as site1.author:anna was missing" in said
    assert "create site1.author:anna in this database, then:" in said
    project.sql("UPDATE site1_article SET title = 'Rye' WHERE id = 1", site=B)
    clean(project)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    project.ok(*BRING, site=B)
    assert authors(project) == [(1, "anna"), (2, "bob"), (3, "bob")]
    clean(project)


def test_undo(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    project.ok(*BRING, site=B)
    project.ok("undo", "--yes", site=B)
    assert authors(project) == [(1, None), (2, "bob"), (3, None)]
    clean(project)
    project.ok(*BRING, site=B)
    assert authors(project) == [(1, "anna"), (2, "bob"), (3, "anna")]
    project.ok("undo", "--yes", site=B)
    project.ok("undo", "--yes", "--allow-empty", site=B)
    assert authors(project) == []


def test_merge(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET title = 'Mine' WHERE id = 3", site=B)
    project.sql("UPDATE site1_article SET author_id = 1 WHERE id = 1", site=B)
    project.sql("UPDATE site1_article SET title = 'Theirs' WHERE id = 1")
    project.ok("commit", "-m", "Theirs")
    project.ok("update", "--yes", site=B)
    assert authors(project) == [(1, "bob"), (2, "bob"), (3, None)]
    status = project.ok("status", site=B)
    assert "2 records edited since" in status
    project.ok("commit", "-m", "Mine", site=B)
    shown = project.ok("show")
    assert "site1.author:bob" in shown
    assert "site1.article:3" in shown
    assert shown.count(" author:") == 1, shown
    clean(project)


@pytest.mark.parametrize("rule", ["null", {"key": "site1.author:editor"}])
def test_an_edit_of_a_field_whose_row_is_missing_before_and_after(
    project: Project, rule: object
) -> None:
    """The branch changes one missing row for another: what an apply writes of both is the same."""
    code(project, author=rule)
    project.ok(*BRING, site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (3, 'zoe')")
    project.sql("UPDATE site1_article SET author_id = 3")
    project.ok("commit", "-m", "All by Zoe")
    project.sql("UPDATE site1_article SET author_id = 1 WHERE id = 1", site=B)  # Bob
    said = project.refused("update", "--yes", site=B)
    assert "site1.article:1 was edited here and is changed by main: author" in said
    assert "site1.author:anna" in said
    assert "site1.author:zoe" in said
    assert "site1.article:3" not in said
    written = "editor" if rule != "null" else None
    said = project.ok("update", "--yes", "--take", "ours", site=B)
    assert "site1.author:zoe is missing: site1.article.author of 2 records" in said
    assert authors(project) == [(1, "bob"), (2, written), (3, written)]
    assert "of 2 records" in project.ok("status", site=B)
    assert "1 updated" in project.ok("commit", "-m", "By Bob", "--dry-run", site=B)
    project.ok("undo", "--yes", site=B)
    project.ok("update", "--yes", "--take", "theirs", site=B)
    assert authors(project) == [(1, written), (2, written), (3, written)]
    assert "of 3 records" in project.ok("status", site=B)
    clean(project)


def test_an_edit_that_is_what_an_apply_would_write(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (3, 'zoe')")
    project.sql("UPDATE site1_article SET author_id = 3 WHERE id = 2")
    project.ok("commit", "-m", "By Zoe")
    project.sql("UPDATE site1_article SET author_id = NULL WHERE id = 2", site=B)
    said = project.refused("update", "--yes", site=B)
    assert "site1.article:2 was edited here and is changed by main: author" in said
    said = project.refused(*BRING, site=B)
    assert "site1.article:2 was edited here and would be overwritten: author" in said
    assert 'here null, would become "site1.author:zoe"' in said
    project.ok("update", "--yes", "--take", "ours", site=B)
    assert "zoe" not in project.ok("status", site=B)
    assert "1 updated" in project.ok("commit", "-m", "By nobody", site=B)
    clean(project)
    # The branch wrote what an apply would write of the row that is missing here.
    code(project, author={"key": "site1.author:bob"})
    project.ok(*BRING, site=B)
    project.ok("update", "--yes")
    project.sql("UPDATE site1_article SET author_id = 2 WHERE id = 1")
    project.ok("commit", "-m", "By Bob")
    project.sql("UPDATE site1_article SET author_id = 7 WHERE id = 1", site=B)
    said = project.refused("update", "--yes", site=B)
    assert "site1.article:1 was edited here and is changed by main: author" in said


def test_an_edit_stays_when_the_missing_row_comes(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1 WHERE id = 1", site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    project.sql("UPDATE site1_article SET title = 'Rye bread' WHERE id = 1")
    project.ok("commit", "-m", "Rye bread")
    project.ok("update", "--yes", site=B)
    assert authors(project) == [(1, "bob"), (2, "bob"), (3, "anna")]
    assert "1 record edited since" in project.ok("status", site=B)
    assert "1 updated" in project.ok("commit", "-m", "By Bob", site=B)
    clean(project)


def test_a_saved_plan_is_bound_to_what_is_missing(project: Project) -> None:
    code(project, author="null")
    project.ok("checkout", "main", "--plan-out", "plan.json", site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    said = project.refused("checkout", "--apply", "--plan", "plan.json", site=B)
    assert "plan" in said
    assert authors(project) == []
    project.ok("checkout", "main", "--plan-out", "plan.json", site=B)
    project.ok("checkout", "--apply", "--plan", "plan.json", site=B)
    assert authors(project) == [(1, "anna"), (2, "bob"), (3, "anna")]


def test_a_child_is_left_out_with_its_parent(project: Project) -> None:
    models = (
        MODELS
        + """
    class Column(Article):
        place = models.CharField(max_length=50)
"""
    )
    link = f'"article_ptr", f.OneToOneField("site1.Article", f.CASCADE, {LINK})'
    fields = f'({link}), ("place", f.CharField(max_length=50))'
    more = f'm.CreateModel("Column", [{fields}], bases=("site1.article",))'
    both = [
        *specs(author="skip", article="skip"),
        {"model": "site1.column", "delete_missing": True},
    ]
    project.code(models, [CREATE, more], both)
    project.migrate()
    project.migrate(B)
    project.sql("INSERT INTO site1_column (article_ptr_id, place) VALUES (1, 'Left'), (2, 'Right')")
    project.ok("commit", "-m", "Columns")
    said = project.ok(*BRING, site=B)
    assert (
        "site1.article:1 is missing: 1 record whose parent it is is left out (site1.column:1)"
        in said
    )
    assert project.sql("SELECT article_ptr_id FROM site1_column", site=B) == [(2,)]
    clean(project)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    project.ok(*BRING, site=B)
    found = project.sql("SELECT place FROM site1_column ORDER BY article_ptr_id", site=B)
    assert found == [("Left",), ("Right",)]
    clean(project)


def test_a_row_that_is_here_before_the_first_apply(project: Project) -> None:
    code(project, author="skip", article="null")
    project.sql("INSERT INTO site1_article (id, title, author_id) VALUES (1, 'Own', 1)", site=B)
    assert "it stays as it is here" not in project.ok("status", site=B)
    said = project.ok(*BRING, site=B)
    assert "2 records that refer to it in site1.article.author are left out" in said
    assert "1 row stays as it is here" in said
    assert authors(project) == [(1, "bob"), (2, "bob")]
    assert "1 record edited since" in project.ok("status", site=B)
    assert "was left out here" in project.refused("commit", "-m", "Own", site=B)
    project.sql("DELETE FROM site1_comment", site=B)
    project.sql("DELETE FROM site1_article WHERE id = 1", site=B)
    assert "site1.article:1" not in project.ok("status", site=B).partition("as it was")[0]


def test_another_row_under_the_key_of_a_record_that_was_left_out(project: Project) -> None:
    code(project, author="skip", article="skip")
    project.ok(*BRING, site=B)
    project.sql("INSERT INTO site1_article (id, title, author_id) VALUES (1, 'Own', 1)", site=B)
    said = project.refused("commit", "-m", "Own", site=B)
    assert "site1.article:1 of commit" in said
    assert "--renumber" in said
    assert "or create site1.author:anna in this database, then:" in said
    project.ok("update", "--renumber", "--yes", site=B)
    assert authors(project) == [(2, "bob"), (4, "bob")]
    assert "1 created" in project.ok("commit", "-m", "Own", site=B)
    clean(project)


def test_a_deleted_row_whose_record_was_left_out(project: Project) -> None:
    code(project, author="skip")
    project.sql("DELETE FROM site1_comment")
    project.sql("UPDATE site1_article SET author_id = 2")
    project.ok("commit", "-m", "All by Bob")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1, title = 'Rye 2' WHERE id = 1")
    project.ok("commit", "-m", "By Anna")
    project.ok(*BRING, site=B)
    project.sql("DELETE FROM site1_article WHERE id = 1", site=B)
    assert "1 record edited since" in project.ok("status", site=B)
    assert "was left out here" in project.refused("commit", "-m", "Gone", site=B)
    assert "left out" in project.ok(*BRING, site=B)
    # An edit of another field goes into the branch.
    project.sql("INSERT INTO site1_article (id, title, author_id) VALUES (1, 'Rye', 1)", site=B)
    clean(project)


def test_edits_of_a_row_whose_record_was_left_out_are_merged(project: Project) -> None:
    code(project, author="skip")
    project.sql("DELETE FROM site1_comment")
    project.sql("UPDATE site1_article SET author_id = 2")
    project.ok("commit", "-m", "All by Bob")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1 WHERE id = 1")
    project.ok("commit", "-m", "By Anna")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET title = 'Mine' WHERE id = 1", site=B)
    assert "1 updated" in project.ok("commit", "-m", "Mine", site=B)
    shown = project.ok("show")
    assert "Mine" in shown
    assert " author:" not in shown
    status = project.ok("status", site=B)
    assert "clean" in status, status
    # Another rule: what was left out is written.
    code(project, author="null")
    project.ok(*BRING, site=B)
    assert authors(project) == [(1, None), (2, "bob"), (3, "bob")]
    clean(project)
    # And back: what was written stays.
    project.sql("UPDATE site1_article SET title = 'Here' WHERE id = 1", site=B)
    code(project, author="skip")
    project.ok(*BRING, "--merge", site=B)
    assert "1 record edited since" in project.ok("status", site=B)
    project.ok("commit", "-m", "Here", site=B)
    assert " author:" not in project.ok("show")
    clean(project)


def test_force_and_what_it_keeps(project: Project) -> None:
    code(project, author="null")
    project.ok(*BRING, site=B)
    project.sql("UPDATE site1_article SET author_id = 1, title = 'B' WHERE id = 1", site=B)
    project.ok(*BRING, "--force", site=B)
    assert authors(project) == [(1, None), (2, "bob"), (3, None)]
    clean(project)
    project.ok("undo", "--yes", site=B)
    assert authors(project) == [(1, "bob"), (2, "bob"), (3, None)]
    status = project.ok("status", site=B)
    assert "1 record edited since" in status


def test_a_field_that_is_renamed(project: Project) -> None:
    code(project, author="null", article="skip")
    project.ok(*BRING, site=B)
    rename = 'm.RenameField("Article", "author", "writer")'
    renamed = specs(article="skip")
    renamed[0]["missing"] = {"writer": "null"}
    project.code(MODELS.replace("author =", "writer ="), [CREATE, rename], renamed)
    project.migrate()
    project.migrate(B)
    status = project.ok("status", site=B)
    assert "clean" in status, status
    project.sql("UPDATE site1_article SET title = 'Rye bread' WHERE id = 1", site=B)
    project.ok("commit", "-m", "Rye bread", site=B)
    assert " writer:" not in project.ok("show")
    assert "site1.author:anna" in project.ok("show", "HEAD", "--", "site1.article:1")
    assert "clean" in project.ok("status", site=B)
    project.sql("INSERT INTO site1_author (id, name) VALUES (9, 'anna')", site=B)
    assert "2 updated" in project.ok(*BRING, site=B)
    assert "clean" in project.ok("status", site=B)

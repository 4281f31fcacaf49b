"""Rows named by UUIDs in databases that were copied, restored, or restored in part."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.evolving import Project
from tests.faces.test_uuid import INITIAL, MODELS, SPECS, pages

LOST = "restore the table contentgit_identity from the backup that the rows are of"


def insert(project: Project, pk: int, title: str, site: str) -> None:
    """A page with a comment, under one primary key."""
    page = f"INSERT INTO site1_page (id, title, views) VALUES ({pk}, '{title}', {pk})"
    project.sql(page, site=site)
    comment = f"INSERT INTO site1_comment (id, page_id, text) VALUES ({pk}, {pk}, 'Of {title}.')"
    project.sql(comment, site=site)


def copy(project: Project, of: str, to: str) -> None:
    """A copy of a whole database, with ledger and names."""
    shutil.copy(project.folder / f"{of}.sqlite3", project.folder / f"{to}.sqlite3")


def table(project: Project, name: str, site: str) -> list[tuple[object, ...]]:
    """The rows of one table, for :func:`restore`."""
    return project.sql(f"SELECT * FROM {name}", site=site)


def restore(project: Project, name: str, rows: list[tuple[object, ...]], site: str) -> None:
    """One table as it was."""
    project.sql(f"DELETE FROM {name}", site=site)
    for row in rows:
        marks = ", ".join("?" * len(row))
        project.sql(f"INSERT INTO {name} VALUES ({marks})", *row, site=site)


def merge(project: Project) -> dict[str, str]:
    """Stage commits on main and production on live; both apply what is merged, and have the same."""
    project.ok("commit", "-m", "Stage")
    project.ok("commit", "-m", "Production", "--branch", "live", site="production")
    project.ok("merge", "live")
    for site in ("stage", "production"):
        project.ok("checkout", "main", "--apply", "--yes", site=site)
        assert "clean" in project.ok("status", "--exit-code", site=site)
    assert pages(project) == pages(project, "production")
    return pages(project)


@pytest.fixture
def production(tmp_path: Path) -> Project:
    """Production with three pages, committed; stage is a copy of its database."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], SPECS)
    made.migrate("production")
    for pk, title in ((1, "Rye"), (2, "Oat"), (3, "Bran")):
        insert(made, pk, title, "production")
    made.ok("init", site="production")
    made.ok("commit", "-m", "First", site="production")
    copy(made, "production", "stage")
    return made


def both_work(project: Project) -> None:
    """Each site edits a page of its own, deletes another and makes one under the same key."""
    project.sql("UPDATE site1_page SET title = 'Rye bread' WHERE id = 1")
    project.sql("DELETE FROM site1_comment WHERE id = 2", site="production")
    project.sql("DELETE FROM site1_page WHERE id = 2", site="production")
    for site in ("stage", "production"):
        insert(project, 4, f"New {site}", site)


WORKED = {
    "Rye bread": "Of Rye.",
    "Bran": "Of Bran.",
    "New stage": "Of New stage.",
    "New production": "Of New production.",
}


def test_a_stage_that_is_a_copy_of_production(production: Project) -> None:
    both_work(production)
    assert merge(production) == WORKED


def test_a_copy_with_rows_that_no_verb_had_seen(production: Project) -> None:
    """A row that both have from the copy, and neither has named, is two rows: nobody can say it is one."""
    insert(production, 4, "Unseen", "production")
    copy(production, "production", "stage")
    production.ok("commit", "-m", "Unseen")
    production.ok("commit", "-m", "Unseen", "--branch", "live", site="production")
    production.ok("merge", "live")
    production.ok("checkout", "main", "--apply", "--yes")
    found = production.sql("SELECT title FROM site1_page ORDER BY title")
    assert found == [("Bran",), ("Oat",), ("Rye",), ("Unseen",), ("Unseen",)]


def test_production_restored_from_an_older_backup(production: Project) -> None:
    """What came since the backup was committed: an update brings it back as the rows that they were."""
    copy(production, "production", "backup")
    both_work(production)
    merge(production)
    copy(production, "backup", "production")
    assert "clean" in production.ok("status", site="production")
    insert(production, 4, "After the backup", "production")
    production.sql("UPDATE site1_page SET title = 'Bran bread' WHERE id = 3", site="production")
    production.ok("update", "--yes", site="production")
    wanted = {**WORKED, "Bran bread": "Of Bran.", "After the backup": "Of After the backup."}
    del wanted["Bran"]
    assert pages(production, "production") == wanted
    production.ok("commit", "-m", "After", site="production")
    production.ok("checkout", "main", "--apply", "--yes")
    assert pages(production) == wanted
    after = production.sql("SELECT title, id FROM site1_page ORDER BY 1", site="production")
    assert ("Rye bread", 1) in after


def test_a_table_of_rows_restored_older(production: Project) -> None:
    """The rows that are gone are deleted for now, those that changed are edits; each keeps its name."""
    older = table(production, "site1_comment", "production")
    both_work(production)
    merge(production)
    rows = pages(production, "production")
    restore(production, "site1_comment", older, "production")
    production.sql(
        "DELETE FROM site1_comment WHERE id = 2", site="production"
    )  # it refers to nothing
    said = production.ok("status", site="production")
    assert "2 records edited since" in said, said
    production.ok("checkout", "main", "--apply", "--yes", "--force", site="production")
    assert pages(production, "production") == rows


def test_names_restored_older_than_the_rows(production: Project) -> None:
    """Rows of the applied commit lack their names: refused, and nothing is written."""
    older = table(production, "contentgit_identity", "production")
    both_work(production)
    merge(production)
    newer = table(production, "contentgit_identity", "production")
    rows = pages(production, "production")
    restore(production, "contentgit_identity", older, "production")
    apply = ["checkout", "main", "--apply", "--yes"]
    for words in (
        ["status"],
        ["commit", "-m", "x"],
        apply,
        ["diff"],
        ["undo", "--yes"],
        ["update", "--yes"],
    ):
        said = production.refused(*words, site="production")
        assert LOST in said, said
    kept = table(production, "contentgit_identity", "production")
    assert {row[-3:] for row in kept} <= {row[-3:] for row in [*older, *newer]}
    assert pages(production, "production") == rows
    restore(production, "contentgit_identity", newer, "production")
    assert "clean" in production.ok("status", "--exit-code", site="production")


def test_names_restored_older_than_a_deletion(production: Project) -> None:
    """Names of rows that are gone since say nothing wrong."""
    older = table(production, "contentgit_identity", "production")
    production.sql("DELETE FROM site1_comment WHERE id = 3", site="production")
    production.sql("DELETE FROM site1_page WHERE id = 3", site="production")
    production.ok("commit", "-m", "Without bran", site="production")
    restore(production, "contentgit_identity", older, "production")
    assert "clean" in production.ok("status", "--exit-code", site="production")


def test_the_table_of_names_emptied(production: Project) -> None:
    both_work(production)
    merge(production)
    rows = pages(production, "production")
    production.sql("DELETE FROM contentgit_identity", site="production")
    for words in (["status"], ["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes"]):
        assert LOST in production.refused(*words, site="production")
    assert pages(production, "production") == rows
    assert table(production, "contentgit_identity", "production") == []


def test_names_emptied_and_rows_gone(production: Project) -> None:
    """With the rows gone as well nothing is ambiguous: an apply makes them."""
    rows = pages(production, "production")
    for name in ("site1_comment", "site1_page", "contentgit_identity"):
        production.sql(f"DELETE FROM {name}", site="production")
    production.ok("checkout", "main", "--apply", "--yes", "--force", site="production")
    assert pages(production, "production") == rows
    assert "clean" in production.ok("status", "--exit-code", site="production")


def test_names_restored_older_than_rows_under_keys_of_rows_that_were_gone(
    production: Project,
) -> None:
    """Each row has a name then, one of them that of another row: the applied commit has one too many."""
    older = table(production, "contentgit_identity", "production")
    for name in ("comment", "page"):
        production.sql(f"DELETE FROM site1_{name} WHERE id = 3", site="production")
    production.ok("commit", "-m", "Without bran", site="production")
    insert(production, 3, "Spelt", "production")
    production.ok("commit", "-m", "Spelt", site="production")
    newer = table(production, "contentgit_identity", "production")
    rows = pages(production, "production")
    restore(production, "contentgit_identity", older, "production")
    for words in (["status"], ["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes"]):
        said = production.refused(*words, site="production")
        assert LOST in said
        assert "which of its rows of site1.page are 1 record of the applied commit" in said
    assert table(production, "contentgit_identity", "production") == older
    assert pages(production, "production") == rows
    restore(production, "contentgit_identity", newer, "production")
    assert "clean" in production.ok("status", "--exit-code", site="production")


def test_records_that_an_apply_left_out_are_not_lost(production: Project) -> None:
    """This database never had rows for them."""
    production.migrate("live")
    production.code(MODELS, [INITIAL], SPECS[:1])
    words = ("checkout", "main", "--apply", "--yes", "--ignore-unknown-models")
    production.ok(*words, site="live")
    production.code(MODELS, [INITIAL], SPECS)
    ((page,),) = production.sql("SELECT id FROM site1_page WHERE title = 'Rye'", site="live")
    comment = f"INSERT INTO site1_comment (id, page_id, text) VALUES (1, {page}, 'Mine.')"
    production.sql(comment, site="live")
    said = production.ok("status", site="live")
    assert "1 record edited since" in said
    assert "site1.comment: 3 records" in said


def test_an_older_table_of_names_is_refused_whatever_call_is_next(production: Project) -> None:
    """Also if the rows of one model have got more names meanwhile."""
    older = table(production, "contentgit_identity", "production")
    for name in ("comment", "page"):
        production.sql(f"DELETE FROM site1_{name} WHERE id = 3", site="production")
    production.ok("commit", "-m", "Without bran", site="production")
    insert(production, 3, "Spelt", "production")
    production.ok("commit", "-m", "Spelt", site="production")
    restore(production, "contentgit_identity", older, "production")
    for pk in range(10, 20):
        insert(production, pk, f"More {pk}", "production")
    for _ in range(2):
        for words in (
            ["status"],
            ["diff"],
            ["commit", "-m", "x"],
            ["identity", "show", "site1.page:3", "--pk"],
        ):
            assert LOST in production.refused(*words, site="production")
    assert table(production, "contentgit_identity", "production") == older


def test_the_ledger_says_how_many_names_there_were(production: Project) -> None:
    """So that records are counted again only where there are fewer."""
    ((counts,),) = production.sql("SELECT counts FROM contentgit_ledger", site="production")
    found = json.loads(str(counts))
    assert {name: n for name, n in found.items() if name.startswith("names of ")} == {
        "names of site1.comment": 3,
        "names of site1.page": 3,
    }
    both_work(production)
    merge(production)
    lines = production.sql(
        "SELECT counts FROM contentgit_ledger ORDER BY id DESC", site="production"
    )
    assert json.loads(str(lines[0][0]))["names of site1.page"] == 5  # of which one is gone

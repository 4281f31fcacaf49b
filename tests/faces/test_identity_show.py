"""``identity show``: what names a row, here and in commits."""

from __future__ import annotations

import json

import pytest

from tests.evolving import Project
from tests.faces.test_uuid import project, switched  # noqa: F401  fixtures


def uuid(project: Project, row: int, site: str = "stage") -> str:  # noqa: F811
    """What names a page."""
    wanted = (
        "SELECT uuid FROM contentgit_identity WHERE label = 'site1.page' AND coalesce(row, was) = ?"
    )
    ((found,),) = project.sql(wanted, str(row), site=site)
    return str(found)


def test_a_row_by_its_key_and_by_its_primary_key(project: Project) -> None:  # noqa: F811
    name = f"site1.page:{uuid(project, 7)}"
    shown = project.ok("identity", "show", name)
    first = project.git("rev-parse", "main").strip()[:10]
    date = project.git("log", "-1", "--format=%as", "main").strip()
    assert shown.splitlines() == [
        f"{name}  Rye",
        "  named by uuid",
        "  primary key 7 in database default",
        f"  in pages, in commits since {first} ({date})",
    ]
    assert project.ok("identity", "show", "site1.page:7", "--pk") == shown
    there = project.ok("identity", "show", name, site="production")
    assert "primary key 1 in database default" in there


def test_as_json(project: Project) -> None:  # noqa: F811
    name = f"site1.page:{uuid(project, 7)}"
    found = json.loads(project.ok("identity", "show", name, "--json"))
    commit = project.git("rev-parse", "main").strip()
    (dump,) = found.pop("dumps")
    first = dump.pop("first")
    assert dump == {"dump": "pages", "here": True, "applied": commit}
    assert first["commit"] == commit
    assert found == {
        "database": "default",
        "record": name,
        "title": "Rye",
        "identity": "uuid",
        "named_with": "site1.page",
        "pk": "7",
        "was": None,
        "before": None,
    }


def test_a_row_that_is_gone(project: Project) -> None:  # noqa: F811
    name = f"site1.page:{uuid(project, 7)}"
    project.sql("DELETE FROM site1_comment")
    project.sql("DELETE FROM site1_page")
    shown = project.ok("identity", "show", name)
    assert f"{name}  Rye\n" in shown
    assert "gone from database default; its primary key was 7" in shown
    assert "no row of pages, in commits since" in shown
    project.ok("commit", "-m", "None")
    shown = project.ok("identity", "show", "site1.page:7", "--pk")
    assert "its primary key was 7" in shown
    assert "in no dump and no applied commit" in shown


def test_a_row_that_no_commit_has(project: Project) -> None:  # noqa: F811
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (8, 'Oat', 0)")
    shown = project.ok("identity", "show", "site1.page:8", "--pk")
    assert "Oat" in shown
    assert (
        f"in pages, not in the applied commit {project.git('rev-parse', 'main').strip()[:10]}"
        in shown
    )


def test_the_key_before_uuids(switched: Project) -> None:  # noqa: F811
    """The record is followed to its first commit, under the key that it had there."""
    first = switched.git("rev-parse", "main").strip()[:10]
    switched.ok("commit", "-m", "By UUID")
    shown = switched.ok("identity", "show", "site1.page:1", "--pk")
    assert "named by uuid; site1.page:1 before" in shown
    assert f"in commits since {first}" in shown
    assert "before" not in switched.ok("identity", "show", "site1.page:3", "--pk")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((), "identity requires an action", "contentgit identity show RECORD"),
        (("show",), "takes the key of one record", "identity show pages.page:42"),
        (("show", "pages"), "takes the key of one record", "identity show pages.page:42"),
        (("show", "site1.page:1", "site1.page:2"), "takes the key of one record", ""),
        (("show", "site1.nothing:1"), "this project has no model 'site1.nothing'", "datasets"),
        (
            ("show", "site1.page:7"),
            "'7' is not a key of site1.page",
            "identity show site1.page:7 --pk",
        ),
        (("show", "site1.page:77", "--pk"), "no row of site1.page with primary key '77'", ""),
        (("show", "site1.page:x", "--pk"), "no row of site1.page with primary key 'x'", ""),
        (
            ("show", "site1.page:00000000-0000-4000-8000-000000000000"),
            "has no row site1.page:00000000-0000-4000-8000-000000000000, and does not know",
            "contentgit show HEAD -- site1.page:0000",
        ),
        (("rename", "x"), "invalid choice: 'rename'", "identity --help"),
    ],
)
def test_wrong_words(project: Project, words: tuple[str, ...], message: str, hint: str) -> None:  # noqa: F811
    done = project.manage("contentgit", "identity", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert hint in done.stderr.replace("python manage.py contentgit", "contentgit")


def test_a_row_that_cannot_be_named_now(project: Project) -> None:  # noqa: F811
    """No other UUID each time."""
    project.sql("INSERT INTO site1_page (id, title, views) VALUES (70, 'New', 1)")
    project.sql(
        "CREATE TRIGGER stop BEFORE INSERT ON contentgit_identity BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    said = project.refused("identity", "show", "site1.page:70", "--pk")
    assert "row 70 of site1.page has no name yet, and database 'default' takes none now" in said
    project.sql("DROP TRIGGER stop")
    project.ok("identity", "show", "site1.page:70", "--pk")

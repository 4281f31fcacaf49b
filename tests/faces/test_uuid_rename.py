"""A model whose rows are named by UUIDs is renamed, or removed and made again."""

from __future__ import annotations

from tests.evolving import Project
from tests.faces import test_uuid
from tests.faces.test_uuid import INITIAL, MODELS, SPECS

project = test_uuid.project


def rename(project: Project) -> None:
    """Pages are called leaflets."""
    specs = [{**spec, "model": str(spec["model"]).replace("page", "leaflet")} for spec in SPECS]
    code = MODELS.replace("Page", "Leaflet")
    project.code(code, [INITIAL, 'm.RenameModel("Page", "Leaflet")'], specs)


def test_rows_keep_their_names(project: Project) -> None:
    def records() -> set[str]:
        paths = project.git("ls-tree", "-r", "--name-only", "main").split()
        return {path.rpartition("/")[2] for path in paths}

    before = records()
    rename(project)
    project.migrate()
    status = project.ok("status")
    assert "edited" not in status, status
    project.sql("UPDATE site1_leaflet SET title = 'Oat'")
    assert "0 created, 1 updated, 0 deleted" in project.ok("commit", "-m", "Renamed")
    assert records() == before
    project.migrate("production")
    project.ok("checkout", "main", "--apply", "--yes", site="production")
    assert project.sql("SELECT id, title FROM site1_leaflet", site="production") == [(1, "Oat")]
    assert "clean" in project.ok("status", "--exit-code", site="production")
    assert project.manage("migrate", "-v0", "site1", "m0").returncode == 0
    project.code(MODELS, [INITIAL], SPECS)
    assert project.sql("SELECT DISTINCT label FROM contentgit_identity ORDER BY 1") == [
        ("site1.comment",),
        ("site1.page",),
    ]


def test_a_rename_that_no_migration_made_is_refused(project: Project) -> None:
    """The names of all rows would be others."""
    rename(project)
    project.sql("ALTER TABLE site1_page RENAME TO site1_leaflet")
    assert project.manage("migrate", "-v0", "--fake").returncode == 0
    for words in (["status"], ["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes"]):
        said = project.refused(*words)
        assert "which of its rows of site1.leaflet are 1 record of the applied commit" in said, said


def test_a_model_that_is_made_again_has_other_rows(project: Project) -> None:
    """Rows of a model that was removed are gone, also if nobody has looked in between."""
    ((before,),) = project.sql("SELECT uuid FROM contentgit_identity WHERE label = 'site1.comment'")
    again = INITIAL[INITIAL.index('m.CreateModel("Comment"') :]
    project.code(MODELS, [INITIAL, f'm.DeleteModel("Comment"), {again}'], SPECS)
    project.migrate()
    project.sql("INSERT INTO site1_comment (id, page_id, text) VALUES (1, 7, 'Another.')")
    project.ok("status")
    found = project.sql(
        "SELECT uuid FROM contentgit_identity WHERE label = 'site1.comment' AND row = 1"
    )
    assert len(found) == 1
    assert found != [(before,)]

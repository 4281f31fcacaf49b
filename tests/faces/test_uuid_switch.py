"""A site with history switches from primary keys to UUIDs: all references, datasets one by one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.evolving import Project

MODELS = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType

    class Page(models.Model):
        title = models.CharField(max_length=50)
        code = models.CharField(max_length=20, unique=True)

    class News(Page):
        day = models.CharField(max_length=20)

    class Alert(News):
        level = models.CharField(max_length=20)

    class Tag(models.Model):
        name = models.CharField(max_length=20)
        pages = models.ManyToManyField(Page)

    class Link(models.Model):
        text = models.CharField(max_length=20)
        page = models.ForeignKey(Page, models.CASCADE, to_field="code", null=True)
        alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="+")

    class Note(models.Model):
        text = models.CharField(max_length=20)
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        about = GenericForeignKey()
"""
KEY = '("id", f.BigAutoField(primary_key=True))'
INITIAL = f"""
    m.CreateModel("Page", [{KEY}, ("title", f.CharField(max_length=50)),
        ("code", f.CharField(max_length=20, unique=True))]),
    m.CreateModel("News", [("page_ptr", f.OneToOneField("site1.page", f.CASCADE, parent_link=True,
        primary_key=True, auto_created=True, serialize=False)), ("day", f.CharField(max_length=20))],
        bases=("site1.page",)),
    m.CreateModel("Alert", [("news_ptr", f.OneToOneField("site1.news", f.CASCADE, parent_link=True,
        primary_key=True, auto_created=True, serialize=False)), ("level", f.CharField(max_length=20))],
        bases=("site1.news",)),
    m.CreateModel("Tag", [{KEY}, ("name", f.CharField(max_length=20)),
        ("pages", f.ManyToManyField("site1.page"))]),
    m.CreateModel("Link", [{KEY}, ("text", f.CharField(max_length=20)),
        ("page", f.ForeignKey("site1.page", f.CASCADE, to_field="code", null=True)),
        ("alert", f.ForeignKey("site1.alert", f.SET_NULL, null=True, related_name="+"))]),
    m.CreateModel("Note", [{KEY}, ("text", f.CharField(max_length=20)),
        ("content_type", f.ForeignKey("contenttypes.contenttype", f.CASCADE)),
        ("object_id", f.PositiveIntegerField())]),
"""
DATASETS = """
def specs(names, uuid):
    return lambda args: [
        {{
            "model": f"site1.{{name}}",
            "delete_missing": True,
            "identity": "uuid" if name in uuid else "pk",
        }}
        for name in names
    ]

def datasets():
    uuid = {uuid!r}
    return {{
        "pages": {{"specs": specs({pages!r}, uuid)}},
        "said": {{"specs": specs(["tag", "link", "note"], uuid), "depends_on": ["pages"]}},
    }}
"""
PAGES = ("page", "news", "alert")
ROWS = {
    "page": "SELECT p.code, p.title, n.day, a.level FROM site1_page p"
    " LEFT JOIN site1_news n ON n.page_ptr_id = p.id"
    " LEFT JOIN site1_alert a ON a.news_ptr_id = p.id ORDER BY 1",
    "tag": "SELECT t.name, p.code FROM site1_tag t LEFT JOIN site1_tag_pages l ON l.tag_id = t.id"
    " LEFT JOIN site1_page p ON p.id = l.page_id ORDER BY 1, 2",
    "link": "SELECT l.text, l.page_id, p.code FROM site1_link l"
    " LEFT JOIN site1_page p ON p.id = l.alert_id ORDER BY 1",
    "note": "SELECT n.text, t.model, coalesce(p.code, g.name) FROM site1_note n"
    " JOIN django_content_type t ON t.id = n.content_type_id"
    " LEFT JOIN site1_page p ON p.id = n.object_id AND t.model != 'tag'"
    " LEFT JOIN site1_tag g ON g.id = n.object_id AND t.model = 'tag' ORDER BY 1",
}


class Site(Project):
    """A project with two datasets, of which the second refers to the first by every kind of reference."""

    def switch(
        self, *uuid: str, models: str = MODELS, more: Sequence[str] = (), **names: str
    ) -> None:
        """The code in which these models are named by UUIDs."""
        self.code(models, [INITIAL, *more], [])
        pages = [names.get(name, name) for name in PAGES]
        self.write("datasets.py", DATASETS.format(uuid=uuid, pages=pages))

    def page(self, pk: int, code: str, kind: int, site: str = "stage", title: str = "") -> None:
        """A page; of ``kind`` 1 news, of 2 an alert."""
        self.sql(
            "INSERT INTO site1_page (id, title, code) VALUES (?, ?, ?)",
            pk,
            title or code,
            code,
            site=site,
        )
        if kind:
            self.sql(
                "INSERT INTO site1_news (page_ptr_id, day) VALUES (?, 'Monday')", pk, site=site
            )
        if kind > 1:
            self.sql(
                "INSERT INTO site1_alert (news_ptr_id, level) VALUES (?, 'high')", pk, site=site
            )

    def said(self, pk: int, text: str, page: int, site: str = "stage") -> None:
        """A tag, a link and two notes, of an alert."""
        for statement in (
            f"INSERT INTO site1_tag (id, name) VALUES ({pk}, '{text}')",
            f"INSERT INTO site1_tag_pages (tag_id, page_id) VALUES ({pk}, {page})",
            "INSERT INTO site1_link (id, text, page_id, alert_id)"  # noqa: ISC004
            f" SELECT {pk}, '{text}', code, id FROM site1_page WHERE id = {page}",
            *(
                f"INSERT INTO site1_note (id, text, content_type_id, object_id) SELECT {2 * pk + n},"
                f" '{text} {model}', id, {target} FROM django_content_type WHERE model = '{model}'"
                for n, (model, target) in enumerate((("alert", page), ("tag", pk)))
            ),
        ):
            self.sql(statement, site=site)

    def rows(self, site: str = "stage") -> dict[str, list[tuple[object, ...]]]:
        """All content, references as codes."""
        return {name: self.sql(statement, site=site) for name, statement in ROWS.items()}

    def apply(self, site: str, *words: str) -> None:
        self.ok("checkout", "main", "--apply", "--yes", *words, site=site)
        assert "clean" in self.ok("status", "--exit-code", site=site)
        found = json.loads(self.ok("check", "--json", site=site))["findings"]
        assert [each for each in found if each["level"] == "error"] == []


@pytest.fixture
def project(tmp_path: Path) -> Site:
    """Two sites at a commit by primary keys, each with rows of its own since then under the same keys."""
    made = Site(tmp_path / "project")
    made.switch()
    for site in ("stage", "production"):
        made.migrate(site)
    for pk, kind in ((1, 0), (2, 1), (3, 2), (4, 2)):
        made.page(pk, f"c{pk}", kind)
    made.said(1, "first", 3)
    made.said(2, "second", 4)
    made.ok("init")
    made.ok("commit", "-m", "First")
    made.ok("checkout", "main", "--apply", "--yes", site="production")
    return made


def new_rows(project: Site) -> None:
    """On each site an alert and what is said of it, under the same keys."""
    for site in ("stage", "production"):
        project.page(5, f"c5 {site}", 2, site=site)
        project.said(3, site, 5, site=site)


BOTH = {
    "tag": [
        ("first", "c3"),
        ("production", "c5 production"),
        ("second", "c4"),
        ("stage", "c5 stage"),
    ],
    "link": [
        ("first", "c3", "c3"),
        ("production", "c5 production", "c5 production"),
        ("second", "c4", "c4"),
        ("stage", "c5 stage", "c5 stage"),
    ],
}


def merged(project: Site) -> None:
    """Both sites commit; merged, both have the rows of both."""
    project.ok("commit", "-m", "Of production", "--branch", "live", site="production")
    project.ok("merge", "live")
    for site in ("stage", "production"):
        project.apply(site)
    rows = project.rows()
    assert rows == project.rows("production")
    assert len(rows["page"]) == 6
    assert len(rows["note"]) == 8
    assert rows | BOTH == rows


def test_every_reference_follows(project: Site) -> None:
    project.switch(*PAGES, "tag", "link", "note")
    before = project.rows()
    assert "0 created, 0 updated, 0 deleted" in project.ok("commit", "-m", "By UUID")
    new_rows(project)
    project.ok("commit", "-m", "New")
    merged(project)
    assert all(row in project.rows()[name] for name in before for row in before[name])
    project.ok("checkout", "main~3", "--apply", "--yes", "--force")
    assert project.rows() == before


@pytest.mark.parametrize("first", ["pages", "said"])
def test_datasets_that_switch_one_after_the_other(project: Site, first: str) -> None:
    """Each dump is committed by itself; references of the other follow the names of the rows."""
    project.switch(*PAGES, "tag", "link", "note")
    project.ok("commit", first, "-m", "One")
    status = json.loads(project.ok("status", "--json"))
    assert [each for dump in status["dumps"] for each in dump["changes"]] == []
    project.ok("commit", "said" if first == "pages" else "pages", "-m", "Other")
    new_rows(project)
    project.ok("commit", "-m", "New")
    merged(project)


@pytest.mark.parametrize("first", ["pages", "said"])
def test_one_dataset_switches_and_the_other_refers_to_it(project: Site, first: str) -> None:
    """The rows of ``said`` keep their primary keys."""
    before = project.rows()
    project.switch(*PAGES)
    project.ok("commit", first, "-m", "One")
    assert (
        "Nothing to commit" in project.ok("commit", "said", "-m", "x", "--dry-run")
        or first == "pages"
    )
    project.ok("commit", "-m", "Rest")
    assert "Nothing to commit" in project.ok("commit", "-m", "Again")
    for site in ("production", "stage"):
        project.apply(site)
        assert project.rows(site) == before
    project.page(5, "c5 stage", 2)
    project.page(5, "c5 production", 2, site="production")
    project.sql(
        "UPDATE site1_link SET alert_id = 5, page_id = 'c5 production' WHERE id = 2",
        site="production",
    )
    project.ok("commit", "-m", "Stage")
    project.ok("commit", "-m", "Production", "--branch", "live", site="production")
    project.ok("merge", "live")
    for site in ("production", "stage"):
        project.apply(site)
        assert project.rows(site)["link"] == [
            ("first", "c3", "c3"),
            ("second", "c5 production", "c5 production"),
        ]


@pytest.mark.parametrize("late", ["renamed", "named"])
def test_a_model_that_is_renamed_before_or_after(project: Site, late: str) -> None:
    """What the site of production commits is by the old name and the old keys."""
    project.sql("UPDATE site1_page SET title = 'Edited' WHERE id = 3", site="production")
    project.sql("UPDATE site1_link SET text = 'edited' WHERE id = 2", site="production")
    project.ok("commit", "-m", "Production", "--branch", "live", site="production")
    every = (*PAGES, "tag", "link", "note")
    models = MODELS.replace("Alert", "Alarm")
    more = ['m.RenameModel("Alert", "Alarm")']
    renamed = (*(name.replace("alert", "alarm") for name in every),)
    if late == "renamed":
        project.switch(*every)
        project.ok("commit", "-m", "By UUID")
    else:
        project.switch(models=models, more=more, alert="alarm")
        project.migrate()
        project.ok("commit", "-m", "Renamed")
    project.switch(*renamed, models=models, more=more, alert="alarm")
    project.migrate()
    project.migrate("production")
    project.ok("commit", "-m", "Both")
    project.ok("merge", "live")
    statements = {name: each.replace("site1_alert", "site1_alarm") for name, each in ROWS.items()}
    for site in ("stage", "production"):
        project.apply(site)
        rows = {name: project.sql(each, site=site) for name, each in statements.items()}
        assert ("c3", "Edited", "Monday", "high") in rows["page"]
        assert rows["link"] == [("edited", "c4", "c4"), ("first", "c3", "c3")]
        assert ("first alert", "alarm", "c3") in rows["note"]


def test_picked_reverted_and_restored_across_the_switch(project: Site) -> None:
    project.sql("UPDATE site1_page SET title = 'Edited' WHERE id = 3")
    project.sql("UPDATE site1_link SET alert_id = 4 WHERE id = 1")
    project.ok("commit", "-m", "Edited", "--branch", "edited")
    project.ok("checkout", "main", "--apply", "--yes", "--force")
    before = project.rows()
    project.switch(*PAGES, "tag", "link", "note")
    project.ok("commit", "-m", "By UUID")
    project.ok("cherry-pick", "edited")
    project.apply("stage")
    edited = project.rows()
    assert ("c3", "Edited", "Monday", "high") in edited["page"]
    assert ("first", "c3", "c4") in edited["link"]
    project.ok("revert", "HEAD")
    project.apply("stage")
    assert project.rows() == before
    project.ok("cherry-pick", "edited")
    keys = project.git("ls-tree", "-r", "--name-only", "main", "pages/site1.alert").split()
    assert len(keys) == 2
    project.ok("restore", "pages", "said", "--from", "main~3")
    project.apply("stage")
    assert project.rows() == before


def test_a_record_is_restored_from_before_the_switch(project: Site) -> None:
    old = project.git("rev-parse", "main").strip()
    project.switch(*PAGES, "tag", "link", "note")
    project.ok("commit", "-m", "By UUID")
    ((uuid,),) = project.sql(
        "SELECT uuid FROM contentgit_identity WHERE label = 'site1.link' AND row = 1"
    )
    before = project.rows()
    project.sql("UPDATE site1_link SET text = 'edited', alert_id = 4 WHERE id = 1")
    project.ok("commit", "-m", "Edited")
    project.ok("restore", f"site1.link:{uuid}/alert", "--from", old)
    project.apply("stage")
    assert project.rows()["link"] == [("edited", "c3", "c3"), ("second", "c4", "c4")]
    project.ok("restore", f"site1.link:{uuid}", "--from", old)
    project.apply("stage")
    assert project.rows() == before


def git_merge(project: Site) -> subprocess.CompletedProcess[str]:
    """What plain git makes of the branch of production."""
    return subprocess.run(
        ["git", "merge", "live", "-m", "By git"],
        cwd=project.folder / "content",
        env=project.env("stage"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_git_does_not_merge_a_record_across_the_switch(project: Site) -> None:
    """It takes the record for a file that was renamed; the driver says what to do."""
    project.sql("UPDATE site1_page SET title = 'Edited' WHERE id = 3", site="production")
    project.ok("commit", "-m", "Production", "--branch", "live", site="production")
    project.switch(*PAGES, "tag", "link", "note")
    project.sql("UPDATE site1_link SET text = 'edited' WHERE id = 1")
    project.ok("commit", "-m", "By UUID")
    done = git_merge(project)
    assert done.returncode == 1
    assert (
        "contentgit merge REV merges them apart; git merge --abort goes back first" in done.stderr
    )
    project.git("merge", "--abort")
    project.ok("merge", "live")
    for site in ("stage", "production"):
        project.apply(site)
        assert ("c3", "Edited", "Monday", "high") in project.rows(site)["page"]
        assert ("edited", "c3", "c3") in project.rows(site)["link"]


def test_a_record_that_git_took_from_before_the_switch_is_seen(project: Site) -> None:
    """A new record is no conflict to git; its key is none of this commit's."""
    project.page(5, "c5", 2, site="production")
    project.ok("commit", "-m", "Production", "--branch", "live", site="production")
    project.switch(*PAGES, "tag", "link", "note")
    project.ok("commit", "-m", "By UUID")
    assert git_merge(project).returncode == 0
    checked = json.loads(project.manage("contentgit", "check", "--json").stdout)
    for label in ("alert", "news", "page"):
        assert f"holds site1.{label}:5, whose key is not a UUID" in {
            each["message"] for each in checked["findings"]
        }
    before = project.rows("production")
    for site in ("stage", "production"):
        said = project.refused("checkout", "main", "--apply", "--yes", site=site)
        assert "site1.page:5: $key: this is not a UUID" in said
        assert "contentgit merge translates it" in said
    assert project.rows("production") == before

"""``upgrade``: a commit from before migrations becomes what the same database is after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.evolving import Project

ID = '("id", f.BigAutoField(primary_key=True))'
PERSON = """
    class Person(models.Model):
        name = models.CharField(max_length=50)
"""
MAKE_PERSON = f'm.CreateModel("Person", [{ID}, ("name", f.CharField(max_length=50))])'
SPLIT = """
    class Person(models.Model):
        first = models.CharField(max_length=50, default="")
        last = models.CharField(max_length=50, default="")
"""
SPLITTING = """
def split(apps, editor):
    Person = apps.get_model("site1", "Person")
    for each in Person.objects.all():
        each.first, _, each.last = each.name.partition(" ")
        each.save()

def make(apps, editor):
    Person = apps.get_model("site1", "Person")
    Person.objects.create(name=f"Guest of {Person.objects.count()}")

def fail(apps, editor):
    raise ValueError("no such person")
"""
ADD_NAMES = """
    m.AddField("Person", "first", f.CharField(max_length=50, default="")),
    m.AddField("Person", "last", f.CharField(max_length=50, default=""))
"""
PEOPLE = "INSERT INTO site1_person (id, name) VALUES (1, 'Ada Lovelace'), (2, 'Plato')"
PERSONS = [{"model": "site1.person", "delete_missing": True}]


@dataclass(frozen=True)
class Story:
    """A project before and after: models, migrations, rows by statements of SQL, specs and code."""

    before: str
    first: list[str]
    rows: list[str]
    after: str
    later: list[str]
    specs: list[dict[str, object]] = field(default_factory=lambda: PERSONS)
    code: str = SPLITTING

    def begin(self, folder: Path) -> Project:
        """Stage with the rows before, committed; then the code after."""
        project = Project(folder / "project")
        project.code(self.before, self.first, self.specs, self.code)
        project.migrate()
        for statement in self.rows:
            project.sql(statement)
        project.ok("init")
        project.ok("commit", "-m", "Before")
        project.code(self.after, [*self.first, *self.later], self.specs, self.code)
        return project


SPLIT_STORY = Story(
    PERSON,
    [MAKE_PERSON],
    [PEOPLE],
    SPLIT,
    [ADD_NAMES, "m.RunPython(split)", 'm.RemoveField("Person", "name")'],
)
WORKS = """
    class Person(models.Model):
        name = models.CharField(max_length=50)

    class Tag(models.Model):
        word = models.CharField(max_length=20, primary_key=True)

    class Work(models.Model):
        title = models.CharField(max_length=50)
        {by} = models.ForeignKey(Person, models.CASCADE)
        tags = models.ManyToManyField(Tag)

    class Book(Work):
        pages = models.IntegerField({pages})
"""
MAKE_WORKS = [
    MAKE_PERSON,
    'm.CreateModel("Tag", [("word", f.CharField(max_length=20, primary_key=True))])',
    f"""m.CreateModel("Work", [
        {ID},
        ("title", f.CharField(max_length=50)),
        ("author", f.ForeignKey("site1.person", f.CASCADE)),
        ("tags", f.ManyToManyField("site1.tag")),
    ])""",
    """m.CreateModel("Book", [
        ("work_ptr", f.OneToOneField(
            "site1.work", f.CASCADE, parent_link=True, primary_key=True, auto_created=True
        )),
        ("pages", f.IntegerField()),
    ], bases=("site1.work",))""",
]
WORK_SPECS: list[dict[str, object]] = [
    {"model": f"site1.{name}"} for name in ("person", "tag", "work", "book")
]
DOUBLE = """
def double(apps, editor):
    Book = apps.get_model("site1", "Book")
    Tag = apps.get_model("site1", "Tag")
    for each in Book.objects.order_by("pk"):
        each.pages *= 2
        each.save()
        each.tags.add(Tag.objects.create(word=f"t{each.pages}"))
"""

STORIES = {
    "a field that is split": SPLIT_STORY,
    "SQL, and a rename after it": Story(
        PERSON,
        [MAKE_PERSON],
        [PEOPLE],
        PERSON.replace("name", "title"),
        [
            "m.RunSQL(\"UPDATE site1_person SET name = name || '!'\")",
            'm.RenameField("Person", "name", "title")',
        ],
    ),
    "rows that a migration makes": Story(
        PERSON,
        [MAKE_PERSON, "m.RunPython(make)"],
        ["DELETE FROM site1_person", PEOPLE],
        PERSON,
        ["m.RunPython(make)"],
    ),
    "references, many-to-many and multi-table inheritance": Story(
        WORKS.format(by="author", pages=""),
        MAKE_WORKS,
        [
            PEOPLE,
            "INSERT INTO site1_tag VALUES ('old'), ('new')",
            "INSERT INTO site1_work (id, title, author_id) VALUES (4, 'Notes', 1), (7, 'Laws', 2)",
            "INSERT INTO site1_work_tags (work_id, tag_id) VALUES (4, 'new'), (7, 'old'), (7, 'new')",
            "INSERT INTO site1_book (work_ptr_id, pages) VALUES (7, 300)",
        ],
        WORKS.format(by="by", pages="default=1"),
        [
            'm.RenameField("Work", "author", "by")',
            "m.RunPython(double)",
            'm.AlterField("Book", "pages", f.IntegerField(default=1))',
        ],
        WORK_SPECS,
        DOUBLE,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_commit_becomes_what_the_database_becomes(story: Story, tmp_path: Path) -> None:
    project = story.begin(tmp_path)
    said = project.ok("upgrade", "main", "--branch", "upgraded")
    assert "on upgraded" in said
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""
    assert project.git("rev-parse", "upgraded^") == project.git("rev-parse", "main^")


def test_a_migration_that_fails_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    story = Story(PERSON, [MAKE_PERSON], [PEOPLE], PERSON, ["m.RunPython(fail)"])
    project = story.begin(tmp_path)
    said = project.refused("upgrade", "main")
    assert "site1.m1" in said
    assert "ValueError: no such person" in said
    assert "m1.py" in said
    assert project.git("log", "-1", "--format=%s", "main") == "Before\n"


def test_head_s_branch_moves_only_from_its_last_commit(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    before = project.sql("SELECT * FROM sqlite_master")
    project.git("branch", "old")
    assert "2 updated" in project.ok("upgrade", "main")
    assert "--branch NEW" in project.refused("upgrade", "old")
    assert "Nothing to upgrade" in project.ok("upgrade", "main")
    assert project.sql("SELECT * FROM sqlite_master") == before
    assert '"last": "Lovelace"' in project.git("show", "main:pages/site1.person/0/0/1.json")


def test_migrations_that_the_code_lacks_are_named(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    project.ok("upgrade", "main")
    project.code(PERSON, [MAKE_PERSON], PERSONS)
    assert "site1.m3" in project.refused("upgrade", "main")

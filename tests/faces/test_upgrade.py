"""``upgrade``: a commit from before migrations becomes what the same database is after them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGINT, SIGKILL

import pytest

from contentgit.db.scratch.fitting import USUAL, only_pair
from tests.evolving import ROOT, Project

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

TREE = """
    from treebeard.mp_tree import MP_Node

    class Page(MP_Node):
        name = models.CharField(max_length=50)
        {more}
"""
MAKE_TREE = f"""m.CreateModel("Page", [
    {ID},
    ("path", f.CharField(max_length=255, unique=True)),
    ("depth", f.PositiveIntegerField()),
    ("numchild", f.PositiveIntegerField(default=0)),
    ("name", f.CharField(max_length=50)),
])"""
PATHS = """
def paths(apps, editor):
    for page in apps.get_model("site1", "Page").objects.order_by("pk"):
        page.text = f"{page.name} at {page.path}, with {page.numchild} below"
        page.save()
"""

NOTES = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType

    class Page(models.Model):
        slug = models.SlugField(unique=True)
        above = models.ForeignKey("self", models.CASCADE, null=True, to_field="slug")
        number = models.IntegerField(null=True)

    class Note(models.Model):
        {text} = models.TextField()
        page = models.ForeignKey(Page, models.CASCADE)
        kind = models.ForeignKey(ContentType, models.CASCADE)
        object_pk = models.CharField(max_length=40)
        subject = GenericForeignKey("kind", "object_pk")
        only = models.ForeignKey(ContentType, models.CASCADE, null=True, related_name="+")
"""
MAKE_NOTES = [
    f"""m.CreateModel("Page", [
        {ID},
        ("slug", f.SlugField(unique=True)),
        ("above", f.ForeignKey("self", f.CASCADE, null=True, to_field="slug")),
        ("number", f.IntegerField(null=True)),
    ])""",
    f"""m.CreateModel("Note", [
        {ID},
        ("text", f.TextField()),
        ("page", f.ForeignKey("site1.page", f.CASCADE)),
        ("kind", f.ForeignKey("contenttypes.contenttype", f.CASCADE)),
        ("object_pk", f.CharField(max_length=40)),
        ("only", f.ForeignKey("contenttypes.contenttype", f.CASCADE, null=True, related_name="+")),
    ])""",
]
NUMBER = """
def number(apps, editor):
    for place, each in enumerate(apps.get_model("site1", "Page").objects.order_by("slug")):
        each.number = place
        each.save()
    Type = apps.get_model("contenttypes", "ContentType")
    kind = Type.objects.get(app_label="site1", model="page")
    for each in apps.get_model("site1", "Note").objects.filter(kind=kind):
        each.text += apps.get_model("site1", "Page").objects.get(pk=int(each.object_pk)).slug
        each.only = Type.objects.get(app_label="contenttypes", model="contenttype")
        each.save()
"""

PLACES = """
    class Place(models.Model):
        {slug} = models.SlugField(unique=True)

    class Cafe(Place):
        stars = models.IntegerField()

    class Bar(Cafe):
        code = models.CharField(max_length=9, unique=True)

    class Visit(models.Model):
        number = models.CharField(max_length=9, primary_key=True)
        day = models.CharField(max_length=9, unique=True)
        bar = models.ForeignKey(Bar, models.CASCADE)
"""
LINK = """f.OneToOneField(
    "site1.{0}", f.CASCADE, parent_link=True, primary_key=True, auto_created=True
)"""
MAKE_PLACES = f"""
    m.CreateModel("Place", [{ID}, ("slug", f.SlugField(unique=True))]),
    m.CreateModel("Cafe", [
        ("place_ptr", {LINK.format("place")}), ("stars", f.IntegerField()),
    ], bases=("site1.place",)),
    m.CreateModel("Bar", [
        ("cafe_ptr", {LINK.format("cafe")}), ("code", f.CharField(max_length=9, unique=True)),
    ], bases=("site1.cafe",)),
    m.CreateModel("Visit", [
        ("number", f.CharField(max_length=9, primary_key=True)),
        ("day", f.CharField(max_length=9, unique=True)),
        ("bar", f.ForeignKey("site1.bar", f.CASCADE)),
    ]),
"""
PLACE_ROWS = [
    "INSERT INTO site1_place (id, slug) VALUES (31, 'fern'), (17, 'moss')",
    "INSERT INTO site1_cafe (place_ptr_id, stars) VALUES (31, 3), (17, 2)",
    "INSERT INTO site1_bar (cafe_ptr_id, code) VALUES (17, 'm')",
    "INSERT INTO site1_visit (number, day, bar_id) VALUES ('n7', 'May', 17)",
]
STAR = """
def star(apps, editor):
    for each in apps.get_model("site1", "Cafe").objects.all():
        each.stars += len(each.slug) + apps.get_model("site1", "Visit").objects.filter(bar=each.pk).count()
        each.save()
"""


def places(**identity: object) -> list[dict[str, object]]:
    """Specs of the places, with the identity of each model that is not identified by its primary key."""
    return [
        {"model": f"site1.{name}", **({"identity": identity[name]} if name in identity else {})}
        for name in ("place", "cafe", "bar", "visit")
    ]


def story_of_places(**identity: object) -> Story:
    """Code of a migration that follows all references."""
    text = PLACES.format(slug="slug")
    later = ["m.RunPython(star)"]
    return Story(text, [MAKE_PLACES], PLACE_ROWS, text, later, places(**identity), STAR)


STORIES = {
    "a tree whose numbers a library computes": Story(
        TREE.format(more=""),
        [MAKE_TREE],
        [
            """INSERT INTO site1_page (id, path, depth, numchild, name) VALUES
            (4, '0002', 1, 2, 'root'), (9, '00020003', 2, 1, 'below'), (2, '00020007', 2, 0, 'last'),
            (7, '000200030001', 3, 0, 'deep')"""
        ],
        TREE.format(more='text = models.TextField(default="")'),
        [
            'm.AddField("Page", "text", f.TextField(default=""))',
            "m.RunPython(paths)",
        ],
        [{"model": "site1.page", "tree": True}],
        PATHS,
    ),
    "children that a field of their parent identifies": story_of_places(
        place=["slug"], cafe=["slug"], bar=["slug"], visit=["day"]
    ),
    "children that fields identify, of parents that the primary key does": story_of_places(
        cafe=["slug"], bar=["code"]
    ),
    "local keys, other unique values, content types and generic references": Story(
        NOTES.format(text="text"),
        MAKE_NOTES,
        [
            "INSERT INTO site1_page (id, slug, above_id) VALUES (31, 'home', NULL), (17, 'news', 'home')",
            """INSERT INTO site1_note (id, text, page_id, kind_id, object_pk)
            SELECT 5, 'On ', 31, id, '17' FROM django_content_type WHERE model = 'page'""",
        ],
        NOTES.format(text="words"),
        ["m.RunPython(number)", 'm.RenameField("Note", "text", "words")'],
        [{"model": "site1.page", "identity": ["slug"]}, {"model": "site1.note"}],
        NUMBER,
    ),
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


@pytest.mark.parametrize(
    ("then", "operation"),
    [("Remark", 'm.RenameModel("Note", "Remark")'), ("", 'm.DeleteModel("Note")')],
)
def test_a_generic_key_of_a_model_that_the_code_no_longer_has_is_found(
    tmp_path: Path, then: str, operation: str
) -> None:
    """No migration says which columns it has, and here no model of that name either."""
    notes = NOTES.format(text="text")
    story = STORIES["local keys, other unique values, content types and generic references"]
    page, note = story.specs
    later = ["m.RunPython(number)", operation]
    project = replace(story, after=notes, later=later).begin(tmp_path)
    models = notes.replace("Note", then) if then else notes[: notes.index("    class Note")]
    specs = [page, {**note, "model": "site1.remark"}] if then else [page]
    project.code(models, [*story.first, *later], specs, story.code)
    project.ok("upgrade", "main", "--branch", "upgraded")
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""
    if then:
        shown = project.ok("show", "upgraded", "--", "site1.remark:5")
        assert "subject: site1.page:news" in shown


def test_a_tree_whose_model_has_another_name_since(tmp_path: Path) -> None:
    story = STORIES["a tree whose numbers a library computes"]
    later = ['m.RenameModel("Page", "Sheet")']
    models = TREE.replace("Page", "Sheet").format(more="")
    project = replace(story, after=models, later=later).begin(tmp_path)
    specs = [{"model": "site1.sheet", "tree": True}]
    project.code(models, [*story.first, *later], specs, story.code)
    project.ok("upgrade", "main", "--branch", "upgraded")
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""


@pytest.mark.parametrize(
    ("free", "taken", "found"),
    [
        ({"ct": True, "oid": False}, (), ("ct", "oid")),
        ({"ct": True, "oid": False, "content_type": True, "object_id": False}, (), USUAL),
        ({"ct": True, "oid": False, "a": True, "b": False}, ("a", "b"), ("ct", "oid")),
        ({"ct": True, "oid": False, "b": False}, (), None),
        ({"oid": False}, (), None),
    ],
)
def test_the_columns_of_a_generic_key_are_never_guessed(
    free: dict[str, bool], taken: tuple[str, ...], found: tuple[str, str] | None
) -> None:
    assert only_pair(free, taken) == found


SQUASHED = f"""
from django.db import migrations as m, models as f

class Migration(m.Migration):
    initial = True
    replaces = [("site1", "m0"), ("site1", "m1"), ("site1", "m2")]
    dependencies = []
    operations = [
        m.CreateModel("Person", [
            {ID}, ("name", f.CharField(max_length=50)), ("age", f.IntegerField(default=3))
        ])
    ]
"""
AFTER_SQUASHED = """
from django.db import migrations as m

class Migration(m.Migration):
    dependencies = [("site1", "squashed")]
    operations = [m.RunSQL("UPDATE site1_person SET name = name || '!'")]
"""


def test_migrations_that_were_squashed_go_on_from_where_the_commit_stands(tmp_path: Path) -> None:
    models = PERSON + "        age = models.IntegerField(default=3)\n"
    age = 'm.AddField("Person", "age", f.IntegerField(default=3))'
    older = 'm.RunSQL("UPDATE site1_person SET age = age + 1")'
    rows = ["INSERT INTO site1_person (id, name, age) VALUES (1, 'Ada', 3), (2, 'Plato', 9)"]
    project = Story(models, [MAKE_PERSON, age], rows, models, [older]).begin(tmp_path)
    project.write("site1/migrations/squashed.py", SQUASHED)
    project.write("site1/migrations/t.py", AFTER_SQUASHED)
    project.ok("upgrade", "main", "--branch", "upgraded")
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""
    assert '"age": 10' in project.git("show", "upgraded:pages/site1.person/0/0/2.json")


SHELF = """
from django.db import models

class Shelf(models.Model):
    keeper = models.ForeignKey("site1.Person", models.CASCADE)
    readers = models.ManyToManyField("site1.Person", related_name="+")
"""


def test_models_of_an_app_without_migrations_come_along(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    settings = (project.folder / "settings.py").read_text()
    project.write("settings.py", settings.replace("['site1']", "['site1', 'extra']"))
    project.write("extra/__init__.py", "")
    project.write("extra/models.py", SHELF)
    specs = [*PERSONS, {"model": "extra.shelf"}]
    project.code(PERSON, [MAKE_PERSON], specs)
    assert project.manage("migrate", "-v0", "--run-syncdb").returncode == 0
    project.sql(PEOPLE)
    project.sql("INSERT INTO extra_shelf (id, keeper_id) VALUES (7, 2)")
    project.sql("INSERT INTO extra_shelf_readers (shelf_id, person_id) VALUES (7, 1)")
    project.ok("init")
    project.ok("commit", "-m", "Before")
    shout = "m.RunSQL(\"UPDATE site1_person SET name = name || '!'\")"
    project.code(PERSON, [MAKE_PERSON, shout], specs)
    project.ok("upgrade", "main", "--branch", "upgraded")
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""


GREETING = """
from django.db import migrations as m

def make(apps, editor):
    apps.get_model("site1", "Person").objects.create(name="Guest")

class Migration(m.Migration):
    initial = True
    dependencies = [("site1", "m0")]
    operations = [m.RunPython(make)]
"""


def test_apps_that_the_commit_does_not_record_are_migrated_before_its_rows_come(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path / "project")
    settings = (project.folder / "settings.py").read_text()
    project.write("settings.py", settings.replace("['site1']", "['site1', 'greeting']"))
    project.write("greeting/__init__.py", "")
    project.write("greeting/migrations/__init__.py", "")
    project.write("greeting/migrations/first.py", GREETING)
    project.code(PERSON, [MAKE_PERSON], PERSONS)
    project.migrate()
    project.ok("init")
    project.ok("commit", "-m", "A guest")
    shout = "m.RunSQL(\"UPDATE site1_person SET name = name || '!'\")"
    project.code(PERSON, [MAKE_PERSON, shout], PERSONS)
    assert "0 created, 1 updated" in project.ok("upgrade", "main")


def test_a_migration_that_fails_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    story = Story(PERSON, [MAKE_PERSON], [PEOPLE], PERSON, ["m.RunPython(fail)"])
    project = story.begin(tmp_path)
    said = project.refused("upgrade", "main")
    assert "site1.m1" in said
    assert "ValueError: no such person" in said
    assert "m1.py" in said
    assert project.git("log", "-1", "--format=%s", "main") == "Before\n"
    assert "it ran on the content of main, and nothing has changed" in said
    assert "mend site1.m1 so that it takes this content" in said
    assert "contentgit checkout main --apply  (with code from before site1.m1: edit there" in said
    before = project.git("rev-parse", "--short=10", "main").strip()
    project.git("branch", "side")
    for branch in ("main", "side"):
        project.git("checkout", "-q", branch)
        project.git("commit", "-q", "--allow-empty", "-m", branch)
    said = project.refused("merge", "main", "--upgrade")
    assert f"it ran on the content of {before}" in said
    assert "contentgit upgrade main --branch NEW\n" in said


def test_nothing_among_the_content_is_imported(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    content, marker = project.folder / "content", tmp_path / "imported"
    for name in ("json", "pathlib", "site1", "settings", "decimal"):
        (content / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-c", "from contentgit.cli.start import main; main()"),
            *("upgrade", "main", "--settings", "settings", "--pythonpath", str(project.folder)),
        ],
        cwd=content,
        env={**os.environ, "PYTHONPATH": f"{os.pathsep}{ROOT}", "SITE": "stage"},
        capture_output=True,
        text=True,
    )
    assert "Upgraded main" in done.stdout, done.stderr
    assert not marker.exists()


WAIT = """
def wait(apps, editor):
    import os, pathlib, time
    pathlib.Path(__file__).parents[2].joinpath("pid").write_text(str(os.getpid()))
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("who", "signal"), [("process", SIGKILL), ("call", SIGKILL), ("call", SIGINT)]
)
def test_what_is_killed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, signal: int
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    story = Story(PERSON, [MAKE_PERSON], [PEOPLE], PERSON, ["m.RunPython(wait)"], code=WAIT)
    project = story.begin(tmp_path)
    tip = project.git("rev-parse", "main")
    with project.started("contentgit", "upgrade", "main") as call:
        file = project.folder / "pid"
        until(lambda: file.exists() and file.read_text())
        pid = int(file.read_text())
        os.kill(pid if who == "process" else call.pid, signal)
        said = call.communicate()[1]
    assert "Traceback" not in said
    assert ("ended early" in said) is (who == "process")
    until(lambda: not is_alive(pid))
    until(lambda: not [*place.glob("contentgit-upgrade-*")])
    assert project.git("rev-parse", "main") == tip


def test_a_lent_database_is_empty_again_when_the_call_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    story = Story(PERSON, [MAKE_PERSON], [PEOPLE], PERSON, ["m.RunPython(wait)"], code=WAIT)
    project = story.begin(tmp_path)
    lent = "DATABASES['lent'] = {**DATABASES['default'], 'NAME': str(HERE / 'lent.sqlite3')}"
    settings = (project.folder / "settings.py").read_text()
    project.write("settings.py", f"{settings}\n{lent}\n")
    with project.started("contentgit", "upgrade", "main", "--scratch", "lent") as call:
        file = project.folder / "pid"
        until(lambda: file.exists() and file.read_text())
        assert project.sql("SELECT name FROM sqlite_master", site="lent")
        call.kill()
        call.communicate()
    until(lambda: not is_alive(int(file.read_text())))
    until(lambda: not [*place.glob("contentgit-upgrade-*")])
    assert not project.sql("SELECT name FROM sqlite_master WHERE name LIKE 'site1%'", site="lent")
    code = "\ndef wait(apps, editor):\n    pass\n"
    project.code(PERSON, [MAKE_PERSON, "m.RunPython(wait)"], PERSONS, code)
    assert "Upgraded main" in project.ok("upgrade", "main", "--scratch", "lent")


def until(holds: Callable[[], object]) -> None:
    """Waits for a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether the process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


MEMBER = """
    class Person(models.Model):
        name = models.CharField(max_length=50)

    class Member(models.Model):
        person = models.ForeignKey(Person, models.CASCADE, null=True)
        {friends} = models.ManyToManyField(Person, related_name="+")
        secret = models.TextField(default="none")
"""
MAKE_MEMBER = f"""m.CreateModel("Member", [
    {ID},
    ("person", f.ForeignKey("site1.person", f.CASCADE, null=True)),
    ("friends", f.ManyToManyField("site1.person", related_name="+")),
    ("secret", f.TextField(default="none")),
])"""
MEMBERS = [{"model": "site1.member", "exclude": ["secret"]}]
MEMBER_STORY = Story(
    MEMBER.format(friends="friends"),
    [MAKE_PERSON, MAKE_MEMBER],
    [
        PEOPLE,
        "INSERT INTO site1_member (id, person_id, secret) VALUES (1, NULL, 'yes'), (2, 1, 'no')",
        "INSERT INTO site1_member_friends (member_id, person_id) VALUES (1, 1), (1, 2)",
    ],
    MEMBER.format(friends="others"),
    ['m.RenameField("Member", "friends", "others")'],
    MEMBERS,
)


def test_references_out_of_the_commit_become_null_and_are_listed(tmp_path: Path) -> None:
    project = MEMBER_STORY.begin(tmp_path)
    said = project.ok("upgrade", "main")
    assert (
        "site1.member.person: site1.person:1 is not in the commit, and is left out of 1 record"
        in said
    )
    assert (
        "site1.member.friends: site1.person:2 is not in the commit, and is left out of 1 record"
        in said
    )
    assert '"person": null' in project.git("show", "main:pages/site1.member/0/0/2.json")
    assert '"others": []' in project.git("show", "main:pages/site1.member/0/0/1.json")


def test_references_that_may_not_be_null_are_refused(tmp_path: Path) -> None:
    story = MEMBER_STORY
    models, make = (each.replace(", null=True", "") for each in (story.before, MAKE_MEMBER))
    rows = [each.replace("(1, NULL, 'yes')", "(1, 2, 'yes')") for each in story.rows]
    after = story.after.replace(", null=True", "")
    project = Story(models, [MAKE_PERSON, make], rows, after, story.later, MEMBERS).begin(tmp_path)
    said = project.refused("upgrade", "main")
    assert "2 references lead to records that the commit does not have" in said
    assert "site1.member:1 person: site1.person:2" in said


def test_migrations_that_were_edited_are_found(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    edited = MAKE_PERSON.replace("f.CharField(max_length=50)", "f.IntegerField()")
    more = edited.replace("])", ', ("rank", f.IntegerField())])')
    project.code(SPLIT, [more, *SPLIT_STORY.later], PERSONS, SPLITTING)
    said = project.refused("upgrade", "main")
    assert "site1.person.name: text in the commit, integer by the migrations" in said
    assert "site1.person.rank: the commit has no such field" in said


TWO = """
def datasets():
    return {
        "pages": {"specs": lambda arguments: [{"model": "site1.person"}]},
        "works": {"specs": lambda arguments: [{"model": "site1.work"}]},
    }
"""


def test_dumps_at_different_migrations_are_refused(tmp_path: Path) -> None:
    works = "    class Work(models.Model):\n        {name} = models.TextField()\n"
    make = f'm.CreateModel("Work", [{ID}, ("title", f.TextField())])'
    rename = 'm.RenameField("Work", "title", "name")'
    models = f"{PERSON}\n{works.format(name='title')}"
    project = Project(tmp_path / "project")
    project.code(models, [MAKE_PERSON, make], [], SPLITTING)
    project.write("datasets.py", TWO)
    project.migrate()
    project.sql("INSERT INTO site1_work (id, title) VALUES (1, 'Notes')")
    project.ok("init")
    project.ok("commit", "-m", "Before")
    models = f"{PERSON}\n{works.format(name='name')}"
    later = [MAKE_PERSON, make, rename]
    project.code(models, later, [], SPLITTING)
    project.write("datasets.py", TWO)
    project.migrate()
    project.ok("commit", "pages", "-m", "The people alone")
    project.code(models, [*later, "m.RunPython(make)"], [], SPLITTING)
    project.write("datasets.py", TWO)
    said = project.refused("upgrade", "main")
    assert "works is from before site1.m2" in said
    assert "pages is from before" not in said


def test_head_s_branch_moves_only_from_its_last_commit(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    before = (project.folder / "stage.sqlite3").read_bytes()
    project.git("branch", "old")
    assert "2 updated" in project.ok("upgrade", "main")
    assert "--branch NEW" in project.refused("upgrade", "old")
    assert "Nothing to upgrade" in project.ok("upgrade", "main")
    assert (project.folder / "stage.sqlite3").read_bytes() == before
    assert '"last": "Lovelace"' in project.git("show", "main:pages/site1.person/0/0/1.json")


def test_migrations_that_the_code_lacks_are_named(tmp_path: Path) -> None:
    project = SPLIT_STORY.begin(tmp_path)
    project.ok("upgrade", "main")
    project.code(PERSON, [MAKE_PERSON], PERSONS)
    assert "site1.m3" in project.refused("upgrade", "main")


def test_migrations_see_the_scratch_database_under_the_name_of_the_project_s(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "project"
    files = {name: f"{folder}/{name}.sqlite3" for name in ("default", "other")}
    engine = "django.db.backends.sqlite3"
    databases = {name: {"ENGINE": engine, "NAME": file} for name, file in files.items()}
    project = Project(folder, databases)
    page = """
        class Page(models.Model):
            title = models.CharField(max_length=50)
    """
    initial = """
        m.CreateModel("Page", [
            ("id", f.BigAutoField(primary_key=True)), ("title", f.CharField(max_length=50)),
        ])
    """
    loud = """
        def loud(apps, editor):
            alias = editor.connection.alias
            if alias == "other":
                model = apps.get_model("site1", "Page")
                for page in model.objects.using(alias):
                    page.title = page.title.upper()
                    page.save(using=alias)
                assert model.objects.filter(title="ONE").exists()
    """
    specs = [{"model": "site1.page", "delete_missing": True}]
    other = ("--database", "other")
    project.code(page, [initial], specs)
    project.manage("migrate", "-v0", *other)
    project.sql("INSERT INTO site1_page (id, title) VALUES (1, 'One')", site="other")
    project.ok("init")
    project.ok("commit", "-m", "First", *other)
    project.code(page, [initial, "m.RunPython(loud)"], specs, code=loud)
    assert "1 updated" in project.ok("upgrade", "main", *other)
    assert '"title": "ONE"' in project.git("show", "HEAD:pages/site1.page/0/0/1.json")


def test_files_travel_through_migrations(tmp_path: Path) -> None:
    model = """
    class Sheet(models.Model):
        title = models.CharField(max_length=20)
        {name} = models.FileField()
"""
    made = f"""m.CreateModel("Sheet", [
        {ID}, ("title", f.CharField(max_length=20)), ("file", f.FileField())
    ])"""
    story = Story(
        model.format(name="file"),
        [made],
        [
            "INSERT INTO site1_sheet (id, title, file) VALUES (1, '1', 'one.txt'), (2, '2', 'one.txt')",
            "INSERT INTO site1_sheet (id, title, file) VALUES (3, 'Three', '')",
        ],
        model.format(name="paper"),
        ['m.RenameField("Sheet", "file", "paper")', "m.RunPython(part)"],
        [{"model": "site1.sheet", "files": "carry"}],
        """
def part(apps, editor):
    apps.get_model("site1", "Sheet").objects.filter(pk=2).update(paper="")
""",
    )
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "one.txt").write_text("a sheet of paper")
    project = story.begin(tmp_path)
    project.ok("upgrade", "main", "--branch", "upgraded")
    project.migrate()
    project.ok("commit", "-m", "After")
    assert project.git("diff", "main", "upgraded") == ""
    assert "a sheet of paper" in project.git("grep", "sheet of paper", "main", "--", "files")

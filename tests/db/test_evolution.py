"""The project's migrations as schema steps, read from real migrations in a folder of their own."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest
from django.conf import settings
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from contentgit.content.diff import ABSENT
from contentgit.content.evolution import (
    AddedField,
    AddedModel,
    Conversion,
    Migration,
    OpaqueStep,
    RemovedField,
    RemovedModel,
    RenamedField,
    RenamedModel,
    RetypedField,
    SchemaStep,
    Standing,
)
from contentgit.db.evolution import CodeStanding, project_migrations
from contentgit.db.evolution import code_standing as code_standing_of
from contentgit.db.identity import Identities
from contentgit.db.introspect import table
from contentgit.db.scratch.fitting import RecordedModel
from contentgit.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("db")

INITIAL = """
    m.CreateModel("Page", [
        ("id", f.AutoField(primary_key=True)),
        ("title", f.CharField(max_length=50)),
        ("count", f.IntegerField(null=True)),
        ("price", f.DecimalField(max_digits=8, decimal_places=2)),
        ("live", f.BooleanField(default=True)),
        ("made", f.DateTimeField(null=True)),
    ]),
"""
numbers = itertools.count()

Write = Callable[[Mapping[str, str]], None]


def migration(operations: str, needs: str = "", replaces: str = "") -> str:
    """The source of a migration; ``needs`` and ``replaces`` are names in app workshop, by spaces."""
    head = dedent("""
        from django.db import migrations as m, models as f

        def split(apps, schema_editor):
            pass

        class Migration(m.Migration):
    """)
    lists = {
        "dependencies": [("workshop", name) for name in needs.split()],
        "replaces": [("workshop", name) for name in replaces.split()],
    }
    body = "\n".join(f"{name} = {value!r}" for name, value in lists.items() if value)
    return head + indent(f"{body}\noperations = [{operations}]", "    ")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes the migrations of the app workshop, in place of those that it has."""
    package = f"evolving{next(numbers)}"
    folder = tmp_path / package
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    def written(sources: Mapping[str, str]) -> None:
        for each in folder.glob("*.py"):
            each.unlink()
        for name in [each for each in sys.modules if each.startswith(package)]:
            del sys.modules[name]
        (folder / "__init__.py").touch()
        for name, source in sources.items():
            (folder / f"{name}.py").write_text(source)

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with override_settings(MIGRATION_MODULES={"workshop": package}):
        yield written


NOTHING = Standing()


def code_standing(
    labels: list[str], referred: list[str], recorded: Standing, using: str
) -> CodeStanding:
    return code_standing_of(project_migrations(), labels, referred, recorded, using)


def standing(recorded: Standing = NOTHING) -> Standing:
    return code_standing(["workshop.page"], [], recorded, "default").standing


def steps_of(write: Write, *operations: str, initial: str = INITIAL) -> list[SchemaStep]:
    """What operations do that come after the first migration."""
    write({"a": migration(initial)})
    begun = standing()
    write({"a": migration(initial), "b": migration(", ".join(operations), "a")})
    (added,) = standing(begun).since(begun) or ()
    assert added.name == "workshop.b"
    assert added.after == ("workshop.a",)
    return list(added.steps)


def test_a_history_begins_with_the_leaves(write: Write) -> None:
    write({"a": migration(INITIAL), "b": migration("", "a")})
    found = standing()
    assert [(each.name, each.after, each.steps) for each in found.history] == [
        ("workshop.b", (), ())
    ]
    assert standing(found) == found


@pytest.mark.parametrize(
    ("operation", "steps"),
    [
        (
            'm.RenameField("Page", "title", "name")',
            [RenamedField("workshop.page", "title", "name")],
        ),
        ('m.RemoveField("Page", "title")', [RemovedField("workshop.page", "title")]),
        (
            'm.AddField("Page", "intro", f.TextField(default="New"))',
            [AddedField("workshop.page", "intro", "New")],
        ),
        (
            'm.AddField("Page", "size", f.IntegerField(null=True))',
            [AddedField("workshop.page", "size", None)],
        ),
        (
            'm.AddField("Page", "sum", f.DecimalField(max_digits=5, decimal_places=2, default=1))',
            [AddedField("workshop.page", "sum", "1.00")],
        ),
        (
            'm.AddField("Page", "notes", f.JSONField(default=list))',
            [AddedField("workshop.page", "notes", [])],
        ),
        (
            'm.AddField("Page", "size", f.IntegerField(db_default=8, default=7))',
            [AddedField("workshop.page", "size", 8)],
        ),
        (
            'm.AddField("Page", "above", f.ForeignKey("workshop.Page", f.CASCADE, default=1))',
            [AddedField("workshop.page", "above", ABSENT)],
        ),
        (
            'm.AddField("Page", "above", f.ForeignKey("workshop.Page", f.CASCADE, null=True))',
            [AddedField("workshop.page", "above", None)],
        ),
        (
            'm.AddField("Page", "seen", f.DateTimeField(auto_now_add=True))',
            [AddedField("workshop.page", "seen", ABSENT)],
        ),
        (
            'm.AddField("Page", "others", f.ManyToManyField("workshop.Page"))',
            [AddedField("workshop.page", "others", [])],
        ),
        (
            'm.AlterField("Page", "count", f.TextField(null=True))',
            [RetypedField("workshop.page", "count", Conversion.TEXT)],
        ),
        ('m.AlterField("Page", "count", f.BigIntegerField(null=True))', []),
        ('m.AlterField("Page", "title", f.CharField(max_length=90))', []),
        (
            'm.AlterField("Page", "count", f.IntegerField(default=3))',
            [RetypedField("workshop.page", "count", Conversion.SAME, None, 3)],
        ),
        (
            'm.AlterField("Page", "price", f.DecimalField(max_digits=8, decimal_places=3))',
            [RetypedField("workshop.page", "price", Conversion.PLACES, 3)],
        ),
        (
            'm.AlterField("Page", "live", f.IntegerField(default=1))',
            [RetypedField("workshop.page", "live", Conversion.INTEGER)],
        ),
        (
            'm.AlterField("Page", "made", f.DateField(null=True))',
            [RetypedField("workshop.page", "made", Conversion.NONE)],
        ),
        (
            'm.AlterField("Page", "id", f.CharField(max_length=20, primary_key=True))',
            [RetypedField("workshop.page", "$key", Conversion.TEXT)],
        ),
        ('m.AlterField("Page", "id", f.BigAutoField(primary_key=True))', []),
        (
            'm.RenameModel("Page", "Article")',
            [RenamedModel("workshop.page", "workshop.article")],
        ),
        ('m.DeleteModel("Page")', [RemovedModel("workshop.page")]),
        (
            'm.CreateModel("Tag", [("id", f.AutoField(primary_key=True))])',
            [AddedModel("workshop.tag")],
        ),
        ("m.RunPython(split)", [OpaqueStep("RunPython(split)")]),
        ("m.RunPython(m.RunPython.noop)", []),
        ('m.RunSQL("SELECT 1")', [OpaqueStep("RunSQL")]),
        ("m.RunSQL(m.RunSQL.noop)", []),
        ('m.AlterModelOptions("Page", {"ordering": ["title"]})', []),
        ('m.AlterUniqueTogether("Page", {("title", "count")})', []),
        (
            'type("Own", (m.AddField,), {})("Page", "x", f.TextField(default=""))',
            [OpaqueStep("Own")],
        ),
        (
            'm.SeparateDatabaseAndState([m.RunSQL("SELECT 1")], [])',
            [OpaqueStep("SeparateDatabaseAndState")],
        ),
    ],
)
def test_operations_and_their_steps(write: Write, operation: str, steps: list[SchemaStep]) -> None:
    assert steps_of(write, operation) == steps


def test_a_model_that_keeps_its_table_is_moved(write: Write) -> None:
    fields = '[("id", f.AutoField(primary_key=True))]'
    steps = steps_of(
        write,
        'm.SeparateDatabaseAndState([m.AlterModelTable("Page", "workshop_leaf")], [])',
        f'm.SeparateDatabaseAndState([], [m.CreateModel("Leaf", {fields})])',
        'm.SeparateDatabaseAndState([], [m.DeleteModel("Page")])',
    )
    assert RenamedModel("workshop.page", "workshop.leaf") in steps
    assert RemovedModel("workshop.page") not in steps


@pytest.mark.parametrize("together", [True, False])
def test_a_model_that_left_before_it_arrived_is_moved(write: Write, *, together: bool) -> None:
    fields = '[("id", f.AutoField(primary_key=True))]'
    table = 'm.AlterModelTable("Page", "workshop_leaf")'
    leaves = (
        [f'm.SeparateDatabaseAndState([{table}], [m.DeleteModel("Page")])']
        if together
        else [
            f"m.SeparateDatabaseAndState([{table}], [])",
            'm.SeparateDatabaseAndState([], [m.DeleteModel("Page")])',
        ]
    )
    arrives = f'm.SeparateDatabaseAndState([], [m.CreateModel("Leaf", {fields})])'
    assert steps_of(write, *leaves, arrives) == [RenamedModel("workshop.page", "workshop.leaf")]
    write({"a": migration(INITIAL)})
    begun = standing()
    operations = ", ".join(leaves)
    write({"a": migration(INITIAL), "b": migration(operations, "a"), "c": migration(arrives, "b")})
    added = standing(begun).since(begun) or ()
    assert [(each.name, each.steps) for each in added] == [
        ("workshop.b", ()),
        ("workshop.c", (RenamedModel("workshop.page", "workshop.leaf"),)),
    ]


REFERRING = (
    INITIAL
    + """
    m.CreateModel("Note", [
        ("id", f.AutoField(primary_key=True)),
        ("page", f.ForeignKey("workshop.Page", f.CASCADE, null=True, related_name="+")),
        ("only", f.OneToOneField("Page", f.CASCADE, null=True, related_name="+")),
        ("pages", f.ManyToManyField("workshop.page", related_name="+")),
    ]),
"""
)
ARRIVES, LEAVES = (
    'm.CreateModel("Leaf", [("id", f.AutoField(primary_key=True))], {"db_table": "workshop_page"})',
    'm.DeleteModel("Page")',
)
REDIRECT = [
    'm.AlterField("Note", "page", f.ForeignKey("workshop.Leaf", f.CASCADE, null=True))',
    'm.AlterField("Note", "only", f.OneToOneField("Leaf", f.CASCADE, null=True))',
    'm.AlterField("Note", "pages", f.ManyToManyField("workshop.leaf"))',
]


@pytest.mark.parametrize(
    "operations",
    [
        [f"m.SeparateDatabaseAndState([], [{', '.join([ARRIVES, *REDIRECT, LEAVES])}])"],
        [
            f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
            *REDIRECT,
            f"m.SeparateDatabaseAndState([], [{LEAVES}])",
        ],
        [
            f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
            f"m.SeparateDatabaseAndState([], [{LEAVES}])",
            *REDIRECT,
        ],
        [
            f"m.SeparateDatabaseAndState([], [{LEAVES}])",
            f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
            *REDIRECT,
        ],
        [
            f"m.SeparateDatabaseAndState([], [{LEAVES}, {', '.join(REDIRECT)}])",
            f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
        ],
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_references_that_follow_a_moved_model_are_of_the_same_kind(
    write: Write, operations: list[str], *, apart: bool
) -> None:
    first = {"a": migration(REFERRING)}
    write(first)
    begun = code_standing(["workshop.page", "workshop.note"], [], NOTHING, "default").standing
    runs = operations if apart else [", ".join(operations)]
    names = "abcdefgh"
    rest = {names[at + 1]: migration(each, names[at]) for at, each in enumerate(runs)}
    write(first | rest)
    added = code_standing(["workshop.leaf", "workshop.note"], [], begun, "default").standing
    steps = [step for each in added.since(begun) or () for step in each.steps]
    moved = RenamedModel("workshop.page", "workshop.leaf")
    assert [each for each in steps if not isinstance(each, AddedModel)] == [moved]


def test_a_reference_that_takes_null_no_more_follows_a_moved_model(write: Write) -> None:
    operations = [
        f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
        'm.AlterField("Note", "page", f.ForeignKey("workshop.Leaf", f.CASCADE, db_default=None))',
        f"m.SeparateDatabaseAndState([], [{LEAVES}])",
    ]
    steps = steps_of(write, *operations, initial=REFERRING)
    same = RetypedField("workshop.note", "page", Conversion.SAME, null=None)
    assert same in steps


def test_a_reference_to_a_new_model_is_of_another_kind_though_its_old_one_moves(
    write: Write,
) -> None:
    steps = steps_of(
        write,
        'm.CreateModel("Other", [("id", f.AutoField(primary_key=True))])',
        'm.AlterField("Note", "page", f.ForeignKey("workshop.Other", f.CASCADE, null=True))',
        f"m.SeparateDatabaseAndState([], [{ARRIVES}])",
        f"m.SeparateDatabaseAndState([], [{LEAVES}])",
        initial=REFERRING,
    )
    assert RetypedField("workshop.note", "page", Conversion.NONE) in steps


def test_a_model_that_leaves_the_state_alone_is_not_said_to_be_gone(write: Write) -> None:
    steps = steps_of(write, 'm.SeparateDatabaseAndState([], [m.DeleteModel("Page")])')
    assert steps == [OpaqueStep("workshop.page left")]


BRANCHES = {
    "a": migration(INITIAL),
    "b": migration('m.RenameField("Page", "title", "name")', "a"),
    "c": migration('m.RemoveField("Page", "count")', "a"),
    "d": migration("", "b c"),
}


def test_a_merge_migration_needs_both(write: Write) -> None:
    write({"a": BRANCHES["a"]})
    begun = standing()
    write(BRANCHES)
    found = standing(begun)
    assert [(each.name, each.after) for each in found.history] == [
        ("workshop.a", ()),
        ("workshop.c", ("workshop.a",)),
        ("workshop.b", ("workshop.a",)),
        ("workshop.d", ("workshop.b", "workshop.c")),
    ]


CHAIN = {
    "a": migration(INITIAL),
    "b": migration('m.RenameField("Page", "title", "name")', "a"),
    "c": migration('m.RemoveField("Page", "count")', "b"),
}
SQUASHED_INITIAL = INITIAL.replace("title", "name")
SQUASHED = {
    "s": migration(SQUASHED_INITIAL, "", "a b c"),
    "t": migration('m.RemoveField("Page", "live")', "s"),
}


def upto(name: str) -> dict[str, str]:
    return {each: source for each, source in CHAIN.items() if each <= name}


def test_squashed_migrations_go_on_where_those_that_they_replace_ended(write: Write) -> None:
    write(CHAIN)
    begun = standing()
    write({**CHAIN, **SQUASHED})
    found = standing(begun)
    squashed, added = found.since(begun) or ()
    assert (squashed.name, squashed.after, squashed.steps) == ("workshop.s", ("workshop.c",), ())
    assert (added.name, added.after) == ("workshop.t", ("workshop.s",))
    assert added.steps == (RemovedField("workshop.page", "live"),)
    write({"s": migration(SQUASHED_INITIAL), "t": SQUASHED["t"]})  # the others are deleted
    assert code_standing(["workshop.page"], [], found, "default") == CodeStanding(found)


def test_a_renumbered_migration_is_the_same(write: Write) -> None:
    write(upto("a"))
    begun = standing()
    write(upto("b"))
    recorded = standing(begun)
    other = migration('m.RemoveField("Page", "live")', "a")
    write({"a": CHAIN["a"], "b_other": other, "c": CHAIN["b"].replace("'a'", "'b_other'")})
    found = code_standing(["workshop.page"], [], recorded, "default")
    assert found.missing == ()
    assert [(each.name, each.after) for each in found.standing.since(recorded) or ()] == [
        ("workshop.b_other", ("workshop.a",))
    ]
    here = project_migrations().standing_leaves(recorded, found)
    assert here == ({"workshop.c"}, set())
    assert code_standing(["workshop.page"], [], found.standing, "default") == found


def test_a_squash_is_the_recorded_migrations_that_together_did_the_same(write: Write) -> None:
    write(upto("a"))
    begun = standing()
    write(CHAIN)
    recorded = standing(begun)
    both = 'm.RenameField("Page", "title", "name"), m.RemoveField("Page", "count")'
    code = migration("m.RunPython(split)", "s")
    write({"a": CHAIN["a"], "s": migration(both, "a"), "t": code})
    found = code_standing(["workshop.page"], [], recorded, "default")
    assert (found.missing, found.renamed) == ((), {"workshop.c": ("workshop", "s")})
    assert [(each.name, each.after) for each in found.standing.since(recorded) or ()] == [
        ("workshop.t", ("workshop.c",))
    ]
    # Between the two, a commit alone does not know.
    write(upto("b"))
    between = standing(begun)
    write({"a": CHAIN["a"], "s": migration(both, "a"), "t": code})
    assert code_standing(["workshop.page"], [], between, "default").cut == ("workshop.b",)
    assert project_migrations().standing_leaves(between, found) == (set(), {"workshop.b"})


def test_renumbered_code_is_the_same_under_the_same_title(write: Write) -> None:
    write(upto("a"))
    begun = standing()
    code = "m.RunPython(split)"
    write({"a": CHAIN["a"], "0002_split": migration(code, "a")})
    recorded = standing(begun)
    write({"a": CHAIN["a"], "0003_split": migration(code, "a")})
    assert not code_standing(["workshop.page"], [], recorded, "default").missing
    write({"a": CHAIN["a"], "0003_other": migration(code, "a")})
    found = code_standing(["workshop.page"], [], recorded, "default")
    assert found.missing == ("workshop.0002_split",)


@pytest.fixture
def ran() -> Iterator[Callable[[str], None]]:
    """Has the database say that it ran migrations of the app workshop, in this order."""
    recorder = MigrationRecorder(connections["default"])

    def recorded(names: str) -> None:
        for name in names.split():
            recorder.record_applied("workshop", name)

    yield recorded
    recorder.migration_qs.filter(app="workshop").delete()


def recorded_page(write: Write) -> tuple[Standing, dict[str, RecordedModel]]:
    """What is recorded behind all migrations of the chain."""
    write(CHAIN)
    state = project_migrations().loader.project_state(("workshop", "c")).apps
    made = table(state.get_model("workshop.page"), Identities("default", {}, state), "default")
    return standing(), {"workshop.page": RecordedModel(made.schema, frozenset())}


WITHOUT_COUNT = SQUASHED_INITIAL.replace('("count", f.IntegerField(null=True)),', "")


@pytest.mark.parametrize(
    ("applied", "after", "known"),
    [
        ("a b c s", {}, True),
        ("a b c s t", {"t": migration('m.RemoveField("Page", "live")', "s")}, True),
        ("a b c s t", {"t": migration('m.AlterModelOptions("Page", {})', "s")}, True),
        ("s", {}, False),  # another database
        ("a b c d s", {}, False),  # what the removed d did is not known
        ("a b c s t", {"t": migration("m.RunPython(split)", "s")}, False),  # or t is what c was
    ],
)
def test_the_database_and_the_schema_tell_what_removed_migrations_were_squashed_into(
    write: Write,
    ran: Callable[[str], None],
    applied: str,
    after: Mapping[str, str],
    *,
    known: bool,
) -> None:
    begun, models = recorded_page(write)
    ran(applied)
    write({"s": migration(WITHOUT_COUNT), **after})
    found = code_standing_of(project_migrations(), [*models], [], begun, "default", models)
    assert found.cut == (() if known else ("workshop.c",))
    squashed = Migration("workshop.s", ("workshop.c",), ())
    assert (squashed in found.standing.history) is known
    write({"s": migration(INITIAL), **after})
    found = code_standing_of(project_migrations(), [*models], [], begun, "default", models)
    assert found.cut == ("workshop.c",)


def test_a_commit_from_within_squashed_migrations_gets_the_rest_of_them(write: Write) -> None:
    write(upto("a"))
    begun = standing()
    write({**CHAIN, **SQUASHED})
    added = standing(begun).since(begun) or ()
    assert [(each.name, each.after) for each in added] == [
        ("workshop.b", ("workshop.a",)),
        ("workshop.c", ("workshop.b",)),
        ("workshop.t", ("workshop.c",)),
    ]


@pytest.mark.parametrize("held", ["", "a", "b"])
def test_what_comes_after_a_squash_is_read_though_the_replaced_files_are_gone(
    write: Write, held: str
) -> None:
    write(upto("a"))
    begun = standing()
    later = migration('m.AlterField("Page", "name", f.TextField(null=True))', "s")
    write({"s": SQUASHED["s"], "t": later, **{each: CHAIN[each] for each in held}})
    found = code_standing(["workshop.page"], [], begun, "default")
    assert (found.missing, found.cut) == ((), ("workshop.a",))
    added = [(each.name, [*map(type, each.steps)]) for each in found.standing.since(begun) or ()]
    assert added == [
        ("workshop.b", [OpaqueStep]),
        ("workshop.c", [OpaqueStep]),
        ("workshop.t", []),
    ]


def test_migrations_that_the_code_lacks_are_named(write: Write) -> None:
    write(upto("a"))
    begun = standing()
    write(CHAIN)
    newer = standing(begun)
    write(upto("b"))
    found = code_standing(["workshop.page"], [], newer, "default")
    assert found.missing == ("workshop.c",)
    assert found.cut == ()
    assert [each.name for each in found.standing.history] == ["workshop.a", "workshop.b"]
    gone = Standing((Migration("gone.0001_initial"),))  # an app that is not there any more
    found = code_standing([], [], gone, "default")
    assert (found.missing, found.cut) == (("gone.0001_initial",), ())


def test_migrations_that_were_deleted_after_a_squash_are_opaque(write: Write) -> None:
    write(CHAIN)
    begun = standing()
    write({"s": migration(INITIAL), "t": SQUASHED["t"]})
    found = code_standing(["workshop.page"], [], begun, "default")
    assert found.missing == ("workshop.c",)
    assert found.standing.history[-1].after == ("workshop.c",)
    assert found.standing.history[-1].steps == (
        OpaqueStep("in place of workshop.c, which the code does not have"),
    )


def test_of_an_app_that_is_only_referred_to_new_names_matter(write: Write) -> None:
    write({"a": migration(INITIAL)})
    begun = code_standing([], ["workshop.page"], NOTHING, "default").standing
    operations = (
        'm.RunPython(split), m.RenameModel("Page", "Article"), m.RemoveField("Article", "title")'
    )
    write({"a": migration(INITIAL), "b": migration(operations, "a")})
    found = code_standing([], ["workshop.page"], begun, "default").standing
    assert found.history[-1].steps == (RenamedModel("workshop.page", "workshop.article"),)


def test_migrations_that_cannot_be_loaded_are_named(write: Write) -> None:
    write({"a": migration(INITIAL, "nowhere")})
    with pytest.raises(ConfigurationError, match=r"cannot be loaded: NodeNotFoundError.*nowhere"):
        standing()
    write({"a": "import nowhere"})
    with pytest.raises(ConfigurationError, match=r"cannot be loaded: ModuleNotFoundError"):
        standing()


def test_an_app_without_migrations_has_no_history() -> None:
    with override_settings(MIGRATION_MODULES={"zoo": None}):
        assert code_standing(["zoo.animal"], [], NOTHING, "default").standing == NOTHING


def test_an_app_that_came_with_a_migration_does_not_begin_behind_it(
    write: Write, tmp_path: Path
) -> None:
    """A model moved into a new app: the app's own migrations are what happened."""
    write({"a": migration(INITIAL)})
    begun = standing()
    leaves = 'm.SeparateDatabaseAndState([m.AlterModelTable("Page", "t")], [m.DeleteModel("Page")])'
    write({"a": migration(INITIAL), "b": migration(leaves, "a")})
    folder = tmp_path / "arriving"
    folder.mkdir()
    (folder / "__init__.py").touch()
    created = 'm.CreateModel("Page", [("id", f.AutoField(primary_key=True))], {"db_table": "t"})'
    text = migration(f"m.SeparateDatabaseAndState([], [{created}])", "b")
    (folder / "a.py").write_text(text)
    modules = {**settings.MIGRATION_MODULES, "brands": "arriving"}
    with override_settings(MIGRATION_MODULES=modules):
        found = code_standing(["brands.page"], [], begun, "default").standing
    assert [(each.name, each.steps) for each in found.since(begun) or ()] == [
        ("workshop.b", ()),
        ("brands.a", (RenamedModel("workshop.page", "brands.page"),)),
    ]


@pytest.mark.parametrize(
    ("others", "begins"),
    [({"auth.0001"}, None), ({"brands.a"}, "a"), ({"brands.gone"}, "b"), (set(), "b")],
    ids=["new", "recorded", "gone", "unknown"],
)
def test_an_app_begins_where_it_stood_when_the_commit_was_made(
    write: Write, tmp_path: Path, others: set[str], begins: str | None
) -> None:
    write({"a": migration(INITIAL)})
    begun = standing()
    assert "workshop" not in {each.partition(".")[0] for each in begun.others}
    folder = tmp_path / "coming"
    folder.mkdir()
    (folder / "__init__.py").touch()
    created = 'm.CreateModel("Brand", [("id", f.AutoField(primary_key=True))])'
    (folder / "a.py").write_text(migration(created, "a"))
    code = migration("m.RunPython(split)", "a").replace("workshop", "brands")
    (folder / "b.py").write_text(code)
    modules = {**settings.MIGRATION_MODULES, "brands": "coming"}
    with override_settings(MIGRATION_MODULES=modules):
        then = Standing(begun.history, frozenset(others))
        found = code_standing(["brands.brand", "workshop.page"], [], then, "default").standing
        beside = code_standing(["workshop.page"], [], then, "default").standing.others
    assert ("brands.gone" if "brands.gone" in others else "brands.b") in beside
    assert "brands" not in {each.partition(".")[0] for each in found.others}
    added, ran = (AddedModel("brands.brand"),), (OpaqueStep("RunPython(split)"),)
    assert [(each.name, each.after, each.steps) for each in found.since(begun) or ()] == {
        None: [("brands.a", ("workshop.a",), added), ("brands.b", ("brands.a",), ran)],
        "a": [("brands.a", (), ()), ("brands.b", ("brands.a",), ran)],
        "b": [("brands.b", (), ())],
    }[begins]

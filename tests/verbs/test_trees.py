"""Trees of libraries: moved, inserted and deleted on both sides, and numbered as the library would do it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from django.core.checks import run_checks
from django.db import connections, transaction
from django.db.models import signals
from django.test import override_settings

from contentgit.db.tracking import log as tracking
from contentgit.db.trees import numbering_of
from tests.orchard.models import (
    Leaf,
    Linked,
    Listed,
    Nested,
    Path,
    Queried,
    SortedLinked,
    SortedNested,
    SortedPath,
)
from tests.verbs.conftest import Run
from tests.verbs.test_tracking import compare

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
SPECS: list[dict[str, Any]] = []
NUMBERED = (Path, Nested, Linked)
"""The models of libraries that number their rows."""
SORTED = (SortedPath, SortedNested, SortedLinked)
"""Of these, those that sort siblings by name."""
LINKED = (Linked, SortedLinked, Queried)
"""The models whose rows have a foreign key to their parents."""


def datasets() -> dict[str, Any]:
    return {"trees": {"specs": lambda _: SPECS}}


class Router:
    """Sends the libraries to one database: their managers do not follow an alias that they are given."""

    alias: ClassVar[str] = "default"

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return self.alias

    db_for_write = db_for_read

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


@pytest.fixture(autouse=True)
def _datasets(db: str) -> Iterator[None]:
    given = {"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=given):
        yield


@contextmanager
def site(alias: str) -> Iterator[None]:
    """The libraries work on this database meanwhile."""
    Router.alias = alias
    # Libraries lock rows in a transaction of the default database.
    routed = override_settings(DATABASE_ROUTERS=[f"{__name__}.Router"])
    with routed, transaction.atomic(using=alias):
        yield
    Router.alias = "default"


def specs(*models: Any, **more: Any) -> None:
    SPECS[:] = [
        {"model": model._meta.label_lower, "delete_missing": True, "tree": True, **more}
        for model in models
    ]


def add(
    model: Any, name: str, under: str | None = None, alias: str = "default", **more: Any
) -> Any:
    """A new last child, made by the library."""
    with site(alias):
        if model in LINKED:
            parent = model.objects.get(name=under) if under else None
            return model.objects.create(name=name, parent=parent, **more)
        if under is None:
            return model.objects.add_root({"name": name, **more})
        return model.objects.add_child(model.objects.get(name=under), {"name": name, **more})


def move(model: Any, name: str, target: str, where: str, alias: str = "default") -> None:
    """Moves a row beside or below another, by the library's own word for the place.

    Always below it, where the library sorts siblings.
    """
    with site(alias):
        row, to = model.objects.get(name=name), model.objects.get(name=target)
        if model is SortedLinked:
            row.parent = to
            row.save()
        elif model in SORTED:
            model.objects.move(row, to, "sorted-child")
        elif model is Linked:
            row.move_to(to, {"sorted-child": "last-child"}.get(where, where))
        else:
            model.objects.move(row, to, where)


def remove(model: Any, name: str, alias: str = "default") -> None:
    with site(alias):
        model.objects.get(name=name).delete()


def grow(model: Any, alias: str = "default") -> None:
    """Two roots, of which the first has three children, and one of these two."""
    for name, under in (
        ("Pome", None),
        ("Apple", "Pome"),
        ("Pear", "Pome"),
        ("Quince", "Pome"),
        ("Boskoop", "Apple"),
        ("Gala", "Apple"),
        ("Stone", None),
        ("Cherry", "Stone"),
    ):
        add(model, name, under, alias)


def begin(ok: Ok, model: Any, **more: Any) -> None:
    """Both sites with the same tree."""
    specs(model, **more)
    grow(model)
    ok("init")
    ok("commit", "-m", "Trees")
    ok(*APPLY)


def numbers(model: Any, alias: str = "default") -> dict[str, tuple[Any, ...]]:
    """What the library's columns hold, by name."""
    numbering = numbering_of(model)
    columns = numbering.columns if numbering else ("position" if model is Queried else "sib_order",)
    rows = model._base_manager.using(alias).values_list("name", *columns)
    return {name: rest for name, *rest in rows}


def outline(model: Any, alias: str = "default") -> str:
    """The tree as the library itself reads it: ``"Pome(Apple(Gala) Pear) Stone"``."""

    def said(row: Any) -> str:
        below = " ".join(map(said, children(row)))
        return f"{row.name}({below})" if below else str(row.name)

    def children(row: Any) -> list[Any]:
        if model in LINKED:
            return list(row.children.all())
        return list(model.objects.get_children(row))

    with site(alias):
        if model in (Linked, SortedLinked):
            roots = list(model.objects.root_nodes())
        elif model is Queried:
            roots = list(model.objects.filter(parent=None))
        else:
            roots = list(model.objects.get_root_nodes())
        return " ".join(map(said, roots))


def assert_sound(model: Any, alias: str = "default") -> None:
    """The library finds nothing to mend."""
    before, told = _without_gaps(numbers(model, alias)), outline(model, alias)
    with site(alias):
        if model in (Path, SortedPath):
            assert model.objects.find_problems() == ([], [], [], [], [])
            model.objects.fix_tree()
        elif model in (Linked, SortedLinked):
            model.objects.rebuild()
    if model is SortedPath:
        with site(alias), transaction.atomic(using=alias):
            model.objects.fix_tree(fix_paths=True)  # sorts, and closes gaps
            assert outline(model, alias) == told
            transaction.set_rollback(True, using=alias)
    assert _without_gaps(numbers(model, alias)) == before


def _without_gaps(found: dict[str, Any]) -> dict[str, Any]:
    """With the trees of nested sets numbered from 1: a root that is gone leaves a gap, until a rebuild."""
    trees = sorted({row[0] for row in found.values()})
    if any(isinstance(each, str) for each in trees):
        return found
    return {name: [trees.index(row[0]), *row[1:]] for name, row in found.items()}


GROWN = "Pome(Apple(Boskoop Gala) Pear Quince) Stone(Cherry)"


def test_records_say_what_is_above_and_where(ok: Ok, git: Callable[..., str]) -> None:
    specs(Path)
    grow(Path)
    pear = Path.objects.get(name="Pear")
    ok("init")
    ok("commit", "-m", "Trees")
    file = next(each for each in git("ls-files").split() if each.endswith(f"/{pear.pk}.json"))
    text = git("show", f"HEAD:{file}")
    assert '"parent": "orchard.path:' in text
    assert '"position": 2' in text
    assert '"path"' not in text
    assert '"numchild"' not in text
    assert '"depth"' not in text


@pytest.mark.parametrize("model", [*NUMBERED, *SORTED, Listed, Queried])
def test_a_tree_comes_over_as_the_library_wrote_it(
    ok: Ok, databases: list[str], model: Any
) -> None:
    specs(model)
    grow(model)
    assert outline(model) == GROWN
    ok("init")
    ok("commit", "-m", "Trees")
    ok(*APPLY)
    assert numbers(model, "other") == numbers(model)
    assert outline(model, "other") == GROWN
    assert "Nothing to commit" in ok("commit", "-m", "Trees", OTHER)


@pytest.mark.parametrize("model", NUMBERED)
def test_moves_and_deletes_come_over(ok: Ok, databases: list[str], model: Any) -> None:
    begin(ok, model)
    move(model, "Apple", "Cherry", "last-child" if model is Linked else "first-child")
    remove(model, "Pear")
    add(model, "Medlar", "Pome")
    move(model, "Stone", "Pome", "left")
    ok("commit", "-m", "Trees")
    ok(*APPLY)
    assert outline(model, "other") == outline(model)
    assert outline(model) == "Stone(Cherry(Apple(Boskoop Gala))) Pome(Quince Medlar)"
    assert_sound(model, "other")
    assert "Nothing to commit" in ok("commit", "-m", "Trees", OTHER)
    ok("undo", "--yes", OTHER)
    assert outline(model, "other") == GROWN
    assert_sound(model, "other")


@pytest.mark.parametrize("model", NUMBERED)
def test_both_sides_add_below_one_row(ok: Ok, databases: list[str], model: Any) -> None:
    begin(ok, model, identity="uuid")
    add(model, "Bramley", "Apple", "other")
    add(model, "Fuji", "Apple", "other")
    move(model, "Quince", "Stone", "last-child", "other")
    remove(model, "Cherry", "other")
    ok("commit", "-m", "Trees", "--branch", "theirs", OTHER)
    add(model, "Jonagold", "Apple")
    move(model, "Apple", "Pear", "right")
    ok("commit", "-m", "Trees")
    ok("merge", "theirs")
    ok("checkout", "main", "--apply", "--yes")
    ok(*APPLY)
    told = outline(model)
    assert told == outline(model, "other")
    assert numbers(model) == numbers(model, "other")
    assert "Pome(Pear Apple(Boskoop Gala " in told
    assert told.endswith(") Stone(Quince)")
    for name in ("Bramley", "Fuji", "Jonagold"):
        assert name in told
    assert_sound(model)
    assert_sound(model, "other")
    assert "Nothing to commit" in ok("commit", "-m", "Trees")


@pytest.mark.parametrize("model", SORTED)
def test_siblings_stay_sorted(
    ok: Ok, databases: list[str], model: Any, git: Callable[..., str]
) -> None:
    begin(ok, model, identity="uuid")
    for name in ("Ananas", "Kiwi", "Zucchini"):
        add(model, name, "Pome", "other")
    move(model, "Boskoop", "Pome", "", "other")
    ok("commit", "-m", "Trees", "--branch", "theirs", OTHER)
    for name in ("Banana", "Litchi", "Yam"):
        add(model, name, "Pome")
    add(model, "Apricot", "Pome")
    remove(model, "Pear")
    ok("commit", "-m", "Trees")
    ok("merge", "theirs")
    ok("checkout", "main", "--apply", "--yes")
    ok(*APPLY)
    names = "Ananas Apple(Gala) Apricot Banana Boskoop Kiwi Litchi Quince Yam Zucchini"
    assert outline(model) == outline(model, "other") == f"Pome({names}) Stone(Cherry)"
    assert "position" not in git("show", "HEAD:trees/dataset.json")
    for alias in ("default", "other"):
        assert_sound(model, alias)
        assert "clean" in ok("status", f"--database={alias}")


def test_rows_that_became_each_others_parents_are_a_conflict(
    ok: Ok, run: Run, databases: list[str]
) -> None:
    begin(ok, Path, identity="uuid")
    move(Path, "Pome", "Cherry", "first-child")
    ok("commit", "-m", "Trees")
    move(Path, "Stone", "Pear", "first-child", "other")
    ok("commit", "-m", "Trees", "--branch", "theirs", OTHER)
    said = run("merge", "theirs")
    assert said.code == 3, said
    assert "parent" in said.out + said.err


def test_one_side_deletes_what_the_other_adds_below(ok: Ok, run: Run, databases: list[str]) -> None:
    begin(ok, Path, identity="uuid")
    remove(Path, "Apple")
    ok("commit", "-m", "Trees")
    add(Path, "Fuji", "Apple", "other")
    ok("commit", "-m", "Trees", "--branch", "theirs", OTHER)
    said = run("merge", "theirs")
    assert said.code == 3, said
    assert "Apple" in said.out + said.err


def test_a_delete_names_what_stands_below_and_needs_a_word(
    ok: Ok, run: Run, databases: list[str]
) -> None:
    begin(ok, Path, identity="uuid", filter={"name__in": ["Pome", "Pear", "Stone"]})
    add(Path, "Plum", "Stone", "other")
    remove(Path, "Stone")
    ok("commit", "-m", "Trees")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "allow-cascade" in said.out + said.err
    assert "Plum" in outline(Path, "other")
    ok(*APPLY, "--allow-cascade")
    assert outline(Path, "other") == "Pome(Pear)"
    assert_sound(Path, "other")
    ok("undo", "--yes", OTHER)
    assert outline(Path, "other") == "Pome(Pear) Stone(Plum)"
    assert_sound(Path, "other")


def test_a_multi_table_row_goes_with_its_row_of_the_tree(ok: Ok, databases: list[str]) -> None:
    from tests.orchard.models import Fruit

    SPECS[:] = [
        {"model": "orchard.path", "delete_missing": True, "tree": True, "identity": "uuid"},
        {"model": "orchard.fruit", "delete_missing": True},
        {"model": "orchard.leaf", "delete_missing": True, "identity": "uuid"},
    ]
    add(Path, "Pome")
    with site("default"):
        pome = Path.objects.get(name="Pome")
        Path.objects.add_child(pome, instance=Fruit(name="Apple", colour="green"))
    Leaf.objects.create(path=Path.objects.get(name="Apple"), text="leaf")
    add(Path, "Stone", None, "other")
    ok("init")
    ok("commit", "-m", "Trees")
    ok(*APPLY, "--force")
    assert outline(Path, "other") == "Pome(Apple)"
    assert Fruit._base_manager.using("other").get().colour == "green"
    assert Leaf.objects.using("other").get().path.name == "Apple"
    assert_sound(Path, "other")


@pytest.mark.parametrize(
    ("model", "columns", "words", "way_on"),
    [
        (Path, {"path": "010801"}, "path '010801' stands nowhere", "fix_tree() does not mend them"),
        (Nested, {"depth": 5}, "numbers do not fit those of other rows", "correct its numbers"),
    ],
)
def test_a_broken_tree_is_named_and_nothing_is_written(
    ok: Ok,
    run: Run,
    databases: list[str],
    model: Any,
    columns: dict[str, Any],
    words: str,
    way_on: str,
) -> None:
    begin(ok, model)
    model._base_manager.filter(name="Boskoop").update(**columns)
    row = model._base_manager.get(name="Boskoop")
    for call in (("commit", "-m", "Trees"), ("status",), ("checkout", "main", "--apply", "--yes")):
        said = run(*call)
        assert said.code == 1, said
        assert f"{model._meta.label_lower}:{row.pk}: " in said.err
        assert words in said.err
        assert way_on in said.err
    ok("diff", "HEAD~1", "HEAD")
    ok("log")
    ok("check")
    if model is Path:
        with site("default"):
            model.objects.fix_tree(fix_paths=True)
            assert row.pk in model.objects.find_problems()[2]
    model._base_manager.filter(pk=row.pk)._raw_delete("default")
    assert f"- {model._meta.label_lower}:{row.pk}  Boskoop" in ok("status")


def test_more_children_than_the_library_has_numbers_for(
    ok: Ok, run: Run, databases: list[str]
) -> None:
    """The gaps are closed before there is no room."""
    begin(ok, Path, identity="uuid")
    for alias, name in (("default", "Here"), ("other", "There")):
        with site(alias):
            made = Path.objects.add_child(Path.objects.get(name="Stone"), {"name": name})
            Path._base_manager.using(alias).filter(pk=made.pk).update(path="0299")
    ok("commit", "-m", "Trees")
    ok("commit", "-m", "Trees", "--branch", "theirs", OTHER)
    ok("merge", "theirs")
    ok(*APPLY)
    with connections["other"].cursor() as cursor:
        cursor.execute("SELECT path FROM orchard_path ORDER BY path")
        paths = [path for (path,) in cursor.fetchall()]
    assert paths[-4:] == ["02", "0201", "0202", "0203"]
    assert_sound(Path, "other")
    assert "clean" in ok("status", OTHER)
    assert "Nothing to commit" in ok("commit", "-m", "Trees", OTHER)


def test_too_many_rows_below_one_are_refused_and_nothing_is_written(
    ok: Ok, run: Run, databases: list[str]
) -> None:
    begin(ok, Path, identity="uuid")
    for alias in ("default", "other"):
        for number in range(60):
            add(Path, f"{alias}-{number}", "Stone", alias)
    ok("commit", "-m", "Sixty")
    ok("commit", "-m", "Sixty others", "--branch", "theirs", OTHER)
    ok("merge", "theirs")
    before = numbers(Path, "other")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "a row has at most 99 rows below it" in said.err
    assert numbers(Path, "other") == before
    assert "at" in ok("status", OTHER)
    assert_sound(Path, "other")


def test_a_record_from_before_makes_no_row(ok: Ok, run: Run, databases: list[str]) -> None:
    specs(Path)
    grow(Path)
    SPECS[0]["tree"] = False
    ok("init")
    ok("commit", "-m", "With paths")
    SPECS[0]["tree"] = True
    assert "dataset of this code does not have" not in ok("status")
    said = run(*APPLY, "--ignore-unknown-fields")
    assert said.code == 1, said
    assert "does not say where it stands in the tree" in said.err
    assert numbers(Path, "other") == {}
    ok("commit", "-m", "With parents")
    ok(*APPLY)
    assert numbers(Path, "other") == numbers(Path)
    remove(Path, "Pear")
    Path._base_manager.filter(name="Stone").update(name="Drupe")
    ok("commit", "-m", "Less")
    ok("checkout", "HEAD~1", "--apply", "--yes")
    Path._base_manager.filter(name="Gala").delete()
    said = run("checkout", "HEAD~2", "--apply", "--yes", "--force", "--ignore-unknown-fields")
    assert said.code == 1, said
    assert "does not say where it stands in the tree" in said.err


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"position": 2', '"position": "2"', "position"),
        ('"position": 2', '"position": -2', "no position in a tree: -2"),
        ('"position": 2', f'"position": {10**30}', "no position in a tree"),
        ('"position": 2', '"position": null', "no position in a tree: None"),
        ('"position": 2', '"position": true', "no position in a tree: True"),
        ('"parent": "orchard.path:', '"parent": "orchard.leaf:', "orchard.leaf:"),
    ],
)
def test_what_plain_git_makes_of_a_place_is_refused(
    ok: Ok,
    run: Run,
    databases: list[str],
    git: Callable[..., str],
    repository_path: Any,
    was: str,
    becomes: str,
    said: str,
) -> None:
    specs(Path)
    grow(Path)
    ok("init")
    ok("commit", "-m", "Trees")
    pear = Path.objects.get(name="Pear")
    git("checkout", "-q", "main")
    file = next(repository_path.rglob(f"orchard.path/**/{pear.pk}.json"))
    file.write_text(file.read_text().replace(was, becomes))
    git("commit", "-qam", "By hand")
    told = run(*APPLY)
    assert told.code in (1, 3), told
    assert said in told.err
    assert "Traceback" not in told.err
    assert numbers(Path, "other") == {}


@pytest.mark.parametrize("model", NUMBERED)
def test_rows_at_one_position_stand_in_the_same_order_everywhere(
    ok: Ok, databases: list[str], git: Callable[..., str], repository_path: Any, model: Any
) -> None:
    """As plain git merges rows that both sides have added."""
    begin(ok, model)
    git("checkout", "-q", "main")
    rows = {row.name: row.pk for row in model._base_manager.all()}
    folder = repository_path / "trees" / model._meta.label_lower
    for name in ("Pear", "Quince"):
        (file,) = folder.rglob(f"{rows[name]}.json")
        text = file.read_text()
        file.write_text(re.sub('"position": [0-9]+', '"position": 1', text))
    git("commit", "-qam", "By hand")
    remove(model, "Quince", "other")
    ok("checkout", "main", "--apply", "--yes", "--force")
    ok(*APPLY, "--force")
    assert outline(model) == outline(model, "other")
    for alias in databases:
        assert_sound(model, alias)
        assert "clean" in ok("status", f"--database={alias}")


def test_a_row_that_a_receiver_makes_is_named(ok: Ok, run: Run, databases: list[str]) -> None:
    def make(instance: Any, using: str, **_: Any) -> None:
        if using == "other" and not Path._base_manager.using(using).filter(name="Made").exists():
            add(Path, "Made", None, using)

    begin(ok, Path, identity="uuid")
    SPECS.append({"model": "orchard.leaf", "delete_missing": True, "identity": "uuid"})
    Leaf.objects.create(path=Path.objects.get(name="Pear"), text="leaf")
    add(Path, "Medlar", "Pome")
    ok("commit", "-m", "A leaf")
    signals.post_save.connect(make, sender=Leaf)
    try:
        said = run(*APPLY)
    finally:
        signals.post_save.disconnect(make, sender=Leaf)
    assert said.code == 3, said
    assert "receivers or triggers wrote to 1 record" in said.err
    assert "Medlar" not in outline(Path, "other")
    assert_sound(Path, "other")


def test_relations_of_others_do_not_name_the_fields() -> None:
    names = {each.name for each in Path._meta.get_fields()}
    assert "leaf" in names  # a relation back
    numbering = numbering_of(Path)
    assert numbering is not None
    assert (numbering.parent, numbering.position) == ("parent", "position")


@pytest.mark.parametrize("model", [Path, Nested])
def test_a_circle_that_plain_git_makes_is_refused(
    ok: Ok,
    run: Run,
    databases: list[str],
    git: Callable[..., str],
    repository_path: Any,
    model: Any,
) -> None:
    begin(ok, model)
    before = numbers(model, "other")
    git("checkout", "-q", "main")
    pome = model._base_manager.get(name="Pome").pk
    (file,) = (repository_path / "trees" / model._meta.label_lower).rglob(f"{pome}.json")
    text = file.read_text()
    file.write_text(text.replace('"parent": null', f'"parent": "{model._meta.label_lower}:{pome}"'))
    assert file.read_text() != text
    git("commit", "-qam", "By hand")
    said = run(*APPLY)
    assert said.code == 3, said
    assert "stands below itself" in said.err
    assert numbers(model, "other") == before


@pytest.mark.parametrize("model", NUMBERED)
def test_a_tracked_tree_says_what_all_rows_say(
    ok: Ok, run: Run, databases: list[str], model: Any
) -> None:
    specs(model, identity="uuid")
    grow(model)
    ok("init")
    ok("commit", "-m", "Trees")
    ok("track", "trees")
    edits: list[Callable[[], Any]] = [
        lambda: add(model, "Medlar", "Pome"),
        lambda: move(model, "Apple", "Stone", "left"),
        lambda: remove(model, "Pear"),
        lambda: model._base_manager.filter(name="Boskoop").delete(),
        lambda: model._base_manager.filter(name="Gala").update(name="Royal Gala"),
    ]
    try:
        for number, edit in enumerate(edits):
            edit()
            ways = compare(run)
            if number % 2:
                ok("commit", "-m", "Edits")
        assert ways["tracked"]  # a name says nothing of places
    finally:
        for alias in databases:
            tracking.suspend(alias)


@pytest.mark.parametrize("model", NUMBERED)
def test_a_tree_that_is_not_called_one_is_a_warning(model: Any) -> None:
    for is_tree, numbers_found in ((False, 1), (True, 0)):
        SPECS[:] = [{"model": model._meta.label_lower, "tree": is_tree}]
        found = [each for each in run_checks() if each.id == "contentgit.W015"]
        assert len(found) == numbers_found, found


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("orchard.leaf", {}, "of which no library for trees"),
        ("orchard.path", {"exclude": ["depth"]}, "'tree' computes 'depth'"),
        ("orchard.path", {"derived": ["numchild"]}, "'tree' computes 'numchild'"),
        ("orchard.linked", {"exclude": ["parent"]}, "'tree' needs 'parent'"),
        ("orchard.path", {"write_last": True}, "'write_last' is set"),
        ("orchard.path", {"identity": ["path"]}, "'tree' computes 'path'"),
    ],
)
def test_a_spec_that_does_not_fit(model: str, more: dict[str, Any], words: str) -> None:
    SPECS[:] = [{"model": model, "tree": True, **more}]
    found = [each for each in run_checks() if each.id == "contentgit.E037"]
    assert [each for each in found if words in each.msg], found

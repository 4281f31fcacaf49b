"""Primary keys inside of texts and JSON follow the rows that they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from contentgit.references import Names
from tests.bakery.models import Category, Note
from tests.verbs.conftest import Run
from tests.workshop.models import Card, Trail

Ok = Callable[..., str]
OTHER = "--database=other"
APPLY = ("checkout", "main", "--apply", "--yes", OTHER)
UPDATE = ("update", "--yes", OTHER)
SPEC: dict[str, Any] = {"model": "workshop.card", "delete_missing": True}


class Shortcodes:
    """``[[card 12]]`` in a text."""

    models = frozenset({"workshop.card"})

    def named(self, value: str, names: Names) -> str:
        def name(found: re.Match[str]) -> str:
            return f"[[card {names.text('workshop.card', found[1])}]]"

        return re.sub(r"\[\[card (\w+)\]\]", name, value)


class Numbers:
    """All integers of a list, and all texts of it."""

    def named(self, value: list[Any], names: Names) -> list[Any]:
        found: list[Any] = []
        for each in value:
            if isinstance(each, int):
                found.append(names.number("workshop.card", each))
            else:
                found.append(each and names.text("workshop.card", each))
        return found


class OfKind:
    """Shortcodes in cards of one kind, which another field says."""

    beside = ("title",)

    def named(self, value: Any, names: Names, title: str = "") -> Any:
        return Shortcodes().named(value, names) if title.startswith("Kind") else value


PLACES = {"text": Shortcodes(), "data": Numbers()}


def datasets() -> dict[str, Any]:
    return {"cards": {"specs": lambda _: [SPEC]}}


@pytest.fixture(autouse=True)
def _datasets() -> Iterator[None]:
    SPEC.update(identity="uuid", references=PLACES)
    with override_settings(CONTENTGIT={"DATASETS": f"{__name__}.datasets", "ENVIRONMENT": "test"}):
        yield


def card(alias: str, title: str, **more: Any) -> Card:
    made: Card = Card.objects.using(alias).create(title=title, **more)
    return made


def fill(alias: str = "default") -> dict[str, Card]:
    """Three cards, each of which refers to others, before and behind it, and to itself."""
    made = {title: card(alias, title) for title in ("One", "Two", "Three")}
    for title, row in made.items():
        others = [each.pk for each in made.values()]
        row.text = f"{title} sees " + " and ".join(f"[[card {pk}]]" for pk in others) + ". Fine."
        row.data = [*others, str(row.pk), None]
        row.save(using=alias)
    return made


def seen(alias: str) -> dict[str, tuple[str, list[Any]]]:
    """By title what each card says, with titles in place of primary keys."""
    titles = dict(Card.objects.using(alias).values_list("pk", "title"))
    return {
        each.title: (
            re.sub(r"\d+", lambda found: titles.get(int(found[0]), found[0]), each.text),
            [each and titles.get(int(each), each) for each in each.data or ()],
        )
        for each in Card.objects.using(alias).all()
    }


def test_keys_inside_follow_their_rows(databases: tuple[str, str], ok: Ok, git: Ok) -> None:
    for n in range(7):
        card("other", f"Gone {n}").delete()  # so that rows get other keys there
    fill()
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    assert seen("other") == seen("default")
    assert {*Card.objects.using("other").values_list("pk", flat=True)}.isdisjoint(
        Card.objects.values_list("pk", flat=True)
    )
    assert "clean" in ok("status", OTHER)
    text = git("show", "HEAD:cards/dataset.json")
    assert '"embeds": true' in text
    row = Card.objects.using("other").get(title="Two")
    row.text = row.text.replace("Fine", "Better")
    row.save(using="other")
    ok("commit", "-m", "Better", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert seen("other") == seen("default")
    shown = ok("show", "HEAD")
    assert "Better" in shown
    assert "Fine" in shown


def test_a_row_that_is_not_there_keeps_its_number(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """Where that number is another row's, the apply is refused."""
    card("default", "One", text="See [[card 4711]] and [[card 007]].", data=[4711, "4711", 0])
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    there = Card.objects.using("other").get()
    assert (there.text, there.data) == (
        "See [[card 4711]] and [[card 007]].",
        [4711, "4711", 0],
    )
    assert "clean" in ok("status", OTHER)


def test_no_new_row_gets_a_number_that_a_text_holds(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """Neither in the same apply, nor in a later one, nor from an editor."""
    for n in range(3):
        card("default", f"Gone {n}")
    Card.objects.all().delete()
    one = card("default", "One")
    near = [one.pk - 1, one.pk - 2, one.pk + 1, one.pk + 2]
    Card.objects.update(data=[*near, 10**17])
    Card.objects.create(pk=one.pk + 5, title="Two")
    Card.objects.create(pk=one.pk + 6, title="Three")
    ok("init")
    ok("commit", "-m", "Cards")
    for _ in range(3):  # MariaDB cannot move a sequence within a transaction
        said = run(*APPLY)
        assert said.code in (0, 3), said
    assert said.code == 0, said
    assert "clean" in ok("status", OTHER)
    there = Card.objects.using("other").get(title="One")
    assert there.data == [*near, 10**17]
    Card.objects.create(pk=one.pk + 7, title="Four")
    ok("commit", "-m", "More")
    ok(*APPLY)
    for n in range(4):
        card("other", f"Late {n}")
    here = {*Card.objects.using("other").values_list("pk", flat=True)}
    assert here.isdisjoint(near)
    assert there.data == Card.objects.using("other").get(title="One").data
    assert "4 records edited" in ok("status", OTHER)


def test_another_spelling_of_a_primary_key_stays(databases: tuple[str, str], ok: Ok) -> None:
    row = card("default", "One")
    Card.objects.update(text=f"[[card 00{row.pk}]] [[card {row.pk}]]", data=[f"0{row.pk}"])
    ok("init")
    ok("commit", "-m", "One")
    card("other", "Gone").delete()
    ok(*APPLY)
    there = Card.objects.using("other").get()
    assert there.text == f"[[card 00{row.pk}]] [[card {there.pk}]]"
    assert there.data == [f"0{row.pk}"]


class Careless(Shortcodes):
    """Forgets the end of the text."""

    def named(self, value: str, names: Names) -> str:
        return super().named(value, names).rstrip()


class Forgetful:
    """Has no answer where there is no primary key."""

    def named(self, value: str, names: Names) -> Any:
        return Shortcodes().named(value, names) if "[[" in value else None


class Inventive:
    """Knows better, and for a mark, too."""

    def named(self, _value: str, _names: Names) -> Any:
        return "$ref(workshop.card:1)"


@pytest.mark.parametrize("cls", [Careless, Forgetful, Inventive])
def test_a_class_that_loses_something_is_refused(
    db: str, ok: Ok, run: Run, cls: Callable[[], object]
) -> None:
    row = card(db, "One")
    Card.objects.update(text=f"[[card {row.pk}]] ")
    card(db, "Two", text="Not a card. ")
    ok("init")
    SPEC.update(references={"text": cls()})
    said = run("commit", "-m", "One")
    assert said.code == 1
    assert f"field 'text': {cls.__name__} does not give back the value it was given" in said.err


def test_a_number_that_is_another_rows_is_refused(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    card("default", "One", text="See [[card 4711]].")
    ok("init")
    ok("commit", "-m", "Cards")
    Card.objects.using("other").create(pk=4711, title="Another")
    said = run("checkout", "main", "--apply", "--merge", "--yes", OTHER)
    assert said.code == 3
    assert "has the number 4711 of a row of workshop.card in text" in said.err
    assert Card.objects.using("other").get().title == "Another"
    assert 'or write "missing": {"text": "null"} into the spec of workshop.card' in said.err


@pytest.mark.parametrize("rule", ["null", "skip", {"key": "workshop.card:"}])
def test_what_is_done_about_a_number_that_is_another_rows(
    databases: tuple[str, str], ok: Ok, git: Ok, rule: Any
) -> None:
    card("default", "One", text="See [[card 4711]] and [[card 4712]].")
    card("default", "Two")
    ok("init")
    ok("commit", "-m", "Cards")
    Card.objects.using("other").create(pk=4711, title="Another")
    if isinstance(rule, dict):
        found = re.search("[0-9a-f-]{36}", git("grep", "-l", "Two", "HEAD"))
        rule = {"key": f"workshop.card:{found and found[0]}"}
    SPEC.update(missing={"text": rule})
    try:
        ok("checkout", "main", "--apply", "--merge", "--yes", OTHER)
        there = {each.title: each for each in Card.objects.using("other")}
        if rule == "skip":
            assert {*there} == {"Another", "Two"}
            return
        number = there["Two"].pk if isinstance(rule, dict) else 0
        assert there["One"].text == f"See [[card {number}]] and [[card 4712]]."
        there["One"].text += " More."
        there["One"].save(using="other")
        ok("commit", "-m", "More", OTHER)
        assert "?4711)" in git("grep", "More", "HEAD")
    finally:
        SPEC.pop("missing")


def test_what_looks_like_a_reference(databases: tuple[str, str], ok: Ok) -> None:
    odd = '$ref(workshop.card:1) $$num(workshop.card:2) $ref( [[card x]] "$num(workshop.card:3)"'
    row = card("default", "One")
    Card.objects.filter(pk=row.pk).update(text=f"{odd} [[card {row.pk}]]", data=[odd, row.pk])
    ok("init")
    ok("commit", "-m", "Cards")
    card("other", "Gone").delete()
    ok(*APPLY)
    there = Card.objects.using("other").get()
    assert there.text == f"{odd} [[card {there.pk}]]"
    assert there.data == [odd, there.pk]
    assert "clean" in ok("status", OTHER)


@pytest.fixture
def apart(databases: tuple[str, str], ok: Ok) -> Iterator[None]:
    """A commit of two of three cards, which refer to all three."""
    fill()
    ok("init")
    SPEC["filter"] = {"title__in": ["One", "Three"]}
    ok("commit", "-m", "Two of three")
    yield
    for name in ("filter", "missing"):
        SPEC.pop(name, None)


def test_a_column_that_is_full(databases: tuple[str, str], ok: Ok) -> None:
    """The key of a record is longer than a primary key, and the column holds the latter."""
    SPEC.update(references={"title": Shortcodes()})
    card("other", "Gone").delete()
    one = card("default", "One")
    two = card("default", f"{f'[[card {one.pk}]]':*<40}")
    ok("init")
    ok("commit", "-m", "Full")
    ok(*APPLY)
    other = Card.objects.using("other").get(title="One").pk
    assert Card.objects.using("other").filter(title=two.title.replace(f"{one.pk}]", f"{other}]"))
    assert "clean" in ok("status", OTHER)


def test_a_record_that_is_not_in_the_commit_is_refused(apart: None, ok: Ok, run: Run) -> None:
    said = run(*APPLY)
    assert said.code == 3
    lines = "2 records: workshop.card refers in {} to workshop.card, which neither the database nor"
    assert all(lines.format(name) in said.err for name in ("data", "text"))
    assert not Card.objects.using("other").exists()


def test_what_is_missing_is_0_where_the_spec_says_so(apart: None, ok: Ok, git: Ok) -> None:
    """An edit beside it leaves the reference in the branch."""
    SPEC["missing"] = {"text": "null", "data": "null"}
    ok(*APPLY)
    assert seen("other")["One"] == (
        "One sees [[card One]] and [[card 0]] and [[card Three]]. Fine.",
        ["One", 0, "Three", "One", 0],
    ) or seen("other")["One"][0].startswith("One sees [[card One]] and [[card 0]]")
    assert "edited" not in ok("status", OTHER)
    two = Card.objects.get(title="Two")
    before = git("grep", "-c", "ref(workshop", "HEAD")
    row = Card.objects.using("other").get(title="One")
    row.text += " And more."
    row.save(using="other")
    ok("commit", "-m", "More", OTHER)
    assert git("grep", "-c", "ref(workshop", "HEAD") == before.replace("HEAD", "HEAD")
    ok("checkout", "main", "--apply", "--yes")
    assert f"[[card {two.pk}]]" in Card.objects.get(title="One").text
    assert Card.objects.get(title="One").text.endswith("Fine. And more.")


def test_an_update_keeps_what_is_missing_beside_an_edit(apart: None, ok: Ok, git: Ok) -> None:
    SPEC["missing"] = {"text": "null", "data": "null"}
    ok(*APPLY)
    two = Card.objects.get(title="Two")
    row = Card.objects.using("other").get(title="One")
    row.data = [*row.data, "more"]
    row.save(using="other")
    for each in Card.objects.filter(title="One"):
        each.text += " Upstream."
        each.save()
    ok("commit", "-m", "Upstream")
    ok(*UPDATE)
    row.refresh_from_db(using="other")
    assert row.text.endswith("Fine. Upstream.")
    assert row.data[-1] == "more"
    ok("commit", "-m", "More", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    found = Card.objects.get(title="One")
    assert f"[[card {two.pk}]]" in found.text
    assert two.pk in found.data


def test_an_edit_beside_what_is_missing_in_a_short_text(
    databases: tuple[str, str], ok: Ok, git: Ok
) -> None:
    """A text counts as one value; the branch keeps the references that are left."""
    one, two = card("default", "One"), card("default", "Two")
    Card.objects.filter(pk=one.pk).update(
        text=f"[[card {two.pk}]] [[card {one.pk}]] [[card {two.pk}]]", data=[two.pk, one.pk, two.pk]
    )
    SPEC.update(filter={"title": "One"}, missing={"text": "null", "data": "null"})
    try:
        ok("init")
        ok("commit", "-m", "One")
        ok(*APPLY)
        there = Card.objects.using("other").get()
        assert there.text == f"[[card 0]] [[card {there.pk}]] [[card 0]]"
        there.text = f"Now [[card {there.pk}]] [[card 0]]."
        there.data = [0, there.pk, 0, there.pk]
        there.save(using="other")
        ok("commit", "-m", "Shorter", OTHER)
        ok("checkout", "main", "--apply", "--yes")
        row = Card.objects.get(pk=one.pk)
        assert row.text == f"Now [[card {one.pk}]] [[card {two.pk}]]."
        assert row.data == [two.pk, one.pk, two.pk, one.pk]
        assert Card.objects.using("other").get().text == there.text
        assert "edited" not in ok("status", OTHER)
    finally:
        for name in ("filter", "missing"):
            SPEC.pop(name)


def test_code_without_the_references_commits_no_primary_keys(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "Cards")
    SPEC.update(references={"text": PLACES["text"]})
    Card.objects.create(title="Four")
    said = run("commit", "-m", "More")
    assert said.code == 3
    assert "workshop.card.data" in said.err
    assert "workshop.card.text" not in said.err
    assert "'references' of their spec" in said.err
    ok("commit", "-m", "More", "--drop-fields")


def test_a_check_names_what_refers_to_deleted_records(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    made = fill()
    ok("init")
    ok("commit", "-m", "Cards")
    made["Two"].delete()
    ok("commit", "-m", "Without the second")
    said = ok("diff", "HEAD~1", "HEAD", "--format=markdown")
    assert "One" in said
    assert "Three" in said
    said = run("check", "--no-code").out
    assert said.count("dangling-reference") == 4
    assert said.count("; a database that lacks it, too, refuses this") == 4


def test_a_plan_names_what_refers_to_what_it_deletes(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    made = fill()
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    made["Two"].delete()
    ok("commit", "-m", "Without the second")
    said = ok("checkout", "main", OTHER)
    for title in ("One", "Three"):
        for name in ("text", "data"):
            assert re.search(
                f"{title}' refers in {name} to workshop.card:\\S+ 'Two', which is", said
            )
    links = run("checkout", "main", OTHER, "--json").json["links"]
    assert [(each["title"], each["target_title"]) for each in links].count(("One", "Two")) == 2
    ok(*APPLY)
    assert "clean" in ok("status", OTHER)
    assert run("checkout", "main", OTHER, "--json").json["links"] == []


def test_references_may_depend_on_another_field(databases: tuple[str, str], ok: Ok) -> None:
    SPEC.update(references={"text": OfKind()})
    card("other", "Gone").delete()
    one = card("default", "Kind one")
    two = card("default", "Two", text=f"[[card {one.pk}]]")
    Card.objects.filter(pk=one.pk).update(text=f"[[card {one.pk}]]")
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    there = {each.title: each for each in Card.objects.using("other")}
    assert there["Kind one"].pk != one.pk
    assert there["Kind one"].text == f"[[card {there['Kind one'].pk}]]"
    assert there["Two"].text == two.text
    assert "clean" in ok("status", OTHER)
    Card.objects.filter(pk=one.pk).update(title="Kind 1")
    ok("commit", "-m", "Another title")
    ok(*APPLY)
    assert "clean" in ok("status", OTHER)


HTML = {
    "text": {'a[linktype="card"][id]': "workshop.card"},
    "data": {"cards.*": "workshop.card", "**.text": {"a[id]": "workshop.card"}},
}


def test_places_as_a_spec_names_them(databases: tuple[str, str], ok: Ok) -> None:
    SPEC.update(references=HTML)
    card("other", "Gone").delete()
    one, two = card("default", "One"), card("default", "Two")
    link = f'<p><a linktype="card" id="{two.pk}">Two</a> and <a id="{two.pk}">none</a></p>'
    data = {"cards": [one.pk, two.pk], "deep": [{"text": f"<a id={one.pk}>"}], "id": two.pk}
    Card.objects.filter(pk=one.pk).update(text=link, data=data)
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    here, there = (Card.objects.using(alias).get(title="One") for alias in ("default", "other"))
    other = Card.objects.using("other").get(title="Two").pk
    assert there.text == here.text.replace(f'card" id="{two.pk}"', f'card" id="{other}"')
    assert there.data == {
        "cards": [there.pk, other],
        "deep": [{"text": f"<a id={there.pk}>"}],
        "id": two.pk,
    }
    Card.objects.filter(pk=two.pk).update(title="Second")
    Card.objects.filter(pk=one.pk).update(text=f"{link}<p>More.</p>")
    ok("commit", "-m", "Second")
    shown = ok("show", "HEAD")
    assert "$ref(workshop.card:" not in shown.split("More")[1]
    ok(*UPDATE)
    assert "clean" in ok("status", OTHER)


def test_a_change_of_a_reference_is_shown_with_titles(db: str, ok: Ok) -> None:
    SPEC.update(references=HTML)
    one, two = card(db, "One"), card(db, "Two")
    Card.objects.filter(pk=one.pk).update(text=f'<a linktype="card" id="{one.pk}">', data={})
    ok("init")
    ok("commit", "-m", "Cards")
    Card.objects.filter(pk=one.pk).update(
        text=f'<a linktype="card" id="{two.pk}">', data={"cards": [two.pk]}
    )
    said = ok("diff")
    assert " One)" in said
    assert " Two)" in said


def test_a_commit_from_before_the_references(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok
) -> None:
    """Rows as it had them are no edits; to go back to it is refused."""
    SPEC.update(references={})
    card("other", "Gone").delete()
    fill()
    fill("other")
    ok("init")
    ok("commit", "-m", "Cards")
    SPEC.update(references=PLACES)
    assert "3 records edited" in ok("status")
    ok("commit", "-m", "With references")
    row = Card.objects.get(title="One")
    row.text += " More."
    row.save()
    ok("commit", "-m", "More")
    said = run("checkout", "HEAD~2", "--apply", "--yes")
    assert said.code == 3
    assert (
        "has primary keys inside of fields in cards that hold references in this code" in said.err
    )
    assert "workshop.card.text" in said.err
    SPEC.update(references={})
    said = run("checkout", "main", "--apply", "--yes", OTHER)
    assert said.code == 3
    assert "has references inside of fields in cards; this code would take them for" in said.err
    assert row.text == Card.objects.get(title="One").text


def test_a_database_at_a_commit_from_before_goes_on(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    SPEC.update(references={}, identity="pk")
    fill()
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    SPEC.update(references=PLACES)
    ok("commit", "-m", "With references")
    row = Card.objects.get(title="One")
    row.text += " More."
    row.save()
    ok("commit", "-m", "More")
    ok(*APPLY)
    assert seen("other") == seen("default")
    assert "clean" in ok("status", OTHER)


def test_rows_are_paired_that_refer_to_each_other(
    databases: tuple[str, str], ok: Ok, run: Run
) -> None:
    """The numbers inside of them are other ones."""
    card("other", "Gone").delete()
    fill()
    fill("other")
    ok("init")
    ok("commit", "-m", "Cards")
    said = ok("identity", "adopt", "main", OTHER, "--apply", "--yes")
    assert "3 " in said
    ok(*APPLY)
    assert seen("other") == seen("default")
    assert Card.objects.using("other").count() == 3
    assert "clean" in ok("status", OTHER)


def test_a_branch_from_before_the_references(
    databases: tuple[str, str], ok: Ok, run: Run, git: Ok
) -> None:
    """Its new records have primary keys of another database in them."""
    SPEC.update(references={})
    fill()
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    made = card("other", "Late")
    Card.objects.using("other").filter(pk=made.pk).update(text=f"[[card {made.pk}]]")
    ok("commit", "--branch", "late", "-m", "Late", OTHER)
    SPEC.update(references=PLACES)
    ok("commit", "-m", "With references")
    head = git("rev-parse", "HEAD")
    for words in (("merge", "late"), ("cherry-pick", "late"), ("revert", "HEAD")):
        said = run(*words)
        assert said.code == 3, words
        assert "workshop.card.text holds references in" in said.err
        assert git("rev-parse", "HEAD") == head


@pytest.mark.parametrize(
    ("references", "number", "words"),
    [
        ({"gone": {"a[id]": "workshop.card"}}, "E025", "'gone', which is not a column"),
        ({"on": {"a[id]": "workshop.card"}}, "E036", "'on', which is a relation"),
        ({"id": {"a[id]": "workshop.card"}}, "E036", "which is the primary key"),
        ({"text": {"a[id]": "workshop.cart"}}, "E022", "'workshop.cart', which is not a model"),
        ({"text": {"a": "workshop.card"}}, "E021", "must have places like 'tag[name=value]"),
        ({"data": {"a..b": "workshop.card"}}, "E021", "must have paths like"),
        ({"data": 5}, "E021", "must be a dictionary of places"),
        (["text"], "E021", "'references' must be a dictionary of fields"),
    ],
)
def test_places_that_cannot_be(db: str, run: Run, references: Any, number: str, words: str) -> None:
    SPEC.update(references=references)
    found = [each for each in run_checks() if str(each.id).startswith("contentgit.E")]
    assert [each.id for each in found] == [f"contentgit.{number}"]
    assert words in found[0].msg
    assert run("status").code == 2


@pytest.mark.parametrize(
    ("model", "name", "places", "number", "words"),
    [
        ("workshop.gauge", "day", "workshop.card", "E036", "neither texts, integers nor JSON"),
        ("workshop.slot", "rank", {"**": "workshop.card"}, "E021", "must be a model's label"),
        ("workshop.slot", "rank", "workshop.cart", "E022", "'workshop.cart', which is not a model"),
    ],
)
def test_fields_of_other_kinds(
    db: str,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    name: str,
    places: Any,
    number: str,
    words: str,
) -> None:
    spec = {"model": model, "references": {name: places}}
    made = {"slots": {"specs": lambda _: [spec]}}
    monkeypatch.setattr(f"{__name__}.datasets", lambda: made)
    (found,) = [each for each in run_checks() if f"'{name}'" in each.msg]
    assert found.id == f"contentgit.{number}"
    assert words in found.msg


def test_a_number_without_a_row_is_no_missing_row(databases: tuple[str, str], ok: Ok) -> None:
    """Where primary keys name the rows, there is a number to write."""
    SPEC.update(identity="pk", missing={"text": "null", "data": "skip"})
    try:
        card("default", "One", text="[[card 4711]]", data=[4711])
        ok("init")
        ok("commit", "-m", "One")
        ok(*APPLY)
        there = Card.objects.using("other").get()
        assert (there.text, there.data) == ("[[card 4711]]", [4711])
        assert "clean" in ok("status", OTHER)
    finally:
        SPEC.pop("missing")


@pytest.mark.parametrize("identity", ["pk", "uuid"])
@pytest.mark.parametrize(
    "mark",
    [
        "$ref(workshop.card:%zz)",
        "$ref(workshop.card:?)",
        "$ref(workshop.card:?%zz)",
        f"$ref(workshop.card:?{'9' * 5000})",
        f"$ref(workshop.card:{'9' * 30})",
        "$ref(workshop.card:1,2)",
        "$ref(nowhere.model:1)",
        "$ref(contenttypes.contenttype:nowhere,model)",
        "$num(workshop.card:1)",
    ],
)
def test_marks_in_a_pull_request(
    databases: tuple[str, str],
    ok: Ok,
    run: Run,
    git: Ok,
    repository_path: Path,
    identity: str,
    mark: str,
) -> None:
    SPEC.update(identity=identity)
    card("default", "One", text="Nothing.")
    ok("init")
    ok("commit", "-m", "Cards")
    (file,) = repository_path.glob("cards/workshop.card/*/*/*.json")
    file.write_text(file.read_text().replace("Nothing.", mark))
    git("commit", "-qam", "Odd")
    said = run(*APPLY)
    assert said.code in (1, 3), said
    assert "Traceback" not in said.err
    assert len(said.err) < 8000
    assert not Card.objects.using("other").exists()


@pytest.mark.parametrize(("other", "count"), [(Shortcodes(), 0), (Careless(), 1)])
def test_specs_of_one_model_agree(
    db: str, monkeypatch: pytest.MonkeyPatch, other: object, count: int
) -> None:
    SPEC.update(references={"text": Shortcodes()})
    spec = {**SPEC, "references": {"text": other}}
    for listed in ([SPEC, spec], [spec]):
        made = {"cards": {"specs": lambda _: [SPEC]}, "more": {"specs": lambda _, s=listed: s}}
        monkeypatch.setattr(f"{__name__}.datasets", lambda made=made: made)
        found = [each.id for each in run_checks() if "'references'" in each.msg]
        assert {*found} == ({"contentgit.E029"} if count else set())


# With primary keys as names


@pytest.fixture
def numbered(databases: tuple[str, str], ok: Ok) -> None:
    """Two databases at one commit, each of which then makes a card of its own under one key."""
    SPEC.update(identity="pk")
    fill()
    ok("init")
    ok("commit", "-m", "Cards")
    ok(*APPLY)
    for alias, title in (("default", "Here"), ("other", "There")):
        card(alias, title, pk=50)
        row = Card.objects.using(alias).get(title="One" if alias == "default" else "Two")
        row.text, row.data = f"Now [[card 50]], and [[card {row.pk}]].", [50, "50", row.pk]
        row.save(using=alias)
    ok("commit", "-m", "Here")


def titled(alias: str, title: str) -> tuple[str, list[Any]]:
    return seen(alias)[title]


@pytest.mark.parametrize("title", ["Kind of card", "Card"])
def test_what_moves_is_followed_where_another_field_says_so(
    databases: tuple[str, str], ok: Ok, title: str
) -> None:
    SPEC.update(identity="pk", references={"text": OfKind()})
    card("default", "First")
    ok("init")
    ok("commit", "-m", "First")
    ok(*APPLY)
    for alias in ("default", "other"):
        card(alias, f"{title} {alias}", pk=50, text="[[card 50]]")
    ok("commit", "-m", "Here")
    ok(*UPDATE, "--renumber")
    found = {each.title: each for each in Card.objects.using("other")}
    moved = found[f"{title} other"]
    assert moved.pk != 50
    assert moved.text == f"[[card {moved.pk if title.startswith('Kind') else 50}]]"
    assert found[f"{title} default"].text == "[[card 50]]"


def test_what_refers_to_a_row_that_moves_follows(numbered: None, ok: Ok, run: Run) -> None:
    refused = run(*UPDATE)
    assert refused.code == 3
    ok(*UPDATE, "--renumber")
    assert titled("other", "One") == (
        "Now [[card Here]], and [[card One]].",
        ["Here", "Here", "One"],
    )
    there = ("Now [[card There]], and [[card Two]].", ["There", "There", "Two"])
    assert titled("other", "Two") == there
    ok("undo", "--yes", OTHER)
    assert titled("other", "Two") == there
    assert Card.objects.using("other").get(title="There").pk == 50
    ok(*UPDATE, "--renumber")
    ok("commit", "-m", "There", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert seen("default") == seen("other")
    assert "clean" in ok("status", OTHER)
    assert Card.objects.get(title="There").pk != 50


def test_what_moves_gets_no_number_of_a_dead_link(numbered: None, ok: Ok) -> None:
    """Not one that a text has here, nor one in the commit."""
    card("default", "Dead", pk=49, text="[[card 51]] [[card 900]]")
    ok("commit", "-m", "A dead link")
    Card.objects.using("other").filter(title="Three").update(data=[52])
    ok(*UPDATE, "--renumber")
    assert Card.objects.using("other").get(title="There").pk == 53


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_merge_gives_one_of_them_another_key(numbered: None, ok: Ok, run: Run, side: str) -> None:
    ok("commit", "--branch", "there", "-m", "There", OTHER)
    assert run("merge", "there").code == 3
    ok("resolve", "--all", "--renumber", side)
    ok("merge", "--continue", "-m", "Both")
    for words in (("checkout", "main", "--apply", "--yes"), (*APPLY,)):
        ok(*words)
    assert seen("default") == seen("other")
    here = ("Now [[card Here]], and [[card One]].", ["Here", "Here", "One"])
    there = ("Now [[card There]], and [[card Two]].", ["There", "There", "Two"])
    assert (titled("other", "One"), titled("other", "Two")) == (here, there)
    assert {each.title for each in Card.objects.using("other")} >= {"Here", "There"}
    assert "clean" in ok("status", OTHER)
    assert "clean" in ok("status")


def test_a_tracked_dump(numbered: None, ok: Ok, run: Run) -> None:
    ok("track", "cards")
    ok("status")
    Card.objects.filter(title="Here").update(data=[50])
    said = ok("status")
    assert "tracked: read 1 record" in said
    assert "workshop.card:50" in said
    assert ok("status", "--full").count("workshop.card:") == 1
    ok("untrack")
    SPEC.update(identity="uuid")
    assert "what data refers to is named by rows of any model" in run("track", "cards").err


TRAIL: dict[str, Any] = {"model": "workshop.trail", "delete_missing": True, "identity": "uuid"}
WHOLE = {"tag": "workshop.card", "text": "workshop.card"}


def trails() -> dict[str, Any]:
    return {"trails": {"specs": lambda _: [SPEC, {**TRAIL, "references": WHOLE}]}}


def followed(alias: str) -> list[tuple[str, str]]:
    """By trail the titles of the cards whose primary keys its columns are."""
    titles = dict(Card.objects.using(alias).values_list("pk", "title"))
    rows = Trail.objects.using(alias).values_list("tag", "text")
    return sorted((titles.get(tag, f"{tag}"), titles.get(int(text), text)) for tag, text in rows)


@override_settings(CONTENTGIT={"DATASETS": f"{__name__}.trails", "ENVIRONMENT": "test"})
def test_columns_that_are_primary_keys(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    """A number and a text, whose rows are made after them, and that leave their number to no row."""
    for n in range(7):
        card("other", f"Gone {n}").delete()
    one, two = card("default", "One"), card("default", "Two")
    for first, second in ((one.pk, two.pk), (two.pk, one.pk), (4711, 4712)):
        Trail.objects.create(tag=first, text=f"{second}")
    ok("init")
    ok("commit", "-m", "Trails")
    ok("check", "main")
    ok(*APPLY)
    assert followed("other") == followed("default")
    assert followed("other") == [("4711", "4712"), ("One", "Two"), ("Two", "One")]
    assert "clean" in ok("status", OTHER)
    there = Trail.objects.using("other").get(tag=Card.objects.using("other").get(title="One").pk)
    there.tag = Card.objects.using("other").get(title="Two").pk
    there.save(using="other")
    ok("commit", "-m", "Two and two", OTHER)
    ok("checkout", "main", "--apply", "--yes")
    assert followed("default") == [("4711", "4712"), ("Two", "One"), ("Two", "Two")]
    assert "Two" in ok("show", "HEAD")
    former = Card.objects.using("other").get(title="One").pk
    one.delete()
    ok("commit", "-m", "One is gone")
    found = run("check", "main").out
    assert "text: refers to workshop.card:" in found
    assert "1 warning" in found
    assert "refers in text to workshop.card:" in run("checkout", "main", OTHER).out
    ok(*APPLY)
    assert followed("other") == [("4711", "4712"), ("Two", f"{former}"), ("Two", "Two")]
    assert "clean" in ok("status", OTHER)


@override_settings(CONTENTGIT={"DATASETS": f"{__name__}.trails", "ENVIRONMENT": "test"})
def test_columns_that_are_primary_keys_follow_a_row_that_moves(
    databases: tuple[str, str], ok: Ok
) -> None:
    SPEC.update(identity="pk")
    card("default", "One")
    ok("init")
    ok("commit", "-m", "One")
    ok(*APPLY)
    for alias in databases:
        card(alias, f"Of {alias}", pk=50)
    Trail.objects.using("other").create(tag=50, text="50")
    ok("commit", "-m", "Here")
    ok(*UPDATE, "--renumber")
    assert followed("other") == [("Of other", "Of other")]


LOG: list[dict[str, Any]] = [
    {"model": "bakery.category", "delete_missing": True, "identity": "uuid"},
    {"model": "bakery.note", "delete_missing": True, "identity": "uuid"},
    {**TRAIL, "references": {"tag": "bakery.category", "text": "bakery.category"}},
]


@override_settings(CONTENTGIT={"DATASETS": f"{__name__}.log", "ENVIRONMENT": "test"})
def test_a_log_of_a_row_that_is_deleted(databases: tuple[str, str], ok: Ok, run: Run) -> None:
    """New rows keep the primary key that it had in each database, in columns that may dangle."""
    for n in range(7):
        Category.objects.using("other").create(name="Gone", slug=f"gone-{n}").delete()
    made = Category.objects.create(name="Bread", slug="bread")
    ok("init")
    ok("commit", "-m", "Bread")
    ok(*APPLY)
    former = {alias: Category.objects.using(alias).get().pk for alias in databases}
    Trail.objects.create(tag=made.pk, text=f"{made.pk}", about=made)
    Note.objects.create(text="On bread", about=made)
    Category.objects.filter(pk=made.pk)._raw_delete("default")  # type: ignore[attr-defined]
    ok("commit", "-m", "Without bread")
    ok(*APPLY)
    for alias in databases:
        trail = Trail.objects.using(alias).get()
        note = Note.objects.using(alias).get()
        assert {trail.tag, int(trail.text), trail.about_id, note.object_id} == {former[alias]}
        assert not Category.objects.using(alias).exists()
    assert "clean" in ok("status", OTHER)
    # Rows that come later may do so, too.
    Trail.objects.create(tag=made.pk, text="none")
    ok("commit", "-m", "More")
    ok(*APPLY)
    assert [*Trail.objects.using("other").values_list("tag", flat=True)] == [former["other"]] * 2


def log() -> dict[str, Any]:
    return {"log": {"specs": lambda _: LOG}}


def test_a_copy_keeps_a_link_to_a_row_that_is_gone(databases: tuple[str, str], ok: Ok) -> None:
    gone, one = card("default", "Gone"), card("default", "One")
    one.text = f"[[card {gone.pk}]] [[card {one.pk}]]"
    one.save()
    ok("init")
    ok("commit", "-m", "Both")
    pk = gone.pk
    gone.delete()
    ok("commit", "-m", "One")
    copy = ("checkout", "main", "cards", "--apply", "--yes", "--as-new")
    ok(*copy)
    made = Card.objects.exclude(pk=one.pk).get()
    assert made.text == f"[[card {pk}]] [[card {made.pk}]]"
    ok(*copy)
    assert Card.objects.count() == 2

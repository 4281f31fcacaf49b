"""What refuses a plan, as lines: problems of one cause together."""

from __future__ import annotations

import pytest

from contentgit.cli.terminal import ENTRIES_SHOWN, ITEMS_SHOWN, Terminal
from contentgit.content.records import RecordKey
from contentgit.errors import RefusedError
from contentgit.plan.steps import FieldState, Missing, Problem, ProblemKind
from contentgit.render.problems import causes


def drift(number: int) -> Problem:
    key = RecordKey("shop.tag", number)
    state = FieldState("name", "A", f"B{number}", "A")
    text = f"{key} was edited here and would be overwritten: name"
    return Problem(ProblemKind.DRIFT, text, key=key, fields=(state,), permit="--force")


def dangling(number: int, target: str) -> Problem:
    key = RecordKey("shop.tag", number)
    text = f"{key} refers in parent (not nullable) to {target}, which this apply deletes"
    return Problem(ProblemKind.DANGLING, text, key=key)


def unique(number: int, value: str) -> Problem:
    key = RecordKey("shop.tag", number)
    text = (
        f"{key} wants the unique slug={value!r} of shop.tag:{number + 1}, which holds and keeps it"
    )
    return Problem(ProblemKind.UNIQUE, text, key=key)


def test_one_problem_has_its_own_words() -> None:
    (cause,) = causes([drift(1)], {})
    assert cause.text == "shop.tag:1 was edited here and would be overwritten: name"
    assert cause.entries == ((cause.text, '  name: applied "A", here "B1", would become "A"'),)


def test_problems_of_one_cause_are_counted_and_say_what_differs() -> None:
    problems = [
        drift(1),
        dangling(1, "shop.group:7"),
        unique(1, "a b, c"),
        drift(2),
        dangling(2, "shop.group:9"),
        unique(2, "it's"),
    ]
    edited, missing, taken = causes(problems, {})
    assert edited.text == "2 records: shop.tag was edited here and would be overwritten"
    assert edited.entries[1] == (
        "shop.tag:2",
        '  name: applied "A", here "B2", would become "A"',
    )
    assert missing.text == (
        "2 records: shop.tag refers in parent (not nullable) to shop.group, which this apply deletes"
    )
    assert missing.entries == (("shop.tag:1: shop.group:7",), ("shop.tag:2: shop.group:9",))
    assert (
        taken.text
        == "2 records: shop.tag wants the unique slug of shop.tag, which holds and keeps it"
    )
    assert taken.entries[0] == ("shop.tag:1: 'a b, c', shop.tag:2",)


def test_a_key_of_several_parts_is_taken_out_whole() -> None:
    problems = [dangling(1, "shop.page:47ae-82,s1"), dangling(2, "shop.page:47ae-82,s2")]
    (cause,) = causes(problems, {})
    assert cause.text == (
        "2 records: shop.tag refers in parent (not nullable) to shop.page, which this apply deletes"
    )
    assert cause.entries[1] == ("shop.tag:2: shop.page:47ae-82,s2",)


def test_rows_that_a_delete_reaches_are_one_cause_however_many() -> None:
    problems = [
        Problem(
            ProblemKind.CASCADE,
            f"deleting shop.tag:{number} also deletes {rows}, outside of the dump",
            key=RecordKey("shop.tag", number),
        )
        for number, rows in ((1, "shop.note:1"), (2, "shop.note:2, shop.note:3 and 4 more"))
    ]
    (cause,) = causes(problems, {})
    assert cause.text == (
        "2 records: deleting shop.tag also deletes shop.note, outside of the dump"
    )
    assert cause.entries[1] == ("shop.tag:2: shop.note:2, shop.note:3 and 4 more",)


@pytest.mark.parametrize("full", [False, True])
def test_a_long_cause_is_cut_unless_all_is_wanted(
    capsys: pytest.CaptureFixture[str], *, full: bool
) -> None:
    problems = [drift(number) for number in range(1, 31)]
    error = RefusedError("refused", hint="one\ntwo", causes=causes(problems, {}))
    Terminal(colour=False, full=full).error(error)
    lines = capsys.readouterr().err.splitlines()
    shown = 30 if full else ENTRIES_SHOWN
    assert sum("would become" in line for line in lines) == shown
    assert ("    … and 20 more (--verbose lists all)" in lines) is not full
    assert lines[-2:] == ["hint: one", "hint: two"]


@pytest.mark.parametrize("full", [False, True])
def test_many_causes_are_cut_unless_all_is_wanted(
    capsys: pytest.CaptureFixture[str], *, full: bool
) -> None:
    problems = [
        Problem(ProblemKind.FIELD, f"shop.tag has no field f{number}") for number in range(1000)
    ]
    Terminal(colour=False, full=full).error(RefusedError("refused", causes=causes(problems, {})))
    lines = capsys.readouterr().err.splitlines()
    assert sum("has no field" in line for line in lines) == (1000 if full else ITEMS_SHOWN)
    assert ("  … and 800 more (--json lists all)" in lines) is not full


def test_a_missing_row_is_one_line_with_how_many_records_refer_to_it() -> None:
    anna, bob = RecordKey("auth.user", "anna"), RecordKey("auth.user", "bob")

    def missing(key: str, row: RecordKey, field: str) -> Problem:
        record = RecordKey.parse(key)
        return Problem(ProblemKind.MISSING, "refers", record, missing=Missing(row, field))

    found = causes(
        [
            missing("blog.article:1", bob, "author"),
            missing("blog.article:1", anna, "author"),
            missing("blog.article:1", anna, "editors"),
            missing("blog.article:2", anna, "author"),
            missing("blog.profile:anna", anna, "$key"),
        ],
        {},
    )
    assert [each.entries for each in found] == [
        (
            (
                (
                    f"{anna} is not in this database: 3 records refer to it, in blog.article.author, "
                    "blog.article.editors, blog.profile (blog.article:1, …)"
                ),
            ),
        ),
        (
            (
                (
                    "auth.user:bob is not in this database: 1 record refers to it, in blog.article.author "
                    "(blog.article:1)"
                ),
            ),
        ),
    ]

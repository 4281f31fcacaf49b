"""The project's own code around an apply and behind a commit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.dispatch import Signal
from django.test.utils import CaptureQueriesContext

from contentgit.content.diff import ABSENT, Change
from contentgit.errors import RefusedError
from contentgit.plan.steps import Action
from contentgit.signals import Changes, post_apply, post_commit, pre_apply
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, NewsPage, Product, Review, Tag
from tests.verbs.conftest import Run

Ok = Callable[..., str]
APPLY = ("checkout", "main", "--apply", "--yes", "--database=other")
Seen = list[tuple[str, str, dict[str, tuple[Any, Any]]]]


@contextmanager
def listening(signal: Signal, receive: Callable[..., object]) -> Iterator[None]:
    signal.connect(receive)
    try:
        yield
    finally:
        assert signal.disconnect(receive)


def seen(changes: Any) -> Seen:
    """Kind, record, and each field before and after of changes to records that were there."""
    return [
        (
            each.kind,
            str(each.key),
            {f.name: (f.before, f.after) for f in each.fields} if each.kind == "update" else {},
        )
        for each in changes
    ]


def edit(ok: Ok) -> str:
    """An update with links, a create and a delete; the commit."""
    Product._base_manager.get(pk=42).delete()
    product = Product._base_manager.get(pk=41)
    product.tags.set([Tag.objects.get(pk=12)])
    Product._base_manager.filter(pk=41).update(name="Winter bread")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    return ok("commit", "-m", "Winter").split()[1]


EDITED: Seen = [
    ("delete", "bakery.product:42", {}),
    (
        "update",
        "bakery.product:41",
        {
            "name": ("Summer bread", "Winter bread"),
            "tags": (["bakery.tag:3"], ["bakery.tag:12"]),
        },
    ),
    ("create", "bakery.tag:77", {}),
]


# What is told, and when


def test_an_apply_is_told_before_it_writes_and_after_it_has_committed(twins: None, ok: Ok) -> None:
    commit = edit(ok)
    told: list[tuple[str, dict[str, Any], Seen, str, bool]] = []

    def receive(signal: Signal, sender: Any, changes: Changes, **more: Any) -> None:
        moment = "pre" if signal is pre_apply else "post"
        assert sender.label == "contentgit"
        name = Product._base_manager.using("other").get(pk=41).name
        inside = connections["other"].in_atomic_block
        told.append((moment, more, seen(changes), name, inside))
        assert seen(changes) == told[-1][2]  # read twice

    with listening(pre_apply, receive), listening(post_apply, receive):
        ok(*APPLY)
    assert [(moment, name, inside) for moment, _, _, name, inside in told] == [
        ("pre", "Summer bread", True),
        ("post", "Winter bread", False),
    ]
    for _, more, changes, _, _ in told:
        plan = more.pop("plan")
        assert plan.counts == {Action.DELETE: 1, Action.UPDATE: 1, Action.CREATE: 1}
        assert more.pop("commit").startswith(commit)
        assert more == {
            "using": "other",
            "environment": "test",
            "verb": "checkout",
            "branch": "main",
            "dumps": ("shop", "hours", "pages"),
        }
        assert changes == EDITED


def test_an_apply_that_changes_nothing_is_told_only_if_the_database_moves(
    twins: None, ok: Ok
) -> None:
    told: list[Any] = []

    def receive(commit: str, changes: Changes, **more: Any) -> None:
        told.append((commit, list(changes)))

    with listening(pre_apply, receive), listening(post_apply, receive):
        ok(*APPLY)
        assert told == []
        Tag.objects.create(pk=77, name="Nuts", slug="nuts")
        Tag.objects.using("other").create(pk=77, name="Nuts", slug="nuts")
        ok("commit", "-m", "Nuts")
        ok(*APPLY)
    assert [changes for _, changes in told] == [[], []]


def test_rows_outside_the_dump_are_told_too(twins: None, ok: Ok) -> None:
    Review.objects.using("other").create(pk=1, product_id=41, text="Best")
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    told: dict[str, Change] = {}

    def receive(changes: Changes, **more: Any) -> None:
        told.update((str(each.key), each) for each in changes)

    with listening(post_apply, receive):
        ok(*APPLY, "--allow-cascade")
    assert told["bakery.review:1"].before is not None
    assert told["bakery.review:1"].before.fields["text"] == "Best"
    assert told["bakery.review:1"].after is None
    # The news about the product stays; its reference is cleared by the commit itself.
    assert told["bakery.newspage:5"].kind == "update"


def test_references_that_a_delete_clears_are_told(twins: None, ok: Ok) -> None:
    """The news are in a dump that is not applied, so what happens to them is outside."""
    NewsPage.objects.filter(pk=5).update(about=None)
    Product._base_manager.get(pk=41).delete()
    ok("commit", "-m", "Sold out")
    told: list[Any] = []

    def receive(changes: Changes, **more: Any) -> None:
        told.extend(seen(changes))

    with listening(pre_apply, receive), listening(post_apply, receive):
        ok("checkout", "main", "shop", "--apply", "--yes", "--database=other", "--allow-cascade")
    cleared = ("update", "bakery.newspage:5", {"about": ("bakery.product:41", None)})
    assert told.count(cleared) == 2


def test_a_row_that_the_filter_does_not_match_is_told_as_it_was(
    databases: tuple[str, str], ok: Ok
) -> None:
    fill()
    fill("other")
    ok("init")
    ok("commit", "categories:bread", "-m", "Bread")
    Product._base_manager.using("other").filter(pk=41).update(category_id=2)
    told: list[Any] = []

    def receive(changes: Changes, **more: Any) -> None:
        told.extend(seen(changes))

    with listening(post_apply, receive):
        words = ("categories:bread", "--apply", "--yes", "--database=other", "--force")
        ok("checkout", "main", *words)
    fields = {"category": ("bakery.category:2", "bakery.category:1")}
    assert told == [("update", "bakery.product:41", fields)]


def test_what_was_overwritten_by_force_is_told(twins: None, ok: Ok) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    told: list[Any] = []

    def receive(changes: Changes, **more: Any) -> None:
        told.extend(seen(changes))

    with listening(post_apply, receive):
        ok(*APPLY, "--force")
    name = Tag.objects.get(pk=3).name
    assert told == [("update", "bakery.tag:3", {"name": ("Bio", name)})]


def test_what_is_withheld_is_no_change(databases: tuple[str, str], ok: Ok) -> None:
    """A link to a row that the target lacks is not written, so it is not told either."""
    fill()
    ok("init")
    ok("commit", "categories:bread", "-m", "Bread")
    Tag.objects.using("other").create(pk=12, name="x", slug="x")
    told: dict[str, Change] = {}

    def receive(changes: Changes, **more: Any) -> None:
        told.update((str(each.key), each) for each in changes)

    with listening(post_apply, receive):
        ok("checkout", "main", "categories:bread", "--apply", "--yes", "--database=other")
    products = Product._base_manager.using("other").all()
    assert products.exists()
    for product in products:
        after = told[f"bakery.product:{product.pk}"].after
        assert after is not None
        assert after.fields["tags"] == [f"bakery.tag:{tag.pk}" for tag in product.tags.all()]


def test_a_commit_is_told(twins: None, ok: Ok, git: Ok) -> None:
    told: list[Any] = []

    def receive(sender: Any, signal: Any, changes: Changes, **more: Any) -> None:
        told.append((more, seen(changes)))
        assert git("rev-parse", "main") == more["commit"]

    with listening(post_commit, receive):
        ok("commit", "-m", "Nothing")
        assert told == []
        edit(ok)
    ((more, changes),) = told
    assert more == {
        "using": "default",
        "environment": "test",
        "commit": git("rev-parse", "main"),
        "parent": git("rev-parse", "main~1"),
        "branch": "main",
        "dumps": ("shop",),
    }
    assert sorted(changes, key=str) == sorted(EDITED, key=str)


def test_the_first_commit_is_told_as_creates(db: str, ok: Ok) -> None:
    Tag.objects.create(pk=1, name="Nuts", slug="nuts")
    told: list[Change] = []

    def receive(changes: Changes, **more: Any) -> None:
        told.extend(changes)

    ok("init")
    with listening(post_commit, receive):
        ok("commit", "shop", "-m", "Tags")
    (change,) = told
    assert (change.kind, str(change.key)) == ("create", "bakery.tag:1")
    assert [(f.name, f.before, f.after) for f in change.fields] == [
        ("name", ABSENT, "Nuts"),
        ("slug", ABSENT, "nuts"),
    ]


# What receivers raise


def refuse(**more: Any) -> None:
    raise RefusedError("no applies on Friday", hint="wait until Monday")


def fail(**more: Any) -> None:
    sys.stdout.write("about to fail\n")
    raise ZeroDivisionError("no flour")


def leave(**more: Any) -> None:
    raise SystemExit(3)


def write(using: str, **more: Any) -> None:
    Category.objects.using(using).create(pk=500, name="From a receiver", slug="receiver")


REFUSED = """\
refused: tests.verbs.test_hooks.refuse, a receiver of pre_apply, refuses: no applies on Friday
hint: wait until Monday
"""
FAILED = """\
about to fail
error: tests.verbs.test_hooks.fail, a receiver of pre_apply, raised ZeroDivisionError: no flour
hint: nothing has been written; mend the receiver
"""
LEFT = """\
error: tests.verbs.test_hooks.leave, a receiver of pre_apply, raised SystemExit: 3
hint: nothing has been written; mend the receiver
"""


@pytest.mark.parametrize(
    ("receive", "code", "said"), [(refuse, 3, REFUSED), (fail, 1, FAILED), (leave, 1, LEFT)]
)
def test_a_receiver_of_pre_apply_stops_the_apply(
    receive: Callable[..., None], code: int, said: str, twins: None, ok: Ok, run: Run, git: Ok
) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    edit(ok)
    before, refs = raw.snapshot("other"), git("for-each-ref")
    with listening(pre_apply, write), listening(pre_apply, receive):
        found = run(*APPLY, "--force")
    assert (found.code, found.out, found.err) == (code, "", said)
    assert raw.snapshot("other") == before
    assert git("for-each-ref") == refs  # no backup either


def test_a_plan_that_is_refused_asks_nobody(twins: None, ok: Ok, run: Run) -> None:
    Tag.objects.using("other").filter(pk=3).update(name="Bio")
    with listening(pre_apply, fail):
        said = run(*APPLY)
    assert said.code == 3
    assert "edited in this database" in said.err
    ok("checkout", "main", "--database=other", "--force")


def test_what_receivers_raise_behind_an_apply_is_told_and_undoes_nothing(
    twins: None, ok: Ok, run: Run
) -> None:
    commit = edit(ok)
    told: list[str] = []

    def last(commit: str, **more: Any) -> None:
        told.append(commit[:10])

    with listening(post_apply, fail), listening(post_apply, last):
        said = run(*APPLY)
    assert said.code == 1
    assert said.out.startswith(f"Applied {commit} (main) to database other (test): ")
    assert said.err == (
        "about to fail\nerror: applied, but 1 project hook failed afterwards\n"
        "  tests.verbs.test_hooks.fail: ZeroDivisionError: no flour\n"
        "hint: nothing was undone; fix the hook, then do by hand what it did not do\n"
    )
    assert told == [commit]
    assert raw.snapshot("other") == raw.snapshot("default")
    assert "clean" in ok("status", "--database=other")


def test_with_json_the_failures_are_part_of_the_one_document(twins: None, ok: Ok, run: Run) -> None:
    with listening(post_commit, leave):
        Tag.objects.create(pk=77, name="Nuts", slug="nuts")
        said = run("commit", "-m", "Nuts", "--json")
    failure = {"hook": "tests.verbs.test_hooks.leave", "error": "SystemExit: 3"}
    assert (said.code, said.json["failures"]) == (1, [failure])
    assert said.json["commit"]
    with listening(post_apply, fail):
        said = run(*APPLY, "--json")
    failure = {"hook": "tests.verbs.test_hooks.fail", "error": "ZeroDivisionError: no flour"}
    assert (said.code, said.json["applied"], said.json["failures"]) == (1, True, [failure])


def test_nobody_pays_for_changes_that_nobody_reads(twins: None, ok: Ok) -> None:
    def count(signal: Signal, receive: Callable[..., object]) -> int:
        tag = Tag.objects.get(pk=3)
        Tag.objects.filter(pk=3).update(name=f"{tag.name}!")
        ok("commit", "-m", "Certified")
        with listening(signal, receive), CaptureQueriesContext(connections["other"]) as queries:
            ok(*APPLY)
        return len(queries)

    def ignores(**more: Any) -> None: ...

    def reads(changes: Changes, **more: Any) -> None:
        assert len(list(changes)) == 1

    least = count(post_commit, ignores)
    assert count(pre_apply, ignores) == least
    assert count(pre_apply, reads) > least


def test_an_interruption_behind_the_transaction_says_what_is_done(
    twins: None, ok: Ok, run: Run
) -> None:
    commit = edit(ok)

    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    with listening(pre_apply, interrupt):
        said = run(*APPLY)
        assert (said.code, "unfinished work was not written: " in said.err) == (130, True)
    assert "clean" in ok("status", "--database=other")
    with listening(post_apply, interrupt):
        said = run(*APPLY)
        assert said.code == 130
        assert f"interrupted; database 'other' is at {commit}; HEAD may not have moved" in said.err
        assert "contentgit status" in said.err
        assert f"at {commit}" in ok("status", "--database=other")
        said = run("undo", "--yes", "--database=other")
        assert (said.code, "'other' was brought back; HEAD" in said.err) == (130, True)

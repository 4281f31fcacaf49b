"""Decisions that would make a merge wrong are refused, each with what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contentgit.errors import ConflictError, RefusedError, UsageError
from contentgit.merge import Take
from contentgit.porcelain.merging import merge
from contentgit.porcelain.merging.deciding import Decision, resolve
from contentgit.porcelain.merging.operation import current
from contentgit.porcelain.merging.recorded import resolve_recorded
from contentgit.repository import Repository
from tests.git.content import Site, page
from tests.git.test_tree_merge import START


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(Repository.init(repository_path, bare=True), START)


def stopped(site: Site, ours: Any, theirs: Any) -> Site:
    """The site with a merge of what both did under way."""
    site.commit("summer", theirs)
    site.commit("main", ours)
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    return site


@pytest.mark.parametrize(
    ("field", "values", "value", "said"),
    [
        ("title", ("W", "S"), 5, "is not text"),
        ("title", ("W", "S"), None, "is null, which the field does not take"),
        ("edited", (1, 2), "tomorrow", 'is not a time like "2026-11-22T13:05:00.000000Z"'),
        ("tags", (1, 2), "site.tag:1", 'is not a list of references like "app.model:key"'),
        ("parent", ("site.page:2", "site.page:4"), "site.tag:1", "is no reference to site.page"),
        (
            "parent",
            ("site.page:2", "site.page:4"),
            "site.page:99",
            "refers to site.page:99, which is not there",
        ),
    ],
)
def test_a_value_that_the_field_does_not_take(
    site: Site, field: str, values: Any, value: Any, said: str
) -> None:
    stopped(site, {"site.page:3": {field: values[0]}}, {"site.page:3": {field: values[1]}})
    with pytest.raises(UsageError) as caught:
        resolve(site.repository, [f"site.page:3/{field}"], Decision(value=value))
    assert caught.value.message == f"site.page:3/{field}: the value {said}"
    operation = current(site.repository)
    assert operation is not None
    assert operation.resolutions == ()


def test_a_recorded_value_is_looked_at_too(site: Site) -> None:
    site.commit("summer", {"site.page:3": {"title": "S"}})
    site.commit("main", {"site.page:3": {"title": "W"}})
    merge(site.repository, "summer", record=True)
    with pytest.raises(UsageError, match=r"site\.page:3/title: the value is not text"):
        resolve_recorded(site.repository, ["site.page:3/title"], Decision(value=5))


def test_a_field_that_there_is_not(site: Site) -> None:
    stopped(site, {"site.page:4": {"title": "W"}}, {"site.page:4": None})
    with pytest.raises(UsageError, match=r"site\.page:4/titel: site\.page has no field titel"):
        resolve(site.repository, ["site.page:4/titel"], Decision(value="x"))


def test_the_base_of_what_it_does_not_have(site: Site) -> None:
    """A record that both added would lose its fields, and an apply leave their columns to chance."""
    stopped(site, {"site.page:9": page("W")}, {"site.page:9": page("S")})
    with pytest.raises(RefusedError) as caught:
        resolve(site.repository, ["site.page:9"], Decision(Take.BASE))
    assert caught.value.message == "the base has nothing at 2 places, so it cannot be taken"
    assert caught.value.items == ("site.page:9/slug", "site.page:9/title")
    assert "--take delete" in caught.value.hint
    resolve(site.repository, ["site.page:9"], Decision(Take.DELETE))

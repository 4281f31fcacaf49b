"""The system checks, as ``manage.py check`` shows them."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from contentgit import config
from contentgit.errors import ConfigurationError


def found() -> list[tuple[str, Any]]:
    return [(m.id, m.obj) for m in run_checks() if m.id and m.id.startswith("contentgit.")]


def wrong() -> dict[str, Any]:
    return {"shop": {"specs": lambda args: [{"model": "bakery.tga"}]}}


@override_settings(
    CONTENTGIT={"REPOSITORY": "content", "DATASETS": "tests.bakery.datasets.datasets"}
)
def test_nothing_to_say() -> None:
    assert found() == []


@override_settings(CONTENTGIT={})
def test_what_is_not_set_is_worth_a_word() -> None:
    assert found() == [("contentgit.W001", None), ("contentgit.W002", None)]


@override_settings(CONTENTGIT={"REPO": "x", "ENVIRONMENT": "a b"})
def test_wrong_settings() -> None:
    assert found() == [("contentgit.E002", None), ("contentgit.E004", None)]
    with pytest.raises(ConfigurationError) as caught:
        config.read()
    assert caught.value.message == "2 problems in the settings"


@override_settings(CONTENTGIT={"REPOSITORY": "content"}, FEINCMS3_DATA_DATASETS="nowhere.datasets")
def test_datasets_that_cannot_be_imported() -> None:
    assert found() == [("contentgit.E005", "datasets at 'nowhere.datasets'")]


@override_settings(CONTENTGIT={"REPOSITORY": "content", "DATASETS": "tests.db.test_checks.wrong"})
def test_as_it_is_printed() -> None:
    with pytest.raises(SystemCheckError) as caught:
        call_command("check", stdout=StringIO(), stderr=StringIO())
    assert (
        "dataset 'shop', spec 1 (bakery.tga): (contentgit.E022) there is no model 'bakery.tga'\n"
        "\tHINT: did you mean 'bakery.tag'?"
    ) in str(caught.value)

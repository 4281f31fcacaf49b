"""A project's datasets module: what it may say, and what it is told when it is wrong.

None of these tests has a database: datasets are evaluated without one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from contentgit import datasets
from contentgit.datasets import (
    DatasetDefinition,
    define_datasets,
    identities,
    load_datasets,
    parse_dump_argument,
    specs_for_app_models,
    specs_for_derived_models,
    specs_for_models,
)
from contentgit.db.outgoing import recipe
from contentgit.errors import ConfigurationError, UsageError
from contentgit.specs import Dataset, ModelSpec
from tests.bakery.models import Category, Ingredient, Page, Tag
from tests.odd.models import Named

# The functions that the tests name by dotted path


def not_a_mapping() -> list[str]:
    return ["shop"]


def raising() -> dict[str, Any]:
    raise RuntimeError("no bread today\nand no cake")


NOT_CALLABLE = {"shop": {"specs": list}}


def wrong_definitions() -> dict[Any, Any]:
    return {
        "": {"specs": list},
        "a:b": {"specs": list},
        "-x": {"specs": list},
        7: {"specs": list},
        "listed": [],
        "no-specs": {},
        "spec-list": {"specs": [{"model": "bakery.tag"}]},
        "unknown-key": {"specs": lambda args: [], "depend_on": []},
        "wrong-needs": {"specs": lambda args: [], "depends_on": "shop"},
        "missing-needs": {"specs": lambda args: [], "depends_on": ["shop:3"]},
        "circle": {"specs": lambda args: [], "depends_on": ["wrong-needs", "circle:1"]},
    }


def with_everything() -> dict[str, Any]:
    return {
        "fine": {"specs": lambda args: specs_for_models([Category])},
        "strict": {"specs": lambda args: _strict(args), "mappers": {"bakery.tag": list}},
        "refused": {"specs": lambda args: [{"model": "bakery.tag", "filter": {"pk__in": [args]}}]},
        "raises": {"specs": lambda args: 1 / 0},
        "reads": {"specs": _reads_rows},
        "new": {
            "specs": lambda args: [
                {"model": "workshop.shelf", "save_as_new": True},
                {"model": "bakery.tag", "save_as_new": True},
            ]
        },
        "uuid": {"specs": lambda args: specs_for_models([Page], {"identity": "uuid"})},
        "natural": {"specs": lambda args: specs_for_models([Tag], {"identity": "natural"})},
        "proxy": {"specs": lambda args: [{"model": "odd.proxysection"}]},
    }


def _strict(arguments: str) -> list[dict[str, Any]]:
    keys = [int(key) for key in arguments.split(",")]
    return [{"model": "bakery.tag", "filter": {"pk__in": keys}}]


def _reads_rows(arguments: str) -> list[dict[str, Any]]:
    raise DatabaseError("no such table: bakery_tag")


HERE = "tests.db.test_datasets"


def define(specs: Any) -> DatasetDefinition:
    return DatasetDefinition("shop", specs if callable(specs) else lambda args: specs)


# The helpers


def test_specs_for_models_keep_the_order_and_share_the_keys() -> None:
    spec = {"delete_missing": True, "model": "ignored"}
    assert specs_for_models([Tag, Category], spec) == [
        {"model": "bakery.tag", "delete_missing": True},
        {"model": "bakery.category", "delete_missing": True},
    ]
    assert specs_for_models(iter([Tag])) == [{"model": "bakery.tag"}]
    assert spec == {"delete_missing": True, "model": "ignored"}


def test_specs_for_app_models_leave_out_models_without_rows() -> None:
    assert specs_for_app_models("odd", {"delete_missing": True}) == [
        {"model": f"odd.{name}", "delete_missing": True}
        for name in ("section", "subsection", "article", "line", "halfnatural", "extended")
    ]


def test_specs_for_derived_models_go_to_any_depth() -> None:
    assert specs_for_derived_models(Named) == [
        {"model": f"odd.{name}"} for name in ("section", "subsection", "article", "halfnatural")
    ]
    assert specs_for_derived_models(Page) == [
        {"model": "bakery.newspage"},
        {"model": "odd.extended"},
    ]


def test_an_app_that_is_not_installed_raises_as_django_does() -> None:
    with pytest.raises(LookupError, match="No installed app with label 'cakery'"):
        specs_for_app_models("cakery")


# From function to dumps


def test_the_bakery() -> None:
    definitions = load_datasets("tests.bakery.datasets.datasets")
    assert list(definitions) == ["shop", "hours", "pages", "categories"]
    assert definitions["pages"].dump() == Dataset(
        "pages",
        "",
        (
            ModelSpec("bakery.page", delete_missing=True),
            ModelSpec("bakery.newspage", delete_missing=True),
        ),
        ("shop",),
    )
    dump = definitions["categories"].dump("bread,cake")
    assert (dump.label, dump.models) == (
        "categories:bread,cake",
        ("bakery.category", "bakery.product"),
    )
    assert dump.specs[1] == ModelSpec(
        "bakery.product",
        {"category__slug__in": ["bread", "cake"]},
        delete_missing=True,
        ignore_missing_m2m=("tags",),
    )


def test_a_module_of_feincms3_data_works_after_its_import_line_is_changed(tmp_path: Path) -> None:
    source = (
        "from feincms3_data.data import specs_for_derived_models, specs_for_models\n"
        "from tests.bakery import models\n"
        "def _categories(args):\n"
        "    pks = [int(pk) for pk in args.split(',')]\n"
        "    return [\n"
        "        *specs_for_models([models.Category], {'filter': {'pk__in': pks}}),\n"
        "        *specs_for_models([models.Product], {\n"
        "            'filter': {'category__in': pks}, 'delete_missing': True,\n"
        "            'ignore_missing_m2m': ['tags'], 'defer_values': ['slug'],\n"
        "        }),\n"
        "    ]\n"
        "def datasets():\n"
        "    return {\n"
        "        'pages': {'specs': lambda args: [\n"
        "            *specs_for_models([models.Page], {'delete_missing': True}),\n"
        "            *specs_for_derived_models(models.Page)]},\n"
        "        'categories': {'specs': _categories},\n"
        "    }\n"
    )
    scope: dict[str, Any] = {}
    exec(source.replace("feincms3_data.data", "contentgit.datasets"), scope)
    definitions, problems = define_datasets(scope["datasets"]())
    assert problems == []
    assert definitions["pages"].dump().models == (
        "bakery.page",
        "bakery.newspage",
        "odd.extended",
    )
    assert definitions["categories"].dump("1,2").specs == (
        ModelSpec("bakery.category", {"pk__in": [1, 2]}),
        ModelSpec(
            "bakery.product",
            {"category__in": [1, 2]},
            delete_missing=True,
            ignore_missing_m2m=("tags",),
            defer_values=("slug",),
        ),
    )
    assert [d.needs_arguments for d in definitions.values()] == [False, True]


def test_the_same_model_may_stand_in_several_specs() -> None:
    raws = [
        {"model": "bakery.tag", "filter": {"slug": "a"}, "delete_missing": True},
        {"model": "Bakery.Tag", "filter": {"slug": "b"}},
    ]
    assert define(raws).dump().specs == (
        ModelSpec("bakery.tag", {"slug": "a"}, delete_missing=True),
        ModelSpec("bakery.tag", {"slug": "b"}),
    )


def test_specs_may_come_from_a_generator() -> None:
    dataset = define(lambda args: (spec for spec in [{"model": "bakery.tag"}])).dump()
    assert dataset.specs == (ModelSpec("bakery.tag"),)


def test_nothing_is_evaluated_at_import(tmp_path: Path) -> None:
    """Neither the import of contentgit nor Django's start calls the project's function."""
    (tmp_path / "site_datasets.py").write_text("def datasets():\n    raise SystemExit('called')\n")
    (tmp_path / "site_settings.py").write_text(
        "INSTALLED_APPS = ['django.contrib.contenttypes', 'contentgit']\n"
        "CONTENTGIT = {'DATASETS': 'site_datasets.datasets'}\n"
    )
    program = (
        "import django, sys; django.setup()\n"
        "import contentgit.datasets, contentgit.checks, contentgit.config\n"
        "assert contentgit.config.read().datasets == 'site_datasets.datasets'\n"
        "assert 'site_datasets' not in sys.modules\n"
        "contentgit.datasets.load_datasets('site_datasets.datasets')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "DJANGO_SETTINGS_MODULE": "site_settings",
            "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        },
        capture_output=True,
        text=True,
    )
    assert (done.stderr, done.returncode) == ("called\n", 1)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tests.nowhere.datasets", "cannot be imported: ModuleNotFoundError: No module named"),
        (f"{HERE}.nothing", "cannot be imported: ImportError: Module"),
        (f"{HERE}.NOT_CALLABLE", "is dict, not a function"),
        (f"{HERE}.raising", "raised RuntimeError: no bread today"),
        (f"{HERE}.not_a_mapping", "gave list, not a dictionary"),
    ],
)
def test_functions_that_give_no_datasets(path: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_datasets(path)
    assert caught.value.message.startswith(f"datasets at '{path}': {message}")
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_no_dataset_is_named_as_the_folder_of_files() -> None:
    found, problems = define_datasets({"files": {"specs": lambda _: []}})
    assert found == {}
    assert [(each.id, each.message) for each in problems] == [
        (
            "contentgit.E039",
            "'files' cannot be a dataset's name: commits have the files of rows there",
        )
    ]


def test_all_problems_of_the_definitions_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_datasets(f"{HERE}.wrong_definitions")
    assert caught.value.message == f"11 problems in {HERE}.wrong_definitions"
    assert (
        caught.value.items
        == (
            "datasets: '' cannot be a dataset's name",
            "datasets: 'a:b' cannot be a dataset's name",
            "datasets: '-x' cannot be a dataset's name",
            "datasets: 7 cannot be a dataset's name",
            "dataset 'listed': is list, not a dictionary",
            "dataset 'no-specs': 'specs' must be a function of the dataset's arguments",
            "dataset 'spec-list': 'specs' must be a function of the dataset's arguments",
            "dataset 'unknown-key': unknown key 'depend_on'",
            "dataset 'wrong-needs': 'depends_on' must be a list of names of datasets, not 'shop'",
            "dataset 'missing-needs': depends on 'shop', which does not exist (missing-needs -> shop)",
            "dataset 'circle': depends on itself: circle -> circle",
        )
        or len(caught.value.items) == 12
    )


def test_a_specs_function_that_raises_is_named_with_its_error() -> None:
    def broken(arguments: str) -> list[Any]:
        raise TypeError("first line\nsecond line")

    with pytest.raises(ConfigurationError) as caught:
        define(broken).dump("42")
    message = "dataset 'shop:42': the specs function raised TypeError: first line"
    assert caught.value.message == message
    assert caught.value.hint == "mend the function in the datasets module"


def test_dump_tells_all_problems() -> None:
    raws = [{"model": "bakery.tga"}, {"model": "bakery.tag", "exclude": ["slgu"], "filtre": 3}, 3]
    with pytest.raises(ConfigurationError) as caught:
        define(raws).dump()
    assert caught.value.message == "3 problems in dataset 'shop'"
    assert caught.value.items == (
        "dataset 'shop', spec 2 (bakery.tag): unknown key 'filtre'",
        "dataset 'shop', spec 3: a spec is a dictionary, not int",
        "dataset 'shop', spec 1 (bakery.tga): there is no model 'bakery.tga'",
    )
    assert [problem["hint"] for problem in caught.value.data["problems"]] == [
        "did you mean 'filter'?",
        'write {"model": "app.model"}',
        "did you mean 'bakery.tag'?",
    ]


def test_names_of_dumps() -> None:
    assert parse_dump_argument("districts:42,43") == ("districts", "42,43")
    assert parse_dump_argument("districts:a:b") == ("districts", "a:b")
    assert parse_dump_argument("districts:") == ("districts", "")
    assert parse_dump_argument("districts") == ("districts", "")
    for text in ("", ":42"):
        with pytest.raises(UsageError):
            parse_dump_argument(text)


def test_what_cannot_be_saved_as_new() -> None:
    """A primary key that is content is a part of the copy."""
    dataset, problems = define([{"model": "bakery.tag", "save_as_new": True}]).evaluate()
    assert dataset.specs == (ModelSpec("bakery.tag", save_as_new=True),)
    assert problems == []
    _, problems = define([{"model": "workshop.shelf", "save_as_new": True}]).evaluate()
    assert [(one.id, one.message) for one in problems] == [
        (
            "contentgit.E030",
            "'save_as_new' of workshop.shelf: its primary key code is content, so a copy has it, too",
        )
    ]
    _, problems = define([{"model": "auth.group", "save_as_new": True}]).evaluate()
    message = "'save_as_new' of auth.group: its rows have one name in every database"
    assert [(one.id, one.message) for one in problems] == [("contentgit.E030", message)]


# Identities of all datasets


def definitions_of(**specs: Any) -> dict[str, DatasetDefinition]:
    raw = {name: {"specs": s if callable(s) else lambda args, s=s: s} for name, s in specs.items()}
    definitions, problems = define_datasets(raw)
    assert problems == []
    return definitions


def test_identities_of_all_datasets() -> None:
    definitions = definitions_of(
        shop=[{"model": "bakery.tag", "identity": ["slug"]}, {"model": "bakery.product"}],
        tags=[{"model": "Bakery.Tag", "identity": ["slug"], "filter": {"pk": 1}}],
        pages=[{"model": "bakery.page", "identity": "uuid"}],
        strict=_strict,
    )
    assert identities(definitions) == {
        "bakery.tag": ("slug",),
        "bakery.product": "pk",
        "bakery.page": "uuid",
    }


def test_identities_must_agree_over_all_datasets() -> None:
    definitions = definitions_of(
        shop=[{"model": "bakery.tag"}],
        tags=[{"model": "bakery.tag", "identity": "natural"}],
    )
    with pytest.raises(ConfigurationError) as caught:
        identities(definitions)
    assert caught.value.message == (
        "dataset 'tags': 'identity' of bakery.tag is 'natural', in 'shop' 'pk'"
    )
    assert caught.value.hint == "give every spec of bakery.tag the same 'identity'"


def test_identities_need_every_dataset() -> None:
    """One left out because it is broken would have its rows referred to by the wrong key."""
    for broken in (_reads_rows, lambda args: 1 / 0, [{"model": "bakery.tgg"}]):
        with pytest.raises(ConfigurationError):
            identities(definitions_of(shop=[{"model": "bakery.page"}], broken=broken))


def test_arguments_may_not_change_an_identity() -> None:
    def tags(arguments: str) -> list[dict[str, Any]]:
        keys = [int(key) for key in arguments.split(",")]
        return [{"model": "bakery.tag", "filter": {"pk__in": keys}, "identity": ["slug"]}]

    with pytest.raises(ConfigurationError) as caught:
        definitions_of(tags=tags)["tags"].dump("1,2")
    assert caught.value.message == (
        "dataset 'tags:1,2': 'identity' of bakery.tag is ('slug',) here, "
        "'pk' in the datasets without arguments"
    )
    others = definitions_of(tags=tags, all=[{"model": "bakery.tag", "identity": ["slug"]}])
    assert others["tags"].dump("1,2").specs[0].identity == ("slug",)


def test_only_a_key_that_the_arguments_give_is_missing_for_want_of_arguments() -> None:
    """A setting or an environment variable that is not there is an error: the dataset was passed over."""
    places = {"north": 1}

    def by_name(arguments: str) -> list[dict[str, Any]]:
        return [{"model": "bakery.tag", "filter": {"pk": places[arguments]}}]

    def by_setting(_arguments: str) -> list[dict[str, Any]]:
        return [{"model": "bakery.tag", "filter": {"pk": places["south"]}}]

    definitions = definitions_of(by_name=by_name, by_setting=by_setting)
    assert definitions["by_name"].needs_arguments
    assert not definitions["by_setting"].needs_arguments
    assert [each.id for each in definitions["by_setting"].evaluate()[1]] == ["contentgit.E015"]


# All at once


def test_validation_finds_everything_in_one_go() -> None:
    found = datasets.validate(f"{HERE}.with_everything")
    assert [(p.id, p.where) for p in found] == [
        ("contentgit.W003", "dataset 'strict'"),
        ("contentgit.W004", "dataset 'strict'"),
        ("contentgit.W003", "dataset 'refused'"),
        ("contentgit.E015", "dataset 'raises'"),
        ("contentgit.W003", "dataset 'reads'"),
        ("contentgit.E030", "dataset 'new', spec 1 (workshop.shelf)"),
        ("contentgit.W006", "dataset 'proxy', spec 1 (odd.proxysection)"),
        ("contentgit.E029", "dataset 'natural'"),
    ]
    assert all(problem.hint for problem in found)
    assert found[0].message == (
        "cannot be checked without arguments: the specs function raised "
        "ValueError: invalid literal for int() with base 10: ''"
    )
    assert found[4].message == (
        "cannot be checked without its database: the specs function raised "
        "DatabaseError: no such table: bakery_tag"
    )


LAST = {"write_last": True}
SLUG = {"identity": ["slug"]}


@pytest.mark.parametrize(
    ("specs", "late"),
    [
        ({"page": SLUG | LAST, "newspage": {}}, ["bakery.newspage 'page_ptr' bakery.page"]),
        ({"page": SLUG | LAST, "newspage": LAST}, []),
        ({"page": LAST, "newspage": {}}, []),
        (
            {"product": LAST, "ingredient": {"identity": ["product__slug", "name"]}},
            ["bakery.ingredient 'product' bakery.product"],
        ),
        (
            {"product": SLUG | LAST, "ingredient": {"identity": ["product", "name"]}},
            ["bakery.ingredient 'product' bakery.product"],
        ),
        ({"product": LAST, "ingredient": {"identity": ["product", "name"]}}, []),
        ({"product": SLUG | LAST, "ingredient": {}}, []),
    ],
)
def test_a_key_cannot_be_made_of_what_is_written_last(
    specs: dict[str, dict[str, Any]], late: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the two models are in different datasets."""
    found = {
        name: {"specs": lambda _, name=name, spec=spec: [{"model": f"bakery.{name}", **spec}]}
        for name, spec in specs.items()
    }
    monkeypatch.setattr(sys.modules[__name__], "with_late_keys", lambda: found, raising=False)
    every = datasets.validate(f"{HERE}.with_late_keys")
    problems = [each for each in every if each.id != "contentgit.W007"]
    assert [p.id for p in problems] == ["contentgit.E040"] * len(late)
    for problem, text in zip(problems, late, strict=True):
        model, field, target = text.split()
        assert problem.message == (
            f"the key of {model} is made of {field}, which refers to {target}, and that is written "
            "last: no record could be created"
        )
        assert problem.where == f"dataset {model.partition('.')[2]!r}"


def test_the_bakery_has_no_problems() -> None:
    assert datasets.validate("tests.bakery.datasets.datasets") == []


def test_every_problem_is_documented() -> None:
    """Each id that the code can give stands in the docs, and none that it cannot."""
    root = Path(__file__).parents[2]
    sources = (root / "contentgit").rglob("*.py")
    given = {m for p in sources for m in re.findall(r'"(contentgit\.[EW]\d+)"', p.read_text())}
    pages = [root / "docs/settings.md", root / "docs/datasets.md"]
    told = {m for p in pages for m in re.findall(r"`(contentgit\.[EW]\d+)`", p.read_text())}
    assert given == told


# What runs after an apply


def _takes_a_request(request: object, *, using: str) -> None: ...


def _takes_all(*args: object, using: str, quick: bool = False, **more: object) -> None: ...


class _Method:
    def refresh(self, *, dumps: object, plan: object) -> None: ...


def test_after_apply_takes_functions_and_commands() -> None:
    after = [_takes_all, _Method().refresh, dict, "migrate", ["migrate", "--plan"], ("check",)]
    definitions, problems = define_datasets({"a": {"specs": list, "after_apply": after}})
    assert problems == []
    *functions, one, two, three = definitions["a"].after_apply
    assert functions == after[:3]
    assert (one, two, three) == (("migrate",), ("migrate", "--plan"), ("check",))
    for nothing in (None, [], ()):
        definitions, problems = define_datasets({"a": {"specs": list, "after_apply": nothing}})
        assert (problems, definitions["a"].after_apply) == ([], ())


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (
            "migrate",
            ("E018", "'after_apply' must be a list of functions and commands, not 'migrate'"),
        ),
        ([7], ("E018", "'after_apply' has 7, which is neither a function nor a command")),
        ([[]], ("E018", "'after_apply' has [], which is neither a function nor a command")),
        (
            [["migrate", 7]],
            ("E018", "'after_apply' has ['migrate', 7], which is neither a function nor a command"),
        ),
        (
            [_takes_a_request],
            ("E018", "'after_apply' has _takes_a_request, which wants the argument 'request'"),
        ),
        (
            ["migrat"],
            ("E019", "'after_apply' names the command 'migrat', which no installed app has"),
        ),
    ],
)
def test_after_apply_that_cannot_run_is_an_error(after: object, found: tuple[str, str]) -> None:
    definitions, problems = define_datasets({"a": {"specs": list, "after_apply": after}})
    assert [(each.id, each.message) for each in problems] == [(f"contentgit.{found[0]}", found[1])]
    assert [each.where for each in problems] == ["dataset 'a'"]
    assert not definitions


def test_a_misspelt_command_has_a_hint() -> None:
    _, (problem,) = define_datasets({"a": {"specs": list, "after_apply": ["migrat"]}})
    assert problem.hint == "did you mean 'migrate'?"


# Models in no dataset


def leaving(monkeypatch: pytest.MonkeyPatch, **specs: Any) -> str:
    """The path of a function of one dataset with these specs, named after their models."""
    found = [{"model": label.replace("__", "."), **spec} for label, spec in specs.items()]
    raw = {"all": {"specs": lambda _: found}}
    monkeypatch.setattr(sys.modules[__name__], "that_leave", lambda: raw, raising=False)
    return f"{HERE}.that_leave"


def test_references_by_a_local_key_that_leave_the_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    path = leaving(monkeypatch, bakery__product={}, bakery__newspage={}, fieldzoo__pointing={})
    found = {p.message.partition(" ")[0]: p for p in datasets.validate(path)}
    assert {p.id for p in found.values()} == {"contentgit.W007"}
    assert set(found) == {
        "bakery.product.category",
        "bakery.product.tags",
        "bakery.newspage.page_ptr",
        "fieldzoo.pointing.coded",
        "fieldzoo.pointing.dangling",
        "fieldzoo.pointing.dangling_code",
        "fieldzoo.pointing.child",
        "fieldzoo.pointing.proxy",
    }
    category = found["bakery.product.category"]
    assert category.message == (
        "bakery.product.category names rows of bakery.category, which is in no dataset, by their "
        "primary key: in another database that may be another row"
    )
    assert category.hint == (
        'write CONTENTGIT = {"IDENTITIES": {"bakery.category": ["slug"]}, ...}'
    )
    assert category.where == "dataset 'all'"
    assert '{"bakery.tag": "natural"}' in found["bakery.product.tags"].hint
    assert '{"fieldzoo.coded": ["code"]}' in found["fieldzoo.pointing.proxy"].hint
    assert found["fieldzoo.pointing.child"].hint == (
        "add fieldzoo.child to a dataset, or exclude 'child'"
    )


def test_a_primary_key_cannot_be_excluded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = datasets.validate(leaving(monkeypatch, fieldzoo__grandchild={}))
    (hint,) = (each.hint for each in found if "fieldzoo.grandchild.child_ptr" in each.message)
    assert hint == "add fieldzoo.child to a dataset"


def test_what_is_declared_needs_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a primary key that is declared to be equal in all databases, nor an excluded field."""
    path = leaving(monkeypatch, bakery__product={"exclude": ["tags"]})
    assert [p.id for p in datasets.validate(path)] == ["contentgit.W007"]
    for identity in ("pk", ("slug",)):
        declared: Any = {"bakery.category": identity}
        assert datasets.validate(path, declared) == []


def test_users_are_named_by_their_username() -> None:
    assert recipe(get_user_model()) == ["username"]
    assert recipe(Page) == ["slug"]
    assert recipe(Ingredient) is None


@pytest.mark.parametrize(
    ("declared", "number", "message"),
    [
        ({"bakery.tgg": ("slug",)}, "E022", "bakery.tgg: there is no model 'bakery.tgg'"),
        ({"odd.proxysection": ("slug",)}, "E022", "odd.proxysection: odd.proxysection is a proxy"),
        ({"bakery.page": ("slag",)}, "E027", "bakery.page: 'identity' names 'slag'"),
        ({"bakery.page": ("title",)}, "E028", "bakery.page: 'identity' ['title'] is not unique"),
        ({"bakery.page": "natural"}, "E028", "bakery.page: 'identity' is 'natural'"),
        ({"bakery.page": "uuid"}, "E031", "bakery.page: 'identity' is 'uuid'"),
        ({"auth.group": "pk"}, "E029", "auth.group: 'identity' is 'pk', but it is always"),
        ({"bakery.category": ("slug",)}, "E029", "'identity' of bakery.category is 'pk'"),
    ],
)
def test_wrong_identities(
    declared: Any, number: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = leaving(monkeypatch, bakery__category={}, bakery__product={"exclude": ["tags"]})
    (problem,) = [p for p in datasets.validate(path, declared) if p.is_error]
    assert problem.id == f"contentgit.{number}"
    assert message in str(problem)
    assert problem.hint
    definitions = datasets.load_datasets(path, declared)
    with pytest.raises(ConfigurationError):
        identities(definitions, declared)


def test_identities_of_models_in_no_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    path = leaving(monkeypatch, bakery__category={"identity": ["slug"]})
    declared: Any = {"bakery.tag": "natural", "bakery.category": ("slug",)}
    definitions = datasets.load_datasets(path, declared)
    assert identities(definitions, declared) == {
        "bakery.tag": "natural",
        "bakery.category": ("slug",),
    }

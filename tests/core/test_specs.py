"""The form of specs, and what datasets depend on: no models, no Django."""

from __future__ import annotations

import pytest

from contentgit.errors import ConfigurationError
from contentgit.missing import Instead
from contentgit.specs import (
    OWNED,
    Dataset,
    Mistake,
    ModelSpec,
    conflicts,
    dependency_problems,
    parse_spec,
    parse_specs,
    raise_errors,
    suggestion,
)

WHERE = "dataset 'shop', spec 1"


def told(raw: object) -> list[tuple[str, str, str]]:
    spec, problems = parse_spec(raw, WHERE)
    assert (spec is None) == bool(problems)
    assert all(problem.where == WHERE for problem in problems)
    return [(problem.id, problem.message, problem.hint) for problem in problems]


def test_a_spec_of_its_model_alone_takes_every_default() -> None:
    spec, problems = parse_spec({"model": "Bakery.Product"}, WHERE)
    assert problems == []
    assert spec == ModelSpec(
        model="bakery.product",
        filter={},
        delete_missing=False,
        ignore_missing_m2m=(),
        save_as_new=False,
        defer_values=(),
        exclude=(),
        identity="pk",
        hashed=False,
    )


def test_every_key_is_parsed() -> None:
    raw = {
        "model": "bakery.product",
        "filter": {"pk__in": [1, 2], "category__in": {3}},
        "delete_missing": True,
        "ignore_missing_m2m": ["tags"],
        "save_as_new": True,
        "defer_values": ("slug",),
        "exclude": {"changed", "body"},
        "identity": ["category__slug", "slug"],
        "hashed": True,
        "order": {"position": ["category"], "rank": ()},
        "derived": {"search", "count"},
    }
    spec, problems = parse_spec(raw, WHERE)
    assert problems == []
    assert spec == ModelSpec(
        model="bakery.product",
        filter={"pk__in": [1, 2], "category__in": {3}},
        delete_missing=True,
        ignore_missing_m2m=("tags",),
        save_as_new=True,
        defer_values=("slug",),
        exclude=("body", "changed"),
        identity=("category__slug", "slug"),
        hashed=True,
        order={"position": ("category",), "rank": ()},
        derived=("count", "search"),
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("order", ["position"], "must be a dictionary of fields to lists of fields"),
        ("order", {3: []}, "must be a dictionary of fields to lists of fields"),
        ("order", {"position": "parent"}, "must have a list of field names for 'position'"),
        ("order", {"position": [3]}, "must be a list of field names"),
        ("derived", "count", "must be a list of field names"),
        ("together", "price", "must be a list of lists of field names"),
        ("together", ["price", "currency"], "must be a list of lists of field names"),
        ("together", [["price", 3]], "must be a list of lists of field names"),
        ("together", [["price"]], "must name at least two fields in each list, each once"),
        ("together", [["a", "b", "a"]], "must name at least two fields in each list, each once"),
    ],
)
def test_orders_and_derived_fields_of_a_wrong_form(key: str, value: object, message: str) -> None:
    ((number, found, _hint),) = told({"model": "a.b", key: value})
    assert (number, found) == ("contentgit.E021", f"{key!r} {message}, not {value!r}")


@pytest.mark.parametrize("identity", ["pk", "natural", "uuid"])
def test_identities_that_are_words(identity: str) -> None:
    spec, _ = parse_spec({"model": "a.b", "identity": identity}, WHERE)
    assert spec is not None
    assert spec.identity == identity


def test_no_filter_is_an_empty_filter() -> None:
    spec, _ = parse_spec({"model": "a.b", "filter": None}, WHERE)
    assert spec is not None
    assert spec.filter == {}


def test_all_problems_of_a_spec_are_told_at_once() -> None:
    raw = {
        "filters": {},
        "delete_missing": 1,
        "filter": ["pk"],
        "ignore_missing_m2m": "tags",
        "identity": "slug",
        3: 4,
    }
    assert told(raw) == [
        ("contentgit.E020", "the spec has no 'model'", 'write {"model": "app.model", ...}'),
        ("contentgit.E020", "unknown key 'filters'", "did you mean 'filter'?"),
        (
            "contentgit.E021",
            "'delete_missing' must be True, False or 'owned', not 1",
            "write True, False or 'owned'",
        ),
        (
            "contentgit.E021",
            "'filter' must be a dictionary of lookups, not ['pk']",
            "write what QuerySet.filter takes as keywords: {'pk__in': [1, 2]}",
        ),
        (
            "contentgit.E021",
            "'ignore_missing_m2m' must be a list of field names, not 'tags'",
            "write ['tags']",
        ),
        (
            "contentgit.E021",
            "'identity' must say what names a row, not 'slug'",
            "write 'pk', 'natural', 'uuid' or a list of field names; for a field: ['slug']",
        ),
        (
            "contentgit.E020",
            "unknown key 3",
            (
                "known: defer_values, delete_missing, derived, exclude, files, filter, hashed, identity, "
                "ignore_missing_m2m, keep_pk, missing, model, order, references, save_as_new, signals, "
                "together, tree, write_last"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        {"model": "product"},
        {"model": None},
        {"model": ".product"},
        {"model": "a.b", "identity": []},
        {"model": "a.b", "identity": ["slug", "slug"]},
        {"model": "a.b", "identity": None},
        {"model": "a.b", "filter": {1: 2}},
        {"model": "a.b", "save_as_new": None},
        {"model": "a.b", "hashed": "yes"},
        {"model": "a.b", "exclude": [1]},
        {"model": "a.b", "delete_missing": {"mapping": []}},
        {"model": "a.b", "delete_missing": "all"},
    ],
)
def test_values_of_a_wrong_form(raw: object) -> None:
    assert [number for number, _message, _hint in told(raw)] == ["contentgit.E021"]


def test_a_licence_for_owned_rows_alone() -> None:
    spec, problems = parse_spec({"model": "a.b", "delete_missing": "owned"}, WHERE)
    assert problems == []
    assert spec == ModelSpec("a.b", delete_missing=OWNED)
    assert told({"model": "a.b", "delete_missing": "own"}) == [
        (
            "contentgit.E021",
            "'delete_missing' must be True, False or 'owned', not 'own'",
            "write True, False or 'owned'",
        )
    ]


@pytest.mark.parametrize("raw", ["bakery.product", None, ["model"], 3])
def test_what_is_no_spec(raw: object) -> None:
    assert [number for number, _message, _hint in told(raw)] == ["contentgit.E020"]


@pytest.mark.parametrize("raws", [None, "abc", {"model": "a.b"}, 3, b""])
def test_what_is_no_list_of_specs(raws: object) -> None:
    specs, problems = parse_specs(raws, "dataset 'shop'")
    assert specs == []
    assert [problem.id for problem in problems] == ["contentgit.E015"]


def test_specs_come_with_their_places() -> None:
    raws = [{"model": "a.b"}, {"model": "a.c", "filters": {}}, 5, {"model": "a.b"}]
    specs, problems = parse_specs(iter(raws), "dataset 'shop'")
    assert specs == [
        ("dataset 'shop', spec 1 (a.b)", ModelSpec("a.b")),
        ("dataset 'shop', spec 4 (a.b)", ModelSpec("a.b")),
    ]
    assert [str(problem) for problem in problems] == [
        "dataset 'shop', spec 2 (a.c): unknown key 'filters'",
        "dataset 'shop', spec 3: a spec is a dictionary, not int",
    ]


def test_mapped_deletes_beside_save_as_new() -> None:
    raws = [
        {"model": "a.district", "save_as_new": True},
        {"model": "a.exam", "delete_missing": {"map": [("district__in", "a.district")]}},
    ]
    specs, problems = parse_specs(raws, "dataset 'districts'")
    assert problems == []
    assert [spec.delete_missing for _place, spec in specs] == [False, True]


MAP = "'map' in 'delete_missing' must be a list of pairs of lookup and model"
NOT_NEW = "'delete_missing' maps keys of a model that is not saved as new"


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("district", "a.district")], NOT_NEW),
        ([], MAP),
        (None, MAP),
        ([("x",)], MAP),
        ([("district", "a.district", "x")], MAP),
        ("ab", MAP),
        (3, MAP),
    ],
)
def test_mapped_deletes_mean_nothing_without_save_as_new(pairs: object, message: str) -> None:
    raws = [{"model": "a.district"}, {"model": "a.exam", "delete_missing": {"map": pairs}}]
    _specs, problems = parse_specs(raws, "dataset 'districts'")
    assert [(problem.id, problem.where, problem.message) for problem in problems] == [
        ("contentgit.E021", "dataset 'districts', spec 2 (a.exam)", message)
    ]


def test_specs_of_a_model_must_agree_on_what_its_records_are() -> None:
    specs = (
        ModelSpec("a.b", {"x": 1}, exclude=("c", "d")),
        ModelSpec("a.b", {"x": 2}, exclude=("d", "c"), delete_missing=True),
    )
    assert conflicts(Dataset("shop", "", specs)) == []
    specs += (ModelSpec("a.b", identity=("slug",), hashed=True, save_as_new=True), ModelSpec("a.c"))
    assert [str(problem) for problem in conflicts(Dataset("shop", "", specs))] == [
        "dataset 'shop': the specs of a.b differ in 'save_as_new'",
        "dataset 'shop': the specs of a.b differ in 'identity'",
        "dataset 'shop': the specs of a.b differ in 'exclude'",
        "dataset 'shop': the specs of a.b differ in 'hashed'",
    ]


def test_specs_of_one_model_agree_on_what_merges_are_told() -> None:
    one = ModelSpec("a.b", order={"n": ("c", "d")}, derived=("x", "y"))
    other = ModelSpec("a.b", {"x": 1}, order={"n": ("d", "c")}, derived=("y", "x"))
    assert conflicts(Dataset("shop", "", (one, other))) == []
    third = ModelSpec("a.b", order={"n": ()})
    assert [str(problem) for problem in conflicts(Dataset("shop", "", (one, third)))] == [
        "dataset 'shop': the specs of a.b differ in 'order'",
        "dataset 'shop': the specs of a.b differ in 'derived'",
    ]


def test_dependencies_with_arguments_are_fine() -> None:
    assert dependency_problems({"a": ["b:4,5", "c"], "b": ["c"], "c": []}) == []


def test_missing_and_circular_dependencies_name_the_path() -> None:
    edges = {"a": ["b"], "b": ["c:1"], "c": ["a"], "shop": ["shops"], "d": ["d", "a"]}
    assert [(p.id, str(p), p.hint) for p in dependency_problems(edges)] == [
        (
            "contentgit.E013",
            "dataset 'shop': depends on 'shops', which does not exist (shop -> shops)",
            "known: a, b, c, d",
        ),
        (
            "contentgit.E014",
            "dataset 'a': depends on itself: a -> b -> c -> a",
            "remove one of these dependencies",
        ),
        (
            "contentgit.E014",
            "dataset 'd': depends on itself: d -> d",
            "remove one of these dependencies",
        ),
    ]


def test_a_long_chain_of_dependencies() -> None:
    edges = {f"d{n}": [f"d{n + 1}", f"d{n + 2}"] for n in range(300)}
    edges |= {"d300": [], "d301": []}
    assert dependency_problems(edges) == []


def test_suggestions() -> None:
    assert suggestion("tag", ["tags", "title"]) == "did you mean 'tags'?"
    assert suggestion("x", []) == "there are none"
    assert suggestion("x", [f"n{n:02}" for n in range(21)]).endswith("n18, n19, ...")


def test_one_error_is_the_message() -> None:
    problems = [Mistake("contentgit.W001", "w"), Mistake("contentgit.E001", "m", "h", "here")]
    with pytest.raises(ConfigurationError) as caught:
        raise_errors(problems, "the settings")
    assert (caught.value.message, caught.value.hint) == ("here: m", "h")
    assert caught.value.items == ()
    assert caught.value.data == {
        "problems": [{"id": "contentgit.E001", "where": "here", "message": "m", "hint": "h"}]
    }


def test_several_errors_are_listed() -> None:
    problems = [Mistake("contentgit.E001", "m", "h", "here"), Mistake("contentgit.E002", "n")]
    with pytest.raises(ConfigurationError) as caught:
        raise_errors(problems, "the settings")
    assert caught.value.message == "2 problems in the settings"
    assert caught.value.items == ("here: m", "n")


def test_warnings_are_no_errors() -> None:
    raise_errors([Mistake("contentgit.W001", "w")], "the settings")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("null", "must be a dictionary of reference fields, not 'null'"),
        ({1: "null"}, "must be a dictionary of reference fields, not {1: 'null'}"),
        ({"a": "nil"}, "must say what is done about missing rows of 'a', not {'a': 'nil'}"),
        (
            {"a": {"key": 3}},
            "must say what is done about missing rows of 'a', not {'a': {'key': 3}}",
        ),
    ],
)
def test_rules_about_missing_rows_of_a_wrong_form(rules: object, message: str) -> None:
    _, problems = parse_spec({"model": "shop.product", "missing": rules}, "here")
    assert [(p.id, p.message) for p in problems] == [("contentgit.E021", f"'missing' {message}")]


def test_rules_about_missing_rows() -> None:
    rules = {"a": "null", "b": "skip", "c": {"key": "shop.tag:3"}, "d": "refuse"}
    spec, _ = parse_spec({"model": "shop.product", "missing": rules}, "here")
    assert spec is not None
    assert spec.missing == {"a": "null", "b": "skip", "c": Instead("shop.tag:3"), "d": "refuse"}
    dataset = Dataset("shop", "", (spec,))
    assert dataset.missing("shop.product") == {"a": "null", "b": "skip", "c": Instead("shop.tag:3")}
    assert dataset.missing("shop.tag") == {}

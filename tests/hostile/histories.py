"""Migrations in ``dataset.json`` that no project has."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.hostile.place import Place, member

SHOP: Final = "shop/dataset.json"


def _put(place: Place, *migrations: dict[str, Any], **models: dict[str, Any]) -> None:
    """Main's description with further migrations, and further fields by model."""
    document = place.record(SHOP)
    document["history"] = [*document.get("history", ()), *migrations]
    for model, fields in models.items():
        document["models"][f"bakery.{model}"]["fields"] |= fields
    place.put_file(SHOP, json.dumps(document, indent=2).encode())


def _steps(*steps: dict[str, Any], name: str = "bakery.x0") -> dict[str, Any]:
    """A migration after those of main."""
    return {"migration": name, "steps": [*steps]}


@member(1, "no-schema")
def history_of_another_kind(place: Place) -> None:
    document = place.record(SHOP)
    place.put_file(SHOP, json.dumps(document | {"history": {"a": [1]}}, indent=2).encode())


@member(1, "no-schema")
def history_with_control_characters(place: Place) -> None:
    _put(place, _steps({"rename_field": "bakery.product.name", "to": "\x1b[2J[red]x[/red]\u202e"}))


@member(1, "no-schema")
def history_of_places_that_lead_out(place: Place) -> None:
    _put(place, _steps({"rename_model": "bakery.product", "to": "../../.git.config"}))


@member(1, "no-schema")
def history_of_labels_that_are_none(place: Place) -> None:
    _put(place, _steps({"rename_model": "bakery.product", "to": "a.b.c"}))


@member(1, "no-schema")
def history_of_a_label_without_app(place: Place) -> None:
    _put(place, _steps({"rename_model": "bakery.product", "to": "product"}))


@member(1, "no-schema")
def history_of_the_keys_field(place: Place) -> None:
    _put(place, _steps({"rename_field": "bakery.product.name", "to": "a.$key"}))


@member(1, "no-schema")
def migration_that_needs_itself(place: Place) -> None:
    _put(place, {"migration": "bakery.x0", "after": ["bakery.x0"]})


@member(1, "no-schema")
def migration_twice(place: Place) -> None:
    _put(place, _steps(), _steps())


@member(1, "no-schema")
def default_nested(place: Place) -> None:
    nested: Any = 1
    for _ in range(250):
        nested = [nested]
    _put(place, _steps({"add_field": "bakery.tag.name", "default": nested}))


@member(0, "code-behind")
def fields_that_exchange_names(place: Place) -> None:
    _put(
        place,
        _steps(
            {"rename_field": "bakery.tag.name", "to": "x"},
            {"rename_field": "bakery.tag.slug", "to": "name"},
            {"rename_field": "bakery.tag.x", "to": "slug"},
        ),
    )


@member(0, "code-behind")
def rename_to_a_field_that_is_there(place: Place) -> None:
    _put(
        place,
        _steps(
            {"rename_field": "bakery.tag.name", "to": "slug"},
            {"rename_field": "bakery.tag.slug", "to": "slug"},
            {"rename_field": "bakery.product.name", "to": "slug"},
        ),
    )


@member(0, "code-behind")
def rename_to_a_model_that_is_there(place: Place) -> None:
    _put(
        place,
        _steps(
            {"rename_model": "bakery.tag", "to": "bakery.product"},
            {"rename_model": "bakery.product", "to": "bakery.category"},
            {"rename_model": "bakery.category", "to": "bakery.category"},
        ),
    )


@member(0, "code-behind")
def steps_of_models_that_are_not_there(place: Place) -> None:
    _put(
        place,
        _steps(
            {"rename_model": "no.where", "to": "no.body"},
            {"remove_model": "no.one"},
            {"remove_field": "no.body.knows"},
            {"rename_field": "no.body.knows", "to": "x"},
            {"add_field": "bakery.tag.nothing", "default": "x"},
            {"remove_model": "bakery.product"},
            {"add_model": "bakery.product"},
        ),
    )


@member(0, "code-behind")
def conversions_without_end(place: Place) -> None:
    """Each value goes through all of them."""
    one, other = (
        {"retype_field": "bakery.product.price", "conversion": "places", "places": places}
        for places in (2, 3)
    )
    _put(place, _steps(*[one, other] * 20_000))


@member(0, "code-behind")
def conversions_to_any_number_of_places(place: Place) -> None:
    _put(
        place,
        _steps(
            *(
                {"retype_field": f"bakery.product.{name}", "conversion": "places", "places": places}
                for name in ("price", "name", "$key")
                for places in (10**9, -(10**9), 900, -900, 10**30)
            )
        ),
    )


@member(0, "code-behind")
def keys_of_another_kind(place: Place) -> None:
    _put(
        place,
        _steps(
            {"retype_field": "bakery.product.$key", "conversion": "uuid"},
            {"retype_field": "bakery.tag.$key", "conversion": "text", "null": {"$int": "9"}},
            {"add_field": "bakery.tag.$key", "default": 9},
            {"remove_field": "bakery.category.$key"},
        ),
    )


@member(0, "code-behind")
def models_renamed_without_end(place: Place) -> None:
    steps = [
        {"rename_model": f"bakery.p{each}", "to": f"bakery.p{each + 1}"} for each in range(20_000)
    ]
    start = {"rename_model": "bakery.product", "to": "bakery.p0"}
    apart = [{"rename_model": f"a.p{each}", "to": f"b.p{each}"} for each in range(20_000)]
    _put(place, _steps(start, *steps, *apart))


@member(0, "code-behind")
def migrations_without_end(place: Place) -> None:
    """Each needs the one before it, and every hundredth needs all."""
    names = [f"bakery.x{each}" for each in range(10_000)]
    _put(
        place,
        *(
            {"migration": name, "after": names[each - 1 : each] if each % 100 else names[:each]}
            for each, name in enumerate(names)
        ),
    )


@member(0, "code-behind")
def steps_of_another_format(place: Place) -> None:
    _put(place, _steps({"explode": "bakery.tag"}, {"opaque": "\x1b[2J[b]RunPython(\u202e)" * 99}))


@member(0, "code-behind")
def defaults_of_any_kind(place: Place) -> None:
    """The field refers to records, and its values are anything."""
    reference = {"kind": "reference", "target": "bakery.tag", "null": True, "on_delete": "cascade"}
    many = {"kind": "references", "target": "bakery.tag"}
    _put(
        place,
        _steps(
            {"add_field": "bakery.product.one", "default": {"a": ["x:y"]}},
            {
                "add_field": "bakery.product.more",
                "default": [[1], "bakery.tag:3", None, "x" * 10**6],
            },
            {"rename_model": "bakery.tag", "to": "bakery.word"},
        ),
        product={"one": reference, "more": many},
    )

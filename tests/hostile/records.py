"""Records and documents: bytes, JSON and values that nobody's content should hold."""

from __future__ import annotations

import json

from tests.hostile.place import CATEGORY, TAG, Place, member, path_of, put

PRODUCT = "shop/bakery.product/0/0/42.json"
DEEP = b"[" * 100_000 + b"]" * 100_000


def _tag(place: Place, name: bytes) -> None:
    """A tag whose name is this JSON."""
    data = (
        b'{\n  "$key": 3,\n\n  "$model": "bakery.tag",\n\n  "name": %s,\n\n  "slug": "organic"\n}\n'
    )
    place.put_file(TAG, data % name)


# Bytes


@member(1, "not-a-record")
def record_empty(place: Place) -> None:
    place.put_file(TAG, b"")


@member(1, "not-a-record")
def record_cut_off(place: Place) -> None:
    place.put_file(TAG, json.dumps(place.record()).encode()[:-9])


@member(1, "not-a-record")
def record_of_noise(place: Place) -> None:
    place.put_file(TAG, bytes(range(256)) * 4000)


@member(1, "not-a-record")
def record_in_other_encodings(place: Place) -> None:
    tree = place.tree()
    text = json.dumps(place.record())
    for key, data in {
        3: text.encode("utf-16"),
        12: b"\xef\xbb\xbf" + text.encode(),
        20: text.replace("Organic", "\xe9").encode("latin-1"),
    }.items():
        put(tree, f"shop/bakery.tag/0/0/{key}.json", place.blob(data))
    place.publish(tree)


@member(0, "non-canonical")
def record_with_crlf(place: Place) -> None:
    place.put_file(TAG, json.dumps(place.record(), indent=2).replace("\n", "\r\n").encode())


@member(0, "non-canonical")
def record_that_is_large(place: Place) -> None:
    _tag(place, b'"' + b"x. " * 300_000 + b'"')


# JSON


@member(1, "not-a-record")
def record_of_another_kind(place: Place) -> None:
    tree = place.tree()
    for key, data in {3: b"[]", 12: b"null", 20: b'"x"', 21: b"3", 22: b"{}"}.items():
        put(tree, f"shop/bakery.tag/0/0/{key}.json", place.blob(data))
    place.publish(tree)


@member(1, "not-a-record")
def record_nested(place: Place) -> None:
    place.put_file(TAG, DEEP)


@member(1, "not-a-record")
def value_nested(place: Place) -> None:
    _tag(place, b'{"a":' * 20_000 + b"1" + b"}" * 20_000)


@member(1, "wrong-type")
def value_nested_within_limits(place: Place) -> None:
    _tag(place, b"[" * 200 + b"]" * 200)


@member(1, "not-a-record")
def number_of_many_digits(place: Place) -> None:
    _tag(place, b"9" * 10_000)


@member(1, "not-a-record")
def number_beyond_floats(place: Place) -> None:
    _tag(place, b"1e99999")


@member(1, "not-a-record")
def number_that_is_none(place: Place) -> None:
    _tag(place, b"NaN")


@member(1, "not-a-record")
def integer_in_words_of_many_digits(place: Place) -> None:
    _tag(place, b'{"$int": "%s"}' % (b"9" * 10_000))


@member(1, "not-a-record")
def names_twice(place: Place) -> None:
    place.put_file(TAG, b'{"$key": 3, "$key": 3, "$model": "bakery.tag", "name": "a", "name": "b"}')


@member(1, "not-a-record")
def names_of_one_object_many_times(place: Place) -> None:
    _tag(place, b"{" + b", ".join(b'"a": %d' % each for each in range(20_000)) + b"}")


@member(0, "13 records in 3 dumps")
def surrogates_in_a_value(place: Place) -> None:
    _tag(place, b'"\\ud800 and \\udfff\\ud800"')


@member(1, "shop/bakery.tag/0/0/3.json")
def surrogates_in_a_name(place: Place) -> None:
    place.put_file(TAG, b'{"$key": 3, "$model": "bakery.tag", "\\ud800": 1}')


@member(0, "non-canonical")
def control_characters_in_a_value(place: Place) -> None:
    _tag(place, b'"\\u0000\\u001b[2J\\u202e\\u0007\\r"')


@member(1, "not-a-record")
def forms_of_the_format_misused(place: Place) -> None:
    _tag(place, b'{"$text": [1, {"$json": null}], "$$a": {"$bogus": [{"$float": "x"}]}}')


# Keys, models and fields


@member(1, "shop/bakery.tag/0/0/3.json")
def key_of_another_record(place: Place) -> None:
    place.put_record(**{"$key": 4})


@member(1, "not-a-record")
def keys_of_other_kinds(place: Place) -> None:
    tree = place.tree()
    keys = {3: [], 12: {"a": 1}, 20: None, 21: "../../x", 22: True, 23: 23.0, 24: "24"}
    for number, key in keys.items():
        data = json.dumps({**place.record(), "$key": key}).encode()
        put(tree, f"shop/bakery.tag/0/0/{number}.json", place.blob(data))
    place.publish(tree)


@member(0, "9223372036854775808.json")
def key_beyond_the_column(place: Place) -> None:
    tree = place.tree()
    data = json.dumps({**place.record(), "$key": 2**63, "slug": "x"}).encode()
    put(tree, path_of("bakery.tag", 2**63), place.blob(data))
    place.publish(tree)


@member(1, "auth.user")
def model_of_another_app(place: Place) -> None:
    place.put_record(**{"$model": "auth.user"})


@member(1, "not-a-record")
def model_that_is_no_name(place: Place) -> None:
    place.put_record(**{"$model": "../\x1b[31m.__class__"})


@member(1, "unknown-field")
def fields_that_are_unknown(place: Place) -> None:
    place.put_record(**{f"field{each}": each for each in range(2000)})


@member(0, "missing-field")
def fields_that_are_missing(place: Place) -> None:
    place.put_file(TAG, b'{"$key": 3, "$model": "bakery.tag"}')


@member(1, "not-a-record")
def fields_of_other_kinds(place: Place) -> None:
    place.put_record(
        PRODUCT,
        body={"a": 1},
        category=["bakery.tag:3"],
        changed="9999-99-99",
        price={"$int": 1},
        published="yes",
        tags="bakery.tag:3",
    )


@member(1, "wrong-type")
def dates_and_decimals_out_of_range(place: Place) -> None:
    place.put_record(
        PRODUCT,
        changed="0000-00-00T00:00:00Z",
        created="10000-01-01T00:00:00.000000Z",
        price="9" * 5000,
        published=2,
    )


# References


@member(1, "cycle")
def references_in_a_circle(place: Place) -> None:
    tree = place.tree()
    for key, parent in ((1, 2), (2, 1)):
        path = CATEGORY.replace("1", str(key))
        record = {**place.record(path), "parent": f"bakery.category:{parent}"}
        put(tree, path, place.blob(json.dumps(record, indent=2).encode()))
    place.publish(tree)


@member(0, "bakery.category/0/0/1.json")
def reference_to_itself(place: Place) -> None:
    place.put_record(CATEGORY, parent="bakery.category:1")


@member(1, "dangling-reference")
def references_to_nothing(place: Place) -> None:
    tags = [f"bakery.tag:{each}" for each in range(1000, 3000)]
    place.put_record(PRODUCT, category="bakery.category:999", tags=tags)


@member(1, "is not a reference like")
def references_that_are_no_keys(place: Place) -> None:
    place.put_record(
        PRODUCT, category="..:%ff", tags=["", ":", "x", "bakery.tag:\x1b[31m", "a:b:c"]
    )


@member(0, "non-canonical")
def references_to_one_record_many_times(place: Place) -> None:
    place.put_record(PRODUCT, tags=["bakery.tag:3"] * 5000)


@member(0, "413 records")
def chain_of_parents(place: Place) -> None:
    tree = place.tree()
    for key in range(1000, 1400):
        record = {
            **place.record(CATEGORY),
            "$key": key,
            "slug": f"c{key}",
            "parent": f"bakery.category:{key - 1 if key > 1000 else 1}",
        }
        data = json.dumps(record, indent=2).encode()
        put(tree, path_of("bakery.category", key), place.blob(data))
    place.publish(tree)


@member(1, "duplicate-value")
def unique_value_of_many(place: Place) -> None:
    tree = place.tree()
    for key in range(100, 400):
        data = json.dumps({**place.record(), "$key": key}, indent=2).encode()
        put(tree, path_of("bakery.tag", key), place.blob(data))
    place.publish(tree)


# Documents


@member(1, "no-schema  is missing")
def description_missing(place: Place) -> None:
    place.put("shop/dataset.json", None)


@member(1, "no-schema")
def description_of_another_kind(place: Place) -> None:
    tree = place.tree()
    for dump, data in {"shop": b"[]", "pages": b"", "hours": b'{"format": 7}'}.items():
        put(tree, f"{dump}/dataset.json", place.blob(data))
    place.publish(tree)


@member(1, "no-schema")
def description_nested(place: Place) -> None:
    place.put_file("shop/dataset.json", DEEP)


@member(1, "unknown-to-code")
def description_of_many_models(place: Place) -> None:
    document = place.record("shop/dataset.json")
    tag = document["models"]["bakery.tag"]
    document["models"] |= {f"bakery.m{each}": tag for each in range(10_000)}
    place.put_file("shop/dataset.json", json.dumps(document, indent=2).encode())


@member(1, "no-schema")
def description_of_other_models(place: Place) -> None:
    document = place.record("shop/dataset.json")
    tag = document["models"]["bakery.tag"]
    tag["fields"] |= {"slug": {"kind": "nosuch"}, "\ud800": {"kind": "text"}, "": {"kind": []}}
    tag |= {
        "parents": ["bakery.tag"],
        "layout": "../x",
        "key": 7,
        "unique": {"x": {"fields": ["no"]}},
    }
    place.put_file("shop/dataset.json", json.dumps(document, indent=2).encode())


@member(1, "wrong-path")
def description_of_another_dump(place: Place) -> None:
    document = {
        **place.record("shop/dataset.json"),
        "dataset": "../\x1b[2J",
        "depends_on": ["shop"],
    }
    place.put_file("shop/dataset.json", json.dumps(document, indent=2).encode())


@member(1, "has no contentgit.json")
def repository_file_missing(place: Place) -> None:
    place.put("contentgit.json", None)


@member(1, "newer-format")
def repository_file_of_another_format(place: Place) -> None:
    place.put_file("contentgit.json", b'{"format": 3}')


@member(1, "no-format")
def repository_file_with_a_long_number(place: Place) -> None:
    place.put_file("contentgit.json", b'{"format": %s}' % (b"1" * 10_000))


@member(1, "no-format")
def repository_file_nested(place: Place) -> None:
    place.put_file("contentgit.json", DEEP)


@member(0, "non-canonical")
def repository_file_that_is_large(place: Place) -> None:
    place.put_file("contentgit.json", b" " * 3_000_000 + b'{"format": 1}')

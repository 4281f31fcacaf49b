"""Rows get other primary keys: in which order, and what follows."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from hypothesis import given
from hypothesis import strategies as st

from contentgit.content.records import RecordKey
from contentgit.db.applier.moving import Moving, waves
from contentgit.db.backends import backend
from contentgit.db.identity import Identities
from contentgit.db.introspect import table
from contentgit.errors import RefusedError
from tests.bakery.models import Category, Note
from tests.brands.models import Remark, Trace

keys = st.integers(min_value=1, max_value=12)


@given(
    st.dictionaries(keys, keys, max_size=12).filter(
        lambda pairs: len({*pairs.values()}) == len(pairs)
    ),
    st.sets(keys),
)
def test_no_row_is_moved_upon_another(pairs: dict[int, int], others: set[int]) -> None:
    """Chains and circles too; and rows that stay are not touched."""
    staying = others - {*pairs, *pairs.values()}
    rows = {key: key for key in {*pairs, *staying}}
    for wave in waves(pairs, max(rows, default=0)):
        assert not {*wave.values()} & rows.keys(), "a key is in use"
        assert not {*wave.values()} & wave.keys()
        rows = {wave.get(key, key): row for key, row in rows.items()}
    assert rows == {pairs.get(row, row): row for row in rows.values()}


def test_rows_that_change_places() -> None:
    assert waves({1: 2, 2: 1}, 7) == [{1: 8}, {2: 1}, {8: 2}]


def move(db: str, model: type[Model], old: int, new: int) -> None:
    """Give a row another key."""
    label, identities = model._meta.label_lower, Identities(db, {})
    keys = {RecordKey(label, str(old)): RecordKey(label, str(new))}
    with backend(db).exclusive():
        Moving(identities).move(keys, {label: table(label, identities, db)})


def test_generic_references_of_every_kind(db: str) -> None:
    """Numbers and texts follow; what can hold neither refers to no such row."""
    kind, other = map(ContentType.objects.get_for_model, (Category, Note))
    Category.objects.create(pk=900, name="Barley", slug="barley")
    for model, key in ((Note, 900), (Remark, "900"), (Trace, uuid.UUID(int=900))):
        for each in (kind, other):
            model._base_manager.create(content_type=each, object_id=key)
    move(db, Category, 900, 901)
    found = [
        [*model._base_manager.order_by("pk").values_list("object_id", flat=True)]
        for model in (Note, Remark, Trace)
    ]
    assert found == [[901, 900], ["901", "900"], [uuid.UUID(int=900)] * 2]


def test_a_key_that_no_row_can_have(db: str) -> None:
    Category.objects.create(pk=1, name="Barley", slug="barley")
    with pytest.raises(RefusedError, match=f"{2**63 - 1} is the highest possible"):
        move(db, Category, 1, 2**63)
    assert Category.objects.get().pk == 1


def test_no_row_gets_the_number_that_a_row_moved_to(db: str) -> None:
    """Also if that row is gone by then: what referred to it without a constraint would be another's."""
    Category.objects.create(pk=900, name="Barley", slug="barley")
    move(db, Category, 900, 905)
    Category.objects.all().delete()
    assert Category.objects.create(name="Oat", slug="oat").pk > 905

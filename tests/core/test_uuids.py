"""UUIDs for new rows hold the number that the row has where it is made."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest

from contentgit.content.uuids import first_pk, is_uuid_key, made_as, new_uuid, uuid_of


@pytest.mark.parametrize("pk", [0, 1, 17, (1 << 62) - 1])
def test_a_new_uuid_says_the_number(pk: int) -> None:
    text = new_uuid(pk)
    found = UUID(text)
    assert (found.version, found.variant) == (8, RFC_4122)
    assert is_uuid_key(text)
    assert first_pk(text) == made_as(text) == pk
    assert len({new_uuid(pk) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("pk", [1 << 62, -1, "17", True, None])
def test_other_keys_are_not_said(pk: object) -> None:
    text = new_uuid(pk)
    assert is_uuid_key(text)
    assert first_pk(text) is None
    assert first_pk(uuid_of("17")) is None
    assert made_as(text) == made_as(uuid_of("17")) == 0


@pytest.mark.parametrize("key", ["", "17", "8" * 36, "x" * 14 + "8" + "x" * 21, "é" * 36])
def test_any_key_may_be_asked_for_its_number(key: str) -> None:
    made_as(key)

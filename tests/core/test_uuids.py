"""UUIDs for new rows hold the number that the row has where it is made."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest

from contentgit.content.uuids import first_pk, is_uuid_key, new_uuid, uuid_of


@pytest.mark.parametrize("pk", [0, 1, 17, (1 << 62) - 1])
def test_a_new_uuid_says_the_number(pk: int) -> None:
    text = new_uuid(pk)
    found = UUID(text)
    assert (found.version, found.variant) == (8, RFC_4122)
    assert is_uuid_key(text)
    assert first_pk(text) == pk
    assert len({new_uuid(pk) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("pk", [1 << 62, -1, "17", True, None])
def test_other_keys_are_not_said(pk: object) -> None:
    text = new_uuid(pk)
    assert is_uuid_key(text)
    assert first_pk(text) is None
    assert first_pk(uuid_of("17")) is None

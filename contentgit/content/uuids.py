"""The UUID that a row gets for the key it had before its model was named by UUIDs: the same everywhere."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from uuid import UUID, uuid5

from contentgit.content.schema import UUID_NAME

_NAMESPACE: Final = UUID("5b1f6f0e-9a53-4d0c-8a59-6c2f7f0c2c1d")

EARLIER_KEY: Final = (
    "git merge took it from before UUIDs were chosen as it is; contentgit merge translates it"
)
"""What to say of a record whose key is none."""


def uuid_of(key: str) -> str:
    """The UUID for an older key text.

    It does not depend on the model, whose label may change. Only rows that a commit has by that key get it.
    """
    return str(uuid5(_NAMESPACE, key))


def is_uuid_identity(fields: tuple[str, ...]) -> bool:
    """Whether rows of this identity are named by UUIDs, their own or those of rows that they refer to."""
    return fields == (UUID_NAME,)


def is_uuid_key(key: str) -> bool:
    """Whether a key text can be that of a row that is named by a UUID."""
    with suppress(ValueError):
        return str(UUID(key)) == key
    return False

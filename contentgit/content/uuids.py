"""The UUIDs that name rows: of a new row, and for the key that a row had before, the same everywhere."""

from __future__ import annotations

from contextlib import suppress
from os import urandom
from typing import Final
from uuid import UUID, uuid4, uuid5

from contentgit.content.schema import UUID_NAME

_NAMESPACE: Final = UUID("5b1f6f0e-9a53-4d0c-8a59-6c2f7f0c2c1d")

_KEY_BITS: Final = 62
_OF_KEY: Final = 5
_MADE_HERE: Final = 8
"""The version of UUIDs whose bits their maker defines (RFC 9562, 5.8)."""

EARLIER_KEY: Final = (
    "git merge took it from before UUIDs were chosen as it is; contentgit merge translates it"
)
"""What to say of a record whose key is none."""


def uuid_of(key: str) -> str:
    """The UUID for an older key text.

    It does not depend on the model, whose label may change. Only rows that a commit has by that key get it.
    """
    return str(uuid5(_NAMESPACE, key))


def is_of_earlier_key(text: str) -> bool:
    """Whether a UUID follows from an older key."""
    return is_uuid_key(text) and UUID(text).version == _OF_KEY


def new_uuid(pk: object) -> str:
    """A UUID for a new row. It holds the primary key that the row has here, if that is a number of 62 bits.

    The other 60 bits are random: another row has the same with the same primary key alone.
    """
    if type(pk) is not int or not 0 <= pk < 1 << _KEY_BITS:
        return str(uuid4())
    chance, key = urandom(8).hex(), f"{0b10 << _KEY_BITS | pk:016x}"
    return f"{chance[:8]}-{chance[8:12]}-{_MADE_HERE}{chance[12:15]}-{key[:4]}-{key[4:]}"


def first_pk(text: str) -> int | None:
    """The primary key that the row had where it was made; ``None`` if its UUID does not say it."""
    found = UUID(text)
    return found.int & ((1 << _KEY_BITS) - 1) if found.version == _MADE_HERE else None


def made_as(key: str) -> int:
    """The primary key of the row where it was made, 0 if the key text does not say it.

    Rows that are made in that order have primary keys in the order of their age, by which projects sort.
    """
    if len(key) != 36 or key[14] != str(_MADE_HERE):
        return 0
    with suppress(ValueError):
        return int(f"{key[19:23]}{key[24:]}", 16) & ((1 << _KEY_BITS) - 1)
    return 0


def is_uuid_identity(fields: tuple[str, ...]) -> bool:
    """Whether rows of this identity are named by UUIDs, their own or those of rows that they refer to."""
    return fields == (UUID_NAME,)


def is_uuid_key(key: str) -> bool:
    """Whether a key text can be that of a row that is named by a UUID."""
    with suppress(ValueError):
        return str(UUID(key)) == key
    return False

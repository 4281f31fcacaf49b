"""Fields of a project's own, right and wrong."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class Money:
    """What a custom field makes of a column."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __str__(self) -> str:
        return f"{self.cents / 100:.2f}"


class MoneyField(models.Field):  # type: ignore[type-arg]
    """Money in Python, a whole number in the column; forgets how to become a string."""

    def get_internal_type(self) -> str:
        return "IntegerField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Money | None:
        return None if value is None else Money(value)

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Money) else Money(int(value))

    def get_prep_value(self, value: Any) -> Any:
        return value.cents if isinstance(value, Money) else value

    def value_to_string(self, obj: Any) -> None:  # type: ignore[override]
        return None


class UpperField(models.CharField):  # type: ignore[type-arg]
    """Shows its text in capitals: its conversion cannot be undone."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else value.upper()


class WordsField(models.TextField):  # type: ignore[type-arg]
    """A list of words in Python, JSON in a text column."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[str] | None:
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else json.dumps(value)


class RawField(models.Field):  # type: ignore[type-arg]
    """A column type of its own, unknown to Django."""

    def db_type(self, connection: Any) -> str:
        return "varchar(40)"


class RawBytesField(models.Field):  # type: ignore[type-arg]
    """The same, binary."""

    def db_type(self, connection: Any) -> str:
        return {"postgresql": "bytea", "mysql": "blob"}.get(connection.vendor, "blob")


class AnyDecimalField(models.DecimalField):  # type: ignore[type-arg]
    """Decimals of any number of digits, as Django 6.1 has them where the database does."""

    def db_type(self, connection: Any) -> str:
        return {"postgresql": "numeric", "mysql": "decimal(65, 30)"}.get(
            connection.vendor, "decimal"
        )

    def check(self, **_options: Any) -> list[Any]:
        return []


class NumberField(models.Field):  # type: ignore[type-arg]
    """A column of floating-point numbers that contentgit knows by its values alone."""

    def db_type(self, connection: Any) -> str:
        return {"postgresql": "double precision", "mysql": "double"}.get(connection.vendor, "real")


class NoColumnField(models.Field):  # type: ignore[type-arg]
    """Has no column at all."""

    def db_type(self, connection: Any) -> None:
        return None


class FoldedField(models.CharField):  # type: ignore[type-arg]
    """Text whose capitals do not count for the database."""

    @property
    def db_collation(self) -> str:
        """Django makes no index for LIKE where it finds this not to be deterministic."""
        return "fieldzoo_folded"

    @db_collation.setter
    def db_collation(self, _given: Any) -> None:
        pass

    def deconstruct(self) -> Any:
        name, path, args, given = super().deconstruct()
        given.pop("db_collation", None)
        return name, path, args, given

    def db_parameters(self, connection: Any) -> Any:
        found = super().db_parameters(connection)
        collation = {"sqlite": "NOCASE", "postgresql": "fieldzoo_folded"}.get(connection.vendor)
        return {**found, "collation": collation}


class Code:
    """A text in a class of its own that has no hash."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and other.text == self.text

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.text


class CodeField(models.CharField):  # type: ignore[type-arg]
    """A code in Python, text in the column."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Code | None:
        return None if value is None else Code(value)

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Code) else Code(value)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value)

"""``missing`` in a spec: what an apply does where a record refers to a row that is missing.

A row is missing if neither the commit nor the database has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias


class Instead(NamedTuple):
    """The row that is referred to instead: ``app.model:key``."""

    key: str


MissingRule: TypeAlias = Literal["refuse", "null", "skip", "keep"] | Instead
"""``null`` writes NULL, ``skip`` leaves the record out, or the one value of a many-to-many field.

``keep`` is ``refuse``, but a merge takes a reference to what the other side deleted.
"""

WORDS: Mapping[str, MissingRule] = {
    "refuse": "refuse",
    "null": "null",
    "skip": "skip",
    "keep": "keep",
}


def parse_missing(value: object) -> Mapping[str, MissingRule]:
    """The rules by field.

    Raises:
        ValueError: their form is wrong; what is, and what to write.
    """
    hint = (
        "write {'author': 'null'}, or 'skip', 'keep', 'refuse' or {'key': 'app.model:key'} in place of "
        "'null'"
    )
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a dictionary of reference fields", hint)
    found: dict[str, MissingRule] = {}
    for name, given in value.items():
        rule = parse_rule(given)
        if rule is None:
            raise ValueError(f"must say what is done about missing rows of {name!r}", hint)
        found[name] = rule
    return found


def parse_rule(given: object) -> MissingRule | None:
    """The rule that a project or a document writes; ``None`` if it is none."""
    if isinstance(given, Mapping):
        key = given.get("key") if set(given) == {"key"} else None
        return Instead(key) if isinstance(key, str) else None
    return WORDS.get(given) if isinstance(given, str) else None


def rule_document(rule: MissingRule) -> Any:
    """The rule as JSON."""
    return {"key": rule.key} if isinstance(rule, Instead) else rule


def effective(rules: Iterable[Mapping[str, MissingRule]]) -> dict[str, MissingRule]:
    """The rules of one model by field, without those that say what is done anyway."""
    named = (rule for each in rules for rule in each.items())
    return {name: rule for name, rule in named if rule not in ("refuse", "keep")}


def missing_reason(reference: str) -> str:
    """Why a many-to-many reference is not written."""
    return f"{reference} is not in this database (ignore_missing_m2m)"

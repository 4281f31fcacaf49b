"""What is missing: rows, in place of references to which an apply wrote others, and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from contentgit.missing import Instead, rule_document
from contentgit.render.plain import named_first, plural, safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.workingcopy.as_applied import MissingCause


def missing_lines(causes: Iterable[MissingCause]) -> Iterator[str]:
    """A line for each row that is missing in a field."""
    for cause in causes:
        records, one = plural(cause.records, "record"), cause.records == 1
        where = f"{cause.model}.{cause.field}"
        if cause.left_out:
            refer = "refers" if one else "refer"
            how = (
                "whose parent it is" if cause.field == "$key" else f"that {refer} to it in {where}"
            )
            text = f"{records} {how} {'is' if one else 'are'} left out"
        elif isinstance(cause.rule, Instead):
            text = f"{where} of {records} is {cause.rule.key}"
        else:
            done = "is NULL" if cause.rule == "null" else "is without it"
            text = f"{where} of {records} {done}"
        first = f"{cause.first}{'' if one else ', …'}"
        stay = "it stays as it is" if one else f"{plural(cause.staying, 'row')} stay as they are"
        if cause.staying == 1 and not one:
            stay = "1 row stays as it is"
        staying = f"; {stay} here" if cause.staying else ""
        yield safe(f"{cause.row} is missing: {text} ({first}){staying}")


def lacking_lines(names: Sequence[str]) -> Iterator[Text]:
    """The files that rows name and a storage does not have, on one line."""
    if names:
        count = f"{plural(len(names), 'file')} that rows name {'is' if len(names) == 1 else 'are'}"
        first = named_first([safe(name) for name in names], 3)
        yield Text(f"  {count} not in the storage: {first}", style="yellow")


def missing_data(causes: Iterable[MissingCause]) -> list[dict[str, object]]:
    """The same as JSON values."""
    return [{**cause._asdict(), "rule": rule_document(cause.rule)} for cause in causes]

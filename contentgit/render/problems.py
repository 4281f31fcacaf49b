"""What refuses a plan as lines for people: problems of one cause together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contentgit.content.diff import ABSENT
from contentgit.content.records import RecordKey
from contentgit.errors import Cause
from contentgit.merge import Conflict, Reason
from contentgit.plan.steps import FieldState, Problem, ProblemKind
from contentgit.render.plain import plural, safe
from contentgit.render.values import apart

ROWS_SHOWN: Final = 5
"""Rows that a delete reaches whose titles a refusal lists."""

FIELDS_SHOWN: Final = 20
"""Fields of a record edited here whose values a refusal lists; a record with more is named alone."""

_KEY = r"([a-z_]\w*\.[a-z_]\w*):[^\s,]+(?:,[^\s,]+)*"
_KEYS = re.compile(rf"{_KEY}(?:, {_KEY})*(?: and [0-9]+ more)?")
_VALUE = re.compile(r"""=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,]+)""")


def named_rows(problem: Problem) -> list[RecordKey]:
    """The record and the first of the rows that a delete of it reaches; none where it reaches none."""
    if problem.key is None or not problem.rows:
        return []
    return [problem.key, *problem.rows[:ROWS_SHOWN]]


def conflicting(conflict: Conflict, *, folder: str, there: str) -> Problem:
    """The problem of a record of the dump ``folder`` that was changed here and ``there``."""
    fields = conflict.fields
    names = ", ".join(dict.fromkeys(field.name for field in fields))
    texts = {
        Reason.EDITED: f"was edited here and is changed by {there}: {names}",
        Reason.ADDED: f"is here and in {there} with different content: {names}",
        Reason.DELETED_BY_US: f"was deleted here and is changed by {there}: {names}",
        Reason.DELETED_BY_THEM: f"was edited here and is deleted by {there}: {names}",
    }
    states = tuple(
        FieldState(".".join([field.name, *field.path]), field.base, field.ours, field.theirs)
        for field in fields
    )
    text = f"{conflict.key} {texts[conflict.reason]}"
    permit = "--renumber" if conflict.reason is Reason.ADDED else ""
    return Problem(ProblemKind.CONFLICT, text, conflict.key, folder, states, permit)


def lines(problem: Problem, titles: Mapping[RecordKey, str]) -> Iterator[str]:
    """A problem and, field by field, what was applied, what is there and what would be written."""
    yield problem.text
    yield from _more(problem, titles)


def causes(problems: Sequence[Problem], titles: Mapping[RecordKey, str]) -> list[Cause]:
    """The problems by what they have in common: one has its own words, of several each has what differs."""
    groups: dict[tuple[ProblemKind, str], list[tuple[Problem, str]]] = defaultdict(list)
    missing: dict[RecordKey, list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.missing is not None and problem.kind is ProblemKind.MISSING:
            missing[problem.missing.row].append(problem)
            continue
        text, differs = _common(problem)
        groups[problem.kind, text].append((problem, differs))
    found = [_missing(row, missing[row]) for row in sorted(missing)]
    for (_, text), group in groups.items():
        if len(group) == 1:
            found.append(Cause(group[0][0].text, (tuple(lines(group[0][0], titles)),)))
            continue
        entries = [(differs, *_more(problem, titles)) for problem, differs in group]
        found.append(Cause(f"{plural(len(group), 'record')}: {text}", tuple(entries)))
    return found


def _missing(row: RecordKey, problems: Sequence[Problem]) -> Cause:
    """A row that is not here, in one line with how many records refer to it and where."""
    fields = {
        f"{each.key.model}.{each.missing.field}".removesuffix(".$key")
        for each in problems
        if each.key and each.missing
    }
    keys = sorted({each.key for each in problems if each.key}, key=lambda key: key.sort_key)
    verb = "refers" if len(keys) == 1 else "refer"
    text = f"{row} is not in this database: {plural(len(keys), 'record')} {verb} to it"
    first = f"{keys[0]}{', …' if keys[1:] else ''}"
    return Cause(text, ((f"{text}, in {', '.join(sorted(fields))} ({first})",),))


def _common(problem: Problem) -> tuple[str, str]:
    """The problem's words with models in place of records, and what was taken out, its record first."""
    text, taken = problem.text, []
    if problem.key is not None:
        text = text.replace(str(problem.key), problem.key.model, 1)
    if problem.fields:  # they are listed below
        text = text.partition(": ")[0]

    def model(match: re.Match[str]) -> str:
        taken.append(match.group())
        return match.group(1)

    def nothing(match: re.Match[str]) -> str:
        taken.append(match.group(1))
        return ""

    text = _VALUE.sub(nothing, text)
    text = _KEYS.sub(model, text)
    differs = ", ".join(taken)
    if problem.key is None:
        return text, differs or problem.text
    return text, f"{problem.key}: {differs}" if differs else str(problem.key)


def _more(problem: Problem, titles: Mapping[RecordKey, str]) -> Iterator[str]:
    for key in named_rows(problem):
        if titles.get(key):
            yield f"  {key}  {safe(titles[key])}"
    if len(problem.rows) > ROWS_SHOWN:
        yield f"  … {len(problem.rows):,} rows in all"
    if len(problem.fields) > FIELDS_SHOWN:
        return
    for state in problem.fields:
        applied, there, wanted = apart([state.applied, state.there, state.wanted])
        before = f"applied {applied}, " if state.applied is not ABSENT else ""
        verb = "there" if problem.kind is ProblemKind.CONFLICT else "would become"
        yield f"  {state.name}: {before}here {there}, {verb} {wanted}"

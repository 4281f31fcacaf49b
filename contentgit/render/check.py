"""What a check found: as lines for people, as SARIF, and as annotations of GitHub.

Findings quote a repository that nobody trusts, and logs of CI hosts obey lines in them: nothing here lets
a text begin a line, end one, or be a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from rich.text import Text

from contentgit.check import RULES, Checked, Finding, Level
from contentgit.render.plain import plural, safe

_STYLES: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}
_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_SHORT: Final = 10


def harmless(text: str) -> str:
    """The text without what a terminal or the log of a CI host would obey (``::error::``, ``##[group]``)."""
    return safe(text).replace("::", ":\\u003a").replace("##", "#\\u0023")


def said(each: Finding) -> str:
    """Record, field and message on one line."""
    commit = f"commit {each.commit[:_SHORT]}" if each.commit else ""
    record = "" if each.record and each.record in each.message else each.record
    place = " ".join(filter(None, (commit, record, each.field)))
    return harmless(f"{place}: {each.message}" if place else each.message)


# For people


def text_lines(checked: Checked, *, strict: bool = False) -> Iterator[Text]:
    """The findings by file, what leaves the dumps, and the counts."""
    hints: set[str] = set()
    for path, group in groupby(checked.findings, key=lambda each: each.path):
        yield Text(harmless(path) or "the tree", style="bold")
        for each in group:
            yield _finding_line(each)
            if each.hint and each.hint not in hints:  # each is told once
                yield Text(f"           {harmless(each.hint)}", style="dim")
                hints.add(each.hint)
    if checked.leaving:
        yield Text("references that leave the dumps", style="bold")
        for each in checked.leaving:
            folder = each.path.partition("/")[0]
            yield Text(harmless(f"  {folder}: {each.message}"), style="dim")
    for rule, count in sorted(checked.untold.items()):
        yield Text(f"{count:,} more of {rule} are not listed", style="dim")
    yield from _closing(checked, strict=strict)


def _finding_line(each: Finding) -> Text:
    line = f"{each.line}: " if each.line > 1 else ""
    return Text.assemble(
        ("  ", ""),
        (each.level.value.ljust(7), _STYLES[each.level]),
        (f"  {each.rule}  ", "cyan"),
        (f"{line}{said(each)}", ""),
    )


def _closing(checked: Checked, *, strict: bool) -> Iterator[Text]:
    if checked.before:
        count = plural(checked.before, "finding")
        verb = "was" if checked.before == 1 else "were"
        yield Text(f"{count} {verb} there before the range, and not counted", style="dim")
    if checked.merges:
        yield Text(f"{plural(checked.merges, 'merge commit')} recomputed", style="dim")
    counts = [
        plural(checked.counts[level], level.value) for level in Level if checked.counts[level]
    ]
    style = "red" if checked.fails(strict=strict) else "green"
    yield Text.assemble(
        f"{plural(checked.records, 'record')} in {plural(checked.dumps, 'dump')} "
        f"at {checked.commit[:_SHORT]}: ",
        (", ".join(counts) or "nothing found", style),
    )


# For CI hosts


def github(checked: Checked) -> Iterator[str]:
    """Workflow commands, a line each, as GitHub shows them beside the lines of a pull request."""
    for each in checked.findings:
        place = [("file", each.path), ("line", str(max(each.line, 1)))] if each.path else []
        properties = ",".join(
            f"{name}={_property(value)}" for name, value in [*place, ("title", each.rule)]
        )
        message = f"{said(each)} ({harmless(each.hint)})" if each.hint else said(each)
        yield f"::{_COMMANDS[each.level]} {properties}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(safe(text).replace("##", "#\\u0023")).replace(":", "%3A").replace(",", "%2C")


def sarif(checked: Checked, program: str) -> Mapping[str, Any]:
    """A SARIF 2.1.0 log with one run; ``program`` is contentgit's own number."""
    rules = list(RULES)
    told = [*checked.findings, *checked.leaving]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "contentgit",
                        "version": program,
                        "rules": [_rule(name) for name in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, rules.index(each.rule)) for each in told],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.level.value},
    }


def _result(each: Finding, index: int) -> dict[str, Any]:
    text = f"{said(each)} ({harmless(each.hint)})" if each.hint else said(each)
    result: dict[str, Any] = {
        "ruleId": each.rule,
        "ruleIndex": index,
        "level": each.level.value,
        "message": {"text": text},
    }
    location: dict[str, Any] = {}
    if each.path:
        uri = quote(each.path.encode("utf-8", "surrogateescape"))
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(each.line, 1)},
        }
    if each.record:
        name = f"{each.record}.{each.field}" if each.field else each.record
        location["logicalLocations"] = [{"fullyQualifiedName": safe(name)}]
    if location:
        result["locations"] = [location]
    return result

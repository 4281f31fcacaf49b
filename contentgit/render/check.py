"""What a check found: as lines for people, as SARIF, and as annotations of GitHub.

Findings quote an untrusted repository, and CI hosts obey commands in their logs: no text here can begin a
line, end one, or be a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from contentgit.check import RULES, Checked, Finding, Level
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text

_STYLES: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}
_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_SHORT: Final = 10


def harmless(text: str) -> str:
    """The text without what a terminal or the log of a CI host would obey (``::error::``, ``##[group]``)."""
    return safe(text).replace("::", ":\\u003a").replace("##", "#\\u0023")


def _on_one_line(finding: Finding) -> str:
    """Record, field and message."""
    commit = f"commit {finding.commit[:_SHORT]}" if finding.commit else ""
    record = "" if finding.record and finding.record in finding.message else finding.record
    place = " ".join(filter(None, (commit, record, finding.field)))
    return harmless(f"{place}: {finding.message}" if place else finding.message)


def _with_hint(finding: Finding) -> str:
    text = _on_one_line(finding)
    hints = "; ".join(map(harmless, finding.hint.splitlines()))
    return f"{text} ({hints})" if hints else text


# For people


def text_lines(checked: Checked, *, strict: bool = False) -> Iterator[Text]:
    """The findings by file, what leaves the dumps, and the counts."""
    hints: set[str] = set()
    for path, group in groupby(checked.findings, key=lambda finding: finding.path):
        yield Text(harmless(path) or "the tree", style="bold")
        for finding in group:
            line = f"{finding.line}: " if finding.line > 1 else ""
            yield Text.assemble(
                "  ",
                (finding.level.value.ljust(7), _STYLES[finding.level]),
                (f"  {finding.rule}  ", "cyan"),
                f"{line}{_on_one_line(finding)}",
            )
            if finding.hint and finding.hint not in hints:
                lines = map(harmless, finding.hint.splitlines())
                yield from (Text(f"           {line}", style="dim") for line in lines)
                hints.add(finding.hint)
    if checked.leaving:
        yield Text("references that leave the dumps", style="bold")
        for finding in checked.leaving:
            folder = finding.path.partition("/")[0]
            yield Text(harmless(f"  {folder}: {finding.message}"), style="dim")
    for rule, count in sorted(checked.untold.items()):
        yield Text(f"{count:,} more of {rule} are not listed", style="dim")
    yield from _closing(checked, strict=strict)


def _closing(checked: Checked, *, strict: bool) -> Iterator[Text]:
    if checked.before:
        count = plural(checked.before, "finding")
        yield Text(f"{count} from before the range, not counted", style="dim")
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
    for finding in checked.findings:
        line = str(max(finding.line, 1))
        place = [("file", finding.path), ("line", line)] if finding.path else []
        properties = ",".join(
            f"{name}={_property(value)}" for name, value in [*place, ("title", finding.rule)]
        )
        yield f"::{_COMMANDS[finding.level]} {properties}::{_escaped(_with_hint(finding))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(safe(text).replace("##", "#\\u0023")).replace(":", "%3A").replace(",", "%2C")


def sarif(checked: Checked, program: str) -> Mapping[str, Any]:
    """A SARIF 2.1.0 log with one run; ``program`` is contentgit's own number."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.summary},
            "defaultConfiguration": {"level": rule.level.value},
        }
        for rule in RULES.values()
    ]
    names = list(RULES)
    listed = [*checked.findings, *checked.leaving]
    run = {
        "tool": {"driver": {"name": "contentgit", "version": program, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, names.index(finding.rule)) for finding in listed],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level.value,
        "message": {"text": _with_hint(finding)},
    }
    location: dict[str, Any] = {}
    if finding.path:
        uri = quote(finding.path.encode("utf-8", "surrogateescape"))
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(finding.line, 1)},
        }
    if finding.record:
        name = f"{finding.record}.{finding.field}" if finding.field else finding.record
        location["logicalLocations"] = [{"fullyQualifiedName": safe(name)}]
    if location:
        result["locations"] = [location]
    return result

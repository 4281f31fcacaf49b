"""Changes as ``diff``, ``log -p`` and ``show`` print them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from contentgit.cli.terminal import Terminal
from contentgit.content.evolution import SchemaChange
from contentgit.content.titles import TitledChange
from contentgit.render import data
from contentgit.render.plain import safe
from contentgit.render.schema import schema_lines
from contentgit.render.styled import Text
from contentgit.render.text import change_lines, count_line, dump_line
from contentgit.render.values import dump_label


def print_changes(changes: Iterable[TitledChange], terminal: Terminal, several: bool) -> bool:
    """Prints the changes, and with ``several`` dumps the dump above its changes; whether there are any."""
    totals: dict[str, int] = defaultdict(int)
    dump = ""
    for entry in changes:
        if totals:
            terminal.line()
        if several and entry.dump != dump:
            dump = entry.dump
            terminal.line(dump_line(dump))
        totals[entry.change.kind] += 1
        terminal.lines(change_lines(entry.change, entry.title, entry.references))
    if totals:
        terminal.line()
        terminal.line(count_line(totals), style="dim")
    return bool(totals)


def print_schema_changes(changes: Sequence[SchemaChange], terminal: Terminal) -> bool:
    """Prints what happened to the schemas of the dumps; whether anything did."""
    terminal.lines(schema_change_lines(changes))
    if changes:
        terminal.line()
    return bool(changes)


def schema_change_lines(changes: Iterable[SchemaChange]) -> Iterator[Text]:
    """What happened to the schema of each dump."""
    for change in changes:
        newer = f"; {change.words}" if change.words else ""
        yield Text(f"The schema of {safe(dump_label(change.dump))} changes{newer}", style="bold")
        yield from (Text(f"    {line}") for line in schema_lines(change))


def counts_by_model(changes: Iterable[TitledChange]) -> dict[tuple[str, str], dict[str, int]]:
    """How many records of each model were created, updated and deleted, by dump and model."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry in changes:
        counts[entry.dump, entry.change.key.model][entry.change.kind] += 1
    return counts


def as_data(changes: Iterable[TitledChange]) -> Iterator[dict[str, object]]:
    """The changes as JSON values."""
    for entry in changes:
        yield data.change(entry.dump, entry.change, entry.title, entry.references)

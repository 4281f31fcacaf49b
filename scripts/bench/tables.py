"""Results as tables of Markdown, which are read in a terminal as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from processes import DATABASES, Cost
from results import Costs, Result, cpu, measured_ratio, memory
from steps import MEMORY, TARGETS, Target

HEAD = ["", "CPU s", "(all runs)", "clock s", "MB"]


def steps_table(result: Result) -> str:
    """What each step took; beside it the earlier commit, and how many times faster today is."""
    return costs_table(result.today, result.earlier, result.against)


def costs_table(today: Costs, earlier: Costs | None = None, against: str = "") -> str:
    head = list(HEAD)
    if earlier:
        head += [f"{against}: CPU s", *HEAD[2:], "times faster"]
    rows = []
    for name, costs in today.items():
        row = [f"`{name}`", *cells(costs)]
        if before := (earlier or {}).get(name):
            row += [*cells(before), figure(cpu(before) / cpu(costs))]
        rows.append(row + [""] * (len(head) - len(row)))
    return table(head, rows)


def cells(costs: Sequence[Cost]) -> list[str]:
    seconds = sorted(cost.cpu for cost in costs)
    clock = sorted(cost.clock for cost in costs)[len(costs) // 2]
    span = f"{figure(seconds[0])}-{figure(seconds[-1])}"
    return [figure(cpu(costs)), span, figure(clock), f"{memory(costs):.0f}"]


def figure(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 100 else f"{number:.0f}"


def targets_table(results: Sequence[Result]) -> str:
    """The targets of one database, and what was reached with each number of rows."""
    database = results[0].database
    head = ["", "beside", "target", *(f"{result.rows:,} rows" for result in results)]
    rows = []
    for target in TARGETS:
        reached = [measured_ratio(target, result, results) for result in results]
        if any(ratio is not None for ratio in reached):
            shown = [verdict(target, ratio, database) for ratio in reached]
            rows.append([f"`{target.work}`", target.anchor, wanted(target, database), *shown])
    return table(head, rows) if rows else "No target is about these steps."


def wanted(target: Target, database: str) -> str:
    limit = f"{target.limit(database):g}"
    if target.work == MEMORY:
        return f"{limit} MB at most"
    return f"{limit} times faster" if target.faster else f"{limit} times its cost at most"


def verdict(target: Target, ratio: float | None, database: str) -> str:
    if ratio is None:
        return ""
    limit = target.limit(database)
    met = ratio >= limit if target.faster else ratio <= limit
    shown = f"{ratio:.0f}" if target.work == MEMORY else figure(ratio)
    return f"{shown} {'met' if met else '**not met**'}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Words to the left, figures to the right, all columns as wide as their longest cell."""
    widths = [max(3, *map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        pairs = list(zip(cells, widths, strict=True))
        padded = [f"{cell:<{width}}" for cell, width in pairs[:1]]
        padded += [f"{cell:>{width}}" for cell, width in pairs[1:]]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def by_database(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    for key, name in DATABASES.items():
        if own := sorted(
            (each for each in results if each.database == key), key=lambda each: each.rows
        ):
            yield name, own

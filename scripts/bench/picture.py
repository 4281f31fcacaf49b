"""The curves as SVG: CPU seconds over rows, both logarithmic, one line a step and one panel a database."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from results import Result, cpu

SIZE, GAP, TOP, LEGEND = 300, 56, 34, 190
# The colour is the work, the dashes are whose: none for contentgit.
STYLES = {
    "loaddata": ("#d55e00", "7 3"),
    "feincms3-data load": ("#d55e00", "2 3"),
    "first apply": ("#d55e00", ""),
    "raw write": ("#d55e00", "9 3 2 3"),
    "plan of a first apply": ("#7b3294", ""),
    "dumpdata": ("#0072b2", "7 3"),
    "feincms3-data dump": ("#0072b2", "2 3"),
    "first commit": ("#0072b2", ""),
    "status": ("#009e73", ""),
    "raw read": ("#009e73", "9 3 2 3"),
    "commit of 10 changed": ("#56b4e9", ""),
    "apply of 10 changed": ("#e69f00", ""),
    "update of 10 changed": ("#cc79a7", ""),
    "start": ("#777777", "7 3"),
}
TEXT = 'font-family="sans-serif" font-size="11" fill="#333"'
Panel = tuple[str, list[Result]]
Scale = Callable[[float], float]


def drawn(panels: Sequence[Panel]) -> str:
    results = [result for _, own in panels for result in own]
    names = [name for name in STYLES if any(name in result.today for result in results)]
    seconds = [
        cpu(result.today[name]) for result in results for name in names if name in result.today
    ]
    rows = ticks([result.rows for result in results])
    costs = ticks(seconds)
    width, height = len(panels) * (SIZE + GAP) + LEGEND, TOP + SIZE + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, (name, own) in enumerate(panels):
        left = GAP + place * (SIZE + GAP)
        x, y = scale(rows, left, left + SIZE), scale(costs, TOP + SIZE, TOP)
        parts += axes(name, rows, costs, x, y)
        parts += [line for step in names for line in curve(step, own, x, y)]
    parts += legend(names, width - LEGEND + 12)
    return "\n".join([*parts, "</svg>"]) + "\n"


def ticks(numbers: Sequence[float]) -> list[float]:
    """The powers of ten that enclose all numbers, at least two."""
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def scale(marks: Sequence[float], start: float, end: float) -> Scale:
    low, high = math.log10(marks[0]), math.log10(marks[-1])
    return lambda number: start + (math.log10(number) - low) / (high - low) * (end - start)


def axes(
    name: str, rows: Sequence[float], costs: Sequence[float], x: Scale, y: Scale
) -> Iterator[str]:
    left, right, top, bottom = x(rows[0]), x(rows[-1]), y(costs[-1]), y(costs[0])
    yield f'<text x="{left}" y="{top - 12}" {TEXT} font-weight="bold">{escape(name)}, CPU seconds</text>'
    for rows_mark in rows:
        at = x(rows_mark)
        yield f'<path d="M{at:.1f} {top}V{bottom}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle" {TEXT}>{rows_mark:,.0f}</text>'
    for mark in costs:
        at = y(mark)
        yield f'<path d="M{left} {at:.1f}H{right}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end" {TEXT}>{mark:g}</text>'
    yield f'<text x="{(left + right) / 2}" y="{bottom + 32}" text-anchor="middle" {TEXT}>rows</text>'


def curve(step: str, results: Sequence[Result], x: Scale, y: Scale) -> Iterator[str]:
    points = [(x(each.rows), y(cpu(each.today[step]))) for each in results if step in each.today]
    colour, _ = STYLES[step]
    if len(points) > 1:
        places = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        yield f'<polyline points="{places}" {stroke(step)}><title>{step}</title></polyline>'
    for across, down in points:
        yield f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.5" fill="{colour}"/>'


def stroke(step: str) -> str:
    colour, dashes = STYLES[step]
    return f'fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dashes or "none"}"'


def legend(names: Sequence[str], left: int) -> Iterator[str]:
    for place, name in enumerate(names):
        at = TOP + 8 + place * 19
        yield f'<path d="M{left} {at}h34" {stroke(name)}/>'
        yield f'<text x="{left + 42}" y="{at + 4}" {TEXT}>{escape(name)}</text>'

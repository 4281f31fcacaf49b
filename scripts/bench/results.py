"""Results of a measurement as values, and the JSON file that gathers them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from processes import Cost, git
from steps import EARLIER, MEMORY, STEPS, TENTH, Target

Costs = dict[str, list[Cost]]


@dataclass(frozen=True)
class Result:
    """The costs of each step in all runs, with today's code and, for our own steps, an earlier commit's."""

    database: str
    rows: int
    command: str
    machine: str
    versions: str
    others: float
    """How many cores other processes used meanwhile, a database server among them; nan if unknown."""
    code: str
    against: str = ""
    today: Costs = field(default_factory=dict)
    earlier: Costs = field(default_factory=dict)


def cpu(costs: Sequence[Cost]) -> float:
    return median(cost.cpu for cost in costs)


def memory(costs: Sequence[Cost]) -> float:
    return max(cost.memory for cost in costs)


def machine() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {size:.0f} GB"


def versions(database: str) -> str:
    found = git("--version").decode().strip().replace(" version", "")
    return f"Python {platform.python_version()}, {found}, {database}"


def measured_ratio(target: Target, result: Result, results: Sequence[Result]) -> float | None:
    """How many times faster, or what multiple of its anchor the work takes; None if one was not measured."""
    work = result.today.get(target.work)
    if target.work == MEMORY:
        own = [result.today[step.name] for step in STEPS if step.ours and step.name in result.today]
        return max(map(memory, own), default=None)
    anchor = result.today.get(target.anchor)
    if target.anchor == EARLIER:
        like = {step.name: step.like for step in STEPS}.get(target.work)
        anchor = result.earlier.get(like or target.work)
    elif target.anchor == TENTH:
        tenth = [each for each in results if is_tenth(each, result)]
        anchor = tenth[0].today.get(target.work) if tenth else None
    if not work or not anchor:
        return None
    return cpu(anchor) / cpu(work) if target.faster else cpu(work) / cpu(anchor)


def is_tenth(other: Result, result: Result) -> bool:
    return other.database == result.database and other.rows * 10 == result.rows


def gathered(path: Path | None) -> list[Result]:
    if path is None or not path.exists():
        return []
    return [_result(each) for each in json.loads(path.read_text())]


def with_new(results: Sequence[Result], new: Result) -> list[Result]:
    """``new`` takes the place of a result of as many rows on the same database."""
    same = (new.database, new.rows)
    return [*(each for each in results if (each.database, each.rows) != same), new]


def save(path: Path, results: Sequence[Result]) -> None:
    path.write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n")


def _result(found: dict[str, object]) -> Result:
    for name in ("today", "earlier"):
        costs: dict[str, list[dict[str, float]]] = found[name]  # type: ignore[assignment]
        found[name] = {step: [Cost(**each) for each in runs] for step, runs in costs.items()}
    return Result(**found)  # type: ignore[arg-type]

"""The steps, run after run, at one site or in turn at two."""

from __future__ import annotations

import math
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from processes import Site
from results import Costs
from steps import Step


def measured(sites: Sequence[Site], steps: Sequence[Step], runs: int) -> tuple[Costs, Costs]:
    """The costs of all runs at the first site, and of our own steps at the second, if there is one."""
    today: Costs = {step.name: [] for step in steps}
    earlier: Costs = {step.name: [] for step in steps if step.ours} if sites[1:] else {}
    for run in range(runs):
        for site in sites:
            site.start_again(run)
        for step in steps:
            for site, costs in zip(sites, (today, earlier), strict=False):
                if step.name in costs:
                    if step.before:
                        site.work(*step.before.split())
                    tell(f"run {run + 1} of {runs}: {step.name}, {site.folder.name}")
                    costs[step.name].append(site.run(*step.command, at=step.at)[0])
    tell("")
    return today, earlier


def tell(what: str) -> None:
    """Progress, for those who watch."""
    if sys.stderr.isatty():
        print(f"\r{what:60}\r", end="", file=sys.stderr, flush=True)


def cpu_of_others() -> float:
    """CPU seconds of all processes but our children, since some moment; nan if unknown."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:  # not Linux
        return math.nan
    user, nice, system, _idle, _wait, irq, soft, *_ = map(int, fields)
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")
    return busy - own.ru_utime - own.ru_stime

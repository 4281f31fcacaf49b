"""Measures what many small commits do to later calls, and to the repository.

    python scripts/bench/history.py            20,000 rows, 1,000 commits of 10 changed records, on SQLite
    python scripts/bench/history.py --rows 2000 --commits 100
    python scripts/bench/history.py --database postgresql

Each commit changes other stories than the one before it, as `contentgit commit` does it. Before these
commits and after them the same calls are measured as in scripts/bench, median of `--runs`: `commit` is one
more commit of 10 changed records, `plan` that of a checkout of the commit before it, `log` lists the commits
of one record, and `clone` is git's own of all the history, through its protocol. A clone takes what the
history has grown; `contentgit gc` lets the side that sends it take next to nothing. No other call may take
more than 1.5 times what it took before; the exit code is 1 where one does.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from statistics import median

from processes import DATABASES, Cost, Site, one_site
from steps import CONTENTGIT
from tables import table

TIMES = 1.5
"""A call may take so many times its first CPU seconds."""

RECORD = "blog.story:1"
CALLS = {
    "commit": (*CONTENTGIT, "commit", "-m", "Ten"),
    "status": (*CONTENTGIT, "status"),
    "plan": (*CONTENTGIT, "checkout", "HEAD~1"),
    "log": (*CONTENTGIT, "log", "--", RECORD),
}
PACKED = "clone after gc"
CLONE = (
    "git",
    "clone",
    "--quiet",
    "--bare",
    "--no-local",
    "{folder}/content.git",
    "{folder}/clone",
)


def main() -> int:
    options = parsed()
    with one_site(options.database) as site:
        print(f"{options.rows:,} rows on {site.work('make', str(options.rows))}", flush=True)
        site.start_again(0)
        site.run(*CALLS["commit"])
        site.work("history", "1", "0")
        before, was = measured(site, options.runs), size(site)
        site.work("history", str(options.commits), "1")
        grown = (size(site) - was) / options.commits
        after = measured(site, options.runs)
        site.run(*CONTENTGIT, "gc")
        after[PACKED] = [clone(site) for _ in range(options.runs)]
    print(compared(before, after, options.commits))
    print(f"\n{grown / 1000:.1f} kB of the repository for each commit")
    return int(any(times(before[name], after[name]) > TIMES for name in CALLS))


def measured(site: Site, runs: int) -> dict[str, list[Cost]]:
    found: dict[str, list[Cost]] = {}
    for _ in range(runs):
        for name, call in CALLS.items():
            if name == "commit":
                site.work("edit", "10")
            found.setdefault(name, []).append(site.run(*call)[0])
        found.setdefault("clone", []).append(clone(site))
    return found


def clone(site: Site) -> Cost:
    cost, _ = site.call(*CLONE)
    shutil.rmtree(site.folder / "clone")
    return cost


def size(site: Site) -> int:
    """The bytes of all files of the repository."""
    return sum(
        path.stat().st_size for path in (site.folder / "content.git").rglob("*") if path.is_file()
    )


def cpu(costs: list[Cost]) -> float:
    return median(cost.cpu for cost in costs)


def times(before: list[Cost], after: list[Cost]) -> float:
    return cpu(after) / cpu(before)


def compared(before: dict[str, list[Cost]], after: dict[str, list[Cost]], commits: int) -> str:
    head = ["", "CPU s at first", f"after {commits:,} commits", "times", f"{TIMES} at most"]
    rows = []
    for name in after:
        first = before["clone" if name == PACKED else name]
        found = times(first, after[name])
        seconds = [f"{cpu(costs):.3f}" for costs in (first, after[name])]
        met = "" if name not in CALLS else "met" if found <= TIMES else "**not met**"
        rows.append([f"`{name}`", *seconds, f"{found:.2f}", met])
    return table(head, rows)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

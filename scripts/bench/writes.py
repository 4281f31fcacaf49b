"""Measures what the triggers of a tracked dump cost whoever writes its rows.

    python scripts/bench/writes.py             20,000 rows on SQLite, five rounds
    python scripts/bench/writes.py --database sqlite postgresql mysql

Each round writes the same twice, once untracked and once tracked, in turn first: `--remarks` new rows by
one `bulk_create`, one `UPDATE` of all stories, `--saves` stories by `save()`, each a row of two tables in a
transaction of its own, and one `DELETE` of the new rows. Clock and CPU are medians, taken within the process
that writes: a server counts on the clock and not in the CPU seconds. `contentgit_change` is what a tracked
round leaves there, until a commit or an apply would delete it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from statistics import median

from processes import DATABASES, Site, one_site
from steps import CONTENTGIT
from tables import table

Seconds = dict[str, list[tuple[float, float]]]
"""Clock and CPU of each round, by what is written."""

HEAD = ["", "untracked: clock s", "tracked", "times", "untracked: CPU s", "tracked", "times"]


def main() -> None:
    options = parsed()
    for database in options.database:
        with one_site(database) as site:
            found = site.work("make", str(options.rows))
            print(f"{options.rows:,} rows on {found}", flush=True)
            site.start_again(0)
            print(f"\n{measured(site, options)}\n", flush=True)


def measured(site: Site, options: argparse.Namespace) -> str:
    untracked: Seconds = {}
    tracked: Seconds = {}
    log = []
    for run in range(options.runs):
        # What comes second meets warmer caches and more that is left behind.
        for seconds in (untracked, tracked) if run % 2 else (tracked, untracked):
            if seconds is tracked:
                site.run(*CONTENTGIT, "track", "blog")
            written = site.work("writes", str(options.remarks), str(options.saves))
            for name, each in json.loads(written).items():
                seconds.setdefault(name, []).append(each)
            if seconds is tracked:
                log.append(json.loads(site.work("log")))
                site.run(*CONTENTGIT, "untrack")
    # Later rounds find the pages that earlier ones took.
    rows, size = log[0]
    return (
        f"{table(HEAD, [*compared(untracked, tracked)])}\n\n"
        f"`contentgit_change`: {rows:,} rows, {size / 1000:,.0f} kB"
    )


def compared(untracked: Seconds, tracked: Seconds) -> Iterator[list[str]]:
    """Both medians of clock and CPU, and what multiple the second is."""
    for name, before in untracked.items():
        row = [name]
        for which in (0, 1):
            first, second = (
                median(each[which] for each in costs) for costs in (before, tracked[name])
            )
            row += [f"{first:.3f}", f"{second:.3f}", f"{second / first:.2f}"]
        yield row


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--remarks", type=int, default=5000)
    parser.add_argument("--saves", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=["sqlite"])
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Measures what references inside of rich texts cost who reads them.

    python scripts/bench/references.py                  50,000 texts on SQLite, five runs
    python scripts/bench/references.py --kind richtext  as Wagtail's are; needs wagtail

Each text has about 2 kB of HTML and up to five links to 1,000 other rows. Two sites have the same rows. One
names the places of links in its spec, by rules or by `contentgit.contrib.wagtail.RichText`; the other does
not. They take turns at each step. Everything else is as in scripts/bench.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import measured
from processes import DATABASES, Place, Site
from results import Costs, cpu
from steps import CONTENTGIT, Step
from tables import cells, figure, table

OF_EACH = ("(all runs)", "clock s", "MB")
STEPS = (
    Step("start", ("manage.py", "check"), ours=True),
    Step("first commit", (*CONTENTGIT, "commit", "-m", "All"), ours=True),
    Step("status", (*CONTENTGIT, "status"), ours=True),
)
HEAD = ["", "with: CPU s", *OF_EACH, "without: CPU s", *OF_EACH, "times"]


def main() -> None:
    options = parsed()
    folder = Path(tempfile.mkdtemp(prefix="contentgit-bench-")).resolve()
    place = Place(folder, options.database, options.identity)
    sites = [Site(place, name) for name in ("with", "without")]
    for site, rules in zip(sites, (options.kind, ""), strict=True):
        site.environment |= {"BENCH_REFERENCES": rules, "BENCH_LINKS": options.kind}
    try:
        for site in sites:
            site.work("make", "0")
            found = site.work("linked", str(options.rows))
        print(f"{options.rows:,} texts, {options.kind}, {options.identity}: {found}", flush=True)
        print(f"\n{table(HEAD, [*compared(*measured(sites, STEPS, options.runs))])}\n")
    finally:
        for site in sites:
            site.work("drop")
        shutil.rmtree(folder)


def compared(these: Costs, others: Costs) -> Iterator[list[str]]:
    for name, costs in these.items():
        pairs = zip(costs, others[name], strict=True)
        ratios = sorted(one.cpu / other.cpu for one, other in pairs)
        yield [
            f"`{name}`",
            *cells(costs),
            *cells(others[name]),
            f"{figure(cpu(costs) / cpu(others[name]))} ({figure(ratios[0])}-{figure(ratios[-1])})",
        ]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kind", choices=("html", "richtext"), default="html")
    parser.add_argument("--identity", choices=("pk", "uuid"), default="pk", help="what names rows")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    main()

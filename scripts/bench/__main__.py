"""Measures contentgit on a made-up blog, beside what Django itself, feincms3-data and the database take.

    python scripts/bench                                   5,000 rows on SQLite, three runs
    python scripts/bench --rows 5000 50000 --database sqlite postgresql mysql --runs 1
    python scripts/bench --against REV                     the same by an earlier commit of contentgit
    python scripts/bench --only "start,first commit,status"  some steps, where what they need is there
    python scripts/bench --results FILE                    gather the results of several calls
    python scripts/bench --results FILE --runs 0 --write   docs/performance.md from these

The blog has people, sections, keywords, nodes, stories (which are nodes) of 0.3 to 2.5 kB with JSON, a
decimal and two or three keywords each, and remarks; `--rows` counts the rows of these six models
together. All of it is one dump, in a bare repository. `start` is `manage.py check`; `raw read` reads
the columns as Django converts them and does nothing with them; `raw write` puts prepared tuples of the
same rows into empty tables, in one transaction.

Each step is a process of its own, measured from outside as the operating system accounts for it: CPU is
user and system time of the process and of the git that it starts (not of a database server), memory the
peak of the largest process. Medians of all runs are shown, and the CPU of the fastest and the slowest.
One run goes through all steps before the next begins, and the earlier commit takes its turn at each
step, so that a machine whose speed drifts is equally unfair to all.

On a server the databases cg_bench_today_a, cg_bench_today_b and cg_bench_earlier_a, cg_bench_earlier_b
are made, and dropped at the end; tests/settings.py says how servers are found. CONTENTGIT_TEST_NAME is
another name for cg_bench.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from measuring import cpu_of_others, measured
from page import write
from processes import DATABASES, ROOT, Place, Site, earlier_code, git
from results import Result, gathered, machine, save, versions, with_new
from steps import STEPS, Step
from tables import by_database, steps_table, targets_table

OPTIONAL = ("feincms3", "demo")


def main() -> None:
    options = parsed()
    results = gathered(options.results)
    for database in options.database if options.runs else ():
        for rows in options.rows:
            result = measure(options, database, rows)
            print(f"\n{steps_table(result)}\n", flush=True)
            results = with_new(results, result)
            if options.results:
                save(options.results, results)
    for name, own in by_database(results):
        print(f"{name}\n\n{targets_table(own)}\n")
    if options.write and results:
        write(options.write, results)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[5000])
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=["sqlite"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--against", metavar="REV", help="an earlier commit of this repository")
    parser.add_argument("--identity", choices=("pk", "uuid"), default="pk", help="what names rows")
    parser.add_argument("--feincms3", action="store_true", help="its dump and load, too")
    parser.add_argument("--demo", action="store_true", help="the start of status on the demo, too")
    parser.add_argument("--only", default="", metavar="STEP,STEP")
    parser.add_argument("--results", type=Path, metavar="FILE", help="append to this JSON file")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=ROOT / "docs",
        metavar="FOLDER",
        help="renew the page",
    )
    options = parser.parse_args()
    if options.feincms3 and not find_spec("feincms3_data"):
        parser.error("feincms3-data is not installed: pip install feincms3-data==0.11.1")
    return options


def measure(options: argparse.Namespace, database: str, rows: int) -> Result:
    steps, command = chosen(options), command_of(options, database, rows)
    code, against = (described(revision) for revision in ("HEAD", options.against))
    with sites(options, database) as built:
        found = [site.work("make", str(rows)) for site in built]
        if options.demo:
            for site in built:
                site.run("-m", "contentgit", "demo", "{folder}/demo")
        print(f"{rows:,} rows on {found[0]}", flush=True)
        before, start = cpu_of_others(), time.monotonic()
        today, earlier = measured(built, steps, options.runs)
        others = (cpu_of_others() - before) / (time.monotonic() - start)
    facts = (command, machine(), versions(found[0]), round(others, 2), code, against)
    return Result(database, rows, *facts, today, earlier)


@contextlib.contextmanager
def sites(options: argparse.Namespace, database: str) -> Iterator[list[Site]]:
    """One for today's code and, if asked for, one for the earlier commit's; taken away in the end."""
    folder = Path(tempfile.mkdtemp(prefix="contentgit-bench-")).resolve()
    place = Place(folder, database, options.identity)
    built: list[Site] = []
    try:
        built.append(Site(place, "today"))
        if options.against:
            built.append(Site(place, "earlier", earlier_code(options.against, folder / "code")))
        yield built
    finally:
        for site in built:
            site.work("drop")
        shutil.rmtree(folder)


def described(revision: str | None) -> str:
    return (
        git("log", "-1", "--format=%h (%cs)", revision, "--").decode().strip() if revision else ""
    )


def command_of(options: argparse.Namespace, database: str, rows: int) -> str:
    words = f"python scripts/bench --rows {rows} --database {database} --runs {options.runs}"
    if options.against:
        words += f" --against {described(options.against).split()[0]}"
    if options.identity != "pk":
        words += f" --identity {options.identity}"
    if options.only:
        words += f" --only {shlex.quote(options.only)}"
    return words + "".join(f" --{name}" for name in OPTIONAL if getattr(options, name))


def chosen(options: argparse.Namespace) -> list[Step]:
    known = {step.name: step for step in STEPS if not step.needs or getattr(options, step.needs)}
    wanted = [name.strip() for name in options.only.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"unknown steps: {', '.join(unknown)}; there are {', '.join(known)}")
    return [step for name, step in known.items() if name in wanted or not wanted]


if __name__ == "__main__":
    main()

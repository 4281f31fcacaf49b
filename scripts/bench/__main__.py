"""Measures contentgit on a made-up site, next to what Django itself offers.

    python scripts/bench                               10,000 articles on SQLite, three runs
    python scripts/bench --articles 100000 --runs 1
    python scripts/bench --database postgresql         or mysql; servers as tests/settings.py finds them
    python scripts/bench --only start,read,dumpdata    some steps, where what they need is there
    python scripts/bench --identity uuid               rows named by UUIDs; else by primary keys
    python scripts/bench --folder /tmp/bench           the site stays there, to be looked at

The site has articles of 2 kB of HTML with a unique slug, an author, three tags, a decimal, a JSON and
a time; besides, 50 authors and 200 tags. All of it is one dump, in a bare repository.

Each step is a process of its own, measured from outside as the operating system accounts for it: CPU
is user and system time of the process and of the git that it starts (not of a database server), memory
the peak of the largest process. Medians of all runs are shown, and the CPU of the fastest and the
slowest. One run goes through all steps before the next begins, so that a machine whose speed drifts
is equally unfair to all.

On a server the databases cg_bench_a and cg_bench_b are made, and dropped at the end;
CONTENTGIT_TEST_NAME is another name for cg_bench.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EDITS = 10
MERGED = 1000
"""Articles that are edited on both sides before a merge, each in another field."""
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"

CONTENTGIT = ("manage.py", "contentgit")
CHECKOUT = (*CONTENTGIT, "checkout", "main", "--apply", "--yes", "--database", "other")
START = (
    "import os, sys; os.chdir(sys.argv.pop(1)); "
    "from contentgit.cli.start import main; sys.exit(main())"
)
DRIVER = ("-P", "-c", START, "{folder}")


@dataclass(frozen=True)
class Step:
    """What is measured, and what of work.py is done right before it."""

    name: str
    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()


STEPS = (
    Step("start", ("work.py", "nothing")),
    Step("read", ("work.py", "read")),
    Step("dumpdata", ("manage.py", "dumpdata", "blog", "-o", "{folder}/dump.json")),
    Step(
        "loaddata",
        ("manage.py", "loaddata", "{folder}/dump.json", "--database", "other"),
        (("empty",),),
    ),
    Step("first commit", (*CONTENTGIT, "commit", "-m", "All"), (("forget",),)),
    Step("check", (*CONTENTGIT, "check", "--no-code")),
    Step("status", (*CONTENTGIT, "status")),
    Step("first checkout", CHECKOUT, (("empty",),)),
    Step("commit of 10 edits", (*CONTENTGIT, "commit", "-m", "Ten"), (("edit", str(EDITS)),)),
    Step("checkout of 10 edits", CHECKOUT),
    Step("checkout of nothing", CHECKOUT),
    Step(
        "update with edits",
        (*CONTENTGIT, "update", "--yes", "--database", "other"),
        (("edit", str(MERGED)), ("commit",), ("edit_other", str(MERGED))),
    ),
    Step("undo", (*CONTENTGIT, "undo", "--yes", "--database", "other")),
    Step(
        "merge driver",
        (*DRIVER, "merge-driver", "O", "A", "B", "blog/blog.article/0/0/1.json"),
        (("sides",),),
    ),
    Step("diff driver", (*DRIVER, "diff-driver", "O"), (("sides",),)),
)


@dataclass(frozen=True)
class Cost:
    """What a process took: CPU and wall seconds, and its peak memory in MB."""

    cpu: float
    wall: float
    memory: float


class Bench:
    """The site in ``folder`` on one database."""

    def __init__(self, folder: Path, database: str, identity: str = "pk") -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != UNCOMPILED},
            # Compiled anew by nobody, and nothing compiled is left behind.
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
            "BENCH_DATABASE": database,
            "BENCH_FOLDER": str(folder),
            "BENCH_IDENTITY": identity,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "settings",
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in WHO
            },
        }

    def work(self, *arguments: str) -> None:
        """Something around the steps."""
        self.run("work.py", *arguments)

    def run(self, *arguments: str) -> Cost:
        """The cost of a call of the site's Python; its words are shown when it fails."""
        command = [sys.executable, *(each.format(folder=self.folder) for each in arguments)]
        with tempfile.TemporaryFile() as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=HERE / "site", env=self.environment, stdout=output, stderr=output
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                output.seek(0)
                raise SystemExit(f"{' '.join(command)}:\n{output.read().decode()}")
        scale = 1e6 if sys.platform == "darwin" else 1e3
        return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / scale)


WHO = (("NAME", "Bench"), ("EMAIL", "bench@example.com"))


def main() -> None:
    options = parsed()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="contentgit-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder.resolve(), options.database, options.identity)
    try:
        print(f"{options.articles:,} articles on {options.database}; {machine()}", flush=True)
        bench.work("make", str(options.articles))
        print_table(measured(bench, chosen(options.only), options.runs))
    finally:
        if not options.folder:
            bench.work("drop")
            shutil.rmtree(folder)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "mysql"), default="sqlite")
    parser.add_argument("--identity", choices=("pk", "uuid"), default="pk")
    parser.add_argument("--only", default="", metavar="STEP,STEP")
    parser.add_argument("--folder", type=Path)
    return parser.parse_args()


def chosen(names: str) -> list[Step]:
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {step.name: step for step in STEPS}
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"unknown steps: {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in wanted] or list(STEPS)


def machine() -> str:
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    cores = os.cpu_count()
    return (
        f"Python {platform.python_version()}, {git.stdout.strip()}, "
        f"{platform.system()} {platform.machine()}, {cores} cores"
    )


def measured(bench: Bench, steps: Sequence[Step], runs: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {step.name: [] for step in steps}
    for run in range(runs):
        fresh_repository(bench)
        for step in steps:
            for arguments in step.before:
                bench.work(*arguments)
            tell(f"run {run + 1} of {runs}: {step.name}")
            costs[step.name].append(bench.run(*step.command))
    tell("")
    return costs


def tell(what: str) -> None:
    """Progress, for those who watch."""
    if sys.stderr.isatty():
        print(f"\r{what:50}\r", end="", file=sys.stderr, flush=True)


def fresh_repository(bench: Bench) -> None:
    shutil.rmtree(bench.folder / "content.git", ignore_errors=True)
    bench.run(*CONTENTGIT, "init", "--bare")


def print_table(costs: dict[str, list[Cost]]) -> None:
    print(f"{'':22}{'CPU s':>8}{'(all runs)':>16}{'wall s':>8}{'memory MB':>11}")
    for name, each in costs.items():
        cpu, wall = [cost.cpu for cost in each], [cost.wall for cost in each]
        span = f"({min(cpu):.2f}-{max(cpu):.2f})"
        memory = max(cost.memory for cost in each)
        print(f"{name:22}{median(cpu):8.2f}{span:>16}{median(wall):8.2f}{memory:11.0f}")


if __name__ == "__main__":
    main()

"""Measures files that travel with their rows, in git and in git-lfs, beside cp and git-lfs alone.

    python scripts/bench/files.py                    one file of 1 GB, then 10,000 files of 100 kB
    python scripts/bench/files.py --large 100 --count 1000

Each is measured in a repository that keeps files in git itself, and in one that has git-lfs keep them; both
are bare. `git add` and `git checkout` are git's own in a third repository, with git-lfs's filters: they do
what a commit and an apply do with the bytes. MB are those of the largest process, git and git-lfs included.
`--large 0` and `--count 0` leave one of both out. Everything else is as in scripts/bench.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from processes import Cost, Site, one_site
from steps import APPLY, CONTENTGIT
from tables import figure, table

HEAD = ["", "CPU s", "clock s", "MB"]
COMMIT = (*CONTENTGIT, "commit", "-m", "All")


def main() -> None:
    options = parsed()
    for count, size in ((1, options.large * 1_000_000), (options.count, options.size * 1000)):
        if not count or not size:
            continue
        with one_site("sqlite") as site:
            site.environment["BENCH_MEDIA"] = "stage"
            site.work("make", "0")
            site.work("pictures", str(count), str(size))
            print(f"{count:,} files of {size / 1e6:g} MB", flush=True)
            rows = [
                [name, figure(cost.cpu), figure(cost.clock), f"{cost.memory:.0f}"]
                for name, cost in measured(site, count, size)
            ]
            print(f"\n{table(HEAD, rows)}\n", flush=True)


def measured(site: Site, count: int, size: int) -> Iterator[tuple[str, Cost]]:
    yield "`start`", site.run("manage.py", "check")[0]
    yield "`cp -r`", site.call("cp", "-r", "{folder}/stage", "{folder}/copy")[0]
    yield from git_lfs(site)
    for name, words in (("git", ()), ("git-lfs", ("--lfs",))):
        site.run(*CONTENTGIT, "init", "--bare", *words)
        yield f"commit, {name}", site.run(*COMMIT)[0]
        yield f"status, {name}", site.run(*CONTENTGIT, "status")[0]
        if count > 1:
            site.work("replace_picture", "1", str(size))
            cost, said = site.run("work.py", "counted_commit")
            read = int(said.split()[-1]) / 1e6
            yield f"commit of one changed file, {name}: reads {figure(read)} MB in all", cost
        site.environment["BENCH_MEDIA"] = "production"
        yield f"first apply, {name}", site.run(*APPLY)[0]
        site.environment["BENCH_MEDIA"] = "stage"
        site.call("rm", "-rf", "{folder}/content.git", "{folder}/production")
        site.work("forget", "+", "empty")


def git_lfs(site: Site) -> Iterator[tuple[str, Cost]]:
    """What git-lfs takes for the same files by itself."""
    place = ("git", "-C", "{folder}/plain")
    site.call("git", "init", "-q", "-b", "main", "{folder}/plain")
    site.call(*place, "lfs", "install", "--local")
    site.call("mv", "{folder}/copy", "{folder}/plain/files")
    site.call(*place, "lfs", "track", "files/**")
    yield "`git add` with git-lfs", site.call(*place, "add", ".")[0]
    site.call(*place, "commit", "-q", "-m", "All")
    site.call("rm", "-r", "{folder}/plain/files")
    yield "`git checkout` with git-lfs", site.call(*place, "checkout", "-q", ".")[0]
    site.call("rm", "-r", "{folder}/plain")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", type=int, default=1000, metavar="MB")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=100, metavar="kB", help="of each of the many")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The steps that are measured, and the ratios between them that are aimed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONTENTGIT = ("manage.py", "contentgit")
TO_OTHER = ("--database", "other")
UPDATE = "update of 10 changed"
CHECKOUT = (*CONTENTGIT, "checkout", "main", *TO_OTHER)
APPLY = (*CHECKOUT, "--apply", "--yes")


@dataclass(frozen=True)
class Step:
    """What is measured, and which functions of work.py are called right before it, joined by ``+``.

    ``ours`` are those that run contentgit, also that of an earlier commit; ``needs`` is the option without
    which the step is left out. ``like`` is the step beside which the earlier commit is measured, if not this.
    """

    name: str
    command: tuple[str, ...]
    before: str = ""
    ours: bool = False
    needs: str = ""
    at: str = ""
    like: str = ""


def ours(name: str, command: tuple[str, ...], before: str = "") -> Step:
    return Step(name, command, before, ours=True)


STEPS = (
    Step("start", ("manage.py", "check")),
    Step("raw read", ("work.py", "read")),
    Step("raw write", ("work.py", "write"), "empty"),
    Step("dumpdata", ("manage.py", "dumpdata", "blog", "-o", "{folder}/dump.json")),
    Step("loaddata", ("manage.py", "loaddata", "{folder}/dump.json", *TO_OTHER), "empty"),
    Step("feincms3-data dump", ("work.py", "feincms3_dump"), needs="feincms3"),
    Step("feincms3-data load", ("work.py", "feincms3_load"), "empty", needs="feincms3"),
    ours("first commit", (*CONTENTGIT, "commit", "-m", "All")),
    ours("status", (*CONTENTGIT, "status")),
    ours("plan of a first apply", CHECKOUT, "empty"),
    ours("first apply", APPLY, "empty"),
    ours("commit of 10 changed", (*CONTENTGIT, "commit", "-m", "Ten"), "edit 10"),
    ours("apply of 10 changed", APPLY),
    ours(UPDATE, (*CONTENTGIT, "update", "--yes", *TO_OTHER), "edit 10 + commit"),
    Step("track", (*CONTENTGIT, "track"), "track_other"),
    Step("tracked: status", (*CONTENTGIT, "status"), "edit 10", like="status"),
    Step("tracked: commit", (*CONTENTGIT, "commit", "-m", "Ten"), like="commit of 10 changed"),
    Step("tracked: apply", APPLY, like="apply of 10 changed"),
    Step("demo: start", ("manage.py", "check"), needs="demo", at="demo"),
    Step("demo: status", ("manage.py", "contentgit", "status"), needs="demo", at="demo", ours=True),
)

EARLIER = "the earlier commit"
TENTH = "a tenth of the rows"
MEMORY = "peak memory"


@dataclass(frozen=True)
class Target:
    """``work`` takes at most ``times`` what ``anchor`` does, or with ``faster`` its ``times``-th part.

    ``anchor`` is another step, or EARLIER or TENTH for the step itself. The target of MEMORY is the
    megabytes of all our own steps.
    """

    work: str
    anchor: str
    times: float | Mapping[str, float]
    faster: bool = False

    def limit(self, database: str) -> float:
        return self.times if isinstance(self.times, int | float) else self.times[database]


TRACKED = ("tracked: status", "tracked: commit", "tracked: apply")
TARGETS = (
    Target("first commit", "dumpdata", 5, faster=True),
    Target("status", "raw read", 2),
    Target("first apply", "loaddata", {"sqlite": 10, "postgresql": 15, "mysql": 10}, faster=True),
    Target("first apply", "raw write", 2.5),
    Target("plan of a first apply", "first apply", 0.6),
    Target(UPDATE, EARLIER, 20, faster=True),
    *(Target(work, EARLIER, 25, faster=True) for work in TRACKED),
    *(Target(work, "start", 2) for work in TRACKED),
    *(Target(work, TENTH, 1.2) for work in (UPDATE, *TRACKED)),
    Target(MEMORY, "", 300),
    Target("demo: status", "demo: start", 1.3),
)

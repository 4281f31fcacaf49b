"""The same as ``tests/uuid_laws.py``, of sites whose rows are named by primary keys: one of two that have the
same gets another, in a merge or in an update, and nobody takes one for the other.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests import raw
from tests.uuid_laws import Sites
from tests.uuid_sites import BRANCH, Site


class NumberedSites(Sites):
    """Rounds of work on both sites, whose new rows have keys of the other's new rows."""

    moved = 0

    def __init__(self, repository: Path, seed: int) -> None:
        super().__init__(repository, seed)
        self.given = self.chance.random() < 0.2  # what databases give is the same on both sites

    def merge(self, into: Site, other: Site, take: str = "") -> None:
        """Merge the other's branch: of two new records with one key each stays, one under another."""
        self.stand(into)
        code, out, err = self.run("merge", BRANCH[other.alias], "--json")
        if not code:
            assert not take, out
            return
        assert code == 3, (out, err)
        found = json.loads(self.run("conflicts", "--json")[1])["conflicts"]
        added = (each for each in found if each["reason"] == "added")
        for record in sorted({each["label"].partition("/")[0] for each in added}):
            side = self.chance.choice(("ours", "theirs"))
            self.ok("resolve", record, "--renumber", side)
            self.moved += 1
        found = json.loads(self.run("conflicts", "--json")[1])["conflicts"]
        assert len(found) == (len(self.decided) if take else 0), found
        if take:
            self.ok("resolve", "--all", f"--take={take}")
        self.ok("merge", "--continue")

    def late(self) -> None:
        """A round in which one site takes what the other has before it has committed its own."""
        self.round += 1
        self.taken, self.decided, self.next = set(), {}, {}
        here, there = self.chance.sample(list(self.sites.values()), 2)
        for site in (here, there):
            self.work(site, self.chance.randint(3, 12))
        self.commit(there)
        wanted = self.merged()
        self.git("update-ref", f"refs/heads/{BRANCH[here.alias]}", BRANCH[there.alias])
        self.stand(here)
        database = f"--database={here.alias}"
        words = ("update", "--yes", "--renumber", "--allow-empty", database)
        before = raw.snapshot(here.alias)
        self.ok(*words)
        self.same(here, wanted)
        if self.chance.random() < 0.5 and raw.snapshot(here.alias) != before:
            self.ok("undo", "--yes", "--allow-empty", database)
            assert raw.snapshot(here.alias) == before, "an undo brought back other rows"
            self.ok(*words)
        self.commit(here)
        self.git("update-ref", f"refs/heads/{BRANCH[there.alias]}", BRANCH[here.alias])
        self.apply(there)
        self.base = self._agreed(wanted)

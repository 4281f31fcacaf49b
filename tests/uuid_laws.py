"""Two sites that work under the same primary keys, round after round, and are merged both ways.

What must come of it is known without contentgit: each field of each row is one site's to edit in a round,
but for conflicts that are made on purpose. Rows are told apart by an origin, a text that nobody edits; a
reference is the origin of the row that it finds in SQL.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contentgit.cli.main import main
from tests import raw
from tests.bakery import models
from tests.uuid_sites import BRANCH, KINDS, NULLABLE, SITES, Site, State, copied, state


class Sites:
    """Rounds of work on both sites; ``seed`` decides everything."""

    def __init__(self, repository: Path, seed: int) -> None:
        self.repository, self.seed = repository, seed
        self.chance = random.Random(f"sites {seed}")
        self.sites = {alias: Site(alias, random.Random(f"{alias} {seed}")) for alias in SITES}
        self.given = self.chance.random() < 0.5  # primary keys that people give, or the database
        self.number = self.round = 0
        self.base: State = {}
        self.taken: set[str] = set()  # rows of this round that the other site has seen
        self.decided: dict[tuple[str, str], str] = {}  # fields that both edit, and whose edit stays
        self.next: dict[Any, int] = {}

    # contentgit

    def run(self, *words: str) -> tuple[int, str, str]:
        """Call the command line: exit code and both outputs."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([words[0], f"--repository={self.repository}", *words[1:]])
        return code, out.getvalue(), err.getvalue()

    def ok(self, *words: str) -> str:
        """The same for a call that must succeed."""
        code, out, err = self.run(*words)
        assert code == 0, f"{words}: {code} {out}{err}"
        return out

    def commit(self, site: Site) -> None:
        """Commit on the site's branch."""
        self.stand(site)
        self.ok("commit", "-m", f"Round {self.round}", f"--database={site.alias}")

    def git(self, *words: str) -> None:
        """Plain git in the repository."""
        subprocess.run(["git", "-C", str(self.repository), *words], check=True)

    def stand(self, site: Site) -> None:
        """Work on the site's branch."""
        self.git("symbolic-ref", "HEAD", f"refs/heads/{BRANCH[site.alias]}")

    def merge(self, into: Site, other: Site, take: str = "") -> None:
        """Merge the other's branch; there are conflicts only where both edited the same."""
        self.stand(into)
        code, out, err = self.run("merge", BRANCH[other.alias], "--json")
        if take:
            assert code, out
            found = json.loads(self.run("conflicts", "--json")[1])["conflicts"]
            assert len(found) == len(self.decided), (found, self.decided)
            self.ok("resolve", "--all", f"--take={take}")
            self.ok("merge", "--continue")
        else:
            assert code == 0, (out, err)

    def apply(self, site: Site) -> None:
        """Apply the site's branch; now and then take it back and do it again."""
        database = f"--database={site.alias}"
        words = ("checkout", BRANCH[site.alias], "--apply", "--yes", "--allow-empty", database)
        before = raw.snapshot(site.alias)
        done = self.ok(*words)
        if self.chance.random() < 0.3 and "nothing to write" not in done:
            self.ok("undo", "--yes", "--allow-empty", database)
            assert raw.snapshot(site.alias) == before, "an undo brought back other rows"
            self.ok(*words)

    # Whose is what

    def owner(self, *what: str) -> str:
        """The site that may edit something in this round."""
        return random.Random(f"{self.seed} {self.round} {what}").choice(SITES)

    def deleter(self, origin: str) -> str:
        """The site that may delete the row in this round; the other leaves it alone."""
        if origin not in self.base:
            creator = SITES[origin[0] == "o"] if self.round else ""
            return "" if origin in self.taken else creator
        choice = random.Random(f"{self.seed} {self.round} {origin}").choice(("", "", *SITES))
        return "" if any(origin == each for each, _ in self.decided) else choice

    def mine(self, site: Site, origin: str, key: str) -> bool:
        """Whether the site may edit the field."""
        if origin not in self.base:
            return SITES[origin[0] == "o"] == site.alias
        if (origin, key) in self.decided or self.deleter(origin) not in ("", site.alias):
            return False
        return self.deleter(origin) == site.alias or self.owner(origin, key) == site.alias

    def targets(self, site: Site, kinds: tuple[str, ...]) -> list[str]:
        """The rows that the site may refer to."""
        return [
            origin
            for origin, row in sorted(site.rows.items())
            if row["kind"] in kinds and self.deleter(origin) in ("", site.alias)
        ]

    # Work

    def work(self, site: Site, times: int) -> None:
        """Random edits of a site: at first nothing is deleted."""
        ways = [self._create] * 6 + [self._edit] * 4 + [self._link] * 3 + [self._delete] * 2
        for _ in range(times):
            site.chance.choice(ways)(site)
        self.same(site, site.rows)

    def _create(self, site: Site, name: str = "") -> None:
        name = name or site.chance.choice(list(KINDS))
        kind, values = KINDS[name], dict[str, Any]()
        self.number += 1
        if kind.text:
            values[kind.text] = f"{name} {self.number}"
        for key, kinds in kind.references.items():
            found = self.targets(site, kinds)
            if found and not ((name, key) in NULLABLE and site.chance.random() < 0.3):
                values[key] = site.chance.choice(found)
            elif (name, key) in NULLABLE:
                values[key] = None
            else:
                return
        site.create(f"{site.alias[0]}{self.number}", name, values, self._key(site, kind.model))

    def _key(self, site: Site, model: Any) -> int | None:
        """A key that somebody gives: one that the other site gives too, or that of a row that is gone."""
        base = models.Page if model is models.NewsPage else model
        if site.freed.get(model) and site.chance.random() < 0.3:
            self.ok("status", f"--database={site.alias}")  # which sees that it is gone
            freed = site.freed[model].pop()  # the database gives it to no other, but a commit may
            if not base._base_manager.using(site.alias).filter(pk=freed).exists():
                return freed
        if not self.given:
            return None
        place = (site.alias, base)
        if place not in self.next:
            tables = (base._base_manager.using(alias) for alias in SITES)
            keys = [pk for rows in tables for pk in rows.values_list("pk", flat=True)]
            self.next[place] = max(keys, default=0) + site.chance.randint(0, 1)
        rows = base._base_manager.using(site.alias)
        self.next[place] += 1
        while rows.filter(pk=self.next[place]).exists():  # it came with what was taken meanwhile
            self.next[place] += 1
        return self.next[place]

    def _edit(self, site: Site) -> None:
        fields = [
            (origin, key)
            for origin, row in sorted(site.rows.items())
            for key in row
            if key not in ("kind", "tags") and self.mine(site, origin, key)
        ]
        if not fields:
            return
        origin, key = site.chance.choice(fields)
        self.number += 1
        name = site.rows[origin]["kind"]
        if key not in KINDS[name].references:
            site.edit(origin, key, f"{name} {self.number}")
            return
        # No circles, whatever the other site does meanwhile.
        found = [
            each
            for each in self.targets(site, KINDS[name].references[key])
            if int(each[1:]) < int(origin[1:])
        ]
        if (name, key) in NULLABLE and site.chance.random() < 0.4:
            site.edit(origin, key, None)
        elif found:
            site.edit(origin, key, site.chance.choice(found))

    def _link(self, site: Site) -> None:
        products, tags = self.targets(site, ("product",)), self.targets(site, ("tag",))
        pairs = [
            (each, tag) for each in products for tag in tags if self.mine(site, each, f"tags {tag}")
        ]
        if pairs:
            site.link(*site.chance.choice(pairs))

    def _delete(self, site: Site) -> None:
        found = [
            origin
            for origin in sorted(site.rows)
            if self.deleter(origin) == site.alias and not site.is_referred_to(origin)
        ]
        if found:
            site.delete(site.chance.choice(found))

    def _clash(self) -> None:
        """Both edit one field of a row, each as it likes."""
        fields = [
            (origin, KINDS[row["kind"]].text)
            for origin, row in sorted(self.base.items())
            if KINDS[row["kind"]].text and not self.deleter(origin)
        ]
        for place in self.chance.sample(fields, min(len(fields), self.chance.randint(0, 3))):
            self.decided[place] = ""
            for site in self.sites.values():
                self.number += 1
                site.edit(*place, f"both {self.number}")

    def merged(self) -> State:
        """What must come of the work of both."""
        found: State = {}
        rows = {alias: site.rows for alias, site in self.sites.items()}
        for origin in {*rows["default"], *rows["other"]}:
            there = [alias for alias in SITES if origin in rows[alias]]
            if origin in self.base:
                if len(there) == 2:
                    found[origin] = {key: self._value(origin, key) for key in self.base[origin]}
            else:
                creator = SITES[origin[0] == "o"]
                found[origin] = rows[creator][origin]
        return found

    def _value(self, origin: str, key: str) -> Any:
        rows = {alias: site.rows[origin][key] for alias, site in self.sites.items()}
        whole = self.deleter(origin)
        if key == "tags":
            every = rows["default"] | rows["other"]
            return {tag for tag in every if tag in rows[whole or self.owner(origin, f"tags {tag}")]}
        return rows[self.decided.get((origin, key)) or whole or self.owner(origin, key)]

    # Rounds

    def begin(self) -> None:
        """Both sites have the same rows, which one of them made."""
        self.ok_init()
        here, there = self.sites.values()
        for name in [*KINDS, *KINDS]:
            self._create(here, name)
        self.work(here, 40)
        self.commit(here)
        there.rows = copied(here.rows)
        self.git("branch", "live", "main")
        self.apply(there)
        self.base = self._agreed(here.rows)

    def ok_init(self) -> None:
        """The repository."""
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["init", "--bare", str(self.repository)]) == 0

    def play(self) -> None:
        """One round: work on both sites, merged in both directions."""
        self.round += 1
        self.taken, self.decided, self.next = set(), {}, {}
        here, there = self.chance.sample(list(self.sites.values()), 2)
        if self.chance.random() < 0.5:
            self._clash()
        for _ in range(self.chance.randint(1, 2)):
            for site in (here, there):
                self.work(site, self.chance.randint(3, 12))
                self.commit(site)
            if not self.decided and self.chance.random() < 0.5:
                self._take(here, there)
        take = self.chance.choice(("ours", "theirs")) if self.decided else ""
        self.decided = dict.fromkeys(self.decided, (here if take == "ours" else there).alias)
        wanted = self.merged()
        self.merge(here, there, take)
        self.merge(there, here)
        for site in (here, there):
            self.apply(site)
        self.base = self._agreed(wanted)

    def same(self, site: Site, wanted: State) -> None:
        """The database has these rows and no others."""
        found = state(site.alias)
        assert found == wanted, "\n".join(_differences(site.alias, found, wanted))

    def _take(self, here: Site, there: Site) -> None:
        """One site takes what the other has so far; nobody deletes new rows of that."""
        self.taken |= {origin for origin in there.rows if origin not in self.base}
        found = self.merged()
        self.merge(here, there)
        self.apply(here)
        here.rows = copied(found)
        self.same(here, found)

    def _agreed(self, wanted: State) -> State:
        """Both databases have these rows, and nothing is left to say of them."""
        for site in self.sites.values():
            self.same(site, wanted)
            site.rows = copied(wanted)
            site.freed.clear()
            self.ok("status", "--exit-code", f"--database={site.alias}")
            code, out, _ = self.run("check", BRANCH[site.alias], "--json")
            findings = json.loads(out)["findings"]
            assert (code, findings) == (0, []), findings
        return copied(wanted)


def _differences(alias: str, found: State, wanted: State) -> Iterator[str]:
    for origin in sorted({*found, *wanted}):
        if found.get(origin) != wanted.get(origin):
            yield f"{alias} {origin}: {found.get(origin)} and not {wanted.get(origin)}"

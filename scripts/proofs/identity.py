"""Two sites work under the same primary keys, and are merged both ways, over and over.

    python scripts/proofs/identity.py                   20 seeds on SQLite, rows named by UUIDs
    python scripts/proofs/identity.py 200 1000 -j 4     200 seeds from seed 1000 on, in four processes
    python scripts/proofs/identity.py --identity pk     rows named by primary keys, of which some get others

CONTENTGIT_TEST_DATABASE names another database: postgresql or mysql. ``tests/uuid_laws.py`` and
``tests/numbered_laws.py`` say what must hold.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 4


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=20)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--identity", choices=("uuid", "pk"), default="uuid", help="names of rows")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.count)
    if given.jobs == 1:
        return 1 if _played(seeds, given.identity) else 0
    words = [sys.executable, __file__, "--identity", given.identity]
    shares = [seeds[given.count * n // given.jobs :] for n in range(given.jobs)]
    ends = [
        given.count * (n + 1) // given.jobs - given.count * n // given.jobs
        for n in range(given.jobs)
    ]
    running = [
        subprocess.Popen([*words, str(count), str(share.start)])
        for share, count in zip(shares, ends, strict=True)
        if count
    ]
    return max([process.wait() for process in running], default=0)


def _played(seeds: Sequence[int], identity: str) -> int:
    """How many of the seeds show a breach of the law; says which."""
    _surroundings()
    from django.test import override_settings

    from tests.databases import created, start_django

    start_django()
    from tests.uuid_sites import NUMBERED, SETTING

    breaches, began = 0, time.perf_counter()
    setting = SETTING if identity == "uuid" else NUMBERED
    with created() as cleaners, override_settings(CONTENTGIT=setting):
        for seed in seeds:
            for cleaner in cleaners.values():
                cleaner.clean()
            found = breach(seed, identity)
            breaches += bool(found)
            print(found, end="", flush=True)
        took = time.perf_counter() - began
    print(f"{len(seeds)} seeds in {took:.0f} s, {breaches} breaches")
    return breaches


def breach(seed: int, identity: str) -> str:
    """What the seed shows, if the law does not hold."""
    from tests.numbered_laws import NumberedSites
    from tests.uuid_laws import Sites

    with tempfile.TemporaryDirectory() as folder:
        kind = Sites if identity == "uuid" else NumberedSites
        sites = kind(Path(folder) / "content", seed)
        try:
            sites.begin()
            for _ in range(ROUNDS):
                if isinstance(sites, NumberedSites):
                    sites.late()
                sites.play()
        except AssertionError as error:
            return f"seed {seed}, round {sites.round}: {str(error)[:2000]}\n"
    return ""


def _surroundings() -> None:
    """The tests' modules, databases of our own, and somebody who commits."""
    sys.path.insert(0, str(ROOT))
    os.environ["CONTENTGIT_TEST_NAME"] = f"cg_identity_{os.getpid()}"
    for name, value in (("NAME", "Proof"), ("EMAIL", "proof@example.com")):
        for role in ("AUTHOR", "COMMITTER"):
            os.environ[f"GIT_{role}_{name}"] = value


if __name__ == "__main__":
    sys.exit(main())

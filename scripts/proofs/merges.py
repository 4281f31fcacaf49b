"""Two editors change a site at the same time, over and over; prints what came of it.

    python scripts/proofs/merges.py            100 seeds on the demo's site and on the tests' zoo
    python scripts/proofs/merges.py 500 1000   500 seeds from seed 1000 on

For each seed: a merge both ways with every conflict decided for either side; a merge of records that were
given the same keys, which get new ones one by one; a merge by plain git of edits of different fields, every
other time of a record that one side replaced; every third time a revert and a cherry-pick; every fifth
branches that take each other's tips. ``tests/merge_laws.py`` says what must hold.
CONTENTGIT_PROOF_LAW=clash runs one of them: clash, both_kept, disjoint, renamed, taken_back or crossing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.merge_laws import Start

ONLY = os.environ.get("CONTENTGIT_PROOF_LAW", "")
LAWS = (
    ("clash", 1),
    ("both_kept", 1),
    ("disjoint", 1),
    ("renamed", 2),
    ("taken_back", 3),
    ("crossing", 5),
)
"""The simulations, and every how many seeds."""


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    _surroundings()
    from tests.databases import created, start_django

    start_django()
    from tests.merge_starts import STARTS

    breaches = 0
    with created(), tempfile.TemporaryDirectory() as folder:
        for name, make in STARTS.items():
            start = make(Path(folder) / name)
            began = time.perf_counter()
            for seed in range(first, first + count):
                for law, often in LAWS:
                    if seed % often == 0 and ONLY in ("", law):
                        breaches += not holds(law, start, seed)
            print(f"{name}: {count} seeds in {time.perf_counter() - began:.0f} s")
            for what, number in sorted(start.counts.items()):
                print(f"  {number:6,} {what}")
    print(f"{breaches} breaches of a law, an edit that is lost among them")
    return 1 if breaches else 0


def _surroundings() -> None:
    """The tests' modules, databases of our own, and somebody who commits."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    os.environ["CONTENTGIT_TEST_NAME"] = f"cg_merges_{os.getpid()}"
    for name, value in (("NAME", "Proof"), ("EMAIL", "proof@example.com")):
        for role in ("AUTHOR", "COMMITTER"):
            os.environ[f"GIT_{role}_{name}"] = value


def holds(law: str, start: Start, seed: int) -> bool:
    """Whether a simulation went well; says how it did not."""
    from contentgit.errors import ContentgitError

    try:
        getattr(start, law)(str(seed))
    except (AssertionError, ContentgitError) as error:
        print(f"{law} {seed}: {type(error).__name__} {str(error)[:1500]}", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

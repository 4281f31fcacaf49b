"""Random migrations, random content, edits on two branches that left at different stages; merged and applied.

    python scripts/proofs/evolution.py                   20 seeds on SQLite
    python scripts/proofs/evolution.py 200 1000 -j 4     200 seeds from seed 1000 on, in four processes

CONTENTGIT_TEST_DATABASE names another database: postgresql or mysql. What Django's ``migrate`` makes of the
same content in place is the oracle: see ``tests/evolving_laws.py``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.evolving_laws import Law


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=20)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    began, breaches = time.perf_counter(), 0
    with ProcessPoolExecutor(given.jobs) as pool:
        for found in pool.map(breach, range(given.first, given.first + given.count)):
            if found:
                breaches += 1
                print(found, flush=True)
    print(f"{given.count} seeds in {time.perf_counter() - began:.0f} s, {breaches} breaches")
    return 1 if breaches else 0


def breach(seed: int) -> str:
    """What the seed shows, if the law does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        law = Law(Path(folder) / "project", seed)
        try:
            law.check()
        except AssertionError as error:
            return f"seed {seed}: {[stage.operation for stage in law.stages[1:]]}\n{error}"
    return ""


if __name__ == "__main__":
    sys.exit(main())

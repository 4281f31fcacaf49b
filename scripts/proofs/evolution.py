"""Random migrations, random content, edits on two branches that left at different stages; merged and applied.

    python scripts/proofs/evolution.py              20 seeds on SQLite
    python scripts/proofs/evolution.py 200 1000     200 seeds from seed 1000 on

CONTENTGIT_TEST_DATABASE names another database: postgresql or mysql. What Django's ``migrate`` makes of the
same content in place is the oracle: see ``tests/evolving_laws.py``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.evolving_laws import Law


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began, breaches = time.perf_counter(), 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            law = Law(Path(folder) / "project", seed)
            try:
                law.check()
            except AssertionError as error:
                breaches += 1
                operations = [stage.operation for stage in law.stages[1:]]
                print(f"seed {seed}: {operations}\n{error}", flush=True)
    print(f"{count} seeds in {time.perf_counter() - began:.0f} s, {breaches} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())

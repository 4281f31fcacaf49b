"""Damages a site in every way that we know and calls every verb that reads; prints what went wrong.

    python scripts/proofs/fuzz.py                       one minute, from seed 0 on
    python scripts/proofs/fuzz.py --minutes 60 --seed 7
    python scripts/proofs/fuzz.py --seed 4711 --cases 1 --verbose
                                                        one case again, with what each call said

A case is a copy of the bakery's site with one to three things damaged (records, documents, trees, headers
of commits, tags, refs, files of git, the file of a merge under way, the ledger, rows) and some calls with
words that the parser takes; ``tests/fuzz`` has both. Looked for: tracebacks, unknown exit codes, calls that
do not end or hold much memory, Python's words in messages, control characters in what is printed,
``--json`` that is none. Only contentgit is judged: git itself may die on damaged objects, which the call must
say; such calls are counted.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["CONTENTGIT_TEST_NAME"] = f"cg_fuzz_{secrets.token_hex(4)}"
for role in ("AUTHOR", "COMMITTER"):
    os.environ |= {f"GIT_{role}_NAME": "Fuzz", f"GIT_{role}_EMAIL": "fuzz@example.com"}

from tests import databases  # noqa: E402  it reads the name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--cases", type=int, help="so many cases, however long they take")
    parser.add_argument("--seed", type=int, default=0, help="the first case's")
    parser.add_argument("--calls", type=int, default=8, help="calls a case")
    parser.add_argument("--verbose", action="store_true", help="print every call and what it said")
    args = parser.parse_args()
    with databases.created(), tempfile.TemporaryDirectory() as folder:
        return _prove(Path(folder), args)


def _prove(folder: Path, args: argparse.Namespace) -> int:
    from tests.fuzz.run import Ground

    ground = Ground.build(folder)
    ends = time.monotonic() + args.minutes * 60
    codes: Counter[object] = Counter()
    kinds: Counter[str] = Counter()
    deaths = 0
    seed = args.seed
    while seed < args.seed + args.cases if args.cases else time.monotonic() < ends:
        for did in ground.case(seed, args.calls):
            codes[did.ended.code] += 1
            deaths += did.ended.git_died != 0
            if args.verbose:
                print(f"$ contentgit {did.shown}\n{did.ended.out[:3000]}{did.ended.err[:3000]}")
            for fault in did.faults:
                kinds[fault.partition(":")[0]] += 1
                print(
                    f"seed {seed} ({did.damage}): contentgit {did.shown}\n    {fault}", flush=True
                )
        seed += 1
        if seed % 100 == 0:
            print(f"up to seed {seed:,}: {codes.total():,} calls", file=sys.stderr, flush=True)
    print(f"{seed - args.seed:,} cases, {codes.total():,} calls by exit code: {dict(codes)}")
    print(f"in {deaths:,} of them git itself ended by a signal")
    print(f"{kinds.total():,} faults: {dict(kinds)}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())

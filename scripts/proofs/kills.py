"""Kills verbs at random moments (SIGKILL); do content, ledger, branch and worktree agree after the next call?

    python scripts/proofs/kills.py             200 kills each of commit, apply, merge, update and undo,
                                               and some of the others that write
    python scripts/proofs/kills.py 50 1000     50 kills of each, from seed 1000 on
    CONTENTGIT_PROOF_VERB=undo python scripts/proofs/kills.py
                                               of one verb only

A process is killed after a random part of the time that its verb usually takes, in half of the cases with
all that it has started. Then the status is asked for, or not, and the call is made again or gone on with as
its user would. The database must hold what it held before the call or what it holds after it, and in the
end, with branches, worktree and ledger, what a call leaves that nobody kills. ``tests/kills`` has the
site and what is looked for. *before*, *during*, *after*: what there was right after the kill. The kills of
merge are shared out between a clean one, one that stops at a conflict, and ``merge --continue``; an apply
brings HEAD and worktree to another branch. Other verbs that write have a fifth as many each.
"""

from __future__ import annotations

import itertools
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["CONTENTGIT_TEST_NAME"] = f"cg_kills_{secrets.token_hex(4)}"
for role in ("AUTHOR", "COMMITTER"):
    os.environ |= {f"GIT_{role}_NAME": "Proof", f"GIT_{role}_EMAIL": "proof@example.com"}

from tests import databases  # noqa: E402  it reads the name

ONLY = os.environ.get("CONTENTGIT_PROOF_VERB", "")


def main(count: int = 200, first: int = 0) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    databases.start_django()
    from tests.kills.killing import Killing
    from tests.kills.place import Place

    with databases.created(), tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        killings = [Killing(place, verb) for verb in place.states if verb.startswith(ONLY)]
        try:
            for seed in itertools.count(first):
                left = [each for each in killings if each.tally.kills < each.share(count)]
                for killing in left:
                    for failure in killing.kill(seed):
                        print(failure, flush=True)
                if not left:
                    break
                if seed % 20 == 19:
                    kills = sum(each.tally.kills for each in killings)
                    print(f"up to seed {seed}: {kills:,} kills", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            print("interrupted; so far:")
        for killing in killings:
            print(f"{killing.state.verb}: {killing.tally}")
    return 1 if any(each.tally.failures for each in killings) else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

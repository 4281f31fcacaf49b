#!/usr/bin/env python3
"""Two operators apply different commits in a loop while an editor saves; is a word of anybody's lost?

    CONTENTGIT_TEST_DATABASE=postgresql python scripts/proofs/operators.py [SECONDS [PAUSE]]

Runs on databases of its own, as the tests do. Every word that the editor committed must be in the
database or in a backup at the end, every call must end with 0 or with a refusal that says why, and
the database must be what the last commit says after one more apply.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["CONTENTGIT_TEST_NAME"] = f"cg_proof_{secrets.token_hex(4)}"

from tests import databases

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Proof"), ("EMAIL", "proof@example.com"))
}


def main(seconds: float = 60, pause: float = 0.05) -> int:
    os.environ.update(IDENTITY)
    with databases.created(), tempfile.TemporaryDirectory() as folder:
        return _prove(Path(folder) / "content", seconds, pause)


def _prove(repository: Path, seconds: float, pause: float) -> int:
    from contentgit.cli.main import main as contentgit
    from tests import raw
    from tests.verbs import operators

    def ok(verb: str, *words: str) -> None:
        place = [str(repository)] if verb == "init" else [f"--repository={repository}"]
        if contentgit([verb, *place, *words]):
            raise SystemExit(f"contentgit {verb} {' '.join(words)} failed")

    operators.prepare(ok)
    told = operators.work(repository, "other", ("main", "summer"), seconds, pause)
    lost = set(told.words) - operators.kept(repository, "other")
    ok("checkout", "summer", "--apply", "--yes", "--force", "--database=other")
    whole = raw.snapshot("other") == raw.snapshot("default")
    sound = not subprocess.run(["git", "fsck", "--no-dangling"], cwd=repository).returncode
    print(f"calls by exit code: {dict(told.codes)}; refusals: {dict(told.reasons)}")
    print(f"words saved: {len(told.words)}, saves refused: {told.refused}, lost: {len(lost)}")
    print(f"backups: {operators.backups(repository)}; unexplained: {len(told.unexplained)}")
    print(*told.unexplained[:5], sep="\n")
    return 0 if whole and sound and not lost and not told.unexplained else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))

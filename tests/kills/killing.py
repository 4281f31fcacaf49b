"""Verbs killed at random moments: what is found then, and whether the next calls bring all in order."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import connections

from tests.fuzz import judge
from tests.kills.place import Place

SECONDS: Final = 30.0
"""So long may git processes outlive a killed one, and a server its client."""

ONCE: Final = {"undo", "checkout -b", "cherry-pick", "revert", "restore", "merge --abort"}
"""Verbs that do more, or nothing, when they are called again after they were done."""

_STEPS: Final = {"subprocess.Popen", "os.rename", "os.remove"}

_LOCK: Final = re.compile(r"^(?:hint:)? *rm (\S+\.lock)  \(removes the", re.MULTILINE)


@dataclass
class Tally:
    """What came of the kills of one verb; ``usual`` is how long it runs when nobody kills it."""

    usual: float = 0
    kills: int = 0
    groups: int = 0
    finished: int = 0
    hit: Counter[str] = field(default_factory=Counter)
    locks: int = 0
    busy: int = 0
    failures: int = 0

    def __str__(self) -> str:
        hit = ", ".join(f"{self.hit[name]} {name}" for name in ("before", "during", "after"))
        return (
            f"{self.kills} kills ({self.groups} of the whole group) within {self.usual:.2f} s: {hit}; "
            f"{self.locks} lock files named and removed, {self.busy} calls told to wait, "
            f"{self.finished} ended first; {self.failures} failures"
        )


class Killing:
    """Kills one verb again and again, after it was ``measured`` so many times."""

    def __init__(self, place: Place, verb: str, measured: int = 3) -> None:
        self.place = place
        self.state = place.states[verb]
        self.tally = Tally()
        self.code = 3 if verb == "merge in conflict" else 0
        place.bring_back(self.state)
        self.before = place.found(self.state)
        self._runs: list[float] = []
        for _ in range(measured):
            place.bring_back(self.state)
            ended = judge.call(place.words(*self.state.words), place.folder)
            assert ended.code == self.code, ended.out + ended.err
            self._ran(ended.seconds)
        self.after = place.found(self.state)
        assert self.after != self.before
        assert not self.after.changed
        assert all(state == "done" for *_, state in self.after.applied)

    def _ran(self, seconds: float) -> None:
        self._runs.append(seconds)
        self.tally.usual = statistics.median(self._runs[-9:])

    def share(self, count: int) -> int:
        """How many of ``count`` kills are this verb's."""
        return -(-count // self.state.share)

    def kill(self, seed: int) -> list[str]:
        """Kills once; the failures after the next calls. A process that ended first is counted apart."""
        chance = random.Random(f"{self.state.verb} {seed}")
        whole, delay = chance.random() < 0.5, chance.uniform(0, self.tally.usual)
        return self._kill(chance, f"seed {seed}", whole, delay)

    def kill_before(self, step: int) -> list[str]:
        """As :meth:`kill`, before its ``step``-th process, statement, or file renamed or removed."""
        return self._kill(random.Random(step), f"step {step}", step=step)

    def lock_out(self, lock: str) -> list[str]:
        """Calls with a lock in the way that a killed git has left; the failures after the next calls."""
        self.place.bring_back(self.state)
        path = self.place.path / ".git" / lock
        path.touch()
        ended, wrong = self._call(self.state.words, (self.code,))
        if path.exists():  # it kept nothing but a worktree from what was wanted
            if f"rm {path}  (removes the lock" not in ended.err + ended.out:
                wrong.append(f"does not name {lock}")
            path.unlink()
            wrong += self._status()
        last = self.place.found(self.state)
        if last != self.after:
            wrong.append(f"at last {last.differences(self.after)}")
        return [f"{self.state.verb}, {lock}: {each}" for each in wrong]

    def _kill(
        self, chance: random.Random, name: str, whole: bool = False, delay: float = 0, step: int = 0
    ) -> list[str]:
        self.place.bring_back(self.state)
        session, code, err = self._start_and_kill(whole, delay, step)
        wrong = self._next_calls(chance, code)
        if "Traceback" in err:
            wrong.append(f"the killed process wrote {err[-600:]!r}")
        if _ends(session):
            wrong.append("git processes outlive the killed one")
        failures = [f"{self.state.verb}, {name}: {each}" for each in wrong]
        self.tally.failures += len(failures)
        return failures

    def _start_and_kill(self, whole: bool, delay: float, step: int) -> tuple[int, int, str]:
        words = self.place.words(*self.state.words)
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            tempfile.TemporaryFile() as told,
        ):
            connections.close_all()  # a child must not share the parent's connections
            began, child = time.monotonic(), os.fork()
            if not child:
                count_down(step)
                judge.in_child(lambda: judge.contentgit(words), self.place.folder, out, err, told)
            if not step:
                time.sleep(delay)
                with suppress(ProcessLookupError):  # it has no group yet
                    if whole:
                        os.killpg(child, signal.SIGKILL)
                os.kill(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            err.seek(0)
            said = err.read().decode(errors="replace")
        if code == -signal.SIGKILL:
            self.tally.kills += 1
            self.tally.groups += whole
        else:
            self.tally.finished += 1
            self._ran(time.monotonic() - began)
        return child, code, said

    def _next_calls(self, chance: random.Random, code: int) -> list[str]:
        """What is wrong after the next calls; half of the users ask for the status first."""
        there = self.place.found(self.state)
        if code == -signal.SIGKILL:
            names = {"before": self.before, "after": self.after}
            self.tally.hit[next((n for n, f in names.items() if f == there), "during")] += 1
        elif code != self.code:
            return [f"the call ended with {code} before it was killed"]
        if there.content not in (self.before.content, self.after.content):
            return ["the content is neither that before nor that after the call"]
        wrong: list[str] = []
        if self.state.verb in ONCE or chance.random() < 0.5:
            wrong += self._status()
        for words, codes in self._ways_on(chance):
            wrong += self._call(words, codes)[1]
        last = self.place.found(self.state)
        if (
            last.left != self.after.left
        ):  # a lock on a ref that no call fails at: the status names it
            wrong += self._status()
            last = self.place.found(self.state)
        if last != self.after:
            wrong.append(f"at last {last.differences(self.after)}")
        return [f"{each} [{there.differences(self.before):.900}]" for each in wrong]

    def _status(self) -> list[str]:
        """Whether the status agrees with what there is, and has brought worktree and branch together."""
        ended, wrong = self._call(("status", "--json", f"--database={self.state.using}"), (0,))
        if wrong:
            return wrong
        said = json.loads(ended.out)
        for lock in said["locks"]:
            Path(lock).unlink()
        if said["locks"]:
            self.tally.locks += len(said["locks"])
            return self._status()
        now = self.place.found(self.state)
        tips = {row["applied"]["commit"] for row in said["dumps"] if row["applied"]}
        sides = [
            f for f in (self.before, self.after) if (f.content, f.refs) == (now.content, now.refs)
        ]
        if not sides:
            return [
                f"after status content and branches are of two states: {now.differences(self.after)}"
            ]
        expected = {(dump, commit) for f in sides for dump, commit, *_ in f.applied}
        named = {(dump, self._id(commit)) for dump, commit in expected}
        if not tips <= {commit for _, commit in named}:
            wrong.append(f"status says {tips}, expected {named}")
        if now.changed and now.head in {f.head for f in sides}:
            wrong.append(f"after status the worktree differs: {now.changed[:5]!r}")
        if any("moving-" in each or each.endswith(".lock") for each in now.left):
            wrong.append(f"after status there are {now.left!r}")
        return wrong

    def _id(self, commit: str) -> str:
        return self.place.git("rev-parse", commit) if commit.startswith("refs/") else commit

    def _ways_on(self, chance: random.Random) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
        """What a user calls to have what was wanted, by what is there."""
        words, verb = self.state.words, self.state.verb
        merging = self.place.path / ".git/contentgit/merge.json"
        if verb in ONCE:
            now = self.place.found(self.state)
            sides = [
                (f.content, f.refs, merging.name in "".join(f.left)) for f in (now, self.before)
            ]
            if sides[0] == sides[1]:
                yield words, (0,)
            elif now.head != self.after.head:  # the new branch is there, and HEAD not on it
                _, wrong = self._call(words, (2,))
                assert not wrong, wrong
                self.place.git("checkout", "-q", self.after.head.removeprefix("refs/heads/"))
        elif verb == "merge --continue":
            yield words, (0,) if self._tips() == list(self.before.refs) else (0, 2)
        elif verb.startswith("merge") and merging.exists() and chance.random() < 0.5:
            yield ("merge", "--abort"), (0,)
            yield words, (self.code,)
        elif verb == "merge in conflict" and merging.exists():
            yield ("conflicts",), (0, 3)
        else:
            yield words, (self.code,)

    def _tips(self) -> list[str]:
        return list(self.place.found(self.state).refs)

    def _call(self, words: Sequence[str], codes: Sequence[int]) -> tuple[judge.Ended, list[str]]:
        """Calls, and does what it is told where something of the killed process is in the way."""
        ends = time.monotonic() + SECONDS
        while True:
            call = self.place.words(*words)
            ended = judge.call(call, self.place.folder)
            lock = _LOCK.search(ended.err if ended.code not in codes else ended.out)
            if lock:
                Path(shlex.split(lock[1])[0]).unlink()
                self.tally.locks += 1
            elif ended.code == 3 and "another apply holds" in ended.err and time.monotonic() < ends:
                self.tally.busy += 1
                time.sleep(0.1)
            else:
                break
        wrong = judge.faults(ended, call)
        if ended.code not in codes:
            wrong.append(f"ended with {ended.code}: {ended.out[-300:]!r} {ended.err[-600:]!r}")
        return ended, [f"contentgit {' '.join(words)}: {each}" for each in wrong]


def count_down(step: int) -> None:
    """Has this process killed before its ``step``-th step from now on; never where that is 0."""
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Any, *words: Any) -> Any:
        count()
        return execute(*words)

    for connection in connections.all():
        connection.execute_wrappers.append(statement)
    sys.addaudithook(lambda event, _arguments: count() if event in _STEPS else None)


def _ends(session: int) -> bool:
    """Whether processes of the session go on for too long; waits for their end."""
    ends = time.monotonic() + SECONDS
    while any(_of_session(session)):
        if time.monotonic() > ends:
            return True
        time.sleep(0.01)
    return False


def _of_session(session: int) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            if int(words[3]) == session and words[0] != "Z":
                yield path.parent.name

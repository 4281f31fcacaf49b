"""One call of the command line in a process of its own, with bounds; and what is wrong with how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

SECONDS: Final = 60.0
"""So long may a call take by the clock, on a busy machine."""

CPU_SECONDS: Final = 8.0
MEGABYTES: Final = 200
"""So much more than this process may a call hold."""

CODES: Final = frozenset({0, 1, 2, 3})
_INTERNAL = re.compile(
    r"Traceback \(most recent|\b(?:Key|Type|Attribute|Index|Value|Assertion|Recursion|Overflow)Error\b|"
    r"Unicode\w*Error\b|"
    r"'NoneType'|object has no attribute|object is not|codec can't|indices must be|not subscriptable|"
    r"unhashable type|too many values to|not enough values|out of range for|Python int too large|"
    r"maximum recursion|invalid literal for|<class '|unsupported operand|required positional"
)
"""Words of Python that no message of ours should hold."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST = 1500  # characters of a line on standard error: beyond, nobody reads it


def contentgit(words: Sequence[str]) -> int:
    """The program itself."""
    from contentgit.cli.start import main

    return main(words)


@dataclass(frozen=True)
class Ended:
    """How a call ended; ``trace`` is the place in our code of an exception that got out."""

    code: int | None
    out: str
    err: str
    seconds: float
    cpu: float
    megabytes: int
    trace: str = ""
    git_died: int = 0


Program = Callable[[Sequence[str]], int]


def call(
    words: Sequence[str], folder: Path, program: Program = contentgit, seconds: float = SECONDS
) -> Ended:
    """Runs the words in a new process in ``folder``, which ends with all that it started."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryFile() as told,
    ):
        _close_databases()
        began, before = time.monotonic(), _held()
        child = os.fork()
        if not child:
            in_child(lambda: program(words), folder, out, err, told)
        code, usage = _wait(child, seconds)
        megabytes = max(0, usage.ru_maxrss // 1024 - before)
        texts = [_text(each) for each in (out, err, told)]
        more = json.loads(texts[2] or "{}")
        return Ended(
            code,
            texts[0],
            texts[1],
            time.monotonic() - began,
            usage.ru_utime + usage.ru_stime,
            megabytes,
            more.get("trace", ""),
            more.get("git", 0),
        )


def _held() -> int:
    """Megabytes that this process holds, which a child begins with."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(50_000_000).decode("utf-8", "surrogateescape")


def _close_databases() -> None:
    from django.db import connections

    connections.close_all()


def _wait(child: int, seconds: float) -> tuple[int | None, resource.struct_rusage]:
    """Exit code, None where it had to be ended, and what it used; its group is gone afterwards."""
    pidfd = os.pidfd_open(child)
    ready, _, _ = select.select([pidfd], [], [], seconds)
    os.close(pidfd)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    return (os.waitstatus_to_exitcode(status) if ready else None), usage


def in_child(
    run: Callable[[], int], folder: Path, out: IO[bytes], err: IO[bytes], told: IO[bytes]
) -> None:
    code, more = 70, {}
    try:
        os.setsid()
        os.chdir(folder)
        _limit()
        for file, descriptor in ((out, 1), (err, 2)):
            os.dup2(file.fileno(), descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        deaths = _watch_git()
        code = run()
        more["git"] = min(deaths, default=0)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    except BaseException as error:
        more["trace"] = place(error)
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        told.write(json.dumps(more).encode())
        told.flush()
        os._exit(code)


def _limit() -> None:
    """Memory for this process and git's, so that one call cannot take the machine's."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))


def _watch_git() -> list[int]:
    """Where the signals are noted that git processes ended by, but for those that we ended."""
    from contentgit.git.program import Running

    deaths: list[int] = []
    finish = Running.finish

    def noted(running: Running) -> tuple[int, str]:
        code, errors = finish(running)
        if code in (
            -signal.SIGSEGV,
            -signal.SIGABRT,
            -signal.SIGBUS,
            -signal.SIGFPE,
            -signal.SIGILL,
        ):
            deaths.append(code)
        return code, errors

    Running.finish = noted  # type: ignore[method-assign]
    return deaths


def place(error: BaseException) -> str:
    """The exception and the last lines of our own code that it went through."""
    own = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if "/contentgit/" in each.filename
    ]
    where = [
        f"{each.filename.rpartition('/contentgit/')[2]}:{each.lineno} {each.name}"
        for each in own[-3:]
    ]
    return f"{type(error).__name__}: {str(error)[:200]!r} at {' < '.join(reversed(where))}"


def faults(ended: Ended, words: Sequence[str]) -> list[str]:
    """What is wrong with how a call ended; nothing where all is well."""
    found = []
    if ended.code is None:
        found.append(f"still running after {ended.seconds:.0f} s")
    elif ended.trace:
        found.append(f"traceback: {ended.trace}")
    elif ended.git_died and not ended.code:
        found.append(f"success, though git ended by signal {-ended.git_died}")
    elif ended.code not in CODES:
        found.append(f"unknown exit code {ended.code}: {ended.err[-300:]!r}")
    elif ended.cpu > CPU_SECONDS:
        found.append(f"took {ended.cpu:.0f} s of CPU")
    if ended.megabytes > MEGABYTES:
        found.append(f"held {ended.megabytes} MB more than before")
    return found or _said_faults(ended, words)


def _said_faults(ended: Ended, words: Sequence[str]) -> list[str]:
    found = []
    said = ended.out + ended.err
    if ended.code and not said.strip():
        found.append(f"exit code {ended.code} and not a word")
    match = _INTERNAL.search(ended.err)
    if match:
        start = ended.err.rfind("\n", 0, match.start()) + 1
        found.append(f"Python's words in a message: {ended.err[start : match.end() + 200]!r}")
    if longest := [line for line in ended.err.splitlines() if len(line) > _LONGEST]:
        found.append(f"a message of {len(longest[0]):,} characters: {longest[0][:200]!r}")
    for text, name in ((ended.out, "output"), (ended.err, "messages")):
        if control := _CONTROLS.search(text):
            start = max(0, control.start() - 60)
            found.append(f"a control character in the {name}: {text[start : control.end() + 20]!r}")
    if "--json" in words and ended.code != 2:
        try:
            json.loads(ended.out)
        except ValueError as error:
            found.append(f"--json gave no JSON ({error}): {ended.out[:200]!r}")
    return found

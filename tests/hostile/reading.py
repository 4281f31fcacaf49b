"""Every verb that reads, called on one member in a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.fuzz import judge

RECORD: Final = "bakery.product:42"
CALLS: Final[dict[str, tuple[str, ...]]] = {
    "status": ("", "--json"),
    "track": ("",),
    "diff": ("main hostile", "hostile main --json", "hostile", "main...hostile --format=html"),
    "log": ("-p hostile -- shop", "-p hostile", RECORD, "-p --json hostile", "--applied"),
    "show": ("hostile --json", "hostile", f"hostile -- {RECORD}"),
    "blame": (f"{RECORD} --rev=hostile",),
    "identity": (f"show {RECORD}", "adopt hostile --all"),
    "branch": ("",),
    "tag": ("",),
    "checkout": ("hostile", "hostile --full --merge"),
    "commit": ("--dry-run",),
    "update": ("--dry-run",),
    "undo": ("--dry-run",),
    "conflicts": ("hostile", ""),
    "check": ("hostile", "main..hostile --merges --no-code", "hostile --format=sarif"),
    "gc": ("--dry-run",),
    "setup-git": ("--check",),
    "files": ("",),
}
"""What is called, by verb; ``hostile`` is the member's branch, and HEAD's. The first is always called."""

OF_THE_REPOSITORY: Final = frozenset(
    ("branch", "tag", "commit", "undo", "gc", "setup-git", "files")
)
"""Verbs that read no record of a commit."""

AS_OTHERS: Final = frozenset(("status", "track", "show", "update", "conflicts", "identity"))
"""Verbs that read a commit's tree as others do that are called: ``log -p``, ``diff`` and ``checkout``."""

NOT_CALLED: Final[dict[str, str]] = {
    **dict.fromkeys(("init", "demo"), "makes a repository of its own"),
    **dict.fromkeys(("datasets", "untrack"), "reads no repository"),
    **dict.fromkeys(("fetch", "pull", "push"), "speaks with another repository"),
    **dict.fromkeys(
        ("merge", "revert", "cherry-pick", "restore", "resolve", "upgrade"), "writes commits"
    ),
    **dict.fromkeys(("merge-driver", "diff-driver"), "reads files that git names"),
}
"""The other verbs, and why they are no readers."""


def calls(*, content: bool, every: bool) -> list[list[str]]:
    """The words of one call of each verb or, with ``every``, of all, ``--repository`` among them.

    With ``content`` only the verbs that read the content of commits, each in a way of its own.
    """
    from contentgit.cli.parser import VERBS

    found = []
    for verb, usual in CALLS.items():
        if content and verb in OF_THE_REPOSITORY | AS_OTHERS:
            continue
        for words in usual if every else usual[:1]:
            options, dashes, names = words.partition(" -- ")
            own = ["--repository=content"] if VERBS[verb].repository else []
            found.append([verb, *shlex.split(options), *own, *(["--", names] if dashes else [])])
    return found


def _make(all_words: Sequence[Sequence[str]]) -> int:
    """Makes the calls one after the other; prints how each began and ended, a line of JSON each."""
    lines = sys.stdout
    for words in all_words:
        print(json.dumps(words), file=lines, flush=True)
        print(json.dumps(asdict(_ended(words))), file=lines, flush=True)
    return 0


def _ended(words: Sequence[str]) -> judge.Ended:
    began, before = time.monotonic(), _cpu()
    out, err = io.StringIO(), io.StringIO()
    code, trace = None, ""
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = judge.contentgit(words)
    except BaseException as error:
        trace = judge.place(error)
    return judge.Ended(
        code=70 if code is None else code,
        out=out.getvalue(),
        err=err.getvalue(),
        seconds=time.monotonic() - began,
        cpu=_cpu() - before,
        megabytes=0,
        trace=trace,
    )


def _cpu() -> float:
    """Seconds of this process and of git's that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def read_all(
    folder: Path, all_words: Sequence[Sequence[str]]
) -> tuple[judge.Ended, list[tuple[list[str], judge.Ended]]]:
    """How the process ended, and each call in it; one that did not end is the last, without a code."""
    whole = judge.call([], folder, lambda _: _make(all_words))
    lines = [json.loads(line) for line in whole.out.splitlines()]
    done = [
        (words, judge.Ended(**ended)) for words, ended in zip(lines[::2], lines[1::2], strict=False)
    ]
    if len(lines) % 2:
        done.append((lines[-1], whole))
    return whole, done

"""``merge-driver`` and ``diff-driver``, as git calls them: without Django, git and the terminal's colours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit.branches import drivers
from contentgit.errors import ContentgitError, RepositoryError, UsageError
from contentgit.render.lines import file_lines
from contentgit.render.plain import safe

if TYPE_CHECKING:
    import argparse

    from contentgit.cli.parser import Options
    from contentgit.cli.terminal import Terminal

MERGE_USAGE = "contentgit merge-driver [--base] %O %A %B %P"


def main(words: Sequence[str]) -> int:
    """Runs one of the drivers; prints what is wrong on standard error, in a line or two."""
    try:
        if words[0] == "diff-driver":
            return _diff(words[1:])
        return _merge(words[1:])
    except ContentgitError as error:
        return _say(error)
    except BrokenPipeError:
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  the interpreter flushes it at exit
        return 0


def merge_driver_options(options: Options) -> None:
    options.describe(
        "Merges the record in three files into OURS, field by field. On a conflict OURS stays as it is, "
        "the conflicts are printed on standard error, and the exit code is 1. setup-git configures git to "
        "call it.",
        "contentgit merge-driver base.json ours.json theirs.json pages/pages.page/0/0/42.json",
    )
    options.word("base_file", "BASE", "file of the merge base; empty if there is none")
    options.word("ours", "OURS", "our file; receives the result")
    options.word("theirs", "THEIRS", "their file")
    options.word("path", "PATH", "path of the file in the repository")
    options.flag("--base", "merge bases of another merge: a conflict gives BASE, and exit code 0")


def merge_driver(args: argparse.Namespace, _terminal: Terminal) -> int:
    """Merges one file of a merge that git runs."""
    words = [args.base_file, args.ours, args.theirs, args.path]
    return _merge([*(["--base"] if args.base else []), *filter(None, words)])


def diff_driver_options(options: Options) -> None:
    options.describe(
        "Prints the record in FILE as text: one line per field, one line per sentence.",
        "contentgit diff-driver pages/pages.page/0/0/42.json",
    )
    options.word("file", "FILE", "file of a record")


def diff_driver(args: argparse.Namespace, _terminal: Terminal) -> int:
    """Prints a file for git's own diff."""
    return _diff([args.file] if args.file else [])


def _merge(words: Sequence[str]) -> int:
    names = [word for word in words if word != "--base"]
    if len(names) != 4 or len(words) - len(names) > 1:
        raise UsageError(
            f"merge-driver takes four file names, not {len(names)}",
            hint=f"git calls it: {MERGE_USAGE}",
        )
    sides = [_read(Path(name)) for name in names[:3]]
    if "--base" in words:
        _write(Path(names[1]), _merged_base(names[3], *sides))
        return 0
    merged = drivers.merge_file(names[3], *sides)
    if not merged.conflicts:
        _write(Path(names[1]), merged.data)
        return 0
    print(f"conflict in {safe(merged.name)}", file=sys.stderr)
    for conflict in merged.conflicts:
        print(f"  {safe(conflict)}", file=sys.stderr)
    print(
        "hint: contentgit merge REV resolves it; git merge --abort goes back first", file=sys.stderr
    )
    return 1


def _merged_base(path: str, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """One base of several: where they contradict each other, what they come from.

    Were it one of them, that side's change would look like none in the merge that follows.
    """
    try:
        merged = drivers.merge_file(path, base, ours, theirs)
    except ContentgitError:
        return base
    return base if merged.conflicts else merged.data


def _diff(words: Sequence[str]) -> int:
    if len(words) != 1:
        raise UsageError(
            f"diff-driver takes one file, not {len(words)}", hint="contentgit diff-driver FILE"
        )
    data = _read(Path(words[0]))
    write: Callable[[bytes], object] = sys.stdout.buffer.write
    for line in file_lines(data):
        write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise RepositoryError(f"cannot read {path}: {error}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror}") from error


def _say(error: ContentgitError) -> int:
    word = "refused" if error.exit_code == 3 else "error"
    print(f"{word}: {safe(error.message)}", file=sys.stderr)
    for item in error.items:
        print(f"  {safe(item)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {safe(error.hint)}", file=sys.stderr)
    return error.exit_code

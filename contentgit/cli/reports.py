"""``diff`` as a report for review: text, JSON, Markdown or HTML, on the terminal or in a file."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from rich.text import Text

from contentgit import config
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.history.commits import CommitComparison, TitledChange
from contentgit.history.review import review
from contentgit.render import data, report
from contentgit.render.text import change_lines, dump_line, stat_lines
from contentgit.render.views import TERMINAL, WHOLE
from contentgit.review import Review

_SUFFIXES: Final = {".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}


def wanted_format(args: argparse.Namespace) -> str | None:
    """The format that the words of a call ask for; None where they ask for no report.

    Raises:
        UsageError: they ask for two, or for an option that the format does not have.
    """
    chosen: str | None = args.format
    if args.json and chosen not in (None, "json"):
        raise UsageError(
            f"--json and --format {chosen} are two formats",
            hint=f"contentgit diff --format {chosen} A...B",
        )
    if chosen is None and args.output:
        chosen = _SUFFIXES.get(Path(args.output).suffix.lower(), "text")
    chosen = "json" if args.json else chosen
    if args.stat and (chosen or args.output) and not args.json:
        raise UsageError("--stat is no report", hint="leave out --stat, or --format and --output")
    for option, only in (("limit", "markdown"), ("media", "html")):
        if getattr(args, option) is not None and chosen != only:
            raise UsageError(
                f"--{option} goes with --format {only}",
                hint=f"contentgit diff --format {only} A...B",
            )
    if args.full and chosen is None:
        return "text"
    return chosen


def write_report(
    comparison: CommitComparison, chosen: str, args: argparse.Namespace, terminal: Terminal
) -> bool:
    """Writes the report to the terminal, or with ``--output`` to a file; whether anything differs.

    Raises:
        UsageError: the file cannot be written.
    """
    terminal.as_json = terminal.as_json or chosen == "json"
    found = review(comparison)
    if chosen != "json":
        found = replace(found, before=_short(found.before), after=_short(found.after))
    if args.output in (None, "-"):
        _write(comparison, found, chosen, args, terminal, None)
    else:
        path = Path(args.output)
        with _Whole(path) as file:
            _write(comparison, found, chosen, args, terminal, file)
        terminal.line(f"Wrote {path}: {report.verdict(found)}")
    return found.records > 0


def _short(revision: str) -> str:
    """A commit's full id as people write it; names as they are."""
    return revision[:SHORT] if re.fullmatch("[0-9a-f]{40,64}", revision) else revision


def _write(
    comparison: CommitComparison,
    found: Review,
    chosen: str,
    args: argparse.Namespace,
    terminal: Terminal,
    file: IO[str] | None,
) -> None:
    pieces: Iterator[str]
    if chosen == "json":
        head = {"before": found.before, "after": found.after, **report.data(found)}
        terminal.items(head, "changes", as_data(comparison.changes), file)
        return
    if chosen == "text":
        lines = _text(comparison, found, full=args.full)
        if file is None:
            terminal.lines(lines)
            return
        pieces = (f"{line.plain if isinstance(line, Text) else line}\n" for line in lines)
    elif chosen == "markdown":
        pieces = _markdown(comparison, found, args)
    else:
        pieces = _html(comparison, found, args)
    (file or sys.stdout).writelines(pieces)


def as_data(changes: Iterable[TitledChange]) -> Iterator[dict[str, object]]:
    """The changes as JSON values."""
    for each in changes:
        yield data.change(each.dump, each.change, each.title, each.references)


def _text(comparison: CommitComparison, found: Review, *, full: bool) -> Iterator[Text | str]:
    yield from report.lines(found)
    if found.records:
        *stat, total = stat_lines(found.counts)
        yield from stat
        if not found.repeated:  # else the verdict counts otherwise
            yield total
    dump = ""
    for each in comparison.changes:
        yield ""
        if comparison.dumps > 1 and each.dump != dump:
            dump = each.dump
            yield dump_line(dump)
        extent = WHOLE if full else TERMINAL
        yield from change_lines(each.change, each.title, each.references, extent)
        for words, records in report.reach_lines(found, each.change.key):
            yield Text(f"    {words} {report.plain(records)}")


def _markdown(
    comparison: CommitComparison, found: Review, args: argparse.Namespace
) -> Iterator[str]:
    from contentgit.render.markdown import EXTENT, LIMITS, markdown

    return markdown(
        found,
        comparison.changes,
        limit=LIMITS["github"] if args.limit is None else args.limit or None,
        extent=WHOLE if args.full else EXTENT,
        command=_command(args),
    )


def _command(args: argparse.Namespace) -> str:
    words = ["contentgit", "diff", *args.revisions, *(["--", *args.names] if args.names else [])]
    return " ".join(map(shlex.quote, words))


def _html(comparison: CommitComparison, found: Review, args: argparse.Namespace) -> Iterator[str]:
    from contentgit.cli.pictures import Pictures
    from contentgit.render.html import EXTENT, html

    folder = Path(args.media) if args.media else None
    if folder is None and comparison.trees is None:
        folder = config.media_folder()
    if args.media and not Path(args.media).is_dir():
        raise UsageError(f"--media: there is no folder {args.media}")
    extent = WHOLE if args.full else EXTENT
    if folder is None:
        return html(found, comparison.changes, extent=extent)
    return html(found, comparison.changes, extent=extent, picture=Pictures(folder).uri)


class _Whole:
    """A file that is there when all of it is written, and else as it was."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> IO[str]:
        try:
            if self._path.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            handle, name = tempfile.mkstemp(prefix=".contentgit-", dir=self._path.absolute().parent)
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from error
        self._partial = Path(name)
        self._file = open(handle, "w", encoding="utf-8", newline="\n", errors="backslashreplace")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        try:
            self._file.close()
            if kind is None:
                self._partial.chmod(0o666 & ~_umask())
                self._partial.replace(self._path)
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from error
        finally:
            self._partial.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

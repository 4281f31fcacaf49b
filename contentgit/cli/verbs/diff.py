"""``diff``: on the terminal, or as a report for review in text, JSON, Markdown or HTML."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from contentgit import config
from contentgit.cli.changes import (
    as_data,
    counts_by_model,
    print_changes,
    print_schema_changes,
)
from contentgit.cli.parser import Options, count
from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.git import Repository
from contentgit.history.commits import CommitComparison, Selection, compare_commits
from contentgit.history.review import review
from contentgit.render import report
from contentgit.render.styled import Text
from contentgit.render.text import change_lines, dump_line, stat_lines
from contentgit.render.views import TERMINAL, WHOLE
from contentgit.review import Review

_SUFFIXES: Final = {".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}
_LEAST = 8_000  # bytes that a Markdown report needs for its verdict and the note that it is cut


def _limit(text: str) -> int:
    """The bytes of a Markdown report; 0 for no limit."""
    from contentgit.render.markdown import LIMITS

    if text in LIMITS:
        return LIMITS[text]
    number = count(text)
    if 0 < number < _LEAST:
        raise argparse.ArgumentTypeError(f"takes 0, or {_LEAST:,} and more, not {number}")
    return number


def diff_options(options: Options) -> None:
    options.describe(
        "Compares two commits; a commit with the database; or, without a revision, the applied commit "
        "with the database. 'A..B' is 'A B'; 'A...B' compares the merge base with B. Names of dumps and "
        "records follow '--'. With --format prints a report for review: the verdict, what to check, a table "
        "by model, and each record.",
        "contentgit diff main summer",
        "contentgit diff",
        "contentgit diff main -- pages.page:42",
        "contentgit diff main...summer --format html -o report.html",
    )
    options.word("revisions", "REV", "none, one or two revisions", nargs="*")
    options.flag("--stat", "print only the counts by model")
    options.flag("--exit-code", "exit 1 if anything differs")
    formats = ("text", "json", "markdown", "html")
    options.value("--format", None, "print a report in this format", choices=formats)
    options.value("-o --output", "FILE", "write the report to FILE; its suffix sets the format")
    options.flag("--full", "do not shorten long values")
    text = "size limit of a Markdown report in bytes (default: github, 65,000; 0: no limit)"
    options.value("--limit", "N|github|gitlab", text, type=_limit)
    options.value("--media", "FOLDER", "include pictures from FOLDER in an HTML report")


def diff(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows what differs."""
    selection = Selection.parse(args.names)
    before, after, merge_base = _revisions(args.revisions)
    if after is None:
        with open_project(args, terminal) as project:
            from contentgit.workingcopy.compare import compare_with_database

            with compare_with_database(project, before, selection) as comparison:
                return _print_comparison(comparison, args, terminal)
    assert before is not None
    repository = find_repository(args, terminal)
    if merge_base:
        before = _merge_base(repository, before, after)
    return _print_comparison(compare_commits(repository, before, after, selection), args, terminal)


def _revisions(words: list[str]) -> tuple[str | None, str | None, bool]:
    """The two sides, and whether the first is their merge base."""
    if len(words) == 1:
        for dots in ("...", ".."):
            if dots in words[0]:
                before, after = words[0].split(dots, 1)
                return before or "HEAD", after or "HEAD", dots == "..."
    if len(words) > 2:
        raise UsageError(
            f"diff takes at most two revisions, not {len(words)}",
            hint="names of dumps and records follow '--': contentgit diff main -- pages",
        )
    padded = [*words, None, None]
    return padded[0], padded[1], False


def _merge_base(repository: Repository, before: str, after: str) -> str:
    bases = repository.history.merge_bases(
        repository.refs.resolve(before), repository.refs.resolve(after)
    )
    if not bases:
        raise UsageError(
            f"{before} and {after} have no commit in common",
            hint=f"contentgit diff {before} {after}  (compares the two as they are)",
        )
    return bases[0]


def _print_comparison(
    comparison: CommitComparison, args: argparse.Namespace, terminal: Terminal
) -> int:
    chosen = wanted_format(args)
    if chosen:
        differs = write_report(comparison, chosen, args, terminal)
    elif args.stat:
        evolved = print_schema_changes(comparison.schema_changes, terminal)
        counts = counts_by_model(comparison.changes)
        differs = bool(counts) or evolved
        if counts:
            terminal.lines(stat_lines(counts))
    else:
        evolved = print_schema_changes(comparison.schema_changes, terminal)
        differs = evolved | print_changes(comparison.changes, terminal, comparison.dumps > 1)
    return 1 if args.exit_code and differs else 0


# Reports


def wanted_format(args: argparse.Namespace) -> str | None:
    """The format that the words of a call ask for; None where they ask for no report.

    Raises:
        UsageError: they ask for two, or for an option that the format does not have.
    """
    chosen: str | None = args.format
    if args.json and chosen not in (None, "json"):
        raise UsageError(
            f"--json cannot be combined with --format {chosen}",
            hint=f"contentgit diff --format {chosen} A...B",
        )
    if chosen is None and args.output:
        chosen = _SUFFIXES.get(Path(args.output).suffix.lower(), "text")
    chosen = "json" if args.json else chosen
    if args.stat and (chosen or args.output) and not args.json:
        raise UsageError(
            "--stat cannot be combined with --format or --output",
            hint="leave out --stat, or --format and --output",
        )
    for option, only in (("limit", "markdown"), ("media", "html")):
        if getattr(args, option) is not None and chosen != only:
            raise UsageError(
                f"--{option} requires --format {only}",
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
    return found.records > 0 or bool(found.schema)


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


def _text(comparison: CommitComparison, found: Review, *, full: bool) -> Iterator[Text | str]:
    yield from report.lines(found)
    if found.records:
        *stat, total = stat_lines(found.counts)
        yield from stat
        if not found.repeated:  # else the verdict counts otherwise
            yield total
    dump = ""
    for entry in comparison.changes:
        yield ""
        if comparison.dumps > 1 and entry.dump != dump:
            dump = entry.dump
            yield dump_line(dump)
        extent = WHOLE if full else TERMINAL
        yield from change_lines(entry.change, entry.title, entry.references, extent)
        for words, records in report.reach_lines(found, entry.change.key):
            yield Text(f"    {words} {report.joined(records)}")


def _markdown(
    comparison: CommitComparison, found: Review, args: argparse.Namespace
) -> Iterator[str]:
    from contentgit.render.markdown import EXTENT, LIMITS, markdown

    return markdown(
        found,
        comparison.changes,
        limit=LIMITS["github"] if args.limit is None else args.limit or None,
        extent=WHOLE if args.full else EXTENT,
        command=shlex.join(
            ["contentgit", "diff", *args.revisions, *(["--", *args.names] if args.names else [])]
        ),
    )


def _html(comparison: CommitComparison, found: Review, args: argparse.Namespace) -> Iterator[str]:
    from contentgit.cli.pictures import Pictures
    from contentgit.render.html import EXTENT, html

    folder = Path(args.media) if args.media else None
    if folder is None and comparison.trees is None:
        folder = config.media_folder()
    if args.media and not Path(args.media).is_dir():
        raise UsageError(f"--media: there is no folder {args.media}")
    extent = WHOLE if args.full else EXTENT
    pictures = Pictures(folder, read=comparison.read_file)
    return html(found, comparison.changes, extent=extent, picture=pictures.uri)


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
                mask = os.umask(0)
                os.umask(mask)
                self._partial.chmod(0o666 & ~mask)
                self._partial.replace(self._path)
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from error
        finally:
            self._partial.unlink(missing_ok=True)

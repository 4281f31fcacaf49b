"""``log``, ``show``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from contentgit.cli.changes import (
    as_data,
    counts_by_model,
    print_changes,
    print_schema_changes,
)
from contentgit.cli.databases import ask_all
from contentgit.cli.parser import Options, count
from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import FormatError, RepositoryError, UnknownNameError, UsageError
from contentgit.git import Commit, Repository
from contentgit.history.commits import Selection, names_record, records_at
from contentgit.history.commits import log as commit_log
from contentgit.history.commits import shown as shown_commit
from contentgit.render import data
from contentgit.render.plain import safe
from contentgit.render.schema import schema_data
from contentgit.render.styled import Text
from contentgit.render.text import SIGNS, count_line, stat_lines
from contentgit.render.values import copy_words, dump_label
from contentgit.render.views import named

if TYPE_CHECKING:
    from contentgit.content.records import Record
    from contentgit.db.ledger import Applied
    from contentgit.workingcopy.project import Project

_Ledger: TypeAlias = "tuple[str, list[Applied]]"


def log_options(options: Options) -> None:
    options.describe(
        "Lists the commits of REV, newest first. With the key of a record in place of REV, lists the commits "
        "that changed the record. With --applied lists what was applied to the database and committed from "
        "it.",
        "contentgit log",
        "contentgit log pages.page:42 -p",
        "contentgit log -n 5 --oneline main -- pages",
        "contentgit log --applied",
    )
    options.word("revision", "REV", "default: HEAD", default="HEAD")
    options.value("-n --max-count", "N", "list at most N commits", type=count)
    options.flag("--oneline", "print one line per commit")
    what = options.one_of()
    what.flag("-p --patch", "show what each commit changes")
    what.flag("--applied", "list the ledger of the database")


def log(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists commits."""
    if args.all_databases and not args.applied:
        hint = "contentgit log --applied --all-databases"
        raise UsageError("--all-databases requires --applied", hint=hint)
    if args.applied:
        return _applied_log(args, terminal)
    repository = find_repository(args, terminal)
    revision, names = _revision_and_names(repository, args)
    commits = commit_log(repository, revision, names, args.max_count)
    selection = Selection.parse(names)
    cut = partial(_is_boundary, repository, args.patch and repository.history.is_shallow())
    if args.json:
        documents = (
            _commit_data(repository, commit, selection, patch=args.patch, cut=cut(commit))
            for commit in commits
        )
        terminal.items({"revision": revision}, "commits", documents)
        return 0
    for index, commit in enumerate(commits):
        if index and not (args.oneline and not args.patch):
            terminal.line()
        if args.oneline:
            terminal.line(Text.assemble((commit.id[:SHORT], "yellow"), " ", safe(commit.subject)))
        else:
            terminal.lines(_commit_lines(commit))
        if args.patch:
            _print_patch(repository, commit, selection, terminal, cut=cut(commit))
    return 0


def _print_patch(
    repository: Repository, commit: Commit, selection: Selection, terminal: Terminal, *, cut: bool
) -> None:
    terminal.line()
    if cut:
        text = "The shallow clone ends here: the changes of this commit are not known"
        terminal.line(text, "yellow")
        terminal.hint(f"  {repository.command('fetch --unshallow')}  (brings the older commits)")
        return
    try:
        shown = shown_commit(repository, commit, selection)
        print_schema_changes(shown.schema_changes, terminal)
        print_changes(shown.changes, terminal, shown.dumps > 1)
    except FormatError as error:  # the older commits are as they are
        terminal.line(f"What this commit changed cannot be shown: {error.message}", "yellow")


def _revision_and_names(repository: Repository, args: argparse.Namespace) -> tuple[str, list[str]]:
    """REV may be the key of a record, unless a revision has that name."""
    if names_record(args.revision):
        try:
            repository.refs.resolve(args.revision)
        except UnknownNameError:
            return "HEAD", [args.revision, *args.names]
    return args.revision, args.names


def _is_boundary(repository: Repository, shallow: bool, commit: Commit) -> bool:
    """Whether a shallow clone has the commit and not its parent."""
    if not shallow or not commit.parents:
        return False
    try:
        repository.trees.root(commit.parents[0])
    except RepositoryError:
        return True
    return False


def _commit_data(
    repository: Repository, commit: Commit, selection: Selection, *, patch: bool, cut: bool
) -> object:
    if not patch:
        return commit
    if cut:
        return {**data.plain(commit), "changes": None}
    try:
        shown = shown_commit(repository, commit, selection)
        schema = schema_data(shown.schema_changes)
        return {**data.plain(commit), "schema": schema, "changes": [*as_data(shown.changes)]}
    except FormatError as error:
        return {**data.plain(commit), "changes": None, "problem": error.message}


def _commit_lines(commit: Commit) -> Iterator[Text]:
    yield Text(f"commit {commit.id}", style="yellow")
    yield Text(f"Author: {safe(commit.author)} <{safe(commit.email)}>")
    yield Text(f"Date:   {commit.date.isoformat(sep=' ', timespec='seconds')}")
    yield Text()
    yield Text(f"    {safe(commit.subject)}")
    if commit.body.strip():
        yield Text()
        # One text: rich takes several times as long for as many as there are lines.
        yield Text("\n".join(f"    {safe(line)}" for line in commit.body.strip().splitlines()))


def _applied_log(args: argparse.Namespace, terminal: Terminal) -> int:
    def read(project: Project) -> _Ledger:
        from contentgit.workingcopy.status import applied_log

        return project.using, applied_log(project, args.names, args.max_count)

    if not args.all_databases:
        with open_project(args, terminal) as project:
            ledger = read(project)
        terminal.result(_ledger_data(ledger), _ledger_lines(ledger))
        return 0
    documents, code = [], 0
    for answer in ask_all(args, terminal, read):
        code = max(code, answer.exit_code)
        documents.append(answer.document(_ledger_data))
        if answer.value and answer.value[1]:
            terminal.line(f"Database {answer.using}", style="dim")
        terminal.lines(_ledger_lines(answer.value) if answer.value else ())
    terminal.result({"databases": documents}, ())
    return code


def _ledger_data(ledger: _Ledger) -> dict[str, object]:
    return {"database": ledger[0], "applied": ledger[1]}


def _ledger_lines(ledger: _Ledger) -> Iterator[Text]:
    using, rows = ledger
    yield from map(_row_line, rows)
    if not rows:
        yield Text(f"Nothing was ever applied to or committed from database {using}")


def _row_line(row: Applied) -> Text:
    when = row.at.isoformat(sep=" ", timespec="seconds")
    branch = f" ({row.branch})" if row.branch else ""
    kind = (row.place or "").partition("+")[2]
    copied = f", {copy_words(kind)}" if kind else ""
    place = f"{dump_label(row.dump)}{copied}{branch} by {safe(row.who)} in {row.environment}"
    changed = any(row.counts.get(kind) for kind in (*SIGNS, "move"))
    return Text.assemble(
        (row.commit[:SHORT] or "-" * SHORT, "yellow"),
        f" {when} {row.action.ljust(6)} {place}",
        (f"  {count_line(row.counts)}" if changed else "", "dim"),
    )


def show_options(options: Options) -> None:
    options.describe(
        "Shows a commit and its changes. With RECORD after '--' shows that record as it is in the commit.",
        "contentgit show",
        "contentgit show main~2 --stat",
        "contentgit show main -- pages.page:42",
    )
    options.word("revision", "REV", "default: HEAD", default="HEAD")
    options.flag("--stat", "print only the counts by model")


def show(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows a commit, or records of it."""
    repository = find_repository(args, terminal)
    selection = Selection.parse(args.names)
    if selection.records:
        return _show_records(repository, args, selection, terminal)
    commit = repository.history.commit(repository.refs.resolve(args.revision))
    shown = shown_commit(repository, commit, selection)
    if args.json:
        head = {"commit": shown.commit, "schema": schema_data(shown.schema_changes)}
        terminal.items(head, "changes", as_data(shown.changes))
        return 0
    terminal.lines(_commit_lines(shown.commit))
    terminal.line()
    print_schema_changes(shown.schema_changes, terminal)
    if args.stat:
        terminal.lines(stat_lines(counts_by_model(shown.changes)))
    else:
        print_changes(shown.changes, terminal, shown.dumps > 1)
    return 0


def _show_records(
    repository: Repository, args: argparse.Namespace, selection: Selection, terminal: Terminal
) -> int:
    records = [
        found for key in selection.records for found in records_at(repository, args.revision, key)
    ]
    if args.json:
        documents = [{"dump": folder, **data.record(record)} for folder, record, _ in records]
        terminal.document({"revision": args.revision, "records": documents})
        return 0
    for place, (folder, record, references) in enumerate(records):
        if place:
            terminal.line()
        terminal.lines(_record_lines(folder, record, references))
    return 0


def _record_lines(folder: str, record: Record, references: Mapping[str, str]) -> Iterator[Text]:
    yield Text.assemble((str(record.key), "bold"), (f"  in {dump_label(folder)}", "dim"))
    for name, value in sorted(record.fields.items()):
        if isinstance(value, str) and len(value) > 80:
            yield Text(f"  {safe(name)}:")
            yield from (Text(f"    {safe(line)}") for line in value.splitlines())
        else:
            yield Text(f"  {safe(name)}: {named(value, references)}")

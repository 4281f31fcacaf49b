"""``commit``: where the message comes from, and what is said of the commit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit.cli.editor import edited
from contentgit.cli.missing import lacking_lines
from contentgit.cli.notices import tell_copied, tell_failures
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import tell_left_alone
from contentgit.errors import UsageError
from contentgit.git import Signature
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.schema import schema_data, schema_lines
from contentgit.render.styled import Text
from contentgit.render.values import dump_label

if TYPE_CHECKING:
    from contentgit.workingcopy.commit import Committed, Draft, DumpCounts
    from contentgit.workingcopy.project import Project


def commit_options(options: Options) -> None:
    options.describe(
        "Reads the dumps in one snapshot of the database and commits what has changed.",
        'contentgit commit pages -m "Summer breads"',
        "contentgit commit districts:42,43 -F note.txt",
    )
    options.dumps("dumps to commit (default: all that need no arguments)")
    message = options.one_of()
    message.value("-m --message", "TEXT", "commit message", action="append")
    message.value("-F --file", "FILE", "read the message from FILE (-: standard input)")
    options.value("--author", "'NAME <EMAIL>'", "override the author")
    text = "commit to a new branch whose parent is the applied commit"
    options.value("--branch", "NEW", text)
    options.flag("--dry-run", "show what would be committed")
    options.flag(
        "--drop-fields", "leave out fields and models that this code or its dataset does not have"
    )
    options.wait()


def commit(args: argparse.Namespace, terminal: Terminal) -> int:
    """Commits the database."""
    names = [*args.dumps, *args.names]
    author = _author(args.author) if args.author else None
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.commit import commit as commit_dumps

        tell_copied(project, names, terminal)
        done = commit_dumps(
            project,
            names,
            _message(args, project, terminal),
            author=author,
            new_branch=args.branch,
            dry_run=args.dry_run,
            drop_fields=args.drop_fields,
        )
    lines = _commit_lines(done, new_branch=args.branch, dry_run=args.dry_run)
    terminal.result(
        {**data.plain(done), "schema": schema_data(done.schema), "dry_run": args.dry_run}, lines
    )
    if not args.json:
        tell_left_alone(done.left_alone, terminal)
    return tell_failures(done.failures, "committed", terminal)


def _author(text: str) -> Signature:
    name, bracket, rest = text.partition("<")
    if not bracket or not rest.rstrip().endswith(">") or not name.strip():
        raise UsageError(
            f'{text!r} is not a valid author; expected "NAME <EMAIL>"',
            hint="--author 'Anna Baker <anna@example.com>'",
        )
    return Signature(name.strip(), rest.rstrip()[:-1].strip())


def _message(
    args: argparse.Namespace, project: Project, terminal: Terminal
) -> Callable[[Draft], str]:
    """Where the message comes from: -m, -F, or an editor once the snapshot has been taken."""
    if args.message:
        text = "\n\n".join(args.message)
        return lambda _draft: text
    if args.file:
        content = _read(args.file)
        return lambda _draft: content
    if args.dry_run:
        return lambda _draft: "dry run"
    if not sys.stdin.isatty():
        raise UsageError(
            "commit requires a message",
            hint="contentgit commit -m MESSAGE\ncontentgit commit -F FILE",
        )

    def edit(draft: Draft) -> str:
        text = edited(project.repository, terminal, "COMMIT_EDITMSG", _template(draft), "use -m")
        return "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    return edit


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read the message from {name}: {why}") from error


def _template(draft: Draft) -> str:
    counts = "".join(f"# {_counts(dump)}\n" for dump in draft.dumps)
    return (
        "\n# Write the commit message. Lines that start with '#' are left out; an empty message\n"
        "# commits nothing. The snapshot has been taken: later edits are not part of it.\n"
        f"# On branch {draft.branch}\n{counts}"
    )


def _counts(dump: DumpCounts) -> str:
    created, updated, deleted = dump.totals
    alone = dump.described and not any(dump.totals)
    described = "; its description (dataset.json) changes" if alone else ""
    return f"{dump.label}: {created:,} created, {updated:,} updated, {deleted:,} deleted{described}"


def _commit_lines(done: Committed, *, new_branch: str | None, dry_run: bool) -> Iterator[Text]:
    changed = [dump for dump in done.dumps if dump.described or any(dump.totals)]
    not_made = f"; branch {new_branch} was not created" if new_branch else ""
    if not done.dumps:
        what = "the datasets have no records in this database yet"
        yield Text(f"Nothing to commit: {what}{not_made}")
        return
    if not_made and not done.commit and not dry_run:
        yield Text(f"Nothing to commit: the database is what its applied commit has{not_made}")
        return
    if not done.commit and not dry_run:
        yield Text(f"Nothing to commit on {done.branch}: the database is what the branch has")
        for label in done.adopted:
            yield Text(f"  {label} is now recorded at the branch's commit", style="dim")
        return
    if dry_run:
        yield Text(f"Would commit to {done.branch}:" if changed else "Nothing to commit")
    else:
        yield Text.assemble("Committed ", (done.commit[:SHORT], "yellow"), f" on {done.branch}")
    for dump in changed:
        yield Text(f"  {_counts(dump)}")
    yield from lacking_lines(done.lacking_files)
    if done.dropped:
        yield Text("Left out, as this code does not have it:", style="yellow")
        for name, count in done.dropped.items():
            had = " had a value" if name.count(".") > 1 else ""
            yield Text(f"    {safe(name)}: {plural(count, 'record')}{had}")
    for change in done.schema:
        yield Text(f"The schema of {dump_label(change.dump)} changes:")
        yield from (Text(f"    {line}") for line in schema_lines(change))

"""``status``: where a database is, or all of them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from contentgit.branches.operation import current
from contentgit.cli.call import Call
from contentgit.cli.databases import ask_all
from contentgit.cli.missing import lacking_lines, missing_data, missing_lines
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Parts, Terminal
from contentgit.content.records import RecordKey
from contentgit.content.titles import TitledChange
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.schema import schema_data, schema_lines
from contentgit.render.styled import Text
from contentgit.render.values import copy_words, dump_label

if TYPE_CHECKING:
    from contentgit.git import Repository
    from contentgit.workingcopy.project import Project
    from contentgit.workingcopy.status import Beside, DumpStatus

FILES_SHOWN = 10
"""Files edited in the worktree that a status lists."""


@dataclass(frozen=True)
class _Status:
    """Where one database is."""

    using: str
    environment: str
    head: str | None
    dumps: Sequence[DumpStatus[Any]]
    merging: str = ""
    ends: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def edited(self) -> bool:
        """Whether anything was edited, or may have been: where there are ``ways`` it is unknown."""
        return any(dump.changes or dump.ways for dump in self.dumps)

    @property
    def ways(self) -> Sequence[str]:
        """The ways on where nothing tells what was edited; of dumps at one commit that is missing, once."""
        firsts = {
            (dump.applied.commit, dump.copy and dump.folder): dump
            for dump in reversed(self.dumps)
            if dump.applied and dump.ways
        }
        named = dict.fromkeys(way for dump in reversed(firsts.values()) for way in dump.ways)
        return list(named)


class _Edited(NamedTuple):
    """The parts of a change that its line shows."""

    kind: str
    key: RecordKey
    title: str
    names: Sequence[str]

    @classmethod
    def of(cls, entry: TitledChange) -> _Edited:
        change = entry.change
        names = [field.name for field in change.fields] if change.kind == "update" else ()
        return cls(change.kind, change.key, entry.title, names)


def status_options(options: Options) -> None:
    options.describe(
        "Compares each dump in the database with its applied commit.",
        "contentgit status",
        "contentgit status pages --database production",
        "contentgit status --all-databases --exit-code",
    )
    options.dumps("dumps to compare (default: all)")
    options.flag("--exit-code", "exit 1 if anything was edited")
    options.flag("--full", "read all rows, also of dumps that are tracked")


def status(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows where the database is, or where all of them are."""
    parts = Parts()

    def keep(entry: TitledChange) -> str | _Edited:
        if not args.json:
            return _Edited.of(entry)
        return parts.add(data.change(entry.dump, entry.change, entry.title, entry.references))

    def read(project: Project) -> _Status:
        from contentgit.workingcopy.status import status as dump_statuses

        dumps = dump_statuses(project, [*args.dumps, *args.names], keep, full=args.full)
        head, environment = project.repository.refs.head_branch(), project.config.environment
        operation = current(project.repository)
        under_way = (operation.named, operation.ends()) if operation else ("", "")
        return _Status(project.using, environment, head, dumps, *under_way, project.lacking_files)

    statuses, documents, code = [], [], 0
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.status import beside

        if not args.all_databases:
            statuses = [read(project)]
        rest = beside(project)  # a missing repository is reported once, not for each database
    if args.all_databases:
        for answer in ask_all(args, terminal, read):
            code = max(code, answer.exit_code)
            documents.append(answer.document(_status_data))
            if answer.value:
                statuses.append(answer.value)
                _print(answer.value, terminal)
        head: dict[str, object] = {"databases": documents}
    else:
        head = _status_data(statuses[0])
        _print(statuses[0], terminal)
    if args.json:
        terminal.document({**head, **_beside_data(rest)}, parts)
    terminal.lines(_beside_lines(rest, project.repository, terminal.call))
    return code or int(args.exit_code and any(status.edited for status in statuses))


def _print(status: _Status, terminal: Terminal) -> None:
    branch = f"branch {status.head}" if status.head else "HEAD is detached"
    terminal.line(f"Database {status.using} ({status.environment}), {branch}", style="dim")
    if status.merging:
        terminal.line(f"A {safe(status.merging)} is under way:", "yellow")
        for step in terminal.call.typed(status.ends).splitlines():
            terminal.line(f"  {step}", "yellow")
    for dump in status.dumps:
        terminal.lines(_status_lines(dump, terminal.call))
    terminal.lines(lacking_lines(status.lacking))
    for way in status.ways:
        terminal.hint(f"  {way}")


def _status_data(status: _Status) -> dict[str, object]:
    dumps = []
    for dump in status.dumps:
        schema = schema_data([dump.schema] if dump.schema else [])
        document = {
            **dump._asdict(),
            "replaced": missing_data(dump.replaced),
            "tracking": dump.tracking and dump.tracking._asdict(),
            "dump": dump.label,
            "twin": dump.twin or None,
            "schema": schema[0] if schema else None,
        }
        dumps.append({n: v for n, v in document.items() if n not in ("label", "in_branch", "ways")})
    return {
        "database": status.using,
        "branch": status.head,
        "under_way": status.merging or None,
        "ways": status.ways,
        "lacking_files": status.lacking,
        "dumps": dumps,
    }


def _beside_data(rest: Beside) -> dict[str, object]:
    return {
        "edited_files": rest.edited,
        "left_folders": rest.left,
        "locks": rest.locks,
        "backlog": rest.backlog,
    }


def _beside_lines(rest: Beside, repository: Repository, call: Call) -> Iterator[Text]:
    """What is in the repository and not compared: edits of its files, and folders of other datasets."""
    if rest.edited:
        count = len(rest.edited)
        verb = "differs" if count == 1 else "differ"
        yield Text(
            f"{plural(count, 'file')} of the worktree {verb} from HEAD's commit; "
            "contentgit reads commits only:",
            style="yellow",
        )
        yield from (Text(f"    {safe(path)}") for path in rest.edited[:FILES_SHOWN])
        if count > FILES_SHOWN:
            yield Text(f"    … and {count - FILES_SHOWN:,} more")
        if repository.refs.head_commit():
            yield _way(call, repository.command("diff HEAD"), "shows the edits")
            yield _way(call, repository.command("stash -u"), "puts them away")
        what = "with 'git commit' commits them, and reverts the branch where they are older than it"
        yield _way(call, repository.command("add -A"), what)
    if rest.locks:
        text = "a git process is at work in the repository, or was killed there:"
        yield Text(text, style="yellow")
        what = "removes its lock, if no git runs there"
        yield from (_way(call, f"rm {shlex.quote(lock)}", what) for lock in rest.locks)
    if rest.backlog:
        backups = plural(rest.backlog.count, "backup")
        oldest = f"the oldest of {rest.backlog.oldest:%Y-%m-%d}"
        yield Text(f"the repository keeps {backups}, {oldest}:", style="dim")
        yield _way(call, "contentgit gc --dry-run", "lists those that are no longer needed")
    for folder in rest.left:
        name = safe(dump_label(folder))
        yield Text(f"{name} is in HEAD's branch, but the code has no such dataset", style="yellow")
        if len(rest.new) == 1:
            new = rest.new[0]
            what = f"if it is called {new} now, and this database has all of the branch's {name}"
            yield _way(call, f"contentgit commit {shlex.quote(new)}", what)
        words = repository.command(shlex.join(["rm", "-rq", folder]))
        yield _way(call, words, "with 'git commit' removes it, if it is no longer needed")


def _way(call: Call, command: str, what: str) -> Text:
    return Text(f"  {call.typed(command)}  ({what})", style="dim")


def _status_lines(status: DumpStatus[_Edited], call: Call) -> Iterator[Text]:
    line = Text(status.label, style="bold")
    line.append(f", {copy_words(status.copy)}" if status.copy else "", style="not bold")
    row = status.applied
    if row is None:
        line.append(f"  {plural(status.rows, 'record')}, never at a commit", style="not bold")
        yield line
        way = f"  contentgit commit {status.label}" if status.rows else ""
        if status.in_branch:
            way = f"  contentgit checkout {status.branch} {status.label}"
        if way:
            yield Text(call.typed(way), style="dim")
        return
    where = f" ({row.branch})" if row.branch else ""
    line.append(f"  at {row.commit[:SHORT]}{where}", style="not bold")
    missing = ", which is not in the repository" if status.missing else ""
    line.append(missing, style="yellow not bold")
    left_out = status.lacks or status.unapplied or (status.schema and status.schema.left_out)
    is_clean = not (status.ways or status.changes or left_out)
    line.append(", clean" if is_clean else "", style="green not bold")
    yield line
    if status.ways and status.missing:
        yield Text("  edits since then cannot be found without the commit", style="yellow")
    elif status.missing:
        command = call.typed(f"contentgit checkout {status.twin} {status.label} --apply")
        yield Text(f"  branch {status.twin} has the same content: {command}", style="dim")
    yield from _schema_status_lines(status, row.commit, call)
    if status.note:
        yield Text(f"  {status.note}", style="yellow")
    for entries, said in (
        (status.changes, "edited since"),
        (status.computed, "changed only in derived fields"),
    ):
        if entries:
            yield Text(f"  {plural(len(entries), 'record')} {said}:")
            rest = "status {} --json" if status.copy else "diff -- {}"
            yield from _entry_lines(entries, f"contentgit {rest.format(status.label)}", call)
    if status.tracking:
        yield Text(f"  {_tracking_words(status)}", style="dim")
        if status.tracking.gap and not status.tracking.asked:
            way = call.typed(f"contentgit track {status.label}")
            yield Text(f"    the next commit or apply compares them, too, or: {way}", style="dim")
    if status.behind:
        as_new = " --as-new" if status.copy == "as-new" else ""
        command = call.typed(f"contentgit checkout {status.branch} {status.label}{as_new}")
        more = plural(status.behind, "commit")
        yield Text(f"  branch {status.branch} has {more} more: {command}", style="dim")


def _tracking_words(status: DumpStatus[_Edited]) -> str:
    """How the edits of a tracked dump are known."""
    assert status.tracking
    if status.tracking.gap:
        return f"tracked, and all rows were read: {status.tracking.gap}"
    whole = f", and all of {', '.join(status.tracking.whole)}" if status.tracking.whole else ""
    return f"tracked: read {plural(status.tracking.changed, 'record')} written since{whole}"


def _schema_status_lines(status: DumpStatus[_Edited], commit: str, call: Call) -> Iterator[Text]:
    """What happened to the schema since the commit, and what of the commit is not here for its sake."""
    for schema_line in schema_lines(status.schema) if status.schema else ():
        yield Text(f"  {schema_line}", style="dim")
    if status.lacks:
        yield Text("  this code does not have, and does not compare:", "yellow")
        yield from (Text(f"    {safe(name)}") for name in status.lacks)
        yield Text("    deploy the code that has it, and migrate", style="dim")
    if status.replaced:
        yield Text("  as it was applied here:", "dim")
        yield from (Text(f"    {line}", "dim") for line in missing_lines(status.replaced))
    if status.unapplied:
        yield Text("  not applied yet, as older code left it out:", "yellow")
        for model, count in status.unapplied.items():
            yield Text(f"    {safe(model)}: {plural(count, 'record')}")
        at = status.branch if status.in_branch and not status.missing else commit[:SHORT]
        words = shlex.join(["checkout", at, status.label, "--apply"])
        yield Text(f"    {call.typed(f'contentgit {words}')}", style="dim")
    if status.pending:
        names = ", ".join(status.pending)
        yield Text(
            f"  the database has not run migrations with code: {safe(names)}", style="yellow"
        )


def _entry_lines(entries: Sequence[_Edited], rest: str, call: Call) -> Iterator[Text]:
    from contentgit.render.text import SIGNS, STYLES, heading

    for entry in entries[:ITEMS_SHOWN]:
        line = Text("    ")
        line.append_text(heading(SIGNS[entry.kind], STYLES[entry.kind], entry.key, entry.title))
        yield line.append(f"  {', '.join(entry.names)}" if entry.names else "", style="dim")
    if len(entries) > ITEMS_SHOWN:
        more = f"{len(entries) - ITEMS_SHOWN:,} more: {call.typed(rest)}"
        yield Text(f"    … and {more}", style="dim")

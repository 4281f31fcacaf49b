"""``status``: where a database is, or all of them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from contentgit.branches.merging.operation import current
from contentgit.cli.call import Call
from contentgit.cli.databases import everywhere
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Parts, Terminal
from contentgit.content.records import RecordKey
from contentgit.history.commits import TitledChange
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.text import SIGNS, STYLES, heading
from contentgit.render.values import dump_label

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

    @property
    def edited(self) -> bool:
        """Whether anything was edited, or may have been: nobody can tell without the commit."""
        return any(each.changes or each.ways for each in self.dumps)

    @property
    def ways(self) -> Sequence[str]:
        """The ways on where commits that dumps are at are not in the repository."""
        firsts = {each.applied.commit: each for each in reversed(self.dumps) if each.applied}
        named = dict.fromkeys(way for each in reversed(firsts.values()) for way in each.ways)
        return list(named)


class _Edited(NamedTuple):
    """What a line says of a change."""

    kind: str
    key: RecordKey
    title: str
    names: Sequence[str]

    @classmethod
    def of(cls, entry: TitledChange) -> _Edited:
        change = entry.change
        names = [each.name for each in change.fields] if change.kind == "update" else ()
        return cls(change.kind, change.key, entry.title, names)


def status_options(options: Options) -> None:
    """The options of ``status``."""
    options.describe(
        "Compares each dump in the database with its applied commit.",
        "contentgit status",
        "contentgit status pages --database production",
        "contentgit status --all-databases --exit-code",
    )
    options.dumps("dumps to compare (default: all)")
    options.flag("--exit-code", "exit 1 if anything was edited")


def status(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows where the database is, or where all of them are."""
    parts = Parts()

    def keep(entry: TitledChange) -> str | _Edited:
        return parts.add(_change_data(entry)) if args.json else _Edited.of(entry)

    look = partial(_look, [*args.dumps, *args.names], keep)
    if args.all_databases:
        return _everywhere(args, terminal, look, parts)
    with open_project(args, terminal) as project:
        found = look(project)
        rest = _beside(project)
    if args.json:
        terminal.document({**_status_data(found), **_beside_data(rest)}, parts)
    else:
        _print(found, terminal)
        terminal.lines(_beside_lines(rest, project.repository, terminal.call))
    return 1 if args.exit_code and found.edited else 0


def _look(
    names: Sequence[str], keep: Callable[[TitledChange], object], project: Project
) -> _Status:
    from contentgit.workingcopy.status import status as status_of

    found = status_of(project, names, keep)
    head, environment = project.repository.refs.head_branch(), project.config.environment
    operation = current(project.repository)
    under_way = (operation.named, operation.ends()) if operation else ("", "")
    return _Status(project.using, environment, head, found, *under_way)


def _beside(project: Project) -> Beside:
    from contentgit.workingcopy.status import beside

    return beside(project)


def _everywhere(
    args: argparse.Namespace, terminal: Terminal, look: Callable[[Project], _Status], parts: Parts
) -> int:
    with open_project(args, terminal) as project:
        rest = _beside(project)  # that there is no repository is said once, not for each database
    documents, code, edited = [], 0, False
    for each in everywhere(args, terminal, look):
        code = max(code, each.exit_code)
        edited = edited or bool(each.found and each.found.edited)
        if args.json:
            documents.append(each.document(_status_data))
        elif each.found:
            _print(each.found, terminal)
    if args.json:
        terminal.document({"databases": documents, **_beside_data(rest)}, parts)
    else:
        terminal.lines(_beside_lines(rest, project.repository, terminal.call))
    return code or (1 if args.exit_code and edited else 0)


def _print(found: _Status, terminal: Terminal) -> None:
    place = f"Database {found.using} ({found.environment})" + (
        f", branch {found.head}" if found.head else ", HEAD is detached"
    )
    terminal.line(place, style="dim")
    if found.merging:
        terminal.line(f"A {safe(found.merging)} is under way:", "yellow")
        for step in terminal.call.typed(found.ends).splitlines():
            terminal.line(f"  {step}", "yellow")
    for each in found.dumps:
        terminal.lines(_status_lines(each, terminal.call))
    for way in found.ways:
        terminal.line(f"  {terminal.call.typed(safe(way))}", "dim")


def _status_data(found: _Status) -> dict[str, object]:
    dumps = [
        {
            "dump": each.label,
            "folder": each.folder,
            "rows": each.rows,
            "applied": each.applied,
            "branch": each.branch,
            "behind": each.behind,
            "note": each.note,
            "missing": each.missing,
            "twin": each.twin or None,
            "changes": each.changes,
            "computed": each.computed,
        }
        for each in found.dumps
    ]
    return {
        "database": found.using,
        "branch": found.head,
        "under_way": found.merging or None,
        "ways": found.ways,
        "dumps": dumps,
    }


def _change_data(entry: TitledChange) -> dict[str, object]:
    return data.change(entry.dump, entry.change, entry.title, entry.references)


def _beside_data(rest: Beside) -> dict[str, object]:
    return {
        "edited_files": rest.edited,
        "left_folders": rest.left,
        "locks": rest.locks,
        "backlog": rest.backlog,
    }


def _beside_lines(rest: Beside, repository: Repository, call: Call) -> Iterator[Text]:
    """What is in the repository and not looked at: edits of its files, and folders of other datasets."""
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
        yield Text(
            "a git process is at work in the repository, or was killed there:", style="yellow"
        )
        what = "removes its lock, if no git runs there"
        yield from (_way(call, f"rm {shlex.quote(lock)}", what) for lock in rest.locks)
    if rest.backlog:
        backups = plural(rest.backlog.count, "backup")
        oldest = f"the oldest of {rest.backlog.oldest:%Y-%m-%d}"
        yield Text(f"the repository keeps {backups}, {oldest}:", style="dim")
        yield _way(call, "contentgit gc --dry-run", "says which of them nothing needs any more")
    for folder in rest.left:
        name = safe(dump_label(folder))
        yield Text(f"{name} is in HEAD's branch, and the code has no such dataset", style="yellow")
        if len(rest.new) == 1:
            new = rest.new[0]
            what = f"if it is called {new} now, and this database has all of the branch's {name}"
            yield _way(call, f"contentgit commit {shlex.quote(new)}", what)
        words = repository.command(shlex.join(["rm", "-rq", folder]))
        yield _way(call, words, "with 'git commit' removes it, if nobody wants it any more")


def _way(call: Call, command: str, what: str) -> Text:
    return Text(f"  {call.typed(command)}  ({what})", style="dim")


def _status_lines(status: DumpStatus[_Edited], call: Call) -> Iterator[Text]:
    line = Text(status.label, style="bold")
    row = status.applied
    if row is None:
        line.append(f"  {plural(status.rows, 'record')}, never at a commit", style="not bold")
        yield line
        if status.in_branch:
            yield Text(
                call.typed(f"  contentgit checkout {status.branch} {status.label}"), style="dim"
            )
        elif status.rows:
            yield Text(call.typed(f"  contentgit commit {status.label}"), style="dim")
        return
    where = f" ({row.branch})" if row.branch else ""
    line.append(f"  at {row.commit[:SHORT]}{where}", style="not bold")
    line.append(
        ", which is not in the repository" if status.missing else "", style="yellow not bold"
    )
    line.append(", clean" if not (status.ways or status.changes) else "", style="green not bold")
    yield line
    if status.ways:
        yield Text("  what was edited since cannot be told without the commit", style="yellow")
    elif status.missing:
        command = call.typed(f"contentgit checkout {status.twin} {status.label} --apply")
        yield Text(f"  branch {status.twin} has the same content: {command}", style="dim")
    if status.note:
        yield Text(f"  {status.note}", style="yellow")
    for entries, said in (
        (status.changes, "edited since"),
        (status.computed, "changed in derived fields alone"),
    ):
        if entries:
            yield Text(f"  {plural(len(entries), 'record')} {said}:")
            yield from _entry_lines(entries, status.label, call)
    if status.behind:
        command = call.typed(f"contentgit checkout {status.branch} {status.label}")
        more = plural(status.behind, "commit")
        yield Text(f"  branch {status.branch} has {more} more: {command}", style="dim")


def _entry_lines(entries: Sequence[_Edited], label: str, call: Call) -> Iterator[Text]:
    for each in entries[:ITEMS_SHOWN]:
        yield _status_line(each)
    if len(entries) > ITEMS_SHOWN:
        command = call.typed(f"contentgit diff -- {label}")
        yield Text(f"    … and {len(entries) - ITEMS_SHOWN:,} more: {command}", style="dim")


def _status_line(entry: _Edited) -> Text:
    line = Text("    ")
    line.append_text(heading(SIGNS[entry.kind], STYLES[entry.kind], entry.key, entry.title))
    if entry.names:
        line.append(f"  {', '.join(entry.names)}", style="dim")
    return line

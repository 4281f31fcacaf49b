"""``track`` and ``untrack``."""

from __future__ import annotations

import argparse

from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text


def track_options(options: Options) -> None:
    options.describe(
        "Makes triggers that write down which rows of a dump are written, in the writer's own transaction. "
        "Then status, commit and checkout read these rows alone, as long as nothing can have been missed. "
        "Compares all rows once; called again, it makes the triggers anew and compares again.",
        "contentgit track pages",
        "contentgit track --database production",
    )
    options.dumps("dumps to track (default: all that are at a commit)")


def track(args: argparse.Namespace, terminal: Terminal) -> int:
    """Makes triggers that write down which rows are written."""
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.track import track as begin

        begun = begin(project, [*args.dumps, *args.names])
    lines = []
    for each in begun:
        line = Text(each.dump, style="bold")
        line.append(f"  {plural(each.tables, 'table')} tracked", style="not bold green")
        if each.commit:
            count = plural(each.differing, "record")
            differ = "differs" if each.differing == 1 else "differ"
            line.append(f"; {count} {differ} from {each.commit[:SHORT]}", style="not bold")
        else:
            line.append("; the next commit or apply begins it", style="not bold")
        lines.append(line)
        lines += [
            Text(f"  {label} is not: {safe(why)}", style="yellow")
            for label, why in each.whole.items()
        ]
    dumps = [each._asdict() for each in begun]
    terminal.result({"database": project.using, "dumps": dumps}, lines)
    return 0


def untrack_options(options: Options) -> None:
    options.describe(
        "Drops the triggers that track made, and forgets what they wrote down. Content stays as it is, and "
        "all rows are read again.",
        "contentgit untrack pages",
        "contentgit untrack",
    )
    options.dumps("dumps to track no more (default: all)")


def untrack(args: argparse.Namespace, terminal: Terminal) -> int:
    """Drops the triggers of track."""
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.track import untrack as end

        ended = end(project, [*args.dumps, *args.names])
    lines = [Text(f"{label} is not tracked any more") for label in ended]
    document = {"database": project.using, "untracked": ended}
    terminal.result(document, lines or [Text("No dump was tracked")])
    return 0

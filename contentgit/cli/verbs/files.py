"""``files``: the files that applies have left in storages."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contentgit.cli.notices import tell_unremoved
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import ITEMS_SHOWN, Terminal
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.workingcopy.file_plans import Cleared


def files_options(options: Options) -> None:
    options.describe(
        "Lists carried files that no row names and that contentgit put into a storage, or has to remove from "
        "one: those of an apply that was killed, and those that a storage refused to delete. Other files are "
        "never touched.",
        "contentgit files",
        "contentgit files --prune",
    )
    options.flag("--prune", "remove them")
    options.flag("--dry-run", "show what would be removed")


def files(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists the files that no row names; with --prune removes them."""
    prune = args.prune and not args.dry_run
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.carrying import clear_files

        done = clear_files(project, dry_run=not prune)
    document = {"pruned": prune, "files": done.removed, "failures": done.failures}
    terminal.result(document, _lines(done, prune=prune))
    return tell_unremoved(done.failures, terminal)


def _lines(done: Cleared, *, prune: bool) -> Iterator[Text]:
    verb = "Removed" if prune else "Would remove"
    for name in done.removed[:ITEMS_SHOWN]:
        yield Text(f"{verb} {safe(name)}")
    if len(done.removed) > ITEMS_SHOWN:
        yield Text(f"{verb} {len(done.removed) - ITEMS_SHOWN:,} more files")
    if not done.removed and not done.failures:
        yield Text("No file to remove")
    elif done.removed and not prune:
        count = plural(len(done.removed), "file")
        yield Text(f"contentgit files --prune  (removes {count} that no row names)", style="dim")

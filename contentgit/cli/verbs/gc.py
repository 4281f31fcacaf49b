"""``gc``: what is removed, what stays and why."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import ITEMS_SHOWN, Terminal
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.workingcopy.collecting import Collected, Leftover


def gc_options(options: Options) -> None:
    options.describe(
        "Removes backups that are old and that no undo needs, refs of databases that are no longer in the "
        "settings, and temporary files; then lets git remove unreachable objects. Reads the ledgers of all "
        "databases to find what an undo needs.",
        "contentgit gc --dry-run",
        "contentgit gc",
        "contentgit gc --older-than 30",
    )
    options.flag("--dry-run", "show what would be removed")
    text = "remove only what is older (default: 90, as long as git keeps a reflog)"
    options.value("--older-than", "DAYS", text, type=_days, default=90)


def gc(args: argparse.Namespace, terminal: Terminal) -> int:
    """Removes old backups and other leftovers."""
    args.database = "default"
    with open_project(args, terminal, alone=not args.dry_run) as project:
        from contentgit.workingcopy.collecting import collect

        done = collect(project, args.older_than, dry_run=args.dry_run)
    document = {
        "dry_run": args.dry_run,
        "removed": [_data(ref) for ref in done.removed],
        "kept": [{**_data(ref), "reason": ref.kept} for ref in done.kept],
        "files": done.files,
        "before": done.before,
        "after": done.after or None,
    }
    terminal.result(document, _lines(done, dry_run=args.dry_run))
    return 0


def _days(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 36500:
        raise argparse.ArgumentTypeError(f"takes a number of days from 1 up, not {text!r}")
    return int(text)


def _data(leftover: Leftover) -> dict[str, object]:
    return {"ref": leftover.ref, "commit": leftover.commit, "at": leftover.at}


def _lines(done: Collected, *, dry_run: bool) -> Iterator[Text]:
    verb = "Would remove" if dry_run else "Removed"
    for ref in done.removed[:ITEMS_SHOWN]:
        yield Text(f"{verb} {safe(ref.ref)}  ({ref.at:%Y-%m-%d})")
    if len(done.removed) > ITEMS_SHOWN:
        yield Text(f"{verb} {len(done.removed) - ITEMS_SHOWN:,} more refs")
    for path in done.files:
        yield Text(f"{verb} {safe(str(path))}")
    if not done.removed and not done.files:
        yield Text("No old backup and no temporary file to remove")
    for reason, count in sorted(Counter(ref.kept for ref in done.kept).items()):
        yield Text(f"Kept {plural(count, 'ref')}: {safe(reason)}", style="dim")
    if done.after:
        yield Text(f"git: {_space(done.before)} before, {_space(done.after)} after", style="dim")


def _space(counts: dict[str, int]) -> str:
    size = counts.get("size", 0) + counts.get("size-pack", 0)
    objects = plural(counts.get("count", 0), "loose object")
    return f"{objects} and {plural(counts.get('packs', 0), 'pack')} ({size:,} KiB)"

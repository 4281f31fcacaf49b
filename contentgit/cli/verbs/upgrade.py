"""``upgrade``: what is said of a commit that the project's migrations have moved."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contentgit.cli.notices import tell_untouched
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import tell_left_alone
from contentgit.errors import UsageError
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.workingcopy.upgrade import Upgraded


def upgrade_options(options: Options) -> None:
    options.describe(
        "Runs the project's migrations since REV on its content, in a scratch database, and commits the "
        "result on top of REV. No database of the project is touched.",
        "contentgit upgrade main",
        "contentgit upgrade summer --branch summer-upgraded",
    )
    options.word("revision", "REV", "branch, tag or commit to upgrade")
    options.value("--branch", "NEW", "commit to a new branch")
    text = "use the empty database ALIAS of the settings as scratch database"
    options.value("--scratch", "ALIAS", text, default="")
    options.value("-m --message", "TEXT", "commit message", action="append")


def upgrade(args: argparse.Namespace, terminal: Terminal) -> int:
    """Upgrades a commit."""
    if not args.revision:
        raise UsageError("upgrade requires a revision", hint="contentgit upgrade BRANCH")
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.upgrade import upgrade as upgrade_commit

        message = "\n\n".join(args.message or ())
        done = upgrade_commit(
            project,
            args.revision,
            new_branch=args.branch,
            message=message,
            scratch=args.scratch,
        )
    terminal.result(data.plain(done), _lines(done, args.revision))
    if done.commit and not args.json:
        tell_untouched(done.branch, terminal)
        tell_left_alone(done.left_alone, terminal)
    return 0


def _lines(done: Upgraded, revision: str) -> Iterator[Text]:
    if not done.commit:
        yield Text(f"Nothing to upgrade: {safe(revision)} is at today's migrations already")
        return
    count = plural(len(done.migrations), "migration")
    commit = (done.commit[:SHORT], "yellow")
    yield Text.assemble(
        f"Upgraded {safe(revision)} by {count}: ", commit, f" on {safe(done.branch)}"
    )
    for dump in done.dumps:
        created, updated, deleted = dump.totals
        yield Text(f"  {dump.label}: {created:,} created, {updated:,} updated, {deleted:,} deleted")
    for note in done.notes:
        yield Text(f"  {safe(note)}", style="dim")

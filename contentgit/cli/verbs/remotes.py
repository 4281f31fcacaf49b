"""``fetch``, ``pull``, ``push``: what moved, here and there."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from contentgit.branches import remotes
from contentgit.branches.remotes import Pulled, Way
from contentgit.cli.notices import tell_untouched
from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import left_alone_lines
from contentgit.errors import RefusedError, UsageError
from contentgit.git import Moved, RefMove, Talk
from contentgit.render.plain import safe
from contentgit.render.styled import Text

_PROGRESS = re.compile(
    r"(?:remote: )?(?P<what>[A-Z][A-Za-z ]+): +[0-9]+% \((?P<done>[0-9]+)/(?P<total>[0-9]+)\)"
)

_SIGNS = {
    Moved.NEW: ("+", "green"),
    Moved.UPDATED: ("~", "yellow"),
    Moved.FORCED: ("!", "bold red"),
    Moved.DELETED: ("-", "red"),
    Moved.UNCHANGED: ("=", "dim"),
    Moved.REJECTED: ("!", "bold red"),
}


@contextmanager
def talking(terminal: Terminal) -> Iterator[Talk]:
    """git may ask on a terminal, and its progress is shown as any other."""
    with terminal.progress() as bar:

        def show(line: str) -> None:
            found = _PROGRESS.match(line)
            if found and bar:
                bar(found["what"].lower(), int(found["done"]), int(found["total"]))

        yield Talk(sys.stdin.isatty(), show) if bar else Talk(sys.stdin.isatty())


def fetch_options(options: Options) -> None:
    options.describe(
        "Updates the remote branches of REMOTE, such as origin/main, and lists those that moved. No branch "
        "of this repository moves.",
        "contentgit fetch",
        "contentgit fetch --all --prune",
    )
    options.word("remote", "REMOTE", "default: the remote of HEAD's branch")
    options.flag("--all", "fetch every remote")
    options.flag("--prune", "delete remote branches that no longer exist there")


def fetch(args: argparse.Namespace, terminal: Terminal) -> int:
    """Brings what other repositories have."""
    if args.all and args.remote:
        raise UsageError(f"fetch takes --all or {args.remote!r}, not both")
    names = [args.remote] if args.remote else []
    repository = find_repository(args, terminal)
    with talking(terminal) as talk:
        fetched = remotes.fetch(repository, names, talk, every=args.all, prune=args.prune)
    lines = chain.from_iterable(
        _moves(f"From {remote.url}", remote.moves)
        if remote.moves
        else [Text(f"{remote.remote}: nothing new")]
        for remote in fetched
    )
    terminal.result({"fetched": fetched}, lines)
    return 0


def pull_options(options: Options) -> None:
    options.describe(
        "Fetches, then merges the upstream of HEAD's branch into it, as merge does. The database does not "
        "change; run checkout --apply or update for that.",
        "contentgit pull",
        "contentgit pull origin main --ff-only",
    )
    options.word("remote", "REMOTE", "default: the remote of HEAD's branch")
    options.word("branch", "BRANCH", "default: the upstream of HEAD's branch")
    options.flag("--ff-only", "refuse if both sides have commits of their own")


def pull(args: argparse.Namespace, terminal: Terminal) -> int:
    """Fetches, and brings HEAD's branch along."""
    repository = find_repository(args, terminal)
    with talking(terminal) as talk:
        done = remotes.pull(repository, args.remote, args.branch, talk, ff_only=args.ff_only)
    terminal.result(done, pull_lines(done))
    if done.way is not Way.UP_TO_DATE:
        tell_untouched(done.branch, terminal)
    return 0


def pull_lines(done: Pulled) -> Iterator[Text]:
    """What a pull did, with the files that kept their user's edits."""
    yield from _moves(f"From {done.fetched.url}", done.fetched.moves)
    name, at = safe(done.branch), done.after[:SHORT]
    match done.way:
        case Way.UP_TO_DATE:
            yield Text(f"Branch {name} is up to date with {safe(done.upstream)}")
        case Way.CREATED:
            yield Text(f"Made branch {name} at {at}, as {safe(done.upstream)}")
        case Way.MERGED:
            yield Text(f"Merged {safe(done.upstream)} into branch {name}, which is at {at} now")
        case Way.FAST_FORWARD:
            yield Text(
                f"Branch {name} was fast-forwarded from {(done.before or '')[:SHORT]} to {at}"
            )
    for worktree in done.left:
        for line in left_alone_lines(worktree):
            yield Text(line, style="yellow")


def push_options(options: Options) -> None:
    options.describe(
        "Pushes branches (default: HEAD's) and tags to those of the same name. Never forces: if the remote "
        "has commits that are not here, the push is refused.",
        "contentgit push",
        "contentgit push -u origin summer",
        "contentgit push --tags",
    )
    options.word("remote", "REMOTE", "default: the remote of HEAD's branch")
    options.word("branches", "BRANCH", "branch or tag (default: HEAD's branch)", nargs="*")
    options.flag("-u --set-upstream", "set the remote branches as upstream")
    options.flag("--tags", "push all tags")
    options.value("--delete", "BRANCH", "delete a branch of the remote", action="append")
    options.flag("-f --force", argparse.SUPPRESS)


def push(args: argparse.Namespace, terminal: Terminal) -> int:
    """Sends branches and tags."""
    if args.force:
        raise RefusedError(
            "push never forces: commits of others would be lost",
            hint="contentgit pull  brings theirs; then push again",
        )
    repository = find_repository(args, terminal)
    with talking(terminal) as talk:
        done = remotes.push(
            repository,
            args.remote,
            args.branches,
            talk,
            tags=args.tags,
            delete=args.delete or (),
            follow=args.set_upstream,
        )
    moved = [move for move in done.moves if move.moved is not Moved.UNCHANGED]
    up_to_date = [f"{done.url} is up to date"]
    terminal.result(done, _moves(f"To {done.url}", moved) if moved else up_to_date)
    return 0


def _moves(head: str, moves: Iterable[RefMove]) -> Iterator[Text]:
    for place, move in enumerate(moves):
        if not place:
            yield Text(safe(head), style="dim")
        sign, style = _SIGNS[move.moved]
        before, after = (move.before or "")[:SHORT], (move.after or "")[:SHORT]
        what = f"{before}..{after}" if before and after else f"{move.moved.value} {after}".rstrip()
        if before and after and move.moved is Moved.FORCED:
            what += ", by force: commits are gone there"
        yield Text.assemble((f" {sign} {safe(move.name)}", style), f"  {what}")

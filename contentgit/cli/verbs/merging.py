"""``merge``, ``revert``, ``cherry-pick``, ``restore``: they need neither settings nor a database."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from contentgit.branches import merging
from contentgit.branches.merging import Concluded, FastForward, MergeOutcome, MergeResult
from contentgit.cli.notices import tell_doubts, tell_new_keys, tell_next, tell_untouched
from contentgit.cli.parser import Options, count
from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import tell_left_alone
from contentgit.errors import UsageError
from contentgit.git import Repository
from contentgit.merge import Take
from contentgit.render import data
from contentgit.render.plain import plural, safe

# Here and below: most calls merge, and meet no conflict.
if TYPE_CHECKING:
    from contentgit.branches.merging.picking import Picking


def merge_options(options: Options) -> None:
    options.describe(
        "Merges REV into HEAD's branch in a merge commit; needs neither a worktree nor a database. What both "
        "sides changed is a conflict: the merge waits for it to be resolved, and the branch does not move.",
        "contentgit merge summer",
        "contentgit merge --continue",
        "contentgit merge summer --take theirs",
    )
    options.word("revision", "REV", "branch, tag or commit to merge")
    _end_options(options)
    fast_forward = options.one_of()
    fast_forward.flag("--no-ff", "create a merge commit even if a fast-forward is possible")
    fast_forward.flag("--ff-only", "refuse if a fast-forward is not possible")
    what = options.one_of()
    what.flag("--no-commit", "stop before the commit; --continue commits")
    what.flag("--record", "commit with the conflicts recorded as files, to be resolved on a host")
    text = "resolve every conflict in favour of one side"
    options.value("--take", None, text, choices=("ours", "theirs", "base"))
    options.value("-m --message", "TEXT", "commit message", action="append")
    options.flag("--allow-unrelated-histories", "merge histories without a common commit")
    text = "first run the project's migrations on both sides, in a scratch database"
    options.flag("--upgrade", text)
    _drop_option(options)


def _drop_option(options: Options) -> None:
    options.flag("--drop-fields", "lose edited values of fields that migrations removed")


def _end_options(options: Options) -> None:
    """How an operation that stopped at conflicts ends, as git has it."""
    ends = options.one_of()
    ends.flag("--continue", "finish when all conflicts are resolved", dest="go_on")
    ends.flag("--abort", "give up the operation")


def merge(args: argparse.Namespace, terminal: Terminal) -> int:
    """Merges, goes on with a merge, or gives it up."""
    if args.go_on or args.abort:
        return _end(find_repository(args, terminal), args, terminal)
    if not args.revision:
        raise UsageError(
            "merge requires a revision",
            hint="contentgit merge BRANCH  (contentgit branch lists them)",
        )
    way = {args.no_ff: FastForward.NEVER, args.ff_only: FastForward.ONLY}
    given: dict[str, Any] = {
        "message": "\n\n".join(args.message or ()),
        "fast_forward": way.get(True, FastForward.ALLOWED),
        "commit": not args.no_commit,
        "record": args.record,
        "take": Take(args.take) if args.take else None,
        "unrelated": args.allow_unrelated_histories,
        "drop_fields": args.drop_fields,
    }
    if args.upgrade:
        with open_project(args, terminal) as project:
            from contentgit.workingcopy.upgrade_merge import merge_upgraded

            both = merge_upgraded(project, args.revision, **given)
        if both.ours and not args.json:
            commit = both.ours.commit[:SHORT]
            terminal.line(f"Upgraded {safe(both.ours.branch)}: {commit}")
        return _print_merged(both.result, args, terminal)
    done = merging.merge(find_repository(args, terminal), args.revision, **given)
    return _print_merged(done, args, terminal)


def _print_merged(done: MergeResult, args: argparse.Namespace, terminal: Terminal) -> int:
    if args.json:
        terminal.document({**data.plain(done), "conflicts": _conflicts_data(done)})
        return 0
    source, branch, commit = safe(done.source), safe(done.branch), done.commit[:SHORT]
    said = {
        MergeOutcome.UP_TO_DATE: f"{branch} is up to date with {source}",
        MergeOutcome.FAST_FORWARD: f"Fast-forwarded {branch} to {commit} ({source})",
        MergeOutcome.MERGED: f"Merged {source} into {branch}: {commit}",
        MergeOutcome.PREPARED: f"Merged {source} without a conflict; nothing is committed yet",
        MergeOutcome.RECORDED: f"Merged {source} into {branch}: {commit}, with "
        f"{plural(len(done.conflicts), 'conflict')} recorded in it",
    }
    terminal.line(said[done.how])
    terminal.lines(_conflict_lines(done))
    tell_new_keys(done.new_keys, terminal)
    if done.how is MergeOutcome.PREPARED:
        tell_next(["contentgit merge --continue", "contentgit merge --abort  (gives up)"], terminal)
    if done.how is MergeOutcome.RECORDED:
        tell_next(["contentgit resolve LABEL --take ours|theirs"], terminal)
    tell_doubts(done.doubts, terminal)
    if done.how in (MergeOutcome.FAST_FORWARD, MergeOutcome.MERGED):
        tell_untouched(done.branch, terminal)
    tell_left_alone(done.left_alone, terminal)
    return 0


def _conflicts_data(done: MergeResult) -> list[dict[str, Any]]:
    if not done.conflicts:
        return []
    from contentgit.render.conflicts import as_data

    return [as_data(conflict) for conflict in done.conflicts]


def _conflict_lines(done: MergeResult) -> Iterator[str]:
    if done.conflicts:
        from contentgit.render.conflicts import headline

        yield from (f"  {headline(conflict)}" for conflict in done.conflicts)


def _end(repository: Repository, args: argparse.Namespace, terminal: Terminal) -> int:
    """Concludes or gives up the verb's operation, as ``--continue`` or ``--abort`` say."""
    if getattr(args, "revision", None) or getattr(args, "records", None) or args.names:
        raise UsageError(
            f"{'--continue' if args.go_on else '--abort'} takes no other words",
            hint=f"contentgit {args.verb} --help",
        )
    if args.abort:
        given_up = merging.abort(repository, args.verb)
        what = given_up.named if given_up else "what was under way"
        text = f"Gave up {'the ' if given_up else ''}{what}; the branch has not changed"
        terminal.result({"aborted": what}, [text])
        return 0
    return _print_concluded(merging.continue_merge(repository, args.verb), args, terminal)


def _print_concluded(done: Concluded, args: argparse.Namespace, terminal: Terminal) -> int:
    """Says what became of a merge, revert or cherry-pick."""
    if args.json:
        terminal.document(done)
        return 0
    if not done.commit:
        terminal.line(f"Nothing to commit: {safe(done.branch)} has all of it already")
        return 0
    did, way = {
        "merge": ("Merged", "into"),
        "revert": ("Reverted", "on"),
        "cherry-pick": ("Picked", "on"),
        "restore": ("Restored", "on"),
    }[done.verb]
    terminal.line(f"{did} {safe(done.source)} {way} {safe(done.branch)}: {done.commit[:SHORT]}")
    tell_new_keys(done.new_keys, terminal)
    tell_doubts(done.doubts, terminal)
    tell_untouched(done.branch, terminal)
    tell_left_alone(done.left_alone, terminal)
    return 0


# One commit, or records of one


def revert_options(options: Options) -> None:
    options.describe(
        "Reverts what REV changed and keeps later changes, field by field. With names of dumps and records "
        "after '--' reverts only those.",
        "contentgit revert main~2",
        "contentgit revert main~2 -- pages.page:42",
    )
    _pick_options(options)


def _pick_options(options: Options) -> None:
    """What ``revert`` and ``cherry-pick`` have in common."""
    options.word("revision", "REV", "the commit")
    _end_options(options)
    text = "for a merge: take the changes against its parent N (1: the branch merged into)"
    options.value("-m --mainline", "N", text, type=count)
    options.flag("-n --no-commit", "stop before the commit; --continue commits")
    _source_options(options)


def _source_options(options: Options) -> None:
    options.flag(
        "--with-dependencies", "also bring records that these refer to and the branch lacks"
    )
    _drop_option(options)
    options.value("--message", "TEXT", "commit message", action="append")


def revert(args: argparse.Namespace, terminal: Terminal) -> int:
    """Takes back what a commit changed."""
    from contentgit.branches.merging import picking

    return _pick(args, terminal, picking.revert)


def cherry_pick_options(options: Options) -> None:
    options.describe(
        "Merges what REV changed into HEAD's branch, with its author and message. With names of dumps and "
        "records after '--' picks only those.",
        "contentgit cherry-pick summer",
        "contentgit cherry-pick summer --with-dependencies -- pages.page:42",
    )
    options.flag("-x", "name the commit in the message", dest="note_source")
    _pick_options(options)


def cherry_pick(args: argparse.Namespace, terminal: Terminal) -> int:
    """Takes over what a commit changed."""
    from contentgit.branches.merging import picking

    return _pick(args, terminal, picking.cherry_pick)


def _pick(
    args: argparse.Namespace,
    terminal: Terminal,
    pick: Callable[[Repository, str, Picking], Concluded],
) -> int:
    from contentgit.branches.merging.picking import Picking

    repository = find_repository(args, terminal)
    if args.go_on or args.abort:
        return _end(repository, args, terminal)
    if not args.revision:
        raise UsageError(
            f"{args.verb} requires a commit", hint="contentgit log --oneline  lists them"
        )
    how = Picking(
        mainline=args.mainline or 0,
        names=tuple(args.names),
        with_dependencies=args.with_dependencies,
        commit=not args.no_commit,
        note_source=getattr(args, "note_source", False),
        drop_fields=args.drop_fields,
        message="\n\n".join(args.message or ()),
    )
    return _print_picked(pick(repository, args.revision, how), args, terminal)


def restore_options(options: Options) -> None:
    options.describe(
        "Restores dumps, records, or single fields of records to what they are in REV, in a new commit on "
        "HEAD's branch.",
        "contentgit restore pages --from main~3",
        "contentgit restore pages.page:42 --from main~3",
        "contentgit restore pages.page:42/title --from v1",
    )
    options.word("records", "DUMP|RECORD", "dumps, records, or fields of records", nargs="*")
    options.value("--from", "REV", "revision to restore from", dest="source")
    _end_options(options)
    _source_options(options)


def restore(args: argparse.Namespace, terminal: Terminal) -> int:
    """Brings dumps and records back."""
    from contentgit.branches.merging.picking import Picking
    from contentgit.branches.merging.restoring import restore as bring_back

    if args.go_on or args.abort:
        return _end(find_repository(args, terminal), args, terminal)
    labels = [*args.records, *args.names]
    if not labels:
        raise UsageError(
            "restore requires a dump or a record",
            hint="contentgit restore pages.page:42 --from REV",
        )
    if not args.source:
        raise UsageError(
            "restore requires --from REV", hint=f"contentgit restore {labels[0]} --from REV"
        )
    how = Picking(
        with_dependencies=args.with_dependencies,
        drop_fields=args.drop_fields,
        message="\n\n".join(args.message or ()),
    )
    done = bring_back(find_repository(args, terminal), labels, args.source, how)
    return _print_picked(done, args, terminal)


def _print_picked(done: Concluded, args: argparse.Namespace, terminal: Terminal) -> int:
    if getattr(args, "no_commit", False) and not args.json:
        terminal.line(f"Prepared the {done.verb}; nothing is committed yet")
        verb = f"contentgit {done.verb}"
        tell_next([f"{verb} --continue", f"{verb} --abort  (gives up)"], terminal)
        return 0
    return _print_concluded(done, args, terminal)

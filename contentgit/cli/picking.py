"""``revert``, ``cherry-pick``, ``restore``: they need neither settings nor a database."""

from __future__ import annotations

import argparse

from contentgit.branches.merging.operation import Concluded
from contentgit.branches.merging.picking import Picking
from contentgit.branches.merging.picking import cherry_pick as pick_change
from contentgit.branches.merging.picking import restore as restore_records
from contentgit.branches.merging.picking import revert as revert_change
from contentgit.cli.merging import end, print_concluded
from contentgit.cli.notices import tell_next
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import Terminal
from contentgit.errors import UsageError


def revert(args: argparse.Namespace, terminal: Terminal) -> int:
    """Takes back what a commit changed."""
    repository = find_repository(args, terminal)
    if args.go_on or args.abort:
        return end(repository, args, terminal)
    done = revert_change(repository, _revision(args), _picking(args))
    return _print(done, args, terminal)


def cherry_pick(args: argparse.Namespace, terminal: Terminal) -> int:
    """Takes over what a commit changed."""
    repository = find_repository(args, terminal)
    if args.go_on or args.abort:
        return end(repository, args, terminal)
    done = pick_change(repository, _revision(args), _picking(args))
    return _print(done, args, terminal)


def restore(args: argparse.Namespace, terminal: Terminal) -> int:
    """Brings records back."""
    if args.go_on or args.abort:
        return end(find_repository(args, terminal), args, terminal)
    labels = [*args.records, *args.names]
    if not labels:
        raise UsageError(
            "restore needs a record", hint="contentgit restore pages.page:42 --from REV"
        )
    if not args.source:
        raise UsageError(
            "restore requires --from REV", hint=f"contentgit restore {labels[0]} --from REV"
        )
    how = Picking(with_dependencies=args.with_dependencies, message=_message(args))
    done = restore_records(find_repository(args, terminal), labels, args.source, how)
    return _print(done, args, terminal)


def _revision(args: argparse.Namespace) -> str:
    if not args.revision:
        raise UsageError(f"{args.verb} needs a commit", hint="contentgit log --oneline  lists them")
    return str(args.revision)


def _picking(args: argparse.Namespace) -> Picking:
    return Picking(
        mainline=args.mainline or 0,
        names=tuple(args.names),
        with_dependencies=args.with_dependencies,
        commit=not args.no_commit,
        note_source=getattr(args, "note_source", False),
        message=_message(args),
    )


def _message(args: argparse.Namespace) -> str:
    return "\n\n".join(args.message or ())


def _print(done: Concluded, args: argparse.Namespace, terminal: Terminal) -> int:
    if getattr(args, "no_commit", False) and not args.json:
        terminal.line(f"Prepared the {done.verb}; nothing is committed yet")
        verb = f"contentgit {done.verb}"
        tell_next([f"{verb} --continue", f"{verb} --abort  (gives up)"], terminal)
        return 0
    return print_concluded(done, args, terminal)

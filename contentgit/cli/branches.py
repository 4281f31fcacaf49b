"""``branch``; it needs no records, so that it starts at once: prompts of shells call it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.render.plain import safe

if TYPE_CHECKING:
    from contentgit.repository import Repository


def branch(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists, makes and deletes branches."""
    repository = find_repository(args)
    if args.show_current:
        head = repository.head_branch()
        if args.json:
            terminal.document({"current": head})
        elif head is not None:
            terminal.line(head)
        return 0
    unwanted = args.delete or args.force_delete
    if unwanted:
        repository.delete_branch(unwanted, force=bool(args.force_delete))
        return _said(args, terminal, {"deleted": unwanted}, f"Deleted branch {unwanted}")
    if args.name:
        commit = repository.resolve(args.start or "HEAD")
        repository.create_branch(args.name, commit)
        text = f"Made branch {args.name} at {commit[:SHORT]}"
        return _said(args, terminal, {"created": args.name, "commit": commit}, text)
    return _list_branches(repository, args, terminal)


def _said(
    args: argparse.Namespace, terminal: Terminal, document: Mapping[str, object], text: str
) -> int:
    if args.json:
        terminal.document(document)
    else:
        terminal.line(text)
    return 0


def _list_branches(repository: Repository, args: argparse.Namespace, terminal: Terminal) -> int:
    branches = repository.branches()
    if args.json:
        terminal.document({"branches": branches})
        return 0
    for each in branches:
        mark = "* " if each.current else "  "
        terminal.line(Text(f"{mark}{safe(each.name)}", style="green" if each.current else ""))
    return 0

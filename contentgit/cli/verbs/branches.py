"""``branch`` and ``tag``; they need no records, so that they start at once: prompts of shells call it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase as fnmatch
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.render.plain import safe

if TYPE_CHECKING:
    from contentgit.git import BrokenRef, Repository


def branch_options(options: Options) -> None:
    """The options of ``branch``."""
    options.describe(
        "Without NAME lists the branches. With NAME creates that branch at START (default: HEAD).",
        "contentgit branch",
        "contentgit branch summer main",
        "contentgit branch -d summer",
    )
    options.word("name", "NAME", "branch to create")
    options.word("start", "START", "where it starts (default: HEAD)")
    delete = options.one_of()
    delete.value("-d --delete", "BRANCH", "delete a merged branch")
    text = "delete a branch even if it is not merged"
    delete.value("-D", "BRANCH", text, dest="force_delete")
    options.flag("--show-current", "print only the name of HEAD's branch")


def branch(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists, makes and deletes branches."""
    repository = find_repository(args, terminal)
    if args.show_current:
        head = repository.refs.head_branch()
        if args.json:
            terminal.document({"current": head})
        elif head is not None:
            terminal.line(head)
        return 0
    unwanted = args.delete or args.force_delete
    if unwanted:
        repository.refs.delete_branch(unwanted, force=bool(args.force_delete))
        return _said(args, terminal, {"deleted": unwanted}, f"Deleted branch {unwanted}")
    if args.name:
        commit = repository.refs.resolve(args.start or "HEAD")
        repository.refs.create_branch(args.name, commit)
        text = f"Made branch {args.name} at {commit[:SHORT]}; HEAD and the database stay where they are"
        _said(args, terminal, {"created": args.name, "commit": commit}, text)
        command = terminal.call.typed(f"contentgit checkout {shlex.quote(args.name)}")
        terminal.line(f"To bring them along: {command}", style="dim")
        return 0
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
    branches, broken = (
        repository.refs.branches(),
        _typed(repository.refs.broken(), terminal),
    )
    if args.json:
        terminal.document({"branches": branches, "broken": broken})
        return 0
    for each in branches:
        mark = "* " if each.current else "  "
        terminal.line(Text(f"{mark}{safe(each.name)}", style="green" if each.current else ""))
    _tell_broken("branch", broken, terminal)
    return 0


def _typed(broken: Sequence[BrokenRef], terminal: Terminal) -> list[BrokenRef]:
    return [each._replace(hint=terminal.call.typed(each.hint)) for each in broken]


def _tell_broken(what: str, broken: Sequence[BrokenRef], terminal: Terminal) -> None:
    for each in broken:
        terminal.note(f"{what} {each.name} cannot be read: {each.problem}")
        for line in each.hint.splitlines():
            terminal.note(f"  {line}")


def tag_options(options: Options) -> None:
    """The options of ``tag``."""
    options.describe(
        "Without NAME lists the tags. With NAME creates that tag at REV (default: HEAD). Every verb accepts "
        "a tag as a revision.",
        'contentgit tag 2026-summer main -m "As shown to the board"',
        "contentgit tag -d 2026-summer",
    )
    options.word("name", "NAME", "tag to create; with -l a pattern")
    options.word("revision", "REV", "commit to tag (default: HEAD)")
    options.value("-m --message", "TEXT", "message; creates an annotated tag", action="append")
    options.value("-d --delete", "NAME", "delete a tag")
    options.flag("-l --list", "list the tags that match NAME")


def tag(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists, makes and deletes tags."""
    repository = find_repository(args, terminal)
    if args.delete:
        if args.name or args.message:
            raise UsageError("-d deletes one tag and makes none", hint="contentgit tag -d NAME")
        found = repository.tags.delete(args.delete)
        document = {"deleted": args.delete, "was": found}
        return _said(
            args, terminal, document, f"Deleted tag {safe(args.delete)} (was {found[:SHORT]})"
        )
    if args.name and not args.list:
        commit = repository.refs.resolve(args.revision or "HEAD")
        repository.tags.create(args.name, commit, "\n\n".join(args.message or []))
        text = f"Made tag {args.name} at {commit[:SHORT]}"
        return _said(args, terminal, {"created": args.name, "commit": commit}, text)
    if args.message:
        raise UsageError(
            "a message goes with the name of a new tag", hint="contentgit tag NAME -m TEXT"
        )
    return _list_tags(repository, args, terminal)


def _list_tags(repository: Repository, args: argparse.Namespace, terminal: Terminal) -> int:
    tags, broken = repository.tags.all()
    tags = [each for each in tags if fnmatch(each.name, args.name or "*")]
    broken = [each for each in _typed(broken, terminal) if fnmatch(each.name, args.name or "*")]
    if args.json:
        terminal.document({"tags": tags, "broken": broken})
        return 0
    width = max((len(each.name) for each in tags), default=0)
    for each in tags:
        subject = each.message.split("\n", 1)[0]
        line = Text(f"{safe(each.name).ljust(width)} ")
        line.append(f" {each.commit[:SHORT]}", style="yellow")
        terminal.line(line.append(f"  {safe(subject)}" if subject else ""))
    _tell_broken("tag", broken, terminal)
    return 0

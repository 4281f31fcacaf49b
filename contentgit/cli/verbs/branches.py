"""``branch`` and ``tag``; they need no records, so that they start at once: prompts of shells call it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase as fnmatch
from typing import TYPE_CHECKING

from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.render.plain import safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.git import BrokenRef, Tag


def branch_options(options: Options) -> None:
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
    unwanted = args.delete or args.force_delete
    if args.show_current:
        head = repository.refs.head_branch()
        terminal.result({"current": head}, [head] if head else [])
    elif unwanted:
        repository.refs.delete_branch(unwanted, force=bool(args.force_delete))
        terminal.result({"deleted": unwanted}, [f"Deleted branch {unwanted}"])
    elif args.name:
        commit = repository.refs.resolve(args.start or "HEAD")
        repository.refs.create_branch(args.name, commit)
        text = f"Made branch {args.name} at {commit[:SHORT]}; HEAD and the database do not move"
        terminal.result({"created": args.name, "commit": commit}, [text])
        terminal.hint(f"To switch to it: contentgit checkout {shlex.quote(args.name)} --apply")
    else:
        branches, broken = repository.refs.branches(), repository.refs.broken()
        lines = [
            Text(f"* {safe(ref.name)}", style="green") if ref.current else f"  {ref.name}"
            for ref in branches
        ]
        _list("branch", branches, lines, broken, terminal)
    return 0


def _list(
    kind: str,
    refs: Sequence[object],
    lines: Iterable[Text | str],
    broken: Sequence[BrokenRef],
    terminal: Terminal,
) -> None:
    """Prints the refs, and on standard error those that cannot be read."""
    broken = [ref._replace(hint=terminal.call.typed(ref.hint)) for ref in broken]
    plural = "branches" if kind == "branch" else "tags"
    terminal.result({plural: refs, "broken": broken}, lines)
    for ref in () if terminal.as_json else broken:
        terminal.note(f"{kind} {ref.name} cannot be read: {ref.problem}")
        for line in ref.hint.splitlines():
            terminal.note(f"  {line}")


def tag_options(options: Options) -> None:
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
            raise UsageError(
                "-d takes one tag, and no other name or message", hint="contentgit tag -d NAME"
            )
        was = repository.tags.delete(args.delete)
        text = f"Deleted tag {safe(args.delete)} (was {was[:SHORT]})"
        terminal.result({"deleted": args.delete, "was": was}, [text])
    elif args.name and not args.list:
        commit = repository.refs.resolve(args.revision or "HEAD")
        repository.tags.create(args.name, commit, "\n\n".join(args.message or []))
        text = f"Made tag {args.name} at {commit[:SHORT]}"
        terminal.result({"created": args.name, "commit": commit}, [text])
    elif args.message:
        raise UsageError("-m requires the name of a new tag", hint="contentgit tag NAME -m TEXT")
    else:
        all_tags, all_broken = repository.tags.all()
        tags = [ref for ref in all_tags if fnmatch(ref.name, args.name or "*")]
        broken = [ref for ref in all_broken if fnmatch(ref.name, args.name or "*")]
        _list("tag", tags, _tag_lines(tags), broken, terminal)
    return 0


def _tag_lines(tags: Sequence[Tag]) -> Iterator[Text]:
    width = max((len(ref.name) for ref in tags), default=0)
    for ref in tags:
        subject = ref.message.split("\n", 1)[0]
        line = Text(f"{safe(ref.name).ljust(width)} ")
        line.append(f" {ref.commit[:SHORT]}", style="yellow")
        yield line.append(f"  {safe(subject)}" if subject else "")

"""``blame``: a line a field, and of long texts a line a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rich.text import Text

from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.history.blame import Blame, BlamedField
from contentgit.history.blame import blame as blame_record
from contentgit.history.commits import Selection
from contentgit.render import data
from contentgit.render.plain import safe
from contentgit.render.values import dump_label, short

AUTHOR = 16
"""Characters of an author's name that are shown."""


def blame_options(options: Options) -> None:
    """The options of ``blame``."""
    options.describe(
        "Shows, for each field of RECORD and each sentence of its long texts, the commit that last changed "
        "it.",
        "contentgit blame pages.page:42",
        "contentgit blame pages.page:42 --rev summer",
    )
    options.word("record", "RECORD", "key of the record, such as pages.page:42")
    text = "blame the record as it is in REV (default: HEAD)"
    options.value("--rev", "REV", text, default="HEAD")


def blame(args: argparse.Namespace, terminal: Terminal) -> int:
    """Says who last changed each field of a record."""
    keys = Selection.parse([*filter(None, [args.record]), *args.names]).records
    if len(keys) != 1 or len(args.names) + bool(args.record) != 1:
        raise UsageError("blame takes the key of one record", hint="contentgit blame pages.page:42")
    repository = find_repository(args, terminal)
    found = blame_record(repository, args.rev, keys[0])
    if repository.history.is_shallow():
        terminal.note(
            "this is a shallow clone: older changes are attributed to the oldest commit that it has "
            + terminal.call.typed(f"({repository.command('fetch --unshallow')} brings the rest)")
        )
    if args.json:
        terminal.document(_document(found, args.rev))
        return 0
    terminal.line(
        Text.assemble((str(found.key), "bold"), (f"  in {dump_label(found.folder)}", "dim"))
    )
    for each in found.fields:
        terminal.lines(_field_lines(found, each))
    return 0


def _document(found: Blame, revision: str) -> dict[str, object]:
    fields = [
        {
            "name": each.name,
            "value": data.value(each.value),
            "commit": each.commit,
            "pieces": each.pieces,
        }
        for each in found.fields
    ]
    head = {"revision": revision, "record": found.key, "dump": found.folder}
    return {**head, "fields": fields, "commits": found.commits}


def _field_lines(found: Blame, each: BlamedField) -> Iterator[Text]:
    head = _head(found, each.commit)
    if not each.pieces:
        yield head.append(f"{safe(each.name)}: {short(each.value)}")
        return
    yield head.append(f"{safe(each.name)}:")
    for piece in each.pieces:
        yield _head(found, piece.commit).append(f"  {safe(piece.text.rstrip())}")


def _head(found: Blame, commit_id: str) -> Text:
    commit = found.commits[commit_id]
    author = safe(commit.author)
    author = author if len(author) <= AUTHOR else f"{author[: AUTHOR - 1]}…"
    width = min(AUTHOR, max(len(safe(each.author)) for each in found.commits.values()))
    return Text.assemble(
        (commit_id[:SHORT], "yellow"), (f" {commit.date.date()} {author.ljust(width)}  ", "dim")
    )

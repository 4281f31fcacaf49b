"""``blame``: a line a field, and of long texts a line a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.history.blame import Blame
from contentgit.history.blame import blame as blame_record
from contentgit.history.commits import Selection
from contentgit.render import data
from contentgit.render.plain import safe
from contentgit.render.styled import Text
from contentgit.render.values import dump_label, short

AUTHOR = 16
"""Characters of an author's name that are shown."""


def blame_options(options: Options) -> None:
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
    """Shows who last changed each field of a record."""
    keys = Selection.parse([*filter(None, [args.record]), *args.names]).records
    if len(keys) != 1 or len(args.names) + bool(args.record) != 1:
        raise UsageError("blame takes the key of one record", hint="contentgit blame pages.page:42")
    repository = find_repository(args, terminal)
    blamed = blame_record(repository, args.rev, keys[0])
    if repository.history.is_shallow():
        terminal.note(
            "this is a shallow clone: older changes are attributed to the oldest commit that it has "
            + terminal.call.typed(f"({repository.command('fetch --unshallow')} brings the rest)")
        )
    document = {
        "revision": args.rev,
        "record": blamed.key,
        "dump": blamed.folder,
        "fields": [
            {**data.plain(field), "value": data.value(field.value)} for field in blamed.fields
        ],
        "commits": blamed.commits,
    }
    terminal.result(document, _lines(blamed))
    return 0


def _lines(blamed: Blame) -> Iterator[Text]:
    yield Text.assemble((str(blamed.key), "bold"), (f"  in {dump_label(blamed.folder)}", "dim"))
    for field in blamed.fields:
        head = _head(blamed, field.commit)
        if not field.pieces:
            yield head.append(f"{safe(field.name)}: {short(field.value)}")
            continue
        yield head.append(f"{safe(field.name)}:")
        for piece in field.pieces:
            yield _head(blamed, piece.commit).append(f"  {safe(piece.text.rstrip())}")


def _head(blamed: Blame, commit_id: str) -> Text:
    """The commit before a line: its id, date and author."""
    commit = blamed.commits[commit_id]
    author = safe(commit.author)
    author = author if len(author) <= AUTHOR else f"{author[: AUTHOR - 1]}…"
    width = min(AUTHOR, max(len(safe(other.author)) for other in blamed.commits.values()))
    return Text.assemble(
        (commit_id[:SHORT], "yellow"), (f" {commit.date.date()} {author.ljust(width)}  ", "dim")
    )

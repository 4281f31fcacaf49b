"""``identity``: what names a row."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from rich.text import Text

from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.content.uuids import is_uuid_identity
from contentgit.errors import UsageError
from contentgit.history.commits import Selection
from contentgit.render import data
from contentgit.render.plain import safe

if TYPE_CHECKING:
    from contentgit.workingcopy.row_names import Holding, NamedRow


def identity_options(options: Options) -> None:
    options.describe(
        "'show' says what names a row, and which primary key it has in the database.",
        "contentgit identity show pages.page:42",
        "contentgit identity show pages.page:42 --pk --database production",
    )
    options.word("words", "RECORD", "key of the record, such as pages.page:42", nargs="*")
    options.flag("--pk", "show: RECORD has the primary key in place of the key")


def identity(args: argparse.Namespace, terminal: Terminal) -> int:
    """Runs the action."""
    if args.action is None:
        raise UsageError("identity requires an action", hint="contentgit identity show RECORD")
    return _ACTIONS[args.action](args, terminal)


# show


def _show(args: argparse.Namespace, terminal: Terminal) -> int:
    keys = Selection.parse(args.words).records
    if len(keys) != 1 or len(args.words) != 1:
        raise UsageError(
            "identity show takes the key of one record",
            hint="contentgit identity show pages.page:42",
        )
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.row_names import named_row

        found = named_row(project, keys[0], by_pk=args.pk)
    terminal.result(_row_data(found, args.database), _row_lines(found, args.database))
    return 0


def _row_data(row: NamedRow, using: str) -> dict[str, object]:
    return {
        "database": using,
        "record": row.record,
        "title": row.title,
        "identity": _identity(row),
        "named_with": row.base,
        "pk": row.pk or None,
        "was": row.was or None,
        "before": row.before or None,
        "dumps": [
            {
                "dump": each.dump,
                "here": each.is_here,
                "applied": each.commit or None,
                "first": data.plain(
                    each.first and {"commit": each.first.id, "date": each.first.date}
                ),
            }
            for each in row.dumps
        ],
    }


def _identity(row: NamedRow) -> str:
    return "uuid" if is_uuid_identity(row.identity) else ", ".join(row.identity) or "pk"


def _row_lines(row: NamedRow, using: str) -> Iterator[Text]:
    yield Text.assemble((str(row.record), "bold"), f"  {safe(row.title)}" if row.title else "")
    base = f", with its row of {row.base}" if row.base != row.record.model else ""
    before = f"; {row.before} before" if row.before else ""
    yield Text(f"  named by {_identity(row)}{base}{before}")
    if row.is_gone:
        was = f"; its primary key was {safe(row.was)}" if row.was else ""
        yield Text(f"  gone from database {using}{was}", style="yellow")
    else:
        yield Text(f"  primary key {safe(row.pk)} in database {using}")
    if not row.dumps:
        yield Text("  in no dump and no applied commit", style="dim")
    yield from map(_dump_line, row.dumps)


def _dump_line(held: Holding) -> Text:
    where = f"in {safe(held.dump)}" if held.is_here else f"no row of {safe(held.dump)}"
    if held.first:
        first = f"{held.first.id[:SHORT]} ({held.first.date:%Y-%m-%d})"
        return Text(f"  {where}, in commits since {first}")
    missing = (
        f"not in the applied commit {held.commit[:SHORT]}" if held.commit else "never at a commit"
    )
    return Text(f"  {where}, {missing}")


_ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Terminal], int]]] = {"show": _show}

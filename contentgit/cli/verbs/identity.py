"""``identity``: what names a row, and which rows of a database are which records."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contentgit.cli.parser import Options
from contentgit.cli.project import open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.content.uuids import is_uuid_identity
from contentgit.errors import UsageError
from contentgit.history.commits import Selection
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.workingcopy.adoption import (
        Adoption,
        AdoptRequest,
        DoubtfulRows,
        ModelCounts,
        OnlyRecord,
        OnlyRow,
    )
    from contentgit.workingcopy.row_names import Holding, NamedRow

ROWS_SHOWN: Final = 10
"""Rows, records and doubts of a kind that are listed without --all."""


def identity_options(options: Options) -> None:
    options.describe(
        "'show' says what names a row, and which primary key it has in the database. 'adopt' finds out which "
        "rows of the database are which records of a commit, where UUIDs name them: in databases that grew "
        "apart, or where the table of names is lost. With --apply the rows get these names; no row changes.",
        "contentgit identity show pages.page:42",
        "contentgit identity show pages.page:42 --pk --database production",
        "contentgit identity adopt main --database production",
        "contentgit identity adopt main --by pages.page=slug --apply --database production",
    )
    text = "show: RECORD, such as pages.page:42; adopt: REV, and dumps (default: all)"
    options.word("words", "WORD", text, nargs="*")
    options.flag("--pk", "show: RECORD has the primary key in place of the key")
    text = "adopt: pair rows of a model by these fields alone, not by all; repeatable"
    options.value("--by", "MODEL=FIELD,FIELD", text, action="append", default=[])
    options.value("--pairs", "FILE", "adopt: a file of pairs, in lines such as pages.page:UUID,42")
    options.flag("--apply", "adopt: write the names")
    options.flag("--no-input --yes", "adopt: write them without asking", dest="no_input")
    text = "adopt: records of the applied commit that pair with nothing count as deleted here"
    options.flag("--leave-unpaired", text)
    options.flag("--all", "adopt: list every pair, and all that is in none")
    options.wait()


def identity(args: argparse.Namespace, terminal: Terminal) -> int:
    """Runs the action."""
    if args.action is None:
        raise UsageError(
            "identity requires an action",
            hint="contentgit identity show RECORD\ncontentgit identity adopt REV",
        )
    for action, names in _OPTIONS.items():
        given = [name for name in names if getattr(args, name)]
        if given and action != args.action:
            option = f"--{given[0].replace('_', '-')}"
            raise UsageError(
                f"identity {args.action} does not know {option}, which is of {action}",
                hint="contentgit identity --help",
            )
    return _ACTIONS[args.action](args, terminal)


# show


def _show(args: argparse.Namespace, terminal: Terminal) -> int:
    words = [*args.words, *args.names]
    keys = Selection.parse(words).records
    if len(keys) != 1 or len(words) != 1:
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


# adopt


def _adopt(args: argparse.Namespace, terminal: Terminal) -> int:
    if not args.words:
        raise UsageError(
            "identity adopt requires a revision", hint="contentgit identity adopt main"
        )
    by = _by(args.by)
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.adopting import adopt, adoption
        from contentgit.workingcopy.adoption import AdoptRequest
        from contentgit.workingcopy.pairs_file import read_pairs

        pairs = read_pairs(Path(args.pairs)) if args.pairs else ()
        names = (*args.words[1:], *args.names)
        titles = None if args.all or args.json else ROWS_SHOWN
        request = AdoptRequest(
            args.words[0], names, by, pairs, args.leave_unpaired, titles, args.pairs or ""
        )
        if args.apply and args.no_input:
            found = adopt(project, request)
        else:
            found = adoption(project, request)
            if args.apply and not args.json:
                terminal.lines(_adoption_lines(found, args))
            if args.apply:
                refusal = found.refusal(args.database, request)
                if refusal is not None:
                    raise refusal
                if not terminal.confirm("Write these names?", flag="--yes"):
                    return 1
                found = adopt(project, request, digest=found.digest)
    document = {"database": args.database, "applied": args.apply, **data.plain(found)}
    if not args.apply or args.no_input:
        terminal.result(document, _adoption_lines(found, args))
    elif args.json:
        terminal.document(document)
    _tell_named(found, args, terminal)
    _tell_ways(found, request, args, terminal)
    return 0


def _by(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        label, equals, names = each.partition("=")
        fields = tuple(name.strip() for name in names.split(",") if name.strip())
        if not equals or not fields or label.count(".") != 1:
            raise UsageError(
                f"--by takes a model and its fields, not {each!r}",
                hint="--by pages.page=slug,language",
            )
        if label.lower() in found:
            raise UsageError(f"--by names {label} twice", hint=f"--by {label}=FIELD,FIELD")
        found[label.lower()] = fields
    return found


def _adoption_lines(found: Adoption, args: argparse.Namespace) -> Iterator[Text]:
    most = None if args.all else ROWS_SHOWN
    commit = found.commit[:SHORT]
    yield Text(
        f"Rows of database {args.database}, and records of {safe(found.revision)} ({commit}):"
    )
    for each in found.counts:
        yield Text(f"  {each.model}  {_counts(each)}")
    if args.all:
        pairs = [
            Text(f"    row {safe(each.pk)}: {safe(str(each.record))}") for each in found.matched
        ]
        yield from _listed("pairs", pairs, None)
    doubtful = [each for each in found.doubtful if args.all or not each.named]
    yield from _listed("doubtful", [*map(_doubt_lines, doubtful)], most, style="yellow")
    kept = len({each.record for doubt in found.doubtful if doubt.named for each in doubt.records})
    if kept:
        are = f"{plural(kept, 'record')} {'is' if kept == 1 else 'are'}"
        yield Text(
            f"{are} here under names that the applied commit has; the rows keep these",
            style="yellow",
        )
    yield from _listed("only here", [*map(_row_line, found.new_here)], most)
    yield from _listed("only there", [*map(_record_line, found.new_there)], most)
    name = "of the applied commit, and paired with nothing"
    yield from _listed(name, [*map(_record_line, found.unpaired)], most, style="yellow")


def _counts(counts: ModelCounts) -> str:
    said = [
        (counts.matched, "matched"),
        (counts.named, "named already"),
        (counts.new_here, "only here"),
        (counts.new_there, "only there"),
        (counts.doubtful, "doubtful"),
    ]
    if counts.doubtful_there != counts.doubtful:
        said.append((counts.doubtful_there, "doubtful there"))
    return ", ".join(f"{count:,} {what}" for count, what in said if count) or "nothing"


def _listed(name: str, lines: Sequence[Text], most: int | None, style: str = "") -> Iterator[Text]:
    if lines:
        yield Text(f"{name}:", style=style)
    yield from lines[:most]
    if most is not None and len(lines) > most:
        yield Text(f"    … and {len(lines) - most:,} more (--all lists them)", style="dim")


def _doubt_lines(doubt: DoubtfulRows) -> Text:
    lines = [*map(_row_line, doubt.rows[:ROWS_SHOWN])]
    lines += map(_record_line, doubt.records[:ROWS_SHOWN])
    more = len(doubt.rows) + len(doubt.records) - len(lines)
    if more:
        lines.append(Text(f"    … and {more:,} more"))
    text = Text(f"  {safe(doubt.reason)}")
    for line in lines:
        text.append("\n").append_text(line)
    return text


def _row_line(row: OnlyRow) -> Text:
    return Text(f"    {row.model} row {safe(row.pk)}  {safe(row.title)}".rstrip())


def _record_line(record: OnlyRecord) -> Text:
    return Text(f"    {safe(str(record.record))}  {safe(record.title)}".rstrip())


def _tell_ways(
    found: Adoption, request: AdoptRequest, args: argparse.Namespace, terminal: Terminal
) -> None:
    if args.apply:
        _tell_done(found, request, terminal)
        return
    refusal = found.refusal(args.database, request)
    if refusal is not None:
        terminal.line(Text(f"With --apply this is refused: {refusal.message}", style="yellow"))
        for way in refusal.hint.split("\n"):
            terminal.hint(f"  {way}")
    elif found.matched or found.unpaired:
        terminal.hint(
            "Nothing has been written. With --apply the rows get the names of the records:"
        )
        terminal.hint(f"  {request.call('--apply')}")


def _tell_named(found: Adoption, args: argparse.Namespace, terminal: Terminal) -> None:
    """What joins rows that both databases have committed."""
    if any(each.named for each in found.doubtful):
        database = f" --database {shlex.quote(args.database)}" if args.database != "default" else ""
        terminal.hint("To join these rows, too, one database gives its names and its history up:")
        for target in ("contentgit zero", "contentgit"):
            terminal.hint(f"  python manage.py migrate {target}{database}")
        terminal.hint("That drops the maps of its copies, too: their rows become rows like others.")


def _tell_done(found: Adoption, request: AdoptRequest, terminal: Terminal) -> None:
    count = plural(len(found.matched), "row")
    done = f"Named {count} as the records that they are" if found.matched else "No row to name"
    terminal.line(Text(done, style="green"))
    left = {each.record for doubt in found.doubtful for each in doubt.records}
    left -= {each.record for each in found.unpaired}
    if left:
        were = f"{plural(len(left), 'record')} {'was' if len(left) == 1 else 'were'} doubtful"
        terminal.line(Text(f"{were}: an apply makes them once more", style="yellow"))
    words = shlex.join([found.revision, *request.names])
    terminal.hint(f"contentgit checkout {words}  (shows what differs in them)")


_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "show": ("pk",),
    "adopt": ("by", "pairs", "apply", "no_input", "leave_unpaired", "all", "wait"),
}
"""The options of each action alone."""

_ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Terminal], int]]] = {
    "show": _show,
    "adopt": _adopt,
}

"""``conflicts``, ``resolve``: they need neither settings nor a database."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.text import Text

from contentgit.branches.merging.deciding import Decision, Resolved, named_place
from contentgit.branches.merging.deciding import resolve as decide
from contentgit.branches.merging.ending import ways
from contentgit.branches.merging.naming import reference_titles
from contentgit.branches.merging.operation import Operation, current
from contentgit.branches.merging.recorded import (
    Decided,
    Recorded,
    recorded_in,
    resolve_recorded,
)
from contentgit.branches.trees import TreeMerge
from contentgit.cli.editor import edited
from contentgit.cli.notices import tell_next, tell_untouched
from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import tell_left_alone
from contentgit.content.canonical import parse_document
from contentgit.content.documents import dump_document
from contentgit.content.records import Value
from contentgit.content.values import content_value, json_value
from contentgit.errors import ConflictError, ContentgitError, FormatError, UsageError
from contentgit.git import Repository
from contentgit.merge import Take, TreeConflict
from contentgit.render import conflicts as render
from contentgit.render.plain import plural, safe

_SCISSORS = "# ------------------------ >8 ------------------------"
_MARK = "\ufeff"  # what some editors put in front of UTF-8


def conflicts_options(options: Options) -> None:
    """The options of ``conflicts``."""
    options.describe(
        "Lists the conflicts of the merge, revert or cherry-pick in progress, with the content of each "
        "side. If none is in progress, lists the conflicts recorded in a commit.",
        "contentgit conflicts",
        "contentgit conflicts main --json",
    )
    options.word("revision", "REV", "commit with recorded conflicts")
    options.flag("--exit-code", "exit 1 if there are any")


def conflicts(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists what is undecided."""
    repository = find_repository(args, terminal)
    operation = None if args.revision else current(repository)
    if operation is not None:
        found = operation.tree(repository)
        if args.json:
            _conflict_document(operation, found.conflicts, terminal)
        else:
            _print_conflicts(repository, operation, found, terminal)
        return 1 if args.exit_code and found.conflicts else 0
    recorded = recorded_in(repository, repository.refs.resolve(args.revision or "HEAD"))
    _print_recorded(recorded, args, terminal)
    return 1 if args.exit_code and recorded else 0


def _conflict_document(
    operation: Operation, found: Sequence[TreeConflict], terminal: Terminal
) -> None:
    head = {name: getattr(operation, name) for name in ("verb", "source", "branch")}
    head |= {"ours": operation.ours, "theirs": operation.theirs}
    decided = [each.document() for each in operation.resolutions]
    listed = [render.as_data(each, operation.verb) for each in found]
    terminal.document({**head, "conflicts": listed, "decided": decided})


def _print_conflicts(
    repository: Repository, operation: Operation, found: TreeMerge, terminal: Terminal
) -> None:
    decided_count = len(operation.resolutions)
    so_far = f", {decided_count:,} decided" if decided_count else ""
    what = plural(len(found.conflicts), "conflict")
    named = safe(operation.named)
    terminal.line(f"{named[:1].upper()}{named[1:]}: {what}{so_far}")
    legend = render.legend(operation.verb, operation.source, operation.branch)
    if legend:
        terminal.line(safe(legend), style="dim")
    references = reference_titles(repository, operation, found.conflicts)
    git_diff = terminal.call.typed(repository.command("diff"))
    for each in found.conflicts:
        terminal.line()
        terminal.lines(render.lines(each, references, operation.verb, git_diff))
    terminal.line()
    _print_ways(repository, operation, found, terminal)


def _print_ways(
    repository: Repository, operation: Operation, found: TreeMerge, terminal: Terminal
) -> None:
    """What can be done next, a command a line."""
    verb = operation.verb
    steps = [f"contentgit {verb} --continue"]
    if found.conflicts:
        steps = [
            "contentgit resolve LABEL --take ours|theirs",
            *ways(repository, verb, operation.ours, found),
        ]
    tell_next([*steps, f"contentgit {verb} --abort  (gives up)"], terminal)


def _print_recorded(
    recorded: Sequence[Recorded], args: argparse.Namespace, terminal: Terminal
) -> None:
    if args.json:
        documents = [{**each.document, "file": each.file} for each in recorded]
        terminal.document({"conflicts": documents})
        return
    if not recorded:
        terminal.line("No conflicts: no merge is under way, and the commit holds none")
        return
    terminal.line(f"{plural(len(recorded), 'conflict')} recorded in the commit")
    for each in recorded:
        said = each.document.get("why", "")
        terminal.line(Text(f"  {safe(each.labels[0])}: {safe(str(said))}"))
        terminal.line(Text(f"    {safe(each.file)}", style="dim"))
    step = "Next: contentgit resolve LABEL --take ours|theirs"
    terminal.line(terminal.call.typed(step), style="dim")


def resolve_options(options: Options) -> None:
    """The options of ``resolve``."""
    options.describe(
        "Resolves the conflicts with these labels; 'pages.page:*' and 'pages.page:[4-9]' match several. A "
        "label is a record, a field of it, or a place within: pages.page:42, pages.page:42/title, as "
        "contentgit conflicts shows them.",
        "contentgit resolve pages.page:42 --take theirs",
        "contentgit resolve pages.page:42/title --value '\"Summer bread\"'",
        "contentgit resolve pages.page:42/body --edit",
        "contentgit resolve 'pages.*' --take ours",
    )
    options.word("labels", "LABEL", "labels of conflicts, or patterns", nargs="*")
    options.flag("--all", "every conflict")
    how = options.one_of()
    text = "use the content of this side, or delete the record"
    how.value("--take", None, text, choices=("ours", "theirs", "base", "delete"))
    how.value("--value", "JSON", "use this value")
    how.flag("--edit", "edit the value in your editor")
    how.flag(
        "--renumber",
        "give the record that theirs added under the same key a new key, and follow it in references",
    )
    how.flag("--recorded", "apply the decisions in the conflict files of HEAD's commit")


def resolve(args: argparse.Namespace, terminal: Terminal) -> int:
    """Decides conflicts."""
    repository = find_repository(args, terminal)
    decision = _decision(repository, args, terminal)
    _refuse_vague(args)
    patterns = [] if args.all else args.labels
    if args.recorded or current(repository) is None:
        return _resolve_recorded(repository, patterns, decision, args, terminal)
    assert decision is not None
    found = decide(repository, patterns, decision)
    if args.json:
        terminal.document(
            {
                "resolved": [each.document() for each in found.resolutions],
                "conflicts": [
                    render.as_data(each, found.operation.verb) for each in found.conflicts
                ],
            }
        )
        return 0
    _print_resolved(found, terminal)
    return 0


def _refuse_vague(args: argparse.Namespace) -> None:
    if args.labels and args.all:
        raise UsageError("--all goes without labels", hint="contentgit resolve --help")
    if not args.labels and not args.all and not args.recorded:
        raise UsageError(
            "resolve requires a label, or --all", hint="contentgit conflicts  (lists the labels)"
        )


def _print_resolved(found: Resolved, terminal: Terminal) -> None:
    for each in found.resolutions:
        what = f"key {each.key}" if each.key else each.take.value if each.take else "a new value"
        terminal.line(f"Decided {safe(each.label)}: {what}")
    if found.conflicts:
        terminal.line(f"{plural(len(found.conflicts), 'conflict')} left:")
        for conflict in found.conflicts:
            terminal.line(f"  {render.headline(conflict, found.operation.verb)}")
    else:
        step = f"All is decided. Next: contentgit {found.operation.verb} --continue"
        terminal.line(terminal.call.typed(step), style="dim")


def _resolve_recorded(
    repository: Repository,
    patterns: Sequence[str],
    decision: Decision | None,
    args: argparse.Namespace,
    terminal: Terminal,
) -> int:
    found: Decided = resolve_recorded(repository, patterns, decision)
    if args.json:
        left = [each.labels[0] for each in found.left]
        terminal.document({"commit": found.done, "resolved": found.labels, "left": left})
        return 0
    for label in found.labels:
        terminal.line(f"Decided {safe(label)}")
    terminal.line(f"Committed {found.done.commit[:SHORT]} on {safe(found.done.branch)}")
    if found.left:
        terminal.line(f"{plural(len(found.left), 'conflict')} left", style="dim")
    else:
        tell_untouched(found.done.branch, terminal)
    tell_left_alone(found.done.left_alone, terminal)
    return 0


# What was decided


def _decision(
    repository: Repository, args: argparse.Namespace, terminal: Terminal
) -> Decision | None:
    if args.take:
        return Decision(take=Take(args.take))
    if args.renumber:
        return Decision(renumber=True)
    if args.value is not None:
        return Decision(value=_value(args.value))
    if args.edit:
        return Decision(value=_edited_value(repository, args.labels, terminal))
    if args.recorded:
        return None
    raise UsageError(
        "resolve requires a decision",
        hint="contentgit resolve LABEL --take ours|theirs|base|delete  "
        "(--value JSON, --edit and --renumber are the other decisions)",
    )


def _value(text: str) -> Value:
    try:
        return content_value(parse_document(text.encode("utf-8", "surrogateescape")))
    except ContentgitError as error:
        raise UsageError(
            f"--value takes JSON: {error.message}", hint="a text is quoted: --value '\"Bread\"'"
        ) from error


def _edited_value(repository: Repository, labels: Sequence[str], terminal: Terminal) -> Value:
    """The value of one place as the user's editor leaves it: a text as it is, all else as JSON."""
    place = named_place(repository, labels)
    as_text = all(isinstance(each, str) for each in (place.ours, place.theirs))
    name = "value.txt" if as_text else "value.json"
    start = _written(place.ours, as_text=as_text)
    shown = "\n".join(
        f"# {side}:\n{_written(value, as_text=as_text)}"
        for side, value in (("theirs", place.theirs), ("base", place.base))
        if value is not None
    )
    cut = _SCISSORS
    while cut in start:  # a text can be about git
        cut += "-"
    own = _line_end(start)
    text = f"{start}\n{cut}\n# What stands above this line is taken. For comparison:\n{shown}"
    sent = text.replace("\r\n", "\n") if own else text
    after = edited(repository, terminal, name, sent, "use --value JSON")
    if not start.startswith(_MARK):
        after = after.removeprefix(_MARK)
    if own:  # the editor's own line ends are no edit
        after = after.replace("\r\n", "\n")
    kept, found, _ = after.partition(f"\n{cut}")
    if not found:
        raise ConflictError(
            "the line that ends the value is gone, so it is not known where it ends",
            hint="leave the line with >8 where it is; nothing has changed",
        )
    return kept.replace("\n", own or "\n") if as_text else _value(kept)


def _line_end(text: str) -> str:
    """How every line of a text ends, ``CR LF`` where a browser sent it; ``""`` if not all end alike."""
    if "\r" not in text:
        return "\n"
    return "\r\n" if text.count("\r\n") == text.count("\n") == text.count("\r") else ""


def _written(value: Value, *, as_text: bool) -> str:
    if as_text:
        return str(value) if isinstance(value, str) else ""
    try:
        return dump_document(json_value(value)).decode().rstrip("\n")
    except FormatError:
        return "null"

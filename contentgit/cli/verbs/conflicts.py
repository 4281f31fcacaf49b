"""``conflicts``, ``resolve``: they need neither settings nor a database."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence

from contentgit.branches.merging.deciding import Decision, Resolved, named_place
from contentgit.branches.merging.deciding import resolve as decide
from contentgit.branches.merging.ending import ways
from contentgit.branches.merging.naming import reference_titles
from contentgit.branches.merging.recorded import Recorded, recorded_in, resolve_recorded
from contentgit.branches.operation import Operation, current
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
from contentgit.merge import Side, Take, TreeConflict
from contentgit.render import conflicts as render
from contentgit.render.plain import plural, safe

_SCISSORS = "# ------------------------ >8 ------------------------"
_MARK = "\ufeff"  # what some editors put in front of UTF-8


def conflicts_options(options: Options) -> None:
    options.describe(
        "Lists the conflicts of the merge, revert or cherry-pick under way, with the content of each "
        "side. If none is under way, lists the conflicts recorded in a commit.",
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
        tree = operation.tree(repository)
        if args.json:
            terminal.document(_document(operation, tree.conflicts))
        else:
            _print_conflicts(repository, operation, tree, terminal)
        return 1 if args.exit_code and tree.conflicts else 0
    recorded = recorded_in(repository, repository.refs.resolve(args.revision or "HEAD"))
    _print_recorded(recorded, args, terminal)
    return 1 if args.exit_code and recorded else 0


def _document(operation: Operation, left: Sequence[TreeConflict]) -> dict[str, object]:
    head = {
        name: getattr(operation, name) for name in ("verb", "source", "branch", "ours", "theirs")
    }
    listed = [render.as_data(conflict, operation.verb) for conflict in left]
    decided = [resolution.document() for resolution in operation.resolutions]
    return {**head, "conflicts": listed, "decided": decided}


def _print_conflicts(
    repository: Repository, operation: Operation, tree: TreeMerge, terminal: Terminal
) -> None:
    verb, named = operation.verb, safe(operation.named)
    count = len(operation.resolutions)
    so_far = f", {count:,} decided" if count else ""
    terminal.line(
        f"{named[:1].upper()}{named[1:]}: {plural(len(tree.conflicts), 'conflict')}{so_far}"
    )
    legend = render.legend(verb, operation.source, operation.branch)
    if legend:
        terminal.line(legend, style="dim")
    references = reference_titles(repository, tree)
    git_diff = terminal.call.typed(repository.command("diff"))
    for conflict in tree.conflicts:
        terminal.line()
        terminal.lines(render.lines(conflict, references, verb, git_diff))
    terminal.line()
    steps = [f"contentgit {verb} --continue"]
    if tree.conflicts:
        steps = ["contentgit resolve LABEL --take ours|theirs"]
        steps += ways(verb, tree)
    tell_next([*steps, f"contentgit {verb} --abort  (gives up)"], terminal)


def _print_recorded(
    recorded: Sequence[Recorded], args: argparse.Namespace, terminal: Terminal
) -> None:
    if args.json:
        documents = [{**conflict.document, "file": conflict.file} for conflict in recorded]
        terminal.document({"conflicts": documents})
        return
    if not recorded:
        terminal.line("No conflicts: no merge is under way, and the commit has none")
        return
    terminal.line(f"{plural(len(recorded), 'conflict')} recorded in the commit")
    for conflict in recorded:
        terminal.line(
            f"  {safe(conflict.labels[0])}: {safe(str(conflict.document.get('why', '')))}"
        )
        terminal.line(f"    {safe(conflict.file)}", style="dim")
    terminal.hint("Next: contentgit resolve LABEL --take ours|theirs")


def resolve_options(options: Options) -> None:
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
    text = (
        "give the record that theirs (default) or ours added under the same key a new key, and follow it "
        "in references"
    )
    how.value("--renumber", "ours|theirs", text, nargs="?", const=Side.THEIRS.value)
    how.flag("--recorded", "apply the decisions in the conflict files of HEAD's commit")


def resolve(args: argparse.Namespace, terminal: Terminal) -> int:
    """Decides conflicts."""
    repository = find_repository(args, terminal)
    if args.renumber and args.renumber not in list(Side):  # a label behind the bare option
        if not re.search(r"[.:*?[]", args.renumber):
            raise UsageError(f"--renumber takes ours or theirs, not {args.renumber!r:.40}")
        args.labels, args.renumber = [args.renumber, *args.labels], Side.THEIRS.value
    decision = _decision(repository, args, terminal)
    if args.labels and args.all:
        raise UsageError("--all takes no labels", hint="contentgit resolve --help")
    if not args.labels and not args.all and not args.recorded:
        raise UsageError(
            "resolve requires a label, or --all", hint="contentgit conflicts  (lists the labels)"
        )
    patterns = [] if args.all else args.labels
    if args.recorded or current(repository) is None:
        return _resolve_recorded(repository, patterns, decision, args, terminal)
    assert decision is not None
    done = decide(repository, patterns, decision)
    document = {
        "resolved": [resolution.document() for resolution in done.resolutions],
        "conflicts": [render.as_data(left, done.operation.verb) for left in done.conflicts],
    }
    terminal.result(document, _resolved_lines(done))
    if not done.conflicts:
        terminal.hint(
            f"All conflicts are resolved. Next: contentgit {done.operation.verb} --continue"
        )
    return 0


def _resolved_lines(done: Resolved) -> Iterator[str]:
    for resolution in done.resolutions:
        take = resolution.take.value if resolution.take else "a new value"
        whose = resolution.take.value if resolution.take else Side.THEIRS.value
        what = f"{whose} gets key {resolution.key}" if resolution.key else take
        yield f"Decided {safe(resolution.label)}: {what}"
    if done.conflicts:
        yield f"{plural(len(done.conflicts), 'conflict')} left:"
    for conflict in done.conflicts:
        yield f"  {render.headline(conflict, done.operation.verb)}"


def _resolve_recorded(
    repository: Repository,
    patterns: Sequence[str],
    decision: Decision | None,
    args: argparse.Namespace,
    terminal: Terminal,
) -> int:
    decided = resolve_recorded(repository, patterns, decision)
    done = decided.done
    if args.json:
        left = [conflict.labels[0] for conflict in decided.left]
        terminal.document({"commit": done, "resolved": decided.labels, "left": left})
        return 0
    terminal.lines(f"Decided {label}" for label in decided.labels)
    terminal.line(f"Committed {done.commit[:SHORT]} on {safe(done.branch)}")
    if decided.left:
        terminal.line(f"{plural(len(decided.left), 'conflict')} left", style="dim")
    else:
        tell_untouched(done.branch, terminal)
    tell_left_alone(done.left_alone, terminal)
    return 0


# What was decided


def _decision(
    repository: Repository, args: argparse.Namespace, terminal: Terminal
) -> Decision | None:
    if args.take:
        return Decision(take=Take(args.take))
    if args.renumber:
        return Decision(renumber=Side(args.renumber))
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
    as_text = all(isinstance(side, str) for side in (place.ours, place.theirs))
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
    text = f"{start}\n{cut}\n# The value is the text above this line. For comparison:\n{shown}"
    sent = text.replace("\r\n", "\n") if own else text
    after = edited(repository, terminal, name, sent, "use --value JSON")
    if not start.startswith(_MARK):
        after = after.removeprefix(_MARK)
    if own:  # the editor's own line ends are no edit
        after = after.replace("\r\n", "\n")
    kept, found, _ = after.partition(f"\n{cut}")
    if not found:
        raise ConflictError(
            "the line that marks the end of the value is missing",
            hint="keep the line with >8; nothing has changed",
        )
    return kept.replace("\n", own or "\n") if as_text else _value(kept)


def _line_end(text: str) -> str:
    """The line end of a text, ``CR LF`` if a browser sent it; ``""`` if its line ends differ."""
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

"""``check``: where its policy and the project's code come from, and how it is written."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from contentgit import __version__, config, startup
from contentgit.branches.check_merges import differing, tip_doubts
from contentgit.branches.operation import refuse_unfinished
from contentgit.check import Checked, Finding, finding
from contentgit.check.files import DescribedDump
from contentgit.cli.parser import Options
from contentgit.cli.project import (
    among_content,
    find_repository,
    open_project,
    surroundings,
    use_settings,
)
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.worktrees import left_alone_lines
from contentgit.errors import ConfigurationError, ContentgitError, DatabaseError, UsageError
from contentgit.history.check import Judge, Named, endpoints
from contentgit.history.check import check as check_tree
from contentgit.history.rewrite import Rewritten, branch_to_fix, rewrite
from contentgit.render import check as render
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text


def check_options(options: Options) -> None:
    options.describe(
        "Reads the tree of REV without a database and lists what is wrong with it, by file and field. With "
        "'A..B' reads B, and leaves out what A has already. With settings also compares the tree with the "
        "project's code. Exits with 1 if there are errors.",
        "contentgit check",
        "contentgit check main..summer --merges",
        "contentgit check --fix",
        "contentgit check --format sarif",
    )
    options.word("revision", "REV", "REV or A..B (default: HEAD)", default="HEAD")
    options.flag("--merges", "recompute every merge commit of the history or range")
    options.flag("--fix", "write files in canonical form, in a commit on HEAD's branch")
    options.flag("--strict", "exit 1 for warnings too")
    text = "refuse this model, such as auth.user or 'sessions.*'; repeatable"
    options.value("--forbid", "MODEL", text, action="append", default=[])
    options.flag("--no-code", "do not compare with the project's code")
    formats = ("text", "json", "sarif", "github")
    options.value("--format", None, "output format (default: text)", choices=formats)


def check(args: argparse.Namespace, terminal: Terminal) -> int:
    """Checks the content of a commit."""
    form = _form(args)
    terminal.as_json = terminal.as_json or form == "json"
    repository = find_repository(args, terminal)
    with ExitStack() as stack:
        judge, forbidden = _stranger(args), list(args.forbid)
        if judge is None:
            judge = _code(args, terminal, stack)
            forbidden += _forbidden(args, terminal)

        def check_range(revision: str) -> Checked:
            return check_tree(
                repository,
                revision,
                forbidden=forbidden,
                judge=judge,
                merges=partial(differing, repository, revision) if args.merges else None,
                doubts=partial(tip_doubts, repository, endpoints(revision)[1]),
            )

        checked = check_range(args.revision)
        done = None
        if args.fix:
            branch = branch_to_fix(repository, checked.commit)
            refuse_unfinished(repository)  # whose decisions are void when the branch moves
            done = rewrite(repository, branch, checked.commit, checked.fixes)
            if done.commit:
                since, _ = endpoints(args.revision)
                checked = check_range(done.commit if since is None else f"{since}..{done.commit}")
    _write(form, checked, done, terminal, strict=args.strict)
    return 1 if checked.fails(strict=args.strict) else 0


def _form(args: argparse.Namespace) -> str:
    form: str = args.format or ("json" if args.json else "text")
    if args.json and form != "json":
        raise UsageError(f"--json cannot be combined with --format {form}", hint="use one of them")
    if "..." in args.revision:
        raise UsageError(
            f"{args.revision!r} is not a range that check accepts",
            hint="contentgit check A..B  (two dots)",
        )
    return form


# Settings and code


def _stranger(args: argparse.Namespace) -> Judge | None:
    """For a project inside the content, which is not started: a finding in place of the comparison."""
    if startup.in_use():
        return None
    content = surroundings(args.settings, args.repository, Path.cwd()).content
    if content is None:
        return None
    error = among_content(args.verb, content)
    reason = finding("not-compared", error.message, hint=error.hint.splitlines()[-1])
    return lambda _dumps, _beside, _named: [] if args.no_code else [reason]


def _forbidden(args: argparse.Namespace, terminal: Terminal) -> tuple[str, ...]:
    """The models that the settings forbid; none where there are no settings."""
    try:
        if not use_settings(args):
            return ()
        return config.read().forbidden_models
    except ContentgitError:
        raise
    except Exception as error:
        message = f"the settings cannot be imported: {type(error).__name__}: {error}"
        if args.settings:
            raise ConfigurationError(message) from error
        terminal.note(safe(f"{message}; models that they forbid are not checked"))
        return ()


def _code(args: argparse.Namespace, terminal: Terminal, stack: ExitStack) -> Judge | None:
    """What compares a tree with the project's code; ``None`` where there is none, or none is wanted."""
    if args.no_code or not use_settings(args):
        return None
    here = argparse.Namespace(**{**vars(args), "database": "default"})
    try:
        project = stack.enter_context(open_project(here, terminal))
        assert project.definitions is not None
    except ConfigurationError as error:
        if args.settings:
            raise
        reason = _not_compared(error)
        return lambda _dumps, _beside, _named: [reason]
    from contentgit.db.failures import connecting
    from contentgit.workingcopy.check_code import files_of, judge

    def judged(
        dumps: Sequence[DescribedDump], beside: Mapping[str, str], named: Named
    ) -> Iterable[Finding]:
        # Of MySQL and MariaDB Django asks the server which columns it can have.
        try:
            with connecting(here.database):
                return [*judge(project, dumps, beside), *files_of(named)]
        except DatabaseError as error:
            return [_not_compared(error)]

    return judged


def _not_compared(error: ContentgitError) -> Finding:
    return finding("not-compared", error.message, hint=error.hint)


# Output


def _write(
    form: str, checked: Checked, done: Rewritten | None, terminal: Terminal, *, strict: bool
) -> None:
    if form == "json":
        terminal.document(_document(checked, done, strict=strict))
    elif form == "sarif":
        terminal.document(render.sarif(checked, __version__))
    elif form == "github":
        terminal.lines(map(Text, render.github(checked)))
    else:
        if done is not None:
            terminal.lines(map(Text, _fixed(done)))
        found = [replace(each, hint=terminal.call.typed(each.hint)) for each in checked.findings]
        typed = replace(checked, findings=tuple(found))
        terminal.lines(render.text_lines(typed, strict=strict))


def _document(checked: Checked, done: Rewritten | None, *, strict: bool) -> dict[str, object]:
    document = dict(data.plain(checked))
    del document["fixes"]
    document["counts"] = {level.value: count for level, count in checked.counts.items()}
    document["ok"] = not checked.fails(strict=strict)
    return document if done is None else {**document, "fixed": done}


def _fixed(done: Rewritten) -> Iterable[str]:
    if not done.commit:
        yield "Nothing to rewrite"
    else:
        moved = f", {done.moved:,} of them moved" if done.moved else ""
        files = plural(done.files, "file")
        yield f"Rewrote {files} canonically on {done.branch} ({done.commit[:SHORT]}){moved}"
    for path in done.taken:
        yield f"  not moved, because its place is taken: {render.harmless(path)}"
    for left in done.left_alone:
        yield from (f"  {render.harmless(line)}" for line in left_alone_lines(left))

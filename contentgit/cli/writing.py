"""``commit`` and ``checkout``: the verbs that write."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Terminal
from contentgit.errors import ContentgitError, UsageError
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.text import ACTION_SIGNS, ACTION_STYLES, field_lines, heading
from contentgit.repository import Repository, Signature
from contentgit.steps import Action, Plan, ProblemKind

if TYPE_CHECKING:
    from contentgit.plan import Licences
    from contentgit.porcelain.checkout import CheckedOut
    from contentgit.porcelain.commit import Committed, Draft, DumpCounts
    from contentgit.porcelain.planning import Planned, StepDetail
    from contentgit.porcelain.project import Project

LICENCES = ("force", "allow-cascade", "allow-empty", "ignore-unknown-fields")
CREATES_SHOWN = 10
"""New records of a model that a plan lists without ``--full``; updates and deletes are all listed."""


def commit(args: argparse.Namespace, terminal: Terminal) -> int:
    """Commits the database."""
    names = [*args.dumps, *args.names]
    author = _author(args.author) if args.author else None
    with open_project(args, terminal) as project:
        from contentgit.porcelain.commit import commit as commit_dumps

        done = commit_dumps(
            project,
            names,
            _message(args, project, terminal),
            author=author,
            new_branch=args.branch,
            dry_run=args.dry_run,
        )
    if args.json:
        terminal.document({**data.plain(done), "dry_run": args.dry_run})
        return 0
    terminal.lines(_commit_lines(done, dry_run=args.dry_run))
    for left in done.left_alone:
        terminal.note(
            f"left alone in {left.worktree}, because of edits there: {', '.join(left.paths[:5])}"
            + (f" and {len(left.paths) - 5} more" if len(left.paths) > 5 else "")
        )
    return 0


def _author(text: str) -> Signature:
    name, bracket, rest = text.partition("<")
    if not bracket or not rest.rstrip().endswith(">") or not name.strip():
        raise UsageError(f"{text!r} is no author", hint="--author 'Anna Baker <anna@example.com>'")
    return Signature(name.strip(), rest.rstrip()[:-1].strip())


def _message(
    args: argparse.Namespace, project: Project, terminal: Terminal
) -> Callable[[Draft], str]:
    """Where the message comes from: -m, -F, or an editor once the snapshot has been taken."""
    if args.message:
        text = "\n\n".join(args.message)
        return lambda _draft: text
    if args.file:
        content = _read(args.file)
        return lambda _draft: content
    if args.dry_run:
        return lambda _draft: "dry run"
    if not sys.stdin.isatty():
        raise UsageError(
            "a commit needs a message", hint="contentgit commit -m MESSAGE, or -F FILE"
        )
    return lambda draft: _edit(project.repository, draft, terminal)


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read the message from {name}: {why}") from error


def _edit(repository: Repository, draft: Draft, terminal: Terminal) -> str:
    terminal.pause()
    editor = repository.editor()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "COMMIT_EDITMSG"
        path.write_text(_template(draft), encoding="utf-8")
        # As git does it: the editor is a shell command line of the user's own configuration.
        code = subprocess.call(  # noqa: S603
            ["/bin/sh", "-c", f'{editor} "$@"', editor, str(path)]
        )
        if code:
            raise ContentgitError(
                f"the editor {editor!r} ended with exit code {code}; nothing is committed",
                hint="set another one with: git config --global core.editor EDITOR, or use -m",
            )
        lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def _template(draft: Draft) -> str:
    lines = [f"# {_counts(dump)}" for dump in draft.dumps]
    return "\n".join(
        [
            "",
            "# Write the commit message. Lines that start with '#' are left out; an empty message",
            "# commits nothing. The snapshot has been taken: later edits are not part of it.",
            f"# On branch {draft.branch}",
            *lines,
            "",
        ]
    )


def _counts(dump: DumpCounts) -> str:
    created, updated, deleted = dump.totals
    return f"{dump.label}: {created:,} created, {updated:,} updated, {deleted:,} deleted"


def _commit_lines(done: Committed, *, dry_run: bool) -> Iterator[Text]:
    changed = [dump for dump in done.dumps if any(dump.totals)]
    if not done.dumps:
        yield Text("Nothing to commit: the datasets have no records in this database yet")
        return
    if not done.commit and not dry_run:
        yield Text(f"Nothing to commit on {done.branch}: the database is what the branch has")
        for label in done.adopted:
            yield Text(f"  {label} is noted as being at the branch's commit", style="dim")
        return
    if dry_run:
        yield Text(f"Would commit to {done.branch}:" if changed else "Nothing to commit")
    else:
        yield Text.assemble("Committed ", (done.commit[:SHORT], "yellow"), f" on {done.branch}")
    for dump in changed:
        yield Text(f"  {_counts(dump)}")


def checkout(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows the plan; with --apply runs it."""
    if args.new_branch:
        return _new_branch(args, terminal)
    if not args.revision:
        raise UsageError("checkout needs a revision", hint="contentgit checkout main")
    with open_project(args, terminal) as project:
        from contentgit.porcelain import checkout as checkouts

        names = [*args.dumps, *args.names]
        licences = _licences(args)
        if not args.apply:
            return _show_plan(project, args, names, licences, terminal)
        digest = None
        if not args.no_input:
            digest = _ask(project, args, names, licences, terminal)
            if digest is None:
                return 1
        done = checkouts.apply(project, args.revision, names, licences, digest=digest)
    if args.json:
        terminal.document(_applied_data(done, args.database))
    else:
        terminal.lines(_applied_lines(done, args.database))
    return 0


def _new_branch(args: argparse.Namespace, terminal: Terminal) -> int:
    if args.apply:
        raise UsageError(
            "-b makes a branch and moves HEAD; it applies nothing",
            hint=f"contentgit checkout -b {args.new_branch}, then contentgit checkout REV --apply",
        )
    repository = find_repository(args)
    commit_id = repository.resolve(args.revision or "HEAD")
    repository.create_branch(args.new_branch, commit_id)
    repository.checkout_head(args.new_branch)
    if args.json:
        terminal.document({"created": args.new_branch, "commit": commit_id})
    else:
        terminal.line(f"Switched to the new branch {args.new_branch} at {commit_id[:SHORT]}")
    return 0


def _licences(args: argparse.Namespace) -> Licences:
    from contentgit.plan import Licences

    count, percent = None, None
    if args.max_deletes is not None:
        text = args.max_deletes
        try:
            if text.endswith("%"):
                percent = float(text[:-1])
            else:
                count = int(text)
        except ValueError as error:
            raise UsageError(
                f"--max-deletes takes a number or a share, not {text!r}",
                hint="--max-deletes 20, or --max-deletes 5%",
            ) from error
    return Licences(
        force=args.force,
        allow_cascade=args.allow_cascade,
        max_deletes=count,
        max_deletes_percent=percent,
        allow_empty=args.allow_empty,
        ignore_unknown_fields=args.ignore_unknown_fields,
    )


def _show_plan(
    project: Project,
    args: argparse.Namespace,
    names: list[str],
    licences: Licences,
    terminal: Terminal,
) -> int:
    from contentgit.porcelain.planning import details, plan, refuse

    with project.backend.snapshot():
        planned = plan(project, args.revision, names, licences)
        if args.json:
            head = {**_plan_head(planned, args.database), "problems": planned.plan.problems}
            terminal.items(head, "steps", (_step_data(each) for each in details(project, planned)))
        else:
            _print_plan(project, planned, args, terminal)
    if planned.plan.problems and not args.json:
        refuse(planned)
    if planned.plan.problems:
        return 3
    if planned.plan.steps and not args.json:
        command = terminal.call.typed(_command(args))
        terminal.line(f"Nothing has been written. To run it: {command}", style="dim")
    return 0


def _command(args: argparse.Namespace) -> str:
    words = ["contentgit checkout", *map(shlex.quote, [args.revision, *args.dumps, *args.names])]
    words += ["--apply", *(f"--{name}" for name in LICENCES if _given(args, name))]
    if args.max_deletes is not None:
        words += ["--max-deletes", shlex.quote(args.max_deletes)]
    return " ".join(words)


def _given(args: argparse.Namespace, name: str) -> bool:
    return bool(getattr(args, name.replace("-", "_")))


def _ask(
    project: Project,
    args: argparse.Namespace,
    names: list[str],
    licences: Licences,
    terminal: Terminal,
) -> str | None:
    """Shows the plan and asks; gives the digest of what was agreed to, or ``None``."""
    from contentgit.porcelain.planning import plan, refuse

    with project.backend.snapshot():
        planned = plan(project, args.revision, names, licences)
        _print_plan(project, planned, args, terminal)
    refuse(planned)
    if planned.plan.steps:
        where = f"database {args.database} ({project.config.environment})"
        question = f"{_plan_counts(planned.plan)}. Apply to {where}?"
        if not terminal.confirm(question, flag="--no-input"):
            terminal.note("nothing has been written")
            return None
    return planned.digest


def _plan_head(planned: Planned, using: str) -> dict[str, object]:
    return {
        "database": using,
        "revision": planned.target.revision,
        "commit": planned.target.commit,
        "digest": planned.digest,
        "dumps": [each.dump.dataset.label for each in planned.dumps],
        "skipped": planned.skipped,
        "counts": planned.plan.counts,
        "withheld": planned.plan.withheld,
    }


def _step_data(detail: StepDetail) -> dict[str, object]:
    step = detail.step
    return {
        "action": step.action,
        "record": str(step.key),
        "dump": step.dump,
        "title": detail.title,
        "via": str(step.via) if step.via else None,
        "fields": [
            {"name": each.name, "before": data.value(each.before), "after": data.value(each.after)}
            for each in (detail.change.fields if detail.change else ())
        ],
    }


def _print_plan(
    project: Project, planned: Planned, args: argparse.Namespace, terminal: Terminal
) -> None:
    """The verdict first, then every step."""
    from contentgit.porcelain.planning import details

    place = f"database {args.database} ({project.config.environment})"
    terminal.lines(_plan_lines(planned, place))
    shown: dict[str, int] = defaultdict(int)
    for detail in details(project, planned):
        terminal.lines(_detail_lines(detail, shown, full=args.full))
    for model, count in shown.items():
        if not args.full and count > CREATES_SHOWN:
            terminal.line(
                f"  + {count - CREATES_SHOWN:,} more of {model} (--full lists them)", style="green"
            )


def _plan_lines(planned: Planned, place: str) -> Iterator[Text]:
    target, plan = planned.target, planned.plan
    dumps = ", ".join(each.dump.dataset.label for each in planned.dumps)
    commit = (target.commit[:SHORT], "yellow")
    yield Text.assemble(
        ("Plan", "bold"), f" for {place}: {dumps} to {safe(target.revision)} (", commit, ")"
    )
    if plan.empty:
        yield Text("Nothing to do: the database is what the commit says", style="green")
    elif plan.problems:
        yield Text(f"Refused, for the reasons below: {_plan_counts(plan)}", style="bold red")
    else:
        yield Text(_plan_counts(plan)[:1].upper() + _plan_counts(plan)[1:], style="bold")
    for label in planned.skipped:
        yield Text(f"  {label} is not in {safe(target.revision)}; it stays as it is", style="dim")
    if plan.withheld:
        yield Text(f"  withheld: {plural(len(plan.withheld), 'item')}", style="yellow")
    for each in plan.withheld[:ITEMS_SHOWN]:
        where = f"{each.key} {each.field}".rstrip()
        yield Text(f"    {where}: {safe(each.reason)}", style="dim")
    if len(plan.withheld) > ITEMS_SHOWN:
        yield Text(f"    … and {len(plan.withheld) - ITEMS_SHOWN:,} more (--json lists all)")


def _detail_lines(detail: StepDetail, shown: dict[str, int], *, full: bool) -> Iterator[Text]:
    step = detail.step
    if step.action is Action.CREATE:
        shown[step.key.model] += 1
        if shown[step.key.model] > CREATES_SHOWN and not full:
            return
    line = Text("  ")
    sign, style = ACTION_SIGNS[step.action], ACTION_STYLES[step.action]
    line.append_text(heading(sign, style, step.key, detail.title))
    if step.via:
        line.append(f"  outside the dump, because of {step.via}", style="dim")
    yield line
    if step.action is Action.UPDATE and detail.change:
        for each in field_lines(detail.change, detail.references):
            yield Text("  ").append_text(each)


def _plan_counts(plan: Plan) -> str:
    words = {
        Action.CREATE: "to create",
        Action.UPDATE: "to update",
        Action.DELETE: "to delete",
        Action.CASCADE: "to delete outside the dump",
        Action.CLEAR: "to clear outside the dump",
    }
    parts = [
        f"{plan.counts[each]:,} {word}" for each, word in words.items() if plan.counts.get(each)
    ]
    drift = sum(each.kind is ProblemKind.DRIFT for each in plan.problems)
    if drift:
        parts.append(f"{drift:,} edited here")
    return ", ".join(parts) or "nothing to do"


def _applied_data(done: CheckedOut, using: str) -> dict[str, object]:
    return {
        **_plan_head(done.planned, using),
        "applied": done.applied,
        "backup": done.backup,
        "head": done.head,
        "head_problem": done.head_problem,
    }


def _applied_lines(done: CheckedOut, using: str) -> Iterator[Text]:
    target, place = done.planned.target, f"database {using} ({done.environment})"
    if not done.applied:
        yield Text(f"D{place[1:]} is what {safe(target.revision)} says: nothing to write")
    else:
        verb = _plan_counts(done.planned.plan).replace("to create", "created")
        verb = verb.replace("to update", "updated").replace("to delete", "deleted")
        yield Text.assemble(
            ("Applied ", "green"),
            (target.commit[:SHORT], "yellow"),
            f" ({safe(target.revision)}) to {place}: {verb.replace('to clear', 'cleared')}",
        )
    if done.backup:
        yield Text(f"What was overwritten is kept in {done.backup}")
    if done.head:
        yield Text(f"HEAD is at branch {done.head}", style="dim")
    if done.head_problem:
        yield Text(f"HEAD stays where it is: {safe(done.head_problem)}", style="yellow")

"""``checkout``: the plan, the question, and what an apply did."""

from __future__ import annotations

import argparse
import shlex
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit.cli.hooks import tell
from contentgit.cli.notices import tell_copied
from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Terminal
from contentgit.errors import UsageError
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.text import ACTION_SIGNS, ACTION_STYLES, field_lines, heading
from contentgit.steps import Action, Plan, ProblemKind

if TYPE_CHECKING:
    from contentgit.plan import Licences
    from contentgit.porcelain.checkout import CheckedOut
    from contentgit.porcelain.planning import Planned, StepDetail
    from contentgit.porcelain.project import Project

LICENCES = ("force", "allow-cascade", "allow-empty", "ignore-unknown-fields")
CREATES_SHOWN = 10
"""New records of a model that a plan lists without ``--full``; updates and deletes are all listed."""


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
        tell_copied(project, names, terminal)
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
    return tell(done.failures, "applied", terminal)


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
        "failures": done.failures,
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

"""A plan as lines and as JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Terminal
from contentgit.plan.steps import Action, Plan, ProblemKind
from contentgit.render import data
from contentgit.render.plain import plural, safe
from contentgit.render.text import ACTION_SIGNS, ACTION_STYLES, field_lines, heading

if TYPE_CHECKING:
    from contentgit.workingcopy.effects import StepDetail
    from contentgit.workingcopy.planned import Planned
    from contentgit.workingcopy.project import Project

CREATES_SHOWN = 10
"""New records of a model that a plan lists without ``--full``; updates and deletes are all listed."""


def plan_head(planned: Planned, using: str) -> dict[str, object]:
    return {
        "database": using,
        "revision": planned.target.revision,
        "commit": planned.target.commit,
        "digest": planned.digest,
        "dumps": [each.dump.dataset.label for each in planned.dumps],
        "skipped": planned.skipped,
        "counts": planned.plan.counts,
        "withheld": planned.plan.withheld,
        "verb": planned.request.verb,
        "merge": planned.request.merging,
    }


def step_data(detail: StepDetail) -> dict[str, object]:
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


def print_plan(project: Project, planned: Planned, terminal: Terminal, *, full: bool) -> None:
    """The verdict first, then every step."""
    from contentgit.workingcopy.effects import details

    terminal.lines(_plan_lines(planned, place(project)))
    shown: dict[str, int] = defaultdict(int)
    for detail in details(project, planned):
        terminal.lines(_detail_lines(detail, shown, full=full))
    for model, count in shown.items():
        if not full and count > CREATES_SHOWN:
            terminal.line(
                f"  + {count - CREATES_SHOWN:,} more of {model} (--full lists them)", style="green"
            )


def place(project: Project) -> str:
    """The database and its environment, as a plan names them."""
    return f"database {project.using} ({project.config.environment})"


def _purpose(planned: Planned) -> Iterator[str | tuple[str, str]]:
    target, verb = planned.target, planned.request.verb
    dumps = ", ".join(each.dump.dataset.label for each in planned.dumps)
    commit = (target.commit[:SHORT], "yellow")
    if verb == "undo":
        yield from (f"{dumps}, undo the apply of ", commit)
        return
    how = ", merged with what was edited here" if planned.request.merging else ""
    yield from (f"{dumps} to {safe(target.revision)} (", commit, f"){how}")


def done_already(planned: Planned) -> str:
    """Why a plan has no steps."""
    if planned.request.verb == "undo":
        return "it has nothing of that apply"
    if planned.request.merging:
        return f"it has all of {safe(planned.target.revision)}"
    return f"it is what {safe(planned.target.revision)} says"


def _plan_lines(planned: Planned, place: str) -> Iterator[Text]:
    target, plan = planned.target, planned.plan
    yield Text.assemble(("Plan", "bold"), f" for {place}: ", *_purpose(planned))
    if plan.empty:
        yield Text(f"Nothing to do: {done_already(planned)}", style="green")
    elif plan.problems:
        yield Text(f"Refused, for the reasons below: {plan_counts(plan)}", style="bold red")
    else:
        yield Text(plan_counts(plan)[:1].upper() + plan_counts(plan)[1:], style="bold")
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


def plan_counts(plan: Plan) -> str:
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
    problems = Counter(each.kind for each in plan.problems)
    if problems[ProblemKind.DRIFT]:
        parts.append(f"{problems[ProblemKind.DRIFT]:,} edited here")
    if problems[ProblemKind.CONFLICT]:
        parts.append(f"{problems[ProblemKind.CONFLICT]:,} in conflict")
    return ", ".join(parts) or "nothing to do"

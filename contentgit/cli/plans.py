"""A plan as lines and as JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from contentgit.cli.changes import schema_change_lines
from contentgit.cli.missing import missing_data, missing_lines
from contentgit.cli.terminal import ITEMS_SHOWN, SHORT, Terminal
from contentgit.plan.steps import Action, Plan, ProblemKind, Step
from contentgit.render import data
from contentgit.render.plain import named_first, plural, safe
from contentgit.render.schema import schema_data
from contentgit.render.styled import Text
from contentgit.render.text import field_lines, heading
from contentgit.render.values import byte_size, copy_words
from contentgit.workingcopy.file_plans import AbsentFiles, counted

if TYPE_CHECKING:
    from contentgit.workingcopy.effects import StepDetail
    from contentgit.workingcopy.planned import Planned
    from contentgit.workingcopy.project import Project

_ACTIONS = {
    Action.CREATE: ("+", "green", "to create"),
    Action.UPDATE: ("~", "yellow", "to update"),
    Action.DELETE: ("-", "red", "to delete"),
    Action.CASCADE: ("-", "bold red", "to delete outside the dump"),
    Action.CLEAR: ("~", "bold yellow", "to clear outside the dump"),
    Action.MOVE: (">", "bold yellow", "to get another key"),
}
"""Sign and style of a step, and the words that count its like."""

CREATES_SHOWN = 10
"""New records of a model that a plan lists without ``--full``; updates and deletes are all listed."""


def plan_head(planned: Planned, using: str) -> dict[str, object]:
    """A plan as JSON values, but for its steps."""
    return {
        "database": using,
        "revision": planned.target.revision,
        "commit": planned.target.commit,
        "digest": planned.digest,
        "dumps": [dump.dump.dataset.label for dump in planned.dumps],
        "skipped": planned.skipped,
        "counts": planned.plan.counts,
        "withheld": [
            dict(zip(("key", "field", "reason"), entry, strict=True)) for entry in planned.withheld
        ],
        "missing": missing_data(planned.missing),
        "moved": {str(s.key): s.value for s in planned.plan.steps if s.action is Action.MOVE},
        "schema": schema_data(planned.schema_changes),
        "verb": planned.request.verb,
        "merge": planned.request.merging,
        "copy": planned.copy or None,
        "apart": planned.apart,
        "files": {
            "bring": [
                {"field": field, "name": file.name, "size": file.size, "sha256": file.sha256}
                for (field, *_), file, _ in planned.files.brought
            ],
            "remove": [
                {"field": field, "name": name, "size": file.size, "sha256": file.sha256}
                for (field, *_), name, file in planned.files.left
            ],
            "absent": [each._asdict() for each in planned.absent],
        },
    }


def links_data(planned: Planned) -> list[dict[str, str]]:
    """What refers inside of texts and JSON to what is deleted, as JSON values."""
    return [
        {
            "record": planned.shown(str(link.record)),
            "title": link.title,
            "field": link.field,
            "target": planned.shown(str(link.target)),
            "target_title": link.target_title,
        }
        for link in planned.links
    ]


def shifted_data(planned: Planned) -> list[dict[str, object]]:
    """The rows of trees that get other positions without a step of their own, as JSON values."""
    return [{**row._asdict(), "record": planned.shown(str(row.record))} for row in planned.shifted]


def step_data(detail: StepDetail) -> dict[str, object]:
    """A step as JSON values."""
    step = detail.step
    return {
        "action": step.action,
        "record": str(step.key),
        "dump": step.dump,
        "title": detail.title,
        "via": str(step.via) if step.via else None,
        "fields": [data.field(field) for field in (detail.change.fields if detail.change else ())],
    }


def print_plan(project: Project, planned: Planned, terminal: Terminal, *, full: bool) -> None:
    """Prints the verdict, then every step."""
    from contentgit.workingcopy.effects import details

    terminal.lines(_plan_lines(planned, place(project)))
    steps, more = _listed(planned.plan, full=full)
    for detail in details(project, planned, steps):
        terminal.lines(_detail_lines(detail))
    for model, count in more.items():
        terminal.line(f"  + {count:,} more of {model} (--full lists them)", style="green")


def _listed(plan: Plan, *, full: bool) -> tuple[list[Step], Mapping[str, int]]:
    """The steps that are listed, and how many creates of each model are not."""
    steps, created, more = list[Step](), Counter[str](), Counter[str]()
    for step in plan.steps:
        label = step.key.model
        created[label] += step.action is Action.CREATE
        if full or step.action is not Action.CREATE or created[label] <= CREATES_SHOWN:
            steps.append(step)
        else:
            more[label] += 1
    return steps, more


def place(project: Project) -> str:
    """The database and its environment, as a plan names them."""
    return f"database {project.using} ({project.config.environment})"


def done_already(planned: Planned) -> str:
    """Why a plan has no steps."""
    if planned.request.verb == "undo":
        return "it has nothing of that apply"
    if planned.request.merging:
        return f"it has all of {safe(planned.target.revision)}"
    return f"it is what {safe(planned.target.revision)} says"


def _plan_lines(planned: Planned, place: str) -> Iterator[Text]:
    target, plan = planned.target, planned.plan
    dumps = ", ".join(dump.dump.dataset.label for dump in planned.dumps)
    dumps += f", as {copy_words(planned.copy)}," if planned.copy else ""
    verb, end = f" to {safe(target.revision)} (", ")"
    if planned.request.verb == "undo":
        verb, end = f"{'' if planned.copy else ','} undo the apply of ", ""
    elif planned.request.merging:
        end = "), merged with what was edited here"
    commit = (target.commit[:SHORT], "yellow")
    yield Text.assemble(("Plan", "bold"), f" for {place}: {dumps}{verb}", commit, end)
    if plan.empty:
        yield Text(f"Nothing to do: {done_already(planned)}", style="green")
    elif plan.problems:
        yield Text(f"Refused, for the reasons below: {plan_counts(plan)}", style="bold red")
    else:
        yield Text(plan_counts(plan)[:1].upper() + plan_counts(plan)[1:], style="bold")
    yield from schema_change_lines(planned.schema_changes)
    for label in planned.skipped:
        yield Text(f"  {label} is not in {safe(target.revision)}; it stays as it is", style="dim")
    yield from (Text(f"  {line}", style="yellow") for line in move_lines(plan))
    for label in planned.apart:
        command = f"contentgit checkout {shlex.join([target.revision, label])} --apply"
        yield Text(f"  {label} is saved as new by a call of its own: {command}", style="dim")
    yield from (Text(f"  {line}", style="yellow") for line in missing_lines(planned.missing))
    yield from _file_lines(planned)
    yield from absent_lines(planned.absent)
    yield from _link_lines(planned)
    yield from _shifted_lines(planned)
    if plan.withheld:
        yield Text(f"  withheld: {plural(len(plan.withheld), 'item')}", style="yellow")
    for key, field, reason in planned.withheld[:ITEMS_SHOWN]:
        yield Text(f"    {f'{key} {field}'.rstrip()}: {safe(reason)}", style="dim")
    if len(plan.withheld) > ITEMS_SHOWN:
        yield Text(f"    … and {len(plan.withheld) - ITEMS_SHOWN:,} more (--json lists all)")


def _file_lines(planned: Planned) -> Iterator[Text]:
    """How many files come and go."""
    for files, words in ((planned.files.brought, "to bring"), (planned.files.left, "to remove")):
        found = counted(files)
        if found.files:
            rest = ", unless another row names them" if files is planned.files.left else ""
            yield Text(f"  {plural(found.files, 'file')} {words} ({byte_size(found.size)}){rest}")


def absent_lines(found: Iterable[AbsentFiles]) -> Iterator[Text]:
    """What is not in the storages of files that stay where they are."""
    for field, storage, names, whole in found:
        count = f"{'' if whole else 'at least '}{plural(len(names), 'file')}"
        verb = "is" if len(names) == 1 else "are"
        first = named_first([safe(name) for name in names], 3)
        text = f"{count} of {field} {verb} not in {safe(storage)}: {first}"
        yield Text(f"  {text}", style="yellow")


def _link_lines(planned: Planned) -> Iterator[Text]:
    """What refers inside of texts and JSON to what is deleted."""
    for link in planned.links[:ITEMS_SHOWN]:
        record, target = (
            f"{planned.shown(str(key))}{f' {safe(title)!r}' if title else ''}"
            for key, title in ((link.record, link.title), (link.target, link.target_title))
        )
        yield Text(
            f"  {record} refers in {link.field} to {target}, which is deleted", style="yellow"
        )
    if len(planned.links) > ITEMS_SHOWN:
        yield Text(f"  … and {len(planned.links) - ITEMS_SHOWN:,} more (--json lists them)")


def _shifted_lines(planned: Planned) -> Iterator[Text]:
    """The rows of trees that get other positions without a step of their own."""
    for row in planned.shifted[:ITEMS_SHOWN]:
        record = planned.shown(str(row.record)) + (f" {safe(row.title)!r}" if row.title else "")
        yield Text(
            f"  {record} moves along in its tree: position {row.before} becomes {row.after}",
            style="yellow",
        )
    if len(planned.shifted) > ITEMS_SHOWN:
        more = len(planned.shifted) - ITEMS_SHOWN
        yield Text(f"  … and {more:,} more move along (--json lists them)", style="yellow")


def move_lines(plan: Plan) -> Iterator[str]:
    """The rows that get another primary key, a line each."""
    for step in plan.steps:
        if step.action is Action.MOVE:
            if step.via:
                yield f"{step.key}, which was deleted here, becomes {step.value} in what refers to it"
            else:
                yield f"{step.key} becomes {step.value}, with all that refers to it"


def _detail_lines(detail: StepDetail) -> Iterator[Text]:
    step = detail.step
    sign, style, _ = _ACTIONS[step.action]
    line = Text("  ").append_text(heading(sign, style, step.key, detail.title))
    if step.via:
        line.append(f"  outside the dump, because of {step.via}", style="dim")
    yield line
    if step.action is Action.UPDATE and detail.change:
        for field_line in field_lines(detail.change, detail.references):
            yield Text("  ").append_text(field_line)


def plan_counts(plan: Plan) -> str:
    """``3 to create, 1 to delete``, and how many edits and conflicts refuse the plan."""
    parts = [
        f"{plan.counts[action]:,} {words}"
        for action, (_, _, words) in _ACTIONS.items()
        if plan.counts.get(action)
    ]
    problems = Counter(problem.kind for problem in plan.problems)
    if problems[ProblemKind.DRIFT]:
        parts.append(f"{problems[ProblemKind.DRIFT]:,} edited here")
    if problems[ProblemKind.CONFLICT]:
        parts.append(f"{problems[ProblemKind.CONFLICT]:,} in conflict")
    return ", ".join(parts) or "nothing to do"

"""A plan in a file: shown and agreed to now, run later, and refused if anything has moved meanwhile.

The file holds no content: what was asked for, the commits, and of each step the record's key and the ids
that it is bound to. It is never run itself; the plan is made anew and must come out the same.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from contentgit.content.canonical import dump_document, parse_document
from contentgit.content.documents import MISFITS, misfit
from contentgit.errors import FormatError, RefusedError, UsageError
from contentgit.merge import Side
from contentgit.plan import Licences
from contentgit.plan.steps import Action, Links, Step
from contentgit.workingcopy.planned import Planned
from contentgit.workingcopy.project import Project
from contentgit.workingcopy.request import VERBS, Request

FORMAT = 1
_KIND = "contentgit-plan"


@dataclass(frozen=True)
class PlanFile:
    """A plan as a file holds it: what was asked for, where, and what it was bound to."""

    path: Path
    request: Request
    database: str
    environment: str
    commit: str
    digest: str
    dumps: Mapping[str, str]
    steps: tuple[str, ...]


def write_plan(project: Project, planned: Planned, path: Path) -> None:
    """Writes the plan to a new or existing file.

    Raises:
        UsageError: the file cannot be written.
    """
    request = planned.request
    document = {
        "kind": _KIND,
        "format": FORMAT,
        "request": {**asdict(request), "names": list(request.names)},
        "database": project.using,
        "environment": project.config.environment,
        "commit": planned.target.commit,
        "digest": planned.digest,
        "dumps": _dumps(planned),
        "steps": list(map(_line, planned.plan.steps)),
    }
    try:
        path.write_bytes(dump_document(document))
    except OSError as error:
        raise UsageError(f"cannot write the plan to {path}: {error.strerror}") from error


def _dumps(planned: Planned) -> dict[str, str]:
    """The commit that each dump is at."""
    return {work.folder: work.applied.commit if work.applied else "" for work in planned.dumps}


def _line(step: Step) -> str:
    links = [f"{change.field}:{_counts(change)}" for change in step.links]
    new = [step.value] if step.action is Action.MOVE else []
    words = [step.key, step.action.value, step.before or "-", step.after or "-", *links, *new]
    return " ".join(map(str, words))


def _counts(links: Links) -> str:
    moved = "" if links.order is None else " in order"
    return f"+{len(links.add)}-{len(links.remove)}{moved}"


def read_plan(path: Path) -> PlanFile:
    """The plan in a file.

    Raises:
        UsageError: the file cannot be read, or is not a plan.
    """
    try:
        document = parse_document(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the plan {path}: {error.strerror}") from error
    except FormatError as error:
        raise _no_plan(path, error.message) from error
    if not isinstance(document, dict) or document.get("kind") != _KIND:
        raise _no_plan(path, "it was not written by --plan-out")
    if document.get("format") != FORMAT:
        why = f"its format is {document.get('format')}, this contentgit reads {FORMAT}"
        raise _no_plan(path, why)
    try:
        return PlanFile(
            path,
            _request(document["request"]),
            database=_text(document["database"]),
            environment=_text(document["environment"]),
            commit=_text(document["commit"]),
            digest=_text(document["digest"]),
            dumps={_text(name): _text(commit) for name, commit in dict(document["dumps"]).items()},
            steps=_lines(document["steps"]),
        )
    except MISFITS as error:
        raise _no_plan(path, misfit(error)) from error


def _no_plan(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not a plan: {why}", hint="contentgit checkout REV --plan-out FILE  (writes one)"
    )


def _request(asked: Mapping[str, Any]) -> Request:
    if asked.keys() != {field.name for field in fields(Request)}:
        raise ValueError(f"it asks for {', '.join(asked)}")
    if asked["verb"] not in VERBS or any(
        type(asked[name]) is not bool for name in ("merge", "adopt", "renumber", "as_new")
    ):
        raise ValueError(f"not a request: {asked!r:.80}")
    return Request(
        asked["verb"],
        _text(asked["revision"]),
        tuple(map(_text, asked["names"])),
        _licences(asked["licences"]),
        merge=asked["merge"],
        take=None if asked["take"] is None else Side(asked["take"]),
        adopt=asked["adopt"],
        renumber=asked["renumber"],
        as_new=asked["as_new"],
    )


def _licences(given: Mapping[str, Any]) -> Licences:
    licences = Licences(**given)
    for field in fields(licences):
        value = getattr(licences, field.name)
        if type(value) not in _KINDS.get(field.name, (bool,)):
            raise ValueError(f"{field.name} is {value!r:.40}")
    return licences


_KINDS = {"max_deletes": (int, type(None)), "max_deletes_percent": (int, float, type(None))}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is not a text")
    return value


def _lines(steps: Any) -> tuple[str, ...]:
    if not isinstance(steps, list) or not all(
        isinstance(line, str) and " " in line for line in steps
    ):
        raise ValueError("a step is not a line")
    return tuple(steps)


def check_plan(project: Project, planned: Planned, saved: PlanFile) -> None:
    """Refuses a plan that is no longer the one in the file, and says what has moved.

    Raises:
        RefusedError: ``items`` lists commits, dumps and records that moved.
    """
    if planned.digest == saved.digest and not _other_place(project, saved):
        return
    raise RefusedError(
        f"the plan in {saved.path} is no longer what an apply would do; nothing has been written",
        items=list(map(project.shown, _changes(project, planned, saved)))
        or ["rows that the plan looked at have changed"],
        hint=f"{_new_plan(saved)}  (makes a new plan)",
    )


def _new_plan(saved: PlanFile) -> str:
    command = saved.request.command(f"--plan-out {shlex.quote(str(saved.path))}")
    if saved.request.verb == "checkout":
        return command.replace(" --apply", "", 1)
    return f"{command} --dry-run"


def _other_place(project: Project, saved: PlanFile) -> str:
    """Where the plan was made, if not here."""
    environment = project.config.environment
    if (saved.database, saved.environment) == (project.using, environment):
        return ""
    there = f"database {saved.database} ({saved.environment})"
    return f"it was made for {there}, this is {project.using} ({environment})"


def _changes(project: Project, planned: Planned, saved: PlanFile) -> Iterator[str]:
    if other := _other_place(project, saved):
        yield other
    if planned.target.commit != saved.commit:
        yield (
            f"{planned.target.revision} is commit {planned.target.commit[:10]}, it was {saved.commit[:10]}"
        )
    dumps = _dumps(planned)
    for folder in sorted(dumps.keys() | saved.dumps.keys()):
        now, then = dumps.get(folder), saved.dumps.get(folder)
        if now != then:
            yield f"{folder} is {_at(now)}, it was {_at(then)}"
    yield from _changed_steps(planned, saved)
    for problem in planned.plan.problems:
        yield problem.text


def _at(commit: str | None) -> str:
    if commit is None:
        return "not part of the plan"
    return f"at commit {commit[:10]}" if commit else "at no commit"


def _changed_steps(planned: Planned, saved: PlanFile) -> Iterator[str]:
    then = set(saved.steps)
    new: dict[str, str] = {}
    for step in planned.plan.steps:
        line = _line(step)
        if line in then:
            then.discard(line)
        else:
            new[str(step.key)] = step.action.value
    old = {line.split(" ")[0]: line.split(" ")[1] for line in saved.steps if line in then}
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield f"{key}: the plan was to {old[key]} it, and no longer is"
        elif key not in old:
            yield f"{key}: the plan is to {new[key]} it, and was not"
        elif old[key] == new[key]:
            yield f"{key} has changed since the plan to {new[key]} it was made"
        else:
            yield f"{key}: the plan was to {old[key]} it, now it is to {new[key]} it"

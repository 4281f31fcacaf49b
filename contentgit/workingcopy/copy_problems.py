"""Problems of a plan for a copy, with the keys that people know: those of the repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from contentgit.content import canonical
from contentgit.content.layout import record_paths
from contentgit.plan.steps import Problem, ProblemKind
from contentgit.workingcopy.project import Project

_LOOKED_UP: Final = 1000
"""Records with references to missing rows of which the keys are looked up."""


def shown(project: Project, problem: Problem) -> Problem:
    """The problem of a copy with the keys that the repository has."""
    key = problem.key and project.shown_key(problem.key)
    rows = tuple(map(project.shown_key, problem.rows))
    fields = tuple(
        replace(
            state,
            applied=_shown(project, state.applied),
            there=_shown(project, state.there),
            wanted=_shown(project, state.wanted),
        )
        for state in problem.fields
    )
    return problem._replace(text=project.shown(problem.text), key=key, rows=rows, fields=fields)


def _shown(project: Project, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_shown(project, each) for each in value]
    return project.shown(value) if isinstance(value, str) else value


def learn_references(project: Project, commit: str, problems: Iterable[Problem]) -> None:
    """Learns the keys of rows that are missing, which the commit's records in the problems refer to."""
    assert project.copy
    folder, trees = project.copy.folder, project.repository.trees
    found = (each.key for each in problems if each.key and each.kind is ProblemKind.DANGLING)
    shown = [project.shown_key(key) for key in dict.fromkeys(found)][:_LOOKED_UP]
    paths = [f"{folder}/{path}" for key in shown for path in record_paths(key)]
    blobs = trees.files_at(commit, paths).values()
    for data in project.repository.objects.blobs(blobs):
        project.identities.learn_origins(canonical.decode(data))

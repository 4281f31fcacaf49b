"""Django system checks: what is wrong with the settings and the datasets, all of it at once.

The ids are listed in ``docs/settings.md`` and ``docs/datasets.md``. No query is made here, but the
project's own functions run.
"""

from __future__ import annotations

from typing import Any

from django.core import checks

from contentgit import config, datasets
from contentgit.db.fields.custom import problems as codec_problems


def check_configuration(**_: Any) -> list[checks.CheckMessage]:
    """Everything that is wrong with the settings and the datasets module."""
    problems = config.problems()
    if not any(problem.is_error for problem in problems):
        problems += codec_problems()
    if not any(problem.is_error for problem in problems):
        settings = config.read()
        if settings.datasets:
            problems += datasets.validate(settings.datasets, settings.identities)
    return [
        (checks.Error if problem.is_error else checks.Warning)(
            problem.message, hint=problem.hint, obj=problem.where or None, id=problem.id
        )
        for problem in problems
    ]

"""What the project's own code is told around an apply: signals, ``after_apply``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contentgit.db.calling import HookFailure, has_receivers, run_followup, send_post, send_pre
from contentgit.followups import Followup
from contentgit.signals import Changes, post_apply, pre_apply
from contentgit.workingcopy.effects import effects, from_database, kept
from contentgit.workingcopy.planned import Planned
from contentgit.workingcopy.project import Project


@dataclass
class Hooks:
    """What the project does around one apply. An ``idle`` apply, which writes nothing, calls nothing."""

    project: Project
    planned: Planned
    idle: bool = False
    _changes: Changes | None = field(default=None, init=False)

    def before(self) -> None:
        """Asks whether the apply may begin; inside its transaction, before anything is written.

        Raises:
            RefusedError: a receiver of ``pre_apply`` raised one.
            ContentgitError: a receiver raised something else.
        """
        if self.idle:
            return
        if has_receivers(pre_apply):
            rows = from_database(self.project, self.planned)
            view = Changes(partial(effects, self.planned, rows))
            send_pre(pre_apply, changes=view, **self._arguments())
        if has_receivers(post_apply):
            rows = kept(self.project, self.planned)
            self._changes = Changes(partial(effects, self.planned, rows))

    def behind(self) -> tuple[HookFailure, ...]:
        """Calls what follows the apply, all of it; the failures."""
        if self.idle:
            return ()
        failures: list[HookFailure] = []
        for followup, labels in _followups(self.project, self.planned):
            offered = {"using": self.project.using, "dumps": labels, "plan": self.planned.plan}
            failures += run_followup(followup, offered)
        if self._changes is not None:
            failures += send_post(post_apply, changes=self._changes, **self._arguments())
        return tuple(failures)

    def _arguments(self) -> dict[str, Any]:
        return {
            "using": self.project.using,
            "environment": self.project.config.environment,
            "verb": self.planned.request.verb,
            "commit": self.planned.target.commit,
            "branch": self.planned.target.branch,
            "dumps": tuple(work.dump.dataset.label for work in self.planned.dumps),
            "plan": self.planned.plan,
        }


def _followups(project: Project, planned: Planned) -> Iterator[tuple[Followup, tuple[str, ...]]]:
    """``after_apply`` of the datasets in which something changes: each once, with their dumps' labels."""
    changed = {step.dump for step in planned.plan.steps}
    found: list[tuple[Followup, list[str]]] = []  # a function need not be hashable
    for dataset in (work.dump.dataset for work in planned.dumps if work.folder in changed):
        for followup in project.definitions[dataset.name].after_apply:
            known = next((labels for other, labels in found if other == followup), None)
            if known is None:
                found.append((followup, [dataset.label]))
            elif dataset.label not in known:
                known.append(dataset.label)
    for followup, labels in found:
        yield followup, tuple(labels)

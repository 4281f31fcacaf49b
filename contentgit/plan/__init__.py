"""What an apply would do: from the records that differ, and facts about the target, to a plan.

Pure functions. :func:`survey` passes once over the candidates and keeps what matters,
:mod:`contentgit.db.facts` looks up what the target has to say to that, :func:`build` decides. The plan
that is shown and the plan that is run are the same value; the applier decides nothing.
"""

from __future__ import annotations

from contentgit.plan.builder import build
from contentgit.plan.choice import Choice, Licences, choose
from contentgit.plan.items import Candidate, Item, Size, Survey, references
from contentgit.plan.reach import stays
from contentgit.plan.surveyor import survey

__all__ = [
    "Candidate",
    "Choice",
    "Item",
    "Licences",
    "Size",
    "Survey",
    "build",
    "choose",
    "references",
    "stays",
    "survey",
]

"""What an apply would do: from the records that differ, and facts about the target, to a plan.

Pure functions, in this order: :func:`survey` passes once over the candidates and keeps what matters;
:mod:`contentgit.db.facts` looks up which rows there are; :func:`choose` decides which item of a record
counts; :mod:`contentgit.db.facts` looks up what that brings about; :func:`build` makes the plan. The plan
that is shown and the plan that is run are the same value; the applier decides nothing.
"""

from __future__ import annotations

from contentgit.plan.builder import build
from contentgit.plan.choice import Choice, Licences, choose, outside
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
    "outside",
    "references",
    "stays",
    "survey",
]

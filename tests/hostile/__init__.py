"""A corpus of hostile repositories: each member is a function that writes one kind of what others may push.

Nothing in them runs or harms; sizes are bounded. ``MEMBERS`` has them by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.hostile import commits, files, histories, records, repositories, trees
from tests.hostile.place import CORPUS, Member, Place

__all__ = ["MEMBERS", "Member", "Place"]

MEMBERS: Final[Mapping[str, Member]] = CORPUS.members
_ = (files, trees, records, histories, commits, repositories)

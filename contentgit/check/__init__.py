"""Rules that find what is wrong with a tree, without git, a database or the project's code.

:mod:`~contentgit.check.files` looks at one file by itself, :mod:`~contentgit.check.trees` at how records go
together, :mod:`~contentgit.check.code` compares with the project's code. All give :class:`Finding` values.
"""

from __future__ import annotations

from contentgit.check.findings import RULES, Checked, Finding, Fix, Level, Rule, finding

__all__ = ["RULES", "Checked", "Finding", "Fix", "Level", "Rule", "finding"]

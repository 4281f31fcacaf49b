"""What was asked for: the words of a call that writes to the database, as a value."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from contentgit.merge import Side
from contentgit.plan import Licences

Verb: TypeAlias = Literal["checkout", "update", "undo"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)


@dataclass(frozen=True)
class Request:
    """``verb`` of the dumps ``names`` (none: all), with what it permits.

    ``revision`` is the commit to become, for an update the branch. With ``merge`` the database's own edits
    stay, and ``take`` says whose value is taken where both sides changed the same thing (``None``: refuse).
    With ``renumber`` rows that were made here under keys of new records of the commit get others.
    With ``adopt`` a dump whose applied commit is missing begins anew, as one that was never applied, and so
    does a copy whose map is lost. With ``as_new`` the dump is a copy, whose rows have keys of their own.
    """

    verb: Verb
    revision: str = ""
    names: tuple[str, ...] = ()
    licences: Licences = field(default_factory=Licences)
    merge: bool = False
    take: Side | None = None
    adopt: bool = False
    renumber: bool = False
    as_new: bool = False

    @property
    def merging(self) -> bool:
        """Whether the database's own edits stay."""
        return self.merge or self.verb != "checkout"

    def command(self, *options: str) -> str:
        """The call that runs this, with more ``options``."""
        return " ".join(dict.fromkeys([*self._words(), *self._options(), *options]))

    def _words(self) -> Iterator[str]:
        yield f"contentgit {self.verb}"
        if self.verb == "checkout":
            yield shlex.quote(self.revision)
        yield from map(shlex.quote, self.names)
        if self.verb == "checkout":
            yield "--apply"

    def _options(self) -> Iterator[str]:
        if self.merge and self.verb == "checkout":
            yield "--merge"
        if self.adopt:
            yield "--adopt"
        if self.renumber:
            yield "--renumber"
        if self.as_new:
            yield "--as-new"
        if self.take:
            yield f"--take {self.take.value}"
        flags = "force allow_cascade allow_empty ignore_unknown_fields ignore_unknown_models"
        for name in flags.split():
            if getattr(self.licences, name):
                yield f"--{name.replace('_', '-')}"
        if self.licences.max_deletes is not None:
            yield f"--max-deletes {self.licences.max_deletes}"
        if self.licences.max_deletes_percent is not None:
            yield f"--max-deletes {self.licences.max_deletes_percent:g}%"

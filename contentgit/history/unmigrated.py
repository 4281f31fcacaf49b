"""Records as older code wrote them: git's own merge brings such beside a newer ``dataset.json``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from contentgit.check.findings import Finding
from contentgit.content.layout import dump_of, model_of
from contentgit.content.lenses import Lens
from contentgit.errors import FormatError
from contentgit.git import Repository
from contentgit.history.dumps import recorded_schema, recorded_standing

_RULES: Final = frozenset({"unknown-field", "unknown-model", "missing-field", "wrong-type"})
_PATHS, _COMMITS = 1_000, 100  # that are looked at


def with_ways(
    repository: Repository, commit: str, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """The findings; those of records that are as older code wrote them with the command that mends them."""
    found = list(findings)
    suspects = {each.path for each in found if each.rule in _RULES and each.record}
    origins = _origins(repository, commit, sorted(suspects)[:_PATHS]) if suspects else {}
    for each in found:
        origin = origins.get(each.path) if each.rule in _RULES else None
        if origin:
            call = f"contentgit restore {shlex.quote(each.record)} --from {origin[:10]}"
            each = replace(each, hint=f"{call}  (reads it as the migrations since then make it)")
        yield each


def _origins(repository: Repository, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """The newest commit that has each file as it is, from before migrations that change such records."""
    waiting, found = repository.trees.files_at(commit, paths), {}
    for each in repository.history.log(commit, paths=paths, limit=_COMMITS):
        there = repository.trees.files_at(each.id, list(waiting))
        older = {
            dump_of(path): _Origin(repository, each.id, commit, dump_of(path)) for path in there
        }
        for path, blob in there.items():
            if blob == waiting[path] and older[dump_of(path)].changes(model_of(path)):
                found[path] = each.id
                del waiting[path]
        if not waiting:
            break
    return found


@dataclass(frozen=True)
class _Origin:
    """A dump in a commit, and in a newer one."""

    repository: Repository
    commit: str
    newer: str
    folder: str

    def changes(self, label: str) -> bool:
        """Whether the newer commit has migrations that change records of the model."""
        return self._lens is not None and self._lens.changes(label)

    @cached_property
    def _lens(self) -> Lens | None:
        sides = self.commit, self.newer
        with suppress(FormatError):
            there, here = (recorded_standing(self.repository, each, self.folder) for each in sides)
            older, newer = (recorded_schema(self.repository, each, self.folder) for each in sides)
            migrations = here.since(there)
            return Lens(older, migrations, newer=newer) if migrations else None
        return None

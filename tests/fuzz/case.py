"""A copy of the site that is being damaged."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.objects import Objects, git


@dataclass
class Case:
    """A copy, in ``folder``, of a site whose repository is ``source``, under damage.

    ``told`` are the kinds of damage that were done, ``damaged`` the revisions with it.
    """

    random: Random
    folder: Path
    source: Path
    told: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        return self.folder / "content"

    @property
    def git_dir(self) -> Path:
        return self.repository / ".git"

    @property
    def objects(self) -> Objects:
        return Objects(self.git_dir)

    def ref(self, name: str, text: str) -> None:
        """A loose ref with any content, unless a folder is there, or a file above it."""
        path = self.git_dir / "refs" / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        self.damaged.append(name.removeprefix("heads/").removeprefix("tags/"))

    def resolve(self, revision: str) -> str:
        return git(self.source, "rev-parse", revision).decode().strip()

"""How this call was typed, so that a hint names a command that works when it is typed again."""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from contentgit.cli.parser import CALLS, WITH_DATABASE, WITH_REPOSITORY

_COMMAND = re.compile(
    rf"(?<!manage\.py )(?<!python -m )\bcontentgit ({'|'.join(CALLS)})(?![\w-])(?! --(?:database|repository))"
)
_GIT = re.compile(r"\bgit -C ((?:[^\s']|'[^']*')+)")
_MIGRATE = re.compile(r"\bpython manage\.py (?!contentgit\b)(\w+)")


@dataclass(frozen=True)
class Call:
    """The program's name as typed, and the options that say which project, repository and database."""

    prog: str = "contentgit"
    folder: str | None = None
    settings: str | None = None
    repository: str | None = None
    database: str = "default"
    start: Path | None = None
    """The folder where it was typed: ``-C`` changes the folder, and a verb can remove it."""

    @classmethod
    def of(cls, prog: str, args: argparse.Namespace) -> Call:
        """The call with these words."""
        repository, database = getattr(args, "repository", None), getattr(args, "database", None)
        return cls(prog, args.folder, args.settings, repository, database or "default", Path.cwd())

    @property
    def here(self) -> Path:
        """The folder that the verb began in."""
        return (self.start or Path.cwd()) / (self.folder or "")

    def typed(self, text: str) -> str:
        """``text`` with its commands as they have to be typed here.

        >>> Call("python manage.py contentgit", database="other").typed("contentgit status shows it")
        'python manage.py contentgit status --database other shows it'
        """
        text = _COMMAND.sub(lambda match: self.command(match.group(1)), text)
        text = _GIT.sub(self._git, text)
        return _MIGRATE.sub(self._manage, text)

    def command(self, verb: str) -> str:
        """The program and the verb, with the options of this call."""
        words = [self.prog]
        if self.folder:
            words += ["-C", shlex.quote(self.folder)]
        if self.settings:
            words += ["--settings", shlex.quote(self.settings)]
        words.append(verb)
        verb = verb.partition(" ")[0]
        if self.repository and verb in WITH_REPOSITORY:
            words.append(f"--repository {shlex.quote(self.repository)}")
        if self.repository and verb == "init":
            words.append(shlex.quote(self.repository))
        if self.database != "default" and verb in WITH_DATABASE:
            words.append(f"--database {shlex.quote(self.database)}")
        return " ".join(words)

    def _manage(self, match: re.Match[str]) -> str:
        settings = f" --settings {shlex.quote(self.settings)}" if self.settings else ""
        typed = self.prog.endswith(".py contentgit")
        program = self.prog.removesuffix(" contentgit") if typed else "python manage.py"
        return f"{program} {match[1]}{settings}"

    def _git(self, match: re.Match[str]) -> str:
        """git in its folder as named from where it is typed: not at all within it, relative below."""
        (folder,) = map(Path, shlex.split(match.group(1)))
        here = self.start or Path.cwd()
        if folder in (here, *here.parents):
            return "git"
        if here not in folder.parents:
            return match.group()
        return f"git -C {shlex.quote(str(folder.relative_to(here)))}"

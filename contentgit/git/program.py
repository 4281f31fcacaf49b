"""The git program, run in one folder by way of GitPython: the only importer of git.

GitPython gives its children the whole environment. Inside a git hook this names the repository of
the hook, and every call would read and write the wrong one, so :class:`GitCommand` starts the program itself,
with an environment in which only what people set for themselves is left.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from typing import Any

# Without git installed GitPython refuses to be imported at all; we say so when git is first needed.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git

from contentgit.errors import ContentgitError, RepositoryError, UsageError
from contentgit.git.failures import Clone, failure, git_is_missing, missing, no_repository
from contentgit.git.running import Dialogue, Running

OLDEST = (2, 30)

# What people and machines set on purpose; the rest, GIT_DIR above all, is a hook's.
KEPT = {
    *("GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_DEFAULT_HASH", "GIT_EDITOR", "GIT_EXEC_PATH"),
    *("GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"),
    *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_HTTP_PROXY_AUTHMETHOD"),
    *("GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_PROXY_SSL_CAINFO", "GIT_TEMPLATE_DIR"),
}

ENVIRONMENT = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    # A fetched repository is not trusted: a lazy fetch runs a program that its configuration names,
    # and a replacement shows other content under the same id.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # before git 2.39.4, 2.40.2 and so on, nothing else prevents it
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # Else a worktree that follows its branch would have git-lfs download all files of the commits.
    "GIT_LFS_SKIP_SMUDGE": "1",
    # Objects are megabytes: without it fast-import gives memory back and asks for it again all day.
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}

CONFIGURATION = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.fsync=committed",
    "i18n.commitEncoding=UTF-8",
    "submodule.recurse=false",
)
# A larger file passes in pieces. Of a pack, parts are mapped into memory, by default all of it.
STREAMED = ("core.bigFileThreshold=1m", "core.packedGitWindowSize=1m", "core.packedGitLimit=8m")
# The setting guards against bare repositories that one stumbles into, not those that one names.
NAMED = (*CONFIGURATION, "safe.bareRepository=all")


def environment() -> dict[str, str]:
    """The process's environment without what a git hook, or git's own callers, set for git."""
    kept = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in KEPT or name.startswith(kept)
    }


def _no_room(error: OSError) -> RepositoryError:
    return RepositoryError(
        f"cannot write a temporary file in {tempfile.gettempdir()}: {error.strerror}",
        hint="make room there, or name another folder in TMPDIR",
    )


class GitCommand(git.Git):
    """GitPython's command with an environment of our own making, in exactly the folder it is given."""

    def __init__(
        self, working_dir: str | os.PathLike[str] | None = None, *, tied: bool = False
    ) -> None:
        super().__init__()
        self.tied = tied  # no argument of execute: GitPython would make an option of git's of it
        self.folder = os.fspath(working_dir or os.curdir)  # GitPython would replace $NAME in it

    def execute(  # type: ignore[override]
        self,
        command: Sequence[str],
        istream: Any = None,
        env: Mapping[str, str] | None = None,
    ) -> Running:
        return Running(command, self.folder, {**environment(), **(env or {})}, istream, self.tied)


class Program:
    """The git program in ``folder``, with git's own configuration below ours."""

    def __init__(self, folder: Path, configuration: Sequence[str] = NAMED) -> None:
        self.folder = folder
        self.configuration = configuration
        self.environment = dict(ENVIRONMENT)
        self._objects, self._files = Dialogue(), Dialogue()
        self._aside = False

    @classmethod
    def opened(cls, path: Path) -> Program:
        """The program in the repository at ``path``, which is its worktree's top or a bare repository.

        Raises:
            RepositoryError: there is none.
        """
        try:
            git.Repo(path, expand_vars=False).close()
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise no_repository(path) from error
        except OSError as error:
            raise RepositoryError(f"cannot read {path}: {error.strerror}") from error
        program = cls(path)
        # Were this repository to vanish, git would go up and find that of the project's code.
        program.environment["GIT_CEILING_DIRECTORIES"] = os.fspath(path.parent)
        return program

    def start(
        self,
        verb: str,
        *arguments: str,
        istream: Any = None,
        env: Mapping[str, str] | None = None,
        config: Sequence[str] = (),
        tied: bool = False,
    ) -> Running:
        """A git process whose output the caller reads; ``tied`` as :class:`Running` has it.

        Raises:
            RepositoryError: git is not installed, or the folder is gone.
            UsageError: an argument cannot be given to a program: it has a NUL or half a surrogate.
        """
        # A command of its own for each call: its options would else be shared between threads.
        command = GitCommand(self.folder, tied=tied)
        command.set_persistent_git_options(c=[*self.configuration, *config])
        plumbing = getattr(command, verb.replace("-", "_"))
        env = {**self.environment, **(env or {})}
        try:
            running: Running = plumbing(*arguments, istream=istream, env=env)
        except ValueError as error:
            raise UsageError(f"git {verb} cannot be given {arguments[-1:]!r}: {error}") from error
        except FileNotFoundError as error:
            raise (
                git_is_missing() if self.folder.is_dir() else no_repository(self.folder)
            ) from error
        except OSError as error:
            raise RepositoryError(f"cannot run git in {self.folder}: {error.strerror}") from error
        return running

    def write_aside(self, objects: Path) -> None:
        """Has git write into a temporary folder, which ends with this object, and read ``objects`` too."""
        if self._aside:
            return
        try:
            folder = tempfile.mkdtemp(prefix="contentgit-objects-")
        except OSError as error:
            raise _no_room(error) from error
        weakref.finalize(self, _remove, folder, os.getpid())
        quoted = os.fspath(objects).replace("\\", "\\\\").replace('"', '\\"')
        self.environment |= {
            "GIT_OBJECT_DIRECTORY": folder,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"',
        }
        self._aside = True
        # Those before read the repository alone.
        self._objects, self._files = Dialogue(), Dialogue()

    def look_up(self, name: str, *, file: bool = False) -> AbstractContextManager[Running]:
        """``git cat-file --batch`` with its answer for one object; one process for all calls.

        Another one for those that are a ``file`` keeps little of a pack, which may have gigabytes of them.
        """
        config = STREAMED if file else ()
        start = partial(self.start, "cat-file", "--batch", istream=subprocess.PIPE, config=config)
        return (self._files if file else self._objects).asking(start, name.encode() + b"\n")

    def reading(self, verb: str, *arguments: str, data: bytes = b"", **options: Any) -> Running:
        """Like :meth:`start`, with ``data`` as standard input, from a file so that neither side blocks."""
        if not data:
            return self.start(verb, *arguments, **options)
        try:
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _no_room(error) from error
        with file:
            try:
                left = memoryview(data)
                while left:
                    left = left[file.write(left) :]
                file.seek(0)
            except OSError as error:
                raise _no_room(error) from error
            return self.start(verb, *arguments, istream=file, **options)

    def ask(
        self, verb: str, *arguments: str, data: bytes = b"", **options: Any
    ) -> tuple[int, bytes, str]:
        """Exit code, output and standard error of a process that has ended."""
        with self.reading(verb, *arguments, data=data, **options) as running:
            output = running.output.read()
            code, errors = running.finish()
        return code, output, errors

    def run(
        self,
        verb: str,
        *arguments: str,
        ok: Sequence[int] = (0,),
        writing: bool = False,
        **options: Any,
    ) -> bytes:
        """The output of a process that has ended with one of the exit codes ``ok``.

        Raises:
            RepositoryError: it ended with another; the message says why in a person's words.
        """
        code, output, errors = self.ask(verb, *arguments, **options)
        if code not in ok:
            raise self.failure(verb, errors, writing=writing)
        return output

    def line(self, verb: str, *arguments: str, **options: Any) -> str:
        """The output of ``run`` as text without its last newline."""
        return os.fsdecode(self.run(verb, *arguments, **options).removesuffix(b"\n"))

    def command(self, words: str) -> str:
        """``git WORDS`` as people type it: it works in this repository wherever they are."""
        return f"git -C {shlex.quote(os.fspath(self.folder))} {words}"

    def failure(self, verb: str, errors: str, *, writing: bool = False) -> ContentgitError:
        """The error for what git wrote to standard error."""
        return failure(self.folder, verb, errors, self.clone, writing=writing)

    def clone(self) -> Clone:
        """What this repository may lack because of how it was cloned."""
        _, found, _ = self.ask("config", "--get-regexp", r"^remote\..*\.promisor$")
        name = os.fsdecode(found.partition(b".promisor")[0]).removeprefix("remote.")
        return Clone(self.folder, self.is_shallow(), name)

    def is_shallow(self) -> bool:
        """Whether this is a clone that lacks the beginning of its history."""
        return self.ask("rev-parse", "--is-shallow-repository")[1].strip() == b"true"

    def signs(self, setting: str) -> bool:
        """Whether the configuration has git sign: ``setting`` is ``commit.gpgSign`` or ``tag.gpgSign``."""
        return self.line("config", "--type=bool", "--get", setting, ok=(0, 1)) == "true"

    def cannot_sign(self, what: str, setting: str, errors: str) -> RepositoryError:
        """The error for a commit or tag that git cannot sign."""
        return RepositoryError(
            f"git cannot sign the {what}: {' '.join(errors.split())}",
            hint="check user.signingKey and gpg.program, or: "
            + self.command(f"config {setting} false"),
        )

    def missing(self, what: str, *, commit: bool) -> RepositoryError:
        """The error for an object that is not there; ``commit`` is whether it may be a commit."""
        return missing(self.clone(), what, commit=commit)


def _remove(folder: str, owner: int) -> None:
    if owner == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


@cache
def check_age() -> None:
    """Looks once whether git is new enough.

    Raises:
        RepositoryError: it is older than 2.30, or not installed.
    """
    program = Program(Path(os.sep))
    words = program.line("version").split()
    numbers = [int(part) for part in words[2].split(".")[:2]] if len(words) > 2 else []
    if tuple(numbers) < OLDEST:
        raise RepositoryError(
            f"{' '.join(words)} is too old: contentgit needs git 2.30 or newer",
            hint="install a newer git: https://git-scm.com/downloads",
        )

"""Making a repository where there is none, and knowing one's own."""

from __future__ import annotations

import os
from pathlib import Path

from contentgit.errors import RepositoryError
from contentgit.git.program import CONFIGURATION, Program
from contentgit.git.refs import HEADS, Refs

MARK = "contentgit.json"


def start(path: Path, *, bare: bool, branch: str) -> None:
    """Makes an empty repository at ``path``, or finds there one that is contentgit's or empty.

    Raises:
        RepositoryError: the folder holds something else, or cannot be written.
        UsageError: ``branch`` cannot be the name of a branch.
    """
    Refs(Program(Path(os.sep))).check_branch_name(branch)
    try:
        path.mkdir(parents=True, exist_ok=True)
        empty = not any(path.iterdir())
    except OSError as error:
        raise RepositoryError(f"cannot make a repository at {path}: {error.strerror}") from error
    if not empty:
        _check_own(path, bare=bare)
        return
    arguments = ["--bare"] if bare else []
    Program(path).run("init", "--quiet", f"--initial-branch={branch}", *arguments, writing=True)


def ignored_by(path: Path) -> tuple[Path, str] | None:
    """The repository around the one at ``path`` and a line for its ``.gitignore``.

    None where there is none, or it ignores the path.
    """
    program = Program(path.parent, CONFIGURATION)
    code, output, _ = program.ask("rev-parse", "--show-toplevel")
    if code:
        return None
    top = Path(os.fsdecode(output.removesuffix(b"\n")))
    # check-ignore refuses what says that its words are paths and no patterns, which they are anyway.
    env = {"GIT_LITERAL_PATHSPECS": "0"}
    if program.ask("check-ignore", "--quiet", f"{path}{os.sep}", env=env)[0] == 0:
        return None
    return top, f"/{path.resolve().relative_to(top).as_posix()}/"


def _check_own(path: Path, *, bare: bool) -> None:
    if not _is_repository(path):
        raise _foreign(path, "is not empty and is no repository")
    program = Program.opened(path)
    is_bare = program.line("rev-parse", "--is-bare-repository") == "true"
    if bare and not is_bare:
        raise RepositoryError(
            f"the repository {path} is there already and is not bare",
            hint="leave --bare away, or choose another folder",
        )
    tips = {commit for _, commit in Refs(program).under(HEADS)}
    if not tips:
        if not is_bare and {each.name for each in path.iterdir()} != {".git"}:
            raise _foreign(path, "has files and no commit")
    elif not any(program.ask("cat-file", "-e", f"{tip}:{MARK}")[0] == 0 for tip in tips):
        raise _foreign(path, f"holds other things: no branch has a file {MARK}")


def _is_repository(path: Path) -> bool:
    try:
        Program.opened(path)
    except RepositoryError:
        return False
    return True


def _foreign(path: Path, what: str) -> RepositoryError:
    return RepositoryError(
        f"{path} {what}",
        hint="content needs a repository of its own: name an empty folder, or one that is not there",
    )

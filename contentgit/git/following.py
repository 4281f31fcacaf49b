"""Worktrees: updated after their branch has moved, and moved to another branch.

Files and index entries that the user has edited are never changed here. git itself finds them: the entries
that the user should have are put into an index of our own, and git compares the files with it, with the
project's attributes, line ends and filters.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from contentgit.errors import ContentgitError, FormatError, RepositoryError
from contentgit.git.program import Program
from contentgit.git.refs import HEADS, Refs
from contentgit.git.trees import Side, Trees
from contentgit.git.values import LeftAlone

_SUBMODULE = "160000"
_GIT_OWN = re.compile(rb"(?:^|/)(?:\.git|git~[0-9]|\.\.?)[. ]*(?:/|:|$)", re.IGNORECASE)


class _Worktree(NamedTuple):
    """A worktree, and the program in it; ``top`` is its folder as the file system names it."""

    program: Program
    top: bytes
    git_dir: Path
    zero: str


_Changes = Mapping[bytes, tuple[Side, Side]]


def bring(
    common_dir: Path,
    trees: Trees,
    tops: Sequence[Path],
    old: str | None,
    new: str | None,
    *,
    resuming: bool,
) -> list[LeftAlone]:
    """Brings these worktrees from one commit to another; None has no files.

    What the user has touched stays as it is and is returned. A worktree that cannot be written is returned
    with the reason and all its paths; if a commit cannot be read, every worktree is returned with the reason.
    ``resuming`` is for what a killed call began: files that it left missing or half written are made again.
    """
    try:
        found_there = trees.differences(*(each and trees.root(each) for each in (old, new)))
        changes = {path: (before, after) for path, before, after in found_there}
    except ContentgitError as error:  # a commit that is gone: nobody can say what was touched
        return [LeftAlone(top, [], error.message, error.hint) for top in tops]
    found = []
    for top in tops:
        try:
            program, git_dir = opened(top, common_dir)
            zero = "0" * len(new or old or "")
            tree = _Worktree(program, os.fsencode(top), git_dir, zero)
            left = LeftAlone(top, [*map(os.fsdecode, _follow(tree, changes, resuming))])
        except NotOursError:
            continue
        except ContentgitError as error:
            paths = [*map(os.fsdecode, sorted(changes))]
            left = LeftAlone(top, paths, error.message, error.hint)
        if left.paths:
            found.append(left)
    return found


class NotOursError(Exception):
    """The folder does not exist, or is another repository."""


def worktrees_on(program: Program, branch: str) -> Iterator[Path]:
    """The tops of the worktrees that are on a branch."""
    top = None
    for line in program.run("worktree", "list", "--porcelain").split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"worktree":
            top = Path(os.fsdecode(value))
        elif top and line == b"branch " + os.fsencode(HEADS + branch):
            yield top


def opened(top: Path, common_dir: Path) -> tuple[Program, Path]:
    """The program in a worktree, and where its HEAD and its index are.

    Raises:
        NotOursError: the folder does not exist, or is another repository.
    """
    try:
        program = Program.opened(top)
        git_dir = Path(program.line("rev-parse", "--absolute-git-dir"))
        if not common_folder(git_dir).samefile(common_dir):
            raise NotOursError
    except (RepositoryError, OSError) as error:
        raise NotOursError from error
    return program, git_dir


def common_folder(git_dir: Path) -> Path:
    """The folder that a repository's worktrees share; ``git_dir`` is one worktree's own."""
    try:
        shared = os.fsdecode((git_dir / "commondir").read_bytes()).rstrip("\r\n")
    except OSError:
        return git_dir
    return git_dir / shared


def _follow(tree: _Worktree, changes: _Changes, resuming: bool) -> list[bytes]:
    """Moves what the user has not touched; the paths that were left, sorted."""
    for path, (_, new) in changes.items():
        if new and _GIT_OWN.search(path):  # git would leave such a path out, and not say so
            raise FormatError(
                f"the commit has a file {os.fsdecode(path)!r}, inside git's own folder"
            )
    index = _staged(tree, changes)
    # An entry that is at the new side already is what an interrupted call left.
    ours = {
        path: (old, new)
        for path, (old, new) in changes.items()
        if path not in index.unmerged and index.sides.get(path) in (old, new)
    }
    seen = {path: each for path, each in ours.items() if path not in index.hidden}
    old_files = {path: old for path, (old, _) in seen.items() if _is_file(old)}
    touched = _differing(tree, old_files)
    # A file that is at the new side already is nobody's edit.
    at_new = {path: new for path in touched if _is_file(new := ours[path][1])}
    _move_index(tree, ours, index.hidden)
    for path in old_files.keys() - touched:
        if seen[path][1] is None:
            _remove(tree, path)
    fresh = [path for path, (old, new) in seen.items() if old is None and _is_file(new)]
    touched |= {path for path in fresh if _stands(tree, path)}
    _write(tree, [path for path, (_, new) in seen.items() if _is_file(new) and path not in touched])
    at_new |= {path: seen[path][1] for path in fresh if path in touched}
    edited = _differing(tree, at_new)
    edited |= {path for path in touched - at_new.keys() if _is_there(tree, path)}
    if resuming:
        torn = {path for path in edited if _is_torn(tree, path, ours[path])}
        _write(tree, sorted(torn & at_new.keys()))
        for path in torn - at_new.keys():
            _remove(tree, path)
        edited -= torn
    return sorted(edited | (changes.keys() - ours.keys()))


def _is_file(side: Side) -> bool:
    return side is not None and side[0] != _SUBMODULE


class _Index(NamedTuple):
    """What the user's index holds at some paths; ``hidden`` ones are out of a sparse checkout."""

    sides: Mapping[bytes, Side]
    hidden: frozenset[bytes]
    unmerged: frozenset[bytes]


def _staged(tree: _Worktree, paths: _Changes) -> _Index:
    sides: dict[bytes, Side] = {}
    hidden, unmerged = set(), set()
    for line in tree.program.run("ls-files", "-s", "-t", "-z").split(b"\0"):
        head, _, path = line.partition(b"\t")
        if path in paths:
            tag, mode, blob, stage = head.decode().split(" ")
            sides[path] = (mode, blob)
            if tag == "S":
                hidden.add(path)
            if stage != "0":
                unmerged.add(path)
    return _Index(sides, frozenset(hidden), frozenset(unmerged))


def _differing(tree: _Worktree, sides: Mapping[bytes, Side]) -> set[bytes]:
    """The paths whose file differs from ``sides``, missing ones included."""
    if not sides:
        return set()
    try:
        folder = tempfile.TemporaryDirectory(prefix="contentgit-", dir=tree.git_dir)
    except OSError as error:
        raise RepositoryError(f"cannot write to {tree.git_dir}: {error.strerror}") from error
    with folder as name:
        env = {"GIT_INDEX_FILE": os.path.join(name, "index")}
        _update(tree, sides.items(), env)
        # Exit code 1 means that files differ, which is what the next call lists.
        tree.program.run("update-index", "-q", "--refresh", ok=(0, 1), env=env)
        found = tree.program.run("diff-files", "-z", "--name-only", env=env)
    return set(found.split(b"\0")) - {b""}


def _move_index(tree: _Worktree, ours: _Changes, hidden: frozenset[bytes]) -> None:
    if not ours:
        return
    # Removals first: a file may stand where a folder was.
    moves = sorted(((path, new) for path, (_, new) in ours.items()), key=lambda each: bool(each[1]))
    _update(tree, moves)
    still = [path for path in hidden if path in ours and ours[path][1]]
    if still:
        options = ("-z", "--skip-worktree", "--stdin")
        tree.program.run("update-index", *options, data=b"\0".join(still), writing=True)


def _update(
    tree: _Worktree, sides: Iterable[tuple[bytes, Side]], env: Mapping[str, str] | None = None
) -> None:
    lines = []
    for path, side in sides:
        mode, blob = side or ("0", tree.zero)
        lines.append(f"{mode} {blob}\t".encode() + path + b"\0")
    data = b"".join(lines)
    tree.program.run("update-index", "-z", "--index-info", data=data, env=env, writing=True)


def _write(tree: _Worktree, paths: Sequence[bytes]) -> None:
    if paths:
        data = b"\0".join(paths) + b"\0"
        tree.program.run(
            "checkout-index", "-q", "-f", "-u", "-z", "--stdin", data=data, writing=True
        )


def _is_torn(tree: _Worktree, path: bytes, sides: tuple[Side, Side]) -> bool:
    """Whether the file is missing, or is a beginning of what either side has.

    git removes the old file, then writes the new one in its place. Nothing is lost by writing it again.
    """
    if not _stands(tree, path):
        return True
    place = os.path.join(tree.top, path)
    if not _is_there(tree, path) or not stat.S_ISREG(os.lstat(place).st_mode):
        return False
    for side in sides:
        content = tree.program.run("cat-file", "blob", side[1]) if side and _is_file(side) else b""
        try:
            with open(place, "rb") as file:
                if content.startswith(file.read(len(content) + 1)):
                    return True
        except OSError:  # one that we may not read is not what git was at
            return False
    return False


def _remove(tree: _Worktree, path: bytes) -> None:
    """Removes a file and the folders that become empty; never through a symbolic link."""
    if not _is_there(tree, path):
        return
    try:
        os.unlink(os.path.join(tree.top, path))
        for parent in reversed(list(_parents(path))):
            os.rmdir(os.path.join(tree.top, parent))
    except OSError:  # not empty: done; or not permitted: then it shows as an untracked file
        pass


def _stands(tree: _Worktree, path: bytes) -> bool:
    """Whether something of the user's is where the file belongs, or where one of its folders does."""
    for parent in _parents(path):
        if not _exists(tree, parent):
            return False
        if not _is_folder(tree, parent):
            return True
    return _exists(tree, path)


def _is_there(tree: _Worktree, path: bytes) -> bool:
    """Whether the path itself exists, with folders and no links above it."""
    return all(_is_folder(tree, parent) for parent in _parents(path)) and _exists(tree, path)


def _parents(path: bytes) -> Iterator[bytes]:
    parts = path.split(b"/")
    for count in range(1, len(parts)):
        yield b"/".join(parts[:count])


def _exists(tree: _Worktree, path: bytes) -> bool:
    return os.path.lexists(os.path.join(tree.top, path))


def _is_folder(tree: _Worktree, path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(os.path.join(tree.top, path)).st_mode)
    except OSError:
        return False


def edited(program: Program, trees: Trees) -> list[str]:
    """The files of a worktree, and new ones, that are not what HEAD's commit has.

    Raises:
        FormatError: HEAD's commit has folders that nest or repeat without end.
        RepositoryError: it cannot be read.
    """
    if not check_head(program, trees):
        refs = Refs(program)
        head = refs.head_branch()
        if head is None or refs.read(HEADS + head) is not None:
            refs.resolve("HEAD")  # says what is wrong with it
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    output = program.run("status", *options, "--ignore-submodules=all", tied=True)
    # Two letters and a space stand before each path.
    return [os.fsdecode(line[3:]) for line in output.split(b"\0") if line]


def check_head(program: Program, trees: Trees) -> bool:
    """Refuses HEAD's commit where git would not come to the end of it; whether there is one."""
    code, tree, _ = program.ask("rev-parse", "--verify", "--quiet", "HEAD^{tree}")
    if code:
        return False
    try:
        trees.check(tree.decode().strip())
    except FormatError as error:
        way = program.command("symbolic-ref HEAD refs/heads/BRANCH")
        raise FormatError(
            f"the worktree cannot be compared with HEAD's commit: {error.message}",
            hint=f"{error.hint}\n{way}  (moves HEAD to another branch, and no file)",
        ) from error
    return True


def checkout(program: Program, branch: str) -> None:
    """Brings HEAD and the worktree to ``branch`` as ``git checkout`` does.

    Raises:
        RepositoryError: the user's edits are in the way, or another worktree is on the branch;
            ``items`` lists the paths, and nothing has changed.
    """
    options = ("--quiet", "--no-guess", "--no-overwrite-ignore", "--no-recurse-submodules")
    code, _, errors = program.ask("checkout", *options, branch, "--")
    if not code:
        return
    paths = [line.strip() for line in errors.splitlines() if line.startswith("\t")]
    if paths:
        raise RepositoryError(
            f"edits in the worktree {program.folder} are in the way of branch {branch!r}: "
            f"{', '.join(paths[:3])}" + (f" and {len(paths) - 3} more" if len(paths) > 3 else ""),
            hint=f"{program.command('stash -u')}  (puts them away)\n"
            f"{program.command('stash pop')}  (brings them back afterwards)",
            items=paths,
        )
    raise program.failure("checkout", errors, writing=True)

"""git as a user runs it, beside contentgit."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str, data: bytes = b"", ok: bool = True) -> str:
    """What git says, without the line ends around it; ``ok`` asserts that it did not fail."""
    done = subprocess.run(["git", *arguments], cwd=folder, input=data, capture_output=True)
    assert not ok or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n")


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but git's own, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def status(folder: Path) -> list[str]:
    """What git status shows, a line each; a rename is a deletion and a new file."""
    asked = ("status", "--porcelain", "--untracked-files=all", "--no-renames")
    return git(folder, *asked).splitlines()

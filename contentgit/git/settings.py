"""A repository's own configuration and attributes, which no clone or fetch transfers."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from contentgit.errors import RepositoryError
from contentgit.git.failures import no_identity
from contentgit.git.program import Program
from contentgit.git.values import Signature, parse_ident

BEGIN = b"# contentgit setup-git: begin"
END = b"# contentgit setup-git: end"
_BLOCK = re.compile(
    rb"^%s[^\n]*\n(?:.*?^)?%s[^\n]*(?:\n|\Z)" % (BEGIN, END), re.MULTILINE | re.DOTALL
)


class Settings:
    """The local configuration (``.git/config``), attributes (``.git/info/attributes``), and who commits."""

    def __init__(self, program: Program, common_dir: Path) -> None:
        self._program = program
        self.attributes_path = common_dir / "info" / "attributes"

    def get(self, name: str) -> str | None:
        """The last value that the repository's own configuration gives ``name``; None where it has none."""
        code, output, errors = self._program.ask("config", "--local", "--null", "--get", name)
        if code > 1:
            raise self._program.failure("config", errors)
        return os.fsdecode(output.removesuffix(b"\0")) if code == 0 else None

    def set(self, name: str, value: str) -> None:
        """Sets ``name``, once.

        Raises:
            RepositoryError: git cannot write its configuration.
        """
        self._program.run("config", "--local", "--replace-all", name, value, writing=True)

    def unset(self, name: str) -> None:
        """Takes ``name`` out, and its section where nothing else is in it; raises as :meth:`set`."""
        self._program.run("config", "--local", "--unset-all", name, ok=(0, 5), writing=True)

    def identity(self) -> Signature:
        """Who commits, as git is configured; never guessed.

        Raises:
            RepositoryError: git does not know; the hint says how to tell it.
        """
        asked = self._program.ask("var", "GIT_AUTHOR_IDENT", config=("user.useConfigOnly=true",))
        code, output, _ = asked
        if code:
            raise no_identity()
        return parse_ident(output)

    def editor(self) -> str:
        """The shell command of the user's editor, as git chooses it.

        Raises:
            RepositoryError: git finds none that would work here.
        """
        return self._program.line("var", "GIT_EDITOR")

    def attributes(self) -> list[str]:
        """The lines of contentgit's own block in the attributes, none where there is no block."""
        found = _BLOCK.search(self._read())
        return os.fsdecode(found[0]).splitlines()[1:-1] if found else []

    def set_attributes(self, lines: Sequence[str]) -> None:
        """Makes these lines contentgit's own block; no lines take it out. Nothing else is touched.

        Raises:
            RepositoryError: the file cannot be read or written, or the block lacks its end.
        """
        before = self._read()
        rest = _BLOCK.sub(b"", before)
        if BEGIN in rest or END in rest:
            raise RepositoryError(
                f"the block of contentgit in {self.attributes_path} lacks its begin or its end",
                hint="remove what is left of it, then: contentgit setup-git",
            )
        block = b""
        if lines:
            begin = b"%s (contentgit setup-git --remove takes these lines out)" % BEGIN
            block = b"".join(each + b"\n" for each in (begin, *map(os.fsencode, lines), END))
            rest += b"\n" if rest and not rest.endswith(b"\n") else b""
        if rest + block != before:
            self._write(rest + block)

    def _read(self) -> bytes:
        try:
            return self.attributes_path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._failed("read", error) from error

    def _write(self, data: bytes) -> None:
        path = self.attributes_path.resolve()  # of a link, what it leads to is written
        temporary = ""
        try:
            path.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="contentgit-")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(temporary)
            raise self._failed("write", error) from error

    def _failed(self, what: str, error: OSError) -> RepositoryError:
        return RepositoryError(f"cannot {what} {self.attributes_path}: {error.strerror}")

"""The user's editor, as git chooses it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from contentgit.cli.terminal import Terminal
from contentgit.errors import ContentgitError
from contentgit.git import Repository


def edited(repository: Repository, terminal: Terminal, name: str, text: str, otherwise: str) -> str:
    """What the user makes of ``text`` in a file called ``name``.

    Raises:
        ContentgitError: the editor failed; the hint says what to do ``otherwise``.
        RepositoryError: git knows no editor.
    """
    terminal.pause()
    editor = repository.settings.editor()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except UnicodeEncodeError as error:
            raise ContentgitError(
                "the text contains unpaired surrogates and cannot be edited", hint=otherwise
            ) from error
        # As git does it: the editor is a shell command line of the user's own configuration.
        code = subprocess.call(  # noqa: S603
            ["/bin/sh", "-c", f'{editor} "$@"', editor, str(path)]
        )
        if code:
            raise ContentgitError(
                f"the editor {editor!r} ended with exit code {code}; nothing has changed",
                hint=f"set another one with: git config --global core.editor EDITOR, or {otherwise}",
            )
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return file.read()
        except (OSError, UnicodeDecodeError) as error:
            what = "the file is gone" if isinstance(error, OSError) else "it is not UTF-8"
            raise ContentgitError(
                f"the file edited with {editor!r} cannot be read: {what}; nothing has changed",
                hint=f"set the editor to UTF-8, or {otherwise}",
            ) from error

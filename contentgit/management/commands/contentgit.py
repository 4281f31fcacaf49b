"""``manage.py contentgit``: the same program as ``contentgit``."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contentgit.cli.main import main
from contentgit.cli.start import own_process


class Command(BaseCommand):
    """Hands its words to :func:`contentgit.cli.main.main`."""

    help = "Moves the content of this site between its databases through git."
    requires_system_checks = []  # noqa: RUF012  Django's own declaration

    def add_arguments(self, parser: CommandParser) -> None:
        """Takes all words as they are, for ``call_command("contentgit", "commit", "pages")``."""
        parser.add_argument("words", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Takes the words before Django's parser does, which would claim options such as -v."""
        own_process()
        program = shlex.quote(argv[0])
        if argv[0].endswith(".py"):  # it need not be executable
            program = f"python {program}"
        sys.exit(main(argv[2:], prog=f"{program} {argv[1]}"))

    def handle(self, *_args: Any, words: list[str], **_options: Any) -> None:
        """Raises CommandError with the exit code as its return code when the verb fails."""
        code = main(words)
        if code:
            raise CommandError(f"contentgit {' '.join(words)}: exit code {code}", returncode=code)

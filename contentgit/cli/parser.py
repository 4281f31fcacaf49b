"""The words of a call: which verb, and what is wrong with them."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from functools import cache
from typing import NoReturn

from contentgit import __version__
from contentgit.cli.verbs import EXIT_CODES, VERBS, add_verbs
from contentgit.cli.verbs.options import INSTEAD
from contentgit.errors import UsageError

WITH_REPOSITORY = frozenset(name for name, verb in VERBS.items() if verb.repository)
WITH_DATABASE = frozenset(name for name, verb in VERBS.items() if verb.database)

_BEFORE = {"-C", "--settings", "--pythonpath"}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are the project's own errors."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError: argparse would print its own and exit."""
        raise UsageError(message.removeprefix("argument "), hint=f"{self.prog} --help")


def parse(words: Sequence[str], prog: str = "contentgit") -> argparse.Namespace | None:
    """The words of a call; ``None`` where there are none at all.

    Raises:
        UsageError: a verb or an option is unknown, or an option lacks its value.
    """
    place = _verb_place(words)
    while place is not None and words[place] == "help":
        words = [*words[:place], *words[place + 1 :], "--help"]
        place = _verb_place(words)
    if place is None and words and not {"-h", "--help", "-v", "--version"} & set(words):
        _refuse_no_verb(words, prog)
    if place is not None and words[place] not in VERBS:
        near = difflib.get_close_matches(words[place], VERBS, 1)
        hint = f"did you mean '{prog} {near[0]}'?" if near else f"verbs: {', '.join(VERBS)}"
        raise UsageError(f"there is no verb {words[place]!r}", hint=INSTEAD.get(words[place], hint))
    args, unknown = build_parser(prog).parse_known_args(words)
    if unknown:
        verb = f" {args.verb}" if args.verb else ""
        what = "option" if unknown[0].startswith("-") else "word"
        raise UsageError(
            f"{args.verb or prog} does not know the {what} {unknown[0]!r}",
            hint=f"{prog}{verb} --help",
        )
    return args if args.verb else None


def _verb_place(words: Sequence[str]) -> int | None:
    """Where the verb stands: behind the options that every call has."""
    place = 0
    while place < len(words) and words[place].startswith("-"):
        if words[place].split("=")[0] not in _BEFORE and not words[place].startswith("-C"):
            return None
        place += 2 if words[place] in _BEFORE else 1
    return place if place < len(words) else None


def _refuse_no_verb(words: Sequence[str], prog: str) -> NoReturn:
    option = next((word for word in words if word.split("=")[0] not in _BEFORE), words[0])
    if option.startswith("-") and not option.startswith("-C"):
        raise UsageError(
            f"the option {option!r} stands in front of the verb",
            hint=f"only -C, --settings and --pythonpath do; the others follow it: {prog} VERB {option}",
        )
    raise UsageError("a verb is missing", hint=f"{prog} --help")


@cache
def build_parser(prog: str = "contentgit") -> argparse.ArgumentParser:
    """The parser of ``contentgit`` and of ``manage.py contentgit``, one for all calls of a process."""
    parser = Parser(
        prog=prog,
        description="Moves the content of a Django site between its databases through git.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-v", "--version", action="version", version=f"contentgit {__version__}")
    parser.add_argument("-C", dest="folder", metavar="FOLDER", help="run as if started in FOLDER")
    parser.add_argument("--settings", metavar="MODULE", help="Django settings module to use")
    parser.add_argument(
        "--pythonpath", metavar="FOLDER", help="folder to import the project's modules from"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    add_verbs(verbs)
    return parser

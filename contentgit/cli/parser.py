"""The words of a call: which verbs there are, what their options are, and what is wrong with a call.

The options of a verb and the function that runs it are in one module of ``contentgit.cli.verbs``; only the
module of the verb that is called is imported.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

from contentgit import __version__
from contentgit.errors import UsageError


class Verb(NamedTuple):
    """A verb: its module of ``contentgit.cli.verbs``, and its line in the list of verbs.

    For the verb ``setup-git`` the module has ``setup_git_options``, which adds the verb's options, and
    ``setup_git``, which runs it. The other fields are the words that it takes: ``--json``,
    ``--repository``, ``--database``, ``--all-databases``, and names of dumps and records after ``--``.
    ``actions`` are the words of which the first word behind the verb is one.
    """

    module: str
    summary: str
    json: bool = True
    repository: bool = True
    database: bool = False
    all_databases: bool = False
    names: bool = False
    actions: tuple[str, ...] = ()


VERBS: Final[Mapping[str, Verb]] = {
    "init": Verb("setup", "create a repository for content", repository=False),
    "datasets": Verb(
        "setup", "list what each dataset holds", repository=False, database=True, names=True
    ),
    "commit": Verb("commit", "commit the content of the database", database=True, names=True),
    "status": Verb(
        "status",
        "show which commit the database is at, and what was edited since",
        database=True,
        all_databases=True,
        names=True,
    ),
    "diff": Verb(
        "diff", "show what differs, record by record and field by field", database=True, names=True
    ),
    "log": Verb("log", "list commits", database=True, all_databases=True, names=True),
    "show": Verb("log", "show a commit and its changes, or a record", names=True),
    "blame": Verb("blame", "show who last changed each field of a record", names=True),
    "branch": Verb("branches", "list, create or delete branches"),
    "tag": Verb("branches", "list, create or delete tags"),
    "checkout": Verb(
        "checkout",
        "show the plan that brings the database to a commit; with --apply run it",
        database=True,
        names=True,
    ),
    "update": Verb("checkout", "merge HEAD's branch into the database", database=True, names=True),
    "undo": Verb("checkout", "undo the last apply to the database", database=True, names=True),
    "merge": Verb(
        "merging", "merge a branch into HEAD's branch, record by record and field by field"
    ),
    "conflicts": Verb("conflicts", "list unresolved conflicts"),
    "resolve": Verb("conflicts", "resolve conflicts"),
    "revert": Verb("merging", "revert the changes of a commit, in a new commit", names=True),
    "cherry-pick": Verb("merging", "apply the changes of a commit to HEAD's branch", names=True),
    "restore": Verb("merging", "restore records from another commit", names=True),
    "upgrade": Verb(
        "upgrade", "run the project's migrations on the content of a commit", database=True
    ),
    "identity": Verb(
        "identity",
        "show what names a row, and join databases that grew apart",
        database=True,
        names=True,
        actions=("show", "adopt"),
    ),
    "track": Verb(
        "track", "note which rows are written, and read only these", database=True, names=True
    ),
    "untrack": Verb("track", "undo track", repository=False, database=True, names=True),
    "files": Verb("files", "list or remove files that applies left in storages", database=True),
    "check": Verb("check", "check the content of a commit"),
    "fetch": Verb("remotes", "fetch commits from another repository"),
    "pull": Verb("remotes", "fetch, and merge into HEAD's branch"),
    "push": Verb("remotes", "push commits to another repository"),
    "gc": Verb("gc", "remove old backups and what killed calls left in the repository"),
    "setup-git": Verb("setup_git", "set up git's own merge and diff for records"),
    "merge-driver": Verb("drivers", "merge one file (called by git)", json=False, repository=False),
    "diff-driver": Verb(
        "drivers", "print one file for git diff (called by git)", json=False, repository=False
    ),
    "demo": Verb(
        "setup", "build a demo site with two databases and show the main job", repository=False
    ),
}
"""Every verb by its name, in the order in which people meet them."""

CALLS: Final = tuple(
    words
    for name, verb in VERBS.items()
    for words in (*(f"{name} {a}" for a in verb.actions), name)
)
"""Every verb as it is typed, with an action where it has some."""

WITH_REPOSITORY = frozenset(name for name, verb in VERBS.items() if verb.repository)
WITH_DATABASE = frozenset(name for name, verb in VERBS.items() if verb.database)

INSTEAD: Final[Mapping[str, str]] = {
    "add": "contentgit commit DUMP  (commits what the database holds; nothing is staged)",
    "apply": "contentgit checkout REV --apply  (shows the plan, asks, and runs it)",
    "clone": "git clone URL content  (then contentgit checkout main --apply brings the database to it)",
    "config": "git -C REPOSITORY config NAME VALUE  (the settings of the repository are git's)",
    "dumpdata": "contentgit commit -m MESSAGE  (commits what the database holds)",
    "loaddata": "contentgit checkout REV --apply  (brings the database to a commit)",
    "rebase": "contentgit merge REV  (brings both together in a merge commit)\n"
    "contentgit update  (merges the branch into the database)",
    "remote": "git -C REPOSITORY remote add origin URL  (remotes are git's; contentgit fetch, pull and push "
    "use them)",
    "reset": "contentgit checkout HEAD --apply --force  (overwrites edits of the database, with "
    "a backup)\ncontentgit undo  (takes back the last apply)\n"
    "contentgit revert REV  (takes back what a commit changed)",
    "rm": "delete the rows on the site, then: contentgit commit -m MESSAGE",
    "stash": "contentgit commit --branch NEW -m MESSAGE  (keeps edits of the database in a branch)",
    "switch": "contentgit checkout BRANCH --apply  (brings the database and HEAD to a branch)\n"
    "contentgit checkout -b NEW  (makes a branch)",
    "sync": "contentgit checkout main --apply --pull  (fetches, then brings the database to the branch)",
}
"""Verbs of git and Django that people type here, and the hint for each."""

_BEFORE = {"-C", "--settings", "--pythonpath"}
_EXIT_CODES = (
    "exit codes: 0 done; 1 failed, or differences with --exit-code; 2 wrong use; "
    "3 refused for safety"
)


class Options:
    """Adds options to the parser of a verb, or to a group of it, a call for each."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def describe(self, text: str, *examples: str) -> None:
        """What the verb does, and calls that show it."""
        self._parser.description = text
        shown = "\n".join(f"  $ {example}" for example in examples)
        self._parser.epilog = f"example:\n{shown}\n\n{_EXIT_CODES}"

    def flag(self, names: str, text: str, dest: str | None = None) -> None:
        """An option without a value; ``names`` are separated by spaces."""
        more = {"dest": dest} if dest else {}
        self._parser.add_argument(*names.split(), action="store_true", help=text, **more)

    def value(self, names: str, metavar: str | None, text: str, **more: Any) -> None:
        """An option with a value; ``more`` is argparse's."""
        self._parser.add_argument(*names.split(), metavar=metavar, help=text, **more)

    def word(self, dest: str, metavar: str, text: str | None = None, **more: Any) -> None:
        """A word that may be left out; with ``nargs="*"`` any number of them."""
        self._parser.add_argument(dest, metavar=metavar, help=text, **{"nargs": "?", **more})

    def dumps(self, text: str) -> None:
        """Names of dumps."""
        self.word("dumps", "DUMP", text, nargs="*")

    def one_of(self) -> Options:
        """A group of which a call has one option at most."""
        return Options(self._parser.add_mutually_exclusive_group())

    def wait(self) -> None:
        """``--wait``."""
        text = "wait this long for another apply to end (default: 0, refuse at once)"
        self.value("--wait", "SECONDS", text, type=_seconds, default=0)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"takes a number of seconds, not {text!r}")
    return seconds


def count(text: str) -> int:
    """A number from 0 up, of an option."""
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"takes a number from 0 up, not {text!r}")
    return int(text)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are the project's own errors.

    With ``mixed``, options may stand between the words of a call, as for git.
    """

    mixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's own."""
        # For its errors argparse would take the usage as a format, in which N% has no meaning.
        if not self.mixed or {"-h", "--help"} & {*(args or ())}:
            return super().parse_known_args(args, namespace)
        self.mixed = False  # what argparse has for it calls this method
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.mixed = True

    def error(self, message: str) -> NoReturn:
        """Raises UsageError: argparse would print its own and exit."""
        raise UsageError(message.removeprefix("argument "), hint=f"{self.prog} --help")


def parse(words: Sequence[str], prog: str = "contentgit") -> argparse.Namespace | None:
    """The words of a call; ``None`` if there are none.

    Raises:
        UsageError: a verb or an option is unknown, or an option lacks its value.
    """
    place = _verb_place(words)
    while place is not None and words[place] == "help":
        words = [*words[:place], *words[place + 1 :], "--help"]
        place = _verb_place(words)
    if place is None and words and not {"-h", "--help", "-v", "--version"} & set(words):
        _refuse_no_verb(words, prog)
    verb = "" if place is None else words[place]
    if verb and verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        hint = f"did you mean 'contentgit {near[0]}'?" if near else f"verbs: {', '.join(VERBS)}"
        raise UsageError(f"there is no verb {verb!r}", hint=INSTEAD.get(verb, hint))
    args, unknown = build_parser(prog, verb).parse_known_args(words)
    if unknown:
        what = "option" if unknown[0].startswith("-") else "word"
        raise UsageError(
            f"{verb or prog} does not know the {what} {unknown[0]!r}",
            hint=f"contentgit {verb} --help" if verb else f"{prog} --help",
        )
    return args if verb else None


def _verb_place(words: Sequence[str]) -> int | None:
    """Where the verb is: after the options that every call has."""
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
            f"the option {option!r} must follow the verb",
            hint=f"only -C, --settings and --pythonpath precede it: {prog} VERB {option}",
        )
    raise UsageError("a verb is missing", hint=f"{prog} --help")


@cache
def build_parser(prog: str = "contentgit", only: str | None = None) -> argparse.ArgumentParser:
    """The parser of ``contentgit`` and of ``manage.py contentgit``, with the options of every verb.

    With ``only`` a verb, there are no others, and their modules are not imported; with ``""`` the verbs
    have no options.
    """
    parser = Parser(
        prog=prog,
        description="Moves the content of a Django site between its databases through git.",
        epilog=_EXIT_CODES,
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
    for name, verb in VERBS.items() if not only else [(only, VERBS[only])]:
        own = verbs.add_parser(
            name,
            help=verb.summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        own.mixed = True
        if only != "":
            _add_options(own, name, verb)
    return parser


def _add_options(parser: argparse.ArgumentParser, name: str, verb: Verb) -> None:
    options = Options(parser)
    if verb.json:
        options.flag("--json", "print one JSON document")
    # Django's commands take these after the verb, too; what is given before it must not be lost.
    for option in ("--settings", "--pythonpath"):
        parser.add_argument(option, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    if verb.actions:
        options.word("action", " | ".join(verb.actions), choices=verb.actions)
    function(name, "_options")(options)
    if verb.repository:
        options.value("--repository", "PATH", "use the git repository at PATH")
    if verb.database:
        group = options.one_of() if verb.all_databases else options
        text = "database alias (default: default)"
        group.value("--database", "ALIAS", text, default="default")
        if verb.all_databases:
            group.flag("--all-databases", "every database of the settings, one by one")


def function(verb: str, suffix: str = "") -> Callable[..., Any]:
    """The function of a verb in its module."""
    module = import_module(f"contentgit.cli.verbs.{VERBS[verb].module}")
    found: Callable[..., Any] = getattr(module, verb.replace("-", "_") + suffix)
    return found

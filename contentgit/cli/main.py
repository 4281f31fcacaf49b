"""``contentgit`` and ``manage.py contentgit``: one program."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from contentgit import config
from contentgit.cli.call import Call
from contentgit.cli.parser import VERBS, build_parser, function, parse
from contentgit.cli.terminal import Terminal, quiet_pipe
from contentgit.errors import ContentgitError, UnknownNameError, UsageError

INTERRUPTED = 130
"""Exit code of a process that Ctrl-C ended, as shells have it."""

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def main(argv: Sequence[str] | None = None, prog: str = "contentgit") -> int:
    """Runs one verb; gives its exit code.

    Everything that contentgit refuses or fails at is printed in one place, here.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    terminal = Terminal(
        colour=config.colour(),
        plain=not config.names_terminal(),
        as_json="--json" in words,
        full=not {"--verbose", "--full"}.isdisjoint(words),
        call=Call(prog),
    )
    with quiet_pipe(), _orderly_end(), terminal.until_end:
        try:
            return run(words, terminal, prog)
        except ContentgitError as error:
            terminal.error(error)
            return error.exit_code
        except KeyboardInterrupt as interrupt:
            terminal.pause()
            # Our own interrupts say what was finished.
            done = str(interrupt) or "unfinished work was not written"
            way = terminal.call.typed("contentgit status  (shows what was)")
            terminal.note(f"interrupted; {done}: {way}")
            return INTERRUPTED
    return 0


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Lets SIGTERM end a verb as Ctrl-C does: transactions roll back, git processes end, files go."""
    # Python lets the main thread alone hear signals, and who ignores one (nohup) has a reason.
    main_thread = threading.current_thread() is threading.main_thread()
    heard = [
        number for number in _ENDING if main_thread and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in heard:
        signal.signal(number, lambda ended_by, _frame: sys.exit(128 + ended_by))
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def run(words: Sequence[str], terminal: Terminal, prog: str) -> int:
    """Parses the words and calls the verb.

    Raises:
        ContentgitError: whatever the verb refuses or fails at.
    """
    options, names = split_at_dashes(words)
    args = parse(options, prog)
    if args is None:
        build_parser(prog, "").print_help()
        return UsageError.exit_code
    if names and not VERBS[args.verb].names:
        raise UsageError(
            f"{args.verb} takes no names after '--'", hint=f"contentgit {args.verb} --help"
        )
    args.names = names
    _check_folder()
    terminal.call = Call.of(prog, args)
    if args.folder is not None:
        try:
            os.chdir(args.folder)
        except OSError as error:
            raise UsageError(f"cannot go to {args.folder}: {error.strerror}") from error
    if args.pythonpath:
        sys.path.insert(0, args.pythonpath)
    try:
        code: int = function(args.verb)(args, terminal)
    except UnknownNameError as error:
        from contentgit.cli.forms import meant

        raise meant(error, args) from error
    return code


def split_at_dashes(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words before ``--`` and those after it, as git splits revisions from paths."""
    if "--" not in words:
        return list(words), []
    place = list(words).index("--")
    return list(words[:place]), list(words[place + 1 :])


def _check_folder() -> None:
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(
            f"the current folder cannot be used: {error.strerror}", hint="go to another folder"
        ) from None


if __name__ == "__main__":
    sys.exit(main())

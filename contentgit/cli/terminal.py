"""The terminal: the only place that prints, asks, and shows progress."""

from __future__ import annotations

import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from contentgit.cli.call import Call
from contentgit.errors import ContentgitError, UsageError
from contentgit.render.plain import safe
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.cli.console import QuietConsole
    from contentgit.cli.progress import ProgressBar

ITEMS_SHOWN = 200
"""Refused items that are listed in full; the rest are counted, and ``--json`` lists them."""


ENTRIES_SHOWN = 10
"""Refused records that are listed for one cause without ``--verbose``."""

LINE = 1000
"""Characters of a line of an error that are shown."""

SHORT = 10
"""Characters of a commit id that are shown."""

IN_MEMORY = 8 * 2**20
"""Bytes of a JSON document that are held in memory until it is complete; beyond that in a file."""


class Parts:
    """JSON values of any size that wait in a temporary file for the document that they are parts of."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._mark = secrets.token_hex(16)
        self._places: list[tuple[int, int]] = []

    def add(self, value: Any) -> str:
        """Takes a value; gives a name to write into the document in its place."""
        data = _json(value).rstrip().encode()
        self._places.append((self._file.tell(), len(data)))
        self._file.write(data)
        return f"{self._mark}-{len(self._places) - 1}"

    def put_into(self, document: str) -> Iterator[str]:
        """The document with the values in place of their names, in pieces."""
        end = 0
        for found in re.finditer(f'( *)"{self._mark}-([0-9]+)"', document):
            yield document[end : found.start()]
            start, size = self._places[int(found[2])]
            self._file.seek(start)
            text = self._file.read(size).decode()
            yield found[1] + text.replace("\n", f"\n{found[1]}")
            end = found.end()
        yield document[end:]


class Terminal:
    """Standard output for results, standard error for messages, questions and progress.

    ``plain`` is whether lines may be written as they are where no terminal reads them.
    """

    def __init__(
        self,
        *,
        colour: bool | None = None,
        plain: bool = False,
        as_json: bool = False,
        full: bool = False,
        call: Call | None = None,
    ) -> None:
        self.call = call or Call()
        self._colour = colour
        self._plain = plain and not colour
        self.as_json = as_json
        self.full = full
        self.bar: ProgressBar | None = None
        self.until_end = ExitStack()
        """What is held until the call ends."""

    @cached_property
    def out(self) -> QuietConsole:
        """Where results go."""
        return self._console(stderr=False)

    @cached_property
    def err(self) -> QuietConsole:
        """Where all else goes."""
        return self._console(stderr=True)

    def _console(self, *, stderr: bool) -> QuietConsole:
        from contentgit.cli.console import QuietConsole

        options: dict[str, Any] = {"highlight": False, "soft_wrap": True}
        # Neither [bold] nor :warning: in a name is for us to obey.
        options |= {"markup": False, "emoji": False}
        if self._colour is not None:
            options |= {"no_color": not self._colour, "force_terminal": self._colour or None}
        return QuietConsole(stderr=stderr, **options)

    def _show(self, text: Text | str, style: str | None = None, *, stderr: bool = False) -> None:
        plain = text if isinstance(text, str) else text.plain
        if self._written(plain, sys.stderr if stderr else sys.stdout):
            return
        from contentgit.cli.console import rich_text

        shown = text if isinstance(text, str) else rich_text(text)
        (self.err if stderr else self.out).print(shown, style=style)

    def _written(self, text: str, stream: IO[str]) -> bool:
        """Whether a line could be written as it is: where no terminal reads it the console adds nothing."""
        if not self._plain or self.bar is not None or stream.isatty():
            return False
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:  # of which the console says more
            return False
        stream.flush()
        return True

    def pause(self) -> None:
        """Removes a progress bar, so that something else can use the terminal."""
        if self.bar is not None:
            self.bar.pause()

    @contextmanager
    def progress(self) -> Iterator[ProgressBar | None]:
        """A progress bar while the body runs; ``None`` with ``--json`` or without a terminal."""
        # FORCE_COLOR makes rich take a pipe for a terminal; colours may be forced, a moving bar not.
        if self.as_json or not sys.stderr.isatty():
            yield None
            return
        from contentgit.cli.progress import ProgressBar

        with ProgressBar(self.err) as self.bar:
            yield self.bar

    def line(self, text: Text | str = "", style: str | None = None) -> None:
        """One line of a result; nothing with ``--json``, whose output is one document.

        Names in it may hold escape sequences, which are shown instead of obeyed.
        """
        if not self.as_json:
            if isinstance(text, str):
                text = safe(text)
            # Styled lines may come several together, as those of a message do.
            elif (flat := text.plain.replace("\n", "")) != safe(flat):
                text = Text("\n".join(map(safe, text.plain.split("\n"))))
            self._show(text, style)

    def lines(self, lines: Iterable[Text | str]) -> None:
        """Several lines of a result; with ``--json`` they are not even made."""
        if not self.as_json:
            for line in lines:
                self.line(line)

    def hint(self, text: str) -> None:
        """A dim line whose commands are shown as they have to be typed here."""
        self.line(self.call.typed(safe(text)), style="dim")

    def result(self, document: Any, lines: Iterable[Text | str]) -> None:
        """The result of a verb: a JSON document with ``--json``, else lines."""
        if self.as_json:
            self.document(document)
        else:
            self.lines(lines)

    def document(self, value: Any, parts: Parts | None = None) -> None:
        """The one JSON document of a call with ``--json``, with ``parts`` where it names them."""
        text = _json(value)
        sys.stdout.writelines(parts.put_into(text) if parts else [text])

    def items(
        self, head: dict[str, Any], name: str, items: Iterable[Any], to: IO[str] | None = None
    ) -> None:
        """A JSON document with the list ``name``.

        ``to`` is another place than standard output. It is written when it is complete, so that a failure
        on the way is a document of its own.
        """
        with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="\n") as file:
            _write_items(file, head, name, items)
            file.seek(0)
            shutil.copyfileobj(file, to or sys.stdout)

    def note(self, text: str) -> None:
        """A message beside the result, on standard error."""
        self._show(safe(text), "dim", stderr=True)

    def error(self, error: ContentgitError) -> None:
        """Prints what failed, what was refused, and what to do next."""
        self.pause()
        hint = self.call.typed(error.hint)
        if self.as_json:
            from contentgit.render import data

            self.document({**data.error(error), "hint": hint})
            return
        word = "refused" if error.exit_code == 3 else "error"
        message = Text.assemble((f"{word}: ", "bold red"), safe(_legible(error.message)))
        self._show(message, stderr=True)
        for line in _refused_lines(error, full=self.full):
            self._show(f"  {safe(_legible(line))}", stderr=True)
        for line in hint.splitlines():
            self._show(Text.assemble(("hint: ", "bold"), safe(line)), stderr=True)

    def confirm(self, question: str, *, flag: str) -> bool:
        """Asks on a terminal; the end of input (Ctrl-D) is a no.

        Raises:
            UsageError: cannot ask for confirmation without a terminal; the hint names ``flag``.
        """
        if not (sys.stdin.isatty() and self.err.is_terminal):
            raise UsageError(
                "cannot ask for confirmation without a terminal",
                hint=f"add {flag} to continue without asking",
            )
        self.pause()
        self.err.print(f"{question} [y/N] ", end="")
        try:
            return input().strip().lower() in {"y", "yes"}
        except EOFError:
            self.err.print()
            return False
        except KeyboardInterrupt:
            self.err.print()
            raise


def _legible(line: str) -> str:
    """A line that may quote content or a commit's subject, of any length."""
    more = len(line) - LINE
    return line if more <= 0 else f"{line[:LINE]}… and {more:,} more characters (--json shows all)"


def _refused_lines(error: ContentgitError, *, full: bool) -> Iterator[str]:
    """What was refused, of each cause the first with its lines; all of it where it is asked for."""
    refused: Sequence[object] = error.causes or error.items
    shown = len(refused) if full else ITEMS_SHOWN
    if not error.causes:
        yield from error.items[:shown]
    for cause in error.causes[:shown]:
        if len(cause.entries) == 1:
            yield from cause.entries[0]
            continue
        yield cause.text
        for entry in cause.entries if full else cause.entries[:ENTRIES_SHOWN]:
            yield from (f"  {line}" for line in entry)
        if len(cause.entries) > ENTRIES_SHOWN and not full:
            yield f"  … and {len(cause.entries) - ENTRIES_SHOWN:,} more (--verbose lists all)"
    if len(refused) > shown:
        yield f"… and {len(refused) - shown:,} more (--json lists all)"


def _write_items(file: IO[str], head: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    count = 0
    file.write("{\n")
    for key, value in head.items():
        file.write(f"  {_inline(key)}: {_inline(value)},\n")
    file.write(f"  {_inline(name)}: [")
    for count, item in enumerate(items, 1):
        file.write(",\n    " if count > 1 else "\n    ")
        file.write(_inline(item))
    file.write("\n  ]\n}\n" if count else "]\n}\n")


def _inline(value: Any) -> str:
    return _json(value).rstrip().replace("\n", "\n    ")


def _json(value: Any) -> str:
    # Imported here: most calls print no JSON.
    from contentgit.content.canonical import dump_document
    from contentgit.render import data

    return dump_document(data.plain(value)).decode()


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """A reader that goes away early (``contentgit log | head``) is not an error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  the interpreter flushes it at exit

"""A git process that is started, read from, and ended with this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import IO, Any, Self

_GRACE = 5.0  # seconds for git to remove its lock files


class Running:
    """A started git process; leaving the ``with`` block ends it.

    Standard error goes to a file, so that a process which complains at length never blocks.

    Where we are killed, a process that reads from us or writes to us meets a closed pipe and ends. One that
    may do neither for long has to be ``tied``: on Linux the system then ends it as soon as we are gone.
    """

    def __init__(
        self, command: Sequence[str], folder: str, env: Mapping[str, str], istream: Any, tied: bool
    ) -> None:
        self.tied = tied
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        try:
            self.process = subprocess.Popen(  # noqa: S603
                [*_tie(), *command] if tied else command,
                cwd=folder,
                env=env,
                stdin=istream or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                bufsize=1 << 18,
            )
        except BaseException:
            self.errors.close()
            raise
        assert self.process.stdout is not None
        self.output: IO[bytes] = self.process.stdout
        for stream in (self.process.stdin, self.output):
            if stream is not None:
                _widen(stream.fileno())

    def finish(self) -> tuple[int, str]:
        """Waits for the end; the exit code and what was written to standard error."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        code = self.process.wait()
        self.errors.seek(0)
        return code, self.errors.read().decode("utf-8", "replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()  # so that it removes its lock files
        for stream in (self.process.stdin, self.output, self.errors):
            if stream is not None:
                with suppress(OSError):  # what was not flushed has no reader any more
                    stream.close()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@cache
def _tie() -> tuple[str, ...]:
    """The words in front of a command that has to end with us; none where the system cannot do it."""
    found = shutil.which("setpriv")
    # busybox has a program of this name that can do less.
    if found is None or os.path.basename(os.path.realpath(found)) != "setpriv":
        return ()
    return (found, "--pdeathsig", "TERM", "--")


class Dialogue:
    """A git process that answers one question after another; the first question starts it.

    Where an answer ends only the caller knows: one that fails in the middle of it ends the process, and the
    next question starts another. The process ends with this object, and when its standard input ends with us.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._end: Callable[[], object] = lambda: None
        self._owner = 0

    @contextmanager
    def asking(self, start: Callable[[], Running], question: bytes) -> Iterator[Running]:
        """The process with the answer to ``question`` in its output, to be read inside the ``with``."""
        with self._lock:
            # After a fork the process is the parent's, and two askers would read each other's answers.
            running = self._running if self._owner == os.getpid() else None
            if running is None or running.process.poll() is not None:
                self._end()
                self._running, self._owner = start(), os.getpid()
                running = self._running
                self._end = weakref.finalize(self, _ended, running, self._owner)
            try:
                stream = running.process.stdin
                assert stream is not None
                with suppress(BrokenPipeError):  # it ended; the empty answer tells the caller
                    stream.write(question)
                    stream.flush()
                yield running
            except BaseException:
                self._end()
                self._running = None
                raise


def _ended(running: Running, owner: int) -> None:
    if owner == os.getpid():
        running.__exit__()


def _widen(descriptor: int) -> None:
    """Makes a pipe a mebibyte where the system can: fewer turns between the two processes."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    except (ImportError, AttributeError, OSError):
        pass

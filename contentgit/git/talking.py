"""Calls of git that use the network: with the user's own keys and passwords, and shown while they last."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from contentgit.git.program import Program
from contentgit.git.running import Running

_PASSWORD = re.compile(
    r"(?P<scheme>https?://)[^/\s]+@|(?P<other>[a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s]*@",
    re.IGNORECASE,
)
_TURN = 0.1  # seconds between two looks at what git says of its progress
_PIECE = 1 << 16
_LINES = 100  # that git-lfs says, at most, are kept
_IS_PROGRESS = re.compile(r"(?:[A-Z][a-z]+ LFS objects: |fetch: )")


@dataclass(frozen=True)
class Talk:
    """Whether git may ask for a password on the terminal, and what receives its progress, line by line."""

    prompt: bool = False
    progress: Callable[[str], None] | None = None


QUIET: Final = Talk()


def without_password(text: str) -> str:
    """``text`` without names and passwords in URLs."""
    return _PASSWORD.sub(lambda match: f"{match['scheme'] or match['other']}…@", text)


def talk_to_remote(
    program: Program,
    verb: str,
    options: Sequence[str],
    words: Sequence[str],
    talk: Talk,
    *,
    config: Sequence[str] = (),
    env: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str, str]:
    """Exit code, output and standard error of ``git VERB``."""
    shown = ["--progress" if talk.progress else "--no-progress"]
    arguments = [*options, *shown, "--end-of-options", *words]
    with _started(program, verb, arguments, talk, config, env) as running:
        if talk.progress:
            _pass_on(_told(running), talk.progress)
        output = running.output.read().decode("utf-8", "replace")
        code, errors = running.finish()
    return code, output, errors


def talk_lfs(
    program: Program, words: Sequence[str], talk: Talk, config: Sequence[str]
) -> tuple[int, str]:
    """Exit code and what ``git lfs WORDS`` says besides its progress: a reason may be in either stream."""
    env = {"GIT_LFS_FORCE_PROGRESS": "1"} if talk.progress else {}
    said = deque[str](maxlen=_LINES)

    def hear(line: str) -> None:
        if not _IS_PROGRESS.match(line):
            said.append(line)
        elif talk.progress:
            talk.progress(line)

    with _started(program, "lfs", words, talk, config, env) as running:
        _pass_on(iter(partial(os.read, running.output.fileno(), _PIECE), b""), hear)
        code, errors = running.finish()
    return code, without_password("\n".join([errors, *said]))


def _started(
    program: Program,
    verb: str,
    arguments: Sequence[str],
    talk: Talk,
    config: Sequence[str],
    env: Mapping[str, str],
) -> Running:
    # Unlike other calls of git, these need the network, and a push runs the user's hooks.
    without = ("core.hooksPath=",) if verb == "push" else ()
    configuration = [line for line in program.configuration if not line.startswith(without)]
    other = Program(program.folder, configuration)
    other.environment = {
        name: value for name, value in program.environment.items() if name != "GIT_ALLOW_PROTOCOL"
    }
    asking = {"GIT_TERMINAL_PROMPT": "1"} if talk.prompt else {}
    return other.start(verb, *arguments, env={**asking, **env}, config=config, tied=True)


def _told(running: Running) -> Iterator[bytes]:
    """What git writes to standard error until it ends; the file of errors keeps all of it."""
    place = 0
    handle = running.errors.fileno()
    ended = False
    while not ended:
        ended = running.process.poll() is not None
        data = os.pread(handle, _PIECE, place)
        place += len(data)
        yield data
        if not ended:
            time.sleep(_TURN)


def _pass_on(pieces: Iterable[bytes], hear: Callable[[str], None]) -> None:
    rest = ""
    for data in pieces:
        *lines, rest = re.split(r"[\r\n]", rest + data.decode("utf-8", "replace"))
        for line in filter(None, map(str.strip, lines)):
            hear(without_password(line))

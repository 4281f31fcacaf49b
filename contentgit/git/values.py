"""The values that the repository returns and takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

_WHEN = re.compile(rb" ?(-?\d+)? ?([+-]\d{4})?")
_DIGITS = 20  # of seconds since 1970; more are in no calendar, and Python turns few thousand into a number
_PYTHONS = re.compile(r"(?:raw[-_ ])?unicode[-_ ]escape|idna|punycode|undefined", re.IGNORECASE)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")


class Signature(NamedTuple):
    """Who made a commit."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as a tree has it: git's mode (``"100644"``) and the id of its blob."""

    mode: str
    id: str


GONE: Final = FileEntry("", "")
"""No file any more: for a file whose name need not be one that contentgit writes."""


class FileStream(NamedTuple):
    """A file's content of ``size`` bytes in ``pieces``, which are not held together."""

    size: int
    pieces: Iterable[bytes]


Placed: TypeAlias = bytes | FileEntry | FileStream | None
"""What is put at a path: content, a file that the repository already has, or nothing."""


class Branch(NamedTuple):
    """A local branch.

    ``current`` is whether HEAD of the opened repository is on it; ``worktree`` is the folder, main or
    linked, that has it checked out.
    """

    name: str
    commit: str
    current: bool
    worktree: Path | None


class BrokenRef(NamedTuple):
    """A branch or tag that leads to no commit that can be read; ``hint`` is what to do."""

    name: str
    problem: str
    hint: str


class LeftAlone(NamedTuple):
    """What a worktree kept of its user's own edits, sorted.

    ``reason`` is set where all of it stayed, since it could not be written; ``hint`` is what to do then.
    """

    worktree: Path
    paths: list[str]
    reason: str = ""
    hint: str = ""


class Finished(NamedTuple):
    """A branch that a killed process had moved, and what its worktrees kept when they were brought along.

    With ``back`` a worktree that was on its way to the branch, and is brought back to where its HEAD is.
    """

    branch: str
    commit: str
    left: tuple[LeftAlone, ...] = ()
    back: Path | None = None


class Commit(NamedTuple):
    """A commit; bytes that are not UTF-8 are shown as U+FFFD.

    ``author``, ``email`` and ``date`` are the author's, ``date`` in the author's time zone. ``body`` is the
    message without its subject and its trailers; a trailer that stands more than once has its values
    in one string, a line each. ``message`` is all of it.
    """

    id: str
    tree: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: datetime
    committer: Signature
    committed: datetime
    message: str
    subject: str
    body: str
    trailers: Mapping[str, str]

    @property
    def signature(self) -> Signature:
        """The author."""
        return Signature(self.author, self.email)


class Version(NamedTuple):
    """A commit that changed one of the files, or a merge.

    ``parents`` are the nearest ancestors that did, whose files are those of the real parents; ``blobs`` are
    the ids of the files in the order asked, None where there is none.
    """

    commit: str
    parents: tuple[str, ...]
    blobs: tuple[str | None, ...]


def parse_commit(commit_id: str, data: bytes) -> Commit:
    """The commit in a raw commit object; takes any content that git takes."""
    header, _, raw_message = data.partition(b"\n\n")
    lines = [line for line in header.split(b"\n") if not line.startswith(b" ")]
    pairs = [line.partition(b" ")[::2] for line in lines]
    values = dict(reversed(pairs))
    encoding = values.get(b"encoding", b"utf-8").decode("ascii", "replace")
    author, date = _ident(values.get(b"author", b""), encoding)
    committer, committed = _ident(values.get(b"committer", b""), encoding)
    message = _decoded(raw_message, encoding)
    subject, body, trailers = split_message(message)
    return Commit(
        id=commit_id,
        tree=values.get(b"tree", b"").decode("ascii", "replace"),
        parents=tuple(
            value.decode("ascii", "replace") for name, value in pairs if name == b"parent"
        ),
        author=author.name,
        email=author.email,
        date=date,
        committer=committer,
        committed=committed,
        message=message,
        subject=subject,
        body=body,
        trailers=trailers,
    )


def parse_tag(data: bytes) -> tuple[Signature, datetime, str]:
    """Who made an annotated tag, when, and its message, without a signature."""
    header, _, message = data.partition(b"\n\n")
    pairs = (line.partition(b" ")[::2] for line in header.split(b"\n"))
    tagger, date = _ident(dict(pairs).get(b"tagger", b""), "utf-8")
    text = re.split(
        r"^-----BEGIN [A-Z ]+-----$", _decoded(message, "utf-8"), maxsplit=1, flags=re.MULTILINE
    )[0]
    return tagger, date, text.strip("\n")


def parse_ident(line: bytes) -> Signature:
    """The signature in what ``git var`` says: ``Name <email> 1700000000 +0100``."""
    return _ident(line, "utf-8")[0]


def split_message(message: str) -> tuple[str, str, dict[str, str]]:
    """Subject, body and trailers of a commit message.

    Trailers are a last paragraph, not the first, that consists of ``Name: value`` lines and their
    continuations, which start with a blank.
    """
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", message.strip("\n"))
    subject = " ".join(paragraphs[0].split())
    trailers = _trailers(paragraphs[-1]) if len(paragraphs) > 1 else {}
    body = "\n\n".join(paragraphs[1:-1] if trailers else paragraphs[1:])
    return subject, body.strip("\n"), trailers


def with_trailers(message: str, trailers: Sequence[str]) -> str:
    """The message with these lines behind the trailers that it has."""
    if not trailers:
        return message
    text = message.rstrip()
    gap = "\n" if split_message(text)[2] else "\n\n"
    return gap.join([text, "\n".join(trailers)]) + "\n"


def _trailers(paragraph: str) -> dict[str, str]:
    pairs: list[tuple[str, list[str]]] = []
    for line in paragraph.split("\n"):
        match = _TRAILER.fullmatch(line)
        if match:
            pairs.append((match[1], [match[2].strip()]))
        elif pairs and line[:1] in (" ", "\t"):
            pairs[-1][1].append(line.strip())
        else:
            return {}
    found: dict[str, list[str]] = {}
    for name, parts in pairs:
        found.setdefault(name, []).append(" ".join(parts))
    return {name: "\n".join(values) for name, values in found.items()}


def _ident(line: bytes, encoding: str) -> tuple[Signature, datetime]:
    name, _, rest = line.partition(b"<")
    email, end, rest = rest.partition(b">")
    when = _WHEN.match(rest)
    if not end or when is None:
        return Signature(_decoded(line, encoding), ""), datetime.fromtimestamp(0, UTC)
    seconds, zone = when.groups()
    signature = Signature(_decoded(name.removesuffix(b" "), encoding), _decoded(email, encoding))
    return signature, _date(seconds or b"0", zone or b"+0000")


def _date(seconds: bytes, zone: bytes) -> datetime:
    """The moment; 1970 where no calendar has it, and UTC where no zone is so far from it."""
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    offset = timedelta(minutes=-minutes if zone[:1] == b"-" else minutes)
    number = int(seconds) if len(seconds) < _DIGITS else 0
    for where in (timezone(offset) if abs(offset) < timedelta(days=1) else UTC, UTC):
        try:
            return datetime.fromtimestamp(number, where)
        except (ValueError, OverflowError, OSError):  # git keeps what a broken program once wrote
            continue
    return datetime.fromtimestamp(0, UTC)


def _decoded(data: bytes, encoding: str) -> str:
    """Text of a commit or tag for people, whatever its bytes are: what is no text is U+FFFD.

    As git does, an encoding that nobody knows, or that is none of text, is passed over. ``unicode_escape``
    and its like are Python's own.
    """
    try:
        text = data.decode("utf-8" if _PYTHONS.match(encoding) else encoding, "replace")
    except (LookupError, ValueError):
        text = data.decode("utf-8", "replace")
    return _NO_TEXT.sub("\ufffd", text)

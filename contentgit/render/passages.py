"""What has changed in a long text: the changed sentences, a line each, with a little around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from contentgit.content.text import segments
from contentgit.content.words import words
from contentgit.render.plain import visible

Piece: TypeAlias = tuple[Literal["equal", "delete", "insert"], str]
"""What became of a text, and the text as it may be shown: without control characters or line ends."""

Line: TypeAlias = tuple[Piece, ...]

CONTEXT: Final = 60
"""Characters of unchanged text that are shown on each side of a changed place, up to a whole word."""

NEAR: Final = 1_000
"""Characters at an end of an unchanged text, which may be long, that tell how its sentence goes there."""

PASSAGE: Final = 2_000
"""Characters of one deleted or inserted passage that are shown."""


def passages(before: str, after: str, limit: int | None = PASSAGE) -> Iterator[Line]:
    """The changed sentences, a line each; ``⏎`` is a line end.

    ``limit`` is how many characters of one deleted or inserted passage are shown, ``None`` shows all.
    """
    line: list[Piece] = []
    pieces = words(before, after)
    closed = True  # whether what came last ends a sentence
    for place, (kind, text) in enumerate(pieces):
        if kind == "equal":
            last = place == len(pieces) - 1
            head, tail = _around(text, after_sentence=closed, last=last)
            line.append(("equal", visible(head)))
            if tail is not None:
                yield from _taken(line)
                line.append(("equal", visible(tail)))
            continue
        changed: Literal["delete", "insert"] = "delete" if kind == "delete" else "insert"
        *ended, rest = _sentences(text, limit)
        for part in ended:
            line.append((changed, visible(part)))
            yield from _taken(line)
        line.append((changed, visible(rest)))
        closed = _ends_sentence(text)
    yield from _taken(line)


def _taken(line: list[Piece]) -> Iterator[Line]:
    """The line as it is, if it holds anything, without space at its end; it is empty afterwards."""
    while line and line[-1][0] == "equal" and not line[-1][1].strip():
        line.pop()
    if line and line[-1][0] == "equal":
        line[-1] = ("equal", line[-1][1].rstrip())
    if line:
        yield tuple(piece for piece in line if piece[1])
    line.clear()


def _sentences(text: str, limit: int | None) -> Sequence[str]:
    """A deleted or inserted passage, sentence by sentence where it is longer than one."""
    shown, more = text[:limit], 0 if limit is None else len(text) - limit
    pieces = segments(shown) if len(shown) > 2 * CONTEXT else [shown]
    if more > 0:
        pieces[-1] += f" … {more:,} characters more"
    return pieces


def _around(text: str, *, after_sentence: bool, last: bool) -> tuple[str, str | None]:
    """Of an unchanged text, the end of the sentence before it and the start of the one after it.

    The second is ``None`` if the line continues after the text.
    """
    whole = len(text) <= 2 * CONTEXT and len(segments(text)) == 1 and not _ends_sentence(text)
    if after_sentence:
        return "", "" if last else text if whole else _end(text)
    if last:
        return _start(text), None
    return (text, None) if whole else (_start(text), _end(text))


def _ends_sentence(text: str) -> bool:
    near = text[-NEAR:]
    return len(segments(f"{near}x")) > len(segments(near))


def _start(text: str) -> str:
    """The first sentence, or its beginning up to a whole word."""
    sentence = segments(text[:NEAR])[0] if text else ""
    if len(sentence) <= CONTEXT:
        return sentence.rstrip("\r\n")
    head, space, _ = sentence[:CONTEXT].rpartition(" ")
    return f"{head if space else sentence[:CONTEXT]} …"


def _end(text: str) -> str:
    """The last sentence, or its end from a whole word on; nothing if a new one begins after it."""
    if not text or _ends_sentence(text):
        return ""
    sentence = segments(text[-NEAR:])[-1]
    if len(sentence) <= CONTEXT:
        return sentence
    _, space, tail = sentence[-CONTEXT:].partition(" ")
    return f"… {tail if space else sentence[-CONTEXT:]}"

"""What has changed in a long text: the changed sentences, a line each, with a little around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from contentgit.render.plain import safe
from contentgit.text import segments
from contentgit.words import words

CONTEXT: Final = 60
"""Characters of unchanged text that are shown on each side of a changed place, up to a whole word."""

PASSAGE: Final = 2_000
"""Characters of one deleted or inserted passage that are shown."""

_MARKS: Final = {"delete": ("[-", "-]", "red"), "insert": ("{+", "+}", "green")}


def passages(before: str, after: str) -> Iterator[Text]:
    """The changed sentences.

    Deleted words stand in ``[-…-]`` and inserted ones in ``{+…+}``, as ``git diff --word-diff`` has
    them, so that the lines can be read without colours. ``⏎`` is a line end.
    """
    line = Text()
    pieces = words(before, after)
    closed = True  # whether what came last ends a sentence
    for place, (kind, text) in enumerate(pieces):
        if kind == "equal":
            last = place == len(pieces) - 1
            head, tail = _around(text, behind_sentence=closed, last=last)
            line.append(_visible(head))
            if tail is not None:
                yield from _taken(line)
                line.append(_visible(tail))
            continue
        *ended, rest = _marked(kind, text)
        for part in ended:
            line.append_text(part)
            yield from _taken(line)
        line.append_text(rest)
        closed = _ends_sentence(text)
    yield from _taken(line)


def _taken(line: Text) -> Iterator[Text]:
    """The line as it is, if it holds anything; it is empty afterwards."""
    if line.plain.strip():
        line.rstrip()
        yield line.copy()
    line.truncate(0)


def _marked(kind: str, text: str) -> list[Text]:
    """A deleted or inserted passage, sentence by sentence where it is longer than one."""
    opening, closing, style = _MARKS[kind]
    shown, more = text[:PASSAGE], len(text) - PASSAGE
    pieces = segments(shown) if len(shown) > 2 * CONTEXT else [shown]
    if more > 0:
        pieces[-1] += f" … {more:,} characters more"
    return [Text(f"{opening}{_visible(each)}{closing}", style=style) for each in pieces]


def _around(text: str, *, behind_sentence: bool, last: bool) -> tuple[str, str | None]:
    """Of an unchanged text, what ends the sentence before it and what begins the one behind it.

    The second is ``None`` where the line goes on behind the text.
    """
    whole = len(segments(text)) == 1 and len(text) <= 2 * CONTEXT and not _ends_sentence(text)
    if behind_sentence:
        return "", "" if last else text if whole else _end(text)
    if last:
        return _start(text), None
    return (text, None) if whole else (_start(text), _end(text))


def _ends_sentence(text: str) -> bool:
    return len(segments(f"{text}x")) > len(segments(text))


def _start(text: str) -> str:
    """The first sentence, or its beginning up to a whole word."""
    sentence = segments(text)[0] if text else ""
    if len(sentence) <= CONTEXT:
        return sentence.rstrip("\r\n")
    head, space, _ = sentence[:CONTEXT].rpartition(" ")
    return f"{head if space else sentence[:CONTEXT]} …"


def _end(text: str) -> str:
    """The last sentence, or its end from a whole word on; nothing where a new one begins behind it."""
    if not text or _ends_sentence(text):
        return ""
    sentence = segments(text)[-1]
    if len(sentence) <= CONTEXT:
        return sentence
    _, space, tail = sentence[-CONTEXT:].partition(" ")
    return f"… {tail if space else sentence[-CONTEXT:]}"


def _visible(text: str) -> str:
    return safe(text.replace("\r\n", "\n").replace("\n", "⏎"))

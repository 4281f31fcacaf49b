"""References in HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from contentgit.references.places import (
    Edit,
    Names,
    edited,
    edits_between,
    label_in,
    models_in,
    rules_in,
)

HTML_HINT: Final = "write {'a[linktype=page][id]': 'app.model'}"

_S: Final = r"\t\n\f\r "  # what is a space to browsers
_OPENING: Final = re.compile(rf"<(?:(?P<tag>/?[a-zA-Z][^{_S}/>]*+)|(?P<comment>!--(?!-?>))|[!?/])")
_COMMENT_END: Final = re.compile("--!?>")
_END: Final = re.compile(">")
# Possessive throughout, so that no text is read more than a few times.
_NAMED_VALUE: Final = (
    rf"(?P<name>[^{_S}/>][^{_S}/>=]*+)(?:[{_S}]*+=[{_S}]*+"
    rf"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^{_S}>\"'][^{_S}>]*+)|(?=>))"
    rf"|(?![{_S}]*+=))"
)
_ATTRIBUTE: Final = re.compile(rf"[{_S}/]*+(?:(?P<end>>)|{_NAMED_VALUE})")
_WITHOUT_NAMES: Final = re.sub(r"\?P<\w+>", "?:", _NAMED_VALUE)
_NO_TAGS_WITHIN: Final = {
    tag: re.compile(rf"</{tag}(?=[{_S}/>])", re.ASCII | re.IGNORECASE)
    for tag in ("script", "style", "textarea", "title")
}

_NAME: Final = r"[^\s\[\]=\"'<>/~|^$*]+"
_CONDITION: Final = re.compile(rf"\[({_NAME})=(?:\"([^\"]*)\"|'([^']*)'|([^\]\"']+))\]")
_SELECTOR: Final = re.compile(
    rf"(?P<tag>\*|[a-zA-Z][^\s\[\]<>/]*)(?P<conditions>(?:{_CONDITION.pattern})*)"
    rf"\[(?P<attribute>{_NAME})\]"
)

_Attributes: TypeAlias = dict[str, tuple[int, int]]
"""Where the value of each attribute of a tag is in the text."""


class _Selector(NamedTuple):
    tag: str
    conditions: tuple[tuple[str, str], ...]
    attribute: str
    target: str

    @classmethod
    def parse(cls, place: str, target: object) -> _Selector:
        found = _SELECTOR.fullmatch(place)
        if not found:
            message = f"must have places like 'tag[name=value][attribute]', not {place!r}"
            raise ValueError(message, HTML_HINT)
        conditions = tuple(
            (name.lower(), double or single or bare)
            for name, double, single, bare in _CONDITION.findall(found["conditions"])
        )
        attribute = found["attribute"].lower()
        return cls(found["tag"].lower(), conditions, attribute, label_in(target, place))

    def __str__(self) -> str:
        conditions = "".join(f'[{name}="{value}"]' for name, value in self.conditions)
        return f"{self.tag}{conditions}[{self.attribute}] {self.target}"

    def place(self, text: str, attributes: _Attributes) -> tuple[int, int] | None:
        """Where the value with the primary key is, in a tag with these attributes."""
        for name, value in self.conditions:
            if name not in attributes or text[slice(*attributes[name])] != value:
                return None
        return attributes.get(self.attribute)


@dataclass
class Html:
    """Attributes in HTML, as ``tag[name=value][attribute]``: the last one holds the primary key.

    The tag may be ``*``, and there may be no condition or several. At each attribute the first rule counts
    that changes something. Values with ``&``, or with spaces around, are left alone.
    """

    rules: Mapping[str, str]
    _by_tag: dict[str, list[_Selector]] = field(init=False, repr=False, compare=False)
    _between: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        selectors = [_Selector.parse(*rule) for rule in rules_in(self.rules, HTML_HINT)]
        self._by_tag = {
            tag: [each for each in selectors if each.tag in (tag, "*")]
            for tag in {"*", *(each.tag for each in selectors)}
        }
        self._between = _beside({each.tag for each in selectors})

    @property
    def models(self) -> frozenset[str]:
        """The labels of models that the rules name."""
        return models_in(each.target for some in self._by_tag.values() for each in some)

    @property
    def places(self) -> Iterator[str]:
        """The rules, each as a text with its model at the end."""
        return (str(each) for some in self._by_tag.values() for each in some)

    def named(self, value: Any, names: Names) -> Any:
        """The value with what ``names`` gives in place of each primary key, and else unchanged."""
        return edited(value, self.edits(value, names)) if isinstance(value, str) else value

    def edits(self, text: str, names: Names) -> list[Edit]:
        """What changes, in order."""
        found: dict[tuple[int, int], list[Edit]] = {}
        for tag, attributes in _tags(text, self._between):
            for selector in self._by_tag.get(tag) or self._by_tag["*"]:
                place = selector.place(text, attributes)
                if place and not found.get(place) and "&" not in text[slice(*place)]:
                    found[place] = edits_between(text, *place, selector.target, names)
        return sorted(edit for edits in found.values() for edit in edits)


def _beside(tags: set[str]) -> re.Pattern[str]:
    """What begins at a place in a text that is none of these tags: texts and whole other tags.

    One search for all of it takes a fraction of what one for each does.
    """
    if "*" in tags:
        return re.compile(rf"(?:[^<]++|</[a-zA-Z][^{_S}/>]*+>)*+")
    names = "|".join(map(re.escape, sorted({*tags, *_NO_TAGS_WITHIN})))
    attributes = rf"(?:[{_S}/]*+{_WITHOUT_NAMES})*+[{_S}/]*+"
    tag = rf"<(?:/|(?!(?:{names})[{_S}/>]))[a-zA-Z][^{_S}/>]*+{attributes}>"
    return re.compile(rf"(?:[^<]++|{tag})*+", re.ASCII | re.IGNORECASE)


def _tags(text: str, between: re.Pattern[str]) -> Iterator[tuple[str, _Attributes]]:
    """The start tags with their attributes, as browsers read them.

    A tag, a comment or a script without an end is the rest of the text, so nothing is read twice. What is
    ``between`` is passed over.
    """
    at = 0
    while opening := _OPENING.search(text, _end(between, text, at)):
        at = opening.end()
        if not opening["tag"]:
            end = (_COMMENT_END if opening["comment"] else _END).search(text, at)
            if not end:
                return
            at = end.end()
            continue
        attributes: _Attributes = {}
        while (found := _ATTRIBUTE.match(text, at)) and not found["end"]:
            at, kind = found.end(), found.lastgroup or "name"
            # The first of a name counts.
            value = (at, at) if kind == "name" else found.span(kind)
            attributes.setdefault(found["name"].lower(), value)
        if not found:
            return
        at = found.end()
        tag = opening["tag"].lower()
        if tag[0] != "/":
            yield tag, attributes
        if tag in _NO_TAGS_WITHIN:
            end = _NO_TAGS_WITHIN[tag].search(text, at)
            if not end:
                return
            at = end.start()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

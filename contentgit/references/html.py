"""References in HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
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
_COMMENT_END: Final = re.compile("--!?>")
_END: Final = re.compile(">")
# Possessive throughout, so that no text is read more than a few times.
_NAMED_VALUE: Final = (
    rf"(?P<name>[^{_S}/>][^{_S}/>=]*+)(?:[{_S}]*+=[{_S}]*+"
    rf"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^{_S}>\"'][^{_S}>]*+)|(?=>))"
    rf"|(?![{_S}]*+=))"
)
_ATTRIBUTE: Final = re.compile(rf"[{_S}/]*+{_NAMED_VALUE}")
_REST_OF_TAG: Final = (  # all attributes
    rf"(?:[{_S}/]*+{re.sub(r'[?]P<[a-z]+>', '?:', _NAMED_VALUE)})*+[{_S}/]*+>"
)
_NAME_OF_TAG: Final = rf"[a-zA-Z][^{_S}/>]*+"
_NO_TAGS_WITHIN: Final = {
    tag: re.compile(rf"</{tag}(?=[{_S}/>])", re.ASCII | re.IGNORECASE)
    for tag in ("script", "style", "textarea", "title")
}

_KNOWN: Final = 1 << 12
"""So many tags are remembered, since many links are alike."""

_LONG: Final = 500
"""Longer tags are not."""

_NAME: Final = r"[^\s\[\]=\"'<>/~|^$*]+"
_CONDITION: Final = re.compile(rf"\[({_NAME})=(?:\"([^\"]*)\"|'([^']*)'|([^\]\"']+))\]")
_SELECTOR: Final = re.compile(
    rf"(?P<tag>\*|[a-zA-Z][^\s\[\]<>/]*)(?P<conditions>(?:{_CONDITION.pattern})*)"
    rf"\[(?P<attribute>{_NAME})\]"
)

_Attributes: TypeAlias = dict[str, tuple[int, int]]
"""Where the value of each attribute is in a tag."""

_Places: TypeAlias = tuple[tuple[int, int, str], ...]
"""Where in a tag primary keys can be, in order, each with its target."""


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

    def places(self, tag: str, attributes: _Attributes) -> _Places:
        """Where the value with the primary key is, in a tag with these attributes."""
        for name, value in self.conditions:
            if name not in attributes or tag[slice(*attributes[name])] != value:
                return ()
        place = attributes.get(self.attribute)
        return ((*place, self.target),) if place and "&" not in tag[slice(*place)] else ()


@dataclass
class Html:
    """Attributes in HTML, as ``tag[name=value][attribute]``: the last one holds the primary key.

    The tag may be ``*``, and there may be no condition or several. At each attribute the first rule counts
    that changes something. Values with ``&``, or with spaces around, are left alone.
    """

    rules: Mapping[str, str]
    _by_tag: dict[str, list[_Selector]] = field(init=False, repr=False, compare=False)
    _next: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _known: dict[str, _Places] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        selectors = [_Selector.parse(*rule) for rule in rules_in(self.rules, HTML_HINT)]
        self._by_tag = {
            tag: [each for each in selectors if each.tag in (tag, "*")]
            for tag in {"*", *(each.tag for each in selectors)}
        }
        self._next = _next_of({each.tag for each in selectors})

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
        found: list[Edit] = []
        for start, end in _tags(text, self._next):
            at = -1
            for first, last, target in self._places(text[start:end]):
                if first == at:
                    continue
                edits = edits_between(text, start + first, start + last, target, names)
                if edits:
                    found += edits
                    at = first
        return found

    def _places(self, tag: str) -> _Places:
        known = self._known.get(tag)
        if known is None:
            known = self._parsed(tag)
            if len(tag) <= _LONG:
                if len(self._known) >= _KNOWN:
                    self._known.clear()
                self._known[tag] = known
        return known

    def _parsed(self, tag: str) -> _Places:
        """The places in a start tag, those of the first rule first where there are several at one."""
        opening = _TAG.match(tag)
        assert opening, tag
        at, attributes = opening.end(), dict[str, tuple[int, int]]()
        while found := _ATTRIBUTE.match(tag, at):
            at, kind = found.end(), found.lastgroup or "name"
            # The first of a name counts.
            value = (at, at) if kind == "name" else found.span(kind)
            attributes.setdefault(found["name"].lower(), value)
        selectors = self._by_tag.get(opening[1].lower()) or self._by_tag["*"]
        places = (place for each in selectors for place in each.places(tag, attributes))
        return tuple(sorted(places, key=itemgetter(0)))


_TAG: Final = re.compile(f"<({_NAME_OF_TAG})")


def _next_of(tags: set[str]) -> re.Pattern[str]:
    """What comes next that counts: one of these tags, one with a text in which there are none, or a comment.

    What is before it, texts and whole other tags, is passed over by the same search: that takes a fraction
    of what one for each does.
    """
    names = "|".join(map(re.escape, sorted({*tags, *_NO_TAGS_WITHIN})))
    counting = _NAME_OF_TAG if "*" in tags else rf"(?:{names})(?=[{_S}/>])"
    other = rf"(?:/|(?!{counting})){_NAME_OF_TAG}(?:>|{_REST_OF_TAG})"
    passed = rf"[^<]*+(?:<(?:{other}|(?![a-zA-Z!?/]))[^<]*+)*+"
    comment = "!--(?!-?>)(?P<comment>)|(?:[!?]|/(?![a-zA-Z]))(?P<bogus>)"
    return re.compile(
        rf"{passed}<(?:(?P<tag>{counting}){_REST_OF_TAG}|{comment})", re.ASCII | re.IGNORECASE
    )


def _tags(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the start tags are that the pattern finds, as browsers read them.

    A tag, a comment or a script without an end is the rest of the text, so nothing is read twice.
    """
    at = 0
    while found := pattern.match(text, at):
        start, at = found.start(found.lastgroup or 0), found.end()
        if found.lastgroup == "tag":
            yield start - 1, at
            within = _NO_TAGS_WITHIN.get(found["tag"].lower())
            end = within.search(text, at) if within else None
            if within and not end:
                return
            at = end.start() if end else at
            continue
        end = (_COMMENT_END if found.lastgroup == "comment" else _END).search(text, at)
        if not end:
            return
        at = end.end()

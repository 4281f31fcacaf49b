"""Places in values of JSON, as paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from contentgit.references.html import Html
from contentgit.references.places import (
    LABEL,
    Generic,
    References,
    Target,
    is_references,
    label_in,
    rules_in,
)

JSON_HINT: Final = "write {'items.*.page': 'app.model'}"

_Rule: TypeAlias = str | References | Generic | Mapping[str, str]
JsonRules: TypeAlias = Mapping[str, _Rule] | list[tuple[str, Target]]
Leaf: TypeAlias = Callable[[Any, str | References], Any]
"""The value with what the target makes of it; of lists and objects, a label or ``ANY`` makes nothing."""

_CONDITION: Final = re.compile(r"\[([^\[\]=\"'.]+)=(?:\"([^\"]*)\"|'([^']*)'|([^\]\"']+))\]")
_PART: Final = re.compile(rf"([^.\[\]]+)((?:{_CONDITION.pattern})*)(?:\.(?!$)|$)")


class _Condition(NamedTuple):
    """A part of a path that goes on at an object which has these texts under these names."""

    texts: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "".join(f'[{name}="{text}"]' for name, text in self.texts)

    def holds(self, value: Any) -> bool:
        return isinstance(value, dict) and all(value.get(name) == text for name, text in self.texts)


_Part: TypeAlias = str | _Condition
_States: TypeAlias = tuple[tuple[int, int], ...]
"""Rules, each with how many parts of its path have led to a value."""


class JsonPlaces(Protocol):
    """Finds places in values of JSON: :class:`Paths`, or what knows of them by other means."""

    @property
    def targets(self) -> Iterable[Target]:
        """What the places hold."""

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """The value with what ``leaf`` makes of each place. The value given stays as it is."""


class Paths:
    """The rules of JSON: names joined by dots, ``*`` for every value, ``**`` for any depth, also none.

    A name with ``[name=text]`` after it goes on only at an object that has this text.

    Raises:
        ValueError: the form of the rules is wrong.
    """

    def __init__(self, rules: object) -> None:
        self._rules = [*_flat(rules)]
        self._known = {part for parts, _ in self._rules for part in parts} - {"*", "**"}
        self._steps: dict[tuple[_States, object], _States] = {}
        self._targets: dict[_States, list[Target]] = {}
        self._conditions: dict[_States, set[_Condition]] = {}
        self._start = self._closed((rule, 0) for rule in range(len(self._rules)))

    def __iter__(self) -> Iterator[tuple[tuple[_Part, ...], Target]]:
        return iter(self._rules)

    @property
    def targets(self) -> Iterable[Target]:
        """What the places hold."""
        return [target for _, target in self._rules]

    def mapped(self, value: Any, leaf: Leaf) -> Any:
        """The value with what ``leaf`` makes of each place, where the first rule counts that changes it.

        The value given stays as it is. There is no recursion, since JSON may be deep.
        """
        whole = [value]
        left: list[tuple[Any, Any, _States, list[str]]] = [(whole, 0, self._start, [])]
        while left:
            holder, name, states, labels = left.pop()
            if self._conditions[states]:
                states = self._met(states, holder[name])
            targets = self._targets[states]
            if (labels or targets) and _put(holder, name, leaf, [*labels, *targets]):
                continue
            inner = holder[name]
            if isinstance(inner, dict):
                holder[name] = inner = dict(inner)
                generic = _generic(inner, targets)
                below = ((key, self._below(states, key), generic.get(key, [])) for key in inner)
            elif isinstance(inner, list):
                holder[name] = inner = [*inner]
                states = self._below(states, None)
                named = labels if isinstance(holder, dict) else []  # by Generic
                labels = [*named, *(each for each in targets if isinstance(each, str))]
                below = ((index, states, labels) for index in range(len(inner)))
            else:
                continue
            left += [(inner, *each) for each in below if each[1] or each[2]]
        return whole[0]

    def _below(self, states: _States, name: object) -> _States:
        """What leads to a value of this name in an object, or to one in a list, which has none."""
        step = (states, name if name in self._known else None)
        if step not in self._steps:
            self._steps[step] = self._closed(self._next(*step))
        return self._steps[step]

    def _next(self, states: _States, name: object) -> Iterator[tuple[int, int]]:
        for rule, at in states:
            part = self._part(rule, at)
            if part is not None and part in ("*", "**", name):
                yield rule, at + (part != "**")

    def _met(self, states: _States, value: Any) -> _States:
        """With what leads on from the conditions that hold of a value."""
        held = frozenset(each for each in self._conditions[states] if each.holds(value))
        step = (states, held)
        if step not in self._steps:
            on = [(rule, at + 1) for rule, at in states if self._part(rule, at) in held]
            self._steps[step] = self._closed([*states, *on])
        met = self._steps[step]
        return states if met == states else self._met(met, value)

    def _part(self, rule: int, at: int) -> _Part | None:
        parts = self._rules[rule][0]
        return parts[at] if at < len(parts) else None

    def _closed(self, states: Iterable[tuple[int, int]]) -> _States:
        """With each ``**`` also taken for nothing. From now on it is known what these lead to."""
        found = set()
        for rule, at in states:
            found.add((rule, at))
            while self._part(rule, at) == "**":
                at += 1
                found.add((rule, at))
        closed = tuple(sorted(found))
        ends = (self._rules[rule] for rule, at in closed if at == len(self._rules[rule][0]))
        self._targets[closed] = [target for _, target in ends]
        parts = {self._part(*each) for each in closed}
        self._conditions[closed] = {each for each in parts if isinstance(each, _Condition)}
        return closed


def places_in(rules: JsonRules | JsonPlaces) -> JsonPlaces:
    """What finds the places of the rules.

    Raises:
        ValueError: the form of the rules is wrong.
    """
    if isinstance(rules, (Mapping, list)) or not hasattr(rules, "mapped"):
        return Paths(rules)
    return rules


def _flat(rules: object) -> Iterator[tuple[tuple[_Part, ...], Target]]:
    """Each path with its target; paths in values of JSON go on."""
    for place, target in rules_in(rules, JSON_HINT):
        parts = (*_parts(place),)
        if isinstance(paths := getattr(target, "paths_of_values", None), Paths):
            yield from (((*parts, *inner), each) for inner, each in paths)
        elif isinstance(target, Mapping):
            yield parts, Html(target)
        elif isinstance(target, Generic) or is_references(target):
            yield parts, target
        else:
            yield parts, label_in(target, place)


def _parts(place: str) -> Iterator[_Part]:
    at = 0
    while found := _PART.match(place, at):
        at = found.end()
        yield found[1]
        if found[2]:
            conditions = _CONDITION.findall(found[2])
            yield _Condition(tuple((name, a or b or c) for name, a, b, c in conditions))
        if at == len(place):
            return
    message = f"must have paths like 'items.*.page' or 'items.*[type=link].page', not {place!r}"
    raise ValueError(message, JSON_HINT)


def _put(holder: Any, name: Any, leaf: Leaf, targets: Iterable[Target]) -> bool:
    """Whether there is something else now."""
    old = holder[name]
    for target in targets:
        if not isinstance(target, Generic):
            holder[name] = new = leaf(old, target)
            if new is not old and new != old:
                return True
    return False


def _generic(value: Mapping[str, Any], targets: Iterable[Target]) -> dict[str, list[str]]:
    """The names in an object whose values are primary keys, and of which models."""
    found: dict[str, list[str]] = {}
    for each in targets:
        if isinstance(each, Generic):
            label = value.get(each.model)
            if isinstance(label, str) and LABEL.fullmatch(label):
                found.setdefault(each.pk, []).append(label.lower())
    return found

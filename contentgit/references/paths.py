"""Places in values of JSON, as paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol, TypeAlias

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

JsonRules: TypeAlias = Mapping[str, str | References | Generic | Mapping[str, str]]
Leaf: TypeAlias = Callable[[Any, str | References], Any]
"""The value with what the target makes of it; of lists and objects, a label or ``ANY`` makes nothing."""

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

    Raises:
        ValueError: the form of the rules is wrong.
    """

    def __init__(self, rules: object) -> None:
        self._rules = [*_flat(rules)]
        self._known = {part for parts, _ in self._rules for part in parts} - {"*", "**"}
        self._steps: dict[tuple[_States, object], _States] = {}
        self._targets: dict[_States, list[Target]] = {}
        self._start = self._closed((rule, 0) for rule in range(len(self._rules)))

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], Target]]:
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
                labels = [each for each in targets if isinstance(each, str)]
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
            parts = self._rules[rule][0]
            if at < len(parts) and parts[at] in ("*", "**", name):
                yield rule, at + (parts[at] != "**")

    def _closed(self, states: Iterable[tuple[int, int]]) -> _States:
        """With each ``**`` also taken for nothing. From now on it is known what these lead to."""
        found = set()
        for rule, at in states:
            parts = self._rules[rule][0]
            found.add((rule, at))
            while at < len(parts) and parts[at] == "**":
                at += 1
                found.add((rule, at))
        closed = tuple(sorted(found))
        ends = (self._rules[rule] for rule, at in closed if at == len(self._rules[rule][0]))
        self._targets[closed] = [target for _, target in ends]
        return closed


def places_in(rules: JsonRules | JsonPlaces) -> JsonPlaces:
    """What finds the places of the rules.

    Raises:
        ValueError: the form of the rules is wrong.
    """
    if isinstance(rules, Mapping) or not hasattr(rules, "mapped"):
        return Paths(rules)
    return rules


def _flat(rules: object) -> Iterator[tuple[tuple[str, ...], Target]]:
    """Each path with its target; paths in values of JSON go on."""
    for place, target in rules_in(rules, JSON_HINT):
        parts = tuple(place.split("."))
        if not all(parts):
            raise ValueError(f"must have paths like 'items.*.page', not {place!r}", JSON_HINT)
        if isinstance(paths := getattr(target, "paths_of_values", None), Paths):
            yield from (((*parts, *inner), each) for inner, each in paths)
        elif isinstance(target, Mapping):
            yield parts, Html(target)
        elif isinstance(target, Generic) or is_references(target):
            yield parts, target
        else:
            yield parts, label_in(target, place)


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

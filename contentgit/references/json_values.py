"""References in values of JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contentgit.references.paths import JsonPlaces, JsonRules, places_in
from contentgit.references.places import ANY, Names, References, edited, edits_between, models_in


@dataclass
class Json:
    """Places in values of JSON, as paths: names joined by dots, ``*`` for every value, ``**`` for any depth.
    ``*[type=link]`` is every object that has this text under the name.

    The target is a label, :data:`ANY`, :class:`Generic`, a dictionary with the rules of :class:`Html`, or
    other references. Where a path has several, the rules are a list of pairs. A number that is the whole
    value is left alone: its name would be read back as a text.
    """

    rules: JsonRules | JsonPlaces
    paths_of_values: JsonPlaces = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.paths_of_values = places_in(self.rules)

    @property
    def models(self) -> frozenset[str]:
        """The labels of models that the rules name."""
        return models_in(self.paths_of_values.targets)

    def named(self, value: Any, names: Names) -> Any:
        """The value with what ``names`` gives in place of each primary key, and else unchanged."""

        def leaf(each: Any, target: str | References) -> Any:
            if not isinstance(target, str):
                return target.named(each, names)
            if isinstance(each, str):
                return edited(each, edits_between(each, 0, len(each), target, names))
            return names.number(target, each) if _is_number(each) and target != ANY else each

        return value if _is_number(value) else self.paths_of_values.mapped(value, leaf)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

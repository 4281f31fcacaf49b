"""Whether how a spec has fields merged fits its model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import IntegerField

from contentgit.db.spec_rules.models import field_of
from contentgit.db.spec_rules.rules import Rules
from contentgit.specs import Mistake


class MergeRules(Rules):
    """``order``, ``derived`` and ``together``."""

    def problems(self) -> Iterator[Mistake]:
        yield from self.orders()
        yield from self.derived()
        yield from self.together()

    def orders(self) -> Iterator[Mistake]:
        for name, within in self.spec.order.items():
            field = field_of(self.model, name)
            if field is None:
                continue  # reported as an unknown name
            reason = self.not_content(name)
            if not reason and (not isinstance(field, IntegerField) or field.is_relation):
                hint = "name the field whose numbers put rows in their order"
                reason = ("which is not an integer", hint)
            reason = reason or self.named_too(name, "derived")
            if reason:
                yield self.refused("contentgit.E032", f"'order' names {name!r}", reason)
            for other in within:
                yield from self._within(name, other)

    def _within(self, name: str, within: str) -> Iterator[Mistake]:
        what = f"'order' orders {name!r} within {within!r}"
        reason = self.not_content(within)
        if within == name:
            reason = ("which is the same field", "name what the rows of one order share, or []")
        if within not in self.values:
            yield self.unknown(what, within, self.values)
        elif reason:
            yield self.refused("contentgit.E032", what, reason)

    def derived(self) -> Iterator[Mistake]:
        for name in self.spec.derived:
            reason = self.not_content(name) or self.named_too(name)
            if reason and field_of(self.model, name):  # else reported as an unknown name
                yield self.refused("contentgit.E033", f"'derived' names {name!r}", reason)

    def together(self) -> Iterator[Mistake]:
        named: set[str] = set()
        for name in (name for group in self.spec.together for name in group):
            what = f"'together' names {name!r}"
            # Fields that are merged by rules of their own are not one value with others.
            reason = self.named_too(name, "order", "derived")
            if not reason and getattr(field_of(self.model, name), "auto_now", False):
                reason = ("of which a merge takes the newer one (auto_now)", "remove it")
            reason = reason or self.not_content(name)
            if name not in self.values:
                yield self.unknown(what, name, self.values)
            elif reason:
                yield self.refused("contentgit.E034", what, reason)
            if name in named:
                message, hint = f"{what} in several groups", "make one group of them"
                yield self.mistake("contentgit.E035", message, hint)
            named.add(name)

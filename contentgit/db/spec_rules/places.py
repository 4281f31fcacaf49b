"""Whether where a spec says that references and places in a tree are fits its model."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps

from contentgit.db.fields.plain import holds, may_embed
from contentgit.db.spec_rules.models import field_of, label_of, model_of
from contentgit.db.spec_rules.rules import Rules
from contentgit.db.trees import numbering_of, order_of
from contentgit.references import Holds, parsed
from contentgit.specs import Mistake, suggestion


class PlaceRules(Rules):
    """``references`` and ``tree``."""

    def problems(self) -> Iterator[Mistake]:
        yield from self.references()
        yield from self.trees()

    def references(self) -> Iterator[Mistake]:
        for name, raw in self.spec.references.items():
            what = f"'references' names {name!r}"
            reason = self.named_too(name, "derived", "order") or self.not_content(name)
            field = field_of(self.model, name)
            if field is not None and not reason and not may_embed(field):
                reason = ("whose values are neither texts, integers nor JSON", "remove it")
            if field is None:
                yield self.unknown(what, name, self.columns)
            elif field.is_relation:
                hint = "remove it: a reference of its own is followed without being told"
                yield self.refused("contentgit.E036", what, ("which is a relation", hint))
            elif reason:
                yield self.refused("contentgit.E036", what, reason)
            else:
                yield from self._places(name, raw, holds(field))

    def trees(self) -> Iterator[Mistake]:
        numbering = numbering_of(self.model)
        if not self.spec.tree:
            if numbering and not set(numbering.columns) <= {*self.spec.exclude}:
                named = ", ".join(numbering.columns)
                message = f"{self.spec.model} is a tree: two sites give the same {named} to different rows"
                hint = 'write "tree": True, or silence contentgit.W015'
                yield self.mistake("contentgit.W015", message, hint)
            return
        if not (numbering or order_of(self.model)):
            hint = "remove it: a parent that is a foreign key is followed without being told"
            reason = ("of which no library for trees that is known computes columns", hint)
            yield self.refused("contentgit.E037", f"'tree' is set for {self.spec.model}", reason)
        for name in numbering.columns if numbering else ():
            other = self.named_too(name, "exclude", "order", "derived", "references")
            if other:
                yield self.refused("contentgit.E037", f"'tree' computes {name!r}", other)
        if numbering and self.spec.write_last:
            hint = "remove 'write_last': places of rows are written when all others are"
            reason = ("which 'tree' rules out", hint)
            yield self.refused("contentgit.E037", "'write_last' is set", reason)
        if numbering and numbering.linked and numbering.parent in self.spec.exclude:
            reason = ("which 'exclude' leaves out", "remove it from 'exclude'")
            yield self.refused("contentgit.E037", f"'tree' needs {numbering.parent!r}", reason)

    def _places(self, name: str, raw: object, values: Holds) -> Iterator[Mistake]:
        what = f"'references' of {name!r}"
        try:
            places = parsed(raw, values)
        except ValueError as wrong:
            message, hint = wrong.args
            yield self.mistake("contentgit.E021", f"{what}: {message}", hint)
            return
        for label in sorted(getattr(places, "models", ())):
            model = model_of(label)
            if model is None:
                yield self.mistake(
                    "contentgit.E022",
                    f"{what} leads to {label!r}, which is not a model",
                    suggestion(label, (label_of(model) for model in apps.get_models())),
                )
            elif len(model._meta.pk_fields) > 1:
                hint = "leave it out: no single value names such a row"
                reason = ("whose primary key has several columns", hint)
                yield self.refused("contentgit.E036", f"{what} leads to {label!r}", reason)

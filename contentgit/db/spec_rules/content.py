"""Whether what a spec reads and leaves out fits its model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import FileField

from contentgit.db.fields import unheld
from contentgit.db.spec_rules.models import field_of, is_required, label_of, ways_back
from contentgit.db.spec_rules.rules import ONE_OF_THEM, Rules, not_own
from contentgit.specs import Mistake


class ContentRules(Rules):
    """``filter``, ``exclude``, and the names of all fields that a spec names."""

    def problems(self) -> Iterator[Mistake]:
        yield from self.filters()
        yield from self.names()
        yield from self.excludes()
        yield from self.files()

    def filters(self) -> Iterator[Mistake]:
        """Each lookup is tried by building its queryset, so that all wrong ones are found."""
        for lookup, value in self.spec.filter.items():
            try:
                self.model._base_manager.filter(**{lookup: value})
            except Exception as error:
                # Any: the value goes through the project's own fields and lookups.
                bad = isinstance(error, (ValueError, TypeError)) or hasattr(error, "error_list")
                lines = str(getattr(error, "messages", None) or error).strip().splitlines()
                words = ": ".join([type(error).__name__, *lines[:1]])
                yield self.mistake(
                    "contentgit.E024" if bad else "contentgit.E023",
                    f"'filter' has {lookup!r}, which {self.spec.model} refuses: {words}",
                    "write a lookup that QuerySet.filter takes",
                )

    def names(self) -> Iterator[Mistake]:
        """Every name must be a field of the model."""
        spec, columns = self.spec, self.columns
        relations = [field.name for field in self.model._meta.many_to_many]
        for key, names, known in (
            ("ignore_missing_m2m", spec.ignore_missing_m2m, relations),
            ("defer_values", spec.defer_values, columns),
            ("exclude", spec.exclude, [*columns, *relations]),
            ("order", tuple(spec.order), columns),
            ("derived", spec.derived, [*columns, *relations, *ways_back(self.model)]),
        ):
            kind = "many-to-many field" if known is relations else "field"
            for name in names:
                if name not in known:
                    yield self.unknown(f"{key!r} names {name!r}", name, known, kind)

    def excludes(self) -> Iterator[Mistake]:
        for name in self.spec.exclude:
            what, field = f"'exclude' names {name!r}", field_of(self.model, name)
            if name in self.identifying:
                yield self.refused("contentgit.E026", what, ("which 'identity' needs", ONE_OF_THEM))
            if field is None or field.many_to_many:
                continue  # an unknown name is reported as that
            reason = not_own(self.model, field)
            required = "which must have a value and has no default"
            if reason:
                yield self.refused("contentgit.E026", what, reason)
            elif is_required(field) and unheld(field):
                hint = "an apply updates and deletes rows, but cannot create any: give the field a default"
                yield self.refused("contentgit.W014", what, (required, hint))
            elif is_required(field):
                hint = "give the field a default, a db_default or null=True, or keep it"
                required += ": no row could be created"
                yield self.refused("contentgit.E026", what, (required, hint))

    def files(self) -> Iterator[Mistake]:
        """Models without files take the key, too: one spec may be that of many models."""
        meta = self.model._meta
        every = {each.name: each for each in meta.concrete_fields if isinstance(each, FileField)}
        own = [each.name for each in meta.local_concrete_fields if each.name in every]
        if self.spec.files == "carry" and every and not own:
            owner = label_of(next(iter(every.values())).model)
            reason = (f"whose files are those of {owner}", f"write it into the spec of {owner}")
            yield self.refused("contentgit.E038", f"'files' of {self.spec.model}", reason)
        for name in own if self.spec.files == "carry" else ():
            other = self.named_too(name, "derived", "references")
            if other:
                yield self.refused("contentgit.E038", f"'files' carries {name!r}", other)

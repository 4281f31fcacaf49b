"""Whether what names the rows of a model fits it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import IntegerField

from contentgit.db.fields.plain import generic_keys
from contentgit.db.identity.paths import ALWAYS
from contentgit.db.spec_rules.models import (
    has_automatic_key,
    label_of,
    together_unique,
    unique_sets,
    walk,
)
from contentgit.db.spec_rules.rules import Rules
from contentgit.specs import Mistake, suggestion


class IdentityRules(Rules):
    """``identity``, ``save_as_new`` and ``keep_pk``."""

    def problems(self) -> Iterator[Mistake]:
        yield from self.identities()
        yield from self.copies()
        yield from self.keeping()

    def identities(self) -> list[Mistake]:
        if self.spec.identity == "natural":
            return self._natural()
        if self.spec.identity == "uuid":
            return [] if has_automatic_key(self.model) else [self._held_key()]
        found = [problem for path in self.paths if (problem := self._path(path))]
        if found or not self.paths:
            return found
        if not together_unique(self.model, self.paths):
            known = "; ".join(str(sorted(names)) for names in unique_sets(self.model)) or "none"
            return [
                self.mistake(
                    "contentgit.E028",
                    f"'identity' {list(self.paths)!r} is not unique: several rows could share it",
                    f"add a UniqueConstraint, or name fields that are unique (unique sets: {known})",
                )
            ]
        return [
            self.mistake(
                "contentgit.W005",
                f"'identity' names {path!r}, which may be NULL: a row with NULL there cannot be named",
                "make the field NOT NULL, or make sure that no row of the dataset has NULL there",
            )
            for path in self.paths
            if any(
                field.null
                for name in generic_keys(self.model).get(path, (path,))
                for field in walk(self.model, name)
            )
        ]

    def copies(self) -> list[Mistake]:
        if not self.spec.save_as_new:
            return []
        if self.spec.model in ALWAYS:
            message = (
                f"'save_as_new' of {self.spec.model}: its rows have one name in every database"
            )
            hint = "remove 'save_as_new': copies refer to these rows"
            return [self.mistake("contentgit.E030", message, hint)]
        if has_automatic_key(self.model):
            return []
        keys = ", ".join(field.name for field in self.model._meta.pk_fields)
        message = (
            f"'save_as_new' of {self.spec.model}: its primary key {keys} is content, so a copy has it, "
            "too"
        )
        hint = "remove 'save_as_new': rows keep their keys and are updated in place"
        return [self.mistake("contentgit.E030", message, hint)]

    def keeping(self) -> list[Mistake]:
        if not self.spec.keep_pk:
            return []
        field = self.model._meta.pk_fields[0]
        message = f"'keep_pk' of {self.spec.model}"
        if self.spec.identity != "uuid":
            message += ", whose identity is not 'uuid'"
            return [self.mistake("contentgit.E031", message, "remove it: it means nothing here")]
        if field.is_relation:
            base = label_of(field.related_model)
            message += f", whose primary key is that of {base}"
            return [self.mistake("contentgit.E031", message, f"write it into the spec of {base}")]
        if not isinstance(field, IntegerField):
            message += f", whose primary key {field.name} is no number"
            return [self.mistake("contentgit.E031", message, "remove it: it means nothing here")]
        return []

    def _held_key(self) -> Mistake:
        """The primary key is content: that it changes would be an edit, and it names the row already."""
        keys = ", ".join(field.name for field in self.model._meta.pk_fields)
        message = (
            f"'identity' of {self.spec.model} is 'uuid', but its primary key {keys} is content"
        )
        hint = "use 'pk', or name unique fields: 'identity': ['slug']"
        return self.mistake("contentgit.E031", message, hint)

    def _natural(self) -> list[Mistake]:
        missing = []
        if not hasattr(self.model, "natural_key"):
            missing.append("the method natural_key()")
        if not hasattr(self.model._default_manager, "get_by_natural_key"):
            missing.append("get_by_natural_key() on its default manager")
        if not missing:
            return []
        message = (
            f"'identity' is 'natural', but {label_of(self.model)} lacks {' and '.join(missing)}"
        )
        hint = "write these methods, or name the fields: 'identity': ['slug']"
        return [self.mistake("contentgit.E028", message, hint)]

    def _path(self, path: str) -> Mistake | None:
        generic, names = generic_keys(self.model), path.split("__")
        if path in generic:
            return None
        what = f"'identity' names {path!r}"
        for name, columns in generic.items():
            if names[0] in columns:
                message = f"{what}, one column of the generic foreign key {name!r}"
                hint = f"name {name!r}: its columns hold keys of this database alone"
                return self.mistake("contentgit.E042", message, hint)
        fields = walk(self.model, path)
        if len(fields) == len(names):
            return None
        here = fields[-1].related_model if fields else self.model
        name = names[len(fields)]
        if not isinstance(here, type):
            message = f"{what}, but {names[len(fields) - 1]!r} is not a relation"
            return self.mistake("contentgit.E027", message, "name a foreign key or a field of it")
        hint = suggestion(name, [field.name for field in here._meta.concrete_fields])
        hint = "write 'identity': 'pk'" if name == "pk" else hint
        message = f"{what}, but {name!r} is not a column of {label_of(here)}"
        return self.mistake("contentgit.E027", message, hint)

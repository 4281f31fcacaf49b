"""What a model rules out in a spec: unknown names, rows without identity, rows that cannot be created.

Reads ``_meta`` and builds querysets; no query is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from django.apps import apps
from django.db.models import Field, IntegerField, Model

from contentgit.db.coverage import unheld_problems
from contentgit.db.fields import unheld
from contentgit.db.fields.plain import generic_keys, holds, is_automatic, may_embed
from contentgit.db.identity.paths import ALWAYS
from contentgit.db.trees import numbering_of, order_of
from contentgit.references import Holds, parsed
from contentgit.specs import Identity, Mistake, ModelSpec, suggestion

_Reason: TypeAlias = tuple[str, str]
"""The end of a message, ``"which ..."``, and a hint."""

_ONE_OF_THEM = "remove it from one of them"


def resolve(spec: ModelSpec, where: str) -> tuple[ModelSpec | None, list[Mistake]]:
    """The spec, and everything in it that does not fit its model.

    ``None`` for the spec if it has errors, or its model has no rows of its own (proxy, unmanaged,
    swapped, the hidden model of a many-to-many field), which is a warning.
    """
    model = _model(spec.model)
    if model is None:
        return None, [_unknown_model(spec.model, where)]
    reason = no_rows(model)
    if reason:
        hint = "remove the spec, or silence contentgit.W006"
        message = f"{spec.model} {reason}; the spec is skipped"
        return None, [Mistake("contentgit.W006", message, hint, where)]
    if model._meta.app_label == "contentgit":
        message = f"{spec.model} records what was applied to this database; it is not content"
        return None, [Mistake("contentgit.E022", message, "remove the spec", where)]
    rules = _Rules(model, spec, where)
    problems = [
        *rules.filters(),
        *rules.names(),
        *rules.excludes(),
        *unheld_problems(model, spec.exclude, where),
        *rules.identities(),
        *rules.copies(),
        *rules.keeping(),
        *rules.orders(),
        *rules.derived(),
        *rules.together(),
        *rules.references(),
        *rules.trees(),
    ]
    failed = any(problem.is_error for problem in problems)
    return (None if failed else replace(spec, model=model._meta.label_lower)), problems


def identity_problems(label: str, identity: Identity, where: str) -> list[Mistake]:
    """What is wrong with ``identity`` as what names the rows of a model that is in no dataset."""
    model = _model(label)
    if model is None:
        return [_unknown_model(label, where)]
    reason = no_rows(model)
    if reason:
        hint = f"name {model._meta.swapped or _label(model._meta.concrete_model)!r} instead"
        return [Mistake("contentgit.E022", f"{label} {reason}", hint, where)]
    return _Rules(model, ModelSpec(label, identity=identity), where).identities()


def _model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _unknown_model(label: str, where: str) -> Mistake:
    app = label.partition(".")[0]
    hint = suggestion(label, (_label(model) for model in apps.get_models()))
    if app not in apps.app_configs:
        hint = f"is the app {app!r} in INSTALLED_APPS? {hint}"
    return Mistake("contentgit.E022", f"there is no model {label!r}", hint, where)


def no_rows(model: type[Model]) -> str:
    """Why ``model`` has no rows of its own that could be records; empty if it has."""
    meta = model._meta
    if meta.abstract:
        return "is abstract"
    if meta.proxy:
        concrete = meta.concrete_model
        return f"is a proxy of {_label(concrete)}" if concrete else "is a proxy"
    if meta.swapped:
        return f"is swapped for {meta.swapped}"
    if not meta.managed:
        return "is not managed by Django"
    if meta.auto_created:
        return f"belongs to a many-to-many field of {_label(meta.auto_created)}"
    return ""


@dataclass(frozen=True)
class _Rules:
    """Checks one spec against its model; each method yields the problems of one key of the spec."""

    model: type[Model]
    spec: ModelSpec
    where: str

    def mistake(self, number: str, message: str, hint: str) -> Mistake:
        return Mistake(number, message, hint, self.where)

    def refused(self, number: str, what: str, reason: _Reason) -> Mistake:
        return self.mistake(number, f"{what}, {reason[0]}", reason[1])

    def unknown(self, what: str, name: str, known: list[str], kind: str = "column") -> Mistake:
        message = f"{what}, which is not a {kind} of {self.spec.model}"
        return self.mistake("contentgit.E025", message, suggestion(name, known))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of the identity; none for ``"pk"`` and the like."""
        return () if isinstance(self.spec.identity, str) else self.spec.identity

    @cached_property
    def identifying(self) -> set[str]:
        """The fields with which the paths of the identity begin."""
        return {path.partition("__")[0] for path in self.paths}

    @cached_property
    def columns(self) -> list[str]:
        return [field.name for field in self.model._meta.concrete_fields]

    @cached_property
    def values(self) -> list[str]:
        """The names of columns and of generic foreign keys, which are two columns each."""
        return [*self.columns, *generic_keys(self.model)]

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
            ("derived", spec.derived, [*columns, *relations]),
        ):
            kind = "many-to-many field" if known is relations else "field"
            for name in names:
                if name not in known:
                    yield self.unknown(f"{key!r} names {name!r}", name, known, kind)

    def excludes(self) -> Iterator[Mistake]:
        for name in self.spec.exclude:
            what, field = f"'exclude' names {name!r}", _field(self.model, name)
            if name in self.identifying:
                yield self.refused(
                    "contentgit.E026", what, ("which 'identity' needs", _ONE_OF_THEM)
                )
            if field is None or field.many_to_many:
                continue  # an unknown name is reported as that
            reason = _not_own(self.model, field)
            required = "which must have a value and has no default"
            if reason:
                yield self.refused("contentgit.E026", what, reason)
            elif _is_required(field) and unheld(field):
                hint = "an apply updates and deletes rows, but cannot create any: give the field a default"
                yield self.refused("contentgit.W014", what, (required, hint))
            elif _is_required(field):
                hint = "give the field a default, a db_default or null=True, or keep it"
                required += ": no row could be created"
                yield self.refused("contentgit.E026", what, (required, hint))

    # How merges treat fields

    def orders(self) -> Iterator[Mistake]:
        for name, within in self.spec.order.items():
            field = _field(self.model, name)
            if field is None:
                continue  # reported as an unknown name
            reason = self._not_content(name)
            if not reason and (not isinstance(field, IntegerField) or field.is_relation):
                hint = "name the field whose numbers put rows in their order"
                reason = ("which is not an integer", hint)
            reason = reason or self._named_too(name, "derived")
            if reason:
                yield self.refused("contentgit.E032", f"'order' names {name!r}", reason)
            for other in within:
                yield from self._within(name, other)

    def _within(self, name: str, within: str) -> Iterator[Mistake]:
        what = f"'order' orders {name!r} within {within!r}"
        reason = self._not_content(within)
        if within == name:
            reason = ("which is the same field", "name what the rows of one order share, or []")
        if within not in self.values:
            yield self.unknown(what, within, self.values)
        elif reason:
            yield self.refused("contentgit.E032", what, reason)

    def derived(self) -> Iterator[Mistake]:
        for name in self.spec.derived:
            reason = self._not_content(name) or self._named_too(name)
            if reason and _field(self.model, name):  # else reported as an unknown name
                yield self.refused("contentgit.E033", f"'derived' names {name!r}", reason)

    def together(self) -> Iterator[Mistake]:
        named: set[str] = set()
        for name in (name for group in self.spec.together for name in group):
            what = f"'together' names {name!r}"
            # Fields that are merged by rules of their own are not one value with others.
            reason = self._named_too(name, "order", "derived")
            if not reason and getattr(_field(self.model, name), "auto_now", False):
                reason = ("of which a merge takes the newer one (auto_now)", "remove it")
            reason = reason or self._not_content(name)
            if name not in self.values:
                yield self.unknown(what, name, self.values)
            elif reason:
                yield self.refused("contentgit.E034", what, reason)
            if name in named:
                message, hint = f"{what} in several groups", "make one group of them"
                yield self.mistake("contentgit.E035", message, hint)
            named.add(name)

    def references(self) -> Iterator[Mistake]:
        for name, raw in self.spec.references.items():
            what = f"'references' names {name!r}"
            reason = self._named_too(name, "derived", "order") or self._not_content(name)
            field = _field(self.model, name)
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
            other = self._named_too(name, "exclude", "order", "derived", "references")
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
            model = _model(label)
            if model is None:
                yield self.mistake(
                    "contentgit.E022",
                    f"{what} leads to {label!r}, which is not a model",
                    suggestion(label, (_label(model) for model in apps.get_models())),
                )
            elif len(model._meta.pk_fields) > 1:
                hint = "leave it out: no single value names such a row"
                reason = ("whose primary key has several columns", hint)
                yield self.refused("contentgit.E036", f"{what} leads to {label!r}", reason)

    def _named_too(self, name: str, *keys: str) -> _Reason | None:
        """Why a field cannot be named that the identity, or one of these keys of the spec, names too."""
        if name in self.identifying:
            return "which 'identity' needs", _ONE_OF_THEM
        key = next((key for key in keys if name in getattr(self.spec, key)), None)
        return (f"which {key!r} names too", _ONE_OF_THEM) if key else None

    def _not_content(self, name: str) -> _Reason | None:
        """Why a field is not in the records of the model, and what to do about it."""
        field = _field(self.model, name)
        if field is None or field.many_to_many:
            return None
        if name in self.spec.exclude:
            return "which 'exclude' leaves out", _ONE_OF_THEM
        reason = _not_own(self.model, field)
        if reason:
            return reason
        if field.generated:
            return "which the database computes", "remove it: it is not content"
        for generic, columns in generic_keys(self.model).items():
            if name in columns:
                hint = f"name {generic!r}, where a reference can be"
                return f"which is a part of {generic!r}", hint
        return None

    # Identity

    def identities(self) -> list[Mistake]:
        if self.spec.identity == "natural":
            return self._natural()
        if self.spec.identity == "uuid":
            return [] if has_automatic_key(self.model) else [self._held_key()]
        found = [problem for path in self.paths if (problem := self._path(path))]
        if found or not self.paths:
            return found
        if not _together_unique(self.model, self.paths):
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
                for field in _walk(self.model, name)
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
            base = _label(field.related_model)
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
        message = f"'identity' is 'natural', but {_label(self.model)} lacks {' and '.join(missing)}"
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
        fields = _walk(self.model, path)
        if len(fields) == len(names):
            return None
        here = fields[-1].related_model if fields else self.model
        name = names[len(fields)]
        if not isinstance(here, type):
            message = f"{what}, but {names[len(fields) - 1]!r} is not a relation"
            return self.mistake("contentgit.E027", message, "name a foreign key or a field of it")
        hint = suggestion(name, [field.name for field in here._meta.concrete_fields])
        hint = "write 'identity': 'pk'" if name == "pk" else hint
        message = f"{what}, but {name!r} is not a column of {_label(here)}"
        return self.mistake("contentgit.E027", message, hint)


def _label(model: Any) -> str:
    return str(model._meta.label_lower)


def _field(model: type[Model], name: str) -> Field[Any, Any] | None:
    """The column or many-to-many field ``name``; no reverse relation, no attname."""
    fields = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return next((field for field in fields if field.name == name), None)


def _not_own(model: type[Model], field: Field[Any, Any]) -> _Reason | None:
    """Why a column is not content of ``model``: the key, or a multi-table parent, has it."""
    if field in model._meta.pk_fields:
        return "which is the primary key", "remove it, or name another field"
    if field not in model._meta.local_concrete_fields:
        owner = _label(field.model)
        return f"which is a field of {owner}", f"name it in the spec of {owner}"
    return None


def _is_required(field: Any) -> bool:
    """Whether a row cannot be created without a value of ``field``."""
    if field.null or field.has_default() or field.has_db_default() or field.generated:
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    # Django gives texts, files and the like an empty string.
    return bool(field.get_default() is None)


def _walk(model: type[Model], path: str) -> list[Field[Any, Any]]:
    """The fields along ``path``; fewer than its parts if one is unknown."""
    fields: list[Field[Any, Any]] = []
    here: type[Model] | None = model
    for name in path.split("__"):
        field = _field(here, name) if here is not None else None
        if field is None or field.many_to_many:
            break
        fields.append(field)
        related = field.related_model
        here = related if isinstance(related, type) else None
    return fields


def unique_sets(model: type[Model]) -> list[frozenset[str]]:
    """Names of fields that are unique together for all rows, those of multi-table parents too."""
    found = []
    for owner in (model, *model._meta.all_parents):
        meta = owner._meta
        found += [frozenset({field.name}) for field in meta.local_concrete_fields if field.unique]
        found += [frozenset(names) for names in meta.unique_together]
        found += [frozenset(constraint.fields) for constraint in meta.total_unique_constraints]
        found.append(frozenset(field.name for field in meta.pk_fields))
    return [names for names in dict.fromkeys(found) if names]


def _together_unique(model: type[Model], paths: Sequence[str]) -> bool:
    """Whether no two rows can have the same values at ``paths``.

    Paths through a foreign key count as it if they are unique together on the other side.
    """
    generic = generic_keys(model)
    names = {name for path in paths if "__" not in path for name in generic.get(path, (path,))}
    through: dict[str, list[str]] = {}
    for path in paths:
        head, inner, rest = path.partition("__")
        if inner:
            through.setdefault(head, []).append(rest)
    for name, rests in through.items():
        field = _field(model, name)
        related = field.related_model if field is not None else None
        if isinstance(related, type) and _together_unique(related, rests):
            names.add(name)
    return any(unique <= names for unique in unique_sets(model))


def has_automatic_key(model: type[Model]) -> bool:
    """Whether the database or a default gives the primary key; if it is a reference, that of its row."""
    more: list[Any]
    field: Any
    field, *more = model._meta.pk_fields
    while field.is_relation and not more:
        field, *more = field.related_model._meta.pk_fields
    return not more and is_automatic(field)

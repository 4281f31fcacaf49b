"""What the models say to a spec: whether names exist, rows can be told apart and rows can be made.

Reads ``_meta`` and builds querysets; no query is ever made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import NOT_PROVIDED, Field, IntegerField, Model

from contentgit.db.coverage import unheld_problems
from contentgit.db.fields import unheld
from contentgit.specs import Mistake, ModelSpec, suggestion


def resolve(spec: ModelSpec, where: str) -> tuple[ModelSpec | None, list[Mistake]]:
    """The spec, and everything in it that does not fit its model.

    ``None`` for the spec where nothing can be done with it, and where its model has no rows of its
    own (proxy, unmanaged, swapped, the hidden model of a many-to-many field): that is a warning.
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
        message = f"{spec.model} says what was applied to this database; it is no content"
        return None, [Mistake("contentgit.E022", message, "remove the spec", where)]
    problems = [
        *_filter_problems(model, spec, where),
        *_name_problems(model, spec, where),
        *_exclude_problems(model, spec, where),
        *unheld_problems(model, spec.exclude, where),
        *_identity_problems(model, spec, where),
        *_order_problems(model, spec, where),
        *_derived_problems(model, spec, where),
        *_together_problems(model, spec, where),
    ]
    failed = any(problem.is_error for problem in problems)
    return (None if failed else replace(spec, model=model._meta.label_lower)), problems


def no_rows(model: type[Model]) -> str:
    """Why ``model`` has no rows of its own that could be records; empty if it has."""
    meta = model._meta
    if meta.abstract:
        return "is abstract"
    if meta.proxy:
        concrete = meta.concrete_model
        return f"is a proxy of {concrete._meta.label_lower}" if concrete else "is a proxy"
    if meta.swapped:
        return f"is swapped for {meta.swapped}"
    if not meta.managed:
        return "is not managed by Django"
    if meta.auto_created:
        return f"belongs to a many-to-many field of {_label(meta.auto_created)}"
    return ""


def _label(model: Any) -> str:
    return str(model._meta.label_lower)


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


def _field(model: type[Model], name: str) -> Field[Any, Any] | None:
    """The column or many-to-many field ``name``; no reverse relation, no attname."""
    try:
        found = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not isinstance(found, Field) or found.name != name:
        return None
    return found if found.concrete or found.many_to_many else None


def _field_names(model: type[Model]) -> list[str]:
    return [field.name for field in (*model._meta.concrete_fields, *model._meta.many_to_many)]


# Filters


def _filter_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    """Each lookup is tried by building its queryset, so that all wrong ones are found."""
    for lookup, value in spec.filter.items():
        try:
            model._base_manager.filter(**{lookup: value})
        except Exception as error:
            # Any: the value goes through the project's own fields and lookups.
            bad_value = isinstance(error, (ValueError, TypeError)) or hasattr(error, "error_list")
            number = "contentgit.E024" if bad_value else "contentgit.E023"
            message = f"'filter' has {lookup!r}, which {spec.model} refuses: {_first_line(error)}"
            hint = "write a lookup that QuerySet.filter takes"
            yield Mistake(number, message, hint, where)


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "messages", None) or error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


# Names of fields


def _name_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    relations = [field.name for field in model._meta.many_to_many]
    columns = [field.name for field in model._meta.concrete_fields]
    for key, names, known in (
        ("ignore_missing_m2m", spec.ignore_missing_m2m, relations),
        ("defer_values", spec.defer_values, columns),
        ("exclude", spec.exclude, _field_names(model)),
        ("order", tuple(spec.order), columns),
        ("derived", spec.derived, _field_names(model)),
    ):
        what = "many-to-many field" if known is relations else "field"
        for name in names:
            if name not in known:
                message = f"{key!r} names {name!r}, which is no {what} of {spec.model}"
                yield Mistake("contentgit.E025", message, suggestion(name, known), where)


def _exclude_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    for name in spec.exclude:
        field = _field(model, name)
        if field is None:
            continue  # reported as an unknown name
        problem = _not_excludable(model, field)
        if problem:
            message, hint = problem
            message = f"'exclude' names {name!r}, {message}"
            yield Mistake("contentgit.E026", message, hint, where)
        elif _required(field) and not field.many_to_many:
            message = f"'exclude' names {name!r}, which must have a value and has no default"
            hint = (
                "an apply updates and deletes rows, but cannot create any: give the field a default"
            )
            yield Mistake("contentgit.W014", message, hint, where)
    for name in set(spec.exclude) & {path.partition("__")[0] for path in _paths(spec)}:
        message = f"'exclude' names {name!r}, which 'identity' needs"
        yield Mistake("contentgit.E026", message, "remove it from one of them", where)


def _not_excludable(model: type[Model], field: Field[Any, Any]) -> tuple[str, str] | None:
    if field in key_fields(model):
        return "which is the primary key", "remove it from 'exclude'"
    if not field.many_to_many and field not in model._meta.local_concrete_fields:
        owner = _label(field.model)
        return f"which is a field of {owner}", f"exclude it in the spec of {owner}"
    if not field.many_to_many and _required(field) and not unheld(field):
        message = "which must have a value and has no default: no row could be created"
        return message, "give the field a default, a db_default or null=True, or keep it"
    return None


def key_fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    """The fields of the primary key: several for a composite one."""
    key = model._meta.pk
    parts = getattr(key, "fields", None)
    return tuple(parts) if isinstance(parts, (list, tuple)) else (key,)


def _required(field: Field[Any, Any]) -> bool:
    """Whether a row cannot be created without being told a value of ``field``."""
    if field.null or field.has_default() or getattr(field, "generated", False):
        return False
    if getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED:
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    # Django gives texts, files and the like an empty string.
    return field.get_default() is None


# What merges are told of fields


def _order_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    for name, within in spec.order.items():
        field = _field(model, name)
        if field is None:
            continue  # reported as an unknown name
        reason = _no_content(model, spec, name)
        if not reason and not _is_integer(field):
            reason = ("which is no integer", "name the field whose numbers put rows in their order")
        if not reason and name in {path.partition("__")[0] for path in _paths(spec)}:
            reason = ("which 'identity' needs", "remove it from one of them")
        if not reason and name in spec.derived:
            reason = ("which 'derived' names too", "remove it from one of them")
        if reason:
            message = f"'order' names {name!r}, {reason[0]}"
            yield Mistake("contentgit.E032", message, reason[1], where)
        for each in within:
            yield from _within_problems(model, spec, name, each, where)


def _within_problems(
    model: type[Model], spec: ModelSpec, name: str, within: str, where: str
) -> Iterator[Mistake]:
    known = _values_of(model)
    if within not in known:
        message = f"'order' orders {name!r} within {within!r}, which is no column of {spec.model}"
        yield Mistake("contentgit.E025", message, suggestion(within, known), where)
        return
    reason = _no_content(model, spec, within)
    if within == name:
        reason = ("which is the same field", "name what the rows of one order share, or []")
    if reason:
        message = f"'order' orders {name!r} within {within!r}, {reason[0]}"
        yield Mistake("contentgit.E032", message, reason[1], where)


def _values_of(model: type[Model]) -> list[str]:
    """The names of columns and of generic foreign keys, which stand for two of them."""
    generics = [each.name for each in model._meta.private_fields if hasattr(each, "ct_field")]
    return [*(field.name for field in model._meta.concrete_fields), *generics]


def _together_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    known = _values_of(model)
    named: set[str] = set()
    for name in (name for group in spec.together for name in group):
        if name not in known:
            message = f"'together' names {name!r}, which is no column of {spec.model}"
            yield Mistake("contentgit.E025", message, suggestion(name, known), where)
        elif reason := _not_together(model, spec, name):
            message = f"'together' names {name!r}, {reason[0]}"
            yield Mistake("contentgit.E034", message, reason[1], where)
        if name in named:
            message = f"'together' names {name!r} in several groups"
            yield Mistake("contentgit.E035", message, "make one group of them", where)
        named.add(name)


def _not_together(model: type[Model], spec: ModelSpec, name: str) -> tuple[str, str] | None:
    """Why a field cannot be one value with others: it is no content, or merged by a rule of its own."""
    if name in {path.partition("__")[0] for path in _paths(spec)}:
        return "which 'identity' needs", "remove it from one of them"
    for key, names in (("order", spec.order), ("derived", spec.derived)):
        if name in names:
            return f"which {key!r} names too", "remove it from one of them"
    if getattr(_field(model, name), "auto_now", False):
        return "of which a merge takes the newer one (auto_now)", "remove it"
    return _no_content(model, spec, name)


def _derived_problems(model: type[Model], spec: ModelSpec, where: str) -> Iterator[Mistake]:
    needed = {path.partition("__")[0] for path in _paths(spec)}
    for name in spec.derived:
        if _field(model, name) is None:
            continue  # reported as an unknown name
        reason = _no_content(model, spec, name)
        if not reason and name in needed:
            reason = ("which 'identity' needs", "remove it from one of them")
        if reason:
            message = f"'derived' names {name!r}, {reason[0]}"
            yield Mistake("contentgit.E033", message, reason[1], where)


def _no_content(model: type[Model], spec: ModelSpec, name: str) -> tuple[str, str] | None:
    """Why a field is not in the records of ``model``, and what to do about it."""
    field = _field(model, name)
    if field is None or field.many_to_many:
        return None
    if name in spec.exclude:
        return "which 'exclude' leaves out", "remove it from one of them"
    if field in key_fields(model):
        return "which is the primary key", "name a field that is none"
    if field not in model._meta.local_concrete_fields:
        owner = _label(field.model)
        return f"which is a field of {owner}", f"name it in the spec of {owner}"
    if getattr(field, "generated", False):
        return "which the database computes", "remove it: it is no content"
    for each in model._meta.private_fields:
        if name in (getattr(each, "ct_field", ""), getattr(each, "fk_field", "")):
            return (
                f"which is a part of {each.name!r}",
                f"name {each.name!r}, where a reference can be",
            )
    return None


def _is_integer(field: Field[Any, Any]) -> bool:
    return isinstance(field, IntegerField) and not field.is_relation


# Identity


def _paths(spec: ModelSpec) -> tuple[str, ...]:
    return () if isinstance(spec.identity, str) else spec.identity


def _identity_problems(model: type[Model], spec: ModelSpec, where: str) -> list[Mistake]:
    if spec.identity == "natural":
        return _natural_problems(model, where)
    paths = _paths(spec)
    problems = [
        problem for path in paths if (problem := _path_problem(model, path, where)) is not None
    ]
    if problems or not paths:
        return problems
    if not _together_unique(model, paths):
        message = f"'identity' {list(paths)!r} is not unique: several rows could share it"
        known = "; ".join(str(sorted(names)) for names in unique_sets(model)) or "none"
        hint = f"add a UniqueConstraint, or name fields that are unique (unique sets: {known})"
        return [Mistake("contentgit.E028", message, hint, where)]
    return [
        Mistake(
            "contentgit.W005",
            f"'identity' names {path!r}, which may be NULL: a row with NULL there cannot be named",
            "make the field NOT NULL, or make sure that no row of the dataset has NULL there",
            where,
        )
        for path in paths
        if any(f.null for name in _columns(model, path) for f in _walk(model, name))
    ]


def _natural_problems(model: type[Model], where: str) -> list[Mistake]:
    missing = []
    if not hasattr(model, "natural_key"):
        missing.append("the method natural_key()")
    if not hasattr(model._default_manager, "get_by_natural_key"):
        missing.append("get_by_natural_key() on its default manager")
    if not missing:
        return []
    message = f"'identity' is 'natural', but {_label(model)} lacks {' and '.join(missing)}"
    hint = "write these methods, or name the fields: 'identity': ['slug']"
    return [Mistake("contentgit.E028", message, hint, where)]


def _walk(model: type[Model], path: str) -> list[Field[Any, Any]]:
    """The fields along ``path``; shorter than the path where it leads nowhere."""
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


def _generic_keys(model: type[Model]) -> dict[str, tuple[str, str]]:
    """The generic foreign keys by name, each with its two columns."""
    found = [each for each in model._meta.private_fields if hasattr(each, "ct_field")]
    return {each.name: (each.ct_field, each.fk_field) for each in found}


def _columns(model: type[Model], path: str) -> tuple[str, ...]:
    """The fields that a path of one name stands for: two for a generic foreign key."""
    return _generic_keys(model).get(path, (path,))


def _path_problem(model: type[Model], path: str, where: str) -> Mistake | None:
    generic = _generic_keys(model)
    if path in generic:
        return None
    for name, halves in generic.items():
        if path.partition("__")[0] in halves:
            message = f"'identity' names {path!r}, a half of the generic foreign key {name!r}"
            hint = f"name {name!r}: its columns hold keys of this database alone"
            return Mistake("contentgit.E042", message, hint, where)
    names = path.split("__")
    fields = _walk(model, path)
    if len(fields) == len(names):
        return None
    here = fields[-1].related_model if fields else model
    name = names[len(fields)]
    if not isinstance(here, type):
        message = f"'identity' names {path!r}, but {names[len(fields) - 1]!r} is no relation"
        return Mistake("contentgit.E027", message, "name a foreign key or a field of it", where)
    message = f"'identity' names {path!r}, but {name!r} is no column of {_label(here)}"
    hint = suggestion(name, [field.name for field in here._meta.concrete_fields])
    if name == "pk":
        hint = "write 'identity': 'pk'"
    return Mistake("contentgit.E027", message, hint, where)


def unique_sets(model: type[Model]) -> list[frozenset[str]]:
    """Names of fields that are unique together for all rows, those of multi-table parents too."""
    found = []
    for owner in (model, *model._meta.all_parents):
        meta = owner._meta
        found += [frozenset({field.name}) for field in meta.local_concrete_fields if field.unique]
        found += [frozenset(names) for names in meta.unique_together]
        found += [frozenset(constraint.fields) for constraint in meta.total_unique_constraints]
        found.append(frozenset(field.name for field in key_fields(owner)))
    return [names for names in dict.fromkeys(found) if names]


def _together_unique(model: type[Model], paths: Sequence[str]) -> bool:
    """Whether no two rows can have the same values at ``paths``.

    Paths through a foreign key stand for it where they are unique together on the other side.
    """
    names = {name for path in paths if "__" not in path for name in _columns(model, path)}
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

"""Datasets and model specs as values: which rows belong to a dump, and what may be done to them.

What projects write, plain dictionaries, is parsed here as far as that can be done without looking
at the models; :mod:`contentgit.db.spec_rules` looks at these. Problems are values, so that all of
them are reported at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from contentgit.errors import ConfigurationError
from contentgit.missing import MissingRule, effective, parse_missing

Identity: TypeAlias = Literal["pk", "natural", "uuid"] | tuple[str, ...]

OWNED: Final = "owned"
"""The licence to delete only rows that an earlier apply or commit of the dump has held."""

DeleteMissing: TypeAlias = bool | Literal["owned"]

FilesRule: TypeAlias = Literal["keep", "carry"]
"""Whether records have the names of files alone, or the files travel with their rows."""


class Mistake(NamedTuple):
    """Something wrong with settings, datasets or specs.

    ``id`` is ``"contentgit.E…"`` for what nothing can be done with, ``"contentgit.W…"`` for what
    works and is worth a look. ``where`` names the place, ``message`` what is wrong there, ``hint``
    what to write.
    """

    id: str
    message: str
    hint: str = ""
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    @property
    def is_error(self) -> bool:
        """Whether nothing can be done before it is mended."""
        return self.id.partition(".")[2].startswith("E")


@dataclass(frozen=True)
class ModelSpec:
    """The rows of one model that belong to a dump, and what an apply may do to them.

    ``filter`` holds keyword arguments of ``QuerySet.filter``. ``delete_missing`` licenses the
    deletion of rows that match the filter and are missing in the commit; :data:`OWNED` of those alone that
    a commit had which was applied or made here before. ``exclude`` names fields that are not content.
    ``hashed`` puts natural keys into folders by their SHA-1. ``order`` names integer fields that put rows in
    an order, each with the fields within whose equal values it does;
    ``derived`` names fields that the project computes from other content, ``together`` groups of fields that
    are one value. Without ``signals`` an apply calls no receiver of Django's model signals for these rows.
    With ``write_last`` an apply writes them after all others, since receivers and triggers write such rows.
    ``missing`` says by field what an apply does where the row that is referred to is missing. ``references``
    says by field where primary keys are inside of its texts or JSON, as the project wrote it. With
    ``keep_pk`` a new row gets the primary key that it had where it was made, if that is free. With ``tree``
    records hold the parent and the position of a row, in place of what a library for trees computes.
    ``files`` says whether files travel with their rows.
    """

    model: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    delete_missing: DeleteMissing = False
    ignore_missing_m2m: tuple[str, ...] = ()
    save_as_new: bool = False
    defer_values: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    identity: Identity = "pk"
    hashed: bool = False
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    signals: bool = True
    write_last: bool = False
    missing: Mapping[str, MissingRule] = field(default_factory=dict)
    keep_pk: bool = False
    references: Mapping[str, Any] = field(default_factory=dict)
    tree: bool = False
    files: FilesRule = "keep"


@dataclass(frozen=True)
class Dataset:
    """One dump: a dataset's name, the arguments it was called with, and the specs these gave."""

    name: str
    arguments: str
    specs: tuple[ModelSpec, ...]
    depends_on: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How people write it: ``districts`` or ``districts:42,43``."""
        return f"{self.name}:{self.arguments}" if self.arguments else self.name

    def specs_of(self, model: str) -> tuple[ModelSpec, ...]:
        """The specs that name ``model``; a row belongs to the dump when any of them matches."""
        return tuple(spec for spec in self.specs if spec.model == model)

    def may_miss(self, model: str) -> frozenset[str]:
        """The fields that leave out references to missing rows, if they are many-to-many fields."""
        return frozenset(name for name, rule in self.missing(model).items() if rule == "skip")

    def missing(self, model: str) -> Mapping[str, MissingRule]:
        """What is done about missing rows, by field; a field that is not named refuses.

        ``ignore_missing_m2m`` is a short form of it.
        """
        specs = self.specs_of(model)
        short: MissingRule = "skip"
        ignored = (dict.fromkeys(spec.ignore_missing_m2m, short) for spec in specs)
        return effective([*ignored, *(spec.missing for spec in specs)])

    def keeps(self, model: str) -> frozenset[str]:
        """The fields in which a merge keeps references to what the other side deleted."""
        rules = (rule for spec in self.specs_of(model) for rule in spec.missing.items())
        return frozenset(name for name, rule in rules if rule == "keep")

    @property
    def models(self) -> tuple[str, ...]:
        """Labels of the models, each once, in the order of the specs."""
        return tuple(dict.fromkeys(spec.model for spec in self.specs))


def raise_errors(problems: Iterable[Mistake], what: str) -> None:
    """Raises when there are errors among ``problems``; ``what`` names what has them.

    Raises:
        ConfigurationError: lists all of them.
    """
    errors = [problem for problem in problems if problem.is_error]
    if not errors:
        return
    message, hint = str(errors[0]), errors[0].hint
    if len(errors) > 1:
        message, hint = f"{len(errors)} problems in {what}", "'manage.py check' shows what to do"
    data = [{"id": p.id, "where": p.where, "message": p.message, "hint": p.hint} for p in errors]
    items = [str(problem) for problem in errors] if len(errors) > 1 else []
    raise ConfigurationError(message, hint=hint, items=items, data={"problems": data})


def suggestion(word: object, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest known one, else all of them (at most 20)."""
    names = sorted(known)
    near = difflib.get_close_matches(str(word), names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return "there are none"
    return f"known: {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"


def parse_specs(raws: object, where: str) -> tuple[list[tuple[str, ModelSpec]], list[Mistake]]:
    """The specs that a project's function gave, and everything wrong with their form.

    ``where`` names the dataset. Each spec comes with its place in it; a spec whose form is wrong is
    left out.
    """
    if isinstance(raws, (str, bytes, Mapping)) or not isinstance(raws, Iterable):
        hint = "return a list, for instance of specs_for_models([...])"
        given = type(raws).__name__
        return [], [Mistake("contentgit.E015", f"specs gave {given}, not a list", hint, where)]
    listed = list(raws)
    specs: list[tuple[str, ModelSpec]] = []
    problems: list[Mistake] = []
    for place, raw in zip(_places(listed, where), listed, strict=True):
        spec, found = parse_spec(raw, place)
        problems += found
        specs += [(place, spec)] if spec else []
    return specs, problems + _map_problems(listed, where)


def _places(raws: Iterable[object], where: str) -> list[str]:
    """The place of each spec: ``"dataset 'shop', spec 2 (bakery.product)"``."""
    places = []
    for number, raw in enumerate(raws, 1):
        model = raw.get("model") if isinstance(raw, Mapping) else None
        named = f" ({model})" if isinstance(model, str) and model else ""
        places.append(f"{where}, spec {number}{named}")
    return places


def parse_spec(raw: object, where: str) -> tuple[ModelSpec | None, list[Mistake]]:
    """One spec, and everything wrong with its form; ``None`` for the spec where anything is."""
    if not isinstance(raw, Mapping):
        message = f"a spec is a dictionary, not {type(raw).__name__}"
        hint = 'write {"model": "app.model"}'
        return None, [Mistake("contentgit.E020", message, hint, where)]
    problems: list[Mistake] = []
    if "model" not in raw:
        hint = 'write {"model": "app.model", ...}'
        problems.append(Mistake("contentgit.E020", "the spec has no 'model'", hint, where))
    values: dict[str, Any] = {}
    for key, value in raw.items():
        parse = _PARSERS.get(key) if isinstance(key, str) else None
        if parse is None:
            hint = suggestion(key, _PARSERS)
            problems.append(Mistake("contentgit.E020", f"unknown key {key!r}", hint, where))
            continue
        try:
            values[key] = parse(value)
        except _WrongValueError as wrong:
            message = f"{key!r} {wrong.message}, not {value!r}"
            problems.append(Mistake("contentgit.E021", message, wrong.hint, where))
    return (None if problems else ModelSpec(**values)), problems


class _WrongValueError(Exception):
    """A value of a form that its key does not take."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def _label(value: object) -> str:
    if isinstance(value, str) and value.count(".") == 1 and not value.startswith("."):
        return value.lower()
    raise _WrongValueError("must be a model's label", "write 'app.model'")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _WrongValueError("must be True or False", "write True or False")


def _delete_missing(value: object) -> DeleteMissing:
    if isinstance(value, Mapping) and set(value) == {"map"}:
        return True  # feincms3-data's form for dependents of save_as_new; see _map_problems
    if value == OWNED:
        return OWNED
    if isinstance(value, bool):
        return value
    raise _WrongValueError("must be True, False or 'owned'", "write True, False or 'owned'")


def _filter(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return dict(value)
    hint = "write what QuerySet.filter takes as keywords: {'pk__in': [1, 2]}"
    raise _WrongValueError("must be a dictionary of lookups", hint)


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(n, str) for n in value):
        return tuple(sorted(value) if isinstance(value, (set, frozenset)) else value)
    hint = f"write [{value!r}]" if isinstance(value, str) else "write ['field', ...]"
    raise _WrongValueError("must be a list of field names", hint)


def _order(value: object) -> Mapping[str, tuple[str, ...]]:
    hint = "write {'ordering': ['parent']}, or {'position': []} for an order of the whole model"
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _WrongValueError("must be a dictionary of fields to lists of fields", hint)
    for name, within in value.items():
        if not isinstance(within, (list, tuple, set, frozenset)):
            raise _WrongValueError(f"must have a list of field names for {name!r}", hint)
    return {name: _names(within) for name, within in value.items()}


def _together(value: object) -> tuple[tuple[str, ...], ...]:
    hint = "write [['price', 'price_currency']]: a list of lists of fields that are one value"
    if not isinstance(value, (list, tuple)):
        raise _WrongValueError("must be a list of lists of field names", hint)
    for group in value:
        named = isinstance(group, (list, tuple, set, frozenset))
        if not named or not all(isinstance(name, str) for name in group):
            raise _WrongValueError("must be a list of lists of field names", hint)
        if len(set(group)) < max(2, len(group)):
            raise _WrongValueError("must name at least two fields in each list, each once", hint)
    return tuple(map(_names, value))


def _missing(value: object) -> Mapping[str, MissingRule]:
    try:
        return parse_missing(value)
    except ValueError as wrong:
        raise _WrongValueError(*wrong.args) from wrong


def _references(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return dict(value)
    hint = "write {'body': {'a[data-page-id]': 'app.page'}, 'data': {'items.*.page': 'app.page'}}"
    raise _WrongValueError("must be a dictionary of fields", hint)


_FILES_RULES: Mapping[str, FilesRule] = {"keep": "keep", "carry": "carry"}


def _files(value: object) -> FilesRule:
    if isinstance(value, str) and value in _FILES_RULES:
        return _FILES_RULES[value]
    raise _WrongValueError("must be 'keep' or 'carry'", "write 'carry' to carry files with rows")


_IDENTITY_WORDS: Mapping[str, Identity] = {"pk": "pk", "natural": "natural", "uuid": "uuid"}


def _identity(value: object) -> Identity:
    if isinstance(value, str) and value in _IDENTITY_WORDS:
        return _IDENTITY_WORDS[value]
    hint = "write 'pk', 'natural', 'uuid' or a list of field names"
    if isinstance(value, (list, tuple)) and value and all(isinstance(n, str) for n in value):
        if len(set(value)) == len(value):
            return tuple(value)
        hint = "write each field once"
    elif isinstance(value, str):
        hint += f"; for a field: [{value!r}]"
    raise _WrongValueError("must say what names a row", hint)


def parse_identities(raw: object) -> tuple[dict[str, Identity], list[Mistake]]:
    """``CONTENTGIT["IDENTITIES"]`` by label, and everything wrong with its form."""
    found: dict[str, Identity] = {}
    problems: list[Mistake] = []
    where = 'CONTENTGIT["IDENTITIES"]'
    example = 'write "IDENTITIES": {"auth.user": ["username"]}'
    if not raw:
        return found, problems
    if not isinstance(raw, Mapping):
        message = f"{where} is a dictionary, not {raw!r}"
        return found, [Mistake("contentgit.E054", message, example)]
    for label, value in raw.items():
        try:
            found[_label(label)] = _identity(value)
        except _WrongValueError as wrong:
            message = f"{where} has {label!r}: {value!r}, which {wrong.message}"
            problems.append(Mistake("contentgit.E054", message, wrong.hint))
    return found, problems


_PARSERS: Mapping[str, Callable[[object], Any]] = {
    "model": _label,
    "filter": _filter,
    "delete_missing": _delete_missing,
    "ignore_missing_m2m": _names,
    "save_as_new": _flag,
    "defer_values": _names,
    "exclude": _names,
    "identity": _identity,
    "hashed": _flag,
    "order": _order,
    "derived": _names,
    "together": _together,
    "signals": _flag,
    "write_last": _flag,
    "missing": _missing,
    "keep_pk": _flag,
    "references": _references,
    "tree": _flag,
    "files": _files,
}


def _map_problems(raws: list[object], where: str) -> list[Mistake]:
    """``delete_missing: {"map": [(lookup, model), …]}`` means nothing without ``save_as_new``."""
    specs = [(n, raw) for n, raw in enumerate(raws) if isinstance(raw, Mapping)]
    new = {str(raw.get("model")).lower() for _, raw in specs if raw.get("save_as_new") is True}
    places = _places(raws, where)
    problems = []
    for number, raw in specs:
        flag = raw.get("delete_missing")
        if not isinstance(flag, Mapping) or set(flag) != {"map"}:
            continue
        models = _mapped(flag["map"])
        if models is None:
            message = "'map' in 'delete_missing' must be a list of pairs of lookup and model"
            hint = "write {'map': [('section__in', 'app.section')]}"
            problems.append(Mistake("contentgit.E021", message, hint, places[number]))
        elif models - new:
            message = "'delete_missing' maps keys of a model that is not saved as new"
            hint = "write True, or 'save_as_new': True on the spec of the mapped model"
            problems.append(Mistake("contentgit.E021", message, hint, places[number]))
    return problems


def _mapped(pairs: object) -> set[str] | None:
    """The models that a map names; ``None`` if it is none."""
    if not isinstance(pairs, list | tuple) or not pairs:
        return None
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            return None
    names = [str(part) for pair in pairs for part in pair]
    return {model.lower() for model in names[1::2]} if all(names) else None


_AGREED = (
    *("save_as_new", "identity", "exclude", "hashed", "order", "derived", "together", "signals"),
    *("write_last", "missing", "keep_pk", "references", "tree", "files"),
)


def conflicts(dataset: Dataset) -> list[Mistake]:
    """Specs of one model that contradict each other on what its records are."""
    problems = []
    for model in dataset.models:
        first, *others = dataset.specs_of(model)
        for name in _AGREED:
            if any(said(spec, name) != said(first, name) for spec in others):
                message = f"the specs of {model} differ in {name!r}"
                hint = f"give every spec of {model} the same {name!r}"
                where = f"dataset {dataset.name!r}"
                problems.append(Mistake("contentgit.E029", message, hint, where))
    return problems


def said(spec: ModelSpec, name: str) -> object:
    """What a spec has under a key, in a form in which two that mean the same are equal."""
    value = getattr(spec, name)
    if name == "missing":
        return {each: rule for each, rule in spec.missing.items() if rule != "refuse"}
    if name == "references":
        return {each: _comparable(places) for each, places in value.items()}
    if isinstance(value, Mapping):
        return {each: frozenset(within) for each, within in value.items()}
    if name == "together":
        return frozenset(map(frozenset, value))
    return frozenset(value) if name in ("exclude", "derived") else value


def _comparable(places: object) -> object:
    """The places of references, equal for two instances of one class that hold the same."""
    if isinstance(places, Mapping):
        return {name: _comparable(each) for name, each in places.items()}
    rules = getattr(places, "rules", None)
    if isinstance(rules, Mapping):
        return type(places), _comparable(rules)
    if type(places).__eq__ is not object.__eq__:
        return places
    return type(places), getattr(places, "__dict__", None)


def dependency_problems(depends_on: Mapping[str, Iterable[str]]) -> list[Mistake]:
    """Dependencies that do not exist, and circles; names may carry arguments (``districts:42``)."""
    edges = {
        name: tuple(needed.partition(":")[0] for needed in listed)
        for name, listed in depends_on.items()
    }
    problems = [
        Mistake(
            "contentgit.E013",
            f"depends on {needed!r}, which does not exist ({name} -> {needed})",
            suggestion(needed, set(edges) - {name}),
            f"dataset {name!r}",
        )
        for name, listed in edges.items()
        for needed in listed
        if needed not in edges
    ]
    return problems + [
        Mistake(
            "contentgit.E014",
            f"depends on itself: {' -> '.join((*path, path[0]))}",
            "remove one of these dependencies",
            f"dataset {path[0]!r}",
        )
        for path in _circles(edges)
    ]


def _circles(edges: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each circle that is met first, once, starting with its least name."""
    found: dict[tuple[str, ...], None] = {}
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = path[path.index(name) :]
            least = circle.index(min(circle))
            found[(*circle[least:], *circle[:least])] = None
        elif name not in done:
            for needed in edges.get(name, ()):
                walk(needed, (*path, name))
            done.add(name)

    for name in sorted(edges):
        walk(name, ())
    return list(found)

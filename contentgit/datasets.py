"""A project's datasets: the helpers that its module imports, and the evaluation of that module.

::

    from contentgit.datasets import specs_for_models

    def datasets():
        return {"shop": {"specs": lambda args: specs_for_models([Product, Tag])}}

A module written for feincms3-data works as it is once it imports from here. Nothing is evaluated
at import: :func:`load_datasets` calls the function, :meth:`DatasetDefinition.dump` the specs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from django.apps import apps
from django.db import Error as DatabaseFailure
from django.db.models import Model
from django.utils.module_loading import import_string

from contentgit.content.layout import FILES_FOLDER
from contentgit.db.late_keys import late_key_problems
from contentgit.db.missing_rules import missing_problems
from contentgit.db.outgoing import SETTING, declared_problems, local_references
from contentgit.db.spec_rules import resolve
from contentgit.db.spec_rules.models import no_rows
from contentgit.errors import UsageError
from contentgit.followups import Followup, followup_problems, parse_followups
from contentgit.specs import (
    Dataset,
    Identity,
    Mistake,
    ModelSpec,
    conflicts,
    dependency_problems,
    parse_specs,
    raise_errors,
    said,
    suggestion,
)

_NONE: Final[Mapping[str, Identity]] = MappingProxyType({})
DATASET_KEYS = ("specs", "depends_on", "mappers", "after_apply")


# What a project's module imports


def specs_for_models(
    models: Iterable[type[Model]], spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One spec for each of ``models``, in their order, each with the keys of ``spec``."""
    return [{**(spec or {}), "model": model._meta.label_lower} for model in models]


def specs_for_app_models(app: str, spec: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """One spec for each model of the app labelled ``app`` that has rows of its own.

    Raises:
        LookupError: no app with that label is installed.
    """
    return specs_for_models(_with_rows(apps.get_app_config(app).get_models()), spec)


def specs_for_derived_models(
    cls: type[Model], spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One spec for each model derived from ``cls``, at any depth, that has rows of its own."""
    return specs_for_models(_with_rows(dict.fromkeys(_derived(cls))), spec)


def _with_rows(models: Iterable[type[Model]]) -> list[type[Model]]:
    return [model for model in models if not no_rows(model)]


def _derived(cls: type[Model]) -> Iterator[type[Model]]:
    for derived in cls.__subclasses__():
        yield derived
        yield from _derived(derived)


# Evaluation


@dataclass(frozen=True)
class DatasetDefinition:
    """A dataset as the project's code defines it; its function makes the specs.

    ``siblings`` are all datasets of the project by name, this one too, and ``declared`` the identities of
    models that are in none.
    """

    name: str
    specs: Callable[[str], object]
    depends_on: tuple[str, ...] = ()
    mappers: bool = False
    siblings: Mapping[str, DatasetDefinition] = field(
        default_factory=dict, repr=False, compare=False
    )
    after_apply: tuple[Followup, ...] = ()
    declared: Mapping[str, Identity] = field(default_factory=dict, repr=False, compare=False)

    def dump(self, arguments: str = "") -> Dataset:
        """The dump that these arguments give.

        Raises:
            ConfigurationError: the specs function raised, or its specs are wrong; all is listed.
        """
        dataset, problems = self.evaluate(arguments)
        if arguments and not any(problem.is_error for problem in problems):
            problems += self._local_identities(dataset)
        raise_errors(problems, _where(self.name, arguments))
        return dataset

    def evaluate(self, arguments: str = "") -> tuple[Dataset, list[Mistake]]:
        """The dump without the specs that have errors or no rows, and everything found."""
        where = _where(self.name, arguments)
        problems: list[Mistake] = []
        raws: object = []
        try:
            raws = self.specs(arguments)
            if isinstance(raws, Iterable) and not isinstance(raws, (str, bytes, Mapping)):
                raws = list(raws)
        except Exception as error:
            # Any: it is the project's code. Its error is reported.
            raws, problems = [], [_raised(error, arguments, where)]
        parsed, found = parse_specs(raws, where)
        problems += found
        specs: list[ModelSpec] = []
        for place, spec in parsed:
            resolved, found = resolve(spec, place)
            problems += found
            if resolved:
                problems += missing_problems(resolved, place)
                specs.append(resolved)
        dataset = Dataset(self.name, arguments, tuple(specs), self.depends_on)
        return dataset, problems + conflicts(dataset)

    @property
    def needs_arguments(self) -> bool:
        """Whether the dataset can only be made with arguments: without them its function fails."""
        return _fails_for_want_of_arguments(self.evaluate()[1])

    def _local_identities(self, dataset: Dataset) -> list[Mistake]:
        """References are written by the identities known without arguments, so these must hold."""
        known = dict(self.declared)
        for sibling in self.siblings.values():
            for spec in sibling.evaluate()[0].specs:
                known.setdefault(spec.model, spec.identity)
        hint = "give the specs of each model the same 'identity' without arguments too"
        return [
            Mistake(
                "contentgit.E029",
                f"'identity' of {spec.model} is {spec.identity!r} here, "
                f"{known.get(spec.model, 'pk')!r} in the datasets without arguments",
                hint,
                _where(dataset.name, dataset.arguments),
            )
            for spec in dataset.specs
            if spec.identity != known.get(spec.model, "pk")
        ]


def _where(name: str, arguments: str = "") -> str:
    label = f"{name}:{arguments}" if arguments else name
    return f"dataset {label!r}"


def _raised(error: Exception, arguments: str, where: str) -> Mistake:
    message = f"the specs function raised {_first_line(error)}"
    if isinstance(error, DatabaseFailure):
        hint = "pass querysets into filters instead of reading rows, or migrate first"
        return Mistake("contentgit.E017", message, hint, where)
    # An environment variable that is not set raises KeyError, too: then the dataset must not be passed over.
    named = isinstance(error, KeyError) and error.args == ("",)
    if not arguments and (named or isinstance(error, (ValueError, IndexError))):
        hint = "give the dataset's arguments, as in NAME:ARGUMENTS, or mend the function"
        return Mistake("contentgit.E016", message, hint, where)
    return Mistake("contentgit.E015", message, "mend the function in the datasets module", where)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _fails_for_want_of_arguments(problems: Iterable[Mistake]) -> bool:
    """Whether all errors come from parsing an empty text, or from values a lookup refuses."""
    errors = {problem.id for problem in problems if problem.is_error}
    return bool(errors) and errors <= {"contentgit.E016", "contentgit.E024"}


def load_datasets(
    path: str, declared: Mapping[str, Identity] = _NONE
) -> Mapping[str, DatasetDefinition]:
    """Calls the function at the dotted ``path``; its datasets by name, in its order.

    ``declared`` are the identities of models that are in no dataset, by label.

    Raises:
        ConfigurationError: it cannot be imported, raised, or gave something else; all is listed.
    """
    definitions, problems = _definitions(path, declared)
    raise_errors(problems, path)
    return definitions


def parse_dump_argument(text: str) -> tuple[str, str]:
    """``"districts:42,43"`` is ``("districts", "42,43")``; without colon the arguments are empty.

    Raises:
        UsageError: there is no name.
    """
    name, _, arguments = text.partition(":")
    if not name:
        raise UsageError(f"{text!r} names no dataset", hint="write NAME or NAME:ARGUMENTS")
    return name, arguments


def identities(
    definitions: Mapping[str, DatasetDefinition],
    declared: Mapping[str, Identity] = _NONE,
) -> Mapping[str, Identity]:
    """The identity of each model in any dataset, and what is ``declared`` of others, by label.

    A dataset that cannot be made without arguments is left out.

    Raises:
        ConfigurationError: a dataset or a declared identity is wrong, or two of them disagree.
    """
    datasets: list[Dataset] = []
    for definition in definitions.values():
        dataset, problems = definition.evaluate()
        if not _fails_for_want_of_arguments(problems):
            raise_errors(problems, _where(definition.name))
            datasets.append(dataset)
    problems = declared_problems(declared) + _disagreements(datasets, declared)
    raise_errors(problems, "the datasets")
    own = {spec.model: spec.identity for dataset in datasets for spec in dataset.specs}
    return {**declared, **own}


# Everything at once, for the system checks


def validate(path: str, declared: Mapping[str, Identity] = _NONE) -> list[Mistake]:
    """Everything wrong with the datasets at the dotted ``path``, as they are without arguments.

    ``declared`` are the identities of models that are in no dataset, by label.
    """
    definitions, problems = _definitions(path, declared)
    datasets = []
    whole = True
    for definition in definitions.values():
        dataset, found = definition.evaluate()
        datasets.append(dataset)
        whole &= not any(problem.is_error for problem in found)
        problems += _as_checked(definition, found)
    problems += declared_problems(declared) + _disagreements(datasets, declared)
    if whole:  # else it is not known which models are in no dataset
        problems += local_references(datasets, declared)
    return problems + late_key_problems(datasets)


def _as_checked(definition: DatasetDefinition, found: list[Mistake]) -> list[Mistake]:
    where = _where(definition.name)
    if definition.mappers:
        message = "'mappers' are not called: rows are written as they are in the database"
        hint = "name fields that are not content in 'exclude', and remove 'mappers'"
        found = [*found, Mistake("contentgit.W004", message, hint, where)]
    errors = [problem for problem in found if problem.is_error]
    if _fails_for_want_of_arguments(errors) or [p.id for p in errors] == ["contentgit.E017"]:
        message = f"cannot be checked without arguments: {errors[0].message}"
        hint = "let it give its specs for an empty argument too, with filters that match nothing"
        if errors[0].id == "contentgit.E017":
            message = f"cannot be checked without its database: {errors[0].message}"
            hint = errors[0].hint
        warning = Mistake("contentgit.W003", message, hint, where)
        found = [warning, *(problem for problem in found if not problem.is_error)]
    return found


_SAID_ONCE: Final = ("identity", "signals", "write_last", "keep_pk", "references", "tree")


def _disagreements(datasets: Iterable[Dataset], declared: Mapping[str, Identity]) -> list[Mistake]:
    """Datasets that contradict each other, or the settings, about the rows of one model."""
    first: dict[tuple[str, str], tuple[str, object]] = {
        (label, "identity"): (SETTING, identity) for label, identity in declared.items()
    }
    problems: dict[tuple[str, str, str], Mistake] = {}
    for dataset in datasets:
        where = _where(dataset.name)
        for spec, key in itertools.product(dataset.specs, _SAID_ONCE):
            here = said(spec, key)
            name, there = first.setdefault((spec.model, key), (dataset.name, here))
            if there == here or name == dataset.name:
                continue
            message = f"{key!r} of {spec.model} is {here!r}, in {name!r} {there!r}"
            if key == "references":  # what rules and objects look like says little
                message = f"{key!r} of {spec.model} is not the same as in {name!r}"
            hint = f"give every spec of {spec.model} the same {key!r}"
            problems[where, spec.model, key] = Mistake("contentgit.E029", message, hint, where)
    return list(problems.values())


# The function that the settings name


def _definitions(
    path: str, declared: Mapping[str, Identity]
) -> tuple[dict[str, DatasetDefinition], list[Mistake]]:
    where = f"datasets at {path!r}"
    try:
        function = import_string(path)
    except Exception as error:
        # Any: importing runs the project's code.
        message = f"cannot be imported: {_first_line(error)}"
        hint = 'CONTENTGIT["DATASETS"] names a function: "app.datasets.datasets"'
        return {}, [Mistake("contentgit.E005", message, hint, where)]
    hint = 'write def datasets(): return {"name": {"specs": lambda args: [...]}}'
    if not callable(function):
        message = f"is {type(function).__name__}, not a function"
        return {}, [Mistake("contentgit.E006", message, hint, where)]
    try:
        raw = function()
    except Exception as error:
        message = f"raised {_first_line(error)}"
        return {}, [Mistake("contentgit.E006", message, "mend the function", where)]
    if not isinstance(raw, Mapping):
        message = f"gave {type(raw).__name__}, not a dictionary"
        return {}, [Mistake("contentgit.E006", message, hint, where)]
    return define_datasets(raw, declared)


def define_datasets(
    raw: Mapping[object, object], declared: Mapping[str, Identity] = _NONE
) -> tuple[dict[str, DatasetDefinition], list[Mistake]]:
    """What a project's function gave, as definitions, and everything wrong with their form."""
    definitions: dict[str, DatasetDefinition] = {}
    problems: list[Mistake] = []
    for name, entry in raw.items():
        found = _entry_problems(name, entry)
        if not isinstance(name, str) or not name or ":" in name or name.startswith("-"):
            message = f"{name!r} cannot be a dataset's name"
            hint = "use letters, digits, '-' and '_'"
            found.insert(0, Mistake("contentgit.E010", message, hint, "datasets"))
        if name == FILES_FOLDER:
            message = f"{name!r} cannot be a dataset's name: commits have the files of rows there"
            found.insert(0, Mistake("contentgit.E039", message, "give it another name", "datasets"))
        problems += found
        if not found and isinstance(name, str) and isinstance(entry, Mapping):
            definitions[name] = DatasetDefinition(
                name,
                entry["specs"],
                tuple(entry.get("depends_on") or ()),
                bool(entry.get("mappers")),
                definitions,
                parse_followups(entry.get("after_apply")),
                declared,
            )
    known = {str(name): () for name in raw} | {d.name: d.depends_on for d in definitions.values()}
    return definitions, problems + dependency_problems(known)


def _entry_problems(name: object, entry: object) -> list[Mistake]:
    where = f"dataset {name!r}"
    hint = 'write {"specs": lambda args: [...]}'
    if not isinstance(entry, Mapping):
        message = f"is {type(entry).__name__}, not a dictionary"
        return [Mistake("contentgit.E011", message, hint, where)]
    problems = [
        Mistake("contentgit.E011", f"unknown key {key!r}", suggestion(key, DATASET_KEYS), where)
        for key in entry
        if key not in DATASET_KEYS
    ]
    if not callable(entry.get("specs")):
        message = "'specs' must be a function of the dataset's arguments"
        problems.append(Mistake("contentgit.E011", message, hint, where))
    needed = entry.get("depends_on") or ()
    if not isinstance(needed, (list, tuple)) or not all(isinstance(n, str) for n in needed):
        message = f"'depends_on' must be a list of names of datasets, not {needed!r}"
        problems.append(Mistake("contentgit.E012", message, "write ['name', ...]", where))
    return [*problems, *followup_problems(entry.get("after_apply"), where)]

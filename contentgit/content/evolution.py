"""How a schema came to be: migrations and their steps as values, which ``dataset.json`` holds.

A :class:`Standing` is where the code of a site stood when it wrote a dump: the leaf migrations of its apps,
and the migrations since the first that was recorded, each with what it did to the schema. It needs no Django
to be read. What the steps make of a record is given by :mod:`contentgit.content.lenses`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple, TypeAlias

from contentgit.content.diff import ABSENT, Absent
from contentgit.content.documents import MISFITS, misfit, texts, typed
from contentgit.content.records import Value
from contentgit.content.values import content_value, json_value
from contentgit.errors import FormatError

_LABEL: Final = re.compile(r"\w+\.\w+")
_FIELD: Final = re.compile(r"\w+")
_MIGRATION: Final = re.compile(r"\w+\.\w[\w.-]*")
LONGEST: Final = 300
"""Characters of a name; Django's own are shorter."""

_UNNAMED: Final = re.compile(r"[^\w.,() -]")

KEY: Final = "$key"
"""The name of the primary key in a step."""


class Conversion(enum.StrEnum):
    """How a value of another kind of field is read; equal on all databases."""

    SAME = "same"  # the content has the same form
    TEXT = "text"  # an integer becomes its digits
    INTEGER = "integer"  # true becomes 1
    UUID = "uuid"  # text becomes a hyphenated UUID, if it is one
    PLACES = "places"  # a decimal gets so many places, if none is lost
    NONE = "none"  # no conversion is exact


class AddedField(NamedTuple):
    """``default`` is what the migration wrote into the rows there were; ``ABSENT`` if that is not known."""

    model: str
    field: str
    default: Value | Absent = ABSENT


class RemovedField(NamedTuple):
    """The values of the field are gone."""

    model: str
    field: str


class RenamedField(NamedTuple):
    """The field ``field`` is called ``to``."""

    model: str
    field: str
    to: str


class RetypedField(NamedTuple):
    """The field, or the primary key (``"$key"``), is of another kind.

    ``places`` are those of a decimal. ``null`` is what NULL becomes where the field takes it no more;
    ``ABSENT`` where that is not known, or where it still takes it.
    """

    model: str
    field: str
    conversion: Conversion
    places: int | None = None
    null: Value | Absent = ABSENT


class AddedModel(NamedTuple):
    """The model has no rows yet."""

    model: str


class RemovedModel(NamedTuple):
    """The rows of the model are gone."""

    model: str


class RenamedModel(NamedTuple):
    """The model ``model`` is called ``to``, possibly in another app."""

    model: str
    to: str


class NamedByUuid(NamedTuple):
    """The rows of the model are named by UUIDs from now on: see :func:`contentgit.content.uuids.uuid_of`.

    No operation does that, but the spec. The migration that holds it is one of contentgit's own.
    """

    model: str

    @property
    def migration(self) -> str:
        """The name of that migration, which no file can have."""
        return f"{self.model}.uuid"


class OpaqueStep(NamedTuple):
    """An operation of which nothing is known but its name: code, SQL, or an operation of a project's own."""

    operation: str


SchemaStep: TypeAlias = (
    AddedField
    | RemovedField
    | RenamedField
    | RetypedField
    | AddedModel
    | RemovedModel
    | RenamedModel
    | NamedByUuid
    | OpaqueStep
)


class Migration(NamedTuple):
    """A migration by name (``"pages.0013_intro"``), those recorded before it that it needs, and its steps."""

    name: str
    after: tuple[str, ...] = ()
    steps: tuple[SchemaStep, ...] = ()

    @property
    def app(self) -> str:
        """The label of its app."""
        return self.name.partition(".")[0]

    @property
    def naming(self) -> str:
        """The model that is named by UUIDs from this migration on, which is in no file; else ``""``."""
        return next((each.model for each in self.steps if isinstance(each, NamedByUuid)), "")


@dataclass(frozen=True)
class Standing:
    """The migrations of a dump's apps since the first recorded ones, each after those that it needs.

    Empty where nothing is recorded: no app has migrations, or the dump was written by contentgit before it
    recorded them.
    """

    history: tuple[Migration, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the migrations."""
        return frozenset(migration.name for migration in self.history)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """The migrations that no other of their app needs."""
        needed = {name for each in self.history for name in each.after if _app(name) == each.app}
        return self.names - needed

    def since(self, older: Standing) -> tuple[Migration, ...] | None:
        """The migrations between an older standing and this one; ``None`` if that is not in its past."""
        if not older.history or not older.leaves <= self.names:
            return None
        known = self._past(older.leaves)
        return tuple(each for each in self.history if each.name not in known)

    def beyond(self, other: Standing) -> tuple[Migration, ...]:
        """The migrations that the other one does not have, and that none needs which it has."""
        known = self._past(self.names & other.names)
        return tuple(each for each in self.history if each.name not in known)

    def begins_like(self, other: Standing) -> bool:
        """Whether both know a migration in common of each app of which both know any."""
        common = {_app(name) for name in self.names & other.names}
        apps, others = ({each.app for each in one.history} for one in (self, other))
        return bool(common) and common >= apps & others

    def _past(self, names: Iterable[str]) -> set[str]:
        """The migrations of these names, and all that they need."""
        by_name = {each.name: each for each in self.history}
        known: set[str] = set()
        left = [*names]
        while left:
            name = left.pop()
            if name not in known:
                known.add(name)
                left += by_name[name].after
        return known

    def joined(self, other: Standing) -> Standing:
        """All migrations of both, each after those that it needs; the order does not depend on the side.

        Raises:
            FormatError: two migrations need each other.
        """
        every = {each.name: each for each in self.history}
        for each in other.history:
            own = every.setdefault(each.name, each)
            if own != each:  # a migration that was edited after it was recorded
                after = tuple(sorted({*own.after, *each.after}))
                every[each.name] = max(own, each, key=repr)._replace(after=after)
        graph = TopologicalSorter({each.name: each.after for each in every.values()})
        try:
            graph.prepare()
        except CycleError as error:
            names = ", ".join(sorted({*error.args[1]}))
            raise FormatError(f"its migrations need each other: {names}") from error
        found: list[Migration] = []
        ready = sorted(graph.get_ready())
        while ready:
            name = heappop(ready)
            if name in every:
                found.append(every[name])
            graph.done(name)
            for following in graph.get_ready():
                heappush(ready, following)
        return Standing(tuple(found))


NO_STANDING: Final = Standing()
"""That of a dump of which nothing is recorded."""


def _app(migration: str) -> str:
    return migration.partition(".")[0]


# What it means for content


class LostValues(NamedTuple):
    """How many records have a value that the newer schema has no place for."""

    model: str
    field: str
    migration: str
    records: int


class SchemaChange(NamedTuple):
    """What happened to the schema of a dump between two commits.

    ``backwards`` is whether the first commit is the newer one; ``dropped``, whether older code made the
    second one on top of it. ``apart`` is whether each has migrations that the other lacks: these are those of
    the second commit, or with ``backwards`` of the first. ``left_out`` are models, and how many records the
    commit has of each, that the code's dataset does not have. ``unrecorded`` are fields of the code that no
    known migration added.
    """

    dump: str
    migrations: tuple[Migration, ...] = ()
    lost: tuple[LostValues, ...] = ()
    backwards: bool = False
    left_out: tuple[tuple[str, int], ...] = ()
    dropped: bool = False
    unrecorded: tuple[str, ...] = ()
    apart: bool = False

    @property
    def words(self) -> str:
        """Which side is the older one, if that is not the first; else ``""``."""
        if self.apart:
            return f"the {'first' if self.backwards else 'second'} commit alone has this"
        if self.dropped:
            return "the second commit was made by code from before"
        return "the first commit is the newer one" if self.backwards else ""


# As a document


def history_document(standing: Standing) -> list[dict[str, Any]]:
    """The migrations as JSON values, in their order."""
    return [
        {
            "migration": each.name,
            **({"after": list(each.after)} if each.after else {}),
            **({"steps": [_step(step) for step in each.steps]} if each.steps else {}),
        }
        for each in standing.history
    ]


def leaves_document(standing: Standing) -> dict[str, list[str]]:
    """The names of the leaf migrations by app, for those who read the document."""
    found: dict[str, list[str]] = {}
    files = Standing(tuple(each for each in standing.history if not each.naming))
    for leaf in sorted(files.leaves):
        app, _, name = leaf.partition(".")
        found.setdefault(app, []).append(name)
    return found


def parse_history(document: Any) -> Standing:
    """The standing that :func:`history_document` describes.

    A step that this format does not have is read as opaque.

    Raises:
        FormatError: the document is not of that form, or a migration is listed twice or before one that it
            needs.
    """
    found: dict[str, Migration] = {}
    try:
        for each in typed(document, list):
            name = _named(_MIGRATION, each["migration"])
            after = texts(each.get("after", []))
            if name in found or not found.keys() >= {*after}:
                raise FormatError(f"migration {name} is listed twice, or before one that it needs")
            steps = tuple(_parsed_step(step) for step in typed(each.get("steps", []), list))
            found[name] = Migration(name, after, steps)
    except MISFITS as error:
        raise FormatError(f"does not list its migrations: {misfit(error)}") from error
    return Standing(tuple(found.values()))


def _step(step: SchemaStep) -> dict[str, Any]:
    match step:
        case AddedField(model, name, default):
            return {"add_field": f"{model}.{name}", **_optional("default", default)}
        case RemovedField(model, name):
            return {"remove_field": f"{model}.{name}"}
        case RenamedField(model, name, to):
            return {"rename_field": f"{model}.{name}", "to": to}
        case RetypedField(model, name, conversion, places, null):
            found = {"retype_field": f"{model}.{name}", "conversion": conversion.value}
            more = {} if places is None else {"places": places}
            return {**found, **more, **_optional("null", null)}
        case AddedModel(model):
            return {"add_model": model}
        case RemovedModel(model):
            return {"remove_model": model}
        case RenamedModel(model, to):
            return {"rename_model": model, "to": to}
        case NamedByUuid(model):
            return {"name_by_uuid": model}
        case OpaqueStep(operation):
            return {"opaque": operation}


def _optional(name: str, value: Value | Absent) -> dict[str, Any]:
    return {} if value is ABSENT else {name: json_value(value)}


def _parsed_step(step: Any) -> SchemaStep:
    parse = next((parse for name, parse in _PARSERS.items() if name in typed(step, dict)), None)
    return parse(step) if parse else OpaqueStep("a step of another format")


def _named(pattern: re.Pattern[str], text: Any) -> str:
    """A name of the project's; what is printed as it is must be one."""
    if not pattern.fullmatch(typed(text, str)) or len(text) > LONGEST:
        raise ValueError(f"{text!r:.60} is not the name of a migration, a model or a field")
    return str(text)


def _field_of(text: Any) -> tuple[str, str]:
    """Model and field of ``"app.model.field"``."""
    model, _, name = typed(text, str).rpartition(".")
    return _named(_LABEL, model), name if name == KEY else _named(_FIELD, name)


def _held(step: Any, name: str) -> Value | Absent:
    return content_value(step[name]) if name in step else ABSENT


def _parsed_retyping(step: Any) -> SchemaStep:
    places = step.get("places")
    return RetypedField(
        *_field_of(step["retype_field"]),
        Conversion(step["conversion"]),
        None if places is None else typed(places, int),
        _held(step, "null"),
    )


_PARSERS: Final[Mapping[str, Callable[[Any], SchemaStep]]] = {
    "add_field": lambda step: AddedField(*_field_of(step["add_field"]), _held(step, "default")),
    "remove_field": lambda step: RemovedField(*_field_of(step["remove_field"])),
    "rename_field": lambda step: RenamedField(
        *_field_of(step["rename_field"]), _named(_FIELD, step["to"])
    ),
    "retype_field": _parsed_retyping,
    "add_model": lambda step: AddedModel(_named(_LABEL, step["add_model"])),
    "remove_model": lambda step: RemovedModel(_named(_LABEL, step["remove_model"])),
    "rename_model": lambda step: RenamedModel(
        _named(_LABEL, step["rename_model"]), _named(_LABEL, step["to"])
    ),
    "name_by_uuid": lambda step: NamedByUuid(_named(_LABEL, step["name_by_uuid"])),
    "opaque": lambda step: OpaqueStep(_UNNAMED.sub("?", typed(step["opaque"], str)[:100])),
}

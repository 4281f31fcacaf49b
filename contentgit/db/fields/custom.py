"""Codecs of the project's own: ``CONTENTGIT["CODECS"]`` names them by the class of the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field
from django.db.models.expressions import Col
from django.utils.module_loading import import_string

from contentgit import config
from contentgit.content.records import Value
from contentgit.content.schema import FieldKind
from contentgit.content.values import json_value, same
from contentgit.db.fields.plain import AnyField
from contentgit.db.fields.values import Codec, refused
from contentgit.errors import RecordError
from contentgit.specs import Mistake, raise_errors

METHODS = ("to_content", "from_content")


def problems() -> list[Mistake]:
    """What is wrong with the codecs of the settings; imports them."""
    return [problem for cls, codec in config.codecs().items() for problem in _problems(cls, codec)]


def _problems(cls: str, codec: str) -> Iterator[Mistake]:
    where = 'CONTENTGIT["CODECS"]'
    found = {}
    for path in (cls, codec):
        try:
            found[path] = import_string(path)
        except Exception as error:
            # Any: importing runs the project's code.
            message = f"{path!r} cannot be imported: {type(error).__name__}: {error}"
            hint = 'write {"app.fields.ShapeField": "app.codecs.ShapeCodec"}'
            yield Mistake("contentgit.E052", message, hint, where)
    made = found.get(codec)
    missing = [name for name in METHODS if not callable(getattr(made, name, None))]
    if made is not None and missing:
        message = f"{codec!r} has no method {' and no '.join(missing)}"
        hint = "write to_content(value), which gives JSON, and from_content(content), its inverse"
        yield Mistake("contentgit.E052", message, hint, where)
    elif made is not None:
        try:
            _made(made)
        except Exception as error:
            # Any: the project's code runs.
            message = f"no codec can be made of {codec!r}: {type(error).__name__}: {error}"
            hint = "give its class an __init__ that needs no arguments"
            yield Mistake("contentgit.E052", message, hint, where)
    field = found.get(cls)
    if field is not None and not (isinstance(field, type) and issubclass(field, Field)):
        message = f"{cls!r} is not a field class"
        hint = "name the class of a model's field"
        yield Mistake("contentgit.E053", message, hint, where)


def _made(found: Any) -> Any:
    """The codec that a path leads to: a class, or an instance of one."""
    return found() if isinstance(found, type) else found


def custom_codec(field: AnyField, connection: BaseDatabaseWrapper) -> Codec | None:
    """The codec that the settings name for the field's class, or for one that it is derived from.

    Raises:
        ConfigurationError: a codec cannot be imported.
    """
    named = _codec_of(field)
    if named is None:
        return None
    name, made = named

    def prepared(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    outer = _Outer(name, _made(made), prepared)
    expression = Col("", field)
    converters = [
        *connection.ops.get_db_converters(expression),
        *field.get_db_converters(connection),  # type: ignore[attr-defined]
    ]

    def read(raw: Any) -> Any:
        value = raw
        for converter in converters:
            value = converter(value, expression, connection)
        return value

    def encode(raw: Any) -> Value:
        return outer.encode(outer.call(read, raw))

    def param(value: Any) -> Any:
        return outer.call(prepared, value)

    return Codec(FieldKind.CUSTOM, encode, outer.decode, param)


def is_custom(field: AnyField) -> bool:
    """Whether the settings name a codec for the field."""
    return _codec_of(field) is not None


def _codec_of(field: AnyField) -> tuple[str, Any] | None:
    paths = config.codecs()
    if not paths:
        return None
    raise_errors(problems(), 'CONTENTGIT["CODECS"]')
    codecs = {import_string(cls): codec for cls, codec in paths.items()}
    for cls in type(field).__mro__:
        if cls in codecs:
            return codecs[cls], import_string(codecs[cls])
    return None


class _Outer:
    """The project's codec, checked: it must read back the same value that it writes."""

    def __init__(self, name: str, codec: Any, prepared: Callable[[Any], Any]) -> None:
        self.name = name
        self.codec = codec
        self.prepared = prepared

    def call(self, function: Any, value: Any) -> Any:
        try:
            return function(value)
        except RecordError:
            raise
        except Exception as error:
            raise RecordError(
                f"codec {self.name}: {type(error).__name__}: {error}",
                hint="the error comes from the project's code",
            ) from error

    def encode(self, value: Any) -> Value:
        content = self._content(value)
        back = self.call(self.codec.from_content, content)
        again = self._content(back)
        if not same(content, again):
            raise RecordError(
                f"codec {self.name}: from_content does not read back what to_content has written: "
                f"{content!r:.60} becomes {again!r:.60}"
            )
        # Either suffices: a class may not define equality, an encryption is never the same twice.
        if not _are_equal(value, back) and not _are_equal(
            *self.call(lambda values: [*map(self._column, values)], (value, back))
        ):
            raise RecordError(
                f"codec {self.name}: from_content does not give back what to_content was given: "
                f"{value!r:.60} becomes {back!r:.60}",
                hint="write all of the value as content; two values are one if they are equal (==), or "
                "if the field's get_db_prep_save makes the same of them",
            )
        return content

    def decode(self, content: Value) -> Any:
        value = self.call(self.codec.from_content, content)
        if not same(self._content(value), content):
            raise refused(content, f"a value as codec {self.name} writes it")
        return value

    def _content(self, value: Any) -> Value:
        content = self.call(self.codec.to_content, value)
        try:
            json_value(content)  # refuses what is none
        except RecordError as error:
            raise RecordError(f"codec {self.name}: {error.message}", hint=error.hint) from error
        if content is None:
            raise RecordError(f"codec {self.name} made null of a value that is not NULL")
        return content

    def _column(self, value: Any) -> Any:
        prepared = self.prepared(value)
        return getattr(prepared, "obj", prepared)  # psycopg's wrapper of JSON


def _are_equal(first: Any, second: Any) -> bool:
    # By repr where == is no answer: NaN, arrays of numpy, what a project's __eq__ raises for.
    try:
        equal = bool(first == second)
    except Exception:
        equal = False
    return equal or (type(first) is type(second) and repr(first) == repr(second))

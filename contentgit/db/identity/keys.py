"""Keys of one model: how a key follows from a primary key, and the fields of a natural key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.base import ModelState

from contentgit.content.layout import decode_part, encode_part, key_text
from contentgit.content.schema import UUID_NAME, FieldKind, KeyKind
from contentgit.db.fields.values import Codec, itself
from contentgit.db.queries import Row
from contentgit.errors import ConfigurationError, RecordError

_DEPTH = 3
"""A natural key may go through so many relations in a row."""


class KeyPart(NamedTuple):
    """One part of a key: its Python value to what stands in ``$key``, and back from its text.

    Of several columns (``width``) there are as many values; ``decode`` is only for parts of primary keys.
    ``check`` refuses a value that the column cannot hold. ``encode`` gives ``None`` for a reference to a row
    that is not there or has no key; ``target`` is its model.
    """

    kind: KeyKind
    encode: Callable[..., Any]
    decode: Callable[[str], Any]
    width: int = 1
    check: Callable[[Any], Any] = itself
    target: str = ""

    def known(self, value: Any) -> Any:
        """What stands for the value, in the key of a row that must have one.

        Raises:
            RecordError: it refers to a row without a key.
        """
        found = self.encode(value)
        if found is None:
            raise RecordError(
                f"{self.target} with primary key {value!r} does not exist, or has no key itself"
            )
        return found


class Keys(Protocol):
    """The keys of one model. ``fields`` names what they are made of; empty for the primary key."""

    kind: KeyKind
    fields: tuple[str, ...]

    def text(self, pk: Any) -> str | None: ...

    def pk(self, text: str) -> Any: ...


class PrimaryKeys:
    """The key is the primary key, or that which the row is about to get."""

    fields: tuple[str, ...] = ()

    def __init__(self, parts: Sequence[KeyPart]) -> None:
        self._parts = parts
        self._one = parts[0] if len(parts) == 1 else None
        self.kind = self._one.kind if self._one else KeyKind.COMPOSITE
        self.call({})

    def call(self, keys: Mapping[str, str]) -> None:
        """Call the rows with these primary keys, by text, otherwise; nothing has their old names then."""
        self.called = keys
        self._meant: dict[str, str | None] = dict.fromkeys(keys)
        self._meant |= {new: old for old, new in keys.items()}

    def text(self, pk: Any) -> str:
        if self.called:
            text = self._text(pk)
            return self.called.get(text, text)
        return self._text(pk)

    def pk(self, text: str) -> Any:
        meant = self._meant.get(text, text) if self.called else text
        return None if meant is None else self._pk(meant)

    def pks(self, texts: Sequence[str]) -> list[Any]:
        """:meth:`pk` of each; numbers are read and checked together."""
        if self.called or self._one is None or self.kind is not KeyKind.INTEGER or not texts:
            return list(map(self.pk, texts))
        numbers = list(map(int, texts))
        if list(map(str, numbers)) != list(texts):
            raise ValueError("a text is not a key")
        self._one.check(min(numbers))
        self._one.check(max(numbers))
        return numbers

    def _text(self, pk: Any) -> str:
        if self.kind is KeyKind.INTEGER and type(pk) is int:
            return str(pk)
        if self._one:
            return key_text(self._one.known(pk))
        return key_text([part.known(value) for part, value in zip(self._parts, pk, strict=True)])

    def _pk(self, text: str) -> Any:
        if self.kind is KeyKind.INTEGER:
            assert self._one is not None
            number = int(text)
            if str(number) != text:
                raise ValueError(f"{text!r} is not a key")
            self._one.check(number)
            return number
        if self._one:
            return self._one.decode(decode_part(text))
        texts = text.split(",")
        if len(texts) != len(self._parts):
            raise ValueError(f"{text!r} is not a key of {len(self._parts)} parts")
        pairs = zip(self._parts, texts, strict=True)
        return tuple(part.decode(decode_part(each)) for part, each in pairs)


class TargetKeys:
    """The primary key is a reference: the key is that of the row it points at."""

    def __init__(
        self, name: str, target: Keys, text: Callable[[Any], str | None], pk: Callable[[str], Any]
    ) -> None:
        self.kind = target.kind
        paths = (each if each == UUID_NAME else f"{name}__{each}" for each in target.fields)
        self.fields = tuple(paths)
        self.text = text
        self.pk = pk
        self.target = target if pk == target.pk else None


def pks(keys: Keys, texts: Sequence[str]) -> list[Any]:
    """The primary keys of the rows with these keys, as ``pk`` gives them."""
    if isinstance(keys, TargetKeys) and keys.target is not None:
        return pks(keys.target, texts)
    return keys.pks(texts) if isinstance(keys, PrimaryKeys) else list(map(keys.pk, texts))


@dataclass
class MappedKeys:
    """The key is made of other fields; both ways are held in memory."""

    label: str
    fields: tuple[str, ...]
    parts: Sequence[KeyPart]
    rows: Callable[[], list[tuple[Any, Row]]]
    _both: tuple[dict[Any, str], dict[str, Any]] | None = None
    _loading: bool = False

    def __post_init__(self) -> None:
        self.kind = self.parts[0].kind if len(self.parts) == 1 else KeyKind.COMPOSITE

    def text(self, pk: Any) -> str | None:
        return self._loaded()[0].get(pk)

    def pk(self, text: str) -> Any:
        return self._loaded()[1].get(text)

    def forget(self) -> None:
        self._both = None

    def _loaded(self) -> tuple[dict[Any, str], dict[str, Any]]:
        if self._both is None:
            if self._loading:
                raise RecordError(
                    f"{self.label}: the key of a row would be made of keys of {self.label}",
                    hint="let its rows refer to other models there, or choose another identity",
                )
            self._loading = True
            try:
                self._both = self._load()
            finally:
                self._loading = False
        return self._both

    def _load(self) -> tuple[dict[Any, str], dict[str, Any]]:
        texts: dict[Any, str] = {}
        pks: dict[str, Any] = {}
        for pk, values in self.rows():
            if any(value is None for value in values):
                continue  # a row without a key: whoever reads it says so
            rest = iter(values)
            encoded = [part.encode(*islice(rest, part.width)) for part in self.parts]
            if None in encoded:
                continue  # nor has one that refers to nothing
            text = key_text(encoded)
            if text in pks:
                raise RecordError(
                    f"{self.label}: two rows have the key {text}: primary keys {pks[text]!r} "
                    f"and {pk!r}",
                    hint=f"make {', '.join(self.fields)} unique, or choose another identity",
                )
            texts[pk], pks[text] = text, pk
        return texts, pks


def plain_part(codec: Codec) -> KeyPart:
    kind = KeyKind.INTEGER if codec.kind is FieldKind.INTEGER else KeyKind.TEXT

    def encode(value: Any) -> int | str:
        content = codec.encode(value)
        if isinstance(content, bool):
            return "true" if content else "false"
        if isinstance(content, float):
            return repr(content)
        if not isinstance(content, (int, str)):
            raise RecordError(f"{content!r} cannot be part of a key")
        return content

    def decode(text: str) -> Any:
        value = codec.value(_FROM_TEXT.get(codec.kind, str)(text))
        if str(encode(value)) != text:
            raise ValueError(f"{text!r} is not a key")
        codec.param(value)
        return value

    return KeyPart(kind, encode, decode, check=codec.param)


_FROM_TEXT: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.INTEGER: int,
    FieldKind.FLOAT: float,
    FieldKind.BOOLEAN: lambda text: text == "true",
}
"""What turns the text of a key into content, for fields whose content is not text."""


def reference_part(
    target: str, kind: KeyKind, text: Callable[[Any], str | None], pk: Callable[[str], Any]
) -> KeyPart:
    """A part that is a reference: the key of its target, as text if that has several parts."""

    def encode(value: Any) -> int | str | None:
        found = text(value)
        if found is None or kind is KeyKind.COMPOSITE:
            return found
        return int(found) if kind is KeyKind.INTEGER else decode_part(found)

    def decode(part: str) -> Any:
        value = pk(part if kind is KeyKind.COMPOSITE else encode_part(part))
        if value is None:
            raise RecordError(
                f"it refers to {target}:{part}, which does not exist in this database"
            )
        return value

    return KeyPart(kind, encode, decode, target=target)


# Natural keys


class _Traced(str):
    """A field's value that is the path of the field."""

    __slots__ = ()


def natural_fields(model: type[Model]) -> tuple[str, ...]:
    """The fields, possibly through relations, whose values ``natural_key()`` gives, in its order.

    Raises:
        ConfigurationError: the model has no ``natural_key()``, or it gives something else.
    """
    label = model._meta.label_lower
    hint = f'write "identity": [field names] into the spec of {label}'
    method = getattr(model, "natural_key", None)
    if method is None:
        raise ConfigurationError(f"{label} has no natural_key()", hint=hint)
    try:
        values = list(method(_traced(model, "", _DEPTH)))
        paths = tuple(map(str, values))
        if not all(isinstance(value, _Traced) and value for value in values):
            raise FieldDoesNotExist("not the value of a field")
    except Exception as error:  # the project's own code
        raise ConfigurationError(
            f"{label}.natural_key() does not give fields as they are", hint=hint
        ) from error
    if not paths:
        raise ConfigurationError(f"{label}.natural_key() gives nothing", hint=hint)
    return paths


def _traced(model: type[Model], prefix: str, depth: int) -> Model:
    """An instance of ``model`` whose fields hold their own names."""
    instance = model.__new__(model)
    instance._state = ModelState()
    for field in model._meta.concrete_fields:
        path = f"{prefix}{field.name}"
        instance.__dict__[field.attname] = _Traced(path)
        target: Any = field.related_model
        if target is not None and depth:
            found = _traced(target, f"{path}__", depth - 1)
            instance._state.fields_cache[field.name] = found
    return instance

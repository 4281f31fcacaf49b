"""Rules for one file by itself."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final

from contentgit.check.findings import Finding, Level, finding
from contentgit.check.shapes import in_order, misfit
from contentgit.content import canonical
from contentgit.content.canonical import FORMAT_VERSION
from contentgit.content.description import parse_schema
from contentgit.content.documents import dump_document, parse_document, quoted
from contentgit.content.evolution.documents import parse_standing
from contentgit.content.layout import (
    DATASET_FILE,
    REPOSITORY_FILE,
    dump_name,
    record_key,
    record_path,
)
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import FieldKind, Layout, ModelSchema
from contentgit.content.uuids import EARLIER_KEY, is_uuid_identity, is_uuid_key
from contentgit.errors import FormatError, RecordError

FIX: Final = "contentgit check --fix  (rewrites it)"

_MODES: Final = {"120000": "a symbolic link", "160000": "a submodule", "100755": "an executable"}
_CUT: Final = 60
_OTHER_BYTES: Final = "is not written as contentgit writes it; the content is the same"


@dataclass(frozen=True)
class DescribedDump:
    """A dump as its ``dataset.json`` describes it, as far as that can be read.

    ``filtered`` are the models of which it holds only a part, ``lenient`` the many-to-many fields, by model
    and name, that may name rows which are not there. ``document`` is all of it, ``None`` where it is broken.
    """

    folder: str
    models: Mapping[str, ModelSchema] = field(default_factory=dict)
    filtered: frozenset[str] = frozenset()
    lenient: frozenset[tuple[str, str]] = frozenset()
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class CheckedFile:
    """A file that was checked: its record, the path where that belongs, and the bytes it should have.

    ``place`` and ``data`` are ``None`` where they cannot be determined, and the own ones of a correct file.
    """

    findings: tuple[Finding, ...]
    record: Record | None = None
    place: str | None = None
    data: bytes | None = None


# Records


def check_file(dump: DescribedDump, path: str, data: bytes) -> CheckedFile:
    """Checks the file at ``path`` in the dump's folder."""
    where = f"{dump.folder}/{path}"
    try:
        record, kind = canonical.decode_with_kind(data)
    except FormatError as error:
        return CheckedFile((_no_record(where, path, error.message),))
    model = dump.models.get(record.key.model)
    found = list(_field_findings(where, record, dump, model))
    place = place_of(record.key, path, model)
    if place is None:
        found.append(_foreign_key(where, record.key, model))
    elif place != path:
        message = f"holds {record.key}, which belongs in {dump.folder}/{place}"
        found.append(finding("wrong-path", message, path=where, record=record.key, hint=FIX))
    written = None
    try:
        written = canonical.encode(_normal(record, model), model.key_kind if model else kind)
    except RecordError as error:
        message = error.message.removeprefix(f"{record.key}: ")
        found.append(finding("wrong-type", message, path=where, record=record.key, field="$key"))
    if written is not None and written != data:
        line, name = first_difference(data, written)
        differs = finding(
            "non-canonical", _OTHER_BYTES, path=where, record=record.key, field=name, hint=FIX
        )
        found.append(replace(differs, line=line))
    return CheckedFile(tuple(found), record, place, written)


def place_of(key: RecordKey, path: str, model: ModelSchema | None) -> str | None:
    """The path of a record in its dump's folder; without a schema, ``path`` if any layout gives it."""
    if model and not _may_be(key, model):
        return None
    for layout in [model.layout] if model else Layout:
        with suppress(RecordError):
            place = record_path(key, layout)
            if model or place == path:
                return place
    return None


def _may_be(key: RecordKey, model: ModelSchema) -> bool:
    """Whether records of the model may have such a key."""
    return not is_uuid_identity(model.identity) or is_uuid_key(key.key)


def _no_record(where: str, path: str, reason: str) -> Finding:
    try:
        record_key(path)
    except FormatError:
        return foreign_file(where)
    return finding("not-a-record", reason, path=where, hint="correct or remove the file")


def foreign_file(path: str, message: str = "contentgit writes no file here") -> Finding:
    """The finding for a file or folder that contentgit does not write."""
    return finding("foreign-file", message, path=path, hint="remove it from the dump's folder")


def foreign_folder(path: str) -> Finding:
    """The finding for a folder below those of records; what it holds is not read."""
    return foreign_file(path, "contentgit makes no folder here; its files were not read")


def repeated_folder(path: str) -> Finding:
    """The finding for a folder that is not read, since too many of the commit are the same."""
    message = "is the same as another folder, as are too many others; its files were not read"
    hint = "remove it: a record has one place"
    return finding("foreign-file", message, path=path, hint=hint)


def _foreign_key(where: str, key: RecordKey, model: ModelSchema | None) -> Finding:
    if model is None:
        message = f"holds {key}, which does not belong here"
    elif not _may_be(key, model):
        message = f"holds {key}, whose key is not a UUID"
        return finding("wrong-path", message, path=where, record=key, hint=EARLIER_KEY)
    else:
        message = f"holds {key}, whose key does not fit the layout {model.layout.value!r}"
    hint = "correct $key, or move the file to where its key says"
    return finding("wrong-path", message, path=where, record=key, hint=hint)


def _field_findings(
    where: str, record: Record, dump: DescribedDump, model: ModelSchema | None
) -> Iterator[Finding]:
    key = record.key
    if model is None:
        if dump.models:
            hint = "commit the dump again with a dataset that has the model, or remove the file"
            message = f"{key.model} is not a model of this dump"
            yield finding("unknown-model", message, path=where, record=key, hint=hint)
        return
    known = model.by_name
    for name, value in record.fields.items():
        schema = known.get(name)
        if schema is None:
            message = f"{key.model} has no such field in {DATASET_FILE}"
            yield finding("unknown-field", message, path=where, record=key, field=name)
        elif wrong := misfit(value, schema):
            message = wrong if value is None else f"{shown(value)} {wrong}"
            yield finding("wrong-type", message, path=where, record=key, field=name)
    if len(record.fields) < len(known) or not known.keys() <= record.fields.keys():
        for name in sorted(known.keys() - record.fields.keys()):
            message = "is not in the record: an apply leaves the column alone"
            yield finding("missing-field", message, path=where, record=key, field=name)


def shown(value: Any) -> str:
    """A content value on one line, cut."""
    try:
        text = quoted(value) if isinstance(value, str) else repr(canonical.json_value(value))
    except RecordError:
        text = "the value"
    return text if len(text) <= _CUT else f"{text[: _CUT - 1]}…"


def _normal(record: Record, model: ModelSchema | None) -> Record:
    """The record with the keys in its many-to-many fields sorted and each once."""
    changed = {}
    for known in model.fields if model else ():
        value = record.fields.get(known.name)
        if known.kind is FieldKind.REFERENCES and isinstance(value, list) and len(value) > 1:
            with suppress(ValueError, AttributeError):
                right = in_order(value, known)
                if right != value:
                    changed[known.name] = right
    return Record(record.key, {**record.fields, **changed}) if changed else record


_FIELD = re.compile(rb'^  ("(?:[^"\\]|\\.)*+"):', re.MULTILINE)
# A string without an end takes the rest, so that what is no JSON is gone through once, too.
_NAME = re.compile(rb'("(?:[^"\\]|\\.?)*+(?:"|\Z))\s*+:', re.DOTALL)


def first_difference(data: bytes, written: bytes) -> tuple[int, str]:
    """The first line, from 1, that is not as ``written`` has it, and the field that this is in."""
    name, number = "", 0
    ours, right = data.split(b"\n"), written.split(b"\n")
    for number, line in enumerate(right, 1):
        if match := _FIELD.match(line):
            name = str(parse_document(match[1]))
        if number > len(ours) or ours[number - 1] != line:
            break
    return min(number, len(ours)), name


def lines_of(data: bytes, names: Iterable[str]) -> dict[str, int]:
    """The line, from 1, on which each of these fields of the record in ``data`` begins; 1 if none does."""
    labels = {quoted(name).encode(): name for name in names if name}
    found: dict[bytes, int] = {}
    for pattern in (_FIELD, _NAME):
        line = start = 0
        for match in pattern.finditer(data) if labels.keys() - found.keys() else ():
            if match[1] in labels and match[1] not in found:
                line += data.count(b"\n", start, match.start())
                start = match.start()
                found[match[1]] = line + 1
    return {name: found.get(label, 1) for label, name in labels.items()}


# Documents


def describe(folder: str, data: bytes | None) -> tuple[DescribedDump, list[Finding]]:
    """The dump that the ``dataset.json`` of a folder describes, and what is wrong with the file."""
    where = f"{folder}/{DATASET_FILE}"
    if data is None:
        hint = f"commit the dump again, or remove the folder {folder}"
        return DescribedDump(folder), [finding("no-schema", "is missing", path=where, hint=hint)]
    try:
        document = parse_document(data)
        models = parse_schema(document).models
        parse_standing(document)
    except (FormatError, RecursionError) as error:
        message = error.message if isinstance(error, FormatError) else "is nested too deep"
        return DescribedDump(folder), [finding("no-schema", message, path=where)]
    found = []
    if dump_document(document) != data:
        found.append(finding("non-canonical", _OTHER_BYTES, path=where, hint=FIX))
    found += _named_wrongly(folder, document)
    found += _grouped_wrongly(where, models)
    specs = [spec for spec in document["specs"] if isinstance(spec, dict)]
    whole = {spec["model"] for spec in specs if not spec.get("filter")}
    lenient = frozenset(
        (spec["model"], name)
        for spec in specs
        for name in _lenient(spec, models.get(spec["model"]))
    )
    filtered = frozenset(models.keys() - whole)
    return DescribedDump(folder, models, filtered, lenient, document), found


def _lenient(spec: Mapping[str, Any], model: ModelSchema | None) -> Iterator[str]:
    """The many-to-many fields of a spec in which an apply leaves out missing rows."""
    names, rules = spec.get("ignore_missing_m2m"), spec.get("missing")
    yield from (
        name for name in (names if isinstance(names, list) else ()) if isinstance(name, str)
    )
    for name, rule in rules.items() if isinstance(rules, dict) else ():
        field = model.by_name.get(name) if model else None
        if rule == "skip" and field and field.kind is FieldKind.REFERENCES:
            yield name


def _grouped_wrongly(where: str, models: Mapping[str, ModelSchema]) -> Iterator[Finding]:
    """Fields that are named as one value with others and are not described."""
    for label, model in models.items():
        for name in chain.from_iterable(model.together):
            if name not in model.by_name:
                message = f"'together' names {shown(name)}, which is not a field of {label}"
                yield finding("unknown-field", message, path=where, field=name, level=Level.WARNING)


def _named_wrongly(folder: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    where = f"{folder}/{DATASET_FILE}"
    named = (document.get("dataset"), document.get("arguments"))
    try:
        if dump_name(folder) == named:
            return
        message = f"describes the dump {shown(':'.join(map(str, named)))}, which has another folder"
    except FormatError:
        message = "contentgit makes no folder of this name"
    yield finding("wrong-path", message, path=where)


def format_findings(data: bytes) -> Iterator[Finding]:
    """What is wrong with ``contentgit.json``; the first finding of an unknown format is the last."""
    try:
        document = parse_document(data)
    except FormatError as error:
        yield finding("no-format", error.message, path=REPOSITORY_FILE)
        return
    number = document.get("format") if isinstance(document, dict) else None
    if type(number) is not int or number < 1:
        yield finding("no-format", "names no format number", path=REPOSITORY_FILE)
    elif number > FORMAT_VERSION:
        message = f"format {number} is unknown; this contentgit supports {FORMAT_VERSION}"
        hint = "upgrade contentgit: pip install -U contentgit"
        yield finding("newer-format", message, path=REPOSITORY_FILE, field="format", hint=hint)
    elif dump_document(document) != data:
        yield finding("non-canonical", _OTHER_BYTES, path=REPOSITORY_FILE, hint=FIX)


def conflict(path: str, data: bytes) -> Finding:
    """The finding for a file that records a conflict."""
    try:
        document = parse_document(data)
    except FormatError:
        document = None
    label = document.get("label") if isinstance(document, dict) else None
    message = f"{label if isinstance(label, str) else 'a conflict'} is not decided yet"
    hint = "contentgit resolve LABEL --take ours|theirs"
    return finding("recorded-conflict", message, path=path, field="label", hint=hint)


# Names


def odd_mode(path: str, mode: str) -> Finding:
    """The finding for what is neither a plain file nor a folder."""
    message = f"is {_MODES.get(mode, f'of mode {mode}')}; contentgit writes plain files only"
    hint = "git update-index --chmod=-x" if mode == "100755" else "remove it"
    return finding("odd-mode", message, path=path, hint=hint)


def replaced_folder(name: str, mode: str) -> Finding:
    """The finding for an entry that replaces a dump's folder."""
    message = f"is {_MODES.get(mode, 'a file')}, and a dump is a folder"
    hint = "remove it and restore the folder: git revert COMMIT"
    return finding("odd-mode", message, path=name, hint=hint)


_PLAIN = re.compile(r"[a-z0-9._%,@~-]+").fullmatch


def clashes(folder: str, names: Iterable[str]) -> Iterator[Finding]:
    """Names in one folder that some file systems treat as one; ``folder`` is ``""`` at the top."""
    listed = list(names)
    if len(set(listed)) == len(listed) and all(map(_PLAIN, listed)):
        return
    groups = defaultdict(list)
    for name in listed:
        groups[unicodedata.normalize("NFC", name).casefold()].append(name)
    for group in groups.values():
        for other in group[1:]:
            message = (
                f"is the same name as {shown(group[0])} on file systems that ignore case or form"
            )
            path = f"{folder}/{other}" if folder else other
            yield finding("case-clash", message, path=path, level=Level.ERROR)

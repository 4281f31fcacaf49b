"""Rules that compare ``dataset.json`` with what the project's code gives for the same dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contentgit.check.files import DescribedDump, shown
from contentgit.check.findings import Finding, Level, finding
from contentgit.check.standing import NOTHING_EXPLAINED, Explained
from contentgit.content.layout import DATASET_FILE

_UPGRADE = "deploy the code that has it, or apply with --ignore-unknown-fields"
_COMMIT = "contentgit commit  (writes what the code has)"

Document = Mapping[str, Any]


_NAMING_FIELDS = frozenset(
    {"checks", "fields", "identity", "layout", "parents", "together", "unique"}
)
"""What of a model changes with its fields."""


def compare(
    dump: DescribedDump, code: Document, explained: Explained = NOTHING_EXPLAINED
) -> Iterator[Finding]:
    """What differs between a dump's document in the tree and the one that the code gives.

    What migrations between the two explain is left out.
    """
    if dump.document is None:
        return
    where = f"{dump.folder}/{DATASET_FILE}"
    tree = dump.document
    models = tree["models"].keys(), code["models"].keys()
    for label in sorted(models[0] - models[1] - explained.labels):
        message = f"{label} is not in the code's dataset"
        yield finding("unknown-to-code", message, path=where, field=label)
    for label in sorted(models[1] - models[0] - explained.labels):
        message = f"{label} is only in the code's dataset"
        yield finding("not-in-tree", message, path=where, field=label, hint=_COMMIT)
    for label in sorted(models[0] & models[1]):
        yield from _models(where, label, tree["models"][label], code["models"][label], explained)
    yield from _specs(where, tree, code, explained)


def _models(
    where: str, label: str, tree: Document, code: Document, explained: Explained
) -> Iterator[Finding]:
    known = {name for model, name in explained.fields if model == label}
    fields = tree["fields"].keys() - known, code["fields"].keys() - known
    for name in sorted(fields[0] - fields[1]):
        message = f"{label} has no field {shown(name)} in the code"
        yield finding("unknown-to-code", message, path=where, field=name, hint=_UPGRADE)
    for name in sorted(fields[1] - fields[0]):
        message = f"{label} has the field {name} only in the code"
        yield finding("not-in-tree", message, path=where, field=name, hint=_COMMIT)
    for name in sorted(fields[0] & fields[1]):
        sides = [_pointing(side["fields"][name], explained) for side in (tree, code)]
        yield from _aspects(where, f"{label} {name}", name, *sides)
    without = _NAMING_FIELDS if label in explained.touched else {"fields"}
    if explained.has_key(label):
        without |= {"key"}
    rest = [
        {name: each for name, each in side.items() if name not in without} for side in (tree, code)
    ]
    yield from _aspects(where, label, label, *rest)


def _pointing(field: Document, explained: Explained) -> Document:
    """The field without what it refers to, if that has another label now."""
    if field.get("target") not in explained.labels:
        return field
    return {name: each for name, each in field.items() if name != "target"}


def _specs(where: str, tree: Document, code: Document, explained: Explained) -> Iterator[Finding]:
    specs = [spec for spec in tree["specs"] if isinstance(spec, dict)]
    for label in dict.fromkeys(spec["model"] for spec in code["specs"]):
        if label not in tree["models"] or label in explained.touched:
            continue
        recorded, known = (
            [spec for spec in side if spec.get("model") == label] for side in (specs, code["specs"])
        )
        if len(recorded) != len(known):
            message = f"{label} has {len(recorded)} specs here, {len(known)} in the code"
            yield finding("differs-from-code", message, path=where, field=label)
            continue
        for one, other in zip(recorded, known, strict=True):
            yield from _aspects(where, f"the spec of {label}", label, one, other)
    rest = [{"depends_on": side.get("depends_on")} for side in (tree, code)]
    yield from _aspects(where, "the dataset", "depends_on", *rest)


def _aspects(
    where: str, what: str, field: str, tree: Document, code: Document
) -> Iterator[Finding]:
    """One finding for all aspects that differ."""
    names = [
        name
        for name in sorted(tree.keys() | code.keys())
        if name != "verbose_name" and tree.get(name) != code.get(name)
    ]
    if not names:
        return
    # Another kind of content is no longer a difference in rules: values do not fit.
    level = Level.ERROR if {"kind", "key"} & {*names} else Level.WARNING
    sides = "; ".join(
        f"{name} is {shown(tree.get(name))} here, {shown(code.get(name))} in the code"
        for name in names
    )
    yield finding("differs-from-code", f"{what}: {sides}", path=where, field=field, level=level)


def unknown_dataset(dump: DescribedDump, known: Sequence[str]) -> Finding:
    """The finding for a dump of which the code has no dataset."""
    message = f"the code has no dataset for this dump; its datasets: {', '.join(known) or 'none'}"
    return finding(
        "unknown-to-code", message, path=f"{dump.folder}/{DATASET_FILE}", level=Level.WARNING
    )


def missing_dumps(
    dumps: Sequence[DescribedDump], code: Mapping[str, Document]
) -> Iterator[Finding]:
    """The datasets of the code that the tree has no dump of."""
    for folder in sorted(code.keys() - {dump.folder for dump in dumps}):
        message = f"the code's dataset {folder} has no dump in the tree"
        yield finding("not-in-tree", message, level=Level.NOTE, hint=_COMMIT)

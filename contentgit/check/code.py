"""Rules that compare ``dataset.json`` with what the project's code gives for the same dump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contentgit.check.files import DescribedDump, shown
from contentgit.check.findings import Finding, Level, finding
from contentgit.content.layout import DATASET_FILE

_UPGRADE = "deploy the code that has it, or apply with --ignore-unknown-fields"
_COMMIT = "contentgit commit  (writes what the code has)"

Document = Mapping[str, Any]


def compare(dump: DescribedDump, code: Document) -> Iterator[Finding]:
    """What differs between a dump's document in the tree and the one that the code gives."""
    if dump.document is None:
        return
    where = f"{dump.folder}/{DATASET_FILE}"
    tree = dump.document
    for label in sorted(tree["models"].keys() - code["models"].keys()):
        message = f"{label} is not in the code's dataset"
        yield finding("unknown-to-code", message, path=where, field=label)
    for label in sorted(code["models"].keys() - tree["models"].keys()):
        message = f"{label} is only in the code's dataset"
        yield finding("not-in-tree", message, path=where, field=label, hint=_COMMIT)
    for label in sorted(tree["models"].keys() & code["models"].keys()):
        yield from _models(where, label, tree["models"][label], code["models"][label])
    yield from _specs(where, tree, code)


def _models(where: str, label: str, tree: Document, code: Document) -> Iterator[Finding]:
    for name in sorted(tree["fields"].keys() - code["fields"].keys()):
        message = f"{label} has no field {shown(name)} in the code"
        yield finding("unknown-to-code", message, path=where, field=name, hint=_UPGRADE)
    for name in sorted(code["fields"].keys() - tree["fields"].keys()):
        message = f"{label} has the field {name} only in the code"
        yield finding("not-in-tree", message, path=where, field=name, hint=_COMMIT)
    for name in sorted(tree["fields"].keys() & code["fields"].keys()):
        yield from _aspects(
            where, f"{label} {name}", name, tree["fields"][name], code["fields"][name]
        )
    rest = ({**side, "fields": None} for side in (tree, code))
    yield from _aspects(where, label, label, *rest)


def _specs(where: str, tree: Document, code: Document) -> Iterator[Finding]:
    specs = [spec for spec in tree["specs"] if isinstance(spec, dict)]
    for label in dict.fromkeys(spec["model"] for spec in code["specs"]):
        if label not in tree["models"]:
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

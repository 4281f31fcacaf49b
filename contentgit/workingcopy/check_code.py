"""``check`` beside the project's code: what its specs and models say of a tree. No query is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contentgit.check import Finding, finding
from contentgit.check.code import compare, missing_dumps, unknown_dataset
from contentgit.check.files import DescribedDump, replaced_folder
from contentgit.content.description import schema_document
from contentgit.content.layout import dump_name
from contentgit.db.introspect import schema
from contentgit.errors import ContentgitError, FormatError
from contentgit.workingcopy.project import Project


def judge(
    project: Project, dumps: Sequence[DescribedDump], beside: Mapping[str, str]
) -> Iterator[Finding]:
    """What differs between the dumps of a tree, and what stands beside them, and the datasets of the code.

    Raises:
        ConfigurationError: the datasets are wrong.
    """
    definitions = project.definitions
    for dump in dumps:
        try:
            name, arguments = dump_name(dump.folder)
        except FormatError:
            continue
        if name not in definitions:
            yield unknown_dataset(dump, sorted(definitions))
            continue
        label = f"{name}:{arguments}" if arguments else name
        try:
            document = _document(project, label)
        except ContentgitError as error:
            yield finding("not-compared", f"{label}: {error.message}", hint=error.hint)
            continue
        yield from compare(dump, document)
    own = [name for name, definition in definitions.items() if not definition.needs_arguments]
    yield from (replaced_folder(name, beside[name]) for name in sorted(own) if name in beside)
    yield from missing_dumps(dumps, {name: {} for name in own if name not in beside})


def _document(project: Project, label: str) -> Mapping[str, Any]:
    dataset = next(dataset for dataset in project.datasets([label]) if dataset.label == label)
    bound = project.bind(dataset)
    # As it would be read back: tuples are lists then.
    document: Mapping[str, Any] = json.loads(
        json.dumps(schema_document(dataset, schema(bound.tables)))
    )
    return document

"""``check`` beside the project's code: what its specs and models say of a tree. No query is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contentgit.check import Finding, finding
from contentgit.check.code import compare, missing_dumps, unknown_dataset
from contentgit.check.files import DescribedDump, replaced_folder
from contentgit.check.standing import CodeGap
from contentgit.content.description import schema_document
from contentgit.content.evolution import NO_STANDING
from contentgit.content.evolution.documents import parse_standing
from contentgit.content.layout import dump_name
from contentgit.db.introspect import schema
from contentgit.errors import ContentgitError, FormatError
from contentgit.render.plain import named_first, plural
from contentgit.workingcopy.kept_files import looked_for
from contentgit.workingcopy.project import Dump, Project
from contentgit.workingcopy.standing import dump_standing


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
            bound = _bound(project, label)
            gap = _gap(project, dump, bound)
        except ContentgitError as error:
            yield finding("not-compared", f"{label}: {error.message}", hint=error.hint)
            continue
        yield from gap.findings(dump.folder)
        yield from compare(dump, _document(bound), gap.explained)
    own = [name for name, definition in definitions.items() if not definition.needs_arguments]
    yield from (replaced_folder(name, beside[name]) for name in sorted(own) if name in beside)
    yield from missing_dumps(dumps, {name: {} for name in own if name not in beside})


def files_of(named: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Which of the files that records name, by field, the storages of this project do not have."""
    for field, storage, names, whole in looked_for(named):
        count = f"{'' if whole else 'at least '}{plural(len(names), 'file')}"
        verb = "is" if len(names) == 1 else "are"
        message = f"{count} of {field} {verb} not in {storage}: {named_first(names, 3)}"
        hint = 'copy them there, or let them travel with the rows: "files": "carry"'
        yield finding("not-in-storage", message, field=field, hint=hint)


def _bound(project: Project, label: str) -> Dump:
    return project.bind(next(each for each in project.datasets([label]) if each.label == label))


def _gap(project: Project, dump: DescribedDump, bound: Dump) -> CodeGap:
    """The migrations between the tree and the code; none where the tree does not record any."""
    recorded = NO_STANDING if dump.document is None else parse_standing(dump.document)
    if not recorded.history:
        return CodeGap()
    code = dump_standing(project, bound, recorded)
    return CodeGap.between(recorded, code.standing, code.missing)


def _document(bound: Dump) -> Mapping[str, Any]:
    # As it would be read back: tuples are lists then.
    document: Mapping[str, Any] = json.loads(
        json.dumps(schema_document(bound.dataset, schema(bound.tables)))
    )
    return document

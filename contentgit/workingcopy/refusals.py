"""What a plan's problems amount to: the error, and a way on for each kind of them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from contentgit.content.schema import FieldKind
from contentgit.content.uuids import is_uuid_identity
from contentgit.db.identity.paths import ALWAYS
from contentgit.db.tables import Table
from contentgit.errors import ConflictError, DriftError, RefusedError
from contentgit.history.snapshots import CommitSide
from contentgit.missing import Instead
from contentgit.plan.steps import Problem, ProblemKind
from contentgit.render.plain import plural
from contentgit.render.problems import causes, lines
from contentgit.workingcopy.planned import DumpPlan, Planned

_BACKUP: Final = "the old content is kept under refs/contentgit/backup/"

_BRANCH: Final = "to decide each in a merge of the branch"

_NEW_KEYS: Final = "--renumber"
_RENUMBERED: Final = (
    "gives rows that were made here under the keys of others new keys, and keeps both"
)

_PERMITTED: Final = {
    "--force": f"overwrites what was edited here; {_BACKUP}",
    "--allow-cascade": "deletes or clears the rows outside the dump, too",
    "--allow-empty": "deletes all that the commit does not have",
    "--ignore-unknown-fields": "leaves out the fields that the code does not have",
    "--ignore-unknown-models": "leaves out the records of models that the dataset does not have",
    "--max-deletes": "raises the limit",
}
"""What the options that permit a problem do."""

_CORRECT: Final = {
    ProblemKind.OUTSIDE: "a row outside the dump has the key: change the row, or the filter of the spec",
    ProblemKind.PROTECTED: "on the site, delete or change first what refers to the records to be deleted",
    ProblemKind.DANGLING: "contentgit check {revision}  (lists references to nothing); then delete or "
    "change what refers to nothing where it is edited, and commit; or apply the dump that has the missing "
    "record, too",
    ProblemKind.LEFT_OUT: "deploy the code whose dataset has the model, and migrate; or, for a "
    "many-to-many field, name it in 'ignore_missing_m2m' of the spec",
    ProblemKind.MISSING: "create the rows in this database, or exclude the field in its spec",
    ProblemKind.NUMBER: "where they were committed, delete the records or let them refer to others, and "
    "commit; or exclude the field in its spec",
    ProblemKind.UNIQUE: "give one of the two records another value, on the site or in a commit",
    ProblemKind.BROKEN: "correct the records where the content is edited and commit, or take the fields "
    "together from one commit: contentgit restore RECORD/FIELD --from REV",
    ProblemKind.TAKEN: "a row of a copy or of another dump has the key: undo the copy, apply the other dump, "
    "too, or commit the record under another key",
    ProblemKind.FILE: "commit again from a database whose storage has the files, or fetch the commit whole",
    ProblemKind.TWICE: "commit from a database that has the record; both dumps then hold the same",
}
"""What to do about a problem that no option permits."""


def refuse(planned: Planned) -> None:
    """Raises what a plan's problems amount to; a plan without problems passes.

    Raises:
        DriftError: edits of the target would be overwritten.
        ConflictError: both sides changed the same thing.
        RefusedError: anything else.
    """
    problems = planned.plan.problems
    if not problems:
        return
    kinds = [problem.kind for problem in problems]
    told: dict[str, Any] = {
        "items": [line for problem in problems for line in lines(problem, planned.titles)],
        "causes": causes(problems, planned.titles),
        "hint": "\n".join(dict.fromkeys(_hints(planned))),
        "data": {"problems": problems},
    }
    if ProblemKind.DRIFT in kinds:
        count = plural(kinds.count(ProblemKind.DRIFT), "record")
        raise DriftError(
            f"{count} edited in this database would be overwritten, and the edits are in no commit",
            **told,
        )
    if ProblemKind.CONFLICT in kinds:
        count = plural(kinds.count(ProblemKind.CONFLICT), "record")
        raise ConflictError(
            f"{count} changed in this database and in {planned.target.revision} in the same place; "
            "nothing has been written",
            **told,
        )
    raise RefusedError(
        f"{plural(len(problems), 'problem')} in the plan; nothing has been written", **told
    )


def adopt_way(planned: Planned) -> str:
    """The call that joins rows that UUIDs name, where no name of the commit is known here."""
    revision, commit = planned.target.revision, planned.target.commit
    if planned.copy or planned.request.verb == "undo":
        return ""
    if not any(_is_unknown(work, commit) for work in planned.dumps):
        return ""
    return f"contentgit identity adopt {shlex.quote(revision)}  (if rows here are records of it: shows which)"


def _is_unknown(work: DumpPlan, commit: str) -> bool:
    """Whether all records of a model are to be made beside the rows of a database that was at no commit."""
    if work.applied is not None:
        return False
    identities = work.dump.reader.identities
    side = CommitSide(work.theirs.repository, commit, work.folder)
    made = Counter(delta.key.model for delta in work.deltas if not delta.database)
    for label, count in made.items():
        if is_uuid_identity(identities.fields(label)):
            uuids = identities.uuids(identities.base(label))
            if uuids and uuids.has_rows and count == len(side.ids([label])):
                return True
    return False


def _hints(planned: Planned) -> Iterator[str]:
    """The ways on, a line each: what permits everything that can be, then what cannot."""
    request, kinds = planned.request, {problem.kind for problem in planned.plan.problems}
    if adopt := adopt_way(planned):
        yield adopt
    permits = sorted({problem.permit for problem in planned.plan.problems if problem.permit})
    branch = _BRANCH
    if _NEW_KEYS in permits:
        permits.remove(_NEW_KEYS)
        branch += ", which can keep both of two new records"
        more = [permit for permit in permits if permit != "--force"]
        merge = [] if request.merging else ["--merge"]
        calm = replace(request, licences=replace(request.licences, force=False))
        yield f"{calm.command(*merge, _NEW_KEYS, *more)}  ({_RENUMBERED})"
    if ProblemKind.CONFLICT in kinds:
        theirs = "the old content" if request.verb == "undo" else "the commit's"
        yield f"{request.command('--take ours', *permits)}  (keeps this database's values)"
        yield f"{request.command('--take theirs', *permits)}  (takes {theirs}; {_BACKUP})"
        if _has_branches(planned):
            yield f"contentgit commit --branch NEW  ({branch})"
    elif ProblemKind.DANGLING in kinds and request.merging and _has_branches(planned):
        # One side may have deleted what the other refers to, which ``check`` finds in no commit.
        yield f"contentgit commit --branch NEW  ({branch})"
    if ProblemKind.DRIFT in kinds:
        if not planned.copy:
            yield "contentgit commit --branch NEW  (captures the edits)"
        merging = request.command("--merge", *(permit for permit in permits if permit != "--force"))
        yield f"{merging}  (keeps the edits and merges the commit's changes)"
    # An undo's target is called by words, which nobody can type.
    named = planned.target.revision
    revision = planned.target.commit[:10] if " " in named else shlex.quote(named)
    if kinds & {ProblemKind.FIELD, ProblemKind.MODEL}:
        yield f"contentgit check {revision}  (names what mends records that older code wrote)"
    if permits and ProblemKind.CONFLICT not in kinds:
        does = (_PERMITTED.get(permit.partition(" ")[0], "permits it") for permit in permits)
        yield f"{request.command(*permits)}  ({'; '.join(does)})"
    unpermitted = {problem.kind for problem in planned.plan.problems if not problem.permit}
    for kind in sorted(unpermitted - {ProblemKind.CONFLICT}):
        hint = _CORRECT.get(kind, "correct the commit or the database first")
        if kind is ProblemKind.DANGLING and request.verb == "undo":
            # What was edited here refers to what the undo deletes.
            hint = _CORRECT[ProblemKind.PROTECTED]
        yield hint.format(revision=revision)
    if any(map(partial(_is_by_number, planned), planned.plan.problems)):
        yield (
            "or declare what names such rows in every database, "
            'CONTENTGIT["IDENTITIES"], and commit again'
        )
    yield from _rules(planned)


def _has_branches(planned: Planned) -> bool:
    """Whether edits of the target can be committed to a branch, and merged with what is applied."""
    return planned.request.verb != "undo" and not planned.copy


def _is_by_number(planned: Planned, problem: Problem) -> bool:
    """Whether a missing row is named by its primary key, and could be named otherwise."""
    if problem.kind is not ProblemKind.MISSING or problem.missing is None:
        return False
    identities = planned.folders[problem.dump].dump.reader.identities
    return problem.missing.row.model not in identities.chosen | ALWAYS.keys()


def _rules(planned: Planned) -> Iterator[str]:
    """What to write into the specs of records that refer to missing rows, or to change there."""
    for problem in planned.plan.problems:
        if problem.missing is None or problem.key is None or problem.missing.field == "$key":
            continue
        (row, name), label = problem.missing, problem.key.model
        work = planned.folders[problem.dump]
        rule = work.dump.dataset.missing(label).get(name)
        if isinstance(rule, Instead) and rule.key == str(row):
            yield f"'missing' of {label} names {row} for {name}: create it, or name another row"
        elif rule is None and not _is_placed(work.dump.tables[label], name):
            schema = work.dump.tables[label].schema.by_name[name]
            nullable = schema.null and schema.kind is not FieldKind.REFERENCES
            does = "NULL there" if nullable else "leaves the records out"
            if schema.kind is FieldKind.REFERENCES:
                does = "leaves the rows out of it"
            word = "null" if nullable else "skip"
            if schema.embeds:
                word, does = "null", "0 there"
            yield f'or write "missing": {{"{name}": "{word}"}} into the spec of {label}  ({does})'


def _is_placed(table: Table, name: str) -> bool:
    """Whether the field says where the row stands in a tree, so that no rule can be given for it."""
    return name in table.field and table.field[name].placed

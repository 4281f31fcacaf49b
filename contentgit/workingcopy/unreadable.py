"""Commits that the code cannot read as it has the schema, and the ways on."""

from __future__ import annotations

from collections.abc import Sequence

from contentgit.content.evolution import LostValues
from contentgit.content.unlike import bare_fields, kept_files, other_kinds, renames
from contentgit.errors import RefusedError
from contentgit.plan import Licences
from contentgit.render.plain import named_first, plural
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.request import Request
from contentgit.workingcopy.standing import behind_migrations, way_past_cut


def refuse_unreadable(evolution: Evolution, request: Request, *, retyped: bool = True) -> None:
    """Refuses to apply the commit if it cannot be read as the code has it.

    ``retyped`` is whether values matter that only the database can convert.

    Raises:
        RefusedError: newer code made the commit; only the code of a migration can read it; or a field has
            another kind of value there.
    """
    commit, label = evolution.commit[:10], evolution.dump.dataset.label
    _refuse_newer(evolution, request)
    if evolution.opaque:
        raise behind_migrations(
            f"commit {commit} is from before migrations of {label} whose work on content only their own "
            "code can do",
            [f"{migration}: {step.operation}" for migration, step in evolution.opaque],
            [migration for migration, _ in evolution.opaque],
            commit,
            request,
        )
    if retyped:
        _refuse_retyped(evolution, request)
    _refuse_bare(evolution)
    _refuse_kept_files(evolution)
    kinds = other_kinds(evolution.recorded, evolution.models)
    other = [] if evolution.is_newer else [*kinds]
    if other:
        raise RefusedError(
            f"commit {commit} has other kinds of values in {label} than this code",
            items=other,
            hint="contentgit commit  (with code from before the change: records its migrations)",
        )


def _refuse_bare(evolution: Evolution) -> None:
    """Refuses to apply a commit with primary keys inside of fields where the code has references.

    Raises:
        RefusedError: the commit or the code has them.
    """
    commit, label = evolution.commit[:10], evolution.dump.dataset.label
    there = [*bare_fields(evolution.models, evolution.recorded)]
    if there:
        raise RefusedError(
            f"commit {commit} has primary keys inside of fields in {label} that hold references in this code",
            items=there,
            hint=f"contentgit show {commit} -- RECORD  (shows what was there; edit it on the site, commit)",
            data={"fields": there},
        )
    here = [*bare_fields(evolution.recorded, evolution.models)]
    if here:
        raise RefusedError(
            f"commit {commit} has references inside of fields in {label}; this code would take them for text",
            items=here,
            hint="name these in 'references' of their spec, as where the commit was made",
            data={"fields": here},
        )


def _refuse_kept_files(evolution: Evolution) -> None:
    """Refuses to apply a commit with names alone where the code has files, or the other way round.

    Raises:
        RefusedError: they are so.
    """
    commit, label = evolution.commit[:10], evolution.dump.dataset.label
    there = kept_files(evolution.models, evolution.recorded)
    if there:
        raise RefusedError(
            f"commit {commit} has names in {label} in place of files, which this code carries",
            items=there,
            hint="contentgit commit  (where the files are: records them; then apply that commit)\n"
            'or write "files": "keep" in their specs, to apply it as it is',
            data={"fields": there},
        )
    here = kept_files(evolution.recorded, evolution.models)
    if here:
        raise RefusedError(
            f"commit {commit} has files in {label}; this code would take their names alone",
            items=here,
            hint='write "files": "carry" in their specs, as where the commit was made',
            data={"fields": here},
        )


def _refuse_newer(evolution: Evolution, request: Request) -> None:
    """Refuses a commit at migrations that the code does not have, unless what it lacks may be left out.

    Raises:
        RefusedError: newer code made the commit, or the migrations were removed from the code.
    """
    commit, label, code = evolution.commit[:10], evolution.dump.dataset.label, evolution.code
    if code.cut and {*code.missing} <= {*code.cut}:
        raise RefusedError(
            f"commit {commit} of {label} stands at migrations that this code does not have, and what "
            "became of them is not known",
            items=code.cut,
            hint=way_past_cut(commit),
            data={"missing": list(code.cut)},
        )
    evolution.refuse_code_ahead()
    _refuse_renamed(evolution)
    options = [] if code.cut else _ignoring(evolution, request.licences)
    if code.cut or (code.missing and options):
        way = f"\n{request.command(*options)}  (leaves out what this code lacks)" if options else ""
        raise RefusedError(
            f"commit {commit} was made by newer code: this code lacks the migrations "
            f"{named_first(evolution.lacking)} of {label}",
            items=[f"{name} is not in this code" for name in evolution.dropped] or evolution.ahead,
            hint=f"deploy the code that has them, and migrate{way}",
            data={"missing": list(evolution.lacking)},
        )


def _refuse_renamed(evolution: Evolution) -> None:
    """Refuses what the code would take for one thing that is gone, and another that came.

    Raises:
        RefusedError: the commit has another name for a model or field than the code.
    """
    renamed = [*renames(evolution.models, evolution.newer_steps)]
    if renamed:
        raise RefusedError(
            f"commit {evolution.commit[:10]} was made by newer code: this code lacks migrations that rename "
            f"or remove what it has in {evolution.dump.dataset.label}",
            items=renamed,
            hint="deploy the code that has them, and migrate",
            data={"missing": list(evolution.lacking), "renamed": renamed},
        )


def _refuse_retyped(evolution: Evolution, request: Request) -> None:
    """Refuses to apply the commit if only the database can convert values of it to those of the code.

    Raises:
        RefusedError: it has such values.
    """
    found = [each for each in evolution.seen.lost if _is_retyped(evolution, each)]
    if found:
        commit = evolution.commit[:10]
        raise behind_migrations(
            f"commit {commit} has values that only the database can convert",
            [
                f"{each.model}.{each.field}: {plural(each.records, 'record')} ({each.migration})"
                for each in found
            ],
            [each.migration for each in found],
            commit,
            request,
        )


def _is_retyped(evolution: Evolution, lost: LostValues) -> bool:
    """Whether the code has the field of these values, with values of another kind."""
    newer = evolution.newer(lost.model)
    model = evolution.models.get(newer.label) if newer else None
    return bool(newer and model and newer.fields.get(lost.field) in model.by_name)


def _ignoring(evolution: Evolution, licences: Licences) -> Sequence[str]:
    """The options that leave out what the code lacks, without those that are given."""
    dropped = evolution.dropped
    models = [name for name in dropped if name.count(".") == 1]
    wanted = {
        "--ignore-unknown-fields": (len(models) < len(dropped) or (evolution.ahead and not models))
        and not licences.ignore_unknown_fields,
        "--ignore-unknown-models": models and not licences.ignore_unknown_models,
    }
    return [option for option, needed in wanted.items() if needed]

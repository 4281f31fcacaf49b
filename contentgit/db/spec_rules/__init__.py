"""What a model rules out in a spec: unknown names, rows without identity, rows that cannot be created.

Reads ``_meta`` and builds querysets; no query is made.
"""

from __future__ import annotations

from dataclasses import replace

from contentgit.db.coverage import unheld_problems
from contentgit.db.spec_rules.content import ContentRules
from contentgit.db.spec_rules.identities import IdentityRules
from contentgit.db.spec_rules.merging import MergeRules
from contentgit.db.spec_rules.models import label_of, model_of, no_rows
from contentgit.db.spec_rules.places import PlaceRules
from contentgit.db.spec_rules.rules import unknown_model
from contentgit.specs import Identity, Mistake, ModelSpec


def resolve(spec: ModelSpec, where: str) -> tuple[ModelSpec | None, list[Mistake]]:
    """The spec, and everything in it that does not fit its model.

    ``None`` for the spec if it has errors, or its model has no rows of its own (proxy, unmanaged,
    swapped, the hidden model of a many-to-many field), which is a warning.
    """
    model = model_of(spec.model)
    if model is None:
        return None, [unknown_model(spec.model, where)]
    reason = no_rows(model)
    if reason:
        hint = "remove the spec, or silence contentgit.W006"
        message = f"{spec.model} {reason}; the spec is skipped"
        return None, [Mistake("contentgit.W006", message, hint, where)]
    if model._meta.app_label == "contentgit":
        message = f"{spec.model} records what was applied to this database; it is not content"
        return None, [Mistake("contentgit.E022", message, "remove the spec", where)]
    problems = [
        *ContentRules(model, spec, where).problems(),
        *unheld_problems(model, spec.exclude, where),
        *IdentityRules(model, spec, where).problems(),
        *MergeRules(model, spec, where).problems(),
        *PlaceRules(model, spec, where).problems(),
    ]
    failed = any(problem.is_error for problem in problems)
    return (None if failed else replace(spec, model=model._meta.label_lower)), problems


def identity_problems(label: str, identity: Identity, where: str) -> list[Mistake]:
    """What is wrong with ``identity`` as what names the rows of a model that is in no dataset."""
    model = model_of(label)
    if model is None:
        return [unknown_model(label, where)]
    reason = no_rows(model)
    if reason:
        hint = f"name {model._meta.swapped or label_of(model._meta.concrete_model)!r} instead"
        return [Mistake("contentgit.E022", f"{label} {reason}", hint, where)]
    return IdentityRules(model, ModelSpec(label, identity=identity), where).identities()

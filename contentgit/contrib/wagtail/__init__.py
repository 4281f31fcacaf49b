"""References in the content of Wagtail sites: rich text, streams, drafts.

A datasets module imports it, and nothing else does::

    from contentgit.contrib import wagtail

    def datasets():
        return {"site": {"specs": lambda args: wagtail.specs()}}

What is in streams and drafts follows from the definitions of the site's own models and blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.db.models import Model

from contentgit.contrib.wagtail.revisions import Revision
from contentgit.contrib.wagtail.rich_text import RichText
from contentgit.contrib.wagtail.streams import StreamField
from contentgit.datasets import specs_for_app_models
from contentgit.db.spec_rules.models import has_automatic_key, has_uuid_key, ways_back
from contentgit.db.trees import numbering_of
from contentgit.references import References

__all__ = ["Revision", "RichText", "StreamField", "references_of", "specs"]

_REVISION: Final = "wagtailcore.revision"
_LOCAL: Final = frozenset(
    {
        "wagtailadmin.editingsession",
        "wagtailadmin.formstate",
        "wagtailcore.apitoken",
        "wagtailcore.modellogentry",  # these keep naming rows that are gone
        "wagtailcore.pagelogentry",
        "wagtailcore.referenceindex",
        "wagtailcore.uploadedfile",
        "wagtailembeds.embed",
        "wagtailsearch.indexentry",
        "wagtailsearch.sqliteftsindexentry",
        "wagtailsearchpromotions.querydailyhits",
    }
)
"""What Wagtail makes of the rest, and what happens to people in one database."""
_LOCAL_BASES: Final = frozenset({"AbstractFormSubmission", "AbstractRendition"})
"""Classes of Wagtail from which sites derive more of that."""
_COMPUTED: Final = frozenset({"BaseIndexEntry", "AbstractRendition"})
"""Classes of whose rows Wagtail makes new ones where they are missing."""
_NAMED: Final[Mapping[str, list[str]]] = {"wagtailsearchpromotions.query": ["query_string"]}
"""Models whose rows visitors make on each site, and what is the same of them."""


def references_of(model: type[Model]) -> dict[str, References]:
    """The ``"references"`` of a spec of the model: its rich text, its streams, and what revisions hold."""
    from wagtail import fields

    found: dict[str, References] = {}
    for each in model._meta.local_concrete_fields:
        if isinstance(each, fields.RichTextField):
            found[each.name] = RichText()
        elif isinstance(each, fields.StreamField):
            found[each.name] = StreamField(each)
    if model._meta.label_lower == _REVISION:
        found["content"] = Revision()
    return found


def specs(
    models: Iterable[type[Model]] | None = None, spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One spec for each of ``models``, with its references, as a tree if it is one, and the keys of ``spec``.

    Without ``models`` those of Wagtail's apps and of all apps that build on a model of theirs, without what
    Wagtail makes of other rows. Where ``spec`` says nothing about ``identity`` and the primary key is not
    content itself, nor a UUID, rows get UUIDs for names, or the rows that each is the only one for: Wagtail
    makes the settings of a site, or the profile of a user, on each site where somebody asks for them.
    ``derived`` names the entries in the search index and the thumbnails, besides what ``spec`` has there.
    """
    wanted = _content() if models is None else models
    return [_spec(each, spec or {}) for each in wanted]


def _spec(model: type[Model], spec: Mapping[str, Any]) -> dict[str, Any]:
    computed = [*spec.get("derived", ()), *_computed(model)]
    made = {
        "identity": _identity(model),
        **({"tree": True} if numbering_of(model) else {}),
        **spec,
        **({"derived": computed} if computed else {}),
    }
    return {**made, "model": model._meta.label_lower, "references": references_of(model)}


def _computed(model: type[Model]) -> Iterator[str]:
    """The relations of the model's own rows to what Wagtail computes from them."""
    for name, related in ways_back(model).items():
        bases = {each.__name__ for each in related.__mro__}
        if not bases.isdisjoint(_COMPUTED):
            yield name


def _identity(model: type[Model]) -> str | list[str]:
    if not has_automatic_key(model):
        return "pk"
    unique = "pk" if has_uuid_key(model) else "uuid"
    return _NAMED.get(model._meta.label_lower) or _owners(model) or unique


def _owners(model: type[Model]) -> list[str]:
    """The relations of which each row has another combination; empty if there are none."""
    meta = model._meta
    fields = {each.name: each for each in meta.local_concrete_fields}
    alone = [(each.name,) for each in fields.values() if each.unique and not each.primary_key]
    constraints = [each.fields for each in meta.total_unique_constraints]
    for names in (*alone, *meta.unique_together, *constraints):
        found = [fields[name] for name in names if name in fields]
        if len(found) == len(names) and all(each.is_relation and not each.null for each in found):
            return [*names]
    return []


def _content() -> Iterator[type[Model]]:
    """The models of a site's content: those of Wagtail, and of apps that build on one of them."""
    for config in apps.get_app_configs():
        if any(_is_wagtails(base) for each in config.get_models() for base in each.__mro__):
            listed = (apps.get_model(each["model"]) for each in specs_for_app_models(config.label))
            yield from (each for each in listed if _is_content(each))


def _is_wagtails(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "wagtail"


def _is_content(model: type[Model]) -> bool:
    bases = {each.__name__ for each in filter(_is_wagtails, model.__mro__)}
    return bases.isdisjoint(_LOCAL_BASES) and model._meta.label_lower not in _LOCAL

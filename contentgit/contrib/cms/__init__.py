"""References in the content of django CMS sites: text plugins, links, configurations of plugins.

A datasets module imports it, and nothing else does::

    from contentgit.contrib import cms
    from contentgit.signals import pre_apply

    pre_apply.connect(cms.one_version_each)

    def datasets():
        return {"site": {"specs": lambda args: cms.specs()}}

What is in fields follows from the site's own models, and from the forms of its plugins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.db.models import Model, QuerySet

from contentgit.contrib.cms.fields import references_of
from contentgit.contrib.cms.versions import one_version_each
from contentgit.datasets import specs_for_app_models
from contentgit.db.spec_rules.models import has_automatic_key, has_uuid_key
from contentgit.db.trees import numbering_of

__all__ = ["one_version_each", "references_of", "specs"]

_PREFIXES: Final = ("cms", "djangocms_", "filer")
_LOCAL: Final = frozenset(
    {
        "cms.pageuser",  # a user, as are groups of them
        "cms.pageusergroup",
        "cms.placeholderreference",  # what is in a clipboard
        "cms.urlconfrevision",
        "cms.usersettings",
        "filer.clipboard",
        "filer.clipboarditem",
    }
)
"""What belongs to people in one database, or to its processes."""

_SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    "cms.cmsplugin": {"order": {"position": ["placeholder", "language"]}},
    "djangocms_alias.alias": {"order": {"position": ["category"]}},
    "djangocms_versioning.version": {"derived": ["modified"]},
}


def specs(
    models: Iterable[type[Model]] | None = None, spec: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One spec for each of ``models``, with its references, its order or tree, and the keys of ``spec``.

    Without ``models`` those of django CMS and of all apps that build on a model of its packages or have
    placeholders, without what belongs to people at work. Clipboards are left out. Rows get UUIDs for names
    where ``spec`` says nothing about ``identity`` and the primary key is not content itself.
    """
    wanted = _content() if models is None else models
    return [_spec(each, spec or {}) for each in wanted]


def _spec(model: type[Model], spec: Mapping[str, Any]) -> dict[str, Any]:
    label = model._meta.label_lower
    is_local = has_automatic_key(model) and not has_uuid_key(model)
    identity = "uuid" if is_local else "pk"
    tree = {"tree": True} if numbering_of(model) else {}
    own = {"identity": identity, "filter": _filter(model), **tree, **_SPECS.get(label, {})}
    return {**own, **spec, "model": label, "references": references_of(model)}


def _filter(model: type[Model]) -> dict[str, Any]:
    from cms.models import CMSPlugin, Placeholder

    if model is Placeholder:
        return {"pk__in": _content_placeholders()}
    return {"placeholder__in": _content_placeholders()} if issubclass(model, CMSPlugin) else {}


def _content_placeholders() -> QuerySet[Any]:
    """All placeholders but the clipboards, and those of placeholders that are in a clipboard as a whole."""
    from cms.models import Placeholder

    of_people = {"content_type__app_label": "cms", "content_type__model": "placeholderreference"}
    found: QuerySet[Any] = Placeholder._base_manager.filter(usersettings=None)
    return found.exclude(**of_people)


def _content() -> Iterator[type[Model]]:
    """The models of a site's content: those of django CMS, and of apps that build on it."""
    for config in apps.get_app_configs():
        if any(map(_is_built_on_it, config.get_models())):
            listed = (apps.get_model(each["model"]) for each in specs_for_app_models(config.label))
            yield from (each for each in listed if each._meta.label_lower not in _LOCAL)


def _is_built_on_it(model: type[Model]) -> bool:
    own = (*model._meta.local_fields, *model._meta.private_fields)
    related = {getattr(each.related_model, "_meta", None) for each in own}
    return any(each.__module__.startswith(_PREFIXES) for each in model.__mro__) or any(
        each is not None and each.label_lower == "cms.placeholder" for each in related
    )

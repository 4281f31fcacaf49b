"""What djangocms-versioning makes sure of, and no constraint does: one draft, one published version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from contentgit import config
from contentgit.content.diff import Change
from contentgit.content.records import Record, RecordKey
from contentgit.datasets import identities, load_datasets
from contentgit.db.identity import Identities
from contentgit.db.queries import rows_of
from contentgit.errors import RefusedError

_VERSION: Final = "djangocms_versioning.version"
_STATES: Final = ("draft", "published")
"""Of each there is one version at most."""

_HINT: Final = "unpublish or archive one of them where it was made, commit that, and apply again"


class _Version(NamedTuple):
    state: str
    content: str


class _Content(NamedTuple):
    """``group`` is what there is one version of in each state: a page in a language, as records say it."""

    group: tuple[object, ...]
    title: str


def one_version_each(*, using: str, changes: Iterable[Change], **_more: object) -> None:
    """A receiver of :data:`contentgit.signals.pre_apply` for sites with djangocms-versioning.

    Raises:
        RefusedError: the apply would leave two published versions or two drafts of one page in one
            language, or of what else has versions. They are listed.
    """
    if apps.is_installed("djangocms_versioning"):
        written = _Written()
        for change in changes:
            written.add(change)
        twice = [*_twice(written, using)]
        if twice:
            message = "djangocms-versioning has one draft and one published version; nothing has been written"
            raise RefusedError(message, items=twice, hint=_HINT)


@dataclass
class _Kind:
    """A model of contents that have versions."""

    model: type[Model]
    grouping: list[str]

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @cached_property
    def title(self) -> str:
        """The field that names a content."""
        for name in ("title", "name"):
            try:
                return self.model._meta.get_field(name).name
            except FieldDoesNotExist:
                continue
        return "pk"

    def content(self, values: dict[str, Any]) -> _Content:
        group = (self.label, *(values.get(name) for name in self.grouping))
        return _Content(group, str(values.get(self.title)))


def _kinds() -> dict[str, _Kind]:
    extension: Any = apps.get_app_config("djangocms_versioning").cms_extension  # type: ignore[attr-defined]
    concrete = (each for each in extension.versionables if each.concrete)
    found = (_Kind(each.content_model, [*each.grouping_fields]) for each in concrete)
    return {each.label: each for each in found}


@dataclass
class _Written:
    """The versions and contents that an apply writes, by key; a version that it deletes is ``None``."""

    kinds: dict[str, _Kind] = field(default_factory=_kinds)
    versions: dict[str, _Version | None] = field(default_factory=dict)
    contents: dict[str, _Content] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        key, record = str(change.key), change.after
        if change.key.model == _VERSION:
            self.versions[key] = _version(record) if record else None
        elif record and change.key.model in self.kinds:
            self.contents[key] = self.kinds[change.key.model].content({**record.fields})


def _version(record: Record) -> _Version:
    return _Version(str(record.fields.get("state")), str(record.fields.get("content")))


def _twice(written: _Written, using: str) -> Iterator[str]:
    """A line for each draft or published version that would not be the only one."""
    versions = {key: each for key, each in written.versions.items() if each}
    new = {key for key, each in versions.items() if each.state in _STATES}
    if not new:
        return
    there = _There(written.kinds, using)
    contents = {**dict(there.contents()), **written.contents}
    kept = {key: each for key, each in there.versions() if key not in written.versions}
    found: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for key, version in {**kept, **versions}.items():
        if version.state in _STATES and version.content in contents:
            found[*contents[version.content].group, version.state].append(key)
    for (*_, state), keys in found.items():
        if len(keys) > 1 and new.intersection(keys):
            titles = {contents[(versions.get(key) or kept[key]).content].title for key in keys}
            yield f"{len(keys)} of {' | '.join(sorted(titles))} are {state}: {', '.join(sorted(keys))}"


@dataclass
class _There:
    """The drafts and published versions that the database has, as records name them."""

    kinds: dict[str, _Kind]
    using: str

    @cached_property
    def names(self) -> Identities:
        settings = config.read()
        definitions = load_datasets(settings.datasets or "", settings.identities)
        return Identities(self.using, identities(definitions, settings.identities))

    def versions(self) -> Iterator[tuple[str, _Version]]:
        rows = self._rows().values_list(
            "pk", "state", "content_type__app_label", "content_type__model", "object_id"
        )
        for pk, state, app, model, row in rows:
            if f"{app}.{model}" not in self.kinds:
                continue  # left from an app that is gone
            yield self._named(_VERSION, pk), _Version(state, self._named(f"{app}.{model}", row))

    def contents(self) -> Iterator[tuple[str, _Content]]:
        for kind in self.kinds.values():
            fields = [kind.model._meta.get_field(name) for name in kind.grouping]
            targets = {
                each.name: each.related_model._meta.label_lower  # type: ignore[union-attr]
                for each in fields
                if each.is_relation
            }
            app, model = kind.label.split(".")
            own = self._rows().filter(content_type__app_label=app, content_type__model=model)
            rows = rows_of(kind.model, self.using).filter(pk__in=own.values("object_id"))
            for pk, title, *values in rows.values_list("pk", kind.title, *kind.grouping):
                pairs = zip(kind.grouping, values, strict=True)
                said = {
                    name: self._named(targets[name], value) if name in targets else value
                    for name, value in pairs
                }
                yield self._named(kind.label, pk), kind.content({**said, kind.title: title})

    def _rows(self) -> Any:
        version = apps.get_model(_VERSION)
        return rows_of(version, self.using).filter(state__in=_STATES)

    def _named(self, label: str, pk: Any) -> str:
        return str(RecordKey(label, self.names.key_text(label, pk) or f"?{pk}"))

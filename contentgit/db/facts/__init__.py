"""Fetches the facts that a planner needs of a database, in bulk.

Queries are proportional to models, relations and chunks of keys, never to rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from contentgit.content.embedded import unknown_pk
from contentgit.content.records import RecordKey, by_model
from contentgit.db.facts.holders import fetch_holders
from contentgit.db.facts.referrers import Source, fetch_referrers, fetch_siblings
from contentgit.db.queries import matching, rows_among
from contentgit.plan import Choice, Item, outside
from contentgit.plan.facts import Facts, Presence


def present(source: Source) -> Presence:
    """Which rows exist, for :func:`contentgit.plan.choose`.

    Writes nothing and calls no code of the project.
    """
    survey = source.survey
    wanted = survey.wanted | set(survey.created)
    is_model = source.identities.is_model
    uninstalled = {label for label in {key.model for key in wanted} if not is_model(label)}
    known = [key for key in wanted if key.model not in uninstalled]
    reader = next(iter(source.readers.values()))
    existing = frozenset(reader.existing(known))
    return Presence(
        existing=existing,
        kept=_kept(source),
        licensed=frozenset(_licensed(source)),
        links=_links(source, outside(survey, existing)),
        uninstalled=frozenset(uninstalled),
        by_row=frozenset(_by_row(source, known)),
    )


def _by_row(source: Source, keys: Iterable[RecordKey]) -> Iterator[RecordKey]:
    """See :attr:`contentgit.plan.facts.Presence.by_row`."""
    identities = source.identities
    for label, some in by_model(keys).items():
        if not identities.is_local(label):
            continue
        for key in some:
            number = unknown_pk(key)
            if identities.is_by_row(key) if number is None else identities.is_named(label, number):
                yield key


def consequences(source: Source, presence: Presence, choice: Choice) -> Facts:
    """The consequences of the choice, for :func:`contentgit.plan.build`."""
    return Facts(
        **vars(presence),
        referrers=tuple(fetch_referrers(source, presence, choice.deletes)),
        siblings=tuple(fetch_siblings(source, presence.existing, choice.writes)),
        holders=dict(fetch_holders(source)),
    )


def _kept(source: Source) -> dict[RecordKey, str]:
    """The records that one dump would delete and that another holds without any change."""
    found: dict[RecordKey, str] = {}
    survey = source.survey
    deletes = {key: items for key, items in survey.deletes.items() if key not in survey.writes}
    for dump in sorted(source.readers):
        keys = (k for k, items in deletes.items() if all(item.dump != dump for item in items))
        for label, some in by_model(keys).items():
            if label in survey.datasets[dump].models:
                for key in source.readers[dump].members(label, some):
                    found.setdefault(key, dump)
    return found


def _licensed(source: Source) -> Iterator[tuple[str, RecordKey]]:
    """The deletes which a spec with ``delete_missing`` licenses, where a model has several specs."""
    survey = source.survey
    unsure: dict[tuple[str, str, bool], list[Item]] = defaultdict(list)
    for items in survey.deletes.values():
        for item in items:
            if survey.licence(item) is None:
                held = (item.dump, item.key) in survey.held
                unsure[item.dump, item.key.model, held].append(item)
    for (dump, label, _), items in unsure.items():
        table = source.table(label)
        specs = survey.datasets[dump].specs_of(label)
        reader = source.readers[dump]
        filters = [reader.filter_of(spec) for spec in specs if survey.permits(spec, items[0])]
        condition = matching(table, filters, source.using)
        keys = table.decode_keys([item.key.key for item in items])
        columns = table.key_columns
        for row in rows_among(table.name, columns, columns, keys, source.using, condition):
            yield dump, RecordKey(label, table.encode_key(*row))


def _links(
    source: Source, keys: Iterable[RecordKey]
) -> Mapping[RecordKey, Mapping[str, tuple[str, ...]]]:
    found: dict[tuple[RecordKey, str], list[str]] = defaultdict(list)
    for label, some in by_model(keys).items():
        table = source.table(label)
        pks = table.decode_keys([key.key for key in some])
        for each in table.relations:
            ends = (each.source, each.target)
            for pk, target in rows_among(each.table, ends, ends[:1], pks, source.using):
                key = RecordKey(table.label, table.encode_key(pk))
                found[key, each.name].append(each.encode_target(target))
    links: dict[RecordKey, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for (key, name), references in found.items():
        links[key][name] = tuple(sorted(references))
    return dict(links)

"""Two commits' trees become one, without a worktree, settings or a database.

Files are taken by blob id where one side alone changed them; records that both changed are merged field
by field. Renames are never guessed: a record is named by its key. Nothing is published here: what is
written are objects that no ref reaches yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contentgit.branches.trees.constraints import Doubt
from contentgit.branches.trees.evolving import in_one_schema
from contentgit.branches.trees.files import FileMerge, whole
from contentgit.branches.trees.following import merged_keys
from contentgit.branches.trees.losses import Loss, losses
from contentgit.branches.trees.meeting import Meeting
from contentgit.branches.trees.rekeying import rekeyed, with_keys
from contentgit.branches.trees.sides import Base, File, OneKeyEach, Sides
from contentgit.content.layout import in_dump
from contentgit.content.records import RecordKey
from contentgit.errors import RefusedError
from contentgit.git import Repository
from contentgit.history.carried import completed
from contentgit.history.commits import check_format
from contentgit.merge import Reason, Resolution, Side, TreeConflict, new_keys

__all__ = [
    "Base",
    "Doubt",
    "Loss",
    "Sides",
    "TreeMerge",
    "common_base",
    "given_base",
    "in_one_schema",
    "losses",
    "merge_commits",
    "merge_trees",
]


@dataclass(frozen=True)
class TreeMerge:
    """The merged tree, which has ours where ``conflicts`` are, and what both sides come from.

    ``sides`` are the three sides in one schema, ``as_merged`` the same with the new keys that records of
    theirs or ours were given. ``written`` has the blob ids of files that are neither side's, as
    :class:`Meeting` takes them. ``doubts`` are what only a database can judge, once there is no conflict.
    """

    tree: str
    sides: Sides = field(repr=False, compare=False)
    as_merged: Sides = field(repr=False, compare=False)
    conflicts: tuple[TreeConflict, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    doubts: tuple[Doubt, ...] = ()

    @property
    def base(self) -> Base:
        """What both sides come from."""
        return self.sides.base


def merge_commits(
    repository: Repository, ours: str, theirs: str, resolutions: Sequence[Resolution] = ()
) -> TreeMerge:
    """The tree that has what both commits, by id, changed since their common history.

    Commits without one have nothing in common: all is added on both sides.

    Raises:
        FormatError: a commit holds what contentgit does not write, in a file that matters here.
        RepositoryError: a shallow clone lacks the history that is needed.
    """
    base = common_base(repository, ours, theirs)
    return merge_trees(repository, base, ours, theirs, resolutions)


def merge_trees(
    repository: Repository,
    base: Base,
    ours: str,
    theirs: str,
    resolutions: Sequence[Resolution] = (),
) -> TreeMerge:
    """The tree that has what ``ours`` and ``theirs``, commits or trees, changed since ``base``.

    Dumps that have migrations on one side alone are merged as these make them.

    Raises:
        FormatError: a side has something other than a folder at the path of a dump.
        RefusedError: a side lacks migrations of which nothing is known.
    """
    Sides(repository, base, ours, theirs).refuse_replaced()
    here, there = (with_keys(repository, each, base.reading) for each in (ours, theirs))
    before = in_one_schema(repository, base, here, there)
    sides = _keyed(before, resolutions)
    merge = FileMerge(sides, resolutions)
    root = repository.trees.root(sides.ours)
    tree = repository.writer.write_tree(None, merge.changes(), {"": root})
    tree = completed(repository, tree, root, [each for each in (theirs, base.tree) if each])
    meeting = Meeting(sides, tree, merge.written, frozenset(merge.decided))
    met = [*_added_twice(sides, meeting.result), *meeting.conflicts(merge.conflicts)]
    conflicts = (*merge.conflicts, *met)
    doubts = () if conflicts else meeting.doubts()
    return TreeMerge(tree, before, sides, conflicts, merge.written, doubts)


def common_base(repository: Repository, ours: str, theirs: str) -> Base:
    """What both commits come from; where they were merged into each other, the merge of all bases.

    Records that merges gave other keys since are there under those with which they are to be merged.
    """
    commits = repository.history.merge_bases(ours, theirs)
    if not commits:
        return Base(None)
    below: dict[tuple[str, str], Sequence[str]] = {(ours, theirs): commits}
    every = [*dict.fromkeys(_bases(repository, commits, below))]
    for commit in every:
        check_format(repository, commit)
    reading = merged_keys(repository, every, ours, theirs)
    return _base(repository, (ours, theirs), below, reading)._replace(reading=reading)


def given_base(repository: Repository, tree: str, ours: str, theirs: str) -> Base:
    """Another tree in place of the one commit that both sides come from, like :func:`common_base`."""
    commits = repository.history.merge_bases(ours, theirs)
    reading = merged_keys(repository, commits, ours, theirs)
    keys = next((reading.keys[each] for each in commits if each in reading.keys), {})
    reading = reading._replace(keys={**reading.keys, tree: keys})
    return Base(with_keys(repository, tree, reading), tuple(commits), reading=reading)


def _bases(
    repository: Repository, commits: Sequence[str], below: dict[tuple[str, str], Sequence[str]]
) -> Iterator[str]:
    """These commits, and what they come from themselves where there are several."""
    yield from commits
    for commit in commits[1:]:
        pair = (commits[0], commit)
        if pair not in below:
            below[pair] = repository.history.merge_bases(*pair)
            yield from _bases(repository, below[pair], below)


def _base(
    repository: Repository,
    sides: tuple[str, str],
    below: Mapping[tuple[str, str], Sequence[str]],
    reading: OneKeyEach,
) -> Base:
    commits = below[sides]
    if not commits:
        return Base(None)
    first, *rest = commits
    tree, doubtful = with_keys(repository, first, reading), frozenset[str]()
    for commit in rest:
        other = with_keys(repository, commit, reading)
        base = _base(repository, (first, commit), below, reading)
        met = in_one_schema(repository, base, tree, other, as_base=True)
        merge = FileMerge(met, as_base=True)
        tree = repository.writer.write_tree(None, merge.changes(), {"": met.ours})
        doubtful |= merge.doubtful | met.base.doubtful
    return Base(tree, tuple(commits), doubtful)


def _keyed(sides: Sides, resolutions: Sequence[Resolution]) -> Sides:
    """The sides with the new keys that records were given.

    Raises:
        RefusedError: two records would have one key.
    """
    ours, theirs = (new_keys(resolutions, side) for side in Side)
    if not ours and not theirs:
        return sides
    _refuse_taken(sides, ours, theirs)
    return Sides(
        sides.repository,
        sides.base,
        _with_keys(sides, sides.ours, sides.by_ours, ours) if ours else sides.ours,
        _with_keys(sides, sides.theirs, sides.by_theirs, theirs) if theirs else sides.theirs,
    )


def _with_keys(
    sides: Sides,
    tree: str,
    changed: Mapping[str, tuple[File, File]],
    keys: Mapping[RecordKey, RecordKey],
) -> str:
    """A side's tree with other keys for some of the records that it added."""
    files = [
        (path, after) for path, (_, after) in changed.items() if after and sides.is_record(path)
    ]
    root = sides.repository.trees.root(tree)
    changes = rekeyed(sides.repository, files, keys, sides.schema)
    return sides.repository.writer.write_tree(None, changes, {"": root})


def _refuse_taken(
    sides: Sides, ours: Mapping[RecordKey, RecordKey], theirs: Mapping[RecordKey, RecordKey]
) -> None:
    """Raises RefusedError where a new key is one that somebody has: the two records would become one."""
    given = Counter([*ours.values(), *theirs.values()])
    taken = {each for each, count in given.items() if count > 1}
    places = {path: each for each in given for path in sides.paths(each)}
    for side, keys in ((sides.base.tree, {}), (sides.ours, ours), (sides.theirs, theirs)):
        if side:
            there = {places[path] for path in sides.repository.trees.files_at(side, list(places))}
            taken |= there.difference(keys)
    if taken:
        raise RefusedError(
            f"{min(taken)} cannot be a record's new key: another record has it",
            hint="the decisions cannot be carried out: give up with --abort and start again",
            data={"keys": [str(each) for each in sorted(taken)]},
        )


def _added_twice(sides: Sides, result: Callable[[str], str]) -> Iterator[TreeConflict]:
    """The conflicts over records that each side added to another dump: one row, which both dumps would write.

    ``result`` gives a file's blob id in the merged tree.
    """
    ours = {in_dump(path)[1]: path for path, change in sides.by_ours.items() if change[0] is None}
    added = (
        (ours.get(in_dump(path)[1], path), path, side) for path, side in sides.by_theirs.items()
    )
    pairs = [
        (here, there)
        for here, there, change in added
        if change[0] is None and here != there and sides.is_record(there)
        if result(here) and result(there) and result(here) != result(there)
    ]
    found = dict(sides.records(path for pair in pairs for path in pair))
    for here, there in pairs:
        three = (None, found[here][1], found[there][2])
        if three[1] and three[2]:
            yield TreeConflict(Reason.ADDED, (whole(here, three, sides.title(here, three)),))

"""``check --fix``: files as contentgit writes them, in one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contentgit.check import Fix
from contentgit.check.files import check_file, describe
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE
from contentgit.errors import UsageError
from contentgit.git import LeftAlone, Repository
from contentgit.history.snapshots import batches


@dataclass(frozen=True)
class Rewritten:
    """The commit, ``""`` if nothing was to be done; how many files it rewrites, how many of them it moves.

    ``taken`` are the files that stay: another lies where they belong, or they have a name that git's own
    tools cannot be told.
    """

    commit: str
    branch: str
    files: int
    moved: int
    taken: tuple[str, ...]
    left_alone: tuple[LeftAlone, ...] = ()


def branch_to_fix(repository: Repository, commit: str) -> str:
    """The branch that HEAD is on, which must be at ``commit``.

    Raises:
        UsageError: HEAD is elsewhere, or on no branch.
    """
    branch = repository.refs.head_branch()
    if branch is None or repository.refs.tip(branch) != commit:
        raise UsageError(
            "--fix writes a commit on HEAD's branch, and can only mend what HEAD has",
            hint="contentgit check --fix  (without a revision), on the branch to be mended",
        )
    return branch


def rewrite(repository: Repository, branch: str, commit: str, fixes: Sequence[Fix]) -> Rewritten:
    """Writes what can be written canonically, in one commit on ``branch``, which is at ``commit``.

    Raises:
        BusyError: the branch has moved meanwhile.
        RepositoryError: git refused.
    """
    repository.settings.identity()
    going, taken = _without_taken(repository, commit, fixes)
    moved = sum(each.path != each.place for each in going)
    if not going:
        return Rewritten("", branch, 0, 0, taken)
    tree = repository.writer.write_tree(commit, _changes(repository, commit, going))
    count = len(going)
    message = f"Rewrite {count} {'file' if count == 1 else 'files'} canonically\n"
    new = repository.writer.commit_tree(tree, [commit], message)
    left = repository.worktrees.advance(branch, new, commit, "contentgit check --fix")
    repository.housekeeping.maintain()
    return Rewritten(new, branch, count, moved, taken, tuple(left))


def _without_taken(
    repository: Repository, commit: str, fixes: Sequence[Fix]
) -> tuple[list[Fix], tuple[str, ...]]:
    """The fixes whose place is free, or becomes so; and the files whose place is not."""
    going = {each.path: each for each in fixes if repository.writer.writes(each.path)}
    places = [each.place for each in fixes if each.place != each.path]
    there = repository.trees.files_at(commit, places) if places else {}
    wanted = Counter(each.place for each in fixes)
    while True:
        leaving = {path for path, each in going.items() if each.place != path}
        stay = [
            path
            for path in leaving
            if wanted[place := going[path].place] > 1 or (place in there and place not in leaving)
        ]
        if not stay:
            return list(going.values()), tuple(sorted({each.path for each in fixes} - going.keys()))
        for path in stay:
            del going[path]


def _changes(
    repository: Repository, commit: str, fixes: Sequence[Fix]
) -> Iterator[tuple[str, bytes | None]]:
    """Removals first: a record may move to where another was."""
    yield from ((each.path, None) for each in fixes if each.path != each.place)
    folders = sorted({each.path.partition("/")[0] for each in fixes})
    paths = [f"{folder}/{DATASET_FILE}" for folder in folders]
    blobs = repository.trees.files_at(commit, paths)
    contents = dict(zip(blobs, repository.objects.blobs(blobs.values()), strict=True))
    dumps = {
        folder: describe(folder, contents.get(path))[0]
        for folder, path in zip(folders, paths, strict=True)
    }
    for batch in batches(fixes):
        for each, data in zip(
            batch, repository.objects.blobs(each.blob for each in batch), strict=True
        ):
            folder, _, path = each.path.partition("/")
            if path == DATASET_FILE or each.path == REPOSITORY_FILE:
                yield each.place, dump_document(parse_document(data))
            else:
                yield each.place, check_file(dumps[folder], path, data).data

"""Work on trees grows about as they do: with the dumps of a commit, with what both sides changed."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contentgit.branches.merging.deciding import chosen
from contentgit.branches.merging.new_keys import NewKeys
from contentgit.branches.trees import Base, Sides, merge_commits
from contentgit.branches.trees.survey import By, ChangedRecords
from contentgit.cli.main import main
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.layout import DATASET_FILE
from contentgit.content.records import Record, RecordKey
from contentgit.git import Repository
from contentgit.history.commits import Selection, compare_commits
from contentgit.merge import Contested, Place, Reason, TreeConflict
from contentgit.specs import Dataset, ModelSpec
from tests.git.conftest import ANNA
from tests.git.content import PAGE, SCHEMA, Site, bytes_of, page, path_of

GROWTH = 6.0
"""Four times as much may take so many times as long."""
UNNOTICED = 0.1
"""Seconds in which a walk through a repository may do as it likes: it starts processes."""

Work = Callable[[], object]


def dumps(repository: Repository, n: int) -> Work:
    """What differs in many dumps, and what the records are called that are referred to."""
    folders = [f"area@{number}" for number in range(n)]

    def files(title: str) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for number, folder in enumerate(folders):
            parent = f"site.page:{number + len(title)}"
            specs = tuple(ModelSpec(label) for label in SCHEMA.models)
            dataset = Dataset("area", str(number), specs=specs)
            found[f"{folder}/{DATASET_FILE}"] = dump_document(schema_document(dataset, SCHEMA))
            key = f"site.page:{number}"
            found[path_of(key, folder)] = bytes_of(key, page(title, parent=parent))
        return found

    site = Site(repository)
    site.commit_files("main", files("Old"))
    site.commit_files("new", files("Other"))
    compared = compare_commits(repository, "main", "new", Selection())
    return lambda: list(compared.changes)


def bystanders(_repository: Repository, n: int) -> Work:
    """Records that nobody changed and that refer to what both sides gave up in the end."""
    gone = {RecordKey("site.tag", str(i)): (f"tag {i}", By.BOTH) for i in range(n)}
    records = [
        Record(RecordKey("site.page", str(i)), page(f"Page {i}", tags=[f"site.tag:{i}"]))
        for i in range(n)
    ]

    def work() -> None:
        survey = ChangedRecords(gone)
        for each in records:
            survey.add(f"{each.key}", By.NOBODY, each, PAGE)
        assert len(survey.missing()) == n

    return work


def new_keys(repository: Repository, n: int) -> Work:
    """Records that both sides added under one key."""
    site = Site(repository)
    base = repository.refs.resolve("main")
    ours, theirs = (
        site.commit_files(
            branch,
            {
                path_of(f"site.tag:{i}"): bytes_of(f"site.tag:{i}", {"name": branch})
                for i in range(1, n)
            },
        )
        for branch in ("side", "main")
    )
    conflicts = merge_commits(repository, ours, theirs).conflicts
    sides = Sides(repository, Base(base), ours, theirs)
    return lambda: list(NewKeys(sides, ()).of(conflicts))


def labels(_repository: Repository, n: int) -> Work:
    """Conflicts that are named one by one."""
    places = [Place(RecordKey("site.page", str(i)), "title") for i in range(n)]
    conflicts = [TreeConflict(Reason.EDITED, (Contested("", each),)) for each in places]
    names = [str(each.key) for each in places]

    def work() -> None:
        assert len(list(chosen(conflicts, names))) == n

    return work


def flat_records(repository: Repository, n: int) -> Work:
    """Records that all lie in one folder, written and then edited at once."""
    tags = [(f"pages/site.tag/tag-{i}.json", b"%d" % i) for i in range(n)]

    def work() -> None:
        tree = repository.writer.write_tree(None, tags)
        repository.writer.write_tree(
            None, ((path, data + b"\n") for path, data in tags), {"": tree}
        )

    return work


def seconds(work: Work) -> float:
    """How long this process and those that it starts work on it."""
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    return sum(os.times()[:4])


@pytest.mark.parametrize(
    ("made", "size"),
    [(dumps, 10), (bystanders, 2000), (new_keys, 200), (labels, 300), (flat_records, 8000)],
)
def test_work_grows_about_as_trees_do(
    made: Callable[[Repository, int], Work], size: int, tmp_path: Path
) -> None:
    small = made(Repository.init(tmp_path / "small"), size)
    large = made(Repository.init(tmp_path / "large"), 4 * size)
    one = four = float("inf")
    for _ in range(3):  # the best of several: others use the machine too
        one, four = min(one, seconds(small)), min(four, seconds(large))
        if four <= GROWTH * one + UNNOTICED:
            return
    raise AssertionError(f"{one:.2f} s, and {four:.2f} s for four times as much")


class Pieces(io.StringIO):
    """Output that counts how often it is written to: a time would depend on who else is at work."""

    count = 0

    def write(self, text: str) -> int:
        self.count += 1
        return super().write(text)


def test_a_long_message_is_shown_in_few_pieces(repository: Repository) -> None:
    tip = Site(repository).commit("main", {"site.tag:1": {"name": "One"}})
    message = "Subject\n\n" + "x\n" * 20_000
    tree = repository.trees.root(tip)
    commit = repository.writer.commit_tree(tree, [tip], message, author=ANNA, committer=ANNA)
    with contextlib.redirect_stdout(Pieces()) as out:
        main(["show", commit, "--repository", str(repository.path)])
    assert out.getvalue().count("\n    x\n") == 10_000
    assert out.count < 100

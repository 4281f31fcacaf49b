"""A merge, a decision and their end are killed at any moment: nothing is lost, and the next call works.

A child process is killed (SIGKILL) just before its n-th step: a git process started, a file renamed or
removed. The suite takes every 41st step; ``CONTENTGIT_TEST_EVERY=1`` takes each.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contentgit.branches.merging import abort, continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.picking import revert
from contentgit.branches.operation import current
from contentgit.errors import ConflictError, UsageError
from contentgit.git import Repository
from contentgit.merge import Take
from tests.git.content import Site
from tests.git.plain import git, status
from tests.git.test_tree_merge import START

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
EVERY = int(os.environ.get("CONTENTGIT_TEST_EVERY") or "41")
STEPS = ("subprocess.Popen", "os.rename", "os.remove")


def lives(step: int, call: Callable[[], object]) -> bool:
    """Runs ``call`` in a child that is killed before its ``step``-th step; whether it lived."""
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, _arguments: object) -> None:
            if event in STEPS:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            call()
        except ConflictError:
            os._exit(0)
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return not os.WIFSIGNALED(ended)


@pytest.fixture
def stage(repository_path: Path) -> Repository:
    """A merge under way in which the one conflict is decided; ``main~1`` can be reverted."""
    site = Site(Repository.init(repository_path), START)
    site.commit("summer", {"site.page:1": {"title": "Summer"}, "site.tag:1": {"name": "eins"}})
    site.commit("main", {"site.tag:2": {"name": "zwei"}})
    tip = site.commit("main", {"site.page:1": {"title": "Winter"}})
    site.repository.worktrees.bring_along("main", None, tip)
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    resolve(site.repository, [], Decision(Take.THEIRS))
    return site.repository


def copies(stage: Repository, call: Callable[[Repository], object]) -> Iterator[Repository]:
    """The repository as the call leaves it that was killed before each step, and that lived at last."""
    step, living = 1, False
    while not living:
        place = stage.path.parent / f"killed-{step}"
        shutil.copytree(stage.path, place, symlinks=True)
        repository = Repository.open(place)
        living = lives(step, lambda: call(Repository.open(place)))  # noqa: B023
        git(place, "fsck", "--strict")
        yield repository
        shutil.rmtree(place)
        step += EVERY
    assert step > max(EVERY, 10), "the call has hardly any steps: is it counted?"


def title(repository: Repository, commit: str = "main") -> str:
    return git(repository.path, "show", f"{commit}:pages/site.page/0/0/1.json")


def test_the_end_of_a_merge(stage: Repository) -> None:
    old = stage.refs.resolve("main")
    for repository in copies(stage, continue_merge):
        before = repository.refs.resolve("main")
        if current(repository) is None:
            assert repository.history.commit(before).parents == (old, stage.refs.resolve("summer"))
        else:
            assert before == old
            assert len(repository.history.commit(continue_merge(repository).commit).parents) == 2
        assert '"title": "Summer"' in title(repository)
        assert status(repository.path) == []
        with pytest.raises(UsageError, match="no merge is under way"):
            continue_merge(repository)


def test_a_decision(stage: Repository) -> None:
    for repository in copies(
        stage, lambda each: resolve(each, ["site.page:1"], Decision(Take.OURS))
    ):
        operation = current(repository)
        assert operation is not None
        (found,) = operation.resolutions  # the old one or the new one
        continue_merge(repository)
        expected = "Winter" if found.take is Take.OURS else "Summer"
        assert f'"title": "{expected}"' in title(repository)


def test_the_beginning_and_giving_up(stage: Repository) -> None:
    abort(stage)
    old = stage.refs.resolve("main")
    for repository in copies(stage, lambda each: merge(each, "summer")):
        assert repository.refs.resolve("main") == old
        assert status(repository.path) == []
        if current(repository):
            abort(repository)
        merge(repository, "summer", take=Take.THEIRS)
        assert '"title": "Summer"' in title(repository)


def test_a_revert(stage: Repository) -> None:
    abort(stage)
    old = stage.refs.resolve("main")
    for repository in copies(stage, lambda each: revert(each, "main~1")):
        tip = repository.refs.resolve("main")
        assert tip == old or repository.history.commit(tip).parents == (old,)
        assert current(repository) is None
        if tip == old:
            revert(repository, "main~1")
        assert '"name": "two"' in git(repository.path, "show", "main:pages/site.tag/0/0/2.json")

"""``merge``, ``resolve`` and their end, in a real repository without settings or a database."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contentgit.branches.merging import FastForward, MergeOutcome, abort, continue_merge, merge
from contentgit.branches.merging.deciding import Decision, resolve
from contentgit.branches.merging.picking import revert
from contentgit.branches.merging.recorded import recorded_in, resolve_recorded
from contentgit.branches.operation import current, keep, under_way
from contentgit.errors import (
    BusyError,
    ConflictError,
    FormatError,
    RefusedError,
    RepositoryError,
    UnknownNameError,
    UsageError,
)
from contentgit.git import Repository
from contentgit.history.commits import refuse_recorded
from contentgit.merge import Side, Take
from tests.git.content import Site, page, path_of, teaser
from tests.git.plain import files, git, status
from tests.git.test_tree_merge import START

ROOT = Path(__file__).parents[2]

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
OURS, THEIRS = Decision(Take.OURS), Decision(Take.THEIRS)


@pytest.fixture
def site(repository_path: Path) -> Site:
    """A repository with a worktree on main."""
    site = Site(Repository.init(repository_path), START)
    site.repository.worktrees.bring_along("main", None, site.repository.refs.resolve("main"))
    return site


@pytest.fixture
def split(site: Site) -> Site:
    """main and summer have changed the same title, and other things."""
    site.commit("summer", {"site.page:1": {"title": "Summer"}, "site.tag:1": {"name": "eins"}})
    old = site.repository.refs.resolve("main")
    site.commit("main", {"site.page:1": {"title": "Winter", "slug": "winter"}})
    site.repository.worktrees.bring_along("main", old, site.repository.refs.resolve("main"))
    return site


def test_a_merge_without_a_conflict_starts_little(site: Site, tmp_path: Path) -> None:
    """Neither Django nor rich is imported, and git is asked once what both sides come from."""
    site.commit("summer", {"site.tag:1": {"name": "eins"}})
    site.commit("main", {"site.page:1": {"title": "Winter"}})
    log, real = tmp_path / "log", shutil.which("git")
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    names = ("DJANGO_SETTINGS_MODULE", "FORCE_COLOR", "TTY_COMPATIBLE")
    env = {name: value for name, value in os.environ.items() if name not in names}
    env |= {"PYTHONPATH": str(ROOT), "PATH": f"{wrapper.parent}{os.pathsep}{env['PATH']}"}
    code = (
        "import sys\nfrom contentgit.cli.start import main\n"
        "code = main(['merge', 'summer'])\n"
        "found = {'django', 'rich'} & {*sys.modules}\n"
        "sys.exit(f'imported: {found}' if found or code else 0)"
    )
    call = (sys.executable, "-c", code)
    done = subprocess.run(call, cwd=site.repository.path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Merged summer into main: ")
    asked = log.read_text()
    words = ("fast-import", "merge-base", "rev-list", "--verify")
    assert [asked.count(f" {word} ") for word in words] == [1, 3, 1, 0]


def state(repository: Repository) -> Path:
    return repository.git_dir / "contentgit" / "merge.json"


def untouched(site: Site, tip: str) -> bool:
    repository = site.repository
    clean = status(repository.path) == [] and not (repository.git_dir / "MERGE_HEAD").exists()
    return clean and repository.refs.resolve("main") == tip


def title(site: Site, commit: str = "main", key: str = "site.page:1") -> str:
    record = site.record(site.repository.refs.resolve(commit), key)
    assert record is not None
    return str(record["title"])


def test_a_merge_is_an_ordinary_commit_with_two_parents(site: Site) -> None:
    repository = site.repository
    site.commit("summer", {"site.page:1": {"title": "Summer"}})
    site.commit("main", {"site.page:1": {"slug": "start"}})
    ours, theirs = repository.refs.resolve("main"), repository.refs.resolve("summer")
    repository.worktrees.bring_along("main", repository.refs.resolve("main~1"), ours)
    done = merge(repository, "summer")
    assert (done.how, done.branch, done.commit) == (
        MergeOutcome.MERGED,
        "main",
        repository.refs.resolve("main"),
    )
    commit = repository.history.commit(done.commit)
    assert commit.parents == (ours, theirs)
    assert commit.message == "Merge branch 'summer'\n"
    assert title(site) == "Summer"
    assert git(repository.path, "merge-base", "--is-ancestor", "summer", "main") == ""
    # The worktree has come along, and git sees nothing of its own to do.
    assert status(repository.path) == []
    assert b"Summer" in files(repository.path)[path_of("site.page:1")]
    assert not state(repository).exists()
    assert merge(repository, "summer").how is MergeOutcome.UP_TO_DATE
    assert (
        git(repository.path, "reflog", "-1", "--format=%gs", "main") == "contentgit merge: summer"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("summer", "Merge branch 'summer' into winter"),
        ("v1", "Merge tag 'v1' into winter"),
        ("origin/x", "Merge remote-tracking branch 'origin/x' into winter"),
        ("summer~0", "Merge commit 'summer~0' into winter"),
    ],
)
def test_a_merge_commit_says_what_it_merged(site: Site, name: str, words: str) -> None:
    repository = site.repository
    site.commit("summer", {"site.tag:1": {"name": "eins"}})
    git(repository.path, "tag", "v1", "summer")
    git(repository.path, "update-ref", "refs/remotes/origin/x", "summer")
    site.commit("winter", {"site.tag:2": {"name": "zwei"}})
    repository.refs.set_head("winter")
    done = merge(repository, name)
    assert repository.history.commit(done.commit).subject == words


def test_fast_forward_as_in_git(site: Site) -> None:
    repository = site.repository
    tip = site.commit("summer", {"site.tag:1": {"name": "eins"}})
    site.commit("winter", {"site.tag:2": {"name": "zwei"}})
    done = merge(repository, "summer", fast_forward=FastForward.ONLY)
    assert (done.how, done.commit) == (MergeOutcome.FAST_FORWARD, tip)
    assert status(repository.path) == []
    with pytest.raises(RefusedError, match="main and winter have diverged"):
        merge(repository, "winter", fast_forward=FastForward.ONLY)
    site.commit("spring", {})
    made = merge(repository, "winter", fast_forward=FastForward.NEVER, message="Join them\n")
    assert repository.history.commit(made.commit).message == "Join them\n"
    git(repository.path, "branch", "ahead", "main")
    site.commit("ahead", {"site.tag:1": {"name": "un"}})
    again = merge(repository, "ahead", fast_forward=FastForward.NEVER)
    assert (again.how, len(repository.history.commit(again.commit).parents)) == (
        MergeOutcome.MERGED,
        2,
    )


def test_no_commit_stops_before_it(site: Site) -> None:
    repository = site.repository
    site.commit("summer", {"site.tag:1": {"name": "eins"}})
    tip = site.commit("main", {"site.tag:2": {"name": "zwei"}})
    repository.worktrees.bring_along("main", repository.refs.resolve("main~1"), tip)
    assert merge(repository, "summer", commit=False).how is MergeOutcome.PREPARED
    assert untouched(site, tip)
    assert state(repository).exists()
    done = continue_merge(repository)
    assert repository.history.commit(done.commit).parents == (
        tip,
        repository.refs.resolve("summer"),
    )


def test_conflicts_are_kept_and_the_branch_stays(split: Site) -> None:
    repository = split.repository
    tip = repository.refs.resolve("main")
    with pytest.raises(ConflictError) as caught:
        merge(repository, "summer")
    assert caught.value.exit_code == 3
    assert caught.value.items == ("site.page:1/title  Winter: both sides changed it",)
    (conflict,) = caught.value.data["conflicts"]
    (place,) = conflict["places"]
    assert [place[name] for name in ("base", "ours", "theirs")] == ["Home", "Winter", "Summer"]
    assert untouched(split, tip)
    with pytest.raises(ConflictError):
        continue_merge(repository)
    with pytest.raises(RefusedError, match="a merge of summer into main is under way"):
        merge(repository, "summer")
    left = resolve(repository, ["site.page:1"], THEIRS).conflicts
    assert left == ()
    assert untouched(split, tip)
    done = continue_merge(repository)
    assert (title(split), done.commit) == ("Summer", repository.refs.resolve("main"))
    record = split.record(done.commit, "site.page:1")
    assert record is not None
    assert record["slug"] == "winter"
    assert status(repository.path) == []
    assert not state(repository).exists()


def test_nothing_else_is_merged_while_a_merge_is_under_way(split: Site) -> None:
    repository = split.repository
    split.commit("ahead", {"site.tag:2": {"name": "zwei"}})
    tip = repository.refs.resolve("main")
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    with pytest.raises(RefusedError, match="a merge of summer into main is under way"):
        merge(repository, "ahead")
    assert repository.refs.resolve("main") == tip


def test_a_decision_can_be_changed_until_the_end(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, ["site.page:1/title"], THEIRS)
    # It is decided, so it is no conflict any more; naming it once more decides anew.
    resolve(repository, ["site.page:1/title"], Decision(value="Spring"))
    continue_merge(repository)
    assert title(split) == "Spring"


def test_giving_up_leaves_everything_as_it_was(split: Site) -> None:
    repository = split.repository
    tip = repository.refs.resolve("main")
    before = files(repository.path)
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, [], THEIRS)
    given_up = abort(repository)
    assert given_up is not None
    assert given_up.named == "merge of summer into main"
    assert untouched(split, tip)
    assert files(repository.path) == before
    with pytest.raises(UsageError, match="no merge is under way"):
        abort(repository)
    with pytest.raises(UsageError, match="no merge is under way"):
        continue_merge(repository)
    with pytest.raises(UsageError, match="no merge is under way"):
        resolve(repository, [], OURS)


@pytest.mark.parametrize(
    ("verb", "begins"),
    [("merge", "merge REV"), ("revert", "revert REV"), ("restore", "restore RECORD --from REV")],
)
def test_who_ends_what_is_not_under_way_is_told_how_to_begin_it(
    split: Site, verb: str, begins: str
) -> None:
    with pytest.raises(UsageError, match=f"no {verb} is under way") as refused:
        under_way(split.repository, verb)
    assert refused.value.hint == f"contentgit {begins}  begins one"


@pytest.mark.parametrize(
    ("side", "expected"), [("ours", "Winter"), ("theirs", "Summer"), ("base", "Home")]
)
def test_one_side_everywhere(split: Site, side: str, expected: str) -> None:
    merge(split.repository, "summer", take=Take(side))
    assert title(split) == expected


def test_taking_one_side_goes_on_with_what_it_uncovers(site: Site) -> None:
    repository = site.repository
    site.commit("summer", {"site.page:2": {"title": "Us"}, "site.page:9": page("Bread")})
    site.commit("main", {"site.page:2": None, "site.teaser:1": None, "site.page:8": page("Bread")})
    site.commit("summer", {"site.teaser:9": teaser("x", "site.page:2")})
    done = merge(repository, "summer", take=Take.OURS)
    assert site.record(done.commit, "site.page:2") is None
    assert site.record(done.commit, "site.teaser:9") is None
    assert site.record(done.commit, "site.page:9") is None


def test_a_bare_repository(tmp_path: Path) -> None:
    site = Site(Repository.init(tmp_path / "bare.git", bare=True), START)
    site.commit("summer", {"site.page:1": {"title": "Summer"}})
    site.commit("main", {"site.page:1": {"title": "Winter"}})
    with pytest.raises(ConflictError):
        merge(site.repository, "summer")
    resolve(site.repository, ["site.*"], THEIRS)
    continue_merge(site.repository)
    assert title(site) == "Summer"


def test_new_keys_for_what_both_added(site: Site) -> None:
    repository = site.repository
    ours = {"site.page:9": page("Jobs"), "site.news:9": {"date": "2026-01-01"}}
    theirs = {"site.page:9": page("Team"), "site.news:9": {"date": "2026-02-02"}}
    site.commit("summer", {**theirs, "site.teaser:3": teaser("Team", "site.page:9")})
    site.commit("main", {**ours, "site.page:14": page("Last")})
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    found = resolve(repository, ["site.page:9"], Decision(renumber=Side.THEIRS))
    assert [(each.label, each.key) for each in found.resolutions] == [
        ("site.news:9", "15"),
        ("site.page:9", "15"),
    ]
    assert not found.conflicts
    commit = continue_merge(repository).commit
    assert title(site, commit, "site.page:9") == "Jobs"
    assert title(site, commit, "site.page:15") == "Team"
    records = site.all(commit)
    assert records["site.news:15"] == {"date": "2026-02-02"}
    assert records["site.teaser:3"]["page"] == "site.page:15"


def test_what_cannot_be_decided_so(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    before = state(repository).read_bytes()
    with pytest.raises(UnknownNameError, match=r"no conflict is called site\.page:7"):
        resolve(repository, ["site.page:1", "site.page:7"], OURS)
    with pytest.raises(UsageError, match="not a key that both sides gave"):
        resolve(repository, ["site.page:1"], Decision(renumber=Side.THEIRS))
    with pytest.raises(UsageError, match="a value is for one field, but 0 places"):
        resolve(repository, [], Decision(value="x"))
    assert state(repository).read_bytes() == before


def test_the_branch_moved_meanwhile(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, [], THEIRS)
    tip = split.commit("main", {"site.tag:2": {"name": "zwei"}})
    with pytest.raises(BusyError, match="branch main has moved since the merge began"):
        continue_merge(repository)
    assert repository.refs.resolve("main") == tip
    abort(repository)
    merge(repository, "summer", take=Take.THEIRS)
    assert title(split) == "Summer"


def test_a_ref_that_cannot_be_written_changes_nothing(split: Site) -> None:
    repository = split.repository
    tip = repository.refs.resolve("main")
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, [], THEIRS)
    lock = repository.git_dir / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(BusyError, match="another git process is writing"):
        continue_merge(repository)
    assert untouched(split, tip)
    assert state(repository).exists()
    lock.unlink()
    continue_merge(repository)
    assert title(split) == "Summer"


def test_a_merge_that_was_interrupted_behind_its_end(split: Site) -> None:
    """The branch has moved; the worktree and what is kept of the merge have not followed."""
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, [], THEIRS)
    kept, old = state(repository).read_bytes(), repository.refs.resolve("main")
    done = continue_merge(repository)
    repository.worktrees.bring_along("main", done.commit, old)
    state(repository).write_text(json.dumps({**json.loads(kept), "made": done.commit}))
    assert status(repository.path) != []
    assert current(repository) is None
    assert status(repository.path) == []
    assert not state(repository).exists()


def test_a_commit_of_somebody_else_does_not_end_a_revert(site: Site) -> None:
    """It has the parents that the revert's would have; the decisions stay until they are given up."""
    repository = site.repository
    site.commit("main", {"site.page:1": {"title": "Start"}})
    site.commit("main", {"site.page:1": {"title": "Welcome"}})
    with pytest.raises(ConflictError):
        revert(repository, "main~1")
    resolve(repository, [], THEIRS)
    tip = site.commit("main", {"site.tag:2": {"name": "zwei"}})
    operation = current(repository)
    assert operation is not None
    assert len(operation.resolutions) == 1
    with pytest.raises(BusyError, match="branch main has moved since the revert began"):
        continue_merge(repository)
    assert repository.refs.resolve("main") == tip


def test_a_branch_that_is_gone_meanwhile(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    tip = repository.refs.resolve("main")
    git(repository.path, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(BusyError) as caught:
        resolve(repository, [], THEIRS)
    assert caught.value.message == "branch main is gone since the merge began"
    assert caught.value.hint.startswith(f"contentgit branch main {tip[:10]}  (brings it")
    git(repository.path, "branch", "main", tip[:10])
    resolve(repository, [], THEIRS)
    continue_merge(repository)
    assert title(split) == "Summer"


def test_two_decide_at_once(split: Site) -> None:
    """What one of them decided is not overwritten by the other, who is told."""
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    seen = current(repository)
    assert seen is not None
    resolve(repository, [], THEIRS)
    before = state(repository).read_bytes()
    with pytest.raises(BusyError, match="another process is working on the merge of summer"):
        keep(repository, seen)
    assert state(repository).read_bytes() == before
    assert [each.name for each in state(repository).parent.iterdir()] == ["merge.json"]


def test_a_broken_file_of_a_merge_under_way(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    whole = json.loads(state(repository).read_text())
    wrong = {**whole, "resolutions": [{"at": "x", "take": "mine"}]}
    texts = ["", "[]", "{}", json.dumps({**whole, "format": 2}), json.dumps(wrong)]
    texts.append(json.dumps({**whole, "verb": "rebase"}))
    texts += [json.dumps({**whole, name: "x"}) for name in ("ours", "theirs", "base", "made")]
    texts += [json.dumps({**whole, name: "a\0b"}) for name in ("branch", "source", "message")]
    texts += [json.dumps({**whole, "source": "\ud800"}), "[" * 100_000, '{"a":' * 100_000]
    texts += ['{"format": 1, "verb": ' + "[" * 600 + "]" * 600 + "}"]
    texts += [json.dumps({**whole, "author_date": each}) for each in ("2026-02-31", "x" * 999, 7)]
    texts += ['"x"', json.dumps({**whole, "author": 1}), json.dumps({**whole, "author": ["x"]})]
    for broken in texts:
        state(repository).write_text(broken)
        with pytest.raises(FormatError, match="is broken") as caught:
            continue_merge(repository)
        assert not re.search(
            "indices|object has|argument|NoneType|out of range", caught.value.message
        )
        assert caught.value.hint == "contentgit merge --abort  removes it"
        assert len(caught.value.message) < 400
        assert abort(repository) is None
        assert not state(repository).exists()


def test_a_state_that_names_what_is_gone_is_given_up(split: Site) -> None:
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    whole = json.loads(state(repository).read_text())
    state(repository).write_text(json.dumps({**whole, "branch": "a..b", "made": "f" * 40}))
    abort(repository)
    assert not state(repository).exists()


def test_a_pipe_in_place_of_the_state_is_not_waited_for(split: Site) -> None:
    state(split.repository).parent.mkdir(exist_ok=True)
    os.mkfifo(state(split.repository))
    with pytest.raises(FormatError, match="is broken: it is not a file"):
        continue_merge(split.repository)
    assert abort(split.repository) is None
    assert not state(split.repository).exists()


def test_a_state_that_is_too_large_is_not_read(
    split: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contentgit.branches.operation.LARGEST", 1_000)
    state(split.repository).parent.mkdir(exist_ok=True)
    state(split.repository).write_text(" " * 999 + "{}")
    with pytest.raises(FormatError, match="is broken: it has more than 1,000 bytes"):
        continue_merge(split.repository)


def test_a_state_that_cannot_be_removed(split: Site) -> None:
    state(split.repository).mkdir(parents=True)
    for call in (abort, continue_merge):
        with pytest.raises(RepositoryError, match=r"merge\.json: Is a directory") as caught:
            call(split.repository)
    assert caught.value.hint.startswith(f"mv {state(split.repository)} ")


def test_a_disk_that_is_full(split: Site) -> None:
    """No file can grow, neither a temporary one nor the state: it is said, and nothing is lost."""
    repository = split.repository
    with pytest.raises(ConflictError):
        merge(repository, "summer")
    resolve(repository, [], THEIRS)
    before = state(repository).read_bytes()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        try:
            resolve(repository, ["site.page:1"], OURS)
        except RepositoryError:
            os._exit(7)
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) == 7
    assert state(repository).read_bytes() == before
    continue_merge(repository)
    assert title(split) == "Summer"


def test_a_merge_of_git_itself_is_under_way(split: Site) -> None:
    repository = split.repository
    (repository.git_dir / "MERGE_HEAD").write_text(repository.refs.resolve("summer") + "\n")
    with pytest.raises(RefusedError, match="git itself has a merge under way"):
        merge(repository, "summer")


def test_edits_in_the_worktree_stay(split: Site) -> None:
    repository = split.repository
    path = repository.path / path_of("site.tag:1")
    path.write_bytes(b"edited\n")
    done = merge(repository, "summer", take=Take.THEIRS)
    assert path.read_bytes() == b"edited\n"
    assert [each.paths for each in done.left_alone] == [[path_of("site.tag:1")]]


def test_nothing_in_common(site: Site) -> None:
    repository = site.repository
    tree = repository.trees.root(repository.refs.resolve("main"))
    git(repository.path, "branch", "alone", repository.writer.commit_tree(tree, [], "Alone\n"))
    with pytest.raises(RefusedError, match="main and alone have no commit in common"):
        merge(repository, "alone")
    assert merge(repository, "alone", unrelated=True).how is MergeOutcome.MERGED


def test_a_shallow_clone_says_that_history_is_missing(split: Site, tmp_path: Path) -> None:
    url = f"file://{split.repository.path}"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", url, "shallow")
    shallow = Repository.open(tmp_path / "shallow")
    with pytest.raises(RepositoryError, match="shallow clone"):
        merge(shallow, "origin/summer")


# Conflicts in a commit


def test_conflicts_in_a_commit_are_files_that_can_be_filled_in(split: Site) -> None:
    repository = split.repository
    split.commit("autumn", {"site.page:1": {"title": "Autumn"}})
    done = merge(repository, "summer", record=True)
    assert (done.how, len(done.conflicts)) == (MergeOutcome.RECORDED, 1)
    assert (title(split), status(repository.path)) == ("Winter", [])
    name = ".conflicts/001-site.page-1-title.json"
    document = json.loads(files(repository.path)[name])
    assert (document["label"], document["take"]) == ("site.page:1/title", None)
    assert document["why"] == "both sides changed it"
    with pytest.raises(ConflictError, match="holds 1 undecided conflict of a merge") as caught:
        refuse_recorded(repository, done.commit)
    assert caught.value.items == (name,)
    with pytest.raises(RefusedError, match="has undecided conflicts of an earlier merge"):
        merge(repository, "autumn", record=True)
    with pytest.raises(UsageError, match="no recorded conflict is decided"):
        resolve_recorded(repository, [], None)
    # Somebody fills it in on a host, and others go on committing meanwhile.
    document["take"] = "theirs"
    split.commit_files("main", {name: json.dumps(document).encode()})
    split.commit("main", {"site.page:1": {"slug": "sommer"}, "site.tag:2": {"name": "due"}})
    decided = resolve_recorded(repository, [], None)
    assert decided.labels == ("site.page:1/title",)
    commit = decided.done.commit
    refuse_recorded(repository, commit)
    assert recorded_in(repository, commit) == []
    record = split.record(commit, "site.page:1")
    assert record is not None
    assert (record["title"], record["slug"]) == ("Summer", "sommer")
    assert repository.history.commit(commit).subject == "Decide the conflict in site.page:1/title"


def test_recorded_conflicts_are_decided_from_the_command_line(site: Site) -> None:
    repository = site.repository
    site.commit("summer", {"site.page:1": {"title": "Summer"}, "site.page:9": page("Bread")})
    site.commit("main", {"site.page:1": {"title": "Winter"}, "site.page:8": page("Bread")})
    assert len(merge(repository, "summer", record=True).conflicts) == 2
    found = resolve_recorded(repository, ["site.page:1"], THEIRS)
    assert [each.labels[0] for each in found.left] == ["site.page:8"]
    found = resolve_recorded(repository, ["site.page:9/slug"], Decision(value="bread-2"))
    assert found.left == ()
    record = site.record(found.done.commit, "site.page:9")
    assert record is not None
    assert record["slug"] == "bread-2"
    assert title(site) == "Summer"


def test_what_was_edited_since_is_not_overwritten(split: Site) -> None:
    repository = split.repository
    merge(repository, "summer", record=True)
    tip = split.commit("main", {"site.page:1": {"title": "By hand"}})
    with pytest.raises(ConflictError, match="it was edited since the merge"):
        resolve_recorded(repository, [], THEIRS)
    assert repository.refs.resolve("main") == tip
    assert resolve_recorded(repository, [], OURS).left == ()
    assert title(split) == "By hand"


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"places": [], "ours": "x", "theirs": "y", "label": "z"}',
        '{"places": [{"label": "a.b:1"}], "ours": "--x", "theirs": "y", "label": "a.b:1"}',
        json.dumps({"places": [], "ours": "1" * 40, "theirs": "2" * 40, "label": "a.b:1"}),
    ],
)  # fmt: skip
def test_a_recorded_conflict_that_is_none(split: Site, text: str) -> None:
    split.commit_files("main", {".conflicts/x.json": text.encode()})
    with pytest.raises(FormatError, match=r"\.conflicts/x\.json is not a recorded conflict"):
        recorded_in(split.repository, split.repository.refs.resolve("main"))


def test_a_choice_that_is_none(split: Site) -> None:
    repository = split.repository
    merge(repository, "summer", record=True)
    (there,) = recorded_in(repository, repository.refs.resolve("main"))
    for wrong in ({"take": "mine"}, {"take": 1}, {"value": {"$text": 7}}):
        document = {**there.document, **wrong}
        split.commit_files("main", {there.file: json.dumps(document).encode()})
        with pytest.raises(FormatError, match="is not a recorded conflict"):
            resolve_recorded(repository, [], None)

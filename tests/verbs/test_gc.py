"""``gc``: old backups and leftovers go, and nothing that an undo needs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from contentgit.db.ledger import Applied
from contentgit.models import AppliedCommit
from contentgit.workingcopy.collecting import needed
from tests import raw
from tests.bakery.models import Tag
from tests.faces.test_anchors import collect
from tests.verbs.conftest import Run

# A worker of pytest-xdist has a second thread, which holds no lock that a child needs.
pytestmark = pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
Ok = Callable[..., str]
BACKUP = "refs/contentgit/backup/test"
OLD = "20200102T030405.000000"


def backups(git: Ok) -> dict[str, str]:
    """Commit by what follows the environment in the ref's name."""
    lines = git("for-each-ref", "--format=%(refname) %(objectname)", BACKUP).splitlines()
    return {name.removeprefix(f"{BACKUP}/"): each for name, each in map(str.split, lines)}


@pytest.fixture
def forced(committed: None, ok: Ok, git: Ok) -> str:
    """The commit of a backup that an undo needs; its ref and another one are of 2020."""
    Tag.objects.filter(pk=12).update(name="Edited")
    ok("checkout", "main", "--apply", "--yes", "--force")
    ((name, needed),) = backups(git).items()
    git("update-ref", f"{BACKUP}/{OLD}", needed)
    git("update-ref", "-d", f"{BACKUP}/{name}")
    AppliedCommit.objects.update(at=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    other = git("commit-tree", "-m", "Nobody needs it", "main^{tree}")
    git("update-ref", f"{BACKUP}/20200101T000000.000000", other)
    git("config", "gc.pruneExpire", "now")
    return needed


def test_old_backups_go_and_those_that_an_undo_needs_stay(
    forced: str, run: Run, ok: Ok, git: Ok
) -> None:
    other = backups(git)["20200101T000000.000000"]
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    recent = git("commit-tree", "-m", "Recent", "main^{tree}")
    git("update-ref", f"{BACKUP}/{now}", recent)
    said = ok("gc")
    assert f"Removed {BACKUP}/20200101T000000.000000  (2020-01-01)" in said
    assert "Kept 1 ref: an undo needs it" in said
    assert "Kept 1 ref: not old enough" in said
    assert backups(git) == {OLD: forced, now: recent}
    assert run("show", other).code == 2
    ok("undo", "--yes")
    assert Tag.objects.get(pk=12).name == "Edited"
    # It is undone, so nothing needs it.
    assert f"Removed {BACKUP}/{OLD}" in ok("gc")
    assert backups(git) == {now: recent}


def test_a_dry_run_removes_nothing(forced: str, run: Run, ok: Ok, git: Ok) -> None:
    before = git("for-each-ref"), git("count-objects", "-v")
    assert f"Would remove {BACKUP}/20200101T000000.000000" in ok("gc", "--dry-run")
    found = run("gc", "--dry-run", "--json").json
    assert [each["ref"] for each in found["removed"]] == [f"{BACKUP}/20200101T000000.000000"]
    assert [each["reason"] for each in found["kept"]] == ["an undo needs it"]
    assert (found["dry_run"], found["after"]) == (True, None)
    assert (git("for-each-ref"), git("count-objects", "-v")) == before


def test_the_age_is_chosen(forced: str, run: Run, git: Ok) -> None:
    stamp = (datetime.now(UTC) - timedelta(days=10)).strftime("%Y%m%dT%H%M%S.%f")
    git("update-ref", f"{BACKUP}/{stamp}", git("commit-tree", "-m", "x", "main^{tree}"))
    assert stamp not in run("gc", "--dry-run").out
    assert stamp in run("gc", "--dry-run", "--older-than", "5").out
    for wrong in ("0", "-1", "x", "1.5"):
        assert run("gc", f"--older-than={wrong}").code == 2


def test_what_other_environments_keep_stays(forced: str, run: Run, ok: Ok, git: Ok) -> None:
    other = git("commit-tree", "-m", "Theirs", "main^{tree}")
    theirs = {
        f"refs/contentgit/backup/stage/{OLD}": other,
        "refs/contentgit/applied/stage/gone/shop": other,
    }
    for name, commit in theirs.items():
        git("update-ref", name, commit)
    assert "Kept 1 ref: of environment stage" in ok("gc")
    for name, commit in theirs.items():
        assert git("rev-parse", name) == commit


def test_refs_of_databases_that_are_gone_go(
    forced: str, run: Run, ok: Ok, git: Ok, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent = git("commit-tree", "-m", "Recent", "main^{tree}")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "@1577934245 +0000")
    old = git("commit-tree", "-m", "Old", "main^{tree}")
    place = "refs/contentgit/applied/test"
    git("update-ref", f"{place}/gone/shop", old)
    git("update-ref", f"{place}/gone@tenant/shop", old)
    git("update-ref", f"{place}/gone/pages", recent)
    git("update-ref", f"{place}/other/shop", old)
    ok("gc")
    found = git("for-each-ref", "--format=%(refname)", place).split()
    assert f"{place}/gone/pages" in found
    assert f"{place}/other/shop" in found
    assert {f"{place}/gone/shop", f"{place}/gone@tenant/shop"}.isdisjoint(found)


def test_what_an_undo_needs_is_kept_where_only_a_backup_kept_it(
    committed: None, ok: Ok, git: Ok
) -> None:
    """The commit applied before is of a branch that was deleted."""
    git("config", "gc.pruneExpire", "now")
    ok("checkout", "-b", "summer")
    Tag.objects.create(pk=77, name="Nuts", slug="nuts")
    ok("commit", "-m", "Nuts")
    before = raw.snapshot("default")
    git("update-ref", f"{BACKUP}/{OLD}", git("commit-tree", "-m", "x", "-p", "HEAD", "HEAD^{tree}"))
    ok("checkout", "main", "--apply", "--yes")
    ok("branch", "-D", "summer")
    git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    assert f"Removed {BACKUP}/{OLD}" in ok("gc")
    collect(git)
    ok("undo", "--yes")
    assert raw.snapshot("default") == before
    assert git("for-each-ref", "--format=%(refname)", "refs/contentgit/undo").endswith(
        git("rev-parse", "refs/contentgit/applied/test/default/shop")
    )
    # An undo can take back the last apply however old it is, and not those before it.
    ok("checkout", "main", "--apply", "--yes")
    Tag.objects.filter(pk=12).update(name="Edited")
    ok("commit", "-m", "Edited")
    ok("checkout", "main~1", "--apply", "--yes")
    for row in AppliedCommit.objects.all():
        row.at = datetime(2020, 1, 2, tzinfo=UTC) + timedelta(seconds=row.id)
        row.save()
    ok("gc")
    assert git("for-each-ref", "refs/contentgit/undo") == ""
    ok("undo", "--yes")
    assert Tag.objects.get(pk=12).name == "Edited"


def test_temporary_files_of_killed_calls_go(
    forced: str, ok: Ok, git: Ok, repository_path: Path
) -> None:
    folder = repository_path / ".git"
    old = [
        folder / "contentgit-abc",
        folder / "contentgit" / "merge.17.new",
        folder / "fast_import_crash_17",
        folder / "info" / "contentgit-x1y2",
    ]
    for path in (*old, folder / "contentgit-now"):
        path.parent.mkdir(exist_ok=True)
        if path.name.startswith("contentgit-"):
            path.mkdir()
            (path / "index").write_text("")
        else:
            path.write_text("")
    for path in old:
        os.utime(path, (1, 1))
    assert all(f"Would remove {path}" in ok("gc", "--dry-run") for path in old)
    assert all(path.exists() for path in old)
    ok("gc")
    assert not any(path.exists() for path in old)
    assert (folder / "contentgit-now").exists()


def test_objects_of_a_killed_call_go(forced: str, ok: Ok, git: Ok, repository_path: Path) -> None:
    from contentgit.git import Repository

    tree = Repository.open(repository_path).writer.write_tree(
        None, [("pages/lost.json", b"lost\n")]
    )
    assert git("cat-file", "-t", tree) == "tree"
    partly = repository_path / ".git/objects/pack/tmp_pack_killed"
    partly.write_text("")
    os.utime(partly, (1, 1))
    ok("gc")
    assert not partly.exists()
    assert tree not in git("cat-file", "--batch-check", "--batch-all-objects")


def test_what_was_removed_is_told_where_another_gc_is_at_work(
    forced: str, run: Run, ok: Ok, git: Ok, repository_path: Path
) -> None:
    pid = repository_path / ".git/gc.pid"
    pid.write_text(f"{os.getpid()} {os.uname().nodename}")
    said = run("gc")
    assert said.code == 3
    assert f"another git gc is at work in {repository_path}: " in said.err
    assert f"  removed {BACKUP}/20200101T000000.000000\n" in said.err
    assert "hint: try again when it is done" in said.err
    pid.unlink()
    assert "No old backup" in ok("gc")


def test_a_database_that_cannot_be_asked_ends_it(
    forced: str, run: Run, git: Ok, tmp_path: Path
) -> None:
    path = tmp_path / "broken.sqlite3"
    path.write_text("no database, and long enough to be read as one" * 100)
    before = git("for-each-ref")
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {}}
    connections.databases["broken"] = {**connections.databases["default"], **engine}
    try:
        said = run("gc")
    finally:
        del connections.databases["broken"]
    assert said.code == 1
    assert "broken" in said.err
    assert git("for-each-ref") == before


def test_a_ledger_of_an_older_contentgit_is_migrated_first(
    forced: str, run: Run, ok: Ok, git: Ok
) -> None:
    """What it says is not known to this one, and there is a ledger."""
    before = git("for-each-ref")
    field = AppliedCommit._meta.get_field("place")
    with connections["default"].schema_editor() as editor:
        editor.remove_field(AppliedCommit, field)
    try:
        said = run("gc")
    finally:
        with connections["default"].schema_editor() as editor:
            editor.add_field(AppliedCommit, field)
    assert (said.code, "migrate contentgit" in said.err) == (1, True)
    assert git("for-each-ref") == before
    ok("undo", "--yes")


def test_another_environment_keeps_what_its_undo_needs(forced: str, ok: Ok, git: Ok) -> None:
    """Also what it has fetched: its ledger is in another database."""
    ref = f"{BACKUP}/{forced[:10]}"
    git("update-ref", ref, forced)
    git("update-ref", "-d", f"{BACKUP}/{OLD}")
    AppliedCommit.objects.all().delete()
    with override_settings(CONTENTGIT={**settings.CONTENTGIT, "ENVIRONMENT": "staging"}):
        assert "of environment test" in ok("gc")
    assert git("rev-parse", ref) == forced


def test_status_tells_many_backups(forced: str, run: Run, ok: Ok, git: Ok) -> None:
    assert "backups" not in ok("status")
    assert run("status", "--json").json["backlog"] is None
    for day in range(1, 29):
        for hour in ("01", "02"):
            git("update-ref", f"{BACKUP}/202103{day:02}T{hour}0000.000000", forced)
    assert "the repository keeps 58 backups, the oldest of 2020-01-01:" in ok("status")
    assert run("status", "--json").json["backlog"]["count"] == 58


def test_killed_at_any_step_it_loses_nothing(
    forced: str, ok: Ok, git: Ok, repository_path: Path
) -> None:
    from contentgit.cli.main import main

    words = ["gc", f"--repository={repository_path}"]
    unneeded = backups(git)["20200101T000000.000000"]
    step, living = 1, False
    while not living:
        git("update-ref", f"{BACKUP}/20200101T000000.000000", unneeded)
        living = _lives(step, lambda: main(words))
        assert backups(git)[OLD] == forced
        assert git("cat-file", "-t", forced) == "commit"
        unneeded = git("commit-tree", "-m", f"Nobody needs {step}", "main^{tree}")
        step += 3
    assert step > 8, "it has hardly any steps: are they counted?"
    ok("undo", "--yes")
    assert Tag.objects.get(pk=12).name == "Edited"
    assert git("fsck", "--no-dangling") == ""


def _lives(step: int, call: Callable[[], Any]) -> bool:
    """Runs ``call`` in a child that is killed before its ``step``-th git process; whether it lived."""
    connections.close_all()  # a child must not share the parent's connections
    child = os.fork()
    if not child:
        left = [step]

        def count(event: str, _arguments: object) -> None:
            if event == "subprocess.Popen":
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        os._exit(call())
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def line(number: int, **values: Any) -> Applied:
    """A line of a ledger, of the day that its number says."""
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)
    told = {"dump": "shop", "commit": f"c{number}", "previous": f"c{number - 1}", "action": "apply"}
    rest = {"tree": "t", "branch": "main", "environment": "test", "who": "anna", "state": "done"}
    return Applied(**{"id": number, "at": at, **told, **rest, **values})


def test_what_an_undo_needs() -> None:
    never = datetime(2030, 1, 1, tzinfo=UTC)
    first, second, third = line(1), line(2, backup="b2"), line(3, action="commit")
    assert needed([second, first], never) == {"c2", "b2", "c1"}
    # The database went on by a commit; an undo goes behind that.
    assert needed([third, second, first], never) == {"c3", "c2", "b2", "c1"}
    # What was undone is needed no more; the undo of the apply before is.
    undo = line(3, action="undo", undoes=2, commit="c1")
    assert needed([undo, second, first], never) == {"c1", "c0"}
    # An apply that is not old can be undone, also behind others.
    assert needed([second, first], first.at) == {"c2", "b2", "c1", "c0"}
    # All dumps of one call are undone together, in each schema on its own.
    pages = line(2, dump="pages", at=second.at, backup="b9")
    tenant = line(1, place="tenant", commit="x", previous="y")
    assert needed([pages, second, tenant], never) == {"c2", "b2", "b9", "c1", "x", "y"}
    # A commit that may be under way is nobody's to collect.
    assert "c4" in needed([line(4, state="pending"), second], never)


def test_trees_that_were_read_through_a_lens_go(committed: None, run: Run, git: Ok) -> None:
    folder = Path(git("rev-parse", "--absolute-git-dir").strip(), "contentgit/lenses")
    folder.mkdir(parents=True)
    git("update-ref", "refs/contentgit/lens/name/source", "main^{tree}")
    assert str(folder) in run("gc", "--dry-run").out
    assert folder.exists()
    assert run("gc").code == 0
    assert not folder.exists()
    assert git("for-each-ref", "refs/contentgit/lens") == ""

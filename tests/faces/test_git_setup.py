"""``setup-git`` as people meet it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.verbs.conftest import Run

Ok = Callable[..., str]


def test_init_sets_git_up_and_says_so(run: Run, ok: Ok, git: Ok) -> None:
    said = run("init").out
    assert "git's own merge and diff understand its records (contentgit setup-git --check" in said
    assert git("config", "merge.renames") == "false"
    assert git("check-attr", "merge", "pages/dataset.json").endswith("merge: contentgit")
    assert git("check-attr", "merge", ".github/x.json").endswith("merge: unspecified")
    assert ok("setup-git", "--check") == "git is set up: every setting is as it should be\n"
    assert git("status", "--porcelain") == ""


def test_each_setting_is_said(run: Run, ok: Ok, git: Ok) -> None:
    ok("init")
    removed = ok("setup-git", "--remove").splitlines()
    assert "Removed merge.contentgit.driver" in removed
    assert ok("setup-git", "--remove") == "Nothing to remove\n"
    missing = run("setup-git", "--check")
    assert missing.code == 1
    assert "Missing merge.renames = false  (git would take" in missing.out
    assert missing.out.endswith("git is not set up for records: contentgit setup-git sets this\n")
    git("config", "diff.renames", "copies")
    said = ok("setup-git")
    start = f"{sys.executable} -P -m contentgit.cli.start"
    assert f"Set merge.contentgit.driver = {start} merge-driver %O %A %B %P  (git merge" in said
    assert "Kept diff.renames = copies and not false" in said
    assert "\n  contentgit setup-git --force replaces it\n" in said
    said = run("setup-git", "--check").out
    assert said.endswith("records: contentgit setup-git --force sets this\n")
    kept = ok("setup-git", "--remove").splitlines()
    assert "Kept diff.renames = copies, which is your own" in kept
    assert not any("--force" in line for line in kept)
    assert "Set diff.renames = false, which was copies" in ok("setup-git", "--force")


def test_the_settings_as_json(run: Run, ok: Ok) -> None:
    ok("init")
    found = run("setup-git", "--json").json["settings"]
    assert {each["state"] for each in found} == {"unchanged"}
    assert found[-1]["name"].endswith("info/attributes")
    assert run("setup-git", "--force", "--check").code == 2


def test_the_drivers_are_verbs_like_all(ok: Ok, run: Run) -> None:
    from contentgit.cli.main import main

    assert main(["merge-driver", "a"]) == 2
    assert main(["diff-driver", __file__]) == 0

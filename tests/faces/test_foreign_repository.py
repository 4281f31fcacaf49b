"""What a repository, the configuration of a clone, a remote and the environment cannot make contentgit run.

Each program that git could be told to start leaves its name in a file; see `SECURITY.md`.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery.models import Tag
from tests.git.plain import git as plain
from tests.verbs.conftest import Run

Ok = Callable[..., str]

HOOKS = (
    *("applypatch-msg", "commit-msg", "post-checkout", "post-commit", "post-index-change"),
    *("post-merge", "post-rewrite", "pre-auto-gc", "pre-commit", "pre-merge-commit"),
    *("prepare-commit-msg", "reference-transaction", "fsmonitor-watchman", "post-applypatch"),
)

# What git starts a program for, by the names in its configuration.
PROGRAMS = (
    *("core.fsmonitor", "core.pager", "core.editor", "sequence.editor", "core.sshCommand"),
    *("core.askPass", "core.gitProxy", "core.alternateRefsCommand", "credential.helper"),
    *("pager.log", "pager.diff", "pager.status", "pager.branch", "pager.tag", "pager.config"),
    *("diff.external", "diff.theirs.command", "diff.theirs.textconv", "merge.theirs.driver"),
    *("interactive.diffFilter", "trailer.theirs.command", "trailer.theirs.cmd", "gpg.program"),
    *("gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "uploadpack.packObjectsHook"),
    *("gc.recentObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack"),
    *("difftool.theirs.cmd", "mergetool.theirs.cmd", "submodule.module.update"),
    *("browser.theirs.cmd", "sendemail.sendmailCmd", "http.emptyAuth"),
)
ALIASES = (
    "rev-list",
    "cat-file",
    "ls-tree",
    "diff-tree",
    "for-each-ref",
    "config",
    "status",
    "log",
)


@pytest.fixture
def started(tmp_path: Path) -> Callable[[], set[str]]:
    """The names of the programs that were started since it was last asked."""

    def started() -> set[str]:
        path = tmp_path / "started"
        found = set(path.read_text().split()) if path.exists() else set()
        path.unlink(missing_ok=True)
        return found

    return started


def program(folder: Path, name: str) -> str:
    """A program that says that it was started."""
    path = folder / "programs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {name} >> {shlex.quote(str(folder / 'started'))}\nexit 1\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def hostile(tmp_path: Path, db: str, ok: Ok, git: Ok, repository_path: Path) -> Path:
    """A clone whose configuration names a program wherever it can, and content that asks for them."""
    tag = Tag.objects.create(name="New", slug="new")
    ok("init")
    ok("commit", "-m", "A tag", "shop")
    tag.name = "Newer"
    tag.save()
    ok("commit", "-m", "Another name", "shop")
    (repository_path / ".gitattributes").write_text("* filter=theirs diff=theirs merge=theirs\n")
    (repository_path / ".gitmodules").write_text(
        '[submodule "module"]\n\tpath = module\n\turl = ext::false\n\tupdate = !false\n'
    )
    git("add", ".")
    git("commit", "--quiet", "-m", "Attributes and modules")
    for name in PROGRAMS:
        git("config", name, program(tmp_path, name))
    for name in ALIASES:
        git("config", f"alias.{name}", f"!{program(tmp_path, f'alias.{name}')}")
    git("config", "log.showSignature", "true")
    git("config", "core.hooksPath", str(tmp_path / "programs"))
    for name in HOOKS:
        program(tmp_path, name)
        (repository_path / ".git" / "hooks" / name).write_bytes(
            (tmp_path / "programs" / name).read_bytes()
        )
        (repository_path / ".git" / "hooks" / name).chmod(0o755)
    for path in repository_path.glob("shop/*/**/*.json"):
        path.touch()
    return repository_path


READING = (
    ["log"], ["log", "-p"], ["log", "-p", "--", "shop"], ["show"], ["show", "HEAD~1"],
    ["diff", "HEAD~2", "HEAD"], ["diff"], ["diff", "HEAD~1"], ["diff", "HEAD~2...HEAD", "--format", "html"],
    ["blame", "bakery.tag:1"], ["branch"], ["tag"], ["conflicts"], ["check"], ["check", "--merges"],
    ["check", "HEAD~1..HEAD"], ["status"], ["datasets"], ["setup-git", "--check"], ["checkout", "HEAD"],
    ["log", "--applied"], ["merge", "HEAD~1"],
)  # fmt: skip


def test_a_reading_verb_starts_no_program_of_the_clone(
    hostile: Path, run: Run, started: Callable[[], set[str]]
) -> None:
    told = [(words, run(*words).code, started()) for words in READING]
    assert [each for each in told if each[2]] == []
    assert [each for each in told if each[1] > 1] == []


def test_hooks_and_drivers_are_not_started_by_writing_verbs(
    hostile: Path, run: Run, ok: Ok, git: Ok, started: Callable[[], set[str]]
) -> None:
    ok("branch", "summer")
    ok("tag", "v1")
    Tag.objects.update(slug="newest")
    ok("commit", "-m", "Another slug", "shop")
    ok("revert", "HEAD~2")  # of the name: the same file as the slug
    ok("checkout", "-b", "autumn")
    ok("merge", "summer")
    ok("check", "--fix")
    ok("checkout", "autumn", "shop", "--apply", "--yes")
    assert started() == set()
    plain(hostile, "commit", "--quiet", "--allow-empty", "-m", "By git itself", ok=False)
    assert {"pre-commit", "core.fsmonitor"} <= started()


def test_filters_are_those_of_the_clone_alone(
    hostile: Path, tmp_path: Path, git: Ok, ok: Ok, started: Callable[[], set[str]]
) -> None:
    """Attributes in the content choose among the filters that the operator has configured."""
    assert started() == set()
    git("config", "filter.theirs.clean", program(tmp_path, "filter.theirs.clean"))
    for path in hostile.glob("shop/*/**/*.json"):
        path.write_bytes(path.read_bytes() + b"\n")
    ok("status")
    assert started() == {"filter.theirs.clean"}


@pytest.mark.parametrize("forgotten", ["GIT_NO_LAZY_FETCH", "GIT_ALLOW_PROTOCOL"])
def test_the_network_is_left_alone_but_by_verbs_for_it(
    hostile: Path,
    tmp_path: Path,
    run: Run,
    git: Ok,
    started: Callable[[], set[str]],
    monkeypatch: pytest.MonkeyPatch,
    forgotten: str,
) -> None:
    """git would fetch an object that a clone lacks by whatever program its remote names.

    Before 2.39.4 it knows no GIT_NO_LAZY_FETCH.
    """
    git("config", "remote.origin.url", f"ext::{program(tmp_path, 'remote-ext')}")
    git("config", "remote.origin.promisor", "true")
    git("config", "protocol.ext.allow", "always")
    blob = git("rev-parse", "HEAD:shop/dataset.json")
    for pack in (hostile / ".git" / "objects" / "pack").glob("*.pack"):
        data = pack.read_bytes()
        for each in pack.parent.glob(f"{pack.stem}.*"):
            each.unlink()
        plain(hostile, "unpack-objects", "-q", data=data)
    (hostile / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\nunset {forgotten}\nexec {shutil.which("git")} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    assert run("log", "-p").code == 1
    run("check")
    run("diff")
    assert started() == set()


def test_a_url_is_no_remote_and_ext_is_refused(
    hostile: Path, tmp_path: Path, run: Run, git: Ok, started: Callable[[], set[str]]
) -> None:
    url = f"ext::{program(tmp_path, 'remote-ext')}"
    for verb in ("fetch", "pull", "push"):
        said = run(verb, url)
        assert (said.code, said.err.splitlines()[0]) == (2, f"error: there is no remote '{url}'")
        said = run(verb, "--upload-pack=false")
        assert said.code == 2
    git("config", "remote.origin.url", url)
    said = run("fetch")
    assert said.code == 1
    assert "transport 'ext' not allowed" in said.err
    assert started() == set()


def test_fetch_and_push_use_the_transport_of_the_clone_s_own_configuration(
    hostile: Path, tmp_path: Path, run: Run, git: Ok, started: Callable[[], set[str]]
) -> None:
    git("config", "remote.origin.url", "ssh://nobody@localhost/x")
    assert run("fetch").code == 1
    assert started() == {"core.sshCommand"}
    git("config", "remote.origin.url", str(tmp_path / "origin.git"))
    plain(tmp_path, "init", "--quiet", "--bare", "origin.git")
    assert run("fetch").code == 1
    assert started() == {"remote.origin.uploadpack"}
    assert run("push").code == 1
    assert started() == {"remote.origin.receivepack"}


def test_submodules_are_neither_fetched_nor_checked_out(
    tmp_path: Path, db: str, ok: Ok, run: Run, git: Ok, repository_path: Path
) -> None:
    ok("init")
    inner = tmp_path / "inner"
    plain(tmp_path, "init", "--quiet", str(inner))
    plain(inner, "commit", "--quiet", "--allow-empty", "-m", "Inner")
    plain(tmp_path, "clone", "--quiet", str(repository_path), "colleague")
    colleague = tmp_path / "colleague"
    plain(colleague, "-c", "protocol.file.allow=always", "submodule", "add", str(inner), "module")
    plain(colleague, "commit", "--quiet", "-m", "A module")
    git("config", "fetch.recurseSubmodules", "true")
    git("config", "submodule.recurse", "true")
    git("config", "protocol.file.allow", "always")
    git("remote", "add", "origin", str(colleague))
    git("fetch", "--quiet", "--no-recurse-submodules", "origin")
    run("pull")
    assert (repository_path / ".gitmodules").exists()
    assert not (repository_path / ".git" / "modules").exists()
    assert not (repository_path / "module" / ".git").exists()


def test_what_a_remote_says_is_shown_harmless(
    tmp_path: Path, ok: Ok, run: Run, git: Ok, db: str
) -> None:
    bare = tmp_path / "origin.git"
    plain(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(bare))
    ok("init")
    git("remote", "add", "origin", str(bare))
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nprintf 'red \\033[31m title \\033]0;x\\007 back \\b\\n' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    said = run("push")
    assert said.code == 3
    assert "red" in said.err
    assert not {sign for sign in said.out + said.err if ord(sign) < 32 and sign != "\n"}


@pytest.mark.parametrize(
    "name", ["GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "GIT_EDITOR", "EDITOR", "VISUAL", "GIT_ASKPASS",
             "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR"]
)  # fmt: skip
def test_a_reading_verb_starts_no_program_of_the_environment(
    hostile: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    started: Callable[[], set[str]],
    name: str,
) -> None:
    monkeypatch.setenv(name, program(tmp_path, name))
    for words in (["log", "-p"], ["diff", "HEAD~1"], ["status"]):
        run(*words)
    assert started() == set()

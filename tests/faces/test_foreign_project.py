"""A project among the content: whoever can push there wrote it, so no verb runs any of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from contentgit.branches.repositories import content_around, init
from contentgit.cli.parser import VERBS, WITH_REPOSITORY
from contentgit.git import Repository
from tests.docs.pages import ROOT
from tests.git.plain import git

MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "theirs")\n'

# The words of a verb with which it gets as far as it can; all other verbs are called without any.
CALLS: Mapping[str, Sequence[Sequence[str]]] = {
    "init": [[], ["--ci", "github"]],
    "commit": [["-m", "Message"], []],
    "status": [[], ["--json"], ["--all-databases"]],
    "diff": [[], ["HEAD"], ["HEAD", "HEAD"], ["pages.page:1"], ["--format", "html"]],
    "log": [["-p"], [], ["--applied"], ["--applied", "--all-databases"]],
    "show": [[], ["HEAD", "--", "pages.page:1"]],
    "blame": [["pages.page:1"]],
    "branch": [[], ["new"], ["-d", "new"]],
    "tag": [[], ["v1"], ["-d", "v1"]],
    "checkout": [["HEAD"], [], ["HEAD", "--apply"], ["-b", "other"], ["HEAD", "--apply", "--pull"]],
    "undo": [[], ["--yes"]],
    "merge": [["HEAD"], ["--continue"], ["--abort"]],
    "resolve": [["pages.page:1", "--take", "ours"], ["--all", "--renumber"]],
    "revert": [["HEAD"]],
    "cherry-pick": [["HEAD"]],
    "restore": [["pages.page:1", "--from", "HEAD"]],
    "check": [[], ["--no-code"], ["--merges"], ["--fix"]],
    "pull": [[], ["--rebase"]],
    "setup-git": [[], ["--check"], ["--remove"]],
    "diff-driver": [["manage.py"]],
    "demo": [["."]],  # without a folder of its own, which takes long to build
}

# Calls every verb in a process of its own, which are forks of one that has imported the program.
PROGRAM = """
import contextlib, json, os, sys
from contentgit.cli import main, start
for verb in main.VERBS:
    main.function(verb)
calls, marker, told = json.loads(sys.argv[1]), sys.argv[2], []
for words in calls:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(write, 1), os.dup2(write, 2), os.close(0)
        code = 99
        try:
            code = start.main(words)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 98
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    os.close(write)
    with open(read, errors="replace") as file:
        said = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told.append([words, code, os.path.exists(marker), said])
    with contextlib.suppress(FileNotFoundError):
        os.unlink(marker)
print(json.dumps(told))
"""

Told: TypeAlias = tuple[Sequence[str], int, bool, str]


def calls(*extra: str, every: bool = False) -> list[list[str]]:
    """Each verb that the program has with its first words, or with ``every`` ones, and ``extra`` ones."""
    words = {verb: CALLS.get(verb, [[]]) for verb in VERBS}
    return [[verb, *extra, *each] for verb in VERBS for each in words[verb][: None if every else 1]]


def one_of_each_kind() -> list[list[str]]:
    """Of the verbs of one module that start alike, the first; ``CONTENTGIT_TEST_EVERY=1`` has all verbs."""
    if os.environ.get("CONTENTGIT_TEST_EVERY"):
        return calls()
    kinds = {verb: (each.module, each.repository, each.database) for verb, each in VERBS.items()}
    firsts = {kind: verb for verb, kind in reversed(kinds.items())}
    return [words for words in calls() if words[0] in firsts.values()]


def call(
    folder: Path, marker: Path, words: Sequence[Sequence[str]], **environment: str
) -> list[Told]:
    inner = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    inner |= {"PYTHONPATH": str(ROOT), "GIT_EDITOR": "true", "PWD": str(folder), **environment}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, json.dumps(words), str(marker)],
        cwd=folder,
        env=inner,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [(given, code, ran, said) for given, code, ran, said in json.loads(done.stdout)]


def plant(folder: Path, marker: Path) -> None:
    """A project whose settings leave a mark when they are imported."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manage.py").write_text(MANAGE)
    (folder / "theirs.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    for name in ("sitecustomize", "orjson", "contentgit", "rich"):
        (folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').close()\n")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def content(repository_path: Path, marker: Path) -> Path:
    """A repository of content, and a commit of somebody's with a project in it."""
    init(repository_path)
    plant(repository_path, marker)
    plant(repository_path / "deep" / "er", marker)
    git(repository_path, "add", ".")
    git(repository_path, "commit", "--quiet", "-m", "A project")
    return repository_path


# Where the project lies


def top(content: Path, _marker: Path) -> Path:
    return content


def below(content: Path, _marker: Path) -> Path:
    return content / "deep" / "er"


def ours_below(content: Path, _marker: Path) -> Path:
    """A folder without a project, in one with a project."""
    (content / "pages").mkdir()
    return content / "pages"


def link(content: Path, _marker: Path) -> Path:
    path = content.parent / "link"
    path.symlink_to(content / "deep")
    return path / "er"


def linked_worktree(content: Path, _marker: Path) -> Path:
    path = content.parent / "linked"
    git(content, "worktree", "add", "--quiet", "-b", "side", str(path))
    return path


def without_mark(content: Path, _marker: Path) -> Path:
    """As continuous integration has it: a commit without the mark, and no branch."""
    git(content, "rm", "--quiet", "contentgit.json")
    git(content, "commit", "--quiet", "-m", "No mark")
    git(content, "checkout", "--quiet", "--detach")
    git(content, "branch", "-D", "main")
    return content


def merged_away(content: Path, _marker: Path) -> Path:
    """The mark came and went in the one side of a merge alone."""
    without_mark(content, _marker)
    tree, marked = git(content, "rev-parse", "HEAD^{tree}", "HEAD").split("\n")
    never = git(content, "commit-tree", "-m", "Never marked", tree)
    merge = git(content, "commit-tree", "-m", "Merge", "-p", never, "-p", marked, tree)
    git(content, "checkout", "--quiet", "--detach", merge)
    return content


def own_refs(_content: Path, marker: Path) -> Path:
    """No commit has the mark, yet contentgit keeps a backup there."""
    path = marker.parent / "refs"
    git(marker.parent, "init", "--quiet", str(path))
    plant(path, marker)
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Code")
    git(path, "update-ref", "refs/contentgit/backup/local/1", "HEAD")
    return path


def repository_within(content: Path, marker: Path) -> Path:
    """A submodule, or a clone that somebody put there."""
    path = content / "module"
    git(content, "init", "--quiet", str(path))
    plant(path, marker)
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Code")
    return path


def bare_within(content: Path, marker: Path) -> Path:
    """What a bare repository consists of can be committed as files."""
    git(content, "init", "--quiet", "--bare", "bare")
    plant(content / "bare", marker)
    return content / "bare"


def inside_git(content: Path, marker: Path) -> Path:
    plant(content / ".git" / "hooks", marker)
    return content / ".git" / "hooks"


Place: TypeAlias = Callable[[Path, Path], Path]
PLACES: Sequence[Place] = (
    *(top, below, ours_below, link, linked_worktree, without_mark, merged_away, own_refs),
    *(repository_within, bare_within, inside_git),
)


@pytest.mark.parametrize("place", PLACES)
def test_no_verb_runs_a_project_among_the_content(
    content: Path, marker: Path, place: Place
) -> None:
    folder = place(content, marker)
    told = call(folder, marker, calls(every=True) if place is top else one_of_each_kind())
    assert place is not top or {words[0] for words, *_ in told} == VERBS.keys()
    assert [words for words, _, ran, _ in told if ran] == []
    assert [(words, said) for words, code, _, said in told if code > 3 or "Traceback" in said] == []


@pytest.mark.parametrize("place", [top, bare_within])
def test_no_verb_imports_settings_of_the_environment_from_the_content(
    content: Path, marker: Path, place: Place
) -> None:
    told = call(
        place(content, marker),
        marker,
        calls() if place is top else one_of_each_kind(),
        DJANGO_SETTINGS_MODULE="theirs",
    )
    assert [words for words, _, ran, _ in told if ran] == []
    assert [(words, said) for words, code, _, said in told if code > 3] == []


def test_the_repository_of_a_call_is_content_whatever_is_known_of_it(
    tmp_path: Path, marker: Path
) -> None:
    """A shallow clone of a commit without the mark says nothing of what it is."""
    folder = tmp_path / "shallow"
    git(tmp_path, "init", "--quiet", str(folder))
    plant(folder, marker)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Code")
    assert content_around(folder) is None
    words = [each for each in calls("--repository", ".") if each[0] in WITH_REPOSITORY]
    assert [words for words, _, ran, _ in call(folder, marker, words) if ran] == []


def test_the_refusal_says_where_why_and_what_to_do(content: Path, marker: Path) -> None:
    for environment in ({}, {"DJANGO_SETTINGS_MODULE": "theirs"}):
        ((_, code, _, said),) = call(content, marker, [["status"]], **environment)
        assert code == 2
        assert said == (
            f"error: no project is started inside the repository of content {content}: "
            "whoever can push there could have any code run\n"
            "hint: go to the folder of the project's own manage.py\n"
            "hint: contentgit status --settings MODULE  (if you trust all who can push there)\n"
        )


def test_verbs_without_a_database_work_beside_it(content: Path, marker: Path) -> None:
    ((_, _, _, said),) = call(content, marker, [["check"]])
    assert f"no project is started inside the repository of content {content}" in said
    assert "           contentgit check --settings MODULE  (if you trust all" in said
    without_mark(content, marker)
    told = call(content, marker, [["log", "--oneline"], ["check"], ["check", "--no-code"]])
    assert [code for _, code, *_ in told] == [0, 1, 1]
    assert "A project" in told[0][3]
    assert "has no contentgit.json" in told[1][3]


def test_a_bare_repository_among_the_content_is_passed_over(content: Path, marker: Path) -> None:
    """Its configuration could name programs for fetch and push."""
    folder = bare_within(content, marker)
    mark = git(folder, "hash-object", "-w", "--stdin", data=b"{}\n")
    tree = git(folder, "mktree", data=f"100644 blob {mark}\tcontentgit.json\n".encode())
    git(folder, "update-ref", "refs/heads/main", git(folder, "commit-tree", "-m", "Theirs", tree))
    for bare in ("true", "false"):
        git(folder, f"--git-dir={folder}", "config", "core.bare", bare)
        told = call(folder, marker, [["log", "--oneline"], ["fetch"]])
        assert "A project" in told[0][3]
        assert f"error: the repository {content} has no remote" in told[1][3]


def test_settings_are_chosen_in_one_place() -> None:
    """Whatever asks Django for settings goes by :func:`contentgit.cli.project.use_settings`."""
    names = ("startup.find_settings", "startup.use_settings", "startup.start_django")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "contentgit").rglob("*.py")
        if any(f"{name}(" in path.read_text() for name in names)
    }
    # The process of an upgrade starts the project that its caller has chosen.
    assert found == {"contentgit/cli/project.py", "contentgit/workingcopy/upgrading.py"}


def test_a_project_that_the_call_names_is_started(content: Path, marker: Path) -> None:
    """The guard is about what nobody asked for; it also shows that the project here does leave its mark."""
    words = [["status", "--settings", "theirs"], ["check", "--settings", "theirs"]]
    assert [ran for *_, ran, _ in call(content, marker, words)] == [True, True]


# Where projects are meant to be


def test_a_project_around_its_content_works_from_both(content: Path, marker: Path) -> None:
    """It is found from within the content, too, past what lies there."""
    project = content.parent
    git(project, "init", "--quiet")
    own = project / "own"
    (project / "manage.py").write_text(MANAGE.replace("theirs", "ours"))
    (project / "ours.py").write_text(f"open({str(own)!r}, 'w').close()\n")
    for folder in (project, content, content / "deep" / "er"):
        for environment in ({}, {"DJANGO_SETTINGS_MODULE": "ours"}):
            told = call(folder, own, [["status"], ["datasets"]], **environment)
            assert [ran for *_, ran, _ in told] == [True, True], told
    told = call(content, own, [["status", "--settings", "ours"]])
    assert [ran for *_, ran, _ in told] == [True]
    assert not marker.exists()


def test_a_project_without_git_and_one_in_a_repository_of_code_work(
    tmp_path: Path, marker: Path
) -> None:
    project = tmp_path / "project"
    plant(project, marker)
    assert [ran for *_, ran, _ in call(project, marker, [["status"]])] == [True]
    git(project, "init", "--quiet")
    assert [ran for *_, ran, _ in call(project, marker, [["status"]])] == [True]
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "Code")
    assert [ran for *_, ran, _ in call(project, marker, [["status"], ["log"]])] == [True, True]


def test_settings_that_are_installed_are_used_within_the_content(
    content: Path, marker: Path, tmp_path: Path
) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "ours.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    paths = os.pathsep.join((str(ROOT), str(tmp_path / "installed")))
    told = call(content, marker, [["status"]], DJANGO_SETTINGS_MODULE="ours", PYTHONPATH=paths)
    assert [ran for *_, ran, _ in told] == [True]


# Python's own path


@pytest.mark.parametrize("path", [str(ROOT), f"{os.pathsep}{ROOT}"])
def test_modules_of_the_current_folder_are_not_imported(
    content: Path, marker: Path, path: str
) -> None:
    """An empty entry of PYTHONPATH is the current folder; Python itself looks for sitecustomize there."""
    for name in ("sitecustomize", "contentgit"):
        (content / f"{name}.py").unlink()
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from contentgit.cli.start import main; main(['log'])"],
        cwd=content,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert "A project" in done.stdout, done.stderr
    assert not marker.exists()


def test_a_repository_that_git_does_not_trust_is_not_taken_for_code(
    content: Path, marker: Path, tmp_path: Path
) -> None:
    assert Repository.at(tmp_path) is None
    # git has a switch that plays a folder of another user.
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True).stdout.strip()
    program.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    code_folder = tmp_path / "code"
    plant(code_folder, marker)
    git(code_folder, "init", "--quiet")
    words = [["status"], ["status", "--settings", "theirs"]]
    for folder in (content, code_folder):
        (_, code, ran, said), (*_, named, _) = call(folder, marker, words, PATH=path)
        assert (code, ran, named) == (2, False, True)
        assert f"error: git cannot tell whether {folder} is inside a repository of" in said
        assert f"hint: if you trust it: git config --global --add safe.directory {folder}\n" in said
        assert "hint: name the project's settings with --settings MODULE\n" in said

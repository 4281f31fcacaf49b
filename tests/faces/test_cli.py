"""The command line as people meet it: wrong words, hints that work when typed, JSON, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from contentgit.cli.call import Call
from contentgit.cli.main import build_parser, main
from contentgit.cli.parser import INSTEAD, VERBS, WITH_DATABASE, WITH_REPOSITORY, parse
from contentgit.datasets import specs_for_models
from contentgit.git import Repository
from contentgit.management.commands.contentgit import Command
from tests.bakery.models import Tag
from tests.docs.pages import ROOT
from tests.verbs.conftest import Run

Ok = Callable[..., str]


# Wrong words


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("statsu", "status"),
        ("status --foo", "status --help"),
        ("identity set", "identity --help"),
    ],
)
def test_a_hint_names_the_program_as_it_was_called(words: str, way: str) -> None:
    command = [sys.executable, "-m", "contentgit", *words.split()]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert f"python -m contentgit {way}" in said
    assert "python -m python" not in said


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["statsu"], "there is no verb 'statsu'", "did you mean 'contentgit status'?"),
        (["help", "statsu"], "there is no verb 'statsu'", "did you mean 'contentgit status'?"),
        (
            ["stash"],
            "there is no verb 'stash'",
            "contentgit commit --branch NEW -m MESSAGE  (keeps edits of the database in a branch)",
        ),
        (["frobnicate"], "there is no verb 'frobnicate'", f"verbs: {', '.join(VERBS)}"),
        (
            ["--repository", "x", "log"],
            "the option '--repository' must follow the verb",
            "only -C, --settings and --pythonpath precede it: contentgit VERB --repository",
        ),
        (["log", "--bogus"], "log does not know the option '--bogus'", "contentgit log --help"),
        (["show", "a", "b"], "show does not know the word 'b'", "contentgit show --help"),
        (
            ["log", "-n", "-1"],
            "-n/--max-count: takes a number from 0 up, not '-1'",
            "contentgit log --help",
        ),
        (["branch", "--", "x"], "branch takes no names after '--'", "contentgit branch --help"),
        (["--settings", "x"], "a verb is missing", "contentgit --help"),
    ],
)
def test_wrong_words_are_said_in_two_lines(
    words: Sequence[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"error: {message}\nhint: {hint}\n"


@pytest.mark.parametrize(
    "words",
    [
        "identity --database other adopt main blog --by a.b=c --apply",
        "identity adopt --database other main --apply --by a.b=c blog",
        "identity adopt main --by a.b=c blog --database other --apply",
        "identity --apply adopt --by a.b=c main --database other blog",
        "identity adopt main blog --by a.b=c --database other --apply",
    ],
)
def test_options_stand_anywhere_behind_a_verb_with_actions(words: str) -> None:
    args = parse(words.split())
    assert args is not None
    assert (args.action, args.words, args.by) == ("adopt", ["main", "blog"], ["a.b=c"])
    assert (args.database, args.apply, args.pk) == ("other", True, False)


def test_options_stand_between_the_words_of_a_verb() -> None:
    words = "checkout main --database other --apply pages --yes shop"
    args = parse(words.split())
    assert args is not None
    assert (args.revision, args.dumps, args.database) == ("main", ["pages", "shop"], "other")


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if not verb.actions])
def test_every_verb_is_parsed_like_this(name: str) -> None:
    args = parse([name, "--settings", "site.settings"])
    assert args is not None
    assert (args.verb, args.settings) == (name, "site.settings")


def test_words_of_git_get_the_verb_that_there_is_instead() -> None:
    assert {"switch", "stash", "clone", "add", "rebase", "reset"} <= INSTEAD.keys()
    assert not INSTEAD.keys() & VERBS.keys()
    for hint in INSTEAD.values():
        for verb in re.findall(r"\bcontentgit ([a-z-]+) ", hint):
            assert verb in VERBS


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (["help"], "usage: contentgit [-h]"),
        (["help", "log"], "usage: contentgit log "),
        (["-v"], "contentgit "),
    ],
)
def test_help_and_version(
    words: Sequence[str], starts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(starts)


def test_python_m_contentgit() -> None:
    command = [sys.executable, "-m", "contentgit"]
    done = subprocess.run([*command, "help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: python -m contentgit ")


def test_the_parser_and_the_lists_of_verbs_agree() -> None:
    for verb in VERBS:
        args = build_parser().parse_args([verb])
        assert hasattr(args, "repository") == (verb in WITH_REPOSITORY)
        assert hasattr(args, "database") == (verb in WITH_DATABASE)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([verb, "--help"])
    assert ended.value.code == 0
    assert f"usage: contentgit {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "imported"), [(["--help"], []), (["nope"], []), (["log", "--help"], ["log"])]
)
def test_the_module_of_the_verb_that_is_called_is_imported_alone(
    words: Sequence[str], imported: Sequence[str]
) -> None:
    code = (
        "import atexit, sys\n"
        "from contentgit.cli.main import main\n"
        "atexit.register(lambda: print(*(n for n in sys.modules if '.verbs.' in n), file=sys.stderr))\n"
        f"main({words!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    names = [word.rpartition(".")[2] for word in done.stderr.split() if ".verbs." in word]
    assert names == imported


# Hints


def test_a_hint_names_the_command_as_it_has_to_be_typed_here() -> None:
    call = Call("python manage.py contentgit", "my site", "a.b", "/srv/c", "other")
    before = "python manage.py contentgit -C 'my site' --settings a.b"
    assert call.typed("contentgit checkout main pages --apply  (runs it)") == (
        f"{before} checkout --repository /srv/c --database other main pages --apply  (runs it)"
    )
    help_text = "python manage.py contentgit checkout --help"
    assert call.typed(help_text) == help_text
    assert call.typed("contentgit init makes one") == f"{before} init /srv/c makes one"
    assert call.typed("python manage.py migrate --database other") == (
        "python manage.py migrate --settings a.b --database other"
    )
    elsewhere = Call("python ../shop/manage.py contentgit")
    assert elsewhere.typed("python manage.py migrate, contentgit log") == (
        "python ../shop/manage.py migrate, python ../shop/manage.py contentgit log"
    )
    assert (
        Call("python -m contentgit").typed("python manage.py migrate") == "python manage.py migrate"
    )
    assert Call().typed("contentgit diff main, or contentgit commit") == (
        "contentgit diff main, or contentgit commit"
    )


def test_a_git_command_is_named_as_it_works_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my site" / "content"
    (folder / "pages").mkdir(parents=True)
    hint = f"git -C '{folder}' remote add origin URL  (once)"
    for here, command in (
        (tmp_path, "git -C 'my site/content'"),
        (tmp_path / "my site", "git -C content"),
        (folder, "git"),
        (folder / "pages", "git"),
        (Path("/"), f"git -C '{folder.relative_to('/')}'"),
    ):
        monkeypatch.chdir(here)
        assert Call().typed(hint) == f"{command} remote add origin URL  (once)"


def test_a_git_command_is_named_as_it_works_from_where_a_call_with_c_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``-C`` goes elsewhere, and the hint is typed here."""
    for folder in ("site/content", "site/polls"):
        (tmp_path / folder).mkdir(parents=True)
    repository = Repository.init(tmp_path / "site" / "content")
    monkeypatch.chdir(tmp_path / "site" / "polls")
    assert main(["-C", "..", "push", "--repository", "content"]) == 1
    assert f"hint: git -C {repository.path} remote add origin URL\n" in capsys.readouterr().err


def test_a_record_or_a_dump_in_the_place_of_a_revision(run: Run, ok: Ok, db: str) -> None:
    """The form that the hint names is one that works."""
    ok("init")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Tags")
    for verb in ("show", "diff", "log", "checkout", "check", "merge", "revert", "cherry-pick"):
        for word, what in (("shop", "a dump"), ("bakery.tag:1", "a record")):
            if (verb, what) == ("log", "a record"):  # log takes it
                continue
            said = run(verb, word)
            assert said.code == 2, (verb, word)
            error, hint = said.err.splitlines()
            assert error == f"error: {word!r} is {what}, not a revision"
            if "REV" not in hint and verb not in ("check", "merge"):
                form = hint.removeprefix("hint: contentgit ").partition("  (")[0]
                assert main(form.split()) == 0, form
    assert run("show", "nowhere").err.startswith("error: unknown revision 'nowhere'\n")
    said = run("diff", "HEAD", "bakery.tag:1").err
    assert said.rstrip().endswith(" HEAD -- bakery.tag:1")
    said = run("checkout", "pages").err  # which no commit has yet
    assert said.startswith("error: 'pages' is a dump, not a revision\n")


def test_the_command_that_a_plan_names_runs(run: Run, ok: Ok, databases: object) -> None:
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("init")
    ok("commit", "shop", "-m", "Tags")
    *_, last = ok("checkout", "main", "shop", "--database", "other").splitlines()
    said, _, command = last.partition(": ")
    assert said == "Nothing has been written. To run it"
    assert main([*command.split()[1:], "--yes"]) == 0
    assert Tag.objects.using("other").count() == 1


# JSON


def test_with_json_a_failure_on_the_way_is_one_document(run: Run, ok: Ok) -> None:
    ok("init")
    said = run("log", "nope", "--json")
    assert (said.code, said.json["error"], said.err) == (2, "UnknownNameError", "")
    assert run("log", "--json", "--", "nope").json["exit_code"] == 2


def test_every_refusal_is_one_document_with_json(run: Run, db: str) -> None:
    for verb in sorted(WITH_REPOSITORY):
        said = run(verb, "--json")
        assert said.code in (1, 2), verb
        assert said.json["exit_code"] == said.code


# What is printed


def test_an_empty_database_is_told_so(run: Run, ok: Ok, db: str) -> None:
    ok("init")
    assert ok("commit", "-m", "All") == (
        "Nothing to commit: the datasets have no records in this database yet\n"
    )
    assert "contentgit commit" not in ok("status")


def test_a_commit_of_no_record_says_what_is_in_it(run: Run, ok: Ok, db: str) -> None:
    ok("init")
    what = "  hours: 0 created, 0 updated, 0 deleted; its description (dataset.json) changes\n"
    assert ok("commit", "hours", "--dry-run") == f"Would commit to main:\n{what}"
    said = ok("commit", "hours", "-m", "Nothing there")
    assert said.startswith("Committed ")
    assert said.endswith(what)
    assert ok("commit", "hours", "--dry-run") == "Nothing to commit\n"


def test_a_branch_that_cannot_be_checked_out_is_not_made(
    ok: Ok, run: Run, db: str, repository_path: Path, git: Ok
) -> None:
    """All or nothing: edits in the worktree are in the way of HEAD."""
    ok("init")
    for name in ("Nuts", "Bio"):
        Tag.objects.update_or_create(pk=1, defaults={"name": name, "slug": "tag"})
        ok("commit", "shop", "-m", name)
    path = repository_path / "shop" / "bakery.tag" / "0" / "0" / "1.json"
    path.write_text("mine\n")
    said = run("checkout", "-b", "older", "main~1")
    assert said.code == 1
    assert "in the way of branch 'older'" in said.err
    assert git("branch", "--format=%(refname:short)") == "main"
    assert path.read_text() == "mine\n"
    command = said.err.splitlines()[-2].removeprefix(f"hint: git -C {repository_path} ")
    git(*command.partition("  (")[0].split())
    ok("checkout", "-b", "older", "main~1")
    assert git("branch", "--show-current") == "older"


def test_status_names_edits_of_the_worktree(
    ok: Ok, run: Run, db: str, repository_path: Path, git: Ok
) -> None:
    ok("init")
    Tag.objects.create(pk=1, name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Tags")
    assert "worktree" not in ok("status")
    (repository_path / "shop" / "bakery.tag" / "0" / "0" / "1.json").write_text("{}\n")
    (repository_path / "shop" / "new.json").write_text("{}\n")
    said = ok("status", "shop")
    assert "2 files of the worktree differ from HEAD's commit" in said
    assert "    shop/bakery.tag/0/0/1.json\n    shop/new.json\n" in said
    assert f"git -C {repository_path} diff HEAD  (shows the edits)" in said
    assert f"git -C {repository_path} add -A  (with 'git commit' commits them, and reverts" in said
    assert run("status", "--json").json["edited_files"] == [
        "shop/bakery.tag/0/0/1.json",
        "shop/new.json",
    ]
    git("stash", "-u")
    assert run("status", "--json").json["edited_files"] == []
    git("rm", "-q", "--cached", "-r", "shop")
    assert run("status", "--json").json["edited_files"] != []


def renamed() -> dict[str, Any]:
    return {"store": {"specs": lambda args: specs_for_models([Tag], {"delete_missing": True})}}


def test_status_names_the_folder_of_a_dataset_that_was_renamed(
    ok: Ok, run: Run, db: str, git: Ok
) -> None:
    ok("init")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("commit", "-m", "Tags")
    setting = {"DATASETS": "tests.faces.test_cli.renamed", "ENVIRONMENT": "test"}
    with override_settings(CONTENTGIT=setting):
        said = ok("status")
        assert "shop is in HEAD's branch, but the code has no such dataset" in said
        assert " store  (if it is called store now, and this database has all of the" in said
        assert run("status", "--json").json["left_folders"] == ["shop"]
        ok("commit", "store", "-m", "Its new name")
        git("rm", "-rq", "shop")
        git("commit", "-q", "-m", "Gone")
        assert run("status", "--json").json["left_folders"] == []
        assert "clean" in ok("status", "store")
        assert "nothing found" in ok("check")


def test_init_in_a_repository_of_code_offers_the_line_to_ignore_it(
    tmp_path: Path, run: Run, repository_path: Path, git: Ok
) -> None:
    assert "gitignore" not in run("init").out
    subprocess.run(["git", "init", "-q", repository_path.parent], check=True)
    said = run("init")
    assert said.out.splitlines()[1].startswith(
        f"It is inside the repository {repository_path.parent}"
    )
    line = said.out.splitlines()[2].strip()
    assert line == f"/{repository_path.name}/"
    (repository_path.parent / ".gitignore").write_text(f"{line}\n")
    assert "gitignore" not in run("init").out


def test_a_branch_that_a_remote_has_is_not_begun_anew(
    run: Run, ok: Ok, db: str, git: Ok, repository_path: Path, tmp_path: Path
) -> None:
    ok("init")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("commit", "-m", "Tags")
    theirs = tmp_path / "theirs"
    repository_path.rename(theirs)
    subprocess.run(["git", "init", "-q", repository_path], check=True)
    git("remote", "add", "origin", str(theirs))
    git("fetch", "-q", "origin")
    said = run("commit", "-m", "Again")
    assert (said.code, git("for-each-ref", "refs/heads")) == (3, "")
    assert "branch main has no commit here, and origin has the branch" in said.err
    assert "hint: contentgit pull origin main" in said.err.replace(
        f" --repository {repository_path}", ""
    )
    ok("pull", "origin", "main")
    assert git("rev-parse", "main") == git("rev-parse", "origin/main")


def test_nothing_to_commit_makes_no_branch(run: Run, ok: Ok, db: str, git: Ok) -> None:
    ok("init")
    said = ok("commit", "--branch", "edits", "-m", "All")
    assert said.endswith("no records in this database yet; branch edits was not created\n")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("commit", "shop", "-m", "Tags")
    applied = ok("log", "--applied")
    said = ok("commit", "shop", "--branch", "edits", "-m", "Edits")
    assert said.startswith("Nothing to commit")
    assert "branch edits was not created" in said
    assert run("commit", "shop", "--branch", "edits", "-m", "Edits", "--json").json["commit"] == ""
    assert git("for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"
    assert ok("log", "--applied") == applied


def test_a_plan_says_its_verdict_first(ok: Ok, databases: object) -> None:
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("init")
    ok("commit", "shop", "-m", "Tags")
    lines = ok("checkout", "main", "shop", "--database", "other").splitlines()
    assert lines[0].startswith("Plan for database other (")
    assert lines[1] == "1 to create"
    assert lines[2].startswith("  + ")


def test_a_plan_lists_ten_new_records_and_reads_no_more(
    ok: Ok, databases: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 16):
        Tag.objects.create(pk=number, name=f"Tag {number}", slug=f"tag-{number}")
    ok("init")
    ok("commit", "-m", "Fifteen")
    said: list[str] = []

    def title(self: Tag) -> str:
        said.append(self.name)
        return f"<{self.name}>"

    monkeypatch.setattr(Tag, "__str__", title)
    shown = ok("checkout", "main", "--database=other")
    lines = [line.strip() for line in shown.splitlines() if "bakery.tag" in line]
    assert lines == [
        *(f"+ bakery.tag:{number}  <Tag {number}>" for number in range(1, 11)),
        "+ 5 more of bakery.tag (--full lists them)",
    ]
    assert said == [f"Tag {number}" for number in range(1, 11)]
    assert "15  <Tag 15>" in ok("checkout", "main", "--full", "--database=other")


def test_a_record_s_history(ok: Ok, db: str) -> None:
    ok("init")
    tags = [Tag.objects.create(name=name, slug=name.lower()) for name in ("Nuts", "Rye")]
    ok("commit", "shop", "-m", "Two tags")
    Tag.objects.filter(pk=tags[1].pk).update(name="Rye bread")
    ok("commit", "shop", "-m", "Rename one")
    key = f"{Tag._meta.label_lower}:{{}}".format
    subjects = [line[11:] for line in ok("log", "--oneline", "--", key(tags[0].pk)).splitlines()]
    assert subjects == ["Two tags"]
    assert len(ok("log", "--oneline", "--", key(tags[1].pk)).splitlines()) == 2


# Through manage.py


def test_manage_py_is_the_same_program(
    ok: Ok, repository_path: Path, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ok("init")
    direct = ok("status")
    call_command("contentgit", "status", f"--repository={repository_path}")
    assert capsys.readouterr().out == direct
    with pytest.raises(CommandError) as failed:
        call_command("contentgit", "status", "--database=nowhere", stderr=StringIO())
    assert failed.value.returncode == 2


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("manage.py", "python manage.py contentgit"),
        ("/srv/my shop/manage.py", "python '/srv/my shop/manage.py' contentgit"),
        ("django-admin", "django-admin contentgit"),
    ],
)
def test_hints_call_the_program_as_it_was_called(
    typed: str, hint: str, db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        Command().run_from_argv([typed, "contentgit", "status", f"--repository={tmp_path}/none"])
    assert f"hint: {hint} init" in capsys.readouterr().err


# Processes and terminals


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", "contentgit.cli.main", *words]


def test_a_reader_that_goes_away_is_no_error(ok: Ok, repository_path: Path) -> None:
    ok("init")
    call = subprocess.Popen(
        program("log", "--repository", str(repository_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert call.stdout
    assert call.stderr
    call.stdout.close()
    assert call.stderr.read() == b""
    assert call.wait() == 0


def talk(answer: bytes, words: Sequence[str]) -> tuple[int, str]:
    """Runs the program at a terminal, answers its question; exit code and all that stood there."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, program(*words))
    said, answered, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 8)[0]:
            # Between the question and the read a key is there to be read, but a signal is forgotten:
            # whoever sees nothing happen presses Ctrl-C again.
            if answered and answer == b"\x03":
                os.write(terminal, answer)
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side has closed it
            break
        if not piece:
            break
        said += piece
        if not answered and b"[y/N] " in said:
            answered = True
            os.write(terminal, answer)
    if time.monotonic() >= until:  # waiting on for ever would say nothing
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


@pytest.mark.parametrize(
    ("answer", "code", "last"),
    [
        (b"n\n", 1, "nothing has been written"),
        (b"\x04", 1, "nothing has been written"),
        (
            b"\x03",
            130,
            "interrupted; unfinished work was not written: contentgit status --repository ",
        ),
        (b"y\n", 0, ": 1 created"),
    ],
)
def test_the_question_before_an_apply(
    answer: bytes,
    code: int,
    last: str,
    ok: Ok,
    databases: object,
    repository_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("init")
    ok("commit", "shop", "-m", "Tags")
    words = ["checkout", "main", "shop", "--apply", "--database", "other"]
    found, said = talk(answer, [*words, f"--repository={repository_path}"])
    assert found == code, said
    assert "1 to create. Apply to database other (" in said
    assert last in said.splitlines()[-1]
    assert Tag.objects.using("other").count() == (1 if code == 0 else 0)


def test_a_message_from_the_editor(
    ok: Ok, db: str, repository_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "the editor"
    editor.write_text('#!/bin/sh\ngrep -q "shop: 1 created" "$1" && echo "From an editor" > "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("GIT_EDITOR", f"'{editor}'")
    Tag.objects.create(name="Nuts", slug="nuts")
    ok("init")
    code, said = talk(b"", ["commit", "shop", f"--repository={repository_path}"])
    assert code == 0, said
    log = json.loads(ok("log", "--json"))
    assert log["commits"][0]["subject"] == "From an editor"


def test_each_line_of_a_message_is_a_line(committed: None, ok: Ok, git: Ok) -> None:
    git("commit", "-q", "--allow-empty", "-m", "Subject\n\nOne \x1b[2J\nTwo")
    for words in ("log", "show main"):
        assert "    Subject\n\n    One \\u001b[2J\n    Two\n" in ok(*words.split()), words

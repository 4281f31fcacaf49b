"""``diff`` as a report, and ``init --ci``: formats, files, exit codes, workflows."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import files
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import yaml

from contentgit import __version__
from contentgit.branches import repositories
from contentgit.cli.parser import VERBS, parse
from contentgit.content.canonical import dump_document
from contentgit.git import Repository
from tests.bakery.content import fill
from tests.bakery.models import Product
from tests.reviewing import Snapshot, commit
from tests.verbs.conftest import Run

LOAF = {"name": "Loaf", "body": "", "category": "shop.category:1", "photo": "", "tags": []}
BEFORE: Snapshot = {
    "shop.category:1": {"name": "Bread", "parent": None},
    "shop.product:5": LOAF,
    "shop.product:6": {**LOAF, "name": "Roll"},
    "shop.note:1": {"text": "Nice", "about": "shop.category:1"},
}
AFTER: Snapshot = {
    "shop.product:6": {**LOAF, "name": "Roll", "category": None},
    "shop.note:1": {"text": "Nice", "about": "shop.category:1"},
}
VERDICT = "3 records change in 2 models: 1 updated, 2 deleted."


@pytest.fixture
def repository(repository_path: Path) -> Repository:
    """Two branches: ``main``, and ``summer`` which has left it."""
    made = Repository.init(repository_path)
    commit(made, BEFORE)
    commit(made, AFTER, "summer")
    return made


# Reports


def test_the_text_report_says_the_verdict_first(repository: Repository, run: Run) -> None:
    said = run("diff", "main...summer", "--format", "text", "--exit-code")
    assert said.code == 1
    assert (
        said.out
        == f"""{VERDICT}
! 1 record still refers to a deleted record and would dangle.
    Bread (shop.category:1) is still referred to by Nice (shop.note:1)
* 2 records are deleted; 1 of them require another deleted record.
    Bread (shop.category:1) takes with it Loaf (shop.product:5)
* 1 record stays and loses its reference to a deleted record.
    Bread (shop.category:1) is no longer referred to by Roll (shop.product:6)

 shop.category  -1
 shop.product   ~1 -1
 1 updated, 2 deleted

- shop.category:1  Bread
    name: "Bread"
    takes with it Loaf (shop.product:5)
    is no longer referred to by Roll (shop.product:6)
    is still referred to by Nice (shop.note:1)

- shop.product:5  Loaf
    category: shop.category:1 (Bread)
    name: "Loaf"

~ shop.product:6  Roll
    category: shop.category:1 (Bread) → null
"""
    )


def test_all_formats_say_the_same(repository: Repository, run: Run, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("r.txt", "r.md", "r.html", "r.json")]
    for path in files:
        said = run("diff", "main...summer", "-o", str(path))
        shown = "" if path.suffix == ".json" else f"Wrote {path}: {VERDICT}\n"
        assert (said.code, said.out, said.err) == (0, shown, "")
        text = path.read_text()
        assert VERDICT in text
        assert "Nice" in text or path.suffix == ".json"
    assert sorted(tmp_path.glob(".contentgit-*")) == []
    document = json.loads(files[-1].read_text())
    assert document == run("diff", "main...summer", "--json").json
    assert document == run("diff", "main...summer", "--format", "json").json
    assert document["models"][1] == {
        "dump": "shop", "model": "shop.product", "create": 0, "update": 1, "delete": 1
    }  # fmt: skip
    assert len(document["changes"]) == 3
    assert run("diff", "main..summer", "--format", "markdown").out.startswith(
        "<!-- contentgit -->\n"
    )


def test_nothing_that_changes_is_a_report_too(repository: Repository, run: Run) -> None:
    said = run("diff", "main", "main", "--format", "markdown", "--exit-code")
    assert said.code == 0
    assert "### Nothing changes.\n" in said.out
    assert "<h1>Nothing changes</h1>" in run("diff", "main", "main", "--format", "html").out


def test_a_comparison_from_the_merge_base_leaves_out_what_main_did(
    repository: Repository, run: Run
) -> None:
    commit(repository, {**BEFORE, "shop.tag:9": {"name": "new"}})
    assert "shop.tag" in run("diff", "main..summer", "--format", "text").out
    assert "shop.tag" not in run("diff", "main...summer", "--format", "text").out


@pytest.mark.parametrize("whole", [True, False])
def test_a_record_that_another_dump_has_still_is_not_deleted(
    repository: Repository, run: Run, git: Any, whole: bool
) -> None:
    git("checkout", "-q", "main")
    git("mv", "shop", "market")
    if not whole:
        git("checkout", "main", "--", "shop/dataset.json")
    git("commit", "-qm", "Another dump")
    said = run("diff", "main~..main", "--format", "text")
    assert said.out.startswith(
        "8 records change in 3 models: 4 created, 4 deleted.\n"
        "* 4 records leave a dump and stay in another one.\n\n"
    )
    assert "dangle" not in said.out
    assert "takes with it" not in said.out


def test_full_shows_long_values_whole(repository: Repository, run: Run) -> None:
    commit(repository, {"shop.tag:1": {"name": "long " * 100}}, "long")
    for words in (["--format", "html"], ["--format", "markdown"], ["--format", "text"]):
        cut, whole = (run("diff", "main..long", *words, *more).out for more in ((), ("--full",)))
        assert "long " * 99 in whole
        assert words[1] == "html" or "long " * 99 not in cut


def test_500_records_are_within_the_limit_of_a_comment(repository: Repository, run: Run) -> None:
    body = "It is lit at three in the morning, when the village sleeps. Nobody speaks. " * 20
    many: Any = {f"shop.product:{n}": {**LOAF, "body": body} for n in range(100, 600)}
    commit(repository, many, "many")
    after = {key: {**each, "body": body.replace("three", "four")} for key, each in many.items()}
    commit(repository, after, "many")
    said = run("diff", "many~", "many", "--format", "markdown").out
    assert 50_000 < len(said.encode()) <= 65_000
    assert "**This report is cut here: " in said
    assert "<code>contentgit diff 'many&#126;' many</code> shows all in full" in said
    assert len(run("diff", "many~", "many", "--format", "markdown", "--limit", "9000").out) <= 9_000
    assert (
        "cut here" not in run("diff", "many~", "many", "--format", "markdown", "--limit", "0").out
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "--format", "html"], "--json cannot be combined with --format html"),
        (["--format", "pdf"], "--format: invalid choice: 'pdf'"),
        (["--format", "text", "--stat"], "--stat cannot be combined with --format or --output"),
        (["--limit", "9000"], "--limit requires --format markdown"),
        (["--format", "markdown", "--limit", "10"], "takes 0, or 8,000 and more, not 10"),
        (["--format", "markdown", "--limit", "ten"], "takes a number from 0 up, not 'ten'"),
        (["--format", "text", "--media", "."], "--media requires --format html"),
        (["--format", "html", "--media", "/nowhere"], "--media: there is no folder /nowhere"),
        (
            ["-o", "/nowhere/report.md"],
            "cannot write /nowhere/report.md: No such file or directory",
        ),
        (["-o", "/"], "cannot write /: "),
    ],
)
def test_wrong_words_are_refused(
    repository: Repository, run: Run, words: list[str], message: str
) -> None:
    said = run("diff", "main", "summer", *words)
    assert said.code == 2
    assert message in said.err + said.out


def test_a_failure_leaves_the_report_that_was_there(
    repository: Repository, run: Run, tmp_path: Path, git: Any
) -> None:
    git("checkout", "-q", "summer")
    path = Path(repository.path) / "shop/shop.product/0/0/6.json"
    path.write_text("no record")
    git("commit", "-qam", "Break it")
    report = tmp_path / "report.html"
    report.write_text("old")
    said = run("diff", "main", "summer", "-o", str(report))
    assert (said.code, report.read_text()) == (1, "old")
    assert [each.name for each in tmp_path.glob("*report*")] == ["report.html"]


def test_a_comparison_with_the_database_shows_its_pictures(
    run: Run, ok: Any, db: str, tmp_path: Path, settings_media: Path
) -> None:
    fill()
    ok("init")
    ok("commit", "-m", "All")
    (settings_media / "loaf.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9)
    Product.objects.filter(pk=41).update(photo="loaf.png", name="Autumn bread")
    Product._base_manager.filter(pk=43).delete()
    page = run("diff", "--format", "html").out
    assert "2 records change in 1 model" in page
    assert page.count('<img src="data:image/png;base64,') == 1
    assert "Autumn bread" in page
    assert "1 updated, 1 deleted" in run("diff", "HEAD", "--format", "markdown").out


@pytest.fixture
def settings_media(tmp_path: Path) -> Iterator[Path]:
    from django.test import override_settings

    folder = tmp_path / "media"
    folder.mkdir()
    with override_settings(MEDIA_ROOT=str(folder)):
        yield folder


# Workflows


@pytest.mark.parametrize(
    ("host", "path"), [("github", ".github/workflows/content.yml"), ("gitlab", ".gitlab-ci.yml")]
)
@pytest.mark.parametrize("bare", [True, False])
def test_a_workflow_is_committed(
    run: Run, git: Any, repository_path: Path, host: str, path: str, bare: bool
) -> None:
    kind = ["--bare"] if bare else []
    said = run("init", "--ci", host, *kind)
    assert said.code == 0
    assert f"Wrote {path} in commit {git('rev-parse', 'HEAD')[:10]}\n" in said.out
    assert git("rev-list", "--count", "main") == "2"
    assert bare or (repository_path / path).is_file()
    assert bare or git("status", "--porcelain") == ""
    assert f"{path} is as it should be\n" in run("init", "--ci", host).out
    assert git("rev-list", "--count", "main") == "2"
    assert run("init", "--json").json["workflow"] is None
    assert run("init", "--ci", host, "--json").json["workflow"]["changed"] is False
    assert run("log", "--oneline").code == 0


def test_another_file_is_replaced_by_force_alone(
    run: Run, ok: Any, git: Any, repository_path: Path
) -> None:
    ok("init")
    (repository_path / ".gitlab-ci.yml").write_text("own: {}\n")
    git("add", ".")
    git("commit", "-qm", "Own")
    said = run("init", "--ci", "gitlab")
    assert (said.code, said.err.splitlines()[0]) == (
        3,
        "refused: .gitlab-ci.yml on branch main is another file",
    )
    assert git("show", "HEAD:.gitlab-ci.yml") == "own: {}"
    assert run("init", "--ci", "gitlab", "--force").code == 0
    assert "content-review:" in git("show", "HEAD:.gitlab-ci.yml")
    assert run("init", "--force").code == 2


def test_a_branch_whose_name_a_shell_could_run_gets_no_workflow(run: Run) -> None:
    said = run("init", "--ci", "github", "-b", "a;reboot")
    assert said.code == 2
    assert "a workflow cannot name the branch 'a;reboot'" in said.err


def made(run: Run, git: Any, host: str, path: str) -> Any:
    assert run("init", "--ci", host, "-b", "live/site").code == 0
    text = git("show", f"HEAD:{path}")
    assert "@BRANCH@" not in text
    return yaml.safe_load(text)


def calls(script: str) -> Iterator[list[str]]:
    for line in script.splitlines():
        if line.strip().startswith("contentgit "):
            yield shlex.split(line)[1:]


def test_the_workflow_of_github(run: Run, git: Any) -> None:
    flow = made(run, git, "github", ".github/workflows/content.yml")
    on = flow[True]  # what YAML 1.1 makes of "on"
    assert on == {"pull_request": None, "push": {"branches": ["live/site"]}}
    assert flow["permissions"] == {}
    review, apply = flow["jobs"]["review"], flow["jobs"]["apply"]
    assert review["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert (apply["permissions"], apply["environment"]) == ({"contents": "read"}, "production")
    assert apply["concurrency"] == {"group": "content-apply", "cancel-in-progress": False}
    steps = review["steps"] + apply["steps"]
    assert {step["uses"].split("@")[0] for step in steps if "uses" in step} == {
        "actions/checkout", "actions/setup-python", "actions/upload-artifact"
    }  # fmt: skip
    assert review["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    scripts = [step["run"] for step in steps if "run" in step]
    assert not any("${{" in script for script in scripts)
    check_calls(scripts, ["diff", "diff", "check", "checkout", "checkout"])
    assert "--no-code" in next(script for script in scripts if "contentgit check" in script)
    for step in review["steps"]:
        if (
            "report." in str(step) and step.get("id") != "report"
        ):  # else the pull request's own files
            assert step["if"] == "always() && steps.report.outcome == 'success'"
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_a_workflow_takes_programs_of_others_as_they_were_when_it_was_written(
    run: Run, git: Any, tmp_path: Path
) -> None:
    assert run("init", "--ci", "github").code == 0
    text = git("show", "HEAD:.github/workflows/content.yml")
    assert f'pip install "contentgit=={__version__}"' in text
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)
    place = tmp_path / "audited" / ".github" / "workflows"
    place.mkdir(parents=True)
    (place / "content.yml").write_text(text + "\n")
    (zizmor,) = (each.locate() for each in files("zizmor") or () if each.stem == "zizmor")
    options = ["--offline", "--no-progress", "--persona=pedantic"]
    found = subprocess.run([zizmor, *options, tmp_path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_workflow_of_gitlab(run: Run, git: Any) -> None:
    flow = made(run, git, "gitlab", ".gitlab-ci.yml")
    review, apply = flow["content-review"], flow["content-apply"]
    assert review["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert (apply["environment"], apply["resource_group"]) == ("production", "content-apply")
    assert apply["rules"][0]["when"] == "manual"
    assert '$CI_COMMIT_BRANCH == "live/site"' in apply["rules"][0]["if"]
    assert review["artifacts"]["when"] == "always"
    check_calls(
        [*review["script"], *apply["script"]], ["diff", "diff", "check", "checkout", "checkout"]
    )
    assert review["script"][0] == "rm -rf report.md report.html"  # the merge request's own
    assert "--no-code" in next(line for line in review["script"] if "contentgit check" in line)
    (note,) = review["after_script"]
    subprocess.run(["bash", "-n"], input=note, text=True, check=True)
    (program,) = re.findall(r"<<'SCRIPT'\n(.*)\nSCRIPT", note, re.DOTALL)
    compile(program, "note", "exec")


class GitLab(BaseHTTPRequestHandler):
    """Two pages of notes: another's that begins as ours, and ours where there is one."""

    calls: ClassVar[list[tuple[str, str, str]]] = []
    notes: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        first = self.path.endswith("&page=1")
        others = [{"id": 3, "author": {"id": 1}, "body": "<!-- contentgit --> not ours"}]
        if self.path == "/api/user":
            self.answer({"id": 7})
        else:
            assert self.path.startswith("/api/projects/5/merge_requests/9/notes?per_page=100&page=")
            self.answer(others if first else self.notes, "2" if first else "")

    def do_PUT(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["PRIVATE-TOKEN"] == "secret"
        self.calls.append((self.command, self.path, said["body"]))
        self.answer({})

    def do_POST(self) -> None:
        self.do_PUT()

    def answer(self, value: object, following: str = "") -> None:
        self.send_response(200)
        self.send_header("X-Next-Page", following)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *args: object) -> None: ...


@pytest.mark.parametrize(
    ("own", "call"),
    [
        ([], ("POST", "/api/projects/5/merge_requests/9/notes")),
        ([11], ("PUT", "/api/projects/5/merge_requests/9/notes/11")),
    ],
)
def test_the_note_on_gitlab_is_written_once(
    run: Run, git: Any, tmp_path: Path, own: list[int], call: tuple[str, str]
) -> None:
    flow = made(run, git, "gitlab", ".gitlab-ci.yml")
    (script,) = flow["content-review"]["after_script"]
    (tmp_path / "report.md").write_text("<!-- contentgit -->\nNew ⏎", encoding="utf-8")
    for module in ("json", "os", "urllib"):  # the merge request's own: they must not be run
        (tmp_path / f"{module}.py").write_text("raise SystemExit('run')", encoding="utf-8")
    GitLab.calls.clear()
    GitLab.notes[:] = [
        {"id": number, "author": {"id": 7}, "body": "<!-- contentgit -->\nOld"} for number in own
    ]
    with HTTPServer(("127.0.0.1", 0), GitLab) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        environment = {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "CONTENTGIT_TOKEN": "secret",
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api",
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "9",
        }
        (tmp_path / "python").symlink_to(sys.executable)
        done = subprocess.run(
            ["bash", "-eo", "pipefail"],
            input=script,
            text=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
        )
        server.shutdown()
        thread.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert GitLab.calls == [(*call, "<!-- contentgit -->\nNew ⏎")]


def test_without_a_token_no_note_is_written(run: Run, git: Any, tmp_path: Path) -> None:
    (script,) = made(run, git, "gitlab", ".gitlab-ci.yml")["content-review"]["after_script"]
    done = subprocess.run(
        ["bash", "-e"], input=script, text=True, cwd=tmp_path, env={}, capture_output=True
    )
    assert done.returncode == 0
    assert "No note is written" in done.stdout


def check_calls(scripts: list[str], verbs: list[str]) -> None:
    """The program's own parser understands every call of it."""
    found = [words for script in scripts for words in calls(script)]
    assert [words[0] for words in found] == verbs
    for words in found:
        if words[0] in VERBS:
            assert parse(words) is not None


def test_the_review_runs_in_a_clone_as_a_host_makes_it(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where HEAD is detached and there is no local branch."""
    clone = tmp_path / "clone"
    tip = repository.refs.tip("summer")
    for words in (["init", "-q", clone], ["-C", clone, "fetch", "-q", repository.path, "summer"]):
        subprocess.run(["git", *map(str, words)], check=True)
    subprocess.run(["git", "-C", str(clone), "checkout", "-q", "--detach", str(tip)], check=True)
    assert repositories.holds_content(Repository.open(clone))


def test_a_plain_project_s_repository_holds_no_content(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "own")], check=True)
    assert not repositories.holds_content(Repository.open(tmp_path / "own"))


def test_what_an_apply_leaves_out_does_not_dangle(
    repository: Repository, run: Run, git: Any
) -> None:
    git("checkout", "-q", "main")
    tagged: Snapshot = {
        "shop.tag:1": {"name": "nuts"},
        "shop.product:6": {**LOAF, "tags": ["shop.tag:1"]},
    }
    commit(repository, tagged, "tagged")
    commit(repository, {"shop.product:6": tagged["shop.product:6"]}, "tagged")
    git("checkout", "-q", "tagged")
    assert (
        "1 record still refers to a deleted record"
        in run("diff", "HEAD~", "HEAD", "--format", "text").out
    )
    path = repository.path / "shop" / "dataset.json"
    document = json.loads(path.read_bytes())
    for spec in document["specs"]:
        if spec["model"] == "shop.product":
            spec["ignore_missing_m2m"] = ["tags"]
    path.write_bytes(dump_document(document))
    git("commit", "-qam", "Lenient")
    said = run("diff", "HEAD~2", "HEAD", "--format", "text").out
    assert "dangle" not in said
    assert "* 1 record stays and loses its reference to a deleted record." in said

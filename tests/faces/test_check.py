"""``check`` on real git repositories, as people and CI hosts call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.layout import record_path
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
    UniqueSet,
)
from contentgit.git import Repository
from contentgit.history.commits import repository_document
from contentgit.specs import Dataset, ModelSpec
from tests.bakery.models import Category, Tag
from tests.verbs.conftest import Run, Said

Ok = Callable[..., str]
Check = Callable[..., Said]

PAGE = ModelSchema(
    "pages.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("parent", FieldKind.REFERENCE, null=True, target="pages.page"),
        FieldSchema("title", FieldKind.TEXT),
    ),
    unique=(UniqueSet("title", ("title",)),),
)
DOCUMENT = dump_document(
    schema_document(Dataset("pages", "", (ModelSpec("pages.page"),)), Schema({"pages.page": PAGE}))
)


def place(key: int) -> str:
    return f"pages/{record_path(RecordKey('pages.page', str(key)), Layout.INTEGER)}"


def page(key: int, **fields: Value) -> bytes:
    values = {"body": "", "parent": None, "title": f"Page {key}", **fields}
    return canonical.encode(Record(RecordKey("pages.page", str(key)), values))


class Site:
    """A repository whose commits a test writes file by file."""

    def __init__(self, path: Path) -> None:
        self.repository = Repository.init(path)
        start = {"contentgit.json": repository_document(), "pages/dataset.json": DOCUMENT}
        self.commit({**start, place(1): page(1)})

    def commit(
        self, files: Mapping[str, bytes | None], branch: str = "main", parents: tuple[str, ...] = ()
    ) -> str:
        tip = self.repository.refs.tip(branch)
        parent = parents[0] if parents else tip
        tree = self.repository.writer.write_tree(parent, files.items())
        new = self.repository.writer.commit_tree(
            tree, parents or ([tip] if tip else []), "Change\n"
        )
        self.repository.refs.move(f"refs/heads/{branch}", new, tip, "test")
        self.repository.worktrees.bring_along(branch, tip, new)
        return new


@pytest.fixture
def site(repository_path: Path) -> Site:
    return Site(repository_path)


@pytest.fixture
def check(run: Run) -> Check:
    """A check of the tree alone, whatever the project around says."""
    return lambda *words: run("check", "--no-code", *words)


def rules(said: Said) -> list[tuple[str, str, str]]:
    return [(each["rule"], each["path"], each["field"]) for each in said.json["findings"]]


# What is said


def test_nothing_wrong(site: Site, check: Check) -> None:
    said = check()
    assert (said.code, said.err) == (0, "")
    commit = site.repository.refs.resolve("HEAD")[:10]
    assert said.out == f"1 record in 1 dump at {commit}: nothing found\n"


def test_new_keys_that_the_content_does_not_bear_out(site: Site, check: Check) -> None:
    """Of the commit that is checked, of those of a range, or with --merges of all."""
    repository = site.repository
    start = repository.refs.resolve("main")
    tree = repository.trees.root(site.commit({place(1): page(1, title="Edited")}))
    line = f"Contentgit-Renumbered: pages.page:1 of {start} is pages.page:9"
    told = repository.writer.commit_tree(tree, [start], f"Edit\n\n{line}\n")
    repository.refs.move("refs/heads/main", told, repository.refs.resolve("main"), "test")
    said = check(told)
    assert said.code == 0
    assert said.out == (
        "the tree\n"
        f"  warning  new-key-unproven  commit {told[:10]}: says that pages.page:1 of {start[:10]} is "
        "pages.page:9; its records do not bear that out\n"
        "           the line of its message has no effect\n"
        f"1 record in 1 dump at {told[:10]}: 1 warning\n"
    )
    assert check("--strict", told).code == 1
    later = site.commit({place(2): page(2)})
    rule = ("new-key-unproven", "", "")
    assert rules(check("--json", later)) == []
    assert rules(check("--json", f"{start}..{later}")) == [rule]
    assert rules(check("--json", f"{told}..{later}")) == []
    assert rules(check("--json", "--merges", later)) == [rule]
    line = line.replace(start, later)
    tree = repository.trees.root(site.commit({place(1): None, place(9): page(9)}))
    true = repository.writer.commit_tree(tree, [later], f"Move\n\n{line}\n")
    assert rules(check("--json", true)) == []


def test_findings_stand_below_their_file_with_what_to_do(site: Site, check: Check) -> None:
    commit = site.commit({place(2): page(2, title="Page 1", parent="pages.page:9")})
    said = check()
    assert said.code == 1
    assert said.out == (
        "pages/pages.page/0/0/2.json\n"
        "  error    dangling-reference  8: pages.page:2 parent: "
        "refers to pages.page:9, which is not in the tree\n"
        "           restore the record or clear the field\n"
        "  error    duplicate-value  10: pages.page:2 title: "
        'pages.page:1 has title "Page 1" too, which must be unique\n'
        f"2 records in 1 dump at {commit[:10]}: 2 errors\n"
    )


def test_everything_that_can_be_wrong_with_a_tree(
    site: Site, check: Check, git: Callable[..., str], repository_path: Path
) -> None:
    files = {
        place(1): page(1, parent="pages.page:2").replace(b"\n\n", b"\n"),
        place(2): page(2, parent="pages.page:1"),
        place(3): page(4),
        place(5): b"{}",
        place(6): page(6, title=7),
        "pages/notes.txt": b"hello",
        "pages/NOTES.txt": b"hello",
        "pages/x.y/1.json": b'{"$key": 1, "$model": "x.y"}',
        "other/dataset.json": b"[]",
        ".conflicts/001-x.json": b'{"label": "pages.page:1 title"}',
        "README.md": b"left alone",
    }
    for path, data in files.items():
        file = repository_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (repository_path / "pages/link").symlink_to("/etc/passwd")
    (repository_path / place(2)).chmod(0o755)
    git("add", "-A")
    git("commit", "-m", "By hand")
    said = check("--json", "--forbid", "x.*")
    assert said.code == 1
    assert sorted(rules(said)) == [
        ("case-clash", "pages/notes.txt", ""),
        ("dangling-reference", place(1), "parent"),
        ("forbidden-model", "pages/x.y/1.json", ""),
        ("foreign-file", "pages/NOTES.txt", ""),
        ("foreign-file", "pages/notes.txt", ""),
        ("no-schema", "other/dataset.json", ""),
        ("non-canonical", place(1), "$key"),
        ("non-canonical", "pages/x.y/1.json", ""),
        ("not-a-record", place(5), ""),
        ("odd-mode", "pages/link", ""),
        ("odd-mode", place(2), ""),
        ("recorded-conflict", ".conflicts/001-x.json", "label"),
        ("unknown-model", "pages/x.y/1.json", ""),
        ("wrong-path", place(3), ""),
        ("wrong-type", place(6), "title"),
    ]
    assert said.json["counts"] == {"error": 13, "warning": 2, "note": 0}


def test_a_recorded_conflict_in_a_folder_of_its_own(site: Site, check: Check) -> None:
    site.commit({".conflicts/below/x.json": b"{}\n"})  # an apply refuses it
    said = check("--json")
    found = [(each["rule"], each["path"]) for each in said.json["findings"]]
    assert found == [("recorded-conflict", ".conflicts/below/x.json")]


def test_a_newer_format_is_read_no_further(site: Site, check: Check) -> None:
    site.commit({"contentgit.json": b'{\n  "format": 9\n}\n', "pages/x": b"?"})
    said = check("--json")
    assert rules(said) == [("newer-format", "contentgit.json", "format")]
    assert said.json["findings"][0]["line"] == 2


def test_a_commit_without_content_is_an_error(site: Site, check: Check) -> None:
    site.commit({"contentgit.json": None})
    said = check()
    assert said.code == 1
    assert "it is not content of contentgit" in said.err


def test_what_was_there_before_a_range_is_not_counted(site: Site, check: Check) -> None:
    site.commit({place(2): page(2, parent="pages.page:9")})
    site.commit({place(3): page(3)})
    said = check("HEAD~1..HEAD")
    assert said.code == 0
    assert "1 finding from before the range, not counted\n" in said.out
    site.commit({place(3): page(3, parent="pages.page:8")})
    said = check("HEAD~1..", "--json")
    assert (said.code, said.json["before"]) == (1, 1)
    assert rules(said) == [("dangling-reference", place(3), "parent")]


def test_warnings_count_with_strict(site: Site, check: Check) -> None:
    site.commit({place(1): page(1).replace(b"\n\n", b"\n")})
    assert check().code == 0
    assert check("--strict").code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "'nowhere'"),
        (["a...b"], "'a...b' is not a range that check accepts"),
        (["--json", "--format", "sarif"], "--json cannot be combined with --format sarif"),
        (["HEAD~1", "--fix"], "--fix writes a commit on HEAD's branch"),
    ],
)
def test_wrong_words(site: Site, check: Check, words: list[str], message: str) -> None:
    site.commit({place(2): page(2)})
    said = check(*words)
    assert said.code == 2
    assert message in (said.err or said.out)


def test_a_tree_that_git_did_not_make(
    site: Site, check: Check, git: Callable[..., str], repository_path: Path
) -> None:
    def tree(*entries: tuple[str, bytes, str]) -> str:
        lines = [
            mode.encode() + b" " + n + b"\0" + bytes.fromhex(each) for mode, n, each in entries
        ]
        words = ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
        done = subprocess.run(
            words, cwd=repository_path, input=b"".join(lines), capture_output=True
        )
        return done.stdout.decode().strip()

    blob, start = git("rev-parse", "HEAD:contentgit.json"), git("rev-parse", "HEAD:pages")
    below = tree(("100644", b"x.json", blob))
    names = [b"..", b".git", b"\x1b[31m::error::", b"a\nb", b"dup", b"dup", b"\xff", b"x/y"]
    pages = tree(
        *(("100644", name, blob) for name in names[:4]),
        ("100644", b"dataset.json", git("rev-parse", "HEAD:pages/dataset.json")),
        *(("100644", name, blob) for name in names[4:6]),
        ("40000", b"pages.page", git("rev-parse", f"{start}:pages.page")),
        *(("100644", name, blob) for name in names[6:]),
    )
    top = tree(
        ("40000", b"..", below),
        ("40000", b"a/b", below),
        ("100644", b"contentgit.json", blob),
        ("40000", b"pages", pages),
    )
    git("update-ref", "HEAD", git("commit-tree", top, "-m", "Evil"))
    said = check()
    assert (said.code, said.err) == (1, "")
    assert "1 record in 1 dump" in said.out
    assert "\x1b" not in said.out
    assert not [line for line in said.out.splitlines() if "::" in line]
    found = [rule for rule, _, _ in rules(check("--json"))]
    assert (found.count("foreign-file"), found.count("case-clash")) == (10, 1)


# --fix


def test_fix_rewrites_and_moves_in_one_commit(
    site: Site, check: Check, git: Callable[..., str], repository_path: Path
) -> None:
    site.commit(
        {
            place(1): page(2),
            place(2): page(1, title="One"),
            place(3): page(3).replace(b"\n\n", b"\n"),
            place(4): page(5),
            "pages/dataset.json": DOCUMENT + b"\n",
            "pages/pages.page/somewhere.json": page(7),
            "README.md": b"x",
        }
    )
    before = git("rev-parse", "HEAD")
    said = check("--fix")
    assert said.code == 0, said.out
    assert said.out.startswith("Rewrote 6 files canonically on main (")
    assert git("rev-parse", "HEAD~1") == before
    assert git("log", "-1", "--format=%s") == "Rewrite 6 files canonically"
    assert git("status", "--porcelain") == ""
    read = {number: (repository_path / place(number)).read_bytes() for number in (1, 2, 3, 5, 7)}
    assert read == {n: page(n, **({"title": "One"} if n == 1 else {})) for n in read}
    assert (repository_path / "pages/dataset.json").read_bytes() == DOCUMENT
    assert "Nothing to rewrite" in check("--fix").out


def test_fix_waits_for_the_end_of_a_merge(site: Site, check: Check, run: Run) -> None:
    site.repository.refs.create_branch("edit", site.repository.refs.resolve("main"))
    site.commit({place(1): page(1, title="Theirs")}, "edit")
    site.commit({place(1): page(1, title="Ours"), place(2): page(2) + b"\n"})
    assert run("merge", "edit").code == 3
    said = check("--fix")
    assert (said.code, said.err.splitlines()[0]) == (
        3,
        "refused: a merge of edit into main is under way",
    )
    assert run("resolve", "--all", "--take", "ours").code == 0
    assert run("merge", "--continue").code == 0
    assert check("--fix").code == 0


def test_fix_leaves_a_record_whose_place_is_taken(site: Site, check: Check) -> None:
    site.commit({place(2): page(1, title="Other")})
    said = check("--fix")
    assert said.code == 1
    assert said.out.splitlines()[:2] == [
        "Nothing to rewrite",
        f"  not moved, because its place is taken: {place(2)}",
    ]
    assert "duplicate-key" in said.out


def test_fix_keeps_edits_in_the_worktree(
    site: Site, check: Check, git: Callable[..., str], repository_path: Path
) -> None:
    site.commit({place(1): page(1).replace(b"\n\n", b"\n")})
    (repository_path / place(1)).write_text("mine")
    said = check("--fix", "--json")
    assert said.json["fixed"]["left_alone"][0]["paths"] == [place(1)]
    assert (repository_path / place(1)).read_text() == "mine"


# --merges


def test_a_merge_that_wrote_an_edit_into_another_record_is_found(
    site: Site, check: Check, git: Callable[..., str]
) -> None:
    body = "".join(f"<p>Sentence {number} of the page.</p>\n" for number in range(30))
    site.commit({place(1): page(1, body=body)})
    git("checkout", "-q", "-b", "edit")
    site.commit({place(1): page(1, body=body.replace("Sentence 7 ", "Edited "))}, "edit")
    git("checkout", "-q", "main")
    site.commit({place(1): None, place(2): page(2, body=body)})
    git("merge", "-q", "-m", "Merge", "edit")  # clean, says git
    assert "Edited" in git("show", f"HEAD:{place(2)}")
    assert check().code == 0
    said = check("--merges", "--json")
    assert said.code == 1
    (found,) = said.json["findings"]
    assert (found["rule"], found["path"], found["record"], found["field"]) == (
        "merge-differs", place(2), "pages.page:2", "body",
    )  # fmt: skip
    assert found["commit"] == git("rev-parse", "HEAD")
    assert check("HEAD~1..HEAD", "--merges").code == 1
    site.commit({place(3): page(3)})
    assert check("HEAD~1..HEAD", "--merges").code == 0


def test_a_merge_as_it_should_be_and_one_that_people_decided(
    site: Site, check: Check, git: Callable[..., str], repository_path: Path
) -> None:
    git("checkout", "-q", "-b", "edit")
    site.commit({place(1): page(1, title="Theirs"), place(4): page(4)}, "edit")
    git("checkout", "-q", "main")
    site.commit({place(1): page(1, title="Ours"), place(3): page(3)})
    subprocess.run(["git", "merge", "-q", "edit"], cwd=repository_path, capture_output=True)
    (repository_path / place(1)).write_bytes(page(1, title="Decided"))
    git("add", "-A")
    git("commit", "-q", "-m", "Merge")
    said = check("--merges")
    assert said.code == 0, said.out
    assert "1 merge commit recomputed\n" in said.out


def test_merges_of_our_own_and_conflicts_that_one_recorded(
    site: Site, check: Check, run: Run, git: Callable[..., str]
) -> None:
    git("checkout", "-q", "-b", "edit")
    site.commit({place(1): page(1, title="Theirs", body="Theirs"), place(4): page(4)}, "edit")
    git("checkout", "-q", "main")
    site.commit({place(1): page(1, title="Ours"), place(3): page(3)})
    assert run("merge", "edit", "--record").code == 0
    said = check("--merges", "--json")
    assert said.json["merges"] == 1
    (found,) = said.json["findings"]
    assert (said.code, found["rule"]) == (1, "recorded-conflict")
    assert found["message"] == "pages.page:1/title is not decided yet"
    assert run("resolve", "--all", "--take", "theirs").code == 0
    assert check("--merges").code == 0


def test_a_merge_of_three_is_told_not_to_be_recomputed(site: Site, check: Check) -> None:
    main = site.repository.refs.resolve("main")
    tips = []
    for number in (2, 3):
        site.repository.refs.create_branch(f"b{number}", main)
        tips.append(site.commit({place(number): page(number)}, f"b{number}"))
    site.commit({place(2): page(2), place(3): page(3)}, "main", (main, *tips))
    said = check("--merges")
    assert said.code == 0
    assert "merge-not-checked" in said.out


def test_a_shallow_clone_cannot_recompute_merges(
    site: Site, tmp_path: Path, run: Run, git: Callable[..., str], repository_path: Path
) -> None:
    site.commit({place(2): page(2)})
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth=1", f"file://{repository_path}", str(clone))
    words = ["-m", "contentgit.cli.main", "check", "--no-code", "--repository", str(clone)]
    assert subprocess.run([sys.executable, *words], capture_output=True).returncode == 0
    done = subprocess.run([sys.executable, *words, "--merges"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "this is a shallow clone" in done.stderr
    assert "fetch-depth: 0" in done.stderr


# Formats


def test_formats_for_ci(site: Site, check: Check) -> None:
    site.commit({place(2): page(2, parent="pages.page:9\n::error::x")})
    said = check("--format", "github")
    assert said.code == 1
    assert said.out == (
        f"::error file={place(2)},line=8,title=dangling-reference::pages.page:2 parent: refers to "
        "pages.page:9\\u000a:\\u003aerror:\\u003ax, which is not in the tree "
        "(restore the record or clear the field)\n"
    )
    log = json.loads(check("--format", "sarif").out)
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "dangling-reference"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": place(2), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 8},
    }
    assert check("--format", "json").json["ok"] is False


# Beside the project


def test_it_needs_no_settings_and_no_django(site: Site, repository_path: Path) -> None:
    code = (
        "import sys; from contentgit.cli.main import main; code = main(['check', '--merges']);"
        "sys.exit('django' if 'django.db' in sys.modules else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("nothing found\n")


def test_what_a_database_committed_is_as_the_code_has_it(db: str, ok: Ok, run: Run) -> None:
    bread = Category.objects.create(name="Bread", slug="bread")
    Category.objects.create(name="Rye", slug="rye", parent=bread, position=1)
    Tag.objects.create(name="New", slug="new")
    ok("init")
    ok("commit", "-m", "All", "shop", "hours", "pages")
    said = run("check", "--json", "--strict")
    assert said.code == 0, said.out
    assert [f["message"] for f in said.json["findings"]] == [
        "the code's dataset categories has no dump in the tree"
    ]


def test_a_tree_beside_other_code(site: Site, db: str, run: Run, ok: Ok) -> None:
    Tag.objects.create(name="New", slug="new")
    ok("commit", "shop", "-m", "Shop")
    document = json.loads(
        site.repository.blob(site.repository.refs.resolve("main"), "shop/dataset.json") or b""
    )
    models: dict[str, Any] = document["models"]
    models["bakery.tag"]["fields"]["colour"] = {"kind": "text"}
    del models["bakery.category"]["fields"]["position"]
    document["specs"][0]["delete_missing"] = False
    site.commit({"shop/dataset.json": dump_document(document)})
    said = run("check", "--json", "HEAD~1..HEAD")
    found = [
        (f["rule"], f["path"], f["field"]) for f in said.json["findings"] if "shop" in f["path"]
    ]
    assert ("unknown-to-code", "shop/dataset.json", "colour") in found
    assert ("not-in-tree", "shop/dataset.json", "position") in found
    assert ("differs-from-code", "shop/dataset.json", "bakery.category") in found
    assert "not-in-tree" not in run("check", "--no-code").out


def test_comparing_with_the_code_opens_no_connection(
    site: Site, run: Run, repository_path: Path
) -> None:
    code = (
        "import sys; from contentgit.cli.main import main;"
        f"code = main(['check', '--strict', '--repository', {str(repository_path)!r}]);"
        "from django.db import connections;"
        "opened = [c.alias for c in connections.all() if c.connection is not None];"
        "sys.exit(f'opened: {opened}' if opened else 0 if code == 0 else 1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "pages.page is not in the code's dataset" in done.stdout


def test_a_policy_in_the_settings(site: Site, run: Run, settings_with: Callable[..., None]) -> None:
    settings_with(CHECK={"FORBIDDEN_MODELS": ["pages.*"]})
    said = run("check", "--no-code", "--json")
    assert said.code == 1
    assert rules(said) == [("forbidden-model", place(1), "")]


@pytest.fixture
def settings_with() -> Any:
    from django.test import override_settings

    changed = []

    def change(**keys: object) -> None:
        from django.conf import settings

        override = override_settings(CONTENTGIT={**settings.CONTENTGIT, **keys})
        override.enable()
        changed.append(override)

    yield change
    for each in changed:
        each.disable()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (
            [],
            0,
            "not-compared  the project cannot be started with settings nope: ModuleNotFoundError",
        ),
        (["--no-code"], 0, "models that they forbid are not checked"),
        (["--settings", "nope"], 2, "error: the project cannot be started with settings nope"),
    ],
)
def test_a_project_that_cannot_start(
    site: Site, tmp_path: Path, repository_path: Path, words: list[str], code: int, text: str
) -> None:
    (tmp_path / "manage.py").write_text(
        'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "nope")\n'
    )
    command = [sys.executable, "-m", "contentgit.cli.main", "check", "--repository", "content"]
    done = subprocess.run(
        [*command, *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert text in done.stdout + done.stderr


def test_a_project_among_the_content_is_not_run(
    site: Site, tmp_path: Path, repository_path: Path
) -> None:
    """A pull request can hold one."""
    (repository_path / "manage.py").write_text(
        'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "evil")\n'
    )
    (repository_path / "evil.py").write_text('raise SystemExit("code of a stranger")')
    for words, said in (
        ([], "not-compared  no project is started inside the repository of content"),
        (["--no-code", "--repository", "."], "nothing found"),
        (["--settings", "evil"], "code of a stranger"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "contentgit.cli.main", "check", *words],
            cwd=repository_path,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert said in done.stdout + done.stderr

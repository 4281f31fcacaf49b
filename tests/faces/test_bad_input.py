"""Wrong words and hostile commits: one clear message, the documented exit code, nothing changed."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rich.text import Text as RichText

from contentgit.cli.terminal import Terminal
from contentgit.content.layout import record_path
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout
from contentgit.errors import ContentgitError
from contentgit.render.styled import Text
from tests import raw
from tests.bakery.content import fill
from tests.verbs.conftest import Run, Said

Ok = Callable[..., str]


def assert_clear(said: Said, code: int, *words: str) -> None:
    """An error of a few lines that holds the words, and no traceback."""
    assert said.code == code, said
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["commit", "nosuch", "-m", "x"], 2, ["nosuch", "shop"]),
        (["commit", "--author", "nobody", "-m", "x"], 2, ["nobody"]),
        (["commit", "--nosuch"], 2, ["--nosuch"]),
        (["checkout"], 2, ["revision"]),
        (["checkout", "nosuch"], 2, ["nosuch", "main"]),
        (["checkout", "main", "nosuch"], 2, ["nosuch"]),
        (["checkout", "--upload-pack=touch /tmp/x"], 2, ["--upload-pack"]),
        (["checkout", "main", "--max-deletes", "many"], 2, ["--max-deletes"]),
        (["checkout", "main", "--max-deletes", "-1"], 2, ["--max-deletes"]),
        (["checkout", "main", "--max-deletes", "nan%"], 2, ["--max-deletes"]),
        (["checkout", "main", "--database", "nosuch"], 2, ["nosuch", "default"]),
        (["checkout", "-b", "a..b"], 2, ["a..b"]),
        (["diff", "main", "main", "main"], 2, ["two revisions"]),
        (["diff", "main", "nosuch"], 2, ["nosuch"]),
        (["diff", "main", "main", "--", "nosuch"], 2, ["nosuch"]),
        (["show", "nosuch"], 2, ["nosuch"]),
        (["log", "nosuch"], 2, ["nosuch"]),
        (["branch", "main"], 2, ["main"]),
        (["branch", "-d", "nosuch"], 2, ["nosuch"]),
        (["nosuch"], 2, ["nosuch"]),
    ],
)
def test_wrong_words(
    committed: None, run: Run, git: Ok, words: list[str], code: int, says: list[str]
) -> None:
    before = raw.snapshot(), git("for-each-ref")
    assert_clear(run(*words) if words != ["nosuch"] else _bare("nosuch"), code, *says)
    assert (raw.snapshot(), git("for-each-ref")) == before


def _bare(*words: str) -> Said:
    import contextlib
    import io

    from contentgit.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    return Said(code, out.getvalue(), err.getvalue())


def test_errors_are_json_with_json(committed: None, run: Run) -> None:
    said = run("checkout", "nosuch", "--json")
    assert said.code == 2
    document = json.loads(said.out)
    assert document["exit_code"] == 2
    assert "nosuch" in document["message"]


def test_without_repository(db: str, run: Run) -> None:
    assert_clear(run("commit", "-m", "x"), 1, "contentgit init")


def test_a_foreign_repository(db: str, run: Run, repository_path: Path) -> None:
    subprocess.run(["git", "init", "-q", repository_path], check=True)
    (repository_path / "README").write_text("somebody's own")
    subprocess.run(["git", "add", "."], cwd=repository_path, check=True)
    subprocess.run(["git", "commit", "-qm", "Own"], cwd=repository_path, check=True)
    assert_clear(run("commit", "-m", "x"), 1, "contentgit.json")
    assert run("init").code == 1


def test_without_identity(
    db: str, run: Run, ok: Ok, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fill()
    ok("init")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert_clear(run("commit", "-m", "x"), 1, "user.name")


Write = Callable[[str, str], None]


@pytest.fixture
def write(committed: None, repository_path: Path, git: Ok) -> Write:
    """Commits a file by plain git, as a pull request may bring it."""

    def commit(path: str, text: str) -> None:
        file = repository_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        git("add", "-A")
        git("commit", "-qm", f"Write {path}")

    return commit


TAG = '{\n  "$key": 3,\n\n  "$model": "bakery.tag",\n\n  "name": "%s",\n\n  "slug": "organic"\n}\n'


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("shop/bakery.tag/0/0/3.json", "{", ["3.json", "shop"]),
        ("shop/bakery.tag/0/0/3.json", "[]", ["3.json"]),
        ("shop/bakery.tag/0/0/3.json", TAG.replace("3", "4", 1) % "x", ["bakery.tag:4"]),
        ("shop/bakery.tag/0/0/3.json", TAG.replace("bakery.tag", "auth.user") % "x", ["auth.user"]),
        (
            "shop/bakery.tag/0/0/3.json",
            '{"$key": 3, "$key": 3, "$model": "bakery.tag"}',
            ["3.json"],
        ),
        ("shop/bakery.tag/0/7/3.json", TAG % "x", ["0/7/3.json"]),
        ("shop/bakery.tag/0/0/3.JSON", TAG % "x", ["3.JSON"]),
        ("shop/bakery.tag/note.txt", "hello", ["note.txt"]),
        ("contentgit.json", '{"format": 3}\n', ["format 2", "pip install"]),
        ("contentgit.json", "{}\n", ["contentgit.json"]),
        ("contentgit.json", "no json", ["contentgit.json"]),
    ],
)
def test_hostile_commits(write: Write, run: Run, path: str, text: str, says: list[str]) -> None:
    before = raw.snapshot()
    write(path, text)
    said = run("checkout", "main", "--apply", "--yes")
    assert said.code in (1, 3), said
    assert_clear(said, said.code, *says)
    assert raw.snapshot() == before


def test_a_record_of_a_model_outside_the_dataset(write: Write, run: Run) -> None:
    text = (
        '{\n  "$key": 1,\n\n  "$model": "auth.user",\n\n  "is_superuser": true,\n\n'
        '  "username": "mallory"\n}\n'
    )
    write("shop/auth.user/0/0/1.json", text)
    assert_clear(run("checkout", "main", "--apply", "--yes"), 3, "auth.user")


def test_log_goes_on_behind_a_commit_that_cannot_be_shown(write: Write, run: Run, git: Ok) -> None:
    tag = "shop/bakery.tag/0/0/3.json"
    sound = git("show", f"main:{tag}") + "\n"
    write(tag, "{")
    broken = git("rev-parse", "--short=10", "main")
    write(tag, sound)
    said = run("log", "-p")
    assert said.code == 0
    why = f"What this commit changed cannot be shown: {tag} in commit {broken} is no record: "
    assert said.out.count(why) == 2  # against its parent, and its child against it
    assert "The whole shop" in said.out
    assert "+ bakery.tag:3" in said.out
    commits = run("log", "-p", "--json").json["commits"]
    assert [each["changes"] is None for each in commits] == [True, True, False, False]
    assert tag in commits[0]["problem"]


def test_records_of_unknown_models_are_shown(write: Write, run: Run, git: Ok, db: str) -> None:
    """A commit may hold records of any name, also the one that the database is at."""
    for model in ("auth.user", "no.such"):
        record = f'{{"$key": 1, "$model": "{model}", "username": "mallory", "groups": ["x"]}}'
        write(f"shop/{model}/0/0/1.json", record)
    lost = '{"$key": 99, "$model": "bakery.product", "category": "nonsense", "tags": []}'
    write("shop/bakery.product/0/0/99.json", lost)
    calls = [["diff", "main", "--stat"], ["diff", "main", "--format", "html"], ["diff", "main"]]
    for words in [*calls, ["checkout", "main"], ["diff", "main~3", "main"]]:
        said = run(*words)
        assert said.code == (1 if words[0] == "checkout" else 0), said
    for label in ("auth.user", "no.such"):
        assert f"{label}: 1 record of the commit left out" in run("diff", "main").out
    assert "mallory" in run("diff", "main~3", "main").out
    with connections[db].cursor() as cursor:
        name = connections[db].ops.quote_name("commit")
        cursor.execute(f"UPDATE contentgit_ledger SET {name} = %s", [git("rev-parse", "main")])
    for words in (["status"], ["diff"], ["update", "--dry-run"]):
        said = run(*words)
        assert said.code in (0, 1), said
    assert "no.such" in run("diff").out


def test_a_field_that_is_left_out_for_a_while_is_seen(write: Write, run: Run, git: Ok) -> None:
    """Else what comes with it in a second commit is in no diff."""
    path = "shop/bakery.product/0/0/42.json"
    record = json.loads(git("show", f"main:{path}"))
    name = record.pop("name")
    write(path, json.dumps(record))
    write(path, json.dumps({**record, "name": "Bad loaf"}))
    assert f'name: "{name}" → (nothing)' in run("diff", "main~2", "main~1").out
    for words in (["diff", "main~1", "main"], ["show", "main"], ["log", "-p", "-n", "1"]):
        assert 'name: (nothing) → "Bad loaf"' in run(*words).out
    assert "Bad loaf" in run("diff", "main~1", "main", "--format", "markdown").out


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("price", '"cheap"', "price"),
        ("price", "null", "price"),
        ("created", '"yesterday"', "created"),
        ("category", '"bakery.category:999"', "bakery.category:999"),
        ("category", '"auth.user:1"', "auth.user"),
        ("category", '"nonsense"', "category"),
        ("tags", '["bakery.tag:999"]', "bakery.tag:999"),
        ("tags", '"bakery.tag:3"', "tags"),
        ("published", '"yes"', "published"),
        ("name", "7", "name"),
        ("name", r'"\ud800"', "half a character"),
        ("slug", r'"\udfff"', "slug"),
        ("category", '"bakery.category:99999999999999999999"', "category"),
        ("tags", '["bakery.tag:99999999999999999999"]', "tags"),
        ("category", r'"bakery.category:\ud800"', "category"),
    ],
)
def test_hostile_values(write: Write, run: Run, git: Ok, field: str, value: str, says: str) -> None:
    before = raw.snapshot()
    path = "shop/bakery.product/0/0/42.json"
    record = json.loads(git("show", f"main:{path}"))
    record[field] = json.loads(value)
    record["body"] = "changed, so that there is something to write"
    write(path, json.dumps(record))
    said = run("checkout", "main", "--apply", "--yes")
    assert said.code in (1, 3), said
    assert_clear(said, said.code, "bakery.product:42", says)
    assert raw.snapshot() == before


@pytest.mark.parametrize(
    ("key", "position", "says"),
    [
        ("2", "1" + "0" * 30, "bakery.category:2: position"),
        ("2", '{"$int": "-1' + "0" * 400 + '"}', "bakery.category:2: position"),
        ("18446744073709551615", "1", "bakery.category:18446744073709551615"),
    ],
)
def test_integers_beyond_the_column(
    write: Write, run: Run, key: str, position: str, says: str
) -> None:
    before = raw.snapshot()
    record = f'"$model": "bakery.category", "name": "x", "parent": null, "slug": "x{key}"'
    path = "shop/" + record_path(RecordKey("bakery.category", key), Layout.INTEGER)
    write(path, f'{{"$key": {key}, {record}, "position": {position}}}')
    for words in (["diff", "main~1", "main"], ["diff", "main"], ["check", "--no-code"]):
        assert run(*words).code in (0, 1)
    said = run("checkout", "main", "--apply", "--yes")
    assert said.code in (1, 3), said
    assert_clear(said, said.code, says)
    assert "Python" not in said.err
    assert raw.snapshot() == before


def test_an_unknown_field_is_refused_until_it_is_permitted(
    write: Write, run: Run, git: Ok, ok: Ok
) -> None:
    path = "shop/bakery.product/0/0/42.json"
    record = json.loads(git("show", f"main:{path}"))
    write(path, json.dumps({**record, "nosuch": "x", "name": "Nightly loaf"}))
    said = run("checkout", "main", "--apply", "--yes")
    assert_clear(said, 3, "bakery.product", "nosuch", "--ignore-unknown-fields")
    ok("checkout", "main", "--apply", "--yes", "--ignore-unknown-fields")
    assert "clean" in ok("status")


def test_an_empty_message(committed: None, run: Run) -> None:
    from tests.bakery.models import Tag

    Tag.objects.filter(pk=3).update(name="Bio")
    assert_clear(run("commit", "-m", " "), 2, "message is empty")


def test_a_symlink_in_a_commit_is_not_followed(
    committed: None, run: Run, git: Ok, repository_path: Path
) -> None:
    link = repository_path / "shop/bakery.tag/0/0/3.json"
    link.unlink()
    link.symlink_to("/etc/passwd")
    git("add", "-A")
    git("commit", "-qm", "A link")
    said = run("checkout", "main", "--apply", "--yes")
    assert_clear(said, 1, "3.json")


def test_a_tree_that_tries_to_escape(
    committed: None, run: Run, git: Ok, repository_path: Path
) -> None:
    blob = git("rev-parse", "main:shop/bakery.tag/0/0/3.json")
    inner = subprocess.run(
        ["git", "mktree", "--missing"], input=f"100644 blob {blob}\tEVIL.json\n",
        cwd=repository_path, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    shop = git("ls-tree", "main:shop") + f"\n040000 tree {inner}\t..\n"
    tree = subprocess.run(
        ["git", "mktree", "--missing"], input=shop, cwd=repository_path,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    top = git("ls-tree", "main").replace(git("rev-parse", "main:shop"), tree) + "\n"
    root = subprocess.run(
        ["git", "mktree"],
        input=top,
        cwd=repository_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    commit = git("commit-tree", root, "-p", "main", "-m", "Escape")
    said = run("checkout", commit, "--apply", "--yes")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert ".." in said.err


def test_a_missing_ledger_names_migrate(committed: None, run: Run, db: str) -> None:
    with connections[db].cursor() as cursor:
        cursor.execute("ALTER TABLE contentgit_ledger RENAME TO contentgit_ledger_away")
    try:
        assert_clear(run("status"), 1, "migrate")
    finally:
        with connections[db].cursor() as cursor:
            cursor.execute("ALTER TABLE contentgit_ledger_away RENAME TO contentgit_ledger")


def test_a_missing_table_names_migrate(committed: None, run: Run, db: str) -> None:
    with connections[db].cursor() as cursor:
        cursor.execute("ALTER TABLE bakery_opening RENAME TO bakery_opening_away")
    try:
        for words in (["status"], ["commit", "-m", "x"], ["checkout", "main", "--apply", "--yes"]):
            assert_clear(run(*words), 1, "bakery_opening", "migrate")
    finally:
        with connections[db].cursor() as cursor:
            cursor.execute("ALTER TABLE bakery_opening_away RENAME TO bakery_opening")


def test_a_read_only_repository(committed: None, run: Run, git: Ok, repository_path: Path) -> None:
    from tests.bakery.models import Tag

    Tag.objects.filter(pk=3).update(name="Bio")
    tip = git("rev-parse", "main")
    objects = repository_path / ".git/objects"
    # Root may write anywhere, so the place for objects is taken by a file.
    objects.rename(repository_path / ".git/objects.away")
    objects.touch()
    try:
        assert run("commit", "-m", "x").code == 1
    finally:
        objects.unlink()
        (repository_path / ".git/objects.away").rename(objects)
    assert stat.S_ISDIR(objects.stat().st_mode)
    assert git("rev-parse", "main") == tip


def test_signs_in_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(colour=False)
    terminal.line("a [bold]name[/] :warning:")
    terminal.note("a [bold]name[/] :warning:")
    said = capsys.readouterr()
    assert said.out == said.err == "a [bold]name[/] :warning:\n"


def test_a_line_is_safe_to_print_whatever_name_is_in_it(
    committed: None, ok: Ok, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(colour=False)
    for line in ("Made tag \x1b[31m\udcff", Text("  \x1b[31m\udcff: 1", style="bold")):
        terminal.line(line)
    terminal.note("Made tag \u202e")
    said = capsys.readouterr()
    assert said.out == "Made tag \\u001b[31m\\udcff\n  \\u001b[31m\\udcff: 1\n"
    assert said.err == "Made tag \\u202e\n"
    assert ok("tag", "a\udcff", "main").startswith("Made tag a\\udcff at ")


LINES = (
    st.text() | st.text("ab [/]:\t\n\u00e9\u65e5", max_size=200) | st.just(f"{'a ' * 60}{' ' * 40}")
)


STYLES = st.sampled_from(["", "dim", "bold red", "not bold", "green not bold"])
PARTS = st.lists(st.tuples(st.text("ab [/]:\n\r\u65e5", max_size=5), STYLES), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    LINES | st.builds(lambda parts: Text.assemble(*parts), PARTS),
    st.sampled_from([None, "dim", "bold red"]),
    st.sampled_from([None, False]),
)
def test_a_plain_line_is_what_the_console_writes(
    capsys: pytest.CaptureFixture[str], line: Text | str, style: str | None, colour: bool | None
) -> None:
    said = []
    for plain in (True, False):
        terminal = Terminal(colour=colour, plain=plain)
        terminal.line(line, style)
        terminal.note(str(line))
        said.append(capsys.readouterr())
        assert ("out" in vars(terminal)) is not plain
    assert said[0] == said[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STYLES, PARTS, PARTS)
def test_styled_text_has_the_colours_that_rich_gives_it(
    capsys: pytest.CaptureFixture[str],
    style: str,
    first: list[tuple[str, str]],
    then: list[tuple[str, str]],
) -> None:
    # Where it takes a character out, rich begins the colours anew.
    assume(all(len(RichText(text).plain) == len(text) for text, _ in [*first, *then]))
    own, rich = Text("x", style), RichText("x", style=style)
    for text, parts in ((own, first), (rich, first)):
        for part in parts:
            text.append(*part)
    own.append_text(Text.assemble(*then)).append_text(Text("y", style))
    rich.append_text(RichText.assemble(*then)).append_text(RichText("y", style=style))
    terminal = Terminal(colour=True)
    terminal.line(own)
    shown = capsys.readouterr().out
    terminal.out.print(rich)
    assert shown == capsys.readouterr().out
    assert own.plain == rich.plain


def test_a_long_line_of_an_error_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    error = ContentgitError("m" * 20_000, items=["i" * 20_000, "short"])
    Terminal(colour=False).error(error)
    lines = capsys.readouterr().err.splitlines()
    assert [len(line) < 1100 for line in lines] == [True] * 3
    assert lines[1].endswith("… and 19,000 more characters (--json shows all)")
    assert lines[2] == "  short"
    Terminal(colour=False, as_json=True).error(error)
    assert "i" * 20_000 in capsys.readouterr().out

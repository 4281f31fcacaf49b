"""git's own merge, rebase and diff, with the drivers that setup-git installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from contentgit.branches.git_setup import ATTRIBUTES, SettingState, install, look, remove
from contentgit.branches.repositories import init
from contentgit.cli.start import main
from contentgit.cli.verbs.setup_git import COMMAND
from contentgit.content.canonical import decode, encode
from contentgit.content.documents import dump_document
from contentgit.content.records import Record, RecordKey, Value
from contentgit.content.schema import KeyKind
from contentgit.git import Repository
from contentgit.render.lines import file_lines, record_lines
from tests.docs.pages import ROOT
from tests.git.pages import DATASET, body, change, page, path_of
from tests.git.plain import git


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one page, as ``contentgit init`` sets it up."""
    folder = tmp_path / "content with blanks"
    init(folder, command=COMMAND)
    change(folder, {"pages/dataset.json": dump_document(DATASET), path_of(42): page()})
    return folder


def part(
    folder: Path, ours: Mapping[str, bytes | None], theirs: Mapping[str, bytes | None]
) -> None:
    """Lets two branches part: ``main``, where HEAD is, and ``other``."""
    git(folder, "switch", "--quiet", "-c", "other")
    change(folder, theirs)
    git(folder, "switch", "--quiet", "main")
    change(folder, ours)


def merge(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        ["git", *(words or ("merge", "-m", "Merge", "other"))],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


# Merges


def test_sentences_of_one_field_and_other_fields_merge(folder: Path) -> None:
    ours = page(body=body(s2="We say it otherwise. "), title="Summer bread")
    theirs = page(body=body(s3="They say it otherwise. "), tags=["tags.tag:1", "tags.tag:2"])
    part(folder, {path_of(42): ours}, {path_of(42): theirs})
    assert merge(folder)[0] == 0
    merged = body(s2="We say it otherwise. ", s3="They say it otherwise. ")
    wanted = page(body=merged, title="Summer bread", tags=["tags.tag:1", "tags.tag:2"])
    assert (folder / path_of(42)).read_bytes() == wanted
    assert git(folder, "status", "--porcelain") == ""


def test_a_conflict_leaves_ours_without_marks_and_names_record_and_field(folder: Path) -> None:
    ours, theirs = page(title="Ours"), page(title="Theirs", body=body(s1="New. "))
    part(folder, {path_of(42): ours}, {path_of(42): theirs})
    code, said = merge(folder)
    assert code == 1
    assert f"CONFLICT (content): Merge conflict in {path_of(42)}" in said
    assert "conflict in pages.page:42\n  pages.page:42: both sides changed title\n" in said
    assert "hint: contentgit merge REV resolves it; git merge --abort goes back first\n" in said
    assert (folder / path_of(42)).read_bytes() == ours
    assert git(folder, "status", "--porcelain") == f"UU {path_of(42)}"


def test_a_record_that_both_sides_added(folder: Path) -> None:
    part(folder, {path_of(7): page(7)}, {path_of(7): page(7, title="Theirs")})
    code, said = merge(folder)
    assert code == 1
    assert "pages.page:7: both sides changed title" in said
    assert (folder / path_of(7)).read_bytes() == page(7)


def test_git_does_not_write_an_edit_into_a_similar_record(folder: Path) -> None:
    theirs = {path_of(42): None, path_of(43): page(43, title="Another")}
    part(folder, {path_of(42): page(title="Edited")}, theirs)
    code, said = merge(folder)
    assert code == 1
    if path_of(43) in git(folder, "diff", "--name-only", "--diff-filter=U"):
        assert "git treated different records as one that was renamed" in said
        assert "  base: pages.page:42\n  ours: pages.page:42\n  theirs: pages.page:43\n" in said
    else:  # git 2.50 and newer look for no renames, as setup-git says
        assert f"CONFLICT (modify/delete): {path_of(42)}" in said


def test_rebase_and_cherry_pick_use_the_driver(folder: Path) -> None:
    ours, theirs = page(body=body(s2="We. ")), page(body=body(s3="They. "))
    part(folder, {path_of(42): ours}, {path_of(42): theirs})
    git(folder, "branch", "kept")
    git(folder, "rebase", "--quiet", "other")
    wanted = page(body=body(s2="We. ", s3="They. "))
    assert (folder / path_of(42)).read_bytes() == wanted
    git(folder, "reset", "--quiet", "--hard", "kept")
    git(folder, "cherry-pick", "other")
    assert (folder / path_of(42)).read_bytes() == wanted


def test_several_merge_bases_that_contradict_each_other(folder: Path) -> None:
    """Taking one of the bases would make that side's title look unchanged, and lose it silently."""
    part(folder, {path_of(42): page(title="Ours")}, {path_of(42): page(title="Theirs")})
    for branch, other, title in (("main", "other~0", "Ours"), ("other", "main~1", "Theirs")):
        git(folder, "switch", "--quiet", branch)
        assert merge(folder, "merge", "-m", "Merge", other)[0] == 1
        (folder / path_of(42)).write_bytes(page(title=title))
        git(folder, "commit", "--quiet", "-a", "-m", "Resolved")
    assert len(git(folder, "merge-base", "--all", "main", "other").split()) == 2
    code, said = merge(folder, "merge", "-m", "Merge", "main")
    assert code == 1
    assert "pages.page:42: both sides changed title" in said


def test_the_description_of_a_dump_merges_by_key(folder: Path) -> None:
    def described(**names: str) -> bytes:
        fields = {**DATASET["models"]["pages.page"]["fields"]}
        fields |= {name: {"kind": kind} for name, kind in names.items()}
        model = {**DATASET["models"]["pages.page"], "fields": fields}
        return dump_document({**DATASET, "models": {"pages.page": model}})

    where = "pages/dataset.json"
    part(folder, {where: described(intro="text")}, {where: described(views="integer")})
    assert merge(folder)[0] == 0
    assert (folder / where).read_bytes() == described(intro="text", views="integer")
    part_again = described(intro="text", views="float"), described(intro="text", views="decimal")
    git(folder, "branch", "-D", "other")
    part(folder, {where: part_again[0]}, {where: part_again[1]})
    code, said = merge(folder)
    assert code == 1
    assert "  models › pages.page › fields › views › kind\n" in said
    assert (folder / where).read_bytes() == part_again[0]


@pytest.mark.parametrize("newer", ["ours", "theirs"])
def test_records_of_different_migrations_are_never_mixed(folder: Path, newer: str) -> None:
    model = DATASET["models"]["pages.page"]
    fields = {**model["fields"], "heading": {"kind": "text"}}
    del fields["title"]
    new = dump_document({**DATASET, "models": {"pages.page": {**model, "fields": fields}}})
    record = decode(page())
    renamed = {**record.fields, "heading": record.fields["title"]}
    del renamed["title"]
    migrated = {
        "pages/dataset.json": new,
        path_of(42): encode(Record(record.key, renamed), KeyKind.INTEGER),
    }
    edited = {path_of(42): page(title="Edited")}
    part(folder, *((migrated, edited) if newer == "ours" else (edited, migrated)))
    code, said = merge(folder)
    assert code == 1
    field = "title" if newer == "ours" else "heading"
    assert f"pages.page:42: theirs has {field}, which dataset.json does not describe" in said
    assert "hint: contentgit merge REV resolves it" in said
    ours = migrated if newer == "ours" else edited
    assert (folder / path_of(42)).read_bytes() == ours[path_of(42)]


def test_the_higher_format_wins(folder: Path) -> None:
    name = "contentgit.json"
    change(folder, {name: b'{"format": 1, "more": 1}\n'})
    one, two = (dump_document({"format": number, "more": 1}) for number in (1, 2))
    part(folder, {name: one}, {name: two})
    assert merge(folder)[0] == 0
    assert (folder / name).read_bytes() == two


def test_unknown_formats_are_never_mixed(folder: Path) -> None:
    name = "contentgit.json"
    part(folder, {name: b'{"format": 2, "a": 1}\n'}, {name: b'{"format": 3}\n'})
    code, said = merge(folder)
    assert code == 1
    assert "refused: contentgit.json differs between the two sides" in said
    assert (folder / name).read_bytes() == b'{"format": 2, "a": 1}\n'


# The drivers themselves


@pytest.fixture
def sides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def drive(
    folder: Path, path: str, *sides: bytes, options: tuple[str, ...] = ()
) -> tuple[int, bytes]:
    names = []
    for name, data in zip("OAB", sides, strict=True):
        (folder / name).write_bytes(data)
        names.append(name)
    return main(["merge-driver", *options, *names, path]), (folder / "A").read_bytes()


@pytest.mark.parametrize(
    ("path", "theirs", "said"),
    [
        (
            path_of(42),
            b'{"$key": \x1b[31m',
            (
                f"error: {path_of(42)} of theirs cannot be merged: not JSON: Expecting value: line 1 column "
                "10 (char 9)\nhint: correct the file on that side in a separate commit, then merge again\n"
            ),
        ),
        (path_of(42), b"", f"error: {path_of(42)} of theirs is empty and not a record\n"),
        (
            path_of(42),
            b'{"a": 1}',
            (
                f"error: {path_of(42)} of theirs cannot be merged: $key is missing, or not an integer, a "
                "string, or a list of these\n"
                "hint: correct the file on that side in a separate commit, then merge again\n"
            ),
        ),
        (
            path_of(43),
            page(),
            (
                f"refused: {path_of(43)} holds the record pages.page:42, which does not belong there\n"
                "hint: contentgit merge REV merges record by record; git merge --abort goes back first\n"
            ),
        ),
        (
            path_of(42),
            page(43),
            f"refused: {path_of(42)}: git treated different records as one that was renamed\n",
        ),
        ("notes.json", page(), "error: '' is not a path that contentgit writes\n"),
    ],
)
def test_what_is_no_record_changes_nothing(
    sides: Path, path: str, theirs: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, left = drive(sides, path, page(), page(title="Ours"), theirs)
    assert code in (1, 3)
    assert left == page(title="Ours")
    assert capsys.readouterr().err.startswith(said)


def test_names_in_a_conflict_are_shown_escaped(
    sides: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "a\x1b[31mtitle"
    versions = [page(**{odd: text}) for text in ("a", "b", "c")]
    assert drive(sides, path_of(42), *versions) == (1, versions[1])
    assert "both sides changed a\\u001b[31mtitle" in capsys.readouterr().err


def test_of_contradicting_bases_the_driver_takes_what_they_come_from(sides: Path) -> None:
    files = page(), page(title="One"), page(title="Two")
    assert drive(sides, path_of(42), *files, options=("--base",)) == (0, page())
    files = page(), page(title="One"), page(tags=[])
    merged = page(title="One", tags=[])
    assert drive(sides, path_of(42), *files, options=("--base",)) == (0, merged)


def test_without_a_worktree_the_schema_is_that_of_head(sides: Path) -> None:
    (sides / "pages/dataset.json").unlink()
    files = page(), page(body=body(s2="We. ")), page(body=body(s3="They. "))
    assert drive(sides, path_of(42), *files) == (0, page(body=body(s2="We. ", s3="They. ")))


def test_a_link_in_place_of_the_schema_is_not_followed(sides: Path, tmp_path: Path) -> None:
    (tmp_path / "never-ending").write_bytes(b"{}")
    (sides / "pages/dataset.json").unlink()
    (sides / "pages/dataset.json").symlink_to(tmp_path / "never-ending")
    files = page(), page(body=body(s2="We. ")), page(body=body(s3="They. "))
    assert drive(sides, path_of(42), *files) == (0, page(body=body(s2="We. ", s3="They. ")))


def test_without_a_schema_a_field_is_one_piece(
    sides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = page(), page(body=body(s2="We. ")), page(body=body(s3="They. "))
    assert drive(tmp_path, path_of(42), *files)[0] == 1
    key = RecordKey("pages.page", "42")  # a text that looks like a number stays one
    texts = [
        encode(Record(key, {"a": a, "b": b}), KeyKind.TEXT) for a, b in ((1, 1), (2, 1), (1, 2))
    ]
    code, merged = drive(tmp_path, "pages/pages.page/42.json", *texts)
    assert (code, merged) == (0, encode(Record(key, {"a": 2, "b": 2}), KeyKind.TEXT))


def test_wrong_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge-driver", "a"]) == 2
    assert main(["merge-driver", "a", "b", "c", "d"]) == 1
    assert main(["diff-driver"]) == 2
    said = capsys.readouterr().err
    assert "error: merge-driver takes four file names, not 1\nhint: git calls it: " in said
    assert "error: cannot read a: " in said
    assert "error: diff-driver takes one file, not 0\n" in said
    # What git reads is no document, and an option that does nothing is a lie.
    for verb in ("merge-driver", "diff-driver"):
        assert main([verb, "a", "--json"]) == 2
        said = json.loads(capsys.readouterr().out)
        assert said["message"] == f"{verb} does not know the option '--json'"


def test_a_driver_starts_without_django_git_and_rich(folder: Path, tmp_path: Path) -> None:
    for name, data in (("O", page()), ("A", page(title="A")), ("B", page(tags=[]))):
        (tmp_path / name).write_bytes(data)
    names = [str(tmp_path / name) for name in "OAB"]
    for words in (["merge-driver", *names, path_of(42)], ["diff-driver", names[0]]):
        code = (
            "import sys\nfrom contentgit.cli.start import main\n"
            f"code = main({words!r})\n"
            "found = {'django', 'git', 'rich', 'argparse'} & {*sys.modules}\n"
            "sys.exit(f'imported: {found}' if found or code else 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "A").read_bytes() == page(title="A", tags=[])


# What git diff shows


def test_git_diff_and_log_show_fields_and_sentences(folder: Path) -> None:
    change(folder, {path_of(42): page(body=body(s2="Otherwise. "), title="Summer bread")})
    for words in (("diff", "HEAD~1", "HEAD"), ("log", "-1", "-p"), ("show",)):
        shown = git(folder, *words).splitlines()
        assert "-title: Bread" in shown
        assert "+title: Summer bread" in shown
        assert "+  … Otherwise. " in shown
        assert "-  … This is the sentence number 2 of a text. " in shown
        assert not any("$text" in line for line in shown)


def test_a_record_in_lines() -> None:
    fields = {
        "body": "One.\nTwo. Three.\n\n  four\n",
        "count": 3,
        "data": {"b": 1, "a": ["x"]},
        "digits": "3",
        "empty": "",
        "none": None,
        "odd": "a\x1b[31m",
        "price": "12.50",
        "tags": ["tags.tag:1", "tags.tag:2"],
        "title": "Summer “bread”",
        "yes": True,
    }
    assert list(record_lines(Record(RecordKey("a.b", "1"), fields))) == [
        "a.b:1",
        "body:",
        "    One.",
        "    Two. ",
        "  … Three.",
        "",
        "      four",
        "  ⏎",
        "count: 3",
        "data:",
        "  {",
        '    "a": [',
        '      "x"',
        "    ],",
        '    "b": 1',
        "  }",
        'digits: "3"',
        'empty: ""',
        "none: null",
        "odd: a\\u001b[31m",
        'price: "12.50"',
        "tags:",
        "  - tags.tag:1",
        "  - tags.tag:2",
        "title: Summer “bread”",
        "yes: true",
    ]


def test_values_that_differ_give_lines_that_differ() -> None:
    values: list[Value] = [
        *("", "a", " a", "a ", "null", "true", "1", "-1", "1.5", "[]", '"a"', "- a", "{}", "a: b"),
        *("a\n", "a\nb", "a\nb\n", "a. b\n", "a. \nb\n", "a.\n\nb\n", "\n", "\n\n", "  … a\n"),
        *(None, True, False, 0, 1, -1, 1.0, 1.5, [], ["a"], ["a", "b"], [1], {}, {"a": 1}, [None]),
        *([""], ["null"], [["a"]], {"a": None}, {"a": "null"}, ["- a"]),
    ]
    key = RecordKey("a.b", "1")
    shown = ["\n".join(record_lines(Record(key, {"field": value}))) for value in values]
    assert len({*shown}) == len(values)


def test_a_file_that_is_no_record_is_shown_as_it_is() -> None:
    assert list(file_lines(b'{"format": 1}\n')) == ['{"format": 1}', ""]
    assert list(file_lines(b"\x1b[31m\xff")) == ["\\u001b[31m\ufffd"]


# setup-git


def test_set_up_looked_at_and_taken_out(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    git(tmp_path, "init", "--quiet", str(folder))
    (folder / ".git/info").mkdir(exist_ok=True)
    attributes = folder / ".git/info/attributes"
    attributes.write_bytes(b"*.png binary\n# mine \xff")
    config = (folder / ".git/config").read_text()
    repository = Repository.open(folder)
    assert {each.state for each in look(repository, COMMAND)} == {SettingState.MISSING}
    assert {each.state for each in install(repository, COMMAND, force=False)} == {SettingState.SET}
    assert {each.state for each in look(repository, COMMAND)} == {SettingState.AS_IT_SHOULD}
    written = attributes.read_bytes()
    assert written.startswith(b"*.png binary\n# mine \xff\n# contentgit setup-git: begin")
    assert "\n".join(ATTRIBUTES).encode() in written
    again = install(repository, COMMAND, force=False)
    assert {each.state for each in again} == {SettingState.AS_IT_SHOULD}
    assert attributes.read_bytes() == written
    assert {each.state for each in remove(repository, COMMAND)} == {SettingState.REMOVED}
    assert attributes.read_bytes() == b"*.png binary\n# mine \xff\n"
    assert git(folder, "config", "--local", "--list").count("contentgit") == 0
    assert "[merge" not in (folder / ".git/config").read_text().replace(config, "")
    assert remove(repository, COMMAND) == []


def test_the_user_s_own_values_stay_unless_forced(folder: Path) -> None:
    repository = Repository.open(folder)
    git(folder, "config", "diff.renames", "copies")
    git(folder, "config", "merge.contentgit.driver", "/old/python moved")
    found = {each.name: each for each in install(repository, COMMAND, force=False)}
    assert found["diff.renames"].state is SettingState.KEPT
    assert found["diff.renames"].found == "copies"
    assert found["merge.contentgit.driver"].state is SettingState.SET  # a program that has moved
    assert git(folder, "config", "diff.renames") == "copies"
    kept = [each.name for each in remove(repository, COMMAND) if each.state is SettingState.KEPT]
    assert kept == ["diff.renames"]
    install(repository, COMMAND, force=True)
    assert git(folder, "config", "diff.renames") == "false"


def test_a_link_to_one_s_own_attributes_stays_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("*.png binary\n")
    attributes = folder / ".git/info/attributes"
    attributes.unlink()
    attributes.symlink_to(tmp_path / "mine")
    install(Repository.open(folder), COMMAND, force=False)
    assert attributes.is_symlink()
    assert "*.png binary\n# contentgit" in (tmp_path / "mine").read_text()
    remove(Repository.open(folder), COMMAND)
    assert (tmp_path / "mine").read_text() == "*.png binary\n"


def test_a_block_that_was_cut_is_not_guessed_at(folder: Path) -> None:
    attributes = folder / ".git/info/attributes"
    attributes.write_text("# contentgit setup-git: begin\n*.json merge=x\n")
    from contentgit.errors import RepositoryError

    with pytest.raises(RepositoryError, match="lacks its begin or its end"):
        install(Repository.open(folder), COMMAND, force=False)
    assert attributes.read_text() == "# contentgit setup-git: begin\n*.json merge=x\n"


def test_a_program_with_blanks_and_signs_in_its_path(folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / "it's 100%P here"
    odd.mkdir()
    (odd / "python").symlink_to(sys.executable)
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.pathsep.join(sys.path)}"}
    install(Repository.open(folder), (str(odd / "python"), *COMMAND[1:]), force=False)
    part(folder, {path_of(42): page(title="Ours")}, {path_of(42): page(tags=[])})
    done = subprocess.run(
        ["git", "merge", "-m", "Merge", "other"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert decode((folder / path_of(42)).read_bytes()).fields["title"] == "Ours"


def test_modules_of_the_worktree_are_never_imported(folder: Path) -> None:
    """Content is not trusted, and git starts the drivers in its folder."""
    for name in ("orjson.py", "json.py", "contentgit.py"):
        (folder / name).write_text("open('hostile', 'w')\n")
    part(folder, {path_of(42): page(title="Ours")}, {path_of(42): page(tags=[])})
    assert merge(folder)[0] == 0
    assert not (folder / "hostile").exists()

"""Documentation that can fail: what it names exists, what exists is named, what it tells to type runs."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from contentgit.cli.main import build_parser, split_at_dashes
from tests.docs.pages import ROOT, Command, File, environment_of, follow, parts, run

DOCS = ROOT / "docs"
CLI = DOCS / "cli.md"

_OPTION = re.compile(r"--?[A-Za-z][A-Za-z-]*")
_COMMON = {"-h", "--help"}


def verbs(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of the verbs by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: Mapping[str, argparse.ArgumentParser] = action.choices
            return found
    raise AssertionError("the parser has no verbs")


def options(parser: argparse.ArgumentParser) -> set[str]:
    shown = [each for each in parser._actions if each.help != argparse.SUPPRESS]
    return {name for action in shown for name in action.option_strings} - _COMMON


def sections(text: str) -> Mapping[str, str]:
    """The sections of ``cli.md`` about one verb each, by verb."""
    found = re.split(r"^###? (.*)\n", text, flags=re.MULTILINE)
    pairs = zip(found[1::2], found[2::2], strict=True)
    return {title.strip("`"): body for title, body in pairs if title.startswith("`")}


def documented(section: str) -> set[str]:
    """The options that a section explains: the code before the colon of a list's entry, or ``Also:``."""
    heads = re.findall(r"^- (`-[^:]*):", section, re.MULTILINE)
    heads += re.findall(r"^Also: (.*)$", section, re.MULTILINE)
    codes = [code for head in heads for code in re.findall(r"`([^`]*)`", head)]
    return {name for code in codes for name in _OPTION.findall(code.split(" ")[0])}


def console_lines() -> Iterator[list[str]]:
    """The words of every documented call of contentgit, on all pages and in the verbs' own help."""
    lines = [part.line for page in pages() for part in parts(page) if isinstance(part, Command)]
    for verb in verbs(build_parser()).values():
        lines += re.findall(r"^  \$ (.*)$", verb.epilog or "", re.MULTILINE)
    for line in lines:
        words = shlex.split(line)
        if "contentgit" in words[:3]:
            yield words[words.index("contentgit") + 1 :]


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def test_every_verb_is_documented_and_every_documented_verb_exists() -> None:
    assert sorted(sections(CLI.read_text())) == sorted(verbs(build_parser()))


@pytest.mark.parametrize("verb", verbs(build_parser()))
def test_every_option_is_documented_and_every_documented_option_exists(verb: str) -> None:
    assert documented(sections(CLI.read_text())[verb]) == options(verbs(build_parser())[verb])


def test_the_options_before_the_verb_are_documented() -> None:
    _, _, rest = CLI.read_text().partition("## Options of every call\n")
    section, _, _ = rest.partition("\n## ")
    assert documented(section) == options(build_parser())


def test_the_table_of_tasks_has_every_verb_in_its_place() -> None:
    table, _, _ = CLI.read_text().partition("\n(where")
    named = re.findall(r"\[`([\w-]+)`\]\(#([\w-]+)\)", table)
    assert [verb for verb, anchor in named if verb == anchor] == list(sections(CLI.read_text()))


def test_every_documented_call_is_understood() -> None:
    calls = list(console_lines())
    assert len(calls) > 30
    for words in calls:
        before, _behind = split_at_dashes(words)
        assert build_parser().parse_args(before).verb, words


def test_a_verb_s_help_shows_an_example_of_it_and_the_exit_codes() -> None:
    for name, verb in verbs(build_parser()).items():
        assert f"$ contentgit {name}" in verb.format_help()
        assert "exit codes: 0 done; 1 failed" in verb.format_help()


def test_the_tutorial_runs_and_the_pages_that_go_on_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "tutorial"
    folder.mkdir()
    follow(DOCS / "tutorial.md", folder)
    follow(DOCS / "merging.md", folder)
    on_a_host = {"DJANGO_SETTINGS_MODULE": "mysite.production"}
    follow(DOCS / "deploying.md", folder, **on_a_host)
    follow(DOCS / "keeping-house.md", folder)
    follow(DOCS / "installing.md", folder)


def test_the_readme_runs(tmp_path: Path) -> None:
    folder = tmp_path / "readme"
    folder.mkdir()
    polls_with_a_question(folder)
    follow(ROOT / "README.md", folder)


def polls_with_a_question(folder: Path) -> None:
    """A project as the README's reader may have one."""
    models = next(part for part in parts(DOCS / "tutorial.md") if isinstance(part, File))
    environment = environment_of(folder)
    for line in ("django startproject mysite .", "django startapp polls"):
        run(Command(f"python -m {line}", ()), folder, environment)
    (folder / models.path).write_text(models.text)
    (folder / "questions.py").write_text(
        "from django.utils.timezone import now\n"
        "from polls.models import Question\n"
        "Question.objects.create(question_text='Bread?', pub_date=now())\n"
    )
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write('INSTALLED_APPS += ["polls"]\n')
    for line in ("makemigrations polls", "migrate", 'shell -c "import questions"'):
        run(Command(f"python manage.py {line}", ()), folder, environment)


def test_the_page_on_migrations_runs(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    environment = environment_of(folder)
    for line in ("django startproject mysite .", "django startapp pages"):
        run(Command(f"python -m {line}", ()), folder, environment)
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write(
            'INSTALLED_APPS += ["pages", "contentgit"]\n'
            'CONTENTGIT = {"REPOSITORY": BASE_DIR / "content", "DATASETS": "pages.datasets.datasets"}\n'
        )
    follow(DOCS / "migrations.md", folder)


def test_the_page_on_identity_runs(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    folder.mkdir()
    follow(DOCS / "identity.md", folder)


def test_the_page_on_copies_runs(tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    follow(DOCS / "copies.md", folder)


def test_links_between_the_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_sphinx_builds_without_warnings(tmp_path: Path) -> None:
    assert find_spec("sphinx"), "install the group docs: pip install --group docs"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", DOCS, tmp_path / "html"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


RUN = {
    "README.md",
    *("docs/tutorial.md", "docs/merging.md", "docs/deploying.md", "docs/keeping-house.md"),
    *(
        "docs/installing.md",
        "docs/identity.md",
        "docs/copies.md",
        "docs/files.md",
        "docs/migrations.md",
        "docs/cli.md",
        "docs/check.md",
        "docs/review.md",
        "docs/tracking.md",
    ),
}
"""Pages whose commands a test of this folder runs."""

LONG = {"docs/performance.md", "docs/realworld.md", "CONTRIBUTING.md", "tests/README.md"}
"""Pages whose commands take long or need the network: they name programs and tests that exist."""


def every_page() -> dict[str, Path]:
    found = [*pages(), ROOT / "CONTRIBUTING.md", ROOT / "tests/README.md", *DOCS.glob("*/*.md")]
    return {path.relative_to(ROOT).as_posix(): path for path in found}


def test_the_commands_of_every_page_are_run() -> None:
    with_commands = {
        name
        for name, path in every_page().items()
        if any(isinstance(part, Command) for part in parts(path))
    }
    assert with_commands == RUN | LONG


@pytest.mark.parametrize("name", sorted(LONG))
def test_commands_that_take_long_name_files_that_exist(name: str) -> None:
    for part in parts(every_page()[name]):
        assert isinstance(part, Command)
        for word in shlex.split(part.line):
            if word.startswith(("scripts/", "tests/", "docs/")):
                assert (ROOT / word).exists(), part.line


@pytest.mark.parametrize("name", sorted(every_page()))
def test_python_on_a_page_is_python(name: str) -> None:
    text = every_page()[name].read_text()
    for block in re.findall(r"^( *)```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        indent, code = block
        ast.parse(textwrap.dedent(code) if indent else code)

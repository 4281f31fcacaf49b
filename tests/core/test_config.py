"""What settings and environment say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contentgit import config, startup
from contentgit.config import Config
from contentgit.startup import FoundSettings

MANAGE = """\
#!/usr/bin/env python
import os, sys

def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{module}")
    raise SystemExit("a manage.py that is read must not run")

main()
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "GIT_EDITOR", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


def messages(settings: dict[str, object]) -> list[tuple[str, str, str]]:
    return [(p.id, p.message, p.hint) for p in config.parse(settings)[1]]


def test_everything_set() -> None:
    settings = {
        "CONTENTGIT": {
            "REPOSITORY": "content",
            "DATASETS": "app.datasets.datasets",
            "ENVIRONMENT": "production",
        },
        "FEINCMS3_DATA_DATASETS": "app.old.datasets",
        "BASE_DIR": Path("/srv/site"),
    }
    expected = Config(Path("/srv/site/content"), "app.datasets.datasets", "production")
    assert config.parse(settings) == (expected, [])


def test_a_policy() -> None:
    models = ["auth.user", "sessions.*"]
    settings = {"CONTENTGIT": {"CHECK": {"FORBIDDEN_MODELS": models}}}
    assert config.parse(settings) == (Config(None, None, "local", tuple(models)), [])


def test_identities() -> None:
    settings = {"CONTENTGIT": {"IDENTITIES": {"auth.User": ["username"], "app.tag": "natural"}}}
    found, problems = config.parse(settings)
    assert problems == []
    assert found.identities == {"auth.user": ("username",), "app.tag": "natural"}


@pytest.mark.parametrize(
    ("identities", "message", "hint"),
    [
        (
            ["auth.user"],
            "CONTENTGIT[\"IDENTITIES\"] is a dictionary, not ['auth.user']",
            'write "IDENTITIES": {"auth.user": ["username"]}',
        ),
        (
            {"user": ["username"]},
            "CONTENTGIT[\"IDENTITIES\"] has 'user': ['username'], which must be a model's label",
            "write 'app.model'",
        ),
        (
            {"auth.user": "username"},
            "CONTENTGIT[\"IDENTITIES\"] has 'auth.user': 'username', which must say what names a row",
            "write 'pk', 'natural', 'uuid' or a list of field names; for a field: ['username']",
        ),
    ],
)
def test_wrong_identities(identities: object, message: str, hint: str) -> None:
    settings: dict[str, object] = {"CONTENTGIT": {"IDENTITIES": identities}}
    assert messages(settings) == [("contentgit.E054", message, hint)]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (["auth.user"], 'CONTENTGIT["CHECK"] is a dictionary, not list'),
        ({"FORBID": []}, "CONTENTGIT[\"CHECK\"] has an unknown key 'FORBID'"),
        (
            {"FORBIDDEN_MODELS": "auth.user"},
            'CONTENTGIT["CHECK"]["FORBIDDEN_MODELS"] is a list of labels, not \'auth.user\'',
        ),
        (
            {"FORBIDDEN_MODELS": [""]},
            'CONTENTGIT["CHECK"]["FORBIDDEN_MODELS"] is a list of labels, not [\'\']',
        ),
    ],
)
def test_a_policy_that_is_none(check: object, message: str) -> None:
    found = messages({"CONTENTGIT": {"CHECK": check}})
    assert [each[:2] for each in found] == [("contentgit.E007", message)]


def test_nothing_set() -> None:
    assert config.parse({}) == (Config(None, None, "local"), [])


def test_empty_values_are_not_set() -> None:
    settings = {"CONTENTGIT": {"REPOSITORY": "", "DATASETS": None, "ENVIRONMENT": ""}}
    assert config.parse(settings) == (Config(None, None, "local"), [])


def test_the_datasets_of_feincms3_data_are_read_where_there_are_no_others() -> None:
    settings = {"CONTENTGIT": {"DATASETS": ""}, "FEINCMS3_DATA_DATASETS": "app.old.datasets"}
    assert config.parse(settings)[0].datasets == "app.old.datasets"


@pytest.mark.parametrize(
    ("repository", "base", "expected"),
    [
        ("content", "/srv/site", "/srv/site/content"),
        ("../content", Path("/srv/site"), "/srv/content"),
        ("/var/content", "/srv/site", "/var/content"),
        (Path("content"), "/srv/site", "/srv/site/content"),
        ("~/content", "/srv/site", "~/content"),
        ("content", None, "content"),
        ("content", 3, "content"),
    ],
)
def test_where_the_repository_is(repository: object, base: object, expected: str) -> None:
    settings = {"CONTENTGIT": {"REPOSITORY": repository}, "BASE_DIR": base}
    found, problems = config.parse(settings)
    assert problems == []
    assert found.repository == Path.cwd() / Path(expected).expanduser()


def test_all_problems_are_told_at_once() -> None:
    settings = {
        "CONTENTGIT": {
            "REPOSITORIES": "content",
            "REPOSITORY": 3,
            "DATASETS": "datasets",
            "ENVIRONMENT": "my production",
        }
    }
    assert messages(settings) == [
        (
            "contentgit.E002",
            "CONTENTGIT has an unknown key 'REPOSITORIES'",
            "did you mean 'REPOSITORY'?",
        ),
        (
            "contentgit.E003",
            'CONTENTGIT["REPOSITORY"] is a path, not 3',
            'write the path of a folder: "REPOSITORY": "content"',
        ),
        (
            "contentgit.E003",
            "CONTENTGIT[\"DATASETS\"] is the dotted path of a function, not 'datasets'",
            'write "app.datasets.datasets" for the function datasets() in app/datasets.py',
        ),
        (
            "contentgit.E004",
            "CONTENTGIT[\"ENVIRONMENT\"] is a short name, not 'my production'",
            'use letters, digits, "-", "_" and single dots: "production"',
        ),
    ]


def test_a_wrong_fallback_is_called_by_its_name() -> None:
    (problem,) = messages({"FEINCMS3_DATA_DATASETS": "my datasets.py"})
    assert problem[1].startswith("FEINCMS3_DATA_DATASETS is the dotted path")


@pytest.mark.parametrize("value", ["content", ["content"], 3])
def test_settings_that_are_no_dictionary(value: object) -> None:
    assert [number for number, _message, _hint in messages({"CONTENTGIT": value})] == [
        "contentgit.E001"
    ]


@pytest.mark.parametrize("name", ["production", "stage-2", "eu.west_1", "X", "a.lockable"])
def test_names_of_environments(name: str) -> None:
    assert config.parse({"CONTENTGIT": {"ENVIRONMENT": name}}) == (Config(None, None, name), [])


@pytest.mark.parametrize(
    "name", ["-x", ".x", "x.", "a..b", "a/b", "x.lock", "a b", "ä", "a\n", "@", "a~b", 3, ["x"]]
)
def test_what_cannot_stand_in_the_name_of_a_ref(name: object) -> None:
    (problem,) = messages({"CONTENTGIT": {"ENVIRONMENT": name}})
    assert problem[0] == "contentgit.E004"


# find_settings


def test_settings_of_the_next_manage_py_upwards(tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text(MANAGE.format(module="site.settings"))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert startup.find_settings(below) == FoundSettings("site.settings", tmp_path)
    (below / "manage.py").write_text(MANAGE.format(module="other.settings"))
    assert startup.find_settings(below) == FoundSettings("other.settings", below)
    assert startup.find_settings(tmp_path) == FoundSettings("site.settings", tmp_path)


def test_an_assignment_names_the_settings_too(tmp_path: Path) -> None:
    text = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "site.settings"\n'
    (tmp_path / "manage.py").write_text(text)
    assert startup.find_settings(tmp_path) == FoundSettings("site.settings", tmp_path)


@pytest.mark.parametrize("text", ["print(", "\0", 'environ.setdefault("X", "y")', "", "x = 1"])
def test_a_manage_py_that_names_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "manage.py").write_text(MANAGE.format(module="site.settings"))
    below = tmp_path / "below"
    below.mkdir()
    (below / "manage.py").write_text(text)
    assert startup.find_settings(below) == FoundSettings("site.settings", tmp_path)


def test_the_environment_names_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "manage.py").write_text(MANAGE.format(module="site.settings"))
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "site.special")
    assert startup.find_settings(below) == FoundSettings("site.special", tmp_path)


def test_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert startup.find_settings(tmp_path) is None
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "site.special")
    assert startup.find_settings(tmp_path) == FoundSettings("site.special", tmp_path)


def test_folders_of_others_are_passed_over(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "manage.py").write_text(MANAGE.format(module="own"))
    (below / "manage.py").write_text(MANAGE.format(module="theirs"))
    assert startup.find_settings(below, None, below.__eq__) == FoundSettings("own", tmp_path)
    assert startup.find_settings(below, "named", below.__eq__) == FoundSettings("named", tmp_path)
    (tmp_path / "manage.py").unlink()
    assert startup.find_settings(below, None, below.__eq__) is None
    assert startup.find_settings(below, "named", below.__eq__) == FoundSettings("named", below)


def test_a_module_of_the_environment_is_not_looked_for_among_what_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "site.special")
    assert startup.find_settings(tmp_path, None, tmp_path.__eq__) == FoundSettings(
        "site.special", None
    )
    assert startup.is_installed("django.conf.global_settings")
    assert not startup.is_installed("site_of_nobody.settings")
    assert not startup.is_installed("")


# Environment


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"TERM": "xterm"}, None),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colour(
    environment: dict[str, str], expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert config.colour() is expected


def test_the_editor_is_the_one_that_git_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.editor() is None
    monkeypatch.setenv("EDITOR", "ed")
    assert config.editor() == "ed"
    monkeypatch.setenv("VISUAL", "vi -e")
    assert config.editor() == "vi -e"
    assert config.editor("nano") == "nano"
    monkeypatch.setenv("GIT_EDITOR", "true")
    assert config.editor("nano") == "true"


def test_the_user_has_a_name() -> None:
    assert config.user()


def test_without_settings_reading_them_says_what_to_do() -> None:
    program = (
        "from contentgit import config, errors\n"
        "try:\n"
        "    config.read()\n"
        "except errors.ConfigurationError as error:\n"
        "    print(error.message, error.hint, sep='|')\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "there are no Django settings|"
        "set DJANGO_SETTINGS_MODULE, or go to the folder of the project's manage.py\n"
    )

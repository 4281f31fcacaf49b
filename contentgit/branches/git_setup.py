"""``setup-git``: what makes plain git merge and show records, set in one repository and nowhere else."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from contentgit.content.layout import REPOSITORY_FILE
from contentgit.git import Repository

DRIVER, BASE_DRIVER = "contentgit", "contentgit-base"

ATTRIBUTES = (
    f"/{REPOSITORY_FILE} merge={DRIVER}",
    f"[!.]*/**/*.json merge={DRIVER} diff={DRIVER}",
)
"""Every file of a dump; files in hidden folders (``.github``) are not content."""


class SettingState(enum.StrEnum):
    """What a setting is, or what became of it."""

    AS_IT_SHOULD = "unchanged"
    SET = "set"
    REMOVED = "removed"
    KEPT = "kept"  # the user's own value, which --force would replace
    MISSING = "missing"


@dataclass(frozen=True)
class Setting:
    """A name in git's configuration, its value, and why; ``own`` where only contentgit uses the name."""

    name: str
    value: str
    why: str
    own: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of one setting; ``found`` is the previous value, if any."""

    name: str
    value: str
    why: str
    state: SettingState
    found: str | None = None


def settings(command: Sequence[str]) -> list[Setting]:
    """What is to be set; ``command`` are the words that start contentgit."""
    # git puts the names in place of %O and the like, so that a % of our own is doubled.
    start = shlex.join(command)
    merge = f"{start.replace('%', '%%')} merge-driver"
    renames = (
        "git would take a new record for a renamed old one, and write edits into the wrong record"
    )
    return [
        Setting(f"merge.{DRIVER}.name", "records, field by field", "shown by git while it merges"),
        Setting(
            f"merge.{DRIVER}.driver", f"{merge} %O %A %B %P", "git merge merges records by field"
        ),
        Setting(f"merge.{DRIVER}.recursive", BASE_DRIVER, "merges several merge bases into one"),
        Setting(f"merge.{BASE_DRIVER}.name", "records, for merge bases", "shown by git"),
        Setting(
            f"merge.{BASE_DRIVER}.driver",
            f"{merge} --base %O %A %B %P",
            "bases that contradict each other become what they come from",
        ),
        Setting(
            f"diff.{DRIVER}.textconv", f"{start} diff-driver", "git diff and git log -p show fields"
        ),
        Setting(f"diff.{DRIVER}.cachetextconv", "true", "git keeps what it has shown once"),
        Setting("diff.renames", "false", f"{renames}: no patch says so", own=False),
        Setting("merge.renames", "false", renames, own=False),
        Setting(
            "merge.directoryRenames", "false", "folders of records are never renamed", own=False
        ),
    ]


def look(repository: Repository, command: Sequence[str]) -> list[Outcome]:
    """What is set as it should be, and what is not; changes nothing."""
    found = [_current(repository, setting) for setting in settings(command)]
    there = repository.settings.attributes() == [*ATTRIBUTES]
    return [
        *found,
        _attributes(repository, SettingState.AS_IT_SHOULD if there else SettingState.MISSING),
    ]


def _current(repository: Repository, setting: Setting) -> Outcome:
    found = repository.settings.get(setting.name)
    state = SettingState.MISSING if found is None or setting.own else SettingState.KEPT
    if found == setting.value:
        state = SettingState.AS_IT_SHOULD
    return _outcome(setting, state, found)


def _outcome(setting: Setting, state: SettingState, found: str | None) -> Outcome:
    return Outcome(setting.name, setting.value, setting.why, state, found)


def _attributes(repository: Repository, state: SettingState) -> Outcome:
    value = "; ".join(ATTRIBUTES)
    path = str(repository.settings.attributes_path)
    return Outcome(path, value, "says which files the drivers are for", state)


def install(repository: Repository, command: Sequence[str], *, force: bool) -> list[Outcome]:
    """Sets what is missing; a value of the user's own stays, unless ``force`` replaces it.

    Raises:
        RepositoryError: configuration or attributes cannot be written.
    """
    done = []
    for setting in settings(command):
        now = _current(repository, setting)
        if now.state is SettingState.MISSING or (now.state is SettingState.KEPT and force):
            repository.settings.set(setting.name, setting.value)
            now = _outcome(setting, SettingState.SET, now.found)
        done.append(now)
    if repository.settings.attributes() == [*ATTRIBUTES]:
        return [*done, _attributes(repository, SettingState.AS_IT_SHOULD)]
    repository.settings.set_attributes(ATTRIBUTES)
    return [*done, _attributes(repository, SettingState.SET)]


def remove(repository: Repository, command: Sequence[str]) -> list[Outcome]:
    """Takes out what :func:`install` sets; a value of the user's own stays.

    Raises:
        RepositoryError: configuration or attributes cannot be written.
    """
    done = []
    for setting in settings(command):
        found = repository.settings.get(setting.name)
        if found is None:
            continue
        own = setting.own or found == setting.value
        if own:
            repository.settings.unset(setting.name)
        done.append(_outcome(setting, SettingState.REMOVED if own else SettingState.KEPT, found))
    if repository.settings.attributes():
        repository.settings.set_attributes(())
        done.append(_attributes(repository, SettingState.REMOVED))
    return done

"""``setup-git``: what makes plain git merge and show records, set in one repository and nowhere else."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
class Outcome:
    """A setting with its right value, and what became of it; ``found`` is the previous value, if any."""

    name: str
    value: str
    why: str
    state: SettingState
    found: str | None = None


def _settings(command: Sequence[str]) -> list[tuple[str, str, str]]:
    """Names in git's configuration, what is to be set, and why; ``command`` starts contentgit."""
    # git puts the names in place of %O and the like, so that a % of our own is doubled.
    start = shlex.join(command)
    merge = f"{start.replace('%', '%%')} merge-driver"
    own, base = f"merge.{DRIVER}", f"merge.{BASE_DRIVER}"
    bases = "bases that contradict each other become what they come from"
    shown = "git diff and git log -p show fields"
    renames = (
        "git would take a new record for a renamed old one, and write edits into the wrong record"
    )
    return [
        (f"{own}.name", "records, field by field", "shown by git while it merges"),
        (f"{own}.driver", f"{merge} %O %A %B %P", "git merge merges records by field"),
        (f"{own}.recursive", BASE_DRIVER, "merges several merge bases into one"),
        (f"{base}.name", "records, for merge bases", "shown by git"),
        (f"{base}.driver", f"{merge} --base %O %A %B %P", bases),
        (f"diff.{DRIVER}.textconv", f"{start} diff-driver", shown),
        (f"diff.{DRIVER}.cachetextconv", "true", "git keeps what it has shown once"),
        ("diff.renames", "false", f"{renames}: no patch says so"),
        ("merge.renames", "false", renames),
        ("merge.directoryRenames", "false", "folders of records are never renamed"),
    ]


def _current(repository: Repository, command: Sequence[str]) -> Iterator[Outcome]:
    """The settings as they are; one is read when the one before it has been dealt with."""
    for name, value, why in _settings(command):
        found = repository.settings.get(name)
        # A name with a driver of ours in it is ours, whatever its value.
        own = name.split(".")[1] in (DRIVER, BASE_DRIVER)
        state = SettingState.MISSING if found is None or own else SettingState.KEPT
        if found == value:
            state = SettingState.AS_IT_SHOULD
        yield Outcome(name, value, why, state, found)


def _attributes(repository: Repository, state: SettingState) -> Outcome:
    value = "; ".join(ATTRIBUTES)
    path = str(repository.settings.attributes_path)
    return Outcome(path, value, "says which files the drivers are for", state)


def look(repository: Repository, command: Sequence[str]) -> list[Outcome]:
    """What is set as it should be, and what is not; changes nothing."""
    found = [*_current(repository, command)]
    there = repository.settings.attributes() == [*ATTRIBUTES]
    state = SettingState.AS_IT_SHOULD if there else SettingState.MISSING
    return [*found, _attributes(repository, state)]


def install(repository: Repository, command: Sequence[str], *, force: bool) -> list[Outcome]:
    """Sets what is missing; a value of the user's own stays, unless ``force`` replaces it.

    Raises:
        RepositoryError: configuration or attributes cannot be written.
    """
    done = []
    for now in _current(repository, command):
        if now.state is SettingState.MISSING or (now.state is SettingState.KEPT and force):
            repository.settings.set(now.name, now.value)
            now = replace(now, state=SettingState.SET)
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
    for now in _current(repository, command):
        if now.found is None:
            continue
        if now.state is not SettingState.KEPT:
            repository.settings.unset(now.name)
            now = replace(now, state=SettingState.REMOVED)
        done.append(now)
    if repository.settings.attributes():
        repository.settings.set_attributes(())
        done.append(_attributes(repository, SettingState.REMOVED))
    return done

"""From the words of a call to what the verb works on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contentgit import config, startup
from contentgit.branches import repositories
from contentgit.cli.terminal import Terminal
from contentgit.cli.worktrees import tell_finished
from contentgit.errors import ConfigurationError, ContentgitError, RepositoryError
from contentgit.git import Repository

if TYPE_CHECKING:
    from contentgit.workingcopy.project import Project


class Surroundings(NamedTuple):
    """The settings around a folder; ``content`` is where a project was passed over."""

    found: startup.FoundSettings | None
    content: Path | None = None


def surroundings(settings: str | None, repository: str | None, here: Path) -> Surroundings:
    """The settings that a call with ``--settings`` and ``--repository`` uses ``here``; nothing is imported.

    A project inside a repository of content is none, unless ``--settings`` names it: whoever can push there
    could have any code run here.
    """
    named = (here / repository).resolve() if repository else None
    content = partial(_content_around, named.parent if named and named.name == ".git" else named)

    def foreign(folder: Path) -> bool:
        try:
            return content(folder) is not None
        except ConfigurationError:
            if settings is None:
                raise
            return True  # and the named settings are taken from there if there is no other place

    found = startup.find_settings(here, settings, foreign)
    if found is not None and (found.folder is not None or startup.is_installed(found.module)):
        return Surroundings(found)
    folders = [here] if found else startup.project_folders(here)
    return Surroundings(None, next(filter(None, map(content, folders)), None))


def _content_around(named: Path | None, folder: Path) -> Path | None:
    """The repository of content around ``folder``: the one that the call names, or another."""
    if named and folder.is_relative_to(named):
        return named
    try:
        return repositories.content_around(folder)
    except RepositoryError as error:
        raise ConfigurationError(
            f"git cannot tell whether {folder} is inside a repository of content: {error.message}",
            hint=f"{error.hint}\nname the project's settings with --settings MODULE",
        ) from error


def use_settings(args: argparse.Namespace) -> bool:
    """Chooses the settings for Django, which no other place does; whether there is a project.

    Raises:
        ConfigurationError: the only project here is inside a repository of content.
    """
    if startup.in_use():  # manage.py has chosen
        return True
    around = surroundings(args.settings, getattr(args, "repository", None), Path.cwd())
    if around.content is not None:
        raise among_content(args.verb, around.content)
    if around.found is None:
        return False
    startup.use_settings(around.found)
    return True


def among_content(verb: str, content: Path) -> ConfigurationError:
    """The error for a project that is not started, since others can write it."""
    return ConfigurationError(
        f"no project is started inside the repository of content {content}: "
        "whoever can push there could have any code run",
        hint="go to the folder of the project's own manage.py\n"
        f"contentgit {verb} --settings MODULE  (if you trust all who can push there)",
    )


def find_repository(args: argparse.Namespace, terminal: Terminal) -> Repository:
    """The repository that a verb without a database reads: named, the settings' own, or around here.

    What a killed process has left undone in it is done.

    Raises:
        RepositoryError: there is none.
    """
    repository = named_repository(args)
    take(repository, terminal)
    return repository


def take(repository: Repository, terminal: Terminal, *, alone: bool = False) -> None:
    """Keeps ``gc`` out until the call ends, with ``alone`` every other call, and ends what was begun.

    Raises:
        BusyError: another call has taken the repository, and it was to be held alone.
    """
    in_use = repository.housekeeping.in_use(alone=alone, notice=terminal.note)
    terminal.until_end.enter_context(in_use)
    tell_finished(repository, terminal)


def named_repository(args: argparse.Namespace) -> Repository:
    """Like :func:`find_repository`, but finishes nothing and prints nothing."""
    if args.repository:
        return Repository.open(Path(args.repository))
    if not args.settings:
        around = _around_here()
        if around is not None:
            return around
        content = None if startup.in_use() else surroundings(None, None, Path.cwd()).content
        if content is not None:
            return Repository.open(content)
    configured = _configured(args)
    if configured is None:
        raise RepositoryError(
            f"there is no repository of content in {Path.cwd()} or above",
            hint="go there, name it with --repository PATH, or run 'contentgit init'",
        )
    return Repository.open(configured)


def _around_here() -> Repository | None:
    """The repository around the current folder, if it holds content: a project's own does not."""
    try:
        found = Repository.discover(Path.cwd())
        # A commit can hold the files of a bare repository, with a configuration that names programs.
        inside = found.worktree is None
        outer = repositories.content_around(found.path.parent) if inside else None
    except RepositoryError:
        return None
    if outer is not None:
        return Repository.open(outer)
    return found if repositories.holds_content(found) else None


def _configured(args: argparse.Namespace) -> Path | None:
    """The settings' repository, without starting Django: the settings module alone is imported."""
    if not use_settings(args):
        return None
    try:
        return config.read().repository
    except ContentgitError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"the settings cannot be imported: {type(error).__name__}: {error}",
            hint="name the repository with --repository PATH to do without them",
        ) from error


def start_project(args: argparse.Namespace) -> None:
    """Starts Django for the project around here, unless ``manage.py`` has done so.

    Raises:
        ConfigurationError: there is no project, or it cannot be started.
    """
    if not use_settings(args):
        raise ConfigurationError(
            f"there is no Django project in {Path.cwd()} or above",
            hint=f"go to the folder of manage.py, set {startup.SETTINGS_VARIABLE}, or use --settings MODULE",
        )
    startup.start_django()


@contextmanager
def open_project(
    args: argparse.Namespace, terminal: Terminal, *, alone: bool = False
) -> Iterator[Project]:
    """The project of a verb that reads a database, with a progress bar while the body runs.

    From when the repository is opened, no ``gc`` runs in it; with ``alone`` no other call at all.

    Raises:
        BusyError: another call has opened the repository, and it was to be held alone.
        ConfigurationError: there are no settings, or they are wrong.
        RepositoryError: there is no repository.
        DatabaseError: the database cannot be reached, or refuses.
    """
    start_project(args)
    from contentgit.db.failures import translated
    from contentgit.workingcopy.earlier import AppliedRecords, EarlierNames
    from contentgit.workingcopy.project import Operator, Project, no_notice, no_progress

    settings = config.read()
    using: str = getattr(args, "database", "default")
    config.check_alias(using)
    named = getattr(args, "repository", None)
    operator = Operator(config.user(), datetime.now(UTC))
    path = Path(named) if named else None
    wait: float = getattr(args, "wait", 0)
    with terminal.progress() as bar, translated(using):
        notice = terminal.note if bar else no_notice
        progress = bar or no_progress
        project = Project(settings, using, operator, progress, path, wait, notice)
        project.earlier_names = EarlierNames()
        project.earlier_records = AppliedRecords()
        project.opened = partial(take, terminal=terminal, alone=alone)
        with project.errors():
            yield project

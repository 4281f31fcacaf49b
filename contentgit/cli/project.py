"""From the words of a call to what the verb works on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit import config
from contentgit.cli.terminal import Terminal
from contentgit.errors import ConfigurationError, ContentgitError, RepositoryError
from contentgit.porcelain import repositories
from contentgit.repository import Repository

if TYPE_CHECKING:
    from contentgit.porcelain.project import Progress, Project


def find_repository(args: argparse.Namespace) -> Repository:
    """The repository that a verb without a database reads: named, the settings' own, or around here.

    Raises:
        RepositoryError: there is none.
    """
    if args.repository:
        return Repository.open(Path(args.repository))
    if not args.settings:
        around = _around_here()
        if around is not None:
            return around
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
    except RepositoryError:
        return None
    return found if repositories.holds_content(found) else None


def _configured(args: argparse.Namespace) -> Path | None:
    """The settings' repository, without starting Django: the settings module alone is imported."""
    if config.use_settings(Path.cwd(), args.settings) is None:
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


@contextmanager
def open_project(args: argparse.Namespace, terminal: Terminal) -> Iterator[Project]:
    """The project of a verb that reads a database, with a progress bar while the body runs.

    Raises:
        ConfigurationError: there are no settings, or they are wrong.
        RepositoryError: there is no repository.
        DatabaseError: the database cannot be reached, or refuses.
    """
    config.start_django(Path.cwd(), args.settings)
    from contentgit.db.failures import translated
    from contentgit.porcelain.project import Operator, Project, no_notice

    settings = config.read()
    config.check_alias(args.database)
    named = getattr(args, "repository", None)
    operator = Operator(config.user(), datetime.now(UTC))
    path = Path(named) if named else None
    wait: float = getattr(args, "wait", 0)
    notice = terminal.note if _is_watched(terminal) else no_notice
    with _progress(terminal) as progress, translated(args.database):
        project = Project(settings, args.database, operator, progress, path, wait, notice)
        with project.errors():
            yield project


def _is_watched(terminal: Terminal) -> bool:
    # FORCE_COLOR makes rich take a pipe for a terminal; colours may be forced, a moving bar not.
    return not terminal.as_json and sys.stderr.isatty()


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Progress]:
    from contentgit.porcelain.project import no_progress

    if not _is_watched(terminal):
        yield no_progress
        return
    from contentgit.cli.progress import ProgressBar

    with ProgressBar(terminal.err) as bar:
        terminal.bar = bar
        yield bar

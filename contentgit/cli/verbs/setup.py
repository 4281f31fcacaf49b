"""``init``, ``datasets``, ``demo``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from contentgit import config
from contentgit.branches import repositories
from contentgit.cli.notices import tell_next
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project, take, use_settings
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.verbs.setup_git import COMMAND
from contentgit.errors import ConfigurationError, UsageError
from contentgit.render.plain import plural

if TYPE_CHECKING:
    from contentgit.branches.workflows import Workflow
    from contentgit.workingcopy.inventory import DumpInventory, ModelInventory


def init_options(options: Options) -> None:
    """The options of ``init``."""
    options.describe(
        "Creates the git repository that the settings name, or PATH, with a first commit. With --ci also "
        "commits a workflow for that host, which reviews content and applies it.",
        "contentgit init",
        "contentgit init --bare /srv/content.git",
        "contentgit init --ci github",
    )
    options.word("path", "PATH", "folder (default: that of the settings)")
    options.flag("--bare", "create a bare repository, without a worktree")
    text = "name of the first branch (default: main)"
    options.value("-b --initial-branch", "NAME", text, default="main")
    options.value("--ci", None, "commit a workflow for this host", choices=("github", "gitlab"))
    options.flag("--force", "with --ci: overwrite an existing file")


def init(args: argparse.Namespace, terminal: Terminal) -> int:
    """Makes the repository, and the workflow of a host."""
    if args.force and not args.ci:
        raise UsageError("--force goes with --ci", hint="contentgit init --ci github --force")
    path = Path(args.path) if args.path else _configured(args)
    made = repositories.init(
        path,
        bare=args.bare,
        branch=args.initial_branch,
        host=args.ci,
        force=args.force,
        command=COMMAND,
        opened=partial(take, terminal=terminal),
    )
    if args.json:
        terminal.document(made)
        return 0
    kind = "bare repository" if made.bare else "repository"
    if made.created:
        terminal.line(f"Made the {kind} {made.path} on branch {made.branch}")
    else:
        terminal.line(f"{made.path} is a {kind} of content already, on branch {made.branch}")
    if made.created:
        told = (
            "git's own merge and diff understand its records "
            "(contentgit setup-git --check lists how)"
        )
        terminal.line(terminal.call.typed(told), style="dim")
    if made.around is not None:
        terminal.lines(_around_lines(made.around, made.ignore))
    if made.workflow is not None:
        terminal.lines(_workflow_lines(made.workflow))
    elif made.created:
        tell_next(["contentgit datasets", "contentgit commit -m MESSAGE"], terminal, "then:")
    return 0


def _around_lines(around: Path, ignore: str) -> Iterator[Text]:
    """Content needs a repository of its own; the code's would take it for a submodule."""
    yield Text(
        f"It is inside the repository {around}, which should ignore it. The line for its .gitignore:"
    )
    yield Text(f"    {ignore}")


def _workflow_lines(workflow: Workflow) -> Iterator[str]:
    if not workflow.changed:
        yield f"{workflow.path} is as it should be"
        return
    yield f"Wrote {workflow.path} in commit {workflow.commit[:SHORT]}"
    yield "Next: read it, fill in what it asks for, and push"


def _configured(args: argparse.Namespace) -> Path:
    if use_settings(args):
        path = config.read().repository
        if path is not None:
            return path
    raise ConfigurationError(
        'no repository is configured: CONTENTGIT["REPOSITORY"] is not set',
        hint="name the folder: contentgit init PATH",
    )


def datasets_options(options: Options) -> None:
    """The options of ``datasets``."""
    options.describe(
        "Lists the datasets of the code: models, rows in the database, and what records cannot hold.",
        "contentgit datasets",
        "contentgit datasets pages",
    )
    options.dumps("datasets to list (default: all that need no arguments)")


def datasets(args: argparse.Namespace, terminal: Terminal) -> int:
    """Lists what each dataset holds."""
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.inventory import inventory

        found = inventory(project, [*args.dumps, *args.names])
    if args.json:
        terminal.document({"datasets": found})
        return 0
    for dump in found:
        terminal.lines(_dump_lines(dump))
    if not found:
        terminal.line("No dataset works without arguments: contentgit datasets NAME:ARGUMENTS")
    return 0


def _dump_lines(dump: DumpInventory) -> Iterator[Text]:
    rows = sum(model.rows for model in dump.models)
    head = Text(dump.label, style="bold")
    head.append(f"  {plural(rows, 'record')}", style="not bold")
    if dump.depends_on:
        head.append(f"  after {', '.join(dump.depends_on)}", style="dim not bold")
    yield head
    width = max((len(model.label) for model in dump.models), default=0)
    for model in dump.models:
        yield Text(f"  {model.label.ljust(width)} {model.rows:>9,}  {_rules(model)}".rstrip())
        for problem in model.problems:
            yield Text(f"    cannot hold: {problem}", style="yellow")
        if model.hidden:
            hidden = f"{plural(model.hidden, 'row')} that the default manager hides are included"
            yield Text(f"    {hidden}", style="dim")
        if model.moments:
            names = ", ".join(model.moments)
            note = (
                f'changes with every save: {names} (consider "exclude": [{_quoted(model.moments)}])'
            )
            yield Text(f"    {note}", style="dim")


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _rules(model: ModelInventory) -> str:
    rules = []
    if model.filtered:
        rules.append("filtered")
    if model.delete_missing:
        rules.append("delete_missing")
    if model.identity:
        rules.append(f"identity {', '.join(model.identity)}")
    if model.exclude:
        rules.append(f"without {', '.join(model.exclude)}")
    return "; ".join(rules)


def demo_options(options: Options) -> None:
    """The options of ``demo``."""
    options.describe(
        "Builds a small site in FOLDER, with a stage and a production database, and runs the main job.",
        "contentgit demo",
        "contentgit demo /tmp/bakery --reset",
    )
    options.word("path", "FOLDER", "default: contentgit-demo", default="contentgit-demo")
    options.flag("--reset", "delete the demo in FOLDER and build it again")


def demo(args: argparse.Namespace, terminal: Terminal) -> int:
    """Builds the demo site and shows the main job."""
    from contentgit.demo import run

    around = repositories.content_around(Path(args.path))
    if around is not None:
        raise UsageError(
            f"{args.path} is inside the repository of content {around}, which the demo would work in",
            hint="name a folder outside of it",
        )
    # With --json the walk, which is for people, leaves standard output to what is refused.
    walk = sys.stderr if args.json else sys.stdout
    return run(
        Path(args.path),
        write=lambda text: print(text, end="", file=walk, flush=True),
        python=sys.executable,
        colour=terminal.out.color_system is not None and not terminal.out.no_color,
        reset=args.reset,
    )

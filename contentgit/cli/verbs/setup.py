"""``init``, ``datasets``, ``demo``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit import config
from contentgit.branches import repositories
from contentgit.cli.notices import tell_next
from contentgit.cli.parser import Options
from contentgit.cli.project import open_project, take, use_settings
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.cli.verbs.setup_git import COMMAND
from contentgit.content.schema import UUID_NAME
from contentgit.errors import ConfigurationError, UsageError
from contentgit.render.plain import plural
from contentgit.render.styled import Text

if TYPE_CHECKING:
    from contentgit.branches.lfs import FilesInLfs
    from contentgit.branches.repositories import Initialized
    from contentgit.workingcopy.inventory import DumpInventory, ModelInventory


def init_options(options: Options) -> None:
    options.describe(
        "Creates the git repository that the settings name, or PATH, with a first commit. With --ci also "
        "commits a workflow for that host, which reviews content and applies it. With --lfs git-lfs keeps "
        "the files that travel with rows. Both work in a repository that exists, too.",
        "contentgit init",
        "contentgit init --bare /srv/content.git",
        "contentgit init --ci github",
        "contentgit init --lfs",
    )
    options.word("path", "PATH", "folder (default: that of the settings)")
    options.flag("--bare", "create a bare repository, without a worktree")
    text = "name of the first branch (default: main)"
    options.value("-b --initial-branch", "NAME", text, default="main")
    options.value("--ci", None, "commit a workflow for this host", choices=("github", "gitlab"))
    options.flag("--lfs", "keep files in git-lfs")
    options.flag("--force", "with --ci: overwrite an existing file")


def init(args: argparse.Namespace, terminal: Terminal) -> int:
    """Makes the repository, and the workflow of a host."""
    if args.force and not args.ci:
        raise UsageError("--force requires --ci", hint="contentgit init --ci github --force")
    path = Path(args.path) if args.path else _configured(args)
    made = repositories.init(
        path,
        bare=args.bare,
        branch=args.initial_branch,
        host=args.ci,
        force=args.force,
        lfs=args.lfs,
        command=COMMAND,
        opened=partial(take, terminal=terminal),
    )
    if args.json:
        terminal.document(made)
        return 0
    kind = "bare repository" if made.bare else "repository"
    if made.created:
        terminal.line(f"Made the {kind} {made.path} on branch {made.branch}")
        terminal.hint(
            "git's own merge and diff understand its records "
            "(contentgit setup-git --check lists how)"
        )
    elif made.lfs is None:
        terminal.line(f"{made.path} is a {kind} of content already, on branch {made.branch}")
    if made.lfs is not None:
        _tell_lfs(made, made.lfs, terminal)
    if made.around is not None:  # the code's repository would take it for a submodule
        where = f"It is inside the repository {made.around}, which should ignore it."
        terminal.lines([f"{where} Add this line to its .gitignore:", f"    {made.ignore}"])
    workflow = made.workflow
    if workflow is not None and workflow.changed:
        terminal.line(f"Wrote {workflow.path} in commit {workflow.commit[:SHORT]}")
        terminal.line("Next: read it, fill in what it asks for, and push")
    elif workflow is not None:
        terminal.line(f"{workflow.path} is as it should be")
    elif made.created:
        tell_next(["contentgit datasets", "contentgit commit -m MESSAGE"], terminal, "then:")
    return 0


def _tell_lfs(made: Initialized, lfs: FilesInLfs, terminal: Terminal) -> None:
    since = f" from commit {lfs.commit[:SHORT]} on" if lfs.changed else ""
    moved = f"; {plural(lfs.files, 'file')} went there from git" if lfs.files else ""
    terminal.line(f"git-lfs keeps the files of branch {made.branch}{since}{moved}")
    if lfs.by_hand:
        terminal.hint(
            "the repository has a hook pre-push of its own: contentgit push sends files, git push does not\n"
            f"{lfs.by_hand}  (says what the hook needs)"
        )


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

        dumps = inventory(project, [*args.dumps, *args.names])
    lines: Iterable[Text | str] = chain.from_iterable(map(_dump_lines, dumps))
    if not dumps:
        lines = ["No dataset works without arguments: contentgit datasets NAME:ARGUMENTS"]
    terminal.result({"datasets": dumps}, lines)
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
        for each in model.outgoing:
            by = ", ".join(each.identity) or "pk"
            line = f"    {each.field} names rows of {each.target}, in no dataset, by {by}"
            yield Text(line, style="dim" if each.identity else "yellow")
        if model.hidden:
            hidden = f"{plural(model.hidden, 'row')} that the default manager hides are included"
            yield Text(f"    {hidden}", style="dim")
        if model.moments:
            names, quoted = ", ".join(model.moments), json.dumps(model.moments, ensure_ascii=False)
            note = f'changes with every save: {names} (consider "exclude": {quoted})'
            yield Text(f"    {note}", style="dim")


def _rules(model: ModelInventory) -> str:
    rules = [
        "filtered" if model.filtered else "",
        _licence(model),
        "saved as new" if model.save_as_new else "",
        f"identity {_identity(model)}",
        f"without {', '.join(model.exclude)}" if model.exclude else "",
    ]
    return "; ".join(filter(None, rules))


def _licence(model: ModelInventory) -> str:
    if model.delete_missing == "owned":
        return "delete_missing of rows that were applied or committed here"
    return "delete_missing" if model.delete_missing else ""


def _identity(model: ModelInventory) -> str:
    fields = ", ".join(model.identity).replace(UUID_NAME, "uuid") or "pk"
    return f"natural ({fields})" if model.named_by == "natural" else fields


def demo_options(options: Options) -> None:
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

"""``setup-git``: prints each setting with its reason."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from contentgit.branches.git_setup import Outcome, SettingState, install, look, remove
from contentgit.cli.parser import Options
from contentgit.cli.project import find_repository
from contentgit.cli.terminal import Terminal
from contentgit.render.plain import safe
from contentgit.render.styled import Text

# -P: git starts the drivers in the worktree, whose files are no modules of Python.
COMMAND = (sys.executable, "-P", "-m", "contentgit.cli.start")


def setup_git_options(options: Options) -> None:
    options.describe(
        "Sets the merge and diff drivers in the repository's own configuration and attributes, so that git "
        "merge, git rebase, git diff and git log -p treat records field by field. Prints each setting.",
        "contentgit setup-git",
        "contentgit setup-git --check",
        "contentgit setup-git --remove",
    )
    what = options.one_of()
    what.flag("--check", "change nothing; exit 1 if a setting is missing or differs")
    what.flag("--remove", "remove what setup-git has set")
    what.flag("--force", "overwrite values that you have set yourself")


def setup_git(args: argparse.Namespace, terminal: Terminal) -> int:
    """Sets git's own merge and diff up for the repository, looks whether they are, or takes them out."""
    repository = find_repository(args, terminal)
    if args.check:
        settings = look(repository, COMMAND)
    elif args.remove:
        settings = remove(repository, COMMAND)
    else:
        settings = install(repository, COMMAND, force=args.force)
    document = {"repository": repository.path, "settings": settings}
    terminal.result(document, _lines(settings, check=args.check, remove=args.remove))
    good = all(setting.state is SettingState.AS_IT_SHOULD for setting in settings)
    return 1 if args.check and not good else 0


def _lines(settings: Sequence[Outcome], *, check: bool, remove: bool) -> Iterator[Text]:
    for setting in settings:
        yield from _setting_lines(setting, remove=remove)
    if all(setting.state is SettingState.AS_IT_SHOULD for setting in settings):
        yield Text(
            "Nothing to remove" if remove else "git is set up: every setting is as it should be"
        )
    elif check:
        missing = any(setting.state is SettingState.MISSING for setting in settings)
        how = "contentgit setup-git" if missing else "contentgit setup-git --force"
        yield Text(f"git is not set up for records: {how} sets this")


def _setting_lines(setting: Outcome, *, remove: bool) -> Iterator[Text]:
    name, found = safe(setting.name), safe(setting.found or "")
    why = (f"  ({setting.why})", "dim")
    match setting.state:
        case SettingState.SET:
            before = f", which was {found}" if setting.found is not None else ""
            yield Text.assemble(("Set ", "green"), f"{name} = {safe(setting.value)}{before}", why)
        case SettingState.REMOVED:
            yield Text.assemble(("Removed ", "red"), name)
        case SettingState.KEPT:
            if remove:
                yield Text.assemble(("Kept ", "yellow"), f"{name} = {found}, which is your own")
                return
            wanted = f" and not {safe(setting.value)}"
            yield Text.assemble(("Kept ", "yellow"), f"{name} = {found}{wanted}", why)
            yield Text("  contentgit setup-git --force replaces it", style="dim")
        case SettingState.MISSING:
            yield Text.assemble(("Missing ", "yellow"), f"{name} = {safe(setting.value)}", why)

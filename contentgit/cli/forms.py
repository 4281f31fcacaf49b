"""The name of a record or a dump where a revision is expected: which form of the verb takes it."""

from __future__ import annotations

import argparse
import shlex
from contextlib import suppress
from typing import Final

from contentgit.cli.parser import WITH_DATABASE
from contentgit.cli.project import named_repository
from contentgit.errors import ContentgitError, UnknownNameError
from contentgit.history.commits import Selection, names_record

_AFTER: Final = {"diff", "log", "revert", "cherry-pick"}
"""Verbs that take names of dumps and records behind ``--``."""


def meant(error: ContentgitError, args: argparse.Namespace) -> ContentgitError:
    """The error with the form that is meant, where a record or a dump stands in the place of a revision."""
    word = error.data.get("revision")
    if not isinstance(error, UnknownNameError) or not isinstance(word, str):
        return error
    record = names_record(word)
    if not record and not _is_dump(word, args):
        return error
    what = "a record" if record else "a dump"
    hint = _record_form(args.verb, word) if record else _dump_form(args.verb, word)
    hint = _beside(hint, word, args)
    hint = (
        hint
        or f"{args.verb} takes a branch, a tag or a commit there: contentgit log --oneline lists commits"
    )
    message = f"{word!r} is {what}, not a revision"
    return UnknownNameError(message, hint=hint, data=error.data)


def _beside(hint: str, word: str, args: argparse.Namespace) -> str:
    """The form of ``diff`` with the revision that was named beside the word."""
    if args.verb != "diff":
        return hint
    kept = [shlex.quote(each) for each in args.revisions if each != word]
    return hint.replace("diff --", " ".join(["diff", *kept, "--"]))


def _record_form(verb: str, word: str) -> str:
    name = shlex.quote(word)
    if verb == "show":
        return f"contentgit show HEAD -- {name}  (shows it as a commit has it)"
    if verb in ("revert", "cherry-pick"):
        return f"contentgit {verb} REV -- {name}  (takes that part of a commit only)"
    if verb == "checkout":
        return f"contentgit restore {name} --from REV  (in a commit of its own; then apply that)"
    return f"contentgit {verb} -- {name}" if verb in _AFTER else ""


def _dump_form(verb: str, word: str) -> str:
    name = shlex.quote(word)
    if verb == "show":
        return f"contentgit show HEAD -- {name}  (shows what a commit changed in it)"
    if verb == "checkout":
        return f"contentgit checkout HEAD {name}"
    if verb == "check":
        return "contentgit check  (checks all dumps of HEAD's commit)"
    if verb in ("revert", "cherry-pick"):
        return f"contentgit {verb} REV -- {name}  (takes that part of a commit only)"
    return f"contentgit {verb} -- {name}" if verb in _AFTER else ""


def _is_dump(word: str, args: argparse.Namespace) -> bool:
    """Whether HEAD's commit has a dump of this name, or the project's code, which no commit need have."""
    with suppress(ContentgitError):
        repository = named_repository(args)
        if Selection((word,)).folders(repository, [repository.refs.resolve("HEAD")]):
            return True
    if args.verb not in WITH_DATABASE:
        return False
    from contentgit.workingcopy.project import defines

    return defines(word)

"""The name of a record or a dump where a revision is expected: which form of the verb takes it."""

from __future__ import annotations

import argparse
import shlex
from contextlib import suppress

from contentgit.cli.parser import WITH_DATABASE
from contentgit.cli.project import named_repository
from contentgit.errors import ContentgitError, UnknownNameError
from contentgit.history.commits import Selection, names_record


def meant(error: ContentgitError, args: argparse.Namespace) -> ContentgitError:
    """The error with the form that is meant, if a record or a dump was named in place of a revision."""
    word = error.data.get("revision")
    if not isinstance(error, UnknownNameError) or not isinstance(word, str):
        return error
    record = names_record(word)
    if not record and not _is_dump(word, args):
        return error
    what = "a record" if record else "a dump"
    hint = _form(args.verb, word, record=record)
    if args.verb == "diff":  # with the revision that was named beside the word
        kept = [shlex.quote(other) for other in args.revisions if other != word]
        hint = hint.replace("diff --", " ".join(["diff", *kept, "--"]))
    other = f"{args.verb} takes a branch, a tag or a commit there: contentgit log --oneline lists commits"
    message = f"{word!r} is {what}, not a revision"
    return UnknownNameError(message, hint=hint or other, data=error.data)


def _form(verb: str, word: str, *, record: bool) -> str:
    name = shlex.quote(word)
    if verb == "show":
        what = "it as a commit has it" if record else "what a commit changed in it"
        return f"contentgit show HEAD -- {name}  (shows {what})"
    if verb in ("revert", "cherry-pick"):
        return f"contentgit {verb} REV -- {name}  (takes that part of a commit only)"
    if verb == "checkout" and record:
        return f"contentgit restore {name} --from REV  (in a commit of its own; then apply that)"
    if verb == "checkout":
        return f"contentgit checkout HEAD {name}"
    if verb == "check" and not record:
        return "contentgit check  (checks all dumps of HEAD's commit)"
    return f"contentgit {verb} -- {name}" if verb in ("diff", "log") else ""


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

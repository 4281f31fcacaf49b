"""Tags: names of commits that stay."""

from __future__ import annotations

import os
from datetime import datetime
from typing import NamedTuple

from contentgit.errors import (
    BusyError,
    ContentgitError,
    RepositoryError,
    UnknownNameError,
    UsageError,
)
from contentgit.repository.failures import no_identity
from contentgit.repository.objects import checked_id, contents
from contentgit.repository.program import Program
from contentgit.repository.refs import move_ref, read_ref
from contentgit.repository.values import Signature, parse_tag

TAGS = "refs/tags/"


class Tag(NamedTuple):
    """A tag and the commit it names; an annotated one says who made it, when, and why."""

    name: str
    commit: str
    annotated: bool = False
    tagger: Signature | None = None
    date: datetime | None = None
    message: str = ""


class Tags:
    """The tags of one repository; ``zero`` is the id of nothing."""

    def __init__(self, program: Program, zero: str) -> None:
        self._program = program
        self._zero = zero

    def all(self) -> list[Tag]:
        """Every tag of a commit, sorted by name."""
        form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00"
        output = os.fsdecode(self._program.run("for-each-ref", f"--format={form}", TAGS))
        fields = output.split("\0")
        rows = [fields[at : at + 5] for at in range(0, len(fields) - 5, 5)]
        annotated = [row[2] for row in rows if row[1] == "tag"]
        texts = dict(zip(annotated, contents(self._program, annotated, "tag"), strict=True))
        found = []
        for ref, kind, each, inner_kind, inner in rows:
            name = ref.lstrip("\n").removeprefix(TAGS)
            if kind == "commit":
                found.append(Tag(name, each))
            elif kind == "tag" and inner_kind == "commit":
                found.append(Tag(name, inner, True, *parse_tag(texts[each])))
        return found

    def check_name(self, name: str) -> None:
        """Raises UsageError where git would not take ``name`` for a tag."""
        try:
            good = not name.startswith("-") and name != "HEAD"
            good = good and self._program.ask("check-ref-format", TAGS + name)[0] == 0
        except UsageError:  # a NUL, or half a surrogate
            good = False
        if not good:
            raise UsageError(
                f"{name!r} cannot be the name of a tag",
                hint="letters, digits, '-', '_', '.' and '/' are safe: contentgit tag 2026-summer",
            )

    def create(self, name: str, commit: str, message: str = "") -> str:
        """Makes a tag at ``commit``, with a ``message`` an annotated one; the id that it points at.

        An annotated tag is signed where ``tag.gpgSign`` is set; without a message one is then refused.

        Raises:
            UsageError: it exists, cannot have this name, or lacks the message that a signature needs.
            RepositoryError: git does not know who makes it, or cannot sign or write it.
        """
        self.check_name(name)
        if read_ref(self._program, TAGS + name) is not None:
            raise _exists(name)
        sign = (
            self._program.line("config", "--type=bool", "--get", "tag.gpgSign", ok=(0, 1)) == "true"
        )
        if not message.strip():
            if sign:
                raise UsageError(
                    "tag.gpgSign is set, and only a tag with a message is signed", hint="-m TEXT"
                )
            return self._write(name, checked_id(commit))
        how = "--sign" if sign else "--annotate"
        arguments = (how, "--file=-", "--end-of-options", name, checked_id(commit))
        data = message.encode("utf-8", "surrogateescape")
        code, _, errors = self._program.ask(
            "tag",
            "--cleanup=whitespace",
            *arguments,
            data=data,
            config=("user.useConfigOnly=true",),
        )
        if code and "already exists" in errors:
            raise _exists(name)
        if code and sign and "sign" in errors:
            raise RepositoryError(
                f"git cannot sign the tag: {' '.join(errors.split())}",
                hint="check user.signingKey and gpg.program, or: "
                + self._program.command("config tag.gpgSign false"),
            )
        if code and ("who you are" in errors or "no email" in errors or "auto-detection" in errors):
            raise no_identity()
        if code:
            raise self._program.failure("tag", errors, writing=True)
        return read_ref(self._program, TAGS + name) or commit

    def _write(self, name: str, commit: str) -> str:
        try:
            move_ref(self._program, TAGS + name, commit, None, f"tag: {name}", zero=self._zero)
        except BusyError:
            raise _exists(name) from None
        except ContentgitError as error:
            # "a" and "a/b" cannot both be tags: git says which one is there.
            if "exists; cannot create" in error.message:
                raise UsageError(error.message.partition(": ")[2]) from None
            raise
        return commit

    def delete(self, name: str) -> str:
        """Deletes a tag; the id that it pointed at.

        Raises:
            UnknownNameError: there is no such tag.
        """
        found = read_ref(self._program, TAGS + name)
        if found is None:
            known = [each.name for each in self.all()]
            more = f" and {len(known) - 10} more" if len(known) > 10 else ""
            hint = f"tags: {', '.join(known[:10])}{more}" if known else "there are no tags"
            raise UnknownNameError(f"there is no tag {name!r}", hint=hint)
        move_ref(self._program, TAGS + name, None, found, f"tag: deleted {name}", zero=self._zero)
        return found


def _exists(name: str) -> UsageError:
    return UsageError(
        f"tag {name!r} exists already, and stays where it is",
        hint=f"choose another name, or: contentgit tag -d {name}",
    )

"""Tags: names of commits that stay."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from typing import NamedTuple

from contentgit.errors import RepositoryError, UnknownNameError, UsageError
from contentgit.git.failures import no_identity
from contentgit.git.objects import checked_id, content, kinds
from contentgit.git.program import Program
from contentgit.git.refs import TAGS, Refs, some
from contentgit.git.values import BrokenRef, Signature, parse_tag

_NAMED = re.compile(rb"object ([0-9a-f]{40}|[0-9a-f]{64})\ntype ([a-z]+)\n")


class Tag(NamedTuple):
    """A tag and the commit it names; an annotated tag has a tagger, a date and a message."""

    name: str
    commit: str
    annotated: bool = False
    tagger: Signature | None = None
    date: datetime | None = None
    message: str = ""


class Tags:
    """The tags of a repository: names of commits that stay."""

    def __init__(self, program: Program, refs: Refs) -> None:
        self._program = program
        self._refs = refs

    def all(self) -> tuple[list[Tag], list[BrokenRef]]:
        """Every tag of a commit, and those that cannot be read; sorted by name."""
        pairs = self._refs.under(TAGS)
        bad, found, ends = self._refs.broken(TAGS), [], []
        for (ref, each), kind in zip(
            pairs, kinds(self._program, [each for _, each in pairs]), strict=True
        ):
            name = ref.removeprefix(TAGS)
            if kind == "commit":
                found.append(Tag(name, each))
            elif kind is None:
                bad.append(_unreadable(name, each))
            elif kind == "tag":
                try:
                    ends.append((name, *self._end(each)))
                except RepositoryError:
                    bad.append(_unreadable(name, each))
        known = kinds(self._program, [each for _, _, each, _ in ends])
        for (name, text, each, wanted), kind in zip(ends, known, strict=True):
            if kind != wanted:
                bad.append(_unreadable(name, each))
            elif kind == "commit":
                found.append(Tag(name, each, True, *parse_tag(text)))
        return sorted(found, key=lambda tag: tag.name), sorted(bad, key=lambda ref: ref.name)

    def _end(self, tag: str) -> tuple[bytes, str, str]:
        """The content of an annotated tag, id and type of what it names; one may name another.

        Raises:
            RepositoryError: one cannot be read.
        """
        text = data = content(self._program, tag, "tag")
        while named := _NAMED.match(data):
            each, kind = named[1].decode(), named[2].decode()
            if kind != "tag":
                return text, each, kind
            data = content(self._program, each, "tag")
        raise self._program.missing(f"tag {tag} cannot be read", commit=False)

    def check_name(self, name: str) -> None:
        """Raises UsageError where git would not take ``name`` for a tag."""
        if name.startswith("-") or name == "HEAD" or not self._refs.is_ref(TAGS + name):
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
        if self._refs.read(TAGS + name) is not None:
            raise _exists(name)
        sign = self._program.signs("tag.gpgSign")
        if not message.strip():
            if sign:
                raise UsageError(
                    "tag.gpgSign is set, and only a tag with a message is signed", hint="-m TEXT"
                )
            self._refs.create(TAGS + name, checked_id(commit), f"tag: {name}", _exists(name))
            return commit
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
            raise self._program.cannot_sign("tag", "tag.gpgSign", errors)
        if code and ("who you are" in errors or "no email" in errors or "auto-detection" in errors):
            raise no_identity()
        if code:
            raise self._program.failure("tag", errors, writing=True)
        return self._refs.read(TAGS + name) or commit

    def delete(self, name: str) -> str:
        """Deletes a tag; the id that it pointed at.

        Raises:
            UnknownNameError: there is no such tag.
        """
        found = self._refs.read(TAGS + name)
        if found is None:
            known = [each.name for each in self.all()[0]]
            hint = some("tags", known) if known else "there are no tags"
            raise UnknownNameError(f"there is no tag {name!r}", hint=hint)
        self._refs.move(TAGS + name, None, found, f"tag: deleted {name}")
        return found


def _unreadable(name: str, each: str) -> BrokenRef:
    return BrokenRef(
        name,
        f"object {each} is missing, damaged, or not what the tag says",
        f"contentgit tag -d {shlex.quote(name)}  (deletes the tag)",
    )


def _exists(name: str) -> UsageError:
    return UsageError(
        f"tag {name!r} exists already, and stays where it is",
        hint=f"choose another name, or: contentgit tag -d {name}",
    )

"""Everything that contentgit refuses or fails at, as one tree that carries data.

::

    ContentgitError                 exit 1   something failed; nothing has changed
    ├── UsageError                  exit 2   the words of the call are wrong
    │   ├── UnknownNameError                 a dump, revision, record or alias that does not exist
    │   └── ConfigurationError               settings or the datasets module are wrong
    ├── RefusedError                exit 3   refused for safety; ``items`` lists what
    │   ├── DriftError                       the target's own edits would be overwritten
    │   ├── ConflictError                    both sides of a merge changed the same thing
    │   ├── BranchMovedError                 a commit would revert what others committed
    │   └── BusyError                        another apply holds this database
    │       └── OvertakenError               somebody else wrote to the same rows meanwhile
    ├── RepositoryError             exit 1   git, or the repository, cannot do it
    ├── FormatError                 exit 1   a file in a commit is not what contentgit writes
    ├── RecordError                 exit 1   a row, or a field of it, has no exact record
    ├── DatabaseError               exit 1   the database said no
    ├── StorageError                exit 1   a storage of files said no
    └── HookError                   exit 1   all is done, but the project's own code behind it failed

An error is one or two lines for a person: ``message`` says what and where, ``hint`` says what to do
next and names the command, a way on in each line. ``items`` are the single things that were refused,
one line each, and ``data`` is the same for ``--json``. ``causes`` are the items put together, where many
have one cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class Cause(NamedTuple):
    """Why several things were refused; each of ``entries`` is one of them, in lines."""

    text: str
    entries: tuple[tuple[str, ...], ...]


class ContentgitError(Exception):
    """Something failed and nothing has changed.

    ``message``, ``hint`` and each of ``items`` are plain text without a final full stop being
    required; ``data`` holds JSON values only.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        items: Sequence[str] = (),
        causes: Sequence[Cause] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.items = tuple(items)
        self.causes = tuple(causes)
        self.data = dict(data or {})


class UsageError(ContentgitError):
    """The call's words are wrong: an option, a combination, a name."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A dump, revision, record, branch or database alias does not exist; the hint lists some."""


class ConfigurationError(UsageError):
    """Settings or the datasets module are wrong; ``items`` lists every problem found."""


class RefusedError(ContentgitError):
    """Refused for safety; ``items`` lists what, ``hint`` names the command that permits it."""

    exit_code = 3


class DriftError(RefusedError):
    """The target holds edits that are in no commit and that the plan would overwrite."""


class ConflictError(RefusedError):
    """Both sides of a merge changed the same thing; ``items`` lists what each has there."""


class BranchMovedError(RefusedError):
    """The branch has moved in this dump's folder since the database's applied commit."""


class BusyError(RefusedError):
    """Another apply holds this database, or a ref moved while it was about to be written."""


class OvertakenError(BusyError):
    """Somebody else wrote to the same rows meanwhile; nothing has changed, another attempt may succeed."""


class RepositoryError(ContentgitError):
    """git is missing, has no identity, or the repository cannot be read or written."""


class FormatError(ContentgitError):
    """A file in a commit is not what contentgit would have written there."""


class RecordError(ContentgitError):
    """A row, or one field of it, has no exact record; the message names both."""


class DatabaseError(ContentgitError):
    """The database refused; the message holds the record, if known, and the database's words."""


class StorageError(ContentgitError):
    """A storage of files cannot be reached, or refused; the message holds file and the storage's words."""


class HookError(ContentgitError):
    """What was asked for is done and stays; ``items`` lists the project's own code that failed behind it."""

"""What a commit has in place of a carried file whose bytes git-lfs keeps.

See https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
"""

from __future__ import annotations

from typing import Final

from contentgit.content.records import CarriedFile

ATTRIBUTES_FILE: Final = ".gitattributes"
ATTRIBUTE: Final = "files/** filter=lfs diff=lfs merge=lfs -text"
"""The line that ``git lfs track`` would write, too."""

_WHOLE: Final = ("files/**", "files/**/*", "files/*/*")
_ALL: Final = ("*", "**", "/**", *_WHOLE, *(f"/{each}" for each in _WHOLE))
"""The patterns that match all carried files, and not some of them."""
_FILTERS: Final = ("filter", "-filter", "!filter")


def pointer(file: CarriedFile) -> bytes:
    """The content of the blob in place of the file's own: nothing for an empty file, as git-lfs has it."""
    if not file.size:
        return b""
    lines = f"oid sha256:{file.sha256}\nsize {file.size}\n"
    return f"version https://git-lfs.github.com/spec/v1\n{lines}".encode()


def keeps_pointers(attributes: bytes) -> bool:
    """Whether a tree with this ``.gitattributes`` at its top has pointers for all carried files."""
    found = False
    for line in attributes.decode("utf-8", "replace").splitlines():
        pattern, *words = line.split() or [""]
        for word in words if pattern in _ALL else ():
            if word.partition("=")[0] in _FILTERS:
                found = word == "filter=lfs"  # of several lines the last one counts
    return found


def with_pointers(attributes: bytes) -> bytes:
    """These attributes with the line that has pointers for carried files."""
    if attributes and not attributes.endswith(b"\n"):
        attributes += b"\n"
    return attributes + f"{ATTRIBUTE}\n".encode()

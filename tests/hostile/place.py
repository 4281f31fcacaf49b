"""Where the members of the corpus are written: a copy of a sound site, whose branch ``hostile`` is HEAD's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from contentgit.content.layout import record_path
from contentgit.content.records import RecordKey
from contentgit.content.schema import Layout
from tests.fuzz.objects import Objects, Tree, git, read_tree

Entry = tuple[bytes, str]
"""Mode and id."""

TAG: Final = "shop/bakery.tag/0/0/3.json"
CATEGORY: Final = "shop/bakery.category/0/0/1.json"
WHO: Final = b"Mallory <mallory@example.com> 1700000000 +0100"
TREE, FILE, LINK, SUBMODULE = b"40000", b"100644", b"120000", b"160000"


@dataclass
class Place:
    """A folder with ``content``, a repository like that of ``source``."""

    folder: Path
    source: Path

    @property
    def repository(self) -> Path:
        return self.folder / "content"

    @property
    def git_dir(self) -> Path:
        return self.repository / ".git"

    @cached_property
    def objects(self) -> Objects:
        return Objects(self.git_dir)

    @cached_property
    def main(self) -> str:
        return git(self.source, "rev-parse", "main").decode().strip()

    def tree(self) -> Tree:
        """Main's, to be changed."""
        return read_tree(self.source, "main")

    def record(self, path: str = TAG) -> dict[str, Any]:
        """A record of main."""
        found: dict[str, Any] = json.loads(git(self.source, "show", f"main:{path}"))
        return found

    def blob(self, data: bytes, mode: bytes = FILE) -> Entry:
        return mode, self.objects.write("blob", data)

    def write(self, path: str, data: bytes) -> None:
        """A file of git's own, or of ours below it."""
        file = self.git_dir / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    # What is published

    def put(self, path: str, entry: Tree | Entry | None) -> None:
        """Publishes main's tree with one entry in place of what was there; None takes it out."""
        tree = self.tree()
        put(tree, path, entry)
        self.publish(tree)

    def put_file(self, path: str, data: bytes) -> None:
        self.put(path, self.blob(data))

    def put_record(self, path: str = TAG, **fields: object) -> None:
        """Publishes a record of main with other fields."""
        self.put_file(path, json.dumps({**self.record(path), **fields}, indent=2).encode())

    def publish(self, tree: Tree | None = None) -> str:
        """A sound commit on top of main with a tree of any kind."""
        found = self.objects.write_tree(self.tree() if tree is None else tree)
        return self.branch(self.commit(tree=found))

    def commit(
        self,
        *,
        tree: str = "",
        parents: Iterable[str] | None = None,
        message: bytes = b"Change things\n",
        **headers: bytes | None,
    ) -> str:
        """A commit object; a header that is None is left out, one that no commit has comes last."""
        tree = tree or git(self.source, "rev-parse", "main^{tree}").decode().strip()
        above = [self.main] if parents is None else parents
        named = {"author": WHO, "committer": WHO, **headers}
        lines = [b"tree " + tree.encode(), *(b"parent " + each.encode() for each in above)]
        lines += [
            name.encode() + b" " + value for name, value in named.items() if value is not None
        ]
        return self.objects.write("commit", b"\n".join(lines) + b"\n\n" + message)

    def branch(self, target: str, name: str = "refs/heads/hostile") -> str:
        """A ref at anything."""
        self.write(name, target.encode() + b"\n")
        return target


def path_of(label: str, key: int) -> str:
    """Where a record of the shop lies."""
    return f"shop/{record_path(RecordKey(label, str(key)), Layout.INTEGER)}"


def put(tree: Tree, path: str | bytes, entry: Tree | Entry | None) -> None:
    """Sets an entry of a tree; None takes it out."""
    *above, name = (path.encode() if isinstance(path, str) else path).split(b"/")
    for part in above:
        inner = tree.setdefault(part, {})
        assert isinstance(inner, dict), path
        tree = inner
    if entry is None:
        del tree[name]
    else:
        tree[name] = entry


@dataclass(frozen=True)
class Member:
    """One hostile repository, how ``check`` must end on it, and what it must say."""

    build: Callable[[Place], object]
    code: int
    says: str

    @property
    def is_content(self) -> bool:
        """Whether it differs from a sound repository by a commit's tree alone."""
        return self.build.__module__.endswith((".trees", ".records", ".histories"))

    def write(self, place: Place) -> None:
        """Writes it, with HEAD on its branch."""
        place.write("HEAD", b"ref: refs/heads/hostile\n")
        self.build(place)


@dataclass
class Corpus:
    """Members by name, in the order in which they were written down."""

    members: dict[str, Member] = field(default_factory=dict)

    def member(
        self, code: int, says: str = ""
    ) -> Callable[[Callable[[Place], object]], Callable[[Place], object]]:
        def add(build: Callable[[Place], object]) -> Callable[[Place], object]:
            assert build.__name__ not in self.members
            self.members[build.__name__] = Member(build, code, says)
            return build

        return add


CORPUS: Final = Corpus()
member = CORPUS.member

"""Objects written into a repository without git, which would refuse most of them."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.fuzz.fragments import damaged_bytes, damaged_lines

Tree = dict[bytes, "Tree | tuple[bytes, str]"]
"""Name to a folder, or to mode and id."""

NOTHING = "0" * 40


class Objects:
    """The loose objects of one repository."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir

    def write(self, kind: str, data: bytes) -> str:
        """The id of an object that is there now, whatever its content."""
        raw = b"%s %d\0%s" % (kind.encode(), len(data), data)
        found = hashlib.sha1(raw).hexdigest()
        path = self.git_dir / "objects" / found[:2] / found[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(raw, 1))
        return found

    def write_tree(self, tree: Tree, random: Random | None = None) -> str:
        """The id of a tree of trees; with ``random`` one of them has damaged entries."""
        lines = []
        for name, each in sorted(tree.items()):
            if isinstance(each, dict):
                mode, found = b"40000", self.write_tree(each)
            else:
                mode, found = each
            lines.append(mode + b" " + name + b"\0" + bytes.fromhex(found))
        if random is not None and lines:
            lines = _damaged_entries(random, lines)
        return self.write("tree", b"".join(lines))


def _damaged_entries(random: Random, lines: list[bytes]) -> list[bytes]:
    place = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines.append(lines[place])
        case 1:
            random.shuffle(lines)
        case 2:
            lines[place] = lines[place][: random.randrange(len(lines[place]))]
        case _:
            lines[place] = damaged_bytes(random, lines[place])
    return lines


def read_tree(folder: Path, revision: str) -> Tree:
    """The tree of a commit."""
    top: Tree = {}
    output = git(folder, "ls-tree", "-r", "-z", revision)
    for line in output.split(b"\0")[:-1]:
        words, _, path = line.partition(b"\t")
        mode, _, found = words.split(b" ")
        *above, name = path.split(b"/")
        place = top
        for part in above:
            inner = place.setdefault(part, {})
            assert isinstance(inner, dict)
            place = inner
        place[name] = (mode, found.decode())
    return top


def folders(tree: Tree) -> list[Tree]:
    """A tree and every folder in it."""
    inner = [each for each in tree.values() if isinstance(each, dict)]
    return [tree, *(below for each in inner for below in folders(each))]


def git(folder: Path, *words: str, **environment: str) -> bytes:
    """The output of plain git."""
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, check=True, env=environment or None
    ).stdout


ENCODINGS = (
    *(
        b"utf-8",
        b"latin1",
        b"iso-8859-1",
        b"utf-16",
        b"utf-7",
        b"utf_8_sig",
        b"idna",
        b"punycode",
        b"hex",
    ),
    *(
        b"base64",
        b"rot13",
        b"zlib",
        b"bz2",
        b"undefined",
        b"unicode_escape",
        b"raw_unicode_escape",
        b"mbcs",
    ),
    *(
        b"nosuch",
        b"",
        b"\xff",
        b"a\0b",
        b"cp037",
        b"big5",
        b"../x",
        b"x" * 5000,
        b"utf-8 ",
        b"charmap",
        b"oem",
    ),
)
DATES = (
    *(b"0 +0000", b"-1 +0000", b"99999999999 +0000", b"253402300800 +0000", b"-62135596801 -1200"),
    *(
        b"9" * 20 + b" +0000",
        b"9" * 5000 + b" +0000",
        b"-" + b"9" * 5000 + b" -0000",
        b"1700000000 +9999",
    ),
    *(
        b"1700000000 -9999",
        b"1700000000 +99999999",
        b"1700000000",
        b"1700000000 UTC",
        b"",
        b"+0000",
        b"x y",
    ),
    *(
        b"1700000000 +2400",
        b"253402300799 +1400",
        b"-62135596800 -0100",
        b"1e9 +0000",
        b"\xd9\xa1 +0000",
    ),
)
NAMES = (
    *(
        b"A <a@example.com>",
        b"<>",
        b"",
        b"A",
        b"A <a",
        b"A a>",
        b"A\0B <a\0@x>",
        b"\xff\xfe <\xff>",
        b"<a> <b>",
    ),
    *(
        b"\x1b[31mA <a>",
        b"A" * 5000 + b" <a>",
        b"\xed\xa0\x80 <x>",
        b"A <a@b> <c@d>",
        b"  A  <  a  >",
        b">A< <a>",
    ),
)
MESSAGES = (
    *(
        b"",
        b"\n",
        b"Subject",
        b"Subject\n\nBody\n\nA: b\n",
        b"\xff\xfe\xc3",
        b"A\0B\n\nC\0D\n",
        b"\n\n\nlate",
    ),
    *(
        b"\xed\xa0\x80",
        b"\x1b[2J\x1b]0;title\x07",
        b"x" * 20000,
        b"a\n\n" * 3000,
        b"A: b\n c\n" * 500,
    ),
    *(
        b"s\n\nContentgit-Dump: shop\nContentgit-Environment: \xff\n",
        b"+ACY-",
        b"\\ud800\\N{x}",
        b"a\r\nb\r\n",
    ),
)


def damaged_commit(random: Random, headers: Mapping[str, list[bytes]], ids: list[str]) -> bytes:
    """A commit object with one to three of its headers, or its message, as no git writes them."""
    found = {name: list(values) for name, values in headers.items()}
    message = b"Change things\n"
    for _ in range(random.randint(1, 3)):
        match random.randrange(8):
            case 0 | 1:
                found["encoding"] = [random.choice(ENCODINGS)]
                message = random.choice(MESSAGES)
            case 2 | 3:
                who = random.choice(("author", "committer"))
                found[who] = [
                    random.choice(NAMES) + random.choice((b" ", b"")) + random.choice(DATES)
                ]
            case 4:
                message = random.choice(MESSAGES)
            case 5:
                parents = [
                    random.choice([*ids, NOTHING, "x"]).encode()
                    for _ in range(random.choice((0, 1, 2, 30)))
                ]
                found["parent"] = parents
            case 6:
                name = random.choice((*found, "gpgsig", "mergetag", "x", ""))
                found.setdefault(name, []).append(
                    random.choice((b"", b"a\n b\n c", *NAMES, *ENCODINGS))
                )
            case _:
                del found[random.choice((*found,))]
                found = found or {"tree": [b""]}
    lines = [
        b"%s %s" % (name.encode(), value) for name, values in found.items() for value in values
    ]
    data = b"\n".join(lines) + b"\n\n" + message
    return damaged_lines(random, data) if random.random() < 0.15 else data


def damaged_tag(random: Random, target: str, kind: str) -> bytes:
    """An annotated tag of something, with odd headers."""
    lines = [
        b"object " + random.choice((target.encode(), NOTHING.encode(), b"x", target.encode())),
        b"type "
        + random.choice((kind.encode(), b"commit", b"tag", b"tree", b"nosuch", kind.encode())),
        b"tag " + random.choice((b"v9", b"", b"\xff", b"a\0b", b"-x")),
        b"tagger " + random.choice(NAMES) + b" " + random.choice(DATES),
    ]
    data = b"\n".join(lines) + b"\n\n" + random.choice(MESSAGES)
    return damaged_lines(random, data) if random.random() < 0.3 else data

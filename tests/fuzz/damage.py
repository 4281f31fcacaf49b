"""What is done to a site: each function damages one kind of thing, as ``random`` decides."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Final

from tests.fuzz.case import Case
from tests.fuzz.fragments import PIECES, damaged_bytes, damaged_document, damaged_lines
from tests.fuzz.objects import (
    NOTHING,
    Tree,
    damaged_commit,
    damaged_tag,
    folders,
    git,
    read_tree,
)
from tests.fuzz.rows import ledger, row

Damage = Callable[[Case], None]


def damage(case: Case) -> None:
    """Does one to three things to the site."""
    for _ in range(case.random.choice((1, 1, 1, 2, 3))):
        each = case.random.choice(KINDS)
        case.told.append(each.__name__.strip("_"))
        each(case)


def _publish(case: Case, tree: str, *, odd: bool = False) -> str:
    """A commit of a tree, which a branch is at from now on."""
    random = case.random
    parent = case.resolve(random.choice(("v1", "recorded")))
    who = b"Fuzz <fuzz@example.com> 1700000000 +0100"
    headers = {
        "tree": [tree.encode()],
        "parent": [parent.encode()],
        "author": [who],
        "committer": [who],
    }
    if odd:
        data = damaged_commit(random, headers, [parent, tree, case.resolve("v1")])
    else:
        lines = [b"%s %s" % (name.encode(), value) for name, (value,) in headers.items()]
        data = b"\n".join(lines) + b"\n\nChange things\n"
    commit = case.objects.write("commit", data)
    case.ref(f"heads/{random.choice(('main', 'main', 'summer', 'hostile', 'recorded'))}", commit)
    return commit


def _file(case: Case, wanted: Callable[[bytes], bool]) -> None:
    """A file of a commit is damaged, and perhaps others with it."""
    tree = read_tree(case.source, case.random.choice(("v1", "v1", "v2^{}", "recorded")))
    found = [
        (each, name)
        for each in folders(tree)
        for name, value in sorted(each.items())
        if not isinstance(value, dict) and wanted(name)
    ]
    for place, name in case.random.sample(found, min(len(found), case.random.choice((1, 1, 2, 5)))):
        mode, blob = place[name]
        assert isinstance(mode, bytes)
        assert isinstance(blob, str)
        data = git(case.source, "cat-file", "blob", blob)
        damaged = case.random.choice(
            (damaged_document, damaged_document, damaged_bytes, damaged_lines)
        )
        place[name] = (mode, case.objects.write("blob", damaged(case.random, data)))
    _publish(case, case.objects.write_tree(tree), odd=case.random.random() < 0.1)


def _record(case: Case) -> None:
    _file(case, lambda name: name not in (b"dataset.json", b"contentgit.json"))


def _document(case: Case) -> None:
    _file(
        case, lambda name: name in (b"dataset.json", b"contentgit.json") or name.startswith(b"00")
    )


_FILE_NAMES = (
    *(
        b"",
        b".",
        b"..",
        b".git",
        b"a/b",
        b"\xff",
        b"a\nb",
        b"con.json",
        b"42.JSON",
        b"042.json",
        b"-1.json",
    ),
    *(
        b"\x1b[31m.json",
        b"\xe2\x80\xae.json",
        b"x" * 300,
        b"dataset.json",
        b"contentgit.json",
        b"%.json",
    ),
    *(
        b"%ff.json",
        b"9" * 400 + b".json",
        b"bakery.nosuch",
        b"auth.user",
        b"nosuch",
        b".conflicts",
        b"0",
    ),
    *(
        b"18446744073709551616.json",
        b"1,2.json",
        b"GIT~1",
        b"shop.json",
        b"bakery.tag:3",
        b"=cmd",
        b"\xed\xa0\x80",
    ),
)
_MODES = (
    b"100644",
    b"100755",
    b"120000",
    b"160000",
    b"40000",
    b"040000",
    b"0",
    b"1",
    b"100664",
    b"7777777777777",
)


def _tree(case: Case) -> None:
    """Names, modes, ids and depth that no tree of ours has."""
    random = case.random
    tree = read_tree(case.source, random.choice(("v1", "recorded")))
    for _ in range(random.choice((1, 1, 3))):
        place = random.choice(folders(tree))
        name = random.choice(sorted(place) or [b"x"])
        there = place.get(name, (b"100644", NOTHING))
        match random.randrange(7):
            case 0:
                place[random.choice(_FILE_NAMES)] = there
            case 1 if not isinstance(there, dict):
                place[name] = (random.choice(_MODES), there[1])
            case 2:
                ids = [
                    NOTHING,
                    "f" * 40,
                    case.resolve("v1"),
                    case.resolve("v1^{tree}"),
                    case.resolve("v2"),
                ]
                place[name] = (random.choice(_MODES), random.choice(ids))
            case 3:
                place.pop(name, None)
            case 4:
                place[random.choice(_FILE_NAMES)] = deepcopy(random.choice(folders(tree)))
            case 5:
                place[random.choice((b"deep", b"0", name))] = _nested(random, there)
            case _:
                place[b"empty"] = {}
    _publish(case, case.objects.write_tree(tree, random if random.random() < 0.4 else None))


def _nested(random: Random, inner: Tree | tuple[bytes, str]) -> Tree | tuple[bytes, str]:
    for _ in range(random.choice((1, 3, 40))):
        inner = {random.choice((b"0", b"a", b"bakery.tag")): inner}
    return inner


def _commit(case: Case) -> None:
    _publish(
        case,
        case.resolve(case.random.choice(("v1^{tree}", "recorded^{tree}", "v2^{tree}"))),
        odd=True,
    )


def _tag(case: Case) -> None:
    kind, revision = case.random.choice(
        (("commit", "v1"), ("tree", "v1^{tree}"), ("tag", "v2"), ("commit", "main"))
    )
    found = case.resolve(revision)
    for _ in range(case.random.choice((1, 1, 2, 20))):
        found, kind = case.objects.write("tag", damaged_tag(case.random, found, kind)), "tag"
    case.ref(f"tags/{case.random.choice(('v1', 'v2', 'v3', 'a/b'))}", found)


_REFS = (
    *(
        "heads/main",
        "heads/summer",
        "heads/new",
        "heads/a/b",
        "heads/main/x",
        "tags/v1",
        "tags/v9",
        "heads/HEAD",
    ),
    *(
        "contentgit/applied/test/default/shop",
        "contentgit/applied/x",
        "contentgit/backup/test/2026",
        "stash",
    ),
    *(
        "heads/-x",
        "heads/a..b",
        "heads/x.lock",
        "heads/\udcff",
        "heads/\x1b[31m",
        "heads/v1",
        "remotes/origin/main",
    ),
)


def _ref(case: Case) -> None:
    random = case.random
    ids = [
        case.resolve(each)
        for each in ("v1", "v2", "v1^{tree}", f"v1:{'contentgit.json'}", "summer")
    ]
    texts = (
        *ids,
        *ids,
        NOTHING,
        "f" * 40,
        "ref: refs/heads/main",
        "ref: refs/heads/loop",
        "ref: ",
        "x",
        "",
        "\0",
    )
    if random.random() < 0.3:
        case.ref("heads/loop", "ref: refs/heads/loop")
    case.ref(random.choice(_REFS), random.choice(texts))


def _git_file(case: Case) -> None:
    """A file of git's own, which git reads for us and may refuse."""
    random = case.random
    name = random.choice(
        (
            "HEAD",
            "HEAD",
            "packed-refs",
            "packed-refs",
            "index",
            "shallow",
            "MERGE_HEAD",
            "info/attributes",
            "config",
            "commondir",
            "FETCH_HEAD",
            "info/grafts",
            "description",
            "logs/HEAD",
            "info/exclude",
        )
    )
    path = case.git_dir / name
    there = path.read_bytes() if path.exists() else b""
    one = case.resolve("v1").encode()
    heads = (
        b"ref: refs/heads/unborn\n",
        b"ref: refs/tags/v1\n",
        one + b"\n",
        b"ref: x\n",
        b"ref: refs/heads/main",
    )
    match random.randrange(4):
        case 0 if there:
            data = damaged_bytes(random, there)
        case 1 if there:
            data = damaged_lines(random, there)
        case 2 if name == "HEAD":
            data = random.choice(heads)
        case _:
            data = random.choice(
                (b"", one + b"\n", random.choice(PIECES), one + b" " + one + b"\n")
            )
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def _state(case: Case) -> None:
    """The file that keeps a merge under way; damaged as a file of ours may be after a crash."""
    path = case.git_dir / "contentgit/merge.json"
    path.parent.mkdir(exist_ok=True)
    data = (case.folder / "merge.json").read_bytes()
    kind = case.random.choice((damaged_document, damaged_document, damaged_bytes, None, None))
    if path.is_dir():  # damaged for the second time
        path.rmdir()
    if case.random.random() < 0.05:
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        path.write_bytes(kind(case.random, data) if kind else data)


def _plan(case: Case) -> None:
    path = case.folder / "plan.json"
    kind = case.random.choice((damaged_document, damaged_document, damaged_bytes))
    path.write_bytes(kind(case.random, path.read_bytes()))


def _sides(case: Case) -> None:
    """The files that git gives its drivers."""
    for side in ("base", "ours", "theirs"):
        path = case.folder / f"{side}.json"
        if case.random.random() < 0.7:
            kind = case.random.choice((damaged_document, damaged_bytes, damaged_lines))
            path.write_bytes(kind(case.random, path.read_bytes()))


def _worktree(case: Case) -> None:
    """Files of the worktree: edited, gone, in the way, a link."""
    files = sorted(path for path in case.repository.rglob("*.json") if ".git" not in path.parts)
    for _ in range(case.random.choice((1, 3))):
        path = case.random.choice(files)
        if not path.is_file():
            continue
        match case.random.randrange(4):
            case 0:
                path.write_bytes(damaged_document(case.random, path.read_bytes()))
            case 1:
                path.unlink()
            case 2:
                path.unlink()
                path.mkdir()
            case _:
                path.unlink()
                path.symlink_to("nowhere")


KINDS: Final[tuple[Damage, ...]] = (
    *(
        _record,
        _record,
        _record,
        _document,
        _document,
        _tree,
        _tree,
        _commit,
        _commit,
        _commit,
        _tag,
        _ref,
    ),
    *(_git_file, _git_file, _state, _state, _plan, _sides, _worktree, ledger, ledger, row),
)

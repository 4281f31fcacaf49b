"""Measures diff and merge of two branches that changed records of a large dump, next to git's own work.

    python scripts/bench/merge.py                   100,000 records, 1,000 changed on each side, three runs
    python scripts/bench/merge.py 1000000 1000 1

A tenth of what the sides change they change in common, in different fields. In a second repository,
main also renames a field that all records have, so that each of its files differs; the first call there
reads the older side through the lens and keeps what it has read. Then git's drivers, as git calls them,
once for a file. contentgit and git are processes of their own; clock and CPU seconds are medians, CPU
with all children.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import Migration, RenamedField, Standing
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    Schema,
    UniqueSet,
)
from contentgit.git import Repository
from contentgit.history.commits import repository_document
from contentgit.specs import Dataset, ModelSpec

LABEL = "blog.article"
MODEL = ModelSchema(
    LABEL,
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", FieldKind.TEXT),
        FieldSchema("parent", FieldKind.REFERENCE, null=True, target=LABEL),
        FieldSchema("slug", FieldKind.TEXT),
        FieldSchema("title", FieldKind.TEXT),
    ),
    unique=(UniqueSet("slug", ("slug",)),),
)
FIRST = Migration("blog.0001_initial")
RENAME = Migration("blog.0002_text", (FIRST.name,), (RenamedField(LABEL, "body", "text"),))
RENAMED = replace(
    MODEL,
    fields=tuple(
        replace(field, name="text") if field.name == "body" else field for field in MODEL.fields
    ),
)
TEXT = "<p>Our summer bread is made with rye from the valley. It rests for a whole night.</p>\n" * 8
NEW_TEXT = f"{TEXT}<p>New.</p>\n"
PROGRAM = "import sys; from contentgit.cli.start import main; sys.exit(main())"
CONTENTGIT = (sys.executable, "-P", "-c", PROGRAM)


def article(number: int, text: str = "body", /, **fields: str) -> tuple[str, bytes]:
    """Path and bytes of a record of about a kilobyte, whose text is in the field ``text``."""
    key = RecordKey(LABEL, str(number))
    plain = {
        text: TEXT,
        "parent": f"{LABEL}:{number // 10}" if number > 9 else None,
        "slug": f"article-{number}",
        "title": f"Article {number}",
    }
    data = canonical.encode(Record(key, {**plain, **fields}))
    return f"blog/{record_path(key, Layout.INTEGER)}", data


def description(model: ModelSchema, *history: Migration) -> tuple[str, bytes]:
    dataset = Dataset("blog", "", specs=(ModelSpec(LABEL),))
    found = schema_document(dataset, Schema({LABEL: model}), Standing(history))
    return f"blog/{DATASET_FILE}", dump_document(found)


def made(folder: Path, count: int, changes: int, *, renamed: bool) -> None:
    """A repository with the branches main and summer, and their base under the tag base."""
    repository = Repository.init(folder, bare=True)
    every = range(1, count + 1)

    def content() -> Iterator[tuple[str, bytes]]:
        yield REPOSITORY_FILE, repository_document()
        yield description(MODEL, FIRST)
        yield from map(article, every)

    tree = repository.writer.write_tree(None, content())
    base = repository.writer.commit_tree(tree, [], "All\n")
    numbers = random.Random(1).sample(every, 2 * changes - changes // 10)
    ours = set(numbers[:changes])
    if renamed:
        main = [description(RENAMED, FIRST, RENAME)]
        main += [article(n, "text", **({"title": "New"} if n in ours else {})) for n in every]
    else:
        main = [article(n, title="New") for n in ours]
    theirs = [article(n, body=NEW_TEXT) for n in numbers[-changes:]]
    for branch, files in (("main", main), ("summer", theirs)):
        tree = repository.writer.write_tree(base, files)
        tip = repository.writer.commit_tree(tree, [base], "Edits\n")
        repository.refs.move(f"refs/heads/{branch}", tip, None, "bench")
    repository.refs.move("refs/tags/base", base, None, "bench")


def measured(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Clock and CPU seconds of a process that has to succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(ways: Mapping[str, Sequence[str]], folder: Path, runs: int) -> dict[str, float]:
    """Measure each way, from the same commit of main; gives the CPU seconds."""
    tip = subprocess.check_output(["git", "rev-parse", "main"], cwd=folder, text=True).strip()
    found = {}
    for what, words in ways.items():
        costs = []
        for _ in range(runs):
            subprocess.run(["git", "update-ref", "refs/heads/main", tip], cwd=folder, check=True)
            costs.append(measured(words, folder))
        clock, cpu = (median(each) for each in zip(*costs, strict=True))
        first = costs[0][1]
        print(
            f"  {what:28} clock {clock:6.2f} s   CPU {cpu:6.2f} s   first {first:6.2f} s",
            flush=True,
        )
        found[what] = cpu
    return found


def drivers(folder: Path, runs: int) -> None:
    """A record in three files, as git hands them to the drivers, in a worktree with its description."""
    (folder / "blog").mkdir(parents=True)
    path, data = description(MODEL, FIRST)
    (folder / path).write_bytes(data)
    for name, title, slug in (("O", "Old", "old"), ("A", "New", "old"), ("B", "Old", "new")):
        (folder / name).write_bytes(article(1, title=title, slug=slug)[1])
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "Begin"], cwd=folder, check=True)
    path = article(1)[0]
    show(
        {
            "merge driver": [*CONTENTGIT, "merge-driver", "O", "A", "B", path],
            "diff driver": [*CONTENTGIT, "diff-driver", "O"],
        },
        folder,
        runs,
    )


GIT = {
    "git diff, ours": ("git", "diff", "--no-renames", "base", "main"),
    "git diff, theirs": ("git", "diff", "--no-renames", "base", "summer"),
    "git merge-tree": ("git", "merge-tree", "--write-tree", "main", "summer"),
}
OWN = {
    "contentgit --help": (*CONTENTGIT, "--help"),
    "contentgit diff base main": (*CONTENTGIT, "diff", "base", "main", "--stat"),
    "contentgit diff summer main": (*CONTENTGIT, "diff", "summer", "main", "--stat"),
    "contentgit merge": (*CONTENTGIT, "merge", "summer"),
}


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    count, changes, runs = (*given, *(100_000, 1_000, 3)[len(given) :])
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "Bench", f"GIT_{role}_EMAIL": "bench@example.com"}
    code = Path(__file__).resolve().parent.parent.parent
    os.environ["PYTHONPATH"] = str(code)
    # Else each call would compile what it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-m", "compileall", "-q", code / "contentgit"], check=True)
    print(f"{count:,} records, {changes:,} changed on each side")
    with tempfile.TemporaryDirectory() as name:
        plain, renamed = Path(name, "plain.git"), Path(name, "renamed.git")
        made(plain, count, changes, renamed=False)
        cpu = show({**GIT, **OWN}, plain, runs)
        times = cpu["contentgit merge"] / sum(cpu[way] for way in GIT)
        print(f"  merge takes {times:.1f} times what git's three take; the target is 2 at most")
        made(renamed, count, changes, renamed=True)
        print("a field renamed on main")
        show(OWN, renamed, runs)
        print("git's drivers")
        drivers(Path(name, "drivers"), runs)


if __name__ == "__main__":
    main()

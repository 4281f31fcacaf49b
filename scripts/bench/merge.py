"""Measures a merge of two branches that changed records of a large dump, next to git's own work.

    python scripts/bench/merge.py                   100,000 records, 1,000 changed on each side, three runs
    python scripts/bench/merge.py 1000000 1000 1

Both sides change 100 records in common, in different fields, and the others each for itself. contentgit
and git are processes of their own; wall and CPU seconds are medians, CPU with all children.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
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
from contentgit.specs import Dataset, ModelSpec

LABEL = "blog.article"
COMMON = 100
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
TEXT = "<p>Our summer bread is made with rye from the valley. It rests for a whole night.</p>\n" * 8


def article(number: int, **fields: str) -> tuple[str, bytes]:
    """Path and bytes of a record of about a kilobyte."""
    key = RecordKey(LABEL, str(number))
    plain = {
        "body": TEXT,
        "parent": f"{LABEL}:{number // 10}" if number > 9 else None,
        "slug": f"article-{number}",
        "title": f"Article {number}",
    }
    record = Record(key, {**plain, **fields})
    return f"blog/{record_path(key, Layout.INTEGER)}", canonical.encode(record)


def made(folder: Path, count: int, changes: int) -> None:
    """A repository with the branches main and summer."""
    repository = Repository.init(folder, bare=True)
    dataset = Dataset("blog", "", specs=(ModelSpec(LABEL),))

    def content() -> Iterator[tuple[str, bytes]]:
        yield REPOSITORY_FILE, dump_document({"format": 1})
        yield (
            f"blog/{DATASET_FILE}",
            dump_document(schema_document(dataset, Schema({LABEL: MODEL}))),
        )
        yield from (article(number) for number in range(1, count + 1))

    base = repository.writer.write_tree(None, content())
    commit = repository.writer.commit_tree(base, [], "All\n")
    numbers = random.Random(1).sample(range(1, count + 1), 2 * changes - COMMON)
    sides = {"main": numbers[:changes], "summer": numbers[-changes:]}
    for branch, chosen in sides.items():
        new = {"title": "New"} if branch == "main" else {"body": TEXT + "<p>New.</p>\n"}
        tree = repository.writer.write_tree(commit, [article(number, **new) for number in chosen])
        repository.refs.move(
            f"refs/heads/{branch}",
            repository.writer.commit_tree(tree, [commit], "Edits\n"),
            None,
            "bench",
        )


def measured(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a process that has to succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    count, changes, runs = (
        int(each) for each in (*sys.argv[1:], *(100_000, 1_000, 3)[len(sys.argv) - 1 :])
    )
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "Bench", f"GIT_{role}_EMAIL": "bench@example.com"}
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent.parent)
    program = [
        sys.executable,
        "-c",
        "import sys; from contentgit.cli.main import main; sys.exit(main())",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "content.git")
        made(folder, count, changes)
        tip, base = (
            subprocess.check_output(["git", *words], cwd=folder, text=True).strip()
            for words in (["rev-parse", "main"], ["merge-base", "main", "summer"])
        )
        diff = ["git", "diff-tree", "-r", base]
        ways = {
            "contentgit --help": [*program, "--help"],
            "git diff-tree -r, ours": [*diff, "main"],
            "git diff-tree -r, theirs": [*diff, "summer"],
            "git diff --no-renames, ours": ["git", "diff", "--no-renames", base, "main"],
            "git diff --no-renames, theirs": ["git", "diff", "--no-renames", base, "summer"],
            "git merge-tree --write-tree": ["git", "merge-tree", "--write-tree", "main", "summer"],
            "contentgit merge": [*program, "merge", "summer"],
        }
        print(f"{count:,} records, {changes:,} changed on each side, {COMMON} of them on both")
        for what, words in ways.items():
            costs = []
            for _ in range(runs):
                subprocess.run(
                    ["git", "update-ref", "refs/heads/main", tip], cwd=folder, check=True
                )
                costs.append(measured(words, folder))
            wall, cpu = (median(each) for each in zip(*costs, strict=True))
            print(f"  {what:28} wall {wall:6.2f} s   CPU {cpu:6.2f} s", flush=True)


if __name__ == "__main__":
    main()

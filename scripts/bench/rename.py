"""Measures diff and merge across a renamed field, next to the same without a rename.

    python scripts/bench/rename.py                  100,000 records, 1,000 changed on each side, three runs
    python scripts/bench/rename.py 10000 100 1

In both repositories, main and summer change records of one commit. In one of them, main also renames a field
that all records have, so that each of its files differs. The first call reads the older side through the
lens and keeps what it has read. CPU seconds with all children are medians.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))

from merge import LABEL, MODEL, TEXT, article, measured

from contentgit.content import canonical
from contentgit.content.canonical import dump_document
from contentgit.content.description import schema_document
from contentgit.content.evolution import Migration, RenamedField, Standing
from contentgit.content.layout import DATASET_FILE, REPOSITORY_FILE
from contentgit.content.records import Record
from contentgit.content.schema import Schema
from contentgit.git import Repository
from contentgit.history.commits import repository_document
from contentgit.specs import Dataset, ModelSpec

BEGUN = Migration("blog.0001_initial")
RENAME = Migration("blog.0002_text", (BEGUN.name,), (RenamedField(LABEL, "body", "text"),))
RENAMED = replace(
    MODEL,
    fields=tuple(
        replace(field, name="text") if field.name == "body" else field for field in MODEL.fields
    ),
)


def with_text(path: str, data: bytes) -> tuple[str, bytes]:
    """The record as main has it after the rename."""
    record = canonical.decode(data)
    fields = {"text" if name == "body" else name: each for name, each in record.fields.items()}
    return path, canonical.encode(Record(record.key, fields))


def made(folder: Path, count: int, changes: int, *, renamed: bool) -> None:
    """A repository with the branches main and summer, and their base under the tag base."""
    repository = Repository.init(folder, bare=True)
    dataset = Dataset("blog", "", specs=(ModelSpec(LABEL),))

    def description(model: object, *history: Migration) -> tuple[str, bytes]:
        found = schema_document(dataset, Schema({LABEL: model}), Standing(history))  # type: ignore[dict-item]
        return f"blog/{DATASET_FILE}", dump_document(found)

    def content() -> Iterator[tuple[str, bytes]]:
        yield REPOSITORY_FILE, repository_document()
        yield description(MODEL, BEGUN)
        yield from (article(number) for number in range(1, count + 1))

    tree = repository.writer.write_tree(None, content())
    base = repository.writer.commit_tree(tree, [], "All\n")
    numbers = random.Random(1).sample(range(1, count + 1), 2 * changes - changes // 10)
    ours = {number: article(number, title="New") for number in numbers[:changes]}
    theirs = [article(number, body=f"{TEXT}<p>New.</p>\n") for number in numbers[-changes:]]
    if renamed:
        every = (ours.get(number, article(number)) for number in range(1, count + 1))
        main = [description(RENAMED, BEGUN, RENAME), *(with_text(*each) for each in every)]
    else:
        main = list(ours.values())
    for branch, files in (("main", main), ("summer", theirs)):
        tip = repository.writer.commit_tree(
            repository.writer.write_tree(base, files), [base], "Edits\n"
        )
        repository.refs.move(f"refs/heads/{branch}", tip, None, "bench")
    repository.refs.move("refs/tags/base", base, None, "bench")


def main() -> None:
    count, changes, runs = (
        int(each) for each in (*sys.argv[1:], *(100_000, 1_000, 3)[len(sys.argv) - 1 :])
    )
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "Bench", f"GIT_{role}_EMAIL": "bench@example.com"}
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent.parent)
    start = "import sys; from contentgit.cli.main import main; sys.exit(main())"
    program = [sys.executable, "-c", start]
    ways = {
        "diff base main": [*program, "diff", "base", "main", "--stat"],
        "diff summer main": [*program, "diff", "summer", "main", "--stat"],
        "merge summer": [*program, "merge", "summer"],
    }
    print(f"{count:,} records, {changes:,} changed on each side")
    with tempfile.TemporaryDirectory() as name:
        for renamed in (False, True):
            folder = Path(name, f"{renamed}.git")
            made(folder, count, changes, renamed=renamed)
            tip = subprocess.check_output(["git", "rev-parse", "main"], cwd=folder, text=True)
            for what, words in ways.items():
                costs = []
                for _ in range(runs + renamed):
                    update = ["git", "update-ref", "refs/heads/main", tip.strip()]
                    subprocess.run(update, cwd=folder, check=True)
                    costs.append(measured(words, folder)[1])
                first = f"   first {costs.pop(0):6.2f} s" if renamed else ""
                label = f"{what}, field renamed" if renamed else what
                print(f"  {label:36} CPU {median(costs):6.2f} s{first}", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""What an upgrade and the process that works on its scratch database give each other: files and lines.

All files are in one temporary folder. The lines are JSON, in the process's standard output.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from contentgit.startup import ScratchDatabase


class Job(NamedTuple):
    """What the process is to do: bring ``dumps``, names by folder, from the migrations ``leaves`` to today's.

    ``apps`` are those of the dumps' models in today's code, and those that it did not have at that time.
    ``older`` are the commit's labels by today's.
    """

    database: ScratchDatabase
    leaves: tuple[str, ...]
    dumps: Mapping[str, str]
    apps: tuple[str, ...]
    older: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Puts the job into the folder."""
        (folder / "job.json").write_text(json.dumps(self._asdict()), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Job:
        """The job in the folder."""
        found = json.loads((folder / "job.json").read_text("utf-8"))
        database = ScratchDatabase(*found.pop("database"))
        leaves, apps = tuple(found["leaves"]), tuple(found["apps"])
        return cls(database, leaves, found["dumps"], apps, found["older"])


@dataclass(frozen=True)
class Report:
    """What the process did: the migrations that it ran, and how many rows and which notes there were."""

    migrations: Sequence[str]
    records: int
    notes: Sequence[str]

    def as_data(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def before(folder: Path, dump: str) -> Path:
    """The file with the records of a dump's folder as the commit has them."""
    return folder / f"before-{dump}"


def document(folder: Path, dump: str) -> Path:
    """The file with ``dataset.json`` of a dump's folder as the commit has it."""
    return folder / f"document-{dump}.json"


def after(folder: Path, dump: str) -> Path:
    """The file with the records of a dump's folder as today's code has them."""
    return folder / f"after-{dump}"


def write_files(path: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Writes files of a dump, each after a line with its size and path; how many they are."""
    count = 0
    with path.open("xb") as out:
        for name, data in files:
            out.write(b"%d %s\n%s" % (len(data), name.encode(), data))
            count += 1
    return count


def read_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files that :func:`write_files` has written, streamed."""
    with path.open("rb") as file:
        for line in file:
            size, _, name = line.rstrip(b"\n").partition(b" ")
            yield name.decode(), file.read(int(size))

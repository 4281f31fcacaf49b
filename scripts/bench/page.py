"""The measured part of docs/performance.md, between two markers, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from picture import drawn
from results import Result
from tables import by_database, steps_table, targets_table

BEGIN, END = "<!-- measured: written by scripts/bench --write -->\n", "<!-- end of measured -->\n"
PICTURE = "performance.svg"


def write(folder: Path, results: Sequence[Result]) -> None:
    """Renew what is between the markers of ``performance.md``, and the picture beside it."""
    page = folder / "performance.md"
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} has no part between {BEGIN.strip()} and {END.strip()}")
    page.write_text(f"{before}{begin}{measured(results)}{end}{after}")
    (folder / PICTURE).write_text(drawn(list(by_database(results))))


def measured(results: Sequence[Result]) -> str:
    alt = "CPU seconds of each step by number of rows, a panel for each database"
    parts = [f"![{alt}]({PICTURE})", console(results), surroundings(results)]
    for name, own in by_database(results):
        parts += [f"### {name}", targets_table(own)]
        for result in own:
            versions = f"{result.rows:,} rows; contentgit {result.code}, {result.versions}:"
            parts += [versions, steps_table(result)]
    return "".join(f"\n{part}\n" for part in parts) + "\n"


def console(results: Sequence[Result]) -> str:
    lines = "\n".join(f"$ {result.command}" for result in results)
    return f"```console\n{lines}\n```"


def surroundings(results: Sequence[Result]) -> str:
    machines = "; ".join(dict.fromkeys(result.machine for result in results))
    others = [result.others for result in results if result.others >= 0]
    busy = (
        f" Meanwhile other processes, database servers among them, used up to\n"
        f"{max(others):.1f} cores on average."
        if others
        else ""
    )
    return (
        f"{machines}.{busy} So trust the relations between the rows more than the seconds,\n"
        "and CPU time more than the clock. A server counts on the clock and not in the CPU seconds."
    )

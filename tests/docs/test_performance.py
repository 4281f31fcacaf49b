"""``scripts/bench`` measures each step, and writes ``docs/performance.md`` and its picture."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import ROOT

STEPS = [
    *("start", "raw read", "raw write", "dumpdata", "loaddata", "first commit", "status"),
    *("plan of a first apply", "first apply", "commit of 10 changed", "apply of 10 changed"),
    *("update of 10 changed", "track", "tracked: status", "tracked: commit", "tracked: apply"),
]
PAGE = """# Page

Before.

<!-- measured: written by scripts/bench --write -->
Stale.
<!-- end of measured -->

After.
"""
needs_checkout = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")


def bench(*words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "scripts/bench", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cells(text: str) -> list[list[str]]:
    """The rows of all tables in ``text``, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def costs(seconds: float, memory: float = 50) -> list[dict[str, float]]:
    return [{"cpu": seconds, "clock": 2 * seconds, "memory": memory}]


def result(rows: int, today: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "database": "postgresql",
        "rows": rows,
        "command": f"python scripts/bench --rows {rows}",
        "machine": "a machine",
        "versions": "some versions",
        "others": 0.5,
        "code": "abc",
        "against": "",
        "today": today,
        "earlier": {},
        **others,
    }


@needs_checkout
def test_a_small_blog_goes_through_every_step(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text(PAGE)
    results = tmp_path / "results.json"
    out = bench("--rows", "200", "--runs", "1", "--results", results, "--write", tmp_path)
    assert [row[0] for row in cells(out)[: len(STEPS)]] == STEPS
    (found,) = json.loads(results.read_text())
    assert list(found["today"]) == STEPS
    assert all(cost["memory"] > 10 for (cost,) in found["today"].values())
    page = (tmp_path / "performance.md").read_text()
    assert page.startswith("# Page\n\nBefore.\n")
    assert page.endswith("\nAfter.\n")
    assert "Stale" not in page
    assert cells(page)[-len(STEPS) :] == cells(out)[: len(STEPS)]


@needs_checkout
def test_an_earlier_commit_takes_its_turn(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    steps = "raw read,first commit,status"
    words = ("--rows", "200", "--runs", "1", "--against", "HEAD", "--only", steps)
    out = bench(*words, "--results", results)
    (found,) = json.loads(results.read_text())
    runs = {name: len(costs) for name, costs in found["earlier"].items()}
    assert runs == {"first commit": 1, "status": 1}
    raw, _commit, status = cells(out)[:3]
    assert raw[5:] == [""] * 5
    assert all(status)


def test_the_targets_are_judged_by_the_gathered_results(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text(PAGE)
    results = tmp_path / "results.json"
    small = {"first commit": costs(1), "dumpdata": costs(4.9), "update of 10 changed": costs(1)}
    large = {
        "first commit": costs(10, 301),
        "dumpdata": costs(50),
        "update of 10 changed": costs(1.3),
    }
    earlier = {"update of 10 changed": costs(26)}
    gathered = [result(1000, small), result(10_000, large, against="old", earlier=earlier)]
    results.write_text(json.dumps(gathered))
    out = bench("--runs", "0", "--results", results, "--write", tmp_path)
    assert cells(out) == [
        ["first commit", "dumpdata", "5 times faster", "4.90 **not met**", "5.00 met"],
        ["update of 10 changed", "the earlier commit", "20 times faster", "", "20.0 met"],
        [
            *("update of 10 changed", "a tenth of the rows", "1.2 times its cost at most"),
            *("", "1.30 **not met**"),
        ],
        ["peak memory", "", "300 MB at most", "50 met", "301 **not met**"],
    ]
    picture = ET.parse(tmp_path / "performance.svg")
    named = [title.text for title in picture.iterfind(".//{*}polyline/{*}title")]
    assert sorted(named) == sorted(small)


def test_the_page_names_the_picture_that_is_beside_it() -> None:
    page = (ROOT / "docs/performance.md").read_text()
    (name,) = re.findall(r"!\[.*\]\((.*\.svg)\)", page)
    assert ET.parse(ROOT / "docs" / name).getroot().tag.endswith("svg")


@needs_checkout
def test_a_short_history_is_measured_before_and_after() -> None:
    words = ("--rows", "200", "--commits", "3", "--runs", "1")
    done = subprocess.run(
        [sys.executable, "scripts/bench/history.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    rows = cells(done.stdout)
    names = ["commit", "status", "plan", "log", "clone", "clone after gc"]
    assert [row[0] for row in rows] == names, done.stderr
    for name, before, after, times, met in rows:
        assert float(times) == pytest.approx(float(after) / float(before), rel=0.2)
        assert bool(met) == (not name.startswith("clone"))
    assert done.returncode == ("**not met**" in done.stdout)
    assert re.search(r"^\d+\.\d kB of the repository for each commit$", done.stdout, re.MULTILINE)


@needs_checkout
def test_writes_are_measured_untracked_and_tracked() -> None:
    words = ("--rows", "200", "--remarks", "20", "--saves", "5", "--runs", "2")
    done = subprocess.run(
        [sys.executable, "scripts/bench/writes.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.strip("|").split("|") for line in done.stdout.splitlines() if line[:2] == "| "]
    assert [row[0].strip() for row in rows[2:]] == [
        "bulk_create of 20 remarks",
        "one UPDATE of 60 stories",
        "save of 5 stories",
        "delete of 20 remarks",
    ]
    assert all(float(seconds) >= 0 for row in rows[2:] for seconds in row[1:])
    # A saved story is a row of two tables.
    changes = 20 + 60 + 2 * 5 + 20
    assert re.search(rf"^`contentgit_change`: {changes} rows, \d+ kB$", done.stdout, re.MULTILINE)

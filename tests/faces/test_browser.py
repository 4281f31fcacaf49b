"""The HTML report in a real browser: hostile content runs nothing and fetches nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from contentgit.render.html import html
from tests.conftest import browser
from tests.reviewing import Snapshot, entries, review

OWNED = "document.title='owned'"
HOSTILE = [
    f"<script>{OWNED}</script>",
    f'"><img src=x onerror="{OWNED}">',
    f"</title></style></details><svg onload={OWNED}>",
    f'<a href="javascript:{OWNED}">&lt;script&gt;',
    "<meta http-equiv=refresh content=0;url=data:text/html,owned>",
]


def test_nothing_runs_in_a_browser(tmp_path: Path) -> None:
    program = browser()
    assert program, "no chromium: apt-get install chromium"
    before: Snapshot = {
        f"shop.product:{n}": {"name": text, "photo": text, text: text}
        for n, text in enumerate(HOSTILE)
    }
    after: Snapshot = {key: {**fields, "name": "Calm"} for key, fields in before.items()}
    after.pop("shop.product:0")
    page = tmp_path / "report.html"
    pictured = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    made = html(review(before, after), entries(before, after), picture=lambda _name: pictured)
    page.write_text("".join(made), encoding="utf-8")
    words = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]
    done = subprocess.run(
        [program, *words, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "<title>5 records change in 1 model: 4 updated, 1 deleted.</title>" in done.stdout
    assert "&lt;script&gt;document.title" in done.stdout
    assert "<script" not in done.stdout
    assert "<svg" not in done.stdout
    assert "onerror" in done.stdout  # as words
    assert 'src="x"' not in done.stdout

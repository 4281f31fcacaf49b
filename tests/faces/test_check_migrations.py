"""``check`` beside code that stands elsewhere than the tree."""

from __future__ import annotations

import json
from pathlib import Path

from tests.evolving import Project
from tests.faces.test_records_followed import ARTICLE, INITIAL, PAGE, RENAMES, specs


def findings(project: Project, revision: str, *words: str) -> list[tuple[str, str, str]]:
    done = project.manage("contentgit", "check", revision, "--json", *words)
    found = json.loads(done.stdout)["findings"]
    return [(each["level"], each["rule"], each["message"]) for each in found]


def test_one_finding_names_the_migrations_between_a_tree_and_the_code(tmp_path: Path) -> None:
    made = Project(tmp_path / "project")
    made.code(PAGE, [INITIAL], specs("page"))
    made.migrate()
    made.sql("INSERT INTO site1_page (id, title, body) VALUES (1, 'Rye', 'Bread')")
    made.ok("init")
    made.ok("commit", "-m", "Written")
    assert findings(made, "HEAD") == []
    article = ARTICLE + "        rank = models.IntegerField(default=0)\n"
    rank = 'm.AddField("Article", "rank", f.IntegerField(default=0))'
    made.code(article, [INITIAL, RENAMES, rank], specs("article"))
    made.migrate()
    ahead = "the code has migrations that the tree does not record: site1.m1, site1.m2"
    assert findings(made, "HEAD") == [("note", "code-ahead", ahead)]
    made.ok("commit", "-m", "Renamed")
    assert findings(made, "HEAD") == []
    assert findings(made, "HEAD~1") == [("note", "code-ahead", ahead)]
    made.code(PAGE, [INITIAL], specs("page"))
    behind = "the code lacks migrations that the tree records: site1.m1, site1.m2"
    assert findings(made, "HEAD") == [("warning", "code-behind", behind)]
    assert findings(made, "HEAD~1") == []
    assert findings(made, "HEAD", "--no-code") == []

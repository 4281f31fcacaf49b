"""Measures a row with long text and one with a large JSON value on their way through the verbs.

    python scripts/bench/large.py                       50 MB of sentences, 20 MB of JSON, on SQLite
    python scripts/bench/large.py --text 5 --json 2 --rows 100
    python scripts/bench/large.py --database postgresql

`--rows` cuts each into so many rows of that size in all; an edit is one of every row. `--text 0` and
`--json 0` leave one of both out. Everything else is as in scripts/bench.
"""

from __future__ import annotations

import argparse

from measuring import measured
from processes import DATABASES, one_site
from steps import APPLY, CHECKOUT, CONTENTGIT, TO_OTHER, Step
from tables import costs_table

STEPS = (
    Step("start", ("manage.py", "check")),
    Step("raw read", ("work.py", "read")),
    Step("commit", (*CONTENTGIT, "commit", "-m", "All")),
    Step("check", (*CONTENTGIT, "check", "--no-code")),
    Step("plan of a first checkout", CHECKOUT),
    Step("first checkout", APPLY),
    Step("status of an edit", (*CONTENTGIT, "status"), "extend 0"),
    Step("diff", (*CONTENTGIT, "diff")),
    Step("diff --format html", (*CONTENTGIT, "diff", "--format", "html")),
    Step("commit of an edit", (*CONTENTGIT, "commit", "-m", "Edit")),
    Step("show", (*CONTENTGIT, "show")),
    Step("log -p", (*CONTENTGIT, "log", "-p")),
    Step("checkout of an edit", APPLY),
    Step(
        "update of both edits",
        (*CONTENTGIT, "update", "--yes", *TO_OTHER),
        "extend 0 + commit + extend 1",
    ),
    Step("undo", (*CONTENTGIT, "undo", "--yes", *TO_OTHER)),
    Step(
        "commit to a branch", (*CONTENTGIT, "commit", "--branch", "draft", "-m", "Draft", *TO_OTHER)
    ),
    Step("merge of both edits", (*CONTENTGIT, "merge", "draft")),
    Step("check of the merge", (*CONTENTGIT, "check", "--no-code", "HEAD~3..HEAD")),
)


def main() -> None:
    options = parsed()
    for name, text, json in (("long text", options.text, 0), ("large JSON", 0, options.json)):
        if not text and not json:
            continue
        with one_site(options.database) as site:
            print(
                f"{name}: {text or json} MB in {options.rows} rows on {options.database}",
                flush=True,
            )
            site.work("make", "0")
            site.work("large", str(options.rows), str(text), str(json))
            print(costs_table(measured([site], STEPS, 1)[0]))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=int, default=50, metavar="MB")
    parser.add_argument("--json", type=int, default=20, metavar="MB")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    main()

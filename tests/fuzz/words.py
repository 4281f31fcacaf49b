"""The words of calls, made of what the parser knows: its verbs, options and names of values."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, Final

NOT_CALLED: Final = {
    "init": "makes a repository",
    "demo": "builds a site of its own",
    "push": "only sends",
    "fetch": "reads another repository, which git checks",
    "pull": "is fetch and merge",
    "upgrade": "runs all migrations of the site, which takes long",
}
"""Verbs that read nothing of the repository at hand, and why."""

USUAL: Final[dict[str, tuple[str, ...]]] = {
    "datasets": ("", "shop --json"),
    "commit": ("-m Why", "shop -m Why", "-m Why --branch new", "--dry-run --json"),
    "status": ("", "--json", "--all-databases", "--exit-code", "--full"),
    "track": ("", "shop --json"),
    "untrack": ("", "--json"),
    "diff": (
        *(
            "",
            "REV",
            "v1 REV",
            "REV v1",
            "main...REV",
            "v1 REV --json",
            "v1 REV --format=html",
            "REV --stat",
        ),
        *("v1 REV --format=markdown", "REV --json", "REV summer --full", "REV --format=html"),
    ),
    "log": (
        "REV",
        "REV -p",
        "--oneline REV",
        "REV --json",
        "-p --json REV",
        "bakery.product:42",
        "--applied",
        "--applied --json",
    ),
    "show": (
        "REV",
        "REV --stat",
        "REV --json",
        "REV -- bakery.product:42",
        "REV --json -- bakery.product:42",
    ),
    "blame": (
        "bakery.product:42 --rev=REV",
        "bakery.product:42 --json",
        "bakery.category:2 --rev=REV",
    ),
    "identity": (
        "show bakery.product:42",
        "show bakery.product:42 --pk --json",
        "adopt REV",
        "adopt REV --json --all",
    ),
    "branch": ("", "--json", "--show-current", "new REV", "-d summer"),
    "tag": ("", "--json", "new REV", "-l 'v*'", "-d v2", "v7 REV -m Why"),
    "checkout": (
        *(
            "REV",
            "REV --json",
            "REV --apply --yes",
            "REV --apply --yes --force",
            "REV --apply --yes --merge",
        ),
        *(
            "REV --apply --yes --force --ignore-unknown-fields --allow-cascade --allow-empty",
            "-b new",
        ),
        *(
            "--apply --yes --plan={folder}/plan.json",
            "REV --apply --yes --database=other",
            "REV shop --apply --yes",
        ),
        *("REV --apply --yes --merge --take=theirs", "REV --full --merge --renumber"),
    ),
    "update": (
        "--yes",
        "--dry-run",
        "--yes --take=ours",
        "--dry-run --json",
        "--yes --renumber",
    ),
    "undo": ("--yes", "--dry-run", "--dry-run --json", "shop --yes"),
    "merge": (
        "REV",
        "REV --take=theirs",
        "REV --record",
        "REV --json",
        "--continue",
        "--abort",
        "--no-commit REV",
    ),
    "conflicts": ("", "--json", "REV", "REV --json"),
    "resolve": (
        *(
            "--all --take=theirs",
            "--all --take=base",
            "bakery.product:42 --take=ours",
            "--recorded",
            "--all --renumber",
            "--all --renumber=ours",
        ),
        *("bakery.product:42/name --value='\"x\"'", "--all --take=delete"),
    ),
    "revert": (
        "REV",
        "REV -n",
        "REV -- bakery.product:42",
        "--continue",
        "--abort",
        "REV --mainline=1",
    ),
    "cherry-pick": (
        "REV",
        "REV -x",
        "REV --with-dependencies -- bakery.product:42",
        "--continue",
        "--abort",
    ),
    "restore": (
        "bakery.product:42 --from=REV",
        "bakery.product:42/name --from=REV",
        "--continue",
        "--abort",
    ),
    "check": (
        "REV",
        "REV --no-code",
        "v1..REV --merges",
        "--merges",
        "--fix",
        "REV --format=sarif",
        "REV --json",
        "--format=github",
    ),
    "files": ("", "--json", "--prune", "--prune --dry-run"),
    "gc": ("", "--dry-run", "--dry-run --json", "--older-than=0"),
    "setup-git": ("", "--check", "--remove", "--check --json"),
    "merge-driver": (
        *(
            f"{{folder}}/base.json {{folder}}/ours.json {{folder}}/theirs.json {path}"
            for path in ("shop/bakery.product/0/0/42.json", "x")
        ),
        "--base {folder}/base.json {folder}/ours.json {folder}/theirs.json shop/bakery.product/0/0/42.json",
    ),
    "diff-driver": ("{folder}/ours.json", "{folder}/theirs.json"),
}
"""Calls that people make; REV is a revision, most often of what was damaged."""

REVISIONS = (
    *(
        "HEAD",
        "main",
        "main",
        "summer",
        "hostile",
        "recorded",
        "recorded",
        "v1",
        "v2",
        "v3",
        "main~1",
        "HEAD^",
        "a/b",
    ),
    *(
        "main^{tree}",
        "main..summer",
        "v1...main",
        "hostile~1",
        "nosuch",
        "0" * 40,
        "",
        "-x",
        "@{1}",
        ":/x",
        "main:shop",
    ),
)
DUMPS = ("shop", "hours", "pages", "categories:bread", "nosuch", "shop:1", "", "../x", ".conflicts")
RECORDS = (
    *(
        "bakery.product:42",
        "bakery.product:42",
        "bakery.tag:3",
        "bakery.product:999",
        "bakery.nosuch:1",
        "x.y:%ff",
    ),
    *("bakery.newspage:5", "bakery.category:1", "a.b:", "bakery.product:42/name", "auth.user:1"),
)
LABELS = (
    "bakery.product:42/name",
    "bakery.product:*",
    "bakery.product:42",
    "*",
    "nosuch",
    "[",
    "bakery.tag:3",
)

VALUES: Final[dict[str, tuple[str, ...]]] = {
    "REV": REVISIONS,
    "START": REVISIONS,
    "DUMP": DUMPS,
    "RECORD": RECORDS,
    "DUMP|RECORD": (*DUMPS, *RECORDS),
    "LABEL": LABELS,
    "WORD": (*REVISIONS, *DUMPS, *RECORDS),
    "MODEL=FIELD,FIELD": ("bakery.tag=slug", "bakery.tag=pk,name", "bakery.tag", "x.y=z", "="),
    "ours|theirs": ("ours", "theirs", "base", "bakery.product:42"),
    "NAME": ("new", "v1", "v*", "a/b", "-x", "a b", "\udcff", ""),
    "NEW": ("new", "main", "a..b", "x/y"),
    "BRANCH": ("summer", "hostile", "recorded", "main", "nosuch"),
    "N": ("0", "1", "2", "1000000000000"),
    "N|N%": ("0", "1", "50%"),
    "N|github|gitlab": ("0", "8000", "github"),
    "SECONDS": ("0",),
    "DAYS": ("0", "1", "90", "99999999999999999999", "-1", "x"),
    "TEXT": ("Why", "", "\udcff", "a\0b"),
    "'NAME <EMAIL>'": ("A <a@b>", "A", "<>"),
    "JSON": ('"x"', "1", "{", "[" * 3000, '"\\ud800"', "1e999"),
    "MODEL": ("auth.user", "bakery.*", "x"),
    "ALIAS": ("default", "other", "nosuch"),
    "FOLDER": ("{folder}", "/nosuch"),
    "FILE": ("{folder}/plan.json", "{folder}/ours.json", "/nosuch", "{folder}"),
    "BASE": ("{folder}/base.json", "/dev/null"),
    "OURS": ("{folder}/ours.json",),
    "THEIRS": ("{folder}/theirs.json",),
    "PATH": (
        "shop/bakery.product/0/0/42.json",
        "shop/dataset.json",
        "contentgit.json",
        "x/y",
        "a/b.c/\udcff.json",
    ),
}
"""Values of options and positional words by the name that the help shows for them."""

LEFT_OUT = {
    "help",
    "repository",
    "settings",
    "pythonpath",
    "edit",
    "wait",
    "output",
    "plan_out",
    "media",
}
"""Options that say where things are, wait, ask, or write elsewhere."""


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    from contentgit.cli.parser import build_parser

    (verbs,) = (
        each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction)
    )
    return dict(verbs.choices)


def verbs() -> list[str]:
    """Every verb that reads a repository, a database or a file."""
    return [name for name in parsers() if name not in NOT_CALLED]


def call(random: Random, folder: str, damaged: Sequence[str]) -> list[str]:
    """A call of any verb on the site in ``folder``; ``damaged`` are revisions that it best looks at."""
    from contentgit.cli.parser import VERBS

    verb = random.choice(verbs())
    own = ["--repository={folder}/content"] if VERBS[verb].repository else []
    if random.random() < 0.75:
        words = shlex.split(random.choice(USUAL[verb]))
        behind = words.index("--") if "--" in words else len(words)
        words[behind:behind] = own
    else:
        words = [*own, *_any_words(random, verb)]
    wanted = random.choice(
        [*damaged, *damaged, *damaged, "main", "HEAD", "summer", "recorded", "v2"]
    )
    words = [word.replace("REV", wanted).replace("{folder}", folder) for word in words]
    return [verb, *words]


def _any_words(random: Random, verb: str) -> Iterator[str]:
    """Options and words that the verb's parser takes."""
    from contentgit.cli.parser import VERBS

    parser = parsers()[verb]
    for each in _options(random, parser):
        yield from each
    if "--no-input" in parser._option_string_actions:
        yield "--no-input"
    yield from _positional(random, parser)
    if VERBS[verb].names and random.random() < 0.3:
        yield from ["--", *random.choices((*DUMPS, *RECORDS), k=random.choice((1, 1, 2)))]


def _options(random: Random, parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    """Some of the verb's options, at most one of those that exclude each other."""
    groups = [group._group_actions for group in parser._mutually_exclusive_groups]
    taken: list[int] = []
    for action in parser._actions:
        if not action.option_strings or action.dest in LEFT_OUT or random.random() > 0.2:
            continue
        own = [place for place, group in enumerate(groups) if action in group]
        if set(own) & set(taken):
            continue
        taken += own
        yield _option(random, action)


def _option(random: Random, action: argparse.Action) -> list[str]:
    name = action.option_strings[-1]
    if action.nargs == 0:
        return [name]
    return (
        [f"{name}={_value(random, action)}"]
        if name.startswith("--")
        else [name, _value(random, action)]
    )


def _value(random: Random, action: argparse.Action) -> str:
    if action.choices:
        return str(random.choice([*action.choices]))
    return random.choice(VALUES[str(action.metavar)])


def _positional(random: Random, parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.option_strings:
            continue
        counts: dict[Any, tuple[int, ...]] = {"?": (0, 1, 1, 1), "*": (0, 1, 1, 2)}
        wanted = random.choice(counts.get(action.nargs, (1,)))
        if not wanted and action.nargs == "?":
            return  # what stands behind it would be taken for it
        for _ in range(wanted):
            yield _value(random, action)

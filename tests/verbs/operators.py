"""Two operators who apply different commits all the time, and an editor who goes on saving."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import DatabaseError, transaction

from tests.bakery.content import fill
from tests.bakery.models import Category, Product, Tag

ROOT = Path(__file__).parents[2]

OPERATOR = """
import contextlib, io, json, sys
import django
django.setup()
from contentgit.cli.main import main
repository, using, seconds, *revisions = sys.argv[1:]
import time
end, turn = time.monotonic() + float(seconds), 0
while time.monotonic() < end:
    turn += 1
    words = ["checkout", f"--repository={repository}", revisions[turn % len(revisions)], "--apply",
             "--yes", f"--database={using}", "--wait=30"]
    if turn % 3:
        words.append("--force")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""

REFUSALS = (
    "edited in this database would be overwritten",
    "was edited while the apply was about to write it",
    "was changed or deleted while the apply was about to write it",
    "somebody else",
    "another apply holds",
    "another process is writing",
    "waited",
)


@dataclass
class Told:
    """What came of it: calls by exit code, refusals by reason, and the editor's words."""

    codes: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    refused: int = 0

    def add(self, code: int, err: str) -> None:
        self.codes[code] += 1
        if code:
            reason = next((each for each in REFUSALS if each in err.splitlines()[0]), "")
            self.reasons[reason] += 1
            if code != 3 or not reason:
                self.unexplained.append(err)


def prepare(ok: Callable[..., object]) -> None:
    """A repository with two branches, one of which ``other`` is at and the other ``default``."""
    fill()
    ok("init")
    ok("commit", "-m", "Before")
    ok("checkout", "main", "--apply", "--yes", "--database=other")
    ok("checkout", "-b", "summer")
    Tag.objects.filter(pk=3).update(slug="tmp")
    Tag.objects.filter(pk=12).update(slug="organic")
    Tag.objects.filter(pk=3).update(slug="vegan")
    Product._base_manager.get(pk=41).delete()
    Category.objects.create(pk=9, name="Cake", slug="cake")
    ok("commit", "-m", "Summer")


def work(
    repository: Path, using: str, revisions: tuple[str, str], seconds: float, pause: float
) -> Told:
    """Operators and editor at work for so long; the editor is this process, and rests between saves."""
    orders = (revisions, revisions[::-1])
    operators = [_operator(repository, using, seconds, *each) for each in orders]
    told = Told()
    end = time.monotonic() + seconds + 1
    number = 0
    while time.monotonic() < end:
        number += 1
        _edit(using, number, told)
        time.sleep(pause)
    for operator in operators:
        out, _ = operator.communicate(timeout=120)
        assert operator.returncode == 0
        for line in out.splitlines():
            code, _, err = json.loads(line)
            told.add(code, err)
    return told


def _operator(
    repository: Path, using: str, seconds: float, *revisions: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPERATOR, str(repository), using, str(seconds), *revisions],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )


def _edit(using: str, number: int, told: Told) -> None:
    """One word more in a text, and at times a new row; a word counts once it is committed."""
    word = f"word{number:06d}"
    try:
        with transaction.atomic(using=using):
            product = Product._base_manager.using(using).select_for_update().get(pk=42)
            product.body += f" {word}"
            product.save(using=using, update_fields=["body"])
            if number % 4 == 0:
                Tag.objects.using(using).create(
                    pk=1000 + number, name=f"tag{number:06d}", slug=f"made-{number}"
                )
    except DatabaseError:
        told.refused += 1
        return
    told.words += [word] if number % 4 else [word, f"tag{number:06d}"]


def kept(repository: Path, using: str) -> set[str]:
    """Every word that the database or a backup has."""
    texts = [*Product._base_manager.using(using).values_list("body", flat=True)]
    texts += Tag.objects.using(using).values_list("name", flat=True)
    refs = _git(repository, "for-each-ref", "--format=%(refname)", "refs/contentgit/backup/")
    for ref in refs.split():
        texts.append(_git(repository, "grep", "-h", "-E", "word[0-9]{6}|tag[0-9]{6}", ref))
    return {word for text in texts for word in re.findall(r"(?:word|tag)\d{6}", text)}


def backups(repository: Path) -> int:
    return len(_git(repository, "for-each-ref", "refs/contentgit/backup/").splitlines())


def _git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=repository, capture_output=True, text=True)
    return done.stdout

"""Random histories of a schema with random edits on two branches; Django's own ``migrate`` is the oracle.

One database gets everything in one place: the content, the edits of both branches at their stages, and all
migrations. Another gets it through contentgit: two branches that left at different stages are merged and
applied at the last. Both must hold the same rows.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.evolving import Project
from tests.python import python

RUN = """
import contextlib, io, json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from contentgit.cli.main import main

found = []
for kind, *words in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        if kind in ("create", "drop"):
            connection.close()
            with connection._nodb_cursor() as cursor:
                for name in words:
                    cursor.execute(f"{kind} DATABASE {name}")
        elif kind == "migrate":
            call_command("migrate", verbosity=0)
        elif kind == "contentgit":
            code = main(words)
            if code:
                raise SystemExit(f"{words}: exit code {code}\\n{out.getvalue()}")
        else:
            with connection.cursor() as cursor:
                cursor.execute(words[0], words[1] if len(words) > 1 else [])
                if cursor.description:
                    found.append([[str(each) for each in row] for row in cursor.fetchall()])
print(json.dumps(found), file=sys.__stdout__)
"""

FIELDS = {
    "text": "f.TextField(default={default!r})",
    "int": "f.IntegerField(null=True)",
    "bool": "f.BooleanField(default={default!r})",
    "decimal": "f.DecimalField(max_digits=12, decimal_places=2, default='0')",
    "decimal4": "f.DecimalField(max_digits=14, decimal_places=4, default='0')",
    "number": "f.TextField(null=True)",
    "flag": "f.IntegerField(default=0)",
}
DATA = """
def shout{number}(apps, editor):
    for row in apps.get_model("site1", "{model}").objects.all():
        row.{name} += "!"
        row.save(update_fields=["{name}"])
"""
RETYPED = {"int": "number", "bool": "flag", "decimal": "decimal4"}
"""Kinds, and those that all databases convert them to alike."""


@dataclass
class Column:
    """A field of the model, the same through renames."""

    number: int
    name: str
    kind: str
    default: Any = ""

    @property
    def source(self) -> str:
        return FIELDS[self.kind].format(default=self.default)


@dataclass
class Stage:
    """The code at one moment: the model's name, its fields, and the operation that led there."""

    model: str
    columns: list[Column]
    operation: str = ""
    code: str = ""

    @property
    def table(self) -> str:
        return f"site1_{self.model.lower()}"

    @property
    def models(self) -> str:
        """The source of the models."""
        own = "".join(f"    {each.name} = {each.source}\n" for each in self.columns)
        text = (
            f"class Tag(f.Model):\n    name = f.TextField()\n\nclass {self.model}(f.Model):\n"
            "    above = f.ForeignKey('self', f.SET_NULL, null=True)\n"
            f"    tags = f.ManyToManyField(Tag)\n{own}"
        )
        return f"f = models\n{text}"

    def following(self, chance: random.Random, number: int) -> Stage:
        """The next moment."""
        columns = [Column(**vars(each)) for each in self.columns]
        kinds = ["add", "add", "rename", "rename", "model", "remove", "retype", "retype", "data"]
        kind = chance.choice(kinds)
        column = chance.choice(columns)
        if kind == "add" or (kind == "remove" and len(columns) < 3):
            new = chance.choice(["text", "int", "bool", "decimal"])
            default: Any = {"text": f"new {number}", "bool": chance.random() < 0.5}.get(new, "")
            added = Column(100 + number, f"a{number}", new, default)
            words = f'm.AddField("{self.model}", "{added.name}", {added.source})'
            return Stage(self.model, [*columns, added], words)
        texts = [each.name for each in columns if each.kind == "text"]
        if kind == "data" and texts:
            code = DATA.format(number=number, model=self.model, name=chance.choice(texts))
            return Stage(self.model, columns, f"m.RunPython(shout{number})", code)
        if kind == "remove":
            columns.remove(column)
            return Stage(self.model, columns, f'm.RemoveField("{self.model}", "{column.name}")')
        if kind == "rename":
            words = f'm.RenameField("{self.model}", "{column.name}", "r{number}")'
            column.name = f"r{number}"
            return Stage(self.model, columns, words)
        if kind == "retype" and column.kind in RETYPED:
            column.kind = RETYPED[column.kind]
            words = f'm.AlterField("{self.model}", "{column.name}", {column.source})'
            return Stage(self.model, columns, words)
        model = f"Page{number}"
        return Stage(model, columns, f'm.RenameModel("{self.model}", "{model}")')


@dataclass
class Law:
    """One history; ``seed`` decides everything."""

    folder: Path
    seed: int
    chance: random.Random = field(init=False)
    stages: list[Stage] = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        kinds = ["text", "int", "bool", "decimal"]
        self.stages = [Stage("Page", [Column(n, f"c{n}", kind) for n, kind in enumerate(kinds)])]
        for number in range(1, self.chance.randint(2, 5)):
            self.stages.append(self.stages[-1].following(self.chance, number))
        self.project = Project(self.folder)
        on_server = os.environ.get("CONTENTGIT_TEST_DATABASE", "sqlite") != "sqlite"
        self.prefix = f"cg_evolving_{os.getpid()}" if on_server else ""

    def run(self, site: str, *actions: Sequence[Any]) -> list[Any]:
        """Do the actions with the code as it is now; the rows of each that has some."""
        script = self.folder / "run.py"
        script.write_text(RUN)
        env = {**self.project.env(site), "EVOLVING_PREFIX": self.prefix}
        done = python(script, json.dumps(actions), cwd=self.folder, env=env)
        assert done.returncode == 0, f"seed {self.seed}, {site}: {done.stdout}{done.stderr}"
        return list(json.loads(done.stdout))

    def code(self, number: int) -> None:
        """Write the code of a stage."""
        first = self.stages[0]
        fields = "".join(f'("{each.name}", {each.source}), ' for each in first.columns)
        initial = (
            'm.CreateModel("Tag", [("id", f.BigAutoField(primary_key=True)), ("name", f.TextField())]), '
            'm.CreateModel("Page", [("id", f.BigAutoField(primary_key=True)), '
            '("above", f.ForeignKey("site1.Page", f.SET_NULL, null=True)), '
            f'("tags", f.ManyToManyField("site1.Tag")), {fields}])'
        )
        stage = self.stages[number]
        operations = [initial, *(each.operation for each in self.stages[1 : number + 1])]
        labels = [f"site1.{stage.model.lower()}", "site1.tag"]
        specs = [{"model": label, "delete_missing": True} for label in labels]
        code = "".join(each.code for each in self.stages[: number + 1])
        self.project.code(stage.models, operations, specs, code)

    def value(self, kind: str) -> Any:
        """Random content of a kind."""
        number = self.chance.randint(0, 999)
        return {
            "text": f"Text {number}.",
            "int": self.chance.choice([None, number]),
            "bool": bool(number % 2),
            "decimal": f"{number}.25",
            "decimal4": f"{number}.1250",
            "number": self.chance.choice([None, str(number)]),
            "flag": number % 2,
        }[kind]

    def inserted(self, stage: Stage, key: int) -> Iterator[Sequence[Any]]:
        """A new row with its links."""
        names = ["id", "above_id", *(each.name for each in stage.columns)]
        above = None if key in (1, 2) else self.chance.choice([None, 1, 2])
        values = [key, above, *(self.value(each.kind) for each in stage.columns)]
        marks = ", ".join(["%s"] * len(names))
        yield "sql", f"INSERT INTO {stage.table} ({', '.join(names)}) VALUES ({marks})", values
        for tag in sorted(self.chance.sample([1, 2, 3], self.chance.randint(0, 2))):
            links = f"{stage.table}_tags ({stage.model.lower()}_id, tag_id)"
            yield "sql", f"INSERT INTO {links} VALUES (%s, %s)", [key, tag]

    def edits(self, stage: Stage, parity: int, new: int) -> list[Sequence[Any]]:
        """Edits of every other row, in fields that stay to the end; one row is new, one is gone."""
        stays = {each.number for each in self.stages[-1].columns}
        columns = [each for each in stage.columns if each.number in stays]
        found: list[Sequence[Any]] = []
        for key in range(1, 9):
            if key % 2 == parity and columns and self.chance.random() < 0.7:
                column = self.chance.choice(columns)
                statement = f"UPDATE {stage.table} SET {column.name} = %s WHERE id = %s"
                found.append(("sql", statement, [self.value(column.kind), key]))
        found += self.inserted(stage, new)
        gone = 10 - parity
        owner = f"{stage.model.lower()}_id"
        found.append(("sql", f"DELETE FROM {stage.table}_tags WHERE {owner} = %s", [gone]))
        found.append(("sql", f"DELETE FROM {stage.table} WHERE id = %s", [gone]))
        return found

    def check(self) -> None:
        """Both ways lead to the same rows."""
        self.code(0)
        sites = ("oracle", "main", "branch", "target")
        names = [f"{self.prefix}_{site}" for site in sites if self.prefix]
        try:
            if names:
                self.run("main", ("create", *names))
            self._check()
        finally:
            if names:
                self.run("main", ("drop", *names))

    def _check(self) -> None:
        last = len(self.stages) - 1
        left, main = sorted(self.chance.choices(range(last + 1), k=2))
        if self.chance.random() < 0.5:
            left, main = main, left
        base: list[Sequence[Any]] = [
            ("sql", "INSERT INTO site1_tag (id, name) VALUES (%s, %s)", [key, f"Tag {key}"])
            for key in (1, 2, 3)
        ]
        for key in range(1, 11):
            base += self.inserted(self.stages[0], key)
        for number, stage in enumerate(self.stages):
            self.code(number)
            theirs = self.edits(stage, 0, 200) if number == left else []
            ours = self.edits(stage, 1, 100) if number == main else []
            start = base if number == 0 else []
            self.run("oracle", ("migrate",), *start, *theirs, *ours)
            if number == 0:
                first = ("contentgit", "commit", "-m", "Base")
                self.run("main", ("migrate",), *base, ("contentgit", "init"), first)
                taken = ("contentgit", "checkout", "main", "--apply", "--yes")
                self.run("branch", ("migrate",), taken)
            if number == left:
                branch = ("contentgit", "commit", "-m", "Branch", "--branch", "branch")
                self.run("branch", ("migrate",), *theirs, branch)
            if number == main:
                self.run("main", ("migrate",), *ours, ("contentgit", "commit", "-m", "Main"))
        # What code of a migration does only that code can do, also to what both sides come from.
        upgrade = ["--upgrade"] if any(stage.code for stage in self.stages) else []
        self.run(
            "target",
            ("migrate",),
            ("contentgit", "merge", "branch", "--drop-fields", *upgrade),
            ("contentgit", "checkout", "main", "--apply", "--yes"),
            ("contentgit", "status", "--exit-code"),
        )
        assert self.rows("target") == self.rows("oracle"), f"seed {self.seed}"

    def rows(self, site: str) -> list[Any]:
        """The content of a site's tables, by column name."""
        stage = self.stages[-1]
        names = sorted(each.name for each in stage.columns)
        columns = ", ".join(["id", "above_id", *names])
        owner = f"{stage.model.lower()}_id"
        return self.run(
            site,
            ("sql", f"SELECT {columns} FROM {stage.table} ORDER BY id"),
            ("sql", f"SELECT {owner}, tag_id FROM {stage.table}_tags ORDER BY {owner}, tag_id"),
            ("sql", "SELECT id, name FROM site1_tag ORDER BY id"),
        )

"""A call by ``tests/python.py`` gives what the same call from a shell gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evolving import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    initial = 'm.CreateModel("Page", [("id", f.BigAutoField(primary_key=True))])'
    made.code("class Page(models.Model):\n    pass\n", [initial], [{"model": "site1.page"}])
    made.migrate()
    made.ok("init")
    return made


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("contentgit status", 0),
        ("contentgit log --json", 0),
        ("contentgit show no-such", 2),
        ("no-such-command", 1),
        ("shell -c import\tsys;print(sys.path,sys.argv,sys.stdin.read());sys.exit('over')", 1),
        ("shell -c import\tatexit;atexit.register(print,1);0/0", 1),
    ],
)
def test_it_says_the_same(project: Project, words: str, code: int) -> None:
    forked = project.manage(*words.split(" "))
    with project.started(*words.split(" ")) as shell:
        out, err = shell.communicate()
    assert (forked.returncode, forked.stdout) == (code, out)
    assert shell.returncode == code
    assert forked.stderr.splitlines()[-1:] == err.splitlines()[-1:]

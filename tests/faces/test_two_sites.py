"""Two sites, each with a database and a clone of its own, and one bare repository between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contentgit.cli.main import main
from tests import raw
from tests.bakery.content import fill
from tests.bakery.models import Category, Ingredient, NewsPage, Product, Tag
from tests.git import plain


@dataclass
class Site:
    """A database and the clone that its content travels through."""

    alias: str
    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, verb: str, *words: str, code: int = 0) -> str:
        """What a verb prints, which has to end with this exit code."""
        self.capture.readouterr()
        found = main([verb, f"--repository={self.folder}", *words])
        said = self.capture.readouterr()
        assert found == code, f"{self.alias}: contentgit {verb} {' '.join(words)}\n{said}"
        return said.out + said.err

    def git(self, *words: str) -> str:
        return plain.git(self.folder, *words)

    def rows(self, model: Any, **which: Any) -> Any:
        return model._base_manager.using(self.alias).filter(**which)

    def commit(self, message: str) -> None:
        self.run("commit", f"--database={self.alias}", "-m", message)

    def apply(self) -> None:
        self.run("checkout", "main", "--apply", "--yes", f"--database={self.alias}")

    def take(self, branch: str = "main") -> None:
        """Merges what the other site has pushed, and brings it into the database."""
        self.git("fetch", "--quiet")
        self.run("merge", f"origin/{branch}")
        self.apply()

    def push(self, branch: str = "main") -> None:
        self.git("push", "--quiet", "origin", f"main:{branch}")

    def clean(self) -> None:
        assert "clean" in self.run("status", f"--database={self.alias}")


@pytest.fixture
def sites(
    databases: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[Site, Site]:
    """Both have the same content."""
    fill()
    remote, folders = tmp_path / "remote.git", (tmp_path / "a", tmp_path / "b")
    plain.git(tmp_path, "init", "--quiet", "--bare", "-b", "main", str(remote))
    assert main(["init", str(folders[0])]) == 0
    here, there = (
        Site(alias, folder, capsys) for alias, folder in zip(databases, folders, strict=True)
    )
    here.commit("The bakery")
    here.git("remote", "add", "origin", str(remote))
    here.push()
    here.git("fetch", "--quiet")
    plain.git(tmp_path, "clone", "--quiet", str(remote), str(there.folder))
    there.apply()
    return here, there


def end(here: Site, there: Site) -> None:
    """Both are at the same commit, their databases have the same rows, and nothing is left over."""
    assert here.git("rev-parse", "main^{tree}") == there.git("rev-parse", "main^{tree}")
    assert raw.snapshot(here.alias) == raw.snapshot(there.alias)
    for site in (here, there):
        site.clean()
        assert site.git("status", "--porcelain") == ""
        site.git("fsck", "--strict", "--no-dangling")


def test_edits_travel_in_both_directions(sites: tuple[Site, Site]) -> None:
    here, there = sites
    for number in range(3):
        here.rows(Product, pk=41).update(name=f"Bread {number}")
        here.rows(Tag, pk=3).update(name=f"Organic {number}")
        Category.objects.using(here.alias).create(pk=100 + number, name="Cake", slug=f"c{number}")
        here.commit(f"Names {number}")
        here.push()
        there.rows(Product, pk=41).update(price=f"{number}.10")
        there.rows(Product, pk=42).get().tags.set([3, 20] if number % 2 else [12])
        Ingredient.objects.using(there.alias).create(
            pk=50 + number, product_id=42, name=f"{number}"
        )
        there.commit(f"Prices {number}")
        there.take()
        there.push()
        here.take()
    (row,) = here.rows(Product, pk=41).values("name", "price")
    assert (row["name"], str(row["price"])) == ("Bread 2", "2.10")
    assert raw.rows(here.alias, "bakery_category") == raw.rows(there.alias, "bakery_category")
    end(here, there)


def test_branches_that_take_each_others_work_at_the_same_time(sites: tuple[Site, Site]) -> None:
    here, there = sites
    for number in range(3):
        here.rows(Product, pk=42).update(name=f"Loaf {number}")
        here.commit("Here")
        here.push("here")
        there.rows(Product, pk=42).update(price=f"{number}.20")
        there.rows(NewsPage, pk=5).update(body=f"News {number}")
        there.commit("There")
        there.push("there")
        here.take("there")
        there.take("here")
        assert here.git("rev-parse", "main") != there.git("rev-parse", "main")
        assert raw.snapshot(here.alias) == raw.snapshot(there.alias)
        if number:
            assert len(here.git("merge-base", "-a", "main", "origin/there").split()) == 1
    here.push("here")
    there.push("there")
    there.git("fetch", "--quiet")
    assert len(there.git("merge-base", "-a", "main", "origin/here").split()) == 2
    there.take("here")
    there.push("there")
    here.take("there")
    end(here, there)


def test_a_branch_of_its_own_a_conflict_and_deletes(sites: tuple[Site, Site]) -> None:
    here, there = sites
    here.rows(Product, pk=42).update(name="Loaf from here", price="8.00")
    here.rows(Product, pk=43).delete()
    here.commit("Here")
    here.push()
    there.rows(Product, pk=42).update(name="Loaf from there", slug="from-there")
    # Also from the product that is deleted on the other side, which nobody decided.
    there.rows(Tag, pk=20).delete()
    there.run("commit", "--database=other", "--branch=autumn", "-m", "There")
    there.git("fetch", "--quiet")
    there.git("switch", "--quiet", "autumn")
    said = there.run("merge", "origin/main", code=3)
    assert "bakery.product:42/name" in said
    there.run("resolve", "bakery.product:42/name", "--take=theirs")
    there.run("merge", "--continue")
    there.git("push", "--quiet", "origin", "autumn:main")
    there.git("switch", "--quiet", "main")
    there.take()
    here.take()
    assert list(here.rows(Product, pk=42).values_list("name", "slug")) == [
        ("Loaf from here", "from-there")
    ]
    assert not here.rows(Tag, pk=20).exists()
    assert not there.rows(Product, pk=43).exists()
    end(here, there)

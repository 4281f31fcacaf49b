"""The site whose repository is damaged: the bakery with two commits, a branch in conflict, tags, a plan."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.objects import git

PRODUCT = "shop/bakery.product/0/0/42.json"


@dataclass(frozen=True)
class Site:
    """A folder with ``content``, its repository, and what verbs wrote beside it; never damaged itself."""

    folder: Path

    @property
    def repository(self) -> Path:
        return self.folder / "content"

    def copy(self, to: Path) -> None:
        """Another site just like it, in place of what is there."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to, symlinks=True)


def build(folder: Path) -> Site:
    """Fills the database ``default`` and makes the site in a new folder."""
    from tests.bakery.content import fill
    from tests.bakery.models import Product

    site = Site(folder)
    folder.mkdir()
    fill()
    _contentgit("init", str(site.repository))
    here = f"--repository={site.repository}"
    _contentgit("commit", here, "-m", "The whole shop")
    Product._base_manager.filter(pk=42).update(name="Midnight loaf", price="6.40")
    _contentgit("commit", here, "-m", "Name the loaf")
    _edit(site, "summer", "main~1", {"name": "Summer loaf", "slug": "summer-loaf"})
    git(site.repository, "tag", "v1", "main~1")
    git(site.repository, "tag", "-a", "v2", "-m", "As shown", "summer")
    git(site.repository, "checkout", "-q", "-b", "recorded", "main")
    _contentgit("merge", here, "summer", "--record")
    git(site.repository, "checkout", "-q", "main")
    _contentgit("merge", here, "summer", code=3)
    (site.repository / ".git/contentgit/merge.json").rename(folder / "merge.json")
    _contentgit("checkout", here, "summer", "--plan-out", str(folder / "plan.json"))
    git(site.repository, "gc", "-q")
    for side in ("base", "ours", "theirs"):
        shutil.copy(site.repository / PRODUCT, folder / f"{side}.json")
    return site


def _edit(site: Site, branch: str, start: str, fields: dict[str, str]) -> None:
    git(site.repository, "checkout", "-q", "-b", branch, start)
    file = site.repository / PRODUCT
    record = {**json.loads(file.read_text()), **fields}
    file.write_text(json.dumps(record, indent=2))
    git(site.repository, "commit", "-q", "-a", "-m", f"Edit {branch}")


def _contentgit(*words: str, code: int = 0) -> None:
    from contentgit.cli.main import main

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        found = main(words)
    assert found == code, f"contentgit {' '.join(words)}\n{said.getvalue()}"

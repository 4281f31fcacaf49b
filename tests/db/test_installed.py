"""References in fields of installed packages: what they say in their metadata."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contentgit.contrib import installed
from contentgit.contrib.installed import references_of
from contentgit.errors import ConfigurationError
from contentgit.specs import parse_specs
from tests.bakery.models import NewsPage, Page, Tag

Install = Callable[[str, str, str], None]
RULES = {"a[data-page]": "bakery.page"}
TEXT = "django.db.models.fields.TextField"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package of one module, which names a class of fields."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, cls: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(
            f"[contentgit.references]\n{cls} = {name}:references\n"
        )
        importlib.invalidate_caches()
        installed._known.cache_clear()

    yield make
    installed._known.cache_clear()
    for name in ("prose", "verse"):
        sys.modules.pop(name, None)


def test_without_such_a_package_there_are_none() -> None:
    assert references_of(Page) == {}


def test_a_package_says_where_references_are_in_its_fields(install: Install) -> None:
    install("prose", TEXT, f"def references(field): return {RULES!r}")
    assert references_of(NewsPage) == {"body": RULES}
    assert references_of(Tag) == {}
    raw = {"model": "bakery.newspage", "references": references_of(NewsPage)}
    assert parse_specs([raw], "dataset 'pages'")[1] == []


def test_the_nearest_class_counts(install: Install) -> None:
    install("prose", TEXT, "def references(field): return None")
    install("verse", "django.db.models.fields.Field", f"def references(field): return {RULES!r}")
    assert "body" not in references_of(NewsPage)
    assert references_of(Page)["title"] == RULES


def test_two_packages_with_one_class_are_refused(install: Install) -> None:
    install("prose", TEXT, f"def references(field): return {RULES!r}")
    install("verse", TEXT, f"def references(field): return {RULES!r}")
    with pytest.raises(ConfigurationError, match="both say where references are") as refused:
        references_of(NewsPage)
    assert "prose" in refused.value.message
    assert "verse" in refused.value.message


def test_a_package_whose_code_fails_is_named(install: Install) -> None:
    install("prose", TEXT, "def references(field): raise KeyError(field.name)")
    with pytest.raises(ConfigurationError, match="prose:references of prose fails for") as refused:
        references_of(NewsPage)
    assert "KeyError: 'body'" in refused.value.message

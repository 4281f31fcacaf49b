"""References in the content of django CMS, of a site's own definitions; and one version of each kind."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from contentgit.contrib.cms.classes import is_a

HERE = Path(__file__).parent
PACKAGES = (
    "cms",
    "djangocms_versioning",
    "djangocms_text",
    "djangocms_frontend",
    "djangocms_alias",
)


class Base:
    pass


class Derived(Base):
    pass


def test_a_class_of_a_package_is_known_by_its_path() -> None:
    """The package may not be installed."""
    assert is_a(Derived, f"{__name__}.Base")
    assert not is_a(Base, f"{__name__}.Derived")
    assert not is_a(Derived, "djangocms_link.fields.LinkField")


@pytest.mark.skipif(
    any(find_spec(each) is None for each in PACKAGES), reason="django CMS is not installed"
)
def test_a_site_of_django_cms() -> None:
    """Another process has the settings of one."""
    done = subprocess.run(
        [sys.executable, HERE / "cms_site.py"], check=False, text=True, capture_output=True
    )
    assert (done.returncode, done.stdout) == (0, "as expected\n"), done.stderr

"""Wagtail's demonstration site, the bakery, in two databases with other primary keys, edited in both.

Run ``python scripts/realworld/bakerydemo.py``; it needs Python, git, a package index and GitHub (or
``--source``, a checkout of bakerydemo), and nothing else of this checkout.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tarfile
import urllib.request

from proof import Site, Workshop
from two_sides import TwoSides, main

COMMIT = "8e2b625755d8942412d5b7627b146a795933b8b2"
SOURCE = f"https://codeload.github.com/wagtail/bakerydemo/tar.gz/{COMMIT}"
BAKERY = Site(
    folder="bakerydemo_site",
    packages=(
        "wagtail",
        "Django",
        "wagtail-font-awesome-svg",
        "django-debug-toolbar>=4.2,<5",
        "django-extensions",
        "dj-database-url",
    ),
    aliases=False,
    apart=7,  # keys of one side are those of other rows on the other one
)


def prepare(workshop: Workshop, options: argparse.Namespace) -> None:
    """Puts the bakery's own code beside the project's."""
    target = workshop.folder / "bakerydemo"
    shutil.rmtree(target, ignore_errors=True)
    if options.source:
        shutil.copytree(options.source / "bakerydemo", target)
        return
    with urllib.request.urlopen(SOURCE) as answer:
        data = io.BytesIO(answer.read())
    with tarfile.open(fileobj=data) as archive:
        archive.extractall(workshop.folder, filter="data")
    shutil.move(workshop.folder / f"bakerydemo-{COMMIT}" / "bakerydemo", target)


if __name__ == "__main__":
    description = (__doc__ or "").partition("\n")[0]
    sys.exit(main(BAKERY, description, lambda workshop: [TwoSides(workshop)], prepare))

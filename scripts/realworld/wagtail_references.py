"""Wagtail's references inside of rich text, streams and drafts, between databases with other ids.

Run ``python scripts/realworld/wagtail_references.py``; it needs Python, git and a package index, and nothing
else of this checkout.
"""

from __future__ import annotations

import sys

from proof import Site, Workshop
from references import APPLY, fill, main, same

SITE = Site(
    folder="wagtail_references_site",
    packages=("wagtail", "Django"),
    aliases=False,
)
INDEX = "rebuild_references_index"


def prove(workshop: Workshop) -> None:
    """Content from one database to the other and back, edited on both sides.

    Raises:
        Failed: what refers to what, or what a page looks like, is not the same in both.
    """
    fill(workshop, "fill", "Stage")
    fill(workshop, "empty", "Gone", alias="production")
    workshop.contentgit("init")
    workshop.contentgit("commit", "-m", "Stage")
    # What migrations made there are the same rows; the tree above the content differs.
    adopt = (
        "identity",
        "adopt",
        "main",
        "--by",
        "wagtailcore.page=parent,slug",
        "--apply",
        "--yes",
    )
    workshop.contentgit(*adopt, alias="production")
    workshop.contentgit(*APPLY, "--force", alias="production")
    same(workshop, "applied", INDEX)
    fill(workshop, "edit", "Production", alias="production")
    fill(workshop, "fill", "Production", alias="production")
    fill(workshop, "edit", "Stage")
    workshop.contentgit("commit", "-m", "Edits")
    workshop.contentgit("update", "--no-input", alias="production")
    workshop.contentgit("commit", "-m", "Edits there", alias="production")
    workshop.contentgit(*APPLY)
    same(workshop, "edited on both sides", INDEX)


if __name__ == "__main__":
    sys.exit(main(SITE, prove, (__doc__ or "").partition("\n")[0]))

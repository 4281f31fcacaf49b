"""What plugins, texts and versions of django CMS refer to, between databases with other ids.

Run ``python scripts/realworld/cms_references.py``; it needs Python, git and a package index, and nothing
else of this checkout.
"""

from __future__ import annotations

import sys

from proof import Failed, Site, Workshop
from references import APPLY, fill, main, same

SITE = Site(
    folder="cms_references_site",
    packages=(
        "django-cms>=5.1.3,<5.2",
        "djangocms-versioning==2.8.0",
        "djangocms-text==1.0.2",
        "djangocms-frontend==2.5.3",
        "djangocms-alias==3.2.0",
        "django-filer==3.6.0",
        "Django>=5.2,<5.3",
    ),
    aliases=False,
)
SIDES = (("Production", "Production", "production"), ("Stage", "Later", "default"))


def prove(workshop: Workshop) -> None:
    """Content from one database to the other and back, edited on both sides.

    Raises:
        Failed: what refers to what, what a page looks like, or what an editor sees is not the same in both.
    """
    fill(workshop, "fill", "Stage")
    fill(workshop, "empty", "Gone", alias="production")
    workshop.contentgit("init")
    workshop.contentgit("commit", "-m", "Stage")
    workshop.contentgit(*APPLY, alias="production")
    same(workshop, "applied")
    for each, new, alias in SIDES:
        fill(workshop, "edit", each, alias=alias)
        fill(workshop, "fill", new, alias=alias)
    merge(workshop)
    same(workshop, "edited on both sides")
    for each, _, alias in SIDES:
        fill(workshop, "publish", each, alias=alias)
    workshop.contentgit("commit", "-m", "Published")
    _, said = workshop.contentgit("update", "--no-input", alias="production", expect=(3,))
    if "published" not in said:
        raise Failed(f"refused for another reason\n{said}")
    fill(workshop, "unpublish", "Production", alias="production")
    exchange(workshop)
    same(workshop, "published on both sides")


def merge(workshop: Workshop) -> None:
    """What each side has comes to the other by a merge of branches."""
    workshop.contentgit("commit", "-m", "Here")
    workshop.contentgit("commit", "--branch", "production", "-m", "There", alias="production")
    workshop.contentgit("merge", "production")
    for alias in ("default", "production"):
        workshop.contentgit(*APPLY, alias=alias)


def exchange(workshop: Workshop) -> None:
    """What each side has comes to the other by a merge into a database."""
    workshop.contentgit("commit", "-m", "Here")
    workshop.contentgit("update", "--no-input", alias="production")
    workshop.contentgit("commit", "-m", "There", alias="production")
    workshop.contentgit(*APPLY)


if __name__ == "__main__":
    sys.exit(main(SITE, prove, (__doc__ or "").partition("\n")[0]))

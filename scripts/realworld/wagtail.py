"""Wagtail with the site fixtures that its own test package ships, through contentgit and back.

Run ``python scripts/realworld/wagtail.py``; it needs Python, git and a package index, and nothing
else of this checkout. Some minutes, most of them Wagtail's migrations.
"""

from __future__ import annotations

import sys

from proof import Site, main

WAGTAIL = Site(
    folder="wagtail_site",
    # jinja2 because the settings of Wagtail's test package name it.
    packages=("wagtail", "jinja2", "Django>=5.2,<5.3"),
    fixtures=("test", "demosite"),
    derived=("wagtailcore_referenceindex", "wagtailsearch_indexentry"),
    # A receiver of pre_delete looks for a page's specific row in the default database.
    aliases=False,
)

if __name__ == "__main__":
    sys.exit(main(WAGTAIL, (__doc__ or "").partition("\n")[0]))

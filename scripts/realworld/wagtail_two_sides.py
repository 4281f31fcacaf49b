"""Wagtail with the site fixtures of its own test package, in two databases with other primary keys.

Run ``python scripts/realworld/wagtail_two_sides.py``; it needs Python, git and a package index, and nothing
else of this checkout.
"""

from __future__ import annotations

import sys

from proof import Site
from two_sides import TwoSides, main

WAGTAIL = Site(
    folder="wagtail_site",
    # The settings of Wagtail's test package name these.
    packages=("wagtail", "jinja2", "django-ninja", "Django"),
    aliases=False,
    settings="uuid_settings",
    apart=7,
)
FIXTURES = ("test", "demosite")

if __name__ == "__main__":
    description = (__doc__ or "").partition("\n")[0]
    proofs = lambda workshop: [TwoSides(workshop, fixture=(each,)) for each in FIXTURES]  # noqa: E731
    sys.exit(main(WAGTAIL, description, proofs))

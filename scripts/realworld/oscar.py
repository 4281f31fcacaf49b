"""A django-oscar shop, filled by its own test factories, through contentgit and back.

Run ``python scripts/realworld/oscar.py``; it needs Python, git and a package index, and nothing
else of this checkout.
"""

from __future__ import annotations

import sys

from proof import Site, main

OSCAR = Site(
    folder="oscar_site",
    packages=("django-oscar[sorl-thumbnail]>=4.2", "factory-boy", "pycountry", "Django>=5.2,<5.3"),
)

if __name__ == "__main__":
    sys.exit(main(OSCAR, (__doc__ or "").partition("\n")[0]))

"""``python -m contentgit``: the same program as ``contentgit``."""

from __future__ import annotations

import sys

from contentgit.cli.start import main

sys.exit(main(prog="python -m contentgit"))

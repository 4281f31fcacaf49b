"""JSON by the fast writer and reader, which are not exact for all values; the only importer of orjson."""

from __future__ import annotations

from typing import Final

import orjson

dumps = orjson.dumps
loads = orjson.loads
FAILURES: Final = (orjson.JSONDecodeError, orjson.JSONEncodeError)

LINES: Final = orjson.OPT_INDENT_2
SORTED: Final = orjson.OPT_SORT_KEYS
LAST_LINE_END: Final = orjson.OPT_APPEND_NEWLINE

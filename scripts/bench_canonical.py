"""Microseconds for one record of ten fields with 2 kB of text: python scripts/bench_canonical.py"""

from collections.abc import Callable
from timeit import repeat

from contentgit.content.canonical import RecordEncoder, blob_id, decode, encode, segments

SENTENCE = (
    "Every morning at {} the ovens are lit, and the first dough is shaped by hand into loaves. "
)
BODY = "".join(f"<p>{SENTENCE.format(hour)}It smells good (they say).</p>\n" for hour in range(16))
FIELDS = {
    "author": "people.person:17",
    "body": BODY,
    "created": "2026-11-22T13:05:00.000000Z",
    "intro": "",
    "position": 12,
    "price": "12.50",
    "published": True,
    "section": None,
    "tags": ["tags.tag:3", "tags.tag:12", "tags.tag:140"],
    "title": "Summer bread",
}


def microseconds(work: Callable[[], object]) -> float:
    return min(repeat(work, number=1000, repeat=7)) * 1000


encoder = RecordEncoder("pages.page", list(FIELDS))
values = list(FIELDS.values())
data = encoder.encode(42, values)
record = decode(data)
print(f"{len(BODY)} characters in {len(segments(BODY))} segments, {len(data)} bytes")
for name, work in {
    "segments": lambda: segments(BODY),
    "RecordEncoder.encode": lambda: encoder.encode(42, values),
    "encode": lambda: encode(record),
    "decode": lambda: decode(data),
    "blob_id": lambda: blob_id(data),
}.items():
    print(f"{name:21}{microseconds(work):6.1f} us")

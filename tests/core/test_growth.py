"""Work grows about as content does: each rule is run on content of one size and of four times that.

A rule that takes four times as much takes four times as long, one that compares all with all sixteen times.
Between both there is room for caches and for a loaded machine: time is the process's own.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest

from contentgit.check.constraints import Constraints
from contentgit.check.files import DescribedDump, check_file, clashes, describe, lines_of
from contentgit.check.trees import Tree
from contentgit.content import canonical
from contentgit.content.diff import Change
from contentgit.content.documents import dump_document, parse_document
from contentgit.content.layout import encode_part, record_key, record_path
from contentgit.content.records import Record, RecordKey
from contentgit.content.schema import (
    FieldKind,
    FieldSchema,
    KeyKind,
    Layout,
    ModelSchema,
    UniqueSet,
)
from contentgit.errors import FormatError
from contentgit.git.values import parse_commit
from contentgit.merge import Place, Resolution, Take, added, merge_record, resolved
from contentgit.plan import Candidate
from contentgit.plan.facts import Facts, Referrer
from contentgit.render.text import change_lines
from tests.core.oracle import three_way
from tests.core.planning import dataset, delete, planned, referrer, spec, update

Work = Callable[[], object]

GROWTH = 8.0
"""Four times the content may take so many times as long."""
UNNOTICED = 0.02
"""Seconds in which a rule may do as it likes."""

F = FieldKind
PAGE = ModelSchema(
    "site.page",
    KeyKind.INTEGER,
    Layout.INTEGER,
    (
        FieldSchema("body", F.TEXT),
        FieldSchema("data", F.JSON, null=True),
        FieldSchema("order", F.REFERENCES, target="site.page", ordered=True),
        FieldSchema("parent", F.REFERENCE, null=True, target="site.page"),
        FieldSchema("place", F.INTEGER, order_within=()),
        FieldSchema("slug", F.TEXT),
        FieldSchema("tags", F.REFERENCES, target="site.page"),
    ),
    unique=(UniqueSet("slug", ("slug",)),),
)
DUMP = DescribedDump("pages", {"site.page": PAGE})
EMPTY: dict[str, Any] = {
    "body": "",
    "data": None,
    "order": [],
    "parent": None,
    "place": 0,
    "slug": "",
    "tags": [],
}


def key(number: int) -> RecordKey:
    return RecordKey("site.page", str(number))


def page(number: int, **fields: Any) -> Record:
    return Record(key(number), {**EMPTY, "slug": f"s{number}", "place": number, **fields})


def keys(n: int) -> list[str]:
    return [f"site.page:{number}" for number in range(1, n + 1)]


def sentences(n: int) -> list[str]:
    return [f"Sentence {number}. " for number in range(n)]


def lines(n: int, end: str = "\n") -> str:
    return "".join(f"Line {number}{end}" for number in range(n))


# What each dimension of the format costs


def read_and_written(fields: dict[str, Any]) -> Work:
    """A record's bytes, and what check says of them."""
    data = canonical.encode(Record(key(1), fields))

    def work() -> None:
        checked = check_file(DUMP, "site.page/0/0/1.json", data)
        lines_of(data, [each.field for each in checked.findings])

    return work


def edited(name: str, base: Any, ours: Any, theirs: Any) -> Work:
    """A field with an edit on both sides: compared, shown, merged, and decided on place by place."""
    was, here, there = (page(1, **{name: each}) for each in (base, ours, theirs))

    def work() -> None:
        list(change_lines(Change(key(1), was, here), "", {}))
        merged = merge_record(was, here, there, PAGE)
        open_fields = merged.conflict.fields if merged.conflict else ()
        takes = (
            Resolution(Place(key(1), each.name, each.path), take=Take.THEIRS)
            for each in open_fields
        )
        resolved(merged, was, here, there, added((), takes), PAGE)

    return work


def checked(records: list[Record]) -> Work:
    """What check says of records together."""

    def work() -> None:
        tree = Tree([DUMP])
        for each in records:
            path = record_path(each.key, Layout.INTEGER)
            tree.add(DUMP, each, path, "0" * 40, usual=True)
        list(tree.findings())

    return work


def ordered(ours: list[int], theirs: list[int]) -> Work:
    """Records whose places in an order both sides changed."""
    base, here, there = (
        {key(number): page(number, place=place) for number, place in enumerate(places, 1)}
        for places in (list(range(len(ours))), ours, theirs)
    )
    return lambda: three_way(base, here, there, {"site.page": PAGE})


def tags(n: int) -> list[str]:
    return [f"shop.tag:{number}" for number in range(n)]


def planned_with(candidates: list[Candidate], *referrers: Referrer, optional: bool = False) -> Work:
    """What an apply would do."""
    product = spec("product", ignore_missing_m2m=["tags"] if optional else [])
    shop = dataset(product, "tag")
    facts = Facts(referrers=referrers)
    return lambda: planned(*candidates, facts=facts, datasets={"shop": shop})


def refused(data: bytes) -> Work:
    def work() -> None:
        with pytest.raises(FormatError):
            parse_document(data)

    return work


def described(**model: Any) -> Work:
    """What a description says, and what check makes of two records by it that are alike."""
    rest = {"identity": [], "key": "integer", "layout": "integer", "parents": [], "unique": {}}
    whole = {"fields": {}, "verbose_name": "", **rest, **model}
    document = {"dataset": "pages", "arguments": "", "depends_on": [], "specs": []}
    data = dump_document({**document, "models": {"site.page": whole}})

    def work() -> None:
        dump, _ = describe("pages", data)
        schema = dump.models["site.page"]
        constraints = Constraints()
        for number in (1, 2):
            record = Record(key(number), dict.fromkeys(schema.by_name, "x"))
            list(constraints.add(record, schema, ""))
            [schema.companions(name) for name in schema.by_name]

    return work


def texts(name: str) -> dict[str, Any]:
    return {name: {"kind": "text"}}


def commit(header: bytes = b"author A <a> 1 +0000\n", message: bytes = b"x") -> Work:
    return lambda: parse_commit("0" * 40, b"tree 0\n" + header + b"\n" + message)


DIMENSIONS: dict[str, tuple[int, Callable[[int], Work]]] = {
    "fields of a record": (500, lambda n: read_and_written({f"f{i}": "x" for i in range(n)})),
    "names of an object": (
        1500,
        lambda n: read_and_written({"data": {f"n{i}": i for i in range(n)}}),
    ),
    "names that stand twice": (
        1500,
        lambda n: refused(
            b"{" + b",".join(b'"n%d":1' % i for i in range(n)) + b',"n%d":2}' % (n - 1)
        ),
    ),
    "names edited": (
        700,
        lambda n: edited(
            "data",
            {f"n{i}": 0 for i in range(n)},
            {f"n{i}": 1 for i in range(n)},
            {f"n{i}": 2 for i in range(n)},
        ),
    ),
    "elements edited": (
        400,
        lambda n: edited(
            "data",
            [{"id": i, "v": 0} for i in range(n)],
            [{"id": i, "v": 1} for i in range(n)],
            [{"id": i, "v": 2} for i in range(n)],
        ),
    ),
    "elements of a list": (
        5000,
        lambda n: edited("data", [*range(n)], [*range(n)][::-1], [*range(n + 1)]),
    ),
    "length of a line": (20_000, lambda n: edited("body", "x" * n, "y" + "x" * n, "x" * n + "y")),
    "length of a line of signs": (5000, lambda n: edited("body", "<" * n, ">" * n, "<!)" * n)),
    "segments": (
        1000,
        lambda n: edited("body", "".join(sentences(n)), "".join(sentences(n)).upper(), lines(n)),
    ),
    "segments that are alike": (
        1000,
        lambda n: edited("body", "Same. " * n, "Same. Other. " * n, "Third. Same. " * n),
    ),
    "segments in another order": (
        1000,
        lambda n: edited(
            "body",
            "".join(sentences(n)),
            "".join(sentences(n)[::-1]),
            "".join(sentences(n)[n // 2 :] + sentences(n)[: n // 2]),
        ),
    ),
    "segments that each side edits": (
        2500,
        lambda n: edited(
            "body",
            "".join(sentences(n)),
            "".join(s if i % 4 == 0 else f"Our {s}" for i, s in enumerate(sentences(n))),
            "".join(s if i % 4 == 2 else f"Their {s}" for i, s in enumerate(sentences(n))),
        ),
    ),
    "references": (700, lambda n: edited("tags", keys(n)[::2], keys(n)[1::2], keys(n))),
    "references in an order": (
        700,
        lambda n: edited("order", keys(n), keys(n)[::-1], keys(n)[n // 2 :] + keys(n)[: n // 2]),
    ),
    "references that dangle": (1000, lambda n: checked([page(0, tags=keys(n))])),
    "references that dangle here": (
        2000,
        lambda n: planned_with([update("product:1", tags=([], tags(n)))], optional=True),
    ),
    "references to what goes": (
        2000,
        lambda n: planned_with(
            [update("product:1", tags=(tags(n), [])), *(delete(each) for each in tags(n))],
            *(referrer("product:1", "tags", each, managed=True) for each in tags(n)),
        ),
    ),
    "a chain of parents": (
        500,
        lambda n: checked([page(i, parent=f"site.page:{i + 1}") for i in range(n)]),
    ),
    "a circle of parents": (
        500,
        lambda n: checked([page(i, parent=f"site.page:{(i + 1) % n}") for i in range(n)]),
    ),
    "places turned round": (150, lambda n: ordered([*range(n)][::-1], [*range(1, n), 0])),
    "places that are one": (150, lambda n: ordered([1] * n, [2] * n)),
    "ties": (400, lambda n: checked([page(i, place=1) for i in range(n)])),
    "a value wanted by all": (400, lambda n: checked([page(i, slug="same") for i in range(n)])),
    "unique sets": (
        1000,
        lambda n: described(
            fields=texts("a"), unique={f"u{i}": {"fields": ["a"]} for i in range(n)}
        ),
    ),
    "fields that are one value": (
        1600,
        lambda n: described(
            fields={f"f{i}": {"kind": "text"} for i in range(n)},
            together=[[f"f{i}", f"f{i + 1}"] for i in range(n - 1)],
        ),
    ),
    "files of a folder": (2000, lambda n: lambda: list(clashes("x", (f"N{i}" for i in range(n))))),
    "files of a folder that clash": (
        200,
        lambda n: (
            lambda: list(
                clashes("x", (f"{i:020b}".translate({48: "a", 49: "A"}) for i in range(n)))
            )
        ),
    ),
    "length of a key": (
        5000,
        lambda n: (
            lambda: record_key(
                record_path(RecordKey("site.page", encode_part("ü" * n)), Layout.HASHED)
            )
        ),
    ),
    "length of a message": (20_000, lambda n: commit(message=b"Subject\n\n" + b"x\n \n" * n)),
    "lines of a trailer": (20_000, lambda n: commit(message=b"S\n\nA: b\n" + b" x\n" * n)),
    "trailers of one name": (
        2500,
        lambda n: commit(message=b"S\n\n" + b"A: %b\n" % (b"b" * 100) * n),
    ),
    "length of an author": (3000, lambda n: commit(b"author " + b"<" * n + b"\n")),
    "parents of a commit": (3000, lambda n: commit(b"parent %b\n" % (b"0" * 40) * n)),
    "decisions": (
        500,
        lambda n: (
            lambda: added(
                [Resolution(Place(key(i)), take=Take.OURS) for i in range(n)],
                [Resolution(Place(key(i)), take=Take.THEIRS) for i in range(n)],
            )
        ),
    ),
}


def seconds(work: Work) -> float:
    """How long the process works on it."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.parametrize("name", DIMENSIONS)
def test_work_grows_about_as_content_does(name: str) -> None:
    size, made = DIMENSIONS[name]
    small, large = made(size), made(4 * size)
    small()  # what is made once, is made now
    one = four = float("inf")
    for _ in range(5):  # the best of several: others use the machine too
        one, four = min(one, seconds(small)), min(four, seconds(large))
        if four <= GROWTH * one + UNNOTICED:
            return
    raise AssertionError(f"{one:.3f} s, and {four:.3f} s for four times the content")

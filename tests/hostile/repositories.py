"""Files of git and of ours beside the objects, as a copied folder brings them."""

from __future__ import annotations

import json

from tests.hostile.place import Place, member

STATE = "contentgit/merge.json"


@member(1, "names no branch and no commit")
def head_of_noise(place: Place) -> None:
    place.publish()
    place.write("HEAD", b"\xff\0\x1b[31m\n")


@member(0, "13 records in 3 dumps")
def head_unborn(place: Place) -> None:
    place.publish()
    place.write("HEAD", b"ref: refs/heads/nosuch\n")


@member(0, "13 records in 3 dumps")
def head_at_a_blob(place: Place) -> None:
    place.publish()
    place.write("HEAD", place.blob(b"{}")[1].encode() + b"\n")


@member(0, "13 records in 3 dumps")
def alternates_that_lead_nowhere(place: Place) -> None:
    place.publish()
    place.write("objects/info/alternates", b"/nosuch/objects\n../../../..\n\xff\n")


@member(0, "13 records in 3 dumps")
def alternates_of_itself(place: Place) -> None:
    place.publish()
    place.write("objects/info/alternates", f"{place.git_dir}/objects\n".encode())


@member(0, "13 records in 3 dumps")
def packs_of_noise(place: Place) -> None:
    place.publish()
    name = "objects/pack/pack-" + "a" * 40
    place.write(f"{name}.pack", b"PACK\0\0\0\2" + b"\xff" * 100)
    place.write(f"{name}.idx", b"\xfftOc\0\0\0\2" + b"\xff" * 2000)


@member(1, "is damaged or incomplete")
def object_of_noise(place: Place) -> None:
    tip = place.publish()
    (place.git_dir / "objects" / tip[:2] / tip[2:]).write_bytes(b"x\x9c\xff\xff")


@member(0, "13 records in 3 dumps")
def index_of_noise(place: Place) -> None:
    place.publish()
    place.write("index", b"\xff\0" * 40)


@member(0, "13 records in 3 dumps")
def attributes_with_programs(place: Place) -> None:
    """Filters, drivers and conversions, in the commit, the worktree and the clone."""
    lines = b"* filter=x diff=x merge=x text eol=crlf ident working-tree-encoding=UTF-16\n"
    place.put_file(".gitattributes", lines)
    place.write("info/attributes", lines)
    (place.repository / ".gitattributes").write_bytes(lines)


@member(1, "bad config line")
def settings_of_noise(place: Place) -> None:
    place.publish()
    with (place.git_dir / "config").open("ab") as config:
        config.write(b"[\xff\n")


@member(0, "13 records in 3 dumps")  # the verb before it has told what was not written
def moves_of_noise(place: Place) -> None:
    tip = place.publish()
    moves = (
        {"branch": "hostile", "old": "f" * 40, "new": tip},
        {"branch": "hostile", "old": None, "new": "-x"},
        {"branch": "\0\ud800", "old": None, "new": tip},
        {"branch": 7, "old": [], "new": {}},
    )
    texts = [b"", b"[]", b"[" * 100_000, b"\xff", *(json.dumps(each).encode() for each in moves)]
    for number, data in enumerate(texts):
        place.write(f"contentgit/moving-{number}.json", data)


# The file of a merge under way


def _state(place: Place, data: bytes) -> None:
    place.publish()
    place.write(STATE, data)


def _other(place: Place, **fields: object) -> None:
    """The file of a merge under way on main with other values."""
    found = {**json.loads((place.folder / "merge.json").read_text()), **fields}
    _state(place, json.dumps(found).encode())


@member(0, "13 records in 3 dumps")
def state_of_noise(place: Place) -> None:
    _state(place, b"\xff\0\x1b[31m")


@member(0, "13 records in 3 dumps")
def state_of_another_kind(place: Place) -> None:
    _state(place, b"[]")


@member(0, "13 records in 3 dumps")
def state_nested(place: Place) -> None:
    _state(place, b'{"a":' * 50_000 + b"1" + b"}" * 50_000)


@member(0, "13 records in 3 dumps")
def state_that_is_large(place: Place) -> None:
    _state(place, b"[" + b"1," * 2_000_000 + b"1]")


@member(0, "13 records in 3 dumps")
def state_that_is_a_folder(place: Place) -> None:
    place.publish()
    (place.git_dir / STATE).mkdir(parents=True)


@member(0, "13 records in 3 dumps")
def state_of_missing_commits(place: Place) -> None:
    data = (place.folder / "merge.json").read_text()
    found = {
        name: "f" * 40 if isinstance(value, str) and len(value) == 40 else value
        for name, value in json.loads(data).items()
    }
    _state(place, json.dumps(found).encode())

"""Files that travel with rows: names, bytes and folders of them that no commit of ours has."""

from __future__ import annotations

import hashlib
import json

from contentgit.content.layout import file_path
from tests.fuzz.objects import Tree
from tests.hostile.place import FILE, LINK, SUBMODULE, TAG, TREE, Place, member, put

DESCRIPTION = "shop/dataset.json"
LOAF = b"a picture of a loaf"
PATH = file_path(hashlib.sha256(LOAF).hexdigest())


def _carried(place: Place, *, name: str = "loaf.jpg", size: int = len(LOAF)) -> Tree:
    """The tree with a tag whose name is a file, which is not there yet."""
    tree = place.tree()
    described = place.record(DESCRIPTION)
    described["models"]["bakery.tag"]["fields"]["name"]["carried"] = True
    record = place.record()
    record["name"] = {"$file": name, "sha256": hashlib.sha256(LOAF).hexdigest(), "size": size}
    for path, document in ((DESCRIPTION, described), (TAG, record)):
        put(tree, path, place.blob(json.dumps(document, indent=2).encode()))
    return tree


@member(1, "missing-file")
def file_that_nobody_has(place: Place) -> None:
    place.publish(_carried(place))


@member(1, "is not the name of a file below the storage's folder")
def file_that_leads_out(place: Place) -> None:
    tree = _carried(place, name="../../../../tmp/loaf.jpg")
    put(tree, PATH, place.blob(LOAF))
    place.publish(tree)


@member(1, "wrong-file")
def file_of_other_bytes(place: Place) -> None:
    tree = _carried(place)
    put(tree, PATH, place.blob(LOAF[::-1]))
    place.publish(tree)


@member(1, "wrong-file")
def file_that_should_have_many_bytes(place: Place) -> None:
    tree = _carried(place, size=2**63)
    put(tree, PATH, place.blob(LOAF))
    place.publish(tree)


@member(1, "foreign-file")
def files_that_are_none(place: Place) -> None:
    tree = _carried(place)
    put(tree, PATH, place.blob(b"/etc/hostname", LINK))
    put(tree, "files/00", (SUBMODULE, place.main))
    put(tree, b"files/\xff\x1b", place.blob(b""))
    place.publish(tree)


@member(1, "foreign-file")
def link_in_place_of_files(place: Place) -> None:
    tree = _carried(place)
    put(tree, "files", place.blob(b"/etc", LINK))
    place.publish(tree)


@member(1, "foreign-file")
def folders_of_files_without_end(place: Place) -> None:
    found = place.objects.write_tree({b"a": place.blob(b"")})
    for _ in range(6):
        found = place.objects.write_tree({b"%02d" % each: (TREE, found) for each in range(10)})
    tree = _carried(place)
    put(tree, "files", (TREE, found))
    place.publish(tree)


@member(1, "is damaged or incomplete")
def file_whose_object_is_missing(place: Place) -> None:
    tree = _carried(place)
    put(tree, PATH, (FILE, "f" * 40))
    place.publish(tree)


@member(1, "foreign-file")
def dump_in_the_place_of_files(place: Place) -> None:
    tree = place.tree()
    tree[b"files"] = tree[b"shop"]
    place.publish(tree)

"""Commits, histories, tags and refs that git takes and nobody makes by hand."""

from __future__ import annotations

from tests.fuzz.objects import git
from tests.hostile.place import WHO, Place, member

NAME = b"Mallory <mallory@example.com> "


def _headers(place: Place, message: bytes = b"Change things\n", **headers: bytes | None) -> str:
    return place.branch(place.commit(message=message, **headers))


@member(0, "13 records in 3 dumps")
def commit_without_author(place: Place) -> None:
    _headers(place, author=None)


@member(0, "13 records in 3 dumps")
def commit_without_people(place: Place) -> None:
    _headers(place, author=None, committer=None)


@member(0, "13 records in 3 dumps")
def commit_with_odd_names(place: Place) -> None:
    _headers(place, author=b"\x1b[31m\xff> <<a\0b> 1 +0000", committer=b"")


@member(0, "13 records in 3 dumps")
def commit_in_the_far_future(place: Place) -> None:
    _headers(place, author=NAME + b"99999999999999 +0000", committer=NAME + b"9" * 5000 + b" +9999")


@member(0, "13 records in 3 dumps")
def commit_before_all_time(place: Place) -> None:
    _headers(place, author=NAME + b"-62135596801 -1200", committer=NAME + b"-" + b"9" * 30)


@member(0, "13 records in 3 dumps")
def commit_without_dates(place: Place) -> None:
    _headers(place, author=NAME, committer=NAME + b"yesterday")


@member(0, "13 records in 3 dumps")
def commit_in_an_unknown_encoding(place: Place) -> None:
    _headers(place, b"\xff\xfe\xc3\n", encoding=b"nosuch")


@member(0, "13 records in 3 dumps")
def commit_in_an_encoding_of_bytes(place: Place) -> None:
    _headers(place, b"BZh91AY\n", encoding=b"bz2")


@member(0, "new-key-unproven")
def commit_that_gives_keys_to_what_is_not_there(place: Place) -> None:
    tree = git(place.repository, "rev-parse", "main^{tree}").decode().strip()
    ids = [place.main, tree, *(f"{number:040x}" for number in range(500))]
    lines = (
        f"Contentgit-Renumbered: bakery.tag:{old} of {each} is bakery.tag:9\n"
        for each in ids
        for old in range(1, 20)
    )
    _headers(place, f"Change things\n\n{''.join(lines)}".encode())


@member(0, "13 records in 3 dumps")
def commit_in_utf_16(place: Place) -> None:
    _headers(place, "Änderung".encode("utf-16"), encoding=b"utf-16")


@member(0, "13 records in 3 dumps")
def message_with_nul(place: Place) -> None:
    _headers(place, b"A\0B\n\nC\0D\n")


@member(0, "13 records in 3 dumps")
def message_empty(place: Place) -> None:
    _headers(place, b"")


@member(0, "13 records in 3 dumps")
def message_with_control_characters(place: Place) -> None:
    _headers(place, b"\x1b[2J\x1b]0;title\x07\r\xe2\x80\xae\n\n\x9b31m\xed\xa0\x80\n")


@member(0, "13 records in 3 dumps")
def message_of_a_megabyte(place: Place) -> None:
    _headers(place, b"Subject\n\n" + b"word " * 200_000)


@member(0, "13 records in 3 dumps")
def message_of_one_line(place: Place) -> None:
    _headers(place, b"x" * 1_000_000)


@member(0, "13 records in 3 dumps")
def message_of_many_trailers(place: Place) -> None:
    _headers(place, b"Subject\n\n" + b"Contentgit-Dump: \xff\n" * 20_000)


@member(0, "13 records in 3 dumps")
def headers_that_are_unknown(place: Place) -> None:
    _headers(place, gpgsig=b"a\n b\n c", mergetag=b"x", **{"": b"", "x" * 5000: b"\xff" * 5000})


@member(0, "13 records in 3 dumps")
def headers_of_a_megabyte(place: Place) -> None:
    _headers(place, note=b"\n ".join([b"line"] * 200_000))


@member(1, "is damaged or incomplete: ")
def commit_of_a_blob(place: Place) -> None:
    place.branch(place.commit(tree=place.blob(b"{}")[1]))


@member(1, ", which is damaged")
def commit_of_nothing(place: Place) -> None:
    place.branch(place.objects.write("commit", b""))


@member(0, "13 records in 3 dumps")
def parent_missing(place: Place) -> None:
    place.branch(place.commit(parents=["f" * 40]))


@member(0, "13 records in 3 dumps")
def parent_that_is_a_blob(place: Place) -> None:
    place.branch(place.commit(parents=[place.blob(b"{}")[1]]))


@member(0, "13 records in 3 dumps")
def parent_twice(place: Place) -> None:
    place.branch(place.commit(parents=[place.main, place.main]))


# Histories


@member(0, "13 records in 3 dumps")
def merge_of_many(place: Place) -> None:
    sides = [place.commit(message=b"Side %d\n" % each) for each in range(40)]
    place.branch(place.commit(parents=sides))


@member(0, "13 records in 3 dumps")
def merges_crosswise(place: Place) -> None:
    """Each merge has two bases, which are such merges again."""
    one, two = (place.commit(message=each) for each in (b"One\n", b"Two\n"))
    for number in range(12):
        one, two = (
            place.commit(parents=above, message=b"Step %d\n" % number)
            for above in ([one, two], [two, one])
        )
    place.branch(two, "refs/heads/summer")
    place.branch(one)


@member(0, "13 records in 3 dumps")
def merge_of_many_bases(place: Place) -> None:
    shared = [place.commit(message=b"Base %d\n" % each) for each in range(10)]
    one, two = (place.commit(parents=shared, message=each) for each in (b"One\n", b"Two\n"))
    place.branch(two, "refs/heads/summer")
    place.branch(place.commit(parents=[one, two]))


@member(0, "13 records in 3 dumps")
def history_of_its_own(place: Place) -> None:
    place.branch(place.commit(parents=[]))


@member(0, "13 records in 3 dumps")
def history_of_many_commits(place: Place) -> None:
    tip = place.main
    for each in range(1000):
        tip = place.commit(parents=[tip], message=b"Step %d\n" % each)
    place.branch(tip)


@member(0, "13 records in 3 dumps")
def history_cut_off(place: Place) -> None:
    """A shallow clone's boundary, and one that is no commit."""
    place.publish()
    place.write("shallow", place.main.encode() + b"\n")


@member(0, "13 records in 3 dumps")
def history_grafted(place: Place) -> None:
    tip = place.publish()
    place.write("info/grafts", f"{tip} {'f' * 40} {place.main}\n".encode())


@member(0, "13 records in 3 dumps")
def history_replaced(place: Place) -> None:
    """Commit and record are others by refs/replace."""
    tip = place.publish()
    place.branch(place.commit(parents=[], message=b"Other\n"), f"refs/replace/{place.main}")
    record = git(place.source, "rev-parse", "main:contentgit.json").decode().strip()
    place.branch(place.blob(b"[]")[1], f"refs/replace/{record}")
    place.branch(tip)


@member(0, "13 records in 3 dumps")
def history_replaced_in_a_circle(place: Place) -> None:
    one, two = (place.commit(message=each) for each in (b"One\n", b"Two\n"))
    place.branch(two, f"refs/replace/{one}")
    place.branch(one, f"refs/replace/{two}")
    place.branch(one)


# Tags and refs


def _tag(place: Place, target: str, kind: bytes, name: bytes = b"v9") -> str:
    lines = (b"object " + target.encode(), b"type " + kind, b"tag " + name, b"tagger " + WHO)
    return place.objects.write("tag", b"\n".join(lines) + b"\n\nSee\n")


@member(0, "13 records in 3 dumps")
def tags_of_other_objects(place: Place) -> None:
    place.publish()
    tree = place.objects.write_tree({})
    blob = place.blob(b"{}")[1]
    targets = {b"tree": tree, b"blob": blob, b"commit": blob, b"nosuch": tree, b"tag": "f" * 40}
    for kind, target in targets.items():
        place.branch(_tag(place, target, kind), f"refs/tags/of-{kind.decode()}")
    place.branch(tree, "refs/tags/tree")
    place.branch(blob, "refs/tags/blob")
    place.branch("f" * 40, "refs/tags/missing")


@member(0, "13 records in 3 dumps")
def tag_as_branch(place: Place) -> None:
    place.branch(_tag(place, place.publish(), b"commit"))


@member(0, "13 records in 3 dumps")
def tags_of_tags(place: Place) -> None:
    found, kind = place.publish(), b"commit"
    for each in range(200):
        found, kind = _tag(place, found, kind, b"v%d" % each), b"tag"
    place.branch(found, "refs/tags/chain")
    place.branch(found)


@member(0, "13 records in 3 dumps")
def tag_with_odd_headers(place: Place) -> None:
    place.publish()
    target = place.main.encode()
    odd = b"object %s\ntype commit\ntag \x1b[31m\0\ntagger \xff 9e9\n\n\x1b[2J" % target
    place.branch(place.objects.write("tag", odd), "refs/tags/odd")
    place.branch(place.objects.write("tag", b"object x\n"), "refs/tags/cut")


@member(2, "names a blob, not a commit")
def branch_at_a_blob(place: Place) -> None:
    place.branch(place.blob(b"{}")[1])


@member(2, "names a tree, not a commit")
def branch_at_a_folder(place: Place) -> None:
    place.branch(place.objects.write_tree(place.tree()))


@member(1, ", which is missing")
def branch_at_nothing(place: Place) -> None:
    place.branch("f" * 40)


@member(1, "refs/heads/hostile is broken")
def branch_of_noise(place: Place) -> None:
    place.branch("\x1b[31m not an id")


@member(1, "refs/heads/hostile is broken")
def branch_at_itself(place: Place) -> None:
    place.branch("ref: refs/heads/hostile")


@member(0, "13 records in 3 dumps")
def branches_of_many_names(place: Place) -> None:
    tip = place.publish()
    names = [f"{tip} refs/heads/b{each:05}\n" for each in range(3000)]
    names += [f"{tip} refs/heads/\u202e\u00e9\n", f"{tip} refs/tags/-x\n"]
    packed = git(place.source, "show-ref").decode()
    place.write("packed-refs", "".join([*sorted(names), packed]).encode())


@member(0, "13 records in 3 dumps")
def branches_beside_head(place: Place) -> None:
    """Names that git takes for other things first."""
    tip = place.publish()
    for name in ("heads/HEAD", "tags/hostile", "tags/main", f"heads/{place.main}", "heads/-x"):
        place.branch(tip, f"refs/{name}")

"""Trees: depth, number, names, modes and objects that no commit of ours has."""

from __future__ import annotations

from tests.fuzz.objects import NOTHING, Tree
from tests.hostile.place import FILE, LINK, SUBMODULE, TAG, TREE, Entry, Place, member, put

MODEL = "shop/bakery.tag"


def _nested(inner: Tree | Entry, depth: int) -> Tree | Entry:
    for _ in range(depth):
        inner = {b"0": inner}
    return inner


def _multiplied(place: Place, leaf: Tree, levels: int) -> Entry:
    """The same folder, ``10 ** levels`` times."""
    found = place.objects.write_tree(leaf)
    for _ in range(levels):
        found = place.objects.write_tree({b"%d" % each: (TREE, found) for each in range(10)})
    return TREE, found


@member(1, "shop/bakery.tag")
def nested_records(place: Place) -> None:
    place.put(f"{MODEL}/0/0", _nested({b"3.json": place.blob(b"{}")}, 60))


@member(0, "13 records in 3 dumps")
def nested_beside(place: Place) -> None:
    place.put(".docs", _nested({b"a": place.blob(b"")}, 150))


@member(1, "shop/bakery.tag")
def multiplied_records(place: Place) -> None:
    place.put(MODEL, _multiplied(place, {b"3.json": place.blob(b"{}")}, 6))


@member(1, "shop/bakery.zzz")
def multiplied_folders_without_files(place: Place) -> None:
    """No file differs: git looks for one that does."""
    place.put("shop/bakery.zzz", _multiplied(place, {}, 8))


@member(0, "no merge takes this folder")
def multiplied_beside(place: Place) -> None:
    place.put(".docs", _multiplied(place, {b"a": place.blob(b"")}, 6))


@member(1, "foreign-file")
def many_files_in_a_folder(place: Place) -> None:
    file = place.blob(b"{}")
    place.put(f"{MODEL}/0/0", {b"x%d.json" % each: file for each in range(5000)})


@member(1, "dump499/dataset.json")
def many_dumps(place: Place) -> None:
    tree = place.tree()
    for each in range(500):
        put(tree, f"dump{each}/dataset.json", place.blob(b"{}"))
    place.publish(tree)


@member(1, "3.json")
def submodule_as_record(place: Place) -> None:
    place.put(TAG, (SUBMODULE, place.main))


@member(1, "odd-mode")
def submodule_as_dump(place: Place) -> None:
    place.put("shop", (SUBMODULE, place.main))


@member(1, "3.json")
def link_as_record(place: Place) -> None:
    place.put(TAG, place.blob(b"/etc/hostname", LINK))


@member(1, "odd-mode")
def link_as_dump(place: Place) -> None:
    place.put("shop", place.blob(b"..", LINK))


@member(1, "odd-mode")
def link_as_description(place: Place) -> None:
    place.put("shop/dataset.json", place.blob(b"/etc/hostname", LINK))


@member(1, "no-format")
def link_as_repository_file(place: Place) -> None:
    place.put("contentgit.json", place.blob(b"/etc/hostname", LINK))


@member(1, "is damaged or incomplete")
def modes_of_other_objects(place: Place) -> None:
    """A folder that is a file, a file that is a folder, a file that is a commit."""
    tree = place.tree()
    put(tree, f"{MODEL}/1", (TREE, place.blob(b"{}")[1]))
    put(tree, TAG, (FILE, place.objects.write_tree({})))
    put(tree, f"{MODEL}/0/0/12.json", (FILE, place.main))
    place.publish(tree)


@member(1, "3.json")
def unknown_modes(place: Place) -> None:
    tree = place.tree()
    for each, mode in enumerate((b"0", b"1", b"100600", b"777777")):
        put(tree, f"{MODEL}/0/0/{each}.json", place.blob(b"{}", mode))
    place.publish(tree)


@member(1, "3.json")
def folder_as_file(place: Place) -> None:
    place.put(TAG, {b"a": place.blob(b"{}")})


@member(1, "shop/bakery.tag")
def file_as_folder(place: Place) -> None:
    place.put(MODEL, place.blob(b"{}"))


@member(1, "odd-mode")
def file_as_dump(place: Place) -> None:
    place.put("shop", place.blob(b"{}"))


@member(1, "is damaged or incomplete")
def missing_record(place: Place) -> None:
    place.put(TAG, (FILE, "f" * 40))


@member(1, "is damaged or incomplete")
def missing_folder(place: Place) -> None:
    place.put(MODEL, (TREE, "f" * 40))


@member(1, "is damaged or incomplete")
def missing_description(place: Place) -> None:
    place.put("shop/dataset.json", (FILE, "f" * 40))


@member(1, "is damaged or incomplete")
def missing_top(place: Place) -> None:
    place.branch(place.commit(tree="f" * 40))


@member(1, "is damaged or incomplete")
def no_id(place: Place) -> None:
    place.put(TAG, (FILE, NOTHING))


@member(1, "is damaged or incomplete")
def truncated_folder(place: Place) -> None:
    place.put(MODEL, (TREE, place.objects.write("tree", b"40000 0\0" + b"\1" * 7)))


@member(1, "is damaged or incomplete")
def folder_of_noise(place: Place) -> None:
    place.put(MODEL, (TREE, place.objects.write("tree", b"\xff\0 \n" * 50)))


@member(1, "3.json")
def entries_twice_and_unsorted(place: Place) -> None:
    entry = bytes.fromhex(place.blob(b"{}")[1])
    names = (b"9.json", b"3.json", b"3.json", b"1.json")
    data = b"".join(b"100644 " + name + b"\0" + entry for name in names)
    place.put(f"{MODEL}/0/0", (TREE, place.objects.write("tree", data)))


@member(1, "case-clash")
def names_of_git(place: Place) -> None:
    file = place.blob(b"[core]\n\tfsmonitor = true\n")
    folder: Tree = {b"config": file}
    tree = place.tree()
    for name in (".git", ".GIT", "git~1", ".git ", "shop/.git", ".g\u200cit"):
        put(tree, name, folder)
    put(tree, ".gitmodules", place.blob(b'[submodule "a"]\n\tpath = -x\n\turl = -y\n'))
    place.publish(tree)


@member(1, "foreign-file")
def names_that_lead_out(place: Place) -> None:
    tree = place.tree()
    shop = tree[b"shop"]
    assert isinstance(shop, dict)
    for name in (b"..", b".", b"a/b", b"/tmp", b"\\x", b"C:", b"-x", b"--output=x"):
        shop[name] = {name: place.blob(b"{}")}
        tree[name] = {b"dataset.json": place.blob(b"{}")}
    place.publish(tree)


@member(1, "no-schema")
def names_with_control_characters(place: Place) -> None:
    tree = place.tree()
    for name in (b"\x1b[31m", b"a\nb", b"\r", b"\t", b"\x7f", b"\xe2\x80\xae", b"\xff", b'"'):
        put(tree, MODEL.encode() + b"/0/0/" + name + b".json", place.blob(b"{}"))
        put(tree, name + b"/dataset.json", place.blob(b"{}"))
    place.publish(tree)


@member(1, "case-clash")
def names_that_some_systems_take_for_one(place: Place) -> None:
    """Twins by case and by composition, and names that Windows does not have."""
    tree = place.tree()
    file = place.blob(b"{}")
    for name in ("3.JSON", "\u00e9.json", "e\u0301.json", "con.json", "3.json.", "3.json "):
        put(tree, f"{MODEL}/0/0/{name}", file)
    put(tree, "shop/bakery.Tag/0/0/3.json", file)
    put(tree, "Shop/dataset.json", file)
    put(tree, "CONTENTGIT.json", file)
    place.publish(tree)


@member(1, "999.json")
def long_names(place: Place) -> None:
    tree = place.tree()
    put(tree, f"{MODEL}/0/0/{'9' * 4000}.json", place.blob(b"{}"))
    put(tree, f"{'x' * 4000}/dataset.json", place.blob(b"{}"))
    place.publish(tree)


@member(1, "has no contentgit.json")
def nothing_at_all(place: Place) -> None:
    place.publish({})

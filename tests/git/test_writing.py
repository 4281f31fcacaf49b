"""Trees and commits as git sees them afterwards, and what a failure leaves behind: nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from contentgit.errors import FormatError, RecordError, RepositoryError, UsageError
from contentgit.git import GONE, FileEntry, Repository, Signature
from tests.git.conftest import ANNA, DATE, ONE, THREE, TWO, Commits, Written
from tests.git.plain import git
from tests.memory import printed


def commit_text(repository: Repository, commit: str) -> str:
    return git(repository.path, "cat-file", "commit", commit)


def test_the_bytes_of_a_commit(repository: Repository, commit: Commits) -> None:
    written = commit(repository, {ONE: b"one\n", TWO: b""})
    assert written == Written(
        commit="c880442dcdc4686d5f95758a9bc2ed495c361990",
        tree="f43e9b22269e1a74b6fcd909fda7d4cb1806de7d",
        changed=True,
    )
    assert commit_text(repository, "main") == (
        f"tree {written.tree}\n"
        "author Anna <anna@example.com> 1767323045 +0000\n"
        "committer Anna <anna@example.com> 1767323045 +0000\n"
        "\n"
        "Change things"
    )
    assert git(repository.path, "ls-tree", "-r", "main").splitlines() == [
        f"100644 blob 5626abf0f72e58d7a153368ba57db4c673c0e171\t{ONE}",
        f"100644 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\t{TWO}",
    ]


def test_a_change_keeps_the_rest(repository: Repository, commit: Commits) -> None:
    first = commit(repository, {ONE: b"one\n", TWO: b"two\n", THREE: b"three\n"})
    second = commit(repository, {ONE: b"uno\n", THREE: None, "tags/missing.json": None})
    assert repository.history.commit(second.commit).parents == (first.commit,)
    assert git(repository.path, "ls-tree", "-r", "--name-only", "main").splitlines() == [ONE, TWO]
    assert repository.trees.folders(second.commit) == ["pages"]
    assert repository.blob(second.commit, ONE) == b"uno\n"


def test_nothing_changed_makes_no_commit(repository: Repository, commit: Commits) -> None:
    first = commit(repository, {ONE: b"one\n"})
    for changes in ({}, {ONE: b"one\n"}, {TWO: None}):
        assert commit(repository, changes) == Written(first.commit, first.tree, changed=False)
    assert git(repository.path, "rev-list", "--count", "main") == "1"


@pytest.mark.parametrize("second", [b"two\n", b"one\n", None, GONE, "blob"])
def test_two_records_at_one_path_are_refused(
    repository: Repository, commit: Commits, second: bytes | FileEntry | str | None
) -> None:
    """Whatever the second is, git would keep that one alone."""
    first = commit(repository, {TWO: b"two\n"})
    blob = FileEntry("100644", repository.trees.entry(first.commit, TWO) or "")
    placed = blob if isinstance(second, str) else second
    for start in (b"one\n", blob):
        with pytest.raises(RecordError, match=f"two records have the path {ONE}"):
            repository.writer.write_tree(first.commit, [(ONE, start), (THREE, b"3"), (ONE, placed)])
    assert not list((repository.git_dir / "objects" / "pack").glob("tmp_*"))


def test_a_record_moves_to_where_another_was(repository: Repository, commit: Commits) -> None:
    first = commit(repository, {ONE: b"one\n", TWO: b"two\n"})
    moves = [(ONE, None), (TWO, GONE), (ONE, b"two\n"), (TWO, b"one\n")]
    tree = repository.writer.write_tree(first.commit, moves)
    assert [repository.blob(tree, each) for each in (ONE, TWO)] == [b"two\n", b"one\n"]


def test_any_bytes_are_kept(repository: Repository, commit: Commits, algorithm: str) -> None:
    contents = [b"\0" * 10, bytes(range(256)), b"data 3\ndone\n", b"\r\n", b"x" * 3_000_000]
    paths = [f"f/{number}.json" for number in range(len(contents))]
    written = commit(repository, dict(zip(paths, contents, strict=True)))
    assert [repository.blob(written.commit, path) for path in paths] == contents


def test_everything_deleted(repository: Repository, commit: Commits, algorithm: str) -> None:
    commit(repository, {ONE: b"one\n"})
    written = commit(repository, {ONE: None})
    assert written.changed
    assert git(repository.path, "ls-tree", "-r", "main") == ""


def test_both_algorithms_bare_or_not(
    repository_path: Path, commit: Commits, algorithm: str
) -> None:
    repository = Repository.init(repository_path, bare=True)
    written = commit(repository, {ONE: b"one\n"})
    assert len(written.commit) == len(written.tree) == {"sha1": 40, "sha256": 64}[algorithm]
    assert git(repository_path, "show", f"main:{ONE}") == "one"
    assert not commit(repository, {}).changed


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "../x", "a/../b", "a/./b", ".", "a//b", "a/", "/", ".git/config",
        "a/.GIT/hooks/x", "git~1/x", ".git./x", "a\nb", "a\0b", 'a"b', '"a"', "a\\b", "c:x", "é",
        "a\udcffb", ".git",
    ],
)  # fmt: skip
def test_paths_that_contentgit_does_not_write(repository: Repository, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        repository.writer.write_tree(None, [(ONE, b"1"), (path, b"2")])
    assert caught.value.message == f"contentgit does not write a file named {path!r}"
    with pytest.raises(FormatError):
        repository.writer.write_tree(None, [(path, None)])
    assert_untouched(repository)


@pytest.mark.parametrize(
    "path", [".gitattributes", ".github/x.yml", "a b/ c", "--upload-pack=x", "%", "a@1,2/~x", "a~1"]
)
def test_odd_paths_that_are_fine(repository: Repository, commit: Commits, path: str) -> None:
    written = commit(repository, {path: b"x"})
    assert git(repository.path, "ls-tree", "-r", "-z", "--name-only", "main") == path + "\0"
    assert repository.blob(written.commit, path) == b"x"


def assert_untouched(repository: Repository) -> None:
    """No ref, no half-written pack, no report of a crash."""
    assert git(repository.path, "for-each-ref") == ""
    packs = repository.git_dir / "objects" / "pack"
    assert [each.name for each in packs.iterdir() if each.name.startswith("tmp_")] == []
    assert list(repository.git_dir.glob("fast_import_crash_*")) == []
    assert list(repository.git_dir.glob("**/*.lock")) == []
    assert git(repository.path, "fsck", "--strict", "--no-dangling") == ""


def test_a_source_that_fails_midway_writes_nothing(repository: Repository) -> None:
    def source() -> Iterator[tuple[str, bytes]]:
        for number in range(5000):
            yield f"pages/{number}.json", b"x" * 1000
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        repository.writer.write_tree(None, source())
    assert_untouched(repository)


def test_killed_midway(repository: Repository, commit: Commits) -> None:
    """A process that dies leaves no ref, and the next call works."""
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from contentgit.git import Repository\n"
        "def source():\n"
        "    for number in range(20000):\n"
        "        if number == 15000:\n            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield f'pages/{number}.json', os.urandom(1000)\n"
        "Repository.open(Path(sys.argv[1])).writer.write_tree(None, source())\n"
    )
    command = [sys.executable, "-c", program, str(repository.path)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.returncode == -signal.SIGKILL
    assert git(repository.path, "for-each-ref") == ""
    written = commit(repository, {ONE: b"one\n"})
    assert repository.blob(written.commit, ONE) == b"one\n"
    assert git(repository.path, "fsck", "--strict", "--no-dangling") == ""


def test_a_parent_that_is_not_there(repository: Repository) -> None:
    with pytest.raises(
        RepositoryError, match=r"git fast-import failed in .*: [Nn]ot a valid commit"
    ):
        repository.writer.write_tree("1" * 40, [(ONE, b"1")])
    with pytest.raises(UsageError, match="'main' is not a commit id"):
        repository.writer.write_tree("main", [(ONE, b"1")])
    assert_untouched(repository)


def test_a_pack_that_a_killed_one_was_about_to_make(
    repository: Repository, commit: Commits, tmp_path: Path
) -> None:
    """fast-import writes down that the pack is kept before it has its name, and never takes that back."""
    other = Repository.init(tmp_path / "other")
    changes: dict[str, bytes | None] = {ONE: b"one\n", TWO: b"two\n"}
    made = commit(other, changes)
    (pack,) = (other.path / ".git/objects/pack").glob("*.pack")
    keep = repository.path / ".git/objects/pack" / pack.with_suffix(".keep").name
    keep.parent.mkdir(exist_ok=True)
    keep.write_bytes(b"fast-import")
    mine = keep.with_name("pack-mine.keep")
    mine.write_text("I keep this one\n")
    assert commit(repository, changes) == made
    assert (keep.exists(), mine.exists()) == (False, True)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A repository that this process may read and not write, also when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="contentgit-test-") as name:
        top = Path(name)
        (top / "config").write_text("[user]\n\tname = A\n\temail = a@b\n[safe]\n\tdirectory = *\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(top / "config"))
        monkeypatch.setenv("HOME", name)
        repository = Repository.init(top / "content")
        tree = repository.writer.write_tree(None, [(ONE, b"one\n")])
        repository.refs.move(
            "refs/heads/main", repository.writer.commit_tree(tree, [], "x"), None, "x"
        )
        folders = [path for path in [top, *top.rglob("*")] if path.is_dir()]
        for folder in folders:
            folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield repository
        finally:
            os.seteuid(user)
            for folder in folders:
                folder.chmod(stat.S_IRWXU)


def test_a_read_only_repository(read_only: Repository) -> None:
    tip = read_only.refs.resolve("main")
    tree = read_only.trees.folder_id(tip)
    assert tree is not None
    ways = [
        lambda: read_only.writer.write_tree(tip, [(ONE, b"uno\n")]),
        lambda: read_only.writer.commit_tree(tree, [tip], "message"),
        lambda: read_only.refs.move("refs/heads/side", tip, None, "test"),
        lambda: read_only.refs.delete("refs/heads/main", tip),
        lambda: read_only.refs.set_head("side"),
        lambda: read_only.refs.create_branch("side", tip),
    ]
    for way in ways:
        with pytest.raises(RepositoryError) as caught:
            way()
        assert caught.value.message.startswith(f"cannot write to {read_only.path}: ")
        assert "ermission" in caught.value.message
    assert read_only.blob(tip, ONE) == b"one\n"
    assert read_only.refs.head_branch() == "main"
    (left,) = read_only.worktrees.bring_along("main", None, tip)
    assert (left.worktree, left.paths) == (read_only.path, [ONE])
    assert "ermission" in left.reason
    with pytest.raises(RepositoryError, match=f"^cannot make a repository at {read_only.path}/x: "):
        Repository.init(read_only.path / "x")


def test_inside_a_git_hook(repository_path: Path, hook_environment: Path, commit: Commits) -> None:
    """Everything goes to our repository; the fixture asserts that the hook's stays as it was."""
    repository = Repository.init(repository_path)
    assert repository.git_dir == repository_path / ".git"
    first = commit(repository, {ONE: b"one\n", TWO: b"two\n"})
    assert repository.worktrees.bring_along("main", None, first.commit) == []
    second = commit(repository, {ONE: b"uno\n", TWO: None})
    assert repository.worktrees.bring_along("main", first.commit, second.commit) == []
    assert (repository_path / ONE).read_bytes() == b"uno\n"
    repository.refs.create_branch("side", first.commit)
    repository.worktrees.checkout_head("side")
    assert (repository_path / TWO).read_bytes() == b"two\n"
    assert [each.id for each in repository.history.log("main")] == [second.commit, first.commit]
    assert list(repository.trees.entries(second.commit, "pages")) == [
        ("a.b/0/0/1.json", repository.trees.entry(second.commit, ONE))
    ]
    repository.housekeeping.maintain()
    assert Repository.discover(repository_path).path == repository_path
    assert Repository.open(repository_path).worktree == repository_path


def test_configured_author_and_given_ones(repository: Repository) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    own = repository.history.commit(repository.writer.commit_tree(tree, [], "x"))
    assert (own.author, own.email) == ("Test Author", "author@example.com")
    assert abs(own.date - datetime.now(UTC)) < timedelta(minutes=5)
    zone = timezone(timedelta(hours=-5, minutes=-30))
    when = datetime(2020, 2, 29, 23, 59, 59, 999, tzinfo=zone)
    given = repository.history.commit(
        repository.writer.commit_tree(tree, [], "x", author=ANNA, date=when)
    )
    assert (given.author, given.email) == ("Anna", "anna@example.com")
    assert given.committer == Signature("Test Author", "author@example.com")
    assert given.date == given.committed == when.replace(microsecond=0)
    assert given.date.utcoffset() == timedelta(hours=-5, minutes=-30)


def test_an_author_cannot_forge_lines(repository: Repository) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    author = Signature("Eve>\nparent 1 <x", "e\nv<e@example.com")
    commit = repository.writer.commit_tree(tree, [], "x", author=author, committer=ANNA, date=DATE)
    assert commit_text(repository, commit).splitlines()[1] == (
        "author Eveparent 1 x <eve@example.com> 1767323045 +0000"
    )


@pytest.mark.parametrize("name", ["", "  ", "<>", ".,\n"])
def test_an_author_without_a_name(repository: Repository, name: str) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    with pytest.raises(UsageError, match="has no name") as caught:
        repository.writer.commit_tree(tree, [], "x", author=Signature(name, "a@example.com"))
    assert caught.value.hint == "write it as: Your Name <you@example.com>"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Ünï → 🥐", "Ünï → 🥐\n"),
        ("--amend\n\n# no comment\r\n  indented  \n\n\n", "--amend\n\n# no comment\r\n  indented  \n\n\n"),
        ("caf\udce9", "café\n"),  # a byte that was no UTF-8: git takes it for Latin-1
        ("half \ud83e", "half \\ud83e\n"),
        ("\x1b[31mred\x07", "\x1b[31mred\x07\n"),
    ],
)  # fmt: skip
def test_messages(repository: Repository, message: str, kept: str) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    commit = repository.writer.commit_tree(tree, [], message)
    assert repository.history.commit(commit).message == kept


def test_messages_that_are_none(repository: Repository) -> None:
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    with pytest.raises(UsageError, match="the commit message is empty"):
        repository.writer.commit_tree(tree, [], " \n\t")
    with pytest.raises(UsageError, match="the commit message holds a NUL character"):
        repository.writer.commit_tree(tree, [], "a\0b")


def test_a_configured_encoding_does_not_matter(repository: Repository) -> None:
    git(repository.path, "config", "i18n.commitEncoding", "ISO-8859-1")
    tree = repository.writer.write_tree(None, [(ONE, b"1")])
    commit = repository.writer.commit_tree(tree, [], "Ünï")
    assert "encoding" not in commit_text(repository, commit)
    assert repository.history.commit(commit).subject == "Ünï"


SIGNER = """\
#!/bin/sh
cat > /dev/null
echo "[GNUPG:] BEGIN_SIGNING" >&2
echo "[GNUPG:] SIG_CREATED $4" >&2
echo "-----BEGIN PGP SIGNATURE-----"
echo "made for $*"
echo "-----END PGP SIGNATURE-----"
"""


def test_commits_are_signed_where_git_is_told_to(
    repository: Repository, tmp_path: Path, commit: Commits
) -> None:
    signer = tmp_path / "signer"
    signer.write_text(SIGNER)
    signer.chmod(0o755)
    git(repository.path, "config", "gpg.program", str(signer))
    git(repository.path, "config", "user.signingKey", "KEY")
    plain = commit(repository, {ONE: b"one\n"})
    assert "gpgsig" not in commit_text(repository, plain.commit)
    git(repository.path, "config", "commit.gpgSign", "yes")
    signed = commit(repository, {ONE: b"uno\n"})
    assert commit_text(repository, signed.commit).splitlines()[4:7] == [
        "gpgsig -----BEGIN PGP SIGNATURE-----",
        " made for --status-fd=2 -bsau KEY",
        " -----END PGP SIGNATURE-----",
    ]
    assert repository.history.commit(signed.commit).parents == (plain.commit,)
    assert repository.history.commit(signed.commit).message == "Change things\n"
    assert repository.blob(signed.commit, ONE) == b"uno\n"


def test_a_signature_that_fails(repository: Repository, commit: Commits) -> None:
    git(repository.path, "config", "gpg.program", "false")
    git(repository.path, "config", "commit.gpgSign", "true")
    with pytest.raises(RepositoryError, match=r"^git cannot sign the commit: ") as caught:
        commit(repository, {ONE: b"one\n"})
    assert caught.value.hint == (
        "check user.signingKey and gpg.program, or: "
        f"git -C {repository.path} config commit.gpgSign false"
    )
    assert_untouched(repository)


def test_hooks_of_the_repository_do_not_run(repository: Repository, commit: Commits) -> None:
    for name in ("reference-transaction", "post-checkout", "post-index-change", "pre-commit"):
        hook = repository.git_dir / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {repository.path}/{name}.ran\nexit 1\n")
        hook.chmod(0o755)
    first = commit(repository, {ONE: b"one\n"})
    repository.worktrees.bring_along("main", None, first.commit)
    repository.refs.create_branch("side", first.commit)
    repository.worktrees.checkout_head("side")
    assert list(repository.path.glob("*.ran")) == []


def test_many_small_writes_are_put_together(repository: Repository, commit: Commits) -> None:
    packs = repository.git_dir / "objects" / "pack"
    for number in range(55):
        commit(repository, {ONE: f"{number}\n".encode()})
    before = len(list(packs.glob("*.pack")))
    assert before > 50
    repository.housekeeping.maintain()
    after = len(list(packs.glob("*.pack")))
    assert after < 5
    assert repository.blob(repository.refs.resolve("main~30"), ONE) == b"24\n"
    assert git(repository.path, "fsck", "--strict", "--no-dangling") == ""
    repository.housekeeping.maintain()
    assert len(list(packs.glob("*.pack"))) == after


def test_memory_does_not_grow_with_the_number_of_changes(repository: Repository) -> None:
    program = (
        "from pathlib import Path\n"
        "from contentgit.git import Repository\n"
        "repository = Repository.open(Path(sys.argv[1]))\n"
        "repository.writer.write_tree(None, [('f/0.json', b'x')])\nbefore = peak()\n"
        "tree = repository.writer.write_tree(None, ((f'f/{n % 100}/{n}.json', b'%07d' % n * 1000) "
        "for n in range(10000)))\n"
        "commit = repository.writer.commit_tree(tree, [], 'x')\n"
        "ids = (each for _, each in repository.trees.entries(commit, 'f'))\n"
        "assert sum(map(len, repository.objects.blobs(ids))) == 70_000_000\n"
        "print(peak() - before)\n"
    )
    (more,) = printed(program, str(repository.path))
    assert more < 20 * 2**20


def test_files_that_are_there_already_are_placed_by_id_whatever_they_are_called(
    repository: Repository, commit: Commits
) -> None:
    first = commit(repository, {ONE: b"one\n"})
    script = git(repository.path, "hash-object", "-w", "--stdin", data=b"#!/bin/sh\n")
    names = ["Über uns.md", 'a "b" \\n', "line\nend", "bin/run"]
    changes = [(name, FileEntry("100755", script)) for name in names]
    tree = repository.writer.write_tree(None, [*changes, (ONE, None)], {"": first.tree})
    listed = git(repository.path, "ls-tree", "-r", "-z", tree).split("\0")
    assert listed[:-1] == [f"100755 blob {script}\t{name}" for name in sorted(names)]
    found = list(repository.trees.changed_files(first.tree, tree))
    gone = (ONE, FileEntry("100644", "5626abf0f72e58d7a153368ba57db4c673c0e171"), None)
    assert found == sorted([gone, *((name, None, each) for name, each in changes)])
    assert list(repository.trees.changed_files(first.commit, first.tree)) == []
    gone = [(name, GONE) for name in names]
    assert repository.writer.write_tree(None, [*gone, (ONE, b"one\n")], {"": tree}) == first.tree


def test_refuses_to_place_a_file_in_its_own_folder(repository: Repository, commit: Commits) -> None:
    first = commit(repository, {ONE: b"one\n"})
    entry = FileEntry("100644", "5626abf0f72e58d7a153368ba57db4c673c0e171")
    for name in ("../x", ".git/hooks/post-checkout", "a//b"):
        with pytest.raises(FormatError):
            repository.writer.write_tree(first.commit, [(name, entry)])


def test_a_folder_of_objects_that_cannot_be_listed(read_only: Repository) -> None:
    """git reads objects by their names, so nothing is held instead of nothing read."""
    user = os.geteuid()
    objects = read_only.path / ".git" / "objects"
    os.seteuid(os.getuid())
    objects.chmod(0o311)
    os.seteuid(user)
    with pytest.raises(PermissionError):
        os.listdir(objects)
    with read_only.housekeeping.in_use(alone=True, notice=pytest.fail):
        assert read_only.blob(read_only.refs.resolve("main"), ONE) == b"one\n"


@pytest.mark.filterwarnings("ignore:This process .*multi-threaded:DeprecationWarning")
def test_a_folder_of_objects_that_cannot_be_entered(read_only: Repository) -> None:
    """git says that there is no repository, and HEAD is as it should be."""
    user = os.geteuid()
    objects = read_only.path / ".git" / "objects"
    os.seteuid(os.getuid())
    objects.chmod(0)
    child = os.fork()  # git asks what the real user may do
    if not child:
        if os.getuid() == 0:
            os.setresuid(65534, 65534, 65534)
        try:
            Repository.open(read_only.path)
        except RepositoryError as error:
            os._exit(0 if error.message == f"cannot read {objects}: permission denied" else 1)
        os._exit(2)
    os.seteuid(user)
    _, status = os.waitpid(child, 0)
    assert status == 0

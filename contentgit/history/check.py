"""``check``: what is wrong with the tree of a commit.

Needs neither settings nor a database: it runs in CI and on a bare clone. What the project's code says of the
tree comes in as a function (:mod:`contentgit.workingcopy.check_code` has it).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from contentgit.check import Checked, Finding, Fix, Level
from contentgit.check.carried import is_file, is_files_folder, stranger
from contentgit.check.files import (
    DescribedDump,
    check_file,
    clashes,
    conflict,
    describe,
    foreign_file,
    foreign_folder,
    format_findings,
    lines_of,
    odd_mode,
    repeated_folder,
    replaced_folder,
)
from contentgit.check.findings import finding
from contentgit.check.trees import Tree
from contentgit.content.layout import (
    CONFLICTS_FOLDER,
    DATASET_FILE,
    FILES_FOLDER,
    FOLDERS,
    REPOSITORY_FILE,
)
from contentgit.content.records import Record
from contentgit.content.schema import FieldKind
from contentgit.errors import FormatError, RepositoryError
from contentgit.git import Repository
from contentgit.history.check_files import CommitFiles
from contentgit.history.dumps import dump_folders
from contentgit.history.renumbered import saying_of, unproven
from contentgit.history.snapshots import batches
from contentgit.history.unmigrated import with_ways

KEPT = 10_000
"""Findings of one rule that are told one by one; of the others only the number is."""

Take: TypeAlias = Callable[[Finding], None]
Named: TypeAlias = Mapping[str, Sequence[str]]
"""The names of files that stay where they are, by ``"app.model.field"``; of many the first."""

Judge: TypeAlias = Callable[[Sequence[DescribedDump], Mapping[str, str], Named], Iterable[Finding]]
"""What the project's code says of the dumps of a tree, of what stands beside them (name and mode), and of
the files that its records name.
"""

_PLACE = attrgetter("path", "line", "rule", "message")
_PLAIN, _FOLDER = "100644", "40000"


def endpoints(revision: str) -> tuple[str | None, str]:
    """The two ends of ``A..B``; ``None`` and the revision where it is no range."""
    before, dots, after = revision.partition("..")
    return (before or "HEAD", after or "HEAD") if dots else (None, revision)


def check(
    repository: Repository,
    revision: str,
    *,
    forbidden: Sequence[str] = (),
    judge: Judge | None = None,
    merges: Callable[[Take], int] | None = None,
    doubts: Callable[[Take], None] | None = None,
) -> Checked:
    """Checks a revision, or the end of a range; what the range's beginning has already is only counted.

    ``merges`` hands in what is wrong with merge commits, and gives their number; ``doubts`` what is not
    certain of the one that is checked.

    Raises:
        UnknownNameError: a revision does not exist.
        FormatError: the commit holds no content of contentgit.
    """
    since, tip = endpoints(revision)
    commit = repository.refs.resolve(tip)
    known: set[tuple[str, ...]] = set()
    if since is not None:
        since = repository.refs.resolve(since)
        if repository.trees.entry(since, REPOSITORY_FILE):
            # As a range to itself: of the files that both ends have, the bytes are not read.
            _TreeCheck(
                repository, since, lambda each: known.add(each.identity), forbidden, judge, since
            ).run()
    found = _CheckedContent(known)
    tree_check = _TreeCheck(repository, commit, found.take, forbidden, judge, since)
    tree_check.run()
    count = merges(found.take) if merges else 0
    if doubts and not merges:
        doubts(found.take)
    for each in _new_keys(repository, commit, since, everywhere=bool(merges)):
        found.take(each)
    lined = _with_lines(repository, commit, found.kept)
    return Checked(
        revision,
        commit,
        since,
        len(tree_check.dumps),
        tree_check.records,
        tuple(sorted(with_ways(repository, commit, lined), key=_PLACE)),
        tuple(tree_check.leaving),
        {level: found.levels[level] for level in Level},
        found.before,
        found.untold,
        count,
        tuple(tree_check.fixes),
    )


def _new_keys(
    repository: Repository, commit: str, since: str | None, *, everywhere: bool
) -> Iterator[Finding]:
    """What messages say of new keys, of a commit, those since another, or all, without effect."""
    one = since is None and not everywhere
    saying = [commit] if one else saying_of(repository, since, commit)
    for at, said in unproven(repository, commit, saying):
        line = f"{said.old} of {said.commit[:10]} is {said.new}"
        message = f"says that {line}; its records do not bear that out"
        hint = "the line of its message has no effect"
        yield finding("new-key-unproven", message, record=said.old, commit=at, hint=hint)


@dataclass
class _CheckedContent:
    """The findings that are not ``known``: all are counted, and of each rule :data:`KEPT` are kept."""

    known: set[tuple[str, ...]]
    kept: list[Finding] = field(default_factory=list)
    levels: Counter[Level] = field(default_factory=Counter)
    before: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    def take(self, each: Finding) -> None:
        if each.identity in self.known:
            self.before += 1
            return
        self.levels[each.level] += 1
        self.rules[each.rule] += 1
        if self.rules[each.rule] <= KEPT:
            self.kept.append(each)

    @property
    def untold(self) -> dict[str, int]:
        """How many findings of each rule are not kept."""
        return {rule: count - KEPT for rule, count in self.rules.items() if count > KEPT}


def _with_lines(
    repository: Repository, commit: str, findings: Sequence[Finding]
) -> Iterator[Finding]:
    """The findings, with the line of their field in the file."""
    waiting = defaultdict(list)
    for each in findings:
        carried = each.path.startswith(f"{FILES_FOLDER}/")  # such a file has no lines
        if each.path and not each.line and not each.commit and not carried:
            waiting[each.path].append(each)
        else:
            yield each
    for batch in batches(sorted(waiting)):
        blobs = repository.trees.files_at(commit, batch)
        for path, data in zip(blobs, repository.objects.blobs(blobs.values()), strict=True):
            here = waiting.pop(path, [])
            lines = lines_of(data, {each.field for each in here})
            yield from (replace(each, line=lines.get(each.field, 1)) for each in here)
    for rest in waiting.values():
        yield from rest


@dataclass
class _TreeCheck:
    """One pass over the tree of a commit. ``beside`` is what stands beside the dumps: mode by name."""

    repository: Repository
    commit: str
    take: Take
    forbidden: Sequence[str]
    judge: Judge | None
    since: str | None = None
    dumps: dict[str, DescribedDump] = field(default_factory=dict)
    records: int = 0
    fixes: list[Fix] = field(default_factory=list)
    leaving: list[Finding] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    kept: dict[str, dict[str, None]] = field(default_factory=dict)
    files: CommitFiles = field(init=False)

    def __post_init__(self) -> None:
        self.files = CommitFiles(self.repository, self.since)

    def run(self) -> None:
        """Looks at everything, unless it is of a format that nobody here knows."""
        if not self._format():
            return
        self._describe()
        tree = Tree(list(self.dumps.values()), self.forbidden)
        for batch in batches(self._files()):
            blobs = self.repository.objects.blobs([blob for _, _, blob in batch])
            for (top, path, blob), data in zip(batch, blobs, strict=True):
                if top == CONFLICTS_FOLDER:
                    self.take(conflict(f"{top}/{path}", data))
                else:
                    self._record(tree, self.dumps[top], path, blob, data)
        self._take_all(tree.findings())
        self._take_all(self.files.findings())
        self.leaving = tree.leaving()
        replaced = [replaced_folder(name, self.beside[name]) for name in sorted(self._replaced())]
        self._take_all(replaced)
        if self.judge is not None:
            named = {field: [*names] for field, names in self.kept.items()}
            found = self.judge(list(self.dumps.values()), self.beside, named)
            self._take_all(each for each in found if each not in replaced)

    def _take_all(self, findings: Iterable[Finding]) -> None:
        for each in findings:
            self.take(each)

    def _format(self) -> bool:
        blob = self.repository.trees.entry(self.commit, REPOSITORY_FILE)
        if blob is None:
            raise FormatError(
                f"commit {self.commit[:10]} has no {REPOSITORY_FILE}: it is not content of contentgit",
                hint="name another revision, or run 'contentgit init' in a repository of its own",
            )
        (data,) = self.repository.objects.blobs([blob])
        found = list(format_findings(data))
        self._take_all(found)
        self._document_fix(REPOSITORY_FILE, blob, found)
        return all(each.rule == "non-canonical" for each in found)

    def _describe(self) -> None:
        names = [each for each in dump_folders(self.repository, self.commit) if _is_name(each)]
        paths = [f"{name}/{DATASET_FILE}" for name in names]
        blobs = self.repository.trees.files_at(self.commit, paths)
        contents = dict(zip(blobs, self.repository.objects.blobs(blobs.values()), strict=True))
        for name, path in zip(names, paths, strict=True):
            dump, found = describe(name, contents.get(path))
            self.dumps[name] = dump
            self._take_all(found)
            self._document_fix(path, blobs.get(path, ""), found)

    def _document_fix(self, path: str, blob: str, found: Sequence[Finding]) -> None:
        if any(each.rule == "non-canonical" for each in found):
            self.fixes.append(Fix(path, path, blob))

    def _files(self) -> Iterator[tuple[str, str, str]]:
        """Folder at the top, path in it, and blob id of every file to be read."""
        for folder, entries in self.repository.trees.listing(
            self.commit, self._is_ours, lambda path: self.take(repeated_folder(path))
        ):
            self._take_all(clashes(folder, (name for name, _, _ in entries)))
            top, _, below = folder.partition("/")
            for name, mode, each in entries:
                if not folder:
                    self._top(name, mode, each)
                    continue
                path = f"{below}/{name}" if below else name
                if top == FILES_FOLDER:
                    self._file(f"{top}/{path}", mode, each)
                elif not _is_name(name):
                    self.take(foreign_file(f"{top}/{path}"))
                elif mode == _FOLDER and path.count("/") == FOLDERS:
                    self.take(foreign_folder(f"{top}/{path}"))
                elif mode not in (_PLAIN, _FOLDER):
                    self.take(odd_mode(f"{top}/{path}", mode))
                elif mode == _PLAIN and path != DATASET_FILE:
                    yield top, path, each

    def _file(self, path: str, mode: str, blob: str) -> None:
        """What is in the folder of files that travel with rows."""
        if mode == _PLAIN and is_file(path):
            self.files.add_file(path, blob)
        elif mode != _FOLDER or not is_files_folder(path):
            self.take(stranger(path))

    def _top(self, name: str, mode: str, tree: str) -> None:
        """What lies beside the dumps counts where it would be taken for one, or stop a merge."""
        if not _is_name(name):
            self.take(foreign_file(name))
        elif name == FILES_FOLDER:
            if mode != _FOLDER:
                self.take(stranger(name))
        elif mode == _FOLDER and name not in self.dumps and name != CONFLICTS_FOLDER:
            try:
                self.repository.trees.check(tree)
            except FormatError as error:
                message = f"no merge takes this folder: {error.message}"
                hint = "take it out of the commit"
                self.take(
                    finding("foreign-file", message, path=name, hint=hint, level=Level.WARNING)
                )
        elif mode != _FOLDER and name != REPOSITORY_FILE:
            self.beside[name] = mode

    def _replaced(self) -> set[str]:
        """What stands beside the dumps where the range's beginning or a parent has one."""
        paths = [f"{name}/{DATASET_FILE}" for name in self.beside]
        parents = self.repository.history.commit(self.commit).parents if paths else ()
        found: dict[str, str] = {}
        for each in {*parents, *([self.since] if self.since else [])}:
            with suppress(RepositoryError):  # a shallow clone does not have it
                found |= self.repository.trees.files_at(each, paths)
        return {path.partition("/")[0] for path in found}

    def _is_ours(self, path: str) -> bool:
        top = path.partition("/")[0]
        if top == FILES_FOLDER:
            return is_files_folder(path)
        # An apply refuses what lies below in folders, too.
        return (
            _is_name(path.rpartition("/")[2])
            and (top in self.dumps or top == CONFLICTS_FOLDER)
            and path.count("/") <= FOLDERS
        )

    def _record(self, tree: Tree, dump: DescribedDump, path: str, blob: str, data: bytes) -> None:
        checked = check_file(dump, path, data)
        self._take_all(checked.findings)
        if checked.record is None:
            return
        self.records += 1
        self.files.add_record(checked.record, f"{dump.folder}/{path}")
        if self.judge is not None:
            self._keep_names(dump, checked.record)
        usual = checked.place == path
        self._take_all(tree.add(dump, checked.record, path, blob, usual=usual))
        if checked.place and checked.data is not None and (not usual or checked.data != data):
            self.fixes.append(Fix(f"{dump.folder}/{path}", f"{dump.folder}/{checked.place}", blob))

    def _keep_names(self, dump: DescribedDump, record: Record) -> None:
        label = record.key.model
        for each in dump.models[label].fields if label in dump.models else ():
            value = record.fields.get(each.name) if each.kind is FieldKind.FILE else None
            if isinstance(value, str) and value and not each.carried:
                names = self.kept.setdefault(f"{label}.{each.name}", {})
                if len(names) < KEPT:
                    names[value] = None


def _is_name(name: str) -> bool:
    """Whether it is the name of a file: trees that git did not make can hold others."""
    return "/" not in name and name not in ("", ".", "..")

"""The law of ``upgrade``: records become rows of a scratch database, and these the same records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contentgit import config
from contentgit.history.snapshots import CommitSide
from contentgit.workingcopy.evolution import Evolution
from contentgit.workingcopy.project import Operator, Project
from contentgit.workingcopy.scratch import scratch_database, worked, write_dump
from contentgit.workingcopy.upgrade_job import Job, after, read_files
from tests.growing import Grower
from tests.verbs import test_law
from tests.verbs.test_law import POPULATIONS, SEEDS

_settings = test_law._settings


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_records_are_the_same_after_no_migration(
    db: str,
    ok: Callable[..., str],
    repository_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    name: str,
) -> None:
    monkeypatch.setenv("CONTENTGIT_TEST_DATASETS", "tests.verbs.test_law.datasets")
    Grower(POPULATIONS[name], seed, db).grow()
    ok("init", "--bare")
    ok("commit", name, "-m", "As it was")
    project = Project(
        config.read(), db, Operator("test", datetime.now(UTC)), repository_path=repository_path
    )
    (dump,) = project.dumps([name])
    commit = project.repository.refs.resolve("main")
    evolution = Evolution.since(project, dump, commit)
    leaves = tuple(sorted(evolution.code.standing.leaves))
    folder = tmp_path / "scratch"
    folder.mkdir()
    write_dump(project.repository, commit, dump.folder, folder)
    labels = tuple({label.partition(".")[0] for label in dump.tables})
    with scratch_database(project, [evolution], folder, "") as database:
        Job(database, leaves, {dump.folder: name}, labels, {}).write(folder)
        report = worked(project, folder)
    side = CommitSide(project.repository, commit, dump.folder)
    ids = side.ids()
    before = dict(zip(ids, project.repository.objects.blobs(ids.values()), strict=True))
    assert report.records == len(before) > 10
    for path, data in read_files(after(folder, dump.folder)):
        assert data.decode() == before.pop(path).decode()
    assert not before, report.notes

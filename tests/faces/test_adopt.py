"""``identity adopt``: which rows are which records, where the names of rows do not say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.evolving import Project
from tests.faces import test_uuid
from tests.faces.test_uuid import INITIAL, MODELS, SPECS, pages
from tests.faces.test_uuid_copies import insert, restore, table

ADOPT = ("identity", "adopt", "main")
APPLY = (*ADOPT, "--apply", "--yes")
NAMES = "contentgit_identity"

switched = test_uuid.switched


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Stage with pages, committed; production with the same under other keys. Two of them are alike."""
    made = Project(tmp_path / "project")
    made.code(MODELS, [INITIAL], SPECS)
    for site, first in (("stage", 1), ("production", 11)):
        made.migrate(site)
        for pk, title in enumerate(("Rye", "Oat", "Same", "Same"), first):
            insert(made, pk, title, site)
    insert(made, 6, "Of stage", "stage")
    insert(made, 6, "Of production", "production")
    made.ok("init")
    made.ok("commit", "-m", "First")
    return made


def uuids(project: Project, site: str = "stage") -> dict[str, str]:
    """What names each page, by title; the last of those that have one title."""
    found = project.sql(
        "SELECT title, uuid FROM site1_page p JOIN contentgit_identity i ON i.row = p.id"
        " WHERE label = 'site1.page' ORDER BY p.id",
        site=site,
    )
    return {str(title): str(uuid) for title, uuid in found}


def adopted(project: Project, *words: str, site: str = "production") -> Any:
    """What ``adopt`` says as JSON."""
    return json.loads(project.ok(*ADOPT, *words, "--json", site=site))


def counts(document: Any) -> dict[str, dict[str, int]]:
    """The counts that are not 0, by model."""
    return {
        each.pop("model"): {name: count for name, count in each.items() if count}
        for each in document["counts"]
    }


def test_rows_of_equal_content_get_the_names_of_records(project: Project) -> None:
    before = table(project, NAMES, "production")
    shown = project.ok(*ADOPT, site="production")
    assert "site1.page  2 matched, 1 only here, 1 only there, 2 doubtful" in shown
    assert (
        "site1.page: 2 rows and 2 records with equal content\n    site1.page row 13  Same" in shown
    )
    assert "site1.comment: 2 rows and 2 records with equal content" in shown
    assert "    site1.page row 6  Of production\n" in shown
    assert "Nothing has been written" in shown
    shown = project.ok(*ADOPT, "--by", "site1.page=title", "pages", site="production")
    assert "contentgit identity adopt main pages --by site1.page=title --apply\n" in shown
    assert table(project, NAMES, "production") == before == []
    done = project.ok(*APPLY, site="production")
    assert "Named 4 rows as the records that they are" in done
    assert "4 records were doubtful: an apply makes them once more" in done
    assert "No row to name" in project.ok(*APPLY, site="production")
    there = uuids(project, "production")
    assert there == {title: uuids(project)[title] for title in ("Rye", "Oat")}
    assert counts(adopted(project))["site1.page"]["named"] == 2


def test_plans_lead_to_it_where_no_name_is_known(project: Project) -> None:
    way = "contentgit identity adopt main  (if rows here are records of it: shows which)"
    project.sql("DELETE FROM site1_comment WHERE id = 6", site="production")
    refused = project.manage("contentgit", "checkout", "main", site="production")
    assert way in refused.stderr
    assert way in project.ok("checkout", "main", "--merge", site="production")
    assert "identity adopt" not in project.ok("checkout", "main")
    project.ok(*APPLY, site="production")
    assert "identity adopt" not in project.ok("checkout", "main", "--merge", site="production")
    for name in ("comment", "page"):
        project.sql(f"DELETE FROM site1_{name}", site="production")
    assert "identity adopt" not in project.ok("checkout", "main", site="production")


def test_a_file_of_pairs_says_what_content_does_not(project: Project, tmp_path: Path) -> None:
    """As ``--json`` lists them, or in lines; comments follow their pages then."""
    (doubt,) = (each for each in adopted(project)["doubtful"] if "site1.page" in each["reason"])
    pairs = [
        (r["record"], row["pk"]) for r, row in zip(doubt["records"], doubt["rows"], strict=True)
    ]
    lines = tmp_path / "pairs.csv"
    lines.write_text("record,pk\n\n" + "".join(f"{record},{pk}\n" for record, pk in pairs))
    document = tmp_path / "pairs.json"
    document.write_text(json.dumps([{"record": record, "pk": int(pk)} for record, pk in pairs]))
    found = adopted(project, "--pairs", str(lines))
    assert found == adopted(project, "--pairs", str(document))
    document.write_text(json.dumps(found))  # all that --json prints
    assert found == adopted(project, "--pairs", str(document))
    quoted = "".join(
        f'"{record}", "{pk}",,\r\n' for record, pk in pairs
    )  # as spreadsheets write it
    lines.write_bytes(b"\xef\xbb\xbf" + quoted.encode())
    assert found == adopted(project, "--pairs", str(lines))
    wanted = {"matched": 4, "new_here": 1, "new_there": 1}
    assert counts(found) == {"site1.comment": wanted, "site1.page": wanted}
    project.ok(*APPLY, "--pairs", str(lines), site="production")
    project.ok("checkout", "main", "--apply", "--merge", "--yes", site="production")
    titles = project.sql("SELECT title FROM site1_page ORDER BY title", site="production")
    assert [title for (title,) in titles] == [
        *("Oat", "Of production", "Of stage", "Rye", "Same", "Same")
    ]
    project.ok("commit", "-m", "Joined", site="production")
    project.ok("checkout", "main", "--apply", "--yes")
    assert pages(project) == pages(project, "production")


def test_a_field_says_it_where_rows_were_edited(project: Project) -> None:
    project.sql("UPDATE site1_comment SET text = 'Edited.' WHERE id = 11", site="production")
    assert counts(adopted(project))["site1.comment"]["matched"] == 1
    found = counts(adopted(project, "--by", "site1.comment=page"))
    assert found["site1.comment"]["matched"] == 2
    project.ok(*APPLY, "--by", "site1.comment=page", site="production")
    plan = project.manage("contentgit", "checkout", "main", "pages", site="production").stdout
    assert "~ site1.comment:" in plan


def test_a_row_that_a_status_has_named_gets_another_name(project: Project) -> None:
    project.ok("commit", "--dry-run", "-m", "x", "--branch", "new", site="production")
    mere = uuids(project, "production")
    assert len(mere) == 4
    project.ok(*APPLY, site="production")
    there = uuids(project, "production")
    assert there["Rye"] == uuids(project)["Rye"] != mere["Rye"]
    assert there["Of production"] == mere["Of production"]
    kept = project.sql("SELECT count(*) FROM contentgit_identity", site="production")
    assert kept == [(10,)]


def test_a_row_that_a_commit_has_keeps_its_name(project: Project) -> None:
    """Also where a record has the same content, and so with what refers to it."""
    project.git("symbolic-ref", "HEAD", "refs/heads/live")
    project.ok("commit", "-m", "Production", site="production")
    before = table(project, NAMES, "production")
    found = adopted(project)
    assert counts(found)["site1.page"] == {"named": 5, "doubtful_there": 4, "new_there": 1}
    reasons = {each["reason"] for each in found["doubtful"]}
    assert "site1.page: the applied commit has the name of the row, which it keeps" in reasons
    said = project.ok(*APPLY, site="production")
    assert "8 records are here under names that the applied commit has" in said
    assert "migrate contentgit zero\n" in said
    assert "That drops the maps of its copies, too" in said
    assert "site1.page row 13" not in said
    assert "site1.page row 13" in project.ok(*ADOPT, "--all", site="production")
    assert table(project, NAMES, "production") == before


def test_lost_names_are_found_again(project: Project) -> None:
    for pk in (3, 4):
        project.sql(f"UPDATE site1_page SET title = 'Only {pk}' WHERE id = {pk}")
    project.ok("commit", "-m", "Each has its own title")
    names = uuids(project)
    project.sql("DELETE FROM contentgit_identity")
    said = project.refused("status")
    commit = project.git("rev-parse", "main").strip()[:10]
    assert f"contentgit identity adopt {commit}  (pairs the rows with the records" in said
    project.ok("identity", "adopt", commit, "--apply", "--yes")
    assert uuids(project) == names
    assert "clean" in project.ok("status", "--exit-code")


def test_lost_names_of_rows_that_were_edited_since(project: Project, tmp_path: Path) -> None:
    """A record without a row blocks every call, until a person has said what it is."""
    for pk in (3, 4):
        project.sql(f"UPDATE site1_page SET title = 'Only {pk}' WHERE id = {pk}")
    project.ok("commit", "-m", "Each has its own title")
    names, everything = uuids(project), table(project, NAMES, "stage")
    project.sql("UPDATE site1_page SET title = 'Spelt' WHERE id = 1")
    project.sql("DELETE FROM contentgit_identity")
    said = project.refused(*APPLY)
    assert "has no row for 2 records of the applied commit" in said
    assert f"site1.page:{names['Rye']}  Rye" in said
    by = ("--by", "site1.comment=text")
    call = "contentgit identity adopt main pages --by site1.comment=text --apply"
    shown = project.ok(*ADOPT, *by, "pages")
    for text in (project.refused(*APPLY, *by, "pages"), shown):
        assert f"{call} --by MODEL=FIELD,FIELD  (pairs by these fields alone)" in text
        assert f"{call} --pairs FILE  (with a line for each" in text
        assert f"{call} --leave-unpaired  (they count as deleted here)" in text
    assert "With --apply this is refused: database 'default' has no row for" in shown
    assert table(project, NAMES, "stage") == []
    pairs = tmp_path / "pairs"
    pairs.write_text(f"site1.page:{names['Rye']},1")
    project.ok(*APPLY, "--pairs", str(pairs))
    assert "1 record edited since" in project.ok("status")
    assert {row[-3:] for row in table(project, NAMES, "stage")} == {row[-3:] for row in everything}
    project.sql("DELETE FROM contentgit_identity")
    project.ok(*APPLY, "--leave-unpaired")
    status = project.ok("status")
    assert (
        "4 records edited since" in status
    )  # the page and its comment, as they were and as they are
    assert f"- site1.page:{names['Rye']}" in status
    project.ok("commit", "-m", "Spelt")
    assert "clean" in project.ok("status", "--exit-code")


def test_names_that_are_of_other_rows_since(project: Project) -> None:
    """The table is older than the rows, and a primary key was used again: none of its names is trusted."""
    older = table(project, NAMES, "stage")
    for name in ("comment", "page"):
        project.sql(f"DELETE FROM site1_{name} WHERE id = 2")
    project.ok("commit", "-m", "Without oat")
    insert(project, 2, "Spelt", "stage")
    project.ok("commit", "-m", "Spelt")
    names = table(project, NAMES, "stage")
    restore(project, NAMES, older, "stage")
    assert "identity adopt" in project.refused("status")
    project.ok(*APPLY)
    assert "clean" in project.ok("status", "--exit-code")
    now = {row[1:4] for row in table(project, NAMES, "stage") if row[2]}
    assert now == {row[1:4] for row in names if row[2]}


def older_names(project: Project) -> dict[str, str]:
    """The table is older than the rows, and Rye is gone since; what named the pages before."""
    for pk in (3, 4):
        project.sql(f"UPDATE site1_page SET title = 'Only {pk}' WHERE id = {pk}")
    project.ok("commit", "-m", "Each has its own title")
    older = table(project, NAMES, "stage")
    insert(project, 7, "Later", "stage")
    project.ok("commit", "-m", "Later")
    names = uuids(project)
    for name in ("comment", "page"):
        project.sql(f"DELETE FROM site1_{name} WHERE id = 1")
    restore(project, NAMES, older, "stage")
    return names


def test_a_name_that_is_left_does_not_make_another_row_its_record(
    project: Project, tmp_path: Path
) -> None:
    """Content has to agree, or a person has to say so: a primary key may have been used again."""
    names = older_names(project)
    insert(project, 1, "Another", "stage")
    before = table(project, NAMES, "stage")
    shown = project.ok(*ADOPT)
    assert "site1.page  5 matched, 1 doubtful" in shown
    assert "has the name of the record, but other content" in shown
    said = project.refused(*APPLY)
    assert f"site1.page:{names['Rye']}  Rye  (perhaps row 1)" in said
    assert table(project, NAMES, "stage") == before
    pairs = tmp_path / "pairs"
    pairs.write_text(f"site1.page:{names['Rye']},1")
    (matched,) = (
        each
        for each in adopted(project, "--pairs", str(pairs), site="stage")["matched"]
        if names["Rye"] in each["record"]
    )
    assert matched["pk"] == "1"
    project.ok(*APPLY, "--leave-unpaired")
    assert uuids(project) == {each: name for each, name in names.items() if each != "Rye"}
    status = project.ok("status")
    assert f"- site1.page:{names['Rye']}  Rye" in status
    assert re.search(r"\+ site1.page:\S+  Another", status)


def test_a_name_that_is_left_of_a_row_that_is_gone(project: Project) -> None:
    """The next row under its primary key is another one."""
    names = older_names(project)
    assert f"site1.page:{names['Rye']}  Rye" in project.refused(*APPLY)
    project.ok(*APPLY, "--leave-unpaired")
    insert(project, 1, "Another", "stage")
    assert uuids(project) == {each: name for each, name in names.items() if each != "Rye"}
    assert f"- site1.page:{names['Rye']}" in project.ok("status")


def test_a_row_that_is_gone_as_adopt_sees_is_gone(project: Project) -> None:
    """Also where no names are lost."""
    names = uuids(project)
    for name in ("comment", "page"):
        project.sql(f"DELETE FROM site1_{name} WHERE id = 1")
    project.ok(*APPLY)
    insert(project, 1, "Another", "stage")
    assert f"- site1.page:{names['Rye']}" in project.ok("status")
    gone = project.sql("SELECT was FROM contentgit_identity WHERE uuid = ?", names["Rye"])
    assert gone == [("1",)]


def test_names_of_another_commit_are_lost(project: Project) -> None:
    first = project.git("rev-parse", "main").strip()
    insert(project, 7, "Later", "stage")
    project.ok("commit", "-m", "Later")
    project.sql("DELETE FROM contentgit_identity")
    said = project.refused("identity", "adopt", first)
    assert "names of 2 records are lost" in said
    assert f"identity adopt {project.git('rev-parse', 'main').strip()[:10]}" in said


def test_by_primary_key_where_another_field_agrees(switched: Project) -> None:
    """Records from before UUIDs tell the primary key: a row of that key and title is the same."""
    switched.ok("commit", "-m", "By UUID")
    switched.sql("DELETE FROM contentgit_ledger", site="production")
    switched.sql("UPDATE site1_page SET title = 'Same' WHERE id IN (1, 2)", site="production")
    switched.sql("UPDATE site1_page SET title = 'Same' WHERE id IN (1, 2)")
    switched.ok("commit", "-m", "Alike")
    assert counts(adopted(switched))["site1.page"]["doubtful"] == 2
    found = adopted(switched, "--by", "site1.page=pk,title")
    assert counts(found)["site1.page"] == {"matched": 2, "new_here": 1, "new_there": 1}
    rows = {each["pk"] for each in found["matched"] if each["record"].startswith("site1.page")}
    assert rows == {"1", "2"}
    switched.ok(*APPLY, "--by", "site1.page=pk,title", site="production")
    wanted = "SELECT uuid FROM contentgit_identity WHERE label = 'site1.page' AND row IN ('1', '2')"
    assert {*switched.sql(wanted)} == {*switched.sql(wanted, site="production")}


def test_nothing_is_written_if_the_database_refuses_on_the_way(project: Project) -> None:
    project.sql(
        "CREATE TRIGGER stop BEFORE INSERT ON contentgit_identity WHEN NEW.label = 'site1.page'"
        " BEGIN SELECT RAISE(ABORT, 'not today'); END",
        site="production",
    )
    project.refused(*APPLY, site="production")
    assert table(project, NAMES, "production") == []
    project.sql("DROP TRIGGER stop", site="production")
    project.ok(*APPLY, site="production")
    assert len(table(project, NAMES, "production")) == 4


def test_pairs_that_cannot_be(project: Project, tmp_path: Path) -> None:
    rye, oat = uuids(project)["Rye"], uuids(project)["Oat"]
    project.ok(*APPLY, site="production")
    missing = "00000000-0000-4000-8000-000000000000"
    comment = adopted(project)["new_there"][0]["record"]
    pairs = tmp_path / "pairs"
    problems = {
        f"site1.page:{missing},6": f"main has no record site1.page:{missing}",
        f"{comment},77": "there is no row 77 of site1.comment in the dumps",
        f"{comment},x": "there is no row x of site1.comment in the dumps",
        f"site1.nothing:{oat},6": "site1.nothing is not in these dumps",
    }
    project.ok("checkout", "main", "--apply", "--merge", "--yes", site="production")
    problems |= {
        f"site1.page:{rye},6": f"site1.page:{rye} is the name of row 11, as a commit has it",
        f"{comment},11": f"{comment} is the name of row",
    }
    for line, problem in problems.items():
        pairs.write_text(line)
        said = project.refused(*APPLY, "--pairs", str(pairs), site="production")
        assert f"line 1: {problem}" in said, said
        assert "contentgit identity adopt main --all  (lists rows and records)" in said
    pairs.write_text(f"site1.page:{rye},11\nsite1.page:{rye},11")
    said = project.refused(*APPLY, "--pairs", str(pairs), site="production")
    assert f"line 2: site1.page:{rye} is in line 1, too" in said
    assert "line 2: row 11 of site1.page is in line 1, too" in said
    pairs.write_text(f"site1.page:{rye},11")  # as it is
    project.ok(*APPLY, "--pairs", str(pairs), site="production")


def test_a_wrong_pair_is_corrected_by_another(project: Project, tmp_path: Path) -> None:
    """Until a commit of this database has it; the row that had the name gets its own, if that is known."""
    names = uuids(project)
    pairs = tmp_path / "pairs"
    words = ("--pairs", str(pairs))
    pairs.write_text(f"site1.page:{names['Rye']},12\nsite1.page:{names['Of stage']},11")
    project.ok(*APPLY, *words, site="production")
    wrong = uuids(project, "production")
    assert (wrong["Oat"], wrong["Rye"]) == (names["Rye"], names["Of stage"])
    pairs.write_text(f"site1.page:{names['Rye']},11")
    project.ok(*APPLY, *words, site="production")
    there = uuids(project, "production")
    assert (there["Rye"], there["Oat"]) == (names["Rye"], names["Oat"])
    assert names["Of stage"] not in there.values()
    pairs.write_text(f"site1.page:{names['Rye']},12\nsite1.page:{names['Oat']},11")
    project.ok(*APPLY, *words, site="production")
    there = uuids(project, "production")
    assert (there["Oat"], there["Rye"]) == (names["Rye"], names["Oat"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"\xff", "it is not UTF-8 text"),
        (b"nonsense", "line 1: 'nonsense' is not a record such as pages.page:0c9a"),
        (b"site1.page:1", "line 1: the primary key of site1.page:1 is missing"),
        (
            b"nonsense\n" * 12,
            "line 10: 'nonsense' is not a record such as pages.page:0c9a\u2026\n  and 2 more",
        ),
        (b"site1.page:1,\0", "line 1: "),
        (b'{"matched": "x"}', "holds no list of pairs"),
        (b"[", "is not valid JSON"),
        (b"{}", "holds no list of pairs"),
        (b'[{"record": 3, "pk": "4"}]', "pair 1: '' is not a record"),
        (b'[{"record": "site1.page:1", "pk": true}]', "the primary key of site1.page:1 is missing"),
        (b"[[]]", "pair 1: '' is not a record"),
    ],
)
def test_a_file_that_is_none_of_pairs(
    project: Project, tmp_path: Path, text: bytes, problem: str
) -> None:
    pairs = tmp_path / "pairs"
    pairs.write_bytes(text)
    done = project.manage("contentgit", *ADOPT, "--pairs", str(pairs))
    assert done.returncode == 2, done.stderr
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "identity adopt requires a revision"),
        (("nowhere",), "unknown revision 'nowhere'"),
        (("main", "shop"), "there is no dataset 'shop'"),
        (("main", "--pk"), "identity adopt does not know --pk"),
        (("main", "--by", "title"), "--by takes a model and its fields, not 'title'"),
        (("main", "--by", "site1.page="), "--by takes a model and its fields"),
        (("main", "--by", "site1.page=size"), "site1.page has no field 'size'; it has title"),
        (("main", "--by", "site1.shop=size"), "site1.shop is not in these dumps"),
        (("main", "--by", "site1.page=pk"), "primary keys alone pair rows that two sites made"),
        (
            ("main", "--by", "site1.page=title", "--by", "site1.page=pk"),
            "--by names site1.page twice",
        ),
        (("main", "--pairs", "/nowhere"), "cannot read the pairs in /nowhere"),
        (("main", "--apply"), "cannot ask for confirmation without a terminal"),
    ],
)
def test_wrong_words(project: Project, words: tuple[str, ...], problem: str) -> None:
    done = project.manage("contentgit", "identity", "adopt", *words, site="production")
    assert done.returncode == 2, done.stderr
    assert problem in done.stderr
    assert table(project, NAMES, "production") == []


def test_a_model_that_its_primary_key_names(project: Project) -> None:
    project.code(MODELS, [INITIAL], [{"model": "site1.page"}])
    done = project.manage("contentgit", *ADOPT, site="production")
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr

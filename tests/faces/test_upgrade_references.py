"""``upgrade`` of content with references inside of texts and JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faces.test_upgrade import ID, Story

CARDS = """
    class Card(models.Model):
        title = models.CharField(max_length=50)
        {text} = models.TextField()
        data = models.JSONField(null=True)
"""
MAKE_CARD = f"""m.CreateModel("Card", [
    {ID},
    ("title", f.CharField(max_length=50)),
    ("text", f.TextField()),
    ("data", f.JSONField(null=True)),
])"""
ROWS = [
    """
    INSERT INTO site1_card (id, title, text, data) VALUES
    (7, 'Seven', '<a id="9"></a> <a id="7"></a> <b id="9"></b>', '[9, "7", 4711, null]'),
    (9, 'Nine', '<a id="1"></a> <a id="12"></a> <a id="0"></a> <a id="07"></a>', '[1, 2, "2", 0]'),
    (12, 'Left out', '', NULL)
    """
]
CODE = """
import re

def follow(apps, editor):
    Card = apps.get_model("site1", "Card")
    titles = dict(Card.objects.exclude(title="Left out").values_list("pk", "title"))
    for each in Card.objects.order_by("title"):
        named = [titles.get(int(pk), "none") for pk in re.findall('<a id="([1-9][0-9]*)"', each.text)]
        each.title += f" sees {len(named) - named.count('none')}"
        each.text += f'<p><a id="{each.pk}">Itself</a></p>'
        each.save()
"""


def specs(text: str = "text", model: str = "card", **more: object) -> list[dict[str, object]]:
    """Specs of the cards; one of these is not in the commit."""
    label = f"site1.{model}"
    references = {text: {"a[id]": label}, "data": {"*": label}}
    spec = {"model": label, "filter": {"pk__lt": 12}, "references": references}
    return [{**spec, **more}]


@pytest.mark.parametrize("identity", ["uuid", "pk"])
@pytest.mark.parametrize(
    ("later", "text", "model"),
    [
        (["m.RunPython(follow)"], "text", "card"),
        (
            ["m.RunPython(follow)", 'm.RenameField("Card", "text", "words")'],
            "words",
            "card",
        ),
        (["m.RunPython(follow)", 'm.RenameModel("Card", "Note")'], "text", "note"),
    ],
    ids=["code", "field", "model"],
)
def test_references_come_through_migrations(
    tmp_path: Path, identity: str, later: list[str], text: str, model: str
) -> None:
    """Also those to rows that the commit does not have, and to numbers of rows that are nowhere."""
    before = specs(identity=identity)
    story = Story(
        CARDS.format(text="text"),
        [MAKE_CARD],
        ROWS,
        CARDS.format(text=text).replace("Card", model.title()),
        later,
        before,
        CODE,
    )
    project = story.begin(tmp_path)
    code = [*story.first, *later]
    project.code(story.after, code, specs(text, model, identity=identity), CODE)
    project.ok("upgrade", "main", "--branch", "upgraded")
    assert "Seven sees 2" in project.git("grep", "title", "upgraded")
    assert ("?4711)" in project.git("grep", "4711", "upgraded")) is (identity == "uuid")
    project.migrate()
    project.ok("commit", "-m", "In place")
    assert project.git("diff", "main", "upgraded") == ""


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (specs(references={}), specs(), "where this code has references"),
        (specs(), specs(references={}), "where this code has none"),
        (
            specs(references={"text": {"a[id]": "site1.card", "b[id]": "site1.card"}}),
            specs(references={"text": {"a[id]": "site1.card"}}),
            "site1.card.text: b[id] site1.card",
        ),
    ],
)
def test_references_on_one_side_alone_are_refused(
    tmp_path: Path, was: list[dict[str, object]], now: list[dict[str, object]], words: str
) -> None:
    """Rows have other primary keys in a scratch database."""
    text = CARDS.format(text="text")
    story = Story(text, [MAKE_CARD], ROWS, text, ["m.RunPython(follow)"], was, CODE)
    project = story.begin(tmp_path)
    head = project.git("rev-parse", "main")
    project.code(text, [MAKE_CARD, "m.RunPython(follow)"], now, CODE)
    said = project.refused("upgrade", "main")
    assert words in said
    assert "site1.card.text" in said
    assert project.git("rev-parse", "main") == head

"""What contentgit knows of a site's own definitions; runs in an environment that has Wagtail.

Definitions are all that is asked: no database is made.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.append(str(ROOT / "scripts/realworld"))  # last: it has a wagtail.py

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    SECRET_KEY="x",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "wagtail_references_site.home",
        *(
            "wagtail.contrib.forms",
            "wagtail.contrib.typed_table_block",
            "wagtail.contrib.redirects",
        ),
        *("wagtail.embeds", "wagtail.users", "wagtail.snippets", "wagtail.documents"),
        *("wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", "modelcluster", "taggit"),
        *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
    ],
    STATIC_URL="/static/",
    WAGTAILIMAGES_IMAGE_MODEL="home.Picture",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.apps import apps  # noqa: E402
from django.db.models import Model, UUIDField  # noqa: E402

from contentgit.content import embedded  # noqa: E402
from contentgit.content.layout import decode_part, encode_part  # noqa: E402
from contentgit.content.records import RecordKey  # noqa: E402
from contentgit.contrib import wagtail  # noqa: E402
from contentgit.references import parsed  # noqa: E402
from contentgit.specs import parse_specs  # noqa: E402


class Badge(Model):
    id = UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        app_label = "home"


KINDS = {31: "home,articlepage", 32: "home,notice", 33: "home,teaser"}


class Marks:
    """Every primary key is that of a row; content types have the names that they have."""

    def text(self, model: str, pk: str) -> str:
        return pk if "$" in pk else embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        is_kind = model == "contenttypes.contenttype"
        key = KINDS.get(pk, f"?{pk}") if is_kind else str(pk)
        return embedded.number_mark(RecordKey(model, key))


def number(model: str, pk: object) -> str:
    return embedded.number_mark(RecordKey(model, str(pk)))


PAGE, PICTURE = "wagtailcore.page", "home.picture"
RICH = (
    '<a linktype="page" id="6">x</a><a id="2" linktype="document">y</a>'
    '<embed embedtype="image" id="1" alt="6"/><embed embedtype="media" url="/6"/>'
    '<a linktype="email" id="6">z</a>'
)
NAMED = (
    '<a linktype="page" id="$ref(wagtailcore.page:6)">x</a>'
    '<a id="$ref(wagtaildocs.document:2)" linktype="document">y</a>'
    '<embed embedtype="image" id="$ref(home.picture:1)" alt="6"/><embed embedtype="media" url="/6"/>'
    '<a linktype="email" id="6">z</a>'
)


def named(model: str, field: str, value: Any) -> Any:
    return wagtail.references_of(apps.get_model(model))[field].named(value, Marks())


def rich_text() -> None:
    assert named("home.articlepage", "intro", RICH) == NAMED


def fields_of_a_model() -> None:
    """Its own: those of its parents are in their specs."""
    found = wagtail.references_of(apps.get_model("home.articlepage"))
    assert {*found} == {"intro", "body"}, found
    assert wagtail.references_of(apps.get_model("wagtailcore.page")) == {}
    assert found == wagtail.references_of(apps.get_model("home.articlepage"))
    expected = {PAGE, PICTURE, "home.teaser", "wagtaildocs.document", "wagtailembeds.embed"}
    assert found["body"].models == expected, found["body"].models


def stream() -> None:
    card = {"picture": 1, "page": 6, "teaser": 4, "text": RICH, "number": 6}
    there = {
        "picture": number(PICTURE, 1),
        "page": number(PAGE, 6),
        "teaser": number("home.teaser", 4),
        "text": NAMED,
        "number": 6,
    }
    blocks: list[tuple[str, Any, Any]] = [
        ("heading", "6", "6"),
        ("raw", RICH, RICH),
        ("article", 6, number(PAGE, 6)),  # a page has one name, whatever a chooser permits
        ("picture", 1, number(PICTURE, 1)),
        ("image", {"image": 1, "alt_text": "1"}, {"image": number(PICTURE, 1), "alt_text": "1"}),
        ("old_image", 1, number(PICTURE, 1)),
        ("card", card, there),
        (
            "columns",
            [{"type": "item", "id": "a", "value": [{"type": "cards", "id": "b", "value": [card]}]}],
            [
                {
                    "type": "item",
                    "id": "a",
                    "value": [{"type": "cards", "id": "b", "value": [there]}],
                }
            ],
        ),
    ]
    here = [{"type": kind, "value": value, "id": "x"} for kind, value, _ in blocks]
    wanted = [{"type": kind, "value": value, "id": "x"} for kind, _, value in blocks]
    assert named("home.articlepage", "body", here) == wanted
    text = json.dumps(here, indent=2)
    assert json.loads(named("home.articlepage", "body", text)) == wanted
    back = embedded.filled(
        named("home.articlepage", "body", text), lambda key: decode_part(key.key)
    )
    assert back == text


def page_revision() -> None:
    body = json.dumps([{"type": "page", "value": 6, "id": "a"}])
    content = {
        "pk": 7,
        "path": "00010001",
        "content_type": 31,
        "title": "6",
        "owner": 3,
        "locale": 1,
        "live_revision": 9,
        "hero": 1,
        "categories": [1, 2],
        "intro": RICH,
        "body": body,
        "links": [
            {"pk": 4, "article": 7, "target": 6, "text": RICH, "parts": body, "sort_order": 6}
        ],
        "tagged_items": [{"pk": 7, "content_object": 7, "tag": 1}],
        "wagtail_admin_comments": [{"pk": 1, "page": 7, "user": 3, "revision_created": None}],
        "unknown": 6,
    }
    there = f'[{{"type": "page", "value": "{number(PAGE, 6)}", "id": "a"}}]'
    assert named("wagtailcore.revision", "content", content) == {
        "pk": number(PAGE, 7),
        "path": "00010001",
        "content_type": number("contenttypes.contenttype", "home,articlepage"),
        "title": "6",
        "owner": number("auth.user", 3),
        "locale": number("wagtailcore.locale", 1),
        "live_revision": number("wagtailcore.revision", 9),
        "hero": number(PICTURE, 1),
        "categories": [number("home.category", 1), number("home.category", 2)],
        "intro": NAMED,
        "body": there,
        "links": [
            {
                "pk": number("home.articlelink", 4),
                "article": number(PAGE, 7),
                "target": number(PAGE, 6),
                "text": NAMED,
                "parts": there,
                "sort_order": 6,
            }
        ],
        "tagged_items": [
            {
                "pk": number("home.articletag", 7),
                "content_object": number(PAGE, 7),
                "tag": number("taggit.tag", 1),
            }
        ],
        "wagtail_admin_comments": [
            {
                "pk": number("wagtailcore.comment", 1),
                "page": number(PAGE, 7),
                "user": number("auth.user", 3),
                "revision_created": None,
            }
        ],
        "unknown": 6,
    }
    assert named("wagtailcore.revision", "content", [6]) == [6]


def snippet_revision() -> None:
    """Known by the names of its fields; one may be gone since."""
    content = {"pk": 4, "live": True, "title": "x", "text": RICH, "page": 6, "old": 6}
    assert named("wagtailcore.revision", "content", content) == {
        **content,
        "text": NAMED,
        "page": number(PAGE, 6),
    }


def snippet_revision_of_a_kind() -> None:
    """Two models have the same names: what differs is known by the revision alone."""
    content = {"pk": 4, "live": True, "title": "x", "text": RICH, "page": 6, "picture": 1}
    alike = {"live": True, "title": "x", "text": NAMED, "page": number(PAGE, 6)}
    find = wagtail.Revision().named
    assert find(content, Marks()) == {**alike, "pk": 4, "picture": 1}
    assert find(content, Marks(), 33) == {
        **alike,
        "pk": number("home.teaser", 4),
        "picture": number(PICTURE, 1),
    }
    assert find(content, Marks(), 32) == {
        **alike,
        "pk": number("home.notice", 4),
        "picture": number("home.teaser", 1),
    }
    assert find(content, Marks(), 99) == find(content, Marks())


def specs() -> None:
    found = {each["model"]: each for each in wagtail.specs(spec={"delete_missing": True})}
    assert {PAGE, "wagtailcore.revision", "home.articlepage", PICTURE, "home.teaser"} <= {*found}
    derived = {"wagtailcore.referenceindex", "home.rendition", "wagtailembeds.embed"}
    of_people = {"auth.user", "wagtailcore.apitoken", "wagtailforms.formsubmission"}
    assert not (derived | of_people | {"wagtailadmin.formstate"}) & {*found}
    assert all(each["delete_missing"] for each in found.values())
    identities = {
        PAGE: "uuid",
        "wagtailcore.comment": "uuid",
        "wagtailusers.userprofile": ["user"],  # each site makes one when the user comes
        "wagtailcore.grouppagepermission": ["group", "page", "permission"],
        "wagtailcore.groupcollectionpermission": ["group", "collection", "permission"],
    }
    assert {label: found[label]["identity"] for label in identities} == identities
    computed = {label: each["derived"] for label, each in found.items() if "derived" in each}
    assert computed[PICTURE] == ["index_entries", "renditions"], computed
    assert computed[PAGE] == ["index_entries"]
    assert "wagtailcore.site" not in computed
    own = wagtail.specs([apps.get_model(PAGE)], {"derived": ["live"]})
    assert own[0]["derived"] == ["live", "index_entries"]
    assert wagtail.specs([Badge])[0]["identity"] == "pk"  # a UUID
    one = wagtail.specs([apps.get_model("home.category")], {"identity": "pk"})
    assert [(each["model"], each["identity"], [*each["references"]]) for each in one] == [
        ("home.category", "pk", ["parts"])
    ]
    specs, mistakes = parse_specs([*found.values()], "here")
    assert (len(specs), mistakes) == (len(found), [])
    for _, spec in specs:
        for places in spec.references.values():
            assert parsed(places, "json") is places


def main() -> None:
    for check in (
        rich_text,
        fields_of_a_model,
        stream,
        page_revision,
        snippet_revision,
        snippet_revision_of_a_kind,
        specs,
    ):
        check()
    sys.stdout.write("as expected\n")


if __name__ == "__main__":
    main()

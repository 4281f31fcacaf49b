"""What contentgit knows of a site's own definitions; runs in an environment that has django CMS."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.append(str(ROOT / "scripts/realworld"))  # last: it has a wagtail.py
os.environ["DJANGO_SETTINGS_MODULE"] = "cms_references_site.settings"

import django  # noqa: E402
from django.conf import settings  # noqa: E402

DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.DATABASES = {"default": DATABASE}
settings.MEDIA_ROOT = tempfile.mkdtemp()
django.setup()

from cms.api import create_page  # noqa: E402
from cms.models import CMSPlugin, PageContent, Placeholder, UserSettings  # noqa: E402
from django.apps import apps  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from djangocms_versioning.models import Version  # noqa: E402

from contentgit.content import embedded  # noqa: E402
from contentgit.content.diff import Change  # noqa: E402
from contentgit.content.layout import encode_part  # noqa: E402
from contentgit.content.records import Record, RecordKey  # noqa: E402
from contentgit.contrib import cms  # noqa: E402
from contentgit.db.identity import Identities  # noqa: E402
from contentgit.errors import RefusedError  # noqa: E402
from contentgit.references import parsed  # noqa: E402
from contentgit.specs import parse_specs  # noqa: E402

VERSION, CONTENT = "djangocms_versioning.version", "cms.pagecontent"


class Marks:
    """Every primary key is that of a row."""

    def text(self, model: str, pk: str) -> str:
        return pk if "$" in pk else embedded.text_mark(RecordKey(model, encode_part(pk)))

    def number(self, model: str, pk: int) -> int | str:
        return embedded.number_mark(RecordKey(model, encode_part(str(pk))))


def named(model: str, field: str, value: Any) -> Any:
    return cms.references_of(apps.get_model(model))[field].named(value, Marks())


RICH = (
    '<a href="/old/" data-cms-href="cms.page:3">x</a><a href="/x?id=3">3</a>'
    '<img data-cms-src="filer.image:4"><cms-plugin alt="26" id="26"></cms-plugin><p id="3">3</p>'
)
DYNAMIC = RICH.replace("page:3", "page:$ref(cms.page:3)").replace(
    "image:4", "image:$ref(filer.image:4)"
)
TEXT = DYNAMIC.replace('id="26"', 'id="$ref(cms.cmsplugin:26)"')


def text_plugin() -> None:
    assert named("djangocms_text.text", "body", RICH) == TEXT
    link = {"type": "link", "attrs": {"data-cms-href": "cms.page:3", "href": "/3/"}}
    node = {"HTMLAttributes": {"id": "26"}, "HTMLContent": RICH, "type": "CardPlugin"}
    value = {"type": "doc", "content": [{"marks": [link]}, {"type": "cmsPlugin", "attrs": node}]}
    there = json.loads(json.dumps(value))
    there["content"][0]["marks"][0]["attrs"]["data-cms-href"] = "cms.page:$ref(cms.page:3)"
    there["content"][1]["attrs"]["HTMLAttributes"]["id"] = "$ref(cms.cmsplugin:26)"
    there["content"][1]["attrs"]["HTMLContent"] = TEXT
    assert named("djangocms_text.text", "json", value) == there
    assert named("djangocms_text.text", "json", None) is None


def fields_of_models() -> None:
    assert named("home.notice", "text", RICH) == DYNAMIC
    for model in ("home.notice", "home.card", "djangocms_link.link"):
        inner = {"internal_link": "cms.page:3", "anchor": "#3"}
        there = {"internal_link": "cms.page:$ref(cms.page:3)", "anchor": "#3"}
        assert named(model, "link", inner) == there
        assert named(model, "link", {"file_link": "5"}) == {"file_link": "$ref(filer.file:5)"}
        assert named(model, "link", {"external_link": "cms.page:3"}) == {
            "external_link": "cms.page:3"
        }
    assert cms.references_of(apps.get_model("cms.cmsplugin")) == {}


def forms_of_plugins() -> None:
    """What each form keeps, of the packages' plugins and of a component of the site."""
    config: dict[str, Any] = {
        "link": {"internal_link": "cms.page:3"},
        "picture": {"pk": 4, "model": "filer.image"},
        "thumbnail_options": {"pk": 1, "model": "filer.thumbnailoption"},
        "quote_content": RICH,
        "first": {"pk": 7, "model": "home.notice"},
        "notices": {"p_keys": [7, 8], "model": "home.notice"},
        "more": {"file_link": 5},
        "text": RICH,
        "title": RICH,
        "unknown": {"pk": 4, "model": "filer.image"},
    }
    assert named("djangocms_frontend.frontenduiitem", "config", config) == {
        "link": {"internal_link": "cms.page:$ref(cms.page:3)"},
        "picture": {"pk": "$num(filer.image:4)", "model": "filer.image"},
        "thumbnail_options": {
            "pk": "$num(filer.thumbnailoption:1)",
            "model": "filer.thumbnailoption",
        },
        "quote_content": DYNAMIC,
        "first": {"pk": "$num(home.notice:7)", "model": "home.notice"},
        "notices": {
            "p_keys": ["$num(home.notice:7)", "$num(home.notice:8)"],
            "model": "home.notice",
        },
        "more": {"file_link": "$num(filer.file:5)"},
        "text": DYNAMIC,
        "title": RICH,
        "unknown": {"pk": 4, "model": "filer.image"},
    }


def specs() -> None:
    found = {each["model"]: each for each in cms.specs(spec={"delete_missing": True})}
    assert {"cms.page", "cms.placeholder", "home.card", "home.notice", VERSION} <= {*found}
    assert {"filer.image", "djangocms_alias.categorytranslation"} <= {*found}
    left_out = {"cms.usersettings", "filer.clipboard", "auth.user", "contenttypes.contenttype"}
    assert not left_out & {*found}
    assert found["cms.page"]["tree"]
    assert found["cms.cmsplugin"]["order"] == {"position": ["placeholder", "language"]}
    assert all(each["delete_missing"] for each in found.values())
    (one,) = cms.specs([apps.get_model("home.notice")], {"identity": "pk"})
    assert (one["identity"], [*one["references"]]) == ("pk", ["text", "link"])
    specs, mistakes = parse_specs([*found.values()], "here")
    assert (len(specs), mistakes) == (len(found), [])
    for _, spec in specs:
        for places in spec.references.values():
            assert parsed(places, "json") is places


def clipboards_are_left_out(user: Any) -> None:
    mine = Placeholder.objects.create(slot="clipboard")
    UserSettings.objects.create(user=user, language="en", clipboard=mine)
    other = Placeholder.objects.exclude(pk=mine.pk).first()
    for each in (mine, other):
        each.add_plugin(CMSPlugin(plugin_type="CardPlugin", language="en", position=1))
    found = {each["model"]: each["filter"] for each in cms.specs()}
    kept = Placeholder._base_manager.filter(**found["cms.placeholder"])
    assert (mine in kept, other in kept) == (False, True)
    plugins = CMSPlugin._base_manager.filter(**found["cms.cmsplugin"])
    assert [each.placeholder_id for each in plugins] == [other.pk]


def key_of(row: Any) -> RecordKey:
    label = row._meta.label_lower
    names = Identities("default", {each["model"]: each["identity"] for each in cms.specs()})
    return RecordKey(label, names.key_text(label, row.pk) or "")


def change(key: RecordKey, **fields: Any) -> Change:
    return Change(key, None, Record(key, fields))


def refused(changes: list[Change]) -> list[str]:
    try:
        cms.one_version_each(using="default", changes=changes, verb="checkout")
    except RefusedError as error:
        return [*error.items]
    return []


def one_version_each(user: Any) -> None:
    """A page is published here, and a version of it comes from elsewhere."""
    page = create_page("Here", "home/page.html", "en", created_by=user)
    version = Version.objects.get()
    version.publish(user)
    names = Identities("default", {each["model"]: each["identity"] for each in cms.specs()})
    for label in (VERSION, CONTENT, "cms.page"):
        (uuids,) = [names.uuids(label)]
        names.key_text(label, 1)
        uuids.save()
    new, content = RecordKey(VERSION, "new"), RecordKey(CONTENT, "new")
    of_page = change(content, page=str(key_of(page)), language="en", title="There")
    cases = [
        ("published", [of_page], 1),
        ("draft", [of_page], 0),
        ("archived", [of_page], 0),
        ("published", [change(content, page=str(key_of(page)), language="de", title="There")], 0),
        ("published", [of_page, change(key_of(version), state="unpublished")], 0),
        ("published", [of_page, Change(key_of(version), Record(key_of(version), {}), None)], 0),
        ("published", [change(content, page="cms.page:new", language="en", title="There")], 0),
    ]
    for state, others, expected in cases:
        written = [*others, change(new, state=state, content=str(content))]
        lines = refused(written)
        assert len(lines) == expected, (state, lines)
        for line in lines:
            assert line.startswith("2 of Here | There are published: "), line
            assert {str(new), str(key_of(version))} == {*line.partition(": ")[2].split(", ")}
    PageContent.objects.get()  # what is there has not changed


def main() -> None:
    for check in (text_plugin, fields_of_models, forms_of_plugins, specs):
        check()
    settings.MIGRATION_MODULES = {each.label: None for each in apps.get_app_configs()}
    call_command("migrate", verbosity=0, run_syncdb=True, skip_checks=True)
    user = User.objects.create_superuser("anna", password="secret")
    one_version_each(user)
    clipboards_are_left_out(user)
    sys.stdout.write("as expected\n")


if __name__ == "__main__":
    main()

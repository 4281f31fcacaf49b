"""Prints, as JSON, what refers to what by titles, and what pages look like; primary keys apart."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from cms.models import CMSPlugin, Page, PageContent, PageUrl, Placeholder  # noqa: E402
from django.apps import apps  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from djangocms_alias.models import Alias, AliasContent  # noqa: E402
from djangocms_versioning.models import Version  # noqa: E402
from filer.models import File, Image, ThumbnailOption  # noqa: E402

from cms_references_site.home.models import Notice  # noqa: E402

KINDS = (Page, PageContent, Placeholder, CMSPlugin, Version, Notice, File, Alias, User)
TAG = re.compile(r'<cms-plugin [^>]*id="(\d+)"')
PAIR = re.compile(r'data-cms-(?:href|src)="([^"]*)"')


def title(row: Any) -> str:
    """What people call a row, whatever versions of it there are."""
    if row is None:
        return "nothing"
    if isinstance(row, Page):
        found = PageContent._base_manager.filter(page=row).order_by("title").first()
        return f"page {found and found.title}"
    if isinstance(row, Alias):
        return f"alias {AliasContent._base_manager.filter(alias=row).first()}"
    if isinstance(row, CMSPlugin):
        return f"plugin {row.plugin_type} at {row.position}"
    return f"{row._meta.model_name} {getattr(row, 'name', None) or row}"


def row_of(label: str, pk: Any) -> Any:
    """The row, whatever managers hide."""
    return apps.get_model(label)._base_manager.filter(pk=pk).first()


def pair(text: str) -> str:
    """The title of ``app.model:pk``."""
    label, _, pk = text.rpartition(":")
    return f"{label} {pk}" if pk == "999999" else title(row_of(label, pk))


def in_text(text: str, owner: Any) -> Iterator[str]:
    """What a text refers to."""
    for found in PAIR.findall(text):
        yield f"text -> {pair(found)}"
    for pk in TAG.findall(text):
        plugin = CMSPlugin.objects.filter(pk=pk).first()
        own = "own" if plugin and plugin.parent_id == owner.pk else "OF ANOTHER"
        yield f"text -> {own} {plugin and title(plugin.get_plugin_instance()[0])}"


def in_json(value: Any, owner: Any, path: str = "") -> Iterator[str]:
    """What a value of JSON refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("model"), str):
            for pk in [value["pk"]] if "pk" in value else value.get("p_keys", []):
                yield f"{path} -> {title(row_of(value['model'], pk))}"
        for name, each in value.items():
            if name == "internal_link" or name.startswith("data-cms-"):
                yield f"{path}.{name} -> {pair(each)}"
            elif name == "file_link":
                yield f"{path}.{name} -> {title(row_of('filer.file', each))}"
            elif name == "HTMLAttributes":
                yield from in_text(f'<cms-plugin id="{each["id"]}"></cms-plugin>', owner)
            else:
                yield from in_json(each, owner, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from in_json(each, owner, f"{path}[]")
    elif isinstance(value, str):
        yield from (f"{path} {each}" for each in in_text(value, owner))


def of_row(row: Any) -> list[str]:
    """What the fields of a row refer to, relations too."""
    found = []
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.is_relation and field.name not in ("cmsplugin_ptr", "parent", "placeholder"):
            found.append(f"{field.name} -> {title(getattr(row, field.name))}")
        elif isinstance(value, (dict, list, str)):
            found += [f"{field.name} {each}" for each in in_json(value, row)]
    return sorted(found)


def contents() -> Iterator[tuple[str, Any, Any]]:
    """Each content that has versions: what names it, itself, its version."""
    for version in Version.objects.order_by("created"):
        found = version.content_type.model_class()._base_manager.get(pk=version.object_id)
        owner = title(getattr(found, "page", None) or found.alias)
        yield f"{owner} {found.language} {version.created} {version.state}", found, version


def placeholders() -> Iterator[tuple[str, Any]]:
    """The placeholders of contents, by what names them."""
    for name, content, _ in contents():
        kind = ContentType.objects.get_for_model(content)
        for each in Placeholder.objects.filter(content_type=kind, object_id=content.pk):
            yield f"{name} {each.slot}", each


def trees() -> dict[str, Any]:
    """The plugins of each placeholder in their order: where each is, and what it refers to."""
    found: dict[str, Any] = {}
    for name, place in placeholders():
        listed = [*place.cmsplugin_set.order_by("language", "position")]
        depths = {None: -1}
        for each in listed:
            depths[each.pk] = depths[each.parent_id] + 1
        rows = [each.get_bound_plugin() for each in listed]
        found[name] = [
            [each.language, each.position, depths[each.pk], each.plugin_type, *of_row(each)]
            for each in rows
        ]
    return found


def wrong_positions() -> list[str]:
    """Placeholders whose positions are not 1, 2, 3, … depth first, or that django CMS numbers anew."""
    found = []
    for name, place in placeholders():
        for language in {each.language for each in place.cmsplugin_set.all()}:
            listed = [*place.get_plugins(language).order_by("position")]
            walked: list[Any] = []

            def walk(parent: Any, listed: list[Any] = listed, walked: list[Any] = walked) -> None:
                for each in listed:
                    if each.parent_id == parent:
                        walked.append(each)
                        walk(each.pk)

            walk(None)
            before = [(each.pk, each.position) for each in listed]
            place._recalculate_plugin_positions(language)
            after = [(each.pk, each.position) for each in place.get_plugins(language)]
            dense = [at for _, at in before] == [*range(1, len(before) + 1)]
            if walked != listed or not dense or after != before:
                found.append(f"{name} {language}")
    return found


def versions() -> dict[str, Any]:
    """The states of the versions of each page in each language, and what editors get to see."""
    states: dict[str, list[str]] = {}
    for _, content, version in contents():
        owner = getattr(content, "page", None) or content.alias
        states.setdefault(f"{title(owner)} {content.language}", []).append(version.state)
    latest = {
        f"{title(each.page)} {each.language}": Version.objects.get_for_content(each).state
        for each in PageContent.admin_manager.latest_content()
    }
    public = Counter(f"{title(each.page)} {each.language}" for each in PageContent.objects.all())
    twice = [name for name, each in states.items() if each.count("published") > 1]
    return {"states": states, "latest": latest, "public": public, "published twice": twice}


def looks() -> dict[str, str]:
    """The HTML of each page that is public, with its bytes as they are."""
    client = Client()
    found = {}
    for url in PageUrl.objects.order_by("language", "path"):
        address = url.get_absolute_url(url.language)
        done = client.get(address)
        found[f"{address} {done.status_code}"] = named(done.content.decode())
    return found


def named(html: str) -> str:
    """HTML with titles in place of keys; the order of classes is that of a set in djangocms-frontend."""
    html = PAIR.sub(lambda found: found[0].replace(found[1], pair(found[1])), html)
    return re.sub(r'class="([^"]*)"', lambda each: " ".join(sorted(each[1].split())), html)


def editors() -> dict[str, Any]:
    """What the editor's endpoints give for each content, without numbers."""
    user = User.objects.create_superuser("boss", password="secret")
    client = Client()
    client.force_login(user)
    found = {}
    for name, content, version in contents():
        kind = ContentType.objects.get_for_model(content).pk
        for mode in ("edit", "structure") if version.state == "draft" else ("preview",):
            view = f"admin:cms_placeholder_render_object_{mode}"
            done = client.get(reverse(view, args=(kind, content.pk)))
            found[f"{name} {mode} {done.status_code}"] = seen(done)
    for name, place in placeholders():
        for each in place.cmsplugin_set.all() if "draft" in name else ():
            done = client.get(reverse("admin:cms_placeholder_edit_plugin", args=(each.pk,)))
            answer = f"{name} {each.language} {each.position} {each.plugin_type}"
            found[answer] = str(done.status_code)
    return found


def seen(response: Any) -> str:
    """HTML without tokens, and without numbers that are not in names."""
    html = named(response.content.decode()) if response.status_code == 200 else ""
    html = re.sub(r'<script id="cms-cfg-.*?</script>', "", html)  # signed
    html = re.sub(r"\b[A-Za-z0-9]{64}\b", "TOKEN", html)
    return re.sub(r"\d+", "N", html)


def main() -> None:
    """All of it."""
    keys = {
        kind._meta.label_lower: sorted(map(str, kind._base_manager.values_list("pk", flat=True)))
        for kind in KINDS
    }
    same: dict[str, Any] = {
        "trees": trees(),
        "notices": {str(each): of_row(each) for each in Notice.objects.all()},
        "positions": wrong_positions(),
        "versions": versions(),
        "pages": [
            [title(each), each.path, each.depth, each.numchild, title(each.parent)]
            for each in Page.objects.order_by("path")
        ],
        "problems": [len(each) for each in Page.find_problems()],
        "kinds": {
            model.__name__: sorted(
                f"{each.name} {title(each.folder)}" for each in model.objects.all()
            )
            for model in (File, Image)
        },
        "options": sorted(map(str, ThumbnailOption.objects.all())),
        "looks": looks(),
        "editors": editors(),
    }
    wrong = [same["positions"], same["versions"]["published twice"], *same["problems"]]
    if any(wrong):
        raise SystemExit(f"wrong positions, versions or pages: {wrong}")
    print(json.dumps({"keys": keys, "same": same}))


if __name__ == "__main__":
    logging.disable()
    with transaction.atomic():  # editors make clipboards and static aliases when they look
        main()
        transaction.set_rollback(True)

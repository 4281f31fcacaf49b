"""Fills the site by the means of django CMS; run again, changes what is there and adds to it."""

from __future__ import annotations

import io
import sys
from typing import Any

import django

django.setup()

from cms.api import add_plugin, create_page, create_page_content  # noqa: E402
from cms.models import CMSPlugin, PageContent, Placeholder  # noqa: E402
from django.apps import apps  # noqa: E402
from django.contrib.auth.models import Permission, User  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.db import transaction  # noqa: E402
from djangocms_alias.models import Alias, AliasContent, Category  # noqa: E402
from djangocms_versioning.constants import DRAFT, PUBLISHED  # noqa: E402
from djangocms_versioning.models import Version  # noqa: E402
from filer.models import File, Folder, Image, ThumbnailOption  # noqa: E402
from PIL import Image as Pixels  # noqa: E402

from cms_references_site.home.models import Notice  # noqa: E402


def label(row: Any) -> str:
    """What names a row in texts and links."""
    return f"{row._meta.label_lower}:{row.pk}"


def rich(page: Any, picture: Any, notice: Any, *plugins: Any) -> str:
    """Rich text with all that it can refer to, and what only looks like that."""
    tags = "".join(
        f'<cms-plugin alt="Card &amp; 6" title="C" id="{each.pk}"></cms-plugin>' for each in plugins
    )
    return (
        f'<p>To <a href="/old/" data-cms-href="{label(page)}">a page &amp; more</a>, '
        f'<a data-cms-href="{label(notice)}">a notice</a>, <a href="/x?id={page.pk}">no reference</a>,'
        f' <a data-cms-href="cms.page:999999">a page that is gone</a>{tags}'
        f'<img alt="x 😀" data-cms-src="{label(picture)}"></p>'
        '<p>$ref(cms.page:1) "$num(cms.page:1)"</p>'
    )


def editor_json(page: Any, plugin: Any) -> dict[str, Any]:
    """A text as the editor's JSON."""
    link = {"type": "link", "attrs": {"data-cms-href": label(page), "href": "/old/"}}
    attributes = {"id": str(plugin.pk), "type": "CardPlugin", "data-node": "cmsPlugin"}
    node = {"HTMLAttributes": attributes, "HTMLContent": "<b>6</b>", "type": "CardPlugin"}
    text = {"type": "text", "marks": [link], "text": f"Page {page.pk}"}
    content = [text, {"type": "cmsPlugin", "attrs": node}]
    return {"type": "doc", "content": [{"type": "paragraph", "content": content}]}


def picture(title: str, folder: Any) -> Any:
    """An image of one colour."""
    data = io.BytesIO()
    Pixels.new("RGB", (60, 40), (len(title) * 9 % 256, 80, 90)).save(data, "PNG")
    file = ContentFile(data.getvalue(), f"{title}.png")
    return Image.objects.create(name=title, original_filename=title, file=file, folder=folder)


def document(title: str, folder: Any) -> Any:
    """A text file."""
    file = ContentFile(title.encode(), f"{title}.txt")
    return File.objects.create(name=title, original_filename=title, file=file, folder=folder)


def plugins(place: Any, language: str, has: dict[str, Any]) -> None:
    """A tree of plugins that refer to all of what ``has`` names."""
    page, other, notice = has["pages"][0], has["pages"][1], has["notice"]
    add = {"placeholder": place, "language": language}
    row = add_plugin(plugin_type="GridRowPlugin", **add, config={"attributes": {}})
    for n in range(2):
        column = add_plugin(plugin_type="GridColumnPlugin", target=row, **add, config={"xs_col": 6})
        text = add_plugin(plugin_type="TextPlugin", target=column, **add, body="")
        card = add_plugin(
            plugin_type="CardPlugin",
            target=text,
            **add,
            title=f"{has['word']} card {n}",
            page=page,
            picture=has["pictures"][n],
            link={"internal_link": label(other), "anchor": "#6"},
        )
        text.refresh_from_db()
        text.body = rich(other, has["pictures"][n], notice, card)
        text.json = editor_json(other, card) if n else None
        text.save()
    more = [
        ("TextLinkPlugin", {"link": {"internal_link": label(page)}, "name": "6"}),
        ("TextLinkPlugin", {"link": {"file_link": str(has["files"][0].pk)}, "name": "file"}),
        ("TextLinkPlugin", {"link": {"external_link": "https://example.com/6"}, "name": "out"}),
        (
            "ImagePlugin",
            {
                "picture": {"pk": has["pictures"][0].pk, "model": "filer.image"},
                "thumbnail_options": {"pk": has["option"].pk, "model": "filer.thumbnailoption"},
                "link": {"internal_link": label(notice)},
            },
        ),
        ("BlockquotePlugin", {"quote_content": rich(page, has["pictures"][1], notice)}),
        (
            "PanelPlugin",
            {
                "first": {"pk": notice.pk, "model": "home.notice"},
                "notices": {"p_keys": [each.pk for each in has["notices"]], "model": "home.notice"},
                "picture": {"pk": has["pictures"][1].pk, "model": "filer.image"},
                "more": {"file_link": has["files"][0].pk},
                "text": rich(other, has["pictures"][0], notice),
            },
        ),
    ]
    for kind, config in more:
        made = add_plugin(plugin_type=kind, **add, config={})
        made.initialize_from_form()
        made.config.update(config)
        made.save()
    add_plugin(plugin_type="LinkPlugin", **add, name="Link", link={"internal_link": label(other)})
    add_plugin(plugin_type="Alias", **add, alias=has["alias"])


def published(content: Any, user: Any) -> Any:
    """The version of the content, published."""
    version = Version.objects.get_for_content(content)
    version.publish(user)
    return version


def draft_of(page: Any, user: Any, language: str = "en") -> Any:
    """The content of a new draft, a copy of what is published or was last."""
    found = Version.objects.filter_by_grouper(page).order_by("-pk")
    same = [each for each in found if each.content.language == language]
    drafts = [each for each in same if each.state == DRAFT]
    live = [each for each in same if each.state == PUBLISHED]
    return drafts[0].content if drafts else (live or same)[0].copy(user).content


def page_of(title: str) -> Any:
    """The page that has a content with the title."""
    return PageContent.admin_manager.filter(title=title).first().page


def place_of(content: Any, slot: str = "content") -> Any:
    """A placeholder of a content."""
    return Placeholder.objects.get_for_obj(content).get(slot=slot)


def fill(word: str) -> None:
    """Content whose titles begin with ``word``."""
    user = User.objects.create_superuser(f"{word.lower()}-editor", password="secret")
    folder = Folder.objects.create(name=f"{word} folder", owner=user)
    pictures = [picture(f"{word} picture {n}", folder) for n in range(2)]
    has: dict[str, Any] = {
        "word": word,
        "pictures": pictures,
        "files": [document(f"{word} file", folder)],
        "option": ThumbnailOption.objects.create(name=f"{word} option", width=20, height=20),
        "notices": [Notice.objects.create(title=f"{word} notice {n}") for n in range(3)],
    }
    has["notice"] = has["notices"][1]
    pages = [
        create_page(f"{word} page {n}", "home/page.html", "en", created_by=user) for n in range(5)
    ]
    pages[0].refresh_from_db()
    pages.append(
        create_page(f"{word} below", "home/page.html", "en", created_by=user, parent=pages[0])
    )
    has["alias"] = alias_of(word, user, pages, has)
    for n, page in enumerate(pages):
        content = page.get_admin_content("en")
        plugins(place_of(content), "en", {**has, "pages": [pages[n - 1], pages[n - 2]]})
        if n != 4:
            published(content, user)
    german = create_page_content("de", f"{word} Seite", pages[0], created_by=user)
    plugins(place_of(german), "de", {**has, "pages": pages[:2]})
    published(german, user)
    changed = draft_of(pages[1], user)
    add_plugin(place_of(changed, "sidebar"), "TextPlugin", "en", body=f"<p>{word} draft</p>")
    for n, each in enumerate(has["notices"]):
        # No circle: djangocms-text reads all rows that the text of a row links to, with theirs.
        each.text = rich(pages[3], pictures[0], has["notices"][n - 1] if n else pages[4])
        each.link = {"internal_link": label(pages[2])}
        each.save()
    published(draft_of(pages[2], user), user)


def alias_of(word: str, user: Any, pages: list[Any], has: dict[str, Any]) -> Any:
    """An alias with a text that links to a page."""
    category = Category.objects.create(name=f"{word} category")
    found = Alias.objects.create(category=category)
    content = AliasContent.objects.with_user(user).create(
        alias=found, name=f"{word} alias", language="en"
    )
    text = rich(pages[1], has["pictures"][1], has["notice"])
    add_plugin(content.placeholder, "TextPlugin", "en", body=text)
    published(content, user)
    return found


def empty(word: str) -> None:
    """Rows that are made and deleted, so that later ones have other keys."""
    fill(word)
    kept = {"contenttypes", "sites", "sessions", "contentgit"}
    with transaction.atomic():
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label not in kept and model is not Permission:
                model._base_manager.all()._raw_delete("default")


def texts_in(content: Any) -> list[Any]:
    """The text plugins of a content in their order."""
    found = place_of(content).get_plugins("en").filter(plugin_type="TextPlugin")
    return [each.get_bound_plugin() for each in found]


def edit(word: str) -> None:
    """Changes what is there already, on both sides: other pages, and another end of one draft."""
    user = User.objects.order_by("username").first()
    here = 0 if word == "Stage" else 3
    content = draft_of(page_of(f"Stage page {here}"), user)
    text = texts_in(content)[0]
    target, notice = page_of("Stage page 2"), Notice.objects.order_by("title").first()
    text.body = rich(target, Image.objects.order_by("name").last(), notice, *text.get_children())
    text.save()
    published(content, user)
    # Both change the draft that has never been published.
    place = place_of(draft_of(page_of("Stage page 4"), user))
    row = place.get_plugins("en").get(plugin_type="GridRowPlugin")
    columns = [*row.get_children().order_by("position")]
    if word == "Stage":
        text = columns[0].get_children().get().get_bound_plugin()
        card = add_plugin(place, "CardPlugin", "en", target=text, title="Stage card in a text")
        text.refresh_from_db()
        text.body = f'{text.body}<p>S<cms-plugin id="{card.pk}" title="S"></cms-plugin></p>'
        text.save()
        add_plugin(place, "GridColumnPlugin", "en", target=row, config={"xs_col": 1})
        last = place.get_plugins("en").last()
        place.move_plugin(last, 1)
    else:
        add_plugin(place, "CardPlugin", "en", target=columns[0], title="Production card")
        first = add_plugin(place, "GridRowPlugin", "en", position="first-child", config={})
        add_plugin(place, "GridColumnPlugin", "en", target=first, config={"xs_col": 2})
        place.delete_plugin(place.get_plugins("en").get(plugin_type="BlockquotePlugin"))
        one, two = (CMSPlugin.objects.get(pk=each.pk) for each in columns)
        place.move_plugin(two, one.position, target_plugin=one.parent)


def publish(word: str) -> None:
    """Publishes a new version of a page that the other side has a new version of, too."""
    user = User.objects.order_by("username").first()
    content = draft_of(page_of("Stage below"), user)
    add_plugin(place_of(content), "TextPlugin", "en", body=f"<p>Published by {word}</p>")
    published(content, user)


def unpublish(word: str) -> None:  # noqa: ARG001
    """Takes this side's version of that page back."""
    user = User.objects.order_by("username").first()
    for each in Version.objects.filter_by_grouper(page_of("Stage below")):
        if each.state == PUBLISHED:
            each.unpublish(user)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])

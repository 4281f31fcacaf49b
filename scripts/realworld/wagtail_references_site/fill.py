"""Fills the site by Wagtail's own means; run again, changes what is there and adds to it."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from PIL import Image  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.models import Comment, Page  # noqa: E402

from wagtail_references_site.home.models import (  # noqa: E402
    ArticleLink,
    ArticlePage,
    Category,
    Notice,
    Picture,
    Teaser,
)

Document = get_document_model()


def rich(page: Any, picture: Any, document: Any) -> str:
    """Rich text with all that it can refer to, and what only looks like that."""
    return (
        f'<p data-block-key="k1">To <a linktype="page" id="{page.pk}">a page &amp; more</a>, '
        f'<a id="{page.pk}" linktype="page">attributes the other way round</a>, '
        f'<a linktype="document" id="{document.pk}">a file</a>, <a href="/x?id={page.pk}">no '
        f'reference</a>, <a linktype="page" id="999999">a page that is gone</a>.</p>'
        f'<embed alt="&quot;x&quot; 😀" embedtype="image" format="left" id="{picture.pk}"/>'
        '<p data-block-key="k2">$ref(home.teaser:1) "$num(home.teaser:1)"\r\n</p>'
    )


def picture(title: str) -> Any:
    """An image of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (60, 40), (len(title) * 9 % 256, 80, 90)).save(data, "PNG")
    return Picture.objects.create(title=title, file=ContentFile(data.getvalue(), f"{title}.png"))


def document(title: str) -> Any:
    """A text file."""
    return Document.objects.create(title=title, file=ContentFile(title.encode(), f"{title}.txt"))


def stream(pages: list[Any], pictures: list[Any], files: list[Any], teaser: Any) -> list[Any]:
    """The JSON of a stream with all kinds of blocks, in new and old forms."""
    page, other = pages
    image = pictures[0]
    text = rich(other, image, files[0])
    card = {
        "picture": image.pk,
        "page": page.pk,
        "teaser": teaser.pk,
        "text": text,
        "number": page.pk,
    }
    cards = [
        {"type": "item", "id": "a1", "value": card},
        {"type": "item", "id": "a2", "value": {**card, "page": None}},
    ]
    column = [
        {"type": "card", "id": "b1", "value": card},
        {"type": "cards", "id": "b2", "value": cards},
        {"type": "page", "id": "b3", "value": other.pk},
        {"type": "file", "id": "b4", "value": files[1].pk},
    ]
    table = {
        "columns": [{"type": "page", "heading": "Page"}, {"type": "text", "heading": "Text"}],
        "rows": [{"values": [page.pk, text]}, {"values": [None, ""]}],
        "caption": str(page.pk),
    }
    values = (
        ("heading", f"Page {page.pk}"),
        ("text", text),
        ("raw", f'<a linktype="page" id="{page.pk}">raw</a>'),
        ("rule", None),
        ("page", page.pk),
        ("page", None),
        ("article", page.pk),
        ("pages", [page.pk, other.pk]),  # as old releases wrote lists
        ("pages", [{"type": "item", "id": "c1", "value": other.pk}]),
        ("picture", image.pk),
        ("image", {"image": image.pk, "decorative": False, "alt_text": str(image.pk)}),
        ("old_image", pictures[1].pk),  # from before it was an ImageBlock
        ("file", files[0].pk),
        ("teaser", teaser.pk),
        ("card", card),
        ("columns", [{"type": "item", "id": "d1", "value": column}]),
        ("table", table),
    )
    return [{"type": kind, "value": value, "id": f"e{n}"} for n, (kind, value) in enumerate(values)]


def article(parent: Any, title: str) -> Any:
    """An empty article."""
    return parent.add_child(instance=ArticlePage(title=title))


def wire(
    page: Any, pages: list[Any], pictures: list[Any], files: list[Any], more: dict[str, Any]
) -> None:
    """Lets the article refer to all of these; ``more`` are a teaser, categories, and a word."""
    page.intro = rich(pages[0], pictures[0], files[0])
    page.hero, page.file, page.link = pictures[1], files[1], pages[1]
    page.categories = more["categories"]
    page.tags.add(more["word"], "all")
    page.body = json.dumps(stream(pages, pictures, files, more["teaser"]))
    page.links = [
        ArticleLink(
            target=each,
            sort_order=n,
            picture=pictures[0],
            text=rich(each, pictures[1], files[1]),
            parts=json.dumps([{"type": "page", "value": each.pk, "id": "f1"}]),
        )
        for n, each in enumerate(pages)
    ]


def fill(word: str) -> None:
    """Content whose titles begin with ``word``."""
    user = User.objects.create_superuser(f"{word.lower()}-editor", password="secret")
    home = Page.objects.get(depth=2)
    pictures = [picture(f"{word} picture {n}") for n in range(3)]
    files = [document(f"{word} file {n}") for n in range(2)]
    pages = [article(home, f"{word} article {n}") for n in range(4)]
    pages.append(article(pages[2], f"{word} article below"))
    teaser = Teaser.objects.create(title=f"{word} teaser", picture=pictures[2], page=pages[0])
    teaser.text = rich(pages[1], pictures[0], files[0])
    teaser.save_revision(user=user).publish(user=user)
    teaser.page, teaser.text = pages[2], rich(pages[3], pictures[1], files[0])
    teaser.save_revision(user=user)
    notice = Notice.objects.create(title=f"{word} notice", picture=teaser, page=pages[1])
    notice.save_revision(user=user)
    categories = [
        Category.objects.create(
            title=f"{word} category {n}",
            parts=json.dumps([{"type": "page", "value": pages[n].pk, "id": "g1"}]),
        )
        for n in range(2)
    ]
    more = {"categories": categories, "teaser": teaser, "word": word.lower()}
    for n, page in enumerate(pages):
        page.owner = user
        wire(page, [pages[n - 1], pages[n - 2]], pictures[n % 2 :][:2], files, more)
        page.save_revision(user=user, log_action=True).publish(user=user)
    draft(pages[0], [pages[3], pages[4]], pictures, files, more, user)


def draft(
    page: Any,
    pages: list[Any],
    pictures: list[Any],
    files: list[Any],
    more: dict[str, Any],
    user: Any,
) -> None:
    """A draft that refers to others than the page that is live, with a comment."""
    page = ArticlePage.objects.get(pk=page.pk)
    wire(page, pages, pictures[1:], files[::-1], {**more, "categories": more["categories"][:1]})
    page.title += " (draft)"
    revision = page.save_revision(user=user)
    Comment.objects.create(
        page=page, user=user, text="Why?", contentpath="intro", revision_created=revision
    )
    ArticlePage.objects.get(pk=page.pk).get_latest_revision_as_object().save_revision(user=user)


def empty(word: str) -> None:
    """Rows that are made and deleted, so that later ones have other keys."""
    fill(word)
    Page.objects.get(depth=2).get_children().delete()
    for model in (Teaser, Notice, Category, Picture, Document, User):
        for each in model.objects.all():
            each.delete()


def edit(word: str) -> None:
    """Changes references in what is there already."""
    everything = [*ArticlePage.objects.order_by("title")]
    user = User.objects.order_by("username").first()
    pictures, files = [*Picture.objects.order_by("title")], [*Document.objects.order_by("title")]
    page = everything[1 if word == "Stage" else 2]
    more = {
        "categories": [*Category.objects.order_by("title")][:1],
        "word": word.lower(),
        "teaser": Teaser.objects.order_by("title").last(),
    }
    wire(page, [everything[-1], everything[3]], pictures[-2:], files[:2], more)
    page.save_revision(user=user).publish(user=user)


if __name__ == "__main__":
    {"fill": fill, "empty": empty, "edit": edit}[sys.argv[1]](sys.argv[2])

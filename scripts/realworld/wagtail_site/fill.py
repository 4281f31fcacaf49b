"""Fills the site: a fixture that Wagtail ships, then what editors do, by Wagtail's own means."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from typing import Any

import django

django.setup()

from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from wagtail.contrib.redirects.models import Redirect  # noqa: E402
from wagtail.contrib.search_promotions.models import Query, SearchPromotion  # noqa: E402
from wagtail.images.models import Image  # noqa: E402
from wagtail.models import (  # noqa: E402
    Comment,
    CommentReply,
    Locale,
    Page,
    Workflow,
    WorkflowContentType,
)
from wagtail.test.customuser.models import CustomUser  # noqa: E402
from wagtail.test.testapp import models  # noqa: E402

RICH = (
    '<h2>Bäckerei — "Brot & Kuchen"</h2><p data-block-key="a1">A <b>long</b> paragraph with an '
    '<a linktype="page" id="4">internal link</a>, an <embed embedtype="image" id="1" alt="x" '
    'format="left"/> and a line\r\nend. It has two sentences. 👩🏽‍🍳</p>\n<p>\u200bZero\u00adwidth.</p>'
)


def fixture(name: str) -> None:
    """The fixture called ``name`` of every app that has one."""
    if name == "demosite":
        # It brings a root page of its own, in the place of the one that a migration made.
        Page.objects.all().delete()
    call_command("loaddata", name, skip_checks=True, verbosity=0)


def editors_work() -> None:
    """Revisions, drafts, workflows, comments, translations, tags, streams, snippets."""
    user = CustomUser.objects.create_superuser("editor", "editor@example.com", "secret")
    home = Page.objects.filter(depth=2).first()
    pages = [_stream_page(home), _tagged_page(home)]
    for page in Page.objects.filter(depth__gte=3).specific():
        page.save_revision(user=user, log_action=True).publish(user=user)
    for page in pages:
        _draft_and_comments(page, user)
    workflow = Workflow.objects.first()
    workflow.start(pages[0], user)
    advert = ContentType.objects.get_for_model(models.Advert)
    WorkflowContentType.objects.create(workflow=workflow, content_type=advert)
    Image.objects.first().tags.add("bread", "picture")
    french = Locale.objects.get_or_create(language_code="fr")[0]
    home.copy_for_translation(french)
    Redirect.add_redirect("/old/Ürl", pages[0])
    Redirect.add_redirect("/elsewhere", "https://example.com/?a=1&b=%20")
    query = Query.get("sourdough")
    SearchPromotion.objects.create(query=query, page=pages[0], description="best", sort_order=0)
    query.add_hit()
    _snippets(user, pages)
    call_command("rebuild_references_index", verbosity=0)
    call_command("update_index", verbosity=0)


def _stream_page(parent: Any) -> Any:
    body = [
        ("text", "plain"),
        ("rich_text", RICH),
        ("product", {"name": "Rye", "price": "4.90"}),
        ("books", [("title", "On bread"), ("author", "A. Baker")]),
        ("raw_html", "<script>\n\talert('1 < 2')\n</script>"),
    ]
    return parent.add_child(instance=models.StreamPage(title="Streams", body=body))


def _tagged_page(parent: Any) -> Any:
    page = parent.add_child(instance=models.TaggedPage(title="Tagged"))
    page.tags.add("bread", "Käse", "日本")
    page.save()
    return page


def _draft_and_comments(page: Any, user: Any) -> None:
    page.title += " (draft)"
    page.go_live_at = timezone.now() + dt.timedelta(days=3)
    revision = page.save_revision(user=user)
    comment = Comment.objects.create(
        page_id=page.pk, user=user, text=RICH, contentpath="title", revision_created=revision
    )
    CommentReply.objects.create(comment=comment, user=user, text="yes")


def _snippets(user: Any, pages: list[Any]) -> None:
    advert = models.Advert.objects.create(url="https://example.com", text="Advert")
    advert.tags.add("bread", "advert")
    snippet = models.FullFeaturedSnippet.objects.create(text="Full", some_number=-7)
    snippet.save_revision(user=user).publish(user=user)
    draft = models.DraftStateCustomPrimaryKeyModel.objects.create(
        custom_id="Page/1 with, odd:key%", text="odd"
    )
    draft.save_revision(user=user)
    models.RevisableGrandChildModel.objects.create(text="three tables", secret_text="")
    models.UUIDSnippetWithRelations.objects.create(uuid=uuid.UUID(int=7), body=[])
    unique = models.AdvertWithCustomUUIDPrimaryKey.objects.create(text="Named by a UUID")
    models.VariousOnDeleteModel.objects.create(
        text="all of them",
        on_delete_protect=advert,
        on_delete_restrict=advert,
        on_delete_do_nothing=advert,
        protected_page=pages[1].page_ptr,
        protected_user=user,
        content_object=unique,
        stream_field=[],
        rich_text=RICH,
    )
    parent = pages[1].get_parent()
    for title, columns in (
        ("Generic", {"snippet_content_object": advert}),
        ("Half a generic reference", {"snippet_object_id": 7}),
        ("No generic reference", {}),
    ):
        parent.add_child(instance=models.GenericSnippetPage(title=title, **columns))


if __name__ == "__main__":
    fixture(sys.argv[1])
    editors_work()

"""What editors of one side do, by Wagtail's own means, with pages that the other side leaves alone.

``python -m wagtail_sides.edit Stage 1`` is the first round of the side ``Stage``. It deletes what round 0
made, which is made for both sides before they part.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any
from zlib import crc32

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.db.models import ProtectedError, RestrictedError  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils.text import slugify  # noqa: E402
from PIL import Image as Pixels  # noqa: E402
from wagtail.contrib.forms.models import FormMixin, FormSubmission  # noqa: E402
from wagtail.contrib.redirects.models import Redirect  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.images import get_image_model  # noqa: E402
from wagtail.models import (  # noqa: E402
    Collection,
    Comment,
    DraftStateMixin,
    Locale,
    Page,
    Site,
    Workflow,
)
from wagtail.snippets.models import get_snippet_models  # noqa: E402

from wagtail_sides.linking import New, link  # noqa: E402

SIDES = ("Stage", "Production")
Image, Document = get_image_model(), get_document_model()


class Side:
    """One side in one round. ``share`` are the pages that are its own to change."""

    def __init__(self, word: str, number: int) -> None:
        self.word, self.number = word, number
        self.title = f"{word} {number}"
        users = get_user_model().objects.filter(is_superuser=True)
        self.user = users.order_by(get_user_model().USERNAME_FIELD).first()
        roots = Site.objects.values("root_page")
        found = Page.objects.filter(depth__gte=3).exclude(pk__in=roots).order_by("url_path")
        pages = [
            each for each in found if not each.title.startswith(SIDES) and not each.alias_of_id
        ]
        # The same ones in each round, whatever comes, moves or gets another slug meanwhile.
        self.share = [page for page in pages if crc32(page.title.encode()) % 2 == SIDES.index(word)]
        self.leaves = [each for each in self.share if each.numchild == 0]
        self.home = pages[0].get_parent()

    def made(self) -> New:
        """A page, an image and a document, in collections of their own."""
        above = Collection.get_first_root_node().add_child(name=self.title)
        below = above.add_child(name=f"{self.title} below")
        data = io.BytesIO()
        Pixels.new("RGB", (60, 40), (self.number * 40 % 256, 80, 90)).save(data, "PNG")
        image = Image(title=self.title, collection=below)
        image.file = ContentFile(data.getvalue(), f"{slugify(self.title)}.png")
        image.save()
        image.tags.add("both sides", self.word)
        document = Document(title=self.title, collection=above)
        document.file = ContentFile(self.title.encode(), f"{slugify(self.title)}.txt")
        document.save()
        page = self.copied(self.leaves[0], self.leaves[0].get_parent(), self.title)
        return New(page, image, document)

    def copied(self, page: Page, parent: Page, title: str) -> Page:
        """A copy of a page with all that it refers to, below ``parent``."""
        parent = Page.objects.get(pk=parent.pk)
        attributes = {"title": title, "slug": slugify(title)}
        copy: Page = page.specific.copy(to=parent, update_attrs=attributes, user=self.user)
        return copy

    def pages(self, new: New) -> None:
        """New pages below the same parents as on the other side, and below new ones."""
        below = self.copied(self.leaves[0], new.page, f"{self.title} copy below")
        beside = self.copied(self.leaves[1], self.home, f"{self.title} copy")
        for page in (below, beside):
            self.edited(page, new, publish=True)
        self.edited(beside, New(below, new.image, new.document), publish=False)

    def edited(self, page: Page, new: New, *, publish: bool) -> Any:
        """The page's draft with references to what is new."""
        row = Page.objects.get(pk=page.pk).get_latest_revision_as_object()
        link(row, new)
        row.seo_title = f"{self.title} {'live' if publish else 'draft'}"
        revision = row.save_revision(user=self.user, log_action=True)
        if publish:
            revision.publish(user=self.user)
        return revision

    def edits(self, new: New) -> None:
        """Pages that were there: one published, one with a draft and a comment, one in a workflow."""
        self.edited(self.share[0], new, publish=True)
        revision = self.edited(self.share[1], new, publish=False)
        Comment.objects.create(
            page=self.share[1].specific.page_ptr
            if hasattr(self.share[1], "page_ptr")
            else self.share[1],
            user=self.user,
            text=f"{self.title}?",
            contentpath="title",
            revision_created=revision,
        )
        renamed = Page.objects.get(pk=self.share[2].pk).specific
        renamed.slug = slugify(f"{renamed.slug}-{self.title}")
        renamed.save_revision(user=self.user).publish(user=self.user)
        workflow = Workflow.objects.filter(active=True).first()
        page = Page.objects.get(pk=self.share[1].pk).specific
        if workflow and not page.workflow_in_progress:
            workflow.start(page, self.user)

    def moves(self) -> None:
        """One page to another parent, one among its siblings."""
        page = self.leaves[-1]
        if not page.is_child_of(self.home):
            Page.objects.get(pk=page.pk).move(Page.objects.get(pk=self.home.pk), pos="last-child")
        for page in reversed(self.leaves[:-1]):
            before = Page.objects.get(pk=page.pk).get_prev_sibling()
            if before is not None:
                Page.objects.get(pk=page.pk).move(before, pos="left")
                break

    def deletes(self) -> None:
        """What the round before made, and others refer to; the admin refuses some of it."""
        title = f"{self.word} {self.number - 1}"
        rows = [
            *Image.objects.filter(title=title),
            *Document.objects.filter(title=title),
            *Collection.objects.filter(name=title),
            *Page.objects.filter(title=title).specific(),
        ]
        for each in rows:
            with contextlib.suppress(ProtectedError, RestrictedError):
                each.delete()

    def snippets(self, new: New) -> None:
        """Each kind has another draft or another value."""
        for model in get_snippet_models():
            rows = sorted(model._base_manager.all(), key=str)[SIDES.index(self.word) :: 2]
            for row in rows[:1]:
                link(row, new)
                row.save()
                if isinstance(row, DraftStateMixin):
                    row.save_revision(user=self.user)

    def others(self, new: New) -> None:
        """Redirects, searches, translations, submitted forms; the admin and the pages are looked at."""
        Redirect.add_redirect(f"/{slugify(self.title)}", new.page)
        if apps.is_installed("wagtail.contrib.search_promotions"):
            apps.get_model("wagtailsearchpromotions.query").get("both sides").add_hit()
        locales = Locale.objects.exclude(pk=self.home.locale_id).order_by("language_code")
        if locales and SIDES.index(self.word) == self.number % 2 == 1:
            page = Page.objects.get(pk=self.share[0].pk).specific
            page.copy_for_translation(locales[0], copy_parents=True)
        for page in Page.objects.all().specific():
            is_form = isinstance(page, FormMixin) and page.get_submission_class() is FormSubmission
            if is_form and self.word == "Production":
                FormSubmission.objects.create(page=page, form_data={"name": "Zoë"})
        client = Client(raise_request_exception=False)
        client.force_login(self.user)
        client.get(reverse("wagtailadmin_home"))
        client.get("/")


def main(word: str, number: int) -> None:
    """One round."""
    side = Side(word, number)
    if number == 0:
        # A fixture may have collections in an order that treebeard, which sorts them, would not give.
        Collection.fix_tree(fix_paths=True)
    new = side.made()
    if number == 0:
        return
    steps: tuple[Callable[[], None], ...] = (
        lambda: side.pages(new),
        lambda: side.edits(new),
        side.moves,
        side.deletes,
        lambda: side.snippets(new),
        lambda: side.others(new),
    )
    for step in steps:
        step()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

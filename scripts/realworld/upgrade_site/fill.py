"""Pages with revisions and drafts, users, groups and permissions, by the site's own means."""

import json
import os
import uuid

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from blog.models import Author, PostPage  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from wagtail.models import Page  # noqa: E402

user = User.objects.create_superuser("anna", "anna@example.com", "x")
home = Page.objects.get(depth=1).get_children().first()
author = Author.objects.create(name="Anna")


def block(kind: str, value: str) -> dict[str, str]:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


for number in range(40):
    text = [block("text", f"<p>Text {number}. More.</p>"), block("quote", "So it is.")]
    page = PostPage(
        title=f"Post {number}",
        slug=f"post-{number}",
        intro=f'<p>See <a linktype="page" id="{home.pk}">home</a>, {number}.</p>',
        body=json.dumps(text),
        author=author if number % 3 else None,
        owner=user,
    )
    home.add_child(instance=page)
    if number % 2:
        page.title += " again"
        page.save_revision(user=user).publish()
    if number % 5 == 0:
        page.title += " (draft)"
        page.save_revision(user=user)

"""One round of random edits, by Wagtail's own means; prints what was done."""

from __future__ import annotations

import random
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Group, Permission  # noqa: E402
from wagtail.models import Page, Site  # noqa: E402
from wagtail.test.customuser.models import CustomUser  # noqa: E402
from wagtail.test.testapp.models import StreamPage  # noqa: E402


def main(seed: int) -> None:
    """Renames, moves, reorders, deletes and creates pages; edits a user and a group."""
    dice = random.Random(seed)
    print("; ".join(step(dice) for step in (_rename, _delete, _reorder, _move, _create, _people)))


def _pages(**filters: Any) -> list[Page]:
    used = Site.objects.values("root_page")
    return list(Page.objects.filter(depth__gte=3, **filters).exclude(pk__in=used).order_by("pk"))


def _rename(dice: random.Random) -> str:
    page = dice.choice(_pages()).specific
    page.title, page.slug = f"Renamed {page.pk}", f"renamed-{dice.randrange(10**6)}"
    page.save_revision().publish()
    return f"renamed page {page.pk}"


def _delete(dice: random.Random) -> str:
    page = dice.choice([page for page in _pages(numchild=0) if not _protected(page)])
    page.specific.delete()
    return f"deleted page {page.pk}"


def _protected(page: Page) -> bool:
    return page.title.startswith("Tagged")


def _reorder(dice: random.Random) -> str:
    """Two neighbours swap their unique paths, and so do all pages below."""
    page = dice.choice([page for page in _pages() if page.get_prev_sibling()])
    page.move(page.get_prev_sibling(), pos="left")
    return f"moved page {page.pk} up"


def _move(dice: random.Random) -> str:
    page = dice.choice(_pages(numchild=0))
    parents = [other for other in _pages() if other != page and not other.is_descendant_of(page)]
    parent = dice.choice(parents)
    page.move(parent, pos="first-child")
    return f"moved page {page.pk} below {parent.pk}"


def _create(dice: random.Random) -> str:
    body = [("text", f"number {dice.random()}"), ("rich_text", "<p>new</p>")]
    parent = dice.choice(_pages())
    page = parent.add_child(instance=StreamPage(title=f"New {dice.randrange(10**6)}", body=body))
    page.save_revision().publish()
    return f"created page {page.pk}"


def _people(dice: random.Random) -> str:
    user = dice.choice(list(CustomUser.objects.order_by("username")))
    group = Group.objects.create(name=f"Group {dice.randrange(10**6)}")
    group.permissions.set(dice.sample(list(Permission.objects.order_by("pk")), 5))
    user.groups.add(group)
    user.first_name = "Zoë"
    user.save()
    return f"put {user.username} into {group.name}"


if __name__ == "__main__":
    main(int(sys.argv[1]))

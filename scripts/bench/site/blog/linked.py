"""Remarks with rich texts that link to sections, or to Wagtail's pages."""

import os
import random

from django.db import transaction
from django.utils.timezone import make_aware

from blog.models import Node, Person, Remark, Section, Story
from blog.rows import MOMENT, Blog

TARGETS = 1000
LINKS = {
    "html": '<a class="link" href="#" data-section="{pk}">here</a>',
    "richtext": '<a linktype="page" id="{pk}">here</a>',
}


def references():
    """What the spec of remarks has: nothing where reading is measured without."""
    kind = os.environ.get("BENCH_REFERENCES")
    if kind == "html":
        return {"text": {"a[data-section]": "blog.section", "img[data-node]": "blog.node"}}
    if kind == "richtext":
        from contentgit.contrib.wagtail import RichText

        return {"text": RichText()}
    return {}


def fill(rows):
    """So many remarks, and what they link to."""
    with transaction.atomic():
        made = Section.objects.bulk_create(
            Section(title=f"Section {n}", slug=f"section-{n}") for n in range(TARGETS)
        )
        person = Person.objects.create(name="Person", email="person@example.com")
        node = Node.objects.create(
            title="N", slug="n", section=made[0], position=1, live=True, created=make_aware(MOMENT)
        )
        story = Story(node_ptr=node, author=person, text="", price="1.00")
        story.__dict__.update({name: getattr(node, name) for name in ("title", "slug", "position")})
        story.section, story.live, story.created = made[0], True, node.created
        story.save()
        kind = os.environ["BENCH_LINKS"]
        pks = [each.pk for each in made] if kind == "html" else pages()
        chance, blog = random.Random(1), Blog(1)
        for start in range(0, rows, 1000):
            Remark.objects.bulk_create(
                Remark(
                    story=story,
                    text=text(chance, blog, kind, pks),
                    created=make_aware(MOMENT),
                )
                for _ in range(start, min(start + 1000, rows))
            )


def text(chance, blog, kind, pks):
    """About 2 kB with up to five links."""
    parts = blog.prose(1800, 2000).split("</p>\n")
    for pk in chance.sample(pks, chance.randint(0, 5)):
        parts[chance.randrange(len(parts))] += f" See {LINKS[kind].format(pk=pk)}."
    return "</p>\n".join(parts)


def pages():
    """The primary keys of new pages of Wagtail."""
    from django.contrib.contenttypes.models import ContentType
    from wagtail.models import Locale, Page

    Locale.objects.get_or_create(language_code="en")
    root = Page.get_first_root_node() or Page.add_root(title="Root", draft_title="Root")
    kind = ContentType.objects.get_for_model(Page)
    made = (
        Page(title=f"Page {n}", draft_title=f"Page {n}", slug=f"p-{n}", content_type=kind)
        for n in range(TARGETS)
    )
    return [root.add_child(instance=each).pk for each in made]

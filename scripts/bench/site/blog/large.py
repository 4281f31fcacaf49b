"""Stories of megabytes."""

import random

from django.utils.timezone import make_aware

from blog.models import Person, Section, Story
from blog.rows import MOMENT, WORDS

RANDOM = random.Random(1)


def fill(rows, text, data):
    """So many stories, which have megabytes of text or of JSON together."""
    person = Person.objects.create(pk=1, name="Person", email="person@example.com")
    section = Section.objects.create(pk=1, title="Section", slug="section")
    for number in range(1, rows + 1):
        count = data * 1_000_000 // rows // 120
        Story.objects.create(
            pk=number,
            title=f"Story {number}",
            slug=f"story-{number}",
            section=section,
            position=number,
            live=True,
            created=make_aware(MOMENT),
            author=person,
            text="".join(sentences(number, text * 1_000_000 // rows)),
            price="3.50",
            data=[
                {"id": n, "name": f"Loaf {n}", "text": next(sentences(n, 1))} for n in range(count)
            ],
        )


def sentences(number, size):
    """Sentences of so many characters in all; no two are alike."""
    while size > 0:
        words = " ".join(RANDOM.choices(WORDS, k=12)).capitalize()
        yield f"{words} {number}. "
        size -= len(words)


def extend(side):
    """Every story gets a word more: at the end, or in the second database in front."""
    stories = Story.objects.using(("default", "other")[side])
    for pk in list(stories.values_list("pk", flat=True)):
        edited = stories.get(pk=pk)
        if edited.data:
            edited.data[side]["name"] += ", edited"
        elif side:
            edited.text = f"Edited. {edited.text}"
        else:
            edited.text += "Edited."
        edited.save()

"""Loads the bakery's own content, as its documentation says, with small pictures: thumbnails take long."""

from __future__ import annotations

import shutil
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from PIL import Image, UnidentifiedImageError  # noqa: E402
from wagtail.embeds.models import Embed  # noqa: E402


def shrink(path: Path) -> None:
    """Makes the file a small picture of the same kind; drawings stay."""
    try:
        with Image.open(path) as picture:
            kind = picture.format
            picture.thumbnail((64, 64))
            picture.save(path, kind)
    except UnidentifiedImageError:
        return


if __name__ == "__main__":
    media = Path(settings.MEDIA_ROOT)
    shutil.rmtree(media, ignore_errors=True)
    call_command("load_initial_data")
    for each in (media / "original_images").iterdir():
        shrink(each)
    Embed.objects.all().delete()  # each site asks for them itself

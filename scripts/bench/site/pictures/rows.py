"""Files that nobody can compress, as pictures are."""

import random
from pathlib import Path

from django.conf import settings

from pictures.models import Picture

PIECE = 1_000_000


def fill(count, size):
    """So many rows, each with a file of so many bytes."""
    folder = Path(settings.MEDIA_ROOT, "pictures")
    folder.mkdir(parents=True)
    for number in range(count):
        write(folder / f"{number}.jpg", number, size)
    Picture.objects.bulk_create(
        (
            Picture(title=f"Picture {number}", file=f"pictures/{number}.jpg")
            for number in range(count)
        ),
        batch_size=1000,
    )


def replace(number, size):
    """Another file under the name of one that is there."""
    write(Path(settings.MEDIA_ROOT, "pictures", f"{number}.jpg"), -1 - number, size)


def write(path, seed, size):
    source = random.Random(seed)
    with path.open("wb") as file:
        for start in range(0, size, PIECE):
            file.write(source.randbytes(min(PIECE, size - start)))

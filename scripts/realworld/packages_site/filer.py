"""django-filer: files and images in folders; the files themselves stay where they are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import models
from filer.fields.image import FilerImageField
from filer.models import File, Folder, Image
from PIL import Image as Picture

from packages_site.datasets import USERS, take

TITLES = {"shop_article": "title", "filer_folder": "name", "filer_file": "original_filename"}
SKIP = ("easy_thumbnails_", "filer_clipboard", "filer_folderpermission")
LOCAL = {"filer_folder": ("lft", "rght", "tree_id", "level")}


class Article(models.Model):
    """Has a picture."""

    title = models.CharField(max_length=40)
    picture = FilerImageField(on_delete=models.SET_NULL, null=True)


def specs() -> list[dict[str, Any]]:
    """Without thumbnails, clipboards and permissions."""
    return [*take("shop.article", "filer.folder", "filer.file", "filer.image"), *USERS]


def fill(who: str) -> None:
    """Folders in folders, a picture and a file in each."""
    user, _ = User.objects.get_or_create(username=f"ann of {who}")
    parent = None
    for name in ("Outer", "Inner", "Doomed"):
        parent = Folder.objects.create(name=f"{name} {who}", parent=parent, owner=user)
        picture = added(Image, f"{name} {who}.png", parent, user)
        added(File, f"{name} {who}.txt", parent, user)
        Article.objects.create(title=f"{name} {who}", picture=picture)


def added(kind: type[File], name: str, folder: Folder, user: User) -> File:
    """A file of a kind in a folder."""
    content = ContentFile(name.encode(), name=name)
    if kind is Image:
        content = ContentFile(b"", name=name)
        Picture.new("RGB", (9, 7)).save(content, "PNG")
    return kind.objects.create(original_filename=name, file=content, folder=folder, owner=user)


def edit(who: str) -> None:
    """Each side moves and adds."""
    user = User.objects.get(username="ann of Stage")
    if who == "Stage":
        Folder.objects.get(name="Doomed Stage").delete()
        inner = Folder.objects.get(name="Inner Stage")
        added(File, "New of Stage.txt", inner, user)
    else:
        picture = added(Image, f"New of {who}.png", Folder.objects.get(name="Outer Stage"), user)
        Article.objects.filter(title="Outer Stage").update(picture=picture)


def own() -> list[str]:
    """The files as what they really are, where they are, and the pictures of articles."""
    files = [
        f"{type(each).__name__} {each.folder.pretty_logical_path} {each} {each.size}"
        for each in File.objects.order_by("original_filename")
    ]
    return files + [
        f"{each.title}: {each.picture and (each.picture.original_filename, each.picture.width)}"
        for each in Article.objects.order_by("title")
    ]

"""Two databases: ``default`` is filled, ``other`` becomes the same. BENCH_FOLDER has all that is made."""

import getpass
import os
from pathlib import Path

KIND = os.environ["BENCH_DATABASE"]
FOLDER = Path(os.environ["BENCH_FOLDER"])
NAME = f"{os.environ.get('CONTENTGIT_TEST_NAME') or 'cg_bench'}_{FOLDER.name}"


def server(prefix, port, user):
    def read(name, default):
        return os.environ.get(f"CONTENTGIT_TEST_{prefix}_{name}") or default

    return {
        "HOST": read("HOST", "127.0.0.1"),
        "PORT": read("PORT", port),
        "USER": read("USER", user),
        "PASSWORD": read("PASSWORD", ""),
    }


def database(name):
    if KIND == "postgresql":
        user = os.environ.get("PGUSER") or getpass.getuser()
        own = server("POSTGRESQL", "5432", user)
        return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **own}
    if KIND == "mysql":
        own = {"OPTIONS": {"charset": "utf8mb4"}, **server("MYSQL", "3306", "root")}
        return {"ENGINE": "django.db.backends.mysql", "NAME": name, **own}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / f"{name}.sqlite3"}


DATABASES = {"default": database(f"{NAME}_a"), "other": database(f"{NAME}_b")}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "contentgit", "blog"]
if os.environ.get("BENCH_LINKS") == "richtext":
    STATIC_URL = "/static/"
    INSTALLED_APPS += [
        *(
            "wagtail.documents",
            "wagtail.images",
            "wagtail.search",
            "wagtail.admin",
            "wagtail.users",
        ),
        *("wagtail", "modelcluster", "taggit", "django.contrib.sessions"),
    ]
CONTENTGIT = {"REPOSITORY": FOLDER / "content.git", "DATASETS": "blog.datasets.datasets"}
if "BENCH_MEDIA" in os.environ:
    INSTALLED_APPS.append("pictures")
    MEDIA_ROOT = FOLDER / os.environ["BENCH_MEDIA"]
    CONTENTGIT["FILE_LIMIT"] = 1 << 40
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "only for the measurement"
USE_TZ = True

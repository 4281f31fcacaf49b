"""All six models are one dump."""

import os

from blog.linked import references
from contentgit.datasets import specs_for_app_models

SETTINGS = {"delete_missing": True}
OF_PAGES = ["latest_revision", "live_revision", "alias_of", "owner", "locked_by"]
# Earlier commits do not know the key.
if os.environ["BENCH_IDENTITY"] != "pk":
    SETTINGS["identity"] = os.environ["BENCH_IDENTITY"]


def datasets():
    if "BENCH_MEDIA" in os.environ:
        return {"pictures": {"specs": pictures}}
    return {"blog": {"specs": specs}}


def specs(_arguments):
    found = specs_for_app_models("blog", SETTINGS)
    if os.environ.get("BENCH_LINKS") == "richtext":
        found.append({"model": "wagtailcore.page", **SETTINGS, "exclude": OF_PAGES})
    if where := references():
        (remark,) = (each for each in found if each["model"] == "blog.remark")
        remark["references"] = where
    return found


def pictures(_arguments):
    return [{"model": "pictures.picture", "delete_missing": True, "files": "carry"}]

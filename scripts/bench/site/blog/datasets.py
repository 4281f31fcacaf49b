"""Everything is one dump."""

from contentgit.datasets import specs_for_app_models


def datasets():
    return {"blog": {"specs": lambda _: specs_for_app_models("blog", {"delete_missing": True})}}

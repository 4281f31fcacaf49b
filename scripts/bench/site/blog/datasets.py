"""All six models are one dump."""

import os

from contentgit.datasets import specs_for_app_models

SETTINGS = {"delete_missing": True}
# Earlier commits do not know the key.
if os.environ["BENCH_IDENTITY"] != "pk":
    SETTINGS["identity"] = os.environ["BENCH_IDENTITY"]


def datasets():
    return {"blog": {"specs": lambda _: specs_for_app_models("blog", SETTINGS)}}

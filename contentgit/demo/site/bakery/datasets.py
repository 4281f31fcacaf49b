"""What of this site is content: the shop's goods, and the pages with news and opening hours."""

from contentgit.datasets import specs_for_app_models


def shop(args):
    """Categories, tags and products; a row that is missing in a commit is deleted."""
    return specs_for_app_models("shop", {"delete_missing": True})


def pages(args):
    """The page tree, the news and the opening hours."""
    return specs_for_app_models("pages", {"delete_missing": True})


def datasets():
    """The datasets by name. The news mention products, so pages need the shop."""
    return {
        "shop": {"specs": shop},
        "pages": {"specs": pages, "depends_on": ["shop"]},
    }

"""All models of the site, but those that it computes or that are of one database alone."""

from django.apps import apps

OWN = ("contentgit.", "modelsearch.", "sessions.", "wagtailsearch.", "wagtailcore.referenceindex")


def site(_args):
    """Each with its primary keys, as two databases of one site have them."""
    labels = (model._meta.label_lower for model in apps.get_models() if not model._meta.proxy)
    return [
        {"model": label, "delete_missing": True, "identity": "pk"}
        for label in labels
        if not label.startswith(OWN)
    ]


def datasets():
    """One dump."""
    return {"site": {"specs": site}}

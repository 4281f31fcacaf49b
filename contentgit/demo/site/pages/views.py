"""The public pages, and the frame around all of them."""

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from pages.models import Article, OpeningHours, Page
from shop.models import Category, Product


def frame(request):
    """What every page shows: the site's name, the menu, the opening hours."""
    return {
        "SITE": settings.SITE,
        "menu": Page.objects.filter(parent=None),
        "hours": OpeningHours.objects.all(),
    }


def home(request):
    """The front page."""
    context = {
        "products": Product.objects.filter(available=True).select_related("category"),
        "categories": Category.objects.all(),
        "articles": Article.objects.all()[:3],
    }
    return render(request, "home.html", context)


def news(request):
    """All news."""
    return render(request, "pages/news.html", {"articles": Article.objects.all()})


def article(request, slug):
    """One piece of news."""
    return render(request, "pages/article.html", {"article": get_object_or_404(Article, slug=slug)})


def page(request, path):
    """The page that the slugs in ``path`` lead to."""
    found = None
    for slug in path.split("/"):
        found = Page.objects.filter(parent=found, slug=slug).first()
        if found is None:
            raise Http404(f"No page at {path}")
    return render(request, "pages/page.html", {"page": found})

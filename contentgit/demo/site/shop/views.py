"""The shop's public pages."""

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, render

from shop.models import Category, Product, Tag


def products(request):
    """All shelves, or those with the tag in ``?tag=``."""
    shown = Product.objects.prefetch_related("tags")
    tag = Tag.objects.filter(slug=request.GET.get("tag", "")).first()
    if tag:
        shown = shown.filter(tags=tag)
    shelves = Category.objects.prefetch_related(Prefetch("products", queryset=shown))
    context = {"shelves": shelves, "tag": tag, "tags": Tag.objects.all()}
    return render(request, "shop/products.html", context)


def product(request, slug):
    """One product, with its neighbours on the shelf."""
    found = get_object_or_404(Product, slug=slug)
    others = found.category.products.exclude(pk=found.pk)[:3]
    return render(request, "shop/product.html", {"product": found, "others": others})

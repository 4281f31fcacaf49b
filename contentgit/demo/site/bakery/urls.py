"""The bakery's addresses; what no other line takes is a page of the tree."""

from django.conf import settings
from django.contrib import admin
from django.urls import path

from pages import views as pages
from shop import views as shop

admin.site.site_header = f"Mill Lane Bakery · {settings.SITE}"
admin.site.site_title = f"Bakery {settings.SITE}"
admin.site.index_title = "The bakery's content"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", pages.home, name="home"),
    path("shop/", shop.products, name="products"),
    path("shop/<slug:slug>/", shop.product, name="product"),
    path("news/", pages.news, name="news"),
    path("news/<slug:slug>/", pages.article, name="article"),
    path("<path:path>/", pages.page, name="page"),
]

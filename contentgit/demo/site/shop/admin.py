"""The shop's desk in the admin."""

from django.contrib import admin
from django.utils.html import format_html

from shop.models import Category, Product, Tag


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "position")
    list_editable = ("position",)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ("drawing", "name", "slug", "category", "price", "available")
    list_display_links = ("name",)
    list_editable = ("price", "available")
    list_filter = ("category", "tags", "available")
    search_fields = ("name", "summary", "description")
    prepopulated_fields = {"slug": ("name",)}
    filter_horizontal = ("tags",)

    @admin.display(description="")
    def drawing(self, product):
        return format_html('<img src="{}" alt="" width="56" height="42">', product.picture_url)

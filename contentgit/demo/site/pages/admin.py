"""The editors' desk in the admin."""

from django.contrib import admin

from pages.models import Article, OpeningHours, Page


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    list_display = ("title", "parent", "slug", "position")
    list_editable = ("position",)
    prepopulated_fields = {"slug": ("title",)}
    search_fields = ("title", "body")


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ("title", "author", "published")
    date_hierarchy = "published"
    filter_horizontal = ("products",)
    prepopulated_fields = {"slug": ("title",)}
    search_fields = ("title", "body")


@admin.register(OpeningHours)
class OpeningHoursAdmin(admin.ModelAdmin):
    list_display = ("day", "opens", "closes", "note")
    list_editable = ("opens", "closes", "note")

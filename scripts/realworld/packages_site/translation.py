"""What django-modeltranslation looks for in each app."""

from modeltranslation.translator import TranslationOptions, register

from packages_site.modeltranslation import News


@register(News)
class Options(TranslationOptions):
    """One field."""

    fields = ("title",)

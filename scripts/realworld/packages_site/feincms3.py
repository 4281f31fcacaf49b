"""feincms3 and django-content-editor: pages of plugins, with links inside of rich text."""

from __future__ import annotations

from typing import Any, ClassVar

from content_editor.models import Region, create_plugin_base
from django.db import models
from django_prose_editor.fields import ProseEditorField
from feincms3 import plugins
from feincms3.applications import PageTypeMixin, TemplateType
from feincms3.mixins import LanguageMixin, RedirectMixin
from feincms3.pages import AbstractPage
from feincms3.renderer import RegionRenderer

from packages_site.datasets import take

TITLES = {"shop_page": "title", "shop_file": "name"}
BOTH = ("shop_page",)  # places may shift
REGIONS = [Region(key="main", title="main"), Region(key="side", title="side")]


class File(models.Model):
    """What the picker of the editor picks."""

    name = models.CharField(max_length=40)


class Page(AbstractPage, PageTypeMixin, LanguageMixin, RedirectMixin):
    """A page of a type, in a language, which may lead to another one."""

    TYPES: ClassVar = [
        TemplateType(key="plain", title="plain", template_name="plain.html", regions=REGIONS)
    ]


Plugin = create_plugin_base(Page)


class RichText(plugins.richtext.RichText, Plugin):
    """Has links with the primary key of a page: an attribute that the site's own plugin of CKEditor adds."""


class Prose(Plugin):
    """Has figures, whose images name the file that was picked."""

    text = ProseEditorField(
        extensions={"Bold": True, "Link": True, "Figure": {"pickerUrl": "/pick/"}}, sanitize=True
    )


class External(plugins.external.External, Plugin):
    """Something of another site."""


class HTML(plugins.html.HTML, Plugin):
    """As it is."""


class Teaser(Plugin):
    """Another page."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="+")


LINK, FIGURE = {"a[data-page]": "shop.page"}, {"img[data-file]": "shop.file"}
TEXTS = {"shop.richtext": {"text": LINK}, "shop.prose": {"text": FIGURE}}


def specs() -> list[dict[str, Any]]:
    """The path of a page follows from slugs; places are orders."""
    pages = take("shop.page", order={"position": ["parent"]})
    names = ("richtext", "prose", "external", "html", "teaser")
    own = [
        spec
        for label in (f"shop.{name}" for name in names)
        for spec in take(label, order={"ordering": ["parent", "region"]})
    ]
    for spec in own:
        spec["references"] = TEXTS.get(spec["model"], {})
    return [*pages, *own, *take("shop.file")]


def fill(who: str) -> None:
    """Pages that refer to each other in all ways."""
    root = made(f"Root {who}", None)
    other = made(f"Other {who}", root)
    page = made(f"Page {who}", root, redirect_to_page=other)
    doomed = made(f"Doomed {who}", root)
    file = File.objects.create(name=f"File {who}")
    for number, each in enumerate((root, page, doomed)):
        written(each, other, file, 10 * number)


def made(title: str, parent: Page | None, **more: Any) -> Page:
    """A page."""
    slug = title.lower().replace(" ", "-")
    return Page.objects.create(
        title=title, slug=slug, parent=parent, page_type="plain", language_code="en", **more
    )


def written(page: Page, other: Page, file: File, start: int) -> None:
    """A plugin of each kind."""
    link = f'<p>See <a href="{other.path}" data-page="{other.pk}">{other.title}</a></p>'
    figure = (
        f'<figure class="figure"><img src="/{file.name}" alt="" data-file="{file.pk}"></figure>'
    )
    link, figure = cleaned(RichText, link), cleaned(Prose, figure)
    RichText.objects.create(parent=page, region="main", ordering=start + 1, text=link)
    Prose.objects.create(parent=page, region="main", ordering=start + 2, text=figure)
    External.objects.create(
        parent=page, region="main", ordering=start + 3, url="https://a.example/"
    )
    HTML.objects.create(parent=page, region="side", ordering=start + 1, html="<hr>")
    Teaser.objects.create(parent=page, region="side", ordering=start + 2, page=other)


def cleaned(plugin: Any, text: str) -> str:
    """What a form leaves of a text."""
    return str(plugin._meta.get_field("text").clean(text, None))


def edit(who: str) -> None:
    """Each side adds plugins to a page of its own, and one deletes a page."""
    title = {"Stage": "Root Stage", "Production": "Page Stage"}[who]
    page = Page.objects.get(title=title)
    file = File.objects.create(name=f"New of {who}")
    written(page, made(f"New of {who}", Page.objects.get(title="Root Stage")), file, 100)
    if who == "Stage":
        Page.objects.get(title="Doomed Stage").delete()


def plain(attribute: str, table: str) -> Any:
    """What puts titles in place of the primary keys in an attribute."""

    def said(value: str, title: Any) -> str:
        first, *rest = value.split(f'{attribute}="')
        parts = (each.partition('"') for each in rest)
        return first + "".join(f'{attribute}="{title(table, pk)}"{after}' for pk, _, after in parts)

    return said


VALUES = {
    "shop_richtext": {"text": plain("data-page", "shop_page")},
    "shop_prose": {"text": plain("data-file", "shop_file")},
}


def own() -> list[str]:
    """The regions of each page as the renderer of feincms3 shows them."""
    renderer = RegionRenderer()
    renderer.register(RichText, lambda plugin, _context: _linked(plugin.text, "data-page", Page))
    renderer.register(Prose, lambda plugin, _context: _linked(plugin.text, "data-file", File))
    renderer.register(External, lambda plugin, _context: plugin.url)
    renderer.register(HTML, lambda plugin, _context: plugin.html)
    renderer.register(Teaser, lambda plugin, _context: plugin.page.get_absolute_url())
    found = []
    for page in Page.objects.with_tree_fields().order_by("title"):
        regions = renderer.regions_from_item(page)
        for region in ("main", "side"):
            html = regions.render(region, None)
            found.append(f"{page.tree_depth} {page.path} {region} {html}")
    return found


def _linked(text: str, attribute: str, model: type[models.Model]) -> str:
    """The title of what a rich text leads to."""
    pk = text.partition(f'{attribute}="')[2].partition('"')[0]
    row: Any = model._default_manager.get(pk=pk)
    return f"{attribute} {getattr(row, 'title', '') or row.name}"

"""The plugin of a card."""

from cms.plugin_base import CMSPluginBase
from cms.plugin_pool import plugin_pool

from cms_references_site.home.models import Card


@plugin_pool.register_plugin
class CardPlugin(CMSPluginBase):
    """Shows a card."""

    model = Card
    name = "Card"
    module = "Home"
    render_template = "home/card.html"
    text_enabled = True

"""A component of djangocms-frontend with each kind of reference."""

from django import forms
from djangocms_frontend.component_base import CMSFrontendComponent
from djangocms_frontend.component_pool import components
from djangocms_frontend.contrib.image.fields import ImageFormField
from djangocms_link.fields import LinkFormField
from djangocms_text.fields import HTMLFormField

from cms_references_site.home.models import Notice


@components.register
class Panel(CMSFrontendComponent):
    """Notices, one of them first, with a picture, a link and a text."""

    class Meta:
        name = "Panel"
        render_template = "home/panel.html"
        allow_children = True

    first = forms.ModelChoiceField(queryset=Notice.objects.all(), required=False)
    notices = forms.ModelMultipleChoiceField(queryset=Notice.objects.all(), required=False)
    picture = ImageFormField(required=False)
    more = LinkFormField(required=False)
    text = HTMLFormField(required=False)

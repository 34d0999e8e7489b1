"""The buttons at the top of an editor's page: what can be done with the thing beside saving it."""

from typing import NamedTuple

from django.contrib import admin
from django.template.response import TemplateResponse
from django.utils.text import capfirst


class Tool(NamedTuple):
    """A button: what it says, where it leads, and whether it changes something (POST)."""

    label: str
    address: str
    posts: bool = False


class ReadOnlyAdmin(admin.ModelAdmin):
    """What the portal itself records: nobody adds, changes or deletes it, superusers neither."""

    actions = None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class WithTools(admin.ModelAdmin):
    """An admin whose pages have the buttons that `tools` names; each parent adds its own."""

    change_form_template = "admin/entry/change_form.html"

    def tools(self, request, obj):
        """Give the buttons that this person has on the page of `obj`."""
        return []

    def page(self, request, template, obj, **context):
        """Answer with a page about `obj` that stands beside its form."""
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "module_name": capfirst(self.opts.verbose_name_plural),
            "original": obj,
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, template, context)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context["tools"] = self.tools(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

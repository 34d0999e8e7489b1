"""The buttons at the top of an editor's page: what can be done with the thing beside saving it."""

from typing import NamedTuple

from django.contrib import admin


class Tool(NamedTuple):
    """A button: what it says, where it leads, and whether it changes something (POST)."""

    label: str
    address: str
    posts: bool = False


class WithTools(admin.ModelAdmin):
    """An admin whose pages have the buttons that `tools` names; each parent adds its own."""

    change_form_template = "admin/entry/change_form.html"

    def tools(self, request, obj):
        """Give the buttons that this person has on the page of `obj`."""
        return []

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context["tools"] = self.tools(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

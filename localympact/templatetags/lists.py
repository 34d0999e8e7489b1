"""What lists show of their orders and their facets."""

from html import escape

from django import template
from django.utils.safestring import mark_safe

from localympact.templatetags.portal import number

register = template.Library()

# Orders that begin with the latest day.
LATEST_FIRST = ("newest", "verified")


@register.inclusion_tag("directory/column.html", takes_context=True)
def column(context, key, label):
    """Head a column of a table; it is a link where the list can be ordered by it."""
    for name, _label, address, current in context["sorts"]:
        if name == key:
            order = "descending" if key in LATEST_FIRST else "ascending"
            return {"label": label, "address": address, "order": order if current else ""}
    return {"label": label}


@register.simple_tag
def boxes(name, options):
    """Write the options of a facet as boxes to tick.

    In Python and not as a template: a page may have a thousand of them.
    """
    return mark_safe(  # noqa: S308 - value and label are escaped
        "\n".join(
            f'<label class="option{"" if option.count else " none"}">'
            f'<input type="checkbox" name="{name}" value="{escape(option.value)}" '
            f'id="{escape(option.id)}"{" checked" if option.checked else ""}> '
            f'<span>{escape(option.label)} <span class="count">({number(option.count)})</span>'
            "</span></label>"
            for option in options
        )
    )


@register.simple_tag
def choices(groups, chosen):
    """Write the choices of a list in groups, {name: [(value, label)]}; `chosen` is the value."""
    return mark_safe(  # noqa: S308 - escaped part by part
        "\n".join(
            f'<optgroup label="{escape(name)}">'
            + "".join(
                f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
                f"{escape(label)}</option>"
                for value, label in values
            )
            + "</optgroup>"
            for name, values in groups.items()
        )
    )

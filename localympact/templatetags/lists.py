"""What the tables of lists do with their orders."""

from django import template

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

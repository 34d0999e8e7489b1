"""Structured data: what a page shows, said once more in the words of schema.org.

Only what stands on the page, in the language in which it stands there. A page gives a list of
nodes in its context as `structured`; templates/base.html writes them.
"""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

SITE = "LOCAL-Y-MPACT"
# What could end the script element or the line of a script, as JSON may write it, too.
ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def node(kind, **properties):
    """Give a thing of a type with those of its properties that say anything; `id` is its @id."""
    said = {name: value for name, value in properties.items() if value not in (None, "", [], {})}
    return {"@type": kind} | {"@id" if name == "id" else name: said[name] for name in said}


def script(nodes):
    """Write nodes as the data block of a page: whatever they hold, it does not break out."""
    document = {"@context": "https://schema.org", "@graph": nodes}
    written = json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False).translate(ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{written}</script>')  # noqa: S308


def breadcrumb(absolute, *steps):
    """Give the way from the start page to this one; `steps` are (name, address)."""
    steps = [(SITE, reverse("start")), *steps]
    return node("BreadcrumbList", itemListElement=list_items(absolute, steps, field="item"))


def list_items(absolute, things, first=1, field="url"):
    """Give the items of a list of (name, address), numbered from `first`."""
    return [
        node("ListItem", position=position, name=name, **{field: absolute(address)})
        for position, (name, address) in enumerate(things, first)
    ]


def page(kind, absolute, name, address, *, over=(), **properties):
    """Give a page in the reader's language with the way to it; `over` is what lies between."""
    url = absolute(address)
    shown = node(kind, id=url, url=url, name=name, inLanguage=get_language(), **properties)
    return [shown, breadcrumb(absolute, *over, (name, address))]


def list_page(absolute, name, address, things, *, total=None, first=1):
    """Give the page of a list that shows `things`, as (name, address), of `total`."""
    items = list_items(absolute, things, first)
    total = len(items) if total is None else total
    shown = node("ItemList", numberOfItems=total, itemListElement=items)
    return page("CollectionPage", absolute, name, address, mainEntity=shown)


def site(absolute, description):
    """Give the portal itself, with its search."""
    search = f"{absolute(reverse('search'))}?q={{search_term_string}}"
    action = node(
        "SearchAction",
        target=node("EntryPoint", urlTemplate=search),
        **{"query-input": "required name=search_term_string"},
    )
    url = absolute(reverse("start"))
    return node(
        "WebSite",
        id=url,
        url=url,
        name=SITE,
        description=description,
        inLanguage=get_language(),
        potentialAction=action,
    )


def dataset(url, name, description, license, creator, distributions, **properties):
    """Give a data set; `distributions` are (media type, complete address).

    Further properties as schema.org names them: inLanguage, spatialCoverage, temporalCoverage,
    dateModified …
    """
    return node(
        "Dataset",
        id=url,
        url=url,
        name=name,
        description=description,
        license=license,
        creator=node("Organization", name=creator),
        isAccessibleForFree=True,
        distribution=[
            node("DataDownload", encodingFormat=media_type, contentUrl=address)
            for media_type, address in distributions
        ],
        **properties,
    )

"""What search engines are told: the site map in all languages, and what they need not read.

A page of the map reads its own entries only, and names each in the languages that its text
exists in, with the same alternates as the head of its page (alternates.py).
"""

from functools import cached_property

from django.contrib.sitemaps import Sitemap, views
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html_join
from django.views.decorators.http import require_safe

from localympact.alternates import alternates
from localympact.pages import ENTRIES
from localympact.texts import ENGLISH, LANGUAGES, columns, written_in
from organizations.models import Municipality

PAGES = [
    "start",
    *(f"{model._meta.app_label}:list" for model in ENTRIES),
    *(
        "municipalities",
        "data",
        "dictionary",
        "snapshots",
        "about",
        "privacy",
        "accessibility",
        "suggest",
    ),
]


LINK = '<xhtml:link rel="alternate" hreflang="{}" href="{}"/>'


class InLanguages(Sitemap):
    """A part of the map. A thing is listed once a language, each time with all its languages."""

    # So many things a page; each has up to six addresses.
    limit = 800
    lastmod = None

    @cached_property
    def paginator(self):
        return Paginator(self.items(), self.limit, allow_empty_first_page=False)

    def get_languages_for_item(self, item):
        return LANGUAGES

    def get_urls(self, page=1, site=None, protocol=None):
        with translation.override(ENGLISH):
            return [
                url
                for item in self.paginator.page(page)
                for url in self.versions(item, f"{protocol}://{site.domain}")
            ]

    def versions(self, item, base):
        """Give the addresses of one thing, as templates/sitemap.xml writes them."""
        named = alternates(self.location(item), self.get_languages_for_item(item))
        named = [(code, base + address) for code, address in named]
        # Written once for all its addresses: they are most of a map.
        links = format_html_join("", LINK, named)
        day = self.changed_on(item)
        return [
            {"location": address, "day": day, "links": links}
            for code, address in named
            if code != "x-default"
        ]

    def changed_on(self, item):
        """Give the day of the last change of a thing, where it is known."""


class Pages(InLanguages):
    """What is written in all languages."""

    def items(self):
        return PAGES

    def location(self, item):
        return reverse(item)


class Places(InLanguages):
    """The pilot areas: facts and lists, in all languages."""

    def items(self):
        return Municipality.objects.order_by("pk").only("slug")


class Entries(InLanguages):
    """The published entries of a database, in the languages of their texts."""

    def __init__(self, model):
        self.model = model

    def items(self):
        read = ("slug", "updated", *columns("name", "summary"))
        return self.model.objects.published().order_by("pk").only(*read)

    def get_languages_for_item(self, item):
        return written_in(item)

    def changed_on(self, item):
        return timezone.localdate(item.updated).isoformat()

    def get_latest_lastmod(self):
        return self.model.objects.published().aggregate(last=Max("updated"))["last"]


def sections():
    """Give the parts of the map by their names."""
    entries = {model._meta.app_label: Entries(model) for model in ENTRIES}
    return {"pages": Pages(), "municipalities": Places(), **entries}


@require_safe
def index(request):
    """List the pages of the map; a part without anything is none."""
    filled = {name: part for name, part in sections().items() if part.paginator.count}
    return views.index(request, filled, sitemap_url_name="sitemap")


@require_safe
def sitemap(request, section):
    """Give a page of one part of the map."""
    return views.sitemap(request, sections(), section)


# Each filter by itself and each page of a list may be read; combinations of filters, orders and
# views are the same entries without end. `*` and `$` as in RFC 9309.
ROBOTS = """\
User-agent: *
Disallow: /admin/
Disallow: /*?*&
Disallow: /*?sort=
Disallow: /*?view=
Disallow: /*?q=
Disallow: /*/search/suggestions
Disallow: /*/suggest/?
Disallow: /*/export.*?
Disallow: /*/download/?
Disallow: /*/feed.atom?

Sitemap: {sitemap}
"""


@require_safe
def robots(request):
    """Say what crawlers need not read, and where the map is."""
    address = request.build_absolute_uri(reverse("sitemaps"))
    return HttpResponse(ROBOTS.format(sitemap=address), content_type="text/plain; charset=utf-8")

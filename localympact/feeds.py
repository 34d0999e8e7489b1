"""A list as an Atom feed (RFC 4287): what was added or changed last, with the list's filters."""

import re
from datetime import UTC, datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, rfc3339_date
from django.utils.translation import get_language
from django.views.generic import View

from localympact import editions
from localympact.downloads import kept, messages, refused
from localympact.structured import SITE
from localympact.texts import pick
from localympact.views import list_title

LONGEST = 50
# Atom must name a moment, also for a list in which there has never been anything.
NEVER = datetime.fromtimestamp(0, UTC)
# Characters that XML 1.0 has no way to write.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text):
    """Give a text without the characters that no feed may hold."""
    return NOT_IN_XML.sub("", str(text))


class EntryFeed(Atom1Feed):
    """Atom in which a text says its language, and a category has a name beside its code."""

    def latest_post_date(self):
        return self.feed["changed"]

    def language_of(self, text):
        """Give the attribute that a text needs which is not in the language of the feed."""
        return {"xml:lang": text.lang} if text.lang not in (None, self.feed["language"]) else {}

    def add_item_elements(self, handler, item):
        name, summary = item["name"], item["summary"]
        handler.addQuickElement("title", clean(name), self.language_of(name))
        handler.addQuickElement("link", "", {"href": item["link"], "rel": "alternate"})
        handler.addQuickElement("id", item["unique_id"])
        handler.addQuickElement("published", rfc3339_date(item["pubdate"]))
        handler.addQuickElement("updated", rfc3339_date(item["updateddate"]))
        if summary:
            handler.addQuickElement("summary", clean(summary), self.language_of(summary))
        for slug, label in item["topics"]:
            attributes = {"term": slug, "label": clean(label)} | self.language_of(label)
            handler.addQuickElement("category", "", attributes)


class PublishedFeed(View):
    """The entries of the list of the same address, those that changed last first."""

    filterset_class = None

    def get(self, request):
        entries = self.filterset_class.Meta.model.objects.published().with_related()
        filterset = self.filterset_class(request.GET, queryset=entries, request=request)
        if problems := messages(filterset.form):
            return refused(problems)
        return kept(request, lambda: self.answer(filterset))

    def answer(self, filterset):
        """Give the feed of what a filter set finds."""
        feed = self.feed(filterset, self.latest(filterset.found))
        return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)

    def latest(self, found):
        """Give the entries of what is found that changed last."""
        rows = found.model._base_manager.order_by("-updated", "-pk").values_list("pk", flat=True)
        pks = found.walk(rows, "pk", found.ids, 0, min(LONGEST, found.total))
        entries = found.queryset.order_by().in_bulk(pks)
        return [entries[pk] for pk in pks if pk in entries]

    def feed(self, filterset, entries):
        """Give the feed of some entries in the reader's language."""
        absolute = self.request.build_absolute_uri
        label = filterset.queryset.model._meta.app_label
        query = filterset.query_with(sort=None, view=None)
        asked = f"?{query}" if query else ""
        address = absolute(reverse(f"{label}:feed") + asked)
        feed = EntryFeed(
            title=clean(title_of(filterset)),
            link=absolute(reverse(f"{label}:list") + asked),
            description=None,
            feed_url=address,
            feed_guid=address,
            language=get_language(),
            author_name=SITE,
            changed=entries[0].updated if entries else editions.now().since or NEVER,
        )
        for entry in entries:
            feed.add_item(
                title=None,
                description=None,
                name=pick(entry, "name"),
                summary=pick(entry, "summary"),
                link=absolute(entry.get_absolute_url()),
                unique_id=entry.uuid.urn,
                pubdate=entry.created,
                updateddate=entry.updated,
                topics=[(topic.slug, pick(topic, "name")) for topic in entry.topics.all()],
            )
        return feed


def title_of(filterset):
    """Say what a feed holds: the portal, the list, the filters."""
    chosen = ", ".join(f"{choice.label}: {choice.value}" for choice in filterset.chosen())
    return " – ".join(filter(None, [SITE, list_title(filterset.queryset.model), chosen]))

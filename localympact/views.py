"""What the three databases share: a list and one entry.

An app says in short classes what is particular to it.
"""

from django.contrib import admin
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.views.generic import DetailView
from django_filters.views import FilterView

from localympact import editions, structured, unanswered
from localympact.texts import pick, written_in
from localympact.visitors import came_from
from localympact.writers import FORMATS


class PublishedList(FilterView):
    """The published entries that match the filters in the address, 24 a page.

    A value that does not exist is answered with a message at its field and no results.
    `resource_class` names the files of the same list.
    """

    context_object_name = "entries"
    paginate_by = 24
    template_name_suffix = "_list"
    resource_class = None

    def get_queryset(self):
        entries = self.filterset_class.Meta.model.objects.published().with_related()
        return entries.with_reasons() if self.request.GET.get("q") else entries

    def get(self, request, *args, **kwargs):
        self.filterset = self.get_filterset(self.get_filterset_class())
        address = f"{request.path}?{self.query()}".rstrip("?")
        if not request.htmx and any(not value.strip() for value in request.GET.values()):
            # A form without JavaScript sends its empty fields, too.
            return HttpResponseRedirect(address)
        self.object_list = self.filterset.found
        response = self.render_to_response(self.get_context_data())
        if request.htmx:
            response.headers["HX-Push-Url"] = address
        patch_vary_headers(response, ["HX-Request"])
        return response

    def query(self):
        """Give the query string of this page, as short as it can be."""
        page = self.request.GET.get("page", "").strip()
        return "&".join(filter(None, [self.filterset.query, page and urlencode({"page": page})]))

    def get_context_data(self, **kwargs):
        filterset = self.filterset
        chosen = list(filterset.chosen())
        # What has an order and pages of its own.
        asked = filterset.query_with(sort=None, view=None)
        context = super().get_context_data(
            filter=filterset,
            found=filterset.found,
            facets=filterset.facets,
            search=filterset.search,
            view=filterset.chosen_values.get("view") or filterset.defaults["view"],
            views=self.ways("view", filterset.form.fields["view"].choices),
            sorts=self.ways("sort", filterset.sorts),
            chosen=chosen,
            feed=f"feed.atom?{asked}".rstrip("?"),
            interface=f"{self.request.path.rstrip('/')}.json?{asked}".rstrip("?"),
            formats=[(name, FORMATS[name].label) for name in self.resource_class.formats],
            **kwargs,
        )
        context["canonical"] = self.canonical(context["page_obj"])
        context["structured"] = self.structured(context["page_obj"], context["canonical"])
        if chosen and not filterset.found.total:
            context.update(self.nothing_found())
        return context

    def canonical(self, page):
        """Give the one address of a page of the list among all that show it."""
        number = page.number > 1 and urlencode({"page": page.number})
        query = "&".join(filter(None, [self.filterset.query, number]))
        return f"{self.request.path}?{query}".rstrip("?")

    def structured(self, page, address):
        """Give the page with its entries as structured data."""
        return structured.list_page(
            self.request.build_absolute_uri,
            list_title(self.object_list.model),
            address,
            [(pick(entry, "name"), entry.get_absolute_url()) for entry in page.object_list],
            total=page.paginator.count,
            first=page.start_index(),
        )

    def nothing_found(self):
        """Give what an empty page offers instead, and count the search that found nothing."""
        filterset, search = self.filterset, self.filterset.search
        offered = {"alternatives": filterset.alternatives()}
        if search is not None and not filterset.form.errors:
            if not any(filterset.hits):
                searched = filterset.facets_now, filterset.found.without("q")
                offered["near"] = [
                    {"text": text, "count": count, "query": filterset.query_with(q=text)}
                    for text, count in search.near(searched)
                ]
                offered["fewer_words"] = [
                    {"left_out": word, "count": count, "query": filterset.query_with(q=text)}
                    for text, word, count in search.without_one(*searched)
                ]
            if unanswered.counts(self.request):
                label = self.object_list.model._meta.app_label
                unanswered.note(search.text, search.reader, label, filterset.query)
        return offered

    def ways(self, name, choices):
        """Give (value, label, address, whether it is this) of the ways to show the list."""
        filterset = self.filterset
        now = filterset.chosen_values.get(name) or filterset.defaults[name]
        return [
            (value, label, f"?{filterset.query_with(**{name: value})}", value == now)
            for value, label in choices
        ]


def list_title(model):
    """Give what the list of a model is called."""
    return str(capfirst(model._meta.verbose_name_plural))


def may_edit(request, entry):
    """Say whether the visitor works in the admin and may change this entry there."""
    if not admin.site.has_permission(request):
        return False
    opts = entry._meta
    mine = type(entry).objects.editable_by(request.user).filter(pk=entry.pk)
    return request.user.has_perm(f"{opts.app_label}.change_{opts.model_name}") and mine.exists()


class PublishedDetail(DetailView):
    """One published entry. An archived one is gone (410), a merged one leads to the other.

    Who may edit an entry sees its page before it is public, and after. `described` gives the
    entry as structured data.
    """

    context_object_name = "entry"

    def get_queryset(self):
        return self.model.objects.select_related("municipality").with_origin()

    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        survivor = self.object.survivor()
        if survivor is None:
            raise Http404
        if survivor != self.object:
            return HttpResponsePermanentRedirect(survivor.get_absolute_url())
        editing = may_edit(request, self.object)
        if not (self.object.is_published or editing):
            if self.object.is_archived:
                return render(request, "410.html", {"entry": self.object}, status=410)
            raise Http404
        prefetch_related_objects([self.object], *self.model.facet_links.values())
        list_url = reverse(f"{self.object._meta.app_label}:list")
        context = self.get_context_data(
            list_url=list_url,
            back=self.back_to(list_url),
            may_edit=editing,
            edition=editions.of(request).name,
            admin_name=f"admin:{self.object._meta.app_label}_{self.object._meta.model_name}",
        )
        public = self.object.is_published
        context["written_in"] = written_in(self.object) if public else []
        context["structured"] = self.structured(context) if public else []
        response = self.render_to_response(context)
        patch_vary_headers(response, ["Referer"])
        if not self.object.is_published:
            response.headers["Cache-Control"] = "private, no-store"
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    def structured(self, context):
        """Give the entry as structured data, with the way to it."""
        entry, absolute = self.object, self.request.build_absolute_uri
        steps = [
            (list_title(self.model), context["list_url"]),
            (pick(entry, "name"), entry.get_absolute_url()),
        ]
        return [self.described(context, absolute), structured.breadcrumb(absolute, *steps)]

    def described(self, context, absolute):
        """Give the node of the entry."""
        raise NotImplementedError

    def back_to(self, list_url):
        """Give the address of the list as the visitor left it: its filters are in the Referer."""
        page = came_from(self.request)
        same = page.netloc == self.request.get_host() and page.path == list_url
        return f"{list_url}?{page.query}" if same and page.query else list_url

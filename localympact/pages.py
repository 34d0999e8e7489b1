"""The pages that know all three databases: start, places, search, about."""

import sys
from collections import Counter
from datetime import date

from django import forms
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Count, F, Max
from django.http import HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from django.views.generic import DetailView, ListView, TemplateView

from collaborations.filters import CollaborationFilter
from collaborations.models import Collaboration
from localympact import editions, replicas, structured, unanswered
from localympact.models import UnansweredSearch
from localympact.put_aside import put_aside
from localympact.texts import pick
from localympact.views import list_title
from needs.filters import NeedFilter
from needs.models import Cause, Need
from organizations.filters import OrganizationFilter
from organizations.models import Municipality, Organization, Topic
from organizations.structured import municipality

ENTRIES = (Organization, Collaboration, Need)
# Said on the start page.
WHAT_IT_IS = gettext_lazy(
    "A public directory of community organisations, youth organisations and social enterprises, "
    "of examples of their cooperation with municipalities, and of what stands in its way."
)
# How many entries of each kind a page that is no list shows before it refers to the list.
FEW = 6
# How many organisations the page of a place names; it prints as their directory.
DIRECTORY = 500


class PlaceForm(forms.Form):
    """*Where do you live or work?* The answer stays in the address."""

    municipality = forms.ModelChoiceField(
        Municipality.objects.all(),
        to_field_name="slug",
        required=False,
        label=gettext_lazy("Where do you live or work?"),
        empty_label=gettext_lazy("All five pilot areas"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        reader = translation.get_language()
        self.fields["municipality"].queryset = Municipality.objects.by_name(reader)


class Titled:
    """A page without a list: its title says to machines what it is, as its type does."""

    title = None
    schema_type = "WebPage"

    def get_context_data(self, **kwargs):
        page = structured.page(
            self.schema_type, self.request.build_absolute_uri, self.title, self.request.path
        )
        return super().get_context_data(structured=page, **kwargs)


class Start(TemplateView):
    """What there is, and where to begin; `?municipality=` makes it the start of one place."""

    template_name = "start.html"

    def get_context_data(self, **kwargs):
        everywhere = "municipality" not in self.request.GET
        form = SimpleLazyObject(lambda: PlaceForm(self.request.GET))
        place = form.cleaned_data["municipality"] if not everywhere and form.is_valid() else None
        return super().get_context_data(
            form=form,
            place=place,
            asked_place=f"?municipality={place.slug}" if place else "",
            # Without a place the page is the same for everybody until the content changes.
            everywhere=everywhere,
            edition=editions.of(self.request).name,
            today=timezone.localdate(),
            there_is=SimpleLazyObject(lambda: overview(place)),
            structured=[structured.site(self.request.build_absolute_uri, WHAT_IT_IS)],
            **kwargs,
        )


def overview(place):
    """Give what the start page shows, of one place or of all."""
    collaborations, needs = Collaboration.objects.published(), Need.objects.published()
    if place:
        collaborations = collaborations.filter(municipality=place)
        needs = needs.applying_to(place)
    municipalities = places()
    counted = [one for one in municipalities if place in (None, one)]
    changes = [last for found in counts().values() for _number, last in found.values()]
    return {
        "organizations": sum(one.organization_count for one in counted),
        "collaborations": sum(one.collaboration_count for one in counted),
        "needs": needs.count(),
        "changed": max(changes, default=None),
        "municipalities": municipalities,
        "topics": Topic.objects.all(),
        "causes": Cause.objects.with_origin().with_counts(needs),
        "newest": collaborations.with_related().order_by("-created", "-pk")[:3],
    }


@editions.kept
def counts():
    """Give {model: {key of a municipality: (number of published entries, their last change)}}."""
    return {
        model: {
            place: (number, last)
            for place, number, last in model.objects.published()
            .order_by()
            .values_list("municipality")
            .annotate(Count("pk"), Max("updated"))
        }
        for model in ENTRIES
    }


def places():
    """Give the municipalities in the reader's order, with the numbers of their entries."""
    found, counted = list(Municipality.objects.by_name(translation.get_language())), counts()
    for place in found:
        place.organization_count, _last = counted[Organization].get(place.pk, (0, None))
        place.collaboration_count, _last = counted[Collaboration].get(place.pk, (0, None))
    return found


class MunicipalityList(ListView):
    """The pilot areas."""

    template_name = "municipality_list.html"
    context_object_name = "municipalities"

    def get_queryset(self):
        return places()

    def get_context_data(self, **kwargs):
        listed = [(pick(place, "name"), place.get_absolute_url()) for place in self.object_list]
        page = structured.list_page(
            self.request.build_absolute_uri, list_title(Municipality), self.request.path, listed
        )
        return super().get_context_data(structured=page, **kwargs)


class MunicipalityDetail(DetailView):
    """One pilot area: its facts, and the first of its entries."""

    template_name = "municipality_detail.html"
    context_object_name = "municipality"

    def get_queryset(self):
        return Municipality.objects.with_origin()

    def get_context_data(self, **kwargs):
        reader, place = translation.get_language(), self.object
        organizations = place.organizations.published()
        collaborations = place.collaborations.published()
        needs = Need.objects.published().applying_to(place)
        listed = organizations.with_related().by_name(reader)[:DIRECTORY]
        return super().get_context_data(
            organization_count=organizations.count(),
            directory=by_topic(listed),
            directory_length=DIRECTORY,
            collaboration_count=collaborations.count(),
            collaborations=collaborations.with_related().by_name(reader)[:FEW],
            need_count=needs.count(),
            reaches=Need.objects.published().by_reach(place),
            needs=needs.with_related().order_by(
                F("municipality").asc(nulls_last=True), "cause__position", "pk"
            )[:FEW],
            towns=place.towns.with_counts(),
            structured=self.structured(),
            **kwargs,
        )

    def structured(self):
        """Give the place as structured data, with the way to it."""
        place, absolute = self.object, self.request.build_absolute_uri
        steps = [
            (list_title(Municipality), reverse("municipalities")),
            (pick(place, "name"), place.get_absolute_url()),
        ]
        return [municipality(place, absolute), structured.breadcrumb(absolute, *steps)]


def by_topic(organizations):
    """Give [(topic, its organisations)], topics in their order; last those without a topic."""
    found = {}
    for organization in organizations:
        for topic in organization.topics.all() or [None]:
            found.setdefault(topic, []).append(organization)
    without = found.pop(None, [])
    groups = sorted(found.items(), key=lambda group: (group[0].position, group[0].pk))
    return [*groups, (None, without)] if without else groups


class Search(Titled, TemplateView):
    """One question to all three databases: the first results of each, and how many there are."""

    title = gettext_lazy("Search")
    schema_type = "SearchResultsPage"
    template_name = "search.html"
    filtersets = (OrganizationFilter, CollaborationFilter, NeedFilter)

    def get_context_data(self, **kwargs):
        asked = QueryDict(mutable=True)
        asked["q"] = self.request.GET.get("q", "")
        place_form = PlaceForm(self.request.GET)
        place = place_form.cleaned_data["municipality"] if place_form.is_valid() else None
        if place:
            asked["municipality"] = place.slug
        parts, search = [], None
        for filterset_class in self.filtersets:
            entries = filterset_class.Meta.model.objects.published().with_related().with_reasons()
            filterset = filterset_class(asked, queryset=entries, request=self.request)
            # The same question: its words are looked up once.
            search = filterset.search = search or filterset.search
            parts.append(filterset)
        context = super().get_context_data(
            asked=parts[0].data.get("q", ""),
            field=parts[0].form["q"],
            place=place,
            place_form=place_form,
            search=search,
            **kwargs,
        )
        if search is None:
            return context
        context["parts"] = [
            (part.queryset.model._meta.app_label, part.query, part.found.total, part.found[:FEW])
            for part in parts
        ]
        context["total"] = sum(part.found.total for part in parts)
        if not context["total"]:
            context.update(self.nothing_found(parts, search))
        return context

    def nothing_found(self, parts, search):
        """Give what a page without results offers instead, and count the search."""
        without_place = parts[0].query_with(municipality=None)
        offered = {
            "elsewhere": sum(len(part.found.without("municipality")) for part in parts),
            "elsewhere_query": without_place,
        }
        if not any(map(any, (part.hits for part in parts))):
            offered.update(self.other_words(parts, search))
        if unanswered.counts(self.request):
            unanswered.note(search.text, search.reader, filters=parts[0].query)
        return offered

    def other_words(self, parts, search):
        """Give questions that may be meant, and what is found with fewer words."""
        searched = [(part.facets_now, part.found.without("q")) for part in parts]
        fewer_words = Counter()
        for one in searched:
            for text, left_out, count in search.without_one(*one):
                fewer_words[text, left_out] += count

        def offer(text, count, **more):
            return {"text": text, "count": count, "query": parts[0].query_with(q=text)} | more

        return {
            "near": [offer(text, count) for text, count in search.near(*searched)],
            "fewer_words": [
                offer(text, count, left_out=left_out)
                for (text, left_out), count in fewer_words.most_common()
            ],
        }


# When the pages were last looked at for the accessibility statement.
EXAMINED_ON = date(2026, 11, 24)
# The pages on which the facts about the project were read.
SOURCES = (
    "https://sua.lv/sadarbiba-starp-pasvaldibam-un-kopienas-balstitam-organizacijam/",
    "https://sua.lv/en/the-impactful-journey-of-the-local-y-mpact-project/",
    "https://se-forum.se/blog/clq22rrksfvrxtiz4iwn46gf5uto8f",
    "https://gerinorai.lt/local-y-mpact/",
)


class About(Titled, TemplateView):
    """The project in facts."""

    title = gettext_lazy("About the project")
    schema_type = "AboutPage"
    template_name = "about.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            municipalities=places(),
            sources=SOURCES,
            contact_email=settings.CONTACT_EMAIL,
            funding_number=settings.FUNDING_NUMBER,
            **kwargs,
        )


class Privacy(Titled, TemplateView):
    """What the portal knows of its visitors, and for how long."""

    title = gettext_lazy("Privacy")
    template_name = "privacy.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            contact_email=settings.CONTACT_EMAIL,
            operator=settings.OPERATOR,
            kept_days=settings.SUGGESTIONS_KEPT_DAYS,
            log_days=settings.ACCESS_LOG_KEPT_DAYS,
            searches_days=settings.SEARCHES_KEPT_DAYS,
            searches_shown_from=UnansweredSearch.SHOWN_FROM,
            **kwargs,
        )


class Accessibility(Titled, TemplateView):
    """The accessibility statement: Directive (EU) 2016/2102, Implementing Decision 2018/1523."""

    title = gettext_lazy("Accessibility")
    template_name = "accessibility.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            contact_email=settings.CONTACT_EMAIL,
            enforcement_body=settings.ENFORCEMENT_BODY,
            enforcement_url=settings.ENFORCEMENT_URL,
            examined_on=EXAMINED_ON,
            **kwargs,
        )


class Components(TemplateView):
    """The parts that pages are made of, for whoever designs: only while developing."""

    template_name = "components.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            municipalities=places(),
            entry=Organization.objects.published().with_related().first(),
            form=PlaceForm({"municipality": "nowhere"}),
            **kwargs,
        )


# Answers to mistakes. They ask the database nothing: it may be what is missing.


def _error_page(request, status):
    # Where something failed before the language was settled, it is settled here.
    language = getattr(request, "LANGUAGE_CODE", None)
    language = language or translation.get_language_from_request(request, check_path=True)
    with translation.override(language):
        return render(request, f"{status}.html", status=status)


def bad_request(request, exception):
    """Say that a request is not one that the portal can answer (400)."""
    return _error_page(request, 400)


def permission_denied(request, exception):
    """Say that this page is not for this person (403)."""
    return _error_page(request, 403)


def csrf_failure(request, reason=""):
    """Say that a form was sent from elsewhere or too late (403).

    An editor who signed in again in another window finds what was typed in the form.
    """
    if put_aside(request):
        return HttpResponseRedirect(request.get_full_path())
    return _error_page(request, 403)


def page_not_found(request, exception):
    """Say that there is no such page (404)."""
    return _error_page(request, 404)


def server_error(request):
    """Say that the mistake is the portal's (500), or that its database is away (503).

    What was read from a replica is read from another database the next time; a proxy in front may
    ask at once.
    """
    error = sys.exception()
    if not isinstance(error, OperationalError | InterfaceError):
        return _error_page(request, 500)
    replicas.gone(error)
    page = _error_page(request, 503)
    page.headers["Retry-After"] = "60"
    return page

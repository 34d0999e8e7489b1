"""What the field of a search offers while somebody types: names, terms and places.

A name leads to its page; a term or a place to a list with that filter, and with the number of
entries that it shows.
"""

from typing import NamedTuple

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Concat
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.generic import View
from pyroaring import BitMap

from collaborations.models import Collaboration
from localympact.alphabets import sort_key
from localympact.cldr import country_name
from localympact.facets import states_of
from localympact.filters import MAX_QUERY
from localympact.models import Alias
from localympact.results import Results
from localympact.search import Search
from localympact.templatetags.portal import number
from localympact.texts import LANGUAGES, Text, columns, pick
from needs.models import Cause, Need
from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)

ENTRIES = (Organization, Collaboration, Need)
# How many are offered of each sort.
NAMES, TERMS, PLACES = 5, 4, 3

THINGS = (Topic, OrganizationType, Audience, CooperationForm, Cause, Municipality, Town)
MODELS = {model.facet: model for model in THINGS}
COUNTRY = "country"
# The facets that are a place; those whose list is not that of the organisations.
PLACE_FACETS = (Municipality.facet, Town.facet, COUNTRY)
LISTS = {CooperationForm.facet: Collaboration, Cause.facet: Need}


class Completion(NamedTuple):
    """One suggestion: its name, what it is, where it leads; where it lies, or how many it shows."""

    name: Text
    kind: str
    address: str
    place: Text = Text()
    count: str = ""


class Group(NamedTuple):
    """The suggestions of one sort."""

    key: str
    label: str
    completions: list


def complete(text, reader):
    """Give what a reader is offered who has typed so much of a question: [Group]."""
    # A longer question is none that the lists answer.
    search = Search(text if len(text) <= MAX_QUERY else "", reader)
    if not search.begun:
        return []
    states = dict(zip(ENTRIES, states_of(*ENTRIES), strict=True))
    names = complete_names(search, states)
    terms, places = complete_filters(search, states)
    groups = [
        Group("names", _("Names"), names),
        Group("terms", _("Topics and other filters"), terms),
        Group("places", _("Places"), places),
    ]
    return [group for group in groups if group.completions]


class Named:
    """Names in six languages out of the row of a query, for `pick`."""

    def __init__(self, own_language, names):
        self.own_language = own_language
        for column, name in zip(columns("name"), names, strict=True):
            setattr(self, column, name)


def in_one_query(wanted):
    """Give the rows of things of several models: `wanted` is [(model, keys, columns)]."""
    # modeltranslation's own queryset forgets the order of columns.
    querysets = [
        QuerySet(model).filter(pk__in=keys).values_list(*columns).order_by()
        for model, keys, columns in wanted
        if keys
    ]
    return querysets[0].union(*querysets[1:], all=True) if querysets else []


def called(model):
    """Give what one of a model is called, at the beginning of a line."""
    return capfirst(str(model._meta.verbose_name))


# Names


def complete_names(search, states):
    """Give the Completions of entries whose names hold the words of a search."""
    tiers = nearest(search, states)
    own, of_place = columns("name"), columns("municipality__name")
    told = "pk", "slug", "municipality__language", *own, *of_place
    rows = in_one_query(
        (model, pks, (Value(model.database), *told)) for model, pks in tiers.items()
    )
    models, found = {model.database: model for model in ENTRIES}, []
    for database, pk, slug, language, *texts in rows:
        model = models[database]
        name = pick(Named(language, texts[: len(own)]), "name", reader=search.reader)
        place = pick(Named(language, texts[len(own) :]), "name", reader=search.reader)
        address = reverse(f"{model._meta.app_label}:detail", args=[slug])
        order = tiers[model][pk], sort_key(search.reader, name), database, pk
        found.append((order, Completion(name, called(model), address, place)))
    return [completion for _order, completion in sorted(found)[:NAMES]]


def nearest(search, states):
    """Give {model: {pk: tier}} of the entries that come nearest, at least as many as are offered.

    Of a tier that has more only those that come first in the reader's alphabet.
    """
    found = {model: {} for model in states}
    for tier, bitmaps in enumerate(zip(*search.names(*states.values()), strict=True)):
        for (model, facets), ids in zip(states.items(), bitmaps, strict=True):
            new = ids - BitMap(found[model])
            if len(new) > NAMES:
                results = Results(model.objects.all(), search.reader, facets, {})
                new = results.by_name(new, 0, NAMES)
            found[model] |= dict.fromkeys(new, tier)
        if sum(map(len, found.values())) >= NAMES:
            break
    return found


# Terms and places


class Match(NamedTuple):
    """A term or place that is called so, and how many entries its list has."""

    rank: tuple
    facet: str
    key: int | str
    count: int


def complete_filters(search, states):
    """Give the Completions of terms, and those of places."""
    terms, places = [], []
    for match in sorted(matches(search, states)):
        (places if match.facet in PLACE_FACETS else terms).append(match)
    parts = terms[:TERMS], places[:PLACES]
    known = named([*parts[0], *parts[1]])
    return [[complete_filter(match, known, search.reader) for match in part] for part in parts]


def matches(search, states):
    """Give a Match of each term and place that the words name, without those that lead nowhere."""
    *whole, last = search.begun
    aliases = Alias.objects.annotate(
        spaced=Concat(Value(" "), "words", Value(" "), output_field=CharField())
    ).filter(spaced__contains=f" {last}")
    for word in whole:
        aliases = aliases.filter(spaced__contains=f" {word} ")
    asked, ranks = " ".join(search.begun), {}
    for facet, key, language, words in aliases.values_list("facet", "key", "language", "words"):
        rank = words != asked, not words.startswith(asked), language != search.reader
        ranks[facet, key] = min(rank, ranks.get((facet, key), rank))
    for (facet, key), rank in ranks.items():
        key = key if facet == COUNTRY else int(key)
        facets = states[LISTS.get(facet, Organization)]
        count = facets.having(facet, key).intersection_cardinality(facets.having("public", True))
        # A municipality has a page of its own.
        if count or facet == Municipality.facet:
            yield Match((*rank, -count), facet, key, count)


def named(matches):
    """Give {(facet, key): (slug, Named)} of terms, municipalities and towns."""
    keys = {}
    for match in matches:
        if match.facet != COUNTRY:
            keys.setdefault(MODELS[match.facet], []).append(match.key)
    rows = in_one_query(
        (model, pks, (Value(model.facet), "pk", "slug", *names_of(model)))
        for model, pks in keys.items()
    )
    return {(facet, pk): (slug, Named(own, names)) for facet, pk, slug, own, *names in rows}


def names_of(model):
    """Give the columns of the own language of terms or places, and of their six names."""
    if model is Town:
        # A town has one name, that of its country.
        own = "municipality__language"
        return [own, *(Case(When(**{own: code}, then=F("name"))) for code in LANGUAGES)]
    return ["language" if model is Municipality else Value(""), *columns("name")]


def complete_filter(match, known, reader):
    """Give the Completion of a Match; `known` is what `named` gives."""
    facet, key = match.facet, match.key
    if facet == COUNTRY:
        slug, name, kind = key, Text(country_name(key, reader), reader), _("Country")
    else:
        slug, names = known[facet, key]
        name, kind = pick(names, "name", reader=reader), called(MODELS[facet])
    if facet == Municipality.facet:
        return Completion(name, kind, reverse("municipality", args=[slug]))
    entries = LISTS.get(facet, Organization)
    address = f"{reverse(f'{entries._meta.app_label}:list')}?{urlencode({facet: slug})}"
    return Completion(name, kind, address, count=counted(entries, match.count))


def counted(entries, count):
    """Say how many entries a list shows."""
    match entries._meta.app_label:
        case "organizations":
            words = ngettext("%(counter)s organisation", "%(counter)s organisations", count)
        case "collaborations":
            words = ngettext("%(counter)s collaboration", "%(counter)s collaborations", count)
        case "needs":
            words = ngettext(
                "%(counter)s need or challenge", "%(counter)s needs and challenges", count
            )
    return words % {"counter": number(count)}


# Answers


class Completions(View):
    """The suggestions as a part of a page, for the field itself; nothing where there are none."""

    def get(self, request):
        groups = complete(request.GET.get("q", ""), get_language())
        number = sum(len(group.completions) for group in groups)
        return render(request, "completions.html", {"groups": groups, "number": number})


class CompletionsForBrowsers(View):
    """The suggestions as the OpenSearch extension for suggestions has them."""

    def get(self, request):
        text = request.GET.get("q", "")
        found = [one for group in complete(text, get_language()) for one in group.completions]
        said = [" · ".join(filter(None, [one.kind, one.place, one.count])) for one in found]
        addresses = [request.build_absolute_uri(one.address) for one in found]
        return JsonResponse(
            [text, [one.name for one in found], said, addresses],
            safe=False,
            content_type="application/x-suggestions+json",
        )

"""How entries are found: what all three databases share, and what organisations add."""

from functools import cached_property

import django_filters
from django import forms
from django.db.models import Case, F, Q, Value, When
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from localympact.alphabets import alphabet_key
from localympact.among import Among
from localympact.cldr import country_choices, language_choices, language_name
from localympact.codes import enclosed
from localympact.filters import (
    MAX_QUERY,
    NOT_STATED,
    ChoicesFilter,
    Counted,
    PublicFilter,
    SlugFilter,
    validate_readable,
)
from localympact.results import Newest
from localympact.search import Search
from localympact.texts import LANGUAGES
from organizations.entries import either, has_text
from organizations.models import (
    Audience,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)
from organizations.nearby import RADII, distances

YES, NO = "yes", "no"
SORTS = [
    ("relevance", _("Best match first")),
    ("name", _("By name")),
    ("newest", _("Newest first")),
    ("verified", _("Last verified first")),
    ("municipality", _("By municipality")),
]
VIEWS = [("cards", _("Cards")), ("table", _("Table")), ("map", _("Map"))]

DEFAULT_RADIUS = 25


class CountryField(forms.MultipleChoiceField):
    """ISO country codes, in either case."""

    def to_python(self, value):
        return [code.upper() for code in super().to_python(value)]


class CountryFilter(Counted, django_filters.MultipleChoiceFilter):
    """Keep entries that concern a country, as their queryset understands it."""

    field_class = CountryField

    def __init__(self, *args, **kwargs):
        super().__init__(
            *args, choices=self.countries, widget=forms.CheckboxSelectMultiple, **kwargs
        )

    @staticmethod
    def countries():
        """Give the countries of the pilot areas."""
        return country_choices(sorted(set(Municipality.objects.values_list("country", flat=True))))

    def filter(self, queryset, value):
        return queryset.in_country(*value) if value else queryset


def municipalities(request):
    """Give the pilot areas; a page puts their names in order itself (`values_of`)."""
    return Municipality.objects.order_by("pk")


class LanguageFilter(ChoicesFilter):
    """Keep what has a text in a language of the portal."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, choices=self.languages, **kwargs)

    @staticmethod
    def languages():
        """Give the six languages by their names in the reader's."""
        return [(code, capfirst(language_name(code))) for code in LANGUAGES]

    def filter(self, queryset, value):
        if not value:
            return queryset
        return queryset.filter(either(has_text("summary", language) for language in value))


class VerifiedFilter(ChoicesFilter):
    """Keep what somebody confirmed, or what nobody has."""

    def __init__(self, *args, **kwargs):
        choices = [(YES, _("Verified")), (NO, _("Not verified yet"))]
        super().__init__(*args, choices=choices, **kwargs)

    def filter(self, queryset, value):
        if not value:
            return queryset
        return queryset.filter(either(Q(verified_on__isnull=one == NO) for one in value))


class PartnersFilter(ChoicesFilter):
    """Keep those who look for partners."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, choices=[(YES, _("Looks for partners"))], **kwargs)

    def filter(self, queryset, value):
        return queryset.filter(seeks_partners=True) if value else queryset


class SpokenFilter(ChoicesFilter):
    """Keep those whose people can be spoken to in a language."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, choices=self.languages, **kwargs)

    @staticmethod
    def languages():
        """Give the working languages, and *not stated*."""
        return [*language_choices(), (NOT_STATED, _("Not stated"))]

    def filter(self, queryset, value):
        if not value:
            return queryset
        codes = [code for code in value if code != NOT_STATED]
        spoken = either(Q(languages__contains=enclosed(code)) for code in codes)
        return queryset.filter(spoken | Q(languages="") if NOT_STATED in value else spoken)


class EntryFilter(PublicFilter):
    """What all entries can be asked for."""

    q = django_filters.CharFilter(
        label=_("Search"),
        max_length=MAX_QUERY,
        validators=[validate_readable],
        method="filter_text",
    )
    country = CountryFilter(label=_("Country"))
    municipality = SlugFilter(label=_("Municipality"), queryset=municipalities, null_label=None)
    topic = SlugFilter(label=_("Topic"), field_name="topics", queryset=Topic.objects.all())
    language = LanguageFilter(label=_("Language of the text"))
    verified = VerifiedFilter(label=_("Verified"))
    sort = django_filters.ChoiceFilter(
        label=_("Sort by"), choices=SORTS, empty_label=None, method="leave"
    )
    view = django_filters.ChoiceFilter(
        label=_("Show as"), choices=VIEWS, empty_label=None, method="leave"
    )

    def filter_text(self, queryset, name, value):
        return queryset.filter(pk__in=Among(BitMap.union(BitMap(), *self.hits)))

    def leave(self, queryset, name, value):
        """Filter nothing: what is asked here is how the list is shown."""
        return queryset

    # Search

    @cached_property
    def search(self):
        """The Search at work, or None."""
        text = self.chosen_values.get("q")
        return Search(text, self.reader) if text else None

    @cached_property
    def hits(self):
        """What the search finds: [BitMap], the nearest first."""
        return self.search.groups(self.facets_now)

    def restrictions(self):
        kept = super().restrictions()
        if self.search is not None:
            kept["q"] = BitMap.union(BitMap(), *self.hits)
        return kept

    def values_of(self, name):
        first_time = name not in self._known_values
        values = super().values_of(name)
        if first_time and name == "municipality":
            # Keys that are remembered: quicker than comparisons in the database.
            values.sort(key=lambda value: alphabet_key(self.reader, value[2]))
        return values

    # Order

    @property
    def default_sort(self):
        return "relevance" if self.search else "name"

    @property
    def sorting(self):
        sort = super().sorting
        # Without a question nothing is nearer to it.
        return self.default_sort if sort == "relevance" and self.search is None else sort

    @property
    def sorts(self):
        """The orders that a page offers, as (value, label)."""
        return [
            (value, label)
            for value, label in self.form.fields["sort"].choices
            if value != "relevance" or self.search is not None
        ]

    def sorted(self, queryset, sort):
        """Order a queryset as `sort` says; equals by name."""
        by_name = queryset.by_name(self.reader)
        return by_name.order_by(*self.sql_order(sort), *by_name.query.order_by)

    def sql_order(self, sort):
        """Give the expressions by which a queryset is ordered before the name."""
        match sort:
            case "relevance":
                return [ranked(self.hits)]
            case "newest":
                return ["-created", "-pk"]
            case "verified":
                return [F("verified_on").desc(nulls_last=True)]
            case "municipality" | "town" | "type":
                keys = [key for key, _value, _label in self.values_of(sort) if key is not None]
                places = [When(**{sort: key}, then=at) for at, key in enumerate(keys)]
                return [Case(*places, default=len(keys))] if places else []
        return []

    def order(self, results):
        match self.sorting:
            case "relevance":
                return [group & results.ids for group in self.hits]
            case "newest":
                return [Newest(results)]
            case "verified":
                return self.by_value(results, "verified_on", reverse=True)
            case "municipality" | "town" | "type":
                values = [key for key, _value, _label in self.values_of(self.sorting)]
                return self.by_value(results, self.sorting, values)
        return [results.ids]

    def by_value(self, results, facet, values=None, reverse=False):
        """Give the groups of results that have the same value of a facet, each entry once.

        In the order of `values`, or of the values themselves; those without any come last.
        """
        if values is None:
            values = sorted(self.facets_now.values.get(facet, {}), reverse=reverse)
        rest = results.ids
        for value in values:
            if value is not None:
                group = self.facets_now.having(facet, value) & rest
                yield group
                rest = rest - group
        yield rest


def ranked(groups):
    """Give the number of the group that an entry is in, as an expression to order by."""
    cases = [When(pk__in=Among(ids), then=at) for at, ids in enumerate(groups)]
    return Case(*cases, default=len(cases)) if cases else Value(0)


class OrganizationFilter(EntryFilter):
    """What organisations can be asked for."""

    audience = SlugFilter(
        label=_("Audience"), field_name="audiences", queryset=Audience.objects.all()
    )
    type = SlugFilter(label=_("Type"), queryset=OrganizationType.objects.all())
    town = SlugFilter(label=_("Town"), queryset=Town.objects.all())
    partners = PartnersFilter(label=_("Partners"))
    spoken = SpokenFilter(label=_("Can be spoken to in"))
    near = django_filters.ModelChoiceFilter(
        label=_("Near a town"),
        queryset=Town.objects.all(),
        to_field_name="slug",
        empty_label=_("Anywhere"),
        method="filter_near",
    )
    within = django_filters.ChoiceFilter(
        label=_("Not farther than"),
        choices=[(str(radius), format_lazy("{} {}", radius, _("km"))) for radius in RADII],
        empty_label=None,
        method="leave",
    )
    unplaced = django_filters.ChoiceFilter(
        label=_("Entries without a place"),
        choices=[("keep", _("Keep those whose place is not known"))],
        empty_label=None,
        method="leave",
    )
    sort = django_filters.ChoiceFilter(
        label=_("Sort by"),
        choices=[
            *SORTS,
            ("town", _("By town")),
            ("type", _("By type")),
            ("nearest", _("Nearest first")),
        ],
        empty_label=None,
        method="leave",
    )

    class Meta:
        model = Organization
        fields = [
            "q",
            "country",
            "municipality",
            "type",
            "topic",
            "audience",
            "town",
            "near",
            "within",
            "unplaced",
            "partners",
            "spoken",
            "language",
            "verified",
            "sort",
            "view",
        ]

    # Near a town

    def at_work(self, name, value):
        of_distance = name in ("within", "unplaced")
        return super().at_work(name, value) and not (of_distance and "near" not in self.asked)

    @property
    def defaults(self):
        return {**super().defaults, "within": str(DEFAULT_RADIUS)}

    @property
    def radius(self):
        """Within how many kilometres of the chosen town."""
        return int(self.chosen_values.get("within") or DEFAULT_RADIUS)

    @cached_property
    def distances(self):
        """How far what lies near the chosen town is from it: {pk: kilometres}, nearest first."""
        town = self.chosen_values.get("near")
        found = distances(self.queryset, town, max(RADII)) if town else {}
        return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))

    def towns_by_area(self):
        """Give the towns as {name of the pilot area: [(slug, name)]}, both by the alphabet."""
        areas = {pk: (name, []) for pk, _slug, name in self.values_of("municipality")}
        towns = self.form.fields["near"].queryset.order_by()
        for area, slug, name in towns.values_list("municipality", "slug", "name"):
            areas[area][1].append((slug, name))
        for _name, towns in areas.values():
            # Keys that are remembered: quicker than a thousand comparisons in the database.
            towns.sort(key=lambda town: alphabet_key(self.reader, town[1]))
        return {name: towns for name, towns in areas.values() if towns}

    def near_ids(self, radius):
        """Give the bitmap of what lies within a radius; with what has no place, if it is kept."""
        near = BitMap(pk for pk, far in self.distances.items() if far <= radius)
        return near | self.unplaced_ids if self.chosen_values.get("unplaced") else near

    @property
    def unplaced_ids(self):
        """The bitmap of what lies nowhere: neither coordinates nor a town."""
        return self.facets_now.having("placed", None)

    def radii(self):
        """Give (kilometres, number of results, whether chosen): what each radius would find."""
        others = self.found.without("near")
        return [
            (radius, len(others & self.near_ids(radius)), radius == self.radius) for radius in RADII
        ]

    @property
    def unplaced_count(self):
        """How many results of the other filters lie nowhere."""
        return len(self.found.without("near") & self.unplaced_ids)

    def filter_near(self, queryset, name, value):
        return queryset.filter(pk__in=Among(self.near_ids(self.radius)))

    def restrictions(self):
        kept = super().restrictions()
        if self.chosen_values.get("near"):
            kept["near"] = self.near_ids(self.radius)
        return kept

    # Order

    @property
    def default_sort(self):
        if self.search is None and self.chosen_values.get("near"):
            return "nearest"
        return super().default_sort

    @property
    def sorting(self):
        sort = super().sorting
        if sort == "nearest" and not self.chosen_values.get("near"):
            return self.default_sort
        return sort

    @property
    def sorts(self):
        return [
            (value, label)
            for value, label in super().sorts
            if value != "nearest" or self.chosen_values.get("near")
        ]

    def sql_order(self, sort):
        if sort == "nearest":
            places = [When(pk=pk, then=at) for at, pk in enumerate(self.distances)]
            return [Case(*places, default=len(places))] if places else []
        return super().sql_order(sort)

    def order(self, results):
        if self.sorting == "nearest":
            near = [pk for pk in self.distances if pk in results.ids]
            return [near, results.ids - BitMap(near)]
        return super().order(results)

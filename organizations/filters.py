"""How entries are found: what all three databases share, and what organisations add."""

import django_filters
from django import forms
from django.db.models import F
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from localympact.cldr import country_choices
from localympact.filters import MAX_QUERY, PublicFilter, SlugFilter, validate_readable
from localympact.texts import ENGLISH
from organizations.models import (
    Audience,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
    Town,
)

YES, NO = "yes", "no"
SORTS = [
    ("name", _("By name")),
    ("newest", _("Newest first")),
    ("verified", _("Last verified first")),
]


class CountryField(forms.MultipleChoiceField):
    """ISO country codes, in either case."""

    def to_python(self, value):
        return [code.upper() for code in super().to_python(value)]


class CountryFilter(django_filters.MultipleChoiceFilter):
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
    """Give the pilot areas in the order of the reader's alphabet."""
    return Municipality.objects.by_name(get_language() or ENGLISH)


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
    verified = django_filters.ChoiceFilter(
        label=_("Verified"),
        choices=[(YES, _("Verified")), (NO, _("Not verified yet"))],
        empty_label=_("Any"),
        method="filter_verified",
    )
    sort = django_filters.ChoiceFilter(
        label=_("Sort by"),
        choices=SORTS,
        empty_label=None,
        method="leave",
    )

    def filter_text(self, queryset, name, value):
        return queryset.search(value)

    def filter_verified(self, queryset, name, value):
        return queryset.filter(verified_on__isnull=value == NO)

    def leave(self, queryset, name, value):
        """Filter nothing: `sorted` does what is asked here."""
        return queryset

    def sorted(self, queryset, sort):
        """Order a queryset as `sort` says; by name where it says nothing."""
        by_name = queryset.by_name(self.reader)
        match sort:
            case "newest":
                return by_name.order_by("-created", *by_name.query.order_by)
            case "verified":
                return by_name.order_by(
                    F("verified_on").desc(nulls_last=True), *by_name.query.order_by
                )
        return by_name


class OrganizationFilter(EntryFilter):
    """What organisations can be asked for."""

    audience = SlugFilter(
        label=_("Audience"), field_name="audiences", queryset=Audience.objects.all()
    )
    type = SlugFilter(label=_("Type"), queryset=OrganizationType.objects.all())
    town = SlugFilter(label=_("Town"), queryset=Town.objects.all())
    partners = django_filters.ChoiceFilter(
        label=_("Partners"),
        choices=[(YES, _("Looks for partners"))],
        empty_label=_("Any"),
        method="filter_partners",
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
            "partners",
            "verified",
            "sort",
        ]

    def filter_partners(self, queryset, name, value):
        return queryset.filter(seeks_partners=True)

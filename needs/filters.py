"""What needs and challenges can be asked for."""

import django_filters
from django.utils.translation import gettext_lazy as _

from localympact.cldr import country_choices
from localympact.filters import NOT_STATED, ChoicesFilter, SlugFilter
from needs.models import Cause, Need
from organizations.filters import SORTS, CountryFilter, EntryFilter, municipalities
from organizations.models import Municipality


class NeedCountryFilter(CountryFilter):
    """The countries of the pilot areas, and others that a need names."""

    @staticmethod
    def countries():
        codes = set(Municipality.objects.values_list("country", flat=True))
        for named in Need.objects.published().values_list("countries", flat=True).distinct():
            codes.update(named)
        return country_choices(sorted(codes))


class PlaceFilter(SlugFilter):
    """Keep what holds in a municipality: its own, its country's and all pilots' needs."""

    def filter(self, queryset, value):
        if not value:
            return queryset
        places = [place for place in value if place != NOT_STATED]
        found = queryset.filter(municipality=None) if NOT_STATED in value else queryset.none()
        return found | queryset.applying_to(*places) if places else found


class NeedFilter(EntryFilter):
    """What needs and challenges can be asked for."""

    country = NeedCountryFilter(label=_("Country"))
    municipality = PlaceFilter(
        label=_("Municipality"),
        queryset=municipalities,
        null_label=_("Bound to no municipality"),
    )
    cause = SlugFilter(label=_("Cause"), queryset=Cause.objects.all(), null_label=None)
    kind = ChoicesFilter(label=_("Kind"), choices=Need.Kind.choices)
    side = ChoicesFilter(label=_("Whose"), choices=Need.Side.choices)

    sort = django_filters.ChoiceFilter(
        label=_("Sort by"),
        choices=[("cause", _("By cause")), *SORTS[:-1]],
        empty_label=None,
        method="leave",
    )

    class Meta:
        model = Need
        fields = [
            "q",
            "country",
            "municipality",
            "cause",
            "kind",
            "side",
            "topic",
            "language",
            "verified",
            "sort",
            "view",
        ]

    @property
    def default_sort(self):
        return "relevance" if self.search else "cause"

    def sql_order(self, sort):
        if sort == "cause":
            return ["cause__position", "cause", "kind"]
        return super().sql_order(sort)

    def order(self, results):
        if self.sorting != "cause":
            return super().order(results)
        having = self.facets_now.having
        causes = (having("cause", key) & results.ids for key, _v, _l in self.values_of("cause"))
        kinds = sorted(Need.Kind.values)
        return [cause & having("kind", kind) for cause in causes for kind in kinds]

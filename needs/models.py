"""Needs and challenges under their causes, and the conclusions of the mapping."""

from django.db import models
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from collaborations.models import Collaboration
from localympact.afterwards import FollowedQuerySet
from localympact.cldr import country_choices, country_name
from localympact.codes import CodesField, enclosed
from organizations.entries import (
    Described,
    DescribedQuerySet,
    Entry,
    EntryQuerySet,
    Provenance,
    WithSynonyms,
    either,
)
from organizations.models import Municipality

ONE_COUNTRY = r"^\|[A-Z]{2}\|$"
COUNTRIES = r"^\|([A-Z]{2}\|){2,}$"


class ReviewQuerySet(FollowedQuerySet, DescribedQuerySet):
    """What the review consists of beside its needs."""

    def get_by_natural_key(self, slug):
        return self.get(slug=slug)

    def with_counts(self, needs):
        """Note for each cause how many of `needs` it has, `need_count`."""
        among = Q(needs__in=needs.order_by().values("pk"))
        return self.annotate(need_count=models.Count("needs", filter=among, distinct=True))


class Cause(WithSynonyms, Described):
    """One of the causes of weak cooperation under which needs are grouped.

    The grouping is the portal's own: the project announced four causes whose names are in no
    source at hand. Editors rename, add and reorder them.
    """

    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Low numbers come first in the review.")
    )

    objects = ReviewQuerySet.as_manager()

    is_term = True
    facet = "cause"

    class Meta:
        verbose_name = _("cause")
        verbose_name_plural = _("causes")
        ordering = ["position", "pk"]
        constraints = [*Described.Meta.constraints]

    def natural_key(self):
        return (self.slug,)


class NeedQuerySet(EntryQuerySet):
    def applying_to(self, *municipalities):
        """Keep what holds in any of these places: its own, its country's and all pilots' needs."""
        own = Q(municipality__in=municipalities)
        countries = {municipality.country for municipality in municipalities}
        return self.filter(own | self._named(countries) | Q(level=Need.Level.ALL))

    def in_country(self, *codes):
        """Keep what holds in any of these countries: local, national and all pilots' needs."""
        pilots = Municipality.objects.filter(country__in=codes)
        own = Q(municipality__country__in=codes)
        return self.filter(own | self._named(codes) | Q(Exists(pilots), level=Need.Level.ALL))

    def _named(self, countries):
        return either(Q(countries__contains=enclosed(code)) for code in sorted(countries))

    def with_related(self):
        return super().with_related().select_related("cause")

    def with_answers(self):
        """Fetch with each need the published collaborations that answer it, as `answers`."""
        answers = Collaboration.objects.published().select_related("municipality")
        return self.prefetch_related(
            models.Prefetch("collaborations", answers.order_by("pk"), to_attr="answers")
        )

    def by_reach(self, municipality):
        """Count what holds in a place by how far it reaches: {"own": …, "country": …, "all": …}."""
        return self.applying_to(municipality).aggregate(
            own=models.Count("pk", filter=Q(municipality=municipality)),
            country=models.Count("pk", filter=Q(level__in=("national", "several"))),
            all=models.Count("pk", filter=Q(level="all")),
        )


class Need(Entry):
    """A need or a challenge that stands in the way of working together."""

    class Kind(models.TextChoices):
        NEED = "need", _("Need")
        CHALLENGE = "challenge", _("Challenge")

    class Side(models.TextChoices):
        MUNICIPALITY = "municipality", _("Municipality")
        ORGANISATION = "organisation", _("Organisations")
        BOTH = "both", _("Both sides")

    class Level(models.TextChoices):
        LOCAL = "local", _("Local")
        NATIONAL = "national", _("National")
        SEVERAL = "several", _("Several countries")
        ALL = "all", _("All pilot areas")

    municipality = models.ForeignKey(
        Municipality,
        models.PROTECT,
        verbose_name=_("municipality"),
        related_name="needs",
        null=True,
        blank=True,
        help_text=_("For a local need. Its editors may change this entry."),
    )
    cause = models.ForeignKey(
        Cause,
        models.PROTECT,
        verbose_name=_("cause"),
        related_name="needs",
        help_text=_("Where it comes from; the review groups needs by it."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=9,
        choices=Kind.choices,
        help_text=_("A need: something is missing. A challenge: something stands in the way."),
    )
    side = models.CharField(
        _("whose"), max_length=12, choices=Side.choices, help_text=_("Who has this need.")
    )
    level = models.CharField(
        _("where it holds"),
        max_length=8,
        choices=Level.choices,
        help_text=_(
            "Local: one municipality. National: one country. Several countries: two or more. "
            "All pilot areas: neither a municipality nor countries."
        ),
    )
    countries = CodesField(
        _("countries"),
        codes=country_choices,
        help_text=_("Tick one for a national need, two or more for one of several countries."),
    )
    collaborations = models.ManyToManyField(
        Collaboration,
        verbose_name=_("collaborations"),
        related_name="needs",
        blank=True,
        help_text=_("Good practices that answer it."),
    )

    objects = NeedQuerySet.as_manager()

    database = 2
    facet_columns = {
        **Entry.facet_columns,
        "cause": "cause",
        "kind": "kind",
        "side": "side",
        "level": "level",
        "countries": "countries",
    }

    class Meta(Entry.Meta):
        verbose_name = _("need or challenge")
        verbose_name_plural = _("needs and challenges")
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(level="local", municipality__isnull=False, countries="")
                | Q(level="national", municipality__isnull=True, countries__regex=ONE_COUNTRY)
                | Q(level="several", municipality__isnull=True, countries__regex=COUNTRIES)
                | Q(level="all", municipality__isnull=True, countries=""),
                name="%(app_label)s_%(class)s_where_it_holds",
                violation_error_message=_(
                    "A local need names a municipality and no country; a national one names one "
                    "country, one of several countries two or more; one of all pilot areas "
                    "names neither."
                ),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["need", "challenge"])
                & Q(side__in=["municipality", "organisation", "both"]),
                name="%(app_label)s_%(class)s_kind_and_side",
            ),
        ]

    @classmethod
    def facet_knowledge(cls):
        """Give where the places lie, as (pk, country): a need of a country holds in all of its."""
        return list(Municipality.objects.order_by().values_list("pk", "country"))

    @classmethod
    def facet_values(cls, row, known):
        """Give the facets of a need; its places and countries are all those in which it holds."""
        level, named = row.pop("level"), row.pop("countries")
        own, country = row.pop("municipality"), row.pop("country")
        everywhere = level == cls.Level.ALL
        places = {pk for pk, code in known if everywhere or code in named}
        countries = {*named, *(code for _pk, code in known if everywhere)}
        return [
            *super().facet_values(row, known),
            *(("municipality", pk) for pk in {own or None, *places}),
            *(("country", code) for code in countries | ({country} if own else set())),
        ]

    @property
    def country_names(self):
        """The names of the countries in which it holds, in the active language."""
        return [country_name(code) for code in self.countries]


class Conclusion(Described):
    """A conclusion of the mapping, a step or a piece of advice."""

    source = models.URLField(
        _("source"),
        max_length=500,
        blank=True,
        help_text=_("The full web address of the page on which this was read."),
    )
    provenance = models.CharField(
        _("provenance"),
        max_length=8,
        choices=Provenance.choices,
        default=Provenance.PROJECT,
        help_text=_("Whether that page is about the LOCAL-Y-MPACT project."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Low numbers come first in the review.")
    )

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("conclusion")
        verbose_name_plural = _("conclusions")
        ordering = ["position", "pk"]
        constraints = [*Described.Meta.constraints]

    def natural_key(self):
        return (self.slug,)

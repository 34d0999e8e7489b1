"""The pilot areas and their towns."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from localympact.afterwards import FollowedQuerySet
from localympact.alphabets import by_name
from localympact.cldr import country_choices, country_name
from localympact.slugs import Slugged
from organizations.entries import (
    LATITUDE,
    LONGITUDE,
    NOT_A_YEAR,
    NOT_ON_EARTH,
    WITH_HTTPS,
    Described,
    DescribedQuerySet,
    Status,
    WithSynonyms,
    on_earth,
    year_range,
)


class MunicipalityQuerySet(FollowedQuerySet, DescribedQuerySet):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)

    def editable_by(self, user):
        """Keep those whose entries `user` may edit."""
        if not user.is_authenticated:
            return self.none()
        return self.all() if user.edits_everything else self.filter(editors=user)

    def by_name(self, reader):
        """Order by the name that the reader sees, in the reader's alphabet."""
        return self.order_by(*by_name("language", reader))


class Municipality(WithSynonyms, Described):
    """A pilot area: a municipality or a region."""

    class Kind(models.TextChoices):
        MUNICIPALITY = "municipality", _("Municipality")
        REGION = "region", _("Region")

    country = models.CharField(_("country"), max_length=2, choices=country_choices)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=settings.LANGUAGES,
        help_text=_("The language of the place: texts in it come first for editors and visitors."),
    )
    notes = models.TextField(
        _("notes"),
        blank=True,
        default="",
        help_text=_("What a reader should know about the place."),
    )
    nuts3 = models.CharField(
        _("NUTS 3 code"),
        max_length=5,
        blank=True,
        validators=[RegexValidator("^[A-Z]{2}[0-9A-Z]{3}$")],
        help_text=_("Two letters and three digits or letters, for example LV003."),
    )
    nuts3_name = models.CharField(_("NUTS 3 region"), max_length=100, blank=True)
    nuts3_source = models.CharField(_("where the NUTS 3 code is from"), max_length=300, blank=True)
    lau = models.CharField(_("LAU code"), max_length=20, blank=True)
    lau_source = models.CharField(_("where the LAU code is from"), max_length=300, blank=True)
    wikidata = models.CharField(
        _("Wikidata item"),
        max_length=20,
        blank=True,
        validators=[RegexValidator("^Q[1-9][0-9]*$")],
        help_text=_("The number in the address of its page on wikidata.org, with the Q."),
    )
    population = models.PositiveIntegerField(_("residents"), null=True, blank=True)
    population_year = models.PositiveSmallIntegerField(
        _("year of that number"), null=True, blank=True
    )
    area = models.DecimalField(
        _("area in km²"), max_digits=9, decimal_places=2, null=True, blank=True
    )
    centre = models.CharField(
        _("centre"), max_length=100, blank=True, help_text=_("Its main town or village.")
    )
    latitude = models.FloatField(_("latitude"), null=True, blank=True, help_text=LATITUDE)
    longitude = models.FloatField(_("longitude"), null=True, blank=True, help_text=LONGITUDE)
    website = models.URLField(_("website"), max_length=500, blank=True, help_text=WITH_HTTPS)
    contact_email = models.EmailField(
        _("contact e-mail"),
        blank=True,
        help_text=_(
            "A public address of the office, not of a person. Visitors are sent here when an "
            "organisation gives no contact of its own."
        ),
    )
    partner = models.CharField(_("project partner"), max_length=250, blank=True)
    partner_website = models.URLField(
        _("website of the partner"), max_length=500, blank=True, help_text=WITH_HTTPS
    )
    source = models.URLField(
        _("source"),
        max_length=500,
        blank=True,
        help_text=_("The full web address of the page on which this was read."),
    )
    editors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("editors"),
        related_name="municipalities",
        blank=True,
        help_text=_("They may edit the entries of this municipality."),
    )

    objects = MunicipalityQuerySet.as_manager()

    facet = "municipality"

    class Meta:
        verbose_name = _("municipality")
        verbose_name_plural = _("municipalities")
        ordering = ["pk"]
        constraints = [
            *Described.Meta.constraints,
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$"),
                name="%(app_label)s_%(class)s_country_code",
            ),
            models.CheckConstraint(
                condition=on_earth(),
                name="%(app_label)s_%(class)s_on_earth",
                violation_error_message=NOT_ON_EARTH,
            ),
            models.CheckConstraint(
                condition=year_range("population_year"),
                name="%(app_label)s_%(class)s_year",
                violation_error_message=NOT_A_YEAR,
            ),
        ]

    def natural_key(self):
        return (self.slug,)

    def get_absolute_url(self):
        return reverse("municipality", args=[self.slug])

    @property
    def own_language(self):
        return self.language

    own_language_lookup = "language"

    @property
    def country_name(self):
        """The name of its country in the active language."""
        return country_name(self.country)


class TownQuerySet(FollowedQuerySet):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)

    def with_counts(self):
        """Note for each the number of its published organisations, `organization_count`."""
        published = Q(organizations__status=Status.PUBLISHED, organizations__merged_into=None)
        return self.annotate(organization_count=models.Count("organizations", filter=published))


class Town(Slugged):
    """A town or village with coordinates."""

    name = models.CharField(_("name"), max_length=100)
    municipality = models.ForeignKey(
        Municipality, models.CASCADE, verbose_name=_("municipality"), related_name="towns"
    )
    latitude = models.FloatField(_("latitude"), help_text=LATITUDE)
    longitude = models.FloatField(_("longitude"), help_text=LONGITUDE)
    geonames_id = models.PositiveIntegerField(
        _("GeoNames id"),
        null=True,
        blank=True,
        unique=True,
        help_text=_("The number in the address of its page on geonames.org."),
    )

    objects = TownQuerySet.as_manager()

    facet = "town"

    is_term = True

    class Meta:
        verbose_name = _("town")
        verbose_name_plural = _("towns")
        ordering = ["name", "pk"]
        constraints = [
            *Slugged.Meta.constraints,
            models.CheckConstraint(
                condition=on_earth(),
                name="%(app_label)s_%(class)s_on_earth",
                violation_error_message=NOT_ON_EARTH,
            ),
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)

    natural_key.dependencies = ["organizations.municipality"]

    def slug_source(self):
        return self.name

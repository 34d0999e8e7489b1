"""The database of active organisations, and what visitors report about any entry.

The ground on which the other apps stand is beside this file: `entries` (what all entries share),
`places`, `terms` and `origins` (of texts).
"""

from datetime import timedelta

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from localympact.cldr import language_choices, language_name
from localympact.codes import CodesField
from organizations.duplicates import DuplicatePair
from organizations.entries import (
    LATITUDE,
    LONGITUDE,
    NOT_A_YEAR,
    NOT_ON_EARTH,
    WITH_HTTPS,
    Described,
    EditableQuerySet,
    Entry,
    EntryQuerySet,
    Provenance,
    Status,
    VerifiedBy,
    on_earth,
    year_range,
)
from organizations.origins import TextState
from organizations.pictures import PictureField, check_text, picture_path
from organizations.places import Municipality, Town
from organizations.terms import Audience, CooperationForm, OrganizationType, Term, Topic

__all__ = [
    "Audience",
    "CooperationForm",
    "DuplicatePair",
    "Described",
    "Entry",
    "EntryQuerySet",
    "Municipality",
    "Organization",
    "OrganizationType",
    "Provenance",
    "Status",
    "Suggestion",
    "Term",
    "TextState",
    "Topic",
    "Town",
    "VerifiedBy",
]

PHONE = r"^\+?[0-9(][0-9 ()/.\-]*$"


class OrganizationQuerySet(EntryQuerySet):
    def with_related(self):
        return super().with_related().select_related("type", "town")


class Organization(Entry):
    """An active organisation of a pilot area."""

    class Reach(models.TextChoices):
        LOCAL = "local", _("Local")
        REGIONAL = "regional", _("Regional")
        NATIONAL = "national", _("National")
        UNCONFIRMED = "unconfirmed", _("Not confirmed in this place")

    type = models.ForeignKey(
        OrganizationType,
        models.PROTECT,
        verbose_name=_("type"),
        related_name="organizations",
        null=True,
        blank=True,
        help_text=_("What it is in law. Leave it empty if you do not know."),
    )
    audiences = models.ManyToManyField(
        Audience,
        verbose_name=_("audiences"),
        related_name="organizations",
        blank=True,
        help_text=_("Tick whom it is there for. Tick none if it is there for everybody."),
    )
    reach = models.CharField(
        _("reach"),
        max_length=11,
        choices=Reach.choices,
        help_text=_("How far its work goes, and whether it is known to work in this place."),
    )
    reach_note = models.CharField(
        _("note on the reach"),
        max_length=250,
        blank=True,
        default="",
        help_text=_("A few words, if the reach needs to be explained."),
    )
    website = models.URLField(_("website"), max_length=500, blank=True, help_text=WITH_HTTPS)
    email = models.EmailField(
        _("e-mail"),
        blank=True,
        help_text=_("A public address of the organisation, not of a person."),
    )
    phone = models.CharField(
        _("telephone"),
        max_length=40,
        blank=True,
        validators=[
            RegexValidator(PHONE, _("Write digits and spaces, with + before the country."))
        ],
        help_text=_("With the number of the country: +371, +351, +46, +370 or +357."),
    )
    street = models.CharField(_("street and number"), max_length=250, blank=True)
    postal_code = models.CharField(
        _("postal code"),
        max_length=20,
        blank=True,
        help_text=_("As it is written on a letter, for example LV-3201."),
    )
    town = models.ForeignKey(
        Town,
        models.PROTECT,
        verbose_name=_("town"),
        related_name="organizations",
        null=True,
        blank=True,
        help_text=_("Puts it on the map. If the place is not in the list, write it below."),
    )
    town_name = models.CharField(
        _("other place"),
        max_length=100,
        blank=True,
        help_text=_("A village or town that is not in the list of towns."),
    )
    latitude = models.FloatField(_("latitude"), null=True, blank=True, help_text=LATITUDE)
    longitude = models.FloatField(_("longitude"), null=True, blank=True, help_text=LONGITUDE)
    founded = models.PositiveSmallIntegerField(
        _("founded in"), null=True, blank=True, help_text=_("The year, for example 1998.")
    )
    registration_number = models.CharField(
        _("registration number"),
        max_length=40,
        blank=True,
        help_text=_(
            "The number in the national register. Latvia: 11 digits, as in 40008000000. "
            "Portugal: 9 digits, as in 500000000. Sweden: 10 digits, as in 802000-0000. "
            "Lithuania: 9 digits, as in 300000000. Cyprus: letters and digits, as in HE 100000."
        ),
    )
    languages = CodesField(
        _("languages"),
        codes=language_choices,
        help_text=_("Tick those in which its people can be spoken to."),
    )
    seeks_partners = models.BooleanField(
        _("looks for partners"),
        default=False,
        help_text=_("Tick it while partners are wanted; say in the language tabs what for."),
    )
    seeks = models.TextField(
        _("partners wanted"),
        blank=True,
        default="",
        help_text=_("For what, from where, until when."),
    )
    logo = PictureField(
        _("logo"),
        upload_to=picture_path,
        blank=True,
        help_text=_(
            "A picture in PNG, JPEG or WebP, five megabytes at most. "
            "Say in each language tab what it shows."
        ),
    )
    logo_text = models.CharField(
        _("text in place of the logo"),
        max_length=250,
        blank=True,
        default="",
        help_text=_("What somebody who cannot see the logo should read instead."),
    )

    objects = OrganizationQuerySet.as_manager()

    owns_website = True
    database = 0
    searched = [*Entry.searched, "seeks", "reach_note"]
    searched_as_written = [
        *("street", "postal_code", "town_name", "website", "email", "phone"),
        "registration_number",
    ]
    facet_columns = {
        **Entry.facet_columns,
        "type": "type",
        "town": "town",
        "partners": "seeks_partners",
        "spoken": "languages",
        "placed": "latitude",
    }
    facet_links = {**Entry.facet_links, "audience": "audiences"}

    class Meta(Entry.Meta):
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(reach__in=["local", "regional", "national", "unconfirmed"]),
                name="%(app_label)s_%(class)s_reach",
            ),
            models.CheckConstraint(
                condition=on_earth(),
                name="%(app_label)s_%(class)s_on_earth",
                violation_error_message=NOT_ON_EARTH,
            ),
            models.CheckConstraint(
                condition=year_range("founded"),
                name="%(app_label)s_%(class)s_year",
                violation_error_message=NOT_A_YEAR,
            ),
        ]

    def clean(self):
        super().clean()
        check_text(self, "logo", "logo_text")

    @classmethod
    def facet_values(cls, row, known):
        spoken = row.pop("spoken")
        placed = row.pop("placed") is not None or row["town"] is not None
        partners = row.pop("partners")
        return [
            *super().facet_values(row, known),
            *(("spoken", code) for code in spoken),
            *([("placed", True)] if placed else []),
            *([("partners", "yes")] if partners else []),
        ]

    @property
    def language_names(self):
        """The names of the languages in which its people can be spoken to."""
        return [language_name(code) for code in self.languages]

    @property
    def place(self):
        """The name of its town or village, or nothing."""
        return self.town.name if self.town_id else self.town_name


class SuggestionQuerySet(EditableQuerySet):
    """What visitors wrote, for as long as the portal keeps it."""

    def kept(self):
        """Keep what is not yet to be forgotten."""
        return self.filter(created__gt=oldest_kept())

    def forget_old(self):
        """Delete, with its e-mail address, what has been kept long enough; give how many."""
        return self.filter(created__lte=oldest_kept()).delete()[0]

    def too_many_from(self, sender):
        """Say whether a sender, or all together, wrote so much within an hour that it must wait."""
        recent = self.filter(created__gt=timezone.now() - timedelta(hours=1))
        return (
            recent.filter(sender=sender).count() >= settings.SUGGESTIONS_AN_HOUR
            or recent.count() >= settings.SUGGESTIONS_AN_HOUR_FROM_ALL
        )


def oldest_kept():
    """Give the moment before which suggestions are deleted."""
    return timezone.now() - timedelta(days=settings.SUGGESTIONS_KEPT_DAYS)


class Suggestion(models.Model):
    """What a visitor reports about an entry, or proposes for the database.

    It is kept for `SUGGESTIONS_KEPT_DAYS` and then deleted with its e-mail address. `sender` tells
    apart who wrote within a day without keeping a network address.
    """

    class Kind(models.TextChoices):
        WRONG = "wrong", _("Something is wrong or missing")
        NEW = "new", _("An organisation should be added")

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("suggestion", "New")
        DRAFTED = "drafted", pgettext_lazy("suggestion", "Made into a draft")
        DONE = "done", pgettext_lazy("suggestion", "Done")
        DECLINED = "declined", pgettext_lazy("suggestion", "Declined")

    kind = models.CharField(
        _("what it is about"), max_length=5, choices=Kind.choices, default=Kind.WRONG
    )
    entry = models.UUIDField(_("permanent id of the entry"), null=True, blank=True)
    municipality = models.ForeignKey(
        Municipality,
        models.CASCADE,
        verbose_name=_("municipality"),
        related_name="suggestions",
        null=True,
        blank=True,
    )
    name = models.CharField(_("name of the organisation"), max_length=250, blank=True)
    message = models.TextField(_("message"))
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=settings.LANGUAGES, blank=True, default=""
    )
    sender = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NEW)
    created = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    objects = SuggestionQuerySet.as_manager()

    is_public = False

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-created", "-pk"]

    def __str__(self):
        return self.name or self.message[:60]

    def make_draft(self):
        """Make a draft organisation of it, in the language of its place, and give it.

        The visitor's words become its summary, for an editor to check and to rewrite.
        """
        language = self.municipality.language
        draft = Organization.objects.create(
            municipality=self.municipality,
            status=Status.DRAFT,
            reach=Organization.Reach.UNCONFIRMED,
            **{f"name_{language}": self.name, f"summary_{language}": self.message},
        )
        self.state, self.entry = self.State.DRAFTED, draft.uuid
        self.save(update_fields=["state", "entry"])
        return draft

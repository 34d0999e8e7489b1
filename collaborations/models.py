"""Good-practice examples of municipalities and organisations working together."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from organizations.entries import NOT_A_YEAR, WITH_HTTPS, Entry, EntryQuerySet, year_range
from organizations.models import Audience, CooperationForm, Organization


class CollaborationQuerySet(EntryQuerySet):
    def with_related(self):
        return super().with_related().select_related("form")


class Collaboration(Entry):
    """An example of a municipality and organisations working together."""

    participants = models.TextField(
        _("participants"),
        blank=True,
        default="",
        help_text=_("Everybody who takes part, as the source names them, one a line."),
    )
    organizations = models.ManyToManyField(
        Organization,
        verbose_name=_("organisations"),
        related_name="collaborations",
        blank=True,
        help_text=_("Those participants that are in the database of organisations."),
    )
    form = models.ForeignKey(
        CooperationForm,
        models.PROTECT,
        verbose_name=_("form of cooperation"),
        related_name="collaborations",
        null=True,
        blank=True,
        help_text=_("How they work together. Leave it empty if none fits."),
    )
    audiences = models.ManyToManyField(
        Audience,
        verbose_name=_("audiences"),
        related_name="collaborations",
        blank=True,
        help_text=_("Tick whom it is there for. Tick none if it is there for everybody."),
    )
    period = models.CharField(
        _("period"),
        max_length=250,
        blank=True,
        default="",
        help_text=_("When it took place, in the words of the source."),
    )
    started = models.PositiveSmallIntegerField(
        _("first year"), null=True, blank=True, help_text=_("Only where the source gives it.")
    )
    ended = models.PositiveSmallIntegerField(
        _("last year"), null=True, blank=True, help_text=_("Only where the source gives it.")
    )
    results = models.TextField(
        _("results"), blank=True, default="", help_text=_("What came of it, in figures if any.")
    )
    website = models.URLField(_("website"), max_length=500, blank=True, help_text=WITH_HTTPS)

    objects = CollaborationQuerySet.as_manager()

    database = 1
    searched = [*Entry.searched, "participants", "period", "results"]
    searched_as_written = ["website"]
    facet_columns = {**Entry.facet_columns, "form": "form"}
    facet_links = {**Entry.facet_links, "audience": "audiences"}

    class Meta(Entry.Meta):
        verbose_name = _("collaboration")
        verbose_name_plural = _("collaborations")
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(
                condition=year_range("started", "ended"),
                name="%(app_label)s_%(class)s_year",
                violation_error_message=NOT_A_YEAR,
            ),
            models.CheckConstraint(
                condition=Q(started__isnull=True)
                | Q(ended__isnull=True)
                | Q(started__lte=F("ended")),
                name="%(app_label)s_%(class)s_started_before_it_ended",
                violation_error_message=_("The last year lies before the first."),
            ),
        ]

"""Entries that may be the same thing twice."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from localympact.codes import CodesField


class Reason(models.TextChoices):
    """Why two entries may be the same."""

    REGISTER = "register", _("the same registration number")
    DOMAIN = "domain", _("the same web domain")
    NAME = "name", _("a name that is almost the same")


def reasons():
    """Give the reasons as (code, name) pairs."""
    return Reason.choices


class DuplicatePair(models.Model):
    """Two entries of one database that may be the same; an editor merges them or says they differ.

    `first` and `second` are their permanent ids, the smaller one first.
    """

    database = models.CharField(_("database"), max_length=20)
    first = models.UUIDField()
    second = models.UUIDField(db_index=True)
    reasons = CodesField(_("reasons"), codes=reasons)
    found = models.DateTimeField(_("found"), default=timezone.now)
    different_on = models.DateField(_("said to be different on"), null=True, blank=True)
    different_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("said to be different by"),
        related_name="+",
        null=True,
        blank=True,
    )

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ["-found", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="organizations_duplicatepair_once"
            ),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")),
                name="organizations_duplicatepair_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.first} – {self.second}"

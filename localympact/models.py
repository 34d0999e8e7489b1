"""The people who work in the portal."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

MUNICIPAL_EDITOR = "Municipal editor"
PORTAL_EDITOR = "Portal editor"


class User(AbstractUser):
    """A person who signs in. A group says what they may do, `Municipality.editors` where."""

    language = models.CharField(
        _("language"),
        max_length=2,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Language of these pages for this person. Empty: that of the browser."),
    )

    @cached_property
    def edits_everything(self):
        """Whether this person edits the entries of every municipality and of none."""
        return self.is_superuser or self.groups.filter(name=PORTAL_EDITOR).exists()

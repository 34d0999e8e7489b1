"""Addresses made from names: any script, never two alike."""

import re

from anyascii import anyascii
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from localympact.afterwards import together
from localympact.texts import ENGLISH, pick

MAX_LENGTH = 100
# Words that stand beside a slug in an address, and the `none` of the filters.
RESERVED = frozenset({"none", "export", "download"})


def make_slug(name):
    """Give the slug of a name in any script; `entry` where nothing is left of it."""
    # anyascii writes the Greek ου as `oy`; passports and road signs write `ou`.
    latin = anyascii(re.sub("(?i)(ο)[υύ]", r"\1u", name))
    return slugify(latin)[:MAX_LENGTH].strip("-") or "entry"


def numbered(slug):
    """Give the slug, then `slug-2`, `slug-3`, …, without those that are reserved."""
    if slug not in RESERVED:
        yield slug
    number = 2
    while True:
        ending = f"-{number}"
        yield slug[: MAX_LENGTH - len(ending)] + ending
        number += 1


def validate_not_reserved(slug):
    """Refuse a slug that stands for something else in addresses."""
    if slug in RESERVED:
        raise ValidationError(_("“%(slug)s” is a reserved word."), params={"slug": slug})


class Slugged(models.Model):
    """Something with an address: a slug from its first name, which stays when the name changes."""

    slug = models.SlugField(
        _("address"),
        max_length=MAX_LENGTH,
        unique=True,
        editable=False,
        validators=[validate_not_reserved],
        help_text=_("The last part of the web address. It never changes."),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(slug=""), name="%(app_label)s_%(class)s_has_a_slug"
            ),
        ]

    @together()
    def save(self, *args, **kwargs):
        # What follows from it, such as the index and the counts, changes with it or not at all.
        if self.slug:
            super().save(*args, **kwargs)
            return
        # Trying is the only way that holds when two people save the same name at once.
        for slug in numbered(make_slug(self.slug_source())):
            self.slug = slug
            try:
                with transaction.atomic():
                    super().save(*args, **kwargs)
            except IntegrityError:
                if not type(self)._base_manager.filter(slug=slug).exists():
                    self.slug = ""
                    raise
            else:
                return

    def slug_source(self):
        """Give the text that a new slug is made from."""
        return pick(self, "name", reader=self.own_language or ENGLISH)

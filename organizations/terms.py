"""The words by which entries are found: types, topics, audiences, forms of cooperation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from localympact.afterwards import FollowedQuerySet
from localympact.slugs import Slugged
from localympact.texts import LANGUAGES, pick
from organizations.entries import WithSynonyms, either, has_text


class TermManager(models.Manager.from_queryset(FollowedQuerySet)):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class Term(WithSynonyms, Slugged):
    """One value of a filter, with its name and synonyms in six languages."""

    name = models.CharField(_("name"), max_length=100, blank=True, default="")
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Low numbers come first in lists.")
    )

    objects = TermManager()

    keeps_versions = True
    # The facet by which entries are counted that have it.
    facet = None
    # While entries have it, it is merged into another one instead of deleted (merging.py).
    is_term = True
    own_language = None
    name_is_translated = True

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [
            *Slugged.Meta.constraints,
            models.CheckConstraint(
                condition=either(has_text("name", language) for language in LANGUAGES),
                name="%(app_label)s_%(class)s_has_a_name",
                violation_error_message=_("Give a name in at least one language."),
            ),
        ]

    def __str__(self):
        return str(pick(self, "name"))

    def natural_key(self):
        return (self.slug,)


class OrganizationType(Term):
    """What kind of organisation it is."""

    facet = "type"

    class Meta(Term.Meta):
        verbose_name = _("type of organisation")
        verbose_name_plural = _("types of organisations")


class Topic(Term):
    """What an entry is about."""

    facet = "topic"

    class Meta(Term.Meta):
        verbose_name = _("topic")
        verbose_name_plural = _("topics")


class Audience(Term):
    """Whom an organisation or a collaboration is there for."""

    facet = "audience"

    class Meta(Term.Meta):
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")


class CooperationForm(Term):
    """The form that a collaboration takes."""

    facet = "form"

    class Meta(Term.Meta):
        verbose_name = _("form of cooperation")
        verbose_name_plural = _("forms of cooperation")

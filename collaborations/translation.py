"""Which fields stand in six languages (modeltranslation)."""

from modeltranslation.translator import register

from collaborations.models import Collaboration
from organizations.translation import EntryTranslation


@register(Collaboration)
class CollaborationTranslation(EntryTranslation):
    fields = ("participants", "period", "results")

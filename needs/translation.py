"""Which fields stand in six languages (modeltranslation)."""

from modeltranslation.translator import register

from needs.models import Cause, Conclusion, Need
from organizations.translation import EntryTranslation


@register([Need, Conclusion])
class NeedsTranslation(EntryTranslation):
    pass


@register(Cause)
class CauseTranslation(EntryTranslation):
    fields = ("synonyms",)

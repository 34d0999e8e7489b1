"""Which fields stand in six languages (modeltranslation)."""

from modeltranslation.translator import TranslationOptions, register

from organizations.models import (
    Audience,
    CooperationForm,
    Municipality,
    Organization,
    OrganizationType,
    Topic,
)


class EntryTranslation(TranslationOptions):
    fields = ("name", "summary")


@register([OrganizationType, Topic, Audience, CooperationForm])
class TermTranslation(TranslationOptions):
    fields = ("name", "synonyms")


@register(Municipality)
class MunicipalityTranslation(EntryTranslation):
    fields = ("notes", "synonyms")


@register(Organization)
class OrganizationTranslation(EntryTranslation):
    fields = ("reach_note", "seeks", "logo_text")

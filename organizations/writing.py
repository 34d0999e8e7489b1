"""How editors write: a tab a language."""

from django.db import models

from localympact.cldr import language_name
from localympact.texts import LANGUAGES, translated_fields
from organizations.tools import WithTools


class TranslatedAdmin(WithTools):
    """Fields in six languages, as tabs: one fieldset a language, which a small script folds.

    `general` holds the fieldsets of all other fields. Without JavaScript everything stands on
    one page.
    """

    general = ()
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    class Media:
        css = {"all": ["organizations/language-tabs.css"]}
        js = ["organizations/language-tabs.js"]

    def get_fieldsets(self, request, obj=None):
        own = obj and obj.own_language
        languages = sorted(LANGUAGES, key=lambda language: language != own)
        return [
            *(self.language_tab(language) for language in languages),
            *self.general,
        ]

    def language_tab(self, language):
        """Give the fieldset of one language."""
        fields = [f"{field}_{language}" for field in translated_fields(self.model)]
        title = language_name(language)
        return title[0].upper() + title[1:], {"fields": fields, "classes": ["language-tab"]}

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (language := getattr(db_field, "language", None)):
            field.widget.attrs["lang"] = language
            # The tab says the language already.
            field.label = db_field.translated_field.verbose_name
        return field

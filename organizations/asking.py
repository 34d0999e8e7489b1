"""How the editors' forms ask: boxes to tick, and who may confirm an entry in whose name."""

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.text import capfirst

from localympact.codes import CodesField
from organizations.entries import NOT_FOR_THE_PORTAL, VerifiedBy
from organizations.terms import Term
from organizations.writing import TranslatedForm


class Boxes(forms.CheckboxSelectMultiple):
    """Boxes to tick in columns; no key needs to be held down. `label` names them as a group."""

    def __init__(self, label):
        super().__init__()
        self.label = label

    def render(self, name, value, attrs=None, renderer=None):
        boxes = super().render(name, value, attrs, renderer)
        group = '<div class="boxes" role="group" aria-label="{}">{}</div>'
        return format_html(group, capfirst(self.label), boxes)


class AskingAdmin(admin.ModelAdmin):
    """An admin whose forms ask for terms and codes by boxes."""

    class Media:
        css = {"all": ["organizations/asking.css"]}

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, CodesField):
            kwargs["widget"] = Boxes(db_field.verbose_name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if issubclass(db_field.related_model, Term):
            kwargs["widget"] = Boxes(db_field.verbose_name)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class VerificationForm(TranslatedForm):
    """A form in which only portal editors confirm in the portal's name."""

    verifies_for_portal = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields.get("verified_by")
        # What the portal confirmed stays so until somebody else confirms it.
        if field and not self.verifies_for_portal and not self.was_verified_by_portal:
            field.choices = [pair for pair in field.choices if pair[0] != VerifiedBy.PORTAL]

    @property
    def was_verified_by_portal(self):
        """Whether the entry, as it is stored, was confirmed by the portal."""
        return self.initial.get("verified_by") == VerifiedBy.PORTAL

    def clean(self):
        cleaned = super().clean()
        by_portal = self.cleaned_data.get("verified_by") == VerifiedBy.PORTAL
        if by_portal and not self.verifies_for_portal and "verified_on" in self.changed_data:
            self.add_error("verified_by", NOT_FOR_THE_PORTAL)
        return cleaned

"""A short list of codes (countries, languages) in one column: `|LV|SE|`.

Unlike a JSON or array column it can be searched and constrained on both engines.
"""

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

MARK = "|"


def enclosed(code):
    """Give a code as it stands in the column, for `__contains`."""
    return f"{MARK}{code}{MARK}"


class CodesField(models.CharField):
    """A sorted list of codes, each once; `codes` is a callable that gives (code, name) pairs."""

    def __init__(self, *args, codes, **kwargs):
        self.codes = codes
        super().__init__(*args, **{"max_length": 200, "blank": True, "default": list, **kwargs})

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "codes": self.codes}

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def to_python(self, value):
        if isinstance(value, str):
            value = value.split(MARK)
        return sorted({code for code in value or [] if code})

    def get_prep_value(self, value):
        if isinstance(value, str) or value is None:
            return value or ""
        return MARK + MARK.join(self.to_python(value)) + MARK if value else ""

    def value_to_string(self, obj):
        return self.get_prep_value(self.value_from_object(obj))

    def validate(self, value, model_instance):
        unknown = set(value) - {code for code, _name in self.codes()}
        if unknown:
            raise ValidationError(
                _("%(codes)s: no such code."), params={"codes": ", ".join(sorted(unknown))}
            )

    def run_validators(self, value):
        super().run_validators(self.get_prep_value(value))

    def formfield(self, **kwargs):
        return forms.MultipleChoiceField(
            choices=self.codes,
            widget=kwargs.get("widget", forms.CheckboxSelectMultiple),
            required=not self.blank,
            label=kwargs.get("label", capfirst(self.verbose_name)),
            help_text=kwargs.get("help_text", self.help_text),
        )

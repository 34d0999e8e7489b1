"""Filters as the address speaks them: slugs, repeated for *or*, `none` for *not stated*."""

import re
from typing import NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceIterator, ModelMultipleChoiceField

from localympact.texts import ENGLISH

NOT_STATED = "none"
MAX_QUERY = 200
# Control characters, which no page may hold; broken UTF-8 has become the same replacement.
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
REPLACEMENT = "\ufffd"


def validate_readable(text):
    """Refuse a text with a character that is none."""
    if REPLACEMENT in text:
        raise ValidationError(_("There is a character here that cannot be searched for."))


class StatedFirst(ModelChoiceIterator):
    """The choices of a field, with *not stated* at their end."""

    def __iter__(self):
        choices = list(super().__iter__())
        if self.field.null_label is not None:
            choices.append(choices.pop(0))
        return iter(choices)


class SlugField(ModelMultipleChoiceField):
    """Several things by their slugs."""

    iterator = StatedFirst


class SlugFilter(django_filters.ModelMultipleChoiceFilter):
    """Choose by slug; several mean *or*; `none` keeps entries that state nothing.

    Works on foreign keys and many-to-many fields without joining rows twice.
    """

    field_class = SlugField

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("to_field_name", "slug")
        kwargs.setdefault("null_value", NOT_STATED)
        kwargs.setdefault("null_label", _("Not stated"))
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(*args, distinct=False, **kwargs)

    def filter(self, queryset, value):
        if not value:
            return queryset
        stated = [chosen for chosen in value if chosen != self.null_value]
        return queryset.filter(self.condition(queryset.model, stated, len(stated) < len(value)))

    def condition(self, model, stated, or_none):
        """Give the condition for entries that have one of `stated`, or none at all."""
        field = model._meta.get_field(self.field_name)
        if field.many_to_many:
            through = field.remote_field.through.objects.filter(
                **{field.m2m_field_name(): OuterRef("pk")}
            )
            chosen = Exists(through.filter(**{f"{field.m2m_reverse_field_name()}__in": stated}))
            missing = ~Exists(through)
        else:
            chosen = Q(**{f"{self.field_name}__in": stated})
            missing = Q(**{f"{self.field_name}__isnull": True})
        return chosen | missing if or_none else chosen


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """Choose among fixed values of one column; several mean *or*."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(*args, distinct=False, **kwargs)

    def filter(self, queryset, value):
        return queryset.filter(**{f"{self.field_name}__in": value}) if value else queryset


class Chosen(NamedTuple):
    """One choice that is at work: its filter, what it says, and the address without it."""

    label: str
    value: str
    query: str


class Alternative(NamedTuple):
    """What a list without one filter, or with it alone, would show."""

    label: str
    value: str
    query: str
    count: int
    alone: bool


class PublicFilter(django_filters.FilterSet):
    """A filter set for everybody: forgiving about nothing, silent about nothing.

    An empty value asks nothing. An unknown one gives no results and a message at its field.
    """

    def __init__(self, data=None, *args, **kwargs):
        if data is not None:
            data = data.copy()
            for name in list(data):
                values = [UNREADABLE.sub(REPLACEMENT, value) for value in data.getlist(name)]
                data.setlist(name, [value for value in values if value.strip()])
                if not data.getlist(name):
                    del data[name]
        super().__init__(data, *args, **kwargs)

    @property
    def reader(self):
        """The language of the reader."""
        return get_language() or ENGLISH

    @property
    def qs(self):
        # django-filter by itself skips a filter whose value is wrong, and shows everything.
        if self.is_bound and not self.is_valid():
            return self.queryset.none()
        sort = self.form.cleaned_data.get("sort") if self.is_bound else ""
        return self.sorted(super().qs, sort)

    def sorted(self, queryset, sort):
        """Order a queryset as the parameter `sort` says; a list has its own orders."""
        return queryset

    def messages(self):
        """Give the messages about wrong values, one a line: `topic: …`."""
        return [
            f"{name}: {message}"
            for name, messages in self.form.errors.items()
            for message in messages
        ]

    @property
    def asked(self):
        """The known parameters that ask something, as a QueryDict that can be changed."""
        asked = self.data.copy() if self.is_bound else QueryDict(mutable=True)
        for name in list(asked):
            if name not in self.filters:
                del asked[name]
        return asked

    @property
    def query(self):
        """The query string of the filters at work, in the order of the filters."""
        asked = self.asked
        pairs = [(name, value) for name in self.filters for value in asked.getlist(name)]
        return urlencode(pairs)

    def chosen(self):
        """Give the filters at work, each with the query string that leaves it out."""
        asked = self.asked
        for name in self.filters:
            if name == "sort":
                continue
            for value in asked.getlist(name):
                rest = asked.copy()
                rest.setlist(name, [other for other in asked.getlist(name) if other != value])
                field = self.form.fields[name]
                yield Chosen(field.label, self.value_label(field, value), rest.urlencode())

    def alternatives(self):
        """Give, where nothing matches, what fewer filters would bring: the most results first.

        What is found without one of them, or if that is nothing, with only one of them. At most
        two counts for each filter at work.
        """
        asked = self.asked
        names = [name for name in self.filters if name in asked and name != "sort"]
        if len(names) < 2:
            return []
        for alone in (False, True):
            found = [
                self._alternative(asked, name, [name] if alone else set(names) - {name}, alone)
                for name in names
            ]
            if found := [alternative for alternative in found if alternative.count]:
                return sorted(found, key=lambda alternative: -alternative.count)
        return []

    def _alternative(self, asked, name, kept, alone):
        rest = asked.copy()
        for other in list(rest):
            if other not in kept and other != "sort":
                del rest[other]
        others = type(self)(rest, queryset=self.queryset, request=self.request)
        field = self.form.fields[name]
        value = ", ".join(self.value_label(field, value) for value in asked.getlist(name))
        return Alternative(field.label, value, others.query, others.qs.count(), alone)

    def value_label(self, field, value):
        """Give what a chosen value is called."""
        for key, label in getattr(field, "choices", ()):
            if str(key).casefold() == value.casefold():
                return str(label)
        return value

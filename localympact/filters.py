"""Filters as the address speaks them: slugs, repeated for *or*, `none` for *not stated*."""

import re
from functools import cached_property
from typing import NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, Q
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceIterator, ModelMultipleChoiceField
from pyroaring import BitMap

from localympact.facets import facets_of
from localympact.results import Results
from localympact.texts import ENGLISH, seen, translated_fields

NOT_STATED = "none"
MAX_QUERY = 200
# A facet with more values is shown in two parts, the first with so many.
LONG, SHOWN = 12, 10
# What is no choice among entries: how they are shown.
APPEARANCE = ("sort", "view")
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


class Counted:
    """A filter that is a facet: its values are counted, under the same name (facets.py)."""

    def keys(self, value):
        """Give the values of the facet that a cleaned value of the filter keeps."""
        return value


class SlugFilter(Counted, django_filters.ModelMultipleChoiceFilter):
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

    def keys(self, value):
        return [None if chosen == self.null_value else chosen.pk for chosen in value]

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


class ChoicesFilter(Counted, django_filters.MultipleChoiceFilter):
    """Choose among fixed values of one column; several mean *or*."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(*args, distinct=False, **kwargs)

    def keys(self, value):
        return [None if chosen == NOT_STATED else chosen for chosen in value]

    def filter(self, queryset, value):
        return queryset.filter(**{f"{self.field_name}__in": value}) if value else queryset


def name_of(model):
    """Give the expression of the name of terms or places, as a reader sees it."""
    if "name" not in translated_fields(model):
        return F("name")
    return seen("name", getattr(model, "own_language_lookup", None))


class Option(NamedTuple):
    """One value of a facet: how many results it has, and whether it is chosen."""

    value: str
    label: str
    count: int
    checked: bool
    id: str


class Facet(NamedTuple):
    """A facet as a page shows it: what has results first, what has none last."""

    name: str
    label: str
    options: list
    errors: list

    @property
    def chosen(self):
        """How many of its values are chosen."""
        return sum(option.checked for option in self.options)

    @property
    def is_long(self):
        """Whether it is shown in two parts."""
        return len(self.options) > LONG

    @property
    def first(self):
        """The part that is shown at once."""
        return self.options[:SHOWN] if self.is_long else self.options

    @property
    def rest(self):
        """The other part."""
        return self.options[SHOWN:] if self.is_long else []

    @property
    def rest_chosen(self):
        """Whether a value of the other part is chosen, so that it is shown, too."""
        return any(option.checked for option in self.rest)


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

    @cached_property
    def chosen_values(self):
        """What is asked, as the form understood it: {name: value}; nothing of what is wrong."""
        if not self.is_bound:
            return {}
        self.form.errors  # noqa: B018 - cleans
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def qs(self):
        # django-filter by itself skips a filter whose value is wrong, and shows everything.
        if self.is_bound and not self.is_valid():
            return self.queryset.none()
        return self.sorted(super().qs, self.sorting)

    # Order

    @property
    def sorting(self):
        """The order that is asked for, or that of this list where none is."""
        return self.chosen_values.get("sort") or self.default_sort

    @property
    def default_sort(self):
        """The order where none is asked for."""
        return "name"

    def sorted(self, queryset, sort):
        """Order a queryset as `sort` says."""
        return queryset

    def order(self, results):
        """Give the groups of the results in the order of `sort`: see Results."""
        return [results.ids]

    # What is found

    @cached_property
    def facets_now(self):
        """The bitmaps of this moment: everything on a page is counted in the same ones."""
        return facets_of(self.queryset.model).now()

    @cached_property
    def found(self):
        """The Results of what is asked."""
        return Results(self.queryset, self.reader, self.facets_now, self.restrictions(), self.order)

    def restrictions(self):
        """Give {name: BitMap} of what each filter at work keeps; what is wrong keeps nothing."""
        kept = {name: BitMap() for name in self.form.errors if name in self.filters}
        for name, value in self.chosen_values.items():
            if isinstance(self.filters[name], Counted):
                kept[name] = self.facets_now.having_any(name, self.filters[name].keys(value))
        return kept

    @cached_property
    def facets(self):
        """The facets as the page shows them, in the order of the filters."""
        return [self.facet(name) for name, one in self.filters.items() if isinstance(one, Counted)]

    def facet(self, name):
        """Give one Facet with its counts."""
        field, counts = self.form.fields[name], self.found.counts(name)
        asked = {value.casefold() for value in self.asked.getlist(name)}
        options = []
        for key, value, label in self.values_of(name):
            options.append(
                Option(
                    value=value,
                    label=label,
                    count=counts.get(key, 0),
                    checked=value.casefold() in asked,
                    id=f"id_{name}_{value}",
                )
            )
        # In their own order, whatever is chosen: nothing moves under the pointer.
        options.sort(key=lambda option: not option.count)
        return Facet(name, field.label, options, self.form.errors.get(name, []))

    def values_of(self, name):
        """Give (key of the facet, value in the address, label) of all values of a filter."""
        if name not in self._known_values:
            field = self.form.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                # Rows, not objects: there may be a thousand towns, and only their names are shown.
                things = field.queryset
                named = things.values_list("pk", field.to_field_name, name_of(things.model))
                values = list(named)
                null = getattr(field, "null_label", None)
                if null is not None:
                    values.append((None, NOT_STATED, str(null)))
            else:
                values = [
                    (None if value == NOT_STATED else value, value, str(label))
                    for value, label in getattr(field, "choices", ())
                    if value != ""
                ]
            self._known_values[name] = values
        return self._known_values[name]

    @cached_property
    def _known_values(self):
        return {}

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
        return self.query_with()

    def query_with(self, **changes):
        """Give the query string with other values: {name: value, list of values or None}."""
        asked = self.asked
        for name, value in changes.items():
            asked.setlist(name, value if isinstance(value, list) else [value] if value else [])
        return urlencode(
            [
                (name, value)
                for name in self.filters
                for value in dict.fromkeys(asked.getlist(name))
                if value != self.defaults.get(name)
            ]
        )

    @property
    def defaults(self):
        """What an address leaves out: {name: value}."""
        return {"view": "cards", "sort": self.default_sort}

    def chosen(self):
        """Give the filters at work, each with the query string that leaves it out."""
        asked = self.asked
        for name in self.filters:
            if name in APPEARANCE:
                continue
            values = asked.getlist(name)
            for value in dict.fromkeys(values):
                if not self.at_work(name, value):
                    continue
                rest = [other for other in values if other != value]
                label = self.form.fields[name].label
                yield Chosen(label, self.value_label(name, value), self.query_with(**{name: rest}))

    def at_work(self, name, value):
        """Say whether a value that was asked for changes anything."""
        return value != self.defaults.get(name)

    def alternatives(self):
        """Give, where nothing matches, what fewer filters would bring: the most results first.

        What is found without one of them, or if that is nothing, with only one of them.
        """
        names = [name for name in self.filters if name in self.found.restrictions]
        if len(names) < 2:
            return []
        for alone in (False, True):
            found = [self._alternative(name, names, alone) for name in names]
            if found := [alternative for alternative in found if alternative.count]:
                return sorted(found, key=lambda alternative: -alternative.count)
        return []

    def _alternative(self, name, names, alone):
        left_out = [other for other in names if other != name] if alone else [name]
        value = ", ".join(self.value_label(name, value) for value in self.asked.getlist(name))
        return Alternative(
            self.form.fields[name].label,
            value,
            self.query_with(**dict.fromkeys(left_out)),
            len(self.found.without(*left_out)),
            alone,
        )

    def value_label(self, name, value):
        """Give what a chosen value is called."""
        for _key, known, label in self.values_of(name):
            if known.casefold() == value.casefold():
                return label
        return value

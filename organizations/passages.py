"""Why a search found an entry: its words marked in the texts, and the terms that led to it."""

from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from localympact.cldr import country_name
from localympact.texts import LANGUAGES, Text, pick

# What facets whose terms lead to entries are called.
FACETS = {
    "topic": _("Topic"),
    "type": _("Type"),
    "audience": _("Audience"),
    "form": _("Form of cooperation"),
    "cause": _("Cause"),
    "town": _("Town"),
    "municipality": _("Municipality"),
    "country": _("Country"),
}
# Of a passage: letters before the first word that was found, and in all.
BEFORE, LENGTH = 80, 240


class Hit(NamedTuple):
    """What a result shows of why it was found.

    `passage` is a Text with its marks as HTML, or None; `terms` are (facet, name) pairs.
    """

    passage: Text | None
    terms: list


def marked(search, text):
    """Give a text as HTML with the words of a search in `<mark>`."""
    parts, at = [], 0
    for start, end, _units in search.matches(text):
        parts += [escape(text[at:start]), f"<mark>{escape(text[start:end])}</mark>"]
        at = end
    return mark_safe("".join([*parts, escape(text[at:])]))  # noqa: S308 - escaped part by part


def hit(search, entry, shown):
    """Give the Hit of an entry; `shown` are the texts that its card shows anyway."""
    missing = set(range(len(search.units)))
    for text in shown:
        for _start, _end, units in search.matches(text):
            missing -= units
    passage = None
    if missing and (found := best_text(search, entry, missing)):
        text, (start, _end, _units) = found
        for _start, _end, units in search.matches(text):
            missing -= units
        passage = MarkedText(marked(search, cut(text, start)), text.lang)
    terms = []
    for facet, key, name in carried(entry):
        units = {at for at, unit in enumerate(search.units) if (facet, key) in unit.terms}
        if units & missing:
            terms.append((FACETS[facet], name))
    return Hit(passage, terms)


class MarkedText(Text):
    """A Text that is HTML already."""

    def __html__(self):
        return str(self)


def best_text(search, entry, missing):
    """Give the (Text, first match) that has most of the words that are missing, or None.

    The reader's language first, then the order of the languages.
    """
    languages = sorted(LANGUAGES, key=lambda language: language != search.reader)
    best, most = None, 0
    for field in ("name", *entry.searched):
        for language in languages:
            text = getattr(entry, f"{field}_{language}")
            if not text or not search.may_stand_in(text):
                continue
            matches = [match for match in search.matches(text) if match[2] & missing]
            units = set().union(*(match[2] & missing for match in matches))
            if len(units) > most:
                best, most = (Text(text, language), matches[0]), len(units)
    for field in entry.searched_as_written:
        text = getattr(entry, field)
        if text and not most and search.may_stand_in(text):
            matches = [match for match in search.matches(text) if match[2] & missing]
            if matches:
                return Text(text), matches[0]
    return best


def cut(text, start):
    """Give the part of a text around a place, from word to word, with … where it was cut."""
    if len(text) <= LENGTH:
        return text
    begin = text.find(" ", max(start - BEFORE, 0)) + 1 if start > BEFORE else 0
    end = len(text) if begin + LENGTH >= len(text) else text.rfind(" ", begin, begin + LENGTH)
    if end <= start:
        end = begin + LENGTH
    return f"{'… ' if begin else ''}{text[begin:end]}{' …' if end < len(text) else ''}"


def carried(entry):
    """Give the terms and places that an entry carries, as (facet, key, name)."""
    found = []
    for name in ("topics", "audiences"):
        if hasattr(entry, name):
            found += getattr(entry, name).all()
    for name in ("type", "form", "cause", "town", "municipality"):
        if thing := getattr(entry, name, None):
            found.append(thing)
    named = [
        (thing.facet, thing.pk, thing.name if thing.facet == "town" else pick(thing, "name"))
        for thing in found
    ]
    codes = {entry.municipality.country} if entry.municipality else set()
    codes |= set(getattr(entry, "countries", ()))
    return [*named, *(("country", code, country_name(code)) for code in sorted(codes))]

"""The fallback rule: which of its six languages a text is shown in.

A text: the reader's language, English, the language of its municipality, any other.
A name: the reader's language, the language of its municipality, English, any other.

`pick` says it in Python for pages, `seen` in SQL for order and files; a test holds the two
together. Nothing reads the bare field (`entry.name`): modeltranslation gives it in the active
language only.
"""

from django.conf import settings
from django.db.models import Case, CharField, F, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_language
from modeltranslation.translator import NotRegistered, translator

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
ENGLISH = "en"


class Text(str):
    """A text that knows its language (`lang`); an empty one has none."""

    lang: str | None = None

    def __new__(cls, text="", lang=None):
        new = super().__new__(cls, text)
        new.lang = lang
        return new


def columns(*fields):
    """Give the translated columns of `fields`: `name` → `name_lv`, `name_en`, …"""
    return [f"{field}_{language}" for field in fields for language in LANGUAGES]


def translated_fields(model):
    """Give the names of the fields that a model has in six languages, as it declares them."""
    try:
        translated = translator.get_options_for_model(model).all_fields
    except NotRegistered:
        return []
    return [field.name for field in model._meta.fields if field.name in translated]


def reading_order(own=None, *, name=False, reader=None):
    """Give the six languages in the order in which a reader is offered them.

    `own` is the language of the entry's municipality, if it has one; `reader` is the active
    language unless given.
    """
    reader = reader or get_language() or ENGLISH
    first = [reader, own, ENGLISH] if name else [reader, ENGLISH, own]
    return list(dict.fromkeys(code for code in [*first, *LANGUAGES] if code in LANGUAGES))


def pick(obj, field, *, reader=None):
    """Give the Text of `field` that a reader is shown.

    `obj` is a model instance with `own_language` (a language code or None).
    """
    for language in reading_order(obj.own_language, name=field == "name", reader=reader):
        if text := getattr(obj, f"{field}_{language}"):
            return Text(text, language)
    return Text()


def written_in(obj):
    """Give the languages of the text of an entry; of its name where it has no text at all."""
    for field in ("summary", "name"):
        found = [code for code in LANGUAGES if getattr(obj, f"{field}_{code}")]
        if found:
            return found
    return []


def seen(field, own=None, *, reader=None, prefix=""):
    """Give the SQL expression of the text that `pick` gives.

    `own` is the lookup of the municipality's language (`municipality__language`), `prefix` the
    path to the model that has the field (`municipality__`).
    """

    def filled(language):
        return NullIf(F(f"{prefix}{field}_{language}"), Value(""))

    return _first(filled, field, own, reader)


def seen_language(field, own=None, *, reader=None):
    """Give the SQL expression of the language of the text that `pick` gives; empty if none."""

    def there(language):
        return Case(When(**{f"{field}_{language}__gt": ""}, then=Value(language)))

    return _first(there, field, own, reader)


def _first(offer, field, own, reader):
    """Give the SQL expression of the first `offer(language)` that is not NULL, in reading order."""
    reader = reader or get_language() or ENGLISH
    offers = [offer(reader), offer(ENGLISH)]
    if own:
        of_the_place = Case(
            *[When(**{own: language}, then=offer(language)) for language in LANGUAGES],
            output_field=CharField(),
        )
        offers.insert(1 if field == "name" else 2, of_the_place)
    offers += [offer(language) for language in LANGUAGES]
    return Coalesce(*offers, Value(""), output_field=CharField())

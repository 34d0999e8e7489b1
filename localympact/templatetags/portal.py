"""What the pages of the portal say in templates."""

import re
from datetime import datetime
from urllib.parse import urlsplit

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from django import template
from django.conf import settings
from django.utils import timezone, translation
from django.utils.html import format_html, linebreaks
from django.utils.safestring import mark_safe

from localympact import cldr, structured
from localympact.alternates import alternates as alternates_of
from localympact.texts import LANGUAGES, pick

register = template.Library()


def note_language(request, obj, field, shown):
    """Say whether a text is in the reader's language; note on the request what the page must say.

    Of a text in another language, or from a machine, the page says once that it is there.
    """
    if not shown:
        return True
    if shown.lang == translation.get_language():
        if getattr(obj, "by_machine", False):
            request.shows_machine_translations = True
        return True
    if field != "name":
        request.shows_other_languages = True
    return False


@register.simple_tag(takes_context=True)
def text(context, obj, field):
    """Show a translated field in the language that the fallback rule gives, marked with `lang`."""
    shown = pick(obj, field)
    if note_language(context["request"], obj, field, shown):
        return shown
    return format_html('<span lang="{}">{}</span>', shown.lang, shown)


@register.simple_tag(takes_context=True)
def paragraphs(context, obj, field):
    """Show a translated field as paragraphs and lines, marked with `lang` as `text` does."""
    shown = pick(obj, field)
    body = mark_safe(linebreaks(shown, autoescape=True))  # noqa: S308 - escaped by linebreaks
    if note_language(context["request"], obj, field, shown):
        return body
    return format_html('<div lang="{}">{}</div>', shown.lang, body)


@register.filter
def plain(obj, field):
    """Give a translated field as bare text, for titles and attributes."""
    return str(pick(obj, field))


@register.filter
def country(code):
    """Give the name of a country in the reader's language."""
    return cldr.country_name(code)


@register.filter
def language(code):
    """Give the name of a language in the reader's language."""
    return cldr.language_name(code)


@register.filter
def listed(words):
    """Write several words as a list of the reader's language does: with commas and an *and*."""
    return format_list([str(word) for word in words], locale=cldr.locale())


@register.filter
def day(value):
    """Write a day, or the day of a moment, in words as the reader's language does."""
    return format_date(day_of(value), "long", locale=cldr.locale()) if value else ""


@register.filter
def numeric_day(value):
    """Write a day, or the day of a moment, in figures as the reader's language does."""
    if not value:
        return ""
    # The brief form leaves out the century in some languages.
    pattern = cldr.locale().date_formats["short"].pattern.replace("yy", "y")
    return format_date(day_of(value), pattern, locale=cldr.locale())


def day_of(value):
    """Give the day of a moment where the portal is, or the day itself."""
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


@register.filter
def number(value):
    """Write a number as the reader's language does."""
    # All six languages write small ones alike, and lists of filters hold hundreds of them.
    small = isinstance(value, int) and 0 <= value < 1000
    return str(value) if small else format_decimal(value, locale=cldr.locale())


@register.filter
def percent(value):
    """Write a number of hundredths as the reader's language does; a dash where there is none."""
    return "–" if value is None else format_percent(value / 100, locale=cldr.locale())


@register.filter
def host(address):
    """Give the host of a web address, as the text of a link to it."""
    try:
        return urlsplit(address).netloc.removeprefix("www.") or address
    except ValueError:
        return address


@register.filter
def web(address):
    """Give a web address for a link; an empty text where it is another kind, such as code.

    Forms and imports refuse those. This holds for what came by another way.
    """
    return address if address.lower().startswith(("http://", "https://")) else ""


@register.filter
def address_in(note):
    """Give the web address with which a note begins; an empty text where it begins otherwise."""
    found = re.match(r"https?://\S+", note)
    return found[0] if found else ""


@register.filter
def dial(phone):
    """Give the digits of a telephone number, for a `tel:` address."""
    return re.sub(r"[^+0-9]", "", phone)


@register.simple_tag(takes_context=True)
def translations(context):
    """Give (code, name, address) of this page in each of the six languages, query kept."""
    address = context["request"].get_full_path()
    _nothing, first, *rest = address.split("/", 2)
    if first not in LANGUAGES or not rest:
        return [(code, name, address) for code, name in settings.LANGUAGES]
    return [(code, name, f"/{code}/{rest[0]}") for code, name in settings.LANGUAGES]


@register.simple_tag(takes_context=True)
def alternates(context):
    """Give (hreflang, address) of the versions of this page that search engines may know.

    A page with a text of its own gives in `written_in` the languages that it is written in.
    """
    request = context["request"]
    if "written_in" not in context:
        return alternates_of(request.get_full_path())
    known = translation.get_language() in context["written_in"]
    return alternates_of(request.path, context["written_in"]) if known else []


@register.filter
def data_block(nodes):
    """Write structured data into the page."""
    return structured.script(nodes)


@register.simple_tag(takes_context=True)
def absolute(context, address):
    """Give an address of this site with scheme and host."""
    return context["request"].build_absolute_uri(address)


@register.filter
def wordlist(words):
    """Give the words of a text as a list."""
    return words.split()

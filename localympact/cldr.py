"""Names of countries and languages, as the Unicode Common Locale Data Repository gives them."""

from functools import cache

from babel import Locale
from babel.core import get_global
from django.utils.translation import get_language

from localympact.alphabets import alphabet_key
from localympact.texts import ENGLISH

# Regions of the repository that are no country of ISO 3166-1.
NOT_ISO_3166 = frozenset(
    ["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]
)


# Without a country its English is American, its Portuguese Brazilian.
COUNTRIES = {"en": "en_GB", "pt": "pt_PT"}


@cache
def _parsed(language):
    return Locale.parse(COUNTRIES.get(language, language))


def locale(language=None):
    """Give Babel's locale of a language of the portal, the active one if none is given."""
    return _parsed(language or get_language() or ENGLISH)


def country_name(code, language=None):
    """Give the name of an ISO 3166-1 alpha-2 country in `language` or the active one."""
    return locale(language).territories.get(code, code)


# Countries that are no more; their successors have codes of their own (ISO 3166-3).
GONE = frozenset(
    ["ANT", "BUR", "DDR", "FXX", "NTZ", "SCG", "SUN", "TMP", "YMD", "YUG", "ZAR"],
)


@cache
def _three_letters():
    aliases = get_global("territory_aliases").items()
    return {
        codes[0]: alias
        for alias, codes in aliases
        if len(alias) == 3 and alias.isalpha() and alias not in GONE
    }


def three_letters(code):
    """Give the ISO 3166-1 alpha-3 code of an alpha-2 one."""
    return _three_letters()[code]


def language_name(code, language=None):
    """Give the name of an ISO 639 language in `language` or the active one."""
    return locale(language).languages.get(code, code)


@cache
def country_codes():
    """Give all codes of ISO 3166-1 alpha-2."""
    codes = locale(ENGLISH).territories
    return frozenset(
        code for code in codes if len(code) == 2 and code.isalpha() and code not in NOT_ISO_3166
    )


def country_choices(codes=None):
    """Give (code, name) pairs in the active language and its alphabetical order."""
    language = get_language() or ENGLISH
    named = [(code, country_name(code, language)) for code in (codes or country_codes())]
    return sorted(named, key=lambda pair: alphabet_key(language, pair[1]))


# Languages that organisations in the pilot areas may work in, besides the portal's six: those
# of neighbours, minorities and recent arrivals.
WORKING_LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "hu", "it", "ku"),
    *("lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "so", "sv", "ti", "tr", "uk"),
)


def language_choices():
    """Give (code, name) pairs of working languages in the active language's order."""
    language = get_language() or ENGLISH
    named = [(code, language_name(code, language)) for code in WORKING_LANGUAGES]
    return sorted(named, key=lambda pair: alphabet_key(language, pair[1]))

"""The order of names in each of the six alphabets.

PostgreSQL has ICU collations (`lv-x-icu`, …). SQLite gets collations of the same names here, so
that one `order_by` serves both. They are for queries only: an index that used one could not be
read without this code.
"""

import unicodedata
from functools import lru_cache

from django.db.models import F
from django.db.models.functions import Collate

from localympact.texts import LANGUAGES, seen

# Letters with a place of their own, each after the letter it follows; all others sort by
# their base letter, and accents decide only between equals.
OWN_LETTERS = {
    "lv": {"č": "c", "ģ": "g", "ķ": "k", "ļ": "l", "ņ": "n", "š": "s", "ž": "z"},
    "en": {},
    "pt": {},
    "sv": {"å": "z", "ä": "zz", "ö": "zzz", "æ": "zz", "ø": "zzz"},
    "lt": {"č": "c", "š": "s", "ž": "z"},
    "el": {},
}
# Letters that share a place with another one.
SHARED_PLACES = {"lv": {"y": "i"}, "lt": {"y": "i"}}
# Accents from light to heavy: acute, grave, breve, circumflex, caron, ring, diaeresis, double
# acute, tilde, dot above, ogonek, macron. Lithuanian writes ę before ė.
MARKS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0328\u0304"
MARKS_OF = {"lt": "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0328\u0307\u0304"}
HEAVIEST = len(MARKS)
PUNCTUATION = " _-–—,;:!?.'‘’\"“”„«»()[]{}@*/\\&#%`^+<=>|~$"


def collation(language):
    """Give the name of the collation of a language, on either engine."""
    return f"{language}-x-icu"


@lru_cache(maxsize=200_000)
def alphabet_key(language, text):
    """Give the key that sorts `text` as the alphabet of `language` does.

    Like ICU's default: letters first, then accents, then case (small before capital); spaces
    and punctuation before digits, digits before letters, Latin before Greek (Greek first for
    a Greek reader).
    """
    own, shared = OWN_LETTERS[language], SHARED_PLACES.get(language, {})
    marks = MARKS_OF.get(language, MARKS)
    letters, accents = [], []
    for sign in unicodedata.normalize("NFC", text):
        small = sign.lower()
        if small in own:
            letters.append((2, own[small][0], len(own[small])))
            accents.append(())
            continue
        decomposed = unicodedata.normalize("NFKD", small)
        for part in decomposed:
            if unicodedata.combining(part):
                if accents:
                    accents[-1] += (marks.find(part),)
                continue
            place = shared.get(part, "σ" if part == "ς" else part)
            letters.append((*_place(language, place), 0))
            accents.append(() if place == part or part == "ς" else (HEAVIEST,))
    return letters, accents, [sign.isupper() for sign in text], text


def _place(language, sign):
    """Give the group of a sign (punctuation, digit, letter) and its place in that group."""
    if not sign.isalnum():
        place = PUNCTUATION.find(sign)
        return (0, chr(place) if place >= 0 else sign)
    if sign.isdigit():
        return (1, sign)
    greek = "α" <= sign <= "ω"
    return (1.5 if greek and language == "el" else 2, sign)


# Bytes of a sort key that are kept: some hundred letters. Names alike so far sort by age.
KEY_LENGTH = 240
GROUPS = {0: "\x03", 1: "\x04", 1.5: "\x05", 2: "\x06"}
# Greater than every sign of a name: what has a place of its own comes after its base letter.
AFTER_ALL = "\U0010ffff"


def sort_key(language, text):
    """Give the bytes that sort as `alphabet_key` does, for a column with an index.

    Both engines compare bytes alike, so an index of them serves either.
    """
    parts = [part_of_key(language, sign) for sign in unicodedata.normalize("NFC", text)]
    if None in parts:
        letters, accents = parts_of_key(*alphabet_key(language, text)[:2])
    else:
        letters, accents = ("".join(part[at] for part in parts) for at in (0, 1))
    capitals = "".join("\x03" if sign.isupper() else "\x02" for sign in text)
    # What is plain to the end of the name needs no byte: the letters are the same in number.
    key = "\x01".join([letters, accents.rstrip("\x02"), capitals.rstrip("\x02")])
    return key.encode()[:KEY_LENGTH]


@lru_cache(maxsize=10_000)
def part_of_key(language, sign):
    """Give what one sign adds to the letters and the accents of a key; None for a lone mark.

    Names are many and signs are few.
    """
    if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0]):
        return None
    return parts_of_key(*alphabet_key(language, sign)[:2])


def parts_of_key(letters, accents):
    """Give the letters and the accents of `alphabet_key` as texts."""
    return (
        "".join(GROUPS[group] + sign + AFTER_ALL * after for group, sign, after in letters),
        "".join("".join(chr(mark + 4) for mark in marks) + "\x02" for marks in accents),
    )


def compare(language, first, second):
    """Give -1, 0 or 1, as SQLite asks of a collation."""
    one, other = alphabet_key(language, first), alphabet_key(language, second)
    return (one > other) - (one < other)


def register_alphabets(connection, **kwargs):
    """Give a new SQLite connection the six collations (`connection_created`)."""
    if connection.vendor != "sqlite":
        return
    for language in LANGUAGES:
        connection.connection.create_collation(
            collation(language), lambda first, second, code=language: compare(code, first, second)
        )


def by_alphabet(expression, reader):
    """Give `expression`, ordered as the reader's alphabet orders it."""
    return Collate(expression, collation(reader))


def by_name(own, reader):
    """Give the order of entries by the name that a reader sees; equal names by age."""
    return [by_alphabet(seen("name", own, reader=reader), reader), F("pk")]

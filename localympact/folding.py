"""Folding: the form of a text in which case and accents no longer matter."""

import unicodedata

# Letters that do not decompose into a base letter and a mark.
UNDECOMPOSED = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
)


def fold(text):
    """Fold case, accents, Greek tonos and final sigma: `Αθήνας` → `αθηνασ`.

    The same fold serves what is stored and what is asked, so no database locale matters.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return bare.translate(UNDECOMPOSED)

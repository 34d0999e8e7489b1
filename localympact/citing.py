"""How data is cited: a line to read, and an entry of BibTeX."""

from django.conf import settings
from django.utils.translation import gettext as _

from localympact.downloads import LICENCE
from localympact.templatetags.portal import day as in_words

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    }
)


def publisher():
    """Give who publishes the data."""
    return settings.OPERATOR or "LOCAL-Y-MPACT"


def citation(day, address):
    """Give the line by which the data as they were on a day are cited, in the active language."""
    return _(
        "%(publisher)s (%(year)s). Data of the LOCAL-Y-MPACT portal, as of %(day)s. "
        "%(address)s. CC BY 4.0."
    ) % {
        "publisher": publisher(),
        "year": day.year,
        "day": in_words(day),
        "address": address,
    }


def bibtex(day, address, *, sha256=""):
    """Give the BibTeX entry of the data as they were on a day.

    `sha256` is that of a snapshot, which never changes: when it was looked at says nothing then.
    """
    fields = {
        # In two braces, so that no style takes it for a first name and a surname.
        "author": f"{{{{{publisher().translate(TEX)}}}}}",
        "title": "{{Data of the LOCAL-Y-MPACT portal}}",
        "year": f"{{{day.year}}}",
        "month": MONTHS[day.month - 1],
        "day": f"{{{day.day}}}",
        "version": f"{{{day}}}",
        "url": f"{{{address}}}",
        **({} if sha256 else {"urldate": f"{{{day}}}"}),
        "note": f"{{CC BY 4.0, {LICENCE}{f'. Snapshot, SHA-256 {sha256}' if sha256 else ''}}}",
    }
    lines = "".join(f"  {name} = {value},\n" for name, value in fields.items())
    return f"@misc{{localympact-{'snapshot' if sha256 else 'data'}-{day},\n{lines}}}\n"

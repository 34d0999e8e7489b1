"""The addresses of a page in other languages, as the head of a page and the site map name them."""

from localympact.texts import ENGLISH, LANGUAGES


def without_language(address):
    """Give an address without its language: the portal then chooses one for the visitor."""
    return "/" + address.split("/", 2)[2]


def alternates(address, languages=LANGUAGES):
    """Give (hreflang, address) of the page at an address in each of `languages`.

    Where there is none for the visitor, the address without a language leads to English: it is
    named where English is.
    """
    rest = without_language(address)
    found = [(code, f"/{code}{rest}") for code in languages]
    return [*found, ("x-default", rest)] if ENGLISH in languages else found

"""A need or challenge in the words of schema.org."""

from localympact.structured import node
from localympact.texts import pick
from organizations.structured import article, country, mention, place


def need(entry, absolute, collaborations):
    """Give a need with where it holds, its cause, and the collaborations that answer it."""
    if entry.municipality:
        holds_in = place(entry.municipality, absolute)
    else:
        holds_in = [country(code) for code in entry.countries]
    return article(
        entry,
        absolute,
        genre=str(entry.get_kind_display()),
        about=node("Thing", name=pick(entry.cause, "name")),
        spatialCoverage=holds_in,
        mentions=[mention("Article", one, absolute) for one in collaborations],
    )

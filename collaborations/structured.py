"""A collaboration in the words of schema.org."""

from organizations.structured import article, mention, names, place


def collaboration(entry, absolute, organizations):
    """Give an example of working together with those of its participants that have a page."""
    forms = [entry.form] if entry.form else []
    audiences = [
        {"@type": "Audience", "audienceType": name} for name in names(entry.audiences.all())
    ]
    return article(
        entry,
        absolute,
        genre=names(forms),
        audience=audiences,
        spatialCoverage=place(entry.municipality, absolute),
        temporalCoverage=years(entry.started, entry.ended),
        mentions=[mention("Organization", one, absolute) for one in organizations],
    )


def years(first, last):
    """Give a period as ISO 8601 writes it; an end that is not known is left open."""
    return f"{first or '..'}/{last or '..'}" if first or last else None

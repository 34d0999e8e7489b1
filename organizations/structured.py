"""Places, organisations and articles in the words of schema.org (localympact/structured.py)."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from localympact.cldr import country_name
from localympact.structured import node
from localympact.texts import pick

# The pages of wikidata.org name a thing, not a page about it, by this address.
WIKIDATA = "http://www.wikidata.org/entity/"


def names(terms):
    """Give the names of terms as they are shown."""
    return [pick(term, "name") for term in terms]


def permanent(entry, absolute):
    """Give the permanent address of an entry, by which all its pages mean the same thing."""
    return absolute(reverse("permanent", args=[entry.uuid]))


def country(code):
    """Give a country."""
    return node("Country", name=country_name(code), identifier=code)


def place(municipality, absolute):
    """Give a pilot area as other pages refer to it. It may be a region, or belong to a city."""
    return node(
        "AdministrativeArea",
        name=pick(municipality, "name"),
        url=absolute(municipality.get_absolute_url()),
        containedInPlace=country(municipality.country),
    )


def point(thing):
    """Give the coordinates of a thing, if it has any."""
    if thing.latitude is None:
        return None
    return node("GeoCoordinates", latitude=thing.latitude, longitude=thing.longitude)


def mention(kind, entry, absolute):
    """Give an entry as the page of another one refers to it."""
    return node(
        kind,
        id=permanent(entry, absolute),
        url=absolute(entry.get_absolute_url()),
        name=pick(entry, "name"),
    )


def page_of(entry, absolute):
    """Give the page of an entry: the language of its text, its last change and its source."""
    address = absolute(entry.get_absolute_url())
    return node(
        "WebPage",
        id=address,
        url=address,
        inLanguage=(pick(entry, "summary") or pick(entry, "name")).lang,
        dateModified=timezone.localdate(entry.updated),
        isBasedOn=entry.source,
    )


def organization(entry, absolute, collaborations):
    """Give an organisation with the collaborations in which it takes part."""
    reached = {
        entry.Reach.LOCAL: place(entry.municipality, absolute),
        entry.Reach.NATIONAL: country(entry.municipality.country),
    }
    number, partners = entry.registration_number, pick(entry, "seeks")
    kind = [entry.type] if entry.type else []
    return node(
        "Organization",
        id=permanent(entry, absolute),
        name=pick(entry, "name"),
        description=pick(entry, "summary"),
        url=entry.website,
        email=entry.email,
        telephone=entry.phone,
        address=address(entry),
        location=node("Place", geo=point(entry)) if point(entry) else None,
        areaServed=reached.get(entry.reach),
        foundingDate=entry.founded and str(entry.founded),
        identifier=number and node("PropertyValue", name=_("Registration number"), value=number),
        knowsLanguage=list(entry.languages),
        knowsAbout=names(entry.topics.all()),
        keywords=names([*kind, *entry.audiences.all()]),
        seeks=partners and node("Demand", description=partners),
        logo=absolute(entry.logo.url) if entry.logo else None,
        subjectOf=[mention("Article", one, absolute) for one in collaborations],
        mainEntityOfPage=page_of(entry, absolute),
    )


def address(entry):
    """Give the postal address of an organisation, if its page shows one."""
    if not (entry.street or entry.postal_code or entry.place):
        return None
    return node(
        "PostalAddress",
        streetAddress=entry.street,
        postalCode=entry.postal_code,
        addressLocality=entry.place,
        addressRegion=pick(entry.municipality, "name"),
        addressCountry=entry.municipality.country,
    )


def article(entry, absolute, **properties):
    """Give an entry that is a text: a collaboration, a need."""
    page = page_of(entry, absolute)
    return node(
        "Article",
        id=permanent(entry, absolute),
        url=page["url"],
        headline=pick(entry, "name"),
        description=pick(entry, "summary"),
        keywords=names(entry.topics.all()),
        inLanguage=page["inLanguage"],
        dateModified=page["dateModified"],
        isBasedOn=entry.source,
        mainEntityOfPage=page,
        **properties,
    )


def municipality(place, absolute):
    """Give a pilot area with what its page knows of it.

    Its facts are those of a place. It is no GovernmentOrganization: Dalarna is a region, and
    Aglantzia has no council of its own any more.
    """
    url = absolute(place.get_absolute_url())
    codes = [("NUTS 3", place.nuts3), ("LAU", place.lau)]
    numbers = [(_("Residents"), place.population, None), (_("Area"), place.area, "KMK")]
    return node(
        "AdministrativeArea",
        url=url,
        name=pick(place, "name"),
        description=pick(place, "summary"),
        containedInPlace=country(place.country),
        geo=point(place),
        identifier=[node("PropertyValue", name=name, value=code) for name, code in codes if code],
        sameAs=[
            *([WIKIDATA + place.wikidata] if place.wikidata else []),
            *([place.website] if place.website else []),
        ],
        additionalProperty=[
            node("PropertyValue", name=name, value=float(number), unitCode=unit)
            for name, number, unit in numbers
            if number
        ],
        mainEntityOfPage=node("WebPage", id=url, url=url, inLanguage=get_language()),
    )

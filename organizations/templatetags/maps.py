"""The maps of the portal: inline SVG whose links are also in a list beside it."""

from django import template

from localympact.cldr import country_name
from organizations.maps import europe, marks_of, outline
from organizations.result_maps import ResultMap

register = template.Library()


@register.inclusion_tag("maps/europe.html")
def europe_map(places):
    """Draw Europe with the countries of the pilot areas as links to their organisations."""
    frame, land, countries = europe()
    return {
        "frame": frame,
        "land": land,
        "countries": [
            (
                place,
                country_name(place.country),
                countries[place.country],
                frame.project(place.latitude, place.longitude),
            )
            for place in places
            if place.country in countries and place.latitude is not None
        ],
    }


@register.inclusion_tag("maps/country.html")
def country_picture(place):
    """Draw the country of a pilot area and mark the area in it; nothing where it has no outline."""
    found = outline("countries", place.country)
    if not found or place.latitude is None:
        return {}
    return {
        "place": place,
        "frame": found.frame,
        "land": found.land,
        "mark": found.frame.place(place.latitude, place.longitude),
    }


@register.inclusion_tag("maps/towns.html")
def town_map(place, towns, here=None, with_list=False):
    """Draw a pilot area with its towns, each a link to its organisations.

    `here` is the town that is marked as the one in question; `with_list` is for a page that does
    not list the towns otherwise.
    """
    found = outline("pilots", place.slug)
    if not found:
        return {}
    return {
        "place": place,
        "frame": found.frame,
        "land": found.land,
        "marks": marks_of(towns, found.frame),
        "here": here,
        "with_list": with_list,
    }


@register.simple_tag
def results_map(filterset):
    """Give the map of what a list has found, for maps/results.html."""
    return ResultMap(filterset)

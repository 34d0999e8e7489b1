"""The map of what a list has found: Europe with the pilot areas, or one of them with its towns."""

from functools import cached_property
from math import cos, hypot, radians
from typing import NamedTuple

from localympact.filters import NOT_STATED
from localympact.texts import pick
from organizations.maps import Outline, europe, label_of, outline
from organizations.models import Municipality

# All in units of a map that is this wide: the radii of circles, and of what a finger must hit.
WIDTH = 400
SMALLEST, LARGEST, REACH = 6, 20, 17
# Letters are larger than on other maps, for this one is also drawn small beside a list.
LETTERS, SMALL_LETTERS = 1.55, 1.25
# So many circles at most can be told apart; all results are in the list below the map. Where
# there are more places, dots for those without results would only be in the way.
MOST_CIRCLES, MOST_PLACES = 30, 60
# The lengths of a scale, in kilometres, and how long it may be.
LENGTHS, LONGEST = (50, 20, 10, 5, 2, 1), 90
EARTH = 6371


class Result(NamedTuple):
    """A place: how much is found there, and the query string that chooses it."""

    place: object
    name: str
    count: int
    query: str
    chosen: bool


class Circle(NamedTuple):
    """A result on the map: where, how large, how far it can be hit, and where its label stands."""

    result: Result
    x: float
    y: float
    radius: float
    reach: float
    label: tuple | None


def apart(circles, frame):
    """Move circles, as (x, y, radius), just so far that none covers another or the edge.

    The smaller of two gives way. A few of them are soon apart; where there is no room for all,
    they are as far apart as fifty steps bring them.
    """
    moved = [list(circle) for circle in circles]
    for _step in range(50):
        crowded = False
        for n, one in enumerate(moved):
            for other in moved[n + 1 :]:
                across, down = other[0] - one[0], other[1] - one[1]
                distance = hypot(across, down)
                if (missing := one[2] + other[2] + 1 - distance) > 0:
                    crowded = True
                    if not distance:
                        across, distance = 1, 1
                    share = one[2] / (one[2] + other[2])
                    for circle, part in ((one, share - 1), (other, share)):
                        circle[0] += across / distance * missing * part
                        circle[1] += down / distance * missing * part
        for circle in moved:
            circle[0] = min(max(circle[0], circle[2]), frame.width - circle[2])
            circle[1] = min(max(circle[1], circle[2]), frame.height - circle[2])
        if not crowded:
            break
    return [(round(x, 1), round(y, 1), radius) for x, y, radius in moved]


class ResultMap:
    """What maps/results.html draws of a filter set.

    While a single pilot area is chosen, the map shows its towns; in a database that knows no
    towns, where the area lies. Each place links to the list with it chosen beside all else that is.
    """

    def __init__(self, filterset):
        self.filterset = filterset
        self.app = filterset.queryset.model._meta.app_label
        facets = {facet.name: facet for facet in filterset.facets}
        slugs = filterset.asked.getlist("municipality")
        self.area = Municipality.objects.filter(slug__in=slugs).first() if len(slugs) == 1 else None
        self.has_towns = self.area is not None and "town" in facets
        self.name = "town" if self.has_towns else "municipality"
        self.options = {option.value: option for option in facets[self.name].options}

    @cached_property
    def places(self):
        """What can be on the map."""
        if self.has_towns:
            return list(self.area.towns.all())
        return [self.area] if self.area else list(Municipality.objects.all())

    @cached_property
    def results(self):
        """The places where something is found, those with most first."""
        results = [
            Result(
                place,
                place.name if self.has_towns else pick(place, "name"),
                option.count,
                self.filterset.query_with(**{self.name: place.slug}),
                option.checked,
            )
            for place in self.places
            if (option := self.options.get(place.slug)) and option.count
        ]
        return sorted(results, key=lambda result: -result.count)

    @cached_property
    def drawing(self):
        """The Outline that the map is a part of. None where an area has none."""
        if self.has_towns:
            return outline("pilots", self.area.slug)
        if self.area:
            return outline("countries", self.area.country)
        frame, others, countries = europe()
        return Outline(frame, " ".join([others, *countries.values()]))

    @cached_property
    def frame(self):
        """The part of the outline that is shown: the same for every choice in one area."""
        whole = self.drawing.frame
        points = [(place.latitude, place.longitude) for place in self.places]
        return whole.around(
            [point for point in points if self.has_towns and whole.place(*point)], WIDTH
        )

    @property
    def matrix(self):
        """How the land, drawn for the whole, is placed in the frame."""
        return self.frame.matrix(self.drawing.frame)

    def place(self, thing):
        """Give (x, y) of a place in the frame, or None."""
        if thing.latitude is None:
            return None
        return self.frame.place(thing.latitude, thing.longitude)

    def radius(self, count):
        """Give the radius of a number's circle, so that its area says the number."""
        share = (count / self.results[0].count) ** 0.5
        return round(SMALLEST + (LARGEST - SMALLEST) * share, 1)

    @cached_property
    def taken(self):
        """The boxes of the map on which no label may stand; every label adds its own."""
        circles = [(x - r, y - r, x + r, y + r) for _result, x, y, r in self.placed]
        dots = [(x - 4, y - 4, x + 4, y + 4) for _place, x, y in self.nothing]
        scale = [(0, self.frame.height - 30, LONGEST + 20, self.frame.height)]
        return circles + dots + scale if self.has_towns else circles

    @cached_property
    def placed(self):
        """The results on the map as (result, x, y, radius), none on another."""
        found = [(result, at) for result in self.results if (at := self.place(result.place))]
        found = found[:MOST_CIRCLES]
        circles = apart([(*at, self.radius(result.count)) for result, at in found], self.frame)
        return [(result, *circle) for (result, _at), circle in zip(found, circles, strict=True)]

    @cached_property
    def nothing(self):
        """The places in which nothing is found as (place, x, y), where they are few."""
        if len(self.places) > MOST_PLACES:
            return []
        found = {result.place for result in self.results}
        others = [place for place in self.places if place not in found]
        return [(place, *at) for place in others if (at := self.place(place))]

    @cached_property
    def circles(self):
        """The circles, the largest first, so that it gets its label."""
        return [
            Circle(result, x, y, radius, max(radius, REACH), self.label(result, x, y, radius))
            for result, x, y, radius in self.placed
        ]

    def label(self, result, x, y, radius):
        words = f"{result.name} {result.count}"
        return label_of(words, x, y, radius, self.frame, self.taken, LETTERS)

    @property
    def dots(self):
        """Where nothing is found: (name, x, y, label or None). Labels of circles come first."""
        self.circles  # noqa: B018 - takes the room for its labels
        return [
            (name, x, y, label_of(name, x, y, 3, self.frame, self.taken, SMALL_LETTERS))
            for name, x, y in ((str(place), x, y) for place, x, y in self.nothing)
        ]

    @property
    def is_crowded(self):
        """Whether the list below the map holds more than the map."""
        return len(self.results) > len(self.placed)

    @property
    def scale(self):
        """The longest length that a scale has room for: (kilometres, units)."""
        middle = radians((self.frame.north + self.frame.south) / 2)
        unit = EARTH * cos(middle) / self.frame.scale
        length = next(length for length in LENGTHS if length / unit <= LONGEST)
        return length, round(length / unit, 1)

    @property
    def elsewhere(self):
        """The option of what has no place on this map, if there is any."""
        option = self.options.get(NOT_STATED)
        known = self.area is None or self.has_towns
        return option if known and option and option.count else None

    @property
    def elsewhere_query(self):
        """The query string that leads to it."""
        return self.filterset.query_with(**{self.name: NOT_STATED})

    @property
    def europe_query(self):
        """The query string that leads from an area back to Europe."""
        return self.filterset.query_with(municipality=None, town=None)

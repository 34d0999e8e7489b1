"""Maps drawn by the portal itself: outlines of countries, and the towns of a pilot area.

`maps.json` holds the outlines as paths of SVG; `manage.py make_maps` makes it from
`fixtures/facts/`. What stands on them is placed when a page is made.
"""

import json
from functools import cache
from math import atan, degrees, exp, log, pi, radians, tan
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).with_name("maps.json")

# Of labels, in units of a map that is 400 wide.
LETTER, LINE = 6.2, 13
# How close a frame is drawn around places: the part of the whole that stays in view.
CLOSEST = 0.25


def mercator(latitude):
    """Give the northing of a latitude (degrees) in Mercator's projection of a unit sphere."""
    return log(tan(pi / 4 + radians(latitude) / 2))


def latitude_at(northing):
    """Give the latitude (degrees) of a northing: the inverse of `mercator`."""
    return degrees(2 * atan(exp(northing)) - pi / 2)


def part_around(values, start, length, part):
    """Give where a part of a length begins that has the values in its middle, as far as it can."""
    middle = (max(values) + min(values)) / 2
    return min(max(middle - part * length / 2, start), start + length * (1 - part))


class Frame(NamedTuple):
    """The part of the world that a map shows: degrees, and its width in units of the drawing."""

    west: float
    south: float
    east: float
    north: float
    width: int

    @property
    def scale(self):
        """Units of the drawing for a radian at the equator."""
        return self.width / radians(self.east - self.west)

    @property
    def height(self):
        return round((mercator(self.north) - mercator(self.south)) * self.scale)

    def place(self, latitude, longitude):
        """Give (x, y) of a point; None where it is outside the frame."""
        if not (self.south < latitude < self.north and self.west < longitude < self.east):
            return None
        return self.project(latitude, longitude)

    def project(self, latitude, longitude):
        """Give (x, y) of a point, rounded to a tenth, wherever it is."""
        x = radians(longitude - self.west) * self.scale
        y = (mercator(self.north) - mercator(latitude)) * self.scale
        return round(x, 1), round(y, 1)

    def around(self, places, drawn):
        """Give the frame of the same shape that holds some (latitude, longitude) pairs in this one.

        It has a margin, is never closer than `CLOSEST`, and is `drawn` wide. Without places it is
        the whole.
        """
        if not places:
            return self._replace(width=drawn)
        left, bottom = radians(self.west), mercator(self.south)
        width, height = radians(self.east) - left, mercator(self.north) - bottom
        xs = [radians(longitude) for _, longitude in places]
        ys = [mercator(latitude) for latitude, _ in places]
        span = max((max(xs) - min(xs)) / width, (max(ys) - min(ys)) / height)
        # 1.4: a fifth of the span on either side.
        part = min(1, max(CLOSEST, 1.4 * span))
        west = part_around(xs, left, width, part)
        south = part_around(ys, bottom, height, part)
        return Frame(
            degrees(west),
            latitude_at(south),
            degrees(west + part * width),
            latitude_at(south + part * height),
            drawn,
        )

    def matrix(self, drawn):
        """Give, for SVG, how a path that was drawn in the frame `drawn` is placed in this one."""
        scale = self.scale / drawn.scale
        left, top = self.project(drawn.north, drawn.west)
        return f"matrix({scale:.4f} 0 0 {scale:.4f} {left} {top})"


class Outline(NamedTuple):
    """A drawing: its frame and the path of the land in it."""

    frame: Frame
    land: str


class Mark(NamedTuple):
    """A point on a map: what it stands for, where, and where its label stands."""

    thing: object
    x: float
    y: float
    radius: float
    label: tuple | None


@cache
def data():
    """Give what `make_maps` made."""
    return json.loads(DATA.read_text(encoding="utf-8"))


def outline(kind, key):
    """Give the outline of a country (`countries`, ISO code) or a pilot area (`pilots`, slug).

    None where there is none: a place that was added later has no picture.
    """
    found = data()[kind].get(key)
    return found and Outline(Frame(*found["frame"]), found["land"])


def extent(country):
    """Give the box of a country (west, south, east, north) and its centre (longitude, latitude).

    None where its outline is not known.
    """
    found = data()["countries"].get(country)
    return found and (found["box"], found["centre"])


def europe():
    """Give the frame of Europe, the path of its other countries, and the five's by ISO code."""
    found = data()["europe"]
    return Frame(*found["frame"]), found["land"], found["countries"]


def overlaps(box, boxes):
    left, top, right, bottom = box
    return any(left < r and right > x and top < b and bottom > y for x, y, r, b in boxes)


def label_of(name, x, y, radius, frame, taken, size=1):
    """Give (x, y, anchor) of a label that covers nothing yet, or None; note its place in `taken`.

    `taken` is a list of boxes (left, top, right, bottom); `size` that of the letters.
    """
    length, line, gap = len(name) * LETTER * size, LINE * size, radius + 3
    for anchor, left, middle in (
        ("start", x + gap, y),
        ("end", x - gap - length, y),
        ("middle", x - length / 2, y - gap - line / 2),
        ("middle", x - length / 2, y + gap + line / 2),
    ):
        box = (left, middle - line / 2, left + length, middle + line / 2)
        inside = left > 0 and box[2] < frame.width and box[1] > 0 and box[3] < frame.height
        if inside and not overlaps(box, taken):
            taken.append(box)
            at = {"start": left, "end": left + length, "middle": x}[anchor]
            return round(at, 1), round(middle + line / 3, 1), anchor
    return None


def marks_of(towns, frame):
    """Give the marks of the towns in a frame, the largest first, so that it gets its label.

    Each town has `organization_count`; the area of its mark grows with it.
    """
    marks = []
    for town in towns:
        if place := frame.place(town.latitude, town.longitude):
            marks.append((town, *place, round(3 + 1.5 * town.organization_count**0.5, 1)))
    marks.sort(key=lambda mark: -mark[3])
    taken = [(x - radius, y - radius, x + radius, y + radius) for _, x, y, radius in marks]
    return [
        Mark(town, x, y, radius, label_of(town.name, x, y, radius, frame, taken))
        for town, x, y, radius in marks
    ]

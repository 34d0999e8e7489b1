"""Maps drawn by the portal itself: outlines of countries, and the towns of a pilot area.

`maps.json` holds the outlines as paths of SVG; `manage.py make_maps` makes it from
`fixtures/facts/`. What stands on them is placed when a page is made.
"""

import json
from functools import cache
from math import log, pi, radians, tan
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).with_name("maps.json")

# Of labels, in units of a map that is 400 wide.
LETTER, LINE = 6.2, 13


def mercator(latitude):
    """Give the northing of a latitude (degrees) in Mercator's projection of a unit sphere."""
    return log(tan(pi / 4 + radians(latitude) / 2))


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


def europe():
    """Give the frame of Europe, the path of its other countries, and the five's by ISO code."""
    found = data()["europe"]
    return Frame(*found["frame"]), found["land"], found["countries"]


def overlaps(box, boxes):
    left, top, right, bottom = box
    return any(left < r and right > x and top < b and bottom > y for x, y, r, b in boxes)


def label_of(name, x, y, radius, frame, taken):
    """Give (x, y, anchor) of a label that covers nothing yet, or None; note its place in `taken`.

    `taken` is a list of boxes (left, top, right, bottom).
    """
    length, gap = len(name) * LETTER, radius + 3
    for anchor, left, middle in (
        ("start", x + gap, y),
        ("end", x - gap - length, y),
        ("middle", x - length / 2, y - gap - LINE / 2),
        ("middle", x - length / 2, y + gap + LINE / 2),
    ):
        box = (left, middle - LINE / 2, left + length, middle + LINE / 2)
        inside = left > 0 and box[2] < frame.width and box[1] > 0 and box[3] < frame.height
        if inside and not overlaps(box, taken):
            taken.append(box)
            at = {"start": left, "end": left + length, "middle": x}[anchor]
            return round(at, 1), round(middle + LINE / 3, 1), anchor
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

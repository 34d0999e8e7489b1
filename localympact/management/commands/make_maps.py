"""Make the outlines of the maps, and the pictures for links from elsewhere, from the facts."""

import json
from math import atan, degrees, exp, pi, radians

import shapely
from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image, ImageDraw

from localympact.management.commands.make_seed import FIXTURES, read
from organizations.maps import DATA, Frame, mercator, outline

EUROPE = Frame(-11.5, 33.9, 36, 70.2, 600)
# Units of a drawing within which a bend of a border is straightened.
TOLERANCE = 0.9
# Degrees around the outermost towns, and the least width of a map of towns: neighbours, a coast
# or a border then show where it is.
MARGIN, LEAST = 0.12, 1.5
PICTURE = (1200, 630)
PAPER, LAND, PILOT = "#f7f4ec", "#1d4e5f", "#f2a541"


def unwrapped(shape):
    """Give a shape that crosses the 180th meridian in one piece, east of it."""
    west, _, east, _ = shape.bounds
    if east - west < 350:
        return shape
    return shapely.transform(
        shape, lambda lon, lat: (lon + 360 * (lon < 0), lat), interleaved=False
    )


def read_countries():
    """Give the shapes of the countries of Europe by ISO code."""
    collection = json.loads((FIXTURES / "facts" / "europe-countries.geojson").read_text())
    return {
        feature["properties"]["iso_a2"]: shapely.make_valid(
            unwrapped(shapely.from_geojson(json.dumps(feature["geometry"])))
        )
        for feature in collection["features"]
    }


def path_of(shape, frame):
    """Give a shape as a path of SVG, in whole units of the frame; islands of no size are left."""
    parts = []
    for polygon in getattr(shape, "geoms", [shape]):
        for ring in (polygon.exterior, *polygon.interiors):
            points = [
                tuple(round(value) for value in frame.project(latitude, longitude))
                for longitude, latitude in ring.coords
            ]
            corners = [point for n, point in enumerate(points) if n == 0 or point != points[n - 1]]
            if len(corners) < 4:
                continue
            moves = [
                f"{x - left},{y - top}"
                for (left, top), (x, y) in zip(corners, corners[1:-1], strict=False)
            ]
            parts.append(f"M{corners[0][0]},{corners[0][1]}l{' '.join(moves)}z")
    return "".join(parts)


def clip(shape, frame):
    """Give the polygons of a shape inside a frame, without the lines that clipping may leave."""
    parts = shape.intersection(shapely.box(frame.west, frame.south, frame.east, frame.north))
    kept = [part for part in shapely.get_parts(parts) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(kept)


def latitude_of(northing):
    """Give the latitude (degrees) of a northing of Mercator's projection."""
    return degrees(2 * atan(exp(northing)) - pi / 2)


def frame_around(points, width, *, shape, margin=0.0, least=0.0):
    """Give the smallest frame of some points (longitude, latitude) that is `shape` as high as wide.

    `margin` and `least` width in degrees of longitude.
    """
    (west, east), (south, north) = (
        (min(values) - margin, max(values) + margin) for values in zip(*points, strict=True)
    )
    bottom, top = mercator(south), mercator(north)
    wide = max(least, east - west, degrees(top - bottom) / shape)
    x, y, high = (west + east) / 2, (bottom + top) / 2, radians(wide) * shape
    edges = x - wide / 2, latitude_of(y - high / 2), x + wide / 2, latitude_of(y + high / 2)
    return Frame(*(round(edge, 4) for edge in edges), width)


def tolerance(frame):
    """Give the tolerance of a frame in degrees."""
    return TOLERANCE * (frame.east - frame.west) / frame.width


def make_data():
    """Give the content of organizations/maps.json."""
    shapes = read_countries()
    pilots, towns = read("facts/municipalities.csv"), read("facts/towns.csv")
    codes = sorted({row["country_code"] for row in pilots})
    whole = {code: clip(shape, EUROPE) for code, shape in shapes.items()}
    # Together, so that neighbours keep one border.
    simple = shapely.coverage_simplify(list(whole.values()), tolerance(EUROPE))
    plain = dict(zip(whole, simple, strict=True))
    others = "".join(path_of(shape, EUROPE) for code, shape in plain.items() if code not in codes)
    made = {
        "europe": {
            "frame": EUROPE,
            "land": others,
            "countries": {code: path_of(plain[code], EUROPE) for code in codes},
        },
        "countries": {},
        "pilots": {},
    }
    for code in codes:
        frame = frame_around(shapely.get_coordinates(whole[code]), 200, shape=1)
        centre = shapes[code].centroid
        made["countries"][code] = {
            "box": shapes[code].bounds,
            "centre": [round(centre.x, 2), round(centre.y, 2)],
            "frame": frame,
            "land": path_of(whole[code].simplify(tolerance(frame)), frame),
        }
    for pilot in pilots:
        points = [
            (float(row["longitude"]), float(row["latitude"]))
            for row in [pilot, *towns]
            if pilot["slug"] in (row.get("slug"), row.get("municipality"))
        ]
        frame = frame_around(points, 400, shape=0.75, margin=MARGIN, least=LEAST)
        land = "".join(path_of(clip(shape, frame), frame) for shape in shapes.values())
        made["pilots"][pilot["slug"]] = {"frame": frame, "land": land}
    return made


def draw_polygons(draw, path, scale, left, top):
    """Draw a path that `path_of` made."""
    for part in path.split("M")[1:]:
        first, rest = part.rstrip("z").split("l")
        x, y = (int(value) for value in first.split(","))
        points = [(x, y)]
        for move in rest.split():
            right, down = (int(value) for value in move.split(","))
            x, y = x + right, y + down
            points.append((x, y))
        draw.polygon([(left + x * scale, top + y * scale) for x, y in points], fill=LAND)


def make_picture(country, latitude, longitude):
    """Give the picture of one pilot area for links from elsewhere: its country, and where it is."""
    frame, land = outline("countries", country)
    # Drawn twice as large and made smaller: smooth edges.
    width, height = (2 * side for side in PICTURE)
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    scale = min(0.8 * width / frame.width, 0.86 * height / frame.height)
    left, top = (width - frame.width * scale) / 2, (height - frame.height * scale) / 2
    draw_polygons(draw, land, scale, left, top)
    x, y = frame.project(latitude, longitude)
    centre = (left + x * scale, top + y * scale)
    draw.circle(centre, 46, fill=PAPER)
    draw.circle(centre, 34, fill=PILOT)
    return picture.resize(PICTURE, Image.Resampling.LANCZOS).quantize(32)


class Command(BaseCommand):
    help = "Write organizations/maps.json and the pictures for links, from fixtures/facts/."

    def handle(self, *args, **options):
        made = json.dumps(make_data(), ensure_ascii=False, indent=1)
        DATA.write_text(made + "\n", encoding="utf-8")
        folder = settings.BASE_DIR / "organizations" / "static" / "organizations" / "pilots"
        folder.mkdir(parents=True, exist_ok=True)
        for pilot in read("facts/municipalities.csv"):
            place = float(pilot["latitude"]), float(pilot["longitude"])
            picture = make_picture(pilot["country_code"], *place)
            picture.save(folder / f"{pilot['slug']}.png", optimize=True)

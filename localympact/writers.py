"""The formats of files. Each is a function that writes a Resource piece by piece.

It takes the Resource and its source (exports.py). Nothing it yields makes a file whole before the
last row is there.
"""

import csv as csv_module
import datetime
import io
import json as json_module
import tempfile
from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from django.db import connections

# How much is sent at once, in signs.
PIECE = 64 * 1024
XLSX_CELL = 32_767
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
BOM = "\ufeff"
# Between several values of one cell.
SEVERAL = "|"


def cut(text):
    """Give as much of a text as a cell of XLSX can hold."""
    return text if len(text) <= XLSX_CELL else text[: XLSX_CELL - 1] + "…"


def moment(value):
    """Give a moment as all files have it: ISO 8601, UTC."""
    return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def plain(cell):
    """Give a cell of JSON as a text."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case list():
            return SEVERAL.join(cell)
        case float():
            return repr(cell).removesuffix(".0")
    return str(cell)


def pieces(parts, size=PIECE):
    """Join small parts to pieces; the first is sent at once, so that a file begins soon."""
    waiting, length, wanted = [], 0, 1
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= wanted:
            yield waiting[0][:0].join(waiting)
            waiting, length, wanted = [], 0, size
    if waiting:
        yield waiting[0][:0].join(waiting)


class Lines(io.TextIOBase):
    """Gives back the line that was written last."""

    def write(self, line):
        self.line = line


def csv(resource, source, *, separator=",", bom=True):
    """Yield the CSV file: RFC 4180, UTF-8, with a byte order mark for spreadsheets or without."""
    (head,) = csv_lines([resource.heads], separator)
    if bom:
        head = BOM.encode() + head
    if connections[source_database(source)].vendor == "postgresql":
        rows = resource.copied(source, separator)
    else:
        rows = csv_lines(resource.texts(source), separator)
    # The head goes with the first row: where that fails, no file has begun.
    first = next(rows, b"")
    yield from pieces(chain([head + first], rows))


def csv_lines(rows, separator=","):
    """Yield the lines of CSV of lists of texts, as bytes."""
    lines = Lines()
    writer = csv_module.writer(lines, delimiter=separator, lineterminator="\r\n")
    for row in rows:
        writer.writerow(row)
        yield lines.line.encode()


def source_database(source):
    """Give the alias of the database of a queryset or of Results."""
    return getattr(source, "queryset", source).db


def dumped(record):
    """Give one record as JSON, on one line."""
    return json_module.dumps(record, ensure_ascii=False)


def json(resource, source):
    """Yield the JSON file: a list of objects, one a line."""
    return pieces(joined("[\n", map(dumped, resource.records(source)), "]\n"))


def joined(start, items, end):
    """Yield the items of a JSON list with what stands around them."""
    before = start
    for item in items:
        yield before + item
        before = ",\n"
    yield (start if before is start else "\n") + end


def ndjson(resource, source):
    """Yield the NDJSON file: one object a line."""
    return pieces(f"{dumped(record)}\n" for record in resource.records(source))


def geojson(resource, source):
    """Yield the GeoJSON file (RFC 7946); what has no place has a null geometry.

    `geometry_of` among the properties says whose place it is: the entry's own, or its town's.
    """
    start = '{"type": "FeatureCollection", "features": [\n'
    rows = resource.rows(source, resource.point)
    return pieces(joined(start, (feature(resource, row) for row in rows), "]}\n"))


def feature(resource, row):
    """Give one Feature as JSON; the row ends with latitude, longitude and whose they are."""
    *cells, latitude, longitude, owner = row
    properties = dict(zip(resource.heads, cells, strict=True))
    if latitude is None:
        owner = None
    # Seven decimals are a centimetre.
    place = [round(longitude, 7), round(latitude, 7)] if owner else None
    return dumped(
        {
            "type": "Feature",
            **({"id": properties["id"]} if "id" in properties else {}),
            "geometry": {"type": "Point", "coordinates": place} if place else None,
            "properties": properties | {"geometry_of": owner or None},
        }
    )


def xlsx(resource, source):
    """Yield the XLSX file: texts and numbers only, no formula, no link.

    Its format wants it made as a whole before it is sent.
    """
    # A portal that starts does not wait for it.
    import xlsxwriter

    with tempfile.TemporaryFile() as file:
        with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
            sheet = workbook.add_worksheet()
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(chain([resource.heads], resource.rows(source))):
                for position, cell in enumerate(row):
                    if isinstance(cell, int | float) and not isinstance(cell, bool):
                        sheet.write_number(number, position, cell)
                    elif cell not in (None, "", []):
                        # As CSV has it, but for the apostrophe: here nothing calculates.
                        sheet.write_string(number, position, cut(plain(cell)))
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


class Format(NamedTuple):
    """What a format is called, its media type, and the function that writes it."""

    label: str
    content_type: str
    write: Callable


FORMATS = {
    "csv": Format("CSV", "text/csv; charset=utf-8; header=present", csv),
    "xlsx": Format(
        "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx
    ),
    "json": Format("JSON", "application/json", json),
    "ndjson": Format("NDJSON", "application/x-ndjson", ndjson),
    "geojson": Format("GeoJSON", "application/geo+json", geojson),
}

"""A list as a file: the same columns in CSV, XLSX, JSON and GeoJSON.

A `Resource` names the columns of one model's files. Column names are English in every language;
a translated field has six. The same columns read a file back: see imports.py.
"""

import csv
import datetime
import io
import json
import re
import tempfile
from collections import defaultdict
from itertools import chain, islice
from urllib.parse import urljoin

import xlsxwriter
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Value, When
from django.http import FileResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from localympact.spreadsheets import Stamp
from localympact.texts import columns as translated_columns

CHUNK = 2000
SEVERAL = "|"
SEPARATORS = {"comma": ",", "semicolon": ";"}
# What a spreadsheet would take for a formula, and the apostrophe that hides one.
LOOKS_LIKE_A_FORMULA = tuple("=+-@\t\r'")
XLSX_CELL = 32_767
# What Excel makes of a long number (3,71E+10), and how most of Europe writes a fraction.
SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+")
DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)")


def escaped(text):
    """Put an apostrophe before a text that a spreadsheet would calculate."""
    return f"'{text}" if text.startswith(LOOKS_LIKE_A_FORMULA) else text


def unescaped(text):
    """Take away the one apostrophe that `escaped` put there."""
    return text.removeprefix("'")


def cut(text):
    """Give as much of a text as a cell of XLSX can hold."""
    return text if len(text) <= XLSX_CELL else text[: XLSX_CELL - 1] + "…"


def same_text(one, other):
    """Say whether two texts are alike; spreadsheets end lines in their own way."""
    return one.replace("\r\n", "\n") == other.replace("\r\n", "\n")


class Column:
    """One column of a file: numbers, dates, codes and ids, which are never altered.

    `name` is the head of the column, `lookup` the path to its value from the model, or an
    expression.
    """

    # Whether an import may write it; the portal writes the others itself.
    writable = True
    # What an import fetches with each entry, to see what it has now.
    related = ()

    def __init__(self, name, lookup=None):
        self.name = name
        self.lookup = F(lookup or name) if isinstance(lookup, str | None) else lookup

    def cell(self, value):
        """Give the value as JSON has it."""
        if isinstance(value, datetime.datetime):
            return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
        if value is None or isinstance(value, bool | int | float):
            return value
        return str(value)

    def text(self, cell):
        """Give a cell as CSV has it."""
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, list):
            return SEVERAL.join(cell)
        return str(cell)

    def parse(self, text, resource):
        """Give the value of a cell of CSV; raise ValidationError if it has none."""
        field = resource.model._meta.get_field(self.name)
        text = text.strip()
        if not text:
            return None if field.null else field.get_default()
        if field.choices and text not in (values := [value for value, _label in field.choices]):
            raise ValidationError(
                _("Write one of these: %(values)s."),
                params={"values": ", ".join(filter(None, values))},
            )
        if isinstance(field, models.DateField):
            return self.day(text)
        if isinstance(field, models.FloatField):
            # No coordinate has thousands.
            text = DECIMAL_COMMA.sub(r"\1.\2", text)
        return field.to_python(text)

    def day(self, text):
        """Give the day that a text names in ISO 8601."""
        try:
            return datetime.date.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(_("Write the day as year-month-day: 2026-11-26.")) from error

    def now(self, instance):
        """Give the cell of CSV that an instance has now."""
        return self.text(self.cell(self.current(instance)))

    def forbidden(self, instance, user):
        """Say why this user may not write what the instance has now, or give nothing."""
        return

    def current(self, instance):
        """Give the value that an instance has now."""
        return getattr(instance, self.name)

    def assign(self, instance, value):
        """Give an instance the value of a cell; say whether that changed it."""
        if self.current(instance) == value:
            return False
        setattr(instance, self.name, value)
        return True


class ReadOnly(Column):
    """A column that the portal writes itself; an import passes it by."""

    writable = False


class Truth(Column):
    """A column of `true` and `false`."""

    def parse(self, text, resource):
        match text.strip().lower():
            case "true":
                return True
            case "false" | "":
                return False
        raise ValidationError(_("Write true or false."))


class Words(Column):
    """A column of free text; what looks like a formula gets an apostrophe in front in CSV.

    `unless` is a pattern of texts that are left alone, such as telephone numbers.
    """

    def __init__(self, name, lookup=None, *, unless=None):
        super().__init__(name, lookup)
        self.unless = unless and re.compile(unless)

    def cell(self, value):
        return value or ""

    def text(self, cell):
        return cell if self.unless and self.unless.match(cell) else escaped(cell)

    def now(self, instance):
        return self.current(instance) or ""

    def parse(self, text, resource):
        if isinstance(text, Stamp):
            raise ValidationError(
                _(
                    "A spreadsheet has made a date of this. "
                    "Format the cell as text and write it again."
                )
            )
        return unescaped(text)

    def assign(self, instance, value):
        if same_text(self.current(instance) or "", value):
            return False
        if SHORTENED.fullmatch(value):
            raise ValidationError(
                _(
                    "A spreadsheet has shortened this number. "
                    "Format the cell as text and write it again."
                )
            )
        return super().assign(instance, value.strip())


class Codes(Column):
    """A column of several codes that stand in one field (`CodesField`)."""

    def cell(self, value):
        return value

    def parse(self, text, resource):
        return sorted({code.strip() for code in text.split(SEVERAL) if code.strip()})


class Slug(Column):
    """A column that names one other thing by its slug."""

    def __init__(self, name):
        super().__init__(name, f"{name}__slug")
        self.related = (name,)

    def now(self, instance):
        thing = getattr(instance, self.name, None) if self.current(instance) else None
        return thing.slug if thing else ""

    def parse(self, text, resource):
        slug = text.strip()
        if not slug:
            return None
        return resource.by_slug(self.name, [slug])[0]

    def current(self, instance):
        return getattr(instance, f"{self.name}_id")

    def assign(self, instance, value):
        if self.current(instance) == (value and value.pk):
            return False
        setattr(instance, self.name, value)
        return True


class Loaded(Column):
    """A column whose cells come by the chunk, not with the row.

    `load(model, pks)` gives {column name: {pk: cell}}, of this column and of others that come
    with it.
    """

    def __init__(self, name):
        super().__init__(name, "pk")


class Slugs(Loaded):
    """A column that names several other things by their slugs (many-to-many).

    Entries that are not published are in no file, so they are not named here either, and an
    import leaves links to them alone.
    """

    def parse(self, text, resource):
        slugs = [slug.strip() for slug in text.split(SEVERAL) if slug.strip()]
        return resource.by_slug(self.name, slugs)

    def load(self, model, pks):
        found = {
            pk: [slug for slug, shown in links.items() if shown]
            for pk, links in self.links(model, pks).items()
        }
        return {self.name: found}

    def links(self, model, pks):
        """Give {pk: {slug: whether files show it}} of the things to which entries are linked."""
        field = model._meta.get_field(self.name)
        source, target = field.m2m_field_name(), field.m2m_reverse_field_name()
        links = field.remote_field.through.objects.filter(**{f"{source}__in": pks})
        found = defaultdict(dict)
        rows = links.order_by(f"{target}__slug").values_list(
            source, f"{target}__slug", self.shown(field)
        )
        for pk, slug, is_shown in rows:
            found[pk][slug] = is_shown
        return found

    def replace(self, model, wanted):
        """Link entries to other things than those that a file shows: {pk: things}."""
        field = model._meta.get_field(self.name)
        source, target = field.m2m_column_name(), field.m2m_reverse_name()
        through = field.remote_field.through
        keys = {pk: {thing.pk for thing in things} for pk, things in wanted.items()}
        rows = through.objects.filter(**{f"{source}__in": keys}).values_list(
            "pk", source, target, self.shown(field)
        )
        gone = []
        for key, pk, thing, shown in rows:
            if thing in keys[pk]:
                keys[pk].remove(thing)
            elif shown:
                gone.append(key)
        through.objects.filter(pk__in=gone).delete()
        through.objects.bulk_create(
            through(**{source: pk, target: thing})
            for pk, things in keys.items()
            for thing in sorted(things)
        )

    def shown(self, field):
        """Give the expression of whether files show a link."""
        related = field.related_model.objects
        if not hasattr(related, "published"):
            return Value(True)
        published = {f"{field.m2m_reverse_field_name()}__in": related.published()}
        return Case(When(**published, then=True), default=False)


class Address(ReadOnly):
    """The permanent web address, the same in every language, on the site of the resource."""

    def __init__(self):
        super().__init__("url", "uuid")


def translated(*fields):
    """Give the columns of translated fields: six each."""
    return [Words(column) for column in translated_columns(*fields)]


class Resource:
    """The files of one model. `base` is the address of the site, for the column `url`.

    `staff` adds what only editors see. `columns` are declared by each app.
    """

    model = None
    columns = ()
    formats = ("csv", "xlsx", "json")

    def __init__(self, *, base="", staff=False):
        self.columns = [*type(self).columns, *([Column("status")] if staff else [])]
        self.base = base
        self._found = {}

    @property
    def heads(self):
        """The names of the columns."""
        return [column.name for column in self.columns]

    def by_slug(self, name, slugs):
        """Give what the field `name` may hold, by slugs; raise ValidationError for unknown ones."""
        known = self._found.setdefault(name, {})
        if new := [slug for slug in slugs if slug not in known]:
            related = self.model._meta.get_field(name).related_model
            known.update({thing.slug: thing for thing in related.objects.filter(slug__in=new)})
        if unknown := [slug for slug in slugs if slug not in known]:
            raise ValidationError(
                _("There is no “%(slug)s” here."), params={"slug": ", ".join(unknown)}
            )
        return [known[slug] for slug in slugs]

    def rows(self, queryset):
        """Yield lists of cells, one a row; a fixed number of queries for each 2,000 rows."""
        lookups = [column.lookup for column in self.columns]
        # The columns are named one by one: nothing is left for modeltranslation to rewrite.
        plain = queryset.rewrite(False).values_list("pk", *lookups)
        values = plain.iterator(chunk_size=CHUNK)
        while chunk := list(islice(values, CHUNK)):
            pks = [pk for pk, *_values in chunk]
            loaded = {}
            for column in self.columns:
                if isinstance(column, Loaded) and column.name not in loaded:
                    loaded |= column.load(self.model, pks)
            for pk, *found in chunk:
                yield [
                    self.cell(column, pk, value, loaded)
                    for column, value in zip(self.columns, found, strict=True)
                ]

    def cell(self, column, pk, value, loaded):
        """Give one cell of a row, as JSON has it."""
        if isinstance(column, Loaded):
            return loaded[column.name].get(pk, [])
        if isinstance(column, Address):
            return urljoin(self.base, reverse("permanent", args=[value]))
        return column.cell(value)

    # The formats

    def csv(self, queryset, separator=","):
        """Yield the CSV file (RFC 4180, UTF-8 with BOM) piece by piece."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
        buffer.write("\ufeff")
        writer.writerow(self.heads)
        for number, row in enumerate(self.rows(queryset), start=1):
            writer.writerow(
                [column.text(cell) for column, cell in zip(self.columns, row, strict=True)]
            )
            if number % 200 == 0:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    def json(self, queryset):
        """Yield the JSON file, a list of objects, piece by piece."""
        start = "[\n"
        for row in self.rows(queryset):
            record = dict(zip(self.heads, row, strict=True))
            yield start + json.dumps(record, ensure_ascii=False)
            start = ",\n"
        yield "[]\n" if start == "[\n" else "\n]\n"

    def geojson(self, queryset):
        """Yield the GeoJSON file (RFC 7946) piece by piece; no place means a null geometry."""
        start = '{"type": "FeatureCollection", "features": [\n'
        empty = True
        for row in self.rows(queryset):
            record = dict(zip(self.heads, row, strict=True))
            latitude, longitude = record["latitude"], record["longitude"]
            point = {"type": "Point", "coordinates": [longitude, latitude]}
            feature = {
                "type": "Feature",
                "id": record["id"],
                "geometry": None if latitude is None else point,
                "properties": record,
            }
            yield start + json.dumps(feature, ensure_ascii=False)
            start, empty = ",\n", False
        yield (start if empty else "\n") + "]}\n"

    def xlsx(self, queryset):
        """Give the XLSX file, open for reading: texts and numbers only, no formula, no link."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(file, options) as workbook:
            sheet = workbook.add_worksheet()
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(chain([self.heads], self.rows(queryset))):
                for position, cell in enumerate(row):
                    if isinstance(cell, int | float) and not isinstance(cell, bool):
                        sheet.write_number(number, position, cell)
                    elif cell not in (None, "", []):
                        text = Column.text(self.columns[position], cell)
                        sheet.write_string(number, position, cut(text))
        file.seek(0)
        return file

    def response(self, queryset, format, **options):
        """Give the HTTP answer with the file in one of `formats`, streamed."""
        day = timezone.localdate().isoformat()
        filename = f"localympact-{self.model._meta.app_label}-{day}.{format}"
        if format == "xlsx":
            return FileResponse(
                self.xlsx(queryset),
                as_attachment=True,
                filename=filename,
                content_type=CONTENT_TYPES[format],
            )
        pieces = getattr(self, format)(queryset, **options)
        # The first piece is made before the answer starts: a failure is a 500, not a short file.
        first = next(pieces)
        return StreamingHttpResponse(
            chain([first], pieces),
            content_type=CONTENT_TYPES[format],
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )


# What the pages call the formats.
FORMATS = {"csv": "CSV", "xlsx": "XLSX", "json": "JSON", "geojson": "GeoJSON"}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "geojson": "application/geo+json",
}

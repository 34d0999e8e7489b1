"""Tables as people bring them: CSV in the ways of spreadsheet programs, and XLSX.

`open_table` recognises the format, the encoding and the separator. A table yields its rows as
lists of texts, the same from both formats: what the portal's own CSV file would have.
"""

import codecs
import csv
import datetime
import io
import os
import re
import zipfile
from contextlib import closing
from functools import cache
from itertools import islice
from operator import is_

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Where lxml is installed openpyxl would read with it and follow entities; defusedxml does not.
os.environ["OPENPYXL_LXML"] = "False"
# A cell longer than this is a broken quotation mark, not a text.
csv.field_size_limit(1_000_000)

SEPARATORS = ",;\t"
HEAD = 64 * 1024
BLOCK = 1024 * 1024
# What an XLSX file may hold when unpacked: five times what 10,000 full entries do.
UNPACKED = 100 * 1024 * 1024
# How many parts it has, and how large those are that its reader makes trees of as a whole.
PARTS, TREES = 10_000, 4 * 1024 * 1024
READ_WHOLE = ("xl/workbook", "xl/styles", "xl/_rels/", "docProps/", "[Content_Types]", "_rels/")
# Others give gigabytes for the first kilobytes that are read, whatever size they say they have.
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# No file of the portal has as many columns; a sheet has no more rows.
COLUMNS, ROWS = 300, 1_048_576
SAMPLES = 12
# Tags in the XML of a sheet; some programs write them with a prefix.
FORMULA, ROW = re.compile(rb"<(\w{1,8}:)?f[ />]"), re.compile(rb"<(?:\w{1,8}:)?row[ >]")
OVERLAP = 12
UTF_8, UTF_16 = "utf-8", "utf-16"
# What a CSV file may be written in, as editors are offered it.
ENCODINGS = {
    UTF_8: gettext_lazy("Unicode (UTF-8)"),
    UTF_16: gettext_lazy("Unicode (UTF-16)"),
    "cp1257": gettext_lazy("Windows, Latvian and Lithuanian (1257)"),
    "cp1253": gettext_lazy("Windows, Greek (1253)"),
    "cp1252": gettext_lazy("Windows, Portuguese and Swedish (1252)"),
}
# What Excel writes into a plain CSV file on a computer that speaks this language.
CODE_PAGES = {"lv": "cp1257", "lt": "cp1257", "el": "cp1253"}
WESTERN = "cp1252"


class Stamp(str):
    """A cell that the spreadsheet holds as a date or a time, in ISO 8601."""


class Unreadable(str):
    """A cell without a value; the text says why."""


def open_table(file, *, encoding=None, language=None):
    """Give the table in a binary file; raise ValidationError where there is none.

    `encoding` is one of ENCODINGS for a CSV file; without it the encoding is recognised. What is
    not Unicode is then read as the computers of people who speak `language` write it; without a
    language it is refused.
    """
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK"):
        return Sheet(file)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValidationError(
            _(
                "This file is in an old format or has a password. "
                "Save it as XLSX, without a password, or as CSV."
            )
        )
    return Csv(file, encoding or recognised(file, language))


def recognised(file, language):
    """Give the encoding of a CSV file."""
    head = file.read(3)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    if head.startswith(codecs.BOM_UTF8) or not language or unreadable_byte(file, UTF_8) is None:
        return UTF_8
    return CODE_PAGES.get(language, WESTERN)


def unreadable_byte(file, encoding):
    """Give the position of the first byte that is not in an encoding, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position, pending = 0, 0
    try:
        while block := file.read(BLOCK):
            pending = len(decoder.getstate()[0])
            decoder.decode(block)
            position += len(block)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        return position - pending + getattr(error, "start", 0)
    finally:
        file.seek(0)
    return None


class Table:
    """What was recognised in a file, and its rows.

    `samples` are some words with letters beyond English, as they were read.
    """

    format = encoding = separator = None
    # Titles of other sheets that hold something, which nobody reads.
    others = ()

    def __init__(self):
        self.samples = []

    def rows(self):
        """Yield the rows as lists of texts, the first one too."""
        with closing(self.cells()) as rows:
            for cells in rows:
                if len(self.samples) < SAMPLES:
                    self.sample(cells)
                yield cells

    def sample(self, cells):
        """Remember words by which a reader sees whether the letters are right."""
        for cell in cells:
            if not cell.isascii():
                new = (word[:40] for word in cell.split() if not word.isascii())
                self.samples += [word for word in dict.fromkeys(new) if word not in self.samples]
        del self.samples[SAMPLES:]


class Csv(Table):
    """A CSV file: comma, semicolon or tab, whichever its first line has most of."""

    format = "csv"

    def __init__(self, file, encoding):
        super().__init__()
        self.file, self.encoding = file, encoding
        byte = unreadable_byte(file, encoding)
        if byte is not None:
            raise ValidationError(
                _("The file is not in %(encoding)s: byte %(byte)s cannot be read."),
                params={"encoding": encoding.upper(), "byte": byte},
            )
        text = self.open()
        head = text.read(HEAD)
        text.detach()
        # What stands between quotation marks separates nothing.
        unquoted = "".join(head.split('"')[::2])
        first = next(iter(unquoted.lstrip("\r\n").splitlines()), "")
        self.separator = max(SEPARATORS, key=first.count)

    def open(self):
        """Give the text of the file from its beginning."""
        self.file.seek(0)
        encoding = "utf-8-sig" if self.encoding == UTF_8 else self.encoding
        return io.TextIOWrapper(self.file, encoding=encoding, newline="")

    def cells(self):
        """Yield the rows."""
        text = self.open()
        reader = csv.reader(text, delimiter=self.separator, strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise ValidationError(
                _("The file cannot be read as CSV near line %(line)s: %(error)s"),
                params={"line": reader.line_num, "error": error},
            ) from error
        finally:
            text.detach()

    def count(self):
        """Give the number of rows below the first."""
        try:
            return max(sum(1 for _row in self.cells()) - 1, 0)
        except ValidationError:
            return 0


@cache
def openpyxl():
    """Give the reader of XLSX, imported when it is first needed: no start of the portal waits."""
    import openpyxl as found

    return found


class Sheet(Table):
    """The first visible sheet of an XLSX file, read row by row."""

    format = "xlsx"

    def __init__(self, file):
        super().__init__()
        self.file = file
        # What openpyxl gives for a cell that is not in the file.
        self.nothing = openpyxl().cell.read_only.EMPTY_CELL
        try:
            self.zip = zipfile.ZipFile(file)
            self.check(self.zip)
            self.book = self.load(data_only=True)
            self.sheet, *others = self.visible(self.book)
            self.others = [sheet.title for sheet in others if self.holds_something(sheet)]
            self.formulas = self.has_formulas()
        except ValidationError:
            raise
        except Exception as error:
            # The reader answers a broken file with any exception that there is.
            raise self.broken() from error

    def broken(self):
        """Give the error that says that this is no spreadsheet."""
        return ValidationError(
            _("The file cannot be read as XLSX. Save it again in your spreadsheet, as XLSX or CSV.")
        )

    def check(self, archive):
        """Refuse what is no XLSX file, before anything of it is unpacked."""
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if any(part.flag_bits & 1 for part in parts):
            raise ValidationError(_("The file has a password. Save it without one."))
        if "xl/workbook.xml" not in names:
            raise ValidationError(_("This is no XLSX file. Save the table as XLSX or as CSV."))
        if len(parts) > PARTS or any(part.compress_type not in PACKINGS for part in parts):
            raise self.broken()
        # The reader of a zip never gives more of a part than the size that stands here.
        sizes = {part.filename: part.file_size for part in parts}
        whole = sum(size for name, size in sizes.items() if name.startswith(READ_WHOLE))
        if sum(part.file_size for part in parts) > UNPACKED or whole > TREES:
            raise ValidationError(
                _("The table is too large when unpacked. Save it as CSV, or as several files.")
            )

    def load(self, *, data_only):
        """Open the workbook with the results of its formulas, or with the formulas."""
        self.file.seek(0)
        # Other files that it is linked with are not looked at.
        return openpyxl().load_workbook(
            self.file, read_only=True, data_only=data_only, keep_links=False
        )

    def visible(self, book):
        """Give the sheets of a workbook that somebody sees, without their declared sizes."""
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            # Some programs declare a wrong one, and rows beyond it would be passed by.
            sheet.reset_dimensions()
        return sheets

    def holds_something(self, sheet):
        """Say whether there is a value in the first rows of a sheet."""
        rows = islice(sheet.iter_rows(max_col=COLUMNS, values_only=True), 1000)
        return any(value not in (None, "") for row in rows for value in row)

    def stream(self):
        """Yield the XML of the sheet in blocks that overlap a little."""
        # openpyxl names the part of a sheet only here.
        with self.zip.open(self.sheet._worksheet_path) as part:
            before = b""
            while block := part.read(BLOCK):
                yield before + block
                before = block[-OVERLAP:]

    def has_formulas(self):
        """Say whether any cell of the sheet is calculated."""
        return any(FORMULA.search(block) for block in self.stream())

    def count(self):
        """Give about the number of rows below the first."""
        return max(sum(len(ROW.findall(block)) for block in self.stream()) - 1, 0)

    def cells(self):
        """Yield the rows, without the empty cells at their ends."""
        try:
            for number, row in enumerate(self.sheet_rows(), start=1):
                if number > ROWS:
                    raise self.broken()
                cells = [self.text(cell, formula) for cell, formula in row]
                while cells and not cells[-1]:
                    cells.pop()
                yield cells
        except (ValidationError, GeneratorExit):
            raise
        except Exception as error:
            raise self.broken() from error

    def sheet_rows(self):
        """Yield rows of pairs: a cell, and whether it is calculated."""
        rows = self.sheet.iter_rows(max_col=COLUMNS)
        if not self.formulas:
            nothing, empty = None, (self.nothing,) * COLUMNS
            for row in rows:
                # A sheet may have a million rows that are not there; all of them are one object.
                if row is not nothing and all(map(is_, row, empty)):
                    nothing = row
                yield [] if row is nothing else [(cell, False) for cell in row]
            return
        # Results alone do not tell an empty cell from a formula that was never calculated.
        calculated = self.visible(self.load(data_only=False))[0].iter_rows(max_col=COLUMNS)
        for row, twins in zip(rows, calculated, strict=True):
            yield [(cell, twin.data_type == "f") for cell, twin in zip(row, twins, strict=True)]

    def text(self, cell, calculated):
        """Give a cell as the CSV file has it."""
        if cell is self.nothing:
            return ""
        value = cell.value
        if value is None:
            if calculated:
                return Unreadable(
                    _("The result of this formula is not in the file. Write the value itself.")
                )
            return ""
        if cell.data_type == "e":
            return Unreadable(
                _("The spreadsheet found an error here: %(error)s.") % {"error": value}
            )
        match value:
            case bool():
                return "true" if value else "false"
            case float() if value.is_integer() and abs(value) < 1e15:
                return str(int(value))
            case datetime.datetime() if value.time() == datetime.time():
                return Stamp(value.date().isoformat())
            case datetime.datetime() | datetime.date() | datetime.time():
                return Stamp(value.isoformat())
            case datetime.timedelta():
                return Stamp(value)
        text = str(value)
        if "_x" not in text:
            return text
        # XML has no control characters; the format writes them so (a carriage return: _x000D_).
        text = openpyxl().utils.escape.unescape(text)
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            return Unreadable(_("There is a character here that no text can have."))
        return text

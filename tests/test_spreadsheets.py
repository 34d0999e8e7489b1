"""Tables as spreadsheet programs write them: nothing silently wrong, nothing that harms."""

import codecs
import datetime
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from django.core.exceptions import ValidationError

from localympact import spreadsheets
from localympact.spreadsheets import Stamp, Unreadable, open_table

# A spreadsheet knows no time zones.
MOMENT = datetime.datetime(2026, 11, 26, 12, 30)  # noqa: DTZ001
TEXT = "id;name_lv\r\n1;Žagatu “ķēde”\r\n"


def read(raw, **options):
    """Give the table in some bytes and its rows."""
    table = open_table(io.BytesIO(raw), **options)
    return table, list(table.rows())


def refusal(raw, **options):
    with pytest.raises(ValidationError) as caught:
        read(raw, **options)
    return " ".join(caught.value.messages)


def sheet(*rows, before=None):
    """Give an XLSX file of rows, as a spreadsheet program writes it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if before:
        before(book)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def rewritten(raw, **parts):
    """Give an XLSX file with other parts, by the ends of their names."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(changed, "w", 8) as new:
        for name in old.namelist():
            key = name.rpartition("/")[2].partition(".")[0]
            change = parts.get(key, lambda text: text)
            new.writestr(name, change(old.read(name).decode()))
    return changed.getvalue()


# CSV


@pytest.mark.parametrize(
    ("raw", "language", "encoding"),
    [
        (TEXT.encode(), None, "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "lv", "utf-8"),
        (TEXT.encode("utf-16"), None, "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "lv", "utf-16"),
        (TEXT.encode("cp1257"), "lv", "cp1257"),
        (TEXT.encode("cp1257"), "lt", "cp1257"),
    ],
)
def test_encoding_is_recognised(raw, language, encoding):
    table, rows = read(raw, language=language)
    assert (table.encoding, table.separator) == (encoding, ";")
    assert rows == [["id", "name_lv"], ["1", "Žagatu “ķēde”"]]
    assert table.samples == ["Žagatu", "“ķēde”"]


@pytest.mark.parametrize(
    ("language", "word"), [("el", "Χορωδία"), ("pt", "Associação"), ("sv", "Förening")]
)
def test_what_is_not_unicode_is_read_as_the_editors_computer_writes_it(language, word):
    page = "cp1253" if language == "el" else "cp1252"
    table, rows = read(f"id,name\r\n1,{word}\r\n".encode(page), language=language)
    assert (table.encoding, rows[1][1]) == (page, word)


def test_encoding_is_never_guessed_without_a_language():
    assert refusal(TEXT.encode("cp1257")).startswith("The file is not in UTF-8: byte 14 ")


def test_byte_that_cannot_be_read_is_named_wherever_it_stands(monkeypatch):
    monkeypatch.setattr(spreadsheets, "BLOCK", 4)
    assert "byte 11 " in refusal("id,ķēde\r\n".encode() + b"\xff\r\n")
    assert "byte 11 " in refusal("id,ķēde\r\n".encode() + b"\xc4")
    assert "not in CP1253: byte 8 " in refusal(b"id,name\r\xd2", encoding="cp1253")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_is_recognised_outside_quotation_marks(separator):
    raw = f'"a,;,;\t\t",b{separator}c\r\n'.replace(",b", f"{separator}b").encode()
    table, rows = read(raw)
    assert table.separator == separator
    assert rows == [["a,;,;\t\t", "b", "c"]]


def test_text_of_several_lines_is_one_cell():
    _table, rows = read(b'id,name\r\n1,"a\r\nb ""c"", d"\r\n')
    assert rows[1] == ["1", 'a\r\nb "c", d']


def test_rows_are_counted():
    table, _rows = read(b'id,name\r\n1,"a\r\nb"\r\n2,c\r\n')
    assert table.count() == 2
    table, _rows = read(sheet(["id"], [1], [2], [3]))
    assert table.count() == 3
    assert read(b"")[0].count() == 0


def test_samples_are_few_and_short():
    table, _rows = read(("ā" * 100 + "".join(f" ē{number}" for number in range(50))).encode())
    assert len(table.samples) == 12
    assert table.samples[0] == "ā" * 40


# XLSX


def test_cells_are_as_in_the_csv_file():
    raw = sheet(
        ["id", "name_lv", "latitude", "founded", "seeks_partners", "verified_on", "period"],
        [None, "Žagatu ķēde", 57.25, 1998.0, True, datetime.date(2026, 11, 26), "=1"],
        ["'x", " a\nb ", -8, 1e20, False, MOMENT, None],
    )
    table, rows = read(raw)
    assert table.format == "xlsx"
    assert rows[1][:6] == ["", "Žagatu ķēde", "57.25", "1998", "true", "2026-11-26"]
    assert rows[2] == ["'x", " a\nb ", "-8", "1e+20", "false", "2026-11-26T12:30:00"]
    assert isinstance(rows[1][5], Stamp)
    assert table.samples == ["Žagatu", "ķēde"]


def test_carriage_returns_survive_xlsx():
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        book.add_worksheet().write_string(0, 0, "a\r\nb")
    _table, rows = read(raw.getvalue())
    assert rows == [["a\r\nb"]]


def test_formula_gives_its_result_and_never_an_empty_cell():
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "name"])
        page.write_formula(1, 1, "=2+2", value=4)
        page.write_formula(2, 1, "=A1", value="")
        page.write_formula(3, 1, "=1/0", value="#DIV/0!")
    _table, rows = read(raw.getvalue())
    assert rows[1] == ["", "4"]
    assert isinstance(rows[2][1], Unreadable)
    assert isinstance(rows[3][1], Unreadable)
    assert "#DIV/0!" in rows[3][1]


def test_error_in_a_cell_is_no_text():
    def spoil(book):
        book.active["A1"].value = "#REF!"

    raw = sheet(["x"], before=spoil)
    assert isinstance(read(raw)[1][0][0], Unreadable)


def test_first_visible_sheet_is_read_and_others_with_content_are_named():
    def add(book):
        book.active.sheet_state = "hidden"
        book.create_sheet("Entries").append(["id"])
        book.create_sheet("Empty")
        book.create_sheet("Notes").append(["remember"])

    table, rows = read(sheet(["secret"], before=add))
    assert rows == [["id"]]
    assert table.others == ["Notes"]


def test_rows_beyond_the_declared_size_are_read():
    def lie(text):
        assert '<dimension ref="A1:A3"' in text
        return text.replace('<dimension ref="A1:A3"', '<dimension ref="A1"')

    assert len(read(rewritten(sheet(["id"], [1], [2]), sheet1=lie))[1]) == 3


def test_rows_keep_their_numbers():
    def gap(book):
        book.active["A5"] = "five"

    _table, rows = read(sheet(["id"], before=gap))
    assert rows == [["id"], [], [], [], ["five"]]


# What is refused


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04 no zip", "cannot be read as XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old or encrypted file", "old format or has a pass"),
        (b"id,name\r\n1,\xff\r\n", "not in UTF-8"),
        (b'id,name\r\n1,"open', "cannot be read as CSV"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(raw, said):
    assert said in refusal(raw)


def zipped(**parts):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return raw.getvalue()


def test_other_zip_files_are_refused():
    assert "no XLSX file" in refusal(zipped(content_xml="<a/>", mimetype="spreadsheet"))
    assert "cannot be read as XLSX" in refusal(zipped(xl__workbook_xml="<a/>"))


def test_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    raw = zipped(xl__workbook_xml="<a/>", xl__worksheets__sheet1_xml=b" " * 101 * 1024 * 1024)
    assert len(raw) < 200_000
    monkeypatch.setattr(spreadsheets.Sheet, "load", lambda *args, **options: pytest.fail("opened"))
    assert "too large" in refusal(raw)


def test_zip_with_a_password_is_refused():
    raw = bytearray(zipped(xl__workbook_xml="<a/>"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    assert "password" in refusal(bytes(raw))


@pytest.mark.parametrize("part", ["sheet1", "workbook", "sharedStrings", "styles"])
def test_entities_are_refused(part):
    def attack(text):
        body = text.partition("?>")[2] if text.startswith("<?xml") else text
        return f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>{body.strip()}'

    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        book.add_worksheet().write_row(0, 0, ["id"])
    assert read(rewritten(raw.getvalue()))[1] == [["id"]]
    assert "cannot be read as XLSX" in refusal(rewritten(raw.getvalue(), **{part: attack}))


def test_row_of_a_number_that_no_sheet_has_ends_the_reading():
    def far(text):
        return text.replace("</sheetData>", '<row r="99999999999"/></sheetData>')

    assert "cannot be read as XLSX" in refusal(rewritten(sheet(["id"]), sheet1=far))


def test_sheet_that_breaks_off_is_refused():
    def cut(text):
        return text[: text.index("</sheetData>")]

    assert "cannot be read as XLSX" in refusal(rewritten(sheet(["id"], [1]), sheet1=cut))


def test_column_that_is_far_away_makes_no_wide_rows():
    def far(book):
        book.active.cell(1, 16_384, "x")

    rows = read(sheet(["id"], ["a"], before=far))[1]
    assert rows == [["id"], ["a"]]


def test_character_that_no_text_can_have_is_named():
    def half(text):
        return text.replace("MARK", "_xD800_")

    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        book.add_worksheet().write_row(0, 0, ["id", "MARK"])
    (row,) = read(rewritten(raw.getvalue(), sharedStrings=half))[1]
    assert isinstance(row[1], Unreadable)

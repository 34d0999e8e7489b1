"""Files that attack whoever reads them: refused in one sentence, before they cost anything."""

import io
import struct
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from localympact import import_pages, spreadsheets
from localympact.models import ImportedFile
from organizations.models import Organization
from tests.test_importing import FILES, bring, press, shown, written
from tests.test_spreadsheets import refusal, rewritten, sheet

pytestmark = pytest.mark.django_db

PARTS = ["sheet1", "workbook", "styles", "[Content_Types]", "app", "core"]
LAUGHS = "".join(f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 10))
DECLARED = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>', "&a9;"),
    "quadratic": (f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>', "&a;" * 5_000),
    "file": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
    "address": ('<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/x">]>', "&a;"),
    "parameter": ('<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>', ""),
}


def opened(*args, **options):
    pytest.fail("it was opened")


def archive(*parts, packing=zipfile.ZIP_DEFLATED):
    """Give a ZIP of (name, content)."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", packing) as file:
        for name, body in parts:
            file.writestr(name, body)
    return raw.getvalue()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", DECLARED)
def test_entities_of_a_sheet_are_refused(kind, part):
    declared, used = DECLARED[kind]

    def attack(text):
        body = text.partition("?>")[2] if text.startswith("<?xml") else text
        return declared + body.strip().replace("</", f"{used}</", 1)

    raw = rewritten(sheet(["id"], ["a"]), **{part: attack})
    # What nobody reads does no harm.
    if part == "app":
        assert spreadsheets.open_table(io.BytesIO(raw)).format == "xlsx"
    else:
        assert "cannot be read as XLSX" in refusal(raw)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_no_spreadsheet_uses_are_refused_unopened(monkeypatch, packing):
    """Their first kilobyte may give gigabytes, whatever size the part says it has."""
    monkeypatch.setattr(spreadsheets.Sheet, "load", opened)
    with zipfile.ZipFile(io.BytesIO(sheet(["id"], ["a"]))) as plain:
        raw = archive(*((name, plain.read(name)) for name in plain.namelist()), packing=packing)
    assert "cannot be read as XLSX" in refusal(raw)


@pytest.mark.parametrize(
    ("name", "size"),
    [("xl/worksheets/sheet1.xml", 101), ("xl/styles.xml", 5), ("docProps/core.xml", 5)],
)
def test_parts_that_unpack_to_much_are_refused_unopened(monkeypatch, name, size):
    monkeypatch.setattr(spreadsheets.Sheet, "load", opened)
    raw = archive(("xl/workbook.xml", "<a/>"), (name, b" " * size * 1024 * 1024))
    assert len(raw) < 200_000
    assert "too large when unpacked" in refusal(raw)


def test_many_parts_are_refused_unopened(monkeypatch):
    monkeypatch.setattr(spreadsheets.Sheet, "load", opened)
    monkeypatch.setattr(spreadsheets, "PARTS", 50)
    raw = archive(("xl/workbook.xml", "<a/>"), *((f"xl/{number}", "") for number in range(50)))
    assert "cannot be read as XLSX" in refusal(raw)


@pytest.mark.parametrize("said", [1, 0xFFFFFFFE])
def test_part_that_lies_about_its_size_is_refused(said):
    raw = bytearray(sheet(["id"], *(["a" * 100] for _ in range(500))))
    with zipfile.ZipFile(io.BytesIO(raw)) as plain:
        place = plain.getinfo("xl/worksheets/sheet1.xml")
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.index(place.filename.encode(), 0 if mark[2] == 3 else raw.index(b"PK\x01\x02"))
        start = raw.rindex(mark, 0, at)
        raw[start + offset : start + offset + 4] = struct.pack("<I", said)
    assert refusal(bytes(raw))


def test_parts_are_written_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(io.BytesIO(sheet(["id"], ["a"]))) as plain:
        parts = [(name, plain.read(name)) for name in plain.namelist()]
    names = ["../../evil.txt", "/evil.txt", "..\\evil.txt", "xl/../../evil.txt", "C:\\evil"]
    raw = archive(*parts, *((name, "evil") for name in names))
    table = spreadsheets.open_table(io.BytesIO(raw))
    assert list(table.rows()) == [["id"], ["a"]]
    assert not list(tmp_path.rglob("*"))
    assert not list(tmp_path.parent.glob("evil*"))


@pytest.mark.parametrize(
    "name", ["../../etc/x.csv", "a\r\nX: y.csv", "<xss>.csv", "a" * 400 + ".csv"]
)
def test_name_of_a_file_is_only_a_name(client, editor, name):
    client.force_login(editor)
    file = bring(client, "organizations", b"id,name_lv\n", name=name)
    assert "/" not in file.name
    assert "<xss>" not in shown(client, file)
    assert file.name in client.get(FILES).context["cl"].result_list[0].name


def test_file_that_is_too_large_is_told_so(client, editor, monkeypatch):
    client.force_login(editor)
    monkeypatch.setattr(import_pages, "LARGEST", 100)
    file = SimpleUploadedFile("a.csv", b"x" * 101)
    page = client.post(f"{FILES}add/", {"database": "organizations", "file": file})
    assert "more than 20 MB" in page.text
    assert not ImportedFile.objects.exists()


def test_request_that_is_too_large_is_refused_before_it_is_read(client, settings, monkeypatch):
    settings.LARGEST_REQUEST = 1000
    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest._load_post_and_files", opened)
    for address in ("/en/suggest/", "/admin/login/", "/en/", "/en/organizations/"):
        file = SimpleUploadedFile("a.csv", b"x" * 1001)
        page = client.post(address, {"file": file}, headers={"accept-language": "lv"})
        assert page.status_code == 400
        assert "<h1>" in page.text
    for length in ("-1", "x", "", "9" * 30):
        answer = client.get("/en/about/", CONTENT_LENGTH=length)
        assert answer.status_code in (200, 400)


# By chance

ANY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
WHOLE = sheet(["id", "name_lv", "municipality", "reach"], ["", "Koris", "talsi", "local"])
HEAD = b"id,name_lv,municipality,reach,summary_lv\r\n"


@pytest.fixture
def chance(client, editor):
    client.force_login(editor)
    return client


def attempt(browser, raw, name):
    """Bring a file, press all its buttons; give what is said of it."""
    Organization.objects.all().delete()
    file = bring(browser, "organizations", raw, name=name)
    assert shown(browser, file)
    expected = file.report.get("counts", {})
    _text, file = press(browser, file, "import")
    known = Organization.objects.count()
    assert known == (expected.get("new", 0) if file.state == "imported" else 0)
    assert not (expected.get("wrong") and known)
    return file


@ANY
@given(raw=st.one_of(st.binary(min_size=1), st.binary().map(lambda rest: HEAD + rest)))
@example(raw=b"\x00")
@example(raw=HEAD + b",Koris\x00,talsi,local,a\r\n")
@example(raw=HEAD + b",Koris\x0b\x1b,talsi,local,\xef\xbf\xbf\r\n")
@example(raw=HEAD + b',"' + b"a" * 1_000_100 + b'",talsi,local,\r\n')
@example(raw=HEAD + b"," * 100_000)
@example(raw=b"\xff\xfe\x00\xd8\x00\xd8")
def test_any_bytes_are_read_or_refused_as_csv(chance, raw):
    attempt(chance, raw, "a.csv")


@ANY
@given(data=st.data())
def test_any_damage_to_an_xlsx_file_is_read_or_refused(chance, data):
    raw = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    attempt(chance, bytes(raw) or b"x", "a.xlsx")


@ANY
@given(cells=st.lists(st.text(max_size=30), min_size=5, max_size=5))
@example(cells=["", "Koris\x00", "talsi", "local", ""])
@example(cells=["x" * 36, "=1+1", "talsi", "local", "\u2028"])
def test_any_cells_are_imported_whole_or_not_at_all(chance, cells):
    names = ["id", "name_lv", "municipality", "reach", "street"]
    rows = [
        dict(zip(names, ["", "Koris", "talsi", "local", ""], strict=True)),
        dict(zip(names, cells, strict=True)),
    ]
    attempt(chance, written(rows), "a.csv")

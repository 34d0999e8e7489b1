"""A list as a file: same entries, same order, nothing altered, nothing calculated."""

import csv
import io
import json
from unittest import mock

import openpyxl
import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from localympact.exports import escaped, unescaped
from organizations.models import Organization
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
)

pytestmark = pytest.mark.django_db

SIX = ["lv", "en", "pt", "sv", "lt", "el"]


def six(field):
    return [f"{field}_{code}" for code in SIX]


ORIGIN = [
    "verified_on", "verified_by", "provenance", "source", "created", "updated",
    *six("text_state"),
]  # fmt: skip
COLUMNS = {
    "organizations": [
        "id", "slug", "url", "municipality", "country", *six("name"), "type", "topics",
        "audiences", *six("summary"), "reach", *six("reach_note"), "website", "email", "phone",
        "street", "postal_code", "town", "latitude", "longitude", "founded",
        "registration_number", "languages", "seeks_partners", *six("seeks"), *ORIGIN,
    ],
    "collaborations": [
        "id", "slug", "url", "municipality", "country", *six("name"), *six("summary"),
        *six("participants"), "organizations", "form", "topics", "audiences", *six("period"),
        "started", "ended", *six("results"), "website", *ORIGIN,
    ],
    "needs": [
        "id", "slug", "url", "cause", "kind", "side", "level", "municipality", "countries",
        *six("name"), *six("summary"), "topics", "collaborations", *ORIGIN,
    ],
}  # fmt: skip


def content(answer):
    return b"".join(answer.streaming_content)


def read_csv(answer, delimiter=","):
    text = content(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_file_has_the_columns_of_the_design_in_every_language(client, app, make):
    make()
    for language in SIX:
        answer = client.get(f"/{language}/{app}/export.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert list(read_csv(answer)[0]) == COLUMNS[app]


def test_csv_is_rfc_4180_with_a_byte_order_mark(client, app, make):
    make(summary_en='A "quoted", text\nin two lines')
    raw = content(client.get(f"/en/{app}/export.csv"))
    assert raw.startswith(b"\xef\xbb\xbfid,slug,")
    assert b'"A ""quoted"", text\nin two lines"' in raw
    assert raw.endswith(b"Z,,,,,,\r\n")


def test_csv_with_semicolons(client, app, make):
    make(name_en="Choir")
    rows = read_csv(client.get(f"/en/{app}/export.csv", {"separator": "semicolon"}), ";")
    assert [row["name_en"] for row in rows] == ["Choir"]


def test_file_holds_the_entries_of_the_list_in_its_order(client, app, make):
    topic = make_topic(slug="music")
    for number in range(30):
        make(name_lv=f"Koris {number:02}", topics=[topic])
    make(name_lv="Draft", topics=[topic], status="draft")
    make(name_lv="Other")
    asked = {"topic": "music", "sort": "name", "page": "2"}
    rows = read_csv(client.get(f"/lv/{app}/export.csv", asked))
    assert [row["name_lv"] for row in rows] == [f"Koris {number:02}" for number in range(30)]


def test_organization_is_written_cell_by_cell(client):
    topics = [make_topic(slug=slug) for slug in ("sport", "music")]
    entry = make_organization(
        name_lv="Koris",
        topics=topics,
        town=make_town("Roja"),
        latitude=57.50146,
        longitude=-8.0,
        phone="+371 2000 0000",
        languages=["lv", "en"],
        seeks_partners=True,
        founded=1994,
    )
    (row,) = read_csv(client.get("/en/organizations/export.csv"))
    assert {name: cell for name, cell in row.items() if cell} == {
        "id": str(entry.uuid),
        "slug": "koris",
        "url": f"http://testserver/id/{entry.uuid}",
        "municipality": "talsi",
        "country": "LV",
        "name_lv": "Koris",
        "topics": "music|sport",
        "reach": "local",
        "town": "Roja",
        "phone": "+371 2000 0000",
        "latitude": "57.50146",
        "longitude": "-8.0",
        "founded": "1994",
        "languages": "en|lv",
        "seeks_partners": "true",
        "provenance": "adjacent",
        "created": entry.created.isoformat().replace("+00:00", "Z"),
        "updated": entry.updated.isoformat().replace("+00:00", "Z"),
    }


def test_links_are_slugs(client):
    organization = make_organization(name_en="Choir")
    collaboration = make_collaboration(name_en="Concerts", organizations=[organization])
    make_need(level="several", countries=["LV", "BY"], collaborations=[collaboration])
    (row,) = read_csv(client.get("/en/collaborations/export.csv"))
    assert row["organizations"] == "choir"
    (row,) = read_csv(client.get("/en/needs/export.csv"))
    assert (row["collaborations"], row["countries"], row["municipality"]) == (
        "concerts",
        "BY|LV",
        "",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_text_that_looks_like_a_formula_is_written_as_text(client, app, make, start):
    attack = f"{start}cmd|' /C calc'!A0"
    make(name_en=attack)
    (row,) = read_csv(client.get(f"/en/{app}/export.csv"))
    assert row["name_en"] == f"'{attack}"


def test_telephone_number_that_is_none_is_written_as_text(client):
    make_organization(phone="=1+1")
    (row,) = read_csv(client.get("/en/organizations/export.csv"))
    assert row["phone"] == "'=1+1"


@pytest.mark.parametrize("text", ["=1", "'=1", "''", "plain", "", "-", "'t Hart", "a'b"])
def test_apostrophe_is_taken_away_as_it_was_put(text):
    assert unescaped(escaped(text)) == text


def test_xlsx_holds_texts_and_numbers_and_no_formula(client, app, make):
    entry = make(name_en="=1+1", summary_en="http://a.example/ text")
    answer = client.get(f"/en/{app}/export.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content(answer)))
    head, row = book.active.iter_rows()
    cells = dict(zip([cell.value for cell in head], row, strict=True))
    assert list(cells) == COLUMNS[app]
    assert cells["name_en"].value == "=1+1"
    assert cells["name_en"].data_type == "s"
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in row)
    assert cells["id"].value == str(entry.uuid)


def test_xlsx_writes_coordinates_as_numbers(client):
    make_organization(latitude=57.5, longitude=22.8)
    book = openpyxl.load_workbook(io.BytesIO(content(client.get("/en/organizations/export.xlsx"))))
    column = COLUMNS["organizations"].index("latitude")
    assert book.active.cell(2, column + 1).value == 57.5


def test_json_holds_the_same_columns(client, app, make):
    entry = make(name_el="Χορωδία", topics=[make_topic(slug="music")])
    answer = client.get(f"/en/{app}/export.json")
    assert answer.headers["Content-Type"] == "application/json"
    (record,) = json.loads(content(answer))
    assert list(record) == COLUMNS[app]
    assert record["id"] == str(entry.uuid)
    assert record["name_el"] == "Χορωδία"
    assert record["topics"] == ["music"]
    assert record["verified_on"] is None


@pytest.mark.parametrize("format", ["json", "geojson"])
def test_empty_list_is_a_valid_file(client, format):
    document = json.loads(content(client.get(f"/en/organizations/export.{format}")))
    assert document in ([], {"type": "FeatureCollection", "features": []})


def test_geojson_has_points_and_keeps_entries_without_a_place(client):
    make_organization(name_en="Choir", latitude=57.5, longitude=22.8)
    make_organization(name_en="Band")
    answer = client.get("/en/organizations/export.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    document = json.loads(content(answer))
    assert document["type"] == "FeatureCollection"
    assert [
        (feature["type"], feature["properties"]["name_en"], feature["geometry"])
        for feature in document["features"]
    ] == [
        ("Feature", "Band", None),
        ("Feature", "Choir", {"type": "Point", "coordinates": [22.8, 57.5]}),
    ]


def test_file_name_says_what_and_when(client, app, make, freeze_day):
    make()
    disposition = client.get(f"/en/{app}/export.xlsx").headers["Content-Disposition"]
    assert disposition == f'attachment; filename="localympact-{app}-2026-03-02.xlsx"'


@pytest.fixture
def freeze_day():
    import datetime

    with mock.patch(
        "localympact.exports.timezone.localdate", return_value=datetime.date(2026, 3, 2)
    ):
        yield


def test_list_links_its_files_with_its_filters(client, app, make):
    make(topics=[make_topic(slug="music")])
    text = client.get(f"/en/{app}/", {"topic": "music", "page": "1"}).text
    for format in ("csv", "xlsx", "json"):
        assert f'href="export.{format}?topic=music"' in text


def test_file_makes_the_same_queries_for_1_and_100_rows(client, app, make):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            content(client.get(f"/en/{app}/export.csv"))
        return len(captured)

    place = make_municipality()
    make(municipality=place, topics=[make_topic()])
    one = queries()
    for _ in range(99):
        make(municipality=place, topics=[make_topic()])
    assert queries() == one


def test_failure_before_the_first_row_is_no_short_file(client, app, make):
    client.raise_request_exception = False
    make()
    with mock.patch("localympact.exports.Resource.rows", side_effect=DatabaseError):
        assert client.get(f"/en/{app}/export.csv").status_code == 500


def test_file_is_streamed(client):
    place = make_municipality()
    Organization.objects.bulk_create(
        Organization(name_en=f"Choir {n}", slug=f"choir-{n}", municipality=place,
                     reach="local", status="published")
        for n in range(1000)
    )  # fmt: skip
    answer = client.get("/en/organizations/export.csv")
    assert answer.streaming
    assert len(list(answer.streaming_content)) > 3

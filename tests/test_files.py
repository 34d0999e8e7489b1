"""A list as a file: same entries, same order, nothing altered, nothing calculated."""

import csv
import gzip
import io
import json
import re
from unittest import mock
from urllib.parse import unquote

import openpyxl
import pytest
from django.db import DatabaseError, connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from localympact import editions
from localympact.columns import escaped, unescaped
from localympact.exports import Resource
from localympact.importing import RESOURCES
from localympact.models import Edition
from localympact.tables import TABLES
from localympact.texts import pick
from organizations.models import Organization, TextState
from tests.factories import (
    MAKERS,
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
)
from tests.worlds import FILTERS

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
        "longitude": "-8",
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


def test_empty_list_is_a_file_with_a_head(client, app):
    raw = content(client.get(f"/en/{app}/export.csv"))
    assert raw.decode("utf-8-sig") == ",".join(COLUMNS[app]) + "\r\n"
    assert content(client.get(f"/en/{app}/export.ndjson")) == b""


def test_ndjson_has_one_record_a_line(client, app, make):
    make(name_en="Choir", summary_en="Two\nlines")
    make(name_en="Band")
    answer = client.get(f"/en/{app}/export.ndjson", {"sort": "name"})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    records = [json.loads(line) for line in content(answer).splitlines()]
    assert [record["name_en"] for record in records] == ["Band", "Choir"]
    assert records == json.loads(content(client.get(f"/en/{app}/export.json", {"sort": "name"})))


def test_geojson_has_points_and_keeps_entries_without_a_place(client):
    make_organization(name_en="Choir", latitude=57.5, longitude=22.8)
    make_organization(name_en="Band")
    make_organization(name_en="Dancers", town=make_town(latitude=57.25, longitude=22.5))
    answer = client.get("/en/organizations/export.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    document = json.loads(content(answer))
    assert document["type"] == "FeatureCollection"
    assert [
        (
            feature["properties"]["name_en"],
            feature["geometry"],
            feature["properties"]["geometry_of"],
        )
        for feature in document["features"]
    ] == [
        ("Band", None, None),
        ("Choir", {"type": "Point", "coordinates": [22.8, 57.5]}, "organization"),
        ("Dancers", {"type": "Point", "coordinates": [22.5, 57.25]}, "town"),
    ]


def test_file_name_says_what_and_when(client, app, make, freeze_day):
    make()
    disposition = client.get(f"/en/{app}/export.xlsx").headers["Content-Disposition"]
    assert disposition.startswith(f'attachment; filename="localympact-{app}-2026-03-02.xlsx";')


def test_file_name_is_also_in_the_language_of_the_reader(client, freeze_day):
    disposition = client.get("/el/organizations/export.csv").headers["Content-Disposition"]
    _plain, _star, told = disposition.partition("filename*=UTF-8''")
    assert unquote(told) == "LOCAL-Y-MPACT Οργανώσεις 2026-03-02.csv"
    assert "/" not in disposition


@pytest.fixture
def freeze_day():
    import datetime

    with mock.patch(
        "localympact.downloads.timezone.localdate", return_value=datetime.date(2026, 3, 2)
    ):
        yield


def test_list_links_its_files_with_its_filters(client, app, make):
    make(topics=[make_topic(slug="music")])
    text = client.get(f"/en/{app}/", {"topic": "music", "page": "1"}).text
    for format in ("csv", "xlsx", "json", "ndjson"):
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
    with mock.patch.object(Resource, "chunks", side_effect=DatabaseError):
        assert client.get(f"/en/{app}/export.csv").status_code == 500


def broken_after_the_first_chunk(resource, source):
    """Give the chunks of a Resource, and let the database be gone after the first of them."""
    for chunk in CHUNKS(resource, source):
        yield chunk
        raise DatabaseError


CHUNKS = Resource.chunks


@pytest.mark.parametrize("format", ["csv", "json", "ndjson", "geojson"])
def test_file_that_breaks_says_so_in_its_last_line(client, format):
    make_many_organizations(250)
    with mock.patch.object(Resource, "chunks", broken_after_the_first_chunk):
        answer = client.get(f"/en/organizations/export.{format}")
        came = []
        with pytest.raises(DatabaseError):
            came.extend(answer.streaming_content)
    assert b"Choir" in came[0]
    assert came[-1].splitlines()[-1] == f"ERROR: this file is incomplete ({format}).".encode()
    if "json" in format:
        with pytest.raises(ValueError, match="."):
            [json.loads(line) for line in b"".join(came).splitlines()]


def make_many_organizations(number):
    place = make_municipality()
    Organization.objects.bulk_create(
        Organization(name_en=f"Choir {n:05}", slug=f"choir-{n}", municipality=place,
                     reach="local", status="published")
        for n in range(number)
    )  # fmt: skip


def test_file_is_streamed_and_begins_with_its_first_row(client):
    make_many_organizations(1000)
    answer = client.get("/en/organizations/export.csv")
    assert answer.streaming
    first, *rest = answer.streaming_content
    assert first.count(b"\r\n") == 2
    assert len(rest) > 1


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_file_of_several_chunks_is_in_order_and_whole(client, format):
    make_many_organizations(2500)
    lines = content(client.get(f"/en/organizations/export.{format}")).decode().splitlines()
    names = [re.search(r"Choir \d{5}", line)[0] for line in lines if "Choir" in line]
    assert names == [f"Choir {n:05}" for n in range(2500)]


# What can be chosen of a file


def test_file_holds_the_chosen_columns_only(client, app, make):
    entry = make(name_lv="Koris", name_en="Choir")
    rows = read_csv(client.get(f"/en/{app}/export.csv", {"columns": ["id,name"]}))
    assert list(rows[0]) == ["id", *six("name")]
    assert (rows[0]["id"], rows[0]["name_lv"]) == (str(entry.uuid), "Koris")
    again = read_csv(client.get(f"/en/{app}/export.csv", {"columns": ["id", "name"]}))
    assert again == rows


@pytest.mark.parametrize("format", ["csv", "json"])
def test_texts_in_one_language_say_which_they_are_in(client, app, make, format):
    make(name_lv="Koris", name_en="Choir", summary_en="Sings")
    asked = {"columns": "name,summary", "texts": "lv"}
    answer = client.get(f"/en/{app}/export.{format}", asked)
    rows = read_csv(answer) if format == "csv" else json.loads(content(answer))
    assert rows == [
        {"name": "Koris", "name_language": "lv", "summary": "Sings", "summary_language": "en"}
    ]


def test_text_that_nobody_wrote_has_no_language(client):
    make_organization(name_en="Choir")
    asked = {"columns": "summary,seeks", "texts": "lv"}
    (row,) = read_csv(client.get("/en/organizations/export.csv", asked))
    assert row == {"summary": "", "summary_language": "", "seeks": "", "seeks_language": ""}


def test_texts_of_a_file_are_those_of_the_page(client, app, seed):
    for reader in ("lv", "el"):
        rows = read_csv(client.get(f"/en/{app}/export.csv", {"texts": reader}))
        model = MAKERS[app]().__class__
        entries = {str(entry.uuid): entry for entry in model.objects.published()}
        for row in rows:
            for field in ("name", "summary"):
                shown = pick(entries[row["id"]], field, reader=reader)
                cell = unescaped(row[field]) if row[field].startswith("'") else row[field]
                assert (cell, row[f"{field}_language"]) == (shown, shown.lang or "")


def test_origin_of_a_text_is_that_of_the_text_that_is_shown(client):
    entry = make_organization(name_en="Choir", summary_en="Sings", summary_lv="Dzied")
    TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    TextState.objects.create(
        entry=entry.uuid, language="lv", origin="machine", source_language="en",
        source_digest="old", checked_on="2026-01-01",
    )  # fmt: skip
    states = {
        texts: read_csv(client.get("/en/organizations/export.csv", {"texts": texts}))[0]
        for texts in ("all", "lv", "el")
    }
    assert states["all"]["text_state_lv"] == "machine|checked|outdated"
    assert states["all"]["text_state_en"] == "original"
    assert states["lv"]["text_state"] == "machine|checked|outdated"
    assert states["el"]["text_state"] == "original"


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        ({}, b"\xef\xbb\xbfid,slug"),
        ({"bom": "no"}, b"id,slug"),
        ({"separator": "tab", "bom": "no"}, b"id\tslug"),
        ({"separator": "semicolon", "bom": "yes"}, b"\xef\xbb\xbfid;slug"),
    ],
)
def test_csv_is_written_as_it_is_asked_for(client, app, make, asked, start):
    make()
    assert content(client.get(f"/en/{app}/export.csv", asked)).startswith(start)


@pytest.mark.parametrize(
    "asked",
    [{"columns": "id,salary"}, {"texts": "de"}, {"separator": "pipe"}, {"bom": "maybe"}],
)
def test_unknown_choice_is_a_message_and_no_file(client, app, asked):
    answer = client.get(f"/lv/{app}/export.csv", asked)
    assert answer.status_code == 400
    assert answer.text.startswith(next(iter(asked)) + ": ")


def test_page_of_choices_keeps_the_filters_and_leads_to_the_file(client, app, make):
    make(topics=[make_topic(slug="music")])
    make()
    page = client.get(f"/en/{app}/download/", {"topic": "music"})
    assert '<input type="hidden" name="topic" value="music">' in page.text
    assert "1 entry" in page.text
    chosen = {"columns": ["id", "name"], "texts": "lv", "separator": "semicolon", "bom": "yes"}
    answer = client.get(f"/en/{app}/download/", {"topic": "music", "format": "csv"} | chosen)
    assert answer.status_code == 302
    assert answer.url == (
        f"/en/{app}/export.csv?topic=music&columns=id,name&texts=lv&separator=semicolon"
    )
    assert client.get(answer.url).status_code == 200


def test_page_of_choices_says_what_is_wrong(client, app):
    page = client.get(f"/en/{app}/download/", {"format": "csv", "texts": "de"})
    assert page.status_code == 200
    assert "Please look at what is marked below." in page.text
    page = client.get(f"/en/{app}/download/", {"topic": "nothing-such"})
    assert "A filter in this address has a value that does not exist" in page.text


def test_file_names_no_entry_that_is_not_published(client):
    hidden = make_organization(name_en="Hidden choir", status="draft")
    shown = make_organization(name_en="Choir")
    collaboration = make_collaboration(name_en="Concert", organizations=[hidden, shown])
    make_need(collaborations=[collaboration, make_collaboration(status="archived")])
    (row,) = read_csv(client.get("/en/collaborations/export.csv"))
    assert row["organizations"] == "choir"
    (row,) = read_csv(client.get("/en/needs/export.csv"))
    assert row["collaborations"] == "concert"


def test_entry_that_is_archived_while_a_file_is_written_is_left_out(app, make):
    entry, other = make(name_en="Choir"), make(name_en="Band")
    model = type(entry)
    found = FILTERS[model](QueryDict(), queryset=model.objects.published()).found
    assert found.total == 2
    model.objects.filter(pk=entry.pk).update(status="archived")
    ids = [record["id"] for record in RESOURCES[app]().records(found)]
    assert ids == [str(other.uuid)]


def test_file_of_links_has_a_name_that_its_reader_understands(client, db):
    disposition = client.get("/lv/data/need_collaborations.csv").headers["Content-Disposition"]
    _plain, _star, told = disposition.partition("filename*=UTF-8''")
    with translation.override("lv"):
        assert str(TABLES["need_collaborations"].title()) in unquote(told)


def test_file_makes_one_question_for_its_edition(client, app, make):
    make()
    with CaptureQueriesContext(connection) as captured:
        content(client.get(f"/en/{app}/export.csv"))
    asked = [query for query in captured if "localympact_edition" in query["sql"]]
    assert len(asked) == 1


@pytest.mark.parametrize("suffix", ["/export.csv", "/feed.atom", ".json"])
def test_unchanged_answer_says_what_the_whole_one_said(client, app, make, suffix):
    make()
    whole = client.get(f"/en/{app}{suffix}")
    same = client.get(f"/en/{app}{suffix}", headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304
    for name in ("ETag", "Last-Modified", "Cache-Control"):
        assert same.headers[name] == whole.headers[name]


# What caches and programs are told


def test_head_tells_all_without_the_file(client, app, make):
    make()
    with mock.patch.object(Resource, "chunks", side_effect=AssertionError):
        told = client.head(f"/en/{app}/export.csv")
    whole = client.get(f"/en/{app}/export.csv")
    assert told.status_code == 200
    assert content(told) == b""
    # Nobody knows how long the file will be.
    assert "Content-Length" not in told.headers
    for name in ("Content-Type", "Content-Disposition", "ETag", "Last-Modified", "Link"):
        assert told.headers[name] == whole.headers[name]


def test_file_that_is_unchanged_is_not_sent_again(client, app, make):
    entry = make(name_en="Choir")
    etag = client.get(f"/en/{app}/export.csv").headers["ETag"]
    same = client.get(f"/en/{app}/export.csv", headers={"If-None-Match": etag})
    assert (same.status_code, same.headers["ETag"]) == (304, etag)
    entry.name_en = "Band"
    entry.save()
    other = client.get(f"/en/{app}/export.csv", headers={"If-None-Match": etag})
    assert other.status_code == 200
    assert b"Band" in content(other)


def changes_of_an_organization():
    """Give the ways in which what a file of organisations holds can change, by name."""
    topic, town = make_topic(slug="music"), make_town("Roja")
    entry = make_organization(name_en="Choir", topics=[topic], town=town)
    collaboration = make_collaboration(name_en="Concert")
    state = TextState.objects.create(entry=entry.uuid, language="en", origin="original")
    return {
        "a save": lambda: entry.save(),
        "an update of many": lambda: Organization.objects.update(reach="national"),
        "a link": lambda: entry.topics.add(make_topic()),
        "no link any more": lambda: entry.topics.clear(),
        "a link of another": lambda: collaboration.organizations.add(entry),
        "a term": lambda: topic.save(),
        "a town": lambda: type(town).objects.filter(pk=town.pk).update(name="Rojas"),
        "the origin of a text": lambda: state.save(),
        "origins of texts": lambda: TextState.objects.update(checked_on="2026-01-01"),
        "a new entry": lambda: make_organization(),
        "many new ones": lambda: make_many_organizations(3),
        "a deletion": lambda: collaboration.delete(),
    }


def test_every_way_of_changing_content_begins_a_new_edition(client, db):
    for name, change in changes_of_an_organization().items():
        before = editions.now().name
        change()
        assert editions.now().name != before, name


def test_edition_changes_also_when_an_earlier_number_is_committed_late(db):
    Edition.objects.create(pk=6)
    before = editions.now()
    Edition.objects.create(pk=5)
    assert editions.now().name != before.name


def test_old_editions_are_forgotten(db):
    for _ in range(editions.KEPT * 3):
        editions.begin()
    assert Edition.objects.count() <= editions.KEPT * 2


def test_file_is_packed_for_whoever_can_unpack_it(client, app, make):
    for _ in range(5):
        make()
    plain = content(client.get(f"/en/{app}/export.csv"))
    answer = client.get(f"/en/{app}/export.csv", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(content(answer)) == plain
    packed = client.get(f"/en/{app}/export.xlsx", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in packed.headers


def test_csv_links_its_description_and_its_licence(client, app):
    link = client.get(f"/lv/{app}/export.csv", {"columns": "id"}).headers["Link"]
    assert (
        f'<http://testserver/lv/{app}/export.csv-metadata.json?columns=id>; rel="describedby"; '
        'type="application/csvm+json"'
    ) in link
    assert 'by/4.0/>; rel="license"' in link


def test_both_ways_of_writing_csv_give_the_same_cells(client, app, seed):
    """PostgreSQL writes CSV itself; every cell is what Python writes of it."""
    resource_class = RESOURCES[app]
    for choices in ({}, {"texts": "lt"}):
        resource = resource_class(base="http://testserver/", **choices)
        source = resource.model.objects.published().order_by("pk")
        told = {"texts": choices.get("texts", "all"), "sort": "newest"}
        rows = list(csv.reader(io.StringIO(
            content(client.get(f"/en/{app}/export.csv", told)).decode("utf-8-sig"), newline="",
        )))[1:]  # fmt: skip
        assert sorted(rows) == sorted(resource.texts(source))

"""A file read back: a known id updates, an empty one creates, all or nothing."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from collaborations.models import Collaboration
from needs.models import Need
from organizations.models import Organization
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_organization,
    make_topic,
    make_town,
)

pytestmark = pytest.mark.django_db


def export(client, app):
    """Give the CSV file of a whole list."""
    return b"".join(client.get(f"/en/{app}/export.csv").streaming_content)


def rows_of(raw):
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def write(rows, separator=","):
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


@pytest.fixture
def load(tmp_path, capsys):
    """Import a file; give what the command wrote to its two streams."""

    def load(app, raw, **options):
        path = tmp_path / "file.csv"
        path.write_bytes(raw)
        capsys.readouterr()
        call_command("import_entries", app, str(path), **options)
        return capsys.readouterr()

    return load


def history(model):
    """Give what an import that changes nothing must leave alone."""
    return list(model.objects.rewrite(False).order_by("pk").values())


@pytest.mark.parametrize(
    ("app", "model"),
    [("organizations", Organization), ("collaborations", Collaboration), ("needs", Need)],
)
def test_export_import_export_is_identical(client, seed, load, app, model):
    model.objects.filter(pk=model.objects.first().pk).update(
        name_el="=cmd|' /C calc'!A0", summary_lv="'“a”,\n\r\n; b", summary_pt=" spaced "
    )
    before, raw = history(model), export(client, app)
    assert load(app, raw).out == f"0 new, 0 changed, {len(before)} same, 0 wrong.\n"
    assert history(model) == before
    assert export(client, app) == raw


@pytest.mark.parametrize(
    ("app", "model"),
    [("organizations", Organization), ("collaborations", Collaboration), ("needs", Need)],
)
def test_one_changed_cell_changes_one_entry(client, seed, load, app, model):
    before = {entry["id"]: entry for entry in history(model)}
    rows = rows_of(export(client, app))
    rows[7]["summary_lt"] = "Nauja santrauka"
    assert ": summary_lt\n" in load(app, write(rows)).out
    changed = [entry for entry in history(model) if entry != before[entry["id"]]]
    assert [entry["summary_lt"] for entry in changed] == ["Nauja santrauka"]
    assert changed[0]["updated"] > before[changed[0]["id"]]["updated"]
    assert model.objects.search("nauja santrauka").count() == 1


def test_semicolons_are_recognised(client, load):
    make_organization(name_en="Choir")
    rows = rows_of(export(client, "organizations"))
    rows[0]["name_en"] = "Choir, mixed"
    load("organizations", write(rows, ";"))
    assert Organization.objects.get().name_en == "Choir, mixed"


def test_row_without_id_becomes_a_draft(talsi, load):
    make_topic(slug="music")
    make_town("Roja")
    row = {
        "id": "",
        "municipality": "talsi",
        "name_lv": "Žagatu koris",
        "topics": "music",
        "reach": "local",
        "town": "Roja",
        "phone": "+371 2000 0000",
        "seeks_partners": "true",
        "languages": "lv|en",
        "latitude": "57.5",
        "longitude": "22.8",
        "verified_on": "",
    }
    out = load("organizations", write([row, row])).out
    assert "Row 2: new: Žagatu koris" in out
    first, second = Organization.objects.order_by("pk")
    assert (first.slug, second.slug) == ("zagatu-koris", "zagatu-koris-2")
    assert first.status == "draft"
    assert [topic.slug for topic in second.topics.all()] == ["music"]
    assert (first.town.name, first.phone, first.languages) == (
        "Roja",
        "+371 2000 0000",
        ["en", "lv"],
    )
    assert list(Organization.objects.search("zagatas koris")) == [first, second]


def test_columns_that_are_not_in_the_file_stay(load):
    entry = make_organization(name_en="Choir", website="https://choir.example/")
    load("organizations", write([{"id": str(entry.uuid), "name_en": "Band"}]))
    entry.refresh_from_db()
    assert (entry.name_en, entry.website, entry.slug) == ("Band", "https://choir.example/", "choir")


def test_links_are_replaced_and_removed(load):
    entry = make_organization(topics=[make_topic(slug="music"), make_topic(slug="sport")])
    make_topic(slug="work")
    load("organizations", write([{"id": str(entry.uuid), "topics": "work|sport"}]))
    assert {topic.slug for topic in entry.topics.all()} == {"work", "sport"}
    load("organizations", write([{"id": str(entry.uuid), "topics": ""}]))
    assert not entry.topics.exists()


def test_dry_run_says_what_would_happen_and_changes_nothing(talsi, load):
    entry = make_organization(name_en="Choir")
    rows = [
        {"id": str(entry.uuid), "name_en": "Band", "municipality": "talsi", "reach": "local"},
        {"id": "", "name_en": "Club", "municipality": "talsi", "reach": "local"},
    ]
    out = load("organizations", write(rows), dry_run=True).out
    assert "Row 2: changed: Band: name_en" in out
    assert "Row 3: new: Club" in out
    assert "1 new, 1 changed, 0 same, 0 wrong." in out
    assert [str(organization) for organization in Organization.objects.all()] == ["Choir"]


def test_every_wrong_cell_is_named_and_nothing_is_imported(load, capsys, talsi):
    entry = make_organization(name_en="Choir", slug="choir")
    good = {"municipality": "talsi", "reach": "local"}
    rows = [
        {"id": str(entry.uuid), "name_en": "Band", **good},
        {"id": "", "name_en": "Club", "municipality": "riga", "reach": "global"},
        {"id": "nonsense", "name_en": "A", **good},
        {"id": "00000000-0000-4000-8000-000000000000", "name_en": "B", **good},
        {"id": str(entry.uuid), "name_en": "C", **good},
        {"id": "", "name_en": "D", "founded": "long ago", "latitude": "57°5", **good},
        {"id": "", "name_en": "E", "topics": "music|none-such", "website": "no address", **good},
        {"id": "", "name_en": "F", "slug": "choir", **good},
        {"id": "", "name_en": "", **good},
        {"id": "", "name_en": "G", "latitude": "95", "longitude": "0", **good},
        {"id": "", "name_en": "H", "verified_on": "2026-13-01", "seeks_partners": "yes", **good},
        {"id": "", "name_en": "I", "languages": "xx", "phone": "call me", **good},
        {"id": "", "name_en": "J", "slug": "none", **good},
        {"id": "", "name_en": "K\x00", **good},
        {"id": "", "name_en": "L", "founded": "3000", **good},
    ]
    names = {name: "" for row in rows for name in row}
    with pytest.raises(CommandError, match="Nothing was imported"):
        load("organizations", write([names | row for row in rows]))
    said = capsys.readouterr().err
    for problem in (
        "Row 3, column municipality: There is no “riga” here.",
        "Row 3, column reach: ",
        "Row 4, column id: This is not an id.",
        "Row 5, column id: There is no entry with this id.",
        f"Row 6, column id: “{entry.uuid}” stands in an earlier row too.",
        "Row 7, column founded: ",
        "Row 7, column latitude: ",
        "Row 8, column topics: There is no “music, none-such” here.",
        "Row 8, column website: Enter a valid URL.",
        "Row 9, column slug: ",
        "Row 10: Give a name in at least one language.",
        "Row 11: Give a latitude between -90 and 90",
        "Row 12, column verified_on: ",
        "Row 12, column seeks_partners: Write true or false.",
        "Row 13, column languages: xx: no such code.",
        "Row 13, column phone: Write digits and spaces",
        "Row 14, column slug: “none” is a reserved word.",
        "Row 15, column name_en: There is a character here that no text can have",
        "Row 16: Give a year between 1000 and 2100.",
    ):
        assert problem in said, problem
    assert [str(organization) for organization in Organization.objects.all()] == ["Choir"]


def test_address_cannot_be_changed(load):
    entry = make_organization(name_en="Choir")
    with pytest.raises(CommandError):
        load("organizations", write([{"id": str(entry.uuid), "slug": "band"}]))
    entry.refresh_from_db()
    assert entry.slug == "choir"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The column “id” is missing"),
        (b"name_en\r\nChoir\r\n", "The column “id” is missing"),
        (b"id,name\r\n,Choir\r\n", "There is no column “name”"),
        (b"id,name_en,name_en\r\n", "stands there twice"),
        (b"id,name_en\r\n,Ch\xffoir\r\n", "not in UTF-8"),
        (b'id,name_en\r\n,"Choir\r\n', "cannot be read as CSV"),
        (b"PK\x03\x04\x00\x00", "cannot be read as XLSX"),
    ],
)
def test_file_that_cannot_be_read_is_refused_in_one_sentence(load, raw, said):
    with pytest.raises(CommandError, match=said):
        load("organizations", raw)


def test_row_of_another_length_is_named(load, capsys):
    with pytest.raises(CommandError):
        load("organizations", b"id,name_en\r\n,Choir,Band\r\n,Club\r\n")
    assert "Row 2: This row has 3 cells, the first one 2." in capsys.readouterr().err
    with pytest.raises(CommandError):
        load("organizations", b"id,name_en,reach\r\n,Choir\r\n,Club,global\r\n")
    said = capsys.readouterr().err
    assert "Row 2: This row has 2 cells, the first one 3." in said
    assert "Row 3, column reach: " in said


def test_rows_are_numbered_as_in_a_spreadsheet(load, capsys):
    with pytest.raises(CommandError):
        load("organizations", b'id,name_en\r\n,"Choir\nof\nTalsi"\r\n\r\nnonsense,Club\r\n')
    assert "Row 4, column id: This is not an id." in capsys.readouterr().err


def test_need_is_imported_with_its_countries(load, seed):
    row = {
        "id": "",
        "cause": "resources-and-rules",
        "kind": "need",
        "side": "both",
        "level": "several",
        "municipality": "",
        "countries": "SE|LV",
        "name_en": "Rooms",
    }
    load("needs", write([row]))
    assert Need.objects.get(name_en="Rooms").countries == ["LV", "SE"]
    with pytest.raises(CommandError):
        load("needs", write([row | {"level": "national", "name_en": "Halls"}]))
    assert not Need.objects.filter(name_en="Halls").exists()


def test_import_needs_few_queries_for_many_rows(talsi, load, django_assert_max_num_queries):
    make_municipality("braga")
    rows = [
        {"id": "", "name_en": f"Choir {number}", "municipality": "talsi", "reach": "local"}
        for number in range(1000)
    ]
    with django_assert_max_num_queries(200, connection=connection):
        load("organizations", write(rows))
    assert Organization.objects.count() == 1000


def test_link_to_an_unpublished_entry_is_in_no_file_and_survives_an_import(client, load):
    shown, hidden, other = (
        make_organization(name_en="Choir"),
        make_organization(name_en="Band", status="draft"),
        make_organization(name_en="Club"),
    )
    entry = make_collaboration(organizations=[shown, hidden])
    (row,) = rows_of(export(client, "collaborations"))
    assert row["organizations"] == "choir"
    assert "0 new, 0 changed" in load("collaborations", write([row])).out
    load("collaborations", write([row | {"organizations": "club"}]))
    assert set(entry.organizations.all()) == {other, hidden}

"""The page about the data and the dictionary: what they say is what the database holds."""

import csv
import datetime
import io
import re
from collections import Counter

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collaborations.models import Collaboration
from localympact import dictionary, snapshots
from localympact.columns import Group
from localympact.examples import EXAMPLES
from localympact.tables import TABLES
from localympact.templatetags.portal import number
from localympact.texts import LANGUAGES
from needs.models import Need
from organizations.models import Municipality, Organization, TextState
from tests.factories import MAKERS, make_municipality, make_need, make_organization, make_town

pytestmark = pytest.mark.django_db

PAGES = ["/data/", "/data/dictionary/", "/data/dictionary.csv"]
ENTRIES = {"organizations": Organization, "collaborations": Collaboration, "needs": Need}


def body(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def read(client, address):
    """Give the document of a page."""
    return html5lib.parse(body(client.get(address)), namespaceHTMLElements=False)


def words(element):
    """Give the text of an element as somebody reads it."""
    return " ".join("".join(element.itertext()).split())


def rows(document, caption):
    """Give the rows of the table with a caption, as lists of texts, without its heads."""
    (table,) = [
        table for table in document.iter("table") if table.find("caption").get("id") == caption
    ]
    return [[words(cell) for cell in row] for row in table.find("tbody")]


def facts(document):
    """Give the limits: {what is limited: what is said of it}."""
    return {words(part.find("dt")): words(part.find("dd")) for part in document.iter("div")
            if part.find("dt") is not None}  # fmt: skip


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        body(client.get(address))
    return len(captured)


# The page


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_there_in_every_language_with_content_and_without(client, language, request):
    for address in PAGES:
        assert client.get(f"/{language}{address}").status_code == 200
    request.getfixturevalue("seed")
    for address in PAGES:
        assert client.get(f"/{language}{address}").status_code == 200


def test_page_names_every_table_with_its_rows_and_its_files(client, seed):
    make_organization(status="draft")
    document = read(client, "/en/data/")
    shown = rows(document, "tables")
    assert [(title, count) for title, count, *_rest in shown] == [
        (table.title(), str(table.everything().count())) for table in TABLES.values()
    ]
    addresses = [link.get("href") for link in document.iter("a")]
    for name, table in TABLES.items():
        for format in table.formats:
            assert f"/en/data/{name}.{format}" in addresses
            assert client.head(f"/en/data/{name}.{format}").status_code == 200
    for app in ENTRIES:
        assert {f"/en/{app}/", f"/en/{app}.json", f"/en/{app}/feed.atom"} <= set(addresses)
    assert "/data/localympact.zip" in addresses
    assert "/openapi.json" in addresses
    assert "/catalog.ttl" in addresses


def test_page_names_the_newest_snapshot(client):
    assert "The newest" not in client.get("/en/data/").text
    for day in (23, 24):
        snapshots.make(datetime.date(2026, 11, day))
    page = client.get("/en/data/").text
    assert '<a href="/en/data/snapshots/2026-11-24/">The newest: 24 November 2026</a>' in page


def test_page_says_where_entries_were_read(client, seed):
    make_organization(provenance="project", status="draft")
    shown = rows(read(client, "/en/data/"), "provenance")
    for (title, *numbers), (app, model) in zip(shown, ENTRIES.items(), strict=True):
        found = Counter(entry.provenance for entry in model.objects.published())
        assert title == TABLES[app].title()
        assert numbers == [str(found["project"]), str(found["adjacent"])]


def test_page_says_its_limits_in_numbers_of_the_database(client, seed, talsi, braga):
    make_organization(status="draft")
    make_organization(verified_on="2026-01-01", verified_by="portal", town_name="Dundaga")
    make_organization(town=make_town(), latitude=None, longitude=None)
    Municipality.objects.filter(slug="talsi").update(lau_source="https://example.org/ (read)")
    everything = [entry for model in ENTRIES.values() for entry in model.objects.published()]
    unverified = [entry for entry in everything if entry.verified_on is None]
    organizations = list(Organization.objects.published())
    nowhere = [one for one in organizations if one.latitude is None and one.town is None]
    no_town = [one for one in nowhere if not one.town_name]
    public = {
        row["id"]
        for table in TABLES.values()
        if "text_state" in dict(table.parts())
        for row in table(only=["id"]).records(table.everything())
    }
    texts = [state for state in TextState.objects.all() if str(state.entry) in public]
    machine = [one for one in texts if one.origin == "machine" and one.checked_on is None]
    places = list(Municipality.objects.all())
    unread = [place for place in places if not place.lau_source.startswith("https://")]
    said = list(facts(read(client, "/en/data/")).values())
    for text, (count, of) in zip(
        said,
        [(unverified, everything), (machine, texts), (nowhere, organizations)],
        strict=False,
    ):
        assert text.startswith(f"{number(len(count))} of {number(len(of))}. ")
    assert f"No town at all is known of {len(no_town)}." in said[2]
    assert said[4].startswith(f"{len(unread)} of {len(places)}: ")
    for place in places:
        assert (f"{place}," in said[4] or f"{place}." in said[4]) == (place in unread)


def test_text_of_a_draft_is_no_text_of_the_data(client):
    for make in MAKERS.values():
        entry = make(status="draft", summary_lv="Teksts", summary_en="A text")
        TextState.objects.get_or_create(
            entry=entry.uuid, language="en",
            defaults={"origin": "machine", "source_language": "lv", "source_digest": "0" * 32},
        )  # fmt: skip
    said = facts(read(client, "/en/data/"))
    (text,) = [said[name] for name in said if name.startswith("Texts")]
    assert text.startswith("0 of 0. ")


def test_page_says_how_few_entries_a_pilot_area_has(client, seed):
    shown = {place: numbers for place, *numbers in rows(read(client, "/en/data/"), "pilots")}
    assert shown == {
        str(place): [
            str(model.objects.published().filter(municipality=place).count())
            for model in ENTRIES.values()
        ]
        for place in Municipality.objects.all()
    }


def test_page_says_how_to_cite(client, settings):
    settings.OPERATOR = "Talsi & friends"
    page = client.get("/lv/data/")
    day = page.context["today"]
    assert page.context["citation"].startswith(f"Talsi & friends ({day.year}). ")
    assert "http://testserver/lv/data/" in page.context["citation"]
    entry = page.context["bibtex"]
    assert entry.startswith(f"@misc{{localympact-data-{day},\n")
    assert r"author = {{Talsi \& friends}}," in entry
    assert "url = {http://testserver/en/data/}," in entry
    assert entry.count("{") == entry.count("}")
    document = html5lib.parse(page.content, namespaceHTMLElements=False)
    assert entry in ["".join(code.itertext()) for code in document.iter("code")]


def test_page_shows_the_examples_for_the_portal_that_it_is_on(client):
    document = read(client, "/sv/data/")
    shown = ["".join(code.itertext()) for code in document.iter("code")]
    results = ["".join(result.itertext()) for result in document.iter("samp")]
    for example in EXAMPLES:
        assert example.at("http://testserver/").code in shown
        assert "http://testserver" in example.at("http://testserver/").code
        assert example.output in results


def test_data_page_is_linked_from_every_page_and_every_list(client, app):
    assert '<a href="/en/data/">Data</a>' in client.get("/en/about/").text
    assert '<a href="/en/data/">About the data</a>' in client.get(f"/en/{app}/").text


@pytest.mark.parametrize("address", PAGES)
def test_number_of_queries_does_not_grow(client, address):
    make_municipality("talsi")
    before = queries(client, f"/en{address}")
    for _ in range(3):
        for make in MAKERS.values():
            make(summary_en="A text")
    make_municipality("braga")
    assert queries(client, f"/en{address}") == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", PAGES)
def test_content_is_counted_once_an_edition(client, address):
    make_organization()
    body(client.get(f"/en{address}"))
    again = queries(client, f"/lv{address}")
    assert again < len(TABLES)
    make_organization()
    assert queries(client, f"/en{address}") > len(TABLES)
    assert queries(client, f"/en{address}") == again


# The dictionary


def cells(table):
    """Give the rows of a table as its CSV has them, as {column: text}."""
    resource = table(base="http://testserver/")
    for texts in resource.texts(table.everything()):
        yield dict(zip(resource.heads, texts, strict=True))


@pytest.fixture
def everything(seed, talsi):
    """The seed content, and what it lacks: drafts, links to them, what was confirmed."""
    draft = make_organization(status="draft", name_lv="Melnraksts", summary_lv="Nekas.")
    collaboration = Collaboration.objects.published().first()
    collaboration.organizations.set([draft])
    collaboration.topics.clear()
    make_need(verified_on="2026-01-01", verified_by="portal", level="national", countries=["LV"])
    make_organization(languages=["lv", "ru"], phone="+371 1234", town_name="Dundaga")
    Municipality.objects.filter(slug="talsi").update(
        lau_source="https://example.org/ (read)", nuts3_source="", population=None
    )


@pytest.mark.parametrize("name", TABLES)
def test_dictionary_counts_what_is_filled_as_the_files_are(everything, name):
    table = TABLES[name]
    found = list(cells(table))
    assert dictionary.count(table) == {"": len(found)} | {
        column: sum(1 for row in found if row[column]) for column in table().heads
    }


def test_dictionary_lists_every_column_of_every_table(client, seed):
    document = read(client, "/lv/data/dictionary/")
    for name, table in TABLES.items():
        heads = document.findall(f".//*[@id='{name}-rows']/../tbody/tr/th/code")
        shown = [words(head) for head in heads]
        assert shown == [
            f"{part.name}_*" if isinstance(part, Group) else part.name for part in table.columns
        ]
        assert document.find(f".//h2[@id='{name}']") is not None


def test_dictionary_leads_to_the_tables_whose_slugs_stand_there(client, seed):
    document = read(client, "/en/data/dictionary/")
    (row,) = [row for row in document.iter("tr") if row.get("id") == "organizations-topics"]
    assert [link.get("href") for link in row.iter("a")] == ["#topics"]
    (row,) = [row for row in document.iter("tr") if row.get("id") == "needs-level"]
    assert [words(code) for code in row.iter("code")][1:] == list(dict(
        Need._meta.get_field("level").choices
    ))  # fmt: skip
    for link in document.find(".//main").iter("a"):
        if (target := link.get("href")).startswith("#"):
            assert document.find(f".//*[@id='{target[1:]}']") is not None


def test_dictionary_gives_the_share_of_each_language(client):
    for name in ("Koris", "Orķestris", "Deju kopa"):
        make_organization(name_lv=name, name_en="")
    make_organization(name_lv="", name_en="Choir")
    (row,) = [
        row
        for row in read(client, "/en/data/dictionary/").iter("tr")
        if row.get("id") == "organizations-name"
    ]
    assert words(row[3]) == "lv 75% en 25% pt 0% sv 0% lt 0% el 0%"


@pytest.mark.parametrize(
    ("count", "of", "percent"), [(0, 9, 0), (1, 999, 1), (998, 999, 99), (3, 3, 100), (0, 0, None)]
)
def test_share_is_nothing_or_all_only_where_it_is(count, of, percent):
    assert dictionary.Fill(count, of).percent == percent


@pytest.mark.parametrize("language", LANGUAGES)
def test_dictionary_is_a_file_too(client, seed, language):
    answer = client.get(f"/{language}/data/dictionary.csv")
    text = body(answer).decode()
    assert answer["Content-Type"].startswith("text/csv")
    assert re.search(
        r'filename="localympact-dictionary-[\d-]+\.csv"', answer["Content-Disposition"]
    )
    assert text.startswith("\ufefftable,column,label,")
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [(row["table"], row["column"]) for row in found] == [
        (name, column) for name, table in TABLES.items() for column in table().heads
    ]
    assert all(None not in row and None not in row.values() for row in found)
    (level,) = [row for row in found if (row["table"], row["column"]) == ("needs", "level")]
    assert level["codes"].startswith("local=")
    assert level["rows"] == level["filled"] == str(Need.objects.published().count())
    assert level["percent"] == "100"


def test_no_cell_of_the_dictionary_is_a_formula(client, monkeypatch):
    monkeypatch.setattr(TABLES["topics"].columns[0], "meaning", "=1+1")
    text = body(client.get("/en/data/dictionary.csv")).decode()
    assert "'=1+1" in text
    assert ",=1+1" not in text

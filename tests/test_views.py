"""The look of a list: its facets, and its views as cards, as a table and on a map."""

import re
from decimal import Decimal
from math import hypot
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from localympact.templatetags.portal import number, numeric_day
from organizations.maps import Frame, outline
from organizations.models import Municipality
from organizations.result_maps import apart
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

SVG = "{http://www.w3.org/2000/svg}"


def words(element):
    """Give the text of an element with single spaces."""
    return " ".join("".join(element.itertext()).split())


def get(client, address, **asked):
    """Give the document of a page."""
    page = client.get(address, asked)
    assert page.status_code == 200
    return html5lib.parse(page.text, namespaceHTMLElements=False)


def by_id(document, key):
    return document.find(f".//*[@id='{key}']")


def options(document, name):
    """Give the boxes of a facet as (words, value, whether ticked)."""
    return [
        (words(label), box.get("value"), box.get("checked") is not None)
        for label in by_id(document, f"facet-{name}").iter("label")
        if (box := label.find("input")) is not None
    ]


def asked_by(link):
    """Give what the address of a link asks for."""
    return parse_qs(urlsplit(link.get("href")).query)


# Facets


@pytest.mark.django_db
def test_box_says_how_many_results_it_has(client, make, app):
    youth, music = (
        make_topic(slug="youth", name_en="Youth"),
        make_topic(slug="music", name_en="Music"),
    )
    make(topics=[youth])
    make(topics=[youth])
    make(topics=[music], municipality=make_municipality("braga"))
    document = get(client, f"/en/{app}/", municipality="talsi")
    assert [one for one in sorted(options(document, "municipality")) if one[1] != "none"] == [
        ("Braga (1)", "braga", False),
        ("Talsi (2)", "talsi", True),
    ]
    assert options(document, "topic") == [
        ("Youth (2)", "youth", False),
        ("Music (0)", "music", False),
        ("Not stated (0)", "none", False),
    ]


@pytest.mark.django_db
def test_box_without_results_is_quiet_and_can_be_ticked(client):
    make_topic(name_en="Music")
    make_organization()
    (box,) = [
        label
        for label in by_id(get(client, "/en/organizations/"), "facet-topic").iter("label")
        if words(label) == "Music (0)"
    ]
    assert "none" in box.get("class").split()
    assert box.find("input").get("disabled") is None


@pytest.mark.django_db
def test_facet_is_a_group_with_a_name_and_open_when_it_is_at_work(client):
    make_organization(topics=[make_topic(slug="music")], type=make_type())
    document = get(client, "/en/organizations/", topic="music")
    facet = by_id(document, "facet-topic")
    assert words(facet.find("summary")) == "Topic chosen: 1"
    assert words(facet.find("fieldset/legend")) == "Topic"
    opened = {
        name: by_id(document, f"facet-{name}").get("open") is not None
        for name in ("country", "municipality", "type", "topic", "audience", "town", "near")
    }
    assert opened == {
        "country": True,
        "municipality": True,
        "type": True,
        "topic": True,
        "audience": False,
        "town": False,
        "near": False,
    }


@pytest.mark.django_db
def test_long_facet_shows_ten_values_and_folds_the_others(client):
    topics = [make_topic(name_en=f"Topic {number}", position=number) for number in range(13)]
    make_organization(topics=topics)
    facet = by_id(get(client, "/en/organizations/"), "facet-topic")
    rest = facet.find(".//details")
    assert len(list(facet.iter("label"))) == 1 + 13 + 1
    assert [words(label) for label in rest.iter("label")] == [
        "Topic 10 (1)",
        "Topic 11 (1)",
        "Topic 12 (1)",
        "Not stated (0)",
    ]
    assert words(rest.find("summary")) == "Show all (14)"
    # The field that narrows it has a label, and is never sent.
    field = facet.find(".//input[@type='text']")
    assert field.get("name") is None
    assert by_id(facet, field.get("id")) is field
    assert words(facet.find(f".//label[@for='{field.get('id')}']")) == "Narrow this list"


@pytest.mark.django_db
def test_wrong_value_opens_its_facet_with_a_message_that_belongs_to_it(client):
    make_organization()
    facet = by_id(get(client, "/en/organizations/", audience="nonsense"), "facet-audience")
    assert facet.get("open") is not None
    message = facet.find("fieldset").get("aria-describedby")
    assert "nonsense" in words(by_id(facet, message))


@pytest.mark.django_db
def test_form_keeps_the_view_and_the_order(client, make, app):
    make()
    form = by_id(get(client, f"/en/{app}/", view="table", sort="newest"), "filters")
    hidden = {field.get("name"): field.get("value") for field in form.findall("input")}
    assert hidden == {"view": "table", "sort": "newest"}
    form = by_id(get(client, f"/en/{app}/", view="globe", sort="size"), "filters")
    assert not form.findall("input")
    assert len(form.findall("ul[@class='errorlist']")) == 2


@pytest.mark.django_db
def test_towns_can_be_asked_for_with_what_lies_around_them(client):
    make_organization(town=make_town("Roja"))
    make_organization()
    near = by_id(get(client, "/en/organizations/", near="roja"), "facet-near")
    assert near.get("open") is not None
    labels = [words(label) for label in near.iter("label")]
    assert labels[1:] == [
        "Up to 10 km (1)",
        "Up to 25 km (1)",
        "Up to 50 km (1)",
        "Also show entries without a place (1)",
    ]
    (chosen,) = [box for box in near.iter("input") if box.get("checked") is not None]
    assert (chosen.get("name"), chosen.get("value")) == ("within", "25")


def test_numbers_are_written_as_the_language_does():
    with translation.override("lv"):
        assert [number(n) for n in (0, 999, 1234567)] == ["0", "999", "1\xa0234\xa0567"]
        assert number(Decimal("12.5")) == "12,5"
    with translation.override("el"):
        assert number(1234567) == "1.234.567"


def test_days_are_written_in_figures_with_the_whole_year():
    day = timezone.datetime(2026, 3, 5)
    written = {}
    for language in ("lv", "en", "pt", "sv", "lt", "el"):
        with translation.override(language):
            written[language] = numeric_day(day.date())
    assert written == {
        "lv": "05.03.2026",
        "en": "05/03/2026",
        "pt": "05/03/2026",
        "sv": "2026-03-05",
        "lt": "2026-03-05",
        "el": "5/3/2026",
    }


# Views and orders


@pytest.mark.django_db
def test_views_and_orders_are_links_that_keep_the_filters(client, make, app):
    make(topics=[make_topic(slug="music")])
    document = get(client, f"/en/{app}/", topic="music", view="table", sort="newest")
    views = {key: by_id(document, f"view-{key}") for key in ("cards", "table", "map")}
    assert {key: asked_by(link) for key, link in views.items()} == {
        "cards": {"topic": ["music"], "sort": ["newest"]},
        "table": {"topic": ["music"], "sort": ["newest"], "view": ["table"]},
        "map": {"topic": ["music"], "sort": ["newest"], "view": ["map"]},
    }
    assert [key for key, link in views.items() if link.get("aria-current")] == ["table"]
    menu = document.find(".//details[@class='menu']")
    assert words(menu.find("summary")) == "Sort by: Newest first"
    assert all(asked_by(link)["topic"] == ["music"] for link in menu.iter("a"))
    assert all(asked_by(link)["view"] == ["table"] for link in menu.iter("a"))


def heads(document):
    """Give the heads of the columns of a table as (words, order, what their link asks for)."""
    return [
        (
            words(head),
            head.get("aria-sort"),
            link is not None and asked_by(link).get("sort", ["by default"])[0],
        )
        for head in document.find(".//thead").iter("th")
        if head.get("scope") == "col"
        for link in [head.find("a")]
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("app", "make", "own"),
    [
        ("organizations", make_organization, ["Type", "Town", "Municipality", "Topics"]),
        (
            "collaborations",
            make_collaboration,
            ["Form of cooperation", "Period", "Municipality", "Topics"],
        ),
        ("needs", make_need, ["Kind", "Whose", "Cause", "Municipality"]),
    ],
)
def test_table_has_a_caption_and_heads_of_columns_and_rows(client, app, make, own):
    entry = make(name_lv="Koris", verified_on=timezone.localdate(), verified_by="portal")
    document = get(client, f"/en/{app}/", view="table", sort="verified")
    table = document.find(".//table")
    assert words(table.find("caption")).endswith("· Last verified first")
    assert [name for name, _order, _link in heads(document)] == ["Name", *own, "Verified", "Added"]
    assert [order for _name, order, _link in heads(document) if order] == ["descending"]
    (row,) = table.findall("tbody/tr")
    assert row.find("th").get("scope") == "row"
    assert row.find("th/a").get("href") == f"/en/{app}/{entry.slug}/"
    assert row.find("th/a/span").get("lang") == "lv"
    assert len(row.findall("td")) == len(heads(document)) - 1


@pytest.mark.django_db
def test_columns_of_a_table_are_links_where_the_list_can_be_ordered_by_them(client):
    make_organization(name_en="Choir")
    document = get(client, "/en/organizations/", view="table", q="choir", sort="town")
    assert {name: link for name, _order, link in heads(document)} == {
        "Name": "name",
        "Type": "type",
        "Town": "town",
        "Municipality": "municipality",
        "Topics": False,
        "Verified": "verified",
        "Added": "newest",
    }
    assert [(name, order) for name, order, _link in heads(document) if order] == [
        ("Town", "ascending")
    ]
    for link in document.find(".//thead").iter("a"):
        assert asked_by(link)["q"] == ["choir"]
        assert asked_by(link)["view"] == ["table"]


@pytest.mark.django_db
def test_table_scrolls_in_a_region_that_has_a_name_and_takes_the_keyboard(client, make, app):
    make()
    region = get(client, f"/en/{app}/", view="table").find(".//div[@role='region']")
    assert region.get("tabindex") == "0"
    assert region.find("table/caption").get("id") == region.get("aria-labelledby")


@pytest.mark.django_db
def test_table_and_map_say_when_nothing_is_found(client, make, app):
    make()
    for view in ("table", "map"):
        page = client.get(f"/en/{app}/", {"view": view, "q": "nonsense"})
        assert 'class="empty"' in page.text
        assert "<table" not in page.text


# The map


def circles(document):
    """Give the circles of the map of results as {accessible name: what its link asks for}."""
    drawing = document.find(f".//figure[@class]/{SVG}svg")
    return {words(link.find(f"{SVG}title")): asked_by(link) for link in drawing.iter(f"{SVG}a")}


def listed(document):
    """Give the list of the map as {words: what its link asks for}."""
    return {
        words(item): asked_by(item.find("a")) for item in by_id(document, "map-list").iter("li")
    }


@pytest.fixture
def places(db):
    talsi = make_municipality("talsi", latitude=57.2, longitude=22.6)
    braga = make_municipality("braga", latitude=41.5, longitude=-8.4)
    make_municipality("trakai", latitude=54.6, longitude=24.9)
    return talsi, braga


def test_map_shows_the_pilot_areas_by_what_is_found_there(client, places, make, app):
    talsi, braga = places
    music = make_topic(slug="music")
    for _ in range(2):
        make(municipality=talsi, topics=[music])
    make(municipality=braga, topics=[music])
    make(municipality=braga)
    document = get(client, f"/en/{app}/", view="map", topic="music", sort="newest")
    kept = {"topic": ["music"], "sort": ["newest"], "view": ["map"]}
    one, more = {
        "organizations": ("organisation", "organisations"),
        "collaborations": ("collaboration", "collaborations"),
        "needs": ("need or challenge", "needs and challenges"),
    }[app]
    assert circles(document) == {
        f"Talsi: 2 {more}": {"municipality": ["talsi"], **kept},
        f"Braga: 1 {one}": {"municipality": ["braga"], **kept},
    }
    # What can be chosen on the map can be chosen in the list below it; the entries stay beside.
    assert listed(document) == {
        "Talsi (2)": {"municipality": ["talsi"], **kept},
        "Braga (1)": {"municipality": ["braga"], **kept},
    }
    assert len(document.findall(".//article")) == 3


def test_map_of_a_pilot_area_shows_its_towns(client, places):
    talsi, _braga = places
    sabile = make_town("Sabile", latitude=57.05, longitude=22.57)
    roja = make_town("Roja", latitude=57.5, longitude=22.81)
    make_town("Stende", latitude=57.14, longitude=22.53)
    for town in (roja, roja, sabile, None):
        make_organization(municipality=talsi, town=town)
    document = get(client, "/en/organizations/", view="map", municipality="talsi", town="roja")
    kept = {"municipality": ["talsi"], "view": ["map"]}
    assert circles(document) == {
        "Roja: 2 organisations": {"town": ["roja"], **kept},
        "Sabile: 1 organisation": {"town": ["sabile"], **kept},
    }
    drawing = document.find(f".//figure[@class]/{SVG}svg")
    (current,) = [link for link in drawing.iter(f"{SVG}a") if link.get("aria-current")]
    assert words(current.find(f"{SVG}title")).startswith("Roja")
    # A town without results is there to find one's way, and no link.
    assert "Stende" in words(drawing)
    (caption,) = document.findall(".//figure[@class]/figcaption")
    links = {words(link): asked_by(link) for link in caption.iter("a")}
    assert "Without a place on the map: 1 organisation" in words(caption)
    assert links["1 organisation"] == {"town": ["none"], **kept}
    assert links["All five pilot areas"] == {"view": ["map"]}


@pytest.mark.parametrize("make", [make_collaboration, make_need])
def test_map_of_a_pilot_area_shows_where_it_lies_in_a_database_without_towns(client, places, make):
    talsi, braga = places
    entry = make(municipality=talsi)
    make(municipality=braga)
    make_town("Sabile")
    document = get(client, f"/en/{entry._meta.app_label}/", view="map", municipality="talsi")
    assert list(circles(document).values()) == [{"municipality": ["talsi"], "view": ["map"]}]


def test_map_says_how_many_needs_are_bound_to_no_place(client, places):
    make_need(level="all")
    document = get(client, "/en/needs/", view="map")
    (caption,) = document.findall(".//figure[@class]/figcaption")
    assert "Bound to no municipality: 1 need or challenge" in words(caption)
    assert {"municipality": ["none"], "view": ["map"]} in map(asked_by, caption.iter("a"))


def test_area_that_was_added_later_is_in_the_list_of_the_map(client, places):
    riga = Municipality.objects.create(
        slug="riga", name_en="Riga", country="FI", language="lv", kind="municipality"
    )
    make_organization(municipality=riga)
    document = get(client, "/en/organizations/", view="map")
    assert circles(document) == {}
    assert list(listed(document)) == ["Riga (1)"]
    make_organization(municipality=riga, town=make_town("Bolderaja", municipality=riga))
    document = get(client, "/en/organizations/", view="map", municipality="riga")
    assert document.find(f".//figure[@class]/{SVG}svg") is None
    assert by_id(document, "map-list").get("open") is not None
    assert list(listed(document)) == ["Bolderaja (1)"]


def test_map_shows_the_places_with_most_and_the_list_below_it_all(client, places):
    for n in range(33):
        town = make_town(f"Town {n:02}", latitude=57 + n / 60, longitude=22.5 + n % 4 / 5)
        make_organization(town=town)
    make_organization(town=town)
    document = get(client, "/en/organizations/", view="map", municipality="talsi")
    assert len(circles(document)) == 30
    assert "Town 32: 2 organisations" in circles(document)
    assert len(listed(document)) == 33
    (caption,) = document.findall(".//figure[@class]/figcaption")
    assert "The map shows the places with most" in words(caption)


@pytest.mark.django_db
def test_table_says_why_something_was_found(client):
    make_organization(name_en="Choir", summary_en="They sing on Sundays.")
    make_organization(name_en="Singers", topics=[make_topic(name_en="Sundays")])
    document = get(client, "/en/organizations/", view="table", q="sundays")
    rows = {
        words(row.find("th/a")): words(row.find("th")) for row in document.findall(".//tbody/tr")
    }
    assert rows == {
        "Choir": "Choir They sing on Sundays.",
        "Singers": "Singers Topic: Sundays",
    }


def test_names_are_escaped_on_the_map_and_in_the_table(client, places):
    town = make_town("<script>", latitude=57.2, longitude=22.6)
    make_organization(municipality=places[0], town=town, name_en="<script>")
    for asked in ({"view": "map", "municipality": "talsi"}, {"view": "table"}):
        page = client.get("/en/organizations/", asked).text
        assert "&lt;script&gt;" in page
        assert "<script>" not in page


def test_map_makes_the_same_number_of_queries_whatever_is_found(client, places):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            get(client, "/en/organizations/", view="map", municipality="talsi")
        return len(captured)

    make_organization(town=make_town("Roja"))
    few = queries()
    for n in range(9):
        make_organization(town=make_town(f"Town {n}", latitude=57 + n / 20, longitude=22.5))
    assert queries() == few


def test_circles_never_cover_each_other():
    frame = Frame(0, 0, 1, 1, 400)
    moved = apart([(200, 200, 20), (205, 200, 10), (200, 200, 6), (399, 399, 8)], frame)
    assert [radius for _x, _y, radius in moved] == [20, 10, 6, 8]
    for n, (x, y, radius) in enumerate(moved):
        assert radius <= x <= 400 - radius
        assert radius <= y <= 400 - radius
        for other_x, other_y, other in moved[n + 1 :]:
            assert hypot(x - other_x, y - other_y) >= radius + other - 0.2
    # The smaller ones give way.
    assert hypot(moved[0][0] - 200, moved[0][1] - 200) < 20
    assert apart([(100, 100, 20)], frame) == [(100, 100, 20)]


def test_part_of_a_map_holds_the_places_and_keeps_its_shape():
    whole, _land = outline("pilots", "dalarna")
    places = [(60.6, 15.6), (60.1, 16.1), (61.0, 14.5)]
    part = whole.around(places, 400)
    assert whole.west <= part.west < part.east <= whole.east
    assert whole.south - 1e-6 <= part.south < part.north <= whole.north + 1e-6
    assert all(part.place(*place) for place in places)
    assert part.height / part.width == pytest.approx(whole.height / whole.width, abs=0.01)
    # Where the whole is drawn, the part is found again.
    scale, left, top = (float(re.findall(r"[-\d.]+", part.matrix(whole))[n]) for n in (0, 4, 5))
    x, y = whole.project(*places[0])
    assert (x * scale + left, y * scale + top) == pytest.approx(part.project(*places[0]), abs=0.3)
    assert whole.around([], 300) == whole._replace(width=300)

"""The maps: their data, their links, their labels."""

import gzip
import json
import re

import pytest
from django.template import Context, Template
from PIL import Image

from localympact.management.commands.make_maps import make_data, make_picture
from organizations.maps import DATA, Frame, europe, label_of, marks_of, outline, overlaps
from organizations.models import Municipality, Town
from tests.factories import make_municipality, make_organization, make_town

SQUARE = Frame(0, 0, 1, 1, 400)


def test_outlines_are_what_the_command_makes():
    assert json.loads(DATA.read_text()) == json.loads(json.dumps(make_data()))


def test_map_of_europe_is_light(client, seed):
    page = client.get("/el/").text
    drawing = re.search(r"<svg.*?</svg>", page, re.DOTALL)[0]
    assert len(gzip.compress(drawing.encode())) < 15_000
    assert set(re.findall(r"\?country=(\w\w)", drawing)) == {"LV", "SE", "PT", "CY", "LT"}


def test_places_lie_where_they_are():
    frame, _land, countries = europe()
    riga, lisbon = frame.project(56.95, 24.11), frame.project(38.72, -9.14)
    assert riga[0] > lisbon[0]
    assert riga[1] < lisbon[1]
    assert set(countries) == {"LV", "SE", "PT", "CY", "LT"}
    assert SQUARE.place(0.5, 0.5) == pytest.approx((200, 200), abs=0.2)
    assert SQUARE.place(2, 0.5) is None


def test_place_that_was_added_later_has_no_outline():
    assert outline("pilots", "riga") is None
    assert outline("countries", "FI") is None


def test_labels_cover_neither_each_other_nor_the_edge():
    taken = []
    for _ in range(4):
        assert label_of("Mērsrags", 200, 200, 5, SQUARE, taken)
    assert label_of("Mērsrags", 200, 200, 5, SQUARE, taken) is None
    assert not any(overlaps(box, taken[:n] + taken[n + 1 :]) for n, box in enumerate(taken))
    x, _y, anchor = label_of("Mērsrags", 390, 100, 5, SQUARE, [])
    assert (anchor, x < 390) == ("end", True)


@pytest.mark.django_db
def test_mark_of_a_town_grows_with_its_published_organisations():
    sabile, roja = (
        make_town("Sabile", latitude=0.2, longitude=0.2),
        make_town("Roja", latitude=0.8, longitude=0.8),
    )
    for status in ("published", "published", "draft"):
        make_organization(town=roja, status=status)
    marks = marks_of(Town.objects.with_counts(), SQUARE)
    assert [(mark.thing, mark.thing.organization_count) for mark in marks] == [
        (roja, 2),
        (sabile, 0),
    ]
    assert marks[0].radius > marks[1].radius


@pytest.mark.django_db
def test_towns_on_the_map_are_links_with_numbers(client, seed):
    place = Municipality.objects.get(slug="dalarna")
    page = client.get("/lv/municipalities/dalarna/").text
    drawing = re.search(r'<svg class="map" .*?</svg>', page, re.DOTALL)[0]
    for town in place.towns.with_counts():
        assert f"?town={town.slug}" in drawing
        assert re.search(rf"{town.name}: {town.organization_count} organiz", drawing)
    # What can be chosen on the map can be chosen in the list beside it.
    assert set(re.findall(r"\?town=([\w-]+)", drawing)) == set(
        re.findall(r"\?town=([\w-]+)", page.replace(drawing, ""))
    )


@pytest.mark.django_db
def test_page_of_an_organisation_lists_the_towns_of_its_map(client, seed):
    page = client.get("/el/organizations/panepistimio-kyprou/").text
    drawing = re.search(r'<svg class="map" .*?</svg>', page, re.DOTALL)[0]
    towns = set(re.findall(r"\?town=([\w-]+)", drawing))
    assert towns
    assert towns == set(re.findall(r"\?town=([\w-]+)", page.replace(drawing, "")))


@pytest.mark.django_db
def test_names_are_escaped_in_a_drawing():
    place = make_municipality("talsi")
    make_town("<script>", latitude=57.2, longitude=22.6)
    drawn = Template("{% load maps %}{% town_map place towns %}").render(
        Context({"place": place, "towns": place.towns.with_counts()})
    )
    assert "&lt;script&gt;" in drawn
    assert "<script>" not in drawn


@pytest.mark.django_db
def test_page_of_a_pilot_area_has_a_picture_for_links_from_elsewhere(client, seed):
    page = client.get("/en/municipalities/braga/").text
    assert re.search(
        r'property="og:image" content="http://testserver/\S+/pilots/braga\S*png"', page
    )
    entry = make_organization(municipality=Municipality.objects.get(slug="trakai"))
    assert "/pilots/trakai" in client.get(entry.get_absolute_url()).text


def test_picture_has_the_size_that_other_sites_ask_for():
    picture = make_picture("LV", 57.2, 22.6)
    assert isinstance(picture, Image.Image)
    assert picture.size == (1200, 630)

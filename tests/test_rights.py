"""The tables of docs/rights.md, tried cell by cell: who may do what, and where."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.test import Client

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, User
from tests.conftest import make_person
from tests.deeds import DEEDS, undone
from tests.factories import (
    MAKERS,
    make_audience,
    make_cause,
    make_conclusion,
    make_form,
    make_municipality,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db

NOWHERE, EVERYWHERE = "–", "all"
PLACES = ["Talsi", "Braga", "Trakai"]


def tables():
    """Read docs/rights.md: {title of the table: {row: [cells]}}."""
    found, title = {}, None
    for line in Path("docs/rights.md").read_text().splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
        elif line.startswith("| ") and not re.match(r"\|( ---|  *\|)", line):
            name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            found.setdefault(title, {})[name] = cells
    return found


TABLES = tables()


@pytest.fixture
def people():
    """The people of the tables, in the order of their columns: a browser each."""
    talsi, braga = make_municipality("talsi"), make_municipality("braga")
    make_municipality("trakai")
    cast = [
        make_person("without_group"),
        make_person("talsi_editor", MUNICIPAL_EDITOR, [talsi]),
        make_person("both_editor", MUNICIPAL_EDITOR, [talsi, braga]),
        make_person("portal_editor", PORTAL_EDITOR),
        User.objects.create_superuser("superuser", password="a long password"),
    ]
    browsers = [Client(raise_request_exception=False) for _person in [None, *cast]]
    for browser, person in zip(browsers[1:], cast, strict=True):
        browser.force_login(person)
    return browsers


def in_words(worked):
    """Give the cell of a table: `worked` says of each place whether the deed worked there."""
    tried = {place: did for place, did in worked.items() if did is not None}
    if not any(tried.values()):
        return NOWHERE
    return EVERYWHERE if all(tried.values()) else ", ".join(p for p, did in tried.items() if did)


def test_every_row_is_a_deed_and_every_deed_a_row():
    assert {(title, row) for title, rows in TABLES.items() for row in rows} == set(DEEDS)


@pytest.mark.parametrize(("app", "row"), [*product(MAKERS, TABLES["Entries"])])
def test_entries_are_open_to_those_of_the_table_alone(people, app, row):
    things = {
        place: MAKERS[app](
            name_en=f"Choir of {place}", municipality=make_municipality(place.lower())
        )
        for place in PLACES
    }
    if app == "needs":
        things["no municipality"] = MAKERS[app](name_en="Choir of all", level="all")
    found = []
    for browser in people:
        worked = {}
        for place, thing in things.items():
            with undone():
                thing.refresh_from_db()
                worked[place] = DEEDS["Entries", row](browser, thing)
        found.append(in_words(worked))
    assert found == TABLES["Entries"][row]


SHARED = [make_type, make_topic, make_audience, make_form, make_cause, make_conclusion, make_town]


@pytest.mark.parametrize(("make", "row"), [*product(SHARED, TABLES["Shared"])])
def test_shared_things_are_open_to_those_of_the_table_alone(people, make, row):
    thing = make()
    found = []
    for browser in people:
        with undone():
            found.append(in_words({"": DEEDS["Shared", row](browser, thing)}))
    assert found == TABLES["Shared"][row]

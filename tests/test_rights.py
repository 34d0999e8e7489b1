"""The tables of docs/rights.md, tried cell by cell: who may do what, and where."""

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client

from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, AccessEvent, UnansweredSearch, User
from organizations.models import DuplicatePair, Suggestion, TextState
from tests.conftest import make_person
from tests.deeds import DEEDS, OFFERED, undone
from tests.factories import (
    MAKERS,
    make_audience,
    make_cause,
    make_conclusion,
    make_form,
    make_municipality,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db

NOWHERE, EVERYWHERE = "–", "all"
PLACES = ["Talsi", "Braga", "Trakai"]
# The columns of the editors of Talsi, and of Talsi and Braga.
BOUND = (2, 3)


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
    browsers = [Client() for _person in [None, *cast]]
    for browser, person in zip(browsers[1:], cast, strict=True):
        browser.force_login(person)
    return browsers


def in_words(worked):
    """Give the cell of a table: `worked` says of each place whether the deed worked there."""
    tried = {place: did for place, did in worked.items() if did is not None}
    if not any(tried.values()):
        return NOWHERE
    return EVERYWHERE if all(tried.values()) else ", ".join(p for p, did in tried.items() if did)


def tried(people, title, row, things):
    """Give the row of a table as it really is: `things` are what the deed is tried on, by place."""
    OFFERED.clear()
    cells = []
    for number, browser in enumerate(people):
        worked = {}
        for place, thing in things.items():
            # Those who are bound to no place are tried at the first and the last of them.
            if number not in BOUND and place not in (*things,)[:: len(things) - 1 or 1]:
                continue
            with undone():
                if hasattr(thing, "refresh_from_db"):
                    thing.refresh_from_db()
                worked[place] = DEEDS[title, row](browser, thing)
        cells.append(in_words(worked))
    return cells


def at_every_place(make):
    """Make a thing of each place, by the name of the place."""
    return {place: make(place, make_municipality(place.lower())) for place in PLACES}


def rows(*titles):
    return [(title, row) for title in titles for row in TABLES[title]]


def test_every_row_is_a_deed_and_every_deed_a_row():
    assert sorted((title, row) for title in TABLES for row in TABLES[title]) == sorted(DEEDS)


@pytest.mark.parametrize(("app", "row"), [*product(MAKERS, TABLES["Entries"])])
def test_entries_are_open_to_those_of_the_table_alone(people, app, row):
    things = at_every_place(
        lambda name, place: MAKERS[app](name_en=f"Choir of {name}", municipality=place)
    )
    if app == "needs":
        things["no municipality"] = MAKERS[app](name_en="Choir of all", level="all")
    found = tried(people, "Entries", row, things)
    if (app, row) in NOT_THERE:
        assert found == [NOWHERE] * len(people)
    else:
        assert found == TABLES["Entries"][row]


SHARED = [make_type, make_topic, make_audience, make_form, make_cause, make_conclusion, make_town]


@pytest.mark.parametrize(("make", "row"), [*product(SHARED, TABLES["Shared"])])
def test_shared_things_are_open_to_those_of_the_table_alone(people, make, row):
    found = tried(people, "Shared", row, {"": make()})
    if (make, row) in NOT_THERE:
        assert found == [NOWHERE] * len(people)
    else:
        assert found == TABLES["Shared"][row]


# No field chooses needs, conclusions are used by nothing, and towns have no versions.
NOT_THERE = {
    ("needs", "find by the completion of a field"),
    (make_conclusion, "merge into another"),
    (make_town, "restore an earlier version"),
}


@pytest.mark.parametrize("row", TABLES["Municipalities"])
def test_municipalities_are_open_to_those_of_the_table_alone(people, row):
    things = at_every_place(lambda name, place: place)
    assert tried(people, "Municipalities", row, things) == TABLES["Municipalities"][row]


@pytest.mark.parametrize("row", TABLES["Suggestions"])
def test_suggestions_are_open_to_those_of_the_table_alone(people, row):
    def suggest(name, place):
        return Suggestion.objects.create(
            kind="new", name=f"Choir of {name}", message=f"Sings in {name}.", municipality=place
        )

    things = at_every_place(suggest) | {"no municipality": suggest("all", None)}
    assert tried(people, "Suggestions", row, things) == TABLES["Suggestions"][row]


@pytest.mark.parametrize("row", TABLES["Possible duplicates"])
def test_possible_duplicates_are_open_to_those_of_the_table_alone(people, row):
    title = "Possible duplicates"

    def pair(name, place):
        two = (make_organization(municipality=place).uuid for _ in range(2))
        first, second = sorted(two)
        return DuplicatePair.objects.create(
            database="organizations", first=first, second=second, reasons=["name"]
        )

    assert tried(people, title, row, at_every_place(pair)) == TABLES[title][row]


@pytest.mark.parametrize("row", TABLES["Searches that found nothing"])
def test_searches_are_open_to_those_of_the_table_alone(people, row):
    title = "Searches that found nothing"
    make_topic()
    search = UnansweredSearch.objects.create(query="zirgkopji", language="lv", count=3)
    assert tried(people, title, row, {"": search}) == TABLES[title][row]


@pytest.mark.parametrize(("title", "row"), rows("A file brought by the editor of Talsi and Braga"))
def test_imported_files_are_open_to_those_of_the_table_alone(people, title, row):
    assert tried(people, title, row, {"": None}) == TABLES[title][row]


@pytest.mark.parametrize(("title", "row"), rows("Origins of texts"))
def test_origins_of_texts_are_open_to_those_of_the_table_alone(people, title, row):
    entry = make_organization()
    state = TextState.objects.create(entry=entry.uuid, language="lv", origin="original")
    assert tried(people, title, row, {"": state}) == TABLES[title][row]


@pytest.mark.parametrize(("title", "row"), rows("People"))
def test_people_are_open_to_those_of_the_table_alone(people, title, row):
    place = make_municipality("braga")
    person = make_person("somebody", MUNICIPAL_EDITOR, [place], email="somebody@example.org")
    assert tried(people, title, row, {"": person}) == TABLES[title][row]


@pytest.mark.parametrize(("title", "row"), rows("A superuser"))
def test_superusers_are_open_to_those_of_the_table_alone(people, title, row):
    person = User.objects.create_superuser("another_superuser", password="a long password")
    assert tried(people, title, row, {"": person}) == TABLES[title][row]


@pytest.mark.parametrize(("title", "row"), rows("Logs and groups"))
def test_logs_and_groups_are_open_to_those_of_the_table_alone(people, title, row):
    person = User.objects.get(username="talsi_editor")
    logs = SimpleNamespace(
        event=AccessEvent.objects.create(event="signed-in", person=person, name=person.username),
        change=LogEntry.objects.log_actions(
            person.pk, [make_organization()], CHANGE, "Changed", single_object=True
        ),
    )
    assert tried(people, title, row, {"": logs}) == TABLES[title][row]


def test_every_action_on_many_is_tried():
    """A new action or model is open to nobody until its row stands in the tables."""
    known = {
        "publish": "action: publish",
        "archive": "action: archive",
        "bring_back": "action: bring back",
        "still_right": "action: still right today",
        "export_csv": "action: export",
        "export_xlsx": "action: export as XLSX",
        "make_drafts": "action: make drafts",
        "set_done": "action: mark as done",
        "set_declined": "action: decline",
        "invite_again": "action: invite again",
        "withdraw": "action: withdraw access",
        "set_aside": "action: set aside",
    }
    names = {row for title in TABLES for row in TABLES[title]}
    assert set(known.values()) <= names
    for model_admin in site._registry.values():
        assert {str(action) for action in model_admin.actions or []} <= set(known)


def test_every_model_of_the_admin_stands_in_the_tables():
    tried = {"organization", "collaboration", "need", "organizationtype", "topic", "audience"}
    tried |= {"cooperationform", "cause", "conclusion", "town", "municipality", "suggestion"}
    tried |= {"duplicatepair", "importedfile", "textstate", "user", "group"}
    tried |= {"unansweredsearch"}
    tried |= {"accessevent", "logentry"}
    assert {model._meta.model_name for model in site._registry} == tried

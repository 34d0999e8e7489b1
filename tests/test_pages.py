"""The pages that are no list and no entry: what they offer, and how many queries they make."""

import re

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from localympact.models import UnansweredSearch
from localympact.pages import Components
from tests.factories import (
    make_cause,
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
)

pytestmark = pytest.mark.django_db


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# Start


def test_start_counts_what_is_published(client, make, app):
    make()
    make(status="draft")
    page = client.get("/en/")
    assert page.context["there_is"][app] == 1
    assert "Counted on" in page.text


def test_start_keeps_the_chosen_place_in_the_address(client, talsi, braga):
    make_organization(municipality=talsi, name_en="Choir")
    make_organization(municipality=braga, name_en="Band")
    make_collaboration(municipality=braga, name_en="Concerts")
    make_need(level="national", countries=["LV"])
    page = client.get("/en/?municipality=talsi")
    there_is = page.context["there_is"]
    assert (there_is["organizations"], there_is["collaborations"]) == (1, 0)
    assert there_is["needs"] == 1
    assert 'href="/en/organizations/?municipality=talsi"' in page.text
    assert 'value="talsi" selected' in page.text
    assert not client.cookies


def test_start_names_a_place_that_does_not_exist(client, talsi):
    page = client.get("/en/?municipality=nowhere")
    assert page.status_code == 200
    assert "Select a valid choice" in page.text


def test_start_says_how_many_needs_a_cause_has(client):
    cause = make_cause(name_en="Trust")
    make_need(cause=cause)
    make_need(cause=cause, status="draft")
    (shown,) = client.get("/en/").context["there_is"]["causes"]
    assert shown.need_count == 1


def test_start_is_put_together_once_until_something_changes(client, django_assert_num_queries):
    make_collaboration(name_en="Concerts")
    first = client.get("/en/").text
    with django_assert_num_queries(1):
        assert client.get("/en/").text == first
    make_collaboration(name_en="Clean beach")
    changed = client.get("/en/").text
    assert "Clean beach" not in first
    assert "Clean beach" in changed
    assert "2 collaborations" in changed
    # A place is asked for in another address, and a language is another page.
    assert client.get("/en/?municipality=nowhere").text != changed
    assert "2 collaborations" not in client.get("/pt/").text


def test_search_can_be_kept_to_a_place(client, talsi, braga):
    make_organization(municipality=talsi, name_en="Choir of Talsi")
    make_organization(municipality=braga, name_en="Choir of Braga")
    page = client.get("/en/search/?q=choir&municipality=talsi")
    assert found(page) == {"organizations": ["Choir of Talsi"], "collaborations": [], "needs": []}
    assert "Select a valid choice" in client.get("/en/search/?q=choir&municipality=x").text


def found(page):
    """Give the names that the page of the search shows, by the parts of the page."""
    return {app: list(map(str, entries)) for app, _query, _count, entries in page.context["parts"]}


def test_search_shows_the_first_six_of_each_part_and_leads_to_the_rest(client, talsi):
    for number in range(8):
        make_organization(name_en=f"Choir {number}")
    make_organization(name_en="Band", summary_en="It has a choir.")
    make_collaboration(name_en="Concerts of the choir")
    page = client.get("/en/search/?q=choir&municipality=talsi&unknown=1")
    assert [(app, count) for app, _query, count, _entries in page.context["parts"]] == [
        ("organizations", 9),
        ("collaborations", 1),
        ("needs", 0),
    ]
    # Names before texts.
    assert found(page)["organizations"] == [f"Choir {number}" for number in range(6)]
    assert 'href="/en/organizations/?q=choir&amp;municipality=talsi"' in page.text
    assert "All collaborations that match" not in page.text
    for number in ("9 organisations", "1 collaboration", "0 needs and challenges"):
        assert number in page.text
    assert '<a href="#needs">' not in page.text
    assert client.get("/en/organizations/?q=choir&municipality=talsi").context["found"].total == 9


def test_search_says_why_something_was_found(client):
    youth = make_topic(name_en="Youth work", name_lv="Darbs ar jaunatni")
    make_organization(name_en="Choir", topics=[youth])
    make_organization(name_en="Youth club")
    page = client.get("/en/search/?q=youth work").text
    assert "Topic: <mark>Youth work</mark>" in page
    assert "<mark>Youth</mark> club" not in page


def test_search_that_finds_nothing_says_what_was_asked_and_what_may_be_meant(client, talsi, braga):
    make_organization(municipality=braga, name_en="Orchestra")
    make_need(municipality=braga, name_en="A room for the orchestra")
    page = client.get("/en/search/?q=orchesrta&municipality=braga")
    assert page.context["total"] == 0
    assert "Nothing found" in page.text
    assert "<strong>orchesrta</strong>" in page.text
    assert 'href="?q=orchestra&amp;municipality=braga">orchestra</a>' in page.text
    assert page.context["near"][0]["count"] == 2
    assert 'href="/en/suggest/?kind=new"' in page.text
    elsewhere = client.get("/en/search/?q=orchestra&municipality=talsi")
    assert "In all five pilot areas: 2 results" in elsewhere.text
    assert 'href="?q=orchestra"' in elsewhere.text
    fewer = client.get("/en/search/?q=orchestra zzzz").context["fewer_words"]
    assert [(offer["left_out"], offer["count"]) for offer in fewer] == [("zzzz", 2)]


def test_search_that_finds_nothing_is_counted(client, talsi):
    for _ in range(2):
        client.get("/lv/search/?q=Orchestra&municipality=talsi")
    (counted,) = UnansweredSearch.objects.all()
    assert (counted.query, counted.language, counted.database) == ("orchestra", "lv", "")
    assert (counted.filters, counted.count) == ("municipality=talsi", 2)
    make_organization(name_en="Orchestra")
    client.get("/lv/search/?q=orchestra")
    assert UnansweredSearch.objects.count() == 1


@pytest.mark.parametrize("text", ["", "   ", "\x00", "...", "a" * 10_000])
def test_search_for_nothing_finds_nothing(client, text):
    make_organization(name_en="Choir")
    page = client.get("/en/search/", {"q": text})
    assert page.status_code == 200
    assert not page.context.get("total")
    assert "0 organisations" not in page.text


# Places


def test_place_lists_its_organisations_by_topic(client, talsi):
    youth, culture = (
        make_topic(name_en="Youth", position=2),
        make_topic(name_en="Culture", position=1),
    )
    make_organization(name_en="Choir", topics=[youth, culture])
    make_organization(name_en="Band", topics=[culture])
    make_organization(name_en="Nobody")
    groups = client.get("/en/municipalities/talsi/").context["directory"]
    assert [(str(topic), [str(one) for one in found]) for topic, found in groups] == [
        ("Culture", ["Band", "Choir"]),
        ("Youth", ["Choir"]),
        ("None", ["Nobody"]),
    ]


def test_place_says_how_far_its_needs_reach(client):
    make_municipality("aglantzia")
    make_need(level="national", countries=["CY"])
    make_need(level="several", countries=["CY", "LV"])
    make_need(level="all")
    for address in ("/en/municipalities/aglantzia/", "/en/needs/?municipality=aglantzia"):
        page = client.get(address)
        assert page.context["reaches"] == {"own": 0, "country": 2, "all": 1}
        assert "In all pilot areas" in page.text


def test_place_says_where_its_codes_are_from_or_that_nobody_has_verified_them(client):
    make_municipality(
        "talsi",
        lau="0051000",
        lau_source="https://codes.example/lv (a remark of the editors)",
        nuts3="LV003",
        nuts3_source="reference",
    )
    page = client.get("/en/municipalities/talsi/").text
    assert '<a href="https://codes.example/lv" rel="external">codes.example</a>' in page
    assert "a remark" not in page
    assert "reference" not in page
    assert page.count("Not verified yet") == 1


@pytest.mark.parametrize(
    "address", ["/en/", "/en/?municipality=talsi", "/en/municipalities/talsi/", "/en/search/?q=o"]
)
def test_page_makes_the_same_number_of_queries_whatever_there_is(client, talsi, address):
    def fill():
        topic = make_topic()
        organization = make_organization(topics=[topic], town=make_town(f"Town {topic.pk}"))
        practice = make_collaboration(topics=[topic], organizations=[organization])
        make_need(topics=[topic], collaborations=[practice])

    fill()
    few = queries(client, address)
    for _ in range(8):
        fill()
    assert queries(client, address) == few
    assert few <= 36


# Entries


def test_entry_leads_back_to_the_list_as_it_was_left(client, make, app):
    entry = make()
    address = entry.get_absolute_url()
    left = f"http://testserver/en/{app}/?q=youth&page=2"
    page = client.get(address, headers={"referer": left})
    assert f'href="/en/{app}/?q=youth&amp;page=2"' in page.text
    assert "Referer" in page.headers["Vary"]
    for elsewhere in (
        f"http://evil.example/en/{app}/?q=x",
        "http://testserver/en/about/?q=x",
        "http://[",
    ):
        page = client.get(address, headers={"referer": elsewhere}).text
        assert f'<p class="back"><a href="/en/{app}/">' in page


def test_entry_can_be_edited_from_its_page_by_whoever_may(make, talsi, editor, braga_editor):
    entry = make(municipality=talsi)

    def page(person):
        browser = Client()
        if person:
            browser.force_login(person)
        return browser.get(entry.get_absolute_url()).text

    assert "Edit this entry" in page(editor)
    assert "Edit this entry" not in page(braga_editor)
    assert "Edit this entry" not in page(None)


def test_organisation_names_others_like_it_and_why(client, talsi, braga):
    youth, culture = make_topic(name_en="Youth"), make_topic(name_en="Culture")
    choir = make_organization(name_en="Choir", topics=[youth, culture])
    near = make_organization(name_en="Near", topics=[youth])
    far = make_organization(name_en="Far", municipality=braga, topics=[youth, culture])
    make_organization(name_en="Draft", topics=[youth], status="draft")
    make_organization(name_en="Other", topics=[make_topic()])
    page = client.get(choir.get_absolute_url())
    assert list(page.context["neighbours"]) == [near]
    assert list(page.context["abroad"]) == [far]
    assert "In common: Youth" in page.text
    assert "In common: Youth · Culture" in page.text


def test_organisation_without_contact_names_whom_to_ask(client):
    place = make_municipality("talsi", website="https://www.talsunovads.lv")
    page = client.get(make_organization(municipality=place).get_absolute_url()).text
    assert "It gives no contact of its own here." in page
    assert 'href="https://www.talsunovads.lv"' in page
    page = client.get(make_organization(email="a@example.org").get_absolute_url()).text
    assert "It gives no contact of its own here." not in page


def test_need_leads_to_practices_and_to_those_behind_them(client):
    choir = make_organization(name_en="Choir")
    concerts = make_collaboration(name_en="Concerts", organizations=[choir])
    need = make_need(name_en="A stage", collaborations=[concerts])
    page = client.get(need.get_absolute_url())
    assert list(page.context["organizations"]) == [choir]
    assert f'<a href="{concerts.get_absolute_url()}">Concerts</a>' in client.get("/en/needs/").text


# Lists


def test_empty_list_says_which_filter_to_loosen(client, make, app, talsi, braga):
    topic = make_topic(name_en="Youth")
    make(municipality=talsi)
    make(municipality=braga, topics=[topic])
    page = client.get(f"/en/{app}/?municipality=talsi&topic={topic.slug}&sort=newest")
    offered = [(offer.label, offer.value, offer.count) for offer in page.context["alternatives"]]
    assert offered == [("Municipality", "Talsi", 1), ("Topic", "Youth", 1)]
    assert "Without “Topic: Youth”: 1 result" in re.sub(r"\s+", " ", page.text)
    for offer in page.context["alternatives"]:
        assert client.get(f"/en/{app}/?{offer.query}").context["paginator"].count == 1


def test_empty_list_names_single_filters_when_leaving_out_one_does_not_help(client, make, app):
    youth, culture = make_topic(name_en="Youth"), make_topic(name_en="Culture")
    make(municipality=make_municipality("talsi"), topics=[youth], verified_on=None)
    make_municipality("braga")
    asked = f"municipality=braga&topic={culture.slug}&verified=no"
    if app == "needs":
        asked += "&country=pt"
    page = client.get(f"/en/{app}/?{asked}")
    offered = [(offer.label, offer.alone) for offer in page.context["alternatives"]]
    assert offered == [("Verified", True)]
    assert "Only “Verified: Not verified yet”: 1 result" in re.sub(r"\s+", " ", page.text)


# What is known only where the portal runs


def test_pages_show_no_empty_setting(client, settings):
    for name in ("CONTACT_EMAIL", "OPERATOR", "FUNDING_NUMBER", "ENFORCEMENT_BODY"):
        setattr(settings, name, "")
    text = "".join(
        client.get(f"/en/{page}/").text for page in ("about", "privacy", "accessibility")
    )
    for heading in ("Contact<", "Who is responsible", "Number of the grant", "you can turn to"):
        assert heading not in text
    settings.CONTACT_EMAIL = "portal@example.org"
    settings.OPERATOR, settings.FUNDING_NUMBER = "Municipality of Talsi", "2021-1-LV02"
    settings.ENFORCEMENT_BODY = "Ombudsman"
    settings.ENFORCEMENT_URL = "https://ombudsman.example/"
    text = "".join(
        client.get(f"/en/{page}/").text for page in ("about", "privacy", "accessibility")
    )
    for known in ("portal@example.org", "Municipality of Talsi", "2021-1-LV02", ">Ombudsman</a>"):
        assert known in text


def test_page_of_components_is_there_while_developing_only(client, seed):
    assert client.get("/en/components/").status_code == 404
    request = RequestFactory().get("/en/components/")
    page = Components.as_view()(request).render()
    assert "A link that acts" in page.text

"""The three lists: filters, pages, order, numbers of queries."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import (
    MAKERS,
    make_audience,
    make_cause,
    make_collaboration,
    make_conclusion,
    make_form,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db


def names(client, app, language="en", **asked):
    """Give the names on the first page of a list."""
    page = client.get(f"/{language}/{app}/", asked, follow=True)
    assert page.status_code == 200
    return [str(entry) for entry in page.context["entries"]]


def test_list_shows_what_is_published(client, app, make):
    make(name_en="Choir")
    make(name_en="Draft", status="draft")
    make(name_en="Archive", status="archived")
    make(name_en="Merged", merged_into=make(name_en="Band"))
    assert names(client, app) == ["Band", "Choir"]


def test_list_is_found_by_words_without_case_and_accents(client, app, make):
    make(name_lv="Jauniešu centrs")
    make(name_en="Choir")
    assert names(client, app, q="JAUNIESU") == ["Jauniešu centrs"]
    assert names(client, app, q="jauniešu choir") == []


def test_list_is_filtered_by_country_in_either_case(client, app, make):
    make(name_en="Choir", municipality=make_municipality("talsi"))
    make(name_en="Band", municipality=make_municipality("braga"))
    assert names(client, app, country="lv") == ["Choir"]
    assert names(client, app, country=["LV", "pt"]) == ["Band", "Choir"]


def test_list_is_filtered_by_municipality(client, app, make):
    make(name_en="Choir", municipality=make_municipality("talsi"))
    make(name_en="Band", municipality=make_municipality("braga"))
    assert names(client, app, municipality="braga") == ["Band"]
    assert names(client, app, municipality=["braga", "talsi"]) == ["Band", "Choir"]


def test_repeated_topic_means_or_and_another_filter_means_and(client, app, make):
    music, sport = make_topic(slug="music"), make_topic(slug="sport")
    make(name_en="Choir", topics=[music])
    make(name_en="Club", topics=[sport, music])
    make(name_en="Band", topics=[music], municipality=make_municipality("braga"))
    make(name_en="Nothing")
    assert names(client, app, topic=["music", "sport"]) == ["Band", "Choir", "Club"]
    assert names(client, app, topic="music", country="PT") == ["Band"]
    assert names(client, app, topic="none") == ["Nothing"]
    assert names(client, app, topic=["none", "sport"]) == ["Club", "Nothing"]


def test_list_is_filtered_by_verification(client, app, make):
    make(name_en="Choir", verified_on=timezone.localdate(), verified_by="portal")
    make(name_en="Band")
    assert names(client, app, verified="yes") == ["Choir"]
    assert names(client, app, verified="no") == ["Band"]


@pytest.mark.parametrize("make", [make_organization, make_collaboration])
def test_list_is_filtered_by_audience(client, make):
    entry = make(audiences=[make_audience(slug="youth")])
    make()
    app = entry._meta.app_label
    assert names(client, app, audience="youth") == [str(entry)]
    assert names(client, app, audience="none") != [str(entry)]


def test_organizations_are_filtered_by_type_town_and_partners(client):
    make_organization(
        name_en="Choir", type=make_type(slug="club"), town=make_town("Roja"), seeks_partners=True
    )
    make_organization(name_en="Band")
    assert names(client, "organizations", type="club") == ["Choir"]
    assert names(client, "organizations", type="none") == ["Band"]
    assert names(client, "organizations", town="roja") == ["Choir"]
    assert names(client, "organizations", town="none") == ["Band"]
    assert names(client, "organizations", partners="yes") == ["Choir"]


def test_collaborations_are_filtered_by_form(client):
    make_collaboration(name_en="Contest", form=make_form(slug="grant"))
    make_collaboration(name_en="Camp")
    assert names(client, "collaborations", form="grant") == ["Contest"]
    assert names(client, "collaborations", form="none") == ["Camp"]


def test_needs_are_filtered_by_cause_kind_and_side(client):
    make_need(name_en="Rooms", cause=make_cause(slug="money"), kind="challenge", side="both")
    make_need(name_en="Tools", cause=make_cause(slug="skills"), side="municipality")
    assert names(client, "needs", cause="money") == ["Rooms"]
    assert names(client, "needs", kind="need") == ["Tools"]
    assert names(client, "needs", side=["both", "municipality"]) == ["Rooms", "Tools"]


def test_needs_of_a_municipality_are_its_own_its_countrys_and_all_pilots(client, talsi, braga):
    cause = make_cause()
    make_need(name_en="Own", municipality=talsi, cause=cause)
    make_need(name_en="Country", level="national", countries=["LV"], cause=cause)
    make_need(name_en="Several", level="several", countries=["BY", "LV"], cause=cause)
    make_need(name_en="All", level="all", cause=cause)
    make_need(name_en="Braga", municipality=braga, cause=cause)
    make_need(name_en="Portugal", level="national", countries=["PT"], cause=cause)
    ours = ["All", "Country", "Own", "Several"]
    assert names(client, "needs", municipality="talsi") == ours
    assert names(client, "needs", country="lv") == ours
    assert names(client, "needs", country="by") == ["Several"]
    assert names(client, "needs", municipality="none") == ["All", "Country", "Portugal", "Several"]
    assert names(client, "needs", municipality=["none", "braga"]) == [
        "All", "Braga", "Country", "Portugal", "Several",
    ]  # fmt: skip


def test_list_is_sorted_by_the_readers_alphabet(client, app, make):
    for name in ("Žagata", "Zebra", "Čakste", "Cēsis", "Dzenis"):
        make(name_lv=name)
    assert names(client, app, "lv", sort="name") == ["Cēsis", "Čakste", "Dzenis", "Zebra", "Žagata"]


def test_list_is_sorted_by_age_and_verification(client, app, make):
    day = timezone.now()
    make(name_en="Old", created=day - timezone.timedelta(days=9))
    make(name_en="New", created=day)
    make(
        name_en="Checked",
        created=day - timezone.timedelta(days=5),
        verified_on=timezone.localdate(),
        verified_by="portal",
    )
    assert names(client, app, sort="newest") == ["New", "Checked", "Old"]
    assert names(client, app, sort="verified") == ["Checked", "New", "Old"]


def test_unknown_value_gives_a_message_and_no_results(client, app, make):
    make()
    for asked in (
        {"topic": "nonsense"},
        {"country": "XX"},
        {"municipality": "riga"},
        {"verified": "maybe"},
        {"sort": "nonsense"},
    ):
        page = client.get(f"/lv/{app}/", asked)
        assert page.status_code == 200
        assert not page.context["entries"]
        (field,) = asked
        assert page.context["filter"].form.errors[field]
        assert 'class="errorlist"' in page.text


def test_empty_value_asks_nothing_and_leaves_the_address(client, app, make):
    make(name_en="Choir")
    page = client.get(f"/en/{app}/", {"q": "", "topic": "", "country": "lv", "sort": ""})
    assert page.headers["Location"] == f"/en/{app}/?country=lv"
    assert names(client, app, topic="", q=" ", country="", verified="", sort="") == ["Choir"]


def test_unknown_parameter_is_passed_over(client, app, make):
    make(name_en="Choir")
    assert names(client, app, utm_source="mail") == ["Choir"]


def test_chosen_filter_is_shown_and_can_be_removed(client, app, make):
    make(topics=[make_topic(slug="music", name_en="Music")])
    page = client.get(f"/en/{app}/", {"topic": "music", "country": "lv", "q": "choir"})
    chosen = {choice.label: (choice.value, choice.query) for choice in page.context["chosen"]}
    assert chosen == {
        "Search": ("choir", "country=lv&topic=music"),
        "Country": ("Latvia", "q=choir&topic=music"),
        "Topic": ("Music", "q=choir&country=lv"),
    }
    assert 'href="?country=lv&amp;topic=music"' in page.text


def test_list_has_pages_of_24(client, make, app):
    topic = make_topic(slug="music")
    for _ in range(25):
        make(topics=[topic])
    first = client.get(f"/en/{app}/", {"topic": "music"})
    assert len(first.context["entries"]) == 24
    assert 'href="?topic=music&amp;page=2"' in first.text
    second = client.get(f"/en/{app}/", {"topic": "music", "page": "2"})
    assert len(second.context["entries"]) == 1


@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "9" * 400])
def test_page_out_of_range_does_not_exist(client, app, make, page):
    make()
    assert client.get(f"/en/{app}/", {"page": page}).status_code == 404


@pytest.mark.parametrize("asked", ["", "?sort=name"])
def test_list_makes_the_same_queries_for_1_and_24_rows(client, app, make, asked):
    def fill():
        fields = {"topics": [make_topic(), make_topic()], "municipality": None}
        if app == "organizations":
            fields |= {
                "type": make_type(),
                "town": make_town(),
                "audiences": [make_audience()],
            }
        if app == "collaborations":
            fields |= {"form": make_form(), "audiences": [make_audience()]}
        if app == "needs":
            fields |= {"cause": make_cause()}
        make(**fields)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(f"/lv/{app}/{asked}").status_code == 200
        return len(captured)

    fill()
    make_conclusion()
    one = queries()
    for _ in range(23):
        fill()
    make_conclusion()
    assert queries() == one
    assert one <= 24


def test_review_reads_causes_their_needs_and_conclusions(client):
    second = make_cause(name_en="Money", position=2)
    first = make_cause(name_en="Trust", position=1)
    make_need(name_en="Rooms", cause=second)
    make_need(name_en="Aims", cause=first)
    make_conclusion(name_en="Take time")
    text = client.get("/en/needs/").text
    contents, review = text.split("</nav>\n    <p", 1)
    places = [
        review.index(f">{word}<") for word in ("Trust", "Aims", "Money", "Rooms", "Take time")
    ]
    assert places == sorted(places)
    assert contents.index('href="#trust"') < contents.index('href="#money"')
    assert "this portal’s own grouping" in text


def test_review_with_a_filter_shows_what_matches(client):
    make_need(name_en="Rooms", kind="challenge")
    make_need(name_en="Tools", kind="need")
    make_conclusion(name_en="Take time")
    text = client.get("/en/needs/", {"kind": "need"}).text
    assert "Tools" in text
    assert "Rooms" not in text
    assert "Take time" not in text


def test_search_asks_all_three_databases(client):
    for make in MAKERS.values():
        make(summary_lv="Jaunieši spēlē")
        make(name_en="Something else")
    page = client.get("/en/search/", {"q": "JAUNIESI"})
    assert [(app, count) for app, _query, count, _entries in page.context["parts"]] == [
        ("organizations", 1),
        ("collaborations", 1),
        ("needs", 1),
    ]


def test_search_without_a_word_finds_nothing(client):
    make_organization()
    page = client.get("/en/search/", {"q": "  "})
    assert "parts" not in page.context


def test_search_refers_to_the_list_of_all_results(client):
    for _ in range(7):
        make_organization(summary_en="Salt & pepper")
    text = client.get("/en/search/", {"q": "salt &"}).text
    assert 'href="/en/organizations/?q=salt+%26"' in text


def test_every_card_links_to_its_page(client, app, make):
    entry = make()
    text = client.get(f"/el/{app}/").text
    assert re.search(rf'<a href="/el/{app}/{entry.slug}/">', text)


def test_search_with_a_word_that_is_too_long_finds_nothing_and_says_so(client):
    make_organization()
    page = client.get("/en/search/", {"q": "a" * 201})
    assert "parts" not in page.context
    assert "at most 200 characters" in page.text

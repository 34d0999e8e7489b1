"""What the field of a search offers while somebody types."""

import json

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from localympact.completions import complete
from localympact.texts import LANGUAGES
from tests.factories import (
    make_audience,
    make_cause,
    make_collaboration,
    make_form,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db


def offered(text, reader="en"):
    """Give the names that are offered: {part of the list: [names]}."""
    return {
        group.key: [str(one.name) for one in group.completions] for group in complete(text, reader)
    }


def names(text, reader="en"):
    return offered(text, reader).get("names", [])


# Names


def test_names_hold_the_words_and_begin_with_the_last(make):
    make(name_en="Youth centre of Sabile")
    make(name_en="Youth club", summary_en="It has a centre.")
    assert names("youth") == ["Youth centre of Sabile", "Youth club"]
    assert names("YOUTH Cé") == ["Youth centre of Sabile"]
    assert names("centre you") == ["Youth centre of Sabile"]
    assert names("you centre") == []
    assert names("entre") == []


def test_letter_alone_asks_nothing_yet(make):
    make(name_en="Choir")
    assert names("c") == []
    assert names("choir x") == ["Choir"]
    assert names("ch") == ["Choir"]


def test_names_of_all_three_databases_are_offered_with_what_they_are(client, talsi):
    make_organization(name_en="Choir")
    make_collaboration(name_en="Choir for everybody")
    make_need(name_en="Choir without a room", level="all")
    (group,) = complete("choir", "en")
    assert [(str(one.name), one.kind, str(one.place)) for one in group.completions] == [
        ("Choir", "Organisation", "Talsi"),
        ("Choir for everybody", "Collaboration", "Talsi"),
        ("Choir without a room", "Need or challenge", ""),
    ]
    for one in group.completions:
        assert str(one.name) in client.get(one.address).text


def test_whole_words_come_before_beginnings_and_the_readers_language_before_others(make):
    make(name_en="Sportland")
    make(name_lv="Zole", name_en="Zoo of sport")
    make(name_lv="Sports visiem")
    make(name_lv="Sporta klubs")
    make(name_en="Young sport")
    assert names("sport", "lv") == [
        "Young sport", "Zole", "Sporta klubs", "Sports visiem", "Sportland",
    ]  # fmt: skip


def test_of_many_names_the_first_in_the_readers_alphabet_are_offered(make):
    for name in ("Koris Žanis", "Koris Zenta", "Koris Čaks", "Koris Cēsis", "Koris Ābols", "Kora"):
        make(name_lv=name)
    assert names("kor", "lv") == ["Kora", "Koris Ābols", "Koris Cēsis", "Koris Čaks", "Koris Zenta"]
    assert names("kori", "en")[:2] == ["Koris Ābols", "Koris Čaks"]


def test_what_is_not_published_is_never_offered(make, talsi):
    topic = make_topic(name_en="Choirs")
    survivor = make(name_en="Band")
    make(name_en="Choir draft", status="draft", topics=[topic])
    make(name_en="Choir archived", status="archived", topics=[topic])
    make(name_en="Choir merged", status="archived", merged_into=survivor, topics=[topic])
    assert offered("choir") == {}
    entry = make(name_en="Choir")
    assert names("choir") == ["Choir"]
    entry.status = "draft"
    entry.save()
    assert offered("choir") == {}


@pytest.mark.parametrize("reader", LANGUAGES)
def test_name_is_shown_by_the_rule_of_names_and_says_its_language(client, make, reader):
    """The reader's language, that of the place, English, any other."""
    make(municipality=make_municipality("braga"), name_pt="Casa da música", name_en="Music house")
    page = client.get(f"/{reader}/search/suggestions/", {"q": "music"}).text
    shown = {
        "en": '<span class="name">Music house</span>',
        "pt": '<span class="name">Casa da música</span>',
    }
    assert shown.get(reader, '<span class="name" lang="pt">Casa da música</span>') in page


@pytest.mark.parametrize(
    ("reader", "name", "typed"),
    [
        ("lv", "Jauniešu māja", "JAUNIESU M"),
        ("en", "The Seafarers’ house", "seafar"),
        ("pt", "Associação juvenil", "associaç"),
        ("sv", "Ungdomens hus på ön", "on"),
        ("lt", "Jaunimo sąjunga", "sajung"),
        ("el", "Σύλλογος νέων", "νεων συλλογοσ"),
    ],
)
def test_case_and_accents_never_matter(make, reader, name, typed):
    make(**{f"name_{reader}": name})
    assert names(typed, reader) == [name]


# Terms and places


TERMS = [
    (make_topic, "topics", "organizations", "topic"),
    (make_type, "type", "organizations", "type"),
    (make_audience, "audiences", "organizations", "audience"),
    (make_form, "form", "collaborations", "form"),
    (make_cause, "cause", "needs", "cause"),
]
MAKERS = {
    "organizations": make_organization,
    "collaborations": make_collaboration,
    "needs": make_need,
}


@pytest.mark.parametrize(("make_term", "field", "app", "facet"), TERMS)
def test_term_leads_to_the_list_that_it_counts(client, make_term, field, app, facet):
    term = make_term(name_en="Rooms and tools", name_lv="Telpas un rīki")
    value = [term] if field.endswith("s") else term
    for status in ("published", "published", "draft"):
        MAKERS[app](status=status, **{field: value})
    for typed in ("rooms", "tool", "telpas", "telpas un rīk"):
        (group,) = complete(typed, "en")
        (one,) = group.completions
        assert (group.key, str(one.name)) == ("terms", "Rooms and tools")
        assert one.address == f"/en/{app}/?{facet}={term.slug}"
        assert one.count.startswith("2 ")
        assert client.get(one.address).context["found"].total == 2


def test_term_without_results_is_not_offered():
    make_topic(name_en="Music")
    make_organization(topics=[make_topic(name_en="Museums")], status="draft")
    make_collaboration(topics=[make_topic(name_en="Musicals")])
    assert offered("mus") == {}


def test_term_is_found_by_its_synonyms_in_any_language():
    topic = make_topic(name_en="Youth work", synonyms_lv="jaunieši\npusaudži")
    make_organization(topics=[topic])
    assert offered("pusau", "el") == {"terms": ["Youth work"]}


def test_terms_come_by_their_names_then_by_their_numbers():
    def topic(name, number):
        for _ in range(number):
            make_organization(topics=[made] if (made := topics.get(name)) else [])

    topics = {
        name: make_topic(name_en=name)
        for name in ("Sport", "Sports grounds", "Sporting goods", "Adult sport", "Sport for all")
    }
    topic("Sport", 1)
    topic("Sports grounds", 2)
    topic("Sporting goods", 3)
    topic("Adult sport", 5)
    topic("Sport for all", 1)
    found = offered("sport")["terms"]
    assert found == ["Sport", "Sporting goods", "Sports grounds", "Sport for all"]


def test_places_lead_to_their_page_or_to_a_filter(client, talsi):
    town = make_town("Talsu pilsēta", municipality=talsi)
    make_organization(municipality=talsi, town=town)
    make_organization(municipality=talsi)
    make_organization(municipality=make_municipality("braga"), name_en="Choir")
    (group,) = complete("tals", "en")
    assert group.key == "places"
    assert [(str(one.name), one.kind, one.address, one.count) for one in group.completions] == [
        ("Talsi", "Municipality", "/en/municipalities/talsi/", ""),
        ("Talsu pilsēta", "Town", f"/en/organizations/?town={town.slug}", "1 organisation"),
    ]
    assert [one.name.lang for one in group.completions] == ["en", "lv"]
    (group,) = complete("lett", "en")
    (country,) = group.completions
    assert country[:4] == ("Latvia", "Country", "/en/organizations/?country=LV", "")
    assert country.count == "2 organisations"
    assert client.get(country.address).context["found"].total == 2


def test_no_more_than_a_few_are_offered_of_each():
    for number in range(8):
        make_organization(
            name_en=f"Sport {number}",
            topics=[make_topic(name_en=f"Sport topic {number}")],
            town=make_town(f"Sporttown {number}"),
        )
    assert {key: len(found) for key, found in offered("sport").items()} == {
        "names": 5,
        "terms": 4,
        "places": 3,
    }


# Answers


def parsed(page):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(page.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answer_is_a_listbox_with_named_groups_and_options(client, language):
    topic = make_topic(name_en="Choirs")
    make_organization(name_en="Choir & “band”", topics=[topic])
    page = parsed(client.get(f"/{language}/search/suggestions/?q=choir"))
    (listbox,) = page.findall(".//*[@role='listbox']")
    assert listbox.get("aria-label")
    assert listbox.get("data-announcement").startswith("2 ")
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    groups = listbox.findall("*[@role='group']")
    assert len(groups) == 2
    for group in groups:
        assert group.get("aria-labelledby") in ids
        for option in group.findall("a"):
            assert option.get("role") == "option"
            assert option.get("aria-selected") == "false"
            assert client.get(option.get("href")).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "c",
        "\x00",
        "...",
        '"',
        "«»",
        "a" * 10_000,
        "choir " * 2000,
        "🙂" * 60,
        "' OR 1=1 --",
    ],
)
def test_what_is_no_word_is_answered_with_nothing(client, make, text):
    make(name_en="Choir")
    answer = client.get("/lv/search/suggestions/", {"q": text})
    assert (answer.status_code, answer.text.strip()) == (200, "")
    answer = client.get("/lv/search/suggestions.json", {"q": text})
    assert (answer.status_code, answer.json()) == (200, [text, [], [], []])


@pytest.mark.parametrize(
    "text", ["choir\x00", '"choir', "choir*", "choir OR", "(choir)", "+choir-"]
)
def test_signs_beside_words_do_not_matter(make, text):
    make(name_en="Choir")
    assert names(text) == ["Choir"]


def test_text_of_a_name_is_shown_as_text(client, make):
    make(name_en='Choir <script>alert(1)</script>"><img src=x>')
    text = client.get("/en/search/suggestions/?q=choir").text
    assert "<script>alert" not in text
    assert "<img" not in text


def test_browsers_get_the_same_suggestions(client):
    topic = make_topic(name_en="Choirs")
    choir = make_organization(name_en="Choir", topics=[topic])
    answer = client.get("/en/search/suggestions.json?q=Choi", headers={"host": "localhost"})
    assert answer.headers["Content-Type"] == "application/x-suggestions+json"
    assert json.loads(answer.content) == [
        "Choi",
        ["Choir", "Choirs"],
        ["Organisation · Talsi", "Topic · 1 organisation"],
        [
            f"http://localhost{choir.get_absolute_url()}",
            f"http://localhost/en/organizations/?topic={topic.slug}",
        ],
    ]


def test_only_get_is_answered(client):
    assert client.post("/en/search/suggestions/").status_code == 405
    assert client.get("/search/suggestions/?q=x").status_code in (302, 404)


@pytest.mark.django_db(transaction=True)
def test_number_of_queries_is_small_whatever_there_is(client):
    def fill(number):
        topic, kind = make_topic(name_en=f"Choir {number}"), make_type(name_en=f"Choir {number}")
        town = make_town(f"Choir {number}")
        make_organization(name_en=f"Choir {number}", topics=[topic], type=kind, town=town)
        form = make_form(name_en=f"Choir {number}")
        make_collaboration(name_en=f"Choir {number}", form=form)
        make_need(name_en=f"Choir {number}", cause=make_cause(name_en=f"Choir {number}"))

    def queries():
        complete("choir", "en")
        with CaptureQueriesContext(connection) as captured:
            assert len(complete("choir", "en")) == 3
        return len(captured)

    fill(0)
    assert queries() == 5
    for number in range(1, 20):
        fill(number)
    # Of each database that has more than are offered: which are the first of the alphabet.
    assert queries() == 8

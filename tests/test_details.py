"""The pages of single entries and places."""

import datetime
import uuid

import pytest
from PIL import Image

from organizations.models import Organization
from tests.factories import (
    make_audience,
    make_collaboration,
    make_form,
    make_need,
    make_organization,
    make_topic,
    make_town,
    make_type,
)

pytestmark = pytest.mark.django_db


def address(entry, language="en"):
    return f"/{language}/{entry._meta.app_label}/{entry.slug}/"


def test_published_entry_has_a_page(client, make):
    page = client.get(address(make(name_en="Choir", summary_en="They sing.")))
    assert page.status_code == 200
    assert "<h1>Choir</h1>" in page.text
    assert "They sing." in page.text


def test_draft_has_no_page(client, make):
    entry = make(status="draft")
    assert client.get(address(entry)).status_code == 404
    assert client.get(f"/id/{entry.uuid}").status_code == 404


def test_archived_entry_is_gone(client, make):
    page = client.get(address(make(status="archived"), "lv"))
    assert page.status_code == 410
    assert '<html lang="lv">' in page.text


def test_merged_entry_leads_to_the_one_that_stays(client, make):
    last = make(name_en="Choir")
    middle = make(merged_into=last, status="archived")
    first = make(merged_into=middle)
    answer = client.get(address(first, "sv"))
    assert answer.status_code == 301
    assert answer.headers["Location"] == address(last, "sv")


def test_circle_of_merges_is_no_page_and_no_failure(client, make):
    first, second = make(), make()
    type(first).objects.filter(pk=first.pk).update(merged_into=second)
    type(first).objects.filter(pk=second.pk).update(merged_into=first)
    assert client.get(address(first)).status_code == 404


def test_permanent_address_leads_to_the_page_in_the_readers_language(client, make):
    entry = make()
    answer = client.get(f"/id/{entry.uuid}", headers={"accept-language": "lt"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == address(entry, "lt")
    assert "Accept-Language" in answer.headers["Vary"]


def test_unknown_permanent_address_does_not_exist(client, db):
    assert client.get(f"/id/{uuid.uuid4()}").status_code == 404
    assert client.get("/id/nonsense").status_code == 404


def test_page_says_that_nobody_verified_it(client, make):
    assert "Not verified yet" in client.get(address(make())).text


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("organisation", "The organisation itself confirmed on 2 March 2026"),
        ("municipality", "The municipality confirmed on 2 March 2026"),
        ("portal", "The editors of this portal confirmed on 2 March 2026"),
    ],
)
def test_page_says_who_verified_it_and_when(client, make, role, said):
    entry = make(verified_on=datetime.date(2026, 3, 2), verified_by=role)
    assert said in client.get(address(entry)).text


def test_page_names_its_source_and_provenance(client, make):
    entry = make(source="https://www.talsi.example/lapa", provenance="project")
    text = client.get(address(entry)).text
    assert '<a href="https://www.talsi.example/lapa" rel="external">talsi.example</a>' in text
    assert "From the project" in text


def test_topic_is_a_link_to_the_list(client, app, make):
    entry = make(topics=[make_topic(slug="music", name_en="Music")])
    assert f'<a href="/en/{app}/?topic=music">Music</a>' in client.get(address(entry)).text


def test_organization_shows_every_fact_that_is_there(client):
    entry = make_organization(
        name_en="Choir",
        type=make_type(slug="club", name_en="Club"),
        audiences=[make_audience(slug="youth", name_en="Youth")],
        reach="regional",
        reach_note_en="Kurzeme",
        website="https://choir.example/",
        email="info@choir.example",
        phone="+371 2000 0000",
        street="Lielā iela 1",
        postal_code="LV-3201",
        town=make_town("Roja"),
        latitude=57.5,
        longitude=22.8,
        founded=1994,
        registration_number="40008000000",
        languages=["lv", "en"],
        seeks_partners=True,
        seeks_en="A stage abroad.",
    )
    text = client.get(address(entry)).text
    for fact in (
        '<a href="/en/organizations/?type=club">Club</a>',
        '<a href="/en/organizations/?audience=youth">Youth</a>',
        "Regional (Kurzeme)",
        'href="https://choir.example/"',
        'href="mailto:info@choir.example"',
        'href="tel:+37120000000"',
        "Lielā iela 1",
        "LV-3201",
        "Roja",
        "57.5, 22.8",
        "1994",
        "40008000000",
        "English and Latvian",
        "This organisation looks for partners.",
        "A stage abroad.",
    ):
        assert fact in text, fact


def test_organization_leaves_out_what_is_not_there(client):
    text = client.get(address(make_organization())).text
    for label in ("Website", "Telephone", "Founded in", "Coordinates", "Partners wanted", "Logo"):
        assert f"<dt>{label}</dt>" not in text
        assert f">{label}</h2>" not in text


def test_collaboration_shows_every_fact_that_is_there(client):
    entry = make_collaboration(
        form=make_form(slug="grant", name_en="Grant"),
        participants_en="Choir\nBand",
        period_en="since 2015",
        started=2015,
        ended=2020,
        results_en="Ten concerts",
        website="https://concerts.example/",
    )
    text = client.get(address(entry)).text
    for fact in (
        '<a href="/en/collaborations/?form=grant">Grant</a>',
        "<p>Choir<br>Band</p>",
        "since 2015",
        "<dd>2015</dd>",
        "<dd>2020</dd>",
        "Ten concerts",
        'href="https://concerts.example/"',
    ):
        assert fact in text, fact


def test_related_entries_are_linked_both_ways(client):
    organization = make_organization(name_en="Choir")
    collaboration = make_collaboration(name_en="Concerts", organizations=[organization])
    need = make_need(name_en="A stage", collaborations=[collaboration])
    hidden = make_collaboration(name_en="Rehearsal", organizations=[organization], status="draft")
    page = client.get(address(organization)).text
    assert address(collaboration) in page
    assert hidden.slug not in page
    page = client.get(address(collaboration)).text
    assert address(organization) in page
    assert address(need) in page
    assert address(collaboration) in client.get(address(need)).text


def test_organization_names_others_with_its_topics_most_in_common_first(client, talsi, braga):
    sport, music, art = topics = [make_topic(name_en=name) for name in ("Sport", "Music", "Art")]

    def make(name, place, *topics, **fields):
        one = make_organization(name_en=name, municipality=place, **fields)
        one.topics.set(topics)
        return one

    choir = make("Choir", talsi, *topics)
    make("Orchestra", talsi, music)
    make("Band", talsi, sport, music)
    make("Opera", talsi, *topics, status="draft")
    make("Farm", talsi, make_topic(name_en="Farming"))
    make("Coro", braga, art)
    page = client.get(choir.get_absolute_url())
    assert [one.name_en for one in page.context["neighbours"]] == ["Band", "Orchestra"]
    assert [one.name_en for one in page.context["abroad"]] == ["Coro"]
    assert "In common: Sport · Music" in page.text


def test_need_says_where_it_holds(client, talsi):
    assert (
        "Belarus and Latvia"
        in client.get(address(make_need(level="several", countries=["BY", "LV"]))).text
    )
    assert "All pilot areas" in client.get(address(make_need(level="all"))).text
    assert "/en/municipalities/talsi/" in client.get(address(make_need(municipality=talsi))).text


def test_text_in_another_language_is_marked_and_said_once(client, talsi):
    entry = make_organization(name_lv="Koris", summary_en="They sing.", seeks_en="A stage.")
    text = client.get(address(entry, "el")).text
    assert '<span lang="lv">Koris</span>' in text
    assert '<div lang="en"><p>They sing.</p></div>' in text
    said = text.count('<p class="quiet" id="other-languages">')
    assert said == 1


def test_page_wholly_in_the_readers_language_says_nothing_of_others(client, talsi):
    entry = make_organization(name_lv="Koris", summary_lv="Viņi dzied.")
    assert "other-languages" not in client.get(address(entry, "lv")).text


def test_municipality_shows_its_facts_entries_and_needs(client, talsi):
    type(talsi).objects.filter(pk=talsi.pk).update(
        population=35194, population_year=2022, lau="0051000", partner="Partner", notes_en="A note."
    )
    make_town("Sabile")
    entries = [
        make_organization(name_en="Choir"),
        make_collaboration(name_en="Concerts"),
        make_need(name_en="A stage"),
        make_need(name_en="Everywhere", level="all"),
    ]
    text = client.get("/en/municipalities/talsi/").text
    for entry in entries:
        assert address(entry) in text
    for fact in ("35,194 (2022)", "0051000", "Partner", "A note.", "?town=sabile", "GeoNames"):
        assert fact in text, fact


def test_logo_is_served(client, tmp_path, settings):
    (settings.MEDIA_ROOT / "logos").mkdir(parents=True)
    (settings.MEDIA_ROOT / "secret.txt").write_text("secret")
    entry = make_organization()
    Organization.objects.filter(pk=entry.pk).update(logo="logos/a.png")
    Image.new("RGB", (10, 10)).save(settings.MEDIA_ROOT / "logos" / "a.png")
    assert 'src="/media/logos/a.png"' in client.get(address(entry)).text
    for path in ("logos/../secret.txt", "secret.txt", "logos/%2e%2e/secret.txt", "logos/"):
        assert client.get(f"/media/{path}").status_code in (400, 404)


def test_places_count_what_is_published(client, talsi, braga):
    for _ in range(2):
        make_organization(municipality=talsi)
    make_organization(municipality=talsi, status="draft")
    make_collaboration(municipality=talsi)
    for path in ("/en/", "/en/municipalities/"):
        numbers = {
            place.slug: (place.organization_count, place.collaboration_count)
            for place in client.get(path).context["municipalities"]
        }
        assert numbers == {"talsi": (2, 1), "braga": (0, 0)}

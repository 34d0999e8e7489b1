"""Structured data: what stands on a page and nothing else, and no name breaks out of it."""

import json
import re

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collaborations.models import Collaboration
from collaborations.structured import years
from localympact.structured import dataset, node, script
from needs.models import Need
from organizations.models import Organization
from organizations.pictures import made_safe
from tests.factories import (
    make_collaboration,
    make_municipality,
    make_need,
    make_organization,
    make_topic,
    make_town,
)
from tests.test_pictures import drawn, upload

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "\"quotes\" and 'others' \\",
    "&lt;b&gt; &amp;",
    "line\u2028and\u2029paragraph",
    "]]> {{ 7*7 }}",
]
# Properties that hold a code, a day or a type, not words.
CODES = {
    *("@type", "@context", "addressCountry", "dateModified", "encodingFormat", "foundingDate"),
    *("inLanguage", "knowsLanguage", "query-input", "temporalCoverage", "unitCode"),
}
ADDRESSES = {
    *("@id", "contentUrl", "isBasedOn", "item", "license", "logo", "sameAs", "url"),
    "urlTemplate",
}


def read(page):
    """Give the document of a page, and its structured data as a list of nodes."""
    assert page.status_code == 200
    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    blocks = document.findall(".//script[@type='application/ld+json']")
    assert len(blocks) <= 1
    if not blocks:
        return document, []
    data = json.loads(blocks[0].text)
    assert data["@context"] == "https://schema.org"
    return document, data["@graph"]


def nodes(client, address, **asked):
    return read(client.get(address, asked))[1]


def kinds(graph):
    return [thing["@type"] for thing in graph]


def visible(document):
    """Give the text of the body as somebody reads it: line breaks and edges are spaces."""
    return " ".join(" ".join(document.find("body").itertext()).split())


def strings(thing, name=None):
    """Give (property, text) of all texts in a node and in what it holds."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from strings(value, key)
    elif isinstance(thing, list):
        for value in thing:
            yield from strings(value, name)
    elif isinstance(thing, str):
        yield name, thing


def is_code(name, text):
    return name in CODES or (name == "identifier" and re.fullmatch("[A-Z]{2}", text))


# The pages of the seed


def addresses():
    """Give an address of each kind of page, with the types that its data has."""
    crumbs = "BreadcrumbList"
    yield "/", ["WebSite"]
    for app in ("organizations", "collaborations", "needs"):
        yield f"/{app}/", ["CollectionPage", crumbs]
        yield f"/{app}/?view=table&sort=newest", ["CollectionPage", crumbs]
        yield f"/{app}/?municipality=talsi", ["CollectionPage", crumbs]
        yield f"/{app}/download/?municipality=talsi", ["WebPage", crumbs]
    yield "/organizations/?page=2", ["CollectionPage", crumbs]
    yield "/municipalities/", ["CollectionPage", crumbs]
    for slug in ("talsi", "dalarna", "aglantzia"):
        yield f"/municipalities/{slug}/", ["AdministrativeArea", crumbs]
    yield "/about/", ["AboutPage", crumbs]
    yield "/data/", ["WebPage", crumbs, "Dataset"]
    yield "/data/dictionary/", ["WebPage", crumbs]
    yield "/privacy/", ["WebPage", crumbs]
    yield "/accessibility/", ["WebPage", crumbs]
    yield "/search/", ["SearchResultsPage", crumbs]
    yield "/suggest/", ["ContactPage", crumbs]
    for model in (Organization, Collaboration, Need):
        entries = model.objects.published()
        several = [entries.first(), entries.last(), entries.order_by("-summary_en").first()]
        if model is Need:
            several += [entries.filter(level=level).first() for level in ("all", "several")]
        for entry in filter(None, several):
            kind = "Organization" if model is Organization else "Article"
            yield f"/{model._meta.app_label}/{entry.slug}/", [kind, crumbs]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "lv"])
def test_data_of_a_page_says_what_stands_on_it(client, seed, language):
    for address, types in addresses():
        document, graph = read(client.get(f"/{language}{address}"))
        assert kinds(graph) == types, address
        text = visible(document)
        for name, value in strings(graph):
            if name in ADDRESSES:
                assert re.match(r"https?://[^/]+/?", value), (address, name, value)
            elif not is_code(name, value):
                assert " ".join(value.split()) in text, (address, name, value)


@pytest.mark.django_db
def test_way_to_a_page_leads_over_its_list(client, app, make):
    entry = make(name_en="Choir")
    (crumbs,) = [
        thing
        for thing in nodes(client, entry.get_absolute_url())
        if thing["@type"] == "BreadcrumbList"
    ]
    assert [(step["position"], step["item"]) for step in crumbs["itemListElement"]] == [
        (1, "http://testserver/en/"),
        (2, f"http://testserver/en/{app}/"),
        (3, "http://testserver/en/" + f"{app}/choir/"),
    ]
    assert crumbs["itemListElement"][2]["name"] == "Choir"


@pytest.mark.django_db
def test_list_numbers_its_entries_through_all_pages(client):
    topic = make_topic(slug="music")
    for number in range(30):
        make_organization(name_en=f"Choir {number:02}", topics=[topic])
    document, (shown, _crumbs) = read(
        client.get("/en/organizations/", {"topic": "music", "page": "last", "utm": "x"})
    )
    assert shown["url"] == "http://testserver/en/organizations/?topic=music&page=2"
    assert shown["url"] == document.find(".//link[@rel='canonical']").get("href")
    items = shown["mainEntity"]["itemListElement"]
    assert shown["mainEntity"]["numberOfItems"] == 30
    assert [(item["position"], item["name"]) for item in items] == [
        (number + 1, f"Choir {number}") for number in range(24, 30)
    ]
    assert items[0]["url"] == "http://testserver/en/organizations/choir-24/"


@pytest.mark.django_db
def test_empty_list_has_no_entries(client, app):
    shown, _crumbs = nodes(client, f"/en/{app}/")
    assert shown["mainEntity"] == {"@type": "ItemList", "numberOfItems": 0}


# Entries


@pytest.mark.django_db
def test_organisation_is_described_by_its_facts(client):
    entry = make_organization(
        name_lv="Koris",
        summary_en="It sings.",
        topics=[make_topic(name_en="Music")],
        town=make_town("Sabile"),
        street="Rīgas iela 1",
        postal_code="LV-3294",
        latitude=57.5,
        longitude=22.5,
        website="https://choir.example/",
        email="choir@choir.example",
        phone="+371 2000 0000",
        founded=1994,
        registration_number="40008000000",
        languages=["lv", "en"],
        seeks_partners=True,
        seeks_en="For a concert.",
    )
    make_collaboration(name_en="Concerts", organizations=[entry])
    make_collaboration(name_en="Draft", organizations=[entry], status="draft")
    described = nodes(client, f"/en/organizations/{entry.slug}/")[0]
    page = described.pop("mainEntityOfPage")
    assert page["url"] == f"http://testserver/en/organizations/{entry.slug}/"
    assert page["inLanguage"] == "en"
    assert [one["name"] for one in described.pop("subjectOf")] == ["Concerts"]
    assert described == {
        "@type": "Organization",
        "@id": f"http://testserver/id/{entry.uuid}",
        "name": "Koris",
        "description": "It sings.",
        "url": "https://choir.example/",
        "email": "choir@choir.example",
        "telephone": "+371 2000 0000",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "Rīgas iela 1",
            "postalCode": "LV-3294",
            "addressLocality": "Sabile",
            "addressRegion": "Talsi",
            "addressCountry": "LV",
        },
        "location": {
            "@type": "Place",
            "geo": {"@type": "GeoCoordinates", "latitude": 57.5, "longitude": 22.5},
        },
        "areaServed": {
            "@type": "AdministrativeArea",
            "name": "Talsi",
            "url": "http://testserver/en/municipalities/talsi/",
            "containedInPlace": {"@type": "Country", "name": "Latvia", "identifier": "LV"},
        },
        "foundingDate": "1994",
        "identifier": {
            "@type": "PropertyValue",
            "name": "Registration number",
            "value": "40008000000",
        },
        "knowsLanguage": ["en", "lv"],
        "knowsAbout": ["Music"],
        "seeks": {"@type": "Demand", "description": "For a concert."},
    }


@pytest.mark.django_db
def test_organisation_without_facts_has_no_empty_properties(client):
    entry = make_organization(name_en="Choir", reach="unconfirmed")
    described = nodes(client, entry.get_absolute_url())[0]
    assert set(described) == {"@type", "@id", "name", "mainEntityOfPage"}


@pytest.mark.django_db
def test_logo_is_named(client):
    entry = make_organization(name_en="Choir")
    entry.logo.save("logo.png", made_safe(upload(drawn())))
    address = entry.get_absolute_url()
    assert nodes(client, address)[0]["logo"] == f"http://testserver{entry.logo.url}"


@pytest.mark.django_db
def test_article_is_in_the_language_of_its_text(client):
    entry = make_collaboration(name_sv="Konserter", summary_sv="De sjunger.", started=2019)
    described = nodes(client, f"/en/collaborations/{entry.slug}/")[0]
    assert (described["headline"], described["inLanguage"]) == ("Konserter", "sv")
    assert described["temporalCoverage"] == "2019/.."


def test_years_of_a_period_may_be_open():
    assert [years(*pair) for pair in [(2019, 2021), (None, 2021), (None, None)]] == [
        "2019/2021",
        "../2021",
        None,
    ]


@pytest.mark.django_db
def test_need_names_where_it_holds_and_what_answers_it(client):
    practice = make_collaboration(name_en="Concerts")
    need = make_need(level="several", countries=["LV", "SE"], collaborations=[practice])
    described = nodes(client, need.get_absolute_url())[0]
    assert [one["identifier"] for one in described["spatialCoverage"]] == ["LV", "SE"]
    assert [one["@id"] for one in described["mentions"]] == [
        f"http://testserver/id/{practice.uuid}"
    ]
    everywhere = make_need(level="all")
    assert "spatialCoverage" not in nodes(client, everywhere.get_absolute_url())[0]


@pytest.mark.django_db
def test_draft_in_preview_and_errors_have_no_data(client, make, talsi, editor):
    entry = make(status="draft", municipality=talsi)
    client.force_login(editor)
    assert nodes(client, entry.get_absolute_url()) == []
    assert "ld+json" not in client.get("/en/nonsense/").text
    assert "ld+json" not in client.get("/en/suggest/thanks/").text


@pytest.mark.django_db
def test_page_of_an_entry_makes_the_same_queries_for_1_and_20_terms(client, app, make):
    def queries(entry):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(entry.get_absolute_url()).status_code == 200
        return len(captured)

    place = make_municipality()
    few = make(municipality=place, topics=[make_topic()])
    many = make(municipality=place, topics=[make_topic() for _ in range(20)])
    queries(few)
    assert queries(few) == queries(many)


# Safety


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_the_data_cannot_end_its_block(text):
    written = script([node("Thing", name=text)])
    inside = written.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert not re.search("[<>&\u2028\u2029]", inside)
    document = html5lib.parse(f"<!doctype html>{written}", namespaceHTMLElements=False)
    (block,) = document.iter("script")
    assert json.loads(block.text)["@graph"] == [{"@type": "Thing", "name": text}]


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_name_stays_a_name(client, app, make, text):
    plain = make(name_en="Plain", summary_en="Plain")
    scripts = len(list(read(client.get(plain.get_absolute_url()))[0].iter("script")))
    entry = make(name_en=text, summary_en=text, topics=[make_topic(name_en=text)])
    document, graph = read(client.get(entry.get_absolute_url()))
    assert len(list(document.iter("script"))) == scripts
    described = graph[0]
    assert (described.get("headline") or described.get("name")) == text
    assert described["description"] == text
    shown, _crumbs = nodes(client, f"/en/{app}/", sort="newest")
    assert shown["mainEntity"]["itemListElement"][0]["name"] == text


# The data themselves


def test_data_set_has_its_files():
    described = dataset(
        "https://portal.example/en/data/",
        "Organisations",
        "What there is.",
        "https://creativecommons.org/licenses/by/4.0/",
        "The project",
        [("text/csv", "https://portal.example/en/organizations/export.csv")],
        inLanguage=["lv", "en"],
        dateModified=None,
    )
    assert described == {
        "@type": "Dataset",
        "@id": "https://portal.example/en/data/",
        "url": "https://portal.example/en/data/",
        "name": "Organisations",
        "description": "What there is.",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "creator": {"@type": "Organization", "name": "The project"},
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": "text/csv",
                "contentUrl": "https://portal.example/en/organizations/export.csv",
            }
        ],
        "inLanguage": ["lv", "en"],
    }

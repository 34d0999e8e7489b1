"""The language is in the address; every page exists in six."""

import re
from datetime import UTC, date, datetime

import html5lib
import pytest
from django.conf import settings
from django.utils.translation import override

from localympact.templatetags.portal import country, day, number
from localympact.texts import LANGUAGES
from tests.factories import MAKERS, make_conclusion, make_organization, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses(talsi):
    """Every kind of page, without its language."""
    topic = make_topic(slug="music")
    entries = [
        make(topics=[topic], source="https://a.example/?b=1&c=2") for make in MAKERS.values()
    ]
    make_conclusion(summary_en="Learn.")
    lists = [f"/{app}/" for app in MAKERS]
    return [
        "/",
        *lists,
        *(f"{address}?topic=music&q=a" for address in lists),
        *(f"{address}?topic=nonsense&country=%00" for address in lists),
        *(f"/{entry._meta.app_label}/{entry.slug}/" for entry in entries),
        "/municipalities/",
        "/municipalities/talsi/",
        "/?municipality=talsi",
        "/suggest/",
        "/suggest/?kind=new",
        "/suggest/thanks/",
        "/privacy/",
        "/accessibility/",
        "/search/",
        "/search/?q=a",
        "/about/",
        "/data/",
        "/data/dictionary/",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_valid_in_every_language(client, addresses, language):
    for address in addresses:
        page = client.get(f"/{language}{address}")
        assert page.status_code == 200, address
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        document = parser.parse(page.text)
        assert document.get("lang") == language
        assert len(document.findall(".//h1")) == 1, address
        assert document.findtext(".//title").strip(), address
        ids = [element.get("id") for element in document.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), address
        # BibTeX and programs have braces of their own.
        shown = re.sub("<pre.*?</pre>", "", page.text, flags=re.DOTALL)
        assert "{{" not in shown
        assert "{%" not in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_comes_from_another_host(client, addresses, language):
    for address in addresses:
        document = html5lib.parse(
            client.get(f"/{language}{address}").text, namespaceHTMLElements=False
        )
        loaded = [
            element.get("src") or element.get("href")
            for element in document.iter()
            if element.tag in ("script", "img", "iframe", "link")
            and element.get("type") != "application/ld+json"
            and element.get("rel") not in ("canonical", "alternate")
        ]
        assert all(url.startswith("/") and not url.startswith("//") for url in loaded)
        assert not [element for element in document.iter() if element.get("style")]


def test_start_leads_to_the_language_of_the_cookie_then_of_the_browser_then_english(client):
    def start(**headers):
        return client.get("/", headers=headers).headers["Location"]

    assert start() == "/en/"
    assert start(accept_language="de, lv;q=0.8, en;q=0.5") == "/lv/"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "el"
    assert start(accept_language="lv") == "/el/"


def test_language_chosen_on_the_site_is_remembered(client):
    client.get("/lt/about/", headers={"referer": "http://testserver/en/about/"})
    assert client.get("/").headers["Location"] == "/lt/"


@pytest.mark.parametrize(
    "referer", ["", "http://elsewhere.example/en/", "http://testserver/lt/", "http://testserver/"]
)
def test_reading_a_page_sets_no_cookie(client, referer):
    answer = client.get("/lt/about/", headers={"referer": referer})
    assert not answer.cookies


def test_switcher_keeps_page_and_query(client):
    page = client.get("/lv/organizations/", {"q": "a&b", "page": "1"})
    for language in LANGUAGES:
        assert (
            f'<a href="/{language}/organizations/?q=a%26b&amp;page=1" hreflang="{language}" '
            f'lang="{language}"' in page.text
        )


def test_page_names_its_versions_in_all_languages(client):
    entry = make_organization(**{f"summary_{code}": "Text" for code in LANGUAGES})
    document = html5lib.parse(
        client.get(f"/sv/organizations/{entry.slug}/").text, namespaceHTMLElements=False
    )
    links = {
        link.get("hreflang"): link.get("href")
        for link in document.findall(".//link[@rel='alternate']")
    }
    base = "http://testserver"
    assert links == {code: f"{base}/{code}/organizations/{entry.slug}/" for code in LANGUAGES} | {
        "x-default": f"{base}/organizations/{entry.slug}/"
    }
    (canonical,) = document.findall(".//link[@rel='canonical']")
    assert canonical.get("href") == f"{base}/sv/organizations/{entry.slug}/"


def test_address_without_language_leads_to_one(client):
    entry = make_organization()
    answer = client.get(
        f"/organizations/{entry.slug}/", headers={"accept-language": "pt-PT,pt;q=0.9"}
    )
    assert answer.headers["Location"] == f"/pt/organizations/{entry.slug}/"


def test_canonical_address_of_a_list_has_its_filters_and_nothing_else(client, app, make):
    make(topics=[make_topic(slug="music")], name_en="ab")
    page = client.get(f"/en/{app}/", {"utm": "x", "topic": "music", "q": "a"})
    assert (
        f'<link rel="canonical" href="http://testserver/en/{app}/?q=a&amp;topic=music">'
        in page.text
    )


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("lv", "2026. gada 24. novembris"),
        ("en", "24 November 2026"),
        ("pt", "24 de novembro de 2026"),
        ("sv", "24 november 2026"),
        ("lt", "2026 m. lapkričio 24 d."),
        ("el", "24 Νοεμβρίου 2026"),
    ],
)
def test_day_is_written_as_the_language_does(language, written):
    with override(language):
        assert day(date(2026, 11, 24)) == written
        # A moment is shown as the day that it is in Riga.
        assert day(datetime(2026, 11, 23, 23, 30, tzinfo=UTC)) == written


@pytest.mark.parametrize(
    ("language", "written", "latvia"),
    [
        ("lv", "288\xa0387", "Latvija"),
        ("en", "288,387", "Latvia"),
        ("pt", "288\xa0387", "Letónia"),
        ("sv", "288\xa0387", "Lettland"),
        ("lt", "288\xa0387", "Latvija"),
        ("el", "288.387", "Λετονία"),
    ],
)
def test_numbers_and_countries_are_written_as_in_europe(language, written, latvia):
    with override(language):
        assert number(288387) == written
        assert country("LV") == latvia

"""The site map, and the versions of a page that its head names: both say the same."""

from urllib.parse import urlsplit

import html5lib
import pytest
from defusedxml import ElementTree
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from localympact.sitemaps import PAGES, InLanguages
from tests.factories import make_municipality, make_organization

pytestmark = pytest.mark.django_db

LANGUAGES = ["lv", "en", "pt", "sv", "lt", "el"]
NS = {
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "xhtml": "http://www.w3.org/1999/xhtml",
}
HOST = "http://testserver"


def get(client, address, **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml"
    return ElementTree.fromstring(answer.content)


def listed(client, section, **asked):
    """Give a page of the map as {address: {hreflang: address}}, and check how it is built."""
    root = get(client, f"/sitemap-{section}.xml", **asked)
    assert root.tag == f"{{{NS['map']}}}urlset"
    found = {}
    for url in root:
        assert url.tag == f"{{{NS['map']}}}url"
        assert url[0].tag == f"{{{NS['map']}}}loc"
        assert {child.tag for child in url} <= {
            f"{{{NS['map']}}}loc",
            f"{{{NS['map']}}}lastmod",
            f"{{{NS['xhtml']}}}link",
        }
        links = url.findall("xhtml:link", NS)
        assert {link.get("rel") for link in links} <= {"alternate"}
        named = {link.get("hreflang"): link.get("href") for link in links}
        assert len(named) == len(links)
        found[url.findtext("map:loc", namespaces=NS)] = named
    assert len(found) == len(root)
    return found


def parts(client):
    """Give the addresses of the pages of the map."""
    root = get(client, "/sitemap.xml")
    assert root.tag == f"{{{NS['map']}}}sitemapindex"
    return [part.findtext("map:loc", namespaces=NS) for part in root]


def head(client, address):
    """Give what the head of a page says: its versions, its canonical address, its robots."""
    page = client.get(address)
    document = html5lib.parse(page.text, namespaceHTMLElements=False)
    versions = {
        link.get("hreflang"): link.get("href")
        for link in document.findall(".//link[@rel='alternate']")
        if link.get("hreflang")
    }
    (canonical,) = document.findall(".//link[@rel='canonical']")
    robots = [meta.get("content") for meta in document.findall(".//meta[@name='robots']")]
    return versions, canonical.get("href"), robots


# What is listed


def test_map_lists_what_is_published_and_nothing_else(client, app, make):
    shown = make(name_en="Shown")
    make(status="draft")
    make(status="archived")
    make(status="draft", merged_into=shown)
    assert list(listed(client, app)) == [f"{HOST}/en/{app}/shown/"]


def test_entry_is_listed_in_the_languages_of_its_text(client, app, make):
    make(name_en="Choir", name_pt="Coro", summary_lv="Dzied.", summary_en="It sings.")
    base = f"{app}/choir/"
    versions = {
        "lv": f"{HOST}/lv/{base}",
        "en": f"{HOST}/en/{base}",
        "x-default": f"{HOST}/{base}",
    }
    assert listed(client, app) == {versions["lv"]: versions, versions["en"]: versions}


def test_entry_without_a_text_is_listed_in_the_languages_of_its_name(client, app, make):
    entry = make(name_pt="Coro", name_lv="Koris")
    assert set(listed(client, app)) == {
        f"{HOST}/pt/{app}/{entry.slug}/",
        f"{HOST}/lv/{app}/{entry.slug}/",
    }


def test_visitor_without_a_language_is_led_to_english_only_where_there_is_english(
    client, app, make
):
    make(name_lv="Koris", summary_lv="Dzied.")
    ((versions),) = listed(client, app).values()
    assert set(versions) == {"lv"}


def test_pages_and_places_are_listed_in_all_languages(client):
    make_municipality("talsi")
    for section, number in (("pages", len(PAGES)), ("municipalities", 1)):
        found = listed(client, section)
        assert len(found) == 6 * number
        for address, versions in found.items():
            assert set(versions) == {*LANGUAGES, "x-default"}
            assert address in versions.values()


def test_last_change_is_given(client, app, make):
    entry = make()
    root = get(client, f"/sitemap-{app}.xml")
    assert root[0].findtext("map:lastmod", namespaces=NS) == str(timezone.localdate(entry.updated))


# The head of a page


def test_head_names_the_same_versions_as_the_map(client, seed, app):
    found = list(listed(client, app).items())
    for address, versions in [*found[:7], *found[-7:]]:
        shown, canonical, robots = head(client, urlsplit(address).path)
        assert shown == versions
        assert canonical == address
        assert robots == []


def test_every_version_names_all_others(client, app, make):
    make(name_en="Choir", summary_lv="Dzied.", summary_en="It sings.", summary_el="Τραγουδά.")
    for address, versions in listed(client, app).items():
        assert versions[urlsplit(address).path[1:3]] == address
        for code in set(versions) - {"x-default"}:
            assert head(client, urlsplit(versions[code]).path)[0] == versions


def test_page_in_a_language_without_its_text_is_read_but_not_indexed(client, app, make):
    make(name_en="Choir", summary_en="It sings.")
    address = f"/sv/{app}/choir/"
    assert head(client, address) == ({}, f"{HOST}{address}", ["noindex"])
    document = html5lib.parse(client.get(address).text, namespaceHTMLElements=False)
    menu = document.find(".//nav[@id='languages']")
    assert [link.get("hreflang") for link in menu.iter("a")] == LANGUAGES


def test_versions_of_an_entry_have_no_query(client, app, make):
    make(name_en="Choir")
    versions, canonical, _robots = head(client, f"/en/{app}/choir/?utm=x")
    assert versions["en"] == canonical == f"{HOST}/en/{app}/choir/"


def test_draft_in_preview_is_not_indexed_and_names_no_version(client, make, talsi, editor):
    entry = make(status="draft", municipality=talsi)
    client.force_login(editor)
    versions, _canonical, robots = head(client, entry.get_absolute_url())
    assert (versions, robots) == ({}, ["noindex"])


@pytest.mark.parametrize("name", ["", "about/", "municipalities/", "organizations/"])
def test_page_names_its_versions_as_the_map_does(client, name):
    versions = listed(client, "pages")[f"{HOST}/el/{name}"]
    assert head(client, f"/el/{name}")[0] == versions


# The map as a whole


def test_index_lists_the_parts_that_hold_something(client, app, make):
    make()
    assert parts(client) == [
        f"{HOST}/sitemap-{section}.xml" for section in ("pages", "municipalities", app)
    ]
    for part in parts(client):
        assert listed(client, urlsplit(part).path[len("/sitemap-") : -len(".xml")])


def test_map_of_an_empty_portal_holds_its_pages(client):
    assert parts(client) == [f"{HOST}/sitemap-pages.xml"]
    assert client.get("/sitemap-organizations.xml").status_code == 404


def test_addresses_have_the_scheme_and_host_of_the_request(client, settings):
    settings.ALLOWED_HOSTS = ["portal.example"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"host": "portal.example", "x-forwarded-proto": "https"}
    assert "<loc>https://portal.example/sitemap-pages.xml" in (
        client.get("/sitemap.xml", headers=headers).text
    )
    assert "<loc>https://portal.example/lv/</loc>" in (
        client.get("/sitemap-pages.xml", headers=headers).text
    )


def test_long_part_is_cut_into_pages_that_are_all_listed(client, monkeypatch):
    monkeypatch.setattr(InLanguages, "limit", 2)
    for number in range(5):
        make_organization(name_en=f"Choir {number}", summary_lv="Dzied.", summary_en="It sings.")
    pages = [part for part in parts(client) if "organizations" in part]
    base = f"{HOST}/sitemap-organizations.xml"
    assert pages == [base, f"{base}?p=2", f"{base}?p=3"]
    found = [address for p in (1, 2, 3) for address in listed(client, "organizations", p=p)]
    assert len(set(found)) == len(found) == 10
    assert len(listed(client, "organizations", p=3)) == 2


def test_map_makes_the_same_queries_for_1_and_30_entries(client, app, make):
    def queries(address):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    place = make_municipality()
    make(municipality=place)
    few = [queries(address) for address in ("/sitemap.xml", f"/sitemap-{app}.xml")]
    for _ in range(29):
        make(municipality=place)
    assert [queries(address) for address in ("/sitemap.xml", f"/sitemap-{app}.xml")] == few
    assert few[1] == 2


@pytest.mark.parametrize(
    "address",
    [
        "/sitemap-nothing.xml",
        "/sitemap-pages.xml?p=2",
        "/sitemap-pages.xml?p=x",
        "/sitemap-pages.xml?p=%00",
        "/sitemap-pages.xml?p=-1",
        "/sitemap-pages.xml?p=" + "9" * 5000,
    ],
)
def test_unknown_page_of_the_map_does_not_exist(client, address):
    assert client.get(address).status_code == 404


def test_robots_are_kept_from_what_has_no_end_and_told_where_the_map_is(client):
    answer = client.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert f"Sitemap: {HOST}/sitemap.xml" in lines
    assert "Disallow: /admin/" in lines
    assert "Disallow: /*?*&" in lines
    assert client.post("/robots.txt").status_code == 405

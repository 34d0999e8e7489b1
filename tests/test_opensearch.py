"""The description by which a browser adds the search of the portal to its own."""

from xml.etree import ElementTree as Xml

import html5lib
import pytest

from localympact.texts import LANGUAGES
from tests.factories import make_organization

NAMESPACE = "{http://a9.com/-/spec/opensearch/1.1/}"


def description(client, language, **headers):
    answer = client.get(f"/opensearch/{language}.xml", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/opensearchdescription+xml"
    assert answer.headers["Content-Language"] == language
    return Xml.fromstring(answer.content)  # noqa: S314 - our own


@pytest.mark.parametrize("language", LANGUAGES)
def test_description_holds_what_the_format_asks_for(client, language):
    root = description(client, language)
    assert root.tag == f"{NAMESPACE}OpenSearchDescription"
    said = {one.tag.removeprefix(NAMESPACE): one.text for one in root}
    assert 0 < len(said["ShortName"]) <= 16
    assert 0 < len(said["Description"]) <= 1024
    assert (said["Language"], said["InputEncoding"]) == (language, "UTF-8")
    assert said["Image"].startswith("http://testserver/")


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_addresses_of_the_description_answer(client, language):
    make_organization(name_en="Choir & band")
    urls = {one.get("type"): one for one in description(client, language).iter(f"{NAMESPACE}Url")}
    assert {kind: one.get("rel") for kind, one in urls.items()} == {
        "text/html": None,
        "application/x-suggestions+json": "suggestions",
        "application/opensearchdescription+xml": "self",
    }
    for kind, one in urls.items():
        assert one.get("template").startswith("http://testserver/")
        answer = client.get(one.get("template").replace("{searchTerms}", "choir%20%26%20band"))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].split(";")[0] == kind
        if kind != "application/opensearchdescription+xml":
            assert "Choir" in answer.text


def test_addresses_are_those_of_the_host_that_was_asked(client, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    root = description(client, "lv", host="localhost", x_forwarded_proto="https")
    for url in root.iter(f"{NAMESPACE}Url"):
        assert url.get("template").startswith("https://localhost/")


@pytest.mark.parametrize("language", ["xx", "LV", "lv-LV", "a" * 3000])
def test_other_languages_have_no_description(client, language):
    assert client.get(f"/opensearch/{language}.xml").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_names_the_description_of_its_language(client, language):
    page = html5lib.parse(client.get(f"/{language}/about/").text, namespaceHTMLElements=False)
    (link,) = page.findall(".//link[@rel='search']")
    assert link.get("type") == "application/opensearchdescription+xml"
    said = description(client, language).find(f"{NAMESPACE}ShortName").text
    assert (link.get("href"), link.get("title")) == (f"/opensearch/{language}.xml", said)

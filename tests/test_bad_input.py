"""Bad and hostile input: the right status, a message in the reader's language, never 500."""

from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.factories import make_organization

pytestmark = pytest.mark.django_db

HOSTILE = [
    "\x00",
    "\ufffd\udcff".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "a" * 10_000,
    "' OR 1=1 --",
    "%' ESCAPE '",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../etc/passwd",
    "🙂" * 300,
    "{{ 7*7 }}",
    "-1",
    "9" * 5000,
    "(((((",
]
PARAMETERS = [
    "q",
    "country",
    "municipality",
    "type",
    "topic",
    "audience",
    "form",
    "cause",
    "kind",
    "side",
    "town",
    "verified",
    "partners",
    "sort",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value_in_a_list_is_answered(client, app, make, value):
    make()
    for name in PARAMETERS:
        page = client.get(f"/lv/{app}/", {name: value})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert client.get(f"/lv/{app}/", {"page": value}).status_code == 404
    for file in ("export.csv", "feed.atom"):
        for asked in ({"q": value}, dict.fromkeys(PARAMETERS, value)):
            assert client.get(f"/lv/{app}/{file}", asked).status_code in (200, 400)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_search_is_answered(client, value):
    assert client.get("/el/search/", {"q": value}).status_code == 200


@pytest.mark.parametrize(
    "query", ["q=%ff%fe", "topic=%c3%28", "%00=%00", "q=a" * 1500, "&&&=", "q[]=1"]
)
def test_broken_query_is_answered(client, app, query):
    assert client.get(f"/sv/{app}/?{query}", follow=True).status_code == 200


def test_too_many_parameters_are_refused(client, app):
    assert client.get(f"/lv/{app}/?" + "&".join("q=a" for _ in range(2000))).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/lv/organizations/%ff/",
        "/lv/organizations/%00/",
        "/lv/organizations/no-such-thing/",
        "/lv/organizations/export.pdf",
        "/lv/collaborations/export.geojson",
        "/lv/nonsense/",
        "/xx/organizations/",
        "/lv/municipalities/riga/",
        "/lv/organizations/" + "a" * 3000 + "/",
    ],
)
def test_unknown_address_does_not_exist(client, path):
    page = client.get(path, headers={"accept-language": "lv"})
    assert page.status_code == 404
    assert '<html lang="lv">' in page.text


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_wrong_method_is_told_what_is_allowed(client, app, make, method):
    entry = make()
    for path in (f"/lv/{app}/", f"/lv/{app}/{entry.slug}/", f"/lv/{app}/export.csv", "/lv/search/"):
        answer = getattr(client, method)(path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]
        assert '<html lang="lv">' in answer.text


def test_head_is_answered_like_get(client, app, make):
    make()
    answer = client.head(f"/lv/{app}/")
    assert answer.status_code == 200
    assert not answer.content


def test_foreign_host_is_refused(client, db):
    page = client.get("/lv/", headers={"host": "evil.example"})
    assert page.status_code == 400
    assert '<html lang="lv">' in page.text
    assert "evil.example" not in page.text


def test_form_from_elsewhere_is_refused_in_the_readers_language(db):
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/admin/login/", {"username": "a"}, headers={"accept-language": "lt"})
    assert page.status_code == 403
    assert '<html lang="lt">' in page.text


def test_failure_has_a_page_in_the_readers_language(client, app):
    client.raise_request_exception = False
    with mock.patch("localympact.views.PublishedList.get_queryset", side_effect=RuntimeError):
        page = client.get(f"/el/{app}/")
    assert page.status_code == 500
    assert '<html lang="el">' in page.text
    assert "<h1>" in page.text


def test_failure_page_needs_no_database(client, app):
    """Also for somebody with a session, which is kept in the database."""
    client.raise_request_exception = False
    client.cookies["sessionid"] = "a" * 32
    gone = OperationalError("the database is down")
    with mock.patch.object(connection, "cursor", side_effect=gone):
        for path in (f"/lv/{app}/", f"/lv/{app}/choir/", "/lv/", "/admin/"):
            page = client.get(path, headers={"accept-language": "lv"})
            assert page.status_code == 503
            assert '<html lang="lv">' in page.text


def test_wrong_value_in_a_file_is_a_message_not_an_empty_file(client, app, make):
    make()
    for asked, said in (
        ({"topic": "nonsense"}, "topic: "),
        ({"country": "XX"}, "country: "),
        ({"q": "\x00"}, "q: "),
        ({"separator": "pipe"}, "separator: "),
    ):
        answer = client.get(f"/en/{app}/export.csv", asked)
        assert answer.status_code == 400
        assert answer.text.startswith(said)


def test_text_of_an_entry_is_shown_as_text(client):
    attack = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    entry = make_organization(
        name_en=attack,
        summary_en=attack,
        reach_note_en=attack,
        town_name=attack,
        street=attack,
        seeks_en=attack,
        registration_number=attack[:40],
    )
    for path in ("/en/organizations/", f"/en/organizations/{entry.slug}/", "/en/search/?q=script"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text

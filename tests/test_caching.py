"""Pages that caches may keep: what they are told, and that nobody is shown what is another's."""

from datetime import date

import pytest
from django.db import connection

from localympact import editions
from organizations.models import Organization
from tests.factories import make_need, make_organization

pytestmark = pytest.mark.django_db

PAGES = [
    "/lv/",
    "/lv/organizations/",
    "/lv/organizations/?topic=none&view=table",
    "/lv/organizations/choir/",
    "/lv/needs/",
    "/lv/municipalities/talsi/",
    "/lv/search/?q=choir",
    "/lv/about/",
]


@pytest.fixture(autouse=True)
def choir(db):
    make_need()
    return make_organization(name_en="Choir")


@pytest.mark.parametrize("address", PAGES)
def test_page_that_is_unchanged_is_not_sent_again(client, choir, address):
    page = client.get(address)
    assert "s-maxage=1" in page.headers["Cache-Control"]
    known = {"If-None-Match": page.headers["ETag"]}
    again = client.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == page.headers["ETag"]
    choir.name_en = "Band"
    choir.save()
    assert client.get(address, headers=known).status_code == 200


@pytest.mark.parametrize("address", PAGES[:4])
def test_head_says_what_get_says(client, address):
    assert client.head(address).headers["ETag"] == client.get(address).headers["ETag"]


def test_unchanged_page_makes_one_question(client, django_assert_num_queries):
    etag = client.get("/lv/organizations/").headers["ETag"]
    with django_assert_num_queries(1):
        client.get("/lv/organizations/", headers={"If-None-Match": etag})


def test_change_past_the_editors_pages_shows_at_once(client):
    before = client.get("/en/organizations/").headers["ETag"]
    Organization.objects.update(name_en="Orchestra")
    after = client.get("/en/organizations/", headers={"If-None-Match": before})
    assert "Orchestra" in after.text


def test_other_code_and_another_day_make_another_page(client, monkeypatch):
    def etag():
        return client.get("/lv/organizations/").headers["ETag"]

    before = etag()
    with monkeypatch.context() as changed:
        changed.setattr("localympact.editions.release", lambda: "another")
        assert etag() != before
    with monkeypatch.context() as changed:
        changed.setattr("localympact.caching.timezone.localdate", lambda: date(2030, 1, 1))
        assert etag() != before
    assert etag() == before


def test_every_language_host_and_list_has_its_own(client):
    asked = [
        ("/lv/organizations/", {}),
        ("/el/organizations/", {}),
        ("/lv/organizations/?country=LV", {}),
        ("/lv/organizations/", {"Host": "localhost"}),
        ("/lv/organizations/", {"HX-Request": "true"}),
    ]
    etags = [client.get(address, headers=told).headers["ETag"] for address, told in asked]
    assert len(set(etags)) == len(asked)


def test_page_that_leads_back_to_a_filtered_list_is_another(client):
    address = "/lv/organizations/choir/"
    came = {"Referer": "http://testserver/lv/organizations/?country=LV"}
    page = client.get(address, headers=came)
    assert "?country=LV" in page.text
    assert page.headers["ETag"] != client.get(address).headers["ETag"]
    elsewhere = client.get(address, headers={"Referer": "https://example.com/?country=LV"})
    assert elsewhere.headers["ETag"] == client.get(address).headers["ETag"]


def test_page_of_somebody_who_signed_in_is_not_kept(client, portal_editor):
    client.force_login(portal_editor)
    for address in PAGES:
        page = client.get(address)
        assert "public" not in page.headers.get("Cache-Control", "")
        assert "ETag" not in page.headers


def test_page_with_a_cookie_or_a_form_is_not_kept(client):
    for address, told in (
        ("/lv/suggest/", {}),
        ("/lv/organizations/", {"Referer": "http://testserver/en/organizations/"}),
    ):
        page = client.get(address, headers=told)
        assert page.cookies
        assert "public" not in page.headers.get("Cache-Control", ""), address


def test_mistake_is_not_kept(client):
    for address in ("/lv/organizations/nothing/", "/lv/organizations/?page=99"):
        page = client.get(address)
        assert page.status_code == 404
        assert "ETag" not in page.headers


def test_draft_that_its_editor_sees_is_not_kept_for_others(client, editor):
    draft = make_organization(name_en="Secret", status="draft")
    client.force_login(editor)
    page = client.get(draft.get_absolute_url())
    assert page.headers["Cache-Control"] == "private, no-store"


def test_choice_of_a_language_is_remembered_also_where_the_page_is_known(client):
    etag = client.get("/lv/organizations/").headers["ETag"]
    chosen = {"Referer": "http://testserver/en/organizations/"}
    first = client.get("/lv/organizations/", headers=chosen)
    assert first.cookies["django_language"].value == "lv"
    assert first.headers["Cache-Control"] == "private, no-cache"
    client.cookies.clear()
    again = client.get(
        "/lv/organizations/", headers=chosen | {"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert again.cookies["django_language"].value == "lv"
    assert client.get("/lv/organizations/").headers["ETag"] == etag


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to cut")
def test_connection_that_was_cut_is_made_anew():
    before = editions.now()
    with connection.copy().cursor() as another:
        cut = "SELECT pg_terminate_backend(%s, 5000)"
        another.execute(cut, [connection.connection.info.backend_pid])
    assert editions.now() == before

"""Pages that caches may keep: what they are told, and that nobody is shown what is another's."""

from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection

from localympact import editions
from localympact.models import UnansweredSearch
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
def pages_kept(settings):
    """As in operation: what was made for one visitor is shown to the next."""
    settings.PAGES_KEPT = 600
    yield
    cache.clear()


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
    # What is in a form is of one visitor.
    assert "ETag" not in client.get("/lv/suggest/").headers


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


@pytest.mark.parametrize("address", [page for page in PAGES if "q=" not in page])
def test_page_that_was_made_is_shown_to_the_next_visitor(
    client, address, django_assert_num_queries
):
    page = client.get(address)
    with django_assert_num_queries(1):
        again = client.get(address)
    assert again.content == page.content
    assert again.headers["X-Request-ID"] != page.headers["X-Request-ID"]
    for name in {*page.headers} - {"X-Request-ID"}:
        assert again.headers[name] == page.headers[name]


def test_page_that_was_made_is_not_shown_after_a_change(client, choir):
    assert "Choir" in client.get("/lv/organizations/").text
    choir.status = "archived"
    choir.save()
    assert "Choir" not in client.get("/lv/organizations/").text
    assert client.get("/lv/organizations/choir/").status_code in (404, 410)


def test_page_of_an_editor_is_not_shown_to_visitors(client, portal_editor):
    client.force_login(portal_editor)
    client.get("/lv/organizations/")
    client.cookies.clear()
    assert portal_editor.username not in client.get("/lv/organizations/").text


def test_search_that_finds_nothing_is_counted_each_time(client):
    for _ in range(3):
        client.get("/en/search/?q=submarine", headers={"user-agent": "Mozilla/5.0 Firefox/140"})
    assert UnansweredSearch.objects.get().count == 3


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

"""The permanent address: to the page, as JSON, and what it says of what is no more."""

import uuid

import pytest
from django.utils import translation

from localympact.models import Removed
from localympact.texts import LANGUAGES
from organizations.merging import merge_entries
from tests.factories import make_cause, make_conclusion, make_municipality, make_need

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def permanent(entry):
    return f"/id/{entry.uuid}"


def address(entry, language="en"):
    return f"/{language}/{entry._meta.app_label}/{entry.slug}/"


@pytest.mark.parametrize(
    "accept", [BROWSER, {"accept": "*/*"}, {"accept": ""}, {}, {"accept": ";"}]
)
def test_browser_is_led_to_the_page(client, make, accept):
    entry = make()
    answer = client.get(permanent(entry), headers={"accept-language": "lt", **accept})
    assert (answer.status_code, answer.headers["Location"]) == (302, address(entry, "lt"))
    for name in ("Accept", "Accept-Language", "Cookie"):
        assert name in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/plain, */*"])
def test_program_is_given_what_the_list_says(client, app, make, accept):
    entry = make()
    answer = client.get(permanent(entry), headers={"accept": accept, "accept-language": "sv"})
    assert answer.headers["Content-Type"] == "application/json"
    assert "Accept" in answer.headers["Vary"].split(", ")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert [answer.json()] == client.get(f"/sv/{app}.json").json()["entries"]
    same = client.get(f"{permanent(entry)}.json", headers={"accept-language": "sv"})
    assert same.json() == answer.json()
    known = {"if-none-match": same.headers["ETag"], "accept-language": "sv"}
    assert client.get(f"{permanent(entry)}.json", headers=known).status_code == 304
    # What it names is of one language, which its address does not tell.
    known["accept-language"] = "el"
    other = client.get(f"{permanent(entry)}.json", headers=known)
    assert other.json()["page"].startswith("http://testserver/el/")


def test_merged_entry_leads_to_the_one_that_stays(client, make):
    last, middle, first = make(), make(), make()
    merge_entries(middle, first)
    merge_entries(last, middle)
    for entry in (first, middle):
        answer = client.get(permanent(entry), headers=BROWSER)
        assert answer.headers["Location"] == address(last)
        for path, headers in ((permanent(entry), JSON), (f"{permanent(entry)}.json", {})):
            answer = client.get(path, headers=headers)
            assert answer.headers["Location"] == f"{permanent(last)}.json"
            assert client.get(answer.headers["Location"]).json()["id"] == str(last.uuid)


def test_what_the_merged_entry_leads_to_may_be_gone_or_hidden(client, make):
    stays, goes = make(), make()
    merge_entries(stays, goes)
    for status, expected in (("archived", 410), ("draft", 404)):
        type(stays).objects.filter(pk=stays.pk).update(status=status)
        assert client.get(permanent(goes), follow=True).status_code == expected
        assert client.get(f"{permanent(goes)}.json", follow=True).status_code == expected


def test_circle_of_merges_leads_nowhere(client, make):
    first, second = make(), make()
    type(first).objects.filter(pk=first.pk).update(merged_into=second)
    type(first).objects.filter(pk=second.pk).update(merged_into=first)
    assert client.get(permanent(first)).status_code == 404
    assert client.get(f"{permanent(first)}.json").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_archived_entry_is_gone_and_says_why(client, make, language):
    entry = make(status="archived")
    with translation.override(language):
        reason = translation.gettext(
            "It was in this directory and has been archived, because it no longer exists or is "
            "no longer right."
        )
    headers = {"accept-language": language}
    page = client.get(permanent(entry), headers=headers)
    assert page.status_code == 410
    assert f'<html lang="{language}">' in page.text
    assert reason in page.text
    answer = client.get(permanent(entry), headers=JSON | headers)
    assert answer.status_code == 410
    assert answer.json() == {
        "id": str(entry.uuid),
        "status": "archived",
        "reason": reason,
        "since": entry.updated.isoformat().replace("+00:00", "Z"),
    }


@pytest.mark.parametrize("status", ["published", "archived"])
def test_deleted_entry_is_gone_and_says_so(client, app, make, status):
    one, many = make(status=status), make(status=status)
    one.delete()
    type(many).objects.filter(pk=many.pk).delete()
    for entry in (one, many):
        page = client.get(permanent(entry))
        assert page.status_code == 410
        assert "has been deleted for good" in page.text
        answer = client.get(f"{permanent(entry)}.json")
        assert answer.status_code == 410
        removed = Removed.objects.get(uuid=entry.uuid, database=app)
        assert answer.json() == {
            "id": str(entry.uuid),
            "status": "deleted",
            "reason": "It was in this directory and has been deleted for good.",
            "since": removed.moment.isoformat().replace("+00:00", "Z"),
        }


def test_deleted_draft_never_was(client, make):
    entry = make(status="draft")
    entry.delete()
    assert client.get(permanent(entry)).status_code == 404
    assert not Removed.objects.exists()


def test_draft_is_there_for_its_editors_only(client, make, editor, braga_editor, stranger):
    entry = make(status="draft")
    paths = [
        (permanent(entry), BROWSER),
        (permanent(entry), JSON),
        (f"{permanent(entry)}.json", {}),
    ]
    for person in (None, braga_editor, stranger):
        if person:
            client.force_login(person)
        for path, headers in paths:
            answer = client.get(path, headers=headers)
            assert answer.status_code == 404
            assert entry.name_en not in answer.text
    client.force_login(editor)
    for path, headers in paths:
        answer = client.get(path, headers=headers)
        assert answer.status_code in (200, 302)
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_unknown_id_is_not_found_and_says_so_in_json(client):
    path = f"/id/{uuid.uuid4()}"
    assert client.get(path).headers["Content-Type"].startswith("text/html")
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 404
    assert answer.json() == {"errors": {"id": ["There is no entry with this id."]}}
    assert client.get(f"{path}.json").status_code == 404
    assert client.get("/id/nonsense.json").status_code == 404


def test_places_causes_and_conclusions_have_permanent_addresses(client):
    place, cause, conclusion = make_municipality(), make_cause(), make_conclusion()
    make_need(cause=cause, municipality=place)
    review = client.get("/en/needs/").text
    for thing, page in (
        (place, "/en/municipalities/talsi/"),
        (cause, f"/en/needs/#{cause.slug}"),
        (conclusion, f"/en/needs/#conclusion-{conclusion.slug}"),
    ):
        answer = client.get(permanent(thing))
        assert (answer.status_code, answer.headers["Location"]) == (302, page)
        _path, _mark, anchor = page.partition("#")
        assert not anchor or f'id="{anchor}"' in review
        shown = client.get(permanent(thing), headers=JSON).json()
        assert shown["id"] == str(thing.uuid)
        assert shown["page"] == f"http://testserver{page}"
        assert shown["name_en"] == thing.name_en

"""The lists as JSON: everything, each entry once, and afterwards what has changed or is gone."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from localympact import history, results
from localympact.interface import cursor_at
from localympact.models import Edition, Removed
from localympact.texts import LANGUAGES
from organizations.merging import merge_entries
from tests.factories import (
    MAKERS,
    make_collaboration,
    make_need,
    make_organization,
    make_topic,
)
from tests.test_bad_input import HOSTILE
from tests.test_facets import by_chance
from tests.worlds import FILTERS, World, random_question

pytestmark = pytest.mark.django_db


def address(app, language="en"):
    return f"/{language}/{app}.json"


def ids(answer):
    return [entry["id"] for entry in answer.json()["entries"]]


def walk(client, path, asked, between=lambda: None):
    """Give the ids on each page of a list, following `next`."""
    answer = client.get(path, asked)
    while True:
        assert answer.status_code == 200, answer.json()
        yield ids(answer)
        if not (address := answer.json()["next"]):
            return
        assert f'<{address}>; rel="next"' in answer.headers["Link"]
        between()
        answer = client.get(address)


def in_the_file(client, app, asked):
    """Give the records of the file of the same question."""
    answer = client.get(f"/en/{app}/export.json", asked)
    return json.loads(b"".join(answer.streaming_content))


# What it says


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_have_the_columns_of_the_files_and_their_page(client, app, make, language):
    entry = make(name_en="Choir", topics=[make_topic(slug="music")])
    answer = client.get(address(app, language))
    (shown,) = answer.json()["entries"]
    page = f"http://testserver/{language}/{app}/{entry.slug}/"
    assert (shown.pop("database"), shown.pop("page")) == (app, page)
    assert shown.pop("related").keys()
    (in_file,) = in_the_file(client, app, {})
    assert shown == in_file
    assert answer.headers["Content-Language"] == language
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert '</openapi.json>; rel="service-desc"' in answer.headers["Link"]


def test_entries_lead_to_those_of_the_other_databases_that_are_published(client):
    choir = make_organization()
    concert, secret = make_collaboration(), make_collaboration(status="draft")
    for one in (concert, secret):
        one.organizations.set([choir])
    need = make_need()
    need.collaborations.set([concert, secret])
    make_need(status="draft").collaborations.set([concert])

    def link(entry):
        path = f"{entry._meta.app_label}/{entry.slug}/"
        return {
            "id": str(entry.uuid),
            "slug": entry.slug,
            "url": f"http://testserver/id/{entry.uuid}",
            "page": f"http://testserver/en/{path}",
        }

    related = {
        app: client.get(address(app)).json()["entries"][0]["related"]
        for app in ("organizations", "collaborations", "needs")
    }
    assert related == {
        "organizations": {"collaborations": [link(concert)]},
        "collaborations": {"organizations": [link(choir)], "needs": [link(need)]},
        "needs": {"collaborations": [link(concert)]},
    }


def test_drafts_never_appear(client, app, make):
    make(status="draft", name_en="Secret")
    answer = client.get(address(app), {"updated_since": "2000-01-01"})
    assert answer.json() == {"count": 0, "next": None, "entries": [], "removed": []}


def test_question_has_as_many_queries_for_many_entries_as_for_few(client, app, make):
    topics = [make_topic(), make_topic()]
    for _ in range(12):
        make(topics=topics)
    client.get(address(app))
    counts = []
    for limit in (1, 11):
        with CaptureQueriesContext(connection) as queries:
            client.get(address(app), {"limit": limit, "updated_since": "2000-01-01"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nothing_has_changed_is_answered_with_304(client, app, make):
    entry = make()
    first = client.get(address(app))
    known = {"if-none-match": first.headers["ETag"]}
    assert client.get(address(app), headers=known).status_code == 304
    since = {"if-modified-since": first.headers["Last-Modified"]}
    assert client.get(address(app), headers=since).status_code == 304
    entry.save()
    Edition.objects.update(moment=timezone.now() + timedelta(seconds=2))
    assert client.get(address(app), headers=known).status_code == 200
    assert client.get(address(app), headers=since).status_code == 200


def test_answer_is_compressed_and_still_known_again(client, app, make):
    make()
    answer = client.get(address(app), headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    known = {"accept-encoding": "gzip", "if-none-match": answer.headers["ETag"]}
    assert client.get(address(app), headers=known).status_code == 304


def test_head_says_what_get_says_and_nothing_else_is_allowed(client, app, make):
    make()
    answer, head = client.get(address(app)), client.head(address(app))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]
    assert client.post(address(app)).status_code == 405


# Page by page


@pytest.fixture
def world(db):
    return World(Random(8))


@pytest.mark.parametrize("walked", [False, True])
@settings(by_chance, max_examples=8)
@given(random=st.randoms(use_true_random=False))
def test_all_pages_are_the_file_each_entry_once(client, world, walked, random):
    with pytest.MonkeyPatch.context() as patch:
        if walked:
            # As if there were many: the sorted index is walked until a page is full.
            patch.setattr(results, "NAMED", 0)
            patch.setattr(results, "AT_LEAST_NAMED", 1)
        for model, filterset_class in FILTERS.items():
            app = model._meta.app_label
            asked = random_question(random, filterset_class)
            asked.pop("sort", None)
            wanted = in_the_file(client, app, asked)
            paged = asked | {"limit": random.randint(2, 6)}
            found = [one for page in walk(client, address(app), paged) for one in page]
            assert sorted(found) == sorted(one["id"] for one in wanted), asked
            assert client.get(address(app), asked).json()["count"] == len(wanted)
            moments = {one["id"]: one["updated"] for one in wanted}
            assert [moments[one] for one in found] == sorted(moments.values())


@settings(by_chance, max_examples=8)
@given(random=st.randoms(use_true_random=False))
def test_entry_that_is_saved_meanwhile_is_never_missed(client, world, random):
    for model in FILTERS:
        app = model._meta.app_label
        wanted = {str(one) for one in model.objects.published().values_list("uuid", flat=True)}
        saves = []

        def save(model=model, saves=saves):
            if len(saves) < 6:
                saves.append(random.choice(list(model.objects.published().order_by("pk"))))
                saves[-1].save()

        with transaction.atomic():
            found = [one for page in walk(client, address(app), {"limit": 2}, save) for one in page]
            assert set(found) == wanted
            assert len(found) <= len(wanted) + len(saves)
            transaction.set_rollback(True)


def test_page_is_full_where_all_moments_are_the_same(client, app, make):
    made = [make() for _ in range(7)]
    type(made[0]).objects.update(updated=datetime(2026, 1, 1, tzinfo=UTC))
    pages = list(walk(client, address(app), {"limit": 3}))
    assert pages == [[str(one.uuid) for one in made[at : at + 3]] for at in (0, 3, 6)]


def test_next_keeps_the_question(client, app, make):
    topic = make_topic(slug="music")
    for _ in range(3):
        make(topics=[topic])
    make()
    asked = {"topic": "music", "limit": 2, "updated_since": "2020-01-01"}
    answer = client.get(address(app, "sv"), asked)
    assert answer.json()["count"] == 3
    assert answer.json()["next"].startswith(
        f"http://testserver/sv/{app}.json?topic=music&limit=2&updated_since=2020-01-01&cursor="
    )
    assert len(ids(client.get(answer.json()["next"]))) == 1


# What has changed


def at(day):
    return datetime(2026, 3, day, tzinfo=UTC)


def dated(entry, day):
    type(entry).objects.filter(pk=entry.pk).update(updated=at(day))
    return str(entry.uuid)


@pytest.mark.parametrize(
    "since", ["2026-03-05", "2026-03-05T00:00:00", "2026-03-05T02:00:00+02:00"]
)
def test_updated_since_gives_what_has_changed_from_that_moment_on(client, app, make, since):
    dated(make(), 4)
    later = [dated(make(), day) for day in (6, 5, 7)]
    answer = client.get(address(app), {"updated_since": since})
    assert ids(answer) == [later[1], later[0], later[2]]
    assert answer.json()["count"] == 3


def removed(client, app, since="2026-03-05"):
    return client.get(address(app), {"updated_since": since}).json()["removed"]


def test_what_is_no_longer_public_is_named_with_what_became_of_it(client, app, make):
    stays, archived, merged, withdrawn, deleted, early = (make() for _ in range(6))
    merge_entries(stays, merged)
    for entry, status in ((archived, "archived"), (withdrawn, "draft"), (early, "archived")):
        entry.status = status
        entry.save()
    make(status="draft")
    make(status="draft").delete()
    expected = [
        {"id": dated(archived, 5), "status": "archived", "merged_into": None},
        {"id": dated(merged, 6), "status": "merged", "merged_into": str(stays.uuid)},
        {"id": dated(withdrawn, 7), "status": "withdrawn", "merged_into": None},
        {"id": str(deleted.uuid), "status": "deleted", "merged_into": None},
    ]
    dated(early, 4)
    type(deleted).objects.filter(pk=deleted.pk).delete()
    Removed.objects.update(moment=at(8))
    days = ["2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"]
    assert removed(client, app) == [
        one | {"since": f"{day}T00:00:00Z"} for one, day in zip(expected, days, strict=True)
    ]
    assert client.get(address(app)).json()["removed"] == []


def test_survivor_that_is_a_draft_is_not_named(client, app, make):
    goes, draft = make(), make(status="draft")
    type(goes).objects.filter(pk=goes.pk).update(merged_into=draft, status="archived")
    (one,) = removed(client, app)
    assert (one["id"], one["merged_into"]) == (str(goes.uuid), None)


def test_what_is_no_longer_public_is_named_on_the_first_page_only(client, app, make):
    for _ in range(3):
        make()
    make(status="archived")
    first = client.get(address(app), {"updated_since": "2020-01-01", "limit": 2}).json()
    assert len(first["removed"]) == 1
    assert client.get(first["next"]).json()["removed"] == []


def test_deleted_entry_that_comes_back_is_there(client, app, make):
    entry = make()
    data = {**vars(entry)}
    entry.delete()
    assert [one["status"] for one in removed(client, app)] == ["deleted"]
    again = type(entry)(**{name: value for name, value in data.items() if name[0] != "_"})
    again.save(force_insert=True)
    assert removed(client, app) == []
    assert client.get(f"/id/{again.uuid}").status_code == 302
    again.delete()
    assert [one["id"] for one in removed(client, app)] == [str(again.uuid)]


def test_restored_draft_is_still_known_to_have_been_public(client, make, app):
    entry = make(status="draft")
    history.keep_before(type(entry), [entry.pk])
    entry.status = "published"
    entry.save()
    history.restore(entry, history.versions(entry).last())
    assert entry.status == "draft"
    assert [one["status"] for one in removed(client, app)] == ["withdrawn"]


# What is wrong


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value_is_named(client, app, make, value):
    make()
    for name in ("limit", "cursor", "updated_since", "topic", "near", "\x00"):
        answer = client.get(address(app, "lv"), {name: value})
        assert answer.status_code == 400
        (messages,) = answer.json()["errors"].values()
        assert messages


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "1001", "ten", "1.5", "1e3")),
        *(("updated_since", value) for value in ("yesterday", "2026-13-01", "2026-02-30", "26")),
        ("updated_since", "2026-11-26T09:30:00 02:00"),
        ("updated_since", "0001-01-01T00:00:00+14:00"),
        ("updated_since", "9999-12-31T23:59:59-14:00"),
        *(("cursor", value) for value in ("x", "====", "bm90aGluZw", "MjAyNi0wMS0wMSAx", "ā")),
        ("cursor", cursor_at(at(1), 1) + "="),
        ("cursor", cursor_at(at(1), -1)),
        ("cursor", cursor_at(at(1), 2**63)),
        *(("sort", "name"), ("view", "cards"), ("page", "2"), ("colour", "red"), ("sort", "")),
        *(("topic", "nothing"), ("verified", "maybe"), ("country", "XX"), ("q", "a" * 201)),
    ],
)
def test_wrong_value_is_named_in_the_language_of_the_reader(client, app, name, value):
    answer = client.get(address(app, "pt"), {name: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]
    assert answer.headers["Content-Language"] == "pt"
    assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("1", "1000", "")),
        *(("updated_since", value) for value in ("0001-01-01", "9999-12-31", "")),
        *(("cursor", value) for value in ("", cursor_at(at(1), 2**63 - 1))),
        ("cursor", cursor_at(datetime(1, 1, 1, tzinfo=UTC), 0)),
        ("topic", ""),
    ],
)
def test_extreme_value_is_answered(client, app, make, name, value):
    make()
    assert client.get(address(app), {name: value}).status_code == 200


def test_all_that_is_wrong_is_named_at_once(client):
    make_organization()
    asked = {"limit": "0", "cursor": "x", "topic": "x", "within": "11", "colour": "red"}
    answer = client.get(address("organizations"), asked)
    assert answer.json()["errors"].keys() == asked.keys()


def test_address_without_a_language_leads_to_that_of_the_reader(client):
    answer = client.get("/organizations.json", headers={"accept-language": "el"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == address("organizations", "el")


def test_seed_can_be_harvested(client, seed):
    for app in MAKERS:
        found = [one for page in walk(client, address(app), {"limit": 20}) for one in page]
        assert len(found) == len(set(found)) == len(in_the_file(client, app, {}))


def test_list_names_its_interface_with_its_filters(client, app, make):
    make(topics=[make_topic(slug="music")])
    text = client.get(f"/lv/{app}/", {"topic": "music", "sort": "name", "view": "table"}).text
    address = f"/lv/{app}.json?topic=music"
    assert f'<link rel="alternate" type="application/json" title="JSON" href="{address}">' in text
    assert client.get(address).json()["count"] == 1

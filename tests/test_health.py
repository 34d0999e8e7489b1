"""What a probe is told: whether a process lives, and whether it can answer."""

import json
from unittest import mock

import pytest
from django.core.cache.backends.dummy import DummyCache
from django.db import OperationalError, connection

ADDRESSES = ["/healthz", "/readyz"]
GONE = OperationalError("no route to secret.host")


@pytest.fixture
def behind_https(settings):
    """The portal as a proxy meets it, by a name that is not this machine's."""
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["portal.example.org"]


def test_living_process_says_so_without_a_database(client):
    with mock.patch.object(connection, "cursor", side_effect=GONE):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "alive\n")


def test_portal_with_all_its_tables_is_ready(client, db):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "not_ready": [], "away": []}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "portal.example.org", "10.0.0.7"])
def test_probe_may_use_any_name_and_is_not_sent_to_https(client, db, behind_https, address, host):
    answer = client.get(address, headers={"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_probe_gets_nothing_that_is_kept(client, db, address):
    answer = client.get(address, headers={"accept-language": "lv", "cookie": "sessionid=abc"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert not {"Vary", "Content-Language"} & set(answer.headers)


@pytest.mark.parametrize("address", ADDRESSES)
def test_probe_may_ask_for_the_head_and_may_not_post(client, db, address):
    assert client.head(address).status_code == 200
    assert client.head(address).content == b""
    refused = client.post(address)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_database_that_does_not_answer_is_named_and_nothing_else(client, db):
    with mock.patch.object(connection, "cursor", side_effect=GONE):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert json.loads(answer.content) == {"ready": False, "not_ready": ["database"], "away": []}
    assert "secret" not in answer.text


def test_missing_migration_is_named(client, db):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'needs'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["migrations"]


def test_cache_that_answers_is_no_hindrance(client, db, settings, tmp_path):
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": tmp_path}}
    assert client.get("/readyz").status_code == 200


class Forgetful(DummyCache):
    """A cache that takes what it is given, and gives nothing back."""


def test_cache_that_forgets_is_named(client, db, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.test_health.Forgetful"}}
    assert client.get("/readyz").json()["away"] == ["cache default"]


def test_cache_that_does_not_answer_is_named_and_can_be_done_without(
    client, db, settings, tmp_path
):
    (tmp_path / "file").touch()
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": tmp_path / "file" / "folder"}}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "not_ready": [], "away": ["cache default"]}


def test_question_costs_few_queries(client, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        client.get("/readyz")

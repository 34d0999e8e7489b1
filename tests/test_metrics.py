"""Numbers for Prometheus: what is counted, and that nobody stands in them."""

import os
import re
import signal
import sys
import time
from pathlib import Path
from unittest import mock
from urllib.request import urlopen

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.serving import serving
from tests.factories import make_need, make_organization

MIDDLEWARE = "localympact.metrics.MetricsMiddleware"


@pytest.fixture
def counting(settings):
    """A visitor of a portal that counts."""
    middleware = list(settings.MIDDLEWARE)
    middleware.insert(1, MIDDLEWARE)
    settings.MIDDLEWARE = middleware
    return Client(raise_request_exception=False)


def samples(text):
    """Give what an answer of `/metrics` says: {(name, its labels by their names): number}."""
    return {
        (one.name, *(one.labels[label] for label in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def told(client):
    return samples(client.get("/metrics").text)


def grown(before, after):
    """Give the requests and failures that came between two answers."""
    wanted = ("localympact_requests_total", "localympact_failures_total")
    return {
        key: value - before.get(key, 0)
        for key, value in after.items()
        if key[0] in wanted and value != before.get(key, 0)
    }


def test_portal_that_does_not_count_has_no_such_page(client, db):
    assert MIDDLEWARE not in django_settings.MIDDLEWARE
    assert client.get("/metrics").status_code == 404


def test_requests_are_counted_by_method_view_and_status(counting, talsi):
    make_organization(name_en="Choir")
    before = told(counting)
    for _ in range(2):
        counting.get("/en/organizations/choir/")
    counting.head("/en/organizations/")
    counting.post("/en/organizations/")
    counting.generic("SECRET", "/en/organizations/")
    counting.get("/")
    counting.get("/en/nothing/")
    counting.get("/healthz")
    name = "localympact_requests_total"
    after = told(counting)
    assert grown(before, after) == {
        (name, "GET", "200", "organizations:detail"): 2,
        (name, "HEAD", "200", "organizations:list"): 1,
        (name, "POST", "405", "organizations:list"): 1,
        (name, "other", "405", "organizations:list"): 1,
        (name, "GET", "302", "none"): 1,
        (name, "GET", "404", "none"): 1,
    }
    took = ("localympact_seconds_count", "organizations:list")
    assert after[took] - before.get(took, 0) == 3


def test_failure_is_counted_by_its_class(counting, db):
    before = told(counting)
    with mock.patch(
        "localympact.views.PublishedList.get_queryset", side_effect=ZeroDivisionError("secret")
    ):
        assert counting.get("/en/organizations/").status_code == 500
    after = grown(before, told(counting))
    assert after == {
        ("localympact_failures_total", "ZeroDivisionError"): 1,
        ("localympact_requests_total", "GET", "500", "organizations:list"): 1,
    }


def test_numbers_tell_nothing_of_who_asked_and_for_what(counting, talsi):
    make_organization(name_en="Choir", email="anna@example.org")
    headers = {"x-forwarded-for": "203.0.113.7", "user-agent": "Anna", "referer": "/en/anna"}
    for address in (
        "/en/organizations/choir/?q=anna",
        "/en/search/?q=anna",
        "/en/anna/",
        "/media/logos/anna.png",
        "/admin/password/new/anna/anna-anna/",
        "/id/00000000-0000-4000-8000-000000000000",
    ):
        counting.get(address, headers=headers)
    text = counting.get("/metrics", headers=headers).text
    for secret in ("anna", "choir", "203.0.113", "127.0.0.1", "0000-", "/"):
        assert secret not in re.sub("^#.*", "", text, flags=re.MULTILINE).lower()


def test_numbers_say_what_is_published(counting, talsi):
    make_organization()
    make_organization(status="draft")
    make_need()
    found = told(counting)
    name = "localympact_entries"
    assert {key[1]: value for key, value in found.items() if key[0] == name} == {
        "organizations": 1,
        "collaborations": 0,
        "needs": 1,
    }
    before = found[("localympact_edition",)]
    make_need()
    assert told(counting)[("localympact_edition",)] > before


def test_numbers_are_there_without_the_database(counting, db):
    with mock.patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = counting.get("/metrics")
    assert answer.status_code == 200
    found = samples(answer.text)
    assert found[("localympact_database_up",)] == 0
    assert ("localympact_edition",) not in found


def test_whoever_asks_for_the_numbers_needs_no_name_and_keeps_nothing(counting, db, settings):
    settings.ALLOWED_HOSTS = ["portal.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    answer = counting.get("/metrics", headers={"host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert counting.post("/metrics").status_code == 405


def test_numbers_cost_few_queries(counting, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        counting.get("/metrics")


def ask(server, address):
    with urlopen(f"http://127.0.0.1:{server.port}{address}", timeout=60) as answer:  # noqa: S310
        return answer.read().decode()


def folder_of(worker):
    """Give the folder in which a worker keeps its numbers, once it has counted something."""
    found = re.search(r"/\S+/localympact-metrics-\w+", Path(f"/proc/{worker}/maps").read_text())
    return found and Path(found[0])


def counts(text):
    return sum(
        value for key, value in samples(text).items() if key[0] == "localympact_requests_total"
    )


def test_any_worker_answers_for_all_also_for_one_that_was_killed(tmp_path):
    """On the real server, which leaves nothing behind."""
    given = ["--config", "deploy/gunicorn.conf.py", "--bind", "127.0.0.1:{port}"]
    # A worker that has just begun may not hear that it is to end.
    given += ["--graceful-timeout", "3"]
    environment = {
        "METRICS": "on",
        "WEB_CONCURRENCY": "2",
        "SECRET_KEY": "a key for this test",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
    }
    with serving([sys.executable, "-m", "gunicorn", *given], "/healthz", **environment) as server:
        workers, asked, until = server.workers(), 0, time.monotonic() + 60
        while not all(map(folder_of, workers)) and time.monotonic() < until:
            ask(server, "/robots.txt")
            asked += 1
        assert {counts(ask(server, "/metrics")) for _ in range(6)} == {asked}
        assert len(set(map(folder_of, workers))) == 1
        folder = folder_of(workers[0])
        assert {path.name.split("_")[-1] for path in folder.iterdir()} == {
            f"{worker}.db" for worker in workers
        }
        # There are no tables in that database.
        assert "localympact_database_up 0.0" in ask(server, "/metrics")
        os.kill(workers[0], signal.SIGKILL)
        while workers[0] in server.workers():
            time.sleep(0.05)
        assert counts(ask(server, "/metrics")) == asked
        server.process.terminate()
        server.process.wait(60)
    assert not folder.exists()

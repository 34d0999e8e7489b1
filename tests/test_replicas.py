"""Copies of the database: visitors read from them, editors do not, and the portal does without.

A copy is an SQLite file here, which stays behind at once; `deploy/drill` has real ones.
"""

import sqlite3
from contextlib import closing

import pytest
from django.db import OperationalError, connection, connections, router

from localympact import replicas
from localympact.facets import facets_in
from localympact.models import UnansweredSearch
from tests.factories import make_organization
from tests.test_commands import manage
from tests.test_facets_stress import address as own_address

pytestmark = pytest.mark.django_db(transaction=True)
REPLICA = "replica1"


@pytest.fixture
def replica(settings, monkeypatch, tmp_path, talsi):
    """A copy that was made when the choir was a choir; by now it is a band."""
    if connection.vendor != "sqlite":
        pytest.skip("a copy of a PostgreSQL database is made by deploy/drill")
    choir = make_organization(name_en="Choir", municipality=talsi)
    path = tmp_path / "replica.sqlite3"
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
    choir.name_en = "Band"
    choir.save()
    settings.REPLICAS = [REPLICA]
    monkeypatch.setattr(router, "routers", [replicas.Router()])
    monkeypatch.setattr(replicas, "away", {})
    options = {"init_command": "PRAGMA query_only=1;"}
    monkeypatch.setitem(
        connections.settings,
        REPLICA,
        connections.settings["default"] | {"NAME": path, "OPTIONS": options},
    )
    monkeypatch.setattr(connections[REPLICA], "ensure_connection", connect)
    yield path
    connections[REPLICA].close()
    del connections[REPLICA]
    facets_in.cache_clear()


def connect():
    """What Django does: tests are told the names of databases before they begin."""
    replica = connections[REPLICA]
    with replica.wrap_database_errors:
        if replica.connection is None:
            replica.connect()


def shown(client, address="/en/organizations/"):
    text = client.get(address).text
    assert ("Choir" in text) != ("Band" in text)
    return "Choir" if "Choir" in text else "Band"


WRITE = """
from django.db import connections
connections["replica1"].cursor().execute("CREATE TABLE written (number int)")
"""


def test_settings_open_a_replica_for_reading_only(tmp_path):
    on_sqlite = connection.vendor == "sqlite"
    url = f"sqlite:///{tmp_path}/db.sqlite3" if on_sqlite else own_address()
    answer = manage("shell", "--command", WRITE, DATABASE_URL=url, REPLICA_URLS=url)
    assert answer.returncode == 1
    said = "readonly database" if on_sqlite else "read-only transaction"
    assert said in answer.stderr


ADDRESSES = [
    "/en/organizations/",
    "/en/organizations/?q=cho*",
    "/en/organizations/choir/",
    "/en/organizations/export.csv",
    "/en/organizations/feed.atom",
    "/en/organizations.json",
    "/en/municipalities/talsi/",
    "/en/search/?q=choir",
]


def test_visitor_reads_everything_from_the_replica(client, replica, monkeypatch):
    monkeypatch.setattr(connection, "cursor", lambda: pytest.fail("The database itself was asked."))
    for address in ADDRESSES:
        answer = client.get(address)
        text = answer.getvalue().decode()
        assert (answer.status_code, "Choir" in text, "Band" in text) == (200, True, False), address


def test_editor_reads_what_they_wrote(client, replica, portal_editor):
    assert shown(client) == "Choir"
    client.force_login(portal_editor)
    assert shown(client) == "Band"


def test_form_and_what_is_no_request_read_where_is_written(client, replica, monkeypatch):
    client.get("/en/organizations/")
    assert replicas.read_from.get() == "default"
    monkeypatch.setattr(connections[REPLICA], "cursor", lambda: pytest.fail("It was asked."))
    assert client.post("/en/suggest/", {}).status_code == 200


def test_visitor_reads_from_the_database_while_the_replica_is_away(client, replica, monkeypatch):
    connections[REPLICA].close()
    replica.unlink()
    replica.mkdir()
    assert shown(client) == "Band"
    # It is left in peace for a while.
    monkeypatch.setattr(replicas, "answers", lambda alias: pytest.fail("It was asked too soon."))
    assert shown(client) == "Band"


def test_replica_that_fails_in_mid_request_is_not_asked_by_the_next(client, replica, monkeypatch):
    client.raise_request_exception = False
    view = "organizations.views.OrganizationList.get"
    with monkeypatch.context() as broken:

        def get(*args, **kwargs):
            raise OperationalError("terminating connection")

        broken.setattr(view, get)
        answer = client.get("/lv/organizations/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert shown(client) == "Band"


def test_search_that_finds_nothing_is_counted_in_the_database(client, replica):
    page = client.get("/en/search/?q=submarine", headers={"user-agent": "Mozilla/5.0 Firefox/140"})
    assert page.status_code == 200
    assert UnansweredSearch.objects.using("default").count() == 1


def test_replica_is_never_written_and_gets_no_tables(replica):
    with pytest.raises(OperationalError, match="readonly"):
        make_organization(name_en="Quartet").save(using=REPLICA)
    assert not router.allow_migrate(REPLICA, "organizations")


def test_probe_names_a_replica_that_is_away(client, replica):
    assert client.get("/readyz").json()["away"] == []
    connections[REPLICA].close()
    replica.unlink()
    replica.mkdir()
    assert client.get("/readyz").json() == {"ready": True, "not_ready": [], "away": [REPLICA]}

"""Faults: killed processes, full disks, a database or a mail server that is not there.

Everything is as before or as it was to become, never between; and the next try works. Snapshots
and backups that are killed are in test_snapshots.py and test_backup.py.
"""

import http.client
import multiprocessing
import os
import resource
import signal
import socket
import sqlite3
import time
import warnings
from contextlib import closing, contextmanager
from io import BytesIO
from types import SimpleNamespace
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.db.migrations import RunPython
from django.db.models.signals import post_save
from gunicorn.app.base import BaseApplication
from PIL import Image
from reversion.models import Version

from localympact import locks
from localympact.management.commands import daily, import_entries
from localympact.models import MUNICIPAL_EDITOR, PORTAL_EDITOR, AccessEvent, ImportedFile, User
from organizations.models import Organization, Suggestion
from tests.conftest import beside, make_person, wait_for
from tests.factories import make_collaboration, make_need, make_organization
from tests.test_admin import new_entry
from tests.test_backup import ON_POSTGRESQL, Database
from tests.test_importing import bring, new_row, press, written
from tests.test_pictures import upload

on_sqlite = pytest.mark.skipif(ON_POSTGRESQL, reason="about SQLite's file")
on_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL's server")

# What other processes and connections see is stored.
pytestmark = pytest.mark.django_db(transaction=True)

FORK = multiprocessing.get_context("fork")
FILES = "/admin/localympact/importedfile/"


def begin(work, *arguments):
    """Begin a process that does some work; it knows what this one knows, but for connections."""
    connection.close()
    with warnings.catch_warnings():
        # Of threads that this process has for itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = FORK.Process(target=work, args=arguments)
        child.start()
    return child


@contextmanager
def waiting(work):
    """Give a process in which `work(wait)` has called `wait`; it is killed at the end."""
    here, there = FORK.Pipe(duplex=False)

    def wait(*args, **kwargs):
        there.send("now")
        time.sleep(60)

    child = begin(work, wait)
    there.close()
    assert here.recv() == "now"
    yield
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL


def killed(work):
    """Kill a process while it does `work(wait)`, when it calls `wait`."""
    with waiting(work):
        pass


def outcome(work, most=None):
    """Let a process of its own do some work; give what it gives, or the error that it raises.

    With `most` none of its files grows beyond that many bytes, as if the disk were full.
    """
    here, there = FORK.Pipe(duplex=False)

    def tell():
        connection.ensure_connection()
        if most:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        try:
            there.send(work())
        except Exception as error:
            there.send(f"{type(error).__name__}: {error}")

    child = begin(tell)
    there.close()
    said = here.recv()
    child.join()
    return said


# Killed


def rows_of(number):
    return written([new_row("organizations", name_lv=f"Koris {n}") for n in range(number)])


@pytest.fixture
def path(tmp_path, talsi):
    """A file of three organisations."""
    path = tmp_path / "file.csv"
    path.write_bytes(rows_of(3))
    return path


def test_import_that_is_killed_leaves_nothing(path):
    def work(wait):
        # It says what became of a row when that is saved.
        with mock.patch.object(import_entries.Command, "report", wait):
            call_command("import_entries", "organizations", path)

    killed(work)
    assert not Organization.objects.exists()
    assert not ImportedFile.objects.exists()
    call_command("import_entries", "organizations", path)
    assert Organization.objects.count() == 3


def test_import_in_the_admin_that_is_killed_leaves_the_file_to_be_imported(client, editor):
    client.force_login(editor)
    file = bring(client, "organizations", rows_of(120))

    def work(wait):
        for piece in client.post(f"{FILES}{file.pk}/import/").streaming_content:
            if b"<progress" in piece:
                wait()

    killed(work)
    file.refresh_from_db()
    assert file.state == "checked"
    assert not Organization.objects.exists()
    assert not Version.objects.exists()
    _text, file = press(client, file, "import")
    assert (file.state, Organization.objects.count()) == ("imported", 120)


@pytest.fixture
def send(client, editor, talsi):
    """Send the form of a new organisation with a logo that no packing makes small."""
    client.force_login(editor)
    client.raise_request_exception = False
    picture = BytesIO()
    Image.effect_noise((300, 300), 90).save(picture, "PNG")
    values = new_entry("organizations", talsi) | {"logo_text_lv": "Koris"}

    def send():
        logo = {"logo": upload(picture.getvalue())}
        page = client.post("/admin/organizations/organization/add/", values | logo)
        return page.status_code, "This file cannot be stored at the moment" in page.text

    return send


def is_whole(settings):
    """Say whether the one organisation has the picture that it names."""
    with Image.open(settings.MEDIA_ROOT / Organization.objects.get().logo.name) as picture:
        picture.load()
        return picture.size == (300, 300)


def test_upload_that_is_killed_leaves_no_entry_without_its_picture(send, settings):
    def work(wait):
        post_save.connect(wait, sender=Organization)
        send()

    killed(work)
    assert not Organization.objects.exists()
    assert not Version.objects.exists()
    # The file was written first: nothing names it.
    assert len(list(settings.MEDIA_ROOT.rglob("*.png"))) == 1
    assert send() == (302, False)
    assert is_whole(settings)


# The last migration of each database: a column, filled from the rows that were there.
MIGRATED = {
    "organizations_organization": "0006_was_public",
    "collaborations_collaboration": "0004_was_public",
    "needs_need": "0005_was_public",
}


@pytest.fixture
def older(tmp_path):
    """A database with an entry of each, as it was before those migrations."""
    for make in (make_organization, make_collaboration, make_need):
        make()
    name = connection.settings_dict["NAME"]
    # PostgreSQL copies only what nobody is connected to.
    connection.close()
    database = Database(tmp_path)
    database.create(like=SimpleNamespace(name=name, path=name))
    for table, migration in MIGRATED.items():
        database.execute(f"ALTER TABLE {table} DROP COLUMN was_public")
        app = table.partition("_")[0]
        database.execute(
            f"DELETE FROM django_migrations WHERE app = '{app}' AND name = '{migration}'"  # noqa: S608
        )
    yield database
    database.drop()


def migrated(database):
    """Give of each of those tables whether its migration is noted, and what its column holds."""
    found = []
    with closing(database.open()) as opened:
        noted = opened.execute("SELECT app, name FROM django_migrations").fetchall()
        for table, migration in MIGRATED.items():
            cursor = opened.execute(f"SELECT * FROM {table}")  # noqa: S608
            heads = [column[0] for column in cursor.description]
            row = dict(zip(heads, cursor.fetchone(), strict=True))
            found.append(((table.partition("_")[0], migration) in noted, row.get("was_public")))
    return found


def test_migration_that_is_killed_is_done_or_not_begun_and_the_next_one_finishes(older):
    name = getattr(older, "path", None) or older.name
    forwards, done = RunPython.database_forwards, []

    def migrate(*arguments):
        connection.close()
        connection.settings_dict["NAME"] = name
        call_command("migrate", *arguments, verbosity=0)

    def work(wait):
        def fill(*args):
            forwards(*args)
            done.append(args)
            if len(done) == 2:
                wait()

        with mock.patch.object(RunPython, "database_forwards", fill):
            migrate()

    before, after = (False, None), (True, True)
    assert migrated(older) == [before] * 3
    killed(work)
    # One is done; of the one in which it was killed nothing is there.
    assert sorted(migrated(older), key=str) == [before, before, after]
    assert outcome(migrate) is None
    assert migrated(older) == [after] * 3
    assert outcome(lambda: migrate("--check")) is None


def test_daily_work_that_is_killed_holds_no_lock():
    def work(wait):
        with mock.patch.object(daily.Command, "done", wait):
            call_command("daily")

    def is_free():
        try:
            with locks.alone("daily"):
                return True
        except locks.Taken:
            return False

    with waiting(work):
        assert not is_free()
    # A moment later PostgreSQL's server sees that nobody is there.
    wait_for(is_free)
    call_command("daily")


# Full

LITTLE = 30_000


def test_picture_for_which_there_is_no_space_is_not_stored_and_said(send, settings):
    assert outcome(send, LITTLE) == (200, True)
    assert not Organization.objects.exists()
    assert not Version.objects.exists()
    assert send() == (302, False)
    assert is_whole(settings)


@on_sqlite
def test_import_for_which_there_is_no_space_leaves_nothing(path):
    path.write_bytes(rows_of(100))
    said = outcome(lambda: call_command("import_entries", "organizations", path), LITTLE)
    assert said.startswith("CommandError: Nothing was imported. "), said
    assert not Organization.objects.exists()
    call_command("import_entries", "organizations", path)
    assert Organization.objects.count() == 100


@on_sqlite
def test_import_in_the_admin_for_which_there_is_no_space_says_so(client, editor):
    client.force_login(editor)
    file = bring(client, "organizations", rows_of(100))
    text = outcome(lambda: press(client, file, "import")[0], LITTLE)
    assert "The work was interrupted, and nothing was changed." in text
    file.refresh_from_db()
    assert file.state == "checked"
    assert not Organization.objects.exists()
    assert press(client, file, "import")[1].state == "imported"


def test_snapshot_for_which_there_is_no_space_leaves_nothing(settings):
    make_organization()
    said = outcome(lambda: call_command("make_snapshot"), LITTLE)
    assert said == "CommandError: No snapshot was made. [Errno 27] File too large"
    assert [file.name for file in settings.SNAPSHOTS_ROOT.iterdir()] == [".lock"]
    call_command("make_snapshot")
    assert len(list(settings.SNAPSHOTS_ROOT.iterdir())) == 2


# Locked


@on_sqlite
def test_database_that_stays_locked_refuses_and_keeps_nothing(client, talsi, path):
    client.raise_request_exception = False
    suggestion = {"kind": "wrong", "municipality": talsi.pk, "message": "Wrong"}
    make_organization()
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            # In operation it is waited for twenty seconds.
            cursor.execute("PRAGMA busy_timeout = 100")
        assert client.post("/en/suggest/", suggestion).status_code == 503
        with pytest.raises(CommandError, match="Nothing was imported. database is locked"):
            call_command("import_entries", "organizations", path)
        # Whoever only reads waits for nobody.
        assert client.get("/en/organizations/").status_code == 200
    assert not Suggestion.objects.exists()
    assert Organization.objects.count() == 1
    assert client.post("/en/suggest/", suggestion).status_code == 302
    call_command("import_entries", "organizations", path)


# The database gone


class OnSocket(http.client.HTTPConnection):
    """A connection over a file, which holds little of what nobody has read."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


class Gunicorn(BaseApplication):
    """The portal as gunicorn serves it."""

    def __init__(self, path):
        self.path = path
        super().__init__()

    def load_config(self):
        given = {"bind": f"unix:{self.path}", "threads": 2, "control_socket_disable": True}
        for name, value in given.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()


@pytest.fixture
def server(db, tmp_path):
    """The portal in processes of its own: gives a connection that has asked for an address."""
    path = str(tmp_path / "socket")
    child = begin(lambda: Gunicorn(path).run())

    @contextmanager
    def ask(address):
        with closing(OnSocket(path)) as connected:
            connected.request("GET", address, headers={"Host": "localhost"})
            yield connected

    def answers():
        try:
            with ask("/healthz") as connected:
                return connected.getresponse().status == 200
        except OSError:
            return False

    try:
        wait_for(answers)
        yield ask
    finally:
        child.terminate()
        child.join()


def whole(server, address):
    """Give the status and the whole text of an answer."""
    with server(address) as connected:
        answer = connected.getresponse()
        return answer.status, answer.read().decode()


def end_connections(opened, which="true"):
    """End the portal's connections to the database; give how many there were."""
    connection.close()
    # In one transaction it would see the same all the time.
    opened.execute("SELECT pg_stat_clear_snapshot()")
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others} AND {which}"  # noqa: S608
    return len(opened.execute(ended).fetchall())


@on_postgresql
def test_page_whose_database_goes_away_is_a_mistake_and_the_next_one_is_there(server):
    make_organization(name_en="Choir")
    with beside() as opened:
        opened.execute("LOCK TABLE organizations_organization IN ACCESS EXCLUSIVE MODE")
        with server("/en/organizations/") as connected:
            # It has asked for the edition, and now waits for the entries.
            wait_for(lambda: end_connections(opened, "wait_event_type = 'Lock'"))
            answer = connected.getresponse()
            assert answer.status == 503
            assert "<html" in answer.read().decode()
    for _ in range(2):
        status, text = whole(server, "/en/organizations/")
        assert (status, "Choir" in text) == (200, True)
    # A connection that ends while nobody asks anything is noticed by nobody.
    with beside() as opened:
        assert end_connections(opened)
    assert whole(server, "/en/organizations/")[0] == 200


@on_postgresql
def test_import_whose_database_goes_away_says_so_and_leaves_nothing(client, editor):
    client.force_login(editor)
    file = bring(client, "organizations", rows_of(120))
    pid, text = connection.connection.info.backend_pid, b""
    with beside() as opened:
        for piece in client.post(f"{FILES}{file.pk}/import/").streaming_content:
            text += piece
            if b"<progress" in piece:
                opened.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert "The work was interrupted, and nothing was changed." in text.decode()
    connection.close()
    file.refresh_from_db()
    assert file.state == "checked"
    assert not Organization.objects.exists()
    assert press(client, file, "import")[1].state == "imported"


@on_postgresql
def test_file_whose_database_goes_away_never_looks_complete(server, talsi):
    Organization.objects.bulk_create(
        Organization(name_lv=f"Koris {n}", slug=f"koris-{n}", municipality=talsi, reach="local",
                     status="published")
        for n in range(500)
    )  # fmt: skip
    # Megabytes, so that the file waits for its reader; without what follows from a save.
    models.QuerySet(Organization).update(summary_lv="Dzied. " * 1500)
    with server("/en/organizations/export.csv") as connected:
        answer = connected.getresponse()
        assert answer.status == 200
        begun = answer.read(1000)
        with beside() as opened:
            assert end_connections(opened)
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
    came = begun + broken.value.partial
    assert came.startswith(b"\xef\xbb\xbfid,")
    assert came.endswith(b"\nERROR: this file is incomplete (csv).\n")
    status, text = whole(server, "/en/organizations/export.csv")
    assert (status, text.count("Koris ")) == (200, 500)


# Mail


@pytest.fixture(params=["silent", "absent", "rude", "refusing"])
def bad_mail(request, inbox, settings):
    """A mail server that says nothing, is not there, hangs up, or does not know the address."""
    settings.EMAIL_TIMEOUT = 0.3
    inbox.refused = {"ilze@example.org"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        match request.param:
            case "silent":
                settings.EMAIL_PORT = silent.getsockname()[1]
            case "absent":
                settings.EMAIL_PORT = 1
            case "rude":
                inbox.rude = True
        yield


def failed(caplog):
    return wait_for(lambda: "No mail could be sent" in caplog.text)


@pytest.mark.django_db
def test_suggestion_is_kept_whatever_the_mail_server_does(
    client, bad_mail, talsi, caplog, django_capture_on_commit_callbacks
):
    make_person("ilze", MUNICIPAL_EDITOR, [talsi], email="ilze@example.org")
    sent = {"kind": "wrong", "municipality": talsi.pk, "message": "Wrong"}
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/en/suggest/", sent, follow=True)
    assert page.redirect_chain == [("/en/suggest/thanks/", 302)]
    assert Suggestion.objects.get().message == "Wrong"
    failed(caplog)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/en/suggest/", "/admin/password/"])
def test_answer_waits_for_no_mail_server(
    client, inbox, settings, talsi, caplog, address, django_capture_on_commit_callbacks
):
    """Else it would take long; and how long would tell whether there is an account."""
    make_person("ilze", MUNICIPAL_EDITOR, [talsi], email="ilze@example.org")
    sent = {"kind": "wrong", "municipality": talsi.pk, "message": "Wrong"}
    settings.EMAIL_TIMEOUT = 1
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(address, sent | {"email": "ilze@example.org"})
        assert answer.status_code == 302
        assert "No mail could be sent" not in caplog.text
        failed(caplog)


def test_invitation_says_whatever_the_mail_server_does(client, bad_mail, talsi, caplog):
    client.force_login(make_person("portal_editor", PORTAL_EDITOR))
    values = {
        "email": "ilze@example.org", "first_name": "Ilze", "last_name": "Kalniņa",
        "language": "lv", "role": MUNICIPAL_EDITOR, "municipalities": [talsi.pk],
    }  # fmt: skip
    page = client.post("/admin/localympact/user/add/", values, follow=True)
    assert page.status_code == 200
    assert "No mail could be sent to ilze@example.org." in page.text
    assert User.objects.get(email="ilze@example.org").is_active
    failed(caplog)


@pytest.mark.django_db
def test_forgotten_password_says_the_same_whatever_the_mail_server_does(client, bad_mail, caplog):
    make_person("ilze", email="ilze@example.org")
    page = client.post("/admin/password/", {"email": "ilze@example.org"}, follow=True)
    assert page.redirect_chain == [("/admin/password/sent/", 302)]
    assert AccessEvent.objects.filter(event="reset-asked").count() == 1
    failed(caplog)

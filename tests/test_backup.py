"""The drill: fill, back up, destroy, restore, compare everything. On whatever engine the tests run.

The commands run as an operator runs them, on databases of their own: files on SQLite, and on
PostgreSQL databases that are made for a test and dropped after it.
"""

import fcntl
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from psycopg import sql

from tests.test_commands import manage

ON_POSTGRESQL = connection.vendor == "postgresql"

pytestmark = pytest.mark.skipif(
    ON_POSTGRESQL and not shutil.which("pg_dump"),
    reason="THE BACKUP DRILL DID NOT RUN: pg_dump is missing (package postgresql-client)",
)

FILL = """
import io
from django.core.files.base import ContentFile
from PIL import Image
from localympact.models import User
from organizations.models import Organization
for number, one in enumerate(Organization.objects.order_by("pk")[:3]):
    picture = io.BytesIO()
    Image.new("RGB", (40 + number, 30), (number, 90, 90)).save(picture, "PNG")
    one.logo.save("logo.png", ContentFile(picture.getvalue()))
User.objects.create_superuser("operator", password="a long password")
"""
LOSE = """
from organizations.models import Organization, Municipality
from localympact.models import User
User.objects.all().delete()
Organization.objects.filter(pk__lt=60).delete()
"""


class SqliteFile:
    """A database in a file."""

    def __init__(self, folder):
        self.path = folder / "db.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def create(self, like=None):
        if like:
            with closing(sqlite3.connect(like.path)) as one, closing(self.open()) as other:
                one.backup(other)

    def drop(self):
        for path in self.path.parent.glob("db.sqlite3*"):
            path.unlink()

    def open(self):
        return sqlite3.connect(self.path)

    def execute(self, statement):
        with closing(self.open()) as database:
            database.execute(statement)
            database.commit()

    def rows(self):
        """Give {table: its rows}."""
        with closing(self.open()) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                name: database.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
                for (name,) in names.fetchall()
            }


class PostgresqlDatabase:
    """A database of the cluster on which the tests run."""

    def __init__(self, folder):
        self.name = f"drill_{uuid4().hex[:12]}"
        given = connection.settings_dict
        self.server = {
            "host": given["HOST"] or None,
            "port": given["PORT"] or None,
            "user": given["USER"] or None,
            "password": given["PASSWORD"] or None,
        }
        who = quote(given["USER"])
        if given["PASSWORD"]:
            who += f":{quote(given['PASSWORD'], safe='')}"
        port = f":{given['PORT']}" if given["PORT"] else ""
        self.url = f"postgres://{who}@{quote(given['HOST'], safe='')}{port}/{self.name}"

    def on_server(self, statement, *names):
        with psycopg.connect(dbname="postgres", autocommit=True, **self.server) as server:
            server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def create(self, like=None):
        if like:
            self.on_server("CREATE DATABASE {} TEMPLATE {}", self.name, like.name)
        else:
            self.on_server("CREATE DATABASE {}", self.name)

    def drop(self):
        self.on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)

    def open(self):
        return psycopg.connect(dbname=self.name, **self.server)

    def execute(self, statement):
        with self.open() as database:
            database.execute(statement)

    def rows(self):
        """Give {table: its rows}, sorted: a table has no order."""
        with self.open() as database:
            names = database.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            rows = {}
            for (name,) in names:
                with database.cursor().copy(
                    sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
                ) as copy:
                    text = b"".join(copy).decode()
                rows[name] = sorted(line.split("\t") for line in text.splitlines())
            return rows


Database = PostgresqlDatabase if ON_POSTGRESQL else SqliteFile


class Portal:
    """A portal with a database, uploaded files and a folder for backups of its own."""

    def __init__(self, folder):
        self.database = Database(folder)
        self.media, self.snapshots = folder / "media", folder / "snapshots"
        self.backups = folder / "backups"

    @property
    def environment(self):
        return {
            "DATABASE_URL": self.database.url,
            "MEDIA_ROOT": str(self.media),
            "SNAPSHOTS_ROOT": str(self.snapshots),
        }

    def manage(self, *arguments, **environment):
        return manage(*map(str, arguments), **self.environment, **environment)

    def succeed(self, *arguments):
        answer = self.manage(*arguments)
        assert answer.returncode == 0, answer.stderr[-2000:]
        return answer.stdout

    def back_up(self, *options):
        self.succeed("backup", self.backups, *options)
        return self.files()[-1]

    def files(self):
        return sorted(self.backups.glob("*.tar"))

    def uploads(self):
        return {
            path.relative_to(root.parent): path.read_bytes()
            for root in (self.media, self.snapshots)
            for path in root.rglob("*")
            if path.is_file()
        }

    def state(self):
        """Give everything there is, but for what tells processes to count anew: (all, epochs)."""
        rows = self.database.rows()
        content = rows["localympact_content"]
        rows["localympact_content"] = [(row[0], row[2]) for row in content]
        return (rows, self.uploads()), {row[1] for row in content}

    def destroy(self):
        self.database.drop()
        self.database.create()
        shutil.rmtree(self.media)
        shutil.rmtree(self.snapshots)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A portal with the seed content, three logos and somebody's account; not to be changed."""
    portal = Portal(tmp_path_factory.mktemp("filled"))
    portal.database.create()
    try:
        portal.succeed("migrate", "--verbosity", "0")
        portal.succeed("load_seed")
        portal.succeed("shell", "--verbosity", "0", "--command", FILL)
        assert len(portal.uploads()) == 3
        # A snapshot, and one that is just being made.
        for folder in ("2026-01-01", ".2026-01-08"):
            (portal.snapshots / folder).mkdir(parents=True)
            (portal.snapshots / folder / "needs.csv").write_text("id\n")
        yield portal
    finally:
        portal.database.drop()


@pytest.fixture(scope="module")
def made(filled):
    """A backup of it; not to be changed."""
    return filled.back_up()


@pytest.fixture
def portal(filled, tmp_path):
    """A portal with all that, to be destroyed."""
    portal = Portal(tmp_path)
    portal.database.create(like=filled.database)
    shutil.copytree(filled.media, portal.media)
    shutil.copytree(filled.snapshots, portal.snapshots)
    yield portal
    portal.database.drop()


@pytest.fixture
def empty(tmp_path):
    portal = Portal(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    portal.database.create()
    yield portal
    portal.database.drop()


def test_what_was_destroyed_comes_back_row_by_row_and_byte_by_byte(portal):
    before, epochs = portal.state()
    rows, files = before
    assert len(rows["organizations_organization"]) > 10
    assert len(rows["localympact_document"]) > 100
    assert len(files) == 5
    unfinished = Path("snapshots/.2026-01-08/needs.csv")
    del files[unfinished]
    backup = portal.back_up()
    portal.destroy()
    portal.succeed("restore", backup)
    after, new_epochs = portal.state()
    assert set(after[0]) == set(rows)
    for table in rows:
        assert after[0][table] == rows[table], table
    assert after[1] == files
    # What running processes have counted is not taken for what is there now.
    assert not epochs & new_epochs
    # And nothing else is to do: tables as the code wants them, an index that finds.
    portal.succeed("migrate", "--check")
    found = portal.succeed(
        "shell",
        "--verbosity",
        "0",
        "--command",
        "from django.test import Client; "
        "address = '/lv/organizations/export.ndjson?q=biedrība'; "
        "print(len(list(Client().get(address, headers={'host': 'localhost'}))))",
    )
    assert int(found) > 0


def test_sequences_go_on_where_they_were(portal, made):
    portal.destroy()
    portal.succeed("restore", made)
    portal.succeed(
        "shell",
        "--verbosity",
        "0",
        "--command",
        "from localympact.models import User; User.objects.create_user('next')",
    )


def test_backup_says_what_it_holds(portal, made):
    with tarfile.open(made) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert manifest["rows"] == {table: len(rows) for table, rows in portal.database.rows().items()}
    assert len(manifest["parts"]) == 5
    assert manifest["missing"] == []
    assert {"python", "django", connection.vendor} == set(manifest["versions"])


def test_backup_is_for_its_owner_only(portal):
    assert portal.back_up().stat().st_mode & 0o777 == 0o600


def test_file_that_the_database_names_but_the_disk_lost_is_said(portal):
    lost = next(path for path in portal.media.rglob("*") if path.is_file())
    lost.unlink()
    answer = portal.manage("backup", portal.backups)
    assert answer.returncode == 0
    assert lost.name in answer.stderr


def test_database_with_content_is_kept_unless_it_is_to_be_replaced(portal, made):
    before, _epochs = portal.state()
    portal.succeed("shell", "--verbosity", "0", "--command", LOSE)
    portal.database.execute("CREATE TABLE of_a_later_release (id integer PRIMARY KEY)")
    damaged, _epochs = portal.state()
    assert damaged != before
    refused = portal.manage("restore", made)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert portal.state()[0] == damaged
    portal.succeed("restore", made, "--replace")
    assert portal.state()[0] == before
    # Twice does no harm.
    portal.succeed("restore", made, "--replace")
    assert portal.state()[0] == before


def test_database_that_was_only_migrated_counts_as_empty(portal, empty, made):
    empty.succeed("migrate", "--verbosity", "0")
    empty.succeed("restore", made)
    assert empty.state()[0][0] == portal.state()[0][0]


def cut_in_half(data):
    return data[: len(data) // 2]


def cut_before_the_sums(data):
    return data[: data.rindex(b"manifest.json")]


def change_in_the_database(data):
    place = 512 + 40_000
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def change_in_a_picture(data):
    place = data.index(b"\x89PNG") + 60
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def change_in_a_name(data):
    place = data.index(b"media/logos/") + 15
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def change_in_the_list(data):
    place = data.rindex(b'"organizations_organization": ') + 30
    return data[:place] + (b"9" if data[place : place + 1] != b"9" else b"8") + data[place + 1 :]


def without_a_picture(data):
    """Leave out a file that the list names; all others are whole."""
    less = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as one,
        tarfile.open(fileobj=less, mode="w") as other,
    ):
        lost = next(name for name in one.getnames() if name.startswith("media/"))
        for entry in one:
            if entry.name != lost:
                other.addfile(entry, one.extractfile(entry))
    return less.getvalue()


def something_else(data):
    return b"This is no backup.\n" * 1000


def nothing(data):
    return b""


@pytest.mark.parametrize(
    "damage",
    [
        cut_in_half,
        cut_before_the_sums,
        change_in_the_database,
        change_in_a_picture,
        change_in_a_name,
        change_in_the_list,
        without_a_picture,
        something_else,
        nothing,
    ],
)
def test_damaged_backup_is_refused_in_a_sentence_and_changes_nothing(
    portal, made, damage, tmp_path
):
    backup, whole = tmp_path / "backup.tar", made.read_bytes()
    backup.write_bytes(damage(whole))
    assert backup.read_bytes() != whole
    before = portal.state()
    answer = portal.manage("restore", backup, "--replace")
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr[-2000:]
    assert "backup" in answer.stderr
    assert portal.state() == before


def test_file_that_would_leave_its_folder_is_refused(portal, tmp_path, made):
    """Also where every sum is right."""
    forged = tmp_path / "forged.tar"
    with tarfile.open(made) as one, tarfile.open(forged, "w") as other:
        manifest = json.load(one.extractfile("manifest.json"))
        name = next(part for part in manifest["parts"] if part.startswith("media/"))
        manifest["parts"]["media/../../escaped"] = manifest["parts"].pop(name)
        text = json.dumps(manifest).encode()
        for entry in one:
            data = one.extractfile(entry).read()
            if entry.name == name:
                entry.name = "media/../../escaped"
            elif entry.name == "manifest.json":
                data = text
            elif entry.name == "manifest.sha256":
                data = sha256(text).hexdigest().encode()
            entry.size = len(data)
            other.addfile(entry, io.BytesIO(data))
    before = portal.state()
    answer = portal.manage("restore", forged, "--replace")
    assert answer.returncode == 1
    assert "impossible name" in answer.stderr
    assert portal.state() == before
    assert not list(tmp_path.parent.glob("**/escaped"))


def test_only_the_newest_are_kept(portal):
    portal.backups.mkdir()
    for year in (2021, 2022, 2023):
        (portal.backups / f"localympact-backup-{year}0101T000000Z.tar").touch()
    (portal.backups / "notes.txt").touch()
    newest = portal.back_up("--keep", "2")
    assert portal.files() == [portal.backups / "localympact-backup-20230101T000000Z.tar", newest]
    assert (portal.backups / "notes.txt").exists()


def test_backup_that_fails_deletes_none(portal):
    portal.backups.mkdir()
    old = portal.backups / "localympact-backup-20210101T000000Z.tar"
    old.touch()
    portal.database.drop()
    assert portal.manage("backup", portal.backups, "--keep", "1").returncode == 1
    assert portal.files() == [old]
    portal.database.create()


def test_second_backup_at_the_same_time_is_refused(portal):
    portal.backups.mkdir()
    handle = os.open(portal.backups, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        answer = portal.manage("backup", portal.backups)
    finally:
        os.close(handle)
    assert answer.returncode == 1
    assert "Another backup" in answer.stderr
    assert portal.files() == []


def test_backup_that_was_killed_leaves_no_half_file(portal):
    """Killed at the moment at which it has begun to write, and only then."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "backup", portal.backups],
        cwd=settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": "a key for this test", **portal.environment},
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if list(portal.backups.glob(".localympact-backup-*/*")):
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert portal.files() == []
    assert list(portal.backups.glob(".localympact-backup-*"))
    backup = portal.back_up()
    assert list(portal.backups.iterdir()) == [backup]


def test_backup_while_others_write_is_of_one_moment(portal):
    """The numbers in its list are those of its rows, although rows come all the time."""
    if ON_POSTGRESQL:
        column = "(SELECT coalesce(max(id), 0) + 1 FROM localympact_edition)"
        insert = f"INSERT INTO localympact_edition (id, moment) VALUES ({column}, now())"  # noqa: S608
    else:
        insert = "INSERT INTO localympact_edition (moment) VALUES ('2026-01-01')"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "backup", portal.backups],
        cwd=settings.BASE_DIR,
        env={**os.environ, "SECRET_KEY": "a key for this test", **portal.environment},
        stdout=subprocess.DEVNULL,
    )
    before = len(portal.database.rows()["localympact_edition"])
    while process.poll() is None:
        portal.database.execute(insert)
    assert process.returncode == 0
    after = len(portal.database.rows()["localympact_edition"])
    assert after > before
    [backup] = portal.files()
    # A restore compares the numbers itself.
    portal.succeed("restore", backup, "--replace")
    restored = len(portal.database.rows()["localympact_edition"])
    assert before <= restored <= after


@pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL's programs")
def test_missing_pg_dump_is_said(portal, tmp_path):
    answer = portal.manage("backup", portal.backups, PATH=str(tmp_path))
    assert answer.returncode == 1
    assert "pg_dump was not found" in answer.stderr


@pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL's programs")
def test_password_stands_on_no_command_line(portal, tmp_path):
    programs, told = tmp_path / "programs", tmp_path / "told"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        script = programs / name
        script.write_text(
            f'#!/bin/sh\necho "{name} $@" >> {told}\n'
            f'echo "${{PGPASSWORD:+given}}" >> {told}\nexec {shutil.which(name)} "$@"\n'
        )
        script.chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    assert portal.manage("backup", portal.backups, PATH=path).returncode == 0
    answer = portal.manage("restore", portal.files()[0], "--replace", PATH=path)
    assert answer.returncode == 0, answer.stderr[-1000:]
    lines = told.read_text()
    for name in ("pg_dump", "pg_restore", "psql"):
        assert f"{name} " in lines
    if password := connection.settings_dict["PASSWORD"]:
        assert password not in lines
        assert "given" in lines


@pytest.mark.skipif(ON_POSTGRESQL, reason="a backup of the other engine is made on SQLite")
def test_backup_of_another_engine_is_refused(portal, tmp_path, made):
    forged = tmp_path / "forged.tar"
    with tarfile.open(made) as one:
        manifest = json.load(one.extractfile("manifest.json"))
    manifest["engine"] = "postgresql"
    text = json.dumps(manifest).encode()
    with tarfile.open(forged, "w") as other:
        for name, data in {
            "manifest.json": text,
            "manifest.sha256": sha256(text).hexdigest().encode(),
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            other.addfile(entry, io.BytesIO(data))
    answer = portal.manage("restore", forged)
    assert answer.returncode == 1
    assert "The backup is of postgresql" in answer.stderr


def test_folder_that_cannot_be_written_is_said_in_a_sentence(portal):
    Path(portal.backups).touch()
    answer = portal.manage("backup", portal.backups)
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1


class InBucket(Portal):
    """A portal that has its uploads in a bucket from now on."""

    def __init__(self, portal, endpoint):
        vars(self).update(vars(portal))
        self.endpoint = endpoint

    @property
    def environment(self):
        return super().environment | {
            "MEDIA_S3_BUCKET": default_storage.bucket.name,
            "MEDIA_S3_ENDPOINT": self.endpoint,
            "MEDIA_S3_KEY": "key",
            "MEDIA_S3_SECRET": "secret",
        }

    def uploads(self):
        bucket = default_storage.bucket
        found = {Path("media", one.key): one.get()["Body"].read() for one in bucket.objects.all()}
        return super().uploads() | found


def test_what_was_destroyed_comes_back_into_a_bucket(portal, s3, bucket):
    """And without its server there is no backup, and a restore changes nothing."""
    before, _epochs = portal.state()
    names = [f"logos/{path.name}" for path in (portal.media / "logos").iterdir()]
    for name in names:
        with (portal.media / name).open("rb") as file:
            default_storage.save(name, file)
    shutil.rmtree(portal.media)
    portal, away = InBucket(portal, s3), InBucket(portal, "http://127.0.0.1:1")
    assert portal.state()[0] == before
    backup = portal.back_up()
    with tarfile.open(backup) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    # As it would be from a disk: it is also the way from one to the other.
    assert {f"media/{name}" for name in names} < set(manifest["parts"])
    assert manifest["missing"] == []
    bucket.objects.all().delete()
    left = portal.state()
    for command in (("backup", portal.backups), ("restore", backup, "--replace")):
        answer = away.manage(*command)
        assert answer.returncode == 1
        assert "does not answer" in answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1
    assert portal.files() == [backup]
    assert portal.state() == left
    portal.succeed("restore", backup, "--replace")
    assert portal.state()[0] == before

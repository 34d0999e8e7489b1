"""Backups: one file with the database and what was uploaded, and the way back.

The database is copied first, the files after it. A file is written before the row that names it is
committed, gets a new name each time (pictures.py) and is never changed or deleted: whatever the
copy of the database names is on the disk when the files are copied. Files that came meanwhile are
named by nothing, and do no harm. Whether they are on the disk or in a bucket, a backup is the same.

The file gets its name when everything in it was read again and found whole. Settings are not in it.
"""

import hashlib
import io
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import uuid4

import django
from django.apps import apps
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import FileField

from localympact.locks import Taken, held
from localympact.models import Content
from localympact.release import release

FORMAT = 1
NAME = "localympact-backup-"
MANIFEST, SUM = "manifest.json", "manifest.sha256"
BLOCK = 1024 * 1024
# So long a restore waits for somebody who is just writing.
PATIENCE = 30

# What `migrate` itself writes into empty tables.
FILLED_BY_MIGRATE = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
}


class BackupError(Exception):
    """Why there is no backup, or nothing was restored: one sentence."""


# Making


def back_up(folder, keep=None):
    """Make a backup in a folder, prune all but the newest `keep`; give (its path, its manifest)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder), workplace(folder) as aside:
        made = datetime.now(UTC)
        path = folder / f"{NAME}{made:%Y%m%dT%H%M%SZ}.tar"
        if path.exists():
            raise BackupError(f"{path} was made in this very second.")
        unfinished = aside / path.name
        manifest = write(unfinished, aside, made)
        with opened(unfinished) as (archive, read):
            if read != manifest:
                raise BackupError("The backup is not what was written: is the disk at fault?")
            verify(archive, read)
        os.rename(unfinished, path)
        persist(folder)
        if keep:
            prune(folder, keep)
    return path, manifest


@contextmanager
def locked(folder):
    """Keep a second backup out of a folder while one is made."""
    try:
        with held(folder):
            yield
    except Taken as error:
        raise BackupError(f"Another backup is being made in {folder}.") from error


@contextmanager
def workplace(folder):
    """Give a folder for what is not finished, beside the backups and for nobody else to read.

    What one that was killed left behind goes away first.
    """
    for left in folder.glob(f".{NAME}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=f".{NAME}", dir=folder) as aside:
        yield Path(aside)


def write(path, aside, made):
    """Write a backup to a path; give its manifest."""
    engine = engine_of_database()
    dump = aside / engine.dump_name
    # For nobody else to read, as it holds the names and addresses of people.
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        rows, named = engine.dump(dump)
        engine.check(dump)
        parts = {engine.dump_name: add(archive, engine.dump_name, Folder(aside), engine.dump_name)}
        dump.unlink()
        for kind, holder in holders().items():
            for name in sorted(holder.names()):
                parts[f"{kind}/{name}"] = add(archive, f"{kind}/{name}", holder, name)
        manifest = {
            "format": FORMAT,
            "made": made.isoformat(timespec="seconds"),
            "release": release(),
            "versions": {
                "python": platform.python_version(),
                "django": django.get_version(),
                engine.name: engine.version(),
            },
            "engine": engine.name,
            "rows": rows,
            "parts": parts,
            "missing": sorted({f"media/{name}" for name in named} - set(parts)),
        }
        text = json.dumps(manifest, indent=1).encode()
        add_text(archive, MANIFEST, text)
        add_text(archive, SUM, hashlib.sha256(text).hexdigest().encode())
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return manifest


class Folder:
    """A folder of files, which are listed, read and written as those of a bucket are."""

    def __init__(self, root):
        self.root = Path(root)

    def names(self):
        """Yield the names of all files."""
        for folder, folders, files in os.walk(self.root):
            # Hidden is what is not finished, and locks.
            folders[:] = [one for one in folders if not one.startswith(".")]
            for file in files:
                path = Path(folder) / file
                if path.is_file() and not path.is_symlink() and not file.startswith("."):
                    yield path.relative_to(self.root).as_posix()

    def open(self, name):
        return File((self.root / name).open("rb"))

    def save(self, name, content):
        """Write a file, which holds the whole of what it is to hold or is not changed."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            with unfinished.open("wb") as file:
                shutil.copyfileobj(content, file, BLOCK)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def holders():
    """Give what holds the files that belong to the content, by their names in a backup."""
    media = default_storage if settings.MEDIA_S3_BUCKET else Folder(settings.MEDIA_ROOT)
    return {"media": media, "snapshots": Folder(settings.SNAPSHOTS_ROOT)}


class Summed:
    """A file that sums what is read from it."""

    def __init__(self, file):
        self.file, self.sum = file, hashlib.sha256()

    def read(self, size=-1):
        data = self.file.read(size)
        self.sum.update(data)
        return data


def add(archive, name, holder, inner):
    """Add a file to a backup under a name; give its size and sum."""
    with holder.open(inner) as file:
        summed = Summed(file)
        archive.addfile(entry_of(name, file.size), summed)
        return {"size": file.size, "sha256": summed.sum.hexdigest()}


def add_text(archive, name, text):
    archive.addfile(entry_of(name, len(text)), io.BytesIO(text))


def entry_of(name, size):
    """Give what the backup says of a part; users of this machine mean nothing on another."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(time.time()), 0o600
    return entry


def persist(folder):
    """Let the name of a new file outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(folder, keep):
    """Delete all backups but the newest; their names sort by time."""
    for old in sorted(folder.glob(f"{NAME}*.tar"))[:-keep]:
        old.unlink()


# Reading


@contextmanager
def opened(path):
    """Open a backup; give (archive, manifest). Raise BackupError for any other file."""
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive, read_manifest(archive)
    except (tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no complete backup of the portal.") from error


def read_manifest(archive):
    """Give the manifest of a backup, if it is what was written."""
    text = archive.extractfile(MANIFEST).read()
    if archive.extractfile(SUM).read().decode() != hashlib.sha256(text).hexdigest():
        raise BackupError("The backup is damaged: its list of contents was changed.")
    manifest = json.loads(text)
    if manifest["format"] != FORMAT:
        raise BackupError("The backup was made by another release, in a format unknown here.")
    return manifest


def verify(archive, manifest):
    """Read every part of a backup and compare it with its sum; a missing one is a KeyError."""
    for name, part in manifest["parts"].items():
        found = hashlib.sha256()
        for block in blocks(archive, name):
            found.update(block)
        if found.hexdigest() != part["sha256"]:
            raise BackupError(f"The backup is damaged: {name} is not what was written.")


def blocks(archive, name):
    """Yield the content of a part."""
    with archive.extractfile(name) as part:
        while block := part.read(BLOCK):
            yield block


def extract(archive, name, holder, inner):
    """Give a part to what is to hold it under a name of its own."""
    with archive.extractfile(name) as part:
        holder.save(inner, part)


def restore(path, replace=False):
    """Bring back what a backup holds; give its manifest.

    Until everything was checked nothing is changed. Files come before the database that names them,
    and the database changes in one transaction: it is the old one or the new one.
    """
    engine = engine_of_database()
    with opened(path) as (archive, manifest):
        if manifest["engine"] != engine.name:
            raise BackupError(
                f"The backup is of {manifest['engine']}, but DATABASE_URL names {engine.name}."
            )
        verify(archive, manifest)
        if not replace and engine.has_content():
            raise BackupError(
                "The database has content; nothing was changed. With --replace the backup takes "
                "its place."
            )
        destinations = {name: destination_of(name) for name in manifest["parts"] if "/" in name}
        with tempfile.TemporaryDirectory(prefix=NAME) as aside:
            dump = Path(aside) / engine.dump_name
            extract(archive, engine.dump_name, Folder(aside), engine.dump_name)
            engine.check(dump)
            for name, destination in destinations.items():
                extract(archive, name, *destination)
            engine.load(dump, manifest)
    found = engine.rows()
    if found != manifest["rows"]:
        differing = sorted(
            name
            for name in found.keys() | manifest["rows"].keys()
            if found.get(name) != manifest["rows"].get(name)
        )
        raise BackupError(
            f"After the restore other numbers of rows are in: {', '.join(differing)}."
        )
    return manifest


def destination_of(name):
    """Give what a file of a backup belongs to, and its name there; never outside of it."""
    kind, *inner = PurePosixPath(name).parts
    holder = holders().get(kind)
    if holder is None:
        raise BackupError(f"The backup holds {name}, for which no setting names a folder.")
    if not inner or ".." in inner:
        raise BackupError(f"The backup holds a file with an impossible name: {name}.")
    return holder, "/".join(inner)


# Engines


def engine_of_database():
    return {"sqlite": Sqlite, "postgresql": Postgresql}[connection.vendor]()


def named_files():
    """Yield (table, column) of everything that names an uploaded file."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, FileField):
                yield model._meta.db_table, field.column


def count(cursor, tables):
    """Give {table: number of its rows}."""
    rows = {}
    for table in sorted(tables):
        cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names of our own tables
        rows[table] = cursor.fetchone()[0]
    return rows


def names_in(cursor, tables):
    """Give the names of all files that a database names."""
    names = set()
    for table, column in named_files():
        if table in tables:
            cursor.execute(f'SELECT "{column}" FROM "{table}"')  # noqa: S608 - names of our own
            names.update(name for (name,) in cursor.fetchall() if name)
    return names


class Sqlite:
    """A file, copied by SQLite itself while others go on writing."""

    name, dump_name = "sqlite", "database.sqlite3"

    @property
    def path(self):
        return Path(connection.settings_dict["NAME"]).absolute()

    @contextmanager
    def open(self, path):
        """Open a file with the functions of Django, which rules of our tables use."""
        opened = connection.copy()
        opened.settings_dict |= {"NAME": str(path), "OPTIONS": {"timeout": PATIENCE}}
        try:
            opened.connect()
            yield opened.connection
        finally:
            opened.close()

    def version(self):
        return sqlite3.sqlite_version

    def tables(self, cursor):
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in cursor.fetchall()}

    def dump(self, path):
        """Copy the database to a path; give the numbers of its rows and the files it names."""
        if not self.path.is_file():
            raise BackupError(f"There is no database at {self.path}.")
        with self.open(self.path) as database, self.open(path) as copy:
            copy_all(database, copy)
            # One file, without a journal beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            cursor = copy.cursor()
            tables = self.tables(cursor)
            return count(cursor, tables), names_in(cursor, tables)

    def check(self, path):
        """Let SQLite read the whole copy."""
        try:
            with self.open(path) as copy:
                answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            answer = str(error)
        if answer != "ok":
            raise BackupError(f"The copy of the database is damaged: {answer}")

    def has_content(self):
        if not self.path.is_file():
            return False
        return any(rows for table, rows in self.rows().items() if self.counts(table))

    def counts(self, table):
        """Say whether rows of a table are content: not what an index or SQLite keeps for itself."""
        return table in connection.introspection.django_table_names() and (
            table not in FILLED_BY_MIGRATE
        )

    def rows(self):
        with self.open(self.path) as database:
            cursor = database.cursor()
            return count(cursor, self.tables(cursor))

    def load(self, path, manifest):
        """Put a copy in the place of the database, in one transaction."""
        with self.open(path) as copy:
            if Content._meta.db_table in manifest["rows"]:
                # What a running process has counted is of another time.
                for (key,) in copy.execute("SELECT database FROM localympact_content").fetchall():
                    copy.execute(
                        "UPDATE localympact_content SET epoch = ? WHERE database = ?",
                        [uuid4().hex, key],
                    )
            connection.close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.open(self.path) as database:
                try:
                    database.execute("PRAGMA journal_mode = WAL")
                    copy_all(copy, database)
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                except sqlite3.Error as error:
                    raise BackupError(f"The database could not be written: {error}.") from error


def copy_all(source, target):
    """Copy one SQLite database over another; give up when somebody writes for too long."""
    end = time.monotonic() + PATIENCE

    def wait(status, remaining, total):
        if time.monotonic() > end and status not in (sqlite3.SQLITE_OK, sqlite3.SQLITE_DONE):
            raise BackupError("The database is being written all the time: stop the portal first.")

    source.backup(target, progress=wait)


class Postgresql:
    """A database of a server, copied by the server's own programs."""

    name, dump_name = "postgresql", "database.dump"

    # Never on a command line, where every user of the machine reads it.
    VARIABLES = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
        "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY",
        "connect_timeout": "PGCONNECT_TIMEOUT",
    }

    def run(self, program, *arguments):
        """Run one of PostgreSQL's programs on this database."""
        if not shutil.which(program):
            raise BackupError(
                f"{program} was not found: install the package postgresql-client, of the "
                "server's version or a later one."
            )
        connection.ensure_connection()
        info = connection.connection.info
        given = {**info.get_parameters(), "host": info.host, "port": str(info.port)}
        environment = {
            **os.environ,
            **{name: given[key] for key, name in self.VARIABLES.items() if given.get(key)},
        }
        if info.password:
            environment["PGPASSWORD"] = info.password
        answer = subprocess.run(  # noqa: S603 - our own arguments
            [program, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            said = " ".join(answer.stderr.split()) or "no reason given"
            raise BackupError(f"{program} failed: {said}")

    def version(self):
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return cursor.fetchone()[0]

    def tables(self, cursor):
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {name for (name,) in cursor.fetchall()}

    def dump(self, path):
        """Dump the database as it is at one moment; give the numbers of its rows and the files."""
        reader = connection.copy()
        reader.connect()
        try:
            reader.set_autocommit(False)
            with reader.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SELECT pg_export_snapshot()")
                [snapshot] = cursor.fetchone()
                # As long as this transaction lasts, pg_dump sees what it sees.
                self.run(
                    "pg_dump",
                    "--format=custom",
                    "--no-owner",
                    "--no-privileges",
                    "--lock-wait-timeout=60s",
                    f"--snapshot={snapshot}",
                    f"--file={path}",
                )
                tables = self.tables(cursor)
                return count(cursor, tables), names_in(cursor, tables)
        finally:
            reader.close()

    def check(self, path):
        """Let PostgreSQL read the list of what is in the dump."""
        self.run("pg_restore", "--list", "--file=/dev/null", path)

    def has_content(self):
        return any(rows for name, rows in self.rows().items() if name not in FILLED_BY_MIGRATE)

    def rows(self):
        with connection.cursor() as cursor:
            return count(cursor, self.tables(cursor))

    def load(self, path, manifest):
        """Put a dump in the place of all tables, in one transaction."""
        with connection.cursor() as cursor:
            tables = sorted(self.tables(cursor))
            cursor.execute("SELECT current_schema()")
            [schema] = cursor.fetchone()
        before, script, after = (
            path.with_name(name) for name in ("before.sql", "dump.sql", "after.sql")
        )
        # Also what the dump does not know: tables of a later release.
        drop = "".join(f'DROP TABLE IF EXISTS "{schema}"."{table}" CASCADE;\n' for table in tables)
        before.write_text(f"SET lock_timeout = '{PATIENCE}s';\n{drop}")
        # A script and not a pipe: half of one would be committed.
        self.run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", path)
        # What a running process has counted is of another time.
        new = f'UPDATE "{schema}"."{Content._meta.db_table}" SET epoch = gen_random_uuid();\n'  # noqa: S608
        after.write_text(new if Content._meta.db_table in manifest["rows"] else "")
        self.run(
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            *(f"--file={file}" for file in (before, script, after)),
        )

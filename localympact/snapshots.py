"""Dated snapshots: everything as it was at one moment, in files that never change.

`SNAPSHOTS_ROOT/<day>/` holds the ZIP, its sums, what changed since the snapshot before, and
`snapshot.json`, which says all this in numbers. A snapshot is written beside and renamed when it is
whole. Where somebody asked for one to be taken away, its folder holds only `withdrawn.json`.
"""

import datetime
import hashlib
import json
import os
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from localympact import editions
from localympact.archive import Archive, Sum, summed
from localympact.differences import Changes, compare
from localympact.locks import Taken, held
from localympact.release import release
from localympact.writers import moment

ABOUT, SUMS, CHANGES, WITHDRAWN = "snapshot.json", "SHA256SUMS", "changes.csv", "withdrawn.json"
MAKING, LOCK = ".making-", ".lock"
PIECE = 1024 * 1024


# What there is


@dataclass(frozen=True)
class Snapshot:
    """The snapshot of a day."""

    day: datetime.date
    folder: Path

    @property
    def zip(self):
        """The file that holds everything."""
        return self.folder / f"localympact-{self.day}.zip"

    @cached_property
    def about(self):
        """What `snapshot.json` says."""
        return json.loads((self.folder / ABOUT).read_text())

    @cached_property
    def withdrawn(self):
        """What `withdrawn.json` says, {"day": …, "why": …}, or None. People write it by hand."""
        try:
            told = json.loads((self.folder / WITHDRAWN).read_text())
        except FileNotFoundError:
            return None
        except ValueError:
            told = None
        return {"day": "", "why": ""} | (told if isinstance(told, dict) else {})

    @property
    def is_there(self):
        """Whether its folder says what it is."""
        return (self.folder / ABOUT).is_file() or (self.folder / WITHDRAWN).is_file()

    @property
    def counted(self):
        """How many rows were added, removed and changed, of all tables together."""
        counts = Counter()
        for table in self.about["tables"].values():
            counts.update(table["changes"])
        return counts

    @property
    def changes(self):
        """The rows of `changes.csv`, as a sequence of which only what is asked for is read."""
        return Changes(self.folder / CHANGES, self.about["changes"])


def snapshots():
    """Give all snapshots, the newest first."""
    found = []
    if settings.SNAPSHOTS_ROOT.is_dir():
        for folder in settings.SNAPSHOTS_ROOT.iterdir():
            try:
                day = datetime.date.fromisoformat(folder.name)
            except ValueError:
                continue
            one = Snapshot(day, folder)
            if folder.name == str(day) and one.is_there:
                found.append(one)
    return sorted(found, key=lambda one: one.day, reverse=True)


def snapshot_of(day):
    """Give the snapshot of a day, or None."""
    found = Snapshot(day, settings.SNAPSHOTS_ROOT / str(day))
    return found if found.is_there else None


def newest(before=None):
    """Give the newest snapshot that was not withdrawn, before a day if that is given, or None."""
    return next(
        (one for one in snapshots() if not one.withdrawn and (before is None or one.day < before)),
        None,
    )


# Making one


def site_address():
    """Give the address of the portal, with a / at its end, where no request tells it."""
    if settings.SITE_ADDRESS:
        return f"{settings.SITE_ADDRESS}/"
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") if settings.ALLOWED_HOSTS else ""
    return f"{'https' if settings.HTTPS else 'http'}://{host or 'localhost'}/"


def make(day):
    """Make the snapshot of a day and give it; None if it is there, or being made by another."""
    root = settings.SNAPSHOTS_ROOT
    root.mkdir(parents=True, exist_ok=True)
    try:
        with held(root / LOCK):
            return None if (root / str(day)).exists() else make_alone(root, day)
    except Taken:
        return None


def make_alone(root, day):
    """Make the snapshot of a day while nobody else makes one, and give it."""
    # Whoever left them was killed.
    for leftover in root.glob(f"{MAKING}*"):
        shutil.rmtree(leftover)
    making = root / f"{MAKING}{day}"
    making.mkdir()
    try:
        write(Snapshot(day, making))
        for file in making.iterdir():
            sync(file)
        sync(making)
        making.rename(root / str(day))
    finally:
        shutil.rmtree(making, ignore_errors=True)
    sync(root)
    return snapshot_of(day)


def sync(path):
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def one_moment():
    """Read the database as it is at one moment, and keep nobody from writing meanwhile."""
    if connection.in_atomic_block:
        # Whoever began that transaction has said what it sees.
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # IMMEDIATE (settings.py) is for who writes. A deferred one in WAL mode only reads.
        connection.ensure_connection()
        usual, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
        try:
            with transaction.atomic():
                yield
        finally:
            connection.transaction_mode = usual


def write(made):
    """Write the files of a snapshot into its folder."""
    made_at, previous = timezone.now(), newest(before=made.day)
    with one_moment():
        edition = editions.now()
        archive = Archive(base=site_address(), moment=made_at, edition=edition, day=made.day)
        zip_sum = written(made.zip, archive)
    tables = compared(made, previous)
    sums = {made.zip.name: zip_sum, CHANGES: sum_of(made.folder / CHANGES)} | archive.sums
    (made.folder / SUMS).write_text(
        "".join(f"{one.sha256}  {name}\n" for name, one in sums.items())
    )
    about = {
        "day": str(made.day),
        "previous": str(previous.day) if previous else None,
        "made": moment(made_at.replace(microsecond=0)),
        "edition": edition.name,
        "release": release(),
        "address": site_address(),
        "tables": tables,
        "changes": sum(table.pop("lines") for table in tables.values()),
        "files": {name: one._asdict() for name, one in sums.items()},
    }
    (made.folder / ABOUT).write_text(json.dumps(about, indent=2) + "\n")


def written(path, pieces):
    """Write pieces into a file and give its Sum."""
    sums = []
    with path.open("wb") as file:
        file.writelines(summed(pieces, sums.append))
    return sums[0]


def sum_of(path):
    """Give the Sum of a file."""
    with path.open("rb") as file:
        return Sum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def compared(made, previous):
    """Write what changed since the previous snapshot; give what is to be said of each table."""
    with (
        (made.folder / CHANGES).open("w", newline="", encoding="utf-8-sig") as file,
        ZipFile(made.zip) as after,
        opened(previous) as before,
    ):
        return compare(file, before, after)


@contextmanager
def opened(snapshot):
    """Open the ZIP of a snapshot; None if there is no snapshot."""
    if snapshot is None:
        yield None
    else:
        with ZipFile(snapshot.zip) as archive:
            yield archive

"""Locks between processes: on whatever the database is, or on a folder."""

import fcntl
import os
import zlib
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


class Taken(Exception):
    """Another process has the lock."""


@contextmanager
def alone(name):
    """Keep every other process from doing the same meanwhile; raise Taken if one does already.

    The lock goes with the process, however it ends.
    """
    held = {"sqlite": by_file, "postgresql": by_server}[connection.vendor]
    with held(f"localympact {name}"):
        yield


@contextmanager
def by_file(name):
    """Lock a file beside the database, so that two databases have two locks."""
    database = Path(connection.settings_dict["NAME"])
    with held(database.with_name(f"{database.name}.{name.replace(' ', '-')}.lock")):
        yield


@contextmanager
def held(path):
    """Hold a folder, or a file that is made for it; raise Taken if another process has it."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Taken from error
    else:
        yield
    finally:
        os.close(handle)


@contextmanager
def by_server(name):
    """Take a lock of the server, on a connection of its own: steps may lose theirs."""
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [zlib.crc32(name.encode())])
            if not cursor.fetchone()[0]:
                raise Taken
            yield
    finally:
        holder.close()

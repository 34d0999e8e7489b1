"""Locks between processes, on whatever the database is."""

import fcntl
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
    with database.with_name(f"{database.name}.{name.replace(' ', '-')}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Taken from error
        yield


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

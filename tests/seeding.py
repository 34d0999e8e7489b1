"""The seed content for tests: loaded once a process, and then copied table by table.

To load it takes seconds, because everything is indexed; many tests want it.
"""

import uuid

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction

from localympact.index import TABLE
from localympact.models import Content
from organizations.models import Municipality

# What was in the tables after the first time: {table: rows}.
loaded = {}


def load():
    """Load the seed content into a database that has none."""
    if Municipality.objects.exists():
        return
    with transaction.atomic():
        # Not all that a test commits is taken away with the tables of the models.
        for table in {TABLE, *loaded}:
            with connection.cursor() as cursor:
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of our own tables
        if loaded:
            for table, rows in loaded.items():
                write(table, rows)
            for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
            # What this process counted in another test is not counted again.
            Content.objects.update(epoch=uuid.uuid4())
            return
        before = {table: read(table) for table in tables()}
        call_command("load_seed", verbosity=0)
        loaded.update({table: rows for table in tables() if (rows := read(table)) != before[table]})


def tables():
    """Give the names of the tables; what an index keeps for itself is no table."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return [name for name in names if not name.startswith(f"{TABLE}_")]


def read(table):
    """Give the rows of a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                return [bytes(line) for line in copy]
        key = "rowid, " if table == TABLE else ""
        cursor.execute(f'SELECT {key}* FROM "{table}"')  # noqa: S608 - names of our own tables
        return cursor.fetchall()


def write(table, rows):
    """Write rows that were read from a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                for line in rows:
                    copy.write(line)
            return
        columns = "(rowid, name, body, accented)" if table == TABLE else ""
        places = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f'INSERT INTO "{table}" {columns} VALUES ({places})', rows)  # noqa: S608
